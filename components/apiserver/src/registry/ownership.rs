//! Who owns which fields: kept at every write, and asked when somebody applies.
//!
//! Upstream: apiserver/pkg/endpoints/handlers/fieldmanager.

use super::{Registry, Target, Writing, conversion::Questions, metadata, versions::AllVersions};
use crate::failure::{Cause, Failure};
use api::patch::{
    Filter, PatchError,
    apply::{FieldManager, Resource},
    fields::{Element, Set},
    managed::Managed,
};
use api::schema::GroupVersionKind;
use http::StatusCode;
use serde_json::Value;
use std::collections::BTreeMap;

/// Between questions and answers the bookkeeping runs so often.
const ROUNDS_MAX: u32 = 8;

impl Registry {
    /// The object that is about to be stored, with its fields' owners brought up to date. `live` is
    /// what is stored now, an empty object at a birth.
    ///
    /// Bookkeeping refuses nothing: where a webhook does not say how the object looks in another
    /// version, the live object's records stay.
    pub(super) async fn owned(
        &self,
        target: &Target,
        live: &Value,
        mut new: Value,
        how: &Writing,
    ) -> Value {
        let now = metadata::time(self.host.clock.wall());
        let (filters, questions) = (self.filters(target), Questions::default());
        for _ in 0..ROUNDS_MAX {
            let owned = {
                let versions = AllVersions { resource: &target.resource, questions: &questions };
                let manager = FieldManager::new(self.tracked(target, &versions, &filters));
                manager.update(live, new.clone(), &how.manager, &now)
            };
            match questions.answer(self, &target.resource).await {
                Ok(false) => return owned,
                Ok(true) => {}
                Err(_) => break,
            }
        }
        Managed::of(live).store(&mut new);
        new
    }

    /// What an apply makes of the live object, an empty one if there is none. Where questions are
    /// left open, it counts only once they are answered.
    ///
    /// # Errors
    /// Others own what it changes, or the patch is not of the object's kind.
    pub(crate) fn applied(
        &self,
        target: &Target,
        live: &Value,
        patch: &Value,
        (how, force): (&Writing, bool),
        questions: &Questions,
    ) -> Result<Value, Failure> {
        let now = metadata::time(self.host.clock.wall());
        let filters = self.filters(target);
        let versions = AllVersions { resource: &target.resource, questions };
        let manager = FieldManager::new(self.tracked(target, &versions, &filters));
        manager.apply(live, patch, &how.manager, force, &now).map_err(|error| refused(&error))
    }

    /// A patch laid over an object, as an apply would, and nobody owns what it changes.
    ///
    /// # Errors
    /// The patch is not of the object's kind.
    pub(crate) fn laid_over(
        &self,
        resource: &api::resources::Resource,
        kind: &GroupVersionKind,
        object: &Value,
        patch: &Value,
    ) -> Result<Value, Failure> {
        let questions = Questions::default();
        let tracked = Resource {
            schemas: resource.custom.as_ref().map_or(&*self.schemas, |custom| &*custom.schemas),
            kind,
            subresource: "",
            versions: &AllVersions { resource, questions: &questions },
            filters: &BTreeMap::new(),
        };
        FieldManager::new(tracked).laid_over(object, patch).map_err(|error| refused(&error))
    }

    fn filters(&self, target: &Target) -> BTreeMap<String, Filter> {
        // K13a (kubernetes #75564): who sends what the door does not let through owns it.
        if self.host.defects.has("K13a") { BTreeMap::new() } else { filters(target) }
    }

    fn tracked<'a>(
        &'a self,
        target: &'a Target,
        versions: &'a AllVersions<'a>,
        filters: &'a BTreeMap<String, Filter>,
    ) -> Resource<'a> {
        let custom = target.resource.custom.as_ref();
        Resource {
            schemas: custom.map_or(&*self.schemas, |custom| &*custom.schemas),
            kind: &target.resource.kind,
            subresource: &target.subresource,
            versions,
            filters,
        }
    }
}

/// What a door does not let through is not owned by who comes through it (strategies'
/// GetResetFields): the status is changed at its own door only, and nothing else there.
fn filters(target: &Target) -> BTreeMap<String, Filter> {
    let status = Element::Field("status".into());
    let filter = match target.subresource.as_str() {
        "status" => Filter::Within(vec![vec![Some(status)]]),
        "" if target.resource.subresource("status").is_some() => {
            Filter::Without(Set::of([[status].as_slice()]))
        }
        _ => return BTreeMap::new(),
    };
    let kind = &target.resource.kind;
    let others = api::versions::of(&kind.kind).iter().map(|version| (*version).to_owned());
    let versions = others.chain([kind.api_version()]);
    versions.map(|version| (version, filter.clone())).collect()
}

/// A patch that cannot be applied, as clients are told.
pub(crate) fn refused(error: &PatchError) -> Failure {
    let causes = error.causes().into_iter();
    let causes: Vec<Cause> = causes
        .map(|cause| Cause { reason: cause.reason, message: cause.message, field: cause.field })
        .collect();
    let code = StatusCode::from_u16(error.code()).unwrap_or(StatusCode::BAD_REQUEST);
    let failure = Failure::new(code, error.reason(), error.to_string());
    if causes.is_empty() { failure } else { failure.because(&causes) }
}
