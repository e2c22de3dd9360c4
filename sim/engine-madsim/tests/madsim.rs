//! madsim reaches the verdict that every engine has to reach, and keeps what promises it can.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use engine_madsim::{Madsim, UNKEPT};
use engines::{Engine, cluster, echo, program};
use host::conformance::{CASES, Ground};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// In a thread of its own, so that hash keys are the seed's.
fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::spawn(work).join().unwrap()
}

#[test]
fn echo() {
    assert_eq!(apart(|| echo::run(&mut Madsim::new(1))), echo::Verdict::expected());
}

#[test]
fn one_member_survives_a_crash() {
    let outcome = apart(|| cluster::single_member(&mut Madsim::new(2)));
    assert_eq!(outcome.verdict, cluster::Verdict::KEPT, "{}", outcome.figures);
}

#[test]
fn three_members_survive_their_leader_the_same_way_twice() {
    let run = || cluster::three_members(&mut Madsim::new(3));
    let first = apart(run);
    assert_eq!(first.verdict, cluster::Verdict::KEPT, "{}", first.figures);
    assert_eq!(first.figures, apart(run).figures);
}

/// True when the case ended, and without a panic.
fn keeps(index: usize) -> bool {
    let ended = Arc::new(AtomicBool::new(false));
    let told = ended.clone();
    let ran = std::thread::spawn(move || {
        let mut engine = Madsim::new(1);
        let run = CASES[index].run;
        let address = std::net::IpAddr::from([10, 0, 0, 1]);
        let work = program(move |host| {
            let told = told.clone();
            async move {
                host.disk.create_dir("ground").unwrap();
                run(Ground { host, directory: "ground".into(), address }).await;
                told.store(true, Ordering::Relaxed);
            }
        });
        engine.install("node", work);
        assert_eq!(engine.address("node"), Some(address));
        engine.run_for(Duration::from_secs(60));
    });
    ran.join().is_ok() && ended.load(Ordering::Relaxed)
}

#[test]
fn madsim_keeps_the_promises_that_it_is_said_to_keep() {
    let broken = CASES.iter().enumerate().filter(|(index, _)| !keeps(*index));
    let broken: Vec<_> = broken.map(|(_, case)| case.name).collect();
    let excused: Vec<_> = UNKEPT.iter().map(|(name, _)| *name).collect();
    assert_eq!(broken, excused);
}
