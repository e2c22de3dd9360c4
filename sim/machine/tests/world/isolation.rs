//! Taking one machine out of a world leaves the chance of the others as it was.

use crate::programs::{PORT, echo_server, program, seconds};
use host::Host;
use kernel::Entry;
use machine::{Stalls, World, WorldConfig};
use std::{collections::BTreeMap, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

type Traces = BTreeMap<String, Vec<(u64, &'static str, u64, u64)>>;

/// Each machine's entries, by its name.
fn traces(world: &World) -> Traces {
    let mut traces = Traces::new();
    for (Entry { at, node, kind, a, b }, _) in world.take_trace() {
        let Some(node) = node else { continue };
        let name = world.name(node).to_string();
        traces.entry(name).or_default().push((at.0, kind.name, a, b));
    }
    traces
}

async fn beat(host: Host, server: String) {
    loop {
        let offset = host.random.below(50_000_000);
        host.sleep(Duration::from_millis(200) + Duration::from_nanos(offset)).await;
        let Ok(addresses) = host.network.resolve(&server, PORT).await else { continue };
        let Ok(mut stream) = host.connect(addresses[0], Duration::from_secs(1)).await else {
            continue;
        };
        if stream.write_all(b"beat").await.is_ok() {
            let _ = stream.read_exact(&mut [0; 4]).await;
        }
    }
}

/// Runs the named clients, each beating at the server that `server_of` gives.
fn run(
    clients: impl Iterator<Item = usize>,
    servers: usize,
    stalls: Stalls,
    server_of: fn(usize) -> usize,
) -> Traces {
    let world = World::new(WorldConfig { seed: 9, record: true, stalls, ..WorldConfig::default() });
    for number in 0..servers {
        let server = world.add_machine(&format!("server-{number}"));
        world.install(server, "echo", echo_server());
        world.start(server, "echo");
    }
    for number in clients {
        let client = world.add_machine(&format!("client-{number}"));
        let server = format!("server-{}", server_of(number));
        world.install(client, "beat", program(move |host| beat(host, server.clone())));
        world.start(client, "beat");
    }
    world.run_until(seconds(2)).unwrap();
    traces(&world)
}

#[test]
fn unrelated_machines_keep_their_exact_trace() {
    let pairs = |clients: &mut dyn Iterator<Item = usize>| {
        run(clients, 250, Stalls::default(), |number| number)
    };
    let mut all = pairs(&mut (0..250));
    let without = pairs(&mut (0..250).filter(|&number| number != 100));
    for gone in ["client-100", "server-100"] {
        assert!(all.remove(gone).is_some_and(|trace| trace.len() > 10));
    }
    let mut rest = without;
    rest.remove("server-100");
    assert_eq!(all.len(), 498);
    let changed: Vec<_> =
        all.iter().filter(|(name, trace)| rest.get(*name) != Some(trace)).collect();
    assert_eq!(changed.len(), 0, "{:?}", changed.iter().map(|(name, _)| name).collect::<Vec<_>>());
}

#[test]
fn machines_that_share_a_server_keep_theirs_when_nothing_stalls() {
    let star = |clients: &mut dyn Iterator<Item = usize>| run(clients, 1, Stalls::NONE, |_| 0);
    let mut all = star(&mut (0..500));
    let mut without = star(&mut (0..500).filter(|&number| number != 100));
    for changed in ["client-100", "server-0"] {
        all.remove(changed);
        without.remove(changed);
    }
    let changed = all.iter().filter(|(name, trace)| without.get(*name) != Some(trace)).count();
    assert_eq!((all.len(), changed), (499, 0));
}
