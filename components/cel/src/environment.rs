//! What an expression may name: variables, objects' fields, functions, macros.
//!
//! Upstream: apiserver `pkg/cel/environment/base.go`; who declares what stands in [`kubernetes`].

pub mod kubernetes;

use crate::{functions::Functions, macros::Macros, schema::Schema, types::Type};
use std::{collections::BTreeMap, sync::Arc};

/// A place where expressions are written.
#[derive(Clone, Debug)]
pub struct Environment {
    functions: Arc<Functions>,
    macros: Macros,
    variables: BTreeMap<String, Type>,
    objects: BTreeMap<Arc<str>, Object>,
    /// Objects that expressions may make with any fields, and so on below, `Object.spec`.
    open_root: Option<&'static str>,
}

#[derive(Clone, Debug)]
struct Object {
    fields: BTreeMap<String, Type>,
    /// Whether an expression may make one.
    makeable: bool,
}

impl Environment {
    /// Without variables.
    pub fn new(functions: Arc<Functions>, macros: Macros) -> Self {
        let (variables, objects) = (BTreeMap::new(), BTreeMap::new());
        Self { functions, macros, variables, objects, open_root: None }
    }

    /// With one more variable.
    #[must_use]
    pub fn with_variable(mut self, name: &str, declared: Type) -> Self {
        self.variables.insert(name.to_owned(), declared);
        self
    }

    /// With a variable whose value is JSON of that shape.
    #[must_use]
    pub fn with_json(mut self, name: &str, schema: &Schema) -> Self {
        schema.each_object(&mut |type_name, fields| {
            let fields =
                fields.iter().map(|(name, it)| (name.clone(), it.declared_type())).collect();
            self.objects.insert(type_name.clone(), Object { fields, makeable: false });
        });
        self.with_variable(name, schema.declared_type())
    }

    /// With a type of objects with these fields, which expressions may make if `makeable`.
    #[must_use]
    pub fn with_object(
        mut self,
        name: &str,
        fields: BTreeMap<String, Type>,
        makeable: bool,
    ) -> Self {
        self.objects.insert(name.into(), Object { fields, makeable });
        self
    }

    /// With objects that may be made with any fields, named so and by the path below.
    #[must_use]
    pub fn with_open_objects(mut self, root: &'static str) -> Self {
        self.open_root = Some(root);
        self
    }

    /// Declares a further field of an object, as each variable of a policy becomes one of `variables`.
    pub fn add_field(&mut self, object: &str, field: &str, declared: Type) {
        if let Some(object) = self.objects.get_mut(object) {
            object.fields.insert(field.to_owned(), declared);
        }
    }

    pub(crate) fn functions(&self) -> &Functions {
        &self.functions
    }

    pub(crate) fn macros(&self) -> &Macros {
        &self.macros
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&Type> {
        self.variables.get(name)
    }

    pub(crate) fn field(&self, object: &str, field: &str) -> Option<Type> {
        match self.objects.get(object) {
            // Keywords need no escaping behind a dot (`recognizeKeywordAsFieldName`).
            Some(object) => {
                let fields = &object.fields;
                fields.get(field).or_else(|| fields.get(&format!("__{field}__"))).cloned()
            }
            None => self.is_open(object).then_some(Type::Dyn),
        }
    }

    pub(crate) fn can_make(&self, object: &str) -> bool {
        self.objects.get(object).map_or_else(|| self.is_open(object), |it| it.makeable)
    }

    fn is_open(&self, object: &str) -> bool {
        let below = self.open_root.and_then(|root| object.strip_prefix(root));
        below.is_some_and(|it| it.is_empty() || it.starts_with('.'))
    }
}
