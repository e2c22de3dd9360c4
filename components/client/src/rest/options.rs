//! What requests may say besides what they are about.
//!
//! Upstream: apimachinery/pkg/apis/meta/v1/types.go.

use super::Ask;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How a list's resource version is to be understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Match {
    /// The state at exactly this one.
    Exact,
    /// Any state that is not older.
    NotOlderThan,
}

impl Match {
    fn text(self) -> &'static str {
        match self {
            Self::Exact => "Exact",
            Self::NotOlderThan => "NotOlderThan",
        }
    }
}

/// Which objects a list gives.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ListOptions {
    /// `app=web`; empty: all.
    pub label_selector: String,
    /// `spec.nodeName=a`; empty: all.
    pub field_selector: String,
    /// Empty: what is true now; `0`: what the server has at hand.
    pub resource_version: String,
    /// Only with a resource version.
    pub resource_version_match: Option<Match>,
    /// Objects on a page; zero: all on one.
    pub limit: u32,
    /// Where the last page ended.
    pub continue_token: String,
}

impl ListOptions {
    pub(super) fn onto(&self, ask: Ask) -> Ask {
        let limit = if self.limit == 0 { String::new() } else { self.limit.to_string() };
        ask.query_if("labelSelector", &self.label_selector)
            .query_if("fieldSelector", &self.field_selector)
            .query_if("resourceVersion", &self.resource_version)
            .query_if(
                "resourceVersionMatch",
                self.resource_version_match.map_or("", |how| how.text()),
            )
            .query_if("limit", &limit)
            .query_if("continue", &self.continue_token)
    }
}

/// Which changes a watch tells.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct WatchOptions {
    /// `app=web`; empty: all.
    pub label_selector: String,
    /// `spec.nodeName=a`; empty: all.
    pub field_selector: String,
    /// After which state; with initial events: of which state, or a newer one.
    pub resource_version: String,
    /// Begin with all objects as if just added, and a bookmark after them.
    pub send_initial_events: bool,
    /// Tell now and then how far the server is.
    pub bookmarks: bool,
    /// When the server is to end it.
    pub timeout: Option<Duration>,
}

impl WatchOptions {
    pub(super) fn onto(&self, ask: Ask) -> Ask {
        let seconds = self.timeout.map(|timeout| timeout.as_secs().to_string());
        let ask = ask
            .query("watch", "true")
            .query_if("labelSelector", &self.label_selector)
            .query_if("fieldSelector", &self.field_selector)
            .query_if("resourceVersion", &self.resource_version)
            .query_if("timeoutSeconds", &seconds.unwrap_or_default())
            .query_if("allowWatchBookmarks", if self.bookmarks { "true" } else { "" });
        if !self.send_initial_events {
            return ask;
        }
        ask.query("sendInitialEvents", "true")
            .query("resourceVersionMatch", Match::NotOlderThan.text())
    }
}

/// How a write is to be made.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct WriteOptions {
    /// Answer what would be, and change nothing.
    pub dry_run: bool,
    /// Who owns the fields that are written; empty: the server takes it from the user agent.
    pub field_manager: String,
    /// `Strict`, `Warn` or `Ignore`; empty: the server's default.
    pub field_validation: String,
    /// Take fields that others own (apply only).
    pub force: bool,
}

impl WriteOptions {
    pub(super) fn onto(&self, ask: Ask) -> Ask {
        ask.query_if("dryRun", if self.dry_run { "All" } else { "" })
            .query_if("fieldManager", &self.field_manager)
            .query_if("fieldValidation", &self.field_validation)
            .query_if("force", if self.force { "true" } else { "" })
    }
}

/// A change to an object that is not read before.
#[derive(Clone, PartialEq, Debug)]
pub enum Patch {
    /// A list of operations (RFC 6902).
    Json(Value),
    /// Members to set, and null for those to take away (RFC 7386).
    Merge(Value),
    /// A merge that knows which lists are maps.
    Strategic(Value),
    /// The fields that we want; needs a field manager.
    Apply(Value),
}

impl Patch {
    pub(super) fn parts(&self) -> (&'static str, &Value) {
        match self {
            Self::Json(value) => ("application/json-patch+json", value),
            Self::Merge(value) => ("application/merge-patch+json", value),
            Self::Strategic(value) => ("application/strategic-merge-patch+json", value),
            Self::Apply(value) => ("application/apply-patch+yaml", value),
        }
    }
}

/// What becomes of an object's dependents.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Propagation {
    /// They stay.
    Orphan,
    /// They go after it.
    Background,
    /// They go before it.
    Foreground,
}

/// How an object is deleted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DeleteOptions {
    /// Seconds that it may take to end; none: the kind's default.
    pub grace_period_seconds: Option<u64>,
    /// None: the kind's default.
    pub propagation: Option<Propagation>,
    /// Only the object with this uid; empty: any.
    pub uid: String,
    /// Only the object at this resource version; empty: any.
    pub resource_version: String,
    /// Answer what would be, and change nothing.
    pub dry_run: bool,
}

impl DeleteOptions {
    pub(super) fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("apiVersion".into(), "v1".into());
        body.insert("kind".into(), "DeleteOptions".into());
        if let Some(seconds) = self.grace_period_seconds {
            body.insert("gracePeriodSeconds".into(), seconds.into());
        }
        if let Some(propagation) = self.propagation {
            let text = match propagation {
                Propagation::Orphan => "Orphan",
                Propagation::Background => "Background",
                Propagation::Foreground => "Foreground",
            };
            body.insert("propagationPolicy".into(), text.into());
        }
        let mut preconditions = Map::new();
        for (member, text) in [("uid", &self.uid), ("resourceVersion", &self.resource_version)] {
            if !text.is_empty() {
                preconditions.insert(member.into(), text.as_str().into());
            }
        }
        if !preconditions.is_empty() {
            body.insert("preconditions".into(), preconditions.into());
        }
        if self.dry_run {
            body.insert("dryRun".into(), json!(["All"]));
        }
        Value::Object(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;

    #[test]
    fn options_are_written_as_queries() {
        let ask = || Ask::new(Method::GET, "/p");
        assert_eq!(ListOptions::default().onto(ask()).target(), "/p");
        let list = ListOptions {
            label_selector: "a=b".into(),
            resource_version: "7".into(),
            resource_version_match: Some(Match::NotOlderThan),
            limit: 5,
            ..ListOptions::default()
        };
        assert_eq!(
            list.onto(ask()).target(),
            "/p?labelSelector=a%3Db&resourceVersion=7&resourceVersionMatch=NotOlderThan&limit=5"
        );
        let watch = WatchOptions {
            send_initial_events: true,
            bookmarks: true,
            timeout: Some(Duration::from_secs(300)),
            ..WatchOptions::default()
        };
        assert_eq!(
            watch.onto(ask()).target(),
            "/p?watch=true&timeoutSeconds=300&allowWatchBookmarks=true&sendInitialEvents=true\
             &resourceVersionMatch=NotOlderThan"
        );
        let write = WriteOptions { dry_run: true, force: true, ..WriteOptions::default() };
        assert_eq!(write.onto(ask()).target(), "/p?dryRun=All&force=true");
    }

    #[test]
    fn a_deletion_says_only_what_is_set() {
        let plain = json!({"apiVersion": "v1", "kind": "DeleteOptions"});
        assert_eq!(DeleteOptions::default().body(), plain);
        let full = DeleteOptions {
            grace_period_seconds: Some(0),
            propagation: Some(Propagation::Foreground),
            uid: "u".into(),
            dry_run: true,
            ..DeleteOptions::default()
        };
        let expected = json!({"apiVersion": "v1", "kind": "DeleteOptions", "dryRun": ["All"],
            "gracePeriodSeconds": 0, "propagationPolicy": "Foreground",
            "preconditions": {"uid": "u"}});
        assert_eq!(full.body(), expected);
    }
}
