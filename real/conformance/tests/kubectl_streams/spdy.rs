//! The kubelet's end of SPDY: terminals and forwarded ports.

use crate::command::{Act, Command};
use host::BoxStream;
use std::collections::BTreeMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wire::spdy::{Event, Session};

/// What a terminal is made of.
pub(crate) struct Plan {
    pub(crate) command: Command,
    pub(crate) stdin: bool,
    pub(crate) stdout: bool,
    pub(crate) stderr: bool,
    pub(crate) tty: bool,
}

impl Plan {
    fn streams(&self) -> usize {
        let more = [self.stdin, self.stdout, self.stderr, self.tty];
        1 + more.into_iter().filter(|wanted| *wanted).count()
    }
}

/// Reads once and says what came; none: the other end has gone.
async fn exchange(stream: &mut BoxStream, session: &mut Session) -> Option<Vec<Event>> {
    let output = session.output().split();
    stream.write_all(&output).await.ok()?;
    stream.flush().await.ok()?;
    let mut buffer = vec![0; 10_000];
    let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
    session.feed(&buffer[..count]);
    let mut events = Vec::new();
    while let Some(event) = session.next_event().unwrap() {
        events.push(event);
    }
    Some(events)
}

pub(crate) async fn terminal(mut stream: BoxStream, plan: Plan) {
    let (mut session, mut streams) = (Session::server(), BTreeMap::new());
    while let Some(events) = exchange(&mut stream, &mut session).await {
        for event in events {
            let acts = match event {
                Event::Opened { stream, headers, .. } => {
                    streams.insert(headers[0].1.clone(), stream);
                    let ready = streams.len() == plan.streams();
                    if ready { plan.command.start() } else { vec![] }
                }
                Event::Data { stream, bytes, fin } => {
                    let carries = |name: &str| streams.get(name) == Some(&stream);
                    let mut acts = match (carries("stdin"), carries("resize")) {
                        (true, _) => plan.command.hear(&bytes),
                        (_, true) => plan.command.resize(&bytes),
                        _ => vec![],
                    };
                    if fin && carries("stdin") {
                        acts.extend(plan.command.hear_end());
                    }
                    acts
                }
                _ => vec![],
            };
            for act in acts {
                carry_out(&mut session, &streams, act);
            }
        }
    }
}

fn carry_out(session: &mut Session, streams: &BTreeMap<String, u32>, act: Act) {
    let mut send = |name: &str, bytes: &[u8], fin| {
        if let Some(stream) = streams.get(name) {
            session.send(*stream, bytes, fin);
        }
    };
    match act {
        Act::Out(bytes) => send("stdout", &bytes, false),
        Act::Err(bytes) => send("stderr", &bytes, false),
        Act::End(status) => {
            send("error", status.to_string().as_bytes(), true);
            send("stdout", &[], true);
            send("stderr", &[], true);
        }
    }
}

/// Every port answers in capitals, but for the first letter that is `!`: that one is a fault.
pub(crate) async fn ports(mut stream: BoxStream) {
    let (mut session, mut kinds) = (Session::server(), BTreeMap::new());
    while let Some(events) = exchange(&mut stream, &mut session).await {
        for event in events {
            match event {
                Event::Opened { stream, headers, .. } => {
                    let find = |name: &str| headers.iter().find(|(key, _)| key == name);
                    let kind = find("streamtype").map(|(_, value)| value.clone());
                    assert!(find("port").is_some(), "{headers:?}");
                    kinds.insert(stream, kind.unwrap_or_default());
                }
                Event::Data { stream, bytes, fin } if kinds[&stream] == "data" => {
                    session.send(stream, &bytes.to_ascii_uppercase(), fin);
                    // Each connection opens its stream for errors first.
                    let mut below = kinds.range(..stream).rev();
                    let error = below.find(|(_, kind)| *kind == "error");
                    if let (true, Some((error, _))) = (fin, error) {
                        session.send(*error, b"", true);
                    }
                }
                _ => {}
            }
        }
    }
}
