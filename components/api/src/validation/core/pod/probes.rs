//! Probes and lifecycle hooks of containers.

use super::ports::{need_port, number_or_name};
use crate::{
    names,
    validation::{error::Errors, field::Field},
};

type Check = fn(&Field<'_>, Option<i64>, &mut Errors);

const OF_PROBES: [(&str, Check); 4] =
    [("exec", exec), ("httpGet", http), ("tcpSocket", tcp), ("grpc", grpc)];
const OF_HOOKS: [(&str, Check); 4] =
    [("exec", exec), ("httpGet", http), ("tcpSocket", tcp), ("sleep", sleep)];
/// Signals of Linux and of Windows that may stop a container.
const WINDOWS_SIGNALS: [&str; 2] = ["SIGKILL", "SIGTERM"];

/// The three probes of a container that may have them.
pub(super) fn probes(container: &Field<'_>, grace: Option<i64>, errors: &mut Errors) {
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let probe = container.get(name);
        if !probe.is_set() {
            continue;
        }
        self::probe(&probe, grace, errors);
        if name == "readinessProbe" {
            let own = probe.get("terminationGracePeriodSeconds");
            if own.is_set() {
                errors.push(own.invalid("must not be set for readinessProbes"));
            }
        } else {
            let successes = probe.get("successThreshold");
            if successes.number() != 1 {
                errors.push(successes.invalid_as(successes.number(), "must be 1"));
            }
        }
    }
}

fn probe(probe: &Field<'_>, grace: Option<i64>, errors: &mut Errors) {
    handler(probe, &OF_PROBES, grace, errors);
    for name in [
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ] {
        probe.get(name).not_negative(errors);
    }
    let own = probe.get("terminationGracePeriodSeconds");
    if own.integer().is_some_and(|seconds| seconds <= 0) {
        errors.push(own.invalid("must be greater than 0"));
    }
}

/// Hooks after the start and before the end, and the signal that ends.
pub(super) fn lifecycle(
    lifecycle: &Field<'_>,
    grace: Option<i64>,
    system: &str,
    errors: &mut Errors,
) {
    for name in ["postStart", "preStop"] {
        let hook = lifecycle.get(name);
        if hook.is_set() {
            handler(&hook, &OF_HOOKS, grace, errors);
        }
    }
    let signal = lifecycle.get("stopSignal");
    match system {
        _ if !signal.is_set() => {}
        "" => {
            errors
                .push(signal.forbidden("may not be set for containers with empty `spec.os.name`"));
        }
        "windows" => signal.one_of(&WINDOWS_SIGNALS, errors),
        _ => {}
    }
}

/// Exactly one way to do it.
fn handler(handler: &Field<'_>, ways: &[(&str, Check)], grace: Option<i64>, errors: &mut Errors) {
    let mut found = false;
    for (name, check) in ways {
        let way = handler.get(name);
        if !way.is_set() {
            continue;
        }
        match found {
            true => errors.push(way.forbidden("may not specify more than 1 handler type")),
            false => check(&way, grace, errors),
        }
        found = true;
    }
    if !found {
        errors.push(handler.required("must specify a handler type"));
    }
}

fn exec(way: &Field<'_>, _: Option<i64>, errors: &mut Errors) {
    way.get("command").need(errors);
}

fn http(way: &Field<'_>, _: Option<i64>, errors: &mut Errors) {
    way.get("path").need(errors);
    number_or_name(&way.get("port"), errors);
    way.get("scheme").one_of(&["HTTP", "HTTPS"], errors);
    let headers = way.get("httpHeaders");
    for header in headers.items() {
        header.get("name").renamed(&headers.path).check(names::header_name, errors);
    }
}

fn tcp(way: &Field<'_>, _: Option<i64>, errors: &mut Errors) {
    number_or_name(&way.get("port"), errors);
}

fn grpc(way: &Field<'_>, _: Option<i64>, errors: &mut Errors) {
    need_port(&way.get("port"), errors);
}

fn sleep(way: &Field<'_>, grace: Option<i64>, errors: &mut Errors) {
    let seconds = way.get("seconds").number();
    let Some(grace) = grace else { return };
    if seconds < 0 || seconds > grace {
        let why =
            format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
        errors.push(way.invalid_as(seconds, why));
    }
}
