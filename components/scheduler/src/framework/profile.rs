//! A scheduler's name, and the plugins that it asks at each point.
//!
//! Upstream: pkg/scheduler/framework/runtime/framework.go (NewFramework, expandMultiPointPlugins).

use super::{Plugin, SharedPlugin};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Where plugins take part.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Point {
    /// Whether a pod may be tried.
    PreEnqueue,
    /// Which pod is next.
    QueueSort,
    /// Before nodes are looked at.
    PreFilter,
    /// Whether a node will do.
    Filter,
    /// Where none will do.
    PostFilter,
    /// Before nodes are compared.
    PreScore,
    /// How good a node is.
    Score,
    /// What must be kept for the pod.
    Reserve,
    /// Whether it may be bound now.
    Permit,
    /// What must be true before.
    PreBind,
    /// How it is bound.
    Bind,
    /// What is done after.
    PostBind,
}

impl Point {
    /// All, as configurations name them.
    pub const ALL: [(Self, &'static str); 12] = [
        (Self::PreEnqueue, "preEnqueue"),
        (Self::QueueSort, "queueSort"),
        (Self::PreFilter, "preFilter"),
        (Self::Filter, "filter"),
        (Self::PostFilter, "postFilter"),
        (Self::PreScore, "preScore"),
        (Self::Score, "score"),
        (Self::Reserve, "reserve"),
        (Self::Permit, "permit"),
        (Self::PreBind, "preBind"),
        (Self::Bind, "bind"),
        (Self::PostBind, "postBind"),
    ];
}

/// Plugins in their order, with weights; zero: none was said.
pub type Enabled = Vec<(String, i64)>;

/// Makes a plugin of its arguments, which are null where a profile says nothing.
pub type Builder = fn(&Value) -> Result<Arc<dyn Plugin>, String>;

/// Plugins by name.
pub type Registry = BTreeMap<&'static str, Builder>;

/// Why a profile cannot be.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProfileError {
    /// No plugin of this name.
    #[error("plugin {0:?} does not exist")]
    Unknown(String),
    /// A plugin does not take part there.
    #[error("plugin {0:?} does not extend {1} plugin")]
    NotThere(String, &'static str),
    /// A plugin is named twice.
    #[error("plugin {0:?} already registered as {1:?}")]
    Twice(String, &'static str),
    /// A plugin does not like its arguments.
    #[error("initializing plugin {0:?}: {1}")]
    Arguments(String, String),
    /// Not exactly one plugin orders the queue.
    #[error("exactly one queue sort plugin required for profile with scheduler name {0:?}")]
    Sort(String),
    /// No plugin binds pods.
    #[error("at least one bind plugin is needed for profile with scheduler name {0:?}")]
    Bind(String),
}

/// One scheduler of this process.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Pods ask for it by this name.
    pub name: String,
    /// Of all nodes, how many have to be found fit before they are compared; none: by the size of
    /// the cluster.
    pub percentage: Option<i32>,
    points: BTreeMap<Point, Vec<SharedPlugin>>,
    weights: BTreeMap<&'static str, i64>,
}

impl Profile {
    /// A profile of these plugins at each point.
    ///
    /// # Errors
    /// [`ProfileError`].
    pub fn new(
        name: &str,
        registry: &Registry,
        enabled: &BTreeMap<Point, Enabled>,
        arguments: &BTreeMap<String, Value>,
    ) -> Result<Self, ProfileError> {
        let mut profile = Self {
            name: name.to_owned(),
            percentage: None,
            points: BTreeMap::new(),
            weights: BTreeMap::new(),
        };
        let mut built: BTreeMap<&str, SharedPlugin> = BTreeMap::new();
        for (point, point_name) in Point::ALL {
            let mut seen = BTreeSet::new();
            for (plugin, weight) in enabled.get(&point).into_iter().flatten() {
                if !seen.insert(plugin) {
                    return Err(ProfileError::Twice(plugin.clone(), point_name));
                }
                let made = match built.get(plugin.as_str()) {
                    Some(made) => made.clone(),
                    None => build(registry, plugin, arguments)?,
                };
                built.insert(plugin, made.clone());
                if !made.points().contains(&point) {
                    return Err(ProfileError::NotThere(plugin.clone(), point_name));
                }
                if point == Point::Score {
                    profile.weights.insert(made.name(), if *weight == 0 { 1 } else { *weight });
                }
                profile.points.entry(point).or_default().push(made);
            }
        }
        profile.check()
    }

    fn check(self) -> Result<Self, ProfileError> {
        if self.at(Point::QueueSort).len() != 1 {
            return Err(ProfileError::Sort(self.name));
        }
        if self.at(Point::Bind).is_empty() {
            return Err(ProfileError::Bind(self.name));
        }
        Ok(self)
    }

    /// The plugins at a point, in their order.
    pub fn at(&self, point: Point) -> &[SharedPlugin] {
        self.points.get(&point).map_or(&[], Vec::as_slice)
    }

    /// A plugin takes part at a point.
    pub fn has(&self, point: Point, plugin: &str) -> bool {
        self.at(point).iter().any(|one| one.name() == plugin)
    }

    /// How much a plugin's scores count.
    pub fn weight(&self, plugin: &str) -> i64 {
        self.weights.get(plugin).copied().unwrap_or(1)
    }

    /// Plugins that look at nodes, before or while.
    pub fn filters(&self) -> impl Iterator<Item = &SharedPlugin> {
        let before = self.at(Point::PreFilter);
        let only = |one: &&SharedPlugin| !before.iter().any(|it| it.name() == one.name());
        // Those without PreFilter say at once what upstream's would say of each node.
        before.iter().chain(self.at(Point::Filter).iter().filter(only))
    }

    /// A plugin by its name, at any point.
    pub fn plugin(&self, name: &str) -> Option<&SharedPlugin> {
        self.points.values().flatten().find(|plugin| plugin.name() == name)
    }
}

fn build(
    registry: &Registry,
    name: &str,
    arguments: &BTreeMap<String, Value>,
) -> Result<SharedPlugin, ProfileError> {
    let builder = registry.get(name).ok_or_else(|| ProfileError::Unknown(name.to_owned()))?;
    builder(arguments.get(name).unwrap_or(&Value::Null))
        .map_err(|why| ProfileError::Arguments(name.to_owned(), why))
}
