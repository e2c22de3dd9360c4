//! One request as the audit log sees it.
//!
//! Upstream: apiserver/pkg/audit/request.go.

use super::{
    Untold,
    policy::{Level, Stage, Told},
    sink::{Lost, Sink},
};
use crate::{
    admission::Notes, authentication::User, authorization::Attributes, object,
    request_info::is_lasting,
};
use bytes::Bytes;
use host::Host;
use http::{HeaderMap, HeaderValue, header};
use http_body_util::BodyExt;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use std::{net::IpAddr, sync::Arc};
use wire::Response;

/// The header that names a request for the log, and in the answer the name that it has there.
const ID: &str = "audit-id";

/// Objects longer than this are not told.
const OBJECT_BYTES_MAX: usize = 3 * 1024 * 1024;

/// What a request says besides what is judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    /// Path and query.
    pub(crate) uri: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) from: Option<IpAddr>,
}

/// Follows one request; nothing where the policy asks for nothing. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail(Option<Arc<Followed>>);

#[derive(Debug)]
struct Followed {
    host: Host,
    sinks: Arc<Vec<Sink>>,
    told: Told,
    /// Its answer may go on for ever.
    lasts: bool,
    id: String,
    /// What all of its events say.
    event: Mutex<Value>,
}

impl Trail {
    pub(super) fn new(
        host: &Host,
        sinks: Arc<Vec<Sink>>,
        told: Told,
        attributes: &Attributes,
        request: Request<'_>,
    ) -> Self {
        let text = |name| request.headers.get(name).and_then(|value| value.to_str().ok());
        let given = text(header::HeaderName::from_static(ID));
        let id = given.map_or_else(|| crate::registry::uid(host), str::to_owned);
        let mut event = json!({
            "level": told.level.name(),
            "auditID": id,
            "stage": "",
            "requestURI": request.uri,
            "verb": attributes.verb,
            "user": attributes.user.info(),
        });
        let forwarded = text(header::HeaderName::from_static("x-forwarded-for"));
        let forwarded = forwarded.into_iter().flat_map(|list| list.split(','));
        let mut from: Vec<String> = forwarded.map(|one| one.trim().to_owned()).collect();
        from.extend(request.from.map(|from| from.to_string()));
        event["sourceIPs"] = json!(from);
        if let Some(agent) = text(header::USER_AGENT) {
            event["userAgent"] = agent.into();
        }
        if attributes.is_resource {
            event["objectRef"] = reference(attributes);
        }
        event["requestReceivedTimestamp"] = now(host).into();
        let lasts = is_lasting(&attributes.verb, &attributes.subresource);
        let (host, event) = (host.clone(), Mutex::new(event));
        Self(Some(Arc::new(Followed { host, sinks, told, lasts, id, event })))
    }

    /// Whom the client acts as, and the verb that lets it, where that is not the old one.
    pub(crate) fn acts_as(&self, user: &User, constraint: &str) {
        if let Some(followed) = &self.0 {
            let mut event = followed.event.lock();
            event["impersonatedUser"] = user.info();
            if !constraint.is_empty() {
                event["authenticationMetadata"] = json!({"impersonationConstraint": constraint});
            }
        }
    }

    fn wants_sent(&self) -> Option<&Followed> {
        self.0.as_deref().filter(|followed| followed.told.level >= Level::Request)
    }

    /// What the client has sent, as JSON.
    pub(crate) fn sent_text(&self, text: &[u8]) {
        if self.wants_sent().is_some() {
            self.sent(&serde_json::from_slice(text).unwrap_or_default());
        }
    }

    /// What the client has sent.
    pub(crate) fn sent(&self, body: &Value) {
        let Some(followed) = self.wants_sent() else { return };
        let body = followed.cleaned(body.clone());
        let mut event = followed.event.lock();
        // A new object's name is not in the path.
        let name = object::meta(&body, "name");
        if event["objectRef"].is_object()
            && event["objectRef"]["name"].is_null()
            && !name.is_empty()
        {
            event["objectRef"]["name"] = name.into();
        }
        event["requestObject"] = body;
    }

    pub(super) async fn received(&self) -> Result<(), Untold> {
        match &self.0 {
            Some(followed) => Ok(followed.tell(Stage::RequestReceived).await?),
            None => Ok(()),
        }
    }

    /// Tells that the server broke on the request, and with which words.
    pub(crate) async fn panicked(&self, notes: &Notes, words: &str) {
        let Some(followed) = &self.0 else { return };
        followed.annotate(notes);
        followed.event.lock()["responseStatus"] = json!({
            "metadata": {}, "status": "Failure", "reason": "InternalError", "code": 500,
            "message": format!("APIServer panic'd: {words}"),
        });
        // The answer is the same whether it is told or not.
        let _ = followed.tell(Stage::Panic).await;
    }

    /// Tells what the client is answered, and lets the answer through.
    pub(crate) async fn answered(&self, notes: &Notes, response: Response) -> Response {
        let Some(followed) = &self.0 else { return response };
        followed.annotate(notes);
        let mut response = followed.read(response).await;
        if let Ok(id) = HeaderValue::from_str(&followed.id) {
            response.headers_mut().insert(ID, id);
        }
        if !followed.lasts || !response.status().is_success() {
            // What is done is done, whether it is told or not.
            let _ = followed.tell(Stage::ResponseComplete).await;
            return response;
        }
        let _ = followed.tell(Stage::ResponseStarted).await;
        let end = End(followed.clone());
        response.map(|body| {
            wire::Body::new(body.map_frame(move |frame| {
                // The body owns what tells of its end.
                let _ = &end;
                frame
            }))
        })
    }
}

/// Tells that an answer has ended, when it is dropped.
struct End(Arc<Followed>);

impl Drop for End {
    fn drop(&mut self) {
        if let Some(event) = self.0.event(Stage::ResponseComplete) {
            self.0.sinks.iter().for_each(|sink| sink.tell_later(&event));
        }
    }
}

impl Followed {
    fn annotate(&self, notes: &Notes) {
        let annotations = notes.annotations();
        if !annotations.is_empty() {
            self.event.lock()["annotations"] = json!(annotations);
        }
    }

    async fn tell(&self, stage: Stage) -> Result<(), Lost> {
        let Some(event) = self.event(stage) else { return Ok(()) };
        let mut came = Ok(());
        for sink in &*self.sinks {
            came = came.and(sink.tell(&event).await);
        }
        came
    }

    /// The event of a stage; none where the policy leaves it out.
    fn event(&self, stage: Stage) -> Option<Value> {
        if self.told.omitted.contains(&stage) {
            return None;
        }
        let mut event = self.event.lock();
        event["stage"] = stage.name().into();
        event["stageTimestamp"] = now(&self.host).into();
        Some(event.clone())
    }

    /// Takes from the answer what is told of it.
    async fn read(&self, response: Response) -> Response {
        let status = response.status();
        let mut told = json!({"metadata": {}, "code": status.as_u16()});
        let whole = self.told.level == Level::RequestResponse && !self.lasts;
        let length = http_body::Body::size_hint(response.body()).exact();
        let streams = length.is_none_or(|length| length > OBJECT_BYTES_MAX as u64);
        if (status.is_success() && !whole) || (self.lasts && streams) {
            self.event.lock()["responseStatus"] = told;
            return response;
        }
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let object = parsed(&bytes);
        if !status.is_success() && object["kind"] == "Status" {
            told = object.clone();
            if let Some(members) = told.as_object_mut() {
                members.retain(|name, _| name != "kind" && name != "apiVersion");
            }
        }
        let mut event = self.event.lock();
        event["responseStatus"] = told;
        if whole && !object.is_null() {
            event["responseObject"] = self.cleaned(object);
        }
        Response::from_parts(parts, wire::full(bytes))
    }

    /// The object as it is told.
    fn cleaned(&self, mut object: Value) -> Value {
        if self.told.omit_managed_fields {
            let items = object["items"].as_array_mut().map(std::mem::take);
            if let Some(items) = items {
                object["items"] = items.into_iter().map(without_managers).collect();
            }
            return without_managers(object);
        }
        object
    }
}

fn without_managers(mut object: Value) -> Value {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    object
}

/// JSON, where it is that and not too long; else null.
fn parsed(bytes: &Bytes) -> Value {
    match bytes.len() <= OBJECT_BYTES_MAX {
        true => serde_json::from_slice(bytes).unwrap_or_default(),
        false => Value::Null,
    }
}

fn now(host: &Host) -> String {
    let at = host.clock.wall().0;
    let seconds = i64::try_from(at / 1_000_000_000).unwrap_or(i64::MAX);
    let nanos = u32::try_from(at % 1_000_000_000).unwrap_or(0);
    api::time::Moment { seconds, nanos }.to_micro()
}

/// `ObjectReference`.
fn reference(attributes: &Attributes) -> Value {
    let Attributes { resource, namespace, name, group, version, subresource, .. } = attributes;
    let members = [
        ("resource", resource),
        ("namespace", namespace),
        ("name", name),
        ("apiGroup", group),
        ("apiVersion", version),
        ("subresource", subresource),
    ];
    let said = members.into_iter().filter(|(_, text)| !text.is_empty());
    Value::Object(
        said.map(|(name, text)| (name.to_owned(), text.as_str().into())).collect::<Map<_, _>>(),
    )
}
