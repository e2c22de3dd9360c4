//! `jsonpatch.escapeKey`.
//!
//! Upstream: apiserver `pkg/cel/library/jsonpatch.go`; the escapes are RFC 6901's.

use super::arguments::text;
use crate::{functions::Functions, types::Type, value::Value};

pub(super) fn declare(f: &mut Functions) {
    let id = "string_jsonpatch_escapeKey_string";
    f.global("jsonpatch.escapeKey", id, &[Type::String], Type::String, |args| {
        Ok(Value::string(text(args, 0)?.replace('~', "~0").replace('/', "~1")))
    });
}
