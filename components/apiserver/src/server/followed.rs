//! The answer to a request that stays open, followed for as long as it is.

use crate::{flow::Watching, metrics::LongRunning};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll},
};
use wire::{Body, Response};

/// A body of which each frame is an event.
struct Followed {
    body: Body,
    metrics: LongRunning,
    _watching: Option<Watching>,
}

/// Follows an answer until its end.
pub(super) fn follow(
    response: Response,
    metrics: LongRunning,
    watching: Option<Watching>,
) -> Response {
    response.map(|body| Body::new(Followed { body, metrics, _watching: watching }))
}

impl http_body::Body for Followed {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            self.metrics.sent(data.len());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
