//! From a text to a value: compile once, run often.

use crate::{
    checker::{self, Checked},
    cost::{self, CostEstimate, Sizes},
    environment::Environment,
    eval::{Bindings, Evaluation},
    parser,
    plan::{self, Plan},
    source::Issues,
    types::Type,
    value::Outcome,
};

/// An expression that was checked.
#[derive(Clone, Debug)]
pub struct Program {
    checked: Checked,
    plan: Plan,
}

/// What a run gave and what it cost.
#[derive(Clone, Debug)]
pub struct Evaluated<'a> {
    /// Its value, or why there is none.
    pub value: Outcome<'a>,
    /// In upstream's units; beyond the limit if that ended it.
    pub cost: u64,
}

impl Program {
    /// Parses, checks and plans a text.
    ///
    /// # Errors
    /// Everything that is wrong with it, with places, as cel-go words it.
    pub fn compile(text: &str, environment: &Environment) -> Result<Self, Issues> {
        let ast = parser::parse(text, environment.macros())?;
        let checked = checker::check(ast, environment)?;
        let plan = plan::plan(&checked)?;
        Ok(Self { checked, plan })
    }

    /// The type of what it gives.
    pub fn result_type(&self) -> &Type {
        self.checked.result_type()
    }

    /// Whether it gives one of these types.
    ///
    /// # Errors
    /// Upstream's complaint otherwise (apiserver `pkg/admission/plugin/cel/compile.go`).
    pub fn must_give(&self, wanted: &[Type]) -> Result<(), String> {
        if wanted.contains(self.result_type()) {
            return Ok(());
        }
        let names: Vec<_> = wanted.iter().map(Type::to_string).collect();
        match names.as_slice() {
            [only] => Err(format!("must evaluate to {only}")),
            several => Err(format!("must evaluate to one of [{}]", several.join(" "))),
        }
    }

    /// The tree and its types.
    pub fn checked(&self) -> &Checked {
        &self.checked
    }

    /// Whether it names a variable, as a CRD's rule that names `oldSelf` is one of a transition.
    pub fn uses(&self, variable: &str) -> bool {
        self.checked.uses(variable)
    }

    /// What it may cost, for values of these sizes.
    pub fn estimate(&self, sizes: &dyn Sizes) -> CostEstimate {
        cost::estimate(&self.checked, sizes)
    }

    /// Runs it; a run that costs more than the limit ends with an error.
    pub fn run<'a>(&self, bindings: &dyn Bindings<'a>, cost_max: u64) -> Evaluated<'a> {
        let mut evaluation = Evaluation::new(bindings, self.plan.locals, cost_max);
        let value = evaluation.eval(&self.plan.root);
        Evaluated { value, cost: evaluation.cost() }
    }
}
