//! Profiles: the default plugins, and what a configuration makes of them.
//!
//! Upstream: pkg/scheduler/apis/config/v1/default_plugins.go (mergePlugins),
//! framework/runtime/framework.go (expandMultiPointPlugins).

use super::fields::{ConfigError, Fields};
use crate::{
    framework::{Enabled, Point, Profile, Registry},
    objects::{items, text, texts},
    plugins,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Plugins that are switched on and off at a point, or at all.
#[derive(Debug, Default)]
struct Set {
    enabled: Enabled,
    disabled: Vec<String>,
}

impl Set {
    fn read(value: &Value) -> Self {
        let weight = |it: &Value| it["weight"].as_i64().unwrap_or(0);
        let enabled = items(value, "enabled").map(|it| (text(it, "name").to_owned(), weight(it)));
        let disabled = items(value, "disabled").map(|it| text(it, "name").to_owned());
        Self { enabled: enabled.collect(), disabled: disabled.collect() }
    }

    fn disables(&self, name: &str) -> bool {
        self.disabled.iter().any(|one| one == name || one == "*")
    }

    fn enables(&self, name: &str) -> bool {
        self.enabled.iter().any(|(one, _)| one == name)
    }
}

/// The default plugins as a profile changes them: what is named again stays in its place.
fn everywhere(own: &Set) -> Enabled {
    let mut all: Enabled = Vec::new();
    for (name, weight, _) in plugins::ALL {
        if !own.disables(name) {
            let again = own.enabled.iter().find(|(one, _)| one == name);
            all.push(again.cloned().unwrap_or_else(|| (name.to_owned(), weight)));
        }
    }
    let known: Vec<String> = all.iter().map(|(name, _)| name.clone()).collect();
    all.extend(own.enabled.iter().filter(|(name, _)| !known.contains(name)).cloned());
    all
}

/// The plugins at one point: those that the point itself names again, those that are everywhere,
/// and the others that the point names.
fn at_point(everywhere: &Enabled, own: &Set, takes_part: impl Fn(&str) -> bool) -> Enabled {
    let here = |name: &str| everywhere.iter().find(|(one, _)| one == name && takes_part(one));
    let weighed = |(name, weight): &(String, i64)| {
        let general = here(name).map_or(0, |(_, weight)| *weight);
        (name.clone(), if *weight == 0 { general } else { *weight })
    };
    let (again, others): (Enabled, Enabled) =
        own.enabled.iter().map(weighed).partition(|(name, _)| here(name).is_some());
    let general = everywhere
        .iter()
        .filter(|(name, _)| takes_part(name) && !own.disables(name) && !own.enables(name));
    again.into_iter().chain(general.cloned()).chain(others).collect()
}

/// All profiles; the default one where there are none.
///
/// `ignored`: resources that extenders count, and `NodeResourcesFit` does not.
pub(super) fn read(
    config: &Value,
    ignored: &[String],
    registry: &Registry,
) -> Result<Vec<Profile>, ConfigError> {
    let default = json!([{"schedulerName": "default-scheduler"}]);
    let list = &config["profiles"];
    let list = if list.as_array().is_none_or(Vec::is_empty) { &default } else { list };
    let all = percentage(config, "percentageOfNodesToScore")?;
    let mut profiles: Vec<Profile> = Vec::new();
    for value in list.as_array().into_iter().flatten() {
        let mut profile = one(value, ignored, registry)?;
        profile.percentage = percentage(value, "percentageOfNodesToScore")?.or(all);
        if profiles.iter().any(|other| other.name == profile.name) {
            let name = &profile.name;
            return Err(ConfigError(format!("profiles.schedulerName: Duplicate value: {name:?}")));
        }
        profiles.push(profile);
    }
    Ok(profiles)
}

fn percentage(value: &Value, name: &str) -> Result<Option<i32>, ConfigError> {
    match &value[name] {
        Value::Null => Ok(None),
        said => match said.as_i64().and_then(|it| i32::try_from(it).ok()) {
            Some(percent @ 0..=100) => Ok(Some(percent)),
            _ => Err(ConfigError(format!(
                "{name}: Invalid value: {said}: not in valid range [0-100]"
            ))),
        },
    }
}

fn one(value: &Value, ignored: &[String], registry: &Registry) -> Result<Profile, ConfigError> {
    let known = ["schedulerName", "percentageOfNodesToScore", "plugins", "pluginConfig"];
    let fields = Fields::of(value, "profiles.", &known)?;
    let sets = &value["plugins"];
    let mut points: Vec<&str> = Point::ALL.iter().map(|(_, name)| *name).collect();
    points.push("multiPoint");
    Fields::of(sets, "profiles.plugins.", &points)?;
    let mut arguments: BTreeMap<String, Value> = items(value, "pluginConfig")
        .map(|it| (text(it, "name").to_owned(), it["args"].clone()))
        .collect();
    if !ignored.is_empty() {
        let fit = arguments.entry("NodeResourcesFit".to_owned()).or_insert_with(|| json!({}));
        let all: Vec<_> =
            texts(fit, "ignoredResources").into_iter().chain(ignored.to_vec()).collect();
        fit["ignoredResources"] = json!(all);
    }
    let everywhere = everywhere(&Set::read(&sets["multiPoint"]));
    let mut taking_part: BTreeMap<String, &'static [Point]> = BTreeMap::new();
    for (name, _) in &everywhere {
        let none = Value::Null;
        let made =
            registry.get(name.as_str()).map(|build| build(arguments.get(name).unwrap_or(&none)));
        if let Some(Ok(plugin)) = made {
            taking_part.insert(name.clone(), plugin.points());
        } else if made.is_none() {
            return Err(ConfigError(format!("plugin {name:?} does not exist")));
        }
    }
    let mut enabled = BTreeMap::new();
    for (point, point_name) in Point::ALL {
        let takes_part =
            |name: &str| taking_part.get(name).is_none_or(|points| points.contains(&point));
        enabled.insert(point, at_point(&everywhere, &Set::read(&sets[point_name]), takes_part));
    }
    let name = fields.text("schedulerName", "default-scheduler");
    Profile::new(&name, registry, &enabled, &arguments)
        .map_err(|error| ConfigError(format!("initializing profiles: {error}")))
}
