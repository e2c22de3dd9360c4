//! A deposed holder writes no more.

use crate::{Broken, Kind, Observation, Oracle, history::Hold, mutual_exclusion::by_name};

/// No fenced write of a deposed holder is accepted after its successor's first.
#[derive(Debug, Default)]
pub struct Fencing;

impl Oracle for Fencing {
    const NAME: &'static str = "fencing";
    const KIND: Kind = Kind::History;
    const PROMISE: &'static str = "A transaction that compares the owner's key succeeds only while \
        that owner holds the lock";
    const FACTS: Option<&'static [&'static str]> = Some(&[]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        let Observation::History(record) = observation else { return Ok(()) };
        for mut holds in by_name(&record.history.holds).into_values() {
            holds.retain(|hold| !hold.writes.is_empty());
            holds.sort_by_key(|hold| hold.token);
            for pair in holds.windows(2) {
                judge(pair[0], pair[1])?;
            }
        }
        Ok(())
    }
}

fn judge(earlier: &Hold, later: &Hold) -> Result<(), Broken> {
    let (last, first) = (earlier.writes.iter().max(), later.writes.iter().min());
    if last < first {
        return Ok(());
    }
    let text = format!("a holder of {} wrote at {last:?}, its successor at {first:?}", later.name);
    let broken = Broken::new(later.acquired, text);
    Err([earlier, later]
        .into_iter()
        .fold(broken, |broken, hold| broken.with(serde_json::to_string(hold).unwrap_or_default())))
}
