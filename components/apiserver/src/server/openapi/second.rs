//! OpenAPI v2: one document, written when somebody asks for it and definitions have changed.
//!
//! Upstream: kube-openapi/pkg/handler.

use super::{
    super::{Asked, Server, answer, health, negotiation},
    document::{self, Document},
};
use crate::registry::Registry;
use api::openapi::{self, OpenApi};
use bytes::Bytes;
use http::StatusCode;
use parking_lot::Mutex;
use std::sync::Arc;
use wire::Response;

/// Where it is served.
const PATH: &str = "/openapi/v2";

/// The document in both of its forms, with the generation of the table that they tell of.
#[derive(Debug, Default)]
pub(crate) struct Second(Mutex<Option<(u64, Arc<Forms>)>>);

#[derive(Debug)]
struct Forms {
    json: Document,
    /// It has the hash of the other one: what it says is the same.
    binary: Document,
}

impl Second {
    fn forms(&self, registry: &Registry) -> Arc<Forms> {
        let table = registry.table();
        let mut written = self.0.lock();
        if let Some((generation, forms)) = &*written
            && *generation == table.generation()
        {
            return forms.clone();
        }
        let resources: Vec<_> = table.told().collect();
        let version = health::version();
        let version = version["gitVersion"].as_str().unwrap_or_default();
        let swagger = OpenApi::new(&registry.schemas, &resources).swagger(version);
        let text = swagger.to_string();
        let hash = document::hash(text.as_bytes());
        let json = Document::keep(text.as_bytes(), hash.clone());
        let binary = Document::keep(&openapi::encode(&swagger), hash);
        let forms = Arc::new(Forms { json, binary });
        *written = Some((table.generation(), forms.clone()));
        forms
    }
}

impl Server {
    /// Answers with the document; none: the path is another's.
    pub(super) fn swagger(&self, asked: &Asked, path: &str) -> Option<Response> {
        if path != PATH {
            return None;
        }
        let Some(media) = negotiation::swagger(asked.accept()) else {
            return Some(answer::text(StatusCode::NOT_ACCEPTABLE, Bytes::new()));
        };
        let forms = self.documents.second.forms(&self.registry);
        let document = match media {
            negotiation::SWAGGER_BINARY => &forms.binary,
            _ => &forms.json,
        };
        Some(document.answer(asked, media))
    }
}
