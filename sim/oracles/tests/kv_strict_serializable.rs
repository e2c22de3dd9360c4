//! The checker is checked: perfect histories pass, spoilt ones do not, and the fast path agrees
//! with the exhaustive one.

use oracles::{
    History,
    history::{Operation, Outcome, Request, Response},
    kv::{
        resolve,
        search::{Sight, Verdict, search, search_by_key},
    },
    sample::{Dice, Sample, find},
};
use proptest::prelude::*;

fn sample(seed: u64, operations: u32) -> Sample {
    Sample { seed, operations, ..Sample::default() }
}

fn small(seed: u64) -> Sample {
    let unknown_percent = 20;
    Sample { seed, clients: 3, operations: 12, keys: 2, unknown_percent, rich: false, watches: 0 }
}

/// One way to spoil a history; false where it offers no opportunity.
type Spoiler = fn(&mut History, &mut Dice) -> bool;

const SPOILERS: &[(&str, Spoiler)] = &[
    ("lose an acknowledged write", lose_a_write),
    ("answer a read from before the last write", stale_read),
    ("show a value that nobody wrote", foreign_value),
    ("hand a revision out twice", revision_twice),
    ("return another previous value", wrong_previous),
    ("take the other branch", other_branch),
    ("count one key too many", wrong_count),
    ("skip a revision", skip_a_revision),
];

/// Those of them that no unknown outcome can explain away.
const ANSWERS: &[(&str, Spoiler)] = &[
    ("show a value that nobody wrote", foreign_value),
    ("return another previous value", wrong_previous),
    ("count one key too many", wrong_count),
];

fn pick(history: &History, dice: &mut Dice, wanted: fn(&Response) -> bool) -> Option<usize> {
    let from = dice.roll(history.operations.len() as u64) as usize;
    find(history, from, wanted)
}

fn answer(operation: &mut Operation) -> (&mut i64, &mut Response) {
    match &mut operation.outcome {
        Outcome::Answered { revision, response, .. } => (revision, response),
        other => panic!("picked an answered operation, not {other:?}"),
    }
}

// The write never was: nobody saw it, and nobody has its revision.
fn lose_a_write(history: &mut History, dice: &mut Dice) -> bool {
    let Some(index) = pick(history, dice, |r| matches!(r, Response::Put { .. })) else {
        return false;
    };
    let revision = *answer(&mut history.operations[index]).0;
    history.watches.clear();
    let mut later = 0;
    for operation in &mut history.operations {
        if let Outcome::Answered { revision: shown, .. } = &mut operation.outcome
            && *shown > revision
        {
            *shown -= 1;
            later += 1;
        }
    }
    // With nothing after it, a lost write cannot be told from one that nobody looked at.
    later > 0
}

fn stale_read(history: &mut History, dice: &mut Dice) -> bool {
    let get = |r: &Response| matches!(r, Response::Range { .. });
    let Some(index) = pick(history, dice, get) else { return false };
    let linearizable = matches!(&history.operations[index].request,
        Request::Range(range) if !range.serializable && range.revision == 0);
    let called = history.operations[index].called;
    let written_before = history.operations.iter().any(|operation| {
        operation.returned().is_some_and(|returned| returned < called)
            && matches!(
                &operation.outcome,
                Outcome::Answered { response: Response::Put { .. }, .. }
            )
    });
    *answer(&mut history.operations[index]).0 = 1;
    *answer(&mut history.operations[index]).1 =
        Response::Range { kvs: Vec::new(), more: false, count: 0 };
    linearizable && written_before
}

fn foreign_value(history: &mut History, dice: &mut Dice) -> bool {
    let shows = |r: &Response| matches!(r, Response::Range { kvs, .. } if !kvs.is_empty());
    let Some(index) = pick(history, dice, shows) else { return false };
    if let Response::Range { kvs, .. } = answer(&mut history.operations[index]).1 {
        kvs[0].value.push('?');
    }
    true
}

fn revision_twice(history: &mut History, dice: &mut Dice) -> bool {
    let put = |r: &Response| matches!(r, Response::Put { .. });
    let (Some(one), Some(other)) = (pick(history, dice, put), pick(history, dice, put)) else {
        return false;
    };
    *answer(&mut history.operations[other]).0 = *answer(&mut history.operations[one]).0;
    one != other
}

fn wrong_previous(history: &mut History, dice: &mut Dice) -> bool {
    let known = |r: &Response| matches!(r, Response::Put { prev_kv: Some(_) });
    let Some(index) = pick(history, dice, known) else { return false };
    if let Response::Put { prev_kv: Some(kv) } = answer(&mut history.operations[index]).1 {
        kv.version += 1;
    }
    true
}

fn other_branch(history: &mut History, dice: &mut Dice) -> bool {
    let txn = |r: &Response| matches!(r, Response::Txn { .. });
    let Some(index) = pick(history, dice, txn) else { return false };
    if let Response::Txn { succeeded, .. } = answer(&mut history.operations[index]).1 {
        *succeeded = !*succeeded;
    }
    true
}

fn wrong_count(history: &mut History, dice: &mut Dice) -> bool {
    let range = |r: &Response| matches!(r, Response::Range { .. });
    let Some(index) = pick(history, dice, range) else { return false };
    if let Response::Range { count, .. } = answer(&mut history.operations[index]).1 {
        *count += 1;
    }
    true
}

fn skip_a_revision(history: &mut History, _: &mut Dice) -> bool {
    history.watches.clear();
    let first = |operation: &Operation| {
        matches!(&operation.outcome, Outcome::Answered { response: Response::Put { .. }, .. })
    };
    let answered = history.operations.iter().position(first);
    for operation in &mut history.operations {
        if let Outcome::Answered { revision, .. } = &mut operation.outcome
            && *revision > 1
        {
            *revision += 1;
        }
    }
    answered.is_some()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn perfect_histories_pass(seed: u64) {
        let made = sample(seed, 300).make();
        let resolved = resolve(&made.history).expect("nothing is wrong with it");
        prop_assert_eq!(&resolved.undecided, &None);
        for (found, true_one) in resolved.log.iter().zip(&made.log) {
            prop_assert_eq!(&found.events, &true_one.events);
        }
    }

    #[test]
    fn perfect_histories_pass_without_a_watch(seed: u64) {
        let made = Sample { watches: 0, ..sample(seed, 120) }.make();
        prop_assert!(resolve(&made.history).is_ok());
    }

    #[test]
    fn spoilt_histories_are_caught(seed: u64, spoiler in 0..SPOILERS.len()) {
        let mut history = Sample { unknown_percent: 0, rich: false, ..sample(seed, 100) }.make().history;
        let (name, spoil) = SPOILERS[spoiler];
        let spoilt = spoil(&mut history, &mut Dice(seed));
        prop_assume!(spoilt);
        prop_assert!(resolve(&history).is_err(), "{}", name);
    }

    #[test]
    fn spoilt_answers_are_caught_among_unknown_outcomes(seed: u64, spoiler in 0..ANSWERS.len()) {
        let mut history = Sample { unknown_percent: 20, ..sample(seed, 200) }.make().history;
        let (name, spoil) = ANSWERS[spoiler];
        prop_assume!(spoil(&mut history, &mut Dice(seed)));
        prop_assert!(resolve(&history).is_err(), "{}", name);
    }

    #[test]
    fn the_fast_path_agrees_with_the_search(seed: u64, spoiler in 0..=SPOILERS.len()) {
        let mut history = small(seed).make().history;
        if let Some((_, spoil)) = SPOILERS.get(spoiler) {
            spoil(&mut history, &mut Dice(seed));
        }
        let fast = resolve(&history);
        let slow = search(&history, Sight::Revisions);
        prop_assert_ne!(slow, Verdict::TooLarge);
        prop_assert_eq!(fast.is_ok(), slow == Verdict::Linearizable, "{:?}", fast);
    }

    #[test]
    fn keys_are_linearizable_one_by_one(seed: u64) {
        let history = small(seed).make().history;
        let one_key = |op: &&Operation| match &op.request {
            Request::Delete(delete) => delete.range_end.is_empty(),
            other => !matches!(other, Request::Txn(_)),
        };
        let operations = history.operations.iter().filter(one_key).cloned().collect();
        let blind = History { operations, ..History::default() };
        // Where other writes were left out, an answer may show one of them.
        if history.operations.len() == blind.operations.len() {
            prop_assert_eq!(search_by_key(&blind), Verdict::Linearizable);
        }
    }
}

#[test]
fn every_spoiler_finds_something_to_spoil() {
    for (name, spoil) in SPOILERS {
        let spoilt = (0..20).filter(|&seed| {
            let mut history = sample(seed, 100).make().history;
            spoil(&mut history, &mut Dice(seed))
        });
        assert!(spoilt.count() > 0, "{name}");
    }
}

#[test]
fn a_history_survives_its_file() {
    let history = sample(3, 50).make().history;
    let text = serde_json::to_string(&history).expect("a history is plain data");
    assert_eq!(serde_json::from_str::<History>(&text).expect("as it was written"), history);
}
