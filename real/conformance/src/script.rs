//! The same commands against two clusters, and what differs in their answers.
//!
//! A script is a file of shell lines. Each is run by one bash, so that variables carry over; what it
//! wrote and its exit status follow it in the transcript. Identities, sizes and times are masked:
//! they must differ. Revisions are not: both clusters start empty.

use crate::{binaries, cluster::Cluster};
use std::{
    path::Path,
    process::{Command, Stdio},
};

/// Reads the script line by line; output and errors of a line are told apart by their order only.
const DRIVER: &str = r#"
# The first lines of a command that does not end by itself.
lines() { local n=$1; shift; exec 8< <(exec timeout 20 "$@" 2>&1 <&0); local pid=$!
  head -n "$n" <&8; kill "$pid" 2>/dev/null; exec 8<&-; }
# Waits until a command succeeds, a key is gone, or all endpoints have the same hash.
has() { for _ in $(seq 200); do eval "$1" >/dev/null 2>&1 && return; sleep 0.1; done; echo late; }
gone() { for _ in $(seq 200); do [ -z "$(etcdctl get "$1")" ] && return; sleep 0.1; done; echo late; }
agreed() { for _ in $(seq 200); do
  [ "$(etcdctl endpoint hashkv | cut -d, -f2 | sort -u | wc -l)" = 1 ] && return; sleep 0.1
  done; echo late; }
while IFS= read -r line <&9; do
  case "$line" in ''|'#'*) continue;; esac
  printf '$ %s\n' "$line"
  eval "$line" </dev/null 2>&1
  printf '[%s]\n' "$?"
done 9<"$1"
"#;

/// Runs a script against a cluster; answers with the masked transcript.
///
/// # Panics
/// bash is missing.
pub fn transcript(script: &Path, cluster: &Cluster) -> String {
    let etcdctl = cluster.etcdctl();
    binaries::tool("etcdctl", "etcd-client");
    let mut command = Command::new(binaries::tool("bash", "bash"));
    command
        .args(["-c", DRIVER, "bash"])
        .arg(script)
        .envs(etcdctl.environment)
        .env("DIR", cluster.scratch.path())
        .stdin(Stdio::null());
    for (at, member) in cluster.members.iter().enumerate() {
        command.env(format!("M{at}"), member.client_url());
        command.env(format!("P{at}"), member.peer_url());
    }
    let output = command.output().expect("bash can be started");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let text = text.replace(&*cluster.scratch.path().to_string_lossy(), "DIR");
    // The client's own log tells times and addresses; its errors are told again below it.
    text.lines()
        .filter(|line| !line.starts_with("{\"level\""))
        .map(mask)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Replaces what must differ between two clusters: hexadecimal identities, ports, long numbers,
/// sizes and durations.
pub fn mask(line: &str) -> String {
    if line.starts_with("$ ") {
        return line.to_owned();
    }
    let mut masked = String::new();
    let mut word = String::new();
    for character in line.chars().chain([' ']) {
        if character.is_ascii_alphanumeric() || ".µ".contains(character) {
            word.push(character);
            continue;
        }
        masked.push_str(&masked_word(&word));
        word.clear();
        masked.push(character);
    }
    masked.pop();
    let masked = without_term(&masked);
    if masked.starts_with(['+', '|']) { narrowed(&masked) } else { unpadded(masked) }
}

/// An identity that begins with zeros is printed as many digits shorter, padded with spaces.
fn unpadded(mut line: String) -> String {
    while line.contains("  ID") {
        line = line.replace("  ID", " ID");
    }
    line
}

/// A line of a table whose columns are as wide as the identities in them.
fn narrowed(line: &str) -> String {
    let mut narrow = String::new();
    for character in line.chars() {
        if !(matches!(character, '-' | ' ') && narrow.ends_with(character)) {
            narrow.push(character);
        }
    }
    narrow
}

/// Elections take as many terms as they take.
fn without_term(line: &str) -> String {
    let mut masked = String::new();
    let mut rest = line;
    while let Some(at) = ["\"raft_term\":", "\"RaftTerm\" : "]
        .iter()
        .filter_map(|name| rest.find(name).map(|at| at + name.len()))
        .min()
    {
        masked.push_str(&rest[..at]);
        masked.push_str("TERM");
        rest = rest[at..].trim_start_matches(|c: char| c.is_ascii_digit());
    }
    masked + rest
}

fn masked_word(word: &str) -> String {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let hex = word.chars().all(|c| c.is_ascii_hexdigit());
    let units = ["ms", "µs", "s", "B"];
    let quantity = units
        .iter()
        .any(|unit| word.strip_suffix(unit).is_some_and(|number| number.parse::<f64>().is_ok()));
    match () {
        () if hex && word.len() >= 12 => "ID".to_owned(),
        () if hex && digits == word.len() && digits >= 5 => "NUMBER".to_owned(),
        () if quantity => "QUANTITY".to_owned(),
        () => word.to_owned(),
    }
}

/// The commands whose answers differ, each with both answers.
///
/// # Panics
/// The transcripts are not of the same script.
pub fn differences(ours: &str, theirs: &str) -> Vec<String> {
    let (ours, theirs) = (answers(ours), answers(theirs));
    assert_eq!(ours.len(), theirs.len(), "one of the two scripts broke off");
    let pairs = ours.iter().zip(&theirs).filter(|(ours, theirs)| ours != theirs);
    pairs
        .map(|(ours, theirs)| {
            let (command, our_answer) = ours.split_once('\n').unwrap_or((ours, ""));
            let (_, their_answer) = theirs.split_once('\n').unwrap_or((theirs, ""));
            format!("{command}\n--- ours\n{our_answer}--- Debian's\n{their_answer}")
        })
        .collect()
}

fn answers(transcript: &str) -> Vec<String> {
    let mut answers: Vec<String> = Vec::new();
    for line in transcript.lines() {
        if line.starts_with("$ ") {
            answers.push(String::new());
        }
        if let Some(answer) = answers.last_mut() {
            answer.push_str(line);
            answer.push('\n');
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn identities_and_times_are_masked_but_revisions_are_not() {
        assert_eq!(
            mask("member 8e9e05c52164694d at http://127.0.0.1:23790 took 1.5ms, revision 12"),
            "member ID at http://127.0.0.1:NUMBER took QUANTITY, revision 12"
        );
        assert_eq!(
            mask(r#"{"revision":12,"raft_term":3},"raft_term":4"#),
            r#"{"revision":12,"raft_term":TERM},"raft_term":TERM"#
        );
    }

    #[test]
    fn identities_that_begin_with_zeros_are_as_wide_as_others() {
        for padded in
            ["Member 8e9e05c52164694d", "Member  e9e05c52164694d", "Member   9e05c52164694d"]
        {
            assert_eq!(mask(padded), "Member ID");
        }
    }

    #[test]
    fn the_widths_of_tables_are_masked() {
        assert_eq!(mask("+-----+--------+"), mask("+------+--------+"));
        assert_eq!(mask("|  ID   | STATUS |"), mask("|    ID    | STATUS |"));
    }
}
