//! Every fault applies, strikes and heals; what overlaps adds up; what is printed is read back.

use crate::*;

fn cluster(voters: u16) -> Roster<Machine> {
    let role = |n| if n == 0 { Role::Leader } else { Role::Voter };
    let member = |n| Member { machine: Machine(n), group: "etcd".to_owned(), role: role(n) };
    let client = Member { machine: Machine(voters), group: "client".to_owned(), role: Role::Plain };
    Roster((0..voters).map(member).chain([client]).collect())
}

fn fault(yaml: &str) -> Fault {
    serde_yaml_ng::from_str(yaml).unwrap()
}

fn struck(outcome: Outcome) -> Struck {
    match outcome {
        Outcome::Struck(struck) => struck,
        Outcome::NotHere | Outcome::Refused(_) => panic!("{outcome:?}"),
    }
}

#[test]
fn every_drawn_fault_is_printed_and_read_back_and_strikes_and_heals() {
    let budget = Budget { away: Allowed::Any, lost: Allowed::Any };
    for (entry, drawn) in ALL.iter().filter_map(|entry| Some((entry, entry.draw.as_ref()?))) {
        for seed in 0..20 {
            let mut chance = Chance::new(seed, entry.name, 0);
            let lasts = (Span::secs(1), Span::secs(9));
            let mut draw = DrawFrom { chance: &mut chance, group: "etcd", members: 5, lasts };
            let fault = (drawn.make)(&mut draw);
            assert_eq!(fault.name(), entry.name);
            let printed = serde_yaml_ng::to_string(&fault).unwrap();
            assert_eq!(serde_yaml_ng::from_str::<Fault>(&printed).unwrap(), fault, "{printed}");

            let mut director = Director::new(seed, budget);
            match director.strike(Span::secs(3), &fault, &cluster(5)) {
                Outcome::Struck(struck) => {
                    assert!(!struck.acts.is_empty() || !struck.on.is_empty(), "{printed}");
                    director.heal_all();
                    // Machines without their disks count until they have joined again.
                    let replaced = matches!(entry.name, "reimage" | "bit_rot");
                    assert_eq!(director.broken().is_empty(), !replaced, "{printed}");
                    assert!(director.links().is_empty() && director.machines().is_empty());
                }
                Outcome::NotHere => assert_eq!(entry.name, "promote"),
                Outcome::Refused(over) => panic!("{over}"),
            }
        }
    }
}

#[test]
fn healing_undoes_a_one_way_partition() {
    let mut director = Director::new(1, Budget::default());
    let text = "partition: { target: etcd/leader, direction: outward, lasts: 2s }";
    let struck = struck(director.strike(Span::secs(1), &fault(text), &cluster(3)));
    let cut = LinkState { cut: true, ..LinkState::default() };
    let one = |to, state| Act::Link(Machine(0), Machine(to), state);
    assert_eq!(struck.acts, [one(1, cut), one(2, cut)]);
    assert_eq!(struck.until, Some(Span::secs(3)));
    let good = LinkState::default();
    assert_eq!(director.heal(struck.id), [one(1, good), one(2, good)]);
    assert!(director.heal(struck.id).is_empty());
}

#[test]
fn a_process_that_two_faults_hold_down_starts_after_the_second() {
    let mut director = Director::new(1, Budget::default());
    let crash = fault("crash: { target: etcd/1, lasts: 2s }");
    let power = fault("power_loss: { target: etcd/1, lasts: 9s }");
    let first = struck(director.strike(Span::secs(1), &crash, &cluster(3)));
    assert_eq!(first.acts, [Act::Kill(Machine(1))]);
    let second = struck(director.strike(Span::secs(2), &power, &cluster(3)));
    assert_eq!(second.acts, [Act::PowerOff(Machine(1))]);
    assert!(director.heal(first.id).is_empty());
    let woken = [Act::PowerOn(Machine(1)), Act::Start(Machine(1))];
    assert_eq!(director.heal(second.id), woken);
}

#[test]
fn a_machine_whose_power_was_cut_under_a_crash_is_switched_on_after_it() {
    let mut director = Director::new(1, Budget { away: Allowed::Any, lost: Allowed::None });
    let cut = fault("power_cut: { target: etcd/1, operation: 23, lasts: 2s }");
    let crash = fault("crash: { target: etcd/1, lasts: 9s }");
    let first = struck(director.strike(Span::secs(1), &cut, &cluster(3)));
    let second = struck(director.strike(Span::secs(2), &crash, &cluster(3)));
    assert!(director.heal(first.id).is_empty());
    let woken = [Act::PowerOn(Machine(1)), Act::Start(Machine(1))];
    assert_eq!(director.heal(second.id), woken);
}

#[test]
fn a_member_that_a_bad_disk_killed_is_started_when_the_disk_is_good() {
    let mut director = Director::new(1, Budget::default());
    let full = fault("full_disk: { target: etcd/2, lasts: 2s }");
    let struck = struck(director.strike(Span::secs(1), &full, &cluster(3)));
    let acts = director.heal(struck.id);
    assert_eq!(acts.first(), Some(&Act::Disk(Machine(2), DiskState::default())));
    assert_eq!(acts.last(), Some(&Act::Start(Machine(2))));
}

#[test]
fn a_rotten_disk_waits_for_its_turn_and_ends_with_a_new_member() {
    let budget = Budget { away: Allowed::Any, lost: Allowed::Minority };
    let mut director = Director::new(1, budget);
    let rot = fault("bit_rot: { target: etcd/1, sectors: 2, lasts: 5s }");
    let crash = fault("crash: { target: etcd/0, lasts: 1s }");
    let first = struck(director.strike(Span::secs(1), &crash, &cluster(3)));
    let refused = director.strike(Span::secs(1), &rot, &cluster(3));
    assert!(matches!(refused, Outcome::Refused(_)), "{refused:?}");
    director.heal(first.id);
    let second = struck(director.strike(Span::secs(2), &rot, &cluster(3)));
    assert!(director.heal(second.id).contains(&Act::Blow(Blow::Reimage(Machine(1)))));
    assert_eq!(director.strike(Span::secs(9), &rot, &cluster(1)), Outcome::NotHere);
}

#[test]
fn a_replaced_machine_counts_until_it_has_joined_again() {
    let budget = Budget { away: Allowed::Any, lost: Allowed::Minority };
    let mut director = Director::new(1, budget);
    let reimage = |which| fault(&format!("reimage: {{ target: etcd/{which}, lasts: 1s }}"));
    let mut joining = cluster(5);
    for which in [1, 2] {
        let lost = struck(director.strike(Span::secs(1), &reimage(which), &joining));
        director.heal(lost.id);
        joining.0[which].role = Role::Plain;
    }
    let refused = director.strike(Span::secs(5), &reimage(3), &joining);
    assert_eq!(refused, Outcome::Refused(OverBudget { broken: 3, most: 2, voters: 5 }));
    // What joins may die on the way, and be replaced again.
    let crash = fault("crash: { target: etcd/1, lasts: 1s }");
    struck(director.strike(Span::secs(6), &crash, &joining));
    struck(director.strike(Span::secs(9), &reimage(3), &cluster(5)));
}

#[test]
fn a_misspelt_fault_is_named_with_its_line_and_the_list() {
    let wrong = "at: 1s\nfault:\n  crsh: { target: etcd/leader, lasts: 8s }\n";
    #[derive(Debug, serde::Deserialize)]
    struct Step {
        #[serde(rename = "fault")]
        _fault: Fault,
    }
    let said = serde_yaml_ng::from_str::<Step>(wrong).unwrap_err().to_string();
    assert!(said.contains("unknown fault 'crsh'") && said.contains("crash_at"), "{said}");
    assert!(said.contains("line 3"), "{said}");
    let said = serde_yaml_ng::from_str::<Fault>("crash: { target: etcd/0, last: 8s }");
    assert!(said.unwrap_err().to_string().contains("unknown field `last`"));
}

#[test]
fn what_is_retired_stays_away_and_a_quorum_stays() {
    let mut director = Director::new(1, Budget::default());
    let retire = |n| fault(&format!("retire: {{ target: etcd/{n} }}"));
    let first = struck(director.strike(Span::secs(1), &retire(1), &cluster(3)));
    assert_eq!((first.acts, first.until), (vec![Act::PowerOff(Machine(1))], None));
    let crash = fault("crash: { target: etcd/1, lasts: 2s }");
    struck(director.strike(Span::secs(2), &crash, &cluster(3)));
    assert!(director.heal_all().is_empty());
    let second = director.strike(Span::secs(3), &retire(2), &cluster(3));
    assert!(matches!(second, Outcome::Refused(_)), "{second:?}");
}
