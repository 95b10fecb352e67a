//! What is wrong with where a pod may run.

use serde_json::Value;

use super::fault::said;
use crate::path::Path;
use crate::value::{integer, is_set, list, map, maps, text, texts};
use crate::{FieldError, Object, label, name};

const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// What is wrong with the effect of a taint, or of a toleration of one.
pub(crate) fn effect_faults(effect: &str, path: Path<'_>, faults: &mut Vec<FieldError>) {
    if !EFFECTS.contains(&effect) {
        faults.push(FieldError::unsupported(path, effect, &EFFECTS));
    }
}

/// What is wrong with the taints a pod puts up with.
pub(super) fn toleration_faults(spec: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    for (i, toleration) in maps(spec, "tolerations") {
        let at = path.index(i);
        let key = text(toleration, "key");
        let operator = text(toleration, "operator");
        let operator_path = at.field("operator");
        let effect = text(toleration, "effect");
        if key.is_empty() {
            if operator != "Exists" {
                let text = "operator must be Exists when `key` is empty, which means \"match all \
                            values and all keys\"";
                faults.push(FieldError::invalid(operator_path, operator, text));
            }
        } else {
            label::key_faults(key, &at.field("key"), faults);
        }
        if integer(toleration, "tolerationSeconds").is_some() && effect != "NoExecute" {
            let text = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            faults.push(FieldError::invalid(at.field("effect"), effect, text));
        }
        let value = text(toleration, "value");
        match operator {
            "Equal" | "" => {
                let texts = name::label_value_faults(value);
                if !texts.is_empty() {
                    faults.push(FieldError::invalid(operator_path, value, texts.join(";")));
                }
            }
            "Exists" => {
                if !value.is_empty() {
                    let text = "value must be empty when `operator` is 'Exists'";
                    faults.push(FieldError::invalid(operator_path, value, text));
                }
            }
            "Lt" | "Gt" => {
                let words = ["Equal", "Exists", "Lt", "Gt"];
                faults.push(FieldError::unsupported(operator_path, operator, &words));
            }
            other => {
                let words = ["Equal", "Exists"];
                faults.push(FieldError::unsupported(operator_path, other, &words));
            }
        }
        if !effect.is_empty() {
            effect_faults(effect, at.field("effect"), faults);
        }
    }
}

/// What is wrong with the nodes and pods a pod wants to be near.
pub(super) fn affinity_faults(spec: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let Some(affinity) = map(spec, "affinity") else { return };
    if let Some(nodes) = map(affinity, "nodeAffinity") {
        let path = path.field("nodeAffinity");
        if let Some(selector) = map(nodes, REQUIRED) {
            node_selector_faults(selector, &path.field(REQUIRED), faults);
        }
        let path = path.field(PREFERRED);
        for (i, term) in maps(nodes, PREFERRED) {
            let at = path.index(i);
            weight_faults(term, &at, faults);
            if let Some(preference) = map(term, "preference") {
                node_term_faults(preference, false, &at.field("preference"), faults);
            }
        }
    }
    for side in ["podAffinity", "podAntiAffinity"] {
        let Some(pods) = map(affinity, side) else { continue };
        let path = path.field(side);
        let required = path.field(REQUIRED);
        for (i, term) in maps(pods, REQUIRED) {
            pod_term_faults(term, &required.index(i), faults);
        }
        let preferred = path.field(PREFERRED);
        for (i, weighted) in maps(pods, PREFERRED) {
            let at = preferred.index(i);
            weight_faults(weighted, &at, faults);
            if let Some(term) = map(weighted, "podAffinityTerm") {
                pod_term_faults(term, &at.field("podAffinityTerm"), faults);
            }
        }
    }
}

fn weight_faults(term: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let weight = integer(term, "weight").unwrap_or(0);
    if !(1..=100).contains(&weight) {
        let text = "must be in the range 1-100";
        faults.push(FieldError::invalid(path.field("weight"), weight, text));
    }
}

/// What is wrong with a choice of nodes.
pub(crate) fn node_selector_faults(
    selector: &Object,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let path = path.field("nodeSelectorTerms");
    if list(selector, "nodeSelectorTerms").is_empty() {
        let text = "must have at least one node selector term";
        faults.push(FieldError::required(path, text));
    }
    for (i, term) in maps(selector, "nodeSelectorTerms") {
        node_term_faults(term, true, &path.index(i), faults);
    }
}

fn node_term_faults(
    term: &Object,
    has_label_values: bool,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let expressions = path.field("matchExpressions");
    for (i, wanted) in maps(term, "matchExpressions") {
        node_label_faults(wanted, has_label_values, &expressions.index(i), faults);
    }
    let fields = path.field("matchFields");
    for (i, wanted) in maps(term, "matchFields") {
        let at = fields.index(i);
        let operator = text(wanted, "operator");
        if !matches!(operator, "In" | "NotIn") {
            let text = "not a valid selector operator";
            faults.push(FieldError::invalid(at.field("operator"), operator, text));
        } else if list(wanted, "values").len() != 1 {
            let text =
                "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
            faults.push(FieldError::required(at.field("values"), text));
        }
        let key = text(wanted, "key");
        if key != "metadata.name" {
            let text = "not a valid field selector key";
            faults.push(FieldError::invalid(at.field("key"), key, text));
            continue;
        }
        let values = at.field("values");
        for (j, value) in texts(wanted, "values").enumerate() {
            said(name::subdomain_faults(value), value, values.index(j), faults);
        }
    }
}

fn node_label_faults(
    wanted: &Object,
    has_label_values: bool,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let values = path.field("values");
    let count = list(wanted, "values").len();
    match text(wanted, "operator") {
        "In" | "NotIn" if count == 0 => {
            let text = "must be specified when `operator` is 'In' or 'NotIn'";
            faults.push(FieldError::required(values, text));
        }
        "Exists" | "DoesNotExist" if count > 0 => {
            let text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            faults.push(FieldError::forbidden(values, text));
        }
        "Gt" | "Lt" if count != 1 => {
            let text = "must be specified single value when `operator` is 'Lt' or 'Gt'";
            faults.push(FieldError::required(values, text));
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        other => {
            let text = "not a valid selector operator";
            faults.push(FieldError::invalid(path.field("operator"), other, text));
        }
    }
    label::key_faults(text(wanted, "key"), &path.field("key"), faults);
    if has_label_values {
        for (i, value) in texts(wanted, "values").enumerate() {
            said(name::label_value_faults(value), value, values.index(i), faults);
        }
    }
}

fn pod_term_faults(term: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    for field in ["labelSelector", "namespaceSelector"] {
        if let Some(selector) = map(term, field) {
            label::selector_faults(selector, &path.field(field), faults);
        }
    }
    for space in texts(term, "namespaces") {
        said(name::label_faults(space), space, path.field("namespace"), faults);
    }
    label_key_faults(term, path, faults);
    let key = text(term, "topologyKey");
    if key.is_empty() {
        faults.push(FieldError::required(path.field("topologyKey"), "can not be empty"));
    }
    label::key_faults(key, &path.field("topologyKey"), faults);
}

/// What is wrong with the labels whose values of the pod itself are to be matched (KEP-3633).
fn label_key_faults(term: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let selector = map(term, "labelSelector");
    for field in ["matchLabelKeys", "mismatchLabelKeys"] {
        if list(term, field).is_empty() {
            continue;
        }
        let path = path.field(field);
        if selector.is_none() {
            let text = "must not be specified when labelSelector is not set";
            faults.push(FieldError::forbidden(path, text));
            continue;
        }
        for (i, key) in texts(term, field).enumerate() {
            label::key_faults(key, &path.index(i), faults);
        }
    }
    if let Some(selector) = selector {
        let mut seen: Vec<&str> =
            map(selector, "matchLabels").into_iter().flatten().map(|(key, _)| &**key).collect();
        for (_, wanted) in maps(selector, "matchExpressions") {
            let key = text(wanted, "key");
            // The last of several equal keys gives its place.
            let place = texts(term, "matchLabelKeys").enumerate().filter(|(_, k)| *k == key).last();
            if let Some((i, _)) = place.filter(|_| seen.contains(&key)) {
                let text = "exists in both matchLabelKeys and labelSelector";
                faults.push(FieldError::invalid(path.index(i), key, text));
            }
            seen.push(key);
        }
    }
    for (i, key) in texts(term, "matchLabelKeys").enumerate() {
        if texts(term, "mismatchLabelKeys").any(|other| other == key) {
            let path = path.field("matchLabelKeys");
            let text = "exists in both matchLabelKeys and mismatchLabelKeys";
            faults.push(FieldError::invalid(path.index(i), key, text));
        }
    }
}

/// What is wrong with how pods are to be spread.
pub(super) fn spread_faults(spec: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    const ACTIONS: [&str; 2] = ["DoNotSchedule", "ScheduleAnyway"];
    for (i, constraint) in maps(spec, "topologySpreadConstraints") {
        let at = path.index(i);
        positive_faults(integer(constraint, "maxSkew").unwrap_or(0), at.field("maxSkew"), faults);
        let key = text(constraint, "topologyKey");
        if key.is_empty() {
            faults.push(FieldError::required(at.field("topologyKey"), "can not be empty"));
        }
        let action = text(constraint, "whenUnsatisfiable");
        if !ACTIONS.contains(&action) {
            let path = at.field("whenUnsatisfiable");
            faults.push(FieldError::unsupported(path, action, &ACTIONS));
        }
        let is_again = |(_, other): (usize, &Object)| {
            text(other, "topologyKey") == key && text(other, "whenUnsatisfiable") == action
        };
        if maps(spec, "topologySpreadConstraints").filter(|(j, _)| *j > i).any(is_again) {
            let path = at.field("{topologyKey, whenUnsatisfiable}");
            faults.push(FieldError::duplicate(path, format!("{{{key}, {action}}}")));
        }
        if let Some(domains) = integer(constraint, "minDomains") {
            let path = at.field("minDomains");
            positive_faults(domains, path, faults);
            if action != "DoNotSchedule" {
                let text = format!(
                    "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
                );
                faults.push(FieldError::invalid(path, domains, text));
            }
        }
        for field in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
            super::fault::one_of(constraint, field, &["Honor", "Ignore"], &at, faults);
        }
        label_key_faults(constraint, &at, faults);
        if let Some(selector) = map(constraint, "labelSelector") {
            label::selector_faults(selector, &at.field("labelSelector"), faults);
        }
    }
}

fn positive_faults(number: i64, path: Path<'_>, faults: &mut Vec<FieldError>) {
    if number <= 0 {
        faults.push(FieldError::invalid(path, number, "must be greater than zero"));
    }
}

/// What is wrong with what must happen before a pod is placed, and before it counts as ready.
pub(super) fn gate_faults(spec: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let gates = path.field("readinessGates");
    for (i, gate) in maps(spec, "readinessGates") {
        let kind = text(gate, "conditionType");
        let at = gates.index(i);
        said(name::qualified_faults(kind), kind, at.field("conditionType"), faults);
    }
    let gates = path.field("schedulingGates");
    let mut seen = Vec::new();
    for (i, gate) in maps(spec, "schedulingGates") {
        let name = text(gate, "name");
        said(name::qualified_faults(name), name, gates.index(i), faults);
        if seen.contains(&name) {
            faults.push(FieldError::duplicate(gates.index(i), name));
        }
        seen.push(name);
    }
}

/// Only added tolerations, and times of those there were, may differ.
pub(super) fn added_toleration_faults(
    new: &Object,
    old: &Object,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    const PARTS: [&str; 4] = ["key", "operator", "value", "effect"];
    let is_kept = |before: &Object| {
        maps(new, "tolerations")
            .any(|(_, one)| PARTS.iter().all(|part| text(one, part) == text(before, part)))
    };
    if maps(old, "tolerations").all(|(_, before)| is_kept(before)) {
        toleration_faults(new, path, faults);
    } else {
        let text = "existing toleration can not be modified except its tolerationSeconds";
        faults.push(FieldError::forbidden(path, text));
    }
}

/// While a pod is held back, its choice of nodes may only grow narrower (KEP-3838).
pub(super) fn node_affinity_change_faults(
    new: Option<&Value>,
    old: Option<&Value>,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let required = |affinity: Option<&Value>| -> Option<Vec<Value>> {
        let terms = affinity?.get(REQUIRED).filter(|value| !value.is_null())?;
        Some(terms.get("nodeSelectorTerms")?.as_array().cloned().unwrap_or_default())
    };
    let Some(old) = required(old) else { return };
    let new = required(new).unwrap_or_default();
    let path = path.field(REQUIRED);
    let path = path.field("nodeSelectorTerms");
    if !old.is_empty() && old.len() != new.len() {
        let text = "no additions/deletions to non-empty NodeSelectorTerms list are allowed";
        faults.push(FieldError::invalid(path, Value::from(new), text));
        return;
    }
    for (i, (new, old)) in new.iter().zip(&old).enumerate() {
        if !is_narrower(new, old) {
            let text = "only additions are allowed (no mutations or deletions)";
            faults.push(FieldError::invalid(path.index(i), new.clone(), text));
        }
    }
}

fn is_narrower(new: &Value, old: &Value) -> bool {
    let part = |term: &Value, field: &str| {
        term.get(field).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let fields = ["matchExpressions", "matchFields"];
    let is_empty = |term| fields.iter().all(|field| part(term, field).is_empty());
    // A term that asks for nothing matches nothing: there is nothing to narrow.
    (!is_empty(old) || is_empty(new))
        && fields.iter().all(|field| part(new, field).starts_with(&part(old, field)))
}

/// Whether a term picks no pod at all, which only a warning says.
pub(super) fn picks_nothing(term: &Object) -> bool {
    !is_set(term, "labelSelector")
}
