//! How members and clusters get their identities (server/etcdserver/api/membership/member.go).

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// A member's identity: from its peer URLs and the cluster's token, and for members added later
/// from the time of the addition too, so that a removed member can come back under a new identity.
pub fn member_id(peer_urls: &[String], cluster_token: &str, added_at: Option<u64>) -> u64 {
    let mut urls = peer_urls.to_vec();
    urls.sort();
    let mut text = urls.concat();
    text.push_str(cluster_token);
    if let Some(seconds) = added_at {
        text.push_str(&seconds.to_string());
    }
    first_eight(text.as_bytes())
}

/// The identity of a cluster: from those of its first members.
pub fn cluster_id(members: impl IntoIterator<Item = u64>) -> u64 {
    let mut ids: Vec<u64> = members.into_iter().collect();
    ids.sort_unstable();
    let bytes: Vec<u8> = ids.into_iter().flat_map(u64::to_be_bytes).collect();
    first_eight(&bytes)
}

// SHA-1 is upstream's choice; here it guards nothing, it only spreads.
fn first_eight(bytes: &[u8]) -> u64 {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes);
    hash.as_ref().iter().take(8).fold(0, |id, byte| id << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_are_upstreams() {
        // As etcd 3.5 prints them for the members of its Procfile: infra1, infra2, infra3 of
        // etcd-cluster-1.
        let url = |port: u16| vec![format!("http://127.0.0.1:{port}")];
        let ids: Vec<u64> = [12380, 22380, 32380]
            .map(|port| member_id(&url(port), "etcd-cluster-1", None))
            .to_vec();
        assert_eq!(ids, [0x8211_f1d0_f64f_3269, 0x91bc_3c39_8fb3_c146, 0xfd42_2379_fda5_0e48]);
        assert_eq!(cluster_id(ids), 0xef37_ad9d_c622_a7c4);
    }

    #[test]
    fn the_order_of_urls_does_not_count_but_the_time_of_addition_does() {
        let urls = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        let (one, two) = (urls("http://a:1", "http://b:1"), urls("http://b:1", "http://a:1"));
        assert_eq!(member_id(&one, "t", None), member_id(&two, "t", None));
        assert_ne!(member_id(&one, "t", Some(1)), member_id(&one, "t", Some(2)));
    }
}
