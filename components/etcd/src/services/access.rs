//! Who calls, and whether a call is served at all.
//!
//! Upstream: server/etcdserver/api/v3rpc/interceptor.go, v3_server.go (AuthInfoFromCtx).

use crate::member::Member;
use etcd_api::errors::EtcdError;
use etcd_store::auth::{AuthInfo, token};
use http::HeaderMap;
use raft::types::Index;
use tonic::{Request, Status, metadata::MetadataMap};
use wire::Peer;

/// Metadata by which a client asks to be refused when the member has no leader.
pub(crate) const REQUIRE_LEADER: &str = "hasleader";

/// The caller of an admitted request: nobody in particular, with an empty name, when authentication
/// is off. It may be on when its turn comes, and then nobody may do nothing (upstream looks at the
/// token after linearizableReadNotify, in doSerialize). None is this member itself.
pub(crate) type Caller = Option<AuthInfo>;

impl Member {
    /// Admits a call, or refuses it: the client wants a leader and there is none, the token is not
    /// known, or a learner is asked for what only voters answer.
    ///
    /// # Errors
    /// As said, in upstream's words.
    pub(crate) fn admit<T>(&self, request: &Request<T>) -> Result<Caller, Status> {
        self.refuse_as_learner()?;
        self.leader_if_required(request.metadata())?;
        self.caller(request)
    }

    /// As [`Member::admit`], for calls that learners serve too.
    ///
    /// # Errors
    /// As [`Member::admit`].
    pub(crate) fn admit_at_learner<T>(&self, request: &Request<T>) -> Result<Caller, Status> {
        self.leader_if_required(request.metadata())?;
        self.caller(request)
    }

    fn refuse_as_learner(&self) -> Result<(), EtcdError> {
        if self.is_learner() {
            return Err(EtcdError::NotSupportedForLearner);
        }
        Ok(())
    }

    /// True while this member only listens.
    pub(crate) fn is_learner(&self) -> bool {
        let store = self.store.read();
        store.members().get(self.id).is_some_and(etcd_store::members::is_learner)
    }

    fn leader_if_required(&self, metadata: &MetadataMap) -> Result<(), EtcdError> {
        let required = metadata.get(REQUIRE_LEADER).is_some_and(|value| value == "true");
        if required && self.leadership.borrow().leader == 0 {
            return Err(EtcdError::NoLeader);
        }
        Ok(())
    }

    /// The index of the entry that will make the call's token valid here, if it is one of another
    /// member's that this one has not come to yet.
    pub(crate) fn unknown_token(&self, headers: &HeaderMap) -> Option<Index> {
        let token = headers.get("token").or_else(|| headers.get("authorization"))?;
        let index = token::index_of(token.to_str().ok()?)?;
        (index > *self.applied.borrow() && self.store.read().auth().is_enabled()).then_some(index)
    }

    /// Waits until this member has applied an entry, for no longer than a request may take. Upstream
    /// waits in isValidSimpleToken (server/auth/simple_token.go).
    pub(crate) async fn applies(&self, index: Index) {
        let mut applied = self.applied.clone();
        let come = applied.wait_for(|applied| *applied >= index);
        // Too late or stopping: the token is looked at as it is.
        let _ = self.host.timeout(self.config.request_timeout(), come).await;
    }

    /// By token if there is one, else by the client certificate's common name.
    fn caller<T>(&self, request: &Request<T>) -> Result<Caller, Status> {
        if !self.store.read().auth().is_enabled() {
            return Ok(Some(AuthInfo::default()));
        }
        let metadata = request.metadata();
        let token = metadata.get("token").or_else(|| metadata.get("authorization"));
        match token.and_then(|token| token.to_str().ok()) {
            Some(token) => {
                let (now, wall) = (self.host.now(), self.host.clock.wall());
                let held = self.store.write().auth_mut().info_from_token(token, now, wall)?;
                Ok(Some(held.unwrap_or_default()))
            }
            None => Ok(Some(self.by_certificate(request))),
        }
    }

    /// Nobody in particular, if the connection shows no certificate.
    fn by_certificate<T>(&self, request: &Request<T>) -> AuthInfo {
        let name = certificate_name(request).unwrap_or_default();
        let store = self.store.read();
        store.auth().info_from_common_name(&name).unwrap_or_default()
    }

    /// Refuses everybody but root, while authentication is on.
    ///
    /// # Errors
    /// The caller is unknown or no root.
    pub(crate) fn root_only(&self, caller: &Caller) -> Result<(), Status> {
        match caller {
            Some(caller) => Ok(self.store.read().auth().check_admin(caller)?),
            None => Ok(()),
        }
    }
}

fn certificate_name<T>(request: &Request<T>) -> Option<String> {
    let peer = request.extensions().get::<Peer>()?;
    Some(peer.certificate.as_ref()?.common_name.clone())
}
