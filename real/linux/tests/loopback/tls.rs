//! TLS: who may talk to whom, and certificates that change under way.

use crate::{
    echo::call,
    setting::{Server, run},
};
use host::{Clock, Host, Instant, Sleep, Timestamp};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use std::{pin::Pin, sync::Arc, time::Duration};
use wire::{
    client::{Channel, ChannelConfig, get},
    server::Limits,
    tls::{ClientAuth, ClientTls, Identity, ServerTls, Trust},
};

/// Certificates of these tests are valid until it begins.
const LAST_YEAR: i32 = 2090;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn issue(authority: &Authority, name: &str) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.subject_alt_names.push(SanType::IpAddress([10, 0, 0, 7].into()));
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_after = rcgen::date_time_ymd(LAST_YEAR, 1, 1);
    let certificate = params.signed_by(&key, authority).unwrap();
    (certificate.pem(), key.serialize_pem())
}

fn identity(host: &Host, authority: &Authority, name: &str) -> Identity {
    let (chain, key) = issue(authority, name);
    Identity::from_pem(host, chain.as_bytes(), key.as_bytes()).unwrap()
}

async fn serve(host: &Host, identity: &Identity, clients: ClientAuth<'_>) -> Server {
    let tls = ServerTls::new(host, identity, clients).unwrap();
    Server::start_at(host, "127.0.0.1:0".parse().unwrap(), Some(tls), Limits::default()).await
}

fn channel(host: &Host, server: &Server, tls: ClientTls) -> Channel {
    let config = ChannelConfig { tls: Some(tls), ..ChannelConfig::default() };
    Channel::new(host, vec![server.endpoint("https")], config)
}

#[test]
fn both_versions_over_tls_and_the_server_sees_the_clients_certificate() {
    run(async |host| {
        let authority = authority("ca");
        let pem = authority.pem();
        let auth = ClientAuth::Required(pem.as_bytes());
        let server = serve(&host, &identity(&host, &authority, "server"), auth).await;
        let alice = identity(&host, &authority, "alice");
        let tls = ClientTls::new(&host, Trust::Authorities(pem.as_bytes()), Some(&alice)).unwrap();
        let limit = Duration::from_secs(5);
        let reply =
            get(&host, &server.endpoint("https"), Some(&tls), "/x", 99, limit).await.unwrap();
        assert_eq!(reply.body, "HTTP/1.1 /x");
        let channel = channel(&host, &server, tls);
        let seen = call(&channel, "/test.Echo/Whoami", String::new()).await.unwrap();
        assert_eq!(seen, "alice [\"localhost\"] [10.0.0.7]");
    });
}

#[test]
fn strangers_are_refused_on_either_side() {
    run(async |host| {
        let (ours, theirs) = (authority("ours"), authority("theirs"));
        let (our_pem, their_pem) = (ours.pem(), theirs.pem());
        let (our_pem, their_pem) = (our_pem.as_bytes(), their_pem.as_bytes());
        let me = identity(&host, &ours, "server");
        let (friend, stranger) = (identity(&host, &ours, "f"), identity(&host, &theirs, "s"));
        let (required, optional) = (ClientAuth::Required(our_pem), ClientAuth::Optional(our_pem));
        let ours = Trust::Authorities(our_pem);
        for (auth, trust, shown, expected) in [
            (required, ours, Some(&friend), Some("f [\"localhost\"] [10.0.0.7]")),
            (required, ours, Some(&stranger), None),
            (required, ours, None, None),
            (optional, ours, None, Some("nobody")),
            (optional, ours, Some(&stranger), None),
            (ClientAuth::None, ours, Some(&friend), Some("nobody")),
            (ClientAuth::None, Trust::Authorities(their_pem), None, None),
            (ClientAuth::None, Trust::Anyone, None, Some("nobody")),
        ] {
            let server = serve(&host, &me, auth).await;
            let tls = ClientTls::new(&host, trust, shown).unwrap();
            let channel = channel(&host, &server, tls);
            let found = call(&channel, "/test.Echo/Whoami", String::new()).await;
            if let Err(status) = &found {
                assert_eq!(status.code(), tonic::Code::Unavailable, "{status}");
            }
            assert_eq!(found.ok().as_deref(), expected, "{auth:?} {trust:?}");
        }
    });
}

#[test]
fn a_server_must_have_the_name_that_was_asked_for() {
    run(async |host| {
        let authority = authority("ca");
        let pem = authority.pem();
        let server = serve(&host, &identity(&host, &authority, "server"), ClientAuth::None).await;
        let tls = ClientTls::new(&host, Trust::Authorities(pem.as_bytes()), None).unwrap();
        for (name, works) in [("10.0.0.7", true), ("localhost", true), ("other.example", false)] {
            let tls = tls.clone().server_name(name).unwrap();
            let channel = channel(&host, &server, tls);
            let found = call(&channel, "/test.Echo/Echo", String::new()).await;
            assert_eq!(found.is_ok(), works, "{name} {found:?}");
        }
    });
}

#[test]
fn a_replaced_certificate_counts_from_the_next_handshake() {
    run(async |host| {
        let (old, new) = (authority("old"), authority("new"));
        let me = identity(&host, &old, "server");
        let server = serve(&host, &me, ClientAuth::None).await;
        let works = async |authority: &Authority| {
            let pem = authority.pem();
            let tls = ClientTls::new(&host, Trust::Authorities(pem.as_bytes()), None).unwrap();
            call(&channel(&host, &server, tls), "/test.Echo/Echo", String::new()).await.is_ok()
        };
        assert!(works(&old).await && !works(&new).await);
        let (chain, key) = issue(&new, "server");
        me.replace(chain.as_bytes(), key.as_bytes()).unwrap();
        assert!(!works(&old).await && works(&new).await);
        assert!(me.replace(chain.as_bytes(), b"no key").is_err());
        assert!(works(&new).await, "a bad replacement changes nothing");
    });
}

/// A machine whose wall clock stands in another year.
struct WrongYear(Arc<dyn Clock>, i32);

impl Clock for WrongYear {
    fn now(&self) -> Instant {
        self.0.now()
    }
    fn wall(&self) -> Timestamp {
        let seconds = rcgen::date_time_ymd(self.1, 1, 2).unix_timestamp();
        Timestamp(seconds.cast_unsigned() * 1_000_000_000)
    }
    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.0.sleep_until(deadline)
    }
    fn std_origin(&self) -> host::StdInstant {
        self.0.std_origin()
    }
}

#[test]
fn validity_is_judged_by_the_hosts_own_wall_clock() {
    run(async |host| {
        let authority = authority("ca");
        let pem = authority.pem();
        let me = identity(&host, &authority, "server");
        let server = serve(&host, &me, ClientAuth::None).await;
        for (year, works) in [(LAST_YEAR - 1, true), (LAST_YEAR, false)] {
            let clock = Arc::new(WrongYear(host.clock.clone(), year));
            let there = Host { clock, ..host.clone() };
            let tls = ClientTls::new(&there, Trust::Authorities(pem.as_bytes()), None).unwrap();
            let channel = channel(&there, &server, tls);
            let found = call(&channel, "/test.Echo/Echo", String::new()).await;
            assert_eq!(found.is_ok(), works, "{year} {found:?}");
        }
    });
}
