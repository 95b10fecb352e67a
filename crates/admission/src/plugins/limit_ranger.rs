//! `LimitRanger`: how much the pods and claims of a namespace may ask for, and what they ask for where they
//! do not say.

use std::collections::BTreeSet;

use portcullis_schema::amount::Quantity;
use serde_json::Value;

use crate::chain::{Plugin, Turn};
use crate::fields::{items, maps, maps_mut, metadata, section, section_mut, spec, text};
use crate::review::{Operation, Sort};
use crate::{Object, Refusal};

/// Notes on a pod what was filled in.
const NOTE: &str = "kubernetes.io/limit-ranger";

/// The plugin.
pub(crate) struct LimitRanger;

impl Plugin for LimitRanger {
    fn change(&self, turn: &Turn<'_>, pod: &mut Object) -> Result<(), Refusal> {
        if !turn.review.creates("", "pods") {
            return Ok(());
        }
        for range in turn.facts.objects(Sort::LimitRange, &turn.review.namespace) {
            fill(pod, &range);
        }
        Ok(())
    }

    fn judge(&self, turn: &Turn<'_>, object: &Object) -> Result<(), Refusal> {
        let review = turn.review;
        // Who changes a pod cannot change what it asks for, but by its resize.
        let pod = review.creates("", "pods")
            || (review.operation == Operation::Update && review.is_of_part("", "pods", "resize"));
        let claim =
            review.operation != Operation::Delete && review.is_of("", "persistentvolumeclaims");
        let going = turn.old.is_some_and(|old| metadata(old).contains_key("deletionTimestamp"));
        if going || !(pod || claim) {
            return Ok(());
        }
        for range in turn.facts.objects(Sort::LimitRange, &review.namespace) {
            let mut faults = Vec::new();
            for limit in maps(spec(&range), "limits") {
                match text(limit, "type") {
                    "Container" if pod => {
                        for list in ["containers", "initContainers"] {
                            for container in maps(spec(object), list) {
                                judge(limit, &Asked::by_container(container), &mut faults);
                            }
                        }
                    }
                    "Pod" if pod => judge(limit, &Asked::by_pod(object), &mut faults),
                    "PersistentVolumeClaim" if claim => {
                        judge_claim(limit, &Asked::by_claim(object), &mut faults);
                    }
                    _ => {}
                }
            }
            match faults.as_slice() {
                [] => {}
                [one] => return Err(Refusal::forbidden(one)),
                all => return Err(Refusal::forbidden(format!("[{}]", all.join(", ")))),
            }
        }
        Ok(())
    }
}

// === filling in ===

/// Fills in what the containers of a pod do not say, and notes it.
fn fill(pod: &mut Object, range: &Object) {
    let mut notes = Vec::new();
    for (list, called) in [("containers", "container"), ("initContainers", "init container")] {
        for container in maps_mut(section_mut(pod, "spec"), list) {
            for (defaults, part, word) in
                [("defaultRequest", "requests", "request"), ("default", "limits", "limit")]
            {
                let set = fill_part(container, range, defaults, part);
                if !set.is_empty() {
                    let set: Vec<String> = set.into_iter().collect();
                    let name = text(container, "name");
                    notes.push(format!("{} {word} for {called} {name}", set.join(", ")));
                }
            }
        }
    }
    if !notes.is_empty() {
        let note = format!("LimitRanger plugin set: {}", notes.join("; "));
        let annotations = section_mut(section_mut(pod, "metadata"), "annotations");
        annotations.insert(NOTE.to_owned(), note.into());
    }
}

/// Fills in requests or limits, and answers with the resources that were missing.
fn fill_part(
    container: &mut Object,
    range: &Object,
    defaults: &str,
    part: &str,
) -> BTreeSet<String> {
    let mut set = BTreeSet::new();
    // Of several limits for containers the last one that says something of a resource counts.
    let limits = items(spec(range), "limits").iter().rev().filter_map(Value::as_object);
    for limit in limits.filter(|limit| text(limit, "type") == "Container") {
        for (resource, amount) in section(limit, defaults) {
            let held = section(section(container, "resources"), part);
            if !held.contains_key(resource) {
                let resources = section_mut(container, "resources");
                section_mut(resources, part).insert(resource.clone(), amount.clone());
                set.insert(resource.clone());
            }
        }
    }
    set
}

// === judging ===

/// What somebody asks for: at least, and at most.
struct Asked {
    requests: Vec<(String, Quantity)>,
    limits: Vec<(String, Quantity)>,
}

impl Asked {
    fn by_container(container: &Object) -> Self {
        let resources = section(container, "resources");
        Self { requests: amounts(resources, "requests"), limits: amounts(resources, "limits") }
    }

    fn by_claim(claim: &Object) -> Self {
        let requests = amounts(section(spec(claim), "resources"), "requests");
        Self { requests, limits: Vec::new() }
    }

    fn by_pod(pod: &Object) -> Self {
        Self { requests: of_pod(pod, "requests"), limits: of_pod(pod, "limits") }
    }
}

fn amounts(resources: &Object, part: &str) -> Vec<(String, Quantity)> {
    let part = section(resources, part);
    part.keys().filter_map(|name| Some((name.clone(), Quantity::of(part, name)?))).collect()
}

fn amount(of: &[(String, Quantity)], resource: &str) -> Option<Quantity> {
    of.iter().find(|(name, _)| name == resource).map(|(_, amount)| *amount)
}

/// Combines amounts resource by resource.
fn merge(
    into: &mut Vec<(String, Quantity)>,
    more: &[(String, Quantity)],
    how: fn(Quantity, Quantity) -> Quantity,
) {
    for (name, amount) in more {
        match into.iter_mut().find(|(held, _)| held == name) {
            Some((_, held)) => *held = how(*held, *amount),
            None => into.push((name.clone(), *amount)),
        }
    }
}

/// What a pod needs in all: its containers and the helpers that start before them and stay, or as much as
/// one of those that come and go, with the helpers that are there already.
fn of_pod(pod: &Object, part: &str) -> Vec<(String, Quantity)> {
    let mut sum = Vec::new();
    for container in maps(spec(pod), "containers") {
        merge(&mut sum, &amounts(section(container, "resources"), part), Quantity::plus);
    }
    let (mut helpers, mut most) = (Vec::new(), Vec::new());
    for container in maps(spec(pod), "initContainers") {
        let own = amounts(section(container, "resources"), part);
        let mut then = own.clone();
        merge(&mut then, &helpers, Quantity::plus);
        if text(container, "restartPolicy") == "Always" {
            merge(&mut sum, &own, Quantity::plus);
            helpers.clone_from(&then);
        }
        merge(&mut most, &then, Ord::max);
    }
    merge(&mut sum, &most, Ord::max);
    sum
}

/// Judges what a container or a pod asks for by one limit.
fn judge(limit: &Object, asked: &Asked, faults: &mut Vec<String>) {
    let kind = text(limit, "type");
    for (resource, bound) in amounts(limit, "min") {
        let says = format!("minimum {resource} usage per {kind} is {bound}");
        let (request, most) =
            (amount(&asked.requests, &resource), amount(&asked.limits, &resource));
        match (request, most) {
            (None, _) => faults.push(format!("{says}. No request is specified")),
            (Some(request), _) if request < bound => {
                faults.push(format!("{says}, but request is {request}"));
            }
            (_, Some(most)) if most < bound => faults.push(format!("{says}, but limit is {most}")),
            _ => {}
        }
    }
    for (resource, bound) in amounts(limit, "max") {
        let says = format!("maximum {resource} usage per {kind} is {bound}");
        let (request, most) =
            (amount(&asked.requests, &resource), amount(&asked.limits, &resource));
        match (request, most) {
            (_, None) => faults.push(format!("{says}. No limit is specified")),
            (_, Some(most)) if most > bound => faults.push(format!("{says}, but limit is {most}")),
            (Some(request), _) if request > bound => {
                faults.push(format!("{says}, but request is {request}"));
            }
            _ => {}
        }
    }
    for (resource, bound) in amounts(limit, "maxLimitRequestRatio") {
        let says = format!("{resource} max limit to request ratio per {kind} is {bound}");
        let set = |amounts: &[(String, Quantity)]| {
            amount(amounts, &resource).map(Quantity::nanos).filter(|nanos| *nanos != 0)
        };
        match (set(&asked.requests), set(&asked.limits)) {
            (None, _) => {
                faults.push(format!("{says}, but no request is specified or request is 0"));
            }
            (_, None) => faults.push(format!("{says}, but no limit is specified or limit is 0")),
            (Some(request), Some(most)) => {
                const ONE: i128 = 1_000_000_000;
                if most.saturating_mul(ONE) > bound.nanos().saturating_mul(request) {
                    // Only shown, to six digits, so what a float loses does not matter.
                    let ratio = most as f64 / request as f64;
                    faults.push(format!("{says}, but provided ratio is {ratio:.6}"));
                }
            }
        }
    }
}

/// Judges what a claim asks for, which has no limits.
fn judge_claim(limit: &Object, asked: &Asked, faults: &mut Vec<String>) {
    let kind = text(limit, "type");
    for (resource, bound) in amounts(limit, "min") {
        let says = format!("minimum {resource} usage per {kind} is {bound}");
        match amount(&asked.requests, &resource) {
            None => faults.push(format!("{says}. No request is specified")),
            Some(request) if request < bound => {
                faults.push(format!("{says}, but request is {request}"));
            }
            Some(_) => {}
        }
    }
    for (resource, bound) in amounts(limit, "max") {
        let says = format!("maximum {resource} usage per {kind} is {bound}");
        match amount(&asked.requests, &resource) {
            None => faults.push(format!("{says}. No request is specified")),
            Some(request) if request > bound => {
                faults.push(format!("{says}, but request is {request}"));
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{Table, change, of};

    fn table(limits: Value) -> Table {
        Table::new().with(
            Sort::LimitRange,
            json!({"metadata": {"name": "r", "namespace": "a"}, "spec": {"limits": limits}}),
        )
    }

    fn pod(spec: Value) -> Object {
        json!({"metadata": {"name": "p"}, "spec": spec}).as_object().unwrap().clone()
    }

    #[test]
    fn what_is_not_said_is_filled_in_and_noted() {
        let table = table(json!([
            {"type": "Container", "default": {"cpu": "2", "memory": "1Gi"}, "defaultRequest": {"cpu": "1"}}]));
        let mut pod = pod(json!({
            "containers": [{"name": "c"}, {"name": "d", "resources": {"limits": {"cpu": "5", "memory": "2"},
                "requests": {"cpu": "5"}}}],
            "initContainers": [{"name": "i", "resources": {"limits": {"memory": "1"}}}],
        }));
        let review = of(Operation::Create, "pods").in_namespace("a").named("p");
        change(&LimitRanger, &table, &review, &mut pod, None).unwrap();
        assert_eq!(
            pod["spec"]["containers"][0]["resources"],
            json!({"requests": {"cpu": "1"}, "limits": {"cpu": "2", "memory": "1Gi"}})
        );
        assert_eq!(
            pod["metadata"]["annotations"][NOTE],
            "LimitRanger plugin set: cpu request for container c; cpu, memory limit for container c; cpu \
             request for init container i; cpu limit for init container i"
        );
    }

    #[track_caller]
    fn check(limits: Value, resource: &'static str, spec: Value, want: &str) {
        let facts = table(limits);
        let review = of(Operation::Create, resource).in_namespace("a").named("p");
        let told =
            LimitRanger.judge(&Turn { review: &review, old: None, facts: &facts }, &pod(spec));
        assert_eq!(told.map_or_else(|why| why.to_string(), |()| String::new()), want);
    }

    #[test]
    fn what_is_asked_for_keeps_within_bounds() {
        let with =
            |resources: Value| json!({"containers": [{"name": "c", "resources": resources}]});
        let max = json!([{"type": "Container", "max": {"cpu": "2"}}]);
        check(max.clone(), "pods", with(json!({"limits": {"cpu": "2"}})), "");
        check(
            max.clone(),
            "pods",
            with(json!({"limits": {"cpu": "3"}})),
            "maximum cpu usage per Container is 2, but limit is 3",
        );
        check(
            max.clone(),
            "pods",
            with(json!({})),
            "maximum cpu usage per Container is 2. No limit is specified",
        );
        check(max, "configmaps", with(json!({})), "");
        let min = json!([{"type": "Container", "min": {"cpu": "500m", "memory": "1Ki"}}]);
        check(
            min,
            "pods",
            with(json!({"requests": {"cpu": "0.1"}})),
            "[minimum cpu usage per Container is 500m, but request is 100m, minimum memory usage per Container \
             is 1Ki. No request is specified]",
        );
        let ratio = json!([{"type": "Container", "maxLimitRequestRatio": {"cpu": "1500m"}}]);
        check(
            ratio.clone(),
            "pods",
            with(json!({"limits": {"cpu": "3"}, "requests": {"cpu": "2"}})),
            "",
        );
        check(
            ratio,
            "pods",
            with(json!({"limits": {"cpu": "2"}, "requests": {"cpu": "1"}})),
            "cpu max limit to request ratio per Container is 1500m, but provided ratio is 2.000000",
        );
    }

    #[test]
    fn a_pod_is_the_sum_of_what_runs_at_once() {
        let one = |name: &str, cpu: &str, stays: bool| {
            let policy = if stays { json!("Always") } else { json!(null) };
            json!({"name": name, "restartPolicy": policy, "resources": {"limits": {"cpu": cpu}}})
        };
        let max = |cpu: &str| json!([{"type": "Pod", "max": {"cpu": cpu}}]);
        let spec = json!({"containers": [one("a", "1", false), one("b", "1", false)],
            "initContainers": [one("h", "1", true), one("i", "4", false)]});
        check(max("5"), "pods", spec.clone(), "");
        check(max("4"), "pods", spec, "maximum cpu usage per Pod is 4, but limit is 5");
    }

    #[test]
    fn claims_keep_within_bounds() {
        let limits = json!([{"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage": "2Gi"}}]);
        let asks = |storage: &str| json!({"resources": {"requests": {"storage": storage}}});
        let kind = "persistentvolumeclaims";
        check(limits.clone(), kind, asks("1Gi"), "");
        check(
            limits.clone(),
            kind,
            asks("3Gi"),
            "maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi",
        );
        check(
            limits,
            kind,
            asks("1"),
            "minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1",
        );
    }
}
