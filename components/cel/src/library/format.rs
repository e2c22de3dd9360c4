//! `format.dns1123Label()` and the other named formats, and `validate`.
//!
//! Upstream: apiserver `pkg/cel/library/format.go`; complaints are those of apimachinery
//! `pkg/util/validation`.

mod values;

use super::arguments::{opaque, text};
use crate::{
    functions::Functions,
    types::Type,
    value::{Opaque, Value},
};
use scalars::names;
use std::any::Any;

/// What `type(x)` shows.
const NAME: &str = "kubernetes.NamedFormat";

/// A format: what a text is told if it does not have it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Format {
    name: &'static str,
    id: &'static str,
    /// The length of upstream's pattern, for costs.
    pattern_length: u64,
    complaints: fn(&str) -> Vec<String>,
}

const fn format(
    name: &'static str,
    id: &'static str,
    pattern_length: u64,
    complaints: fn(&str) -> Vec<String>,
) -> Format {
    Format { name, id, pattern_length, complaints }
}

const FORMATS: [Format; 13] = [
    format("dns1123Label", "format.dns1123Label", 30, names::dns_label),
    format("dns1123Subdomain", "format.dns1123Subdomain", 60, names::dns_subdomain),
    format("dns1035Label", "format.dns1035Label", 30, names::dns_1035_label),
    format("qualifiedName", "format.qualifiedName", 60, names::qualified_name),
    format("dns1123LabelPrefix", "format.dns1123LabelPrefix", 30, |it| {
        names::dns_label(&names::masked_dash(it))
    }),
    format("dns1123SubdomainPrefix", "format.dns1123SubdomainPrefix", 60, |it| {
        names::dns_subdomain(&names::masked_dash(it))
    }),
    format("dns1035LabelPrefix", "format.dns1035LabelPrefix", 30, |it| {
        names::dns_1035_label(&names::masked_dash(it))
    }),
    format("labelValue", "format.labelValue", 40, names::label_value),
    format("uri", "format.uri", 1_000, values::uri),
    format("uuid", "format.uuid", 160, values::uuid),
    format("byte", "format.byte", 80, values::byte),
    format("date", "format.date", 80, values::date),
    format("datetime", "format.datetime", 80, values::datetime),
];

impl Opaque for Format {
    fn type_name(&self) -> &'static str {
        NAME
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.as_any().downcast_ref::<Format>().is_some_and(|it| it.name == self.name)
    }

    fn size(&self) -> u64 {
        self.pattern_length
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

pub(super) fn declare(f: &mut Functions) {
    let it = || Type::opaque(NAME);
    f.named_type(NAME);
    let complaints = Type::optional(Type::list(Type::String));
    f.member("validate", "format-validate", &[it(), Type::String], complaints, |args| {
        let complaints = (opaque::<Format>(args, 0)?.complaints)(text(args, 1)?);
        if complaints.is_empty() {
            return Ok(Value::Optional(None));
        }
        Ok(Value::list(complaints.into_iter().map(Value::string).collect()).some())
    });
    f.global("format.named", "format-named", &[Type::String], Type::optional(it()), |args| {
        let name = text(args, 0)?;
        let found = FORMATS.iter().find(|it| it.name == name);
        Ok(found.map_or(Value::Optional(None), |it| Value::opaque(*it).some()))
    });
    macro_rules! constants {
        ($($at:literal),+) => {
            $(f.global(FORMATS[$at].id, FORMATS[$at].id, &[], it(), |_| {
                Ok(Value::opaque(FORMATS[$at]))
            });)+
        };
    }
    constants!(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
}
