//! `kubectl port-forward`, over WebSocket and over SPDY.

use crate::place::{Place, WEBSOCKETS};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpStream},
    process::{Child, Command, Stdio},
};

/// A program that is ended when dropped.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program and reads the port from the first line that it says.
pub(crate) fn listening(mut command: Command) -> (Running, u16) {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    said.read_line(&mut line).unwrap();
    // It says more later, and dies if nobody hears it.
    std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    let digits = line.split("127.0.0.1:").nth(1).unwrap_or_else(|| panic!("{line}"));
    let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
    (Running(child), digits.parse().unwrap())
}

#[test]
fn ports_are_forwarded_over_both_protocols() {
    let place = Place::start(&[]);
    for websockets in WEBSOCKETS {
        let args = ["port-forward", "--address=127.0.0.1", "p1", ":80"];
        let (_running, port) = listening(place.dialing(websockets, &args));
        for text in ["hello", "again"] {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            stream.write_all(text.as_bytes()).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            let mut heard = String::new();
            stream.read_to_string(&mut heard).unwrap();
            assert_eq!(heard, text.to_uppercase(), "over WebSocket: {websockets}");
        }
    }
}
