//! The kubelet's end of WebSocket: terminals, for nodes that declare that theirs takes them.

use crate::{command::Act, spdy::Plan};
use bytes::BytesMut;
use host::BoxStream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wire::websocket::{Event, Opcode, Reader, write};

pub(crate) async fn run(mut stream: BoxStream, plan: Plan) {
    let (mut reader, mut output) = (Reader::of_client(), BytesMut::new());
    for act in plan.command.start() {
        carry_out(&mut output, act);
    }
    let mut buffer = vec![0; 10_000];
    loop {
        let bytes = output.split();
        if stream.write_all(&bytes).await.is_err() || stream.flush().await.is_err() {
            return;
        }
        let Ok(count @ 1..) = stream.read(&mut buffer).await else { return };
        reader.feed(&buffer[..count]);
        while let Some(event) = reader.next_event().unwrap() {
            let acts = match event {
                // Messages of these tests are short: none comes in pieces.
                Event::Data { bytes, .. } => match bytes[..] {
                    [0, ref input @ ..] => plan.command.hear(input),
                    [4, ref size @ ..] => plan.command.resize(size),
                    [255, 0] => plan.command.hear_end(),
                    _ => vec![],
                },
                Event::Ping(bytes) => {
                    write(&mut output, Opcode::Pong, &bytes, None);
                    vec![]
                }
                Event::Close(_) => return,
                Event::Pong(_) => vec![],
            };
            for act in acts {
                carry_out(&mut output, act);
            }
        }
    }
}

fn carry_out(output: &mut BytesMut, act: Act) {
    let mut send = |channel: u8, bytes: &[u8]| {
        write(output, Opcode::Binary, &[&[channel], bytes].concat(), None);
    };
    match act {
        Act::Out(bytes) => send(1, &bytes),
        Act::Err(bytes) => send(2, &bytes),
        Act::End(status) => {
            send(3, status.to_string().as_bytes());
            write(output, Opcode::Close, &1000_u16.to_be_bytes(), None);
        }
    }
}
