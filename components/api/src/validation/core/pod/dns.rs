//! How a pod looks up names: its own configuration within what resolvers of C libraries bear.

use crate::{
    names,
    validation::{error::Errors, field::Field, net},
};

const SERVERS_MAX: usize = 3;
const SEARCHES_MAX: usize = 32;
const SEARCH_BYTES_MAX: usize = 2048;
const POLICIES: [&str; 4] = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

pub(super) fn policy(policy: &Field<'_>, errors: &mut Errors) {
    policy.need_one_of(&POLICIES, errors);
}

pub(super) fn config(config: &Field<'_>, policy: &str, errors: &mut Errors) {
    let (servers, searches) = (config.get("nameservers"), config.get("searches"));
    if policy == "None" && !config.is_set() {
        errors.push(config.required("must provide `dnsConfig` when `dnsPolicy` is None"));
        return;
    }
    if policy == "None" && servers.is_empty() {
        let why = "must provide at least one DNS nameserver when `dnsPolicy` is None";
        errors.push(servers.required(why));
        return;
    }
    if servers.len() > SERVERS_MAX {
        let why = format!("must not have more than {SERVERS_MAX} nameservers");
        errors.push(servers.invalid(why));
    }
    servers.items().for_each(|server| net::need_address(&server, errors));
    self::searches(&searches, errors);
    for option in config.get("options").items() {
        if option.get("name").is_empty() {
            errors.push(option.required("must not be empty"));
        }
    }
}

fn searches(searches: &Field<'_>, errors: &mut Errors) {
    if searches.len() > SEARCHES_MAX {
        let why = format!("must not have more than {SEARCHES_MAX} search paths");
        errors.push(searches.invalid(why));
    }
    let spaces = searches.len().saturating_sub(1);
    if searches.texts().map(str::len).sum::<usize>() + spaces > SEARCH_BYTES_MAX {
        let why = format!(
            "must not have more than {SEARCH_BYTES_MAX} characters (including spaces) in the search \
             list"
        );
        errors.push(searches.invalid(why));
    }
    for search in searches.items().filter(|search| search.text() != ".") {
        let text = search.text().strip_suffix('.').unwrap_or(search.text());
        let faults = with_underscores(text).into_iter();
        errors.extend(faults.map(|why| search.invalid_as(text, why)));
    }
}

/// A subdomain that may have underscores in it (IsDNS1123SubdomainWithUnderscore).
fn with_underscores(text: &str) -> names::Faults {
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let label = |label: &str| {
        let bytes = label.strip_prefix('_').unwrap_or(label).as_bytes();
        let ends = bytes.first().zip(bytes.last()).is_some_and(|(a, b)| plain(a) && plain(b));
        ends && bytes.iter().all(|byte| plain(byte) || b"-_".contains(byte))
    };
    let mut faults = names::Faults::new();
    if text.len() > names::SUBDOMAIN_BYTES_MAX {
        faults.push(names::too_long(names::SUBDOMAIN_BYTES_MAX));
    }
    if !text.split('.').all(label) {
        let message = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
                       characters, '_', '-' or '.', and must start and end with an alphanumeric \
                       character";
        let part = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
        let expression = format!(r"{part}(\.{part})*");
        faults.push(names::malformed(message, &expression, &["example.com"]));
    }
    faults
}
