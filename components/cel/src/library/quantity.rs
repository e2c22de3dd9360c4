//! `quantity` and what can be asked of amounts of resources.
//!
//! Upstream: apiserver `pkg/cel/library/quantity.go`, `pkg/cel/quantity.go`.

use super::arguments::{int, opaque, text};
use crate::{
    functions::Functions,
    types::Type,
    value::{EvalError, Opaque, Value},
};
use scalars::quantity::Quantity;
use std::{any::Any, cmp::Ordering};

/// What `type(x)` shows.
const NAME: &str = "kubernetes.Quantity";

impl Opaque for Quantity {
    fn type_name(&self) -> &'static str {
        NAME
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.as_any().downcast_ref::<Quantity>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

pub(super) fn declare(f: &mut Functions) {
    use Type::{Bool, Double, Int, String};
    let it = || Type::opaque(NAME);
    f.named_type(NAME);
    f.global("quantity", "string_to_quantity", &[String], it(), |args| {
        let parsed = Quantity::parse(text(args, 0)?);
        Ok(Value::opaque(parsed.map_err(|error| EvalError::new(error.to_string()))?))
    });
    f.global("isQuantity", "is_quantity_string", &[String], Bool, |args| {
        Ok(Value::Bool(Quantity::parse(text(args, 0)?).is_ok()))
    });
    f.member("sign", "quantity_sign", &[it()], Int, |args| {
        Ok(Value::Int(opaque::<Quantity>(args, 0)?.sign().into()))
    });
    f.member("isInteger", "quantity_is_integer", &[it()], Bool, |args| {
        Ok(Value::Bool(opaque::<Quantity>(args, 0)?.whole_value().is_some()))
    });
    f.member("asInteger", "quantity_as_integer", &[it()], Int, |args| {
        let whole = opaque::<Quantity>(args, 0)?.whole_value();
        whole.map(Value::Int).ok_or_else(|| EvalError::new("cannot convert value to integer"))
    });
    f.member("asApproximateFloat", "quantity_get_float", &[it()], Double, |args| {
        Ok(Value::Double(opaque::<Quantity>(args, 0)?.approximate()))
    });
    let two = [it(), it()];
    f.member("isGreaterThan", "quantity_is_greater_than", &two, Bool, |args| {
        Ok(Value::Bool(opaque::<Quantity>(args, 0)? > opaque(args, 1)?))
    });
    f.member("isLessThan", "quantity_is_less_than", &two, Bool, |args| {
        Ok(Value::Bool(opaque::<Quantity>(args, 0)? < opaque(args, 1)?))
    });
    f.member("compareTo", "quantity_compare_to", &two, Int, |args| {
        Ok(Value::Int(match opaque::<Quantity>(args, 0)?.cmp(opaque(args, 1)?) {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        }))
    });
    f.member("add", "quantity_add", &two, it(), |args| {
        Ok(Value::opaque(opaque::<Quantity>(args, 0)?.plus(*opaque(args, 1)?)))
    });
    f.member("add", "quantity_add_int", &[it(), Int], it(), |args| {
        Ok(Value::opaque(opaque::<Quantity>(args, 0)?.plus(Quantity::whole(int(args, 1)?))))
    });
    f.member("sub", "quantity_sub", &two, it(), |args| {
        Ok(Value::opaque(opaque::<Quantity>(args, 0)?.minus(*opaque(args, 1)?)))
    });
    f.member("sub", "quantity_sub_int", &[it(), Int], it(), |args| {
        Ok(Value::opaque(opaque::<Quantity>(args, 0)?.minus(Quantity::whole(int(args, 1)?))))
    });
}
