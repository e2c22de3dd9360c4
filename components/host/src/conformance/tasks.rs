//! Promises about tasks and jobs.

use super::Ground;
use crate::{Children, Host, Task};
use std::future::pending;
use tokio::sync::oneshot;

/// A task that never ends, with a receiver that fails once the task's future is dropped.
async fn endless(host: &Host) -> (Task<()>, oneshot::Receiver<()>) {
    let (held, dropped) = oneshot::channel::<()>();
    let (started, running) = oneshot::channel();
    let task = host.spawn("conformance/endless", async move {
        let _held = held;
        started.send(()).unwrap();
        pending::<()>().await;
    });
    running.await.unwrap();
    (task, dropped)
}

pub(super) async fn a_task_gives_its_result(ground: Ground) {
    assert_eq!(ground.host.spawn("conformance/seven", async { 7 }).await, Ok(7));
}

pub(super) async fn dropping_a_task_cancels_it(ground: Ground) {
    let (task, dropped) = endless(&ground.host).await;
    assert!(!task.is_finished());
    drop(task);
    assert!(dropped.await.is_err(), "the future was dropped, not finished");
}

pub(super) async fn a_detached_task_runs_on(ground: Ground) {
    let (go, wait) = oneshot::channel();
    let (done, result) = oneshot::channel();
    let work = async move { done.send(wait.await.is_ok()).unwrap() };
    ground.host.spawn("conformance/detached", work).detach();
    go.send(()).unwrap();
    assert_eq!(result.await, Ok(true));
}

pub(super) async fn children_are_cancelled_with_their_parent(ground: Ground) {
    let mut children = Children::default();
    let mut ends = Vec::new();
    for _ in 0..3 {
        let (task, dropped) = endless(&ground.host).await;
        children.adopt(task);
        ends.push(dropped);
    }
    drop(children);
    for dropped in ends {
        assert!(dropped.await.is_err());
    }
}

pub(super) async fn a_disk_job_gives_its_result(ground: Ground) {
    let directory = ground.directory;
    let names = ground.host.disk_job(move |disk| disk.list(&directory)).await.unwrap();
    assert!(names.is_empty());
}
