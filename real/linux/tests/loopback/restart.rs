//! Servers that go and come back.

use crate::{
    echo::call,
    setting::{Server, run},
};
use host::{Backoff, Host, Task};
use std::time::Duration;
use tonic::{Code, Status};
use wire::{
    client::{Balance, Channel, ChannelConfig},
    server::Limits,
};

fn impatient(balance: Balance) -> ChannelConfig {
    let backoff = Backoff { first: Duration::from_millis(2), max: Duration::from_millis(10) };
    ChannelConfig { backoff, balance, ..ChannelConfig::default() }
}

#[test]
fn a_channel_finds_a_restarted_server() {
    run(async |host| {
        let server = Server::start(&host).await;
        let endpoint = server.endpoint("http");
        let channel = Channel::new(&host, vec![endpoint], impatient(Balance::RoundRobin));
        call(&channel, "/test.Echo/Echo", "1".to_owned()).await.unwrap();
        let address = server.address;
        server.stopper.stop();
        server.task.await.unwrap();

        let status = call(&channel, "/test.Echo/Echo", "2".to_owned()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        let wanted = "connection error: desc = \"transport: Error while dialing: dial tcp ";
        assert!(status.message().starts_with(wanted), "{status}");
        assert!(status.message().ends_with(": connect: connection refused\""), "{status}");

        let _server = Server::start_at(&host, address, None, Limits::default()).await;
        while let Err(status) = call(&channel, "/test.Echo/Echo", "3".to_owned()).await {
            assert_eq!(status.code(), Code::Unavailable);
            host.sleep(Duration::from_millis(2)).await;
        }
    });
}

/// A server, and a call that it is working on.
async fn busy(host: &Host) -> (Server, Task<Result<String, Status>>) {
    let server = Server::start(host).await;
    let channel = server.channel(host);
    let pending = host.spawn("test/call", async move {
        call(&channel, "/test.Echo/Wait", "answer".to_owned()).await
    });
    server.gate.arrived.acquire().await.unwrap().forget();
    (server, pending)
}

#[test]
fn a_call_in_flight_fails_when_its_server_is_cut() {
    run(async |host| {
        let (server, pending) = busy(&host).await;
        drop(server.task);
        let status = pending.await.unwrap().unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status}");
    });
}

#[test]
fn a_call_in_flight_is_answered_by_a_server_that_stops() {
    run(async |host| {
        let (server, pending) = busy(&host).await;
        server.stopper.stop();
        // Nobody new is let in while the call is worked on.
        while host.connect(server.address, Duration::from_secs(5)).await.is_ok() {}
        server.gate.open.add_permits(1);
        assert_eq!(pending.await.unwrap().unwrap(), "answer");
        server.task.await.unwrap();
    });
}

#[test]
fn a_call_that_outlives_the_time_to_drain_is_cut() {
    run(async |host| {
        let limits = Limits { drain: Duration::from_millis(20), ..Limits::default() };
        let at = "127.0.0.1:0".parse().unwrap();
        let server = Server::start_at(&host, at, None, limits).await;
        let channel = server.channel(&host);
        let pending = host.spawn("test/call", async move {
            call(&channel, "/test.Echo/Wait", String::new()).await
        });
        server.gate.arrived.acquire().await.unwrap().forget();
        server.stopper.stop();
        server.task.await.unwrap();
        assert_eq!(pending.await.unwrap().unwrap_err().code(), Code::Unavailable);
    });
}

#[test]
fn calls_move_on_to_an_endpoint_that_answers() {
    for balance in [Balance::RoundRobin, Balance::Pinned] {
        run(async move |host| {
            let (dead, alive) = (Server::start(&host).await, Server::start(&host).await);
            let endpoints = vec![dead.endpoint("http"), alive.endpoint("http")];
            let channel = Channel::new(&host, endpoints, impatient(balance));
            for _ in 0..4 {
                call(&channel, "/test.Echo/Echo", "1".to_owned()).await.unwrap();
            }
            dead.stopper.stop();
            dead.task.await.unwrap();
            for _ in 0..20 {
                call(&channel, "/test.Echo/Echo", "2".to_owned()).await.unwrap();
            }
        });
    }
}
