//! OpenAPI's documents: a list of them with their hashes, and each for as long as its hash stays.
//!
//! They are kept compressed: together they have some megabytes, of which most clients ask for a few.
//!
//! Upstream: kube-openapi/pkg/handler3.

mod document;
mod second;

use super::{Asked, Server, answer, negotiation};
use crate::{failure::Failure, registry::Registry};
use api::openapi::OpenApi;
use bytes::Bytes;
use document::Document;
use host::Timestamp;
use http::{HeaderValue, StatusCode, header};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};
use wire::Response;

/// Where all of it is served.
const ROOT: &str = "/openapi/v3";
/// How long a document may be kept that was asked for by its hash.
const YEAR_SECONDS: u64 = 365 * 24 * 3600;

/// All documents: those of built-in kinds are written once, the others when definitions change.
#[derive(Debug, Default)]
pub(super) struct Library {
    built_in: OnceLock<Documents>,
    /// With the generation of the table that they tell of.
    custom: Mutex<(u64, Arc<Documents>)>,
    second: second::Second,
}

/// Documents, written, by their paths.
#[derive(Debug, Default)]
struct Documents(BTreeMap<String, Document>);

impl Documents {
    fn write(openapi: &OpenApi<'_>, wanted: impl Fn(&str) -> bool) -> Self {
        let paths = openapi.paths().into_iter();
        let written = paths.filter(|path| wanted(path)).filter_map(|path| {
            let text = openapi.document(&path)?.to_string();
            let hash = document::hash(text.as_bytes());
            Some((path, Document::keep(text.as_bytes(), hash)))
        });
        Self(written.collect())
    }
}

impl Library {
    fn built_in(&self, registry: &Registry) -> &Documents {
        self.built_in.get_or_init(|| {
            let table = registry.table();
            let resources: Vec<_> = table.built_in_rows().iter().map(|one| &**one).collect();
            Documents::write(&OpenApi::new(&registry.schemas, &resources), |_| true)
        })
    }

    /// Documents of groups and versions that definitions have a part in.
    fn custom(&self, registry: &Registry) -> Arc<Documents> {
        let table = registry.table();
        let mut written = self.custom.lock();
        if written.0 != table.generation() {
            let resources: Vec<_> = table.told().collect();
            let own = |path: &str| {
                let mut custom = resources.iter().filter(|one| one.custom.is_some());
                custom.any(|one| {
                    let (group, version) = (&one.kind.group, &one.kind.version);
                    path == format!("apis/{group}/{version}") || path == format!("apis/{group}")
                })
            };
            let openapi = OpenApi::new(&registry.schemas, &resources);
            *written = (table.generation(), Arc::new(Documents::write(&openapi, own)));
        }
        written.1.clone()
    }
}

/// The list of all documents; those of definitions win over our own, and those of others over all.
fn index(built_in: &Documents, custom: &Documents, others: BTreeMap<String, String>) -> Bytes {
    let own = built_in.0.iter().chain(&custom.0);
    let mut all: BTreeMap<String, String> =
        own.map(|(path, one)| (path.clone(), address(path, one))).collect();
    all.extend(others);
    let paths: Map<String, Value> = all
        .into_iter()
        .map(|(path, address)| (path, json!({"serverRelativeURL": address})))
        .collect();
    json!({"paths": paths}).to_string().into()
}

fn address(path: &str, document: &Document) -> String {
    format!("{ROOT}/{path}?hash={}", document.hash)
}

impl Server {
    /// Answers with a document; none: the path is none's.
    pub(super) fn openapi(&self, asked: &Asked, path: &str) -> Option<Result<Response, Failure>> {
        if let Some(response) = self.swagger(asked, path) {
            return Some(Ok(response));
        }
        let path = path.strip_prefix(ROOT)?;
        let built_in = self.documents.built_in(&self.registry);
        let custom = self.documents.custom(&self.registry);
        if path.is_empty() {
            let others = self.aggregator.as_ref().map(|all| all.openapi());
            let index = index(built_in, &custom, others.unwrap_or_default());
            return Some(negotiation::openapi(asked.accept()).map(|()| plain(index)));
        }
        let path = path.strip_prefix('/')?;
        let document = custom.0.get(path).or_else(|| built_in.0.get(path))?;
        let answer = |()| self.document(asked, path, document);
        Some(negotiation::openapi(asked.accept()).map(answer))
    }

    fn document(&self, asked: &Asked, path: &str, document: &Document) -> Response {
        let mut headers = Vec::new();
        if let Some(hash) = asked.query.get("hash").filter(|hash| !hash.is_empty()) {
            if hash != document.hash {
                return moved(&address(path, document));
            }
            // What has that hash never changes.
            headers.push((header::CACHE_CONTROL, "public, immutable".into()));
            headers.push((header::EXPIRES, in_a_year(self.host.clock.wall())));
        }
        let mut response = document.answer(asked, "application/json");
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

fn plain(bytes: Bytes) -> Response {
    answer::json(StatusCode::OK, bytes)
}

/// Another document has that path now.
fn moved(address: &str) -> Response {
    let mut response = answer::text(StatusCode::MOVED_PERMANENTLY, Bytes::new());
    if let Ok(address) = HeaderValue::from_str(address) {
        response.headers_mut().insert(header::LOCATION, address);
    }
    response
}

/// A date as HTTP writes it.
fn in_a_year(now: Timestamp) -> String {
    let seconds = i64::try_from(now.seconds() + YEAR_SECONDS).unwrap_or(i64::MAX);
    let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    at.format(&Rfc2822).unwrap_or_default().replace("+0000", "GMT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_http_s() {
        let now = Timestamp(784_111_777 * 1_000_000_000);
        assert_eq!(in_a_year(now), "Mon, 06 Nov 1995 08:49:37 GMT");
    }
}
