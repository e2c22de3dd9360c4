//! Conversions that the bookkeeping of owners needs while it runs, which cannot wait: it asks, and is
//! run again when the answers are there.

use super::converted;
use crate::{failure::Failure, registry::Registry};
use api::resources::Resource;
use parking_lot::Mutex;
use serde_json::Value;

/// Questions that one request may ask.
const QUESTIONS_MAX: usize = 100;

/// What was asked, and what is known.
#[derive(Debug, Default)]
pub(crate) struct Questions {
    known: Mutex<Vec<Question>>,
}

#[derive(Clone, Debug)]
struct Question {
    object: Value,
    version: String,
    /// None: it is not answered yet.
    answer: Option<Value>,
}

impl Questions {
    /// The object in that API version; none: not yet.
    pub(in crate::registry) fn ask(&self, object: &Value, version: &str) -> Option<Value> {
        let mut known = self.known.lock();
        let same = |one: &&Question| one.version == version && one.object == *object;
        if let Some(question) = known.iter().find(same) {
            return question.answer.clone();
        }
        if known.len() < QUESTIONS_MAX {
            let (object, version) = (object.clone(), version.to_owned());
            known.push(Question { object, version, answer: None });
        }
        None
    }

    /// Whether something was asked that is not answered.
    pub(crate) fn is_open(&self) -> bool {
        self.known.lock().iter().any(|question| question.answer.is_none())
    }

    /// Answers what is open; false: nothing was, and what came of the run counts.
    ///
    /// # Errors
    /// The webhook fails.
    pub(crate) async fn answer(
        &self,
        registry: &Registry,
        resource: &Resource,
    ) -> Result<bool, Failure> {
        let Some(custom) = &resource.custom else { return Ok(false) };
        let open = self.known.lock().clone().into_iter().enumerate();
        let open: Vec<_> = open.filter(|(_, question)| question.answer.is_none()).collect();
        for (place, question) in &open {
            let objects = vec![question.object.clone()];
            let found = converted(registry, custom, objects, &question.version).await?.pop();
            self.known.lock()[*place].answer = found;
        }
        Ok(!open.is_empty())
    }
}
