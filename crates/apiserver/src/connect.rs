//! What is asked of what runs: the log of a container, a way into it, and requests passed on to it.
//!
//! There are no kubelets behind this server. Everything is judged as the original judges it before it
//! turns to one, so that who asks the wrong thing is told what is wrong with it.

use std::net::IpAddr;

use portcullis_kinds::{FieldError, Object};
use portcullis_schema::api;
use serde_json::Value;

use crate::answer::{Answer, Document};
use crate::ask::{Ask, Target, namespace_of};
use crate::backend::Backend;
use crate::request_info::Query;
use crate::server::Server;
use crate::status::Status;

/// The lists of containers in a pod, in the order in which they are told.
const CONTAINERS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// Numbers of the options of a log, and the least that each may be.
const LEAST: [(&str, i64, &str); 3] = [
    ("tailLines", 0, "must be greater than or equal to 0"),
    ("sinceSeconds", 1, "must be greater than 0"),
    ("limitBytes", 1, "must be greater than 0"),
];

impl<B: Backend> Server<B> {
    /// `log`, `exec`, `attach` or `portforward` of a pod.
    pub(crate) fn connect(&self, ask: &Ask, target: Target, part: &str) -> Result<Answer, Status> {
        let name = ask.info.name.as_str();
        let pod = self.found(target.resource, namespace_of(&ask.info, target.resource), name)?;
        if part == "log" {
            log_options(&ask.info.query, name)?;
        }
        if part != "portforward" {
            let asked = ask.info.query.first("container").unwrap_or_default();
            container(&pod, name, asked)?;
        }
        let spec = pod.get("spec");
        let node = spec.and_then(|spec| spec.get("nodeName")).and_then(Value::as_str);
        let Some(node) = node.filter(|node| !node.is_empty()) else {
            if part == "log" {
                // What has not run has written nothing.
                return Ok(Answer::Document(Document::text(204, "")));
            }
            return Err(Status::bad_request(format!("pod {name} does not have a host assigned")));
        };
        let nodes = api::resource("", "v1", "nodes");
        if nodes.is_none_or(|nodes| self.found(nodes, "", node).is_err()) {
            return Err(Status::not_found(target.resource, node));
        }
        Err(Status::not_implemented(target.resource, part))
    }

    /// `proxy` of a pod, service or node: refused for what the original refuses before it turns to an address.
    pub(crate) fn proxy(&self, ask: &Ask, target: Target) -> Result<Answer, Status> {
        let resource = target.resource;
        let asked = ask.info.name.as_str();
        let Some((name, port)) = name_and_port(asked) else {
            let what = resource.singular;
            let asked = Value::from(asked);
            return Err(Status::bad_request(format!("invalid {what} request {asked}")));
        };
        let namespace = namespace_of(&ask.info, resource);
        let object = self.found(resource, namespace, name)?;
        match resource.plural {
            "services" => self.endpoints(&object, namespace, name, port)?,
            "nodes" => allowed(&node_address(&object)?)?,
            _ => allowed(pod_address(&object))?,
        }
        Err(Status::not_implemented(resource, "proxy"))
    }

    /// Whether a service has endpoints to be turned to.
    fn endpoints(
        &self,
        service: &Object,
        namespace: &str,
        name: &str,
        port: &str,
    ) -> Result<(), Status> {
        let shown = Value::from(name);
        if let Ok(number) = port.parse::<i64>()
            && !listed(service, "spec", "ports")
                .any(|one| one.get("port").and_then(Value::as_i64) == Some(number))
        {
            let why = format!("no service port {number} found for service {shown}");
            return Err(Status::unavailable(why));
        }
        let services = api::resource("", "v1", "services");
        let endpoints = api::resource("", "v1", "endpoints");
        let (Some(services), Some(endpoints)) = (services, endpoints) else {
            return Err(Status::internal("the resource endpoints is unknown"));
        };
        let held = self.found(endpoints, namespace, name);
        // The original speaks of the service, whichever of the two is missing.
        let held = held.map_err(|_| Status::not_found(services, name))?;
        let some = held.get("subsets").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
        if some {
            return Ok(());
        }
        Err(Status::unavailable(format!("no endpoints available for service {shown}")))
    }
}

/// The name and the port of `name`, `name:port` or `scheme:name:port`.
fn name_and_port(asked: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = asked.split(':').collect();
    let (scheme, name, port) = match parts.as_slice() {
        [name] => ("", *name, ""),
        [name, port] => ("", *name, *port),
        [scheme, name, port] => (*scheme, *name, *port),
        _ => return None,
    };
    (!name.is_empty() && matches!(scheme, "" | "http" | "https")).then_some((name, port))
}

/// The items of a list in a part of an object.
fn listed<'o>(object: &'o Object, part: &str, list: &str) -> impl Iterator<Item = &'o Value> {
    let held = object.get(part).and_then(|part| part.get(list)).and_then(Value::as_array);
    held.into_iter().flatten()
}

fn pod_address(pod: &Object) -> &str {
    let status = pod.get("status");
    let first = listed(pod, "status", "podIPs").next().and_then(|one| one.get("ip"));
    let only = || status.and_then(|status| status.get("podIP"));
    first.or_else(only).and_then(Value::as_str).unwrap_or_default()
}

/// The address at which a node is turned to: the first of the sort that is liked best.
fn node_address(node: &Object) -> Result<String, Status> {
    const LIKED: [&str; 5] = ["Hostname", "InternalDNS", "InternalIP", "ExternalDNS", "ExternalIP"];
    let of_sort = |sort: &&str| {
        let mut addresses = listed(node, "status", "addresses");
        let found = addresses.find(|one| one.get("type").and_then(Value::as_str) == Some(sort))?;
        Some(found.get("address")?.as_str()?.to_owned())
    };
    LIKED
        .iter()
        .find_map(of_sort)
        .ok_or_else(|| Status::unclassified("no preferred addresses found; known addresses: []"))
}

/// Refuses what leads to this machine or to its neighbours. Names are not looked up.
fn allowed(address: &str) -> Result<(), Status> {
    let refused = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => {
            ip.is_unspecified()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_multicast()
                || ip.is_broadcast()
        }
        Ok(IpAddr::V6(ip)) => {
            ip.is_unspecified()
                || ip.is_loopback()
                || ip.is_unicast_link_local()
                || ip.is_multicast()
        }
        Err(_) => address.is_empty(),
    };
    if refused { Err(Status::bad_request("address not allowed")) } else { Ok(()) }
}

/// Refuses options of a log that say nothing.
fn log_options(query: &Query, pod: &str) -> Result<(), Status> {
    let given = |field: &str| query.first(field).filter(|text| !text.is_empty());
    let mut faults = Vec::new();
    for (field, least, detail) in LEAST {
        let Some(text) = given(field) else { continue };
        let number: i64 = text.parse().map_err(|_| {
            let text = Value::from(text);
            Status::bad_request(format!("strconv.ParseInt: parsing {text}: invalid syntax"))
        })?;
        if number < least {
            faults.push(FieldError::invalid(field, number, detail));
        }
    }
    if given("sinceSeconds").is_some() && given("sinceTime").is_some() {
        let detail = "at most one of `sinceTime` or `sinceSeconds` may be specified";
        faults.push(FieldError::forbidden("", detail));
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(Status::invalid("", "PodLogOptions", pod, &faults))
}

/// Whether it is clear which container is meant: the one that is named, or the only one.
fn container(pod: &Object, name: &str, asked: &str) -> Result<(), Status> {
    let names = |list: &str| {
        let listed = pod.get("spec").and_then(|spec| spec.get(list)).and_then(Value::as_array);
        let each = listed.into_iter().flatten();
        each.filter_map(|one| one.get("name").and_then(Value::as_str)).collect::<Vec<&str>>()
    };
    let all: Vec<&str> = CONTAINERS.into_iter().flat_map(names).collect();
    if !asked.is_empty() {
        if all.contains(&asked) {
            return Ok(());
        }
        let why = format!("container {asked} is not valid for pod {name}");
        return Err(Status::bad_request(why));
    }
    let missing = format!("a container name must be specified for pod {name}");
    match names("containers").len() {
        1 => Ok(()),
        0 => Err(Status::bad_request(missing)),
        _ => Err(Status::bad_request(format!("{missing}, choose one of: [{}]", all.join(" ")))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_container_is_named_or_the_only_one() {
        let pod = |init: &[&str], main: &[&str]| {
            let list = |names: &[&str]| -> Value {
                names.iter().map(|name| json!({"name": name})).collect()
            };
            let pod = json!({"spec": {"initContainers": list(init), "containers": list(main)}});
            pod.as_object().cloned().unwrap_or_default()
        };
        let missing = "a container name must be specified for pod p";
        let many = format!("{missing}, choose one of: [i c d]");
        for (init, main, asked, want) in [
            (&["i"][..], &["c"][..], "", None),
            (&["i"], &["c", "d"], "i", None),
            (&["i"], &["c", "d"], "d", None),
            (&["i"], &["c", "d"], "", Some(many.as_str())),
            (&["i"], &["c"], "x", Some("container x is not valid for pod p")),
            (&[], &[], "", Some(missing)),
        ] {
            let refused = container(&pod(init, main), "p", asked).err();
            let got = refused.as_ref().map(|status| status.message.as_str());
            assert_eq!(got, want, "{init:?} {main:?} {asked}");
        }
    }

    #[test]
    fn what_is_turned_to_is_named_with_its_port() {
        for (asked, want) in [
            ("p", Some(("p", ""))),
            ("p:80", Some(("p", "80"))),
            ("https:p:web", Some(("p", "web"))),
            (":p:", Some(("p", ""))),
            ("ftp:p:21", None),
            (":80", None),
            ("a:b:c:d", None),
        ] {
            assert_eq!(name_and_port(asked), want, "{asked}");
        }
    }

    #[test]
    fn this_machine_and_its_neighbours_are_not_turned_to() {
        for (address, may) in [
            ("10.0.0.7", true),
            ("fd00::7", true),
            ("node-1.example", true),
            ("", false),
            ("127.0.0.1", false),
            ("::1", false),
            ("0.0.0.0", false),
            ("169.254.169.254", false),
            ("fe80::1", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
        ] {
            assert_eq!(allowed(address).is_ok(), may, "{address}");
        }
        let node = json!({"status": {"addresses": [
            {"type": "ExternalIP", "address": "203.0.113.1"},
            {"type": "InternalIP", "address": "10.0.0.1"},
        ]}});
        let node = node.as_object().cloned().unwrap_or_default();
        assert_eq!(node_address(&node).ok().as_deref(), Some("10.0.0.1"));
        let unknown = node_address(&Object::new()).err();
        assert_eq!(unknown.map(|status| (status.code, status.reason)), Some((500, "")));
        let pod = json!({"status": {"podIP": "10.1.0.1", "podIPs": [{"ip": "10.1.0.1"}]}});
        assert_eq!(pod_address(pod.as_object().unwrap_or(&Object::new())), "10.1.0.1");
    }

    #[test]
    fn options_of_a_log_say_something() {
        let not_positive = "must be greater than 0";
        for (query, want) in [
            ("", None),
            ("tailLines=0&sinceSeconds=1&limitBytes=1&follow=maybe", None),
            ("tailLines=", None),
            (
                "tailLines=-1",
                Some("tailLines: Invalid value: -1: must be greater than or equal to 0"),
            ),
            ("sinceSeconds=0", Some(not_positive)),
            ("limitBytes=0", Some(not_positive)),
            ("sinceSeconds=1&sinceTime=2026-11-21T12:00:00Z", Some("at most one of")),
            ("tailLines=x", Some("strconv.ParseInt: parsing \"x\": invalid syntax")),
        ] {
            let refused = log_options(&Query::parse(query), "p").err();
            let got = refused.as_ref().map(|status| status.message.as_str());
            match want {
                None => assert_eq!(got, None, "{query}"),
                Some(want) => {
                    assert!(got.is_some_and(|got| got.contains(want)), "{query}: {got:?}")
                }
            }
        }
    }
}
