//! What a server does at its limits.

use crate::{
    echo::call,
    setting::{Server, run},
};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wire::{
    client::{Channel, ChannelConfig, get},
    server::Limits,
};

const LIMIT: Duration = Duration::from_secs(5);

async fn start(host: &host::Host, limits: Limits) -> Server {
    Server::start_at(host, "127.0.0.1:0".parse().unwrap(), None, limits).await
}

#[test]
fn connections_beyond_the_limit_wait_for_a_place() {
    run(async |host| {
        let server = start(&host, Limits { connections_max: 1, ..Limits::default() }).await;
        let first = host.connect(server.address, LIMIT).await.unwrap();
        let endpoint = server.endpoint("http");
        let waits = Duration::from_millis(100);
        assert!(get(&host, &endpoint, None, "/", 100, waits).await.is_err());
        drop(first);
        get(&host, &endpoint, None, "/", 100, LIMIT).await.unwrap();
    });
}

#[test]
fn a_silent_connection_is_closed_after_the_handshake_limit() {
    run(async |host| {
        let handshake = Duration::from_millis(50);
        let server = start(&host, Limits { handshake, ..Limits::default() }).await;
        let mut silent = host.connect(server.address, LIMIT).await.unwrap();
        assert_eq!(silent.read(&mut [0; 1]).await.unwrap(), 0, "the server closes");
        let mut slow = host.connect(server.address, LIMIT).await.unwrap();
        slow.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        let mut answer = Vec::new();
        slow.read_to_end(&mut answer).await.unwrap();
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "an unfinished head is not answered");
    });
}

#[test]
fn large_headers_are_refused() {
    run(async |host| {
        let server = start(&host, Limits { header_bytes_max: 1024, ..Limits::default() }).await;
        let mut stream = host.connect(server.address, LIMIT).await.unwrap();
        let head = format!("GET / HTTP/1.1\r\nhost: a\r\nlong: {}\r\n\r\n", "x".repeat(2000));
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 431");
    });
}

#[test]
fn streams_beyond_the_limit_wait_for_others_to_end() {
    run(async |host| {
        let server = start(&host, Limits { streams_max: 2, ..Limits::default() }).await;
        let channel = server.channel(&host);
        let calls: Vec<_> = (0..50)
            .map(|number: u32| {
                let channel = channel.clone();
                host.spawn("test/call", async move {
                    call(&channel, "/test.Echo/Echo", number.to_string()).await
                })
            })
            .collect();
        for (number, call) in calls.into_iter().enumerate() {
            assert_eq!(call.await.unwrap().unwrap(), number.to_string());
        }
    });
}

#[test]
fn keep_alive_notices_a_server_that_fell_silent() {
    run(async |host| {
        let mut listener = host.network.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr()).parse().unwrap();
        let mute = host.clone();
        let _server = host.spawn("test/mute", async move {
            let mut stream = mute.accept(&mut *listener).await.unwrap();
            // Settings, so that the client takes us for an HTTP/2 server; then nothing.
            stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
            let mut sink = Vec::new();
            let _ = stream.read_to_end(&mut sink).await;
        });
        let config = ChannelConfig {
            keepalive_interval: Duration::from_millis(30),
            keepalive_timeout: Duration::from_millis(30),
            ..ChannelConfig::default()
        };
        let channel = Channel::new(&host, vec![endpoint], config);
        let status = call(&channel, "/test.Echo/Echo", String::new()).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::Unavailable, "{status}");
    });
}
