//! Configurations of admission webhooks (`admissionregistration.k8s.io/v1`).

use portcullis_core::Timestamp;
use serde_json::Value;

use crate::match_rules::{self, FAILURE_POLICIES, MATCH_POLICIES};
use crate::path::Path;
use crate::value::{
    default_text, default_value, integer, is_set, list, map, map_mut, maps, maps_mut, text, texts,
};
use crate::{FieldError, Kind, Object, age, generation, metadata, name};

pub(crate) static VALIDATING: Configuration = Configuration { mutating: false };
pub(crate) static MUTATING: Configuration = Configuration { mutating: true };

/// How long a webhook may take, in seconds: a request waits for it.
const TIMEOUT_SECONDS_MAX: i64 = 30;

/// The versions of AdmissionReview that are spoken.
const REVIEW_VERSIONS: [&str; 2] = ["v1", "v1beta1"];

const SIDE_EFFECTS: [&str; 2] = ["None", "NoneOnDryRun"];

/// `ValidatingWebhookConfiguration` and `MutatingWebhookConfiguration`.
pub(crate) struct Configuration {
    mutating: bool,
}

impl Kind for Configuration {
    fn default(&self, object: &mut Object) {
        for hook in maps_mut(object, "webhooks") {
            default_text(hook, "failurePolicy", "Fail");
            match_rules::fill_in(hook, &["rules"]);
            default_value(hook, "timeoutSeconds", 10);
            if self.mutating {
                default_text(hook, "reinvocationPolicy", "Never");
            }
            if let Some(service) =
                map_mut(hook, "clientConfig").and_then(|client| map_mut(client, "service"))
            {
                default_value(service, "port", 443);
            }
        }
    }

    fn prepare_create(&self, object: &mut Object) {
        generation::first(object);
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        generation::next(object, old, &["webhooks"]);
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let path = Path::root("webhooks");
        let mut seen: Vec<&str> = Vec::new();
        for (i, hook) in maps(object, "webhooks") {
            let path = path.index(i);
            self.hook_faults(hook, &path, &mut faults);
            review_faults(hook, path.field("admissionReviewVersions"), &mut faults);
            let named = text(hook, "name");
            if !named.is_empty() && seen.contains(&named) {
                faults.push(FieldError::duplicate(path.field("name"), named));
            }
            seen.push(named);
        }
        faults
    }

    fn validate_update(&self, object: &Object, _old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::kind_faults(self, object, false, &mut faults);
        faults.append(&mut self.validate(object));
        faults
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let count = list(object, "webhooks").len();
        Some(vec![name::of(object).into(), count.into(), age::of(object, now).into()])
    }

    fn updates_unconditionally(&self) -> bool {
        false
    }

    fn standard_finalizers(&self) -> bool {
        false
    }
}

impl Configuration {
    fn hook_faults(&self, hook: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
        match_rules::qualified_domain_faults(text(hook, "name"), path.field("name"), faults);
        let rules = path.field("rules");
        for (i, rule) in maps(hook, "rules") {
            match_rules::rule_faults(rule, &rules.index(i), faults);
        }
        match_rules::word_faults(hook, "failurePolicy", &FAILURE_POLICIES, path, faults);
        match_rules::word_faults(hook, "matchPolicy", &MATCH_POLICIES, path, faults);
        if !is_set(hook, "sideEffects") {
            let detail = format!("must specify one of {}", SIDE_EFFECTS.join(", "));
            faults.push(FieldError::required(path.field("sideEffects"), detail));
        }
        match_rules::word_faults(hook, "sideEffects", &SIDE_EFFECTS, path, faults);
        if let Some(seconds) = integer(hook, "timeoutSeconds")
            && !(1..=TIMEOUT_SECONDS_MAX).contains(&seconds)
        {
            let detail = "the timeout value must be between 1 and 30 seconds";
            faults.push(FieldError::invalid(path.field("timeoutSeconds"), seconds, detail));
        }
        match_rules::selector_faults(hook, path, faults);
        if self.mutating {
            let taken = ["IfNeeded", "Never"];
            match_rules::word_faults(hook, "reinvocationPolicy", &taken, path, faults);
        }
        let none = Object::new();
        client_faults(
            map(hook, "clientConfig").unwrap_or(&none),
            &path.field("clientConfig"),
            faults,
        );
        match_rules::condition_faults(hook, path, faults);
    }
}

fn review_faults(hook: &Object, path: Path<'_>, faults: &mut Vec<FieldError>) {
    let given = list(hook, "admissionReviewVersions");
    if given.is_empty() {
        let detail = format!("must specify one of {}", REVIEW_VERSIONS.join(", "));
        faults.push(FieldError::required(path, detail));
        return;
    }
    let mut seen: Vec<&str> = Vec::new();
    for (i, version) in texts(hook, "admissionReviewVersions").enumerate() {
        if seen.contains(&version) {
            faults.push(FieldError::invalid(path.index(i), version, "duplicate version"));
            continue;
        }
        seen.push(version);
        for fault in name::label_1035_faults(version) {
            faults.push(FieldError::invalid(path.index(i), version, fault));
        }
    }
    if !seen.iter().any(|version| REVIEW_VERSIONS.contains(version)) {
        let detail = format!("must include at least one of {}", REVIEW_VERSIONS.join(", "));
        faults.push(FieldError::invalid(path, given.to_vec(), detail));
    }
}

/// Appends what is wrong with the way to a webhook: an address, or a service.
pub(crate) fn client_faults(client: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    match (client.get("url").and_then(Value::as_str), map(client, "service")) {
        (Some(url), None) => url_faults(url, path.field("url"), faults),
        (None, Some(service)) => service_faults(service, &path.field("service"), faults),
        _ => {
            let detail = "exactly one of url or service is required";
            faults.push(FieldError::required(path, detail));
        }
    }
}

fn url_faults(url: &str, path: Path<'_>, faults: &mut Vec<FieldError>) {
    const FORM: &str = "; desired format: https://host[/path]";
    let (rest, fragment) = url.split_once('#').unwrap_or((url, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (scheme, rest) = rest.split_once("://").unwrap_or(("", rest));
    let authority = if scheme.is_empty() { "" } else { rest.split('/').next().unwrap_or_default() };
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let mut fault = |shown: &str, detail: &str| {
        faults.push(FieldError::invalid(path, shown, detail));
    };
    let scheme = scheme.to_ascii_lowercase();
    if scheme != "https" {
        fault(&scheme, &format!("'https' is the only allowed URL scheme{FORM}"));
    }
    if host.is_empty() {
        fault(host, &format!("host must be specified{FORM}"));
    }
    if authority.contains('@') {
        fault(user, "user information is not permitted in the URL");
    }
    if !fragment.is_empty() {
        fault(fragment, "fragments are not permitted in the URL");
    }
    if !query.is_empty() {
        fault(query, "query parameters are not permitted in the URL");
    }
}

fn service_faults(service: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    for field in ["name", "namespace"] {
        if text(service, field).is_empty() {
            faults.push(FieldError::required(path.field(field), ""));
        }
    }
    let port = integer(service, "port").unwrap_or_default();
    let found = name::port_number_faults(port);
    if !found.is_empty() {
        let detail = format!("port is not valid: {}", found.join(","));
        faults.push(FieldError::invalid(path.field("port"), port, detail));
    }
    let given = text(service, "path");
    let mut fault = |detail: String| {
        faults.push(FieldError::invalid(path.field("path"), given, detail));
    };
    let steps = match given {
        "" | "/" => return,
        "//" => return fault("segment[0] may not be empty".to_owned()),
        given => given.strip_prefix('/').unwrap_or_else(|| {
            fault("must start with a '/'".to_owned());
            // The original drops the first letter even where it is no slash.
            given.get(1..).unwrap_or_default()
        }),
    };
    for (i, step) in steps.strip_suffix('/').unwrap_or(steps).split('/').enumerate() {
        if step.is_empty() {
            fault(format!("segment[{i}] may not be empty"));
            continue;
        }
        for found in name::subdomain_faults(step) {
            fault(format!("segment[{i}]: {found}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::joined;

    #[track_caller]
    fn check(hook: Value, want: &str) {
        let mut whole = json!({"name": "a.hook.test", "clientConfig": {"url": "https://a.test"},
            "sideEffects": "None", "admissionReviewVersions": ["v1"]});
        for (field, value) in hook.as_object().unwrap() {
            whole[field] = value.clone();
        }
        let object = json!({"webhooks": [whole]});
        let mut object = object.as_object().unwrap().clone();
        MUTATING.default(&mut object);
        let faults = MUTATING.validate(&object);
        assert_eq!(if faults.is_empty() { String::new() } else { joined(&faults) }, want);
    }

    #[test]
    fn hooks() {
        check(json!({}), "");
        check(
            json!({"name": "short", "sideEffects": null, "clientConfig": {}, "admissionReviewVersions": []}),
            "[webhooks[0].name: Invalid value: \"short\": should be a domain with at least three segments \
             separated by dots, webhooks[0].sideEffects: Required value: must specify one of None, \
             NoneOnDryRun, webhooks[0].clientConfig: Required value: exactly one of url or service is \
             required, webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1]",
        );
        check(
            json!({"timeoutSeconds": 31, "reinvocationPolicy": "X", "admissionReviewVersions": ["v2"]}),
            "[webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 \
             seconds, webhooks[0].reinvocationPolicy: Unsupported value: \"X\": supported values: \
             \"IfNeeded\", \"Never\", webhooks[0].admissionReviewVersions: Invalid value: [\"v2\"]: must \
             include at least one of v1, v1beta1]",
        );
    }

    #[test]
    fn ways_to_a_hook() {
        check(
            json!({"clientConfig": {"url": "http://u@/x?z=1#f"}}),
            "[webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; \
             desired format: https://host[/path], webhooks[0].clientConfig.url: Invalid value: \"\": host must \
             be specified; desired format: https://host[/path], webhooks[0].clientConfig.url: Invalid value: \
             \"u\": user information is not permitted in the URL, webhooks[0].clientConfig.url: Invalid value: \
             \"f\": fragments are not permitted in the URL, webhooks[0].clientConfig.url: Invalid value: \
             \"z=1\": query parameters are not permitted in the URL]",
        );
        check(
            json!({"clientConfig": {"service": {"path": "/a//b/"}}}),
            "[webhooks[0].clientConfig.service.name: Required value, webhooks[0].clientConfig.service.namespace: \
             Required value, webhooks[0].clientConfig.service.path: Invalid value: \"/a//b/\": segment[1] may \
             not be empty]",
        );
    }

    #[test]
    fn what_is_left_out_is_filled_in() {
        let mut object = json!({"webhooks": [{"rules": [{}]}]}).as_object().unwrap().clone();
        VALIDATING.default(&mut object);
        let want = json!([{"rules": [{"scope": "*"}], "failurePolicy": "Fail", "matchPolicy": "Equivalent",
            "namespaceSelector": {}, "objectSelector": {}, "timeoutSeconds": 10}]);
        assert_eq!(object.get("webhooks"), Some(&want));
    }
}
