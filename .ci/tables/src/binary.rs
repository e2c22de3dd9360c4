//! Protobuf's numbers, read from the structs that prost made of upstream's messages.

use crate::{Outcome, rows::Rows};
use std::{collections::BTreeMap, fs, path::Path};

/// A field of a message.
#[derive(Clone, Debug)]
struct Tagged {
    number: String,
    /// The struct's name, where the field is one message.
    message: Option<String>,
}

/// Fields by plain name.
type Message = BTreeMap<String, Tagged>;
/// A module's messages by plain name.
type Module = BTreeMap<String, Message>;

/// Adds `pb` and `within` to every field that has them.
pub(crate) fn number(rows: &mut Rows, source: &Path) -> Outcome<()> {
    let mut modules = BTreeMap::new();
    for (name, row) in &mut rows.0 {
        let (package, kind) = name.rsplit_once('.').ok_or("a type without a package")?;
        if !modules.contains_key(package) {
            modules.insert(package.to_owned(), module(source, package)?);
        }
        let module = &modules[package];
        let Some(message) = module.get(&plain(kind)) else { continue };
        let names: Vec<String> = row.fields.keys().map(|field| plain(field)).collect();
        for (field, facts) in &mut row.fields {
            let Some(mut path) = find(&plain(field), message, module, &names) else { continue };
            facts.set("pb", &path.pop().unwrap_or_default());
            if !path.is_empty() {
                facts.set("within", &path.join(","));
            }
        }
    }
    Ok(())
}

/// Letters and digits alone, in lower case: `hostIP`, `host_ip` and `r#type` meet there.
fn plain(name: &str) -> String {
    let name = name.strip_prefix("r#").unwrap_or(name);
    name.chars().filter(char::is_ascii_alphanumeric).map(|it| it.to_ascii_lowercase()).collect()
}

/// The numbers that lead to a field: of embedded messages first, its own last.
fn find(name: &str, message: &Message, module: &Module, outer: &[String]) -> Option<Vec<String>> {
    if let Some(tagged) = message.get(name) {
        return Some(vec![tagged.number.clone()]);
    }
    for (own, tagged) in message {
        // What JSON shows under its own name embeds nothing.
        let embedded = tagged.message.as_ref().filter(|_| !outer.contains(own));
        let Some(inner) = embedded.and_then(|kind| module.get(kind)) else { continue };
        if let Some(path) = find(name, inner, module, outer) {
            return Some([vec![tagged.number.clone()], path].concat());
        }
    }
    None
}

fn module(source: &Path, package: &str) -> Outcome<Module> {
    let path = package.strip_prefix("io.k8s.").ok_or("a package of somebody else")?;
    let file = source.join(path.replace('-', "_").replace('.', "/")).join("mod.rs");
    // What is newer than the package stands in the supplement.
    let Ok(text) = fs::read_to_string(file) else { return Ok(Module::new()) };
    let code: Vec<&str> =
        text.lines().map(str::trim).filter(|line| !line.starts_with("//")).collect();
    let mut messages = Module::new();
    for part in code.join(" ").split("pub struct ").skip(1) {
        let (name, body) = part.split_once(['{', ';']).ok_or("a struct without a body")?;
        let body = body.split("} #[").next().unwrap_or_default();
        messages.insert(plain(name), fields(body));
    }
    Ok(messages)
}

fn fields(body: &str) -> Message {
    let mut fields = Message::new();
    for part in body.split("#[prost(").skip(1) {
        let Some((attribute, rest)) = part.split_once(")]") else { continue };
        let number = attribute.split("tag = \"").nth(1).and_then(|rest| rest.split('"').next());
        let declared = rest.trim().strip_prefix("pub ").and_then(|rest| rest.split_once(':'));
        let (Some(number), Some((name, kind))) = (number, declared) else { continue };
        let single = attribute.starts_with("message") && attribute.contains("optional");
        let kind = kind.trim().trim_end_matches([',', '}', ' ']).trim_end_matches('>');
        let last = kind.rsplit([':', '<']).next().unwrap_or_default().trim();
        let message = single.then(|| plain(last.trim_end_matches([',', ' ', '>'])));
        fields.insert(plain(name), Tagged { number: number.to_owned(), message });
    }
    fields
}
