//! The tasks that carry a member: when one ends, the member does.

use crate::fatal::Fatal;
use host::{Host, Task};
use std::{future::Future, pin::Pin, task::Poll};

/// The tasks of a member, each with the reason why the member ends when it does.
#[derive(Default)]
pub(crate) struct Parts(Vec<(&'static str, Task<Result<(), Fatal>>)>);

impl Parts {
    /// Starts a part.
    pub(crate) fn start(
        &mut self,
        host: &Host,
        name: &'static str,
        work: impl Future<Output = Result<(), Fatal>> + Send + 'static,
    ) {
        self.0.push((name, host.spawn(name, work)));
    }

    /// Starts a part that cannot fail, only end.
    pub(crate) fn start_endless(
        &mut self,
        host: &Host,
        name: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        self.start(host, name, async move {
            work.await;
            Ok(())
        });
    }

    /// Completes when the first part ends, which none does in good health. Of several that ended
    /// by now, one that says why is the reason.
    pub(crate) async fn first_end(&mut self) -> Fatal {
        std::future::poll_fn(|cx| {
            let mut first: Option<Fatal> = None;
            for (name, task) in &mut self.0 {
                let Poll::Ready(end) = Pin::new(task).poll(cx) else { continue };
                let fatal = match end {
                    Ok(Err(fatal)) => fatal,
                    Ok(Ok(())) | Err(_) => Fatal::PartEnded(name),
                };
                if first.as_ref().is_none_or(|first| matches!(first, Fatal::PartEnded(_))) {
                    first = Some(fatal);
                }
            }
            first.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}
