//! Makes the enum of all faults, and every list of them, from the one table in `lib.rs`.

/// Expands the table, of rows `"name" Type lasts Harm drawn(WEIGHT) "about"`: `once` for what falls once
/// instead of `lasts`, and `never()` for what chance must not draw.
macro_rules! faults {
    ($( #[doc = $heading:literal] $module:ident $family:ident {
        $( $name:literal $fault:ident $length:ident $harm:ident $how:ident($($weight:literal)?)
            $about:literal, )*
    } )*) => {
        /// A family of faults: what chaos is made of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, serde::Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Family { $( #[doc = $heading] $family, )* }

        impl Family {
            /// All families, in the table's order.
            pub const ALL: &[Family] = &[$( Family::$family, )*];

            /// The name, as scenarios write it.
            pub fn name(self) -> &'static str {
                match self { $( Family::$family => stringify!($module), )* }
            }
        }

        /// Any fault.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Fault { $( $( #[doc = $about] $fault($module::$fault), )* )* }

        /// All faults: the table.
        pub const ALL: &[Entry] = &[$( $(
            Entry { name: $name, family: Family::$family, about: $about,
                draw: table::faults!(@draw $how $module $fault $($weight)?) },
        )* )*];

        const NAMES: &[&str] = &[$( $( $name, )* )*];

        impl Fault {
            /// The name, as scenarios write it.
            pub fn name(&self) -> &'static str {
                match self { $( $( Fault::$fault(_) => $name, )* )* }
            }

            /// The family that it belongs to.
            pub fn family(&self) -> Family {
                match self { $( $( Fault::$fault(_) => Family::$family, )* )* }
            }

            /// Whom it strikes.
            pub fn target(&self) -> &Target {
                match self { $( $( Fault::$fault(fault) => &fault.target, )* )* }
            }

            /// How long it lasts; zero for what falls once.
            pub fn lasts(&self) -> Span {
                match self { $( $( Fault::$fault(_fault) => table::faults!(@$length _fault), )* )* }
            }

            /// The same fault for so long; as it is where it falls once.
            #[must_use]
            pub fn lasting(mut self, lasts: Span) -> Self {
                match &mut self {
                    $( $( Fault::$fault(_fault) => table::faults!(@lasting $length _fault lasts), )* )*
                }
                self
            }

            /// What it costs the cluster while it lasts.
            pub fn harm(&self) -> Harm {
                match self { $( $( Fault::$fault(_) => Harm::$harm, )* )* }
            }

            /// What it does.
            pub fn strike(&self) -> &dyn Strike {
                match self { $( $( Fault::$fault(fault) => fault, )* )* }
            }
        }

        impl serde::Serialize for Fault {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                let mut map = to.serialize_map(Some(1))?;
                match self { $( $( Fault::$fault(fault) => map.serialize_entry($name, fault)?, )* )* }
                map.end()
            }
        }

        fn read<'de, A: serde::de::MapAccess<'de>>(name: &str, map: &mut A) -> Result<Fault, A::Error> {
            match name {
                $( $( $name => map.next_value().map(Fault::$fault), )* )*
                other => Err(table::unknown("fault", other, NAMES)),
            }
        }
    };
    (@lasts $fault:ident) => { $fault.lasts };
    (@once $fault:ident) => { Span(0) };
    (@lasting lasts $fault:ident $lasts:ident) => { $fault.lasts = $lasts };
    (@lasting once $fault:ident $lasts:ident) => { () };
    (@draw drawn $module:ident $fault:ident $weight:literal) => {
        Some(Drawn { weight: $weight, make: |draw| Fault::$fault($module::$fault::draw(draw)) })
    };
    (@draw never $module:ident $fault:ident) => { None };
}
pub(crate) use faults;

use crate::{DrawFrom, Family, Fault};
use serde::{Deserialize, Deserializer, de};
use std::fmt;

/// One line of the table.
#[derive(Debug)]
pub struct Entry {
    /// The name, as scenarios write it.
    pub name: &'static str,
    /// Its family.
    pub family: Family,
    /// What happens, in a few words.
    pub about: &'static str,
    /// How chance makes one; `None` for what only a story asks for.
    pub draw: Option<Drawn>,
}

/// How chance makes a fault.
#[derive(Debug)]
pub struct Drawn {
    /// How often, against the others.
    pub weight: u64,
    /// Makes one.
    pub make: fn(&mut DrawFrom<'_>) -> Fault,
}

/// The error for a word that is not in a closed list. It names the word and the list; the YAML
/// reader adds the line.
pub(crate) fn unknown<E: de::Error>(what: &str, word: &str, allowed: &[&str]) -> E {
    E::custom(format!("unknown {what} '{word}'; there are: {}", allowed.join(", ")))
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct OneVerb;
        impl<'de> de::Visitor<'de> for OneVerb {
            type Value = Fault;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one fault, such as crash: { target: etcd/leader, lasts: 8s }")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Fault, A::Error> {
                let name: String =
                    map.next_key()?.ok_or_else(|| de::Error::custom("no fault is named here"))?;
                let fault = crate::read(&name, &mut map)?;
                match map.next_key::<String>()? {
                    None => Ok(fault),
                    Some(second) => Err(de::Error::custom(format!(
                        "'{name}' and '{second}' are two faults: give each a step of its own"
                    ))),
                }
            }
        }
        from.deserialize_map(OneVerb)
    }
}
