//! Tests of the translation, with the other halves of both protocols at its ends.

use super::*;
use crate::server::connect::joint::WAITING_BYTES_MAX;
use proptest::prelude::*;

fn terminal() -> Terminal {
    Terminal { stdin: true, stdout: true, stderr: true, ..Terminal::default() }
}

/// A kubelet that took all streams on, with its streams by what they carry.
fn taken_on(translation: &mut Translation) -> (Session, BTreeMap<String, u32>) {
    let (mut kubelet, mut streams) = (Session::server(), BTreeMap::new());
    kubelet.feed(&translation.to_kubelet().split());
    while let Some(event) = kubelet.next_event().unwrap() {
        let Event::Opened { stream, headers, .. } = event else { continue };
        streams.insert(headers[0].1.clone(), stream);
    }
    assert!(!translation.hears_client());
    translation.take_from_kubelet(&kubelet.output().split());
    assert!(translation.hears_client());
    (kubelet, streams)
}

fn send(translation: &mut Translation, message: &[u8]) {
    let mut frame = BytesMut::new();
    websocket::write(&mut frame, Opcode::Binary, message, Some([9, 8, 7, 6]));
    translation.take_from_client(&frame);
}

/// What the kubelet hears: stream, text, whether it is closed.
fn heard(translation: &mut Translation, kubelet: &mut Session) -> Vec<(u32, String, bool)> {
    kubelet.feed(&translation.to_kubelet().split());
    let mut heard = Vec::new();
    while let Some(event) = kubelet.next_event().unwrap() {
        if let Event::Data { stream, bytes, fin } = event {
            heard.push((stream, String::from_utf8(bytes.to_vec()).unwrap(), fin));
        }
    }
    heard
}

/// What the client is told: channel and text; a close is channel 255 with its code.
fn told(translation: &mut Translation) -> Vec<(u8, String)> {
    let mut client = websocket::Reader::of_server();
    client.feed(&translation.to_client().split());
    let mut told = Vec::new();
    while let Some(event) = client.next_event().unwrap() {
        told.push(match event {
            websocket::Event::Data { bytes, .. } => {
                (bytes[0], String::from_utf8(bytes[1..].to_vec()).unwrap())
            }
            websocket::Event::Close(code) => (255, code.unwrap_or_default().to_string()),
            other => (254, format!("{other:?}")),
        });
    }
    told
}

fn pair(channel: u8, text: &str) -> (u8, String) {
    (channel, text.to_owned())
}

#[test]
fn a_command_runs_from_its_input_to_its_status() {
    let mut translation = Translation::begin(&terminal());
    let (mut kubelet, streams) = taken_on(&mut translation);
    assert_eq!(streams.keys().collect::<Vec<_>>(), ["error", "stderr", "stdin", "stdout"]);
    send(&mut translation, b"\x00hello");
    send(&mut translation, b"\x04no terminal, no size");
    send(&mut translation, b"\xff\x00");
    let stdin = streams["stdin"];
    let expected = [(stdin, "hello".to_owned(), false), (stdin, String::new(), true)];
    assert_eq!(heard(&mut translation, &mut kubelet), expected);
    kubelet.send(streams["stdout"], b"out", true);
    kubelet.send(streams["stderr"], b"err", true);
    translation.take_from_kubelet(&kubelet.output().split());
    assert_eq!(told(&mut translation), [pair(1, ""), pair(1, "out"), pair(2, "err")]);
    assert!(!translation.is_over());
    kubelet.send(streams["error"], b"{\"status\":\"Failure\"}", true);
    translation.take_from_kubelet(&kubelet.output().split());
    assert!(translation.is_over());
    assert_eq!(told(&mut translation), [pair(3, "{\"status\":\"Failure\"}"), pair(255, "1000")]);
}

#[test]
fn a_terminal_has_a_size_and_no_second_output() {
    let mut translation = Translation::begin(&Terminal { tty: true, ..terminal() });
    let (mut kubelet, streams) = taken_on(&mut translation);
    assert_eq!(streams.keys().collect::<Vec<_>>(), ["error", "resize", "stdin", "stdout"]);
    send(&mut translation, b"\x04{\"Width\":80,\"Height\":24}");
    let size = (streams["resize"], "{\"Width\":80,\"Height\":24}".to_owned(), false);
    assert_eq!(heard(&mut translation, &mut kubelet), [size]);
    for name in ["stdout", "error"] {
        kubelet.send(streams[name], b"", true);
    }
    translation.take_from_kubelet(&kubelet.output().split());
    let success = pair(3, "{\"metadata\":{},\"status\":\"Success\"}");
    assert_eq!(told(&mut translation), [pair(1, ""), success, pair(255, "1000")]);
}

#[test]
fn a_kubelet_that_goes_or_falls_silent_is_no_success() {
    let failed = |translation: &mut Translation| {
        let told = told(translation);
        let status: Value = serde_json::from_str(&told[told.len() - 2].1).unwrap();
        assert_eq!((&status["status"], &status["code"]), (&json!("Failure"), &json!(500)));
        status["message"].as_str().unwrap().to_owned()
    };
    let mut gone = Translation::begin(&terminal());
    gone.kubelet_ended();
    assert!(failed(&mut gone).ends_with("unexpected EOF"));
    let mut silent = Translation::begin(&terminal());
    let (mut kubelet, _) = taken_on(&mut silent);
    for _ in 0..20 {
        silent.tick();
        kubelet.feed(&silent.to_kubelet().split());
        while kubelet.next_event().unwrap().is_some() {}
        silent.take_from_kubelet(&kubelet.output().split());
    }
    assert!(!silent.is_over(), "it answers");
    for _ in 0..=PINGS_MAX {
        silent.tick();
    }
    assert!(failed(&mut silent).ends_with("does not answer"));
}

proptest! {
    #[test]
    fn any_bytes_from_either_end_pass_or_end_it(
        pieces in prop::collection::vec(
            (any::<bool>(), prop::collection::vec(any::<u8>(), 0..200)), 0..30),
        taken in any::<bool>(),
    ) {
        let mut translation = Translation::begin(&terminal());
        if taken {
            taken_on(&mut translation);
        }
        for (client, piece) in pieces {
            if client && translation.hears_client() {
                translation.take_from_client(&piece);
            } else {
                translation.take_from_kubelet(&piece);
            }
        }
        prop_assert!(translation.to_client().len() <= WAITING_BYTES_MAX + 8192);
        prop_assert!(translation.to_kubelet().len() <= 64 * 1024);
    }
}
