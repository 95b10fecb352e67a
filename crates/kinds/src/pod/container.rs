//! What is wrong with containers.

use serde_json::Value;

use super::env::env_faults;
use super::fault::{not_negative, one_of, required, required_word, said};
use super::volume::{Volume, device_faults, mount_faults};
use super::{resources, security};
use crate::path::Path;
use crate::value::{flag, integer, is_set, list, map, maps, text};
use crate::{ErrorType, FieldError, Object, name};

const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];
const PULL_POLICIES: [&str; 3] = ["Always", "IfNotPresent", "Never"];
/// How many rules may say when a container starts again, and how many exit codes each may name.
const RESTART_RULES_MAX: usize = 20;
const EXIT_CODES_MAX: usize = 255;

/// What containers are held against: the rest of their pod.
pub(super) struct Around<'a> {
    pub(super) spec: &'a Object,
    pub(super) volumes: &'a [Volume<'a>],
    pub(super) claims: &'a [&'a str],
}

impl Around<'_> {
    fn grace(&self) -> Option<i64> {
        integer(self.spec, "terminationGracePeriodSeconds")
    }

    fn has_host_users(&self) -> bool {
        flag(self.spec, "hostUsers").unwrap_or(true)
    }
}

/// What is wrong with the containers that make the pod.
pub(super) fn regular_faults(around: &Around<'_>, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let path = path.field("containers");
    if list(around.spec, "containers").is_empty() {
        faults.push(FieldError::required(path, ""));
        return;
    }
    let mut names = Vec::new();
    for (i, container) in maps(around.spec, "containers") {
        let at = path.index(i);
        common_faults(container, around, &at, faults);
        let name = text(container, "name");
        if names.contains(&name) {
            faults.push(FieldError::duplicate(at.field("name"), name));
        }
        names.push(name);
        life_faults(container, around, &at, faults);
        restart_faults(container, &at, faults);
    }
    let mut taken = Vec::new();
    for (i, container) in maps(around.spec, "containers") {
        host_port_faults(container, &mut taken, &path.index(i), faults);
    }
}

/// What is wrong with the containers that run before the others.
pub(super) fn init_faults(around: &Around<'_>, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    const NOT: &str = "may not be set for init containers without restartPolicy=Always";
    let path = path.field("initContainers");
    let mut names: Vec<&str> =
        maps(around.spec, "containers").map(|(_, one)| text(one, "name")).collect();
    for (i, container) in maps(around.spec, "initContainers") {
        let at = path.index(i);
        common_faults(container, around, &at, faults);
        let policy = container.get("restartPolicy").and_then(Value::as_str);
        let rules = list(container, "restartPolicyRules").len();
        if policy != Some("Always") {
            restart_faults(container, &at, faults);
        } else if rules > 0 {
            let text =
                "restartPolicyRules are not allowed for init containers with restart policy Always";
            faults.push(FieldError::forbidden(at.field("restartPolicyRules"), text));
        }
        let name = text(container, "name");
        if names.contains(&name) {
            faults.push(FieldError::duplicate(at.field("name"), name));
        } else if !name.is_empty() {
            names.push(name);
        }
        // Each is held against itself alone: they run one by one. The API counts it as the first.
        host_port_faults(container, &mut Vec::new(), &path.index(0), faults);
        if policy == Some("Always") {
            life_faults(container, around, &at, faults);
            continue;
        }
        for field in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
            if is_set(container, field) {
                faults.push(FieldError::forbidden(at.field(field), NOT));
            }
        }
    }
}

/// What is wrong with the containers added to look into a running pod (KEP-277).
pub(super) fn ephemeral_faults(around: &Around<'_>, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    const NOT: &str = "cannot be set for an Ephemeral Container";
    let path = path.field("ephemeralContainers");
    let others: Vec<&str> = ["containers", "initContainers"]
        .into_iter()
        .flat_map(|field| maps(around.spec, field).map(|(_, one)| text(one, "name")))
        .collect();
    let mut names = others.clone();
    for (i, container) in maps(around.spec, "ephemeralContainers") {
        let at = path.index(i);
        common_faults(container, around, &at, faults);
        image_space_faults(container, &at, faults);
        let name = text(container, "name");
        if names.contains(&name) {
            faults.push(FieldError::duplicate(at.field("name"), name));
        } else {
            names.push(name);
        }
        let target = text(container, "targetContainerName");
        if !target.is_empty() && !others.contains(&target) {
            let path = at.field("targetContainerName");
            faults.push(FieldError::of(ErrorType::NotFound, path, target, ""));
        }
        for field in [
            "ports",
            "resources",
            "resizePolicy",
            "restartPolicy",
            "restartPolicyRules",
            "livenessProbe",
            "readinessProbe",
            "startupProbe",
            "lifecycle",
        ] {
            let stands = match container.get(field) {
                None | Some(Value::Null) => false,
                Some(Value::Array(items)) => !items.is_empty(),
                Some(Value::Object(fields)) => field != "resources" || !fields.is_empty(),
                Some(_) => true,
            };
            if stands {
                faults.push(FieldError::forbidden(at.field(field), NOT));
            }
        }
        let mounts = at.field("volumeMounts");
        for (j, mount) in maps(container, "volumeMounts") {
            for field in ["subPath", "subPathExpr"] {
                if !text(mount, field).is_empty() {
                    let at = mounts.index(j);
                    faults.push(FieldError::forbidden(at.field(field), NOT));
                }
            }
        }
    }
}

/// An image of a pod, unlike one of a template, has no spaces around it.
pub(super) fn image_space_faults(
    container: &Object,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let image = text(container, "image");
    if image.trim() != image {
        let text = "must not have leading or trailing whitespace";
        faults.push(FieldError::invalid(path.field("image"), image, text));
    }
}

fn common_faults(
    container: &Object,
    around: &Around<'_>,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let name = required(container, "name", path, faults);
    if !name.is_empty() {
        said(name::label_faults(name), name, path.field("name"), faults);
    }
    required(container, "image", path, faults);
    let words = ["File", "FallbackToLogsOnError"];
    required_word(container, "terminationMessagePolicy", &words, path, faults);
    port_faults(container, &path.field("ports"), faults);
    env_faults(container, path, faults);
    mount_faults(container, around.volumes, &path.field("volumeMounts"), faults);
    device_faults(container, around.volumes, &path.field("volumeDevices"), faults);
    pull_policy_faults(container, "imagePullPolicy", path, faults);
    if let Some(wanted) = map(container, "resources") {
        resources::container_faults(wanted, around.claims, &path.field("resources"), faults);
    }
    resize_faults(container, around.spec, &path.field("resizePolicy"), faults);
    let path = path.field("securityContext");
    security::container_faults(container, around.has_host_users(), &path, faults);
}

/// What is wrong with when an image is pulled.
pub(super) fn pull_policy_faults(
    object: &Object,
    field: &str,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    required_word(object, field, &PULL_POLICIES, path, faults);
}

fn port_faults(container: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let mut names = Vec::new();
    for (i, port) in maps(container, "ports") {
        let at = path.index(i);
        let name = text(port, "name");
        if !name.is_empty() {
            let texts = name::port_name_faults(name);
            if !texts.is_empty() {
                said(texts, name, at.field("name"), faults);
            } else if names.contains(&name) {
                faults.push(FieldError::duplicate(at.field("name"), name));
            } else {
                names.push(name);
            }
        }
        match integer(port, "containerPort").unwrap_or(0) {
            0 => faults.push(FieldError::required(at.field("containerPort"), "")),
            number => number_faults(number, at.field("containerPort"), faults),
        }
        match integer(port, "hostPort").unwrap_or(0) {
            0 => {}
            number => number_faults(number, at.field("hostPort"), faults),
        }
        required_word(port, "protocol", &PROTOCOLS, &at, faults);
    }
}

fn number_faults(number: i64, path: Path<'_>, faults: &mut Vec<FieldError>) {
    let texts = name::port_number_faults(number);
    faults.extend(texts.into_iter().map(|text| FieldError::invalid(path, number, text)));
}

fn host_port_faults(
    container: &Object,
    taken: &mut Vec<String>,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let ports = path.field("ports");
    for (i, port) in maps(container, "ports") {
        let number = integer(port, "hostPort").unwrap_or(0);
        if number == 0 {
            continue;
        }
        let wanted = format!("{}/{}/{number}", text(port, "protocol"), text(port, "hostIP"));
        if taken.contains(&wanted) {
            let at = ports.index(i);
            faults.push(FieldError::duplicate(at.field("hostPort"), wanted));
        } else {
            taken.push(wanted);
        }
    }
}

/// With the host's network, a port of a container is the host's.
pub(super) fn host_network_faults(
    spec: &Object,
    is_pod: bool,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    if flag(spec, "hostNetwork") != Some(true) {
        return;
    }
    let path = path.field("containers");
    for (i, container) in maps(spec, "containers") {
        let at = path.index(i);
        let ports = at.field("ports");
        for (j, port) in maps(container, "ports") {
            let number = |field| integer(port, field).unwrap_or(0);
            let host = number("hostPort");
            if (is_pod || host != 0) && host != number("containerPort") {
                let at = ports.index(j);
                let text = "must match `containerPort` when `hostNetwork` is true";
                faults.push(FieldError::invalid(at.field("hostPort"), host, text));
            }
        }
    }
}

fn resize_faults(container: &Object, spec: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let mut seen = Vec::new();
    for (i, policy) in maps(container, "resizePolicy") {
        let resource = text(policy, "resourceName");
        if seen.contains(&resource) {
            faults.push(FieldError::duplicate(path.index(i), resource));
        }
        seen.push(resource);
        let restart = text(policy, "restartPolicy");
        let words: [(&str, [&str; 2]); 2] =
            [(resource, ["cpu", "memory"]), (restart, ["NotRequired", "RestartContainer"])];
        for (word, words) in words {
            if word.is_empty() {
                faults.push(FieldError::required(path, ""));
            } else if !words.contains(&word) {
                faults.push(FieldError::unsupported(path, word, &words));
            }
        }
        if text(spec, "restartPolicy") == "Never" && restart != "NotRequired" {
            let text = "must be 'NotRequired' when `restartPolicy` is 'Never'";
            faults.push(FieldError::invalid(path, restart, text));
        }
    }
}

fn restart_faults(container: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let rules = list(container, "restartPolicyRules").len();
    if is_set(container, "restartPolicy") {
        one_of(container, "restartPolicy", &["Always", "Never", "OnFailure"], path, faults);
    } else if rules == 0 {
        return;
    } else {
        let text = "must specify restartPolicy when restart rules are used";
        faults.push(FieldError::required(path.field("restartPolicy"), text));
    }
    let path = path.field("restartPolicyRules");
    if rules > RESTART_RULES_MAX {
        faults.push(FieldError::too_long(path, RESTART_RULES_MAX));
    }
    for (i, rule) in maps(container, "restartPolicyRules") {
        let at = path.index(i);
        let action = text(rule, "action");
        if action != "Restart" {
            faults.push(FieldError::unsupported(at.field("action"), action, &["Restart"]));
        }
        let at = at.field("exitCodes");
        let Some(codes) = map(rule, "exitCodes") else {
            faults.push(FieldError::required(at, "must be specified"));
            continue;
        };
        let operator = text(codes, "operator");
        if !matches!(operator, "In" | "NotIn") {
            let words = ["In", "NotIn"];
            faults.push(FieldError::unsupported(at.field("operator"), operator, &words));
        }
        if list(codes, "values").len() > EXIT_CODES_MAX {
            faults.push(FieldError::too_long(at.field("values"), EXIT_CODES_MAX));
        }
    }
}

/// What is wrong with what is done when a container starts, ends, or is asked how it does.
fn life_faults(
    container: &Object,
    around: &Around<'_>,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    if let Some(lifecycle) = map(container, "lifecycle") {
        let at = path.field("lifecycle");
        for field in ["postStart", "preStop"] {
            if let Some(handler) = map(lifecycle, field) {
                handler_faults(handler, true, around.grace(), &at.field(field), faults);
            }
        }
    }
    for field in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = map(container, field) else { continue };
        let at = path.field(field);
        probe_faults(probe, around.grace(), &at, faults);
        if field == "readinessProbe" {
            if let Some(grace) = integer(probe, "terminationGracePeriodSeconds") {
                let text = "must not be set for readinessProbes";
                let at = at.field("terminationGracePeriodSeconds");
                faults.push(FieldError::invalid(at, grace, text));
            }
        } else {
            let wanted = integer(probe, "successThreshold").unwrap_or(0);
            if wanted != 1 {
                let at = at.field("successThreshold");
                faults.push(FieldError::invalid(at, wanted, "must be 1"));
            }
        }
    }
}

fn probe_faults(probe: &Object, grace: Option<i64>, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    handler_faults(probe, false, grace, path, faults);
    for field in [
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ] {
        not_negative(probe, field, path, faults);
    }
    let grace = integer(probe, "terminationGracePeriodSeconds");
    if let Some(grace) = grace.filter(|grace| *grace <= 0) {
        let at = path.field("terminationGracePeriodSeconds");
        faults.push(FieldError::invalid(at, grace, "must be greater than 0"));
    }
}

fn handler_faults(
    handler: &Object,
    in_lifecycle: bool,
    grace: Option<i64>,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let last = if in_lifecycle { "sleep" } else { "grpc" };
    let mut found = false;
    for field in ["exec", "httpGet", "tcpSocket", last] {
        let Some(action) = map(handler, field) else { continue };
        let at = path.field(field);
        if found {
            faults.push(FieldError::forbidden(at, "may not specify more than 1 handler type"));
            continue;
        }
        found = true;
        match field {
            "exec" if list(action, "command").is_empty() => {
                faults.push(FieldError::required(at.field("command"), ""));
            }
            "httpGet" => http_faults(action, &at, faults),
            "tcpSocket" | "grpc" => port_or_name_faults(action, &at, faults),
            "sleep" => {
                let seconds = integer(action, "seconds").unwrap_or(0);
                if let Some(grace) = grace.filter(|grace| !(0..=*grace).contains(&seconds)) {
                    let text = format!(
                        "must be non-negative and less than terminationGracePeriodSeconds ({grace})"
                    );
                    faults.push(FieldError::invalid(at, seconds, text));
                }
            }
            _ => {}
        }
    }
    if !found {
        faults.push(FieldError::required(path, "must specify a handler type"));
    }
}

fn http_faults(get: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    required(get, "path", path, faults);
    port_or_name_faults(get, path, faults);
    let scheme = text(get, "scheme");
    if !matches!(scheme, "HTTP" | "HTTPS") {
        faults.push(FieldError::unsupported(path.field("scheme"), scheme, &["HTTP", "HTTPS"]));
    }
    for (_, header) in maps(get, "httpHeaders") {
        let name = text(header, "name");
        let is_fine = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_fine {
            let text = "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. \
                        'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";
            faults.push(FieldError::invalid(path.field("httpHeaders"), name, text));
        }
    }
}

fn port_or_name_faults(action: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let at = path.field("port");
    match action.get("port") {
        Some(Value::String(name)) => said(name::port_name_faults(name), name, at, faults),
        port => number_faults(port.and_then(Value::as_i64).unwrap_or(0), at, faults),
    }
}
