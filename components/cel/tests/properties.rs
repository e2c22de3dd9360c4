//! Nothing that anybody can write makes the parser, the checker or a run panic, go deep or go on.

use cel::{
    environment::{Environment, kubernetes},
    functions::Functions,
    library,
    macros::Macros,
    parser, printer,
    program::Program,
    types::Type,
    value::{EvalError, Value},
};
use proptest::prelude::*;
use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

/// Pieces that make texts which come far.
const PIECES: [&str; 56] = [
    "1",
    "-1",
    "2u",
    "1.5",
    "'a'",
    "b'a'",
    "true",
    "null",
    "x",
    "y",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    ".",
    ",",
    ":",
    "?",
    "+",
    "-",
    "*",
    "/",
    "%",
    "!",
    "==",
    "<",
    "&&",
    "||",
    " in ",
    "has(",
    ".all(i, ",
    ".map(i, ",
    ".exists(i, ",
    ".filter(i, ",
    ".transformMap(i, v, ",
    ".size()",
    ".?a",
    "[?0]",
    "optional.of(",
    ".optMap(o, ",
    "string(",
    "int(",
    "duration('1s')",
    "timestamp(0)",
    ".matches('a+')",
    ".format([",
    "quantity('1Ki')",
    "ip('::1')",
    "i",
    "v",
    "o",
    ".a",
    "cel.bind(b, ",
    "b",
];

/// Declaring every function takes longer than running most expressions.
static FUNCTIONS: LazyLock<Arc<Functions>> = LazyLock::new(|| Arc::new(library::extended()));

fn environment() -> Environment {
    Environment::new(FUNCTIONS.clone(), Macros::ALL)
        .with_variable("x", Type::Dyn)
        .with_variable("y", Type::list(Type::Int))
}

fn run(text: &str, cost_max: u64) -> Option<(Result<(), EvalError>, u64)> {
    let program = Program::compile(text, &environment()).ok()?;
    let estimate = program.estimate(&cel::cost::NoSizes);
    assert!(estimate.min <= estimate.max, "{text}: {estimate:?}");
    let object = serde_json::json!({"a": {"b": [1, 2.5, "c", null, true]}});
    let bindings = BTreeMap::from([
        ("x", Value::from_json(&object, None).expect("JSON without a schema is a value")),
        ("y", Value::list(vec![Value::Int(1), Value::Int(0), Value::Int(-7)])),
    ]);
    let run = program.run(&bindings, cost_max);
    Some((run.value.map(|_| ()), run.cost))
}

/// An expression that is well formed, and checked mostly when it runs.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("x"),
        Just("y"),
        Just("x.a.b"),
        Just("y[0]"),
        Just("1"),
        Just("2"),
        Just("'s'"),
        Just("true"),
        Just("[1, 2]"),
        Just("{'k': 1}"),
        Just("duration('1s')"),
        Just("optional.none()"),
        Just("dyn(3)"),
    ];
    leaf.prop_map(String::from).prop_recursive(5, 40, 3, |inner| {
        let one = inner.clone();
        let two = (inner.clone(), inner.clone());
        let three = (inner.clone(), inner.clone(), inner);
        prop_oneof![
            two.clone().prop_map(|(a, b)| format!("(dyn({a}) + {b})")),
            two.clone().prop_map(|(a, b)| format!("(dyn({a}) == {b})")),
            two.clone().prop_map(|(a, b)| format!("dyn({a}) && dyn({b})")),
            two.clone().prop_map(|(a, b)| format!("(dyn({a}) || dyn({b}))")),
            two.clone().prop_map(|(a, b)| format!("({a} in dyn({b}))")),
            two.clone().prop_map(|(a, b)| format!("dyn({a}) - dyn({b}) * dyn({a})")),
            two.clone().prop_map(|(a, b)| format!("dyn({a}).map(i, {b})")),
            two.clone().prop_map(|(a, b)| format!("dyn({a}).all(i, dyn({b}))")),
            two.clone().prop_map(|(a, b)| format!("dyn({a})[{b}]")),
            two.prop_map(|(a, b)| format!("[dyn({a}), ?optional.of(dyn({b}))]")),
            one.clone().prop_map(|a| format!("-dyn({a})")),
            one.clone().prop_map(|a| format!("!dyn({a})")),
            one.clone().prop_map(|a| format!("dyn({a}).?a.b")),
            one.clone().prop_map(|a| format!("optional.of(dyn({a})).optMap(o, o == {a})")),
            one.prop_map(|a| format!("string(dyn({a}))")),
            three.prop_map(|(a, b, c)| format!("(dyn({a}) ? dyn({b}) : {c})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_text_is_parsed_or_refused(text in "\\PC{0,60}") {
        if let Ok(ast) = parser::parse(&text, &Macros::ALL) {
            printer::print(&ast);
        }
    }

    #[test]
    fn any_pieces_run_or_are_refused(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..14)) {
        run(&pieces.concat(), 10_000);
    }

    #[test]
    fn any_pattern_matches_or_fails(pattern in "[\\[\\]{}()^$.|*+?\\\\a-cdwsQEp,:<>&~0-9-]{0,20}") {
        let program = Program::compile("x.matches(x)", &environment()).expect("it is well formed");
        let bindings = BTreeMap::from([("x", Value::string(pattern))]);
        let value = program.run(&bindings, 10_000).value;
        prop_assert!(matches!(value, Ok(Value::Bool(_)) | Err(EvalError::Failed(_))));
    }

    #[test]
    fn what_is_printed_parses_to_the_same(text in expression()) {
        let parse = |text: &str| parser::parse(text, &Macros::ALL);
        let first = parse(&text).expect("it is well formed");
        let printed = printer::print(&first);
        let again = parse(&printed).expect("what is printed is well formed");
        prop_assert_eq!(&printed, &printer::print(&again));
        // Brackets around parts of a chain of `&&` are not printed: the tree becomes balanced.
        if !text.contains("&&") && !text.contains("||") {
            prop_assert_eq!(shape(&first.root), shape(&again.root));
        }
    }

    #[test]
    fn a_run_keeps_to_its_limit(text in expression(), cost_max in 0_u64..300) {
        let Some((value, cost)) = run(&text, cost_max) else { return Ok(()) };
        // Beyond the limit there is no value.
        prop_assert_eq!(cost > cost_max, value == Err(EvalError::CostExceeded));
    }
}

/// A tree without the numbers of its nodes.
fn shape(expr: &cel::ast::Expr) -> String {
    let text = format!("{expr:?}");
    let mut parts = text.split("id: ");
    let first = parts.next().unwrap_or_default().to_owned();
    let without = |it: &str| it.trim_start_matches(|it: char| it.is_ascii_digit()).to_owned();
    parts.fold(first, |shape, it| shape + &without(it))
}

/// Any JSON, most of it not what a schema wants.
fn json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value as Json;
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        prop::sample::select(&["", "aGk=", "2020-01-01", "2020-01-01T00:00:00Z", "1h", "é"][..])
            .prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        let name =
            prop::sample::select(&["a", "b", "c", "d", "namespace"][..]).prop_map(String::from);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map(name, inner, 0..4)
                .prop_map(|it| Json::Object(it.into_iter().collect())),
        ]
    })
}

/// A schema of everything that schemas can say.
fn schema() -> cel::schema::Schema {
    let schema = serde_json::json!({"type": "object", "properties": {
        "a": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string", "format": "date-time"}},
        "b": {"type": "object", "additionalProperties": {"type": "string", "format": "byte"}},
        "c": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a"],
            "items": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "number"}}}},
        "d": {"x-kubernetes-int-or-string": true},
        "namespace": {"type": "string", "format": "duration"},
    }});
    cel::schema::from_openapi(&schema, "selfType", true).expect("it is structural")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn objects_that_do_not_fit_their_schema_only_fail(object in json(), old in json()) {
        let schema = schema();
        let environment = kubernetes::crd_rule(&FUNCTIONS, &schema, true, false);
        let (Ok(new), Ok(old)) = (
            Value::from_json(&object, Some(&schema)),
            Value::from_json(&old, Some(&schema)),
        ) else {
            return Ok(());
        };
        prop_assert!(new.equals(&new).is_err() || new.equals(&new) == Ok(true));
        let bindings = BTreeMap::from([("self", new), ("oldSelf", old)]);
        for text in [
            "self == oldSelf", "self.a + oldSelf.a", "self.c + oldSelf.c == self.c",
            "self.b.all(k, v, v == oldSelf.b[k])", "has(self.d) ? string(self.d) : ''",
            "self.namespace > oldSelf.__namespace__", "self.c.map(i, i.a + int(i.b)).sum()",
            "self.?c[?0].?a.orValue(1)", "'%s'.format([dyn(self.a)])", "self.a.max()",
        ] {
            let program = Program::compile(text, &environment).expect("it is well formed");
            let run = program.run(&bindings, 100_000);
            if let Ok(value) = run.value {
                prop_assert!(value.size() <= 1_000_000);
            }
        }
    }
}

fn refused(text: &str) -> String {
    Program::compile(text, &environment()).expect_err("it is too much").to_string()
}

#[test]
fn depth_is_limited() {
    let message = "ERROR: <input>:-1:0: expression recursion limit exceeded: 250";
    for (open, inner, close) in [("(", "1", ")"), ("[", "1", "]"), ("-x", "", ""), ("!(", "x", ")")]
    {
        let text = format!("{}{inner}{}", open.repeat(400), close.repeat(400));
        assert_eq!(refused(&text), message, "{open}");
    }
    assert_eq!(refused(&format!("x{}", ".a".repeat(400))), message);
    assert_eq!(refused(&format!("1{}", " + 1".repeat(400))), message);
    assert_eq!(refused(&format!("{}true{}", "[1].all(i, ".repeat(400), ")".repeat(400))), message);
}

#[test]
fn what_is_as_deep_as_allowed_runs() {
    let nested = |open: &str, inner: &str, close: &str, times: usize| {
        run(&format!("{}{inner}{}", open.repeat(times), close.repeat(times)), u64::MAX)
    };
    assert!(nested("[1].all(i, ", "true", ")", 120).is_some_and(|it| it.0.is_ok()));
    assert!(nested("[", "1", "]", 240).is_some_and(|it| it.0.is_ok()));
    assert!(nested("(", "1", ")", 240).is_some_and(|it| it.0.is_ok()));
    let chain = format!("true{}", " && true".repeat(5_000));
    assert!(run(&chain, u64::MAX).is_some_and(|it| it.0.is_ok()));
}

#[test]
fn size_is_limited() {
    let long = "1".repeat(parser::CODE_POINTS_MAX + 1);
    let message = "expression code point size exceeds limit: size: 100001, limit 100000";
    assert_eq!(refused(&long), format!("ERROR: <input>:-1:0: {message}"));
    // Each `optMap` writes its target twice.
    let doubling = format!("optional.of(1){}", ".optMap(o, o)".repeat(40));
    assert!(refused(&doubling).contains("expression node count exceeds limit"));
}

#[test]
fn nothing_grows_without_limit() {
    let double = ".map(s, s.replace('a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'))";
    let text = format!("['a']{}", double.repeat(12));
    let (value, _) = run(&text, u64::MAX).expect("it is well formed");
    assert_eq!(value, Err(EvalError::new("string size exceeds limit")));
    let text = format!("[[1, 2]]{}", ".map(l, l + l)".repeat(30));
    let (value, _) = run(&text, u64::MAX).expect("it is well formed");
    assert_eq!(value, Err(EvalError::new("list size exceeds limit")));
    let (value, cost) = run("y.all(i, y.all(j, y.all(k, y.all(l, true))))", 50).expect("it is");
    assert_eq!((value, cost), (Err(EvalError::CostExceeded), 51));
}

/// Environments of Kubernetes know their variables, and no others.
#[test]
fn each_environment_declares_its_own() {
    let functions = kubernetes::functions();
    let all = kubernetes::Admission { params: true, authorizer: true, mutation: true };
    let admission = kubernetes::admission(&functions, all);
    let none = kubernetes::admission(&functions, kubernetes::Admission::default());
    let schema = serde_json::json!({"type": "object", "properties": {}});
    let schema = cel::schema::from_openapi(&schema, "selfType", true).expect("it is structural");
    let rule = kubernetes::crd_rule(&functions, &schema, true, true);
    let webhook = kubernetes::webhook_match_conditions(&functions);
    let review = kubernetes::authorization(&functions);
    for (environment, text, compiles) in [
        (&admission, "object.a == params.a && request.userInfo.username == 'a'", true),
        (&admission, "authorizer.requestResource.check('get').allowed()", true),
        (&admission, "namespaceObject.metadata.labels['a'] == 'b'", true),
        (&admission, "Object{spec: Object.spec{replicas: 1}}", true),
        (&admission, "[JSONPatch{op: 'remove', path: '/a'}]", true),
        (&admission, "request.nope", false),
        (&admission, "variables.nope", false),
        (&none, "params.a", false),
        (&none, "authorizer.path('/a').check('get').allowed()", false),
        (&none, "Object{}", false),
        (&rule, "self.metadata.name == 'a' && oldSelf.orValue(self).kind == 'b'", true),
        (&rule, "self.metadata.labels", false),
        (&rule, "cel.bind(a, 1, a)", false),
        (&rule, "math.least(1, 2)", false),
        (&rule, "'abc'.reverse()", false),
        (
            &webhook,
            "request.operation == 'CREATE' && authorizer.path('/a').check('get').allowed()",
            true,
        ),
        (&webhook, "variables.a", false),
        (&review, "request.resourceAttributes.namespace == 'a' && 'b' in request.groups", true),
    ] {
        let found = Program::compile(text, environment);
        assert_eq!(found.is_ok(), compiles, "{text}: {found:?}");
    }
}

/// What an expression gives is asked for in upstream's words.
#[test]
fn results_are_of_the_types_asked_for() {
    let program = Program::compile("y.size()", &environment()).expect("it is well formed");
    assert_eq!(program.must_give(&[Type::Int]), Ok(()));
    assert_eq!(program.must_give(&[Type::Bool]), Err("must evaluate to bool".into()));
    let two = program.must_give(&[Type::String, Type::Null]);
    assert_eq!(two, Err("must evaluate to one of [string null]".into()));
}

/// A policy's variables are computed when an expression names them, and may be used lazily.
#[test]
fn variables_are_asked_for_by_name() {
    struct Lazy;
    impl<'a> cel::eval::Bindings<'a> for Lazy {
        fn get(&self, name: &str) -> Option<cel::value::Outcome<'a>> {
            (name == "variables").then(|| Ok(kubernetes::variables()))
        }

        fn field(&self, scope: &str, name: &str) -> Option<cel::value::Outcome<'a>> {
            assert_eq!(scope, kubernetes::VARIABLES);
            match name {
                "good" => Some(Ok(Value::Int(3))),
                "bad" => Some(Err(EvalError::new("it broke"))),
                _ => None,
            }
        }
    }
    let functions = kubernetes::functions();
    let mut environment = kubernetes::admission(&functions, kubernetes::Admission::default());
    environment.add_field(kubernetes::VARIABLES, "good", Type::Int);
    environment.add_field(kubernetes::VARIABLES, "bad", Type::Int);
    let gives = |text: &str| {
        let program = Program::compile(text, &environment).expect("it is well formed");
        program.run(&Lazy, 100).value.map(|it| it.to_string())
    };
    assert_eq!(gives("variables.good + 1"), Ok("4".into()));
    assert_eq!(gives("variables.good == 3 || variables.bad == 1"), Ok("true".into()));
    assert_eq!(gives("variables.bad"), Err(EvalError::new("it broke")));
}
