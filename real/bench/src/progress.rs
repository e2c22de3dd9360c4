//! What a person who waits is told: on standard error, so that the report stays clean.

use std::io::Write;

/// One line.
pub(crate) fn say(line: &str) {
    // Nobody may be reading; the measurement goes on.
    let _ = writeln!(std::io::stderr(), "{line}");
}
