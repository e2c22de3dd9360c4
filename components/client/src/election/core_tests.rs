//! The election's core answer by answer.

use super::*;

const SECOND: u64 = 1_000_000_000;

fn at(seconds: u64) -> (Instant, Timestamp) {
    (Instant(seconds * SECOND), Timestamp(seconds * SECOND))
}

fn candidate(identity: &str) -> Election {
    let timing = Timing::default();
    Election::begin(at(1).0, identity, ("n", "l"), timing, true).0
}

fn step(election: &mut Election, seconds: u64, input: Input) -> Next {
    let (now, wall) = at(seconds);
    election.step(now, wall, 0, input)
}

fn holder(next: &Next) -> (String, u64) {
    match next {
        Next::Create(lease) | Next::Update(lease) => {
            let record = Record::of(lease);
            (record.holder, record.transitions)
        }
        other => panic!("{other:?} is no write"),
    }
}

fn leader() -> (Election, Value) {
    let mut election = candidate("a");
    let Next::Create(lease) = step(&mut election, 1, Input::Read(None)) else {
        panic!("nothing is there");
    };
    let next = step(&mut election, 2, Input::Written(lease.clone()));
    assert_eq!(next, Next::Wait(Duration::from_secs(2)));
    (election, lease)
}

#[test]
fn a_leader_leads_from_its_asking_until_its_deadline() {
    let (mut election, _) = leader();
    assert!(election.leads(at(10).0) && !election.leads(at(11).0));
    let renewal = step(&mut election, 4, Input::Waited);
    assert_eq!(holder(&renewal), ("a".into(), 0));
    // It may have been another's write.
    assert_eq!(step(&mut election, 5, Input::Failed), Next::Read);
    assert_eq!(step(&mut election, 9, Input::Failed), Next::Wait(Duration::from_secs(2)));
    assert_eq!(step(&mut election, 11, Input::Waited), Next::End);
    assert!(!election.leads(at(11).0));
}

#[test]
fn a_candidate_waits_until_the_record_has_not_changed_for_the_lease() {
    let (_, lease) = leader();
    let mut other = candidate("b");
    let wait = Next::Wait(Duration::from_secs(2));
    assert_eq!(step(&mut other, 5, Input::Read(Some(lease.clone()))), wait);
    assert_eq!(step(&mut other, 7, Input::Waited), Next::Read);
    let mut renewed = lease;
    renewed["spec"]["renewTime"] = "1970-01-01T00:00:04.000000Z".into();
    assert_eq!(step(&mut other, 10, Input::Read(Some(renewed.clone()))), wait);
    assert_eq!(step(&mut other, 24, Input::Read(Some(renewed.clone()))), wait);
    let claim = step(&mut other, 25, Input::Read(Some(renewed)));
    assert_eq!(holder(&claim), ("b".into(), 1));
    assert!(!other.leads(at(25).0));
}

#[test]
fn a_leader_that_stops_gives_the_lease_back_at_once() {
    let (mut election, _) = leader();
    let release = step(&mut election, 3, Input::Stop);
    assert_eq!(holder(&release), (String::new(), 0));
    assert!(!election.leads(at(3).0));
    let Next::Update(lease) = release else { panic!("a release is an update") };
    let mut other = candidate("b");
    assert_eq!(holder(&step(&mut other, 3, Input::Read(Some(lease.clone())))).0, "b");
    assert_eq!(step(&mut election, 4, Input::Written(lease)), Next::End);
}
