//! Which families of addresses a service has, and by which policy.
//!
//! Upstream: pkg/registry/core/service/storage/alloc.go (initIPFamilyFields).

use super::cidr::Family;
use crate::failure::Cause;
use serde_json::{Value, json};
use std::net::IpAddr;

const SINGLE: &str = "SingleStack";
const PREFER: &str = "PreferDualStack";
const REQUIRE: &str = "RequireDualStack";
const POLICY: &str = "spec.ipFamilyPolicy";

/// Fills in policy and families of a service that is new, or a change of `old`. `cluster` are the
/// families that there are, the default first.
///
/// # Errors
/// What is asked for does not fit together, or not the cluster.
pub(super) fn settle(
    service: &mut Value,
    old: Option<&Value>,
    cluster: &[Family],
) -> Result<(), Vec<Cause>> {
    if text(service, "type") == "ExternalName" || old.is_some_and(|old| is_settled(service, old)) {
        return Ok(());
    }
    let bare = is_headless(service) && is_empty(&service["spec"]["selector"]);
    if service["spec"]["ipFamilyPolicy"].is_null() {
        let before = old.map(|old| old["spec"]["ipFamilyPolicy"].clone());
        service["spec"]["ipFamilyPolicy"] = match before.filter(|policy| !policy.is_null()) {
            Some(policy) => policy,
            // Without selector and address it costs nothing.
            None if bare => REQUIRE.into(),
            None => SINGLE.into(),
        };
    }
    if let Some(old) = old {
        downgrade(service, old)?;
    }
    infer(service, cluster)?;
    if bare {
        let mut families = list(service, "ipFamilies");
        if families.is_empty() {
            families.extend(cluster.first().map(|family| family.name().to_owned()));
        }
        complete(service, families);
        return Ok(());
    }
    check(service, cluster)?;
    let mut families = list(service, "ipFamilies");
    if families.is_empty() {
        families.extend(cluster.first().map(|family| family.name().to_owned()));
    }
    match cluster.len() {
        2 => complete(service, families),
        _ => service["spec"]["ipFamilies"] = json!(families),
    }
    Ok(())
}

/// A service that only prefers both families keeps what it has, whatever the cluster has by now.
fn is_settled(service: &Value, old: &Value) -> bool {
    let same = |name: &str| service["spec"][name] == old["spec"][name];
    text(service, "ipFamilyPolicy") == PREFER
        && same("ipFamilyPolicy")
        && text(old, "type") != "ExternalName"
        && same("clusterIPs")
        && same("ipFamilies")
}

/// Less than before is meant only with the policy that says so.
fn downgrade(service: &mut Value, old: &Value) -> Result<(), Vec<Cause>> {
    let mut wrong = Vec::new();
    for (field, what) in [("clusterIPs", "cluster IP"), ("ipFamilies", "IP family")] {
        let (new, before) = (list(service, field), list(old, field));
        if text(service, "ipFamilyPolicy") == SINGLE {
            if new == before && new.len() > 1 {
                service["spec"][field] = json!([new[0]]);
            }
        } else if !before.is_empty() && new.len() == 1 && before.len() == 2 && new[0] == before[0] {
            let why = format!("must be 'SingleStack' to release the secondary {what}");
            wrong.push(invalid(POLICY, &service["spec"]["ipFamilyPolicy"], &why));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// Families follow from addresses.
fn infer(service: &mut Value, cluster: &[Family]) -> Result<(), Vec<Cause>> {
    let (addresses, mut families) = (list(service, "clusterIPs"), list(service, "ipFamilies"));
    let mut wrong = Vec::new();
    if text(service, "ipFamilyPolicy") == SINGLE {
        for (many, what) in
            [(addresses.len() == 2, "cluster IPs"), (families.len() == 2, "IP families")]
        {
            if many {
                let why = format!(
                    "must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are \
                     specified"
                );
                wrong.push(invalid(POLICY, &service["spec"]["ipFamilyPolicy"], &why));
            }
        }
    }
    for (at, address) in addresses.iter().enumerate().skip(families.len()) {
        let Ok(address) = address.parse::<IpAddr>() else { break };
        let family = Family::of(address);
        if cluster.contains(&family) {
            families.push(family.name().to_owned());
        } else {
            let why = format!("{} is not configured on this cluster", family.name());
            let field = format!("spec.clusterIPs[{at}]");
            wrong.push(invalid(&field, &service["spec"]["clusterIPs"], &why));
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    if !families.is_empty() {
        service["spec"]["ipFamilies"] = json!(families);
    }
    Ok(())
}

/// What is asked for must be there.
fn check(service: &Value, cluster: &[Family]) -> Result<(), Vec<Cause>> {
    let mut wrong = Vec::new();
    if text(service, "ipFamilyPolicy") == REQUIRE && cluster.len() < 2 {
        let why = "this cluster is not configured for dual-stack services";
        wrong.push(invalid(POLICY, &service["spec"]["ipFamilyPolicy"], why));
    }
    for (at, family) in list(service, "ipFamilies").iter().enumerate() {
        if !Family::named(family).is_some_and(|family| cluster.contains(&family)) {
            let field = format!("spec.ipFamilies[{at}]");
            wrong.push(invalid(&field, &json!(family), "not configured on this cluster"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// The other family, where one is not enough.
fn complete(service: &mut Value, mut families: Vec<String>) {
    if text(service, "ipFamilyPolicy") != SINGLE && families.len() == 1 {
        let other = Family::named(&families[0]).map(|family| family.other().name().to_owned());
        families.extend(other);
    }
    service["spec"]["ipFamilies"] = json!(families);
}

pub(super) fn is_headless(service: &Value) -> bool {
    text(service, "clusterIP") == "None"
}

pub(super) fn text<'a>(service: &'a Value, name: &str) -> &'a str {
    service["spec"][name].as_str().unwrap_or_default()
}

/// A list of texts in a service's spec.
pub(super) fn list(service: &Value, name: &str) -> Vec<String> {
    let list = service["spec"][name].as_array().into_iter().flatten();
    list.map(|one| one.as_str().unwrap_or_default().to_owned()).collect()
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_none_or(serde_json::Map::is_empty)
}

pub(super) fn invalid(field: &str, value: &Value, why: &str) -> Cause {
    Cause {
        reason: "FieldValueInvalid",
        message: format!("Invalid value: {value}: {why}"),
        field: field.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Family; 2] = [Family::V4, Family::V6];

    fn settled(spec: Value, cluster: &[Family]) -> Result<(Value, Value), String> {
        let mut service = json!({"spec": spec});
        let done = settle(&mut service, None, cluster);
        let spec = &service["spec"];
        let done = done.map(|()| (spec["ipFamilyPolicy"].clone(), spec["ipFamilies"].clone()));
        done.map_err(|causes| causes[0].field.clone())
    }

    #[test]
    fn a_service_gets_the_families_that_fit() {
        let (one, two) = (&BOTH[..1], &BOTH[..]);
        let selector = json!({"a": "b"});
        let cases = [
            (json!({}), two, SINGLE, json!(["IPv4"])),
            (json!({"ipFamilyPolicy": PREFER}), two, PREFER, json!(["IPv4", "IPv6"])),
            (json!({"ipFamilyPolicy": PREFER}), one, PREFER, json!(["IPv4"])),
            (json!({"ipFamilies": ["IPv6"]}), two, SINGLE, json!(["IPv6"])),
            (
                json!({"ipFamilyPolicy": REQUIRE, "ipFamilies": ["IPv6"]}),
                two,
                REQUIRE,
                json!(["IPv6", "IPv4"]),
            ),
            (json!({"clusterIPs": ["fd00::1"]}), two, SINGLE, json!(["IPv6"])),
            (json!({"clusterIP": "None"}), one, REQUIRE, json!(["IPv4", "IPv6"])),
            (json!({"clusterIP": "None", "selector": selector}), one, SINGLE, json!(["IPv4"])),
        ];
        for (spec, cluster, policy, families) in cases {
            assert_eq!(settled(spec.clone(), cluster), Ok((policy.into(), families)), "{spec}");
        }
        let refused = [
            (json!({"ipFamilyPolicy": REQUIRE}), one, "spec.ipFamilyPolicy"),
            (json!({"ipFamilies": ["IPv6"]}), one, "spec.ipFamilies[0]"),
            (json!({"clusterIPs": ["fd00::1"]}), one, "spec.clusterIPs[0]"),
            (
                json!({"ipFamilyPolicy": SINGLE, "ipFamilies": ["IPv4", "IPv6"]}),
                two,
                "spec.ipFamilyPolicy",
            ),
        ];
        for (spec, cluster, field) in refused {
            assert_eq!(settled(spec.clone(), cluster), Err(field.into()), "{spec}");
        }
    }

    #[test]
    fn the_second_family_goes_only_with_the_policy() {
        let both = json!({"spec": {
            "ipFamilyPolicy": PREFER, "ipFamilies": ["IPv4", "IPv6"], "clusterIPs": ["10.0.0.1", "fd00::1"],
        }});
        let mut single = both.clone();
        single["spec"]["ipFamilyPolicy"] = SINGLE.into();
        settle(&mut single, Some(&both), &BOTH).unwrap();
        assert_eq!(single["spec"]["clusterIPs"], json!(["10.0.0.1"]));
        assert_eq!(single["spec"]["ipFamilies"], json!(["IPv4"]));
        let mut reduced = both.clone();
        reduced["spec"]["clusterIPs"] = json!(["10.0.0.1"]);
        let causes = settle(&mut reduced, Some(&both), &BOTH).unwrap_err();
        assert!(
            causes[0]
                .message
                .ends_with("must be 'SingleStack' to release the secondary cluster IP")
        );
        let mut upgraded = single.clone();
        upgraded["spec"]["ipFamilyPolicy"] = REQUIRE.into();
        settle(&mut upgraded, Some(&single), &BOTH).unwrap();
        assert_eq!(upgraded["spec"]["ipFamilies"], json!(["IPv4", "IPv6"]));
        let mut same = both.clone();
        settle(&mut same, Some(&both), &BOTH[..1]).unwrap();
        assert_eq!(same, both);
    }
}
