//! Promises about streams, datagrams and names.

use super::Ground;
use crate::{BoxStream, Listener};
use bytes::Bytes;
use std::{io::ErrorKind, net::SocketAddr, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const LIMIT: Duration = Duration::from_secs(10);

async fn listen(ground: &Ground) -> Box<dyn Listener> {
    let listener = ground.host.network.listen((ground.address, 0).into()).await.unwrap();
    assert_ne!(listener.local_addr().port(), 0, "a port was chosen");
    listener
}

/// Two ends of one connection: who connected, who accepted.
async fn pair(ground: &Ground) -> (BoxStream, BoxStream) {
    let mut listener = listen(ground).await;
    let connected = ground.host.connect(listener.local_addr(), LIMIT).await.unwrap();
    (connected, ground.host.accept(&mut *listener).await.unwrap())
}

pub(super) async fn bytes_arrive_in_order_both_ways(ground: Ground) {
    let (mut near, mut far) = pair(&ground).await;
    let sent: Vec<u8> = (0..1_000_000_u32).map(|index| (index % 251) as u8).collect();
    let echo = ground.host.spawn("conformance/echo", async move {
        let mut received = Vec::new();
        far.read_to_end(&mut received).await.unwrap();
        far.write_all(&received).await.unwrap();
        far.shutdown().await.unwrap();
    });
    near.write_all(&sent).await.unwrap();
    near.shutdown().await.unwrap();
    let mut received = Vec::new();
    near.read_to_end(&mut received).await.unwrap();
    assert!(received == sent);
    echo.await.unwrap();
}

pub(super) async fn both_ends_agree_on_their_addresses(ground: Ground) {
    let (near, far) = pair(&ground).await;
    assert_eq!(near.local_addr(), far.peer_addr());
    assert_eq!(near.peer_addr(), far.local_addr());
    assert_eq!(near.peer_addr().ip(), ground.address);
}

pub(super) async fn a_shutdown_is_an_end_for_the_reader_and_final_for_the_writer(ground: Ground) {
    let (mut near, mut far) = pair(&ground).await;
    near.write_all(b"last").await.unwrap();
    near.shutdown().await.unwrap();
    let mut received = Vec::new();
    far.read_to_end(&mut received).await.unwrap();
    assert_eq!(received, b"last");
    // The other direction stays open.
    far.write_all(b"still").await.unwrap();
    let mut still = [0; 5];
    near.read_exact(&mut still).await.unwrap();
    assert_eq!(near.write_all(b"more").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
}

pub(super) async fn a_stream_that_is_dropped_ends_at_the_other_side(ground: Ground) {
    let (near, mut far) = pair(&ground).await;
    drop(near);
    let read = ground.host.timeout(LIMIT, far.read(&mut [0; 1])).await.expect("no news");
    assert!(
        matches!(
            read.as_ref().map_err(std::io::Error::kind),
            Ok(0) | Err(ErrorKind::ConnectionReset)
        ),
        "{read:?}"
    );
}

pub(super) async fn a_writer_waits_for_a_reader(ground: Ground) {
    /// More than any machine buffers for one connection.
    const MUCH: usize = 64 << 20;
    let (mut near, mut far) = pair(&ground).await;
    let chunk = vec![7; 64 << 10];
    let mut written = 0;
    while written < MUCH {
        let write = near.write(&chunk);
        match ground.host.timeout(Duration::from_millis(100), write).await {
            Ok(count) => written += count.unwrap(),
            Err(_) => break,
        }
    }
    assert!(written < MUCH, "nothing ever held the writer back");
    let mut rest = written;
    let mut space = vec![0; 64 << 10];
    while rest > 0 {
        let count = far.read(&mut space).await.unwrap();
        assert!(count > 0 && count <= rest);
        rest -= count;
    }
    near.write_all(b"again").await.unwrap();
}

pub(super) async fn nobody_listening_is_refused(ground: Ground) {
    let listener = listen(&ground).await;
    let address = listener.local_addr();
    drop(listener);
    let error = ground.host.connect(address, LIMIT).await.err().expect("nobody listens");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

pub(super) async fn a_port_is_bound_once_and_free_again_afterwards(ground: Ground) {
    let network = &ground.host.network;
    let listener = listen(&ground).await;
    let address = listener.local_addr();
    let error = network.listen(address).await.err().expect("the port is taken");
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    drop(listener);
    assert_eq!(network.listen(address).await.unwrap().local_addr(), address);
}

pub(super) async fn datagrams_arrive_whole_with_their_sender(ground: Ground) {
    let network = &ground.host.network;
    let any: SocketAddr = (ground.address, 0).into();
    let near = network.datagrams(any).await.unwrap();
    let far = network.datagrams(any).await.unwrap();
    let receive = std::future::poll_fn(|cx| far.poll_receive(cx));
    let mut receive = std::pin::pin!(receive);
    // They may be lost: send until one arrives.
    for _ in 0..100 {
        near.send_to(far.local_addr(), Bytes::from_static(b"one datagram")).unwrap();
        let wait = Duration::from_millis(100);
        if let Ok(received) = ground.host.timeout(wait, receive.as_mut()).await {
            let (from, payload) = received.unwrap();
            assert_eq!((from, &payload[..]), (near.local_addr(), &b"one datagram"[..]));
            let large = Bytes::from(vec![0; 65_508]);
            assert!(near.send_to(far.local_addr(), large).is_err());
            return;
        }
    }
    panic!("a hundred datagrams were lost");
}

pub(super) async fn an_address_resolves_to_itself(ground: Ground) {
    let found = ground.host.network.resolve(&ground.address.to_string(), 9).await.unwrap();
    assert_eq!(found, [SocketAddr::from((ground.address, 9))]);
}
