//! What a member sees to by itself: telling its name, agreeing on the cluster's version, raising
//! alarms.
//!
//! Upstream: server/etcdserver/server.go (publishV3, monitorVersions).

use crate::{member::Member, peer_service::texts, version};
use etcd_api::{
    etcdserverpb::{AlarmRequest, AlarmType, alarm_request::AlarmAction},
    internal::{
        Attributes, ClusterMemberAttrSetRequest, ClusterVersionSetRequest,
        internal_request::Request as Op,
    },
};
use host::event;
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

/// How often the leader looks at the cluster's version.
const VERSION_LOOK: Duration = Duration::from_secs(4);

/// Tells the others this member's name and client URLs, again and again until it is replicated.
pub(crate) async fn publish(member: Arc<Member>) {
    let request = ClusterMemberAttrSetRequest {
        member_id: member.id,
        member_attributes: Some(Attributes {
            name: member.config.name.clone(),
            client_urls: texts(&member.config.advertise_client_urls),
        }),
    };
    while member.propose(None, Op::ClusterMemberAttrSet(request.clone())).await.is_err() {
        member.host.sleep(member.config.heartbeat).await;
    }
    event!(member.host, Info, "published local member to cluster through raft");
}

/// The leader proposes the version that all members can work in.
pub(crate) async fn agree_on_version(member: Arc<Member>) {
    let mut leadership = member.leadership.clone();
    loop {
        let undecided = {
            let store = member.store.read();
            store.members().version() != Some(version::CLUSTER)
        };
        if member.leads() && undecided {
            let ver = version::CLUSTER.to_owned();
            let request = Op::ClusterVersionSet(ClusterVersionSetRequest { ver });
            // A failure is tried again at the next look.
            let _ = member.propose(None, request).await;
        }
        let gone = host::select!(member.host, {
            changed = leadership.changed() => changed.is_err(),
            () = member.host.sleep(VERSION_LOOK) => false,
        });
        if gone {
            return;
        }
    }
}

/// Raises NOSPACE for this member when the store asks for it.
pub(crate) async fn raise_no_space(member: Arc<Member>, asked: Arc<Notify>) {
    loop {
        asked.notified().await;
        raise(&member, AlarmType::Nospace, member.id).await;
    }
}

/// Raises an alarm, again and again until it is replicated.
pub(crate) async fn raise(member: &Member, alarm: AlarmType, of: u64) {
    event!(member.host, Warn, "raising an alarm", alarm = alarm.as_str_name(), member = of);
    let request =
        AlarmRequest { action: AlarmAction::Activate.into(), member_id: of, alarm: alarm.into() };
    while member.propose(None, Op::Alarm(request)).await.is_err() {
        member.host.sleep(member.config.heartbeat).await;
    }
}
