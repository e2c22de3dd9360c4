//! `url`, `isURL` and the parts of URLs.
//!
//! Upstream: apiserver `pkg/cel/library/urls.go`; what is one is what Go's `net/url` takes.

mod parse;

use super::arguments::{opaque, text};
use crate::{
    functions::Functions,
    types::Type,
    value::{EvalError, Key, Opaque, Text, Value},
};
use std::{any::Any, collections::BTreeMap};

pub(super) use parse::Url;

/// What `type(x)` shows.
const NAME: &str = "kubernetes.URL";

impl Opaque for Url {
    fn type_name(&self) -> &'static str {
        NAME
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.as_any().downcast_ref::<Url>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

pub(super) fn declare(f: &mut Functions) {
    use Type::{Bool, String};
    let url = || Type::opaque(NAME);
    f.named_type(NAME);
    f.global("url", "string_to_url", &[String], url(), |args| {
        let parsed = Url::parse(text(args, 0)?);
        let failed = |why| format!("URL parse error during conversion from string: {why}");
        Ok(Value::opaque(parsed.map_err(|why| EvalError::new(failed(why)))?))
    });
    f.global("isURL", "is_url_string", &[String], Bool, |args| {
        Ok(Value::Bool(Url::parse(text(args, 0)?).is_ok()))
    });
    macro_rules! part {
        ($name:literal, $id:literal, $part:expr) => {
            f.member($name, $id, &[url()], String, |args| {
                let part: fn(&Url) -> &str = $part;
                Ok(Value::string(part(opaque(args, 0)?)))
            });
        };
    }
    part!("getScheme", "url_get_scheme", |it| &it.scheme);
    part!("getHost", "url_get_host", |it| &it.host);
    part!("getHostname", "url_get_hostname", Url::hostname);
    part!("getPort", "url_get_port", Url::port);
    f.member("getEscapedPath", "url_get_escaped_path", &[url()], String, |args| {
        Ok(Value::string(opaque::<Url>(args, 0)?.escaped_path()))
    });
    let query = Type::map(String, Type::list(String));
    f.member("getQuery", "url_get_query", &[url()], query, |args| {
        let mut query: BTreeMap<Key<'_>, Vec<Value<'_>>> = BTreeMap::new();
        for (name, value) in opaque::<Url>(args, 0)?.query() {
            let name = Key::String(Text::Shared(name.into()));
            query.entry(name).or_default().push(Value::string(value));
        }
        Ok(Value::map(query.into_iter().map(|(name, it)| (name, Value::list(it))).collect()))
    });
}
