//! A watch's answer: frames that follow each other until the client or the time ends them.
//!
//! Upstream: apiserver/pkg/endpoints/handlers/{watch,response}.go.

use super::{Server, answer, encoding, negotiation::Form, table::Presenter};
use crate::registry::{Registry, Target, Watch, WatchEvent};
use api::resources::Resource;
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream;
use host::{Host, Instant, Stop};
use http::StatusCode;
use http_body::Frame;
use http_body_util::StreamBody;
use serde_json::json;
use std::{convert::Infallible, sync::Arc, time::Duration};
use wire::{Body, Response};

/// What a watch's frames are made from.
struct Frames {
    host: Host,
    registry: Arc<Registry>,
    watch: Watch,
    resource: Arc<Resource>,
    form: Form,
    /// The first frame is through, which tells a table's columns.
    begun: bool,
    /// When a bookmark is due; none: the client wants none.
    bookmark: Option<Instant>,
    bookmark_interval: Duration,
    until: Instant,
    closing: Stop,
    /// It goes on for so long when the server closes.
    grace: Duration,
    /// When it ends, once the server closes.
    leaves: Option<Instant>,
}

impl Server {
    /// Answers with a watch's events.
    pub(super) fn stream(
        &self,
        watch: Watch,
        target: &Target,
        form: Form,
        bookmarks: bool,
        timeout: Option<u64>,
    ) -> Response {
        let now = self.host.now();
        // Spread, so that not all clients come back at the same time.
        let least = self.config.watch_timeout;
        let spread = self.host.random.below(u64::try_from(least.as_nanos()).unwrap_or(u64::MAX));
        let lasts = match timeout.filter(|seconds| *seconds > 0) {
            Some(seconds) => Duration::from_secs(seconds),
            None => least + Duration::from_nanos(spread),
        };
        let interval = self.config.bookmark_interval;
        let frames = Frames {
            host: self.host.clone(),
            registry: self.registry.clone(),
            watch,
            resource: target.resource.clone(),
            form,
            begun: false,
            bookmark: bookmarks.then(|| now + interval),
            bookmark_interval: interval,
            until: now + lasts,
            closing: self.closing.clone(),
            grace: self.grace(),
            leaves: None,
        };
        let frames = stream::unfold(frames, |mut frames| async move {
            let bytes = frames.next().await?;
            Some((Ok::<_, Infallible>(Frame::data(bytes)), frames))
        });
        let media = match form {
            Form::Binary => "application/vnd.kubernetes.protobuf;stream=watch",
            _ => "application/json",
        };
        let mut response = answer::reply(StatusCode::OK, media, Bytes::new());
        *response.body_mut() = Body::new(StreamBody::new(frames));
        response
    }
}

impl Server {
    /// When the server closes, watches do not all end at one time, where it has the time for that.
    fn grace(&self) -> Duration {
        let most = self.config.shutdown_watch_grace;
        match u64::try_from(most.as_nanos()).unwrap_or(u64::MAX) {
            0 => Duration::ZERO,
            most => Duration::from_nanos(self.host.random.below(most)),
        }
    }
}

impl Frames {
    /// The next frame; none: the watch is over.
    async fn next(&mut self) -> Option<Bytes> {
        // What waits goes first: a bookmark that overtakes it would say that it was sent.
        if let Some(event) = self.watch.waiting() {
            return Some(self.frame(event));
        }
        loop {
            let until = self.leaves.map_or(self.until, |at| at.min(self.until));
            if self.host.now() >= until {
                return None;
            }
            let wake = self.bookmark.map_or(until, |at| at.min(until));
            let (mut closing, leaves) = (self.closing.clone(), self.leaves.is_some());
            let closed = async {
                closing.stopped().await;
                if leaves {
                    std::future::pending::<()>().await;
                }
            };
            let event = host::select!(self.host, {
                event = self.watch.next() => event?,
                () = closed => {
                    self.leaves = Some(self.host.now() + self.grace);
                    continue;
                },
                () = self.host.clock.boxed_sleep(wake) => match self.bookmark {
                    Some(at) if at < until => {
                        self.bookmark = Some(at + self.bookmark_interval);
                        self.watch.bookmark()
                    }
                    _ => return None,
                },
            });
            return Some(self.frame(event));
        }
    }

    fn frame(&mut self, event: WatchEvent) -> Bytes {
        let (kind, object) = match event {
            WatchEvent::Added(object) => ("ADDED", object),
            WatchEvent::Modified(object) => ("MODIFIED", object),
            WatchEvent::Deleted(object) => ("DELETED", object),
            WatchEvent::Bookmark { revision, initial_end } => {
                ("BOOKMARK", self.bookmark_object(revision, initial_end))
            }
            WatchEvent::Error(failure) => {
                return self.framed("ERROR", failure.status().to_string().as_bytes());
            }
        };
        let presenter = Presenter::new(&self.host, &self.resource, self.form);
        let first = !std::mem::replace(&mut self.begun, true);
        self.framed(kind, &presenter.one(object, first))
    }

    /// An event in the watch's encoding.
    fn framed(&self, kind: &str, object: &[u8]) -> Bytes {
        let (schemas, codec) = (&self.registry.schemas, &self.registry.codec);
        let binary = (self.form == Form::Binary).then(|| encoding::binary(schemas, codec, object));
        match binary.flatten() {
            Some(document) => encoding::frame(kind, &document),
            None => framed(kind, object),
        }
    }

    /// An object that has nothing but a revision.
    fn bookmark_object(&self, revision: u64, initial_end: bool) -> Bytes {
        let mut metadata = json!({
            "resourceVersion": revision.to_string(), "creationTimestamp": null,
        });
        if initial_end {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let kind = &self.resource.kind;
        let object =
            json!({"kind": kind.kind, "apiVersion": kind.api_version(), "metadata": metadata});
        object.to_string().into()
    }
}

fn framed(kind: &str, object: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(object.len() + 32);
    frame.put_slice(b"{\"type\":\"");
    frame.put_slice(kind.as_bytes());
    frame.put_slice(b"\",\"object\":");
    frame.put_slice(object);
    frame.put_slice(b"}\n");
    frame.freeze()
}
