//! What is on a disk after each way of dying, and what disk work costs.

use crate::programs::{Diary, program, run, seconds, world};
use disk::DiskModel;
use host::{Disk, Host, Open, event};
use machine::{Crash, World};
use std::{io, time::Duration};

fn write(disk: &dyn Disk, path: &str, sync: bool) -> io::Result<()> {
    let file = disk.open(path, Open::Create)?;
    file.write_at(0, b"data")?;
    if sync {
        file.sync()?;
        disk.sync_dir("/")?;
    }
    Ok(())
}

/// Writes one file that is synced and one that is not, then waits.
async fn two_files(host: Host) {
    host.disk_job(|disk| write(disk, "synced", true)).await.unwrap();
    host.disk_job(|disk| write(disk, "cached", false)).await.unwrap();
    event!(host, Info, "written");
    std::future::pending::<()>().await;
}

fn contents(world: &World, machine: machine::MachineId, path: &str) -> Option<Vec<u8>> {
    world.disk(machine, |disk| disk.contents(path))
}

#[test]
fn a_killed_process_loses_nothing_that_it_wrote() {
    let world = world(1);
    let a = world.add_machine("a");
    run(&world, a, "writer", two_files);
    world.run_until(seconds(1)).unwrap();
    world.kill(a, "writer");
    assert_eq!(contents(&world, a, "cached").unwrap(), b"data");
}

#[test]
fn a_power_loss_keeps_what_was_synced_and_perhaps_the_rest() {
    let mut survived = 0;
    for seed in 0..40 {
        let world = world(seed);
        let a = world.add_machine("a");
        run(&world, a, "writer", two_files);
        world.run_until(seconds(1)).unwrap();
        world.power_cycle(a);
        assert_eq!(contents(&world, a, "synced").unwrap(), b"data", "seed {seed}");
        survived += u32::from(contents(&world, a, "cached").is_some_and(|data| data == b"data"));
    }
    assert!((1..39).contains(&survived), "{survived} of 40 unsynced files survived");
}

#[test]
fn a_reimaged_machine_is_empty_and_off() {
    let world = world(1);
    let a = world.add_machine("a");
    run(&world, a, "writer", two_files);
    world.run_until(seconds(1)).unwrap();
    world.reimage(a);
    assert!(!world.is_powered(a) && !world.is_running(a, "writer"));
    world.install(a, "writer", program(|_| std::future::pending()));
    world.power_on(a);
    assert!(world.is_running(a, "writer"));
    assert_eq!(contents(&world, a, "synced"), None);
}

#[test]
fn a_disk_job_takes_the_time_of_its_operations() {
    let world = world(1);
    let diary = Diary::of(&world);
    let a = world.add_machine("a");
    world.disk(a, |disk| {
        disk.faults.latency.sync_min = Duration::from_secs(1);
        disk.faults.latency.sync_max = Duration::from_secs(1);
        disk.faults.latency.tail_chance = 0.0;
    });
    run(&world, a, "writer", two_files);
    world.run_until(seconds(5)).unwrap();
    // A file's sync and its directory's.
    let at = diary.times("a: written")[0];
    assert!(at >= seconds(2) && at < seconds(3), "{at}");
}

#[test]
fn a_job_of_a_disk_that_is_mended_takes_the_mended_disks_time() {
    let world = world(1);
    let diary = Diary::of(&world);
    let a = world.add_machine("a");
    let slow = |operation| move |disk: &mut DiskModel| disk.faults.latency.operation = operation;
    world.disk(a, slow(Duration::from_secs(10)));
    run(&world, a, "writer", two_files);
    world.run_until(seconds(2)).unwrap();
    assert!(diary.times("a: written").is_empty());
    world.disk(a, slow(Duration::from_micros(2)));
    world.run_until(seconds(4)).unwrap();
    assert_eq!(diary.times("a: written").len(), 1);
}

#[test]
fn power_can_fail_between_any_two_operations_of_a_job() {
    let mut synced = 0;
    for operations in 0..12 {
        let world = world(operations);
        let diary = Diary::of(&world);
        let a = world.add_machine("a");
        world.disk(a, |disk| disk.power_fails_after(operations));
        run(&world, a, "writer", two_files);
        world.run_until(seconds(2)).unwrap();
        let finished = diary.has("a: written");
        assert_eq!(world.is_powered(a), finished, "after {operations} operations");
        assert_eq!(diary.has("a: powered off"), !finished);
        assert!(!diary.lines().iter().any(|line| line.contains("panic")), "dead men do not panic");
        synced += u32::from(contents(&world, a, "synced").is_some_and(|data| data == b"data"));
    }
    assert!(synced >= 6, "whatever was acknowledged is there: {synced}");
}

#[test]
fn a_power_loss_at_a_crash_point_takes_the_whole_machine() {
    let world = world(1);
    let a = world.add_machine("a");
    world.crash_at_point(a, "between", 1, Crash::Power);
    run(&world, a, "other", |_| std::future::pending());
    run(&world, a, "writer", |host| async move {
        let job = host.clone();
        host.disk_job(move |disk| {
            write(disk, "first", true).unwrap();
            job.point("between");
            assert!(write(disk, "second", true).is_err());
        })
        .await;
    });
    world.run_until(seconds(1)).unwrap();
    assert!(!world.is_powered(a) && !world.is_running(a, "other"));
    assert!(contents(&world, a, "first").is_some() && contents(&world, a, "second").is_none());
}

#[test]
fn a_lock_dies_with_its_holder() {
    let world = world(1);
    let diary = Diary::of(&world);
    let a = world.add_machine("a");
    let hold = |host: Host| async move {
        match host.disk.lock("lock") {
            Ok(lock) => {
                event!(host, Info, "held");
                let _lock = lock;
                std::future::pending::<()>().await;
            }
            Err(_) => event!(host, Info, "busy"),
        }
    };
    run(&world, a, "one", hold);
    run(&world, a, "two", hold);
    world.run_until(seconds(1)).unwrap();
    assert_eq!((diary.times("a: held").len(), diary.times("a: busy").len()), (1, 1));
    for process in ["one", "two"] {
        world.restart(a, process);
        world.run_for(Duration::from_secs(1)).unwrap();
    }
    assert_eq!(diary.times("a: held").len(), 2, "{:?}", diary.lines());
}
