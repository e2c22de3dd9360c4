//! Fields, elements, and whether they are there.
//!
//! Upstream: cel-go `interpreter/attributes.go`, `common/types/optional.go`. An optional value passes
//! on what is asked of it: of none comes none. What paths cost is what cel-go's observers count
//! (`interpreter/runtimecost.go`, `planner.go`, `planCallIndex`).

use super::Evaluation;
use crate::{
    plan::Node,
    value::{EvalError, Key, Outcome, Value},
};
use std::sync::Arc;

impl<'a> Evaluation<'_, 'a> {
    pub(super) fn select(&mut self, operand: &Node, field: &Arc<str>) -> Outcome<'a> {
        let from = self.rooted(operand)?;
        self.charge(1)?;
        if let Value::Optional(inner) = &from {
            return self.within(inner.as_deref(), |it, from| it.find_field(from, field));
        }
        let missing = || Err(EvalError::no_key(&Value::string(field.clone())));
        self.find_field(&from, field)?.map_or_else(missing, Ok)
    }

    pub(super) fn has(&mut self, operand: &Node, field: &str) -> Outcome<'a> {
        let from = self.rooted(operand)?;
        let from = match &from {
            Value::Optional(None) => return Ok(Value::Bool(false)),
            Value::Optional(Some(inner)) => inner,
            other => other,
        };
        let found = self.find_field(from, field)?;
        // Where a schema says what may be null, null is as good as absent.
        let typed = matches!(from, Value::Map(map) if map.is_typed());
        Ok(Value::Bool(found.is_some_and(|it| !(typed && matches!(it, Value::Null)))))
    }

    pub(super) fn opt_select(&mut self, operand: &Node, field: &str) -> Outcome<'a> {
        let from = self.rooted(operand)?;
        self.charge(1)?;
        match &from {
            Value::Optional(inner) => {
                self.within(inner.as_deref(), |it, from| it.find_field(from, field))
            }
            other => self.within(Some(other), |it, from| it.find_field(from, field)),
        }
    }

    pub(super) fn index(&mut self, operands: &[Node; 2]) -> Outcome<'a> {
        let (from, index) = self.both(operands)?;
        if let Value::Optional(inner) = &from {
            return self.within(inner.as_deref(), |_, from| find_element(from, &index));
        }
        if let Some(found) = find_element(&from, &index)? {
            return Ok(found);
        }
        match from {
            Value::List(_) => Err(EvalError::new(format!("index out of bounds: {index}"))),
            _ => Err(EvalError::no_key(&index)),
        }
    }

    pub(super) fn opt_index(&mut self, operands: &[Node; 2]) -> Outcome<'a> {
        let (from, index) = self.both(operands)?;
        match &from {
            Value::Optional(inner) => {
                self.within(inner.as_deref(), |_, from| find_element(from, &index))
            }
            other => self.within(Some(other), |_, from| find_element(from, &index)),
        }
    }

    fn both(&mut self, operands: &[Node; 2]) -> Result<(Value<'a>, Value<'a>), EvalError> {
        let [operand, at] = operands;
        let (from, index) = (self.rooted(operand)?, self.eval(at)?);
        // A path in the brackets has paid for itself.
        self.charge(u64::from(!at.is_path()))?;
        Ok((from, index))
    }

    /// What a path begins with: a variable pays for itself, anything else pays one more.
    fn rooted(&mut self, operand: &Node) -> Outcome<'a> {
        let value = self.eval(operand);
        self.charge(u64::from(!operand.is_path()))?;
        value
    }

    /// An optional value of what is found, if there is anything to look in.
    fn within(
        &mut self,
        from: Option<&Value<'a>>,
        find: impl FnOnce(&mut Self, &Value<'a>) -> Result<Option<Value<'a>>, EvalError>,
    ) -> Outcome<'a> {
        let found = match from {
            Some(from) => find(self, from)?,
            None => None,
        };
        Ok(match found {
            // What is optional already stays as it is.
            Some(optional @ Value::Optional(_)) => optional,
            Some(found) => found.some(),
            None => Value::Optional(None),
        })
    }

    fn find_field(
        &mut self,
        from: &Value<'a>,
        field: &str,
    ) -> Result<Option<Value<'a>>, EvalError> {
        match from {
            Value::Map(map) => map.property(field).transpose(),
            Value::Struct(it) => Ok(it.fields.get(field).cloned()),
            Value::Scope(scope) => self.bindings.field(scope, field).transpose(),
            _ => Err(EvalError::no_overload()),
        }
    }
}

fn find_element<'a>(from: &Value<'a>, index: &Value<'a>) -> Result<Option<Value<'a>>, EvalError> {
    let key = Key::new(index);
    match from {
        Value::List(list) => {
            let at = match key {
                Some(Key::Int(at)) => usize::try_from(at).ok(),
                Some(Key::Uint(at)) => usize::try_from(at).ok(),
                Some(Key::Bool(_) | Key::String(_)) | None => {
                    let kind = index.type_of();
                    let message = format!("unsupported index type '{}' in list", kind.name());
                    return Err(EvalError::new(message));
                }
            };
            at.and_then(|at| list.get(at)).transpose()
        }
        Value::Map(map) => key.and_then(|key| map.get(&key)).transpose(),
        _ => Err(EvalError::no_overload()),
    }
}
