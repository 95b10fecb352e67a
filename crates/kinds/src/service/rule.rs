//! What is wrong with a service, a change of it and its status.

use serde_json::{Value, json};

use super::{SPEC, family, family_of, has_health_port, is_exposed, is_headless};
use crate::path::Path;
use crate::pod::fault::{one_of, required_word, said};
use crate::value::{at, integer, is_set, list, map, maps, same, text, texts};
use crate::{FieldError, Object, ip, label, name};

const FAMILIES: [&str; 2] = ["IPv4", "IPv6"];
const POLICIES: [&str; 3] = ["PreferDualStack", "RequireDualStack", "SingleStack"];
const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];
/// The longest a client may stay with one pod, in seconds: a day.
const STICKY_SECONDS_MAX: i64 = 86400;
const HINTS: &str = "service.kubernetes.io/topology-aware-hints";
const MODE: &str = "service.kubernetes.io/topology-mode";
const RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";

/// What is wrong with the families and addresses; found before anything else is looked at.
pub(super) fn family_faults(object: &Object, old: Option<&Object>) -> Vec<FieldError> {
    let none = Object::new();
    let spec = map(object, "spec").unwrap_or(&none);
    family::faults(spec, old.and_then(|old| map(old, "spec")))
}

/// Everything that is wrong with a service beside its metadata.
pub(super) fn faults(object: &Object, old: Option<&Object>) -> Vec<FieldError> {
    let mut faults = family_faults(object, old);
    if !faults.is_empty() {
        return faults;
    }
    let none = Object::new();
    let spec = map(object, "spec").unwrap_or(&none);
    let kind = text(spec, "type");
    topology_faults(object, &mut faults);
    if list(spec, "ports").is_empty() && !is_headless(spec) && kind != "ExternalName" {
        faults.push(FieldError::required(SPEC.field("ports"), ""));
    }
    type_faults(spec, &mut faults);
    port_faults(spec, &mut faults);
    label::faults(map(spec, "selector"), &SPEC.field("selector"), &mut faults);
    affinity_faults(spec, &mut faults);
    external_faults(spec, old, &mut faults);
    let kinds = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    required_word(spec, "type", &kinds, &SPEC, &mut faults);
    repeated_faults(spec, &mut faults);
    source_range_faults(object, spec, old, &mut faults);
    if kind != "LoadBalancer" && is_set(spec, "allocateLoadBalancerNodePorts") {
        let text = "may only be used when `type` is 'LoadBalancer'";
        faults.push(FieldError::forbidden(SPEC.field("allocateLoadBalancerNodePorts"), text));
    }
    if kind == "LoadBalancer" && !is_set(spec, "allocateLoadBalancerNodePorts") {
        faults.push(FieldError::required("allocateLoadBalancerNodePorts", ""));
    }
    class_faults(spec, &mut faults);
    traffic_faults(spec, &mut faults);
    faults
}

fn topology_faults(object: &Object, faults: &mut Vec<FieldError>) {
    let value = |key| at(object, &["metadata", "annotations", key]).and_then(Value::as_str);
    if let (Some(mode), Some(hints)) = (value(MODE), value(HINTS))
        && mode != hints
    {
        let text = format!("must match annotations[{HINTS}] when both are specified");
        let path = Path::root("metadata.annotations");
        faults.push(FieldError::invalid(path.key(MODE), mode, text));
    }
}

fn type_faults(spec: &Object, faults: &mut Vec<FieldError>) {
    let kind = text(spec, "type");
    match kind {
        "LoadBalancer" | "NodePort" if is_headless(spec) => {
            let path = SPEC.field("clusterIPs");
            let text = format!("may not be set to 'None' for {kind} services");
            faults.push(FieldError::invalid(path.index(0), "None", text));
        }
        "ExternalName" => {
            for field in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
                let stands = match spec.get(field) {
                    None | Some(Value::Null) => false,
                    Some(Value::Array(items)) => !items.is_empty(),
                    Some(_) => true,
                };
                if stands {
                    let text = "may not be set for ExternalName services";
                    faults.push(FieldError::forbidden(SPEC.field(field), text));
                }
            }
            let path = SPEC.field("externalName");
            let alias = text(spec, "externalName");
            match alias.strip_suffix('.').unwrap_or(alias) {
                "" => faults.push(FieldError::required(path, "")),
                alias => said(name::subdomain_faults(alias), alias, path, faults),
            }
        }
        _ => {}
    }
}

fn port_faults(spec: &Object, faults: &mut Vec<FieldError>) {
    let path = SPEC.field("ports");
    let needs_names = list(spec, "ports").len() > 1;
    let mut names = Vec::new();
    for (i, port) in maps(spec, "ports") {
        let at = path.index(i);
        let own = text(port, "name");
        if own.is_empty() {
            if needs_names {
                faults.push(FieldError::required(at.field("name"), ""));
            }
        } else {
            said(name::label_faults(own), own, at.field("name"), faults);
            if names.contains(&own) {
                faults.push(FieldError::duplicate(at.field("name"), own));
            } else {
                names.push(own);
            }
        }
        number_faults(integer(port, "port").unwrap_or(0), at.field("port"), faults);
        required_word(port, "protocol", &PROTOCOLS, &at, faults);
        match port.get("targetPort") {
            Some(Value::String(target)) => {
                said(name::port_name_faults(target), target, at.field("targetPort"), faults);
            }
            target => {
                let number = target.and_then(Value::as_i64).unwrap_or(0);
                number_faults(number, at.field("targetPort"), faults);
            }
        }
        if let Some(protocol) = port.get("appProtocol").and_then(Value::as_str) {
            said(name::qualified_faults(protocol), protocol, at.field("appProtocol"), faults);
        }
    }
}

fn number_faults(number: i64, path: Path<'_>, faults: &mut Vec<FieldError>) {
    let texts = name::port_number_faults(number);
    faults.extend(texts.into_iter().map(|text| FieldError::invalid(path, number, text)));
}

fn affinity_faults(spec: &Object, faults: &mut Vec<FieldError>) {
    required_word(spec, "sessionAffinity", &["ClientIP", "None"], &SPEC, faults);
    let path = SPEC.field("sessionAffinityConfig");
    let config = map(spec, "sessionAffinityConfig");
    match text(spec, "sessionAffinity") {
        "None" if config.is_some() => {
            let text = "must not be set when session affinity is None";
            faults.push(FieldError::forbidden(path, text));
        }
        "ClientIP" => {
            const WHEN: &str = "when session affinity type is ClientIP";
            let client_path = path.field("clientIP");
            let client = config.and_then(|config| map(config, "clientIP"));
            let seconds = client.and_then(|client| integer(client, "timeoutSeconds"));
            match (config, client, seconds) {
                (None, ..) => faults.push(FieldError::required(path, WHEN)),
                (_, None, _) => faults.push(FieldError::required(client_path, WHEN)),
                (.., None) => {
                    faults.push(FieldError::required(client_path.field("timeoutSeconds"), WHEN));
                }
                (.., Some(seconds)) if !(1..=STICKY_SECONDS_MAX).contains(&seconds) => {
                    let text = format!("must be greater than 0 and less than {STICKY_SECONDS_MAX}");
                    let path = client_path.field("timeoutSeconds");
                    faults.push(FieldError::invalid(path, seconds, text));
                }
                _ => {}
            }
        }
        _ => {}
    }
}

/// What is wrong with cluster addresses and their families on their own.
pub(super) fn address_faults(spec: &Object, before: Option<&Object>, faults: &mut Vec<FieldError>) {
    let path = SPEC.field("clusterIPs");
    let shown = || spec.get("clusterIPs").cloned().unwrap_or_else(|| json!([]));
    let addresses: Vec<&str> = texts(spec, "clusterIPs").collect();
    match (text(spec, "clusterIP"), addresses.first()) {
        ("", Some(_)) => {
            let text = "must be empty when `clusterIP` is not specified";
            faults.push(FieldError::invalid(path, shown(), text));
        }
        ("", None) => {}
        (_, None) => faults.push(FieldError::required(path, "")),
        (one, Some(first)) if one != *first => {
            let text = "first value must match `clusterIP`";
            faults.push(FieldError::invalid(path, shown(), text));
        }
        _ => {}
    }
    let families: Vec<&str> = texts(spec, "ipFamilies").collect();
    let families_path = SPEC.field("ipFamilies");
    for (i, family) in families.iter().enumerate() {
        if !FAMILIES.contains(family) {
            faults.push(FieldError::unsupported(families_path.index(i), *family, &FAMILIES));
        }
        if families.iter().take(i).any(|other| other == family) {
            faults.push(FieldError::duplicate(families_path.index(i), *family));
        }
    }
    one_of(spec, "ipFamilyPolicy", &POLICIES, &SPEC, faults);
    let known: Vec<&str> =
        before.into_iter().flat_map(|before| texts(before, "clusterIPs")).collect();
    let before_addresses = faults.len();
    for (i, address) in addresses.iter().enumerate() {
        if i == 0 && *address == "None" {
            if addresses.len() > 1 {
                let text = "'None' must be the first and only value";
                faults.push(FieldError::invalid(path, shown(), text));
            }
        } else if !known.contains(address) {
            ip::ip_faults(address, path.index(i), faults);
        }
    }
    let is_sound = faults.len() == before_addresses;
    if addresses.len() > 2 {
        let text = "may only hold up to 2 values";
        faults.push(FieldError::invalid(path, shown(), text));
    }
    if !is_sound {
        return;
    }
    let has = |family| addresses.iter().any(|address| family_of(address) == family);
    if addresses.len() > 1 && !(has("IPv4") && has("IPv6")) {
        let text = "may specify no more than one IP for each IP family";
        faults.push(FieldError::invalid(path, shown(), text));
    }
    if is_headless(spec) {
        return;
    }
    for (i, (address, family)) in addresses.iter().zip(&families).enumerate() {
        if FAMILIES.contains(family) && family_of(address) != *family {
            let text = format!("expected an {family} value as indicated by `ipFamilies[{i}]`");
            faults.push(FieldError::invalid(path.index(i), *address, text));
        }
    }
}

fn external_faults(spec: &Object, old: Option<&Object>, faults: &mut Vec<FieldError>) {
    let path = SPEC.field("externalIPs");
    let before = old.and_then(|old| map(old, "spec"));
    let known: Vec<&str> =
        before.into_iter().flat_map(|before| texts(before, "externalIPs")).collect();
    for (i, address) in texts(spec, "externalIPs").enumerate() {
        let at = path.index(i);
        let Some(parsed) = ip::parse_ip(address) else {
            if !known.contains(&address) {
                ip::ip_faults(address, at, faults);
            }
            continue;
        };
        let is_local = match parsed {
            std::net::IpAddr::V4(one) => {
                (one.is_link_local(), one.octets().starts_with(&[224, 0, 0]))
            }
            std::net::IpAddr::V6(one) => {
                let [first, ..] = one.segments();
                (first & 0xffc0 == 0xfe80, first & 0xff0f == 0xff02)
            }
        };
        let checks = [
            (parsed.is_unspecified(), format!("may not be unspecified ({address})")),
            (
                parsed.is_loopback(),
                "may not be in the loopback range (127.0.0.0/8, ::1/128)".to_owned(),
            ),
            (
                is_local.0,
                "may not be in the link-local range (169.254.0.0/16, fe80::/10)".to_owned(),
            ),
            (
                is_local.1,
                "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)".to_owned(),
            ),
        ];
        for (_, text) in checks.into_iter().filter(|(is_special, _)| *is_special) {
            faults.push(FieldError::invalid(at, address, text));
        }
    }
}

fn repeated_faults(spec: &Object, faults: &mut Vec<FieldError>) {
    let path = SPEC.field("ports");
    let number = |port: &Object, field: &str| integer(port, field).unwrap_or(0);
    if text(spec, "type") == "ClusterIP" {
        for (i, _) in maps(spec, "ports").filter(|(_, port)| number(port, "nodePort") != 0) {
            let at = path.index(i);
            let text = "may not be used when `type` is 'ClusterIP'";
            faults.push(FieldError::forbidden(at.field("nodePort"), text));
        }
    }
    let is_again = |i: usize, port: &Object, field: &str| {
        maps(spec, "ports").take_while(|(j, _)| *j < i).any(|(_, other)| {
            number(other, field) == number(port, field)
                && text(other, "protocol") == text(port, "protocol")
        })
    };
    for (i, port) in maps(spec, "ports").filter(|(_, port)| number(port, "nodePort") != 0) {
        if is_again(i, port, "nodePort") {
            let at = path.index(i);
            faults.push(FieldError::duplicate(at.field("nodePort"), number(port, "nodePort")));
        }
    }
    for (i, port) in maps(spec, "ports").filter(|(i, port)| is_again(*i, port, "port")) {
        let shown = json!({
            "Name": "",
            "Protocol": text(port, "protocol"),
            "AppProtocol": null,
            "Port": number(port, "port"),
            "TargetPort": 0,
            "NodePort": 0,
        });
        faults.push(FieldError::duplicate(path.index(i), shown));
    }
}

fn source_range_faults(
    object: &Object,
    spec: &Object,
    old: Option<&Object>,
    faults: &mut Vec<FieldError>,
) {
    const ONLY: &str = "may only be used when `type` is 'LoadBalancer'";
    let is_balancer = text(spec, "type") == "LoadBalancer";
    if !list(spec, "loadBalancerSourceRanges").is_empty() {
        // The API spells the field with a capital here.
        let path = SPEC.field("LoadBalancerSourceRanges");
        if !is_balancer {
            faults.push(FieldError::forbidden(path, ONLY));
        }
        let before = old.and_then(|old| map(old, "spec"));
        let known: Vec<&str> = before
            .into_iter()
            .flat_map(|before| texts(before, "loadBalancerSourceRanges"))
            .map(str::trim)
            .collect();
        for (i, range) in texts(spec, "loadBalancerSourceRanges").map(str::trim).enumerate() {
            if !known.contains(&range) {
                ip::cidr_faults(range, path.index(i), faults);
            }
        }
        return;
    }
    let ranges = |object| at(object, &["metadata", "annotations", RANGES]).and_then(Value::as_str);
    let Some(value) = ranges(object) else { return };
    let annotations = Path::root("metadata.annotations");
    let path = annotations.key(RANGES);
    if !is_balancer {
        faults.push(FieldError::forbidden(path, ONLY));
    }
    if old.and_then(ranges) != Some(value) && !value.trim().is_empty() {
        for range in value.trim().split(',') {
            ip::cidr_faults(range.trim(), path, faults);
        }
    }
}

fn class_faults(spec: &Object, faults: &mut Vec<FieldError>) {
    let Some(class) = spec.get("loadBalancerClass").and_then(Value::as_str) else { return };
    let path = SPEC.field("loadBalancerClass");
    if text(spec, "type") == "LoadBalancer" {
        said(name::qualified_faults(class), class, path, faults);
    } else {
        let text = "may only be used when `type` is 'LoadBalancer'";
        faults.push(FieldError::forbidden(path, text));
    }
}

fn traffic_faults(spec: &Object, faults: &mut Vec<FieldError>) {
    let path = SPEC.field("externalTrafficPolicy");
    let policy = text(spec, "externalTrafficPolicy");
    if is_exposed(spec) {
        required_word(spec, "externalTrafficPolicy", &["Cluster", "Local"], &SPEC, faults);
    } else if !policy.is_empty() {
        let text = "may only be set for externally-accessible services";
        faults.push(FieldError::invalid(path, policy, text));
    }
    let path = SPEC.field("healthCheckNodePort");
    match (has_health_port(spec), integer(spec, "healthCheckNodePort").unwrap_or(0)) {
        (true, 0) => faults.push(FieldError::required(path, "")),
        (true, port) => number_faults(port, path, faults),
        (false, 0) => {}
        (false, port) => {
            let text = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` \
                        is 'Local'";
            faults.push(FieldError::invalid(path, port, text));
        }
    }
    let has_address = matches!(text(spec, "type"), "NodePort" | "LoadBalancer" | "ClusterIP");
    if has_address && !is_set(spec, "internalTrafficPolicy") {
        faults.push(FieldError::required(SPEC.field("internalTrafficPolicy"), ""));
    }
    one_of(spec, "internalTrafficPolicy", &["Cluster", "Local"], &SPEC, faults);
    let ways = ["PreferClose", "PreferSameZone", "PreferSameNode"];
    one_of(spec, "trafficDistribution", &ways, &SPEC, faults);
}

/// What is wrong with the change of a service: what was given out stays.
pub(super) fn change_faults(object: &Object, old: &Object, faults: &mut Vec<FieldError>) {
    let none = Object::new();
    let [spec, before] = [object, old].map(|one| map(one, "spec").unwrap_or(&none));
    let is_alias = |spec| text(spec, "type") == "ExternalName";
    let [headless, was_headless] = [spec, before].map(is_headless);
    if !is_alias(spec) && !is_alias(before) {
        if !(headless && was_headless) {
            list_change_faults(spec, before, "clusterIPs", "clusterIP", faults);
        }
        if !headless && !was_headless {
            list_change_faults(spec, before, "ipFamilies", "ipFamily", faults);
        }
    }
    let is_balancer = |spec| text(spec, "type") == "LoadBalancer";
    if is_balancer(spec)
        && is_balancer(before)
        && !same(spec.get("loadBalancerClass"), before.get("loadBalancerClass"))
    {
        let shown = spec.get("loadBalancerClass").cloned().unwrap_or(Value::Null);
        let path = SPEC.field("loadBalancerClass");
        faults.push(FieldError::invalid(path, shown, "may not change once set"));
    }
    class_faults(spec, faults);
    if has_health_port(before)
        && has_health_port(spec)
        && !same(spec.get("healthCheckNodePort"), before.get("healthCheckNodePort"))
    {
        let path = SPEC.field("healthCheckNodePort");
        faults.push(FieldError::forbidden(path, "field is immutable"));
    }
}

fn list_change_faults(
    spec: &Object,
    before: &Object,
    field: &str,
    what: &str,
    faults: &mut Vec<FieldError>,
) {
    const ONCE: &str = "may not change once set";
    let path = SPEC.field(field);
    let now: Vec<&str> = texts(spec, field).collect();
    let then: Vec<&str> = texts(before, field).collect();
    let shown = || spec.get(field).cloned().unwrap_or(Value::Null);
    if now.len() == then.len() {
        for (i, _) in now.iter().zip(&then).enumerate().filter(|(_, (now, then))| now != then) {
            // A family is reported at the first place whichever it is.
            let place = if field == "ipFamilies" { 0 } else { i };
            faults.push(FieldError::invalid(path.index(place), shown(), ONCE));
        }
        return;
    }
    if let (Some(now), Some(then)) = (now.first(), then.first())
        && now != then
    {
        faults.push(FieldError::invalid(path.index(0), shown(), ONCE));
    }
    if now.len() > then.len() {
        return;
    }
    if now.is_empty() {
        let text = format!("primary {what} can not be unset");
        faults.push(FieldError::invalid(path.index(0), shown(), text));
    }
    let policy = text(spec, "ipFamilyPolicy");
    if now.len() == 1 && policy != "SingleStack" {
        let text = format!("must be set to 'SingleStack' when releasing the secondary {what}");
        faults.push(FieldError::invalid(SPEC.field("ipFamilyPolicy"), policy, text));
    }
}

/// What is wrong with where a load balancer says it is.
pub(super) fn status_faults(object: &Object, old: &Object, faults: &mut Vec<FieldError>) {
    let balancer = |object| at(object, &["status", "loadBalancer"]).and_then(Value::as_object);
    let Some(status) = balancer(object) else { return };
    let path = Path::root("status.loadBalancer.ingress");
    let is_balancer = map(object, "spec").is_some_and(|spec| text(spec, "type") == "LoadBalancer");
    if !is_balancer && !list(status, "ingress").is_empty() {
        let text = "may only be used when `spec.type` is 'LoadBalancer'";
        faults.push(FieldError::forbidden(path, text));
        return;
    }
    let known: Vec<&str> = balancer(old)
        .into_iter()
        .flat_map(|before| maps(before, "ingress"))
        .map(|(_, ingress)| text(ingress, "ip"))
        .collect();
    for (i, ingress) in maps(status, "ingress") {
        let at = path.index(i);
        let address = text(ingress, "ip");
        if !address.is_empty() && !known.contains(&address) {
            ip::ip_faults(address, at.field("ip"), faults);
        }
        let mode_path = at.field("ipMode");
        match (ingress.get("ipMode").and_then(Value::as_str), address) {
            (None, "") => {}
            (None, _) => {
                let text = "must be specified when `ip` is set";
                faults.push(FieldError::required(mode_path, text));
            }
            (Some(_), "") => {
                let text = "may not be specified when `ip` is not set";
                faults.push(FieldError::forbidden(mode_path, text));
            }
            (Some(_), _) => one_of(ingress, "ipMode", &["Proxy", "VIP"], &at, faults),
        }
        let host = text(ingress, "hostname");
        if !host.is_empty() {
            said(name::subdomain_faults(host), host, at.field("hostname"), faults);
            if ip::parse_ip(host).is_some() {
                let text = "must be a DNS name, not an IP address";
                faults.push(FieldError::invalid(at.field("hostname"), host, text));
            }
        }
    }
}

/// What is accepted of a service, or of its status, and yet warned of.
pub(super) fn warnings(object: &Object, is_status: bool) -> Vec<String> {
    let none = Object::new();
    let mut warnings = Vec::new();
    let spec = map(object, "spec").unwrap_or(&none);
    if is_status {
        let balancer = at(object, &["status", "loadBalancer"]).and_then(Value::as_object);
        let path = Path::root("status.loadBalancer.ingress");
        for (i, ingress) in balancer.into_iter().flat_map(|one| maps(one, "ingress")) {
            ip::ip_warnings(text(ingress, "ip"), path.index(i), &mut warnings);
        }
        return warnings;
    }
    let kind = text(spec, "type");
    if at(object, &["metadata", "annotations", HINTS]).is_some() {
        warnings.push(format!("annotation {HINTS} is deprecated, please use {MODE} instead"));
    }
    let headless = kind == "ClusterIP" && text(spec, "clusterIP") == "None";
    if !headless && !text(spec, "clusterIP").is_empty() {
        let path = SPEC.field("clusterIPs");
        for (i, address) in texts(spec, "clusterIPs").enumerate() {
            ip::ip_warnings(address, path.index(i), &mut warnings);
        }
    }
    if headless {
        for (is_there, field) in [
            (!text(spec, "loadBalancerIP").is_empty(), "loadBalancerIP"),
            (!list(spec, "externalIPs").is_empty(), "externalIPs"),
            (text(spec, "sessionAffinity") != "None", "SessionAffinity"),
        ] {
            if is_there {
                warnings.push(format!("spec.{field} is ignored for headless services"));
            }
        }
    }
    let path = SPEC.field("externalIPs");
    for (i, address) in texts(spec, "externalIPs").enumerate() {
        ip::ip_warnings(address, path.index(i), &mut warnings);
    }
    ip::ip_warnings(text(spec, "loadBalancerIP"), SPEC.field("loadBalancerIP"), &mut warnings);
    let path = SPEC.field("loadBalancerSourceRanges");
    for (i, range) in texts(spec, "loadBalancerSourceRanges").enumerate() {
        ip::cidr_warnings(range, path.index(i), &mut warnings);
    }
    if kind == "ExternalName" && !list(spec, "externalIPs").is_empty() {
        let text = "spec.externalIPs is ignored when spec.type is \"ExternalName\"";
        warnings.push(text.to_owned());
    }
    if kind != "ExternalName" && !text(spec, "externalName").is_empty() {
        let text = "spec.externalName is ignored when spec.type is not \"ExternalName\"";
        warnings.push(text.to_owned());
    }
    if text(spec, "trafficDistribution") == "PreferClose" {
        let text =
            "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"";
        warnings.push(text.to_owned());
    }
    warnings
}
