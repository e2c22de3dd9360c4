//! Which value of a label each node has: nodes of one value are one place.

use super::NodeId;
use crate::objects::node::Node;
use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

/// A place's number among those of its label.
pub(super) type Place = usize;

/// The label that says that every node is a place of its own.
pub(crate) const ITSELF: &str = "";

/// A label's values, and which node has which.
#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    key: Arc<str>,
    values: BTreeMap<String, Place>,
    places: Vec<Option<Place>>,
}

impl Column {
    fn make(key: &Arc<str>, nodes: &[Option<Arc<Node>>]) -> Self {
        let mut column = Self { key: key.clone(), ..Self::default() };
        for (id, node) in nodes.iter().enumerate() {
            column.node_changed(id, node.as_deref());
        }
        column
    }

    fn node_changed(&mut self, id: NodeId, node: Option<&Node>) {
        if self.places.len() <= id {
            self.places.resize(id + 1, None);
        }
        self.places[id] = match (&*self.key, node) {
            (_, None) => None,
            (ITSELF, Some(_)) => Some(id),
            (key, Some(node)) => node.labels.get(key).map(|value| self.number(value)),
        };
    }

    fn number(&mut self, value: &str) -> Place {
        if let Some(place) = self.values.get(value) {
            return *place;
        }
        let place = self.values.len();
        self.values.insert(value.to_owned(), place);
        place
    }

    /// Where a node is; none: it has no such label.
    pub(super) fn place(&self, id: NodeId) -> Option<Place> {
        self.places.get(id).copied().flatten()
    }
}

/// The labels that were asked for.
#[derive(Debug, Default)]
pub(super) struct Columns(BTreeMap<Arc<str>, Column>);

impl Columns {
    pub(super) fn node_changed(&mut self, id: NodeId, node: Option<&Node>) {
        for column in self.0.values_mut() {
            column.node_changed(id, node);
        }
    }

    pub(super) fn prepare(&mut self, key: &Arc<str>, nodes: &[Option<Arc<Node>>]) {
        if !self.0.contains_key(key) {
            self.0.insert(key.clone(), Column::make(key, nodes));
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Column> {
        self.0.get(key)
    }

    pub(super) fn get_or_make(
        &self,
        key: &Arc<str>,
        nodes: &[Option<Arc<Node>>],
    ) -> Cow<'_, Column> {
        let found = self.0.get(key).map(Cow::Borrowed);
        found.unwrap_or_else(|| Cow::Owned(Column::make(key, nodes)))
    }

    pub(super) fn place(&self, key: &str, id: NodeId) -> Option<Place> {
        self.0.get(key)?.place(id)
    }
}
