//! A watch: changes one after the other, until the server ends it or the connection breaks.

use crate::{Error, Object, Status, object};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use serde_json::Value;
use std::sync::Arc;
use wire::GrpcBody;

/// One line of a watch.
#[derive(Clone, PartialEq, Debug)]
pub enum WatchEvent {
    /// It is new, or new among those that are selected.
    Added(Object),
    /// It changed.
    Modified(Object),
    /// It is gone, or no longer among those that are selected; its last state.
    Deleted(Object),
    /// The watch has told everything up to here.
    Bookmark {
        /// How far the watch is.
        resource_version: String,
        /// All objects that were there at the beginning have been told.
        initial_end: bool,
    },
    /// The server ends the watch for a reason.
    Error(Status),
}

impl WatchEvent {
    /// Reads one line.
    ///
    /// # Errors
    /// It is no event.
    pub fn read(line: &[u8]) -> Result<Self, Error> {
        let malformed = |why: &str| Error::Malformed(format!("watch event: {why}"));
        let mut event: Value =
            serde_json::from_slice(line).map_err(|error| malformed(&error.to_string()))?;
        let about = event.get_mut("object").map(Value::take).ok_or(malformed("no object"))?;
        let kind = event.get("type").and_then(Value::as_str).unwrap_or_default();
        Ok(match kind {
            "ADDED" => Self::Added(Arc::new(about)),
            "MODIFIED" => Self::Modified(Arc::new(about)),
            "DELETED" => Self::Deleted(Arc::new(about)),
            "BOOKMARK" => {
                let mark = about.pointer("/metadata/annotations/k8s.io~1initial-events-end");
                Self::Bookmark {
                    resource_version: object::resource_version(&about).to_owned(),
                    initial_end: mark.and_then(Value::as_str) == Some("true"),
                }
            }
            "ERROR" => Self::Error(Status::read(&about).ok_or(malformed("an error of no kind"))?),
            other => return Err(malformed(&format!("unknown type {other:?}"))),
        })
    }
}

/// A watch that runs. Dropping it ends it.
#[derive(Debug)]
pub struct Watch(pub(super) Lines);

impl Watch {
    /// The next event; none: the server ended the watch in good order. Cancel-safe: what has come
    /// stays in the watch.
    ///
    /// # Errors
    /// The connection broke, or what came cannot be read. Nothing good comes after that.
    pub async fn next(&mut self) -> Result<Option<WatchEvent>, Error> {
        match self.0.next().await? {
            Some(line) => WatchEvent::read(&line).map(Some),
            None => Ok(None),
        }
    }
}

/// A body that is read line by line.
#[derive(Debug)]
pub(crate) struct Lines {
    body: GrpcBody,
    buffer: BytesMut,
    /// No line ends before this place.
    searched: usize,
    bytes_max: usize,
}

impl Lines {
    pub(super) fn new(body: GrpcBody, bytes_max: usize) -> Self {
        Self { body, buffer: BytesMut::new(), searched: 0, bytes_max }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if let Some(line) = self.line() {
                return Ok(Some(line));
            }
            if self.buffer.len() > self.bytes_max {
                return Err(Error::TooLong(self.bytes_max));
            }
            let frame = match self.body.frame().await {
                None if self.buffer.is_empty() => return Ok(None),
                None => return Err(Error::Lost("unexpected EOF".to_owned())),
                Some(frame) => frame.map_err(|status| Error::Lost(status.message().to_owned()))?,
            };
            if let Ok(data) = frame.into_data() {
                self.buffer.extend_from_slice(&data);
            }
        }
    }

    fn line(&mut self) -> Option<Bytes> {
        let fresh = self.buffer.get(self.searched..)?;
        let Some(end) = fresh.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.buffer.len();
            return None;
        };
        let line = self.buffer.split_to(self.searched + end + 1);
        let end = line.len() - 1;
        self.searched = 0;
        Some(line.freeze().slice(..end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read() {
        let mark = br#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7",
            "annotations":{"k8s.io/initial-events-end":"true"}}}}"#;
        let bookmark = WatchEvent::Bookmark { resource_version: "7".into(), initial_end: true };
        assert_eq!(WatchEvent::read(mark), Ok(bookmark));
        let error = br#"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}"#;
        match WatchEvent::read(error) {
            Ok(WatchEvent::Error(status)) => assert!(Error::from(status).is_expired()),
            other => panic!("{other:?}"),
        }
        for bad in [&b"{"[..], b"{}", br#"{"type":"X","object":{}}"#] {
            assert!(WatchEvent::read(bad).is_err());
        }
    }
}
