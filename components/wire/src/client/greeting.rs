//! Tells when a server has said its first word on a connection.

use crate::filtered::{Filtered, Incoming};
use host::BoxStream;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, ReadBuf},
    sync::oneshot,
};

/// Reports the first bytes read.
struct Listening(Option<oneshot::Sender<()>>);

/// Resolves at the first bytes; with an error when the stream was dropped without any.
pub(super) type Greeting = oneshot::Receiver<()>;

/// `stream`, and word of the first bytes read from it.
pub(super) fn greeted(stream: BoxStream) -> (BoxStream, Greeting) {
    let (heard, greeting) = oneshot::channel();
    let incoming = Listening(Some(heard));
    (Box::new(Filtered { incoming, stream }), greeting)
}

impl Incoming for Listening {
    fn poll_read(
        &mut self,
        stream: &mut BoxStream,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(stream).poll_read(cx, buffer);
        if buffer.filled().len() > before
            && let Some(heard) = self.0.take()
        {
            // Whoever asked may have given up.
            let _ = heard.send(());
        }
        read
    }
}
