//! Lives and deaths of processes: what they leave, and what they can no longer do.

use crate::programs::{Diary, PORT, door, echo_server, everywhere, run, seconds, world};
use host::{Host, Open, event};
use machine::{Crash, Time};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::io::AsyncReadExt;

#[test]
fn a_panic_kills_its_process_and_nothing_else() {
    let world = world(1);
    let diary = Diary::of(&world);
    let a = world.add_machine("a");
    run(&world, a, "fragile", |host| async move {
        host.spawn("child", async { panic!("oh dear") }).detach();
        host.sleep(Duration::from_secs(1)).await;
        event!(host, Info, "survived");
    });
    run(&world, a, "sturdy", |host| async move {
        host.sleep(Duration::from_secs(2)).await;
        event!(host, Info, "unharmed");
    });
    world.run_until(seconds(3)).unwrap();
    let lines = diary.lines();
    let panic = lines.iter().find(|line| line.starts_with("a: panic message=oh dear (")).unwrap();
    assert!(panic.ends_with("task=child"), "{panic}");
    assert!(diary.has("a: panicked fragile") && !diary.has("a: survived"));
    assert!(diary.has("a: unharmed") && diary.has("a: exited sturdy"));
    assert!(!world.is_running(a, "fragile"));
}

#[test]
fn a_clean_exit_closes_what_the_process_held() {
    let world = world(1);
    let diary = Diary::of(&world);
    let (a, b) = (world.add_machine("a"), world.add_machine("b"));
    let to = door(&world, b);
    run(&world, b, "greeter", |host| async move {
        let mut listener = host.network.listen(everywhere(PORT)).await.unwrap();
        let stream = host.accept(&mut *listener).await.unwrap();
        // Still held by a task of its own when the program returns.
        host.spawn("holder", async move {
            let _stream = stream;
            std::future::pending::<()>().await;
        })
        .detach();
    });
    run(&world, a, "guest", move |host| async move {
        host.sleep(Duration::from_secs(1)).await;
        let mut stream = host.connect(to, Duration::from_secs(1)).await.unwrap();
        let size = stream.read(&mut [0; 8]).await.unwrap();
        event!(host, Info, "end of stream", size = size);
    });
    world.run_until(seconds(5)).unwrap();
    assert!(diary.has("b: exited greeter"));
    assert!(diary.has("a: end of stream size=0"), "{:?}", diary.lines());
    assert_eq!(world.network().connections(), 0);
}

/// Writes to disk when it is dropped.
struct LastWill(Host);

impl Drop for LastWill {
    fn drop(&mut self) {
        if let Ok(file) = self.0.disk.open("will", Open::Create) {
            let _ = file.write_at(0, b"mine");
        }
    }
}

#[test]
fn a_destructor_of_a_killed_process_has_no_effect() {
    let world = world(1);
    let a = world.add_machine("a");
    run(&world, a, "testator", |host| async move {
        let _will = LastWill(host.clone());
        std::future::pending::<()>().await;
    });
    world.run_until(seconds(1)).unwrap();
    assert!(world.kill(a, "testator"));
    assert_eq!(world.disk(a, |disk| disk.contents("will")), None);
}

#[test]
fn a_handle_of_an_old_boot_reaches_nothing_of_the_new_one() {
    let world = world(1);
    let diary = Diary::of(&world);
    let a = world.add_machine("a");
    let kept: Arc<Mutex<Vec<Host>>> = Arc::default();
    let keep = kept.clone();
    run(&world, a, "phoenix", move |host| {
        keep.lock().unwrap().push(host);
        std::future::pending()
    });
    world.run_until(seconds(1)).unwrap();
    assert!(world.restart(a, "phoenix"));
    world.run_until(seconds(2)).unwrap();
    let [old, new] = kept.lock().unwrap().clone().try_into().unwrap();
    assert!(old.disk.open("file", Open::Create).is_err());
    assert!(new.disk.open("file", Open::Create).is_ok());
    let (ours, theirs) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
    for (host, count) in [(old, &theirs), (new, &ours)] {
        let count = count.clone();
        event!(host, Info, "hello");
        host.spawn("task", async move { *count.lock().unwrap() += 1 }).detach();
    }
    world.run_until(seconds(3)).unwrap();
    assert_eq!((*ours.lock().unwrap(), *theirs.lock().unwrap()), (1, 0));
    assert_eq!(diary.times("a: hello").len(), 1);
}

#[test]
fn a_crash_point_stops_a_process_dead_at_its_nth_passing() {
    let world = world(1);
    let diary = Diary::of(&world);
    let a = world.add_machine("a");
    world.crash_at_point(a, "step", 3, Crash::Process);
    run(&world, a, "stepper", |host| async move {
        for number in 1..=9u64 {
            host.point("step");
            // The process that crashed runs on to its next await, with no effect.
            event!(host, Info, "after", number = number);
            let file = host.disk.open(&number.to_string(), Open::Create);
            assert_eq!(file.is_err(), number == 3);
            host.sleep(Duration::from_secs(1)).await;
        }
    });
    world.run_until(seconds(20)).unwrap();
    assert!(diary.has("a: after number=2") && !diary.has("a: after number=3"));
    assert_eq!(diary.times("a: crashed stepper").len(), 1);
    assert_eq!(world.points(a).get("step"), Some(&3));
    assert_eq!(world.disk(a, |disk| disk.tree().len()), 2, "files 1 and 2");
}

#[test]
fn a_paused_machine_stands_still_and_goes_on() {
    let world = world(1);
    let diary = Diary::of(&world);
    let a = world.add_machine("a");
    run(&world, a, "ticker", |host| async move {
        let mut ticks = host.interval(Duration::from_secs(1));
        loop {
            ticks.tick().await;
            event!(host, Info, "tick");
        }
    });
    world.at(Time(2_500_000_000), move |world| world.pause(a));
    world.at(Time(7_500_000_000), move |world| world.resume(a));
    world.run_until(seconds(10)).unwrap();
    let ticks: Vec<u64> = diary.times("a: tick").iter().map(|at| at.0 / 100_000_000).collect();
    assert_eq!(ticks, [10, 20, 75, 85, 95]);
}

#[test]
fn a_slow_cpu_makes_steps_take_time() {
    let world = world(1);
    let diary = Diary::of(&world);
    let a = world.add_machine("a");
    world.set_cpu_slowdown(a, Duration::from_millis(100));
    run(&world, a, "worker", |host| async move {
        let children: Vec<_> = (0..10).map(|_| host.spawn("child", async {})).collect();
        for child in children {
            child.await.unwrap();
        }
        event!(host, Info, "done");
    });
    world.run_until(seconds(10)).unwrap();
    let done = diary.times("a: done")[0];
    assert!(done >= Time(1_000_000_000) && done < seconds(3), "{done}");
}

#[test]
fn a_world_that_ends_frees_everything_in_it() {
    let witness = Arc::new(());
    let world = world(1);
    let (a, b) = (world.add_machine("a"), world.add_machine("b"));
    let to = door(&world, b);
    world.install(b, "echo", echo_server());
    world.start(b, "echo");
    let held = witness.clone();
    run(&world, a, "holder", move |host| {
        let held = held.clone();
        async move {
            host.sleep(Duration::from_secs(1)).await;
            let stream = host.connect(to, Duration::from_secs(1)).await.unwrap();
            let _kept = (held, stream, host.disk.open("file", Open::Create).unwrap());
            host.sleep(Duration::from_secs(1000)).await;
        }
    });
    let held = witness.clone();
    world.at(seconds(100), move |_| drop(held));
    world.run_until(seconds(5)).unwrap();
    assert_eq!(Arc::strong_count(&witness), 4);
    drop(world);
    assert_eq!(Arc::strong_count(&witness), 1);
}
