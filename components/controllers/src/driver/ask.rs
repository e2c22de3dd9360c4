//! Asks the API server what a controller must know.

use client::{Ask, Client, Error, Object};
use futures_util::future::join_all;
use http::Method;
use std::sync::Arc;

use crate::plan::{As, Facts, Question};

const METADATA: &str =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";

const ITEMS: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
const DISCOVERY: &str =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

/// Answers all that is open.
pub(crate) async fn answer(client: &Client, facts: &mut Facts, questions: Vec<Question>) {
    let open: Vec<Question> =
        questions.into_iter().filter(|question| facts.answer(question).is_none()).collect();
    let answers = join_all(open.iter().map(|question| one(client, question))).await;
    facts.0.extend(open.into_iter().zip(answers));
}

async fn one(client: &Client, question: &Question) -> Result<Object, Error> {
    let mut ask = Ask::new(Method::GET, &*question.path);
    match question.as_what {
        As::Object => {}
        As::Metadata => ask = ask.accept(METADATA),
        As::Items => ask = ask.accept(ITEMS),
        As::Discovery => ask = ask.accept(DISCOVERY),
    }
    let bytes = client.send(&ask).await?;
    let read = serde_json::from_slice(&bytes).map(Arc::new);
    read.map_err(|error| Error::Malformed(error.to_string()))
}
