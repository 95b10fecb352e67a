//! What containers ask for and are held to, and what class of service follows.

use super::quantity::Quantity;
use crate::path::Path;
use crate::value::{is_set, list, map, maps, text};
use crate::{ErrorType, FieldError, Object, go_text, name};

/// The resources without a domain that mean something somewhere in the API, sorted.
const STANDARD: [&str; 18] = [
    "configmaps",
    "cpu",
    "ephemeral-storage",
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "memory",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
    "requests.storage",
    "resourcequotas",
    "secrets",
    "services",
    "storage",
];

/// The resources that are counted, beside those of foreign domains.
const COUNTED: [&str; 9] = [
    "configmaps",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "services",
    "services.loadbalancers",
    "services.nodeports",
];

const HUGE_PAGES: &str = "hugepages-";

/// Whether a resource is memory in large pages.
pub(super) fn is_huge_pages(name: &str) -> bool {
    name.starts_with(HUGE_PAGES)
}

/// Whether a resource can be asked for by a pod as a whole.
pub(super) fn is_pod_level(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || is_huge_pages(name)
}

/// Whether more of a resource may be promised than there is, so that request and limit may differ.
pub(super) fn is_overcommit_allowed(name: &str) -> bool {
    is_native(name) && !is_huge_pages(name)
}

fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// Whether a resource is one that some device plugin or operator brings.
fn is_extended(resource: &str) -> bool {
    !is_native(resource)
        && !resource.starts_with("requests.")
        && name::qualified_faults(&format!("requests.{resource}")).is_empty()
}

/// The names and amounts of a list of resources that can be read.
fn amounts<'a>(
    resources: &'a Object,
    field: &str,
) -> impl Iterator<Item = (&'a str, Quantity)> + use<'a> {
    map(resources, field)
        .into_iter()
        .flatten()
        .filter_map(|(name, amount)| Some((name.as_str(), Quantity::parse(amount.as_str()?)?)))
}

/// What the containers of a pod ask for together: all that run side by side, or the most that one that
/// runs before them asks for beside its sidecars (KEP-753).
pub(super) fn aggregate(spec: &Object, field: &str) -> Vec<(String, Quantity)> {
    let mut total = Vec::new();
    for (_, container) in maps(spec, "containers") {
        if let Some(resources) = map(container, "resources") {
            amounts(resources, field).for_each(|one| add(&mut total, one));
        }
    }
    let mut sidecars = Vec::new();
    let mut most = Vec::new();
    for (_, container) in maps(spec, "initContainers") {
        let Some(resources) = map(container, "resources") else { continue };
        let mut at_once = sidecars.clone();
        amounts(resources, field).for_each(|one| add(&mut at_once, one));
        if text(container, "restartPolicy") == "Always" {
            amounts(resources, field).for_each(|one| add(&mut total, one));
            sidecars.clone_from(&at_once);
        }
        at_once.into_iter().for_each(|one| raise(&mut most, one));
    }
    most.into_iter().for_each(|one| raise(&mut total, one));
    total
}

fn add(total: &mut Vec<(String, Quantity)>, (name, amount): (&str, Quantity)) {
    match total.iter_mut().find(|(known, _)| known == name) {
        Some((_, sum)) => *sum = sum.plus(amount),
        None => total.push((name.to_owned(), amount)),
    }
}

fn raise(most: &mut Vec<(String, Quantity)>, (name, amount): (String, Quantity)) {
    match most.iter_mut().find(|(known, _)| *known == name) {
        Some((_, known)) => *known = (*known).max(amount),
        None => most.push((name, amount)),
    }
}

/// The class of service of a pod: `Guaranteed` where each container is given exactly what it asks for of
/// processor and memory, `BestEffort` where none asks for any, else `Burstable`.
pub(super) fn qos_class(spec: &Object) -> &'static str {
    let own = map(spec, "resources").filter(|own| {
        ["limits", "requests"].iter().any(|f| map(own, f).is_some_and(|list| !list.is_empty()))
    });
    let mut requests = Vec::new();
    let mut limits = Vec::new();
    let mut is_guaranteed = true;
    let mut take = |resources: &Object, limits_needed: bool| {
        let counts = |(name, amount): &(&str, Quantity)| {
            matches!(*name, "cpu" | "memory") && amount.nanos() > 0
        };
        amounts(resources, "requests").filter(counts).for_each(|one| add(&mut requests, one));
        let mut found = 0;
        for one in amounts(resources, "limits").filter(counts) {
            add(&mut limits, one);
            found += 1;
        }
        is_guaranteed &= found == 2 || !limits_needed;
    };
    match own {
        Some(own) => take(own, map(own, "limits").is_some_and(|list| !list.is_empty())),
        None => {
            let none = Object::new();
            for field in ["containers", "initContainers"] {
                for (_, container) in maps(spec, field) {
                    take(map(container, "resources").unwrap_or(&none), true);
                }
            }
        }
    }
    if requests.is_empty() && limits.is_empty() {
        return "BestEffort";
    }
    let is_equal = requests.len() == limits.len()
        && requests.iter().all(|(name, amount)| {
            limits.iter().any(|(other, limit)| other == name && limit == amount)
        });
    if is_guaranteed && is_equal { "Guaranteed" } else { "Burstable" }
}

/// What is wrong with a name of a resource.
pub(crate) fn name_faults(resource: &str, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let texts = name::qualified_faults(resource);
    let is_qualified = texts.is_empty();
    faults.extend(texts.into_iter().map(|text| FieldError::invalid(path, resource, text)));
    let is_standard = || {
        STANDARD.contains(&resource)
            || matches!(resource, "services.nodeports" | "services.loadbalancers")
            || is_huge_pages(resource)
            || resource.starts_with("requests.hugepages-")
    };
    if is_qualified && !resource.contains('/') && !is_standard() {
        let text = "must be a standard resource type or fully qualified";
        faults.push(FieldError::invalid(path, resource, text));
    }
}

fn container_name_faults(resource: &str, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    name_faults(resource, path, faults);
    if !resource.contains('/') {
        if !matches!(resource, "cpu" | "memory" | "ephemeral-storage") && !is_huge_pages(resource) {
            let text = "must be a standard resource for containers";
            faults.push(FieldError::invalid(path, resource, text));
        }
    } else if !is_native(resource) && !is_extended(resource) {
        let text = "doesn't follow extended resource name standard";
        faults.push(FieldError::invalid(path, resource, text));
    }
}

fn pod_name_faults(resource: &str, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let before = faults.len();
    name_faults(resource, path, faults);
    if faults.len() == before && !is_pod_level(resource) {
        faults.push(FieldError::unsupported(path, resource, &["cpu", "hugepages-", "memory"]));
    }
}

/// What is wrong with an amount of a resource: it may not be negative, and what is counted is whole.
pub(crate) fn amount_faults(
    resource: &str,
    amount: Quantity,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    if amount.nanos() < 0 {
        let text = "must be greater than or equal to 0";
        faults.push(FieldError::invalid(path, amount.to_string(), text));
    }
    if (COUNTED.contains(&resource) || is_extended(resource)) && !amount.is_whole() {
        faults.push(FieldError::invalid(path, amount.to_string(), "must be an integer"));
    }
}

fn huge_pages_faults(
    resource: &str,
    amount: Quantity,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let page = resource
        .strip_prefix(HUGE_PAGES)
        .and_then(Quantity::parse)
        .filter(|page| page.nanos() > 0 && page.is_whole());
    if page.is_none_or(|page| amount.units() % page.units() != 0) {
        let text = format!("{amount} is not positive integer multiple of {resource}");
        faults.push(FieldError::invalid(path, amount.to_string(), text));
    }
}

/// What is wrong with what a container asks for.
pub(super) fn container_faults(
    resources: &Object,
    claims: &[&str],
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    requirement_faults(resources, container_name_faults, claims, path, faults);
}

fn requirement_faults(
    resources: &Object,
    name_rule: fn(&str, &Path<'_>, &mut Vec<FieldError>),
    claims: &[&str],
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let (limits_path, requests_path) = (path.field("limits"), path.field("requests"));
    let (mut has_base, mut has_huge) = (false, false);
    let mut each = |resource: &str, amount, path: &Path<'_>, faults: &mut Vec<FieldError>| {
        name_rule(resource, path, faults);
        amount_faults(resource, amount, path, faults);
        has_huge |= is_huge_pages(resource);
        has_base |= matches!(resource, "cpu" | "memory");
    };
    for (resource, amount) in amounts(resources, "limits") {
        let path = limits_path.key(resource);
        each(resource, amount, &path, faults);
        if is_huge_pages(resource) {
            huge_pages_faults(resource, amount, &path, faults);
        }
    }
    for (resource, amount) in amounts(resources, "requests") {
        let path = requests_path.key(resource);
        each(resource, amount, &path, faults);
        let limit = map(resources, "limits").and_then(|limits| Quantity::of(limits, resource));
        match limit {
            Some(limit) if amount != limit && !is_overcommit_allowed(resource) => {
                let text = format!("must be equal to {resource} limit of {limit}");
                faults.push(FieldError::invalid(requests_path, amount.to_string(), text));
            }
            Some(limit) if amount > limit => {
                let text = format!("must be less than or equal to {resource} limit of {limit}");
                faults.push(FieldError::invalid(requests_path, amount.to_string(), text));
            }
            None if !is_overcommit_allowed(resource) => {
                let text = "Limit must be set for non overcommitable resources";
                faults.push(FieldError::required(limits_path, text));
            }
            _ => {}
        }
        if is_huge_pages(resource) {
            huge_pages_faults(resource, amount, &path, faults);
        }
    }
    if has_huge && !has_base {
        faults.push(FieldError::forbidden(path, "HugePages require cpu or memory"));
    }
    claim_faults(resources, claims, &path.field("claims"), faults);
}

/// What is wrong with the claims of devices a container names: each must be one of the pod's.
fn claim_faults(resources: &Object, known: &[&str], path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let mut seen: Vec<String> = Vec::new();
    for (i, claim) in maps(resources, "claims") {
        let path = path.index(i);
        let name = text(claim, "name");
        if name.is_empty() {
            faults.push(FieldError::required(path, ""));
            continue;
        }
        if seen.iter().any(|one| one == name) {
            faults.push(FieldError::duplicate(path, name));
        } else {
            let mut key = name.to_owned();
            let request = text(claim, "request");
            if !request.is_empty() {
                let path = path.field("request");
                let texts = name::label_faults(request);
                faults.extend(texts.into_iter().map(|t| FieldError::invalid(path, request, t)));
                key = format!("{name}/{request}");
            }
            if seen.contains(&key) {
                faults.push(FieldError::duplicate(path, key.as_str()));
            } else if request.is_empty() {
                let part = format!("{name}/");
                for _ in seen.iter().filter(|one| one.starts_with(&part)) {
                    faults.push(FieldError::duplicate(path, name));
                }
            }
            seen.push(key);
        }
        if !known.contains(&name) {
            let mut names = known.to_vec();
            names.sort_unstable();
            let mut text = "must be one of the names in pod.spec.resourceClaims".to_owned();
            match names.as_slice() {
                [] => text.push_str(" which is empty"),
                names => text = format!("{text}: {}", names.join(", ")),
            }
            faults.push(FieldError::of(ErrorType::NotFound, path, name, text));
        }
    }
}

/// What is wrong with what a pod as a whole asks for (KEP-2837).
pub(super) fn pod_faults(
    spec: &Object,
    claims: &[&str],
    spec_path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    let Some(own) = map(spec, "resources") else { return };
    let path = spec_path.field("resources");
    if map(spec, "os").is_some_and(|os| text(os, "name") == "windows") {
        faults.push(FieldError::forbidden(path, "may not be set for a windows pod"));
        return;
    }
    if is_set(own, "claims") {
        let text = "claims may not be set for Resources at pod-level";
        faults.push(FieldError::forbidden(path.field("claims"), text));
    }
    requirement_faults(own, pod_name_faults, claims, &path, faults);
    consistency_faults(spec, own, &path, faults);
}

/// The pod must be given at least what its containers are given.
fn consistency_faults(spec: &Object, own: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    for (field, word) in [("requests", "requests"), ("limits", "limits")] {
        for (resource, sum) in aggregate(spec, field) {
            let asked = map(own, field).and_then(|list| Quantity::of(list, &resource));
            if let Some(asked) = asked.filter(|asked| sum > *asked)
                && (field == "requests" || is_huge_pages(&resource))
            {
                let text =
                    format!("must be greater than or equal to aggregate container {word} of {sum}");
                let path = path.field(field);
                faults.push(FieldError::invalid(path.key(&resource), asked.to_string(), text));
            }
        }
    }
    for (i, container) in maps(spec, "containers") {
        let Some(resources) = map(container, "resources") else { continue };
        for (resource, limit) in amounts(resources, "limits") {
            let most = map(own, "limits").and_then(|limits| Quantity::of(limits, resource));
            if let Some(most) = most.filter(|most| limit > *most) {
                let text = format!("must be less than or equal to pod limits of {most}");
                let path = path.field("containers");
                let path = path.index(i);
                let path = path.key(resource);
                faults.push(FieldError::invalid(path.field("limits"), limit.to_string(), text));
            }
        }
    }
}

/// What is wise to know of the amounts of one list: a byte cannot be split.
pub(super) fn fraction_warnings(resources: &Object, path: &Path<'_>, warnings: &mut Vec<String>) {
    for resource in ["memory", "ephemeral-storage"] {
        if let Some(amount) = Quantity::of(resources, resource).filter(|amount| !amount.is_whole())
        {
            warnings.push(format!(
                "{}: fractional byte value {} is invalid, must be an integer",
                path.key(resource),
                go_text::quoted(&amount.to_string())
            ));
        }
    }
}

/// The names of the devices a pod claims.
pub(super) fn claim_names(spec: &Object) -> Vec<&str> {
    list(spec, "resourceClaims")
        .iter()
        .filter_map(|claim| claim.as_object())
        .map(|claim| text(claim, "name"))
        .filter(|name| !name.is_empty())
        .collect()
}
