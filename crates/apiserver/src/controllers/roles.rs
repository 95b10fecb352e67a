//! ClusterRoles whose rules are those of others (clusterrole-aggregation-controller).
//!
//! It is done before the write that is the reason for it is answered: nobody is told that a role is there
//! while those that gather it lack its rules.

use portcullis_kinds::Object;
use portcullis_rbac::{Role, Rules, aggregate};
use portcullis_schema::api;
use portcullis_store::Snapshot;
use serde_json::{Value, json};

use super::writes::{Held, held, write};
use super::{Again, ROLES};
use crate::backend::Backend;
use crate::bootstrap::rule_object;
use crate::gates::admitted::Admitted;
use crate::resource::{Resource, api_version, key};
use crate::server::Server;
use crate::{meta, stored};

const GROUP: &str = "rbac.authorization.k8s.io";

/// The field that it owns.
const RULES: &str = "f:rules";

impl<B: Backend> Server<B> {
    /// Fills in the rules of every ClusterRole that gathers those of others, in one commit.
    pub(super) async fn aggregate(&self) -> Result<(), Again> {
        // One after the other: who waits here sees what those before it wrote, and so nobody writes what
        // is out of date after somebody who knew better.
        let _turn = self.aggregating.lock().await;
        let resource = api::resource(GROUP, "v1", "clusterroles").ok_or(Again)?;
        let snapshot = self.authorizer.snapshot(&self.store).map_err(|_| Again)?;
        let view = self.store.view();
        let mut roles = concerned(snapshot.rbac());
        let mut gathering = Vec::new();
        for (at, role) in
            roles.iter_mut().enumerate().filter(|(_, role)| role.aggregation.is_some())
        {
            if let Some(found) = role_held(&view, resource, &role.name)? {
                // What only the controller has put there goes with those it was taken from. What
                // somebody else has written stays until there is something to gather.
                if is_gathered(&found.object) {
                    role.rules.clear();
                }
                gathering.push((at, found));
            }
        }
        aggregate(&mut roles);
        let mut together: Option<Admitted> = None;
        for (at, found) in gathering {
            let Some(role) = roles.get(at) else { continue };
            let rules: Vec<Value> = role.rules.iter().map(|rule| rule_object(rule)).collect();
            if rules == listed(&found.object) {
                continue;
            }
            let next = self.gathered(resource, &found.object, rules);
            if stored::is_same(&found.entry, &next) {
                continue;
            }
            let lies = key(resource, "", &role.name);
            let one = Admitted::by_controller(lies, Some(found.entry), Some(next));
            together = Some(match together {
                Some(before) => before.together(one),
                None => one,
            });
        }
        write(self, together).await
    }

    /// A role with other rules, and the entry of the controller among the owners of its fields: it is the
    /// one it would have if it had applied them (KEP-555) and taken them from all others.
    fn gathered(&self, resource: &Resource, old: &Object, rules: Vec<Value>) -> Object {
        let mut next = old.clone();
        let mut owners = Vec::new();
        if !rules.is_empty() {
            owners.push(json!({
                "manager": ROLES,
                "operation": "Apply",
                "apiVersion": api_version(resource),
                "time": self.clock.now().to_string(),
                "fieldsType": "FieldsV1",
                "fieldsV1": {RULES: {}},
            }));
        }
        for entry in entries(old).filter(|entry| !is_own(entry)) {
            let mut entry = entry.clone();
            let fields = entry.get_mut("fieldsV1").and_then(Value::as_object_mut);
            let left = fields.is_none_or(|fields| {
                fields.shift_remove(RULES);
                !fields.is_empty()
            });
            if left {
                owners.push(entry);
            }
        }
        let owners = if owners.is_empty() { Value::Null } else { Value::Array(owners) };
        meta::set(&mut next, "managedFields", owners);
        let rules = if rules.is_empty() { Value::Null } else { Value::Array(rules) };
        next.insert("rules".to_owned(), rules);
        meta::sort(&mut next);
        next
    }
}

/// The ClusterRoles that gather, and those that are gathered.
fn concerned(rules: &Rules) -> Vec<Role> {
    let gathers = |role: &Role| role.aggregation.is_some();
    let gathering = rules.roles().filter(|role| gathers(role));
    let selectors: Vec<_> =
        gathering.filter_map(|role| role.aggregation.as_deref()).flatten().collect();
    let is_gathered = |role: &Role| selectors.iter().any(|selector| selector.matches(&role.labels));
    rules
        .roles()
        .filter(|role| role.namespace.is_none() && (gathers(role) || is_gathered(role)))
        .map(|role| Role::clone(role))
        .collect()
}

fn role_held(view: &Snapshot, resource: &Resource, name: &str) -> Result<Option<Held>, Again> {
    held(view, &key(resource, "", name))
}

fn listed(object: &Object) -> Vec<Value> {
    object.get("rules").and_then(Value::as_array).cloned().unwrap_or_default()
}

fn entries(object: &Object) -> impl Iterator<Item = &Value> {
    let listed = meta::metadata(object).and_then(|metadata| metadata.get("managedFields"));
    listed.and_then(Value::as_array).into_iter().flatten()
}

fn is_own(entry: &Value) -> bool {
    let text = |field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default();
    text("manager") == ROLES && text("operation") == "Apply" && text("subresource").is_empty()
}

/// Whether the rules are the controller's, and nobody else's.
fn is_gathered(object: &Object) -> bool {
    let owns =
        |entry: &&Value| entry.get("fieldsV1").and_then(|fields| fields.get(RULES)).is_some();
    let mut owners = entries(object).filter(owns).peekable();
    owners.peek().is_some() && owners.all(is_own)
}
