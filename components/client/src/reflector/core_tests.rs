//! The reflector's core answer by answer.

use super::*;
use crate::Status;
use serde_json::json;
use std::sync::Arc;

const NOW: Instant = Instant(5_000_000_000);

fn status(code: u16, reason: &str) -> Status {
    Status { code, reason: reason.into(), ..Status::default() }
}

fn thing(name: &str, version: u64) -> Object {
    Arc::new(json!({"metadata": {"name": name, "resourceVersion": version.to_string()}}))
}

fn end(version: &str) -> Input {
    let mark = WatchEvent::Bookmark { resource_version: version.into(), initial_end: true };
    Input::Read(Ok(Some(mark)))
}

/// `initial`, `list`, `watch` with their resource versions, `read`, or `wait`.
fn told(next: &Next) -> String {
    match next {
        Next::List(options) => format!("list {}", options.resource_version),
        Next::Watch(options) if options.send_initial_events => {
            format!("initial {}", options.resource_version)
        }
        Next::Watch(options) => format!("watch {}", options.resource_version),
        Next::Read => "read".into(),
        Next::Wait(_) => "wait".into(),
    }
}

/// Follows from version 7 on.
fn following() -> Reflector {
    let (mut reflector, next) = Reflector::begin(Selection::default(), 0);
    assert_eq!(told(&next), "initial ");
    let inputs = [
        Input::Opened(Ok(())),
        Input::Read(Ok(Some(WatchEvent::Added(thing("b", 3))))),
        Input::Read(Ok(Some(WatchEvent::Added(thing("a", 2))))),
    ];
    for input in inputs {
        assert_eq!(reflector.step(NOW, 0, input), Next::Read.into());
    }
    let objects = vec![thing("a", 2), thing("b", 3)];
    let change = Change::Replaced { objects, resource_version: "7".into() };
    assert_eq!(reflector.step(NOW, 0, end("7")), Step { change: Some(change), next: Next::Read });
    reflector
}

fn steps(reflector: &mut Reflector, inputs: Vec<Input>) -> Vec<String> {
    inputs.into_iter().map(|input| told(&reflector.step(NOW, 0, input).next)).collect()
}

#[test]
fn a_watch_that_ends_or_breaks_goes_on_from_the_last_bookmark() {
    let mut reflector = following();
    let mark = WatchEvent::Bookmark { resource_version: "9".into(), initial_end: false };
    let inputs = vec![
        Input::Read(Ok(Some(mark))),
        Input::Read(Ok(None)),
        Input::Opened(Err(Error::Unreachable(String::new()))),
        Input::Waited,
        Input::Opened(Ok(())),
        // Nothing came of it.
        Input::Read(Ok(None)),
        Input::Waited,
    ];
    let expected = ["read", "watch 9", "wait", "watch 9", "read", "wait", "initial 9"];
    assert_eq!(steps(&mut reflector, inputs), expected);
}

#[test]
fn a_forgotten_version_means_all_objects_again_but_none_older() {
    let mut reflector = following();
    let gone = || status(410, "Expired");
    let inputs = vec![
        Input::Read(Ok(Some(WatchEvent::Error(gone())))),
        Input::Waited,
        // Nor does the server have a state that is new enough: what is true now.
        Input::Opened(Err(gone().into())),
        Input::Opened(Err(gone().into())),
        Input::Waited,
        Input::Opened(Ok(())),
        // After an etcd that was restored: it is believed.
        end("5"),
    ];
    let expected = ["wait", "initial 7", "initial ", "wait", "initial ", "read", "read"];
    assert_eq!(steps(&mut reflector, inputs), expected);
    assert_eq!(reflector.reached(), "5");
}

#[test]
fn a_server_that_knows_no_initial_events_is_asked_for_a_list() {
    let (mut reflector, _) = Reflector::begin(Selection::default(), 0);
    let list = List { resource_version: "4".into(), ..List::default() };
    let inputs = vec![
        Input::Opened(Err(status(422, "Invalid").into())),
        Input::Listed(Err(status(500, "InternalError").into())),
        Input::Waited,
        Input::Opened(Err(status(422, "Invalid").into())),
        Input::Listed(Ok(list)),
    ];
    let expected = ["list ", "wait", "initial ", "list ", "watch 4"];
    assert_eq!(steps(&mut reflector, inputs), expected);
}

#[test]
fn a_state_older_than_the_copy_is_not_taken_over() {
    let mut reflector = following();
    let inputs = vec![
        Input::Read(Err(Error::Malformed(String::new()))),
        Input::Waited,
        Input::Opened(Ok(())),
        end("6"),
        Input::Waited,
    ];
    assert_eq!(steps(&mut reflector, inputs), ["wait", "initial 7", "read", "wait", "initial "]);
    assert_eq!(reflector.reached(), "7");
}

#[test]
fn a_busy_server_is_left_alone_for_a_while() {
    let mut reflector = following();
    let busy = || status(429, "TooManyRequests");
    let inputs = vec![
        Input::Read(Ok(Some(WatchEvent::Error(busy())))),
        Input::Waited,
        Input::Opened(Err(busy().into())),
        Input::Waited,
    ];
    assert_eq!(steps(&mut reflector, inputs), ["wait", "watch 7", "wait", "watch 7"]);
}
