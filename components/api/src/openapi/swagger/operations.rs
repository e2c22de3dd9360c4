//! Operations: bodies are parameters here, and media types are said once for all answers.

use super::{parameters::Shared, schemas, taken};
use serde_json::{Map, Value, json};

/// A path's operations and what all of them take.
pub(super) fn path(operations: Value, shared: &mut Shared) -> Value {
    let Value::Object(members) = operations else { return operations };
    let one = |(name, member): (String, Value)| match name.as_str() {
        "parameters" => (name, list(&member, shared).into()),
        _ => (name, operation(member, shared)),
    };
    members.into_iter().map(one).collect::<Map<_, _>>().into()
}

fn operation(mut third: Value, shared: &mut Shared) -> Value {
    let mut responses = Map::new();
    let mut produces = Vec::new();
    for (code, mut response) in taken(&mut third["responses"]) {
        let mut second = json!({"description": response["description"]});
        let content = taken(&mut response["content"]);
        if let Some((_, first)) = content.iter().next() {
            second["schema"] = schemas::second(first["schema"].clone());
            produces = content.keys().cloned().collect();
        }
        responses.insert(code, second);
    }
    let mut parameters = body(&third["requestBody"], shared);
    parameters.extend(list(&third["parameters"], shared));
    let mut second = json!({
        "consumes": consumes(&third, &produces),
        "operationId": third["operationId"],
        "produces": produces,
        "responses": responses,
        "schemes": ["https"],
        "tags": third["tags"],
    });
    if !parameters.is_empty() {
        second["parameters"] = parameters.into();
    }
    let extensions = taken(&mut third).into_iter().filter(|(name, _)| name.starts_with("x-"));
    for (name, value) in extensions {
        second[name] = value;
    }
    second
}

/// What is read: anything for a resource, which looks at the type itself; what is written for what
/// is no resource.
fn consumes(third: &Value, produces: &[String]) -> Vec<String> {
    let body = third["requestBody"]["content"].as_object();
    match (body, third.get("x-kubernetes-action")) {
        (Some(content), _) => content.keys().cloned().collect(),
        (None, Some(_)) => vec!["*/*".into()],
        (None, None) => produces.to_vec(),
    }
}

/// A body is a parameter.
fn body(third: &Value, shared: &mut Shared) -> Vec<Value> {
    let content = third["content"].as_object();
    let Some((_, first)) = content.and_then(|content| content.iter().next()) else {
        return Vec::new();
    };
    let mut body = json!({
        "in": "body",
        "name": "body",
        "schema": schemas::second(first["schema"].clone()),
    });
    if third["required"] == true {
        body["required"] = true.into();
    }
    vec![shared.refer(body)]
}

fn list(third: &Value, shared: &mut Shared) -> Vec<Value> {
    third.as_array().into_iter().flatten().map(|one| parameter(one, shared)).collect()
}

/// What a parameter holds stands beside its name.
fn parameter(third: &Value, shared: &mut Shared) -> Value {
    let mut second = third.clone();
    let schema = second.as_object_mut().and_then(|members| members.remove("schema"));
    if let (Some(Value::Object(schema)), Value::Object(members)) = (schema, &mut second) {
        members.extend(schema);
    }
    shared.refer(second)
}
