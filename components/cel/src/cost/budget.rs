//! What the rules of a CRD may cost together.
//!
//! Upstream: apiextensions-apiserver `pkg/apis/apiextensions/validation/validation.go`,
//! `cel_validation.go`.

use crate::schema::{REQUEST_BYTES_MAX, Schema};

/// How often a schema can occur in one object: as often as the lists and maps around it have elements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cardinality(Option<u64>);

impl Cardinality {
    /// An object's own.
    pub const ONE: Cardinality = Cardinality(Some(1));

    /// Of what is in a list or map: `elements_max` is its `maxItems` or `maxProperties`, if it has one.
    #[must_use]
    pub fn of_elements(self, elements_max: Option<u64>) -> Self {
        Self(self.0.zip(elements_max).map(|(own, elements)| own.saturating_mul(elements)))
    }

    /// What a rule may cost in one object, for what it costs once. Where nothing limits how often it
    /// runs, a request full of the smallest values does.
    pub fn cost(self, once: u64, schema: &Schema) -> u64 {
        let fitting = || REQUEST_BYTES_MAX / (schema.bytes_min + 1);
        once.saturating_mul(self.0.unwrap_or_else(fitting))
    }
}

/// The complaint about a cost beyond its limit; `what` is upstream's name of the cost, `estimated rule
/// cost` or `estimated rule cost total for entire OpenAPIv3 schema`.
pub fn over_budget(what: &str, cost: u64, cost_max: u64) -> String {
    let factor = cost as f64 / cost_max as f64;
    let factor = if factor > 100.0 {
        "more than 100x".into()
    } else if factor < 1.5 {
        // So that nobody reads of a factor of 1.0.
        format!("{factor:.6}x")
    } else {
        format!("{factor:.1}x")
    };
    format!(
        "{what} exceeds budget by factor of {factor} (try simplifying the rule, or adding maxItems, \
         maxProperties, and maxLength where arrays, maps, and strings are declared)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Shape;

    #[test]
    fn rules_of_elements_cost_as_often_as_there_are_elements() {
        let schema = Schema { shape: Shape::Int, elements_max: 0, bytes_min: 1 };
        let bounded = Cardinality::ONE.of_elements(Some(10)).of_elements(Some(5));
        assert_eq!(bounded.cost(3, &schema), 150);
        let unbounded = Cardinality::ONE.of_elements(Some(10)).of_elements(None);
        assert_eq!(unbounded.cost(2, &schema), 2 * REQUEST_BYTES_MAX / 2);
        assert_eq!(Cardinality::ONE.cost(u64::MAX, &schema), u64::MAX);
    }

    #[test]
    fn complaints_tell_the_factor() {
        let factor = |cost| over_budget("estimated rule cost", cost, 100);
        assert!(
            factor(101)
                .starts_with("estimated rule cost exceeds budget by factor of 1.010000x (try")
        );
        assert!(factor(250).contains("factor of 2.5x"));
        assert!(factor(10_001).contains("factor of more than 100x"));
    }
}
