//! What a type looks like: the one table that decoding, defaulting, patching, transcoding and
//! printing read.

use crate::table;
use serde_json::Value;
use std::{collections::BTreeMap, fmt};

/// A type's place in its [`Schemas`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TypeId(pub u32);

/// A kind as clients name it; the group of `v1` is empty.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct GroupVersionKind {
    /// `apps`; empty for the core group.
    pub group: String,
    /// `v1`.
    pub version: String,
    /// `Deployment`.
    pub kind: String,
}

impl GroupVersionKind {
    /// What an object's `apiVersion` says: `v1` or `apps/v1`.
    pub fn api_version(&self) -> String {
        match self.group.is_empty() {
            true => self.version.clone(),
            false => format!("{}/{}", self.group, self.version),
        }
    }
}

impl fmt::Display for GroupVersionKind {
    /// As Go prints one: `apps/v1, Kind=Deployment`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, Kind={}", self.api_version(), self.kind)
    }
}

/// One message or object type.
#[derive(Clone, PartialEq, Debug)]
pub struct Type {
    /// OpenAPI's name, `io.k8s.api.core.v1.Pod`.
    pub name: String,
    /// In the order of their names.
    pub fields: Vec<Field>,
    /// The kinds whose objects have this type.
    pub kinds: Vec<GroupVersionKind>,
    /// What the type itself says of its fields' managers; a field of this type repeats it.
    pub owned: Owned,
    /// What fields hold that are not declared; none where there are no others.
    pub others: Option<Shape>,
}

impl Type {
    /// The field of that JSON name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        let at = self.fields.binary_search_by(|field| field.name.as_str().cmp(name)).ok()?;
        self.fields.get(at)
    }
}

/// One field of a type.
#[derive(Clone, PartialEq, Debug)]
pub struct Field {
    /// JSON's name.
    pub name: String,
    /// What it holds.
    pub shape: Shape,
    /// Validation refuses an object without it.
    pub required: bool,
    /// Filled in where the field is absent.
    pub default: Option<Value>,
    /// The values that are allowed, where they are listed.
    pub values: Vec<String>,
    /// What becomes of an empty value.
    pub zero: Zero,
    /// Protobuf's field number; `None` where the field has no binary form.
    pub number: Option<u32>,
    /// Numbers of the messages that protobuf wraps the field in, the outermost first. JSON knows
    /// nothing of them: Go embeds the structs.
    pub within: Vec<u32>,
    /// How a strategic merge patch treats it.
    pub patch: PatchStrategy,
}

impl Field {
    /// An optional field of which nothing else is said.
    pub fn new(name: &str, shape: Shape) -> Self {
        Self {
            name: name.to_owned(),
            shape,
            required: false,
            default: None,
            values: Vec::new(),
            zero: Zero::Kept,
            number: None,
            within: Vec::new(),
            patch: PatchStrategy::default(),
        }
    }
}

/// What becomes of a field that holds its type's empty value (`""`, `0`, `false`, `[]`, `{}`).
///
/// Clients see what upstream's structs make of their objects: whether a field is a pointer, and
/// whether its tag says `omitempty`, decides what comes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Zero {
    /// It stays, since absent is something else: a pointer.
    #[default]
    Kept,
    /// It goes: a value with `omitempty`.
    Dropped,
    /// It is written even where the client left it out: a value without `omitempty`, or a struct.
    /// Empty lists, maps and times are written as `null`.
    Written,
}

/// Whether a value is its type's empty one, which Go's `omitempty` leaves out.
pub fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(truth) => !truth,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

/// What a field, an item of a list or a value of a map holds.
#[derive(Clone, PartialEq, Debug)]
pub enum Shape {
    /// An object of a type.
    Object(TypeId, Owned),
    /// An object with keys of the client's choice.
    Map(Box<Shape>, Owned),
    /// A list.
    List(Box<Shape>, ListKind),
    /// Text.
    Text,
    /// Bytes: base64 in JSON.
    Bytes,
    /// A truth value.
    Bool,
    /// 32 bits, signed.
    Int32,
    /// 64 bits, signed.
    Int64,
    /// A floating-point number.
    Double,
    /// A number or text: `intstr.IntOrString`.
    IntOrString,
    /// A quantity such as `100m`: text, or a number that becomes text.
    Quantity,
    /// RFC 3339 with whole seconds.
    Time,
    /// RFC 3339 with microseconds.
    MicroTime,
    /// A duration as Go writes it: `5m0s`.
    Duration,
    /// An object of another kind, embedded: `runtime.RawExtension`.
    Raw,
    /// Any JSON value, kept as it came.
    Json,
    /// Managed fields' set of paths: `metav1.FieldsV1`.
    Fields,
}

/// How server-side apply divides an object or a map among managers (`x-kubernetes-map-type`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Owned {
    /// Each field by itself.
    #[default]
    Granular,
    /// As one.
    Atomic,
}

/// How server-side apply divides a list among managers (`x-kubernetes-list-type`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ListKind {
    /// As one.
    Atomic,
    /// Each value by itself; no value twice.
    Set,
    /// Each item by itself, told apart by these fields.
    Map(Vec<String>),
}

/// A field's `x-kubernetes-patch-strategy` and `x-kubernetes-patch-merge-key`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PatchStrategy {
    /// Items are merged, not replaced; by this field of theirs, or by value where there is none.
    pub merge: bool,
    /// What tells items apart.
    pub merge_key: Option<String>,
    /// `$retainKeys` may name the fields that stay.
    pub retain_keys: bool,
    /// An object is replaced, where it would be merged.
    pub replace: bool,
}

/// Types by name and kind.
#[derive(Clone, Debug, Default)]
pub struct Schemas {
    types: Vec<Type>,
    names: BTreeMap<String, TypeId>,
    kinds: BTreeMap<GroupVersionKind, TypeId>,
}

impl Schemas {
    /// A set of types, which refer to each other by their places in it.
    pub fn new(types: Vec<Type>) -> Self {
        let (mut names, mut kinds) = (BTreeMap::new(), BTreeMap::new());
        for (place, one) in types.iter().enumerate() {
            let id = TypeId(u32::try_from(place).unwrap_or(u32::MAX));
            names.insert(one.name.clone(), id);
            kinds.extend(one.kinds.iter().map(|kind| (kind.clone(), id)));
        }
        Self { types, names, kinds }
    }

    /// The types of upstream's built-in kinds. Reads the table anew: a process does it once.
    pub fn built_in() -> Self {
        table::parse(include_str!("../tables/types.txt")).expect("a test reads the same table")
    }

    /// The type at a place that this set gave out.
    ///
    /// # Panics
    /// If another set gave it out.
    pub fn at(&self, id: TypeId) -> &Type {
        &self.types[id.0 as usize]
    }

    /// A type by OpenAPI's name.
    pub fn named(&self, name: &str) -> Option<TypeId> {
        self.names.get(name).copied()
    }

    /// The type of a kind's objects.
    pub fn of(&self, kind: &GroupVersionKind) -> Option<TypeId> {
        self.kinds.get(kind).copied()
    }

    /// All types, in order of their places.
    pub fn types(&self) -> &[Type] {
        &self.types
    }
}
