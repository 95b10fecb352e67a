//! Whom a pod and its containers run as, and what the kernel lets them do.

use serde_json::Value;

use super::prepare::APP_ARMOR;
use super::spec::containers_of;
use super::volume::descending_path_faults;
use crate::path::Path;
use crate::value::{at, flag, integer, is_set, list, map, maps, text, texts};
use crate::{FieldError, Object, go_text, name};

/// The largest user and group id: what fits a C `int` of 32 bits.
const ID_MAX: i64 = 2_147_483_647;
/// The longest name of a kernel parameter.
const SYSCTL_MAX: usize = 253;
/// `PATH_MAX` less the final zero.
const PROFILE_MAX: usize = 4095;
/// The largest credential spec for a group managed service account, in KiB.
const GMSA_MAX_KIB: usize = 64;
/// The longest domain and user of a Windows user name, as Windows has them.
const WINDOWS_DOMAIN_MAX: usize = 256;
const WINDOWS_USER_MAX: usize = 104;

/// Annotations that named seccomp profiles before there was a field for them.
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// What is wrong with the security context of a pod.
pub(super) fn pod_faults(spec: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let Some(context) = map(spec, "securityContext") else { return };
    let shares_host = |field| flag(spec, field) == Some(true);
    for field in ["fsGroup", "runAsUser", "runAsGroup"] {
        id_faults(integer(context, field), &path.field(field), faults);
    }
    let groups = path.field("supplementalGroups");
    for (i, group) in list(context, "supplementalGroups").iter().enumerate() {
        id_faults(group.as_i64(), &groups.index(i), faults);
    }
    // The API holds the fields that share the host's namespaces in the security context.
    if flag(spec, "shareProcessNamespace") == Some(true) && shares_host("hostPID") {
        let text = "ShareProcessNamespace and HostPID cannot both be enabled";
        faults.push(FieldError::invalid(path.field("shareProcessNamespace"), true, text));
    }
    sysctl_faults(
        context,
        shares_host("hostNetwork"),
        shares_host("hostIPC"),
        &path.field("sysctls"),
        faults,
    );
    choice_faults(context, "fsGroupChangePolicy", &["Always", "OnRootMismatch"], path, faults);
    seccomp_faults(context, path, faults);
    windows_faults(context, path, faults);
    app_armor_faults(context, path, faults);
    choice_faults(context, "supplementalGroupsPolicy", &["Merge", "Strict"], path, faults);
    choice_faults(context, "seLinuxChangePolicy", &["MountOption", "Recursive"], path, faults);
}

/// What is wrong with the security context of a container.
pub(super) fn container_faults(
    container: &Object,
    has_host_users: bool,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let Some(context) = map(container, "securityContext") else { return };
    id_faults(integer(context, "runAsUser"), &path.field("runAsUser"), faults);
    id_faults(integer(context, "runAsGroup"), &path.field("runAsGroup"), faults);
    if let Some(kind) = context.get("procMount").and_then(Value::as_str) {
        let path = path.field("procMount");
        if !matches!(kind, "Default" | "Unmasked") {
            faults.push(FieldError::unsupported(path, kind, &["Default", "Unmasked"]));
        }
        if has_host_users && kind == "Unmasked" {
            let text = "`hostUsers` must be false to use `Unmasked`";
            faults.push(FieldError::invalid(path, kind, text));
        }
    }
    seccomp_faults(context, path, faults);
    if flag(context, "allowPrivilegeEscalation") == Some(false) {
        if flag(context, "privileged") == Some(true) {
            let text = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
            faults.push(FieldError::invalid(path, internal(context), text));
        }
        let added = map(context, "capabilities");
        for _ in added.iter().flat_map(|c| texts(c, "add")).filter(|c| *c == "CAP_SYS_ADMIN") {
            let text = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` \
                        CAP_SYS_ADMIN";
            faults.push(FieldError::invalid(path, internal(context), text));
        }
    }
    windows_faults(context, path, faults);
    app_armor_faults(context, path, faults);
}

/// A security context as the API's error texts show it: the fields of its inner form, all of them.
fn internal(context: &Object) -> Value {
    const FIELDS: [(&str, &str); 13] = [
        ("Capabilities", "capabilities"),
        ("Privileged", "privileged"),
        ("SELinuxOptions", "seLinuxOptions"),
        ("WindowsOptions", "windowsOptions"),
        ("RunAsUser", "runAsUser"),
        ("RunAsGroup", "runAsGroup"),
        ("RunAsNonRoot", "runAsNonRoot"),
        ("ReadOnlyRootFilesystem", "readOnlyRootFilesystem"),
        ("AllowPrivilegeEscalation", "allowPrivilegeEscalation"),
        ("ProcMount", "procMount"),
        ("SeccompProfile", "seccompProfile"),
        ("AppArmorProfile", "appArmorProfile"),
        ("", ""),
    ];
    /// The inner name, that of the API, and whether an absent one is an empty text.
    type Part = (&'static str, &'static str, bool);
    const INNER: [(&str, &[Part]); 5] = [
        ("capabilities", &[("Add", "add", false), ("Drop", "drop", false)]),
        (
            "seLinuxOptions",
            &[
                ("User", "user", true),
                ("Role", "role", true),
                ("Type", "type", true),
                ("Level", "level", true),
            ],
        ),
        (
            "windowsOptions",
            &[
                ("GMSACredentialSpecName", "gmsaCredentialSpecName", false),
                ("GMSACredentialSpec", "gmsaCredentialSpec", false),
                ("RunAsUserName", "runAsUserName", false),
                ("HostProcess", "hostProcess", false),
            ],
        ),
        (
            "seccompProfile",
            &[("Type", "type", true), ("LocalhostProfile", "localhostProfile", false)],
        ),
        (
            "appArmorProfile",
            &[("Type", "type", true), ("LocalhostProfile", "localhostProfile", false)],
        ),
    ];
    let mut shown = Object::new();
    for (name, field) in FIELDS.into_iter().filter(|(name, _)| !name.is_empty()) {
        let value = context.get(field).cloned().unwrap_or(Value::Null);
        let inner = INNER.iter().find(|(one, _)| *one == field);
        let value = match (inner, &value) {
            (Some((_, fields)), Value::Object(value)) => {
                let fields = fields.iter().map(|(name, field, is_text)| {
                    let zero = if *is_text { Value::from("") } else { Value::Null };
                    ((*name).to_owned(), value.get(*field).cloned().unwrap_or(zero))
                });
                Value::Object(fields.collect())
            }
            _ => value,
        };
        shown.insert(name.to_owned(), value);
    }
    shown.into()
}

fn id_faults(id: Option<i64>, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    if let Some(id) = id.filter(|id| !(0..=ID_MAX).contains(id)) {
        let text = format!("must be between 0 and {ID_MAX}, inclusive");
        faults.push(FieldError::invalid(path, id, text));
    }
}

/// A field that holds one of a few words, or nothing.
fn choice_faults(
    object: &Object,
    field: &str,
    words: &[&str],
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    if let Some(word) = object.get(field).and_then(Value::as_str)
        && !words.contains(&word)
    {
        faults.push(FieldError::unsupported(path.field(field), word, words));
    }
}

fn sysctl_faults(
    context: &Object,
    has_host_network: bool,
    has_host_ipc: bool,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let mut seen = Vec::new();
    for (i, sysctl) in maps(context, "sysctls") {
        let path = path.index(i);
        let path = path.field("name");
        let name = text(sysctl, "name");
        if name.is_empty() {
            faults.push(FieldError::required(path, ""));
        } else if !is_sysctl(name) {
            let text = format!(
                "must have at most {SYSCTL_MAX} characters and match regex \
                 ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
            );
            faults.push(FieldError::invalid(path, name, text));
        } else if seen.contains(&name) {
            faults.push(FieldError::duplicate(path, name));
        }
        let shared = match sysctl_namespace(name) {
            Some("net") if has_host_network => Some("hostNetwork"),
            Some("ipc") if has_host_ipc => Some("hostIPC"),
            _ => None,
        };
        if let Some(shared) = shared {
            let text = format!("may not be specified when '{shared}' is true");
            faults.push(FieldError::invalid(path, name, text));
        }
        seen.push(name);
    }
}

fn is_sysctl(name: &str) -> bool {
    let is_end = |byte: Option<u8>| {
        byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    name.len() <= SYSCTL_MAX
        && name.split(['.', '/']).all(|part| {
            is_end(part.bytes().next())
                && is_end(part.bytes().next_back())
                && part.bytes().all(|b| is_end(Some(b)) || matches!(b, b'-' | b'_'))
        })
}

/// The kernel namespace a parameter belongs to, if the API knows it.
fn sysctl_namespace(name: &str) -> Option<&'static str> {
    // A slash first means that slashes part the name, and dots belong to it.
    let first = name.find(['.', '/']).and_then(|at| name.as_bytes().get(at));
    let name = if first == Some(&b'/') {
        name.chars()
            .map(|c| {
                if c == '/' {
                    '.'
                } else if c == '.' {
                    '/'
                } else {
                    c
                }
            })
            .collect()
    } else {
        name.to_owned()
    };
    let ipc = ["kernel.shm", "kernel.msg", "fs.mqueue."];
    if name == "kernel.sem" || ipc.iter().any(|prefix| name.starts_with(prefix)) {
        Some("ipc")
    } else if name.starts_with("net.") {
        Some("net")
    } else {
        None
    }
}

fn seccomp_faults(context: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    const KINDS: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];
    let Some(profile) = map(context, "seccompProfile") else { return };
    let path = path.field("seccompProfile");
    let kind = text(profile, "type");
    if kind.is_empty() {
        let text = "type is required when seccompProfile is set";
        faults.push(FieldError::required(path.field("type"), text));
    } else if !KINDS.contains(&kind) {
        faults.push(FieldError::unsupported(path.field("type"), kind, &KINDS));
    }
    let local = path.field("localhostProfile");
    match (kind == "Localhost", profile.get("localhostProfile").and_then(Value::as_str)) {
        (true, None) => {
            let text = "must be set when seccomp type is Localhost";
            faults.push(FieldError::required(local, text));
        }
        (true, Some(file)) => descending_path_faults(file, &local, faults),
        (false, Some(file)) => {
            let shown = serde_json::json!({"Type": kind, "LocalhostProfile": file});
            let text = "can only be set when seccomp type is Localhost";
            faults.push(FieldError::invalid(local, shown, text));
        }
        (false, None) => {}
    }
}

fn app_armor_faults(context: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    const KINDS: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];
    const MUST: &str = "must be set when AppArmor type is Localhost";
    let Some(profile) = map(context, "appArmorProfile") else { return };
    let path = path.field("appArmorProfile");
    let local_path = path.field("localhostProfile");
    let local = profile.get("localhostProfile").and_then(Value::as_str);
    match (text(profile, "type"), local) {
        ("Localhost", None) => faults.push(FieldError::required(local_path, MUST)),
        ("Localhost", Some(name)) => {
            if name.trim() != name {
                let text = "must not be padded with whitespace";
                faults.push(FieldError::invalid(local_path, name, text));
            } else if name.is_empty() {
                faults.push(FieldError::required(local_path, MUST));
            }
            if name.len() > PROFILE_MAX {
                faults.push(FieldError::too_long(local_path, PROFILE_MAX));
            }
        }
        ("RuntimeDefault" | "Unconfined", Some(name)) => {
            let text = "can only be set when AppArmor type is Localhost";
            faults.push(FieldError::invalid(local_path, name, text));
        }
        ("RuntimeDefault" | "Unconfined", None) => {}
        ("", _) => {
            let text = "type is required when appArmorProfile is set";
            faults.push(FieldError::required(path.field("type"), text));
        }
        (other, _) => faults.push(FieldError::unsupported(path.field("type"), other, &KINDS)),
    }
}

/// Whether the field would take a profile.
pub(super) fn is_app_armor_fine(profile: &Value) -> bool {
    let mut context = Object::new();
    context.insert("appArmorProfile".to_owned(), profile.clone());
    let mut faults = Vec::new();
    app_armor_faults(&context, &Path::root(""), &mut faults);
    faults.is_empty()
}

fn windows_faults(context: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let Some(options) = map(context, "windowsOptions") else { return };
    let path = path.field("windowsOptions");
    if let Some(named) = options.get("gmsaCredentialSpecName").and_then(Value::as_str) {
        let path = path.field("gmsaCredentialSpecName");
        let texts = name::subdomain_faults(named);
        faults.extend(texts.into_iter().map(|text| FieldError::invalid(path, named, text)));
    }
    if let Some(spec) = options.get("gmsaCredentialSpec").and_then(Value::as_str) {
        let path = path.field("gmsaCredentialSpec");
        if spec.is_empty() {
            let text = "gmsaCredentialSpec cannot be an empty string";
            faults.push(FieldError::invalid(path, spec, text));
        } else if spec.len() > GMSA_MAX_KIB * 1024 {
            let text = format!("gmsaCredentialSpec size must be under {GMSA_MAX_KIB} KiB");
            faults.push(FieldError::invalid(path, spec, text));
        }
    }
    if let Some(user) = options.get("runAsUserName").and_then(Value::as_str) {
        let path = path.field("runAsUserName");
        let texts = windows_user_faults(user);
        faults.extend(texts.into_iter().map(|text| FieldError::invalid(path, user, text)));
    }
}

/// What is wrong with a Windows user, `DOMAIN\USER` or `USER`.
fn windows_user_faults(name: &str) -> Vec<String> {
    const TAKEN: [char; 16] =
        ['"', '/', '\\', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@', '[', ']'];
    let (domain, user) = match name.split_once('\\') {
        Some((domain, user)) => (Some(domain), user),
        None => (None, name),
    };
    if name.is_empty() {
        return vec!["runAsUserName cannot be an empty string".to_owned()];
    }
    if name.bytes().any(|byte| byte.is_ascii_control()) {
        return vec!["runAsUserName cannot contain control characters".to_owned()];
    }
    if user.contains('\\') {
        return vec!["runAsUserName cannot contain more than one backslash".to_owned()];
    }
    let mut faults = Vec::new();
    if let Some(domain) = domain {
        if domain.len() >= WINDOWS_DOMAIN_MAX {
            faults.push(format!(
                "runAsUserName's Domain length must be under {WINDOWS_DOMAIN_MAX} characters"
            ));
        }
        if !is_windows_domain(domain) {
            let text = "runAsUserName's Domain doesn't match the NetBios nor the DNS format";
            faults.push(text.to_owned());
        }
    }
    if user.is_empty() {
        faults.push("runAsUserName's User cannot be empty".to_owned());
    } else if user.len() > WINDOWS_USER_MAX {
        faults.push(format!(
            "runAsUserName's User length must not be longer than {WINDOWS_USER_MAX} characters"
        ));
    }
    if !user.is_empty() && user.chars().all(|c| matches!(c, '.' | ' ')) {
        faults.push("runAsUserName's User cannot contain only periods or spaces".to_owned());
    }
    if user.contains(TAKEN) {
        faults.push(
            "runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]"
                .to_owned(),
        );
    }
    faults
}

fn is_windows_domain(domain: &str) -> bool {
    const TAKEN: [char; 9] = ['\\', '/', ':', '*', '?', '"', '<', '>', '|'];
    let length = domain.chars().count();
    let is_net_bios =
        (1..=15).contains(&length) && !domain.starts_with('.') && !domain.contains(TAKEN);
    let is_end = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let is_dns = domain.split('.').all(|part| {
        part.len() <= 63
            && is_end(part.bytes().next())
            && is_end(part.bytes().next_back())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    });
    is_net_bios || is_dns
}

/// If one container of a Windows pod is a process of the host, all are, and the pod has its network.
pub(super) fn host_process_faults(spec: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let wanted = |holder: &Object| {
        at(holder, &["securityContext", "windowsOptions", "hostProcess"]).and_then(Value::as_bool)
    };
    let own = wanted(spec);
    let (mut containers, mut processes) = (0, 0);
    for (list, i, container) in containers_of(spec) {
        containers += 1;
        let asked = wanted(container);
        if let (Some(own), Some(asked)) = (own, asked)
            && own != asked
        {
            let text =
                format!("pod hostProcess value must be identical if both are specified, was {own}");
            let path = path.field(list);
            let path = path.index(i);
            let path = path.field("securityContext.windowsOptions.hostProcess");
            faults.push(FieldError::invalid(path, asked, text));
        }
        processes += usize::from(asked.or(own) == Some(true));
    }
    if processes == 0 {
        return;
    }
    if processes != containers {
        let text = "If pod contains any hostProcess containers then all containers must be \
                    HostProcess containers";
        faults.push(FieldError::invalid(path, "", text));
    }
    if flag(spec, "hostNetwork") != Some(true) {
        let text = "hostNetwork must be true if pod contains any hostProcess containers";
        faults.push(FieldError::invalid(path.field("hostNetwork"), false, text));
    }
}

/// A pod with user namespaces of its own shares none of the host's other namespaces.
pub(super) fn host_users_faults(spec: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    const WHEN: &str = "when `hostUsers` is false";
    if flag(spec, "hostUsers") != Some(false) {
        return;
    }
    for (field, shown) in
        [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")]
    {
        if flag(spec, field) == Some(true) {
            faults.push(FieldError::forbidden(path.field(shown), WHEN));
        }
    }
    for (list_name, i, container) in containers_of(spec) {
        if !list(container, "volumeDevices").is_empty() {
            let path = path.field(list_name);
            let path = path.index(i);
            faults.push(FieldError::forbidden(path.field("volumeDevices"), WHEN));
        }
    }
}

/// What is wrong with the operating system a pod names, and what it may then not ask for.
pub(super) fn os_faults(spec: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let Some(os) = map(spec, "os") else { return };
    match text(os, "name") {
        "" => {
            let path = path.field("os");
            faults.push(FieldError::required(path.field("name"), ""));
        }
        "linux" => {
            let text = "windows options cannot be set for a linux pod";
            forbid(spec, &["windowsOptions"], &[], text, path, faults);
        }
        "windows" => {
            let text = "cannot be set for a windows pod";
            not_for_windows(spec, text, path, faults);
        }
        other => {
            faults.push(FieldError::unsupported(path.field("os"), other, &["linux", "windows"]));
        }
    }
}

fn not_for_windows(spec: &Object, text: &str, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    // Which fields a Windows pod may not have, in the order they are looked at: those of the pod's
    // security context and, with a dot before them, those of the pod itself.
    const POD: [&str; 15] = [
        "appArmorProfile",
        "seLinuxOptions",
        ".hostUsers",
        ".hostPID",
        ".hostIPC",
        "seccompProfile",
        "fsGroup",
        "fsGroupChangePolicy",
        "sysctls",
        ".shareProcessNamespace",
        "runAsUser",
        "runAsGroup",
        "supplementalGroups",
        "supplementalGroupsPolicy",
        "seLinuxChangePolicy",
    ];
    const CONTAINER: [&str; 10] = [
        "appArmorProfile",
        "seLinuxOptions",
        "seccompProfile",
        "capabilities",
        "readOnlyRootFilesystem",
        "privileged",
        "allowPrivilegeEscalation",
        "procMount",
        "runAsUser",
        "runAsGroup",
    ];
    forbid(spec, &POD, &CONTAINER, text, path, faults);
}

fn forbid(
    spec: &Object,
    of_pod: &[&str],
    of_containers: &[&str],
    text: &str,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let stands = |object: &Object, field: &str| match object.get(field) {
        None | Some(Value::Null | Value::Bool(false)) if field.starts_with("host") => {
            field == "hostUsers" && is_set(object, field)
        }
        Some(Value::Array(items)) => !items.is_empty(),
        value => value.is_some_and(|value| !value.is_null()),
    };
    let context_path = path.field("securityContext");
    let context = map(spec, "securityContext");
    for field in of_pod {
        match field.strip_prefix('.') {
            Some(field) if stands(spec, field) => {
                faults.push(FieldError::forbidden(path.field(field), text));
            }
            None if context.is_some_and(|context| stands(context, field)) => {
                faults.push(FieldError::forbidden(context_path.field(field), text));
            }
            _ => {}
        }
    }
    let of_containers = if of_containers.is_empty() { of_pod } else { of_containers };
    for (list, i, container) in containers_of(spec) {
        let Some(context) = map(container, "securityContext") else { continue };
        let path = path.field(list);
        let path = path.index(i);
        let path = path.field("securityContext");
        for field in of_containers.iter().filter(|field| stands(context, field)) {
            faults.push(FieldError::forbidden(path.field(field), text));
        }
    }
}

/// What is wrong with the annotations that named profiles before there were fields for them.
pub(super) fn annotation_faults(
    annotations: &Object,
    spec: &Object,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let named = || annotations.iter().filter_map(|(key, value)| Some((key, value.as_str()?)));
    if let Some(profile) = annotations.get(SECCOMP_POD).and_then(Value::as_str) {
        seccomp_name_faults(profile, &path.field(SECCOMP_POD), faults);
    }
    for (key, profile) in named().filter(|(key, _)| key.starts_with(SECCOMP_CONTAINER)) {
        seccomp_name_faults(profile, &path.field(key), faults);
    }
    for (key, profile) in named() {
        let Some(container) = key.strip_prefix(APP_ARMOR) else { continue };
        if !containers_of(spec).any(|(_, _, one)| text(one, "name") == container) {
            faults.push(FieldError::invalid(path.key(key), container, "container not found"));
        }
        let is_known = matches!(profile, "" | "runtime/default" | "unconfined");
        if !is_known && !profile.starts_with("localhost/") {
            let text = format!("invalid AppArmor profile name: {}", go_text::quoted(profile));
            faults.push(FieldError::invalid(path.key(key), profile, text));
        }
    }
}

fn seccomp_name_faults(profile: &str, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    if matches!(profile, "runtime/default" | "docker/default" | "unconfined") {
        return;
    }
    match profile.strip_prefix("localhost/") {
        Some(file) => descending_path_faults(file, path, faults),
        None => faults.push(FieldError::invalid(path, profile, "must be a valid seccomp profile")),
    }
}

/// A profile that stands both in an annotation and in a field must be the same one.
pub(super) fn match_faults(
    annotations: &Object,
    spec: &Object,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let profile = |holder, field| -> Option<&Object> {
        at(holder, &["securityContext", field]).and_then(Value::as_object)
    };
    let annotation = |key: &str| annotations.get(key).and_then(Value::as_str);
    if let (Some(field), Some(named)) = (profile(spec, "seccompProfile"), annotation(SECCOMP_POD)) {
        let path = path.field("securityContext");
        pair_faults("seccomp", named, field, &path.field("seccompProfile"), faults);
    }
    for (list, i, container) in containers_of(spec) {
        let key = format!("{SECCOMP_CONTAINER}{}", text(container, "name"));
        if let (Some(field), Some(named)) = (profile(container, "seccompProfile"), annotation(&key))
        {
            let path = path.field(list);
            let path = path.index(i);
            let path = path.field("securityContext");
            pair_faults("seccomp", named, field, &path.field("seccompProfile"), faults);
        }
    }
    if map(spec, "os").is_some_and(|os| text(os, "name") == "windows") {
        return;
    }
    let own = profile(spec, "appArmorProfile");
    for (list, i, container) in containers_of(spec) {
        let key = format!("{APP_ARMOR}{}", text(container, "name"));
        if let (Some(field), Some(named)) =
            (profile(container, "appArmorProfile").or(own), annotation(&key))
        {
            let path = path.field(list);
            let path = path.index(i);
            let path = path.field("securityContext");
            pair_faults("apparmor", named, field, &path.field("appArmorProfile"), faults);
        }
    }
}

fn pair_faults(
    what: &str,
    named: &str,
    field: &Object,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let kind_differs = match text(field, "type") {
        "Unconfined" => named != "unconfined",
        "RuntimeDefault" => {
            named != "runtime/default" && !(what == "seccomp" && named == "docker/default")
        }
        "Localhost" => !named.starts_with("localhost/"),
        _ => return,
    };
    if kind_differs {
        let text = format!("{what} type in annotation and field must match");
        faults.push(FieldError::forbidden(path.field("type"), text));
    } else if let Some(name) = named.strip_prefix("localhost/")
        && field.get("localhostProfile").and_then(Value::as_str) != Some(name)
    {
        let text = format!("{what} profile in annotation and field must match");
        faults.push(FieldError::forbidden(path.field("localhostProfile"), text));
    }
}

/// What is wise to know of annotations that have no effect any more.
pub(super) fn annotation_warnings(
    annotations: &Object,
    spec: &Object,
    prefix: &str,
    is_template: bool,
    warnings: &mut Vec<String>,
) {
    let has = |holder: &Object, field: &str| at(holder, &["securityContext", field]).is_some();
    if !has(spec, "seccompProfile") && annotations.contains_key(SECCOMP_POD) {
        warnings.push(format!(
            "{prefix}metadata.annotations[{SECCOMP_POD}]: non-functional in v1.27+; use the \
             \"seccompProfile\" field instead"
        ));
    }
    for (_, _, container) in containers_of(spec) {
        let key = format!("{SECCOMP_CONTAINER}{}", text(container, "name"));
        if !has(container, "seccompProfile") && annotations.contains_key(&key) {
            warnings.push(format!(
                "{prefix}metadata.annotations[{key}]: non-functional in v1.27+; use the \
                 \"seccompProfile\" field instead"
            ));
        }
    }
    app_armor_warnings(annotations, spec, prefix, is_template, warnings);
}

/// What is wise to know of annotations that name AppArmor profiles.
pub(super) fn app_armor_warnings(
    annotations: &Object,
    spec: &Object,
    prefix: &str,
    is_template: bool,
    warnings: &mut Vec<String>,
) {
    let own = at(spec, &["securityContext", "appArmorProfile"]);
    for (_, _, container) in containers_of(spec) {
        let key = format!("{APP_ARMOR}{}", text(container, "name"));
        let Some(named) = annotations.get(&key).and_then(Value::as_str) else { continue };
        let profile = super::prepare::profile_of(named);
        // A pod's annotation has been written into the field by now, a template's has not.
        let has_field = at(container, &["securityContext", "appArmorProfile"]).is_some();
        let is_own = profile.is_some() && profile.as_ref() == own;
        if !is_own && (!is_template || !has_field) {
            warnings.push(format!(
                "{prefix}metadata.annotations[{key}]: deprecated since v1.30; use the \
                 \"appArmorProfile\" field instead"
            ));
        }
    }
}
