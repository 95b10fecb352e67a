//! What is asked of a running container: its log, and a way into it.
//!
//! There are no kubelets behind this server. Everything is judged as the original judges it before it
//! turns to one, so that who asks the wrong thing is told what is wrong with it.

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
