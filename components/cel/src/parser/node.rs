//! Makes nodes, and keeps the tree from growing too deep or too large.

use super::{DEPTH_MAX, NODES_MAX};
use crate::ast::{Expr, Id, Kind};

/// Which limit was met.
pub(super) enum TooLarge {
    Deep,
    Wide,
}

/// What is known of nodes, by their id.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    offsets: Vec<usize>,
    heights: Vec<u32>,
    /// Nodes below and including it; what a macro copied counts each time.
    sizes: Vec<u32>,
}

impl Nodes {
    pub(super) fn into_offsets(self) -> Vec<usize> {
        self.offsets
    }

    pub(super) fn offset(&self, id: Id) -> usize {
        self.offsets.get(id as usize).copied().unwrap_or_default()
    }

    /// An id for something with a place that is no node itself.
    pub(super) fn place(&mut self, at: usize) -> Id {
        self.push(at, 1, 1)
    }

    pub(super) fn node(&mut self, at: usize, kind: Kind) -> Result<Expr, TooLarge> {
        let (mut height, mut size) = (0_u32, 1_u32);
        each_child(&kind, &mut |child| {
            let known = |of: &[u32]| of.get(child.id as usize).copied().unwrap_or_default();
            height = height.max(known(&self.heights));
            size = size.saturating_add(known(&self.sizes));
        });
        if height >= DEPTH_MAX {
            return Err(TooLarge::Deep);
        }
        if size > NODES_MAX {
            return Err(TooLarge::Wide);
        }
        Ok(Expr { id: self.push(at, height + 1, size), kind })
    }

    pub(super) fn copy_height(&mut self, from: Id, to: Id) {
        let height = self.heights.get(from as usize).copied().unwrap_or_default();
        if let Some(target) = self.heights.get_mut(to as usize) {
            *target = height;
        }
    }

    fn push(&mut self, at: usize, height: u32, size: u32) -> Id {
        let id = Id::try_from(self.offsets.len()).unwrap_or(Id::MAX);
        self.offsets.push(at);
        self.heights.push(height);
        self.sizes.push(size);
        id
    }
}

/// Calls with every child of a node.
pub(crate) fn each_child(kind: &Kind, each: &mut dyn FnMut(&Expr)) {
    match kind {
        Kind::Literal(_) | Kind::Ident(_) => {}
        Kind::Select { operand, .. } => each(operand),
        Kind::Call { target, args, .. } => target.as_deref().into_iter().chain(args).for_each(each),
        Kind::List { elements } => elements.iter().for_each(|it| each(&it.value)),
        Kind::Map { entries } => entries.iter().for_each(|it| {
            each(&it.key);
            each(&it.value);
        }),
        Kind::Struct { fields, .. } => fields.iter().for_each(|it| each(&it.value)),
        Kind::Comprehension(it) => {
            [&it.range, &it.init, &it.condition, &it.step, &it.result].into_iter().for_each(each);
        }
    }
}
