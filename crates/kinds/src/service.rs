//! Services: how they are filled in, held to and shown, and the cluster addresses and node ports they
//! take.
//!
//! The server calls, between preparing and validating a service, [`wanted`] and [`take`]: which
//! addresses and ports it asks for, and which of those are free. What a stored service holds says
//! [`held`].

mod allocate;
mod family;
mod rule;

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use crate::path::Path;
use crate::value::{
    copy, default_text, default_value, flag, integer, is_set, list, map, map_mut, map_or_new, maps,
    maps_mut, remove, same, text, texts,
};
use crate::{FieldError, Kind, Object, age, ip, label, metadata, name};

pub use allocate::{Held, InUse, Pools, Refusal, Wanted, held, take, wanted};

/// How long a client of one address stays with one pod, in seconds.
const STICKY_SECONDS: i32 = 10800;
const SPEC: Path<'static> = Path::root("spec");

/// `services`.
pub(crate) static SERVICE: Service = Service::Main;
static STATUS: Service = Service::Status;

/// A Service, or its status written on its own.
pub(crate) enum Service {
    Main,
    Status,
}

impl Kind for Service {
    fn default(&self, object: &mut Object) {
        let Some(spec) = map_or_new(object, "spec") else { return };
        for port in maps_mut(spec, "ports") {
            default_text(port, "protocol", "TCP");
            let is_none = match port.get("targetPort") {
                None | Some(Value::Null) => true,
                Some(Value::String(name)) => name.is_empty(),
                Some(number) => number.as_i64() == Some(0),
            };
            if is_none {
                let number = integer(port, "port").unwrap_or(0);
                port.insert("targetPort".to_owned(), number.into());
            }
        }
        default_text(spec, "type", "ClusterIP");
        default_affinity(spec);
        if is_exposed(spec) {
            default_text(spec, "externalTrafficPolicy", "Cluster");
        }
        if matches!(text(spec, "type"), "NodePort" | "LoadBalancer" | "ClusterIP") {
            default_value(spec, "internalTrafficPolicy", "Cluster");
        }
        if text(spec, "type") != "LoadBalancer" {
            return;
        }
        default_value(spec, "allocateLoadBalancerNodePorts", true);
        let balancer = map_mut(object, "status").and_then(|one| map_mut(one, "loadBalancer"));
        for ingress in balancer.into_iter().flat_map(|balancer| maps_mut(balancer, "ingress")) {
            if !text(ingress, "ip").is_empty() {
                default_value(ingress, "ipMode", "VIP");
            }
        }
    }

    fn prepare_create(&self, object: &mut Object) {
        object.insert("status".to_owned(), json!({"loadBalancer": {}}));
        let Some(spec) = map_or_new(object, "spec") else { return };
        let address = text(spec, "clusterIP").to_owned();
        if !address.is_empty() && list(spec, "clusterIPs").is_empty() {
            spec.insert("clusterIPs".to_owned(), json!([address]));
        }
        family::fill(spec, None);
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        let none = Object::new();
        let before = map(old, "spec").unwrap_or(&none);
        if matches!(self, Self::Status) {
            copy(object, old, "spec");
            return;
        }
        copy(object, old, "status");
        let Some(spec) = map_or_new(object, "spec") else { return };
        keep_allocated(spec, before);
        join_addresses(spec, before);
        family::fill(spec, Some(before));
        drop_outlived(spec, before);
        if text(spec, "type") != "LoadBalancer"
            && let Some(status) = map_or_new(object, "status")
        {
            status.insert("loadBalancer".to_owned(), json!({}));
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        rule::faults(object, None)
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        if matches!(self, Self::Status) {
            metadata::change_faults(self, object, old, &mut faults);
            rule::status_faults(object, old, &mut faults);
            return faults;
        }
        // These are found while addresses are given out, before anything else is looked at.
        faults = rule::family_faults(object, Some(old));
        if faults.is_empty() {
            metadata::change_faults(self, object, old, &mut faults);
            rule::change_faults(object, old, &mut faults);
            faults.append(&mut rule::faults(object, Some(old)));
        }
        faults
    }

    fn warnings(&self, object: &Object, _old: Option<&Object>) -> Vec<String> {
        rule::warnings(object, matches!(self, Self::Status))
    }

    fn selectable(&self, object: &Object, label: &str) -> Option<String> {
        let field = match label {
            "spec.clusterIP" => "clusterIP",
            "spec.type" => "type",
            _ => return None,
        };
        Some(map(object, "spec").map_or("", |spec| text(spec, field)).to_owned())
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        const NONE: &str = "<none>";
        let none = Object::new();
        let [metadata, spec, status] =
            ["metadata", "spec", "status"].map(|field| map(object, field).unwrap_or(&none));
        let ports: Vec<String> = maps(spec, "ports").map(|(_, port)| port_text(port)).collect();
        Some(vec![
            text(metadata, "name").into(),
            text(spec, "type").into(),
            texts(spec, "clusterIPs").next().unwrap_or(NONE).into(),
            outside(spec, status).into(),
            if ports.is_empty() { NONE.into() } else { ports.join(",").into() },
            age::of(object, now).into(),
            label::map_text(map(spec, "selector")).into(),
        ])
    }

    fn creates_on_update(&self) -> bool {
        true
    }

    fn name_faults(&self, name: &str) -> Vec<String> {
        name::label_1035_faults(name)
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        (name == "status").then_some(&STATUS as _)
    }
}

fn default_affinity(spec: &mut Object) {
    default_text(spec, "sessionAffinity", "None");
    match text(spec, "sessionAffinity") {
        "None" => _ = remove(spec, "sessionAffinityConfig"),
        "ClientIP" => {
            let seconds = map(spec, "sessionAffinityConfig")
                .and_then(|config| map(config, "clientIP"))
                .is_some_and(|client| is_set(client, "timeoutSeconds"));
            if !seconds {
                let config = json!({"clientIP": {"timeoutSeconds": STICKY_SECONDS}});
                spec.insert("sessionAffinityConfig".to_owned(), config);
            }
        }
        _ => {}
    }
}

/// Whether clients outside the cluster can reach a service.
fn is_exposed(spec: &Object) -> bool {
    matches!(text(spec, "type"), "LoadBalancer" | "NodePort")
        || (text(spec, "type") == "ClusterIP" && !list(spec, "externalIPs").is_empty())
}

fn has_address(spec: &Object) -> bool {
    text(spec, "type") != "ExternalName"
}

fn has_node_ports(spec: &Object) -> bool {
    matches!(text(spec, "type"), "NodePort" | "LoadBalancer")
}

/// Whether nodes are asked for the health of a service at a port of its own.
fn has_health_port(spec: &Object) -> bool {
    text(spec, "type") == "LoadBalancer" && text(spec, "externalTrafficPolicy") == "Local"
}

fn is_headless(spec: &Object) -> bool {
    let mut addresses = texts(spec, "clusterIPs");
    addresses.next() == Some("None") && addresses.next().is_none()
}

fn node_ports(spec: &Object) -> Vec<i64> {
    maps(spec, "ports")
        .filter_map(|(_, port)| integer(port, "nodePort"))
        .filter(|port| *port != 0)
        .collect()
}

/// What was given out and the client did not repeat stays.
fn keep_allocated(spec: &mut Object, before: &Object) {
    if has_address(before) && has_address(spec) {
        if text(spec, "clusterIP").is_empty() {
            copy(spec, before, "clusterIP");
        }
        if list(spec, "clusterIPs").is_empty() {
            copy(spec, before, "clusterIPs");
        }
    }
    if has_node_ports(before) && has_node_ports(spec) {
        let now = node_ports(spec);
        let used: Vec<i64> =
            node_ports(before).into_iter().filter(|port| now.contains(port)).collect();
        for port in maps_mut(spec, "ports") {
            if integer(port, "nodePort").unwrap_or(0) != 0 {
                continue;
            }
            let name = text(port, "name");
            let old = maps(before, "ports").filter(|(_, old)| text(old, "name") == name).last();
            let number = old.and_then(|(_, old)| integer(old, "nodePort")).unwrap_or(0);
            if number != 0 && !used.contains(&number) {
                port.insert("nodePort".to_owned(), number.into());
            }
        }
    }
    if has_health_port(before)
        && has_health_port(spec)
        && integer(spec, "healthCheckNodePort").unwrap_or(0) == 0
    {
        copy(spec, before, "healthCheckNodePort");
    }
}

/// A client that knows one of `clusterIP` and `clusterIPs` means both.
fn join_addresses(spec: &mut Object, before: &Object) {
    let [now, then] = [&*spec, before].map(|spec| text(spec, "clusterIP").to_owned());
    if list(spec, "clusterIPs").is_empty() && now == then {
        copy(spec, before, "clusterIPs");
    }
    if now == then || !same(spec.get("clusterIPs"), before.get("clusterIPs")) {
        return;
    }
    if now.is_empty() {
        remove(spec, "clusterIPs");
    } else {
        spec.insert("clusterIPs".to_owned(), json!([now]));
    }
}

/// What a service of this type no longer needs goes, unless the client changed it as well: then the
/// rules refuse it.
fn drop_outlived(spec: &mut Object, before: &Object) {
    let is_same = |spec: &Object, field: &str| same(spec.get(field), before.get(field));
    if has_address(before) && !has_address(spec) {
        let addresses = ["clusterIP", "clusterIPs"];
        if addresses.iter().all(|field| is_same(spec, field)) {
            addresses.iter().for_each(|field| _ = remove(spec, field));
        }
        for field in ["ipFamilies", "ipFamilyPolicy"] {
            if is_same(spec, field) {
                remove(spec, field);
            }
        }
        // It means nothing without an address; the API leaves it out of what it shows.
        if is_same(spec, "internalTrafficPolicy") {
            remove(spec, "internalTrafficPolicy");
        }
    }
    let known = node_ports(before);
    if has_node_ports(before)
        && !has_node_ports(spec)
        && node_ports(spec).iter().all(|port| known.contains(port))
    {
        maps_mut(spec, "ports").for_each(|port| _ = remove(port, "nodePort"));
    }
    let mut outlived = vec![];
    if has_health_port(before) && !has_health_port(spec) {
        outlived.push("healthCheckNodePort");
    }
    if text(before, "type") == "LoadBalancer" && text(spec, "type") != "LoadBalancer" {
        outlived.extend(["allocateLoadBalancerNodePorts", "loadBalancerClass"]);
    }
    if is_exposed(before) && !is_exposed(spec) {
        outlived.push("externalTrafficPolicy");
    }
    for field in outlived {
        if is_same(spec, field) {
            remove(spec, field);
        }
    }
}

fn port_text(port: &Object) -> String {
    let number = integer(port, "port").unwrap_or(0);
    let protocol = text(port, "protocol");
    match integer(port, "nodePort") {
        Some(node @ 1..) => format!("{number}:{node}/{protocol}"),
        _ => format!("{number}/{protocol}"),
    }
}

/// Where a service is reached from outside.
fn outside(spec: &Object, status: &Object) -> String {
    let given: Vec<&str> = texts(spec, "externalIPs").collect();
    match text(spec, "type") {
        "ClusterIP" | "NodePort" if given.is_empty() => "<none>".to_owned(),
        "ClusterIP" | "NodePort" => given.join(","),
        "ExternalName" => text(spec, "externalName").to_owned(),
        "LoadBalancer" => {
            let mut found: Vec<&str> = map(status, "loadBalancer")
                .into_iter()
                .flat_map(|balancer| maps(balancer, "ingress"))
                .map(|(_, ingress)| match text(ingress, "ip") {
                    "" => text(ingress, "hostname"),
                    address => address,
                })
                .filter(|place| !place.is_empty())
                .collect();
            found.sort_unstable();
            found.dedup();
            found.extend(given);
            if found.is_empty() { "<pending>".to_owned() } else { found.join(",") }
        }
        _ => "<unknown>".to_owned(),
    }
}

/// Whether node ports are given out for a service.
fn takes_node_ports(spec: &Object) -> bool {
    match text(spec, "type") {
        "NodePort" => true,
        "LoadBalancer" => flag(spec, "allocateLoadBalancerNodePorts").unwrap_or(true),
        _ => false,
    }
}

/// The family of an address, as services name it.
fn family_of(address: &str) -> &'static str {
    match ip::parse_ip(address) {
        Some(address) if address.is_ipv6() => "IPv6",
        _ => "IPv4",
    }
}
