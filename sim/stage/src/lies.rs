//! Deliberate bugs of the gallery, by which stories in `scenarios/negative/` prove the oracles that
//! no known bug of etcd proves: one member says another thing than it does.

use host::Defects;
use oracles::Value;

/// The member that lies.
const LIAR: &str = "etcd-1";

/// What is told otherwise: the defect, the fact, and its field.
const LIES: [(&str, &str, &str); 3] = [
    // X12: it has other entries in its log.
    ("X12", "raft/log", "entry"),
    // X13: it applies other entries.
    ("X13", "etcd/apply", "entry"),
    // X14: it leads whenever it follows.
    ("X14", "raft/state", "role"),
];

/// Changes the fields of a fact if a lie is switched on.
pub(crate) fn tell(
    defects: &Defects,
    machine: &str,
    fact: &str,
    fields: &mut [(&'static str, Value<'_>)],
) {
    for (defect, lie, field) in LIES {
        if machine != LIAR || fact != lie || !defects.has(defect) {
            continue;
        }
        for (name, value) in fields.iter_mut() {
            match value {
                Value::U64(number) if *name == field => *number ^= 1,
                Value::Str(text) if *name == field => *text = "leader",
                _ => {}
            }
        }
    }
}
