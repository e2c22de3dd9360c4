//! Requests about objects: finds the resource, reads the options, asks the registry.
//!
//! Upstream: apiserver/pkg/endpoints/handlers.

use super::{
    Asked, Server, answer,
    body::{self, Upload},
    compression, connect, negotiation, options, subresources,
};
use crate::{
    continuation::Continuation,
    failure::Failure,
    registry::{Reading, Target, Watching, place},
    selection::Selection,
};
use api::resources::Resource;
use bytes::Bytes;
use http::StatusCode;
use std::sync::Arc;
use wire::Response;

impl Server {
    /// Answers a request about objects.
    pub(super) async fn objects(
        self: Arc<Self>,
        asked: Asked,
        body: Upload,
    ) -> Result<Response, Failure> {
        if let Some(told) = subresources::deprecation(&asked.info.group, &asked.info.resource) {
            asked.notes.warn(told);
        }
        if let Some(review) = self.review(&asked) {
            return self.reviewed(&asked, &review, body).await;
        }
        if let Some(account) = self.token_request(&asked) {
            return self.give_token(&asked, &account, body).await;
        }
        if let Some(door) = connect::Door::of(&asked.info) {
            return self.connect(&asked, door, body).await;
        }
        match self.unkept(&asked, body).await {
            Ok(done) => done,
            Err(body) => self.kept(asked, body).await,
        }
    }

    /// Answers a request about objects that are kept.
    async fn kept(&self, asked: Asked, body: Upload) -> Result<Response, Failure> {
        let target = self.target(&asked)?;
        if subresources::is_act(&target.subresource) {
            return self.act(&asked, &target, body).await;
        }
        match asked.info.verb {
            "get" => self.get(&asked, &target).await,
            "list" => self.list(&asked, &target).await,
            "watch" => self.watch(&asked, &target).await,
            "create" | "update" => self.write(&asked, &target, body).await,
            "patch" => self.patch(&asked, &target, body).await,
            "delete" => self.delete(&asked, &target, body).await,
            "deletecollection" => self.delete_collection(&asked, &target, body).await,
            _ => Err(Failure::no_such_resource()),
        }
    }

    /// Finds what is asked for.
    fn target(&self, asked: &Asked) -> Result<Target, Failure> {
        let info = &asked.info;
        let resource = self
            .registry
            .resource(&info.group, &info.version, &info.resource)
            .ok_or_else(Failure::no_such_resource)?;
        let verbs = match info.subresource.as_str() {
            "" => &resource.verbs,
            name => &resource.subresource(name).ok_or_else(Failure::no_such_resource)?.verbs,
        };
        if let Some(custom) = &resource.custom {
            if custom.terminating && info.verb == "create" && info.subresource.is_empty() {
                let of = place::named(&resource, &info.name);
                let mut failure = Failure::not_supported(of, info.verb);
                failure.message =
                    "create not allowed while custom resource definition is terminating".into();
                return Err(failure);
            }
            custom.warning.iter().for_each(|told| asked.notes.warn(told.clone()));
        }
        let served = subresources::is_served(&info.subresource);
        // Discovery tells of fewer while a definition goes; what its objects wait for must be done.
        let custom = resource.custom.is_some() && info.subresource.is_empty();
        let allowed = custom || verbs.iter().any(|verb| verb == info.verb);
        if !served || !allowed || !resource.is_stored() {
            return Err(Failure::not_supported(place::named(&resource, &info.name), info.verb));
        }
        if resource.namespaced && info.namespace.is_empty() && !info.is_collection() {
            return Err(Failure::no_such_resource());
        }
        let namespaced = resource.namespaced;
        Ok(Target {
            namespace: if namespaced { info.namespace.clone() } else { String::new() },
            name: info.name.clone(),
            subresource: info.subresource.clone(),
            resource,
        })
    }

    async fn get(&self, asked: &Asked, target: &Target) -> Result<Response, Failure> {
        let form = self.form(asked, &target.resource)?;
        let revision = asked.query.get("resourceVersion").unwrap_or_default();
        let freshness = options::not_older(revision)?;
        let object = self.registry.get(target, freshness).await?;
        Ok(self.one(StatusCode::OK, target, form, object))
    }

    async fn list(&self, asked: &Asked, target: &Target) -> Result<Response, Failure> {
        let form = self.form(asked, &target.resource)?;
        let limit = asked.query.number("limit").map_err(Failure::bad_request)?;
        let token = asked.query.get("continue").filter(|token| !token.is_empty());
        let reading = Reading {
            selection: self.selection(asked, &target.resource)?,
            freshness: options::freshness(asked)?,
            limit: limit.and_then(|limit| u64::try_from(limit).ok()).unwrap_or(0),
            continuation: token.map(Continuation::parse).transpose()?,
        };
        let listed = self.registry.list(&target.resource, &target.namespace, &reading).await?;
        Ok(self.many(asked, target, form, &listed))
    }

    async fn watch(&self, asked: &Asked, target: &Target) -> Result<Response, Failure> {
        let form = self.form(asked, &target.resource)?;
        if form == negotiation::Form::Yaml {
            return Err(Failure::not_acceptable(&["application/json", body::PROTOBUF]));
        }
        let bookmarks = asked.query.is_true("allowWatchBookmarks");
        let (from, initial, told) = options::beginning(asked)?;
        let watching = Watching {
            selection: self.selection(asked, &target.resource)?,
            from,
            initial,
            mark_initial_end: told && bookmarks,
        };
        let watch = self.registry.watch(&target.resource, &target.namespace, watching).await?;
        let timeout = asked.query.number("timeoutSeconds").map_err(Failure::bad_request)?;
        let timeout = timeout.and_then(|seconds| u64::try_from(seconds).ok());
        Ok(self.stream(watch, target, form, bookmarks, timeout))
    }

    /// Creates an object, or replaces one.
    async fn write(
        &self,
        asked: &Asked,
        target: &Target,
        body: Upload,
    ) -> Result<Response, Failure> {
        let creates = asked.info.verb == "create";
        if creates && !target.name.is_empty() {
            let of = place::named(&target.resource, &target.name);
            return Err(Failure::not_supported(of, "create"));
        }
        let form = self.form(asked, &target.resource)?;
        let how = options::writing(asked)?;
        let received = self.decode(asked, &target.resource.kind, &body::read(body).await?)?;
        received.warnings.into_iter().for_each(|text| asked.notes.warn(text));
        let (object, new) = match creates {
            true => (self.registry.create(target, received.object, &how).await?, true),
            false => self.registry.update(target, received.object, &how).await?,
        };
        let status = if new { StatusCode::CREATED } else { StatusCode::OK };
        Ok(self.one(status, target, form, object))
    }

    async fn delete(
        &self,
        asked: &Asked,
        target: &Target,
        body: Upload,
    ) -> Result<Response, Failure> {
        let (options, how) = self.deletion(asked, &body::read(body).await?)?;
        let answer = self.registry.delete(target, &options, &how).await?;
        Ok(answer::json(StatusCode::OK, answer))
    }

    /// Deletes what the selectors take, one after the other; what is gone meanwhile is no failure.
    async fn delete_collection(
        &self,
        asked: &Asked,
        target: &Target,
        body: Upload,
    ) -> Result<Response, Failure> {
        let (options, how) = self.deletion(asked, &body::read(body).await?)?;
        let reading =
            Reading { selection: self.selection(asked, &target.resource)?, ..Reading::default() };
        let listed = self.registry.list(&target.resource, &target.namespace, &reading).await?;
        for entry in &listed.entries {
            let metadata = &entry.value()["metadata"];
            let text = |name: &str| metadata[name].as_str().unwrap_or_default().to_owned();
            let one = Target { namespace: text("namespace"), name: text("name"), ..target.clone() };
            match self.registry.delete(&one, &options, &how).await {
                Err(failure) if failure.reason != "NotFound" => return Err(failure),
                _ => {}
            }
        }
        Ok(self.many(asked, target, negotiation::Form::Whole, &listed))
    }

    fn selection(&self, asked: &Asked, resource: &Resource) -> Result<Selection, Failure> {
        let (labels, fields) = (asked.query.get("labelSelector"), asked.query.get("fieldSelector"));
        let more = resource.custom.as_ref().map(|custom| &custom.selectable[..]);
        Selection::parse(&resource.kind.group, &resource.plural, labels, fields, more)
    }

    /// One object in the form that the client wants.
    pub(super) fn one(
        &self,
        status: StatusCode,
        target: &Target,
        form: negotiation::Form,
        object: Bytes,
    ) -> Response {
        let json = self.presenter(&target.resource, form).one(object, true);
        self.encoded(status, form, json)
    }

    fn many(
        &self,
        asked: &Asked,
        target: &Target,
        form: negotiation::Form,
        listed: &crate::registry::Listed,
    ) -> Response {
        let json = self.presenter(&target.resource, form).list(listed);
        let (media, body) = self.body(form, json);
        compression::fitting(asked, StatusCode::OK, media, body)
    }
}
