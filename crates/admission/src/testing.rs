//! What the tests of plugins share: facts from a table, and questions to the chain.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::chain::{Plugin, Turn};
use crate::review::{Access, Facts, Operation, Requester, Review, Sort, Subject};
use crate::{Chain, Object, Passed, Refusal};

/// The letters that a table has for the end of every name.
pub(crate) const SUFFIX: &str = "xxxxx";

/// Facts that are written down.
#[derive(Default)]
pub(crate) struct Table {
    objects: Vec<(Sort, Arc<Object>)>,
    /// User, verb, resource, name.
    allowed: Vec<[String; 4]>,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with(mut self, sort: Sort, object: Value) -> Self {
        self.objects.push((sort, Arc::new(object.as_object().unwrap().clone())));
        self
    }

    pub(crate) fn with_namespace(self, name: &str) -> Self {
        self.with(Sort::Namespace, json!({"metadata": {"name": name}}))
    }

    pub(crate) fn with_account(self, namespace: &str, name: &str) -> Self {
        let account = json!({"metadata": {"name": name, "namespace": namespace}});
        self.with(Sort::ServiceAccount, account)
    }

    pub(crate) fn allowing(mut self, user: &str, verb: &str, resource: &str, name: &str) -> Self {
        self.allowed.push([user, verb, resource, name].map(str::to_owned));
        self
    }
}

impl Facts for Table {
    fn object(&self, sort: Sort, namespace: &str, name: &str) -> Option<Arc<Object>> {
        let mut all = self.objects(sort, namespace).into_iter();
        all.find(|object| object["metadata"]["name"] == name)
    }

    fn objects(&self, sort: Sort, namespace: &str) -> Vec<Arc<Object>> {
        let of_sort =
            self.objects.iter().filter(|(held, _)| *held == sort).map(|(_, object)| object);
        of_sort
            .filter(|object| namespace.is_empty() || object["metadata"]["namespace"] == namespace)
            .cloned()
            .collect()
    }

    fn allows(&self, requester: &Requester, access: &Access<'_>) -> bool {
        let asked = [requester.name.as_str(), access.verb, access.resource, access.name];
        self.allowed.iter().any(|one| *one == asked)
    }

    /// A request is `NAME|GROUP,GROUP`.
    fn subject(&self, request: &[u8]) -> Result<Subject, String> {
        let text = std::str::from_utf8(request).unwrap();
        let (name, groups) = text.split_once('|').ok_or("no request")?;
        let organizations = groups.split(',').map(str::to_owned).collect();
        Ok(Subject { common_name: name.to_owned(), organizations })
    }

    fn suffix(&self) -> String {
        SUFFIX.to_owned()
    }
}

/// A question by `jane` about a resource of the core group.
pub(crate) fn of(operation: Operation, resource: &'static str) -> Review {
    Review {
        operation,
        group: "",
        resource,
        subresource: "",
        namespace: String::new(),
        name: String::new(),
        requester: Requester { name: "jane".to_owned(), ..Requester::default() },
    }
}

impl Review {
    pub(crate) fn in_group(mut self, group: &'static str) -> Self {
        self.group = group;
        self
    }

    pub(crate) fn in_namespace(mut self, namespace: &str) -> Self {
        self.namespace = namespace.to_owned();
        self
    }

    pub(crate) fn named(mut self, name: &str) -> Self {
        self.name = name.to_owned();
        self
    }

    pub(crate) fn part(mut self, subresource: &'static str) -> Self {
        self.subresource = subresource;
        self
    }

    /// The same, asked by a node.
    pub(crate) fn by_node(mut self, name: &str) -> Self {
        self.requester.name = format!("system:node:{name}");
        self.requester.groups = vec!["system:nodes".to_owned()];
        self
    }
}

/// Through the first half, or why not.
pub(crate) fn changed(table: &Table, review: Review, object: &Value) -> Object {
    let object = object.as_object().unwrap().clone();
    Chain::start(review, object, None, table).unwrap().0
}

/// Through both halves; what was there before is not shown to the first.
pub(crate) fn judged(
    table: &Table,
    review: Review,
    object: &Object,
    old: Option<&Object>,
) -> Result<Passed, Refusal> {
    let (object, chain) = Chain::start(review, object.clone(), old, table)?;
    chain.resume(&object, old, table)
}

/// One plugin's turn in the first half.
pub(crate) fn change(
    plugin: &dyn Plugin,
    table: &Table,
    review: &Review,
    object: &mut Object,
    old: Option<&Object>,
) -> Result<(), Refusal> {
    plugin.change(&Turn { review, old, facts: table }, object)
}

/// Asks the whole chain; `want` is the refusal, empty for none.
#[track_caller]
pub(crate) fn check(table: &Table, review: Review, object: &Value, want: &str) {
    let told = judged(table, review, object.as_object().unwrap(), None);
    assert_eq!(told.map_or_else(|why| why.to_string(), |_| String::new()), want);
}
