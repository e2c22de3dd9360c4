//! The body of a gRPC answer on its way out: counted, and ended early when its server stops.

use crate::{
    Body,
    calls::{Call, Frames},
};
use bytes::Bytes;
use host::BoxFuture;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll},
};
use tonic::{Code, Status};

/// What ends an answer that would not end by itself.
pub(crate) struct Cut {
    /// Completes when it is time.
    pub(crate) when: BoxFuture<'static, ()>,
    /// What the client is told.
    pub(crate) status: Status,
}

/// An answer's body with what goes along with it.
pub(crate) struct AnswerBody {
    inner: Body,
    frames: Frames,
    /// Until the end has been told.
    call: Option<Call>,
    /// Until the answer was cut.
    cut: Option<Cut>,
    over: bool,
}

impl AnswerBody {
    pub(crate) fn new(inner: Body, call: Option<Call>, cut: Option<Cut>) -> Self {
        Self { inner, frames: Frames::default(), call, cut, over: false }
    }

    fn seen(&mut self, frame: &Frame<Bytes>) {
        if let (Some(data), Some(call)) = (frame.data_ref(), &self.call) {
            call.sent(&mut self.frames, data.clone());
        }
        if let Some(trailers) = frame.trailers_ref() {
            self.ended(code(trailers).unwrap_or(Code::Unknown));
        }
    }

    fn ended(&mut self, code: Code) {
        if let Some(call) = self.call.take() {
            call.handled(code);
        }
    }
}

/// The status among headers or trailers, if there is one.
pub(crate) fn code(headers: &HeaderMap) -> Option<Code> {
    headers.get(Status::GRPC_STATUS).map(|code| Code::from_bytes(code.as_bytes()))
}

/// A status as the trailers of an answer that has begun.
fn trailers(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    // Texts are percent-encoded, and ours have no metadata: this does not fail.
    let _ = status.add_header(&mut trailers);
    trailers
}

impl Drop for AnswerBody {
    /// The client went away first.
    fn drop(&mut self) {
        self.ended(Code::Cancelled);
    }
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.over {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) {
            match &frame {
                Some(Ok(frame)) => self.seen(frame),
                Some(Err(status)) => self.ended(status.code()),
                None => self.ended(Code::Ok),
            }
            return Poll::Ready(frame);
        }
        let Some(cut) = &mut self.cut else { return Poll::Pending };
        if cut.when.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        let frame = Frame::trailers(trailers(&cut.status));
        self.seen(&frame);
        // What fills the body ends with it.
        (self.inner, self.cut, self.over) = (Body::empty(), None, true);
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
