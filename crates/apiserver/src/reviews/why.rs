//! `AccessReview` of `portcullis.dev/v1alpha1`: may they, and every reason why or why not.
//!
//! It is asked as a `SubjectAccessReview` is, of oneself where no subject is named. Nothing is told of a
//! role or a binding that the asker may not `get`: its reason is there, and unnamed. Whoever asks about
//! others needs the right to create SubjectAccessReviews, which tell as much.

use std::sync::Arc;

use portcullis_core::{Decision, Namespace, Verdict};
use portcullis_kinds::Object;
use portcullis_rbac::{
    Attempt, Binding, Dangling, Grant, NearMiss, NearName, Party, Requester, Resource as Asked,
    Respect, Role, Rules, Subject, Target as Sought, Why, decide, explain_as_server, words,
};
use serde_json::{Map, Value, json};

use crate::ask::{Ask, Target};
use crate::backend::Backend;
use crate::gates::authorize::{forbidden, requester};
use crate::reviews::access::{attempt, faults, selected_fields};
use crate::reviews::{spec, text, texts};
use crate::server::Server;
use crate::status::Status;

const RBAC: &str = "rbac.authorization.k8s.io";

/// One `AccessReason`.
type Reason = Map<String, Value>;

impl<B: Backend> Server<B> {
    /// Answers an `AccessReview`.
    pub(super) fn why(
        &self,
        ask: &Ask,
        target: Target,
        mut object: Object,
    ) -> Result<Object, Status> {
        let spec = spec(&object);
        let asker = requester(ask.user());
        let of_asker =
            ["user", "groups", "uid", "extra"].iter().all(|field| is_blank(&spec, field));
        let faults = faults(&object, &spec, false, of_asker);
        if !faults.is_empty() {
            return Err(Status::invalid(target.resource.group, target.resource.kind, "", &faults));
        }
        let subject = if of_asker {
            asker.clone()
        } else {
            Requester {
                user: text(&spec, "user").into(),
                groups: texts(&spec, "groups").into_iter().map(Into::into).collect(),
            }
        };
        if !is_within(&subject, &asker) {
            self.may_ask_about_others(&asker)?;
        }
        let (attempt, error) = attempt(subject, &spec);
        let fields = selected_fields(&spec);
        let as_node = self.authorizer.opinion_as_node(&self.store, &attempt, &fields);
        let snapshot = self.rights()?;
        let sight = Sight { rules: snapshot.rbac(), asker: &asker };
        let mut status = status(&attempt, as_node.as_ref(), sight);
        if let Some(error) = error {
            status.insert("evaluationError".into(), error.into());
        }
        object.insert("status".into(), status.into());
        Ok(object)
    }

    /// What a SubjectAccessReview tells of others is for those who may create one.
    fn may_ask_about_others(&self, asker: &Requester) -> Result<(), Status> {
        let attempt = Attempt {
            requester: asker.clone(),
            verb: "create".into(),
            target: Sought::Resource(Asked {
                group: "authorization.k8s.io".into(),
                resource: "subjectaccessreviews".into(),
                ..Asked::default()
            }),
        };
        let opinion = self.authorizer.opinion(&self.store, &attempt);
        if opinion.allowed { Ok(()) } else { Err(forbidden(&attempt, &opinion.reason)) }
    }
}

fn is_blank(spec: &Map<String, Value>, field: &str) -> bool {
    match spec.get(field) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(list)) => list.is_empty(),
        Some(Value::Object(map)) => map.is_empty(),
        Some(_) => false,
    }
}

/// Whether a subject is the asker or less: what it may, the asker may.
fn is_within(subject: &Requester, asker: &Requester) -> bool {
    (subject.user.is_empty() || subject.user == asker.user)
        && subject.groups.iter().all(|group| asker.groups.contains(group))
}

/// What the node authorizer says, where a node asks.
type AsNode = Result<(), String>;

/// The status: what is decided, and everything that was considered as far as the asker may see it.
fn status(attempt: &Attempt, as_node: Option<&AsNode>, sight: Sight<'_>) -> Map<String, Value> {
    let decision = explain_as_server(sight.rules, attempt);
    // `system:masters` passes before any authorizer is asked, and the node authorizer is the first.
    let as_node = as_node.filter(|_| !attempt.requester.is_privileged());
    let by_rules = decision.verdict == Verdict::Allow;
    let allowed = by_rules || as_node.is_some_and(Result::is_ok);
    let mut because: Vec<Reason> = Vec::new();
    let mut original = Vec::new();
    match as_node {
        Some(Ok(())) => because.push(said("Node", "a node needs it, and may do it")),
        Some(Err(why)) if !allowed && !why.is_empty() => {
            because.push(said("Node", why));
            original.push(why.clone());
        }
        _ => {}
    }
    if by_rules || !allowed {
        for why in decision.because.iter() {
            // Two that may not be named look alike, and how many there are is not told either.
            because.extend(sight.reason(why).filter(|reason| !because.contains(reason)));
        }
        let reason = words::reason(&decision);
        if sight.sees_what_decides(&decision) && !reason.is_empty() && as_node != Some(&Ok(())) {
            original.push(reason);
        }
    }
    let mut status = Map::new();
    let verdict = if allowed { Verdict::Allow } else { Verdict::Deny };
    status.insert("allowed".into(), allowed.into());
    status.insert("verdict".into(), verdict.to_string().into());
    if !original.is_empty() {
        status.insert("reason".into(), original.join("\n").into());
    }
    status.insert("because".into(), because.into());
    let skipped = sight.skipped(attempt, &decision);
    if !skipped.is_empty() {
        status.insert("skipped".into(), skipped.into());
    }
    status
}

/// What the asker may see of roles and bindings.
#[derive(Clone, Copy)]
struct Sight<'a> {
    rules: &'a Rules,
    asker: &'a Requester,
}

// === impl Sight ===

impl Sight<'_> {
    /// Whether the asker may `get` it.
    fn sees(self, resource: &str, namespace: Option<&Namespace>, name: &str) -> bool {
        let target = Asked {
            group: RBAC.into(),
            resource: resource.into(),
            subresource: "".into(),
            namespace: namespace.cloned(),
            name: name.into(),
        };
        let attempt = Attempt {
            requester: self.asker.clone(),
            verb: "get".into(),
            target: Sought::Resource(target),
        };
        self.asker.is_privileged() || decide(self.rules, &attempt).verdict == Verdict::Allow
    }

    fn sees_binding(self, binding: &Binding) -> bool {
        let plural = match binding.namespace {
            Some(_) => "rolebindings",
            None => "clusterrolebindings",
        };
        self.sees(plural, binding.namespace.as_ref(), &binding.name)
    }

    fn sees_role(self, role: &Role) -> bool {
        let plural = if role.namespace.is_some() { "roles" } else { "clusterroles" };
        self.sees(plural, role.namespace.as_ref(), &role.name)
    }

    /// Whether the original's words on a decision name only what the asker may see: the first grant, or
    /// all references to nothing.
    fn sees_what_decides(self, decision: &Decision<Why>) -> bool {
        match decision.because.first() {
            Why::Granted(grant) => self.sees_binding(&grant.binding),
            _ => decision.because.iter().all(|why| match why {
                Why::Dangling(dangling) => self.sees_binding(&dangling.binding),
                _ => true,
            }),
        }
    }

    /// References to nothing that an allowed attempt did not need.
    fn skipped(self, attempt: &Attempt, decision: &Decision<Why>) -> Vec<Reason> {
        let mut skipped: Vec<Reason> = Vec::new();
        for left_out in &decision.skipped {
            let object = left_out.origin.as_ref().and_then(|origin| origin.object.as_deref());
            let binding = self.rules.bindings().find(|binding| {
                object.is_some_and(|object| {
                    object.kind == binding.kind()
                        && object.namespace == binding.namespace
                        && object.name == binding.name
                })
            });
            let Some(binding) = binding else { continue };
            let Some((_, subject)) = binding.names(&attempt.requester) else { continue };
            let dangling = Dangling { binding: Arc::clone(binding), subject: subject.clone() };
            let reason = self.dangling(&dangling);
            if !skipped.contains(&reason) {
                skipped.push(reason);
            }
        }
        skipped
    }

    /// One reason as it is told; none where it would only tell what is hidden.
    fn reason(self, why: &Why) -> Option<Reason> {
        let plain = |kind: &str| said(kind, &why.to_string());
        Some(match why {
            Why::Granted(grant) => self.grant("Granted", why, grant, "a binding grants it"),
            Why::Elsewhere(grant) => self.grant(
                "Elsewhere",
                why,
                grant,
                "a binding grants it, only in another namespace",
            ),
            Why::UrlInNamespace(grant) => {
                let unnamed = "a role has the URL, but only a ClusterRoleBinding grants URLs";
                self.grant("URLInNamespace", why, grant, unnamed)
            }
            Why::Missed(miss) => self.miss(why, miss),
            Why::Dangling(dangling) => self.dangling(dangling),
            Why::NotPermitted { bindings } => self.not_permitted(bindings),
            Why::NearlyNamed(near) => return self.nearly_named(why, near),
            Why::Privileged => plain("Privileged"),
            Why::NotNamed => plain("NotNamed"),
        })
    }

    /// A grant: all of it, or as much of it as stands in the binding, or that there is one.
    fn grant(self, kind: &str, why: &Why, grant: &Grant, unnamed: &str) -> Reason {
        let Grant { binding, subject, role, rule, index } = grant;
        if !self.sees_binding(binding) {
            return hidden(kind, &format!("{unnamed}; its name may not be shown"));
        }
        if !self.sees_role(role) {
            let text =
                format!("{binding} gives {role} to {}; its rules may not be shown", subject.who);
            let mut told = through(kind, &text, binding, subject);
            told.insert("hidden".into(), true.into());
            return told;
        }
        let mut told = through(kind, &why.to_string(), binding, subject);
        told.insert("rule".into(), json!({"number": index, "text": words::rule(rule)}));
        told
    }

    fn miss(self, why: &Why, miss: &NearMiss) -> Reason {
        let unnamed = "a rule that a binding gives the requester comes near it";
        let mut told = self.grant("NearMiss", why, &miss.grant, unnamed);
        if told.contains_key("rule") {
            let lacks: Value = miss.lacks.iter().map(|lack| lacked(*lack)).collect();
            told.insert("lacks".into(), lacks);
        }
        told
    }

    fn dangling(self, dangling: &Dangling) -> Reason {
        let Dangling { binding, subject } = dangling;
        if !self.sees_binding(binding) {
            let text =
                "a binding names the requester and refers to no role; its name may not be shown";
            return hidden("Dangling", text);
        }
        through("Dangling", &dangling.to_string(), binding, subject)
    }

    fn not_permitted(self, bindings: &[Arc<Binding>]) -> Reason {
        let (seen, unseen): (Vec<_>, Vec<_>) =
            bindings.iter().partition(|binding| self.sees_binding(binding));
        // What everybody is given, as the server itself does, tells nothing about this requester.
        let notable = seen.iter().filter(|binding| !is_for_everybody(binding));
        let mut names: Vec<String> = notable.map(|binding| binding.to_string()).collect();
        let some_hidden = unseen.iter().any(|binding| !is_for_everybody(binding));
        if some_hidden {
            names.push("what may not be shown".to_owned());
        }
        let text = if names.is_empty() {
            "no rule is about it; the requester has only what everybody is given".to_owned()
        } else {
            format!("no rule is about it; named by {}", names.join(", "))
        };
        let mut told = said("NotPermitted", &text);
        if some_hidden {
            told.insert("hidden".into(), true.into());
        }
        if !seen.is_empty() {
            let listed = seen.iter().map(|binding| binding_reference(binding)).collect();
            told.insert("bindings".into(), listed);
        }
        told
    }

    /// Of those who look like the requester, only what the asker could read for themselves.
    fn nearly_named(self, why: &Why, near: &NearName) -> Option<Reason> {
        let binding = &near.binding;
        let role = self.rules.role(binding);
        if !self.sees_binding(binding) || !role.is_none_or(|role| self.sees_role(role)) {
            return None;
        }
        Some(through("NearlyNamed", &why.to_string(), binding, &near.subject))
    }
}

/// Whether a binding names nobody but everyone who is authenticated, or is not.
fn is_for_everybody(binding: &Binding) -> bool {
    binding.subjects.iter().all(|subject| {
        matches!(&subject.who, Party::Group(group)
            if matches!(group.as_str(), "system:authenticated" | "system:unauthenticated"))
    })
}

fn said(kind: &str, text: &str) -> Reason {
    let mut told = Reason::new();
    told.insert("type".into(), kind.into());
    told.insert("text".into(), text.into());
    told
}

fn hidden(kind: &str, text: &str) -> Reason {
    let mut told = said(kind, text);
    told.insert("hidden".into(), true.into());
    told
}

/// A reason with what stands in a binding.
fn through(kind: &str, text: &str, binding: &Binding, subject: &Subject) -> Reason {
    let mut told = said(kind, text);
    told.insert("binding".into(), binding_reference(binding));
    told.insert("role".into(), referred(binding));
    let who = &subject.who;
    let namespace = match who {
        Party::ServiceAccount { namespace, .. } => namespace.as_ref(),
        _ => None,
    };
    told.insert("subject".into(), named(who.kind(), namespace, who.name()));
    told
}

fn binding_reference(binding: &Binding) -> Value {
    named(binding.kind(), binding.namespace.as_ref(), &binding.name)
}

/// The role that a binding refers to, be it there or not.
fn referred(binding: &Binding) -> Value {
    let kind = binding.role.kind.as_str();
    let namespace = binding.namespace.as_ref().filter(|_| kind == "Role");
    named(kind, namespace, &binding.role.name)
}

fn named(kind: &str, namespace: Option<&Namespace>, name: &str) -> Value {
    match namespace {
        Some(namespace) => json!({"kind": kind, "namespace": namespace.as_str(), "name": name}),
        None => json!({"kind": kind, "name": name}),
    }
}

/// What a rule lacks, as the field of a rule or a request is called.
fn lacked(respect: Respect) -> &'static str {
    match respect {
        Respect::ResourceName => "resourceName",
        Respect::Subresource => "subresource",
        Respect::Verb => "verb",
        Respect::ApiGroup => "apiGroup",
        Respect::Resource => "resource",
        Respect::Url => "nonResourceURL",
    }
}

#[cfg(test)]
mod tests;
