//! The museum's exhibits that live in leases, members and auth: each switched-on bug breaks the
//! rule it is meant to break, and nothing else is needed to see it.

use crate::{
    auth::{
        Auth,
        token::{SIMPLE_TOKEN_TTL, SimpleTokens, Tokens},
    },
    batch::Batch,
    lease::{Lessor, LessorConfig, Renewal},
    members::{Members, new_member},
    testing::rows_after,
};
use etcd_api::{
    authpb::{Permission, permission::Type},
    etcdserverpb::{
        AuthRoleAddRequest, AuthRoleGrantPermissionRequest, AuthUserAddRequest,
        AuthUserGrantRoleRequest, LeaseCheckpoint,
    },
    internal::config_change_context::Change,
};
use host::{Defects, Instant};
use std::time::Duration;

fn at(seconds: u64) -> Instant {
    Instant(seconds * 1_000_000_000)
}

/// A primary with lease 1 of 20 seconds, of which 15 are left by its checkpoint.
fn checkpointed(defects: Defects) -> (Lessor, Batch) {
    let checkpoint_interval = Some(Duration::from_secs(5));
    let config = LessorConfig { ttl_seconds_min: 2, checkpoint_interval, defects };
    let (mut lessor, mut batch) = (Lessor::new(config), Batch::default());
    lessor.promote(1, at(0), Duration::ZERO);
    lessor.grant(1, 20, at(0), &mut batch).unwrap();
    lessor.checkpoint(&[LeaseCheckpoint { id: 1, remaining_ttl: 15 }], at(5), &mut batch);
    (lessor, batch)
}

#[test]
fn e21c_a_revoked_lease_is_renewed() {
    let (mut lessor, mut batch) = checkpointed(Defects::named(["E21c"]));
    let Ok(Renewal::ClearCheckpoint(renewing)) = lessor.renew(1, at(6)) else {
        panic!("the checkpoint is in the way");
    };
    lessor.revoke(1, &mut batch).unwrap();
    assert_eq!(lessor.finish_renewal(renewing, at(7)), Ok(20));
}

#[test]
fn e22_a_checkpoint_is_lost_with_memory() {
    for (defects, left) in [(Defects::none(), 15), (Defects::named(["E22"]), 20)] {
        let (mut lessor, batch) = checkpointed(defects);
        lessor.restore(&rows_after([&batch])).unwrap();
        lessor.promote(1, at(10), Duration::ZERO);
        assert_eq!(lessor.remaining(1, at(10)), Ok(Duration::from_secs(left)));
    }
}

/// What memory and disk say of the members after the changes.
fn members(defect: &str, changes: &[Change]) -> [(Vec<u64>, Vec<u64>); 2] {
    let mut members = Members::new(1, Defects::named([defect]));
    let mut batch = Batch::default();
    for change in changes {
        members.apply(change, &mut batch).unwrap();
    }
    let memory = members.conf_state();
    members.restore(&rows_after([&batch])).unwrap();
    [memory, members.conf_state()]
}

#[test]
fn e30_memory_and_disk_differ_or_a_learner_votes() {
    let learner = || Change::Add(new_member(1, vec!["a".to_owned()], true));
    let update = || Change::Update(new_member(1, vec!["b".to_owned()], false));
    let (votes, listens, nobody) = ((vec![1], vec![]), (vec![], vec![1]), (vec![], vec![]));
    let promoted = members("E30a", &[learner(), Change::Promote(1)]);
    assert_eq!(promoted, [votes.clone(), listens.clone()]);
    assert_eq!(members("E30b", &[learner(), update()]), [votes.clone(), votes]);
    assert_eq!(members("E30c", &[learner(), Change::Remove(1)]), [nobody, listens]);
}

#[test]
fn e04b_permissions_are_not_rebuilt_by_a_restore() {
    let tokens = || Tokens::Simple(SimpleTokens::new(SIMPLE_TOKEN_TTL));
    let (mut auth, mut batch) = (Auth::new(tokens(), Defects::none()), Batch::default());
    let (name, role) = ("alice".to_owned(), "r".to_owned());
    let user = AuthUserAddRequest { name: name.clone(), ..Default::default() };
    auth.user_add(&user, &mut batch).unwrap();
    auth.role_add(&AuthRoleAddRequest { name: role.clone() }, &mut batch).unwrap();
    let perm = Permission { perm_type: Type::Read.into(), key: "a".into(), ..Default::default() };
    let grant = AuthRoleGrantPermissionRequest { name: role.clone(), perm: Some(perm) };
    auth.role_grant_permission(&grant, &mut batch).unwrap();
    auth.user_grant_role(&AuthUserGrantRoleRequest { user: name, role }, &mut batch).unwrap();

    let mut behind = Auth::new(tokens(), Defects::named(["E04b"]));
    behind.restore(&rows_after([&batch])).unwrap();
    assert_eq!(behind.replicated(), auth.replicated());
    assert_eq!((auth.permissions().count(), behind.permissions().count()), (1, 0));
}
