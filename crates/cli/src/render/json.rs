//! Answers as JSON values. Field names are an interface that scripts rely on.

use portcullis_analysis::access::Access;
use portcullis_analysis::{Answer, DecidedBy, FlowAnswer, SideAnswer, TraceLine};
use portcullis_core::{Assumed, Origin, Skipped};
use portcullis_rbac::{Binding, Grant, Holdings, Party, Role, Rule, RulesReview, Scope, words};
use serde_json::{Map, Value, json};

use super::API_VERSION;
use crate::cluster::Unread;
use crate::places::Places;
use crate::source::Problem;

/// The answer to `connect`.
pub(crate) fn answer_value(answer: &Answer, places: &Places, unread: &[Unread]) -> Value {
    let flows: Vec<Value> = answer.flows.iter().map(|flow| flow_value(flow, places)).collect();
    json!({
        "apiVersion": API_VERSION,
        "verdict": answer.verdict.word(),
        "flows": flows,
        "assumed": answer.assumed.iter().map(assumed_value).collect::<Vec<_>>(),
        "skipped": skipped_values(&answer.skipped, unread, places),
    })
}

fn flow_value(flow: &FlowAnswer, places: &Places) -> Value {
    let would = flow.would.as_ref().map(|would| {
        json!({
            "verdict": would.verdict.to_string(),
            "egress": side_value(&would.egress, places),
            "ingress": side_value(&would.ingress, places),
        })
    });
    let missing = flow.missing.iter().map(|m| json!({ "text": m.what, "flag": m.flag }));
    json!({
        "from": flow.from,
        "to": flow.to,
        "protocol": flow.protocol,
        "port": flow.port,
        "service": flow.service,
        "verdict": flow.verdict.to_string(),
        "egress": side_value(&flow.egress, places),
        "ingress": side_value(&flow.ingress, places),
        "would": would,
        "missing": missing.collect::<Vec<_>>(),
        "withoutRefused": flow.without_refused.map(|verdict| verdict.to_string()),
        "notes": flow.notes,
    })
}

fn side_value(side: &SideAnswer, places: &Places) -> Value {
    let trace: Vec<Value> = side.lines.iter().map(|line| line_value(line, places)).collect();
    json!({
        "verdict": side.verdict,
        "decidedBy": side.decided_by.as_ref().map(|by| decided_by_value(by, places)),
        "trace": trace,
        "why": side.why,
    })
}

fn decided_by_value(by: &DecidedBy, places: &Places) -> Value {
    let value = json!({
        "tier": by.tier,
        "kind": by.kind,
        "namespace": by.namespace,
        "name": by.name,
        "rule": by.rule,
    });
    placed(value, by.origin.as_ref(), places)
}

fn line_value(line: &TraceLine, places: &Places) -> Value {
    let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let value = json!({
        "tier": said(&line.tier),
        "order": said(&line.order),
        "kind": said(&line.kind),
        "policy": said(&line.policy),
        "rule": line.rule,
        "action": line.action,
        "decides": line.decides,
    });
    placed(value, line.origin.as_ref(), places)
}

/// A question that could not be evaluated, where others beside it could.
pub(crate) fn error_value(message: &str, help: &[String]) -> Value {
    json!({ "apiVersion": API_VERSION, "error": message, "help": help })
}

/// The answer to `rbac can`.
pub(crate) fn access_value(access: &Access<'_>, places: &Places, unread: &[Unread]) -> Value {
    let decision = &access.decision;
    let because = decision
        .because
        .iter()
        .map(|why| placed(json!({ "text": why.to_string() }), why.origin(), places));
    let doubts = access.doubts.iter().map(|doubt| {
        let text = format!("{} may or may not be in force: {}", doubt.what, doubt.why);
        placed(json!({ "text": text }), Some(&doubt.origin), places)
    });
    let skipped: Vec<Skipped> = decision.skipped.iter().chain(&access.skipped).cloned().collect();
    json!({
        "apiVersion": API_VERSION,
        "verdict": access.verdict.to_string(),
        "reason": words::reason(decision),
        "because": because.collect::<Vec<_>>(),
        "doubts": doubts.collect::<Vec<_>>(),
        "assumed": decision.assumed.iter().map(assumed_value).collect::<Vec<_>>(),
        "skipped": skipped_values(&skipped, unread, places),
    })
}

/// The answer to `rbac can --list`, as a SelfSubjectRulesReview has it, with places.
pub(crate) fn review_value(review: &RulesReview, places: &Places) -> Value {
    let rules = |rules: &[std::sync::Arc<Rule>]| {
        rules.iter().map(|rule| rule_value(rule, places)).collect::<Vec<_>>()
    };
    json!({
        "apiVersion": API_VERSION,
        "resourceRules": rules(&review.resource_rules),
        "nonResourceRules": rules(&review.url_rules),
        "incomplete": review.error.is_some(),
        "evaluationError": review.error,
    })
}

fn rule_value(rule: &Rule, places: &Places) -> Value {
    let lists = [
        ("verbs", &rule.verbs),
        ("apiGroups", &rule.api_groups),
        ("resources", &rule.resources),
        ("resourceNames", &rule.resource_names),
        ("nonResourceURLs", &rule.urls),
    ];
    let mut value = Map::new();
    for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        value.insert(name.to_owned(), list.iter().map(|word| Value::from(word.as_str())).collect());
    }
    placed(Value::Object(value), Some(&rule.origin), places)
}

/// The answer to `rbac who`.
pub(crate) fn holders_value(
    grants: &[Grant],
    skipped: &[Skipped],
    unread: &[Unread],
    places: &Places,
) -> Value {
    json!({
        "apiVersion": API_VERSION,
        "items": grants.iter().map(|grant| grant_value(grant, places)).collect::<Vec<_>>(),
        "skipped": skipped_values(skipped, unread, places),
    })
}

/// The answer to `rbac what`.
pub(crate) fn holdings_value(
    held: &Holdings,
    skipped: &[Skipped],
    unread: &[Unread],
    places: &Places,
) -> Value {
    let grants = held.cluster.iter().chain(held.namespaces.values().flatten());
    let mut skipped = skipped.to_vec();
    skipped.extend(held.dangling.iter().map(|dangling| Skipped {
        origin: Some(dangling.binding.role.origin.clone()),
        why: dangling.to_string(),
    }));
    json!({
        "apiVersion": API_VERSION,
        "items": grants.map(|grant| grant_value(grant, places)).collect::<Vec<_>>(),
        "skipped": skipped_values(&skipped, unread, places),
    })
}

fn grant_value(grant: &Grant, places: &Places) -> Value {
    let Grant { binding, subject, role, rule, index } = grant;
    let scope = match grant.scope() {
        Scope::Cluster => Value::Null,
        Scope::Namespace(namespace) => namespace.as_str().into(),
    };
    let subject_namespace = match &subject.who {
        Party::ServiceAccount { namespace, .. } => namespace.as_ref().map(|n| n.as_str()),
        _ => None,
    };
    json!({
        "subject": {
            "kind": subject.who.kind(),
            "namespace": subject_namespace,
            "name": subject.who.name().as_str(),
        },
        "namespace": scope,
        "binding": binding_value(binding, places),
        "role": role_value(role, places),
        "ruleIndex": index,
        "rule": rule_value(rule, places),
    })
}

/// What could not be opened.
pub(super) fn problem_values(problems: &[Problem]) -> Vec<Value> {
    problems.iter().map(|problem| json!({ "file": problem.name, "text": problem.why })).collect()
}

fn binding_value(binding: &Binding, places: &Places) -> Value {
    let namespace = binding.namespace.as_ref().map(|n| n.as_str());
    let value =
        json!({ "kind": binding.kind(), "namespace": namespace, "name": binding.name.as_str() });
    placed(value, Some(&binding.origin), places)
}

fn role_value(role: &Role, places: &Places) -> Value {
    let namespace = role.namespace.as_ref().map(|n| n.as_str());
    let value = json!({ "kind": role.kind(), "namespace": namespace, "name": role.name.as_str() });
    placed(value, Some(&role.origin), places)
}

pub(super) fn assumed_value(assumed: &Assumed) -> Value {
    json!({ "text": assumed.what, "flag": assumed.flag })
}

pub(super) fn skipped_values(
    skipped: &[Skipped],
    unread: &[Unread],
    places: &Places,
) -> Vec<Value> {
    let skipped = skipped
        .iter()
        .map(|skipped| placed(json!({ "text": skipped.why }), skipped.origin.as_ref(), places));
    let unread = unread.iter().map(
        |unread| json!({ "text": unread.why, "file": unread.name, "line": unread.line, "column": unread.line.map(|_| 1) }),
    );
    skipped.chain(unread).collect()
}

/// The value with `file`, `line` and `column` of where it was said; null where nobody said it.
pub(super) fn placed(mut value: Value, origin: Option<&Origin>, places: &Places) -> Value {
    let located = origin.and_then(|origin| places.locate(origin));
    let file = match (&located, origin) {
        (Some(at), _) => Some(at.input.as_str()),
        (None, Some(origin)) => Some(places.input(origin)),
        (None, None) => None,
    };
    if let Value::Object(map) = &mut value {
        map.insert("file".to_owned(), file.into());
        map.insert("line".to_owned(), located.as_ref().map(|at| at.line).into());
        map.insert("column".to_owned(), located.as_ref().map(|at| at.column).into());
    }
    value
}
