//! A log recovers from every image that a power loss may leave, also of its own recovery.

#![allow(clippy::unwrap_used)]

mod support;

use proptest::prelude::*;
use support::crash::*;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..4usize, 0..900usize, any::<bool>())
            .prop_map(|(count, size, sync)| Step::Save { count, size, sync, zeros: false }),
        1 => (1..3usize, 0..3000usize, any::<bool>())
            .prop_map(|(count, size, sync)| Step::Save { count, size, sync, zeros: true }),
        2 => (1..4u64).prop_map(|back| Step::Overwrite { back }),
        1 => Just(Step::Commit),
        1 => Just(Step::Snapshot),
        1 => Just(Step::Release),
        1 => Just(Step::Sync),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_image_recovers(
        seed in any::<u64>(),
        steps in proptest::collection::vec(step(), 1..14),
        last in step(),
        fuse in 0..12u64,
    ) {
        let none = host::Defects::none();
        let checked = check_life(seed, &steps, &last, fuse, &none);
        prop_assert!(checked.is_ok(), "{}", checked.unwrap_err());
    }
}

#[test]
fn every_byte_flipped_is_refused_or_harmless() {
    let (disk, expected) = a_log_in_three_segments();
    let segments: Vec<_> = disk
        .model()
        .tree()
        .into_iter()
        .filter_map(|(path, len)| Some((path, len?)))
        .filter(|(path, _)| path.ends_with(".wal"))
        .collect();
    assert!(segments.len() >= 3);
    let (mut refused, mut harmless) = (0, 0);
    for (path, len) in segments {
        for offset in 0..len {
            for mask in [0x01, 0x80, 0xff] {
                let mut model = disk.model().clone();
                model.rot(&path, offset, mask).unwrap();
                match support::open(&support::shared(model)) {
                    Ok((_, recovered)) if recovered == expected => harmless += 1,
                    Ok(_) => panic!("{path} at {offset} with {mask:#x}: silently lost"),
                    Err(wal::WalError::Corrupt { file, .. }) if path.ends_with(&file) => {
                        refused += 1
                    }
                    Err(error) => panic!("{path} at {offset}: {error}"),
                }
            }
        }
    }
    assert!(refused > 1000 && harmless > 1000, "{refused} refused, {harmless} harmless");
}

#[test]
fn a_hole_of_zeros_in_acknowledged_data_is_refused() {
    let (disk, _) = a_log_in_three_segments();
    let path = support::last_segment(&disk);
    let used = disk.model().contents(&path).unwrap().iter().rposition(|b| *b != 0).unwrap();
    for sector in 0..used / disk::SECTOR {
        let model = disk.model().clone();
        let hurt = support::shared(model);
        let file = host::Disk::open(&hurt, &path, host::Open::ReadWrite).unwrap();
        file.write_at((sector * disk::SECTOR) as u64, &[0; disk::SECTOR]).unwrap();
        let refused = support::open(&hurt).unwrap_err();
        assert!(matches!(refused, wal::WalError::Corrupt { .. }), "{refused}");
        let text = refused.to_string();
        assert!(text.contains("restore the member") && text.contains(".wal"), "{text}");
    }
}

#[test]
fn a_truncated_closed_segment_is_refused() {
    let (disk, _) = a_log_in_three_segments();
    let paths: Vec<_> = disk.model().tree().into_iter().map(|(path, _)| path).collect();
    let first = paths.iter().find(|path| path.ends_with(".wal")).unwrap();
    let len = disk.model().contents(first).unwrap().len() as u64;
    for cut in (0..len).step_by(8) {
        let hurt = support::shared(disk.model().clone());
        let file = host::Disk::open(&hurt, first, host::Open::ReadWrite).unwrap();
        file.set_len(cut).unwrap();
        let refused = support::open(&hurt).unwrap_err();
        assert!(matches!(refused, wal::WalError::Corrupt { .. }), "cut at {cut}: {refused}");
    }
}

#[test]
fn a_torn_segment_exists_whole_at_every_moment_of_its_repair() {
    check_repair(&host::Defects::none()).unwrap();
}

/// The exhibits: with the deliberate bug, the tests above must fail.
#[cfg(feature = "defects")]
mod museum {
    use super::*;
    use host::Defects;

    /// How many of some lives break a promise under a defect.
    fn broken_lives(defect: &str) -> usize {
        let defects = Defects::named([defect]);
        let save = |size, sync| Step::Save { count: 2, size, sync, zeros: false };
        let steps = [save(700, true), save(900, true), save(400, false), save(900, true)];
        let last = [save(800, true), save(800, false), Step::Overwrite { back: 2 }];
        (0..30)
            .filter(|seed| {
                let last = &last[*seed as usize % last.len()];
                check_life(*seed, &steps, last, seed % 6 + 1, &defects).is_err()
            })
            .count()
    }

    #[test]
    fn lives_are_whole_without_defects() {
        assert_eq!(broken_lives("none"), 0);
    }

    #[test]
    fn e16a_a_torn_tail_taken_for_damage_is_found() {
        assert!(broken_lives("E16a") > 0);
    }

    #[test]
    fn e16c_a_cut_before_the_copy_is_durable_is_found() {
        assert!(check_repair(&Defects::named(["E16c"])).is_err());
    }

    #[test]
    fn e16d_damage_taken_for_a_torn_tail_is_found() {
        let (disk, expected) = a_log_in_three_segments();
        let path = support::last_segment(&disk);
        disk.model().rot(&path, 100, 0x10).unwrap();
        let machine = support::machine(&disk, &Defects::named(["E16d"]));
        let opened = wal::Wal::open(machine, support::options(), wal::SnapshotMark::default());
        let (_, recovered) = opened.unwrap();
        assert!(recovered.entries.len() < expected.entries.len(), "nothing was lost");
    }

    #[test]
    fn e17_a_name_that_is_not_synced_is_found() {
        assert!(broken_lives("E17") > 0);
    }
}
