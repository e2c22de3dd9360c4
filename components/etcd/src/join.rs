//! Joining a cluster that runs: who its members are, and which of them we are to be.
//!
//! Upstream: server/etcdserver/cluster_util.go (GetClusterFromRemotePeers).

use crate::{config::Config, dial, fatal::Fatal, peer_service::texts};
use etcd_api::internal::{
    Handshake, MemberRecord, PeerMembersResponse, PeerRequest, peer_client::PeerClient,
};
use etcd_store::members;
use host::{Host, event};
use raft::types::NodeId;
use std::{sync::Arc, time::Duration};

/// How often the members are asked before giving up.
const ATTEMPTS: u32 = 10;
/// How long one member may take to answer.
const ANSWER: Duration = Duration::from_secs(2);
/// Pause between rounds.
const PAUSE: Duration = Duration::from_millis(500);

/// What a member that joins has learnt.
#[derive(Clone, Debug)]
pub(crate) struct Joined {
    pub(crate) member: NodeId,
    pub(crate) cluster: u64,
    pub(crate) members: Vec<MemberRecord>,
}

/// Asks the members of the initial cluster, this one excepted.
///
/// # Errors
/// Nobody answers, or the cluster does not know this member.
pub(crate) async fn ask(host: &Host, config: &Arc<Config>) -> Result<Joined, Fatal> {
    let dialer = dial::dialer(host, config)?;
    let ours = texts(&config.initial_advertise_peer_urls);
    let others: Vec<Vec<String>> = config
        .initial_cluster
        .iter()
        .filter(|(name, _)| **name != config.name)
        .map(|(_, urls)| texts(urls))
        .collect();
    let mut refusal = None;
    for _ in 0..ATTEMPTS {
        for urls in &others {
            let channel = dialer(urls);
            let request = PeerRequest { handshake: Some(Handshake::default()) };
            let call = async move { PeerClient::new(channel).members(request).await };
            match host.timeout(ANSWER, call).await {
                Ok(Ok(answer)) => match find(&ours, answer.into_inner()) {
                    Ok(joined) => return Ok(joined),
                    // The member asked may be behind: others may know us already.
                    Err(why) => refusal = Some(why),
                },
                Ok(Err(status)) => {
                    let why = status.message();
                    event!(host, Debug, "a member to join did not answer", why = why);
                }
                Err(_) => {}
            }
        }
        host.sleep(PAUSE).await;
    }
    let nobody = "cannot fetch cluster info from peer urls: could not retrieve cluster information \
                  from the given URLs";
    Err(Fatal::Join(refusal.unwrap_or_else(|| nobody.into())))
}

fn find(ours: &[String], answer: PeerMembersResponse) -> Result<Joined, String> {
    let mut ours = ours.to_vec();
    ours.sort();
    let me = answer.members.iter().find(|member| members::peer_urls(member) == ours);
    let Some(me) = me else {
        return Err(format!(
            "no member with peer URLs {} is known to the cluster; add it there first (member add)",
            ours.join(",")
        ));
    };
    Ok(Joined { member: me.id, cluster: answer.cluster_id, members: answer.members.clone() })
}
