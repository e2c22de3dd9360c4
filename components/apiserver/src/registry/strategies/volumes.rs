//! Volumes and claims of them.
//!
//! Upstream: pkg/registry/core/persistentvolume{,claim}/strategy.go.

use super::Occasion;
use serde_json::{Value, json};

pub(super) fn create_volume(volume: &mut Value, at: &Occasion<'_>) {
    volume["status"] = json!({"phase": "Pending", "lastPhaseTransitionTime": at.now});
}

/// A new phase says since when it is.
pub(super) fn volume_status(new: &mut Value, present: &Value, at: &Occasion<'_>) {
    let said = new["status"].get("lastPhaseTransitionTime");
    let untold = said == present["status"].get("lastPhaseTransitionTime");
    if new["status"]["phase"] != present["status"]["phase"] && untold {
        new["status"]["lastPhaseTransitionTime"] = at.now.into();
    }
}

pub(super) fn create_claim(claim: &mut Value, _: &Occasion<'_>) {
    claim["status"] = json!({"phase": "Pending"});
    let spec = &mut claim["spec"];
    let (source, reference) = (spec["dataSource"].clone(), spec["dataSourceRef"].clone());
    match (source.is_null(), reference.is_null()) {
        // Either name of the source says the other (NormalizeDataSources).
        (false, true) => spec["dataSourceRef"] = source,
        (true, false) if reference["namespace"].as_str().is_none_or(str::is_empty) => {
            spec["dataSource"] = reference;
        }
        _ => {}
    }
    if let Some(spec) = spec.as_object_mut() {
        spec.retain(|_, value| !value.is_null());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authentication::User;

    #[test]
    fn a_source_has_both_its_names_unless_it_is_elsewhere() {
        let at = Occasion { user: &User::default(), now: "2026-01-01T00:00:00Z" };
        let source = json!({"kind": "VolumeSnapshot", "name": "s", "apiGroup": "snapshot"});
        let far = json!({"kind": "VolumeSnapshot", "name": "s", "namespace": "n"});
        let cases = [
            (json!({"dataSource": source}), json!({"dataSource": source, "dataSourceRef": source})),
            (
                json!({"dataSourceRef": source}),
                json!({"dataSource": source, "dataSourceRef": source}),
            ),
            (json!({"dataSourceRef": far}), json!({"dataSourceRef": far})),
            (json!({}), json!({})),
        ];
        for (spec, expected) in cases {
            let mut claim = json!({"spec": spec});
            create_claim(&mut claim, &at);
            assert_eq!(claim, json!({"spec": expected, "status": {"phase": "Pending"}}));
        }
    }

    #[test]
    fn a_phase_says_since_when_it_is() {
        let at = Occasion { user: &User::default(), now: "2026-01-01T00:00:00Z" };
        let present = json!({"status": {"phase": "Pending"}});
        let mut new = json!({"status": {"phase": "Bound"}});
        volume_status(&mut new, &present, &at);
        assert_eq!(new["status"]["lastPhaseTransitionTime"], at.now);
        let mut same = present.clone();
        volume_status(&mut same, &present, &at);
        assert_eq!(same, present);
    }
}
