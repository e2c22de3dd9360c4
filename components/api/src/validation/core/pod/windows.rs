//! What pods of Windows and of Linux must not say of each other, and options of Windows.

use crate::{
    names,
    validation::{error::Errors, field::Field},
};

const CREDENTIAL_KIB_MAX: usize = 64;
const DOMAIN_BYTES_MAX: usize = 256;
const USER_BYTES_MAX: usize = 104;
const ELSEWHERE: &str = "cannot be set for a windows pod";
/// Members of a pod's security context that Windows has nothing of.
const OF_PODS: [&str; 12] = [
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "fsGroup",
    "fsGroupChangePolicy",
    "sysctls",
    "runAsUser",
    "runAsGroup",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "seLinuxChangePolicy",
    "shareProcessNamespace",
];
/// Members of a container's security context that Windows has nothing of.
const OF_CONTAINERS: [&str; 10] = [
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
];

/// All containers of a pod, of whatever kind.
pub(super) fn containers<'a>(spec: &Field<'a>) -> impl Iterator<Item = Field<'a>> {
    let lists = ["initContainers", "containers", "ephemeralContainers"].map(|name| spec.get(name));
    lists.into_iter().flat_map(|list| list.items())
}

/// The system that a pod is for.
pub(super) fn system(spec: &Field<'_>, errors: &mut Errors) {
    let system = spec.get("os");
    if !system.is_set() {
        return;
    }
    match system.get("name").text() {
        "" => errors.push(system.get("name").required("cannot be empty")),
        "linux" => linux(spec, errors),
        "windows" => windows(spec, errors),
        other => errors.push(system.not_supported_as(other, &["linux", "windows"])),
    }
}

fn linux(spec: &Field<'_>, errors: &mut Errors) {
    let contexts = containers(spec).map(|container| container.get("securityContext"));
    for context in std::iter::once(spec.get("securityContext")).chain(contexts) {
        let options = context.get("windowsOptions");
        if options.is_set() {
            errors.push(options.forbidden("windows options cannot be set for a linux pod"));
        }
    }
}

fn windows(spec: &Field<'_>, errors: &mut Errors) {
    for (name, told) in [
        ("hostPID", true),
        ("hostIPC", true),
        ("hostUsers", false),
        ("shareProcessNamespace", false),
    ] {
        let field = spec.get(name);
        // Some are flags, of others it is enough that they are there.
        if field.is_true() || (!told && field.is_set()) {
            errors.push(field.forbidden(ELSEWHERE));
        }
    }
    let context = spec.get("securityContext");
    let mut absent = |context: &Field<'_>, names: &[&str]| {
        let fields = names.iter().map(|name| context.get(name)).filter(|field| !is_absent(field));
        errors.extend(fields.map(|field| field.forbidden(ELSEWHERE)));
    };
    absent(&context, &OF_PODS);
    for container in containers(spec) {
        absent(&container.get("securityContext"), &OF_CONTAINERS);
    }
}

fn is_absent(field: &Field<'_>) -> bool {
    !field.is_set() || field.value.as_array().is_some_and(Vec::is_empty)
}

/// `WindowsSecurityContextOptions`, where there are some.
pub(super) fn options(options: &Field<'_>, errors: &mut Errors) {
    let name = options.get("gmsaCredentialSpecName");
    if name.is_set() {
        name.check(names::dns_subdomain, errors);
    }
    let credential = options.get("gmsaCredentialSpec");
    if credential.is_set() && credential.is_empty() {
        errors.push(credential.invalid("gmsaCredentialSpec cannot be an empty string"));
    } else if credential.len() > CREDENTIAL_KIB_MAX * 1024 {
        let why = format!("gmsaCredentialSpec size must be under {CREDENTIAL_KIB_MAX} KiB");
        errors.push(credential.invalid(why));
    }
    let user = options.get("runAsUserName");
    if user.is_set() {
        errors.extend(user_faults(user.text()).into_iter().map(|why| user.invalid(why)));
    }
}

/// What is wrong with `DOMAIN\user`.
fn user_faults(text: &str) -> Vec<String> {
    let whole = |why: &str| vec![format!("runAsUserName cannot {why}")];
    if text.is_empty() {
        return whole("be an empty string");
    } else if text.bytes().any(|byte| byte.is_ascii_control()) {
        return whole("contain control characters");
    } else if text.split('\\').count() > 2 {
        return whole("contain more than one backslash");
    }
    let (domain, user) = match text.split_once('\\') {
        Some((domain, user)) => (Some(domain), user),
        None => (None, text),
    };
    let mut faults = Vec::new();
    if domain.is_some_and(|domain| domain.len() >= DOMAIN_BYTES_MAX) {
        faults.push(format!("Domain length must be under {DOMAIN_BYTES_MAX} characters"));
    }
    if domain.is_some_and(|domain| !is_net_bios(domain) && !is_dns(domain)) {
        faults.push("Domain doesn't match the NetBios nor the DNS format".to_owned());
    }
    if user.is_empty() {
        faults.push("User cannot be empty".to_owned());
    } else if user.len() > USER_BYTES_MAX {
        faults.push(format!("User length must not be longer than {USER_BYTES_MAX} characters"));
    }
    if !user.is_empty() && user.chars().all(|it| ". ".contains(it)) {
        faults.push("User cannot contain only periods or spaces".to_owned());
    }
    if user.contains(|it| r#""/\:;|=,+*?<>@[]"#.contains(it)) {
        faults.push(r#"User cannot contain the following characters: "/\:;|=,+*?<>@[]"#.to_owned());
    }
    faults.into_iter().map(|fault| format!("runAsUserName's {fault}")).collect()
}

fn is_net_bios(domain: &str) -> bool {
    let length = domain.chars().count();
    (1..=15).contains(&length)
        && !domain.starts_with('.')
        && !domain.contains(|it| r#"\/:*?"<>|"#.contains(it))
}

fn is_dns(domain: &str) -> bool {
    domain.split('.').all(|part| names::dns_label(&part.to_ascii_lowercase()).is_empty())
}

/// Containers that are processes of the host: all of a pod's or none, and on the host's network.
pub(super) fn host_processes(spec: &Field<'_>, errors: &mut Errors) {
    let told = |place: &Field<'_>| {
        place.down(&["securityContext", "windowsOptions", "hostProcess"]).value.as_bool()
    };
    let (pod, mut all, mut of_host) = (told(spec), 0, 0);
    for container in containers(spec) {
        let own = told(&container);
        if let Some((pod, own)) = pod.zip(own).filter(|(pod, own)| pod != own) {
            let why =
                format!("pod hostProcess value must be identical if both are specified, was {pod}");
            let field = container.down(&["securityContext", "windowsOptions", "hostProcess"]);
            errors.push(field.invalid_as(own, why));
        }
        all += 1;
        of_host += u32::from(own.or(pod) == Some(true));
    }
    if of_host > 0 && of_host != all {
        let why = "If pod contains any hostProcess containers then all containers must be \
                   HostProcess containers";
        errors.push(spec.invalid_as("", why));
    }
    let network = spec.get("hostNetwork");
    if of_host > 0 && !network.is_true() {
        let why = "hostNetwork must be true if pod contains any hostProcess containers";
        errors.push(network.invalid_as(false, why));
    }
}
