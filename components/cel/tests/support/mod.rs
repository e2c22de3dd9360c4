//! How a case is run.

use cel::{
    environment::{Environment, kubernetes},
    library::{
        self,
        authorizer::{self, Authorize, Decision, Question},
    },
    macros::Macros,
    parser, printer,
    program::Program,
    schema::{self, Schema},
    types::Type,
    value::{EvalError, Value},
};
use serde_json::Value as Json;
use std::{collections::BTreeMap, sync::Arc};

/// One expression: exactly one of `is`, `fails` and `refused` says what must come of it.
#[derive(Debug, Default)]
struct Case {
    eval: String,
    /// Variables without a known type.
    with: BTreeMap<String, Json>,
    /// The schema of `self`, which is then declared; its value is among `with`.
    schema: Option<Json>,
    /// An expression that gives the same value.
    is: Option<String>,
    /// The error of its evaluation.
    fails: Option<String>,
    /// The text of the complaints about it, or a part of it.
    refused: Option<String>,
    /// What it costs to run.
    cost: Option<u64>,
    /// What it is estimated to cost, at least and at most.
    estimate: Option<(u64, u64)>,
}

impl Case {
    fn read(json: &Json) -> Case {
        let text = |name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
        let with = json.get("with").and_then(Json::as_object).cloned().unwrap_or_default();
        let range = json
            .get("estimate")
            .map(|it| (it[0].as_u64().expect("a number"), it[1].as_u64().unwrap_or(u64::MAX)));
        let known = ["eval", "with", "schema", "is", "fails", "refused", "cost", "estimate", "why"];
        for name in json.as_object().expect("a case is a map").keys() {
            assert!(known.contains(&name.as_str()), "unknown part {name:?} of a case");
        }
        Case {
            eval: text("eval").expect("a case evaluates something"),
            with: with.into_iter().collect(),
            schema: json.get("schema").cloned(),
            is: text("is"),
            fails: text("fails"),
            refused: text("refused"),
            cost: json.get("cost").and_then(Json::as_u64),
            estimate: range,
        }
    }
}

/// Runs every case of a file, and tells every one that went wrong.
pub(crate) fn check(topic: &str, file: &str) {
    let cases: Vec<Json> = serde_yaml_ng::from_str(file).expect("a list of cases");
    assert!(!cases.is_empty(), "{topic} has no cases");
    let wrong: Vec<String> = cases
        .iter()
        .map(Case::read)
        .filter_map(|case| run(&case).err().map(|why| format!("{}\n    {why}", case.eval)))
        .collect();
    assert!(wrong.is_empty(), "\n{topic}:\n  {}\n", wrong.join("\n  "));
}

fn run(case: &Case) -> Result<(), String> {
    let schema = case
        .schema
        .as_ref()
        .map(|it| schema::from_openapi(it, "selfType", false).ok_or("the schema is not exposed"));
    let schema = schema.transpose()?;
    let environment = environment(case, schema.as_ref());
    let program = match (Program::compile(&case.eval, &environment), &case.refused) {
        (Ok(_), Some(_)) => return Err("was not refused".into()),
        (Err(issues), Some(wanted)) => {
            let found = issues.to_string();
            return match found.contains(wanted.trim_end()) {
                true => Ok(()),
                false => Err(format!("was refused with:\n{found}\n    not with:\n{wanted}")),
            };
        }
        (Err(issues), None) => return Err(format!("was refused:\n{issues}")),
        (Ok(program), None) => program,
    };
    same_when_printed(&case.eval)?;
    if let Some((min, max)) = case.estimate {
        let estimate = match &schema {
            Some(schema) => program.estimate(schema),
            None => program.estimate(&cel::cost::NoSizes),
        };
        if (estimate.min, estimate.max) != (min, max) {
            return Err(format!("is estimated at {estimate:?}"));
        }
    }
    let mut bindings: BTreeMap<&str, Value<'_>> = BTreeMap::new();
    for (name, json) in &case.with {
        let schema = schema.as_ref().filter(|_| name == "self");
        bindings.insert(name, Value::from_json(json, schema).map_err(|it| it.to_string())?);
    }
    bindings.insert("authorizer", authorizer::authorizer(Arc::new(OnlyAlice)));
    let evaluated = program.run(&bindings, kubernetes::CALL_COST_MAX);
    if let Some(cost) = case.cost.filter(|it| *it != evaluated.cost) {
        return Err(format!("costs {}, not {cost}", evaluated.cost));
    }
    match (evaluated.value, &case.is, &case.fails) {
        (Err(error), None, Some(wanted)) if error.to_string() == *wanted => Ok(()),
        (Err(error), _, _) => Err(format!("failed: {error}")),
        (Ok(value), None, Some(_)) => Err(format!("gave {value:?}")),
        (Ok(value), Some(wanted), None) => same(&value, wanted, &environment, &bindings),
        // A case may be about costs alone.
        (Ok(_), None, None) if case.cost.is_some() || case.estimate.is_some() => Ok(()),
        (Ok(_), _, _) => Err("the case does not say what must come of it".into()),
    }
}

fn same(
    value: &Value<'_>,
    wanted: &str,
    environment: &Environment,
    bindings: &BTreeMap<&str, Value<'_>>,
) -> Result<(), String> {
    let wanted = Program::compile(wanted, environment).map_err(|it| it.to_string())?;
    let wanted = wanted.run(bindings, kubernetes::CALL_COST_MAX).value;
    let wanted = wanted.map_err(|it: EvalError| it.to_string())?;
    let nan = |it: &Value<'_>| matches!(it, Value::Double(it) if it.is_nan());
    let same = value.equals(&wanted).map_err(|it| it.to_string())?;
    let same = same || (nan(value) && nan(&wanted));
    match same && value.type_of() == wanted.type_of() {
        true => Ok(()),
        false => Err(format!("gave {value:?}\n    not {wanted:?}")),
    }
}

/// What the printer writes parses to what it prints the same.
fn same_when_printed(text: &str) -> Result<(), String> {
    let parse = |text: &str| parser::parse(text, &Macros::ALL).map_err(|it| it.to_string());
    let printed = printer::print(&parse(text)?);
    let again = printer::print(&parse(&printed)?);
    match printed == again {
        true => Ok(()),
        false => Err(format!("prints as {printed} and then as {again}")),
    }
}

fn environment(case: &Case, schema: Option<&Schema>) -> Environment {
    let environment = Environment::new(Arc::new(library::extended()), Macros::ALL)
        .with_variable("authorizer", Type::opaque(authorizer::AUTHORIZER))
        .with_object(
            "JSONPatch",
            BTreeMap::from([("op".to_owned(), Type::String), ("value".to_owned(), Type::Dyn)]),
            true,
        )
        .with_open_objects("Object");
    let names = case.with.keys().filter(|it| schema.is_none() || *it != "self");
    let environment = names.fold(environment, |it, name| it.with_variable(name, Type::Dyn));
    match schema {
        Some(schema) => environment.with_json("self", schema),
        None => environment,
    }
}

/// Allows what concerns the name `alice`; does not know about `pending`; fails for `broken`.
#[derive(Debug)]
struct OnlyAlice;

impl Authorize for OnlyAlice {
    fn decide(&self, question: &Question) -> Option<Decision> {
        if question.name == "pending" {
            return None;
        }
        let error = (question.name == "broken").then(|| "nobody home".to_owned());
        let allowed = question.name == "alice" || question.path == "/healthz";
        Some(Decision { allowed, reason: format!("{} it", question.verb), error })
    }
}
