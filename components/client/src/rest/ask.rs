//! One request before it is sent.

use crate::{Error, resource::escaped};
use bytes::Bytes;
use http::{Method, header};

/// Method, path, query and body. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ask {
    pub(crate) method: Method,
    path: String,
    query: String,
    body: Option<(&'static str, Bytes)>,
    accept: &'static str,
}

const JSON: &str = "application/json";

impl Ask {
    /// A request without query and body. The path's segments are escaped already.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), query: String::new(), body: None, accept: JSON }
    }

    /// Adds to the query.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push(if self.query.is_empty() { '?' } else { '&' });
        self.query.push_str(&escaped(name));
        self.query.push('=');
        self.query.push_str(&escaped(value));
        self
    }

    /// Adds to the query, unless the value is empty.
    #[must_use]
    pub fn query_if(self, name: &str, value: &str) -> Self {
        if value.is_empty() { self } else { self.query(name, value) }
    }

    /// Sends this body.
    #[must_use]
    pub fn body(mut self, media: &'static str, body: impl Into<Bytes>) -> Self {
        self.body = Some((media, body.into()));
        self
    }

    /// Wants answers of this media type; JSON by default.
    #[must_use]
    pub fn accept(mut self, media: &'static str) -> Self {
        self.accept = media;
        self
    }

    /// Path and query.
    pub fn target(&self) -> String {
        format!("{}{}", self.path, self.query)
    }

    pub(super) fn request(&self) -> Result<http::Request<wire::Body>, Error> {
        let builder = http::Request::builder().method(self.method.clone()).uri(self.target());
        let builder = builder.header(header::ACCEPT, self.accept);
        let request = match &self.body {
            None => builder.body(wire::empty()),
            Some((media, bytes)) => {
                builder.header(header::CONTENT_TYPE, *media).body(wire::full(bytes.clone()))
            }
        };
        request.map_err(|error| Error::Request(error.to_string()))
    }
}
