//! May they? The authorizers in the order of the original: `system:masters`, Node, RBAC.

use std::sync::Mutex;

use arc_swap::ArcSwap;
use portcullis_core::{Namespace, Verdict};
use portcullis_identity::{Authenticated, User};
use portcullis_kinds::quoted;
use portcullis_rbac::{
    Attempt, PRIVILEGED_GROUP, Requester, Resource as Asked, Rules, Target, explain_as_server,
    words,
};
use portcullis_snapshot::{Aggregation, Change, Intake, IntakeByApi, Settings, Snapshot};
use portcullis_store::{self as store, Watch};
use std::sync::Arc;

use crate::backend::Backend;
use crate::gates::node::Nodes;
use crate::request_info::{FieldRequirement, RequestInfo};
use crate::status::{Details, Status};

/// What the keys of roles and bindings begin with. All four kinds are followed.
const FOLLOWED: [(&str, &str); 4] = [
    ("/registry/clusterrolebindings/", "ClusterRoleBinding"),
    ("/registry/clusterroles/", "ClusterRole"),
    ("/registry/rolebindings/", "RoleBinding"),
    ("/registry/roles/", "Role"),
];

/// The proof that the request was allowed. Only [`Authorizer::gate`] makes one.
#[derive(Clone, Debug)]
pub struct Authorized {
    who: Authenticated,
}

impl Authorized {
    /// Who it was allowed to.
    pub fn user(&self) -> &User {
        self.who.user()
    }
}

/// What an authorizer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opinion {
    /// Whether it is allowed. RBAC never denies: what nobody allows is refused.
    pub allowed: bool,
    /// Why, in the original's words; may be empty.
    pub reason: String,
}

/// The authorizers, and what they know. Roles and bindings are followed in the store, and every decision
/// is made on all that was committed before it: who was told that a binding is there can use it.
pub struct Authorizer {
    /// Whoever decides first takes what is new from them.
    watches: Mutex<Watches>,
    snapshot: ArcSwap<Snapshot>,
    nodes: Nodes,
}

/// One watch for each kind that is followed.
type Watches = Vec<(Watch, &'static str)>;

impl std::fmt::Debug for Authorizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authorizer").finish_non_exhaustive()
    }
}

impl Authorizer {
    /// Reads the roles and bindings that are there, and follows them from now on.
    pub fn new(store: &impl Backend) -> Result<Self, store::Error> {
        let (watches, snapshot) = follow(store)?;
        Ok(Self {
            watches: Mutex::new(watches),
            snapshot: ArcSwap::from_pointee(snapshot),
            nodes: Nodes::default(),
        })
    }

    /// The roles and bindings as of now, with everything that was committed before the call.
    ///
    /// # Errors
    ///
    /// If the store cannot be followed any more: nothing may be allowed by rules that may be gone.
    pub fn snapshot(&self, store: &impl Backend) -> Result<Arc<Snapshot>, store::Error> {
        // A panic while it was held has left the watches as they were or read a little further.
        let mut watches = self.watches.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match news(&mut watches) {
            Ok(changes) if changes.is_empty() => {}
            Ok(changes) => {
                let applied = self.snapshot.load().apply_all(changes);
                self.snapshot.store(Arc::new(applied.snapshot));
            }
            // Nobody asked for so long that what happened is no longer kept: everything is read again.
            Err(_) => {
                let (anew, snapshot) = follow(store)?;
                *watches = anew;
                self.snapshot.store(Arc::new(snapshot));
            }
        }
        drop(watches);
        Ok(self.snapshot.load_full())
    }

    /// Lets a request pass, or refuses it with the Status 403.
    pub fn gate(
        &self,
        store: &impl Backend,
        who: Authenticated,
        info: &RequestInfo,
    ) -> Result<Authorized, Status> {
        let attempt = attempt(who.user(), info);
        // A selector that cannot be read selects nothing in particular.
        let fields = info.field_requirements().unwrap_or_default();
        let opinion = self.opinion_of(store, &attempt, fields.requirements());
        if opinion.allowed {
            Ok(Authorized { who })
        } else {
            Err(forbidden(&attempt, &opinion.reason))
        }
    }

    /// Whether an attempt that selects no fields is allowed, and why.
    pub fn opinion(&self, store: &impl Backend, attempt: &Attempt) -> Opinion {
        self.opinion_of(store, attempt, &[])
    }

    /// Whether an attempt is allowed, and why: `fields` are the terms of its field selector (KEP-4601),
    /// which the node authorizer looks at and RBAC does not. The first authorizer that allows it decides.
    pub fn opinion_of(
        &self,
        store: &impl Backend,
        attempt: &Attempt,
        fields: &[FieldRequirement],
    ) -> Opinion {
        if attempt.requester.is_privileged() {
            return Opinion { allowed: true, reason: String::new() };
        }
        let as_node = match self.opinion_as_node(store, attempt, fields) {
            Some(Ok(())) => return Opinion { allowed: true, reason: String::new() },
            Some(Err(why)) => why,
            None => String::new(),
        };
        let mut by_rules = match self.snapshot(store) {
            Ok(snapshot) => opinion(snapshot.rbac(), attempt),
            Err(why) => Opinion {
                allowed: false,
                reason: format!("RBAC: roles and bindings cannot be followed: {why}"),
            },
        };
        if !by_rules.allowed && !as_node.is_empty() {
            let separator = if by_rules.reason.is_empty() { "" } else { "\n" };
            by_rules.reason = format!("{as_node}{separator}{}", by_rules.reason);
        }
        by_rules
    }

    /// What the node authorizer alone says: nothing of who is no node, and why not of what it does not
    /// allow, which RBAC may allow all the same.
    pub fn opinion_as_node(
        &self,
        store: &impl Backend,
        attempt: &Attempt,
        fields: &[FieldRequirement],
    ) -> Option<Result<(), String>> {
        self.nodes.opinion(store, attempt, fields)
    }
}

/// Everything that is there, and watches of what will be.
fn follow(store: &impl Backend) -> Result<(Watches, Snapshot), store::Error> {
    let now = store.view();
    let mut watches = Vec::with_capacity(FOLLOWED.len());
    let mut inputs = Vec::new();
    for (prefix, kind) in FOLLOWED {
        watches.push((store.watch(prefix.as_bytes(), Some(now.revision()))?, kind));
        for entry in now.range(&store::Keys::prefix(prefix.as_bytes())) {
            inputs.push(document(kind, &entry.value));
        }
    }
    let loaded = portcullis_object::load(inputs, &portcullis_object::Limits::default());
    let (snapshot, _) = Snapshot::build(&loaded.objects, &loaded.unreadable, &settings());
    Ok((watches, snapshot))
}

/// What has changed since the watches were read last.
fn news(watches: &mut Watches) -> Result<Vec<Change>, store::Error> {
    let mut changes = Vec::new();
    for (watch, kind) in watches {
        while let Some(event) = watch.try_next()? {
            changes.extend(change(kind, &event));
        }
    }
    Ok(changes)
}

/// What RBAC says.
fn opinion(rules: &Rules, attempt: &Attempt) -> Opinion {
    let ruling = portcullis_rbac::decide(rules, attempt);
    let allowed = ruling.verdict == Verdict::Allow;
    let grant = ruling.by.filter(|_| allowed).and_then(|by| rules.grant(by));
    let reason = match grant {
        Some(grant) => words::allowed(&grant),
        None => words::reason(&explain_as_server(rules, attempt)),
    };
    Opinion { allowed, reason }
}

/// Roles and bindings are taken as they are stored: what the original would have refused is not there,
/// and aggregated roles are filled in by their controller, visibly.
fn settings() -> Settings {
    Settings {
        intake: IntakeByApi::all(Intake::Stored),
        aggregation: Aggregation::AsStored,
        bootstrap: false,
        ..Settings::default()
    }
}

fn document(kind: &str, item: &[u8]) -> portcullis_object::Input {
    let mut bytes = Vec::with_capacity(item.len() + 80);
    crate::stored::write_as(item, kind, "rbac.authorization.k8s.io/v1", &mut bytes);
    portcullis_object::Input { name: String::new(), bytes }
}

fn change(kind: &str, event: &store::Event) -> Option<Change> {
    let held = event.entry().or_else(|| event.previous())?;
    let inputs = vec![document(kind, &held.value)];
    let object =
        portcullis_object::load(inputs, &portcullis_object::Limits::default()).objects.pop()?;
    Some(match event.entry() {
        Some(_) => Change::Put(object),
        None => Change::Delete((**object.reference()).clone()),
    })
}

/// What a request attempts.
pub fn attempt(user: &User, info: &RequestInfo) -> Attempt {
    let target = if info.is_resource {
        Target::Resource(Asked {
            group: info.api_group.clone(),
            resource: info.resource.clone(),
            subresource: info.subresource.clone(),
            namespace: (!info.namespace.is_empty()).then(|| Namespace::new(info.namespace.clone())),
            name: info.name.clone(),
        })
    } else {
        Target::Url(info.path.as_str().into())
    };
    Attempt { requester: requester(user), verb: info.verb.clone(), target }
}

/// A user as RBAC knows one.
pub fn requester(user: &User) -> Requester {
    Requester {
        user: user.name.as_str().into(),
        groups: user.groups.iter().map(|group| group.as_str().into()).collect(),
    }
}

/// Whether a user passes every authorizer.
pub fn is_privileged(user: &User) -> bool {
    user.groups.iter().any(|group| group == PRIVILEGED_GROUP)
}

/// The Status 403 of an attempt that nobody allows.
pub fn forbidden(attempt: &Attempt, reason: &str) -> Status {
    let user = quoted(attempt.requester.user.as_str());
    let verb = &attempt.verb;
    let (mut message, details) = match &attempt.target {
        Target::Url(path) => {
            let path = quoted(path.as_str());
            (format!("forbidden: User {user} cannot {verb} path {path}"), Details::default())
        }
        Target::Resource(asked) => {
            let mut qualified = asked.resource.to_string();
            if !asked.group.is_empty() {
                qualified = format!("{qualified}.{}", asked.group);
            }
            if !asked.name.is_empty() {
                qualified = format!("{qualified} {}", quoted(asked.name.as_str()));
            }
            let mut resource = asked.resource.to_string();
            if !asked.subresource.is_empty() {
                resource = format!("{resource}/{}", asked.subresource);
            }
            let scope = match &asked.namespace {
                Some(namespace) => format!("in the namespace {}", quoted(namespace.as_str())),
                None => "at the cluster scope".to_owned(),
            };
            let message = format!(
                "{qualified} is forbidden: User {user} cannot {verb} resource {} in API group {} {scope}",
                quoted(&resource),
                quoted(asked.group.as_str()),
            );
            let details = Details {
                name: asked.name.to_string(),
                group: asked.group.to_string(),
                kind: asked.resource.to_string(),
                ..Details::default()
            };
            (message, details)
        }
    };
    if !reason.is_empty() {
        message = format!("{message}: {reason}");
    }
    Status::forbidden(message, details)
}

#[cfg(test)]
mod tests {
    use portcullis_store::{Memory, Store, Write};

    use super::*;

    #[tokio::test]
    async fn what_happened_while_nobody_asked_for_long_counts() {
        let store = Memory::new();
        let authorizer = Authorizer::new(&store).unwrap();
        let jane = |verb: &str| Attempt {
            requester: Requester { user: "jane".into(), groups: Vec::new() },
            verb: verb.into(),
            target: Target::Url("/metrics".into()),
        };
        let role = br#"{"metadata":{"name":"reader"},"rules":[{"verbs":["get"],"nonResourceURLs":["/metrics"]}]}"#;
        let binding = br#"{"metadata":{"name":"jane"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io",
            "kind":"ClusterRole","name":"reader"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io",
            "kind":"User","name":"jane"}]}"#;
        for (key, value) in [
            ("/registry/clusterroles/reader", &role[..]),
            ("/registry/clusterrolebindings/jane", &binding[..]),
            ("/registry/configmaps/a/b", b"{}"),
        ] {
            let put = Write::Put { key: key.as_bytes().into(), value: value.into() };
            store.commit(Vec::new(), vec![put]).await.unwrap();
        }
        store.compact(store.view().revision());

        assert!(authorizer.opinion(&store, &jane("get")).allowed);
        assert!(!authorizer.opinion(&store, &jane("post")).allowed);

        let gone = Write::Delete { key: b"/registry/clusterrolebindings/jane"[..].into() };
        store.commit(Vec::new(), vec![gone]).await.unwrap();
        assert!(!authorizer.opinion(&store, &jane("get")).allowed);
    }
}
