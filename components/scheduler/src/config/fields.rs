//! Members of a configuration, read one by one; what nobody knows is refused.

use serde_json::Value;
use std::time::Duration;

/// Why a configuration is none.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// An object whose members are all known.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    value: &'a Value,
    path: &'a str,
}

impl<'a> Fields<'a> {
    /// # Errors
    /// A member that is not among `known`.
    pub(super) fn of(value: &'a Value, path: &'a str, known: &[&str]) -> Result<Self, ConfigError> {
        let members = value.as_object().into_iter().flatten();
        let strange = members.map(|(name, _)| name).find(|name| !known.contains(&name.as_str()));
        match strange {
            Some(name) => {
                Err(ConfigError(format!("strict decoding error: unknown field \"{path}{name}\"")))
            }
            None => Ok(Self { value, path }),
        }
    }

    pub(super) fn value(&self, name: &str) -> &'a Value {
        &self.value[name]
    }

    pub(super) fn text(&self, name: &str, default: &str) -> String {
        self.value[name].as_str().unwrap_or(default).to_owned()
    }

    pub(super) fn flag(&self, name: &str, default: bool) -> bool {
        self.value[name].as_bool().unwrap_or(default)
    }

    /// # Errors
    /// It is no number, or none of the range.
    pub(super) fn number(
        &self,
        name: &str,
        default: i64,
        (least, most): (i64, i64),
    ) -> Result<i64, ConfigError> {
        let said = match &self.value[name] {
            Value::Null => return Ok(default),
            said => said.as_i64(),
        };
        said.filter(|number| (least..=most).contains(number)).ok_or_else(|| {
            let (path, said) = (self.path, &self.value[name]);
            ConfigError(format!("{path}{name}: Invalid value: {said}: not in [{least}, {most}]"))
        })
    }
}

/// A `metav1.Duration`: whole and broken numbers of hours, minutes, seconds, milliseconds.
pub(super) fn duration(
    fields: &Fields<'_>,
    name: &str,
    default: Duration,
) -> Result<Duration, ConfigError> {
    let Some(text) = fields.value(name).as_str() else { return Ok(default) };
    parse(text).ok_or_else(|| {
        ConfigError(format!("{}{name}: time: invalid duration {text:?}", fields.path))
    })
}

fn parse(text: &str) -> Option<Duration> {
    let (mut rest, mut sum) = (text, Duration::ZERO);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            _ => return None,
        };
        sum += Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()?;
        rest = tail;
    }
    (!text.is_empty()).then_some(sum)
}
