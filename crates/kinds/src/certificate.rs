//! Requests for certificates (`certificates.k8s.io/v1`), their approval and their status.

use portcullis_core::Timestamp;
use portcullis_schema::openapi::item_values;
use serde_json::{Value, json};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::go_text::quoted;
use crate::kind::Occasion;
use crate::path::Path;
use crate::value::{
    copy, integer, is_set, list, map, map_mut, map_or_new, maps, maps_mut, remove, text, texts,
};
use crate::{FieldError, Kind, Object, age, metadata, name, pem};

pub(crate) static REQUEST: Request = Request::Whole;
static APPROVAL: Request = Request::Approval;
static STATUS: Request = Request::Status;

/// The shortest life a certificate may be asked for: shorter ones would be renewed all the time.
const EXPIRATION_SECONDS_MIN: i64 = 600;

const SPEC: Path<'static> = Path::root("spec");
const STATUS_PATH: Path<'static> = Path::root("status");

/// `certificates.k8s.io/v1/CertificateSigningRequest`, whole or in part.
pub(crate) enum Request {
    Whole,
    Approval,
    Status,
}

impl Kind for Request {
    fn prepare_create(&self, object: &mut Object) {
        object.insert("status".to_owned(), json!({}));
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        copy(object, old, "spec");
        match self {
            Self::Whole => copy(object, old, "status"),
            // Who approves says why, and nothing else.
            Self::Approval => {
                let conditions =
                    map_mut(object, "status").and_then(|status| remove(status, "conditions"));
                copy(object, old, "status");
                if let Some(status) = map_or_new(object, "status") {
                    match conditions {
                        Some(conditions) => _ = status.insert("conditions".to_owned(), conditions),
                        None => _ = remove(status, "conditions"),
                    }
                }
            }
            // Who signs may not say again what was decided, and need not know it.
            Self::Status => keep_decisions(object, old),
        }
    }

    fn stamp(&self, object: &mut Object, old: Option<&Object>, on: &Occasion<'_>) {
        match (self, old) {
            (Self::Whole, None) => {
                let Some(spec) = map_or_new(object, "spec") else { return };
                for field in ["username", "uid", "groups", "extra"] {
                    remove(spec, field);
                }
                spec.insert("username".to_owned(), on.user.into());
                if !on.uid.is_empty() {
                    spec.insert("uid".to_owned(), on.uid.into());
                }
                if !on.groups.is_empty() {
                    spec.insert("groups".to_owned(), on.groups.to_vec().into());
                }
                if !on.extra.is_empty() {
                    spec.insert("extra".to_owned(), on.extra.clone().into());
                }
            }
            (Self::Approval | Self::Status, Some(old)) => stamp_conditions(object, old, on.now),
            _ => {}
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        spec_faults(object, &mut faults);
        condition_faults(object, &mut faults);
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::kind_faults(self, object, false, &mut faults);
        faults.append(&mut self.validate(object));
        if matches!(self, Self::Status) {
            certificate_faults(object, old, &mut faults);
        }
        metadata::change_faults(self, object, old, &mut faults);
        let path = STATUS_PATH.field("conditions");
        for kind in ["Approved", "Denied", "Failed"] {
            let (had, has) = (conditions(old, kind).next(), conditions(object, kind).next());
            let detail = match (had.is_some(), has.is_some(), self) {
                (true, false, _) => format!("updates may not remove a condition of type {kind:?}"),
                (false, true, Self::Status) if kind != "Failed" => {
                    format!("updates may not add a condition of type {kind:?}")
                }
                _ => continue,
            };
            faults.push(FieldError::forbidden(path, detail));
        }
        faults
    }

    fn selectable(&self, object: &Object, label: &str) -> Option<String> {
        let spec = map(object, "spec");
        (label == "spec.signerName")
            .then(|| spec.map_or("", |spec| text(spec, "signerName")).to_owned())
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let none = Object::new();
        let spec = map(object, "spec").unwrap_or(&none);
        let duration = integer(spec, "expirationSeconds").map_or("<none>".to_owned(), |seconds| {
            age::short(std::time::Duration::from_secs(u64::try_from(seconds).unwrap_or_default()))
        });
        let signer = match text(spec, "signerName") {
            "" => "<none>",
            signer => signer,
        };
        Some(vec![
            name::of(object).into(),
            age::of(object, now).into(),
            signer.into(),
            text(spec, "username").into(),
            duration.into(),
            condition_text(object).into(),
        ])
    }

    fn name_faults(&self, _name: &str) -> Vec<String> {
        Vec::new()
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        match name {
            "approval" => Some(&APPROVAL),
            "status" => Some(&STATUS),
            _ => None,
        }
    }
}

// === preparing ===

/// Sets the decisions to those that were there, if the client left them out.
fn keep_decisions(object: &mut Object, old: &Object) {
    for kind in ["Approved", "Denied"] {
        let before: Vec<Value> = conditions(old, kind).cloned().map(Value::Object).collect();
        if before.is_empty() || conditions(object, kind).next().is_some() {
            continue;
        }
        if let Some(status) = map_or_new(object, "status") {
            if !is_set(status, "conditions") {
                status.insert("conditions".to_owned(), json!([]));
            }
            if let Some(all) = status.get_mut("conditions").and_then(Value::as_array_mut) {
                all.extend(before);
            }
        }
    }
}

fn stamp_conditions(object: &mut Object, old: &Object, now: Timestamp) {
    let none = Object::new();
    let before = map(old, "status").unwrap_or(&none);
    let Some(status) = map_mut(object, "status") else { return };
    for condition in maps_mut(status, "conditions") {
        if !is_set(condition, "lastUpdateTime") {
            condition.insert("lastUpdateTime".to_owned(), now.to_string().into());
        }
        if !is_set(condition, "lastTransitionTime") {
            let same = |field: &str, other: &Object| text(other, field) == text(condition, field);
            let held = maps(before, "conditions")
                .map(|(_, other)| other)
                .find(|other| same("type", other) && same("status", other))
                .map(|other| text(other, "lastTransitionTime"))
                .filter(|time| !time.is_empty());
            let time = held.map_or_else(|| now.to_string(), ToOwned::to_owned);
            condition.insert("lastTransitionTime".to_owned(), time.into());
        }
    }
}

/// The conditions of a type.
fn conditions<'a>(object: &'a Object, kind: &str) -> impl Iterator<Item = &'a Object> {
    let status = map(object, "status");
    status
        .into_iter()
        .flat_map(|status| maps(status, "conditions"))
        .filter(move |(_, condition)| text(condition, "type") == kind)
        .map(|(_, condition)| condition)
}

// === judging ===

fn spec_faults(object: &Object, faults: &mut Vec<FieldError>) {
    let none = Object::new();
    let spec = map(object, "spec").unwrap_or(&none);
    let request = text(spec, "request");
    let bytes = STANDARD.decode(request).unwrap_or_default();
    if pem::blocks(&bytes).first().is_none_or(|block| block.label != "CERTIFICATE REQUEST") {
        let shown = if request.is_empty() { Value::Null } else { request.into() };
        let detail = "PEM block type must be CERTIFICATE REQUEST";
        faults.push(FieldError::invalid(SPEC.field("request"), shown, detail));
    }
    let path = SPEC.field("usages");
    if list(spec, "usages").is_empty() {
        faults.push(FieldError::required(path, ""));
    }
    let known = item_values("certificates/v1.CertificateSigningRequestSpec", "usages");
    let known = known.unwrap_or_default();
    let mut seen: Vec<&str> = Vec::new();
    for (i, usage) in texts(spec, "usages").enumerate() {
        if !known.contains(&usage) {
            faults.push(FieldError::unsupported(path.index(i), usage, known));
        }
        if seen.contains(&usage) {
            faults.push(FieldError::duplicate(path.index(i), usage));
        } else {
            seen.push(usage);
        }
    }
    let signer = text(spec, "signerName");
    if signer == "kubernetes.io/legacy-unknown" {
        let detail = "the legacy signerName is not allowed via this API version";
        faults.push(FieldError::invalid(SPEC.field("signerName"), signer, detail));
    } else {
        signer_faults(signer, SPEC.field("signerName"), faults);
    }
    if let Some(seconds) = integer(spec, "expirationSeconds")
        && seconds < EXPIRATION_SECONDS_MIN
    {
        let detail = "may not specify a duration less than 600 seconds (10 minutes)";
        faults.push(FieldError::invalid(SPEC.field("expirationSeconds"), seconds, detail));
    }
}

/// What is wrong with the name of a signer: `DOMAIN/PATH`, both of them dotted labels.
fn signer_faults(signer: &str, path: Path<'_>, faults: &mut Vec<FieldError>) {
    if signer.is_empty() {
        faults.push(FieldError::required(path, ""));
        return;
    }
    let Some((domain, rest)) = signer.split_once('/').filter(|(_, rest)| !rest.contains('/'))
    else {
        let detail =
            "must be a fully qualified domain and path of the form 'example.com/signer-name'";
        faults.push(FieldError::invalid(path, signer, detail));
        return;
    };
    if domain.len() > name::SUBDOMAIN_MAX {
        faults.push(FieldError::too_long(path, name::SUBDOMAIN_MAX));
    }
    part_faults(domain, name::label_faults, path, faults);
    if !domain.contains('.') {
        let detail = "should be a domain with at least two segments separated by dots";
        faults.push(FieldError::invalid(path, domain, detail));
    }
    part_faults(rest, name::subdomain_faults, path, faults);
    // A domain, a slash, and a path that has room for a label and a subdomain.
    const SIGNER_BYTES_MAX: usize = 2 * name::SUBDOMAIN_MAX + name::LABEL_MAX + 2;
    if signer.len() > SIGNER_BYTES_MAX {
        faults.push(FieldError::too_long(path, SIGNER_BYTES_MAX));
    }
}

/// What is wrong with the first bad label of a dotted text; after it the others would only repeat it.
fn part_faults(
    whole: &str,
    rule: fn(&str) -> Vec<String>,
    path: Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let judged = whole.split('.').map(|part| (part, rule(part)));
    let Some((part, found)) = judged.into_iter().find(|(_, found)| !found.is_empty()) else {
        return;
    };
    for fault in found {
        let detail = format!("validating label {}: {fault}", quoted(part));
        faults.push(FieldError::invalid(path, whole, detail));
    }
}

fn condition_faults(object: &Object, faults: &mut Vec<FieldError>) {
    let none = Object::new();
    let path = STATUS_PATH.field("conditions");
    let status = map(object, "status").unwrap_or(&none);
    let (mut seen, mut decided): (Vec<&str>, Option<&str>) = (Vec::new(), None);
    for (i, condition) in maps(status, "conditions") {
        let path = path.index(i);
        let kind = text(condition, "type");
        if kind.is_empty() {
            faults.push(FieldError::required(path.field("type"), ""));
        }
        let taken: &[&str] = match kind {
            "Approved" | "Denied" | "Failed" => &["True"],
            _ => &["False", "True", "Unknown"],
        };
        match text(condition, "status") {
            "" => faults.push(FieldError::required(path.field("status"), "")),
            given if !taken.contains(&given) => {
                faults.push(FieldError::unsupported(path.field("status"), given, taken));
            }
            _ => {}
        }
        if seen.contains(&kind) {
            faults.push(FieldError::duplicate(path.field("type"), kind));
        } else {
            seen.push(kind);
        }
        if matches!(kind, "Approved" | "Denied") {
            if decided.is_some_and(|other| other != kind) {
                let detail = "Approved and Denied conditions are mutually exclusive";
                faults.push(FieldError::invalid(path.field("type"), kind, detail));
            }
            decided = Some(kind);
        }
    }
}

fn certificate_faults(object: &Object, old: &Object, faults: &mut Vec<FieldError>) {
    let certificate =
        |object| map(object, "status").map_or("", |status| text(status, "certificate"));
    let (given, before) = (certificate(object), certificate(old));
    let path = STATUS_PATH.field("certificate");
    if !before.is_empty() && given != before {
        let detail = "updates may not modify existing certificate content";
        faults.push(FieldError::forbidden(path, detail));
        return;
    }
    if given.is_empty() || given == before {
        return;
    }
    let bytes = STANDARD.decode(given).unwrap_or_default();
    let mut fault = |detail: String| {
        faults.push(FieldError::invalid(path, "<certificate data>", detail));
    };
    let blocks = pem::blocks(&bytes);
    if blocks.is_empty() {
        fault("must contain at least one CERTIFICATE PEM block".to_owned());
    }
    for block in blocks {
        if block.label != "CERTIFICATE" {
            let label = quoted(&block.label);
            return fault(format!("only CERTIFICATE PEM blocks are allowed, found {label}"));
        }
        if block.has_headers {
            return fault("no PEM block headers are permitted".to_owned());
        }
    }
}

fn condition_text(object: &Object) -> String {
    let has = |kind: &str| conditions(object, kind).next().is_some();
    let mut words = match (has("Denied"), has("Approved")) {
        (true, _) => "Denied".to_owned(),
        (false, true) => "Approved".to_owned(),
        (false, false) => "Pending".to_owned(),
    };
    if has("Failed") {
        words.push_str(",Failed");
    }
    if map(object, "status").is_some_and(|status| !text(status, "certificate").is_empty()) {
        words.push_str(",Issued");
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joined;

    const REQUEST_PEM: &str =
        "-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----\n";

    fn object(spec: Value, status: Value) -> Object {
        let mut object = json!({"metadata": {"name": "c"}, "spec": {"request": STANDARD.encode(REQUEST_PEM),
            "signerName": "a.test/s", "usages": ["client auth"]}, "status": status});
        for (field, value) in spec.as_object().unwrap() {
            object["spec"][field] = value.clone();
        }
        object.as_object().unwrap().clone()
    }

    #[track_caller]
    fn check(spec: Value, want: &str) {
        let faults = REQUEST.validate(&object(spec, json!({})));
        assert_eq!(if faults.is_empty() { String::new() } else { joined(&faults) }, want);
    }

    #[test]
    fn what_is_asked_for() {
        check(json!({}), "");
        check(
            json!({"request": "AAAA", "usages": [], "signerName": ""}),
            "[spec.request: Invalid value: \"AAAA\": PEM block type must be CERTIFICATE REQUEST, spec.usages: \
             Required value, spec.signerName: Required value]",
        );
        check(json!({"usages": ["any", "any"]}), "spec.usages[1]: Duplicate value: \"any\"");
        check(
            json!({"expirationSeconds": 60}),
            "spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 600 seconds (10 \
             minutes)",
        );
        check(
            json!({"signerName": "bad"}),
            "spec.signerName: Invalid value: \"bad\": must be a fully qualified domain and path of the form \
             'example.com/signer-name'",
        );
        check(
            json!({"signerName": "a/b"}),
            "spec.signerName: Invalid value: \"a\": should be a domain with at least two segments separated \
             by dots",
        );
    }

    fn occasion<'a>(extra: &'a Object, groups: &'a [String]) -> Occasion<'a> {
        Occasion { now: Timestamp::from_seconds(60), user: "jane", uid: "", groups, extra }
    }

    #[test]
    fn the_requester_is_who_asks() {
        let mut new = object(
            json!({"username": "evil", "uid": "1", "groups": ["system:masters"]}),
            json!({}),
        );
        REQUEST.prepare_create(&mut new);
        REQUEST.stamp(&mut new, None, &occasion(&Object::new(), &["dev".to_owned()]));
        assert_eq!(
            (&new["spec"]["username"], &new["spec"]["groups"]),
            (&json!("jane"), &json!(["dev"]))
        );
        assert_eq!(new["spec"].get("uid"), None);
    }

    #[test]
    fn approval_changes_conditions_only() {
        let old = object(json!({}), json!({"certificate": "AA=="}));
        let mut new = object(
            json!({"usages": ["any"]}),
            json!({"conditions": [
            {"type": "Approved", "status": "True"}], "certificate": "BB=="}),
        );
        let approval = REQUEST.subresource("approval").unwrap();
        approval.prepare_update(&mut new, &old);
        approval.stamp(&mut new, Some(&old), &occasion(&Object::new(), &[]));
        assert_eq!(new["spec"], old["spec"]);
        let time = "1970-01-01T00:01:00Z";
        assert_eq!(
            new["status"],
            json!({"certificate": "AA==", "conditions": [{"type": "Approved", "status": "True",
                "lastUpdateTime": time, "lastTransitionTime": time}]})
        );
        assert_eq!(condition_text(&new), "Approved,Issued");
    }

    #[test]
    fn decisions_stay() {
        let old =
            object(json!({}), json!({"conditions": [{"type": "Approved", "status": "True"}]}));
        let new = object(json!({}), json!({}));
        let approval = REQUEST.subresource("approval").unwrap();
        assert_eq!(
            joined(&approval.validate_update(&new, &old)),
            "status.conditions: Forbidden: updates may not remove a condition of type \"Approved\""
        );
        let status = REQUEST.subresource("status").unwrap();
        let mut signed = object(json!({}), json!({"certificate": "AAAA"}));
        status.prepare_update(&mut signed, &old);
        assert_eq!(
            joined(&status.validate_update(&signed, &old)),
            "status.certificate: Invalid value: \"<certificate data>\": must contain at least one CERTIFICATE \
             PEM block"
        );
    }
}
