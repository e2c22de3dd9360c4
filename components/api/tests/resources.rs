//! The table of built-in resources against what is known of it.

use api::{
    resources::{built_in, table},
    schema::Schemas,
};
use std::collections::BTreeSet;

#[test]
fn it_has_as_many_as_upstream() {
    let all = built_in();
    let stored = all.iter().filter(|one| one.is_stored()).count();
    let parts: usize = all.iter().map(|one| one.subresources.len()).sum();
    let columns: usize = all.iter().map(|one| one.columns.len()).sum();
    // Of 68 rows two serve the same objects as another: autoscaling/v1's and events.k8s.io's.
    let counts = (all.len(), stored, parts, columns);
    assert_eq!(counts, (68, 60, 45, 313));
}

#[test]
fn every_kind_has_a_type_and_what_is_stored_too() {
    let schemas = Schemas::built_in();
    for one in built_in() {
        assert!(schemas.of(&one.kind).is_some(), "{}", one.kind);
        assert!(schemas.of(&one.stored).is_some(), "{}", one.stored);
    }
}

#[test]
fn places_in_etcd_are_shared_by_versions_of_the_same_objects_only() {
    let all = built_in();
    let stored = all.iter().filter(|one| one.is_stored());
    let places: BTreeSet<_> = stored.clone().map(|one| &one.path).collect();
    assert_eq!(places.len(), stored.filter(|one| one.kind == one.stored).count());
}

#[test]
fn what_is_listed_has_columns_beginning_with_or_holding_its_name() {
    for one in built_in() {
        let listed = one.verbs.iter().any(|verb| verb == "list");
        let named = one.columns.iter().any(|it| it.format == "name" && it.name == "Name");
        assert_eq!(listed, named, "{}", one.kind);
    }
}

#[test]
fn wrong_lines_are_told_by_number() {
    let cases = [
        (" sub status", "line 1: no resource yet"),
        ("resource - v1 Pod", "line 1: no resource"),
        ("resource - v1 Pod pods namespaced pod shrt=po", "line 1: no resource"),
        ("resource - v1 Pod pods namespaced pod\n!", "line 2: neither resource, sub nor columns"),
    ];
    for (text, error) in cases {
        assert_eq!(table::parse(text).expect_err(text).to_string(), error);
    }
}

#[test]
fn some_resources() {
    let chosen = |plural: &str| ["pods", "horizontalpodautoscalers", "events"].contains(&plural);
    let some: Vec<_> = built_in().into_iter().filter(|one| chosen(&one.plural)).collect();
    insta::assert_debug_snapshot!(some);
}
