//! A gRPC message stream from the network: its errors are statuses, its deadline is kept.

use crate::{
    calls::{Call, Frames},
    status::status_of,
};
use bytes::Bytes;
use host::Sleep;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};
use tonic::Status;

/// The body of a request at a gRPC server, or of a response at a gRPC client.
pub struct GrpcBody {
    inner: Incoming,
    side: Side,
    /// When the call's time is up; none: it has no deadline.
    deadline: Option<Pin<Box<dyn Sleep>>>,
    /// Who counts the messages.
    call: Option<(Call, Frames)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Server,
    Client,
}

impl fmt::Debug for GrpcBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GrpcBody").field(&self.inner).finish()
    }
}

impl GrpcBody {
    pub(crate) fn of_request(inner: Incoming, call: Option<Call>) -> Self {
        let call = call.map(|call| (call, Frames::default()));
        Self { inner, side: Side::Server, deadline: None, call }
    }

    pub(crate) fn of_response(inner: Incoming, deadline: Option<Pin<Box<dyn Sleep>>>) -> Self {
        Self { inner, side: Side::Client, deadline, call: None }
    }

    /// A server whose client is gone sees what grpc-go's handlers see: its context was cancelled.
    fn status(&self, error: &hyper::Error) -> Status {
        match self.side {
            Side::Client => status_of(error),
            Side::Server => Status::cancelled("context canceled"),
        }
    }
}

impl Body for GrpcBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) {
            if let (Some(Ok(frame)), Some((call, frames))) = (&frame, &mut self.call)
                && let Some(data) = frame.data_ref()
            {
                call.received(frames, data.clone());
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(|error| self.status(&error))));
        }
        match &mut self.deadline {
            Some(deadline) => {
                deadline.as_mut().poll(cx).map(|()| Some(Err(crate::deadline::exceeded())))
            }
            None => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
