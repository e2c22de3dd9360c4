//! The table of built-in types against what is known of it.

use api::schema::{GroupVersionKind, Schemas, Shape, Type};
use std::fmt::Write;

fn gvk(group: &str, version: &str, kind: &str) -> GroupVersionKind {
    GroupVersionKind { group: group.into(), version: version.into(), kind: kind.into() }
}

#[test]
fn it_has_as_many_types_and_kinds_as_upstream() {
    let schemas = Schemas::built_in();
    // Upstream's OpenAPI of 1.36 has 584 schemas. Twelve of them are shapes here, one is the server's
    // version, and two types for those who ask for metadata alone are not in it.
    let (types, fields) = (schemas.types(), schemas.types().iter().map(|one| one.fields.len()));
    let kinds = types.iter().map(|one| one.kinds.len()).sum::<usize>();
    insta::assert_snapshot!(
        format!("{} types, {} fields, {kinds} kinds", types.len(), fields.sum::<usize>()),
        @"573 types, 2452 fields, 185 kinds");
}

#[test]
fn types_are_found_by_name_and_kind() {
    let schemas = Schemas::built_in();
    for one in schemas.types() {
        let id = schemas.named(&one.name).expect("each has its name");
        assert_eq!(schemas.at(id).name, one.name);
        for kind in &one.kinds {
            assert_eq!(schemas.of(kind), Some(id), "{kind}");
        }
        assert!(one.fields.is_sorted_by(|a, b| a.name < b.name), "{}", one.name);
    }
}

#[test]
fn numbers_of_protobuf_are_a_types_own() {
    for one in Schemas::built_in().types() {
        let mut numbers: Vec<_> =
            one.fields.iter().filter_map(|it| Some((it.within.clone(), it.number?))).collect();
        let all = numbers.len();
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), all, "{}", one.name);
        let lonely = one.fields.iter().filter(|it| it.number.is_none());
        let envelope = ["apiVersion", "kind"];
        for field in lonely {
            assert!(envelope.contains(&field.name.as_str()), "{}.{}", one.name, field.name);
        }
    }
}

/// A type as a reader of the table would tell it.
fn tell(schemas: &Schemas, one: &Type) -> String {
    let mut text = String::new();
    for field in &one.fields {
        let shape = match &field.shape {
            Shape::Object(id, owned) => format!("{} {owned:?}", schemas.at(*id).name),
            other => format!("{other:?}"),
        };
        let _ = writeln!(
            text,
            "{}: {shape}, {:?}, required {}, default {:?}, values {:?}, pb {:?} in {:?}, {:?}",
            field.name,
            field.zero,
            field.required,
            field.default,
            field.values,
            field.number.unwrap_or_default(),
            field.within,
            field.patch
        );
    }
    text
}

#[test]
fn some_types() {
    let schemas = Schemas::built_in();
    let kinds = [gvk("apps", "v1", "Deployment"), gvk("", "v1", "Service")];
    for id in kinds.iter().filter_map(|kind| schemas.of(kind)) {
        let one = schemas.at(id);
        insta::assert_snapshot!(one.name.clone(), tell(&schemas, one));
    }
    for name in ["core.v1.ServiceSpec", "core.v1.Volume", "apps.v1.DeploymentSpec"] {
        let id = schemas.named(&format!("io.k8s.api.{name}")).expect("it is there");
        insta::assert_snapshot!(name, tell(&schemas, schemas.at(id)));
    }
}
