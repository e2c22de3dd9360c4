//! Loops.
//!
//! Upstream: cel-go `interpreter/interpretable.go` (`evalFold`).

use super::Evaluation;
use crate::{
    plan::Fold,
    value::{EvalError, Outcome, Value},
};

impl<'a> Evaluation<'_, 'a> {
    pub(super) fn fold(&mut self, fold: &Fold) -> Outcome<'a> {
        let range = self.eval(&fold.range)?;
        let init = self.eval(&fold.init);
        self.set(fold.accumulator, init)?;
        match range {
            Value::List(list) => {
                for at in 0..list.len() {
                    let item = list.get(at).unwrap_or(Ok(Value::Null));
                    let index = Ok(Value::Int(i64::try_from(at).unwrap_or(i64::MAX)));
                    let (first, second) = match fold.second {
                        Some(_) => (index, Some(item)),
                        None => (item, None),
                    };
                    if !self.turn(fold, first, second)? {
                        break;
                    }
                }
            }
            Value::Map(map) => {
                for key in map.keys() {
                    let second = fold.second.and_then(|_| map.get(&key));
                    if !self.turn(fold, Ok(key.value()), second)? {
                        break;
                    }
                }
            }
            _ => return Err(EvalError::new("got 'non-iterable', wanted iterable type")),
        }
        self.eval(&fold.result)
    }

    /// One element; false once the condition is.
    fn turn(
        &mut self,
        fold: &Fold,
        first: Outcome<'a>,
        second: Option<Outcome<'a>>,
    ) -> Result<bool, EvalError> {
        self.set(fold.first, first)?;
        if let (Some(place), Some(second)) = (fold.second, second) {
            self.set(place, second)?;
        }
        match self.eval(&fold.condition) {
            Ok(Value::Bool(false)) => return Ok(false),
            Err(error) if error.is_final() => return Err(error),
            Ok(_) | Err(_) => {}
        }
        let next = self.eval(&fold.step);
        self.set(fold.accumulator, next)?;
        Ok(true)
    }

    /// Keeps a value or an error; what ends the run ends it here.
    fn set(&mut self, place: usize, value: Outcome<'a>) -> Result<(), EvalError> {
        match value {
            Err(error) if error.is_final() => return Err(error),
            value => {
                if let Some(local) = self.locals.get_mut(place) {
                    *local = value;
                }
            }
        }
        Ok(())
    }
}
