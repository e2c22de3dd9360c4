//! A body that breaks off when the server stops: what lasts must not hold it up.

use bytes::Bytes;
use host::{BoxFuture, Stop};
use http_body::{Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll},
};
use tonic::Status;
use wire::Body;

struct Until {
    body: Body,
    stop: BoxFuture<'static, ()>,
}

/// The body, until the server stops.
pub(super) fn stopped(body: Body, stop: &Stop) -> Body {
    let mut stop = stop.clone();
    Body::new(Until { body, stop: Box::pin(async move { stop.stopped().await }) })
}

impl http_body::Body for Until {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        self.stop.as_mut().poll(cx).map(|()| Some(Err(Status::unavailable("the server stops"))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
