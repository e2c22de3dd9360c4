//! Random groups under loss, duplication, reordering, crashes, slow disks, compaction and changes of membership, held to Raft's rules.

mod dice;
mod node;
mod rules;
mod world;

use host::Defects;
use world::{Plan, World};

/// Runs one seed: chaos first, then healing and a demand for progress.
fn run(seed: u64, plan: &Plan, defects: &Defects) -> Result<World, String> {
    let mut world = World::new(seed, plan, defects);
    world.chaos(plan.steps).map_err(|broken| format!("seed {seed}: {broken}"))?;
    world.heal().map_err(|broken| format!("seed {seed}, healing: {broken}"))?;
    Ok(world)
}

#[test]
fn rules_hold_in_a_fixed_group() {
    let plan = Plan { conf_changes: false, ..Plan::default() };
    for seed in 0..120 {
        if let Err(broken) = run(seed, &plan, &Defects::none()) {
            panic!("{broken}");
        }
    }
}

#[test]
fn rules_hold_while_membership_changes() {
    let mut rare = rules::Rare::default();
    for seed in 1000..1200 {
        let plan = Plan { restless: seed % 2 == 0, ..Plan::default() };
        match run(seed, &plan, &Defects::none()) {
            Ok(world) => rare.add(&world.rules.rare),
            Err(broken) => panic!("{broken}"),
        }
    }
    assert!(rare.all_seen(), "some rare path was never taken: {rare:?}");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in [1, 2, 3] {
        let runs = [0, 1].map(|_| {
            let world = run(seed, &Plan::default(), &Defects::none()).expect("keeps the rules");
            world.rules.digest()
        });
        assert_eq!(runs[0], runs[1]);
    }
}

#[cfg(feature = "defects")]
#[test]
fn every_deliberate_bug_breaks_a_rule() {
    const MAX_SEEDS: u64 = 3000;
    let fixed = Plan { conf_changes: false, ..Plan::default() };
    // One entry a message, neither check-quorum nor pre-vote.
    let restless = Plan { restless: true, settings: (0xf3, 0), ..fixed };
    let restless_pre_vote = Plan { restless: true, settings: (0xf3, 2), ..fixed };
    let restless_changing = Plan { restless: true, ..Plan::default() };
    let cases = [
        ("E02", &fixed, "applied before durable"),
        ("E18b", &fixed, ""),
        ("E20a", &fixed, "stale read"),
        ("E20b", &fixed, "stale read"),
        ("E25a", &restless_changing, ""),
        ("E25b", &restless_changing, ""),
        ("E27", &restless_pre_vote, "no progress"),
        ("E29", &fixed, "skipped"),
        ("E32", &restless, ""),
    ];
    for (name, plan, rule) in cases {
        let defects = Defects::named([name]);
        let found = (0..MAX_SEEDS).find_map(|seed| run(seed, plan, &defects).err());
        let broken = found.unwrap_or_else(|| panic!("{name}: {MAX_SEEDS} seeds and no alarm"));
        assert!(broken.contains(rule), "{name}: {broken}");
    }
}
