//! Which requests a webhook or an admission policy is asked about: rules, conditions, selectors.

use serde_json::{Value, json};

use crate::path::Path;
use crate::value::{default_text, default_value, is_set, list, map, maps, maps_mut, text, texts};
use crate::{FieldError, Object, label, name};

/// What a rule may match, in the order the texts list it.
const OPERATIONS: [&str; 5] = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];

/// The scopes of a rule.
const SCOPES: [&str; 3] = ["*", "Cluster", "Namespaced"];

/// The most conditions of a webhook or policy: each is evaluated for each request.
const CONDITIONS_MAX: usize = 64;

/// What to do when something cannot be asked.
pub(crate) const FAILURE_POLICIES: [&str; 2] = ["Fail", "Ignore"];

/// How exactly a rule must name a version.
pub(crate) const MATCH_POLICIES: [&str; 2] = ["Equivalent", "Exact"];

/// Fills in what every list of rules has: everything in scope, every object selected.
pub(crate) fn fill_in(object: &mut Object, rules: &[&str]) {
    default_text(object, "matchPolicy", "Equivalent");
    default_value(object, "namespaceSelector", json!({}));
    default_value(object, "objectSelector", json!({}));
    for field in rules {
        for rule in maps_mut(object, field) {
            default_text(rule, "scope", "*");
        }
    }
}

/// Appends what is wrong with a rule and its operations.
pub(crate) fn rule_faults(rule: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let at = path.field("operations");
    if list(rule, "operations").is_empty() {
        faults.push(FieldError::required(at, ""));
    }
    wildcard_fault(rule, path, "operations", "operations", faults);
    for (i, operation) in texts(rule, "operations").enumerate() {
        if !OPERATIONS.contains(&operation) {
            faults.push(FieldError::unsupported(at.index(i), operation, &OPERATIONS));
        }
    }
    for (field, plural) in [("apiGroups", "API groups"), ("apiVersions", "API versions")] {
        if list(rule, field).is_empty() {
            faults.push(FieldError::required(path.field(field), ""));
        }
        wildcard_fault(rule, path, field, plural, faults);
    }
    let at = path.field("apiVersions");
    for (i, version) in texts(rule, "apiVersions").enumerate() {
        if version.is_empty() {
            faults.push(FieldError::required(at.index(i), ""));
        }
    }
    resource_faults(rule, path.field("resources"), faults);
    if let Some(scope) = rule.get("scope").and_then(Value::as_str)
        && !SCOPES.contains(&scope)
    {
        faults.push(FieldError::unsupported(path.field("scope"), scope, &SCOPES));
    }
}

fn wildcard_fault(
    rule: &Object,
    path: &Path<'_>,
    field: &str,
    plural: &str,
    faults: &mut Vec<FieldError>,
) {
    let given = list(rule, field);
    if given.len() > 1 && given.iter().any(|one| one == "*") {
        let detail = format!("if '*' is present, must not specify other {plural}");
        faults.push(FieldError::invalid(path.field(field), given.to_vec(), detail));
    }
}

/// Resources with their subresources; what a wildcard already covers may not be listed beside it.
fn resource_faults(rule: &Object, path: Path<'_>, faults: &mut Vec<FieldError>) {
    let given = list(rule, "resources");
    if given.is_empty() {
        faults.push(FieldError::required(path, ""));
    }
    let (mut wild_parts, mut wild_resources) = (Vec::new(), Vec::new());
    let (mut everything, mut every_resource, mut plain) = (false, false, false);
    for (i, resource) in texts(rule, "resources").enumerate() {
        if resource.is_empty() {
            faults.push(FieldError::required(path.index(i), ""));
            continue;
        }
        everything |= resource == "*/*";
        every_resource |= resource == "*";
        let Some((whole, part)) = resource.split_once('/') else {
            plain = resource != "*";
            continue;
        };
        let mut covered = |by: String| {
            let detail = format!("if '{by}' is present, must not specify {resource}");
            faults.push(FieldError::invalid(path.index(i), resource, detail));
        };
        if wild_parts.contains(&whole) {
            covered(format!("{whole}/*"));
        }
        if wild_resources.contains(&part) {
            covered(format!("*/{part}"));
        }
        if part == "*" {
            wild_parts.push(whole);
        }
        if whole == "*" {
            wild_resources.push(part);
        }
    }
    let mut fault = |detail: &str| faults.push(FieldError::invalid(path, given.to_vec(), detail));
    if given.len() > 1 && everything {
        fault("if '*/*' is present, must not specify other resources");
    }
    if every_resource && plain {
        fault("if '*' is present, must not specify other resources without subresources");
    }
}

/// Appends what is wrong with the selectors of namespaces and objects.
pub(crate) fn selector_faults(object: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    for field in ["namespaceSelector", "objectSelector"] {
        if let Some(selector) = map(object, field) {
            label::selector_faults(selector, &path.field(field), faults);
        }
    }
}

/// Appends what is wrong with `matchConditions`, aside from what only evaluating them tells.
pub(crate) fn condition_faults(object: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let path = path.field("matchConditions");
    let given = list(object, "matchConditions").len();
    if given > CONDITIONS_MAX {
        faults.push(FieldError::too_many(path, given, CONDITIONS_MAX));
    }
    let mut seen: Vec<&str> = Vec::new();
    for (i, condition) in maps(object, "matchConditions") {
        let path = path.index(i);
        if text(condition, "expression").trim().is_empty() {
            faults.push(FieldError::required(path.field("expression"), ""));
        }
        match text(condition, "name") {
            "" => faults.push(FieldError::required(path.field("name"), "")),
            named => {
                label::key_faults(named, &path.field("name"), faults);
                if seen.contains(&named) {
                    faults.push(FieldError::duplicate(path.field("name"), named));
                }
                seen.push(named);
            }
        }
    }
}

/// Appends what is wrong with a field that takes one of some words; nothing where it is absent.
pub(crate) fn word_faults(
    object: &Object,
    field: &str,
    taken: &[&str],
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    if is_set(object, field) && !taken.contains(&text(object, field)) {
        faults.push(FieldError::unsupported(path.field(field), text(object, field), taken));
    }
}

/// What is wrong with a domain of at least three parts.
pub(crate) fn qualified_domain_faults(given: &str, path: Path<'_>, faults: &mut Vec<FieldError>) {
    if given.is_empty() {
        faults.push(FieldError::required(path, ""));
        return;
    }
    let found = name::subdomain_faults(given);
    if !found.is_empty() {
        faults.push(FieldError::invalid(path, given, found.join(",")));
    } else if given.split('.').count() < 3 {
        let detail = "should be a domain with at least three segments separated by dots";
        faults.push(FieldError::invalid(path, given, detail));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joined;

    #[track_caller]
    fn check(rule: Value, want: &str) {
        let mut whole = json!({"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
            "resources": ["pods"]});
        for (field, value) in rule.as_object().unwrap() {
            whole[field] = value.clone();
        }
        let mut faults = Vec::new();
        rule_faults(whole.as_object().unwrap(), &Path::root("r"), &mut faults);
        assert_eq!(if faults.is_empty() { String::new() } else { joined(&faults) }, want);
    }

    #[test]
    fn rules() {
        check(json!({"resources": ["*/*"]}), "");
        check(
            json!({"operations": ["NOPE"], "apiVersions": [""], "scope": "X"}),
            "[r.operations[0]: Unsupported value: \"NOPE\": supported values: \"*\", \"CONNECT\", \"CREATE\", \
             \"DELETE\", \"UPDATE\", r.apiVersions[0]: Required value, r.scope: Unsupported value: \"X\": \
             supported values: \"*\", \"Cluster\", \"Namespaced\"]",
        );
        check(
            json!({"resources": ["a/*", "a/b", "*/c", "d/c"]}),
            "[r.resources[1]: Invalid value: \"a/b\": if 'a/*' is present, must not specify a/b, \
             r.resources[3]: Invalid value: \"d/c\": if '*/c' is present, must not specify d/c]",
        );
        check(
            json!({"resources": ["*", "a"]}),
            "r.resources: Invalid value: [\"*\",\"a\"]: if '*' is present, must not specify other resources \
             without subresources",
        );
    }

    #[test]
    fn conditions() {
        let hook = json!({"matchConditions": [{"name": "", "expression": " "}, {"name": "a", "expression": "1"},
            {"name": "a", "expression": "1"}]});
        let mut faults = Vec::new();
        condition_faults(hook.as_object().unwrap(), &Path::root("h"), &mut faults);
        assert_eq!(
            joined(&faults),
            "[h.matchConditions[0].expression: Required value, h.matchConditions[0].name: Required value, \
             h.matchConditions[2].name: Duplicate value: \"a\"]"
        );
    }
}
