//! What oracles are shown: facts that components state, what happened to the world, the history.
//!
//! The names and fields of facts are listed in this crate's README.md.

use std::cell::OnceCell;

use crate::{
    Broken,
    history::{History, Time},
    kv::{self, Resolved},
};

/// One thing shown to every oracle, in the order of true time.
#[derive(Clone, Copy, Debug)]
pub enum Observation<'a> {
    /// A component says what it did.
    Fact(Fact<'a>),
    /// Something happened to a machine or to all of them.
    World {
        /// When.
        at: Time,
        /// What.
        event: World<'a>,
    },
    /// What clients saw: shown once, after everything else.
    History(&'a Record<'a>),
}

/// A statement of a component: `host::event!(host, Fact, name, fields…)`.
#[derive(Clone, Copy, Debug)]
pub struct Fact<'a> {
    /// True virtual time.
    pub at: Time,
    /// Whose.
    pub machine: &'a str,
    /// What happened, `component/what`.
    pub name: &'a str,
    /// The particulars.
    pub fields: &'a [(&'a str, Value<'a>)],
}

/// A field of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// An unsigned number.
    U64(u64),
    /// A signed number.
    I64(i64),
    /// A truth value.
    Bool(bool),
    /// Text.
    Str(&'a str),
    /// Raw bytes.
    Bytes(&'a [u8]),
}

/// What happens to machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World<'a> {
    /// A process begins on this machine.
    Boot {
        /// Which.
        machine: &'a str,
    },
    /// The process ends at once; `power`: what was not synced may be gone too.
    Crash {
        /// Which.
        machine: &'a str,
        /// The whole machine lost power.
        power: bool,
    },
    /// The machine is gone for good, or its disk was emptied: what it promised is void.
    Wiped {
        /// Which.
        machine: &'a str,
    },
    /// A process panicked, or logged an error, which means a bug of ours.
    Panic {
        /// Which.
        machine: &'a str,
        /// Its words.
        text: &'a str,
    },
    /// A process ended by itself.
    Exit {
        /// Which.
        machine: &'a str,
        /// Why.
        text: &'a str,
        /// False when the operator did not ask for it, nor remove the member.
        expected: bool,
    },
    /// The clocks of this machine stop, or go again.
    Clock {
        /// Which.
        machine: &'a str,
        /// They stand still.
        stands: bool,
    },
    /// The processes of this machine stand still, or go on, and do not know it.
    Paused {
        /// Which.
        machine: &'a str,
        /// They stand still.
        stands: bool,
    },
    /// All members were emptied and begin anew from a snapshot, in which is all that was
    /// acknowledged: another cluster with the same keys.
    Restored,
    /// From now on no fault is active and no new one comes.
    Healed,
    /// The run is over.
    End,
}

/// A history, and the order of its changes once some oracle has asked for it.
#[derive(Debug)]
pub struct Record<'a> {
    /// What clients saw.
    pub history: &'a History,
    resolved: OnceCell<Result<Resolved, Broken>>,
}

impl<'a> Record<'a> {
    /// Wraps a finished history.
    pub fn new(history: &'a History) -> Self {
        Self { history, resolved: OnceCell::new() }
    }

    /// What truly happened to the keys, or why no order of the operations explains the answers.
    pub fn resolved(&self) -> Result<&Resolved, &Broken> {
        self.resolved.get_or_init(|| kv::resolve(self.history)).as_ref()
    }
}

impl<'a> Fact<'a> {
    /// A number field; its absence is a broken promise of whoever states the fact.
    pub fn number(&self, field: &str) -> Result<u64, Broken> {
        match self.field(field) {
            Some(Value::U64(value)) => Ok(value),
            Some(Value::I64(value)) => Ok(value.cast_unsigned()),
            Some(Value::Bool(value)) => Ok(u64::from(value)),
            Some(Value::Str(_) | Value::Bytes(_)) | None => Err(self.lacks(field)),
        }
    }

    /// A signed number field, such as a lease's name.
    pub fn signed(&self, field: &str) -> Result<i64, Broken> {
        Ok(self.number(field)?.cast_signed())
    }

    /// A text field.
    pub fn text(&self, field: &str) -> Result<&'a str, Broken> {
        match self.field(field) {
            Some(Value::Str(text)) => Ok(text),
            _ => Err(self.lacks(field)),
        }
    }

    /// A list of numbers, written as text with commas: "1,2,3".
    pub fn numbers(&self, field: &str) -> Result<Vec<u64>, Broken> {
        let items = self.text(field)?.split(',').filter(|item| !item.is_empty());
        items.map(|item| item.trim().parse().map_err(|_| self.lacks(field))).collect()
    }

    fn field(&self, wanted: &str) -> Option<Value<'a>> {
        self.fields.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value)
    }

    fn lacks(&self, field: &str) -> Broken {
        let text =
            format!("the fact {} of {} has no proper field {field}", self.name, self.machine);
        Broken::new(self.at, text)
    }
}

impl std::fmt::Display for Fact<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:09}s {} {}", self.at / SECOND, self.at % SECOND, self.machine, self.name)?;
        for (name, value) in self.fields {
            match value {
                Value::U64(value) => write!(f, " {name}={value}")?,
                Value::I64(value) => write!(f, " {name}={value}")?,
                Value::Bool(value) => write!(f, " {name}={value}")?,
                Value::Str(value) => write!(f, " {name}={value}")?,
                Value::Bytes(value) => write!(f, " {name}={value:02x?}")?,
            }
        }
        Ok(())
    }
}

/// Nanoseconds in a second.
pub const SECOND: Time = 1_000_000_000;
