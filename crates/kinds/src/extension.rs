//! What extends the API: definitions of custom resources, and services of others' groups.

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use crate::admission_policy::kind_word_faults;
use crate::go_text::quoted;
use crate::kind::Occasion;
use crate::path::Path;
use crate::value::{
    copy, default_text, default_value, flag, integer, is_set, list, map, map_mut, map_or_new, maps,
    section, text, texts,
};
use crate::{FieldError, Kind, Object, age, generation, metadata, name};

pub(crate) static DEFINITION: Definition = Definition::Whole;
static DEFINITION_STATUS: Definition = Definition::Status;
pub(crate) static API_SERVICE: ApiService = ApiService::Whole;
static API_SERVICE_STATUS: ApiService = ApiService::Status;

/// Groups that only Kubernetes gives out, and what allows somebody to use one.
const PROTECTED: [&str; 2] = ["k8s.io", "kubernetes.io"];
const APPROVAL: &str = "api-approved.kubernetes.io";

const SPEC: Path<'static> = Path::root("spec");

/// `apiextensions.k8s.io/v1/CustomResourceDefinition`, whole or its status. Its schemas are kept as they
/// are: they are judged where custom resources are served.
pub(crate) enum Definition {
    Whole,
    Status,
}

/// `apiregistration.k8s.io/v1/APIService`, whole or its status.
pub(crate) enum ApiService {
    Whole,
    Status,
}

// === impl Definition ===

impl Kind for Definition {
    fn default(&self, object: &mut Object) {
        let Some(spec) = map_or_new(object, "spec") else { return };
        if let Some(names) = map_or_new(spec, "names") {
            let kind = text(names, "kind").to_owned();
            if !kind.is_empty() {
                default_text(names, "singular", &kind.to_lowercase());
                default_text(names, "listKind", &format!("{kind}List"));
            }
        }
        default_value(spec, "conversion", json!({"strategy": "None"}));
        let client = map_mut(spec, "conversion")
            .and_then(|conversion| map_mut(conversion, "webhook"))
            .and_then(|webhook| map_mut(webhook, "clientConfig"));
        if let Some(service) = client.and_then(|client| map_mut(client, "service")) {
            default_value(service, "port", 443);
        }
    }

    fn prepare_create(&self, object: &mut Object) {
        generation::first(object);
        let stored: Vec<&str> = storage_versions(object).take(1).collect();
        let status = json!({
            "conditions": null,
            "acceptedNames": {"plural": "", "kind": ""},
            "storedVersions": stored,
        });
        object.insert("status".to_owned(), status);
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        if let Self::Status = self {
            return copy(object, old, "spec");
        }
        copy(object, old, "status");
        generation::next(object, old, &["spec"]);
        let stored: Vec<String> = storage_versions(object).map(ToOwned::to_owned).collect();
        let versions =
            map_mut(object, "status").and_then(|status| status.get_mut("storedVersions"));
        if let Some(versions) = versions.and_then(Value::as_array_mut) {
            for version in stored {
                if !versions.iter().any(|known| *known == version) {
                    versions.push(version.into());
                }
            }
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        definition_faults(object, &mut faults);
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        if let Self::Status = self {
            return faults;
        }
        faults.append(&mut self.validate(object));
        let established = maps(section(old, "status"), "conditions").any(|(_, condition)| {
            (text(condition, "type"), text(condition, "status")) == ("Established", "True")
        });
        let (new, old) = (section(object, "spec"), section(old, "spec"));
        let (new_names, old_names) = (section(new, "names"), section(old, "names"));
        let names = SPEC.field("names");
        // What is in use cannot become something else.
        for (path, now, before, always) in [
            (SPEC.field("group"), text(new, "group"), text(old, "group"), true),
            (names.field("plural"), text(new_names, "plural"), text(old_names, "plural"), true),
            (SPEC.field("scope"), text(new, "scope"), text(old, "scope"), false),
            (names.field("kind"), text(new_names, "kind"), text(old_names, "kind"), false),
        ] {
            if (always || established) && now != before {
                faults.push(FieldError::invalid(path, now, "field is immutable"));
            }
        }
        faults
    }

    fn updates_unconditionally(&self) -> bool {
        false
    }

    fn standard_finalizers(&self) -> bool {
        false
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        (name == "status").then_some(&DEFINITION_STATUS as &dyn Kind)
    }
}

fn storage_versions(object: &Object) -> impl Iterator<Item = &str> {
    maps(section(object, "spec"), "versions")
        .filter(|(_, version)| flag(version, "storage") == Some(true))
        .map(|(_, version)| text(version, "name"))
}

fn definition_faults(object: &Object, faults: &mut Vec<FieldError>) {
    let spec = section(object, "spec");
    let names = section(spec, "names");
    let group = text(spec, "group");
    if name::of(object) != format!("{}.{group}", text(names, "plural")) {
        let detail = "must be spec.names.plural+\".\"+spec.group";
        faults.push(FieldError::invalid("metadata.name", name::of(object), detail));
    }
    let path = SPEC.field("group");
    if group.is_empty() {
        faults.push(FieldError::required(path, ""));
    } else {
        let found = name::subdomain_faults(group);
        if !found.is_empty() {
            faults.push(FieldError::invalid(path, group, found.join(",")));
        } else if !group.contains('.') {
            let detail = "should be a domain with at least one dot";
            faults.push(FieldError::invalid(path, group, detail));
        }
    }
    match text(spec, "scope") {
        "" => faults.push(FieldError::required(SPEC.field("scope"), "")),
        "Cluster" | "Namespaced" => {}
        other => {
            let taken = ["Cluster", "Namespaced"];
            faults.push(FieldError::unsupported(SPEC.field("scope"), other, &taken));
        }
    }
    version_faults(spec, faults);
    name_faults(names, faults);
    stored_faults(object, faults);
    let of = |known: &str| group == known || group.ends_with(&format!(".{known}"));
    let annotations = section(section(object, "metadata"), "annotations");
    if PROTECTED.into_iter().any(of) && text(annotations, APPROVAL).is_empty() {
        let path = Path::root("metadata");
        let path = path.field("annotations");
        let detail = format!(
            "protected groups must have approval annotation \"{APPROVAL}\", see \
             https://github.com/kubernetes/enhancements/pull/1111"
        );
        faults.push(FieldError::required(path.key(APPROVAL), detail));
    }
}

fn version_faults(spec: &Object, faults: &mut Vec<FieldError>) {
    let path = SPEC.field("versions");
    let (mut seen, mut stored, mut unique): (Vec<&str>, usize, bool) = (Vec::new(), 0, true);
    for (i, version) in maps(spec, "versions") {
        let path = path.index(i);
        let named = text(version, "name");
        if flag(version, "storage") == Some(true) {
            stored += 1;
        }
        unique &= !seen.contains(&named);
        seen.push(named);
        for fault in name::label_1035_faults(named) {
            faults.push(FieldError::invalid(path.field("name"), named, fault));
        }
        if map(section(version, "schema"), "openAPIV3Schema").is_none() {
            let path = path.field("schema");
            faults.push(FieldError::required(path.field("openAPIV3Schema"), ""));
        }
        if is_set(version, "deprecationWarning") && flag(version, "deprecated") != Some(true) {
            let warning = text(version, "deprecationWarning");
            let detail = "can only be set for deprecated versions";
            faults.push(FieldError::invalid(path.field("deprecationWarning"), warning, detail));
        }
    }
    let versions = list(spec, "versions");
    let shown = || if versions.is_empty() { Value::Null } else { internal_versions(versions) };
    if !unique {
        faults.push(FieldError::invalid(path, shown(), "must contain unique version names"));
    }
    if stored != 1 {
        let detail = "must have exactly one version marked as storage version";
        faults.push(FieldError::invalid(path, shown(), detail));
    }
}

/// Every version that is stored must be spoken, and the one that is stored now among them.
fn stored_faults(object: &Object, faults: &mut Vec<FieldError>) {
    let path = Path::root("status");
    let path = path.field("storedVersions");
    let stored: Vec<&str> = texts(section(object, "status"), "storedVersions").collect();
    if stored.is_empty() {
        let detail = "must have at least one stored version";
        faults.push(FieldError::invalid(path, Value::Null, detail));
        return;
    }
    let mut open = stored.clone();
    for (_, version) in maps(section(object, "spec"), "versions") {
        let named = text(version, "name");
        let known = open.contains(&named);
        open.retain(|other| *other != named);
        if !known && flag(version, "storage") == Some(true) {
            let detail = format!("must have the storage version {named}");
            faults.push(FieldError::invalid(path, stored.clone(), detail));
        }
    }
    for (i, version) in stored.iter().enumerate() {
        if open.contains(version) {
            let detail = "must appear in spec.versions";
            faults.push(FieldError::invalid(path.index(i), *version, detail));
        }
    }
}

/// Versions as the original's own structs print, whose fields have no JSON names.
fn internal_versions(versions: &[Value]) -> Value {
    let shown = |version: &Value| {
        let none = Object::new();
        let version = version.as_object().unwrap_or(&none);
        json!({
            "Name": text(version, "name"),
            "Served": flag(version, "served").unwrap_or_default(),
            "Storage": flag(version, "storage").unwrap_or_default(),
            "Deprecated": flag(version, "deprecated").unwrap_or_default(),
            "DeprecationWarning": version.get("deprecationWarning"),
            "Schema": null,
            "Subresources": version.get("subresources"),
            "AdditionalPrinterColumns": null,
            "SelectableFields": null,
        })
    };
    versions.iter().map(shown).collect()
}

fn name_faults(names: &Object, faults: &mut Vec<FieldError>) {
    let path = SPEC.field("names");
    for field in ["plural", "singular", "kind", "listKind"] {
        let given = text(names, field);
        let path = path.field(field);
        match field {
            _ if given.is_empty() => faults.push(FieldError::required(path, "")),
            "kind" | "listKind" => kind_word_faults(given, path, faults),
            _ => {
                for fault in name::label_1035_faults(given) {
                    faults.push(FieldError::invalid(path, given, fault));
                }
            }
        }
    }
    for field in ["shortNames", "categories"] {
        let path = path.field(field);
        for (i, given) in texts(names, field).enumerate() {
            for fault in name::label_1035_faults(given) {
                faults.push(FieldError::invalid(path.index(i), given, fault));
            }
        }
    }
    if !text(names, "kind").is_empty() && text(names, "kind") == text(names, "listKind") {
        let detail = "kind and listKind may not be the same";
        faults.push(FieldError::invalid(path.field("listKind"), text(names, "listKind"), detail));
    }
}

// === impl ApiService ===

impl Kind for ApiService {
    fn default(&self, object: &mut Object) {
        if let Some(service) = map_mut(object, "spec").and_then(|spec| map_mut(spec, "service")) {
            default_value(service, "port", 443);
        }
    }

    fn prepare_create(&self, object: &mut Object) {
        object.insert("status".to_owned(), json!({}));
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        match self {
            Self::Whole => copy(object, old, "status"),
            Self::Status => copy(object, old, "spec"),
        }
    }

    fn stamp(&self, object: &mut Object, old: Option<&Object>, on: &Occasion<'_>) {
        // What this server serves itself is there at once.
        if old.is_none() && !is_set(section(object, "spec"), "service") {
            let condition = json!({
                "type": "Available",
                "status": "True",
                "lastTransitionTime": on.now.to_string(),
                "reason": "Local",
                "message": "Local APIServices are always available",
            });
            object.insert("status".to_owned(), json!({"conditions": [condition]}));
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        service_faults(object, &mut faults);
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        if let Self::Whole = self {
            metadata::kind_faults(self, object, false, &mut faults);
            faults.append(&mut self.validate(object));
        }
        faults
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let spec = section(object, "spec");
        let service = map(spec, "service").map_or("Local".to_owned(), |service| {
            format!("{}/{}", text(service, "namespace"), text(service, "name"))
        });
        let available = maps(section(object, "status"), "conditions")
            .find(|(_, condition)| text(condition, "type") == "Available")
            .map_or("Unknown".to_owned(), |(_, condition)| match text(condition, "status") {
                "True" => "True".to_owned(),
                other => format!("{other} ({})", text(condition, "reason")),
            });
        Some(vec![
            name::of(object).into(),
            service.into(),
            available.into(),
            age::of(object, now).into(),
        ])
    }

    fn updates_unconditionally(&self) -> bool {
        false
    }

    fn standard_finalizers(&self) -> bool {
        false
    }

    fn name_faults(&self, name: &str) -> Vec<String> {
        name::path_segment_faults(name)
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        (name == "status").then_some(&API_SERVICE_STATUS as &dyn Kind)
    }
}

fn service_faults(object: &Object, faults: &mut Vec<FieldError>) {
    let spec = section(object, "spec");
    let (group, version) = (text(spec, "group"), text(spec, "version"));
    let wanted = format!("{version}.{group}");
    if name::of(object) != wanted {
        let detail = format!("must be `spec.version+\".\"+spec.group`: {}", quoted(&wanted));
        faults.push(FieldError::invalid("metadata.name", name::of(object), detail));
    }
    if group.is_empty() {
        // Only the first group of all has no name.
        if version != "v1" {
            let detail = "only v1 may have an empty group and it better be legacy kube";
            faults.push(FieldError::required(SPEC.field("group"), detail));
        }
    } else {
        for fault in name::subdomain_faults(group) {
            faults.push(FieldError::invalid(SPEC.field("group"), group, fault));
        }
    }
    for fault in name::label_1035_faults(version) {
        faults.push(FieldError::invalid(SPEC.field("version"), version, fault));
    }
    for (field, limit) in [("groupPriorityMinimum", 20_000), ("versionPriority", 1000)] {
        let given = integer(spec, field).unwrap_or_default();
        if !(1..=limit).contains(&given) {
            let detail = format!("must be positive and less than {limit}");
            faults.push(FieldError::invalid(SPEC.field(field), given, detail));
        }
    }
    let insecure = flag(spec, "insecureSkipTLSVerify") == Some(true);
    let has_ca = !text(spec, "caBundle").is_empty();
    let path = SPEC.field("insecureSkipTLSVerify");
    let Some(service) = map(spec, "service") else {
        if has_ca {
            let shown =
                format!("{} bytes", crate::config_map::decoded_bytes(text(spec, "caBundle")));
            let detail = "local APIServices may not have a caBundle";
            faults.push(FieldError::invalid(SPEC.field("caBundle"), shown, detail));
        }
        if insecure {
            let detail = "local APIServices may not have insecureSkipTLSVerify";
            faults.push(FieldError::invalid(path, true, detail));
        }
        return;
    };
    let at = SPEC.field("service");
    for field in ["namespace", "name"] {
        if text(service, field).is_empty() {
            faults.push(FieldError::required(at.field(field), ""));
        }
    }
    let port = integer(service, "port").unwrap_or_default();
    let found = name::port_number_faults(port);
    if !found.is_empty() {
        let detail = format!("port is not valid: {}", found.join(","));
        faults.push(FieldError::invalid(at.field("port"), port, detail));
    }
    if insecure && has_ca {
        let detail = "may not be true if caBundle is present";
        faults.push(FieldError::invalid(path, true, detail));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joined;

    #[track_caller]
    fn check(kind: &dyn Kind, object: Value, want: &str) {
        let mut object = object.as_object().unwrap().clone();
        kind.default(&mut object);
        kind.prepare_create(&mut object);
        let faults = kind.validate(&object);
        assert_eq!(if faults.is_empty() { String::new() } else { joined(&faults) }, want);
    }

    #[test]
    fn definitions() {
        let names = json!({"plural": "things", "kind": "Thing"});
        let versions = json!([{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {}}}]);
        check(
            &DEFINITION,
            json!({"metadata": {"name": "things.a.test"}, "spec": {"group": "a.test", "scope": "Cluster",
                "names": names, "versions": versions}}),
            "",
        );
        check(
            &DEFINITION,
            json!({"metadata": {"name": "things.k8s.io"}, "spec": {"group": "k8s.io", "scope": "Nope",
                "names": names, "versions": versions}}),
            "[spec.scope: Unsupported value: \"Nope\": supported values: \"Cluster\", \"Namespaced\", \
             metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have \
             approval annotation \"api-approved.kubernetes.io\", see \
             https://github.com/kubernetes/enhancements/pull/1111]",
        );
    }

    #[test]
    fn a_definition_in_use_keeps_its_names() {
        let mut old = json!({"metadata": {"name": "things.a.test"}, "spec": {"group": "a.test", "scope": "Cluster",
            "names": {"plural": "things", "kind": "Thing"}, "versions": [{"name": "v1", "storage": true, "schema": {"openAPIV3Schema": {}}}]},
            "status": {"conditions": [{"type": "Established", "status": "True"}]}});
        DEFINITION.default(old.as_object_mut().unwrap());
        old["status"]["storedVersions"] = json!(["v1"]);
        let mut new = old.clone();
        new["spec"]["names"]["kind"] = json!("Plainer");
        let faults = DEFINITION.validate_update(new.as_object().unwrap(), old.as_object().unwrap());
        assert_eq!(
            joined(&faults),
            "spec.names.kind: Invalid value: \"Plainer\": field is immutable"
        );
    }

    #[test]
    fn services() {
        check(
            &API_SERVICE,
            json!({"metadata": {"name": "bad"}, "spec": {"group": "g.test", "version": "v1"}}),
            "[metadata.name: Invalid value: \"bad\": must be `spec.version+\".\"+spec.group`: \"v1.g.test\", \
             spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000, \
             spec.versionPriority: Invalid value: 0: must be positive and less than 1000]",
        );
        check(
            &API_SERVICE,
            json!({"metadata": {"name": "v1.g.test"}, "spec": {"group": "g.test", "version": "v1",
                "groupPriorityMinimum": 1, "versionPriority": 1, "service": {"name": "s"}}}),
            "spec.service.namespace: Required value",
        );
    }
}
