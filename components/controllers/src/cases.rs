//! Decisions as data: objects in, writes out.
//!
//! Each file in `cases/` is a scene and the plan that a controller must make of it. With `UPDATE=1`
//! in the environment the plans are written anew; read the difference before it is committed.

use api::time::Moment;
use client::{Error, Key, Object, Status, Store, reflector::Change};
use host::{Instant, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use crate::{
    controller::{Controller, Refusal, Scene},
    kinds::Kind,
    manager::Settings,
    plan::{Act, As, Facts, Plan, Question, Write},
    table::{self, What},
    view::View,
};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Case {
    why: String,
    controller: String,
    key: String,
    now: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<Refused>,
    objects: Vec<Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    facts: BTreeMap<String, Value>,
    plan: Vec<Value>,
}

#[derive(Deserialize, Serialize)]
struct Refused {
    verb: String,
    plural: String,
    message: String,
}

fn controller(name: &str) -> Box<dyn Controller> {
    let mut settings = Settings::new(client::Config::new(Vec::new()), "test");
    settings.root_authority = Some("CERTIFICATE".to_owned());
    let row = table::ALL.iter().find(|entry| entry.name == name);
    match row.map(|row| &row.what) {
        Some(What::Controller(make)) => make(&settings).expect("its settings are there"),
        _ => panic!("{name} is no controller with cases"),
    }
}

fn key(text: &str) -> Key {
    text.split_once('/').map_or_else(|| Key::new("", text), |(space, name)| Key::new(space, name))
}

fn facts(all: &BTreeMap<String, Value>) -> Facts {
    let mut facts = Facts::default();
    for (path, answer) in all {
        let answer = match answer {
            Value::String(reason) => Err(Error::from(Status {
                code: 404,
                reason: reason.clone(),
                name: path.rsplit('/').next().unwrap_or_default().to_owned(),
                ..Status::default()
            })),
            object => Ok(Arc::new(object.clone())),
        };
        for as_what in [As::Object, As::Metadata, As::Items, As::Discovery] {
            let question = Question { path: path.clone(), as_what };
            facts.0.insert(question, answer.clone());
        }
    }
    facts
}

fn stores(kinds: &[Kind], objects: &[Value]) -> Vec<(Kind, Store)> {
    let fill = |kind: &Kind| {
        let mut store = View::store();
        let own = objects.iter().filter(|object| object["kind"] == kind.name);
        let objects: Vec<Object> = own.cloned().map(Arc::new).collect();
        store.apply(Change::Replaced { objects, resource_version: "1000".into() });
        (*kind, store)
    };
    kinds.iter().map(fill).collect()
}

/// What of `new` is another than in `old`; `null` where it is gone.
fn difference(old: &Value, new: &Value) -> Value {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else { return new.clone() };
    let mut changed = Map::new();
    for (name, value) in new {
        match old.get(name) {
            Some(before) if before == value => {}
            Some(before) => drop(changed.insert(name.clone(), difference(before, value))),
            None => drop(changed.insert(name.clone(), value.clone())),
        }
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        changed.insert(name.clone(), Value::Null);
    }
    Value::Object(changed)
}

fn shown(write: &Write, objects: &[Value]) -> Value {
    let mut shown = write.shown();
    if let Act::Update(new, _) = &write.act {
        let old = objects.iter().find(|old| client::uid(old) == client::uid(new));
        shown["body"] = difference(old.unwrap_or(&Value::Null), new);
    }
    let members = shown.as_object_mut().expect("it is an object");
    members.retain(|_, value| !value.is_null());
    shown
}

fn plan(case: &Case) -> Vec<Value> {
    let mut controller = controller(&case.controller);
    let stores = stores(controller.watches(), &case.objects);
    let view = View::new(stores.iter().map(|(kind, store)| (*kind, store)).collect());
    let seconds = Moment::parse(&case.now).expect("a time").seconds.unsigned_abs();
    let refused = case.refused.as_ref().map(|refused| Refusal {
        verb: if refused.verb == "create" { "create" } else { "delete" },
        plural: refused.plural.clone(),
        error: Error::Lost(refused.message.clone()),
    });
    let scene = Scene {
        view: &view,
        facts: &facts(&case.facts),
        refused: refused.as_ref(),
        wall: Timestamp(seconds * 1_000_000_000),
        now: Instant(seconds * 1_000_000_000),
    };
    let Plan { questions, writes, again } = controller.decide(&key(&case.key), &scene);
    let open = questions.iter().filter(|question| scene.facts.answer(question).is_none());
    let mut all: Vec<Value> = open.map(|question| json!({"ask": question.path})).collect();
    all.extend(writes.iter().map(|write| shown(write, &case.objects)));
    all.extend(again.map(|wait| json!({"again": wait.as_secs_f64()})));
    all
}

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "cases are files, and a wish to write them a variable"
)]
fn plans_are_what_they_should_be() {
    let update = std::env::var("UPDATE").is_ok();
    let mut folders = vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/cases"))];
    let (mut seen, mut wrong) = (0, Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of cases") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a case");
            let mut case: Case = serde_yaml_ng::from_str(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let made = plan(&case);
            seen += 1;
            if made == case.plan {
                continue;
            }
            wrong.push(format!("{}: {}", path.display(), json!(made)));
            if update {
                let head = text.split("\nplan:").next().unwrap_or_default().to_owned();
                case.plan = made;
                let plan = BTreeMap::from([("plan", &case.plan)]);
                let plan = serde_yaml_ng::to_string(&plan).expect("it can be written");
                std::fs::write(&path, format!("{head}\n{plan}")).expect("it can be written");
            }
        }
    }
    assert!(seen > 10, "only {seen} cases were found");
    assert!(update || wrong.is_empty(), "{}", wrong.join("\n"));
}
