//! Replicas of a component elect a leader, also when the leader's machine loses power or its way to
//! the servers: never two at once, and soon another.

use crate::place::{Cluster, USER, client, seconds};
use client::election::{Elector, Timing};
use host::{Host, stop_pair};
use machine::{Stations, World};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// Who leads by their own account.
type Board = Arc<Mutex<[bool; 3]>>;

/// Takes part again and again, as a process that is started anew each time.
async fn candidate(host: Host, number: usize, board: Board) {
    let (client, identity) = (client(&host), format!("replica-{number}"));
    loop {
        let lease = ("default", "office");
        let elector = Elector::new(&client, lease, &identity, Timing::default()).unwrap();
        let (mut leading, own) = (elector.leading(), board.clone());
        let _note = host.spawn("note", async move {
            while leading.changed().await.is_ok() {
                own.lock().unwrap()[number] = *leading.borrow_and_update();
            }
        });
        let (_stopper, stop) = stop_pair();
        elector.run(stop).await;
        board.lock().unwrap()[number] = false;
        host.sleep(Duration::from_secs(1)).await;
    }
}

/// Looks now and from then on, ten times a second.
fn look(world: &World, board: &Board) {
    let leaders = board.lock().unwrap().iter().filter(|leads| **leads).count();
    assert!(leaders <= 1, "{leaders} leaders at {:?}", world.now());
}

#[test]
fn there_is_one_leader_and_soon_another() {
    for seed in 0..2 {
        let (cluster, board) = (Cluster::start(seed), Board::default());
        let machines = [0, 1, 2].map(|number| {
            let board = board.clone();
            cluster.user(&format!("replica-{number}"), move |host| {
                candidate(host, number, board.clone())
            })
        });
        let leader = || board.lock().unwrap().iter().position(|leads| *leads);
        let run = |from: u64, to: u64| {
            for tenth in from * 10..to * 10 {
                let at = Duration::from_millis(tenth * 100);
                cluster.world.run_until(at.into()).unwrap();
                look(&cluster.world, &board);
            }
        };
        run(0, 40);
        let first = leader().expect("somebody leads");
        // Its power goes; what it believed goes with it.
        cluster.world.power_off(machines[first]);
        board.lock().unwrap()[first] = false;
        run(40, 80);
        let second = leader().expect("another leads");
        assert_ne!(first, second, "seed {seed}");
        cluster.world.power_on(machines[first]);
        cluster.world.start(machines[first], USER);
        // It lives, and cannot renew: it must know by itself when others take over.
        let servers = Stations::only(cluster.servers);
        let rule = cluster.world.network().partition(Stations::only([machines[second]]), servers);
        run(80, 120);
        let third = leader().expect("another leads");
        assert_ne!(second, third, "seed {seed}");
        cluster.world.network().remove_rule(rule);
        run(120, 140);
        assert_eq!(leader(), Some(third), "seed {seed}: nobody takes it from one who renews");
        assert!(cluster.world.now() <= seconds(140));
    }
}
