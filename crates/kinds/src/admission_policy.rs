//! Admission policies and their bindings (`admissionregistration.k8s.io/v1`).
//!
//! Their expressions are kept as they are: what they mean is for the engine that evaluates them.

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use crate::match_rules::{self, FAILURE_POLICIES, MATCH_POLICIES};
use crate::path::Path;
use crate::value::{copy, default_text, is_set, list, map, map_mut, maps, section, text, texts};
use crate::{FieldError, Kind, Object, age, generation, label, metadata, name};

pub(crate) static POLICY: Policy = Policy;
pub(crate) static BINDING: Binding = Binding;

/// The most annotations a policy may add to an audit event.
const ANNOTATIONS_MAX: usize = 20;

/// The longest expression of an audit annotation.
const ANNOTATION_EXPRESSION_BYTES_MAX: usize = 5 * 1024;

const SPEC: Path<'static> = Path::root("spec");

/// The fields of a list of rules.
const RULES: [&str; 2] = ["resourceRules", "excludeResourceRules"];

/// `ValidatingAdmissionPolicy`.
pub(crate) struct Policy;

/// Its status.
struct Status;

/// `ValidatingAdmissionPolicyBinding`.
pub(crate) struct Binding;

// === impl Policy ===

impl Kind for Policy {
    fn default(&self, object: &mut Object) {
        let Some(spec) = map_mut(object, "spec") else { return };
        default_text(spec, "failurePolicy", "Fail");
        if let Some(matches) = map_mut(spec, "matchConstraints") {
            match_rules::fill_in(matches, &RULES);
        }
    }

    fn prepare_create(&self, object: &mut Object) {
        object.insert("status".to_owned(), json!({}));
        generation::first(object);
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        copy(object, old, "status");
        generation::next(object, old, &["spec"]);
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        policy_faults(object, &mut faults);
        faults
    }

    fn validate_update(&self, object: &Object, _old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::kind_faults(self, object, false, &mut faults);
        faults.append(&mut self.validate(object));
        faults
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let spec = section(object, "spec");
        let params = map(spec, "paramKind").map_or("<unset>".to_owned(), |params| {
            format!("{}/{}", text(params, "apiVersion"), text(params, "kind"))
        });
        Some(vec![
            name::of(object).into(),
            list(spec, "validations").len().into(),
            params.into(),
            age::of(object, now).into(),
        ])
    }

    fn updates_unconditionally(&self) -> bool {
        false
    }

    fn standard_finalizers(&self) -> bool {
        false
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        (name == "status").then_some(&Status as &dyn Kind)
    }
}

impl Kind for Status {
    fn default(&self, object: &mut Object) {
        POLICY.default(object);
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        copy(object, old, "spec");
    }

    fn standard_finalizers(&self) -> bool {
        false
    }
}

fn policy_faults(object: &Object, faults: &mut Vec<FieldError>) {
    let spec = section(object, "spec");
    match_rules::word_faults(spec, "failurePolicy", &FAILURE_POLICIES, &SPEC, faults);
    if let Some(params) = map(spec, "paramKind") {
        param_kind_faults(params, &SPEC.field("paramKind"), faults);
    }
    match map(spec, "matchConstraints") {
        None => faults.push(FieldError::required(SPEC.field("matchConstraints"), "")),
        Some(matches) => {
            let path = SPEC.field("matchConstraints");
            match_faults(matches, &path, faults);
            if list(matches, "resourceRules").is_empty() {
                faults.push(FieldError::required(path.field("resourceRules"), ""));
            }
        }
    }
    match_rules::condition_faults(spec, &SPEC, faults);
    if list(spec, "validations").is_empty() && list(spec, "auditAnnotations").is_empty() {
        let detail = "validations or auditAnnotations must contain at least one item";
        for field in ["validations", "auditAnnotations"] {
            faults.push(FieldError::required(SPEC.field(field), detail));
        }
        return;
    }
    let path = SPEC.field("variables");
    for (i, variable) in maps(spec, "variables") {
        variable_faults(variable, &path.index(i), faults);
    }
    let path = SPEC.field("validations");
    for (i, validation) in maps(spec, "validations") {
        validation_faults(validation, &path.index(i), faults);
    }
    annotation_faults(name::of(object), spec, faults);
}

fn param_kind_faults(params: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let version = text(params, "apiVersion");
    if version.is_empty() {
        faults.push(FieldError::required(path.field("apiVersion"), ""));
    } else if version.matches('/').count() > 1 {
        let detail = format!("unexpected GroupVersion string: {version}");
        faults.push(FieldError::invalid(path.field("apiVersion"), version, detail));
    } else {
        let (group, version) = version.rsplit_once('/').unwrap_or(("", version));
        if !group.is_empty() {
            for fault in name::subdomain_faults(group) {
                faults.push(FieldError::invalid(path.field("apiVersion"), group, fault));
            }
        }
        for fault in name::label_1035_faults(version) {
            faults.push(FieldError::invalid(path.field("apiVersion"), version, fault));
        }
    }
    match text(params, "kind") {
        "" => faults.push(FieldError::required(path.field("kind"), "")),
        kind => kind_word_faults(kind, path.field("kind"), faults),
    }
}

/// What is wrong with the name of a kind, which is a label in any case.
pub(crate) fn kind_word_faults(kind: &str, path: Path<'_>, faults: &mut Vec<FieldError>) {
    let found = name::label_1035_faults(&kind.to_ascii_lowercase());
    if !found.is_empty() {
        let detail =
            format!("may have mixed case, but should otherwise match: {}", found.join(","));
        faults.push(FieldError::invalid(path, kind, detail));
    }
}

fn match_faults(matches: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    match_rules::selector_faults(matches, path, faults);
    for field in RULES {
        let path = path.field(field);
        for (i, rule) in maps(matches, field) {
            named_rule_faults(rule, &path.index(i), faults);
        }
    }
    match_rules::word_faults(matches, "matchPolicy", &MATCH_POLICIES, path, faults);
}

fn named_rule_faults(rule: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let at = path.field("resourceNames");
    let mut seen: Vec<&str> = Vec::new();
    for (i, named) in texts(rule, "resourceNames").enumerate() {
        for fault in name::path_segment_faults(named) {
            faults.push(FieldError::invalid(at.index(i), named, fault));
        }
        if seen.contains(&named) {
            faults.push(FieldError::duplicate(at.index(i), named));
        }
        seen.push(named);
    }
    match_rules::rule_faults(rule, path, faults);
}

fn variable_faults(variable: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let named = text(variable, "name");
    let mut letters = named.bytes();
    let identifier = letters.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && letters.all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if named.is_empty() {
        faults.push(FieldError::required(path.field("name"), "name is not specified"));
    } else if !identifier {
        let detail = "must be a valid CEL identifier";
        faults.push(FieldError::invalid(path.field("name"), named, detail));
    }
    expression_faults(variable, "expression", path, faults);
}

/// What is wrong with an expression before anybody reads it.
fn expression_faults(object: &Object, field: &str, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    if text(object, field).trim().is_empty() {
        faults.push(FieldError::required(path.field(field), format!("{field} is not specified")));
    }
}

fn validation_faults(validation: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let (expression, message) = (text(validation, "expression"), text(validation, "message"));
    let breaks = |text: &str| text.trim().contains(['\n', '\r']);
    expression_faults(validation, "expression", path, faults);
    let given = text(validation, "messageExpression");
    if !given.is_empty() && given.trim().is_empty() {
        let detail = "must be non-empty if specified";
        faults.push(FieldError::invalid(path.field("messageExpression"), given, detail));
    }
    let at = path.field("message");
    if !message.is_empty() && message.trim().is_empty() {
        faults.push(FieldError::invalid(at, message, "message must be non-empty if specified"));
    } else if breaks(message) {
        faults.push(FieldError::invalid(at, message, "must not contain line breaks"));
    } else if breaks(expression) && message.is_empty() {
        let detail = "must be specified if expression contains line breaks";
        faults.push(FieldError::required(at, detail));
    }
    let taken = ["Forbidden", "Invalid", "RequestEntityTooLarge"];
    match_rules::word_faults(validation, "reason", &taken, path, faults);
}

fn annotation_faults(policy: &str, spec: &Object, faults: &mut Vec<FieldError>) {
    let path = SPEC.field("auditAnnotations");
    let given = list(spec, "auditAnnotations").len();
    if given > ANNOTATIONS_MAX {
        faults.push(FieldError::too_many(path, given, ANNOTATIONS_MAX));
    }
    let mut seen: Vec<&str> = Vec::new();
    for (i, annotation) in maps(spec, "auditAnnotations") {
        let path = path.index(i);
        let key = text(annotation, "key");
        if key.is_empty() {
            faults.push(FieldError::required(path.field("key"), "key is not specified"));
        } else if !policy.is_empty() {
            // The policy's own name is the domain of the key.
            label::key_faults(&format!("{policy}/{key}"), &path.field("key"), faults);
        }
        if text(annotation, "valueExpression").len() > ANNOTATION_EXPRESSION_BYTES_MAX {
            let at = path.field("valueExpression");
            faults.push(FieldError::too_long(at, ANNOTATION_EXPRESSION_BYTES_MAX));
        }
        expression_faults(annotation, "valueExpression", &path, faults);
        if seen.contains(&key) {
            faults.push(FieldError::duplicate(path.field("key"), key));
        }
        seen.push(key);
    }
}

// === impl Binding ===

impl Kind for Binding {
    fn default(&self, object: &mut Object) {
        if let Some(matches) =
            map_mut(object, "spec").and_then(|spec| map_mut(spec, "matchResources"))
        {
            match_rules::fill_in(matches, &RULES);
        }
    }

    fn prepare_create(&self, object: &mut Object) {
        generation::first(object);
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        generation::next(object, old, &["spec"]);
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let spec = section(object, "spec");
        match text(spec, "policyName") {
            "" => faults.push(FieldError::required(SPEC.field("policyName"), "")),
            policy => {
                for fault in name::subdomain_faults(policy) {
                    faults.push(FieldError::invalid(SPEC.field("policyName"), policy, fault));
                }
            }
        }
        if let Some(params) = map(spec, "paramRef") {
            param_faults(params, &SPEC.field("paramRef"), &mut faults);
        }
        if let Some(matches) = map(spec, "matchResources") {
            match_faults(matches, &SPEC.field("matchResources"), &mut faults);
        }
        action_faults(spec, &mut faults);
        faults
    }

    fn validate_update(&self, object: &Object, _old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::kind_faults(self, object, false, &mut faults);
        faults.append(&mut self.validate(object));
        faults
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let spec = section(object, "spec");
        let params = map(spec, "paramRef").map_or("<unset>".to_owned(), |params| {
            match (text(params, "namespace"), text(params, "name")) {
                (_, "") => "*".to_owned(),
                ("", named) => named.to_owned(),
                (namespace, named) => format!("{namespace}/{named}"),
            }
        });
        Some(vec![
            name::of(object).into(),
            text(spec, "policyName").into(),
            params.into(),
            age::of(object, now).into(),
        ])
    }

    fn updates_unconditionally(&self) -> bool {
        false
    }

    fn standard_finalizers(&self) -> bool {
        false
    }
}

fn param_faults(params: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let named = text(params, "name");
    match (named, map(params, "selector")) {
        ("", None) => {
            let detail = "one of name or selector must be specified";
            faults.push(FieldError::required(path, detail));
        }
        ("", Some(selector)) => label::selector_faults(selector, &path.field("selector"), faults),
        (_, Some(_)) => {
            for field in ["name", "selector"] {
                let detail = "name and selector are mutually exclusive";
                faults.push(FieldError::forbidden(path.field(field), detail));
            }
        }
        (named, None) => {
            for fault in name::path_segment_faults(named) {
                faults.push(FieldError::invalid(path.field("name"), named, fault));
            }
        }
    }
    if is_set(params, "parameterNotFoundAction") {
        let taken = ["Deny", "Allow"];
        match_rules::word_faults(params, "parameterNotFoundAction", &taken, path, faults);
    } else {
        faults.push(FieldError::required(path.field("parameterNotFoundAction"), ""));
    }
}

fn action_faults(spec: &Object, faults: &mut Vec<FieldError>) {
    let taken = ["Audit", "Deny", "Warn"];
    let path = SPEC.field("validationActions");
    let mut seen: Vec<&str> = Vec::new();
    for (i, action) in texts(spec, "validationActions").enumerate() {
        if !taken.contains(&action) {
            faults.push(FieldError::unsupported(path.index(i), action, &taken));
        }
        if seen.contains(&action) {
            faults.push(FieldError::duplicate(path.index(i), action));
        }
        seen.push(action);
    }
    if seen.contains(&"Deny") && seen.contains(&"Warn") {
        let detail = "must not contain both Deny and Warn (repeating the same validation failure information \
                      in the API response and headers serves no purpose)";
        faults.push(FieldError::invalid(path, list(spec, "validationActions").to_vec(), detail));
    }
    if seen.is_empty() {
        faults.push(FieldError::required(path, "at least one validation action is required"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joined;

    #[track_caller]
    fn check(kind: &dyn Kind, spec: Value, want: &str) {
        let object = json!({"metadata": {"name": "p"}, "spec": spec});
        let mut object = object.as_object().unwrap().clone();
        kind.default(&mut object);
        let faults = kind.validate(&object);
        assert_eq!(if faults.is_empty() { String::new() } else { joined(&faults) }, want);
    }

    #[test]
    fn policies() {
        let rules = json!({"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"],
            "operations": ["CREATE"], "resources": ["pods"]}]});
        check(
            &POLICY,
            json!({"matchConstraints": rules, "validations": [{"expression": "true"}]}),
            "",
        );
        check(
            &POLICY,
            json!({}),
            "[spec.matchConstraints: Required value, spec.validations: Required value: validations or \
             auditAnnotations must contain at least one item, spec.auditAnnotations: Required value: \
             validations or auditAnnotations must contain at least one item]",
        );
        check(
            &POLICY,
            json!({"matchConstraints": rules, "variables": [{"name": "1bad", "expression": "1"}],
                "validations": [{"expression": "", "message": "a\nb", "reason": "Nope"}],
                "auditAnnotations": [{"key": "bad", "valueExpression": ""}]}),
            "[spec.variables[0].name: Invalid value: \"1bad\": must be a valid CEL identifier, \
             spec.validations[0].expression: Required value: expression is not specified, \
             spec.validations[0].message: Invalid value: \"a\\nb\": must not contain line breaks, \
             spec.validations[0].reason: Unsupported value: \"Nope\": supported values: \"Forbidden\", \
             \"Invalid\", \"RequestEntityTooLarge\", spec.auditAnnotations[0].valueExpression: Required value: \
             valueExpression is not specified]",
        );
        check(
            &POLICY,
            json!({"matchConstraints": rules, "validations": [{"expression": "true"}],
                "paramKind": {"apiVersion": "x/y/z", "kind": "Bad Kind"}}),
            "[spec.paramKind.apiVersion: Invalid value: \"x/y/z\": unexpected GroupVersion string: x/y/z, \
             spec.paramKind.kind: Invalid value: \"Bad Kind\": may have mixed case, but should otherwise match: \
             a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an \
             alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', \
             regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')]",
        );
    }

    #[test]
    fn bindings() {
        check(&BINDING, json!({"policyName": "p", "validationActions": ["Deny", "Audit"]}), "");
        check(
            &BINDING,
            json!({}),
            "[spec.policyName: Required value, spec.validationActions: Required value: at least one validation \
             action is required]",
        );
        check(
            &BINDING,
            json!({"policyName": "p", "validationActions": ["Nope", "Deny", "Deny"], "paramRef": {}}),
            "[spec.paramRef: Required value: one of name or selector must be specified, \
             spec.paramRef.parameterNotFoundAction: Required value, spec.validationActions[0]: Unsupported \
             value: \"Nope\": supported values: \"Audit\", \"Deny\", \"Warn\", spec.validationActions[2]: \
             Duplicate value: \"Deny\"]",
        );
    }

    #[test]
    fn rows() {
        let now = Timestamp::from_seconds(0);
        let policy = json!({"metadata": {"name": "p"}, "spec": {"validations": [{}, {}],
            "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}}});
        let cells = POLICY.cells(policy.as_object().unwrap(), now).map(Value::from);
        assert_eq!(cells, Some(json!(["p", 2, "v1/ConfigMap", "<unknown>"])));
        let binding = json!({"metadata": {"name": "b"}, "spec": {"policyName": "p", "paramRef":
            {"namespace": "n", "name": "c"}}});
        let cells = BINDING.cells(binding.as_object().unwrap(), now).map(Value::from);
        assert_eq!(cells, Some(json!(["b", "p", "n/c", "<unknown>"])));
    }
}
