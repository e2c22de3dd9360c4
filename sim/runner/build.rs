//! Lists the rare states that components mark with `sometimes!`, so that a hunt can tell which of
//! them it never reached.

use std::{collections::BTreeSet, env, fs, io, path::Path};

fn main() -> io::Result<()> {
    let components = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../components");
    let mut marks = BTreeSet::new();
    collect(&components, &mut marks)?;
    let lines: String = marks.iter().map(|mark| format!("    {mark:?},\n")).collect();
    let text =
        format!("/// Every mark in a component.\npub(crate) const ALL: &[&str] = &[\n{lines}];\n");
    let out = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    fs::write(Path::new(&out).join("rare.rs"), text)
}

fn collect(folder: &Path, marks: &mut BTreeSet<String>) -> io::Result<()> {
    // Also for new files, which only their folder tells of.
    write(&format!("cargo::rerun-if-changed={}\n", folder.display()))?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, marks)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path)?;
            marks.extend(in_source(&text));
        }
    }
    Ok(())
}

/// The names in `sometimes!(host, "a rare state")`, but not those in comments.
fn in_source(text: &str) -> impl Iterator<Item = String> {
    let code: Vec<&str> =
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let calls: Vec<String> = code.split("sometimes!(").skip(1).map(str::to_owned).collect();
    calls.into_iter().filter_map(|call| {
        let (_, after) = call.split_once(',')?;
        let name = after.trim_start().strip_prefix('"')?;
        name.split_once('"').map(|(name, _)| name.to_owned())
    })
}

fn write(text: &str) -> io::Result<()> {
    io::Write::write_all(&mut io::stdout(), text.as_bytes())
}
