//! Servers that go and come back.

use crate::{
    echo::call,
    setting::{Server, run},
};
use host::Backoff;
use std::time::Duration;
use tonic::Code;
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

#[test]
fn a_call_in_flight_fails_when_its_server_is_cut_and_drains_when_it_stops() {
    run(async |host| {
        let server = Server::start(&host).await;
        let channel = server.channel(&host);
        call(&channel, "/test.Echo/Echo", "1".to_owned()).await.unwrap();
        let caller = channel.clone();
        let pending = host.spawn("test/call", async move {
            call(&caller, "/test.Echo/Sleep", String::new()).await
        });
        host.sleep(Duration::from_millis(50)).await;
        drop(server.task);
        let status = pending.await.unwrap().unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status}");
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
