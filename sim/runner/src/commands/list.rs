//! `list`: what there is.

use crate::{
    arguments::{List, Listed},
    catalogue::{self, Refusal},
    console::Console,
    exhibits,
    exit::Exit,
};
use scenario::{Condition, System};

pub(crate) fn run(list: &List, console: &mut Console) -> Result<Exit, Refusal> {
    use Listed::{Conditions, Exhibits, Faults, Oracles, Scenarios};
    for what in [Scenarios, Faults, Conditions, Oracles, Exhibits] {
        if list.what.is_none_or(|only| only == what) {
            section(what, list.what.is_none(), console)?;
        }
    }
    Ok(Exit::Clean)
}

fn section(what: Listed, titled: bool, console: &mut Console) -> Result<(), Refusal> {
    let (title, lines) = match what {
        Listed::Scenarios => ("Scenarios", scenarios()?),
        Listed::Faults => ("Faults", faults()),
        Listed::Conditions => {
            ("Conditions", Condition::list().into_iter().map(str::to_owned).collect())
        }
        Listed::Oracles => {
            let all = oracles::ALL.iter().map(|entry| (entry.name, entry.promise));
            let row = |(name, promise)| format!("{name:<32} {promise}");
            ("Oracles", all.chain(System::Echo.own_oracles().iter().copied()).map(row).collect())
        }
        Listed::Exhibits => {
            let row =
                |it: &exhibits::Exhibit| format!("{:<6} {} ({})", it.name, it.about, it.upstream);
            ("Exhibits", exhibits::ALL.iter().map(row).collect())
        }
    };
    if titled {
        console.line(title);
    }
    for line in lines {
        console.line(&format!("  {line}"));
    }
    if titled {
        console.line("");
    }
    Ok(())
}

fn scenarios() -> Result<Vec<String>, Refusal> {
    let root = catalogue::root();
    let mut lines = Vec::new();
    for path in catalogue::files(&root)? {
        let story = catalogue::read(&path)?;
        let folder = path.parent().and_then(|folder| folder.file_name());
        let folder = folder.map(|folder| folder.to_string_lossy().into_owned());
        let name = format!("{}/{}", folder.unwrap_or_default(), story.name);
        lines.push(format!("{name:<36} {}", story.scenario.title));
    }
    Ok(lines)
}

fn faults() -> Vec<String> {
    let row = |entry: &faults::Entry| {
        let drawn = if entry.draw.is_some() { "" } else { " (never drawn)" };
        format!("{:<12} {:<18} {}{drawn}", entry.family.name(), entry.name, entry.about)
    };
    faults::ALL.iter().map(row).collect()
}
