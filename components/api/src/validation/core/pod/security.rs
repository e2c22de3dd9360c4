//! Who a pod's processes are and what they may do: security contexts of pods and of containers.

use super::{Around, sysctls, windows};
use crate::{
    names::{Faults, out_of_range},
    validation::{core::paths, error::Errors, field::Field},
};

const ID_MAX: i64 = i32::MAX as i64;
const PROFILES: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];
/// `PATH_MAX` without its last byte.
const PROFILE_BYTES_MAX: usize = 4095;

/// The number of a user or of a group, where one is told.
pub(super) fn id(id: &Field<'_>, errors: &mut Errors) {
    id.within(0, ID_MAX, errors);
}

/// The number of a user or of a group, by itself.
pub(super) fn id_faults(number: i64) -> Faults {
    match (0..=ID_MAX).contains(&number) {
        true => Faults::new(),
        false => vec![out_of_range(0, ID_MAX)],
    }
}

/// The security context of a pod. Some of what upstream keeps in it stands beside it in JSON.
pub(super) fn of_pod(spec: &Field<'_>, errors: &mut Errors) {
    let context = spec.get("securityContext");
    for name in ["fsGroup", "runAsUser", "runAsGroup"] {
        id(&context.get(name), errors);
    }
    context.get("supplementalGroups").items().for_each(|group| id(&group, errors));
    let shared = spec.get("shareProcessNamespace");
    if shared.is_true() && spec.get("hostPID").is_true() {
        let why = "ShareProcessNamespace and HostPID cannot both be enabled";
        errors.push(shared.renamed(context.get("shareProcessNamespace").path).invalid(why));
    }
    sysctls::sysctls(spec, &context.get("sysctls"), errors);
    context.get("fsGroupChangePolicy").some_of(&["Always", "OnRootMismatch"], errors);
    seccomp(&context.get("seccompProfile"), errors);
    windows::options(&context.get("windowsOptions"), errors);
    app_armor(&context.get("appArmorProfile"), errors);
    context.get("supplementalGroupsPolicy").some_of(&["Merge", "Strict"], errors);
    context.get("seLinuxChangePolicy").some_of(&["MountOption", "Recursive"], errors);
}

/// The security context of a container.
pub(super) fn of_container(context: &Field<'_>, around: &Around<'_>, errors: &mut Errors) {
    id(&context.get("runAsUser"), errors);
    id(&context.get("runAsGroup"), errors);
    let mount = context.get("procMount");
    mount.some_of(&["Default", "Unmasked"], errors);
    if mount.text() == "Unmasked" && around.host_users {
        errors.push(mount.invalid("`hostUsers` must be false to use `Unmasked`"));
    }
    seccomp(&context.get("seccompProfile"), errors);
    if context.get("allowPrivilegeEscalation").value == false {
        let head = "cannot set `allowPrivilegeEscalation` to false and";
        if context.get("privileged").is_true() {
            errors.push(context.invalid(format!("{head} `privileged` to true")));
        }
        let added = context.down(&["capabilities", "add"]);
        if added.texts().any(|one| one == "CAP_SYS_ADMIN") {
            errors.push(context.invalid(format!("{head} `capabilities.Add` CAP_SYS_ADMIN")));
        }
    }
    windows::options(&context.get("windowsOptions"), errors);
    app_armor(&context.get("appArmorProfile"), errors);
}

fn seccomp(profile: &Field<'_>, errors: &mut Errors) {
    if !profile.is_set() {
        return;
    }
    let (kind, file) = (profile.get("type"), profile.get("localhostProfile"));
    match kind.text() {
        "" => errors.push(kind.required("type is required when seccompProfile is set")),
        _ => kind.one_of(&PROFILES, errors),
    }
    match (kind.text() == "Localhost", file.is_set()) {
        (true, true) => paths::local(&file, errors),
        (true, false) => {
            errors.push(file.required("must be set when seccomp type is Localhost"));
        }
        (false, true) => {
            let why = "can only be set when seccomp type is Localhost";
            errors.push(file.invalid_as(profile.value.clone(), why));
        }
        (false, false) => {}
    }
}

fn app_armor(profile: &Field<'_>, errors: &mut Errors) {
    if !profile.is_set() {
        return;
    }
    let (kind, file) = (profile.get("type"), profile.get("localhostProfile"));
    match kind.text() {
        "Localhost" => app_armor_file(&file, errors),
        "RuntimeDefault" | "Unconfined" if file.is_set() => {
            errors.push(file.invalid("can only be set when AppArmor type is Localhost"));
        }
        "" => errors.push(kind.required("type is required when appArmorProfile is set")),
        _ => kind.one_of(&PROFILES, errors),
    }
}

fn app_armor_file(file: &Field<'_>, errors: &mut Errors) {
    if file.text().trim() != file.text() {
        errors.push(file.invalid("must not be padded with whitespace"));
    } else if file.is_empty() {
        errors.push(file.required("must be set when AppArmor type is Localhost"));
    }
    if file.len() > PROFILE_BYTES_MAX {
        errors.push(file.too_long(PROFILE_BYTES_MAX));
    }
}

/// Users of their own are for pods that share nothing of the host.
pub(super) fn host_users(spec: &Field<'_>, errors: &mut Errors) {
    if spec.get("hostUsers").value != false {
        return;
    }
    // Upstream writes two of the names so.
    for (name, told) in
        [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")]
    {
        if spec.get(name).is_true() {
            errors.push(spec.get(told).forbidden("when `pod.Spec.HostUsers` is false"));
        }
    }
}
