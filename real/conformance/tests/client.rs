//! Our client of API servers on a real machine, with our `kube-apiserver`.

use client::{
    Api, Client, DeleteOptions, Informer, Kubeconfig, ListOptions, Notice, Patch, Queue, Resource,
    Selection, WriteOptions, queue::controller_default,
};
use conformance::{
    apiserver::ApiServer,
    cluster::{Cluster, Plan},
};
use host::{Host, NoProbe, stop_pair};
use serde_json::{Value, json};
use std::{
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

/// Longer than any wait in here.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs `work` on this machine.
fn on_linux<F: Future>(work: impl FnOnce(Host) -> F) -> F::Output {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().expect("a runtime");
    let host = linux::host("client", runtime.handle(), Arc::new(NoProbe));
    let limited = host.clone();
    let done = runtime.block_on(async { limited.timeout(PATIENCE, work(host)).await });
    done.expect("it ends in time")
}

/// An administrator by the same file that kubectl is given.
fn client(host: &Host, server: &ApiServer) -> Client {
    let text = std::fs::read_to_string(server.kubectl().config).expect("a kubeconfig");
    let file = Kubeconfig::parse(&text, "").expect("a context");
    let read = |path: &str| std::fs::read(path).map_err(|error| error.to_string());
    let mut config = file.config(host, read).expect("certificates");
    config.rate = None;
    Client::new(host, config).expect("a client")
}

fn config_maps(client: &Client) -> Api {
    client.resource(Resource::core("configmaps")).within("default")
}

fn config_map(name: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name},
        "data": {"value": value}})
}

async fn create(api: &Api, name: &str) {
    let created = api.create(&config_map(name, "0"), &WriteOptions::default()).await;
    assert!(created.is_ok(), "{created:?}");
}

async fn delete(api: &Api, name: &str) {
    let deleted = api.delete(name, &DeleteOptions::default()).await;
    assert!(deleted.is_ok(), "{deleted:?}");
}

/// Waits for what another task will bring about.
async fn until(host: &Host, what: &str, mut is_so: impl FnMut() -> bool) {
    let waited = host.timeout(PATIENCE / 2, async {
        while !is_so() {
            host.sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(waited.await.is_ok(), "never: {what}");
}

#[test]
fn objects_are_created_read_changed_and_deleted() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    on_linux(async |host| {
        let (api, plain) = (config_maps(&client(&host, &server)), WriteOptions::default());
        let created = api.create(&config_map("a", "1"), &plain).await.expect("created");
        let again = api.create(&config_map("a", "1"), &plain).await.expect_err("it exists");
        assert!(again.is_already_exists(), "{again}");
        assert_eq!(again.to_string(), "configmaps \"a\" already exists");

        let mut changed = created.clone();
        changed["data"]["value"] = "2".into();
        let changed = api.update(&changed, "", &plain).await.expect("updated");
        let stale = api.update(&created, "", &plain).await.expect_err("another was first");
        assert!(stale.is_conflict(), "{stale}");
        assert_eq!(api.get("a").await.expect("read"), changed);

        let add = json!([{"op": "add", "path": "/data/json", "value": "j"}]);
        let applied = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"applied": "a"}});
        let owner = WriteOptions { field_manager: "test".into(), ..WriteOptions::default() };
        for (patch, options) in [
            (Patch::Json(add), &plain),
            (Patch::Merge(json!({"data": {"merge": "m"}})), &plain),
            (Patch::Strategic(json!({"data": {"strategic": "s"}})), &plain),
            (Patch::Apply(applied), &owner),
        ] {
            api.patch("a", &patch, options).await.expect("patched");
        }
        let data =
            json!({"value": "2", "json": "j", "merge": "m", "strategic": "s", "applied": "a"});
        assert_eq!(api.get("a").await.expect("read")["data"], data);
        delete(&api, "a").await;
        let gone = api.get("a").await.expect_err("it is gone");
        assert!(gone.is_not_found(), "{gone}");
    });
}

#[test]
fn a_list_is_read_page_by_page_and_a_collection_is_deleted() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    on_linux(async |host| {
        let api = config_maps(&client(&host, &server));
        let names: Vec<_> = (0..7).map(|number| format!("page-{number}")).collect();
        for name in &names {
            create(&api, name).await;
        }
        let pages = ListOptions { limit: 3, ..ListOptions::default() };
        let page = api.list(&pages).await.expect("a page");
        assert_eq!((page.items.len(), page.continue_token.is_empty()), (3, false));
        let all = api.list_all(&pages).await.expect("all");
        let found: Vec<_> = all.items.iter().map(|item| client::name(item)).collect();
        assert_eq!(found, names);
        assert_eq!(all.items[0]["kind"], "ConfigMap");
        api.delete_all(&DeleteOptions::default(), &ListOptions::default()).await.expect("deleted");
        assert_eq!(api.list(&ListOptions::default()).await.expect("a list").items, []);
    });
}

#[test]
fn an_informer_follows_through_kill_9_of_the_server() {
    let etcd = Cluster::start(Plan::ours(1));
    let mut server = ApiServer::start(&etcd);
    on_linux(async |host| {
        let client = client(&host, &server);
        let api = config_maps(&client);
        create(&api, "early").await;
        let informer = Informer::new(api.clone(), Selection::default(), &[]);
        let told = Arc::new(Mutex::new(Vec::new()));
        let (queue, log) = (Queue::new(&host, controller_default()), told.clone());
        let keys = queue.clone();
        informer.add_handler(None, move |notice| {
            let word = match notice {
                Notice::Added { .. } => "added",
                Notice::Updated { .. } => "updated",
                Notice::Deleted { .. } => "deleted",
            };
            log.lock().expect("nobody panics").push(format!("{word} {}", notice.key()));
            keys.add(notice.key());
        });
        let (stopper, stop) = stop_pair();
        let running = informer.clone();
        let task = host.spawn("informer", async move { running.run(stop).await });
        informer.synced().await;
        assert!(informer.store().get(&client::Key::new("default", "early")).is_some());

        create(&api, "late").await;
        until(&host, "it sees a creation", || informer.store().len() == 2).await;
        server.process().kill();
        server.run();
        delete(&api, "early").await;
        create(&api, "after").await;
        let names = || {
            let store = informer.store();
            store.all().map(|object| client::name(object).to_owned()).collect::<Vec<_>>()
        };
        until(&host, "it sees what came after", || names() == ["after", "late"]).await;
        let expected = [
            "added default/early",
            "added default/late",
            "deleted default/early",
            "added default/after",
        ];
        assert_eq!(*told.lock().expect("nobody panics"), expected);
        let list = api.list(&ListOptions::default()).await.expect("a list");
        assert_eq!(informer.store().all().cloned().collect::<Vec<_>>(), list.items);

        queue.shut_down();
        let mut worked = Vec::new();
        while let Some(work) = queue.next().await {
            worked.push(work.to_string());
            work.succeeded();
        }
        assert_eq!(worked, ["default/early", "default/late", "default/after"]);
        stopper.stop();
        task.await.expect("it ends");
    });
}
