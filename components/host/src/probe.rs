//! What a component tells about itself: logs, facts for oracles, and places where it may crash.

use std::fmt;

/// How an event is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A bug of ours. It fails a simulated run.
    Error,
    /// The world did something bad that an operator should know of.
    Warn,
    /// A rare and normal change of state.
    Info,
    /// For a person who is looking into something.
    Debug,
    /// A fact for oracles and statistics; never logged in production.
    Fact,
}

/// One value of an event's field.
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
    /// Raw bytes, such as a key.
    Bytes(&'a [u8]),
}

impl Value<'_> {
    /// The number, if it is one (signed ones as their bit pattern).
    pub fn as_u64(&self) -> Option<u64> {
        match *self {
            Value::U64(value) => Some(value),
            Value::I64(value) => Some(value.cast_unsigned()),
            Value::Bool(value) => Some(u64::from(value)),
            Value::Str(_) | Value::Bytes(_) => None,
        }
    }
}

macro_rules! value_from {
    ($($from:ty => $variant:ident as $to:ty),*) => { $(
        impl From<$from> for Value<'_> {
            fn from(value: $from) -> Self { Value::$variant(<$to>::from(value)) }
        }
    )* };
}
value_from!(u8 => U64 as u64, u16 => U64 as u64, u32 => U64 as u64, u64 => U64 as u64,
    i32 => I64 as i64, i64 => I64 as i64, bool => Bool as bool);

impl From<usize> for Value<'_> {
    fn from(value: usize) -> Self {
        Value::U64(value as u64)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Value::Str(value)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Value::Str(value)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Value::Bytes(value)
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Value::U64(value) => write!(f, "{value}"),
            Value::I64(value) => write!(f, "{value}"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Str(text) if !text.is_empty() && !text.contains(' ') => f.write_str(text),
            Value::Str(text) => write!(f, "{text:?}"),
            Value::Bytes(bytes) => write!(f, "{}", bytes.escape_ascii()),
        }
    }
}

/// A named value.
pub type Field<'a> = (&'static str, Value<'a>);

/// One thing that happened inside a component.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// How to read it.
    pub level: Level,
    /// What happened: a fixed text, `component/what` for facts, a sentence for logs.
    pub name: &'static str,
    /// The particulars.
    pub fields: &'a [Field<'a>],
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        self.fields.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}

/// Where events go: the log on Linux, the trace and the oracles in simulation.
pub trait Probe: Send + Sync {
    /// Takes an event in. Must not block.
    fn event(&self, event: Event<'_>);
    /// False when events of this level go nowhere, so that building them can be spared.
    fn wants(&self, level: Level) -> bool;
    /// A place where a simulated process may crash: between two writes, after an append. A process
    /// that crashes here runs on to its next await, but nothing it does has any effect.
    fn point(&self, name: &'static str);
    /// Counts that a rare path was reached; a hunt lists those it never saw.
    fn sometimes(&self, name: &'static str);
}

/// Listens to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProbe;

impl Probe for NoProbe {
    fn event(&self, _: Event<'_>) {}
    fn wants(&self, _: Level) -> bool {
        false
    }
    fn point(&self, _: &'static str) {}
    fn sometimes(&self, _: &'static str) {}
}

/// Sends an event to a host's probe: `event!(host, Info, "became leader", term = 5)`.
#[macro_export]
macro_rules! event {
    ($host:expr, $level:ident, $name:literal $(, $key:ident = $value:expr)* $(,)?) => {
        if $host.probe.wants($crate::Level::$level) {
            $host.probe.event($crate::Event {
                level: $crate::Level::$level,
                name: $name,
                fields: &[$((stringify!($key), $crate::Value::from($value))),*],
            });
        }
    };
}

/// Counts that a rare path was reached: `sometimes!(host, "leader steps down with proposals")`.
#[macro_export]
macro_rules! sometimes {
    ($host:expr, $name:literal) => {
        $host.probe.sometimes($name)
    };
}
