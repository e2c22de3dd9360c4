//! `int(x)`, `string(x)` and the other conversions, `dyn(x)`, `type(x)`.

use crate::{
    functions::Functions,
    library::arguments::{taken, value},
    types::Type,
    value::Value,
};

pub(super) fn declare(f: &mut Functions) {
    use Type::{Bool, Bytes, Double, Duration, Dyn, Int, String, Timestamp, Uint};
    macro_rules! convert {
        ($name:literal, $result:expr, $run:ident, $($id:literal $from:expr),+) => {
            $(f.global($name, $id, &[$from], $result, |args| value(args, 0)?.$run());)+
        };
    }
    convert!("bool", Bool, to_bool, "bool_to_bool" Bool, "string_to_bool" String);
    convert!("bytes", Bytes, to_bytes, "bytes_to_bytes" Bytes, "string_to_bytes" String);
    convert!("double", Double, to_double, "double_to_double" Double, "int64_to_double" Int,
        "string_to_double" String, "uint64_to_double" Uint);
    convert!("duration", Duration, to_duration, "duration_to_duration" Duration,
        "int64_to_duration" Int, "string_to_duration" String);
    convert!("int", Int, to_int, "int64_to_int64" Int, "double_to_int64" Double,
        "duration_to_int64" Duration, "string_to_int64" String, "timestamp_to_int64" Timestamp,
        "uint64_to_int64" Uint);
    convert!("string", String, to_text, "string_to_string" String, "bool_to_string" Bool,
        "bytes_to_string" Bytes, "double_to_string" Double, "duration_to_string" Duration,
        "int64_to_string" Int, "timestamp_to_string" Timestamp, "uint64_to_string" Uint);
    convert!("timestamp", Timestamp, to_timestamp, "timestamp_to_timestamp" Timestamp,
        "int64_to_timestamp" Int, "string_to_timestamp" String);
    convert!("uint", Uint, to_uint, "uint64_to_uint64" Uint, "double_to_uint64" Double,
        "int64_to_uint64" Int, "string_to_uint64" String);
    let a = || Type::Param("A");
    f.global("dyn", "to_dyn", &[a()], Dyn, |args| Ok(taken(args, 0)));
    f.global("type", "type", &[a()], Type::of(a()), |args| {
        Ok(Value::Type(value(args, 0)?.type_of()))
    });
}
