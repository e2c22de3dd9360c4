//! What two programs do with one connection, and what it shows them.

use host::BoxFuture;
use proptest::prelude::*;
use std::{future::poll_fn, io::ErrorKind, pin::Pin, task::Poll, time::Duration};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Between two steps: enough for whatever a step caused to come to rest, also after a cut.
pub(crate) const SLOT: Duration = Duration::from_millis(300);
/// When nothing has come for so long, nothing will.
const PATIENCE: Duration = Duration::from_millis(100);

/// Who does a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

impl Side {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// One thing that is done.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Writes so many bytes.
    Write(Side, usize),
    /// Reads all that is there.
    Read(Side),
    /// Ends the direction.
    Shutdown(Side),
    /// Drops the stream.
    Close(Side),
    /// The network is cut, or whole again.
    Cut(bool),
}

/// What a step showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A write.
    Wrote(Result<(), ErrorKind>),
    /// What was read, and then.
    Read(Vec<u8>, Then),
}

impl Outcome {
    /// True when the connection is known to be broken.
    pub(crate) fn is_error(&self) -> bool {
        matches!(self, Self::Wrote(Err(_)) | Self::Read(_, Then::Failed(_)))
    }
}

/// What came after the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Silence,
    End,
    Failed(ErrorKind),
}

/// Any step.
pub(crate) fn step() -> impl Strategy<Value = Step> {
    let side = prop_oneof![Just(Side::Client), Just(Side::Server)];
    prop_oneof![
        4 => (side.clone(), 1usize..5000).prop_map(|(side, size)| Step::Write(side, size)),
        4 => side.clone().prop_map(Step::Read),
        1 => side.clone().prop_map(Step::Shutdown),
        1 => side.prop_map(Step::Close),
        2 => any::<bool>().prop_map(Step::Cut),
    ]
}

/// One of the two programs. The client also cuts the network.
pub(crate) struct Party<W, C> {
    side: Side,
    steps: Vec<Step>,
    wait: W,
    cut: C,
}

impl<W: Fn(Duration) -> BoxFuture<'static, ()>, C: Fn(bool)> Party<W, C> {
    pub(crate) fn new(side: Side, steps: Vec<Step>, wait: W, cut: C) -> Self {
        Self { side, steps, wait, cut }
    }

    /// Does this side's steps, each in its turn; at the end the network is whole, and both read
    /// what there is and close.
    pub(crate) async fn run<S>(self, stream: S) -> Vec<(usize, Side, Outcome)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut shown = Vec::new();
        // Until the handshake is over for both.
        (self.wait)(SLOT).await;
        let mut stream = Some(stream);
        let last = [Step::Cut(false), Step::Read(Side::Client), Step::Read(Side::Server)];
        for (number, step) in self.steps.iter().chain(&last).enumerate() {
            let rest = self.step(step, &mut stream, number, &mut shown).await;
            (self.wait)(rest).await;
        }
        shown
    }

    /// Gives what is left of the slot.
    async fn step<S>(
        &self,
        step: &Step,
        stream: &mut Option<S>,
        number: usize,
        shown: &mut Vec<(usize, Side, Outcome)>,
    ) -> Duration
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let outcome = match (step, stream.as_mut()) {
            (Step::Cut(cut), _) if self.side == Side::Client => {
                (self.cut)(*cut);
                return SLOT;
            }
            (Step::Write(side, size), Some(stream)) if *side == self.side => {
                let bytes: Vec<u8> = (0..*size).map(|at| (at + number) as u8).collect();
                Outcome::Wrote(stream.write_all(&bytes).await.map_err(|error| error.kind()))
            }
            (Step::Shutdown(side), Some(stream)) if *side == self.side => {
                // tokio lets it pass on a broken connection, turmoil-net does not.
                let _ = stream.shutdown().await;
                return SLOT;
            }
            (Step::Read(side), Some(stream)) if *side == self.side => {
                let (outcome, waited) = self.read(stream).await;
                shown.push((number, self.side, outcome));
                return if waited { SLOT - PATIENCE } else { SLOT };
            }
            (Step::Close(side), _) if *side == self.side => {
                *stream = None;
                return SLOT;
            }
            _ => return SLOT,
        };
        shown.push((number, self.side, outcome));
        SLOT
    }

    /// Reads until nothing comes; true when that was found out by waiting.
    async fn read<S: AsyncRead + Unpin>(&self, stream: &mut S) -> (Outcome, bool) {
        let (mut all, mut buffer) = (Vec::new(), vec![0; 1024]);
        let mut silence = (self.wait)(PATIENCE);
        loop {
            let mut reading = std::pin::pin!(stream.read(&mut buffer));
            let read = poll_fn(|cx| match reading.as_mut().poll(cx) {
                Poll::Ready(read) => Poll::Ready(Some(read)),
                Poll::Pending => Pin::new(&mut silence).poll(cx).map(|()| None),
            });
            match read.await {
                None => return (Outcome::Read(all, Then::Silence), true),
                Some(Ok(0)) => return (Outcome::Read(all, Then::End), false),
                Some(Ok(size)) => all.extend_from_slice(&buffer[..size]),
                Some(Err(error)) => {
                    return (Outcome::Read(all, Then::Failed(error.kind())), false);
                }
            }
        }
    }
}
