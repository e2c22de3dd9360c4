//! Carries a plan out, and stops at the first write that is refused.

use client::{
    Api, Client, DeleteOptions, Error, ListOptions, Patch, Propagation, Resource, WriteOptions,
    events::{Recorder, Severity},
};
use futures_util::future::join_all;
use host::watch;
use serde_json::Value;

use super::awaited::Awaited;
use crate::{
    controller::Refusal,
    plan::{Act, Write},
};

/// How a plan ended before its end.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// What was looked at is not true any more: look again.
    Stale,
    /// Nothing more will come of it: the object's namespace is going.
    Pointless,
    /// Refused, or nobody answered.
    Refused(Refusal),
    /// This replica leads no more.
    Deposed,
}

/// One who may write while it leads.
#[derive(Clone, Debug)]
pub(crate) struct Hand {
    pub(crate) client: Client,
    pub(crate) recorder: Recorder,
    pub(crate) leading: watch::Receiver<bool>,
}

/// How a write ended.
enum Wrote {
    /// As wished; the object's new state if there is one.
    Done(Option<Value>),
    /// The object is gone, which is as good.
    Missing,
}

impl Hand {
    /// Writes in order. Creations are made in ever larger batches, so that a quota or a fault costs
    /// one request and not hundreds (`slowStartBatch`); deletions all at once.
    pub(super) async fn carry_out(
        &self,
        writes: Vec<Write>,
        awaited: &mut Awaited,
    ) -> Result<(), Stopped> {
        let mut rest = writes.as_slice();
        let mut slow_start = 1;
        while let Some(first) = rest.first() {
            let alike = rest.iter().take_while(|write| goes_with(first, write)).count();
            let size = match first.act {
                Act::Create(_) => alike.min(slow_start),
                _ => alike,
            };
            let (batch, later) = rest.split_at(size);
            let ends = join_all(batch.iter().map(|write| self.write(write))).await;
            let mut stopped = None;
            for (write, end) in batch.iter().zip(ends) {
                let end = self.settle(write, end, awaited).await;
                stopped = stopped.or(end.err());
            }
            if let Some(stopped) = stopped {
                return Err(stopped);
            }
            slow_start *= 2;
            rest = later;
        }
        Ok(())
    }

    /// Writes for one who waits for nothing afterwards.
    pub(crate) async fn write_all(&self, writes: Vec<Write>) -> Result<(), Stopped> {
        self.carry_out(writes, &mut Awaited::default()).await
    }

    async fn write(&self, write: &Write) -> Result<Wrote, Error> {
        if !*self.leading.borrow() {
            return Err(Error::Request("this replica does not lead".to_owned()));
        }
        let client = &self.client;
        client.host().point("controller/write");
        let api = api(client, &write.resource, &write.key.namespace);
        let (name, options) = (&write.key.name, WriteOptions::default());
        let ended = match &write.act {
            Act::Create(object) => api.create(object, &options).await,
            Act::Update(object, sub) => api.update(object, sub, &options).await,
            Act::Patch(patch, sub) => api.patch((&**name, *sub), patch, &options).await,
            Act::Delete(delete) => api.delete(name, delete).await,
            Act::Post(body, sub) => api.act((&**name, *sub), body, &options).await,
            Act::DeleteAll => {
                let delete = DeleteOptions {
                    propagation: Some(Propagation::Background),
                    ..DeleteOptions::default()
                };
                api.delete_all(&delete, &ListOptions::default()).await
            }
            Act::Tell => return Ok(Wrote::Done(None)),
        };
        match (ended, &write.act) {
            (Ok(object), _) => Ok(Wrote::Done(Some(object))),
            (Err(error), Act::Delete(_) | Act::Patch(..)) if error.is_not_found() => {
                Ok(Wrote::Missing)
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Notes what is to be awaited, and tells people.
    async fn settle(
        &self,
        write: &Write,
        end: Result<Wrote, Error>,
        awaited: &mut Awaited,
    ) -> Result<(), Stopped> {
        match end {
            Ok(Wrote::Done(answer)) => {
                if let Some(answer) = &answer {
                    note(write, answer, awaited);
                }
                self.tell(write, None);
                Ok(())
            }
            Ok(Wrote::Missing) => Ok(()),
            Err(error) => Err(self.refused(write, error, awaited).await),
        }
    }

    async fn refused(&self, write: &Write, error: Error, awaited: &mut Awaited) -> Stopped {
        if !*self.leading.borrow() {
            return Stopped::Deposed;
        }
        if matches!(write.act, Act::Create(_)) && error.is_already_exists() {
            // Our own, from an answer that was lost, or somebody else's: look when it is seen.
            let api = api(&self.client, &write.resource, &write.key.namespace);
            if let Ok(there) = api.get(&write.key.name).await {
                awaited.wrote(&write.resource, &there);
            }
            return Stopped::Stale;
        }
        if error.is_conflict() || (error.is_not_found() && matches!(write.act, Act::Update(..))) {
            return Stopped::Stale;
        }
        if is_namespace_terminating(&error) {
            return Stopped::Pointless;
        }
        self.tell(write, Some(&error));
        let verb = match &write.act {
            Act::Create(_) => "create",
            Act::Update(..) => "update",
            Act::Patch(..) => "patch",
            Act::Delete(_) | Act::DeleteAll => "delete",
            Act::Post(..) => "post",
            Act::Tell => "tell",
        };
        Stopped::Refused(Refusal { verb, plural: write.resource.plural.clone(), error })
    }

    fn tell(&self, write: &Write, refused: Option<&Error>) {
        let Some(told) = &write.told else { return };
        match (refused, &told.done, &told.refused) {
            (None, Some((severity, reason, message)), _) => {
                self.recorder.tell(told.about.clone(), *severity, reason, message.clone());
            }
            (Some(error), _, Some((reason, message))) => {
                let message = message.replace("{}", &error.to_string());
                self.recorder.tell(told.about.clone(), Severity::Warning, reason, message);
            }
            _ => {}
        }
    }
}

pub(crate) fn api(client: &Client, resource: &Resource, namespace: &str) -> Api {
    let api = client.resource(resource.clone());
    if namespace.is_empty() { api } else { api.within(namespace) }
}

/// Writes that may be made at the same time: many of one sort, of which none depends on another.
fn goes_with(first: &Write, other: &Write) -> bool {
    let alike = matches!(
        (&first.act, &other.act),
        (Act::Create(_), Act::Create(_))
            | (Act::Delete(_), Act::Delete(_))
            | (Act::DeleteAll, Act::DeleteAll)
            | (Act::Patch(Patch::Strategic(_), ""), Act::Patch(Patch::Strategic(_), ""))
    );
    let everything = matches!(first.act, Act::DeleteAll);
    std::ptr::eq(first, other) || (alike && (everything || first.resource == other.resource))
}

fn note(write: &Write, answer: &Value, awaited: &mut Awaited) {
    match &write.act {
        Act::Delete(options) => awaited.deleted(&write.resource, &write.key, &options.uid),
        Act::Create(_) | Act::Update(..) | Act::Patch(..) => {
            awaited.wrote(&write.resource, answer);
        }
        Act::Post(..) | Act::DeleteAll | Act::Tell => {}
    }
}

fn is_namespace_terminating(error: &Error) -> bool {
    let causes = error.status().map(|status| status.causes.as_slice()).unwrap_or_default();
    causes.iter().any(|cause| cause.reason == "NamespaceTerminating")
}
