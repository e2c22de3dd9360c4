//! A terminal over WebSocket at one end, over SPDY at the other: the half without I/O.
//!
//! Upstream: apiserver/pkg/util/proxy/{streamtranslator,websocket}.go, client-go/tools/remotecommand.
//! It differs where a kubelet's connection breaks off: upstream tells the client that its command
//! succeeded, for the stream of errors has ended without one.

use super::{
    joint::Joint,
    options::Terminal,
    tunnel::{GOODBYE, PROTOCOL_ERROR, pong},
};
use crate::{failure::Failure, kubelets::unworded};
use bytes::{Bytes, BytesMut};
use host::BoxStream;
use http_body_util::{BodyExt, Limited};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use wire::{
    client::{Connection, Fetched, RequestError},
    spdy::{Event, Session},
    websocket::{self, Opcode},
};

/// Channels of a terminal: the first byte of each message.
const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const ERROR: u8 = 3;
const RESIZE: u8 = 4;
/// Closes the channel that the next byte names.
const CLOSE: u8 = 255;

/// Of what a kubelet says when a command ends, and when it refuses one.
const STATUS_BYTES_MAX: usize = 256 * 1024;
/// Pings without an answer after which the kubelet counts as dead.
const PINGS_MAX: u32 = 6;

/// The state of a translation.
#[derive(Debug)]
pub(super) struct Translation {
    client: websocket::Reader,
    to_client: BytesMut,
    kubelet: Session,
    /// Streams by what they carry.
    streams: BTreeMap<u8, u32>,
    /// Those that the kubelet has not taken on.
    awaited: BTreeSet<u32>,
    /// Those on which the kubelet may yet send.
    open: BTreeSet<u32>,
    /// The channel of the message that is coming in; none: its first byte has not come.
    message: Option<u8>,
    /// What the kubelet says of the command's end.
    status: BytesMut,
    unanswered: u32,
    over: bool,
}

/// The kubelet's connection, or why there is none.
pub(super) async fn kubelet(fetched: Result<Fetched, RequestError>) -> Result<BoxStream, Failure> {
    let response = match fetched {
        Ok(Fetched::Switched(_, Connection(stream))) => return Ok(stream),
        Ok(Fetched::Response(response)) => response,
        Err(RequestError::Dial(error)) => {
            return Err(Failure::internal(format!("error dialing backend: {error}")));
        }
        Err(error) => return Err(Failure::internal(format!("error sending request: {error}"))),
    };
    let said = Limited::new(response.into_body(), STATUS_BYTES_MAX).collect().await;
    let said = said.map(|said| said.to_bytes()).unwrap_or_default();
    let status = serde_json::from_slice::<Value>(&said).ok();
    if let Some(status) = status.filter(|status| status["kind"] == "Status") {
        return Err(unworded(status["message"].as_str().unwrap_or_default()));
    }
    let said = String::from_utf8_lossy(&said);
    Err(Failure::internal(format!("unable to upgrade connection: {said}")))
}

impl Translation {
    /// Opens the streams that a terminal is made of.
    pub(super) fn begin(terminal: &Terminal) -> Self {
        let mut this = Self::idle();
        // What is first heard of the connection, for clients that wait for it.
        let first = match (terminal.stdout, terminal.stderr) {
            (true, _) => STDOUT,
            (false, true) => STDERR,
            (false, false) => ERROR,
        };
        this.tell(first, &[]);
        for (channel, name, wanted) in [
            (ERROR, "error", true),
            (STDIN, "stdin", terminal.stdin),
            (STDOUT, "stdout", terminal.stdout),
            // A terminal has one output.
            (STDERR, "stderr", terminal.stderr && !terminal.tty),
            (RESIZE, "resize", terminal.tty),
        ] {
            if wanted {
                let stream = this.kubelet.open(&[("streamtype", name)]);
                this.streams.insert(channel, stream);
                this.awaited.insert(stream);
                if [ERROR, STDOUT, STDERR].contains(&channel) {
                    this.open.insert(stream);
                }
            }
        }
        this
    }

    /// Tells the client why there is no terminal.
    pub(super) fn refused(why: &Failure) -> Self {
        let mut this = Self::idle();
        this.finish(&why.status().to_string());
        this
    }

    fn idle() -> Self {
        Self {
            client: websocket::Reader::of_client(),
            to_client: BytesMut::new(),
            kubelet: Session::client(),
            streams: BTreeMap::new(),
            awaited: BTreeSet::new(),
            open: BTreeSet::new(),
            message: None,
            status: BytesMut::new(),
            unanswered: 0,
            over: false,
        }
    }

    fn tell(&mut self, channel: u8, bytes: &[u8]) {
        let message = [&[channel], bytes].concat();
        websocket::write(&mut self.to_client, Opcode::Binary, &message, None);
    }

    fn close(&mut self, code: u16) {
        if !std::mem::replace(&mut self.over, true) {
            websocket::write(&mut self.to_client, Opcode::Close, &code.to_be_bytes(), None);
        }
    }

    /// The client gets to know how it ended, and that it has.
    fn finish(&mut self, status: &str) {
        if !self.over {
            self.tell(ERROR, status.as_bytes());
            self.close(GOODBYE);
        }
    }

    fn broken(&mut self, why: &str) {
        self.finish(&Failure::internal(why).status().to_string());
    }

    fn meet_client(&mut self, event: websocket::Event) {
        match event {
            websocket::Event::Data { first, last, mut bytes } => {
                if first {
                    self.message = None;
                }
                if self.message.is_none() && !bytes.is_empty() {
                    self.message = Some(bytes.split_to(1)[0]);
                }
                self.hear(&bytes);
                if last {
                    self.message = None;
                }
            }
            websocket::Event::Ping(bytes) => pong(&mut self.to_client, &bytes),
            websocket::Event::Pong(_) => {}
            websocket::Event::Close(_) => self.close(GOODBYE),
        }
    }

    /// Bytes of the message that is coming in.
    fn hear(&mut self, bytes: &[u8]) {
        match (self.message, bytes) {
            (Some(channel @ (STDIN | RESIZE)), [_, ..]) => {
                if let Some(stream) = self.streams.get(&channel) {
                    self.kubelet.send(*stream, bytes, false);
                }
            }
            (Some(CLOSE), [channel @ (STDIN | RESIZE), ..]) => {
                if let Some(stream) = self.streams.get(channel) {
                    self.kubelet.send(*stream, &[], true);
                }
            }
            _ => {}
        }
    }

    fn meet_kubelet(&mut self, event: Event) {
        match event {
            Event::Replied(stream) => {
                self.awaited.remove(&stream);
            }
            Event::Data { stream, bytes, fin } => {
                self.carry(stream, &bytes);
                if fin {
                    self.open.remove(&stream);
                }
            }
            Event::Reset(stream) => {
                if self.streams.get(&ERROR) == Some(&stream) && self.status.is_empty() {
                    return self.broken("error reading from error stream: stream reset");
                }
                self.awaited.remove(&stream);
                self.open.remove(&stream);
            }
            Event::Pong => self.unanswered = 0,
            Event::Opened { .. } | Event::GoAway => {}
        }
        if self.open.is_empty() {
            let success = json!({"metadata": {}, "status": "Success"}).to_string();
            let said = String::from_utf8_lossy(&self.status).into_owned();
            self.finish(if said.is_empty() { &success } else { &said });
        }
    }

    fn carry(&mut self, stream: u32, bytes: &Bytes) {
        let channel =
            self.streams.iter().find(|(_, id)| **id == stream).map(|(channel, _)| *channel);
        match channel {
            Some(ERROR) if self.status.len() + bytes.len() > STATUS_BYTES_MAX => {
                self.broken("the kubelet's status is too long");
            }
            Some(ERROR) => self.status.extend_from_slice(bytes),
            Some(channel) if !bytes.is_empty() => self.tell(channel, bytes),
            _ => {}
        }
    }
}

impl Joint for Translation {
    fn take_from_client(&mut self, bytes: &[u8]) {
        self.client.feed(bytes);
        while !self.over {
            match self.client.next_event() {
                Ok(Some(event)) => self.meet_client(event),
                Ok(None) => return,
                Err(_broken) => self.close(PROTOCOL_ERROR),
            }
        }
    }

    fn take_from_kubelet(&mut self, bytes: &[u8]) {
        self.kubelet.feed(bytes);
        while !self.over {
            match self.kubelet.next_event() {
                Ok(Some(event)) => self.meet_kubelet(event),
                Ok(None) => return,
                Err(broken) => self.broken(&broken.to_string()),
            }
        }
    }

    fn kubelet_ended(&mut self) {
        self.broken("error reading from error stream: unexpected EOF");
    }

    fn tick(&mut self) {
        self.unanswered += 1;
        if self.unanswered > PINGS_MAX {
            self.broken("the kubelet does not answer");
        } else if !self.over {
            self.kubelet.ping();
        }
    }

    /// What is sent on a stream before the kubelet has taken it on is lost there.
    fn hears_client(&self) -> bool {
        self.awaited.is_empty()
    }

    fn to_client(&mut self) -> &mut BytesMut {
        &mut self.to_client
    }

    fn to_kubelet(&mut self) -> &mut BytesMut {
        self.kubelet.output()
    }

    fn is_over(&self) -> bool {
        self.over
    }
}

#[cfg(test)]
#[path = "translation_tests.rs"]
mod tests;
