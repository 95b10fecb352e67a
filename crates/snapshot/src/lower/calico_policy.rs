//! Calico's NetworkPolicy, GlobalNetworkPolicy and their staged forms.

use portcullis_core::{Namespace, Selector};
use portcullis_netpol::{Direction, Order, Policy, PolicyClass, PolicyKind};
use portcullis_object::{Cursor, Object};

use super::name::{self, Form};
use super::{calico_rule, selectors};
use crate::codes;
use crate::findings::{Findings, place_of, shown};

/// What a staged policy wants done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum StagedAction {
    /// To be enforced as it stands.
    Enforce,
    /// The policy of the same name to be removed: nothing to evaluate.
    Delete,
}

/// `spec.stagedAction` of a staged policy. Set, Learn and Ignore are evaluated alike.
pub(crate) fn staged_action(spec: Cursor<'_>, out: &mut Findings) -> StagedAction {
    match out.text(spec, "stagedAction") {
        None | Some("Set" | "Learn" | "Ignore") => StagedAction::Enforce,
        Some("Delete") => {
            let content = spec
                .entries()
                .find(|(key, value)| !matches!(*key, "stagedAction" | "tier") && !is_zero(*value));
            if let Some((key, value)) = content {
                let message =
                    format!("a staged deletion has no content but its tier, and this has `{key}`");
                out.refuse(codes::STAGED_DELETE, value.key_place(), message);
            }
            StagedAction::Delete
        }
        Some(other) => {
            out.broken_with(
                codes::VALUE,
                place_of(spec, "stagedAction"),
                format!("`{other}` is not a staged action"),
                Some("the actions are Set, Delete, Learn and Ignore".into()),
            );
            StagedAction::Enforce
        }
    }
}

/// Whether a field holds what Go takes for nothing said.
pub(crate) fn is_zero(value: Cursor<'_>) -> bool {
    value.is_null()
        || value.as_str() == Some("")
        || value.as_bool() == Some(false)
        || (matches!(
            value.kind(),
            portcullis_object::NodeKind::List | portcullis_object::NodeKind::Map
        ) && value.is_empty())
}

/// Lowers a policy; `None` for a staged deletion. `namespace` is none for global kinds.
pub(crate) fn lower(
    object: &Object,
    namespace: Option<&Namespace>,
    kind: PolicyKind,
    out: &mut Findings,
) -> Option<Policy> {
    let root = object.root();
    let form = if namespace.is_some() { Form::TierPrefixedOrConverted } else { Form::TierPrefixed };
    name::check(object, form, out);
    let Some(spec) = out.map(root, "spec") else {
        if root.field("spec").is_none_or(Cursor::is_null) {
            // The structural check says that it is missing. What is stored without a spec selects
            // everything and isolates it for ingress.
            return Some(policy(object, namespace, kind));
        }
        return Some(Policy { egress: true, ..policy(object, namespace, kind) });
    };
    if kind.is_staged() && staged_action(spec, out) == StagedAction::Delete {
        return None;
    }
    let mut lowered = policy(object, namespace, kind);
    if let Some(tier) = out.text(spec, "tier").filter(|t| !t.is_empty()) {
        lowered.tier = tier.into();
    }
    lowered.order = Order(out.number(spec, "order"));
    lowered.subject = subject(spec, namespace, out);
    lowered.ingress_rules = calico_rule::rules(spec, Direction::Ingress, namespace, out);
    lowered.egress_rules = calico_rule::rules(spec, Direction::Egress, namespace, out);
    types(object, spec, &mut lowered, out);
    hints(spec, out);
    if namespace.is_none() {
        host_policy(spec, &mut lowered, out);
    }
    Some(lowered)
}

/// A policy with an empty spec.
fn policy(object: &Object, namespace: Option<&Namespace>, kind: PolicyKind) -> Policy {
    Policy {
        kind,
        namespace: namespace.cloned(),
        name: object.name().into(),
        tier: "default".into(),
        order: Order(None),
        subject: namespace.map_or(Selector::All, selectors::in_namespace),
        ingress: true,
        egress: false,
        ingress_rules: Vec::new(),
        egress_rules: Vec::new(),
        class: PolicyClass::Normal,
        apply_on_forward: false,
        doubt: None,
        origin: object.origin(),
    }
}

/// Whom the policy selects. What cannot be parsed restricts nothing: the policy then isolates more
/// than was meant, which is closed.
fn subject(spec: Cursor<'_>, namespace: Option<&Namespace>, out: &mut Findings) -> Selector {
    for field in ["selector", "serviceAccountSelector", "namespaceSelector"] {
        selectors::without_global(spec, field, out);
    }
    let mut subject = namespace.map_or(Selector::All, selectors::in_namespace);
    if namespace.is_none()
        && let Some(namespaces) = selectors::calico(spec, "namespaceSelector", out)
    {
        subject = subject.and(selectors::over_namespaces(&namespaces));
    }
    if let Some(accounts) = selectors::calico(spec, "serviceAccountSelector", out) {
        subject = subject.and(selectors::over_service_accounts(&accounts));
    }
    if let Some(own) = selectors::calico(spec, "selector", out) {
        subject = subject.and(own);
    }
    subject
}

/// Which directions the policy has a say on. Where `types` is absent, the rules tell: egress alone
/// if there are only egress rules, both if there are both, else ingress. What was written to the
/// backing resources directly (`crd.projectcalico.org`) has no such default: absent is both.
fn types(object: &Object, spec: Cursor<'_>, policy: &mut Policy, out: &mut Findings) {
    let given = out.list(spec, "types");
    if given.is_empty() {
        if let Some(field) = out.get(spec, "types") {
            out.refuse(codes::TYPES, field.at(), "`types` cannot be an empty list");
        }
        if object.group() == "crd.projectcalico.org" {
            (policy.ingress, policy.egress) = (true, true);
        } else {
            policy.egress = !policy.egress_rules.is_empty();
            policy.ingress = !policy.egress || !policy.ingress_rules.is_empty();
        }
        return;
    }
    (policy.ingress, policy.egress) = (false, false);
    for at in given {
        let seen = match at.as_str() {
            Some("Ingress") => std::mem::replace(&mut policy.ingress, true),
            Some("Egress") => std::mem::replace(&mut policy.egress, true),
            _ => {
                out.broken_with(
                    codes::TYPES,
                    at.at(),
                    format!("`{}` is not a policy type", shown(at)),
                    Some("the types are Ingress and Egress".into()),
                );
                continue;
            }
        };
        if seen {
            out.refuse(codes::TWICE, at.at(), format!("`{}` is listed twice", shown(at)));
        }
    }
}

fn hints(spec: Cursor<'_>, out: &mut Findings) {
    const HINT: &str = "AssumeNeededOnEveryNode";
    for (index, (hint, at)) in out.texts(spec, "performanceHints").into_iter().enumerate() {
        if hint != HINT {
            let help = Some(format!("the only hint is {HINT}"));
            out.refuse_with(
                codes::VALUE,
                at.at(),
                format!("`{hint}` is not a performance hint"),
                help,
            );
        } else if index > 0 {
            out.refuse(codes::TWICE, at.at(), format!("`{hint}` is listed twice"));
        }
    }
}

/// When the policy is asked at host endpoints.
fn host_policy(spec: Cursor<'_>, policy: &mut Policy, out: &mut Findings) {
    let untracked = out.boolean(spec, "doNotTrack") == Some(true);
    let pre_dnat = out.boolean(spec, "preDNAT") == Some(true);
    policy.apply_on_forward = out.boolean(spec, "applyOnForward") == Some(true);
    if untracked && pre_dnat {
        let message = "`preDNAT` and `doNotTrack` cannot both be true";
        out.refuse(codes::HOST_POLICY, place_of(spec, "preDNAT"), message);
    }
    if (untracked || pre_dnat) && !policy.apply_on_forward {
        let field = if untracked { "doNotTrack" } else { "preDNAT" };
        let message = format!("`{field}` needs `applyOnForward: true`");
        out.refuse(codes::HOST_POLICY, place_of(spec, field), message);
    }
    if pre_dnat {
        if !policy.egress_rules.is_empty() {
            let message = "a `preDNAT` policy cannot have egress rules";
            out.refuse(codes::HOST_POLICY, place_of(spec, "egress"), message);
        }
        if policy.egress {
            let message = "a `preDNAT` policy cannot have the type Egress";
            out.refuse(codes::HOST_POLICY, place_of(spec, "types"), message);
        }
    }
    policy.class = match (untracked, pre_dnat) {
        (true, _) => PolicyClass::Untracked,
        (_, true) => PolicyClass::PreDnat,
        _ => PolicyClass::Normal,
    };
}
