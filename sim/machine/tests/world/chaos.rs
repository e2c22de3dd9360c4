//! Everything at once: the world stays whole, repeats itself, and goes on once all is healed.

use crate::programs::{Diary, PORT, echo_server, program, seconds, world};
use host::{Host, Open, event};
use kernel::Draw;
use machine::{Crash, Effect, MachineId, Rule, Stations, Time, TraceHash, World};
use std::{net::SocketAddr, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const MACHINES: u64 = 4;
const FAULTS: u64 = 60;
const HEALED: u64 = 60;

/// Echoes with a random peer again and again, whatever happens, and keeps a count on disk.
async fn client(host: Host) {
    for round in 0u64.. {
        host.sleep(Duration::from_millis(20 + host.random.below(50))).await;
        let peer = format!("machine-{}", host.random.below(MACHINES));
        let Ok(addresses) = host.network.resolve(&peer, PORT).await else { continue };
        let echo = echo(&host, addresses[0]);
        if host.timeout(Duration::from_secs(2), echo).await.is_ok_and(|echoed| echoed.is_ok()) {
            event!(host, Fact, "echoed", round = round);
        }
        let saved = host.disk_job(move |disk| {
            let file = disk.open("round", Open::Create)?;
            file.write_at(0, &round.to_le_bytes())?;
            file.sync()
        });
        drop(saved.await);
        host.point("saved");
    }
}

async fn echo(host: &Host, to: SocketAddr) -> std::io::Result<()> {
    let mut stream = host.connect(to, Duration::from_secs(1)).await?;
    let message = host.random.next_u64().to_le_bytes();
    stream.write_all(&message).await?;
    let mut answer = [0; 8];
    stream.read_exact(&mut answer).await?;
    assert_eq!(answer, message, "bytes are never changed");
    Ok(())
}

/// Breaks something, at random.
fn strike(world: &World, draw: &mut Draw) {
    let machine = MachineId(draw.below(MACHINES) as u32);
    let process = if draw.happens(0.5) { "echo" } else { "client" };
    match draw.below(12) {
        0 => drop(world.kill(machine, process)),
        1 => world.start_all(machine),
        2 => drop(world.power_off(machine)),
        3 => drop(world.power_on(machine)),
        4 => world.pause(machine),
        5 => world.resume(machine),
        6 => world.set_clock_drift(machine, draw.between(0, 2_000_000_000) as i64 - 1_000_000_000),
        7 => world.set_cpu_slowdown(machine, Duration::from_micros(draw.below(5000))),
        8 => world.crash_at_point(machine, "saved", 1 + draw.below(3), Crash::Power),
        9 => world.disk(machine, |disk| disk.power_fails_after(draw.below(20))),
        10 => drop(world.network().reset_between(&Stations::only([machine]), &Stations::All)),
        _ => break_links(world, machine, draw),
    }
}

fn break_links(world: &World, machine: MachineId, draw: &mut Draw) {
    let effect = match draw.below(5) {
        0 => Effect::Block,
        1 => Effect::Clog,
        2 => Effect::Lose(0.3),
        3 => Effect::NameNotFound,
        _ => Effect::Delay { min: Duration::ZERO, max: Duration::from_millis(500) },
    };
    let (from, to) = (Stations::only([machine]), Stations::except([machine]));
    world.network().add_rule(Rule { from, to, both_ways: draw.happens(0.5), effect });
}

fn heal(world: &World) {
    world.network().heal();
    for machine in world.machines() {
        world.disarm_points(machine);
        world.resume(machine);
        world.correct_clock(machine);
        world.set_cpu_slowdown(machine, Duration::ZERO);
        world.power_cycle(machine);
    }
}

fn run(seed: u64) -> TraceHash {
    let world = world(seed);
    let diary = Diary::of(&world);
    for number in 0..MACHINES {
        let machine = world.add_machine(&format!("machine-{number}"));
        world.install(machine, "echo", echo_server());
        world.install(machine, "client", program(client));
        world.start_all(machine);
    }
    for number in 0..FAULTS {
        let mut draw = Draw::keyed(seed, number);
        let at = Time(draw.below(seconds(HEALED).0));
        world.at(at, move |world| strike(world, &mut draw));
    }
    world.at(seconds(HEALED), heal);
    world.run_until(seconds(HEALED + 20)).unwrap();
    for number in 0..MACHINES {
        let echoes = diary.lines();
        let name = format!("machine-{number}");
        assert!(world.is_running(MachineId(number as u32), "client"), "seed {seed}");
        let after = echoes.iter().filter(|line| line.starts_with(&format!("{name}: echoed")));
        let last = diary.last(&format!("{name}: echoed"));
        assert!(last > seconds(HEALED + 15), "seed {seed}: {name} last echoed at {last}");
        assert!(after.count() > 100, "seed {seed}: {name}");
    }
    let panics: Vec<_> = diary.lines().into_iter().filter(|it| it.contains("panic")).collect();
    assert!(panics.is_empty(), "seed {seed}: {panics:?}");
    let open = world.network().connections();
    assert!(open < 100, "seed {seed}: {open} connections were never forgotten");
    world.hash()
}

#[test]
fn a_world_in_chaos_repeats_itself_and_recovers() {
    for seed in 0..12 {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
}
