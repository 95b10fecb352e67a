//! What is wrong with the spec of a pod or of a template of pods.

use serde_json::Value;

use super::container::{self, Around};
use super::defaults::CONTAINER_LISTS;
use super::fault::{required_word, said};
use super::quantity::Quantity;
use super::{resources, scheduling, security, volume};
use crate::path::Path;
use crate::value::{flag, integer, is_set, list, map, maps, text, texts};
use crate::{FieldError, Object, go_text, ip, label, metadata, name};

/// What the resolver of the C library takes: name servers, search domains, letters of these.
const NAME_SERVERS_MAX: usize = 3;
const SEARCHES_MAX: usize = 32;
const SEARCH_LETTERS_MAX: usize = 2048;
/// The longest host name Linux has.
const HOST_NAME_MAX: usize = 64;
/// The longest a pod may run, in seconds.
pub(super) const DEADLINE_MAX: i64 = 2_147_483_647;

/// The containers of a pod of all sorts: the list, the place in it, the container.
pub(super) fn containers_of(spec: &Object) -> impl Iterator<Item = (&'static str, usize, &Object)> {
    CONTAINER_LISTS
        .into_iter()
        .flat_map(move |field| maps(spec, field).map(move |(i, container)| (field, i, container)))
}

/// What the spec belongs to.
#[derive(Clone, Copy)]
pub(super) enum Owner<'a> {
    /// A pod of that name, which may be empty, with such annotations.
    Pod { name: &'a str, is_mirror: bool },
    /// A template.
    Template,
}

/// Appends what is wrong with a spec, in the order of the API.
pub(super) fn faults(
    spec: &Object,
    owner: Owner<'_>,
    path: &Path<'_>,
    found: &mut Vec<FieldError>,
) {
    let (pod_name, is_pod, is_mirror) = match owner {
        Owner::Pod { name, is_mirror } => (Some(name), true, is_mirror),
        Owner::Template => (None, false, false),
    };
    if !is_set(spec, "terminationGracePeriodSeconds") {
        found.push(FieldError::required(path.field("terminationGracePeriodSeconds"), ""));
    }
    let volumes = volume::volume_faults(spec, pod_name, &path.field("volumes"), found);
    let claims = resources::claim_names(spec);
    claim_faults(spec, is_mirror, &path.field("resourceClaims"), found);
    let around = Around { spec, volumes: &volumes, claims: &claims };
    container::regular_faults(&around, path, found);
    container::init_faults(&around, path, found);
    container::ephemeral_faults(&around, path, found);
    resources::pod_faults(spec, &claims, path, found);
    container::host_network_faults(spec, is_pod, path, found);
    required_word(spec, "restartPolicy", &["Always", "OnFailure", "Never"], path, found);
    let policies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    required_word(spec, "dnsPolicy", &policies, path, found);
    label::faults(map(spec, "nodeSelector"), &path.field("nodeSelector"), found);
    security::pod_faults(spec, &path.field("securityContext"), found);
    scheduling::affinity_faults(spec, &path.field("affinity"), found);
    dns_faults(spec, &path.field("dnsConfig"), found);
    scheduling::gate_faults(spec, path, found);
    let constraints = path.field("topologySpreadConstraints");
    scheduling::spread_faults(spec, &constraints, found);
    security::host_process_faults(spec, path, found);
    security::host_users_faults(spec, path, found);
    host_name_faults(spec, path, found);
    name_faults(spec, path, found);
    volume::file_key_faults(spec, path, found);
}

/// What is wrong with the names, numbers and lists at the end of a spec.
fn name_faults(spec: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let named = |field: &str, rule: fn(&str) -> Vec<String>, faults: &mut Vec<FieldError>| {
        let name = text(spec, field);
        if !name.is_empty() {
            said(rule(name), name, path.field(field), faults);
        }
    };
    named("serviceAccountName", name::subdomain_faults, faults);
    named("nodeName", name::subdomain_faults, faults);
    super::fault::within(spec, "activeDeadlineSeconds", (1, DEADLINE_MAX), path, faults);
    named("hostname", name::label_faults, faults);
    named("subdomain", name::label_faults, faults);
    scheduling::toleration_faults(spec, &path.field("tolerations"), faults);
    let aliases = path.field("hostAliases");
    for (i, alias) in maps(spec, "hostAliases") {
        let at = aliases.index(i);
        ip::ip_faults(text(alias, "ip"), at.field("ip"), faults);
        let hosts = at.field("hostnames");
        for (j, host) in texts(alias, "hostnames").enumerate() {
            said(name::subdomain_faults(host), host, hosts.index(j), faults);
        }
    }
    named("priorityClassName", name::subdomain_faults, faults);
    if let Some(class) = spec.get("runtimeClassName").and_then(Value::as_str) {
        said(name::subdomain_faults(class), class, path.field("runtimeClassName"), faults);
    }
    if is_set(spec, "preemptionPolicy") {
        let words = ["PreemptLowerPriority", "Never"];
        required_word(spec, "preemptionPolicy", &words, path, faults);
    }
    let overhead = map(spec, "overhead");
    let at = path.field("overhead");
    for (resource, amount) in overhead.into_iter().flatten() {
        let at = at.key(resource);
        resources::name_faults(resource, &at, faults);
        if let Some(amount) = amount.as_str().and_then(Quantity::parse) {
            resources::amount_faults(resource, amount, &at, faults);
        }
    }
    security::os_faults(spec, path, faults);
}

/// What is wrong with the devices a pod claims.
fn claim_faults(spec: &Object, is_mirror: bool, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let mut names = Vec::new();
    for (i, claim) in maps(spec, "resourceClaims") {
        if is_mirror {
            let text = "static pods do not support resource claims";
            faults.push(FieldError::forbidden("", text));
            continue;
        }
        let at = path.index(i);
        let name = text(claim, "name");
        if name.is_empty() {
            faults.push(FieldError::required(at.field("name"), ""));
        } else if names.contains(&name) {
            faults.push(FieldError::duplicate(at.field("name"), name));
        } else {
            said(name::label_faults(name), name, at.field("name"), faults);
            names.push(name);
        }
        let own = claim.get("resourceClaimName").and_then(Value::as_str);
        let template = claim.get("resourceClaimTemplateName").and_then(Value::as_str);
        let shown = || {
            serde_json::json!({
                "Name": name, "ResourceClaimName": own, "ResourceClaimTemplateName": template,
            })
        };
        let fault = match (own, template) {
            (Some(_), Some(_)) => {
                "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            }
            (None, None) => "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`",
            _ => "",
        };
        if !fault.is_empty() {
            faults.push(FieldError::invalid(at, shown(), fault));
        }
        for (field, name) in [("resourceClaimName", own), ("resourceClaimTemplateName", template)] {
            if let Some(name) = name {
                said(name::subdomain_faults(name), name, at.field(field), faults);
            }
        }
    }
}

fn dns_faults(spec: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let config = map(spec, "dnsConfig");
    if text(spec, "dnsPolicy") == "None" {
        if config.is_none() {
            let text = "must provide `dnsConfig` when `dnsPolicy` is None";
            faults.push(FieldError::required(path, text));
            return;
        }
        if config.is_some_and(|config| list(config, "nameservers").is_empty()) {
            let text = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            faults.push(FieldError::required(path.field("nameservers"), text));
            return;
        }
    }
    let Some(config) = config else { return };
    let servers = path.field("nameservers");
    let shown = |field| config.get(field).cloned().unwrap_or_default();
    if list(config, "nameservers").len() > NAME_SERVERS_MAX {
        let text = format!("must not have more than {NAME_SERVERS_MAX} nameservers");
        faults.push(FieldError::invalid(servers, shown("nameservers"), text));
    }
    for (i, server) in texts(config, "nameservers").enumerate() {
        ip::ip_faults(server, servers.index(i), faults);
    }
    let searches = path.field("searches");
    if list(config, "searches").len() > SEARCHES_MAX {
        let text = format!("must not have more than {SEARCHES_MAX} search paths");
        faults.push(FieldError::invalid(searches, shown("searches"), text));
    }
    let letters: usize = texts(config, "searches").map(|search| search.len() + 1).sum();
    if letters > SEARCH_LETTERS_MAX + 1 {
        let text = format!(
            "must not have more than {SEARCH_LETTERS_MAX} characters (including spaces) in the \
             search list"
        );
        faults.push(FieldError::invalid(searches, shown("searches"), text));
    }
    for (i, search) in texts(config, "searches").enumerate().filter(|(_, search)| *search != ".") {
        let search = search.strip_suffix('.').unwrap_or(search);
        said(search_faults(search), search, searches.index(i), faults);
    }
    let options = path.field("options");
    for (i, option) in maps(config, "options") {
        if text(option, "name").is_empty() {
            let at = options.index(i);
            faults.push(FieldError::required(at.field("name"), "must not be empty"));
        }
    }
}

/// What is wrong with a search domain: a DNS subdomain that may hold underscores.
fn search_faults(search: &str) -> Vec<String> {
    let is_end = |byte: Option<u8>| {
        byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let is_part = |part: &str| {
        let part = part.strip_prefix('_').unwrap_or(part);
        is_end(part.bytes().next())
            && is_end(part.bytes().next_back())
            && part.bytes().all(|b| is_end(Some(b)) || matches!(b, b'-' | b'_'))
    };
    let mut faults = Vec::new();
    if search.len() > name::SUBDOMAIN_MAX {
        faults.push(format!("must be no more than {} bytes", name::SUBDOMAIN_MAX));
    }
    if !search.split('.').all(is_part) {
        faults.push(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, \
             '_', '-' or '.', and must start and end with an alphanumeric character (e.g. \
             'example.com', regex used for validation is \
             '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')"
                .to_owned(),
        );
    }
    faults
}

fn host_name_faults(spec: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let Some(name) = spec.get("hostnameOverride").and_then(Value::as_str) else { return };
    let path = path.field("hostnameOverride");
    for field in ["setHostnameAsFQDN", "hostNetwork"] {
        if flag(spec, field) == Some(true) {
            let text = format!("may not be specified when {field} is true");
            faults.push(FieldError::forbidden(path, text));
        }
    }
    if name.len() > HOST_NAME_MAX {
        faults.push(FieldError::too_long(path, HOST_NAME_MAX));
    }
    said(name::subdomain_faults(name), name, path, faults);
}

/// What is wrong with a template of pods: its labels, annotations and spec.
pub(crate) fn template_faults(template: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let empty = Object::new();
    let metadata = map(template, "metadata").unwrap_or(&empty);
    let spec = map(template, "spec").unwrap_or(&empty);
    label::faults(map(metadata, "labels"), &path.field("labels"), faults);
    let annotations = map(metadata, "annotations").unwrap_or(&empty);
    metadata::annotation_faults(Some(annotations), path.field("annotations"), faults);
    annotation_faults(annotations, spec, &path.field("annotations"), faults);
    let spec_path = path.field("spec");
    self::faults(spec, Owner::Template, &spec_path, faults);
    security::match_faults(annotations, spec, &spec_path, faults);
    if !list(spec, "ephemeralContainers").is_empty() {
        let path = spec_path.field("ephemeralContainers");
        faults
            .push(FieldError::forbidden(path, "ephemeral containers not allowed in pod template"));
    }
}

/// What is wrong with the annotations that mean something to pods.
pub(super) fn annotation_faults(
    annotations: &Object,
    spec: &Object,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    const MIRROR: &str = "kubernetes.io/config.mirror";
    const COST: &str = "controller.kubernetes.io/pod-deletion-cost";
    if let Some(value) = annotations.get(MIRROR).and_then(Value::as_str)
        && text(spec, "nodeName").is_empty()
    {
        let text = "must set spec.nodeName if mirror pod annotation is set";
        faults.push(FieldError::invalid(path.key(MIRROR), value, text));
    }
    if let Some(cost) = annotations.get(COST).and_then(Value::as_str) {
        // A leading plus and leading zeros are not the form the value is compared in.
        let is_fine = cost.parse::<i32>().is_ok_and(|number| {
            !cost.starts_with('+')
                && (number == 0 || !cost.trim_start_matches('-').starts_with('0'))
        });
        if !is_fine {
            let text = "must be a 32bit integer";
            faults.push(FieldError::invalid(path.key(COST), cost, text));
        }
    }
    security::annotation_faults(annotations, spec, path, faults);
}

/// A name as warnings show it.
pub(super) fn quoted(name: &str) -> String {
    go_text::quoted(name)
}

/// The seconds a pod may run at most, where it says so.
pub(super) fn deadline(spec: &Object) -> Option<i64> {
    integer(spec, "activeDeadlineSeconds")
}
