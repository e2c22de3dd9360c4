//! `semver` and what can be asked of versions.
//!
//! Upstream: apiserver `pkg/cel/library/semverlib.go`, `pkg/cel/semver.go`; the complaints are those of
//! the library that upstream reads versions with.

mod version;

use super::arguments::{boolean, opaque, text};
use crate::{
    functions::Functions,
    types::Type,
    value::{EvalError, Opaque, Outcome, Value},
};
use std::{any::Any, cmp::Ordering};
use version::Version;

/// What `type(x)` shows.
const NAME: &str = "kubernetes.Semver";

impl Opaque for Version {
    fn type_name(&self) -> &'static str {
        NAME
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        let other = other.as_any().downcast_ref::<Version>();
        other.is_some_and(|it| self.precedence(it).is_eq())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

pub(super) fn declare(f: &mut Functions) {
    use Type::{Bool, Int, String};
    let it = || Type::opaque(NAME);
    f.named_type(NAME);
    f.global("semver", "string_to_semver", &[String], it(), parsed);
    f.global("semver", "string_bool_to_semver", &[String, Bool], it(), parsed);
    f.global("isSemver", "is_semver_string", &[String], Bool, is_semver);
    f.global("isSemver", "is_semver_string_bool", &[String, Bool], Bool, is_semver);
    let two = [it(), it()];
    f.member("isGreaterThan", "semver_is_greater_than", &two, Bool, |args| {
        Ok(Value::Bool(order(args)?.is_gt()))
    });
    f.member("isLessThan", "semver_is_less_than", &two, Bool, |args| {
        Ok(Value::Bool(order(args)?.is_lt()))
    });
    f.member("compareTo", "semver_compare_to", &two, Int, |args| {
        Ok(Value::Int(match order(args)? {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        }))
    });
    macro_rules! part {
        ($name:literal, $id:literal, $at:literal) => {
            f.member($name, $id, &[it()], Int, |args| {
                let number = opaque::<Version>(args, 0)?.numbers[$at];
                Ok(Value::Int(i64::try_from(number).unwrap_or(i64::MAX)))
            });
        };
    }
    part!("major", "semver_major", 0);
    part!("minor", "semver_minor", 1);
    part!("patch", "semver_patch", 2);
}

fn read(args: &[Value<'_>]) -> Result<Result<Version, std::string::String>, EvalError> {
    let text = text(args, 0)?;
    let normalized = args.len() > 1 && boolean(args, 1)?;
    Ok(if normalized { Version::parse_normalized(text) } else { Version::parse(text) })
}

fn parsed<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    Ok(Value::opaque(read(args)?.map_err(EvalError::new)?))
}

fn is_semver<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    Ok(Value::Bool(read(args)?.is_ok()))
}

fn order(args: &[Value<'_>]) -> Result<Ordering, EvalError> {
    Ok(opaque::<Version>(args, 0)?.precedence(opaque(args, 1)?))
}
