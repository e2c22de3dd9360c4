//! The crate `kube`, unmodified, with our `kube-apiserver`.

use conformance::{
    apiserver::ApiServer,
    cluster::{Cluster, Plan},
};
use futures_util::TryStreamExt;
use k8s_openapi::{
    api::core::v1::{ConfigMap, Event, Secret},
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client, Config, CustomResource, CustomResourceExt, Resource, ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
    runtime::{
        events::{EventType, Recorder, Reporter},
        wait::{await_condition, conditions},
        watcher,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{collections::BTreeMap, future::Future};

#[derive(CustomResource, Serialize, Deserialize, Clone, PartialEq, Debug, JsonSchema)]
#[kube(group = "example.com", version = "v1", kind = "Toy", namespaced, status = "ToyStatus")]
struct ToySpec {
    size: i32,
    color: Option<String>,
}

#[derive(Serialize, Deserialize, Clone, PartialEq, Debug, JsonSchema)]
struct ToyStatus {
    sold: bool,
}

/// Lets somebody talk to a server of their own.
fn talks<F: Future<Output = Result<(), kube::Error>>>(talk: impl FnOnce(Client) -> F) {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let config = Kubeconfig::read_from(server.kubectl().config).expect("a kubeconfig");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await;
        let client = Client::try_from(config.expect("a configuration")).expect("a client");
        talk(client).await.expect("all requests succeed");
    });
}

fn config_map(name: &str) -> ConfigMap {
    let data = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
    let mut made = ConfigMap { data: Some(data), ..ConfigMap::default() };
    made.metadata.name = Some(name.to_owned());
    made
}

/// Status and reason of a refusal.
fn refusal<T: std::fmt::Debug>(result: Result<T, kube::Error>) -> (u16, String) {
    match result {
        Err(kube::Error::Api(status)) => (status.code, status.reason.clone()),
        other => panic!("a refusal was expected: {other:?}"),
    }
}

#[test]
fn objects_are_written_read_and_refused() {
    talks(|client| async move {
        let maps: Api<ConfigMap> = Api::default_namespaced(client);
        let post = PostParams::default();
        let mut made = maps.create(&post, &config_map("a")).await?;
        let again = maps.create(&post, &config_map("a")).await;
        assert_eq!(refusal(again), (409, "AlreadyExists".into()));
        assert_eq!(refusal(maps.get("none").await), (404, "NotFound".into()));
        assert_eq!(maps.get_opt("none").await?, None);
        let stale = made.clone();
        made.data = None;
        maps.replace("a", &post, &made).await?;
        let refused = maps.replace("a", &post, &stale).await;
        assert_eq!(refusal(refused), (409, "Conflict".into()));
        let strict = PatchParams {
            field_validation: Some(kube::api::ValidationDirective::Strict),
            ..PatchParams::default()
        };
        let refused = maps.patch("a", &strict, &Patch::Strategic(json!({"foo": 1}))).await;
        assert_eq!(refusal(refused), (422, "Invalid".into()));
        for index in 0..5 {
            maps.create(&post, &config_map(&format!("p{index}"))).await?;
        }
        let mut names = Vec::new();
        let mut page = ListParams::default().limit(2);
        loop {
            let list = maps.list(&page).await?;
            names.extend(list.items.iter().map(ResourceExt::name_any));
            let Some(next) = list.metadata.continue_.filter(|next| !next.is_empty()) else { break };
            page = page.continue_token(&next);
        }
        assert_eq!(names, ["a", "p0", "p1", "p2", "p3", "p4"]);
        maps.delete("a", &DeleteParams::default()).await?;
        Ok(())
    });
}

#[test]
fn what_is_applied_has_owners() {
    talks(|client| async move {
        let maps: Api<ConfigMap> = Api::default_namespaced(client);
        let patch = |data| {
            let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data});
            Patch::Apply(object)
        };
        let one = PatchParams::apply("one");
        maps.patch("a", &one, &patch(json!({"x": "1", "y": "1"}))).await?;
        let two = PatchParams::apply("two");
        let refused = maps.patch("a", &two, &patch(json!({"x": "2"}))).await;
        assert_eq!(refusal(refused), (409, "Conflict".into()));
        maps.patch("a", &two.force(), &patch(json!({"x": "2"}))).await?;
        let left = maps.patch("a", &one, &patch(json!({}))).await?;
        assert_eq!(left.data, Some(BTreeMap::from([("x".to_owned(), "2".to_owned())])));
        Ok(())
    });
}

#[test]
fn a_derived_definition_is_used() {
    talks(|client| async move {
        let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
        let apply = PatchParams::apply("test").force();
        definitions.patch("toys.example.com", &apply, &Patch::Apply(Toy::crd())).await?;
        let established = conditions::is_crd_established();
        let waited = await_condition(definitions, "toys.example.com", established).await;
        waited.expect("it is established");
        let toys: Api<Toy> = Api::default_namespaced(client);
        let toy = Toy::new("ball", ToySpec { size: 3, color: None });
        toys.create(&PostParams::default(), &toy).await?;
        let sold = json!({"status": {"sold": true}});
        let sold = toys.patch_status("ball", &PatchParams::default(), &Patch::Merge(sold)).await?;
        assert_eq!((sold.spec.size, sold.status), (3, Some(ToyStatus { sold: true })));
        let wrong = json!({"spec": {"size": "big"}});
        let refused = toys.patch("ball", &PatchParams::default(), &Patch::Merge(wrong)).await;
        assert_eq!(refusal(refused), (422, "Invalid".into()));
        Ok(())
    });
}

/// Both ways to begin: a list first, and a stream from the first object on.
#[test]
fn watchers_see_everything() {
    talks(|client| async move {
        for (name, config) in [
            ("listed", watcher::Config::default().page_size(1)),
            ("streamed", watcher::Config::default().streaming_lists()),
        ] {
            let secrets: Api<Secret> = Api::default_namespaced(client.clone());
            let make = |name: String| {
                let mut made = Secret::default();
                made.metadata.name = Some(name);
                made
            };
            for index in 0..3 {
                secrets.create(&PostParams::default(), &make(format!("{name}{index}"))).await?;
            }
            let mut events = Box::pin(watcher(secrets.clone(), config));
            let mut seen = Vec::new();
            while let Some(event) = events.try_next().await.expect("a watch goes on") {
                seen.push(event.to_string());
                match event {
                    watcher::Event::InitDone => {
                        secrets.create(&PostParams::default(), &make("later".into())).await?;
                        secrets.delete("later", &DeleteParams::default()).await?;
                    }
                    watcher::Event::Delete(_) => break,
                    _ => {}
                }
            }
            let listed = (0..3).map(|index| format!("InitApply({name}{index})"));
            let rest = ["InitDone", "Apply(later)", "Delete(later)"].map(str::to_owned);
            let expected: Vec<String> =
                ["Init".to_owned()].into_iter().chain(listed).chain(rest).collect();
            assert_eq!(seen, expected);
            for index in 0..3 {
                secrets.delete(&format!("{name}{index}"), &DeleteParams::default()).await?;
            }
        }
        Ok(())
    });
}

#[test]
fn events_are_recorded_once_and_counted() {
    talks(|client| async move {
        let maps: Api<ConfigMap> = Api::default_namespaced(client.clone());
        let made = maps.create(&PostParams::default(), &config_map("a")).await?;
        let recorder = Recorder::new(client.clone(), Reporter::from("test"));
        let event = kube::runtime::events::Event {
            type_: EventType::Normal,
            reason: "Seen".into(),
            note: Some("somebody looked".into()),
            action: "Looking".into(),
            secondary: None,
        };
        for _ in 0..3 {
            recorder.publish(&event, &made.object_ref(&())).await?;
        }
        let events: Api<Event> = Api::default_namespaced(client);
        let fields = ListParams::default().fields("involvedObject.name=a,reason=Seen");
        let found = events.list(&fields).await?.items;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].series.as_ref().and_then(|series| series.count), Some(3));
        Ok(())
    });
}
