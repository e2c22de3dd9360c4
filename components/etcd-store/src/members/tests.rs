//! Changes that fit and changes that do not, and what is left after a restart.

use super::*;
use crate::testing::rows_after;
use proptest::prelude::*;

fn member(id: u64, url: &str) -> MemberRecord {
    new_member(id, vec![url.to_owned()], false)
}

fn learner(id: u64, url: &str) -> MemberRecord {
    new_member(id, vec![url.to_owned()], true)
}

fn name(members: &mut Members, id: u64, batch: &mut Batch) {
    let attributes = Attributes { name: format!("m{id}"), client_urls: vec![] };
    let request =
        ClusterMemberAttrSetRequest { member_id: id, member_attributes: Some(attributes) };
    members.set_attributes(&request, batch);
}

#[test]
fn changes_are_validated_as_upstream_does() {
    use Change::*;
    let mut members = Members::new(1, Defects::none());
    let mut batch = Batch::default();
    let cases = [
        (Add(member(1, "a")), Ok(())),
        (Add(member(1, "b")), Err(EtcdError::MemberExist)),
        (Add(member(2, "a")), Err(EtcdError::PeerUrlExist)),
        (Add(learner(2, "b")), Ok(())),
        (Add(learner(3, "c")), Err(EtcdError::TooManyLearners)),
        (Promote(1), Err(EtcdError::MemberNotLearner)),
        (Promote(9), Err(EtcdError::MemberNotFound)),
        (Update(member(2, "a")), Err(EtcdError::PeerUrlExist)),
        (Update(member(2, "b2")), Ok(())),
        (Update(member(9, "z")), Err(EtcdError::MemberNotFound)),
        (Promote(2), Ok(())),
        (Add(learner(3, "c")), Ok(())),
        (Remove(1), Ok(())),
        (Remove(1), Err(EtcdError::MemberNotFound)),
        (Add(member(1, "a")), Err(EtcdError::MemberNotFound)),
    ];
    for (change, expected) in cases {
        assert_eq!(members.apply(&change, &mut batch), expected, "{change:?}");
    }
    assert_eq!(members.conf_state(), (vec![2], vec![3]));
    assert!(members.is_removed(1));
}

#[test]
fn an_update_leaves_a_learner_a_learner() {
    let mut members = Members::new(1, Defects::none());
    let mut batch = Batch::default();
    members.apply(&Change::Add(learner(1, "a")), &mut batch).unwrap();
    members.apply(&Change::Update(member(1, "b")), &mut batch).unwrap();
    let shown = members.list();
    assert!(shown[0].is_learner);
    assert_eq!(shown[0].peer_urls, ["b"]);
}

#[test]
fn strict_reconfiguration_keeps_a_quorum_of_started_members() {
    // (started voters, other voters) → may add, may remove a started one, may promote.
    let cases = [
        ((1, 0), (true, false, true)),
        ((1, 1), (false, false, true)),
        ((2, 0), (true, true, true)),
        ((2, 1), (false, false, true)),
        ((3, 0), (true, true, true)),
        ((3, 2), (false, false, true)),
        ((4, 1), (true, true, true)),
    ];
    for ((started, others), expected) in cases {
        let mut members = Members::new(1, Defects::none());
        let mut batch = Batch::default();
        for id in 1..=started + others {
            members.apply(&Change::Add(member(id, &id.to_string())), &mut batch).unwrap();
        }
        (1..=started).for_each(|id| name(&mut members, id, &mut batch));
        let ready = (
            members.is_ready_to_add_voter(),
            members.is_ready_to_remove_voter(1),
            members.is_ready_to_promote(),
        );
        assert_eq!(ready, expected, "{started} started of {}", started + others);
    }
}

fn change() -> impl Strategy<Value = Change> {
    let url = prop::sample::select(vec!["a", "b", "c", "d"]);
    let member = (1..6u64, url, any::<bool>())
        .prop_map(|(id, url, learner)| new_member(id, vec![url.to_owned()], learner));
    prop_oneof![
        4 => member.clone().prop_map(Change::Add),
        1 => (1..6u64).prop_map(Change::Promote),
        1 => (1..6u64).prop_map(Change::Remove),
        1 => member.prop_map(Change::Update),
    ]
}

proptest! {
    #[test]
    fn disk_and_memory_never_differ(changes in prop::collection::vec(change(), 1..40)) {
        let mut members = Members::new(2, Defects::none());
        let mut batch = Batch::default();
        members.set_version("3.6.0", &mut batch);
        for change in changes {
            let before = members.conf_state();
            if members.apply(&change, &mut batch).is_err() {
                prop_assert_eq!(before, members.conf_state());
            }
            name(&mut members, subject(&change), &mut batch);
            let mut restored = Members::new(2, Defects::none());
            restored.restore(&rows_after([&batch])).unwrap();
            prop_assert_eq!(restored.list(), members.list());
            prop_assert!(restored.removed().eq(members.removed()));
            prop_assert_eq!(restored.version(), members.version());
            prop_assert!(members.learners().count() <= 2);
        }
    }
}
