//! A channel's receiving end as a stream, alone or together with the work that fills it.

use futures_util::Stream;
use host::BoxFuture;
use std::{
    pin::Pin,
    task::{Context, Poll},
};
use tokio::sync::mpsc;

/// Yields what the channel gives, until all senders are gone.
#[derive(Debug)]
pub(crate) struct ReceiverStream<T>(pub(crate) mpsc::Receiver<T>);

impl<T> Stream for ReceiverStream<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.0.poll_recv(cx)
    }
}

/// Yields what the channel gives while carrying on the work that fills it.
///
/// The work runs in the task that reads the stream: an answer need not wake another task, what is
/// ready together leaves together, and dropping the stream ends the work.
pub(crate) struct WorkingStream<T> {
    work: Option<BoxFuture<'static, ()>>,
    receiver: mpsc::Receiver<T>,
}

impl<T> WorkingStream<T> {
    /// `work` holds the channel's only sender.
    pub(crate) fn new(work: BoxFuture<'static, ()>, receiver: mpsc::Receiver<T>) -> Self {
        Self { work: Some(work), receiver }
    }
}

impl<T> Stream for WorkingStream<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if let Poll::Ready(item) = self.receiver.poll_recv(cx) {
            return Poll::Ready(item);
        }
        if let Some(work) = &mut self.work
            && work.as_mut().poll(cx).is_ready()
        {
            self.work = None;
        }
        self.receiver.poll_recv(cx)
    }
}
