//! Carries out what the core wants and brings the answers back.

use super::{Change, Input, Next, Reflector, Selection};
use crate::{Api, Error, Watch};
use host::event;

/// Follows a resource for ever; every change goes to `sink`, in order.
pub(crate) async fn run(api: &Api, selection: Selection, mut sink: impl FnMut(Change)) {
    let host = api.client().host();
    let (mut core, mut next) = Reflector::begin(selection, host.random.next_u64());
    let mut watch: Option<Watch> = None;
    loop {
        let input = match next {
            Next::List(options) => {
                watch = None;
                Input::Listed(api.list_all(&options).await)
            }
            Next::Watch(options) => {
                watch = None;
                Input::Opened(api.watch(&options).await.map(|opened| watch = Some(opened)))
            }
            Next::Read => Input::Read(match &mut watch {
                Some(watch) => watch.next().await,
                None => Ok(None),
            }),
            Next::Wait(time) => {
                watch = None;
                host.sleep(time).await;
                Input::Waited
            }
        };
        if let Some(error) = failure(&input) {
            event!(
                host,
                Info,
                "following a resource was interrupted",
                resource = &api.resource().plural,
                error = &error.to_string()
            );
        }
        let step = core.step(host.now(), host.random.next_u64(), input);
        if let Some(change) = step.change {
            sink(change);
        }
        next = step.next;
    }
}

fn failure(input: &Input) -> Option<&Error> {
    match input {
        Input::Listed(Err(error)) | Input::Opened(Err(error)) | Input::Read(Err(error)) => {
            Some(error)
        }
        _ => None,
    }
}
