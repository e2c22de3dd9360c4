//! Sixty-four bits as text: `0x2a`.

use serde::{Deserialize, Deserializer, Serializer, de::Error};

pub(crate) fn serialize<S: Serializer>(number: &u64, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&format_args!("{number:#x}"))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let text = String::deserialize(from)?;
    let digits = text.strip_prefix("0x").ok_or_else(|| D::Error::custom("no 0x before a seed"))?;
    u64::from_str_radix(digits, 16).map_err(D::Error::custom)
}
