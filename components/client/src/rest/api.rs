//! What can be done to the objects of one resource.

use super::{Ask, Client, DeleteOptions, ListOptions, Patch, Watch, WatchOptions, WriteOptions};
use crate::{Error, Object, Resource, object, resource::escaped};
use bytes::Bytes;
use http::Method;
use serde_json::Value;
use std::sync::Arc;

/// Objects of one resource, of all namespaces or of one. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Api {
    client: Client,
    resource: Arc<Resource>,
    namespace: Option<Arc<str>>,
}

/// An object by its name, or a subresource of it: `"web"`, `("web", "status")`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Target<'a> {
    name: &'a str,
    subresource: &'a str,
}

impl<'a> From<&'a str> for Target<'a> {
    fn from(name: &'a str) -> Self {
        Self { name, subresource: "" }
    }
}

impl<'a> From<&'a String> for Target<'a> {
    fn from(name: &'a String) -> Self {
        Self { name, subresource: "" }
    }
}

impl<'a> From<(&'a str, &'a str)> for Target<'a> {
    fn from((name, subresource): (&'a str, &'a str)) -> Self {
        Self { name, subresource }
    }
}

/// A page of a list, or all of it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct List {
    /// The state that it shows.
    pub resource_version: String,
    /// Where the next page begins; empty: there is none.
    pub continue_token: String,
    /// The objects; each says its kind and version, also where the list left that out.
    pub items: Vec<Object>,
}

impl Api {
    pub(super) fn new(client: Client, resource: Resource) -> Self {
        Self { client, resource: Arc::new(resource), namespace: None }
    }

    /// The same resource in one namespace.
    #[must_use]
    pub fn within(&self, namespace: &str) -> Self {
        Self { namespace: Some(namespace.into()), ..self.clone() }
    }

    /// Which resource it is.
    pub fn resource(&self) -> &Resource {
        &self.resource
    }

    /// Whom it asks.
    pub fn client(&self) -> &Client {
        &self.client
    }

    fn ask(&self, method: Method) -> Ask {
        Ask::new(method, self.resource.path(self.namespace.as_deref()))
    }

    fn ask_of(&self, method: Method, target: Target<'_>) -> Result<Ask, Error> {
        if target.name.is_empty() {
            // Else the path would be that of the collection.
            return Err(Error::Request("resource name may not be empty".to_owned()));
        }
        let collection = self.resource.path(self.namespace.as_deref());
        let mut path = format!("{collection}/{}", escaped(target.name));
        if !target.subresource.is_empty() {
            path.push('/');
            path.push_str(target.subresource);
        }
        Ok(Ask::new(method, path))
    }

    async fn value(&self, ask: &Ask) -> Result<Value, Error> {
        parse(&self.client.send(ask).await?)
    }

    /// Reads an object.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn get<'a>(&self, target: impl Into<Target<'a>>) -> Result<Value, Error> {
        self.value(&self.ask_of(Method::GET, target.into())?).await
    }

    /// Reads one page, or all objects where `limit` is zero.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn list(&self, options: &ListOptions) -> Result<List, Error> {
        List::read(self.value(&options.onto(self.ask(Method::GET))).await?)
    }

    /// Reads all objects, page by page (client-go/tools/pager). Where the first page's state is
    /// forgotten before the last was read, it is read again in one piece, with the resource version
    /// and match that were asked for.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn list_all(&self, options: &ListOptions) -> Result<List, Error> {
        let mut all = self.list(options).await?;
        while !all.continue_token.is_empty() {
            let page = ListOptions {
                continue_token: std::mem::take(&mut all.continue_token),
                resource_version: String::new(),
                resource_version_match: None,
                ..options.clone()
            };
            match self.list(&page).await {
                Ok(mut page) => {
                    all.items.append(&mut page.items);
                    all.continue_token = page.continue_token;
                }
                Err(error) if error.is_expired() => {
                    return self.list(&ListOptions { limit: 0, ..options.clone() }).await;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }

    /// Begins a watch.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn watch(&self, options: &WatchOptions) -> Result<Watch, Error> {
        Ok(Watch(self.client.stream(&options.onto(self.ask(Method::GET))).await?))
    }

    /// Creates an object; gives it as it is stored.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn create(&self, object: &Value, options: &WriteOptions) -> Result<Value, Error> {
        self.value(&options.onto(with_body(self.ask(Method::POST), object))).await
    }

    /// Posts to a subresource that is an act: `binding`, `eviction`, `token`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn act<'a>(
        &self,
        target: impl Into<Target<'a>>,
        body: &Value,
        options: &WriteOptions,
    ) -> Result<Value, Error> {
        let ask = self.ask_of(Method::POST, target.into())?;
        self.value(&options.onto(with_body(ask, body))).await
    }

    /// Replaces the object of the same name, or its `status`, or another subresource. A resource
    /// version within the object guards it.
    ///
    /// # Errors
    /// [`Error`]; a conflict where another writer was first.
    pub async fn update(
        &self,
        object: &Value,
        subresource: &str,
        options: &WriteOptions,
    ) -> Result<Value, Error> {
        let target = Target { name: object::name(object), subresource };
        let ask = self.ask_of(Method::PUT, target)?;
        self.value(&options.onto(with_body(ask, object))).await
    }

    /// Changes an object that is not read before.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn patch<'a>(
        &self,
        target: impl Into<Target<'a>>,
        patch: &Patch,
        options: &WriteOptions,
    ) -> Result<Value, Error> {
        let (media, value) = patch.parts();
        let ask = self.ask_of(Method::PATCH, target.into())?.body(media, value.to_string());
        self.value(&options.onto(ask)).await
    }

    /// Deletes an object. Gives the object where it goes later, else a `Status`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn delete<'a>(
        &self,
        target: impl Into<Target<'a>>,
        options: &DeleteOptions,
    ) -> Result<Value, Error> {
        let ask = self.ask_of(Method::DELETE, target.into())?;
        self.value(&with_body(ask, &options.body())).await
    }

    /// Deletes all objects that are selected.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn delete_all(
        &self,
        options: &DeleteOptions,
        selected: &ListOptions,
    ) -> Result<Value, Error> {
        let ask = selected.onto(self.ask(Method::DELETE));
        self.value(&with_body(ask, &options.body())).await
    }
}

fn with_body(ask: Ask, value: &Value) -> Ask {
    ask.body("application/json", value.to_string())
}

fn parse(bytes: &Bytes) -> Result<Value, Error> {
    serde_json::from_slice(bytes).map_err(|error| Error::Malformed(error.to_string()))
}

impl List {
    /// Reads a list of any kind.
    pub(crate) fn read(mut list: Value) -> Result<Self, Error> {
        let text = |pointer: &str| {
            list.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let (resource_version, continue_token) =
            (text("/metadata/resourceVersion"), text("/metadata/continue"));
        let (kind, version) = (text("/kind"), text("/apiVersion"));
        let Some(kind) = kind.strip_suffix("List") else {
            return Err(Error::Malformed(format!("{kind:?} is no kind of a list")));
        };
        let items = match list.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => items,
            None | Some(Value::Null) => Vec::new(),
            Some(_) => return Err(Error::Malformed("items are no list".to_owned())),
        };
        let named = |mut item: Value| {
            if let Some(members) = item.as_object_mut().filter(|_| !kind.is_empty()) {
                members.entry("kind").or_insert_with(|| kind.into());
                members.entry("apiVersion").or_insert_with(|| version.as_str().into());
            }
            Arc::new(item)
        };
        let items = items.into_iter().map(named).collect();
        Ok(Self { resource_version, continue_token, items })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn items_of_a_list_say_what_they_are() {
        let list = json!({"kind": "PodList", "apiVersion": "v1",
            "metadata": {"resourceVersion": "7", "continue": "c"},
            "items": [{"metadata": {"name": "a"}}]});
        let list = List::read(list).unwrap();
        assert_eq!((list.resource_version.as_str(), list.continue_token.as_str()), ("7", "c"));
        let expected = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a"}});
        assert_eq!(*list.items[0], expected);
        assert!(List::read(json!({"kind": "Status"})).is_err());
        assert_eq!(List::read(json!({"kind": "List", "items": null})).unwrap().items, []);
    }
}
