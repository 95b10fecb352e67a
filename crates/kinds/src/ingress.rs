//! Ingresses and their classes (`networking.k8s.io/v1`).

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use crate::path::Path;
use crate::value::{at, copy, default_text, list, map, map_mut, maps, text, texts};
use crate::{FieldError, Kind, Object, age, generation, ip, label, metadata, name};

pub(crate) static INGRESS: Ingress = Ingress;
pub(crate) static INGRESS_CLASS: IngressClass = IngressClass;

/// The longest name of a controller: it becomes part of events and labels of others.
const CONTROLLER_BYTES_MAX: usize = 250;

/// The annotation that named the class before there was a field.
const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";

const SPEC: Path<'static> = Path::root("spec");

/// `networking.k8s.io/v1/Ingress`.
pub(crate) struct Ingress;

/// Its status.
struct Status;

/// `networking.k8s.io/v1/IngressClass`.
pub(crate) struct IngressClass;

// === impl Ingress ===

impl Kind for Ingress {
    fn prepare_create(&self, object: &mut Object) {
        generation::first(object);
        object.insert("status".to_owned(), json!({"loadBalancer": {}}));
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        copy(object, old, "status");
        generation::next(object, old, &["spec"]);
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        spec_faults(object, &mut faults);
        let annotation = at(object, &["metadata", "annotations", CLASS_ANNOTATION]);
        let class = at(object, &["spec", "ingressClassName"]);
        if let (Some(Value::String(annotation)), Some(Value::String(class))) = (annotation, class)
            && annotation != class
        {
            let path = Path::root("annotations");
            let detail = "must match `ingressClassName` when both are specified";
            faults.push(FieldError::invalid(
                path.field(CLASS_ANNOTATION),
                annotation.as_str(),
                detail,
            ));
        }
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        metadata::kind_faults(self, object, metadata::is_namespaced(object), &mut faults);
        spec_faults(object, &mut faults);
        faults
    }

    fn warnings(&self, object: &Object, old: Option<&Object>) -> Vec<String> {
        let annotated = at(object, &["metadata", "annotations", CLASS_ANNOTATION]).is_some();
        if old.is_none() && annotated && at(object, &["spec", "ingressClassName"]).is_none() {
            return vec![format!(
                "annotation {:?} is deprecated, please use 'spec.ingressClassName' instead",
                CLASS_ANNOTATION
            )];
        }
        Vec::new()
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let none = Object::new();
        let spec = map(object, "spec").unwrap_or(&none);
        let class = at(object, &["spec", "ingressClassName"])
            .or_else(|| at(object, &["metadata", "annotations", CLASS_ANNOTATION]))
            .and_then(Value::as_str)
            .unwrap_or(label::NONE);
        let ports = if list(spec, "tls").is_empty() { "80" } else { "80, 443" };
        Some(vec![
            name::of(object).into(),
            class.into(),
            hosts_text(spec).into(),
            addresses_text(object).into(),
            ports.into(),
            age::of(object, now).into(),
        ])
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        (name == "status").then_some(&Status as &dyn Kind)
    }
}

impl Kind for Status {
    fn prepare_update(&self, object: &mut Object, old: &Object) {
        copy(object, old, "spec");
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        let path = Path::root("status");
        let path = path.field("loadBalancer");
        let path = path.field("ingress");
        let none = Object::new();
        let balancer = map(object, "status").and_then(|status| map(status, "loadBalancer"));
        for (i, entry) in maps(balancer.unwrap_or(&none), "ingress") {
            let path = path.index(i);
            if !text(entry, "ip").is_empty() {
                ip::ip_faults(text(entry, "ip"), path.field("ip"), &mut faults);
            }
            let host = text(entry, "hostname");
            if host.is_empty() {
                continue;
            }
            for fault in name::subdomain_faults(host) {
                faults.push(FieldError::invalid(path.field("hostname"), host, fault));
            }
            if ip::parse_ip(host).is_some() {
                let detail = "must be a DNS name, not an IP address";
                faults.push(FieldError::invalid(path.field("hostname"), host, detail));
            }
        }
        faults
    }
}

fn spec_faults(object: &Object, faults: &mut Vec<FieldError>) {
    let none = Object::new();
    let spec = map(object, "spec").unwrap_or(&none);
    let backend = map(spec, "defaultBackend");
    if list(spec, "rules").is_empty() && backend.is_none() {
        let detail = "either `defaultBackend` or `rules` must be specified";
        faults.push(FieldError::invalid(SPEC, Value::Null, detail));
    }
    if let Some(backend) = backend {
        backend_faults(backend, &SPEC.field("defaultBackend"), faults);
    }
    let path = SPEC.field("rules");
    for (i, rule) in maps(spec, "rules") {
        rule_faults(rule, &path.index(i), faults);
    }
    let path = SPEC.field("tls");
    for (i, tls) in maps(spec, "tls") {
        let path = path.index(i);
        let hosts = path.field("hosts");
        for (i, host) in texts(tls, "hosts").enumerate() {
            for fault in host_faults(host) {
                faults.push(FieldError::invalid(hosts.index(i), host, fault));
            }
        }
        let secret = text(tls, "secretName");
        if !secret.is_empty() {
            for fault in name::subdomain_faults(secret) {
                faults.push(FieldError::invalid(path.field("secretName"), secret, fault));
            }
        }
    }
    if let Some(class) = spec.get("ingressClassName").and_then(Value::as_str) {
        for fault in name::subdomain_faults(class) {
            faults.push(FieldError::invalid(SPEC.field("ingressClassName"), class, fault));
        }
    }
}

fn host_faults(host: &str) -> Vec<String> {
    if host.contains('*') { name::wildcard_faults(host) } else { name::subdomain_faults(host) }
}

fn rule_faults(rule: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let host = text(rule, "host");
    if !host.is_empty() {
        if ip::parse_ip(host).is_some() {
            let detail = "must be a DNS name, not an IP address";
            faults.push(FieldError::invalid(path.field("host"), host, detail));
        }
        for fault in host_faults(host) {
            faults.push(FieldError::invalid(path.field("host"), host, fault));
        }
    }
    let Some(http) = map(rule, "http") else { return };
    let path = path.field("http");
    let path = path.field("paths");
    if list(http, "paths").is_empty() {
        faults.push(FieldError::required(path, ""));
    }
    for (i, one) in maps(http, "paths") {
        path_faults(one, &path.index(i), faults);
    }
}

fn path_faults(one: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let given = text(one, "path");
    let at = path.field("path");
    let Some(kind) = one.get("pathType").and_then(Value::as_str) else {
        faults.push(FieldError::required(path.field("pathType"), "pathType must be specified"));
        return;
    };
    let mut fault = |detail: &str| faults.push(FieldError::invalid(at, given, detail));
    match kind {
        "Exact" | "Prefix" => {
            if !given.starts_with('/') {
                fault("must be an absolute path");
            }
            for part in ["//", "/./", "/../", "%2f", "%2F"] {
                if given.contains(part) {
                    fault(&format!("must not contain '{part}'"));
                }
            }
            for end in ["/..", "/."] {
                if given.ends_with(end) {
                    fault(&format!("cannot end with '{end}'"));
                }
            }
        }
        "ImplementationSpecific" => {
            if !given.is_empty() && !given.starts_with('/') {
                fault("must be an absolute path");
            }
        }
        other => {
            let taken = ["Exact", "ImplementationSpecific", "Prefix"];
            faults.push(FieldError::unsupported(path.field("pathType"), other, &taken));
        }
    }
    let none = Object::new();
    let backend = map(one, "backend").unwrap_or(&none);
    backend_faults(backend, &path.field("backend"), faults);
}

fn backend_faults(backend: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    match (map(backend, "resource"), map(backend, "service")) {
        (Some(_), Some(_)) => {
            let detail = "cannot set both resource and service backends";
            faults.push(FieldError::invalid(path, "", detail));
        }
        (None, None) => {
            let detail = "resource or service backend is required";
            faults.push(FieldError::invalid(path, "", detail));
        }
        (Some(resource), None) => reference_faults(resource, &path.field("resource"), faults),
        (None, Some(service)) => service_faults(service, path, faults),
    }
}

fn service_faults(service: &Object, backend: &Path<'_>, faults: &mut Vec<FieldError>) {
    let path = backend.field("service");
    match text(service, "name") {
        "" => faults.push(FieldError::required(path.field("name"), "")),
        named => {
            for fault in name::label_1035_faults(named) {
                faults.push(FieldError::invalid(path.field("name"), named, fault));
            }
        }
    }
    let none = Object::new();
    let port = map(service, "port").unwrap_or(&none);
    let path = path.field("port");
    let number = port.get("number").and_then(Value::as_i64).unwrap_or_default();
    match (text(port, "name"), number) {
        ("", 0) => {
            faults.push(FieldError::required(backend, "port name or number is required"));
        }
        ("", number) => {
            for fault in name::port_number_faults(number) {
                faults.push(FieldError::invalid(path.field("number"), number, fault));
            }
        }
        (named, 0) => {
            for fault in name::port_name_faults(named) {
                faults.push(FieldError::invalid(path.field("name"), named, fault));
            }
        }
        _ => {
            let detail = "cannot set both port name & port number";
            faults.push(FieldError::invalid(backend, "", detail));
        }
    }
}

/// What is wrong with a reference to an object of any kind in the same namespace.
fn reference_faults(reference: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    if let Some(group) = reference.get("apiGroup").and_then(Value::as_str) {
        for fault in name::subdomain_faults(group) {
            faults.push(FieldError::invalid(path.field("apiGroup"), group, fault));
        }
    }
    for field in ["kind", "name"] {
        match text(reference, field) {
            "" => faults.push(FieldError::required(path.field(field), "")),
            given => {
                for fault in name::path_segment_faults(given) {
                    faults.push(FieldError::invalid(path.field(field), given, fault));
                }
            }
        }
    }
}

fn hosts_text(spec: &Object) -> String {
    const SHOWN: usize = 3;
    let (mut hosts, mut more) = (Vec::new(), false);
    for (_, rule) in maps(spec, "rules") {
        more |= hosts.len() == SHOWN;
        let host = text(rule, "host");
        if !more && !host.is_empty() {
            hosts.push(host);
        }
    }
    match (hosts.as_slice(), more) {
        ([], _) => "*".to_owned(),
        // The original counts rules here, and not hosts.
        (shown, true) => {
            let rest = list(spec, "rules").len().saturating_sub(SHOWN);
            format!("{} + {rest} more...", shown.join(","))
        }
        (shown, false) => shown.join(","),
    }
}

/// The addresses of the load balancer.
fn addresses_text(object: &Object) -> String {
    let none = Object::new();
    let balancer = map(object, "status").and_then(|status| map(status, "loadBalancer"));
    let mut found: Vec<&str> = maps(balancer.unwrap_or(&none), "ingress")
        .map(|(_, entry)| match text(entry, "ip") {
            "" => text(entry, "hostname"),
            ip => ip,
        })
        .filter(|address| !address.is_empty())
        .collect();
    found.sort_unstable();
    found.dedup();
    found.join(",")
}

// === impl IngressClass ===

impl Kind for IngressClass {
    fn default(&self, object: &mut Object) {
        if let Some(parameters) =
            map_mut(object, "spec").and_then(|spec| map_mut(spec, "parameters"))
        {
            default_text(parameters, "scope", "Cluster");
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
        let none = Object::new();
        let spec = map(object, "spec").unwrap_or(&none);
        let path = SPEC.field("controller");
        match text(spec, "controller") {
            "" => faults.push(FieldError::required(path, "")),
            controller => {
                if controller.len() > CONTROLLER_BYTES_MAX {
                    faults.push(FieldError::too_long(path, CONTROLLER_BYTES_MAX));
                }
                domain_path_faults(controller, path, &mut faults);
            }
        }
        if let Some(parameters) = map(spec, "parameters") {
            parameters_faults(parameters, &SPEC.field("parameters"), &mut faults);
        }
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        let controller = |object| {
            at(object, &["spec", "controller"]).and_then(Value::as_str).unwrap_or_default()
        };
        if controller(object) != controller(old) {
            let path = SPEC.field("controller");
            faults.push(FieldError::invalid(path, controller(object), "field is immutable"));
        }
        metadata::kind_faults(self, object, false, &mut faults);
        faults.append(&mut self.validate(object));
        faults
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let none = Object::new();
        let spec = map(object, "spec").unwrap_or(&none);
        let parameters = map(spec, "parameters").map_or(label::NONE.to_owned(), |parameters| {
            let kind = match text(parameters, "apiGroup") {
                "" => text(parameters, "kind").to_owned(),
                group => format!("{}.{group}", text(parameters, "kind")),
            };
            format!("{kind}/{}", text(parameters, "name"))
        });
        Some(vec![
            name::of(object).into(),
            text(spec, "controller").into(),
            parameters.into(),
            age::of(object, now).into(),
        ])
    }
}

/// What is wrong with `SUBDOMAIN/PATH`.
fn domain_path_faults(given: &str, path: Path<'_>, faults: &mut Vec<FieldError>) {
    const INVALID: &str =
        "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')";
    let Some((domain, rest)) =
        given.split_once('/').filter(|(domain, rest)| !domain.is_empty() && !rest.is_empty())
    else {
        let detail = "must be a domain-prefixed path (such as \"acme.io/foo\")";
        faults.push(FieldError::invalid(path, given, detail));
        return;
    };
    for fault in name::subdomain_faults(domain) {
        faults.push(FieldError::invalid(path, domain, fault));
    }
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&b);
    if !rest.bytes().all(letter) {
        faults.push(FieldError::invalid(path, rest, INVALID));
    }
}

fn parameters_faults(parameters: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    reference_faults(parameters, path, faults);
    let Some(scope) = parameters.get("scope").and_then(Value::as_str) else {
        faults.push(FieldError::required(path.field("scope"), ""));
        return;
    };
    let at = path.field("namespace");
    match (scope, parameters.get("namespace").and_then(Value::as_str)) {
        ("Namespace", None) => {
            let detail = "`parameters.scope` is set to 'Namespace'";
            faults.push(FieldError::required(at, detail));
        }
        ("Namespace", Some(namespace)) => {
            for fault in name::label_faults(namespace) {
                faults.push(FieldError::invalid(at, namespace, fault));
            }
        }
        ("Cluster", None) => {}
        ("Cluster", Some(_)) => {
            let detail = "`parameters.scope` is set to 'Cluster'";
            faults.push(FieldError::forbidden(at, detail));
        }
        (other, _) => {
            let taken = ["Cluster", "Namespace"];
            faults.push(FieldError::unsupported(path.field("scope"), other, &taken));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joined;

    #[track_caller]
    fn check(kind: &dyn Kind, spec: Value, want: &str) {
        let mut object =
            json!({"metadata": {"name": "i"}, "spec": spec}).as_object().unwrap().clone();
        kind.default(&mut object);
        let faults = kind.validate(&object);
        assert_eq!(if faults.is_empty() { String::new() } else { joined(&faults) }, want);
    }

    #[test]
    fn ingresses() {
        let service = json!({"service": {"name": "s", "port": {"number": 80}}});
        check(&INGRESS, json!({"defaultBackend": service}), "");
        check(
            &INGRESS,
            json!({}),
            "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified",
        );
        check(
            &INGRESS,
            json!({"rules": [{"host": "1.2.3.4", "http": {"paths": [
                {"path": "/"}, {"path": "/a//b/..", "pathType": "Exact", "backend": service},
                {"path": "x", "pathType": "Odd", "backend": {}}]}}]}),
            "[spec.rules[0].host: Invalid value: \"1.2.3.4\": must be a DNS name, not an IP address, \
             spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified, \
             spec.rules[0].http.paths[1].path: Invalid value: \"/a//b/..\": must not contain '//', \
             spec.rules[0].http.paths[1].path: Invalid value: \"/a//b/..\": cannot end with '/..', \
             spec.rules[0].http.paths[2].pathType: Unsupported value: \"Odd\": supported values: \"Exact\", \
             \"ImplementationSpecific\", \"Prefix\", spec.rules[0].http.paths[2].backend: Invalid value: \"\": \
             resource or service backend is required]",
        );
        check(
            &INGRESS,
            json!({"defaultBackend": {"service": {"name": "", "port": {}}}}),
            "[spec.defaultBackend.service.name: Required value, spec.defaultBackend: Required value: port name \
             or number is required]",
        );
    }

    #[test]
    fn classes() {
        check(&INGRESS_CLASS, json!({"controller": "a.test/c"}), "");
        check(
            &INGRESS_CLASS,
            json!({"controller": "a"}),
            "spec.controller: Invalid value: \"a\": must be a domain-prefixed path (such as \"acme.io/foo\")",
        );
        check(
            &INGRESS_CLASS,
            json!({"controller": "a.test/c", "parameters": {"kind": "K", "name": "n", "namespace": "x"}}),
            "spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'",
        );
    }

    #[test]
    fn rows() {
        let object = json!({"metadata": {"name": "i"}, "spec": {"tls": [{}], "ingressClassName": "c",
            "rules": [{"host": "a"}, {"host": "b"}, {}, {"host": "c"}, {"host": "d"}]},
            "status": {"loadBalancer": {"ingress": [{"ip": "2.2.2.2"}, {"hostname": "h"}]}}});
        let cells = INGRESS.cells(object.as_object().unwrap(), Timestamp::from_seconds(0));
        let want = json!(["i", "c", "a,b,c + 2 more...", "2.2.2.2,h", "80, 443", "<unknown>"]);
        assert_eq!(cells.map(Value::from), Some(want));
    }
}
