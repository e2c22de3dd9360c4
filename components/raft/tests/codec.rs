//! What is encoded comes back the same, and no bytes make the decoder panic.

use bytes::Bytes;
use proptest::{collection::vec, prelude::*};
use raft::{
    Body, Change, ChangeKind, Codec, ConfChange, ConfState, Config, DecodeError, Entry, EntryId,
    EntryKind, HardState, Message, Raft, Restored, SnapshotMeta, Transition,
};

fn bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..40).prop_map(Bytes::from)
}

/// Any number, but mostly one that could mean something.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0..6u64, 1 => any::<u64>(), 1 => Just(u64::MAX)]
}

fn id() -> impl Strategy<Value = EntryId> {
    (number(), number()).prop_map(|(term, index)| EntryId { term, index })
}

fn entry() -> impl Strategy<Value = Entry> {
    (id(), any::<bool>(), bytes()).prop_map(|(id, change, data)| Entry {
        term: id.term,
        index: id.index,
        kind: if change { EntryKind::ConfChange } else { EntryKind::Normal },
        data,
    })
}

fn conf_state() -> impl Strategy<Value = ConfState> {
    let ids = || vec(number(), 0..4);
    (ids(), ids(), ids(), ids(), any::<bool>()).prop_map(|sets| ConfState {
        voters: sets.0,
        learners: sets.1,
        voters_outgoing: sets.2,
        learners_next: sets.3,
        auto_leave: sets.4,
    })
}

fn meta() -> impl Strategy<Value = SnapshotMeta> {
    (id(), conf_state()).prop_map(|(id, conf_state)| SnapshotMeta {
        conf_state,
        index: id.index,
        term: id.term,
    })
}

fn body() -> impl Strategy<Value = Body> {
    let entries = || vec(entry(), 0..4);
    prop_oneof![
        entries().prop_map(|entries| Body::Propose { entries }),
        (id(), entries(), number()).prop_map(|(prev, entries, commit)| Body::Append {
            prev,
            entries,
            commit
        }),
        (number(), prop::option::of(id()))
            .prop_map(|(index, reject)| Body::AppendResponse { index, reject }),
        (any::<bool>(), id(), any::<bool>()).prop_map(|(pre, last, transfer)| Body::Vote {
            pre,
            last,
            transfer
        }),
        any::<(bool, bool)>().prop_map(|(pre, reject)| Body::VoteResponse { pre, reject }),
        meta().prop_map(|meta| Body::Snapshot { meta }),
        (number(), number()).prop_map(|(commit, reads)| Body::Heartbeat { commit, reads }),
        number().prop_map(|reads| Body::HeartbeatResponse { reads }),
        Just(Body::TransferLeader),
        Just(Body::TimeoutNow),
        bytes().prop_map(|context| Body::ReadIndex { context }),
        (number(), bytes()).prop_map(|(index, context)| Body::ReadIndexResponse { index, context }),
    ]
}

fn conf_change() -> impl Strategy<Value = ConfChange> {
    let kind = prop::sample::select(vec![
        ChangeKind::AddVoter,
        ChangeKind::AddLearner,
        ChangeKind::Remove,
        ChangeKind::Update,
    ]);
    let transition = prop::sample::select(vec![
        Transition::Auto,
        Transition::JointImplicit,
        Transition::JointExplicit,
    ]);
    let changes = vec((kind, number()).prop_map(|(kind, node)| Change { kind, node }), 0..4);
    (transition, changes, bytes()).prop_map(|(transition, changes, context)| ConfChange {
        transition,
        changes,
        context,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn messages_come_back(to: u64, from: u64, term: u64, body in body()) {
        let message = Message { to, from, term, body };
        prop_assert_eq!(Message::decode(message.encode()), Ok(message));
    }

    #[test]
    fn states_come_back(change in conf_change(), meta in meta(), term: u64, vote: u64, commit: u64) {
        let hard_state = HardState { term, vote, commit };
        prop_assert_eq!(ConfChange::decode(change.encode()), Ok(change));
        prop_assert_eq!(SnapshotMeta::decode(meta.encode()), Ok(meta));
        prop_assert_eq!(HardState::decode(hard_state.encode()), Ok(hard_state));
    }

    /// Also a well-formed message may be nonsense, or come from a liar.
    #[test]
    fn no_message_makes_a_node_panic(
        standing: bool,
        letters in vec((0..4u64, number(), body()), 1..30),
    ) {
        let snapshot = SnapshotMeta {
            conf_state: ConfState { voters: vec![1, 2, 3], ..ConfState::default() },
            ..SnapshotMeta::default()
        };
        let restored = Restored { snapshot, ..Restored::default() };
        let mut raft = Raft::new(Config::new(1), restored, 0).expect("a sound start");
        if standing {
            raft.campaign(0);
        }
        for (from, term, body) in letters {
            let _ = raft.step(Message { to: 1, from, term, body }, term);
            for round in 0.. {
                let Some(ready) = raft.ready() else { break };
                prop_assert!(round < 100, "it never comes to rest: {:?}", ready);
                raft.persisted(ready.number);
                for entry in &ready.committed {
                    if entry.kind == EntryKind::ConfChange
                        && let Ok(change) = ConfChange::decode(entry.data.clone())
                    {
                        let _ = raft.apply_conf_change(&change);
                    }
                }
                if let Some(last) = ready.committed.last() {
                    raft.applied_to(last.index);
                }
            }
            raft.tick(term);
        }
    }

    #[test]
    fn a_cut_message_is_an_error(body in body(), cut in any::<prop::sample::Index>()) {
        let whole = Message { to: 1, from: 2, term: 3, body }.encode();
        let cut = whole.slice(..cut.index(whole.len()));
        prop_assert_eq!(Message::decode(cut), Err(DecodeError::Truncated));
    }

    #[test]
    fn garbage_is_an_error_or_means_what_it_says(garbage in vec(any::<u8>(), 0..60)) {
        let garbage = Bytes::from(garbage);
        if let Ok(message) = Message::decode(garbage.clone()) {
            prop_assert_eq!(Message::decode(message.encode()), Ok(message));
        }
        if let Ok(change) = ConfChange::decode(garbage) {
            prop_assert_eq!(ConfChange::decode(change.encode()), Ok(change));
        }
    }
}

#[test]
fn each_kind_of_error() {
    let cases: [(&[u8], DecodeError); 5] = [
        (&[], DecodeError::Truncated),
        (&[1, 2, 3, 99], DecodeError::Unknown { what: "message kind", value: 99 }),
        (&[1, 2, 3, 9, 0], DecodeError::Trailing(1)),
        (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], DecodeError::Overflow),
        // A list that claims more items than there are bytes.
        (&[1, 2, 3, 0, 0xff, 0xff, 0xff, 0x7f], DecodeError::Truncated),
    ];
    for (bytes, error) in cases {
        assert_eq!(Message::decode(Bytes::from_static(bytes)), Err(error), "{bytes:?}");
    }
}
