//! Jobs.

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use super::rule::{SPEC, STATUS, count_faults, immutable_faults, name_warnings, part, picks};
use super::{container_cells, create, name, number, template_spec, update, update_status};
use crate::path::Path;
use crate::pod::fault::{not_negative, one_of, said};
use crate::value::{
    at, copy, default_value, flag, integer, is_set, list, map, map_mut, map_or_new, maps, maps_mut,
    remove, same, text,
};
use crate::{ErrorType, FieldError, Kind, Object, age, label, metadata, name as names, pod};

/// How often a Job starts a pod again before it counts as failed.
const BACKOFF: i32 = 6;
/// The most pods at once, and the most failed indexes, of an indexed Job: they are written down.
const INDEXES_MAX: i64 = 100_000;
/// The same where each index counts its own failures and there are more than that many.
const INDEXES_MANY_MAX: i64 = 10_000;
/// The longest name of a controller that a Job is left to.
const MANAGED_BY_MAX: usize = 63;
/// How many rules and patterns a policy may have, and how many exit codes a rule may name.
const RULES_MAX: usize = 20;
const EXIT_CODES_MAX: usize = 255;

const OLD_UID: &str = "controller-uid";
const OLD_NAME: &str = "job-name";
const UID: &str = "batch.kubernetes.io/controller-uid";
const NAME: &str = "batch.kubernetes.io/job-name";

/// `jobs.batch`.
pub(crate) static JOB: Job = Job::Main;
static JOB_STATUS: Job = Job::Status;

/// A Job, or its status written on its own.
pub(crate) enum Job {
    Main,
    Status,
}

impl Kind for Job {
    fn default(&self, object: &mut Object) {
        let Some(spec) = map_or_new(object, "spec") else { return };
        if !is_set(spec, "completions") && !is_set(spec, "parallelism") {
            default_value(spec, "completions", 1);
        }
        default_value(spec, "parallelism", 1);
        let backoff = if is_set(spec, "backoffLimitPerIndex") { i32::MAX } else { BACKOFF };
        default_value(spec, "backoffLimit", backoff);
        default_value(spec, "completionMode", "NonIndexed");
        default_value(spec, "suspend", false);
        let replacement =
            if is_set(spec, "podFailurePolicy") { "Failed" } else { "TerminatingOrFailed" };
        default_value(spec, "podReplacementPolicy", replacement);
        default_value(spec, "manualSelector", false);
        default_spec(spec);
        copy_labels(object);
    }

    fn prepare_create(&self, object: &mut Object) {
        create(object, json!({}));
        let metadata = |field| {
            at(object, &["metadata", field]).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let (uid, own_name) = (metadata("uid"), metadata("name"));
        if let Some(spec) = map_mut(object, "spec")
            && flag(spec, "manualSelector") != Some(true)
        {
            generate_selector(spec, &uid, &own_name);
        }
        copy_labels(object);
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        match self {
            Self::Main => update(object, old),
            Self::Status => update_status(object, old),
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        all_faults(object, true, &mut faults);
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let none = Object::new();
        let mut faults = Vec::new();
        match self {
            Self::Main => {
                let has_labels = [NAME, UID].iter().all(|label| {
                    at(old, &["spec", "template", "metadata", "labels", label]).is_some()
                });
                metadata::kind_faults(self, object, true, &mut faults);
                all_faults(object, has_labels, &mut faults);
                metadata::change_faults(self, object, old, &mut faults);
                change_faults(object, old, &mut faults);
            }
            Self::Status => {
                metadata::change_faults(self, object, old, &mut faults);
                let [new, before] = [object, old].map(|one| part(one, "status", &none));
                status_faults(new, before, &mut faults);
            }
        }
        faults
    }

    fn warnings(&self, object: &Object, old: Option<&Object>) -> Vec<String> {
        let mut warnings = Vec::new();
        if matches!(self, Self::Main) {
            if old.is_none() {
                name_warnings(object, &mut warnings);
            }
            super::rule::template_warnings(object, old, &mut warnings);
        }
        warnings
    }

    fn selectable(&self, object: &Object, label: &str) -> Option<String> {
        (label == "status.successful").then(|| number(object, "status", "succeeded").to_string())
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let none = Object::new();
        let [spec, status] = ["spec", "status"].map(|field| part(object, field, &none));
        let succeeded = integer(status, "succeeded").unwrap_or(0);
        let completions = match (integer(spec, "completions"), integer(spec, "parallelism")) {
            (Some(wanted), _) => format!("{succeeded}/{wanted}"),
            (None, Some(at_once @ 2..)) => format!("{succeeded}/1 of {at_once}"),
            (None, _) => format!("{succeeded}/1"),
        };
        let duration = match (status.get("startTime"), status.get("completionTime")) {
            (None | Some(Value::Null), _) => String::new(),
            (start, None | Some(Value::Null)) => age::since(start, now),
            (start, Some(end)) => end
                .as_str()
                .and_then(|end| end.parse().ok())
                .map_or_else(|| age::UNKNOWN.to_owned(), |end| age::since(start, end)),
        };
        let [containers, images] = container_cells(template_spec(object));
        Some(vec![
            name(object),
            state(object, status).into(),
            completions.into(),
            duration.into(),
            age::of(object, now).into(),
            containers,
            images,
            label::selector_text(map(spec, "selector")).into(),
        ])
    }

    fn orphans(&self) -> bool {
        true
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        (name == "status").then_some(&JOB_STATUS as _)
    }
}

/// Fills in what a Job and the template of one have in common.
pub(super) fn default_spec(spec: &mut Object) {
    map_or_new(spec, "template");
    pod::default_template(spec, "template");
    if let Some(policy) = map_mut(spec, "podFailurePolicy") {
        for rule in maps_mut(policy, "rules") {
            for pattern in maps_mut(rule, "onPodConditions") {
                crate::value::default_text(pattern, "status", "True");
            }
        }
    }
}

/// A Job without labels takes those of its pods.
fn copy_labels(object: &mut Object) {
    let labels = at(object, &["spec", "template", "metadata", "labels"]).cloned();
    let labels = labels.filter(|labels| labels.as_object().is_some_and(|one| !one.is_empty()));
    if let Some(labels) = labels
        && let Some(metadata) = map_or_new(object, "metadata")
        && map(metadata, "labels").is_none_or(Object::is_empty)
    {
        metadata.insert("labels".to_owned(), labels);
    }
}

/// Marks the pods with the Job's own uid and selects these, so that no other Job's are taken.
fn generate_selector(spec: &mut Object, uid: &str, own_name: &str) {
    if let Some(template) = map_or_new(spec, "template")
        && let Some(metadata) = map_or_new(template, "metadata")
        && let Some(labels) = map_or_new(metadata, "labels")
    {
        for (label, value) in [(UID, uid), (NAME, own_name), (OLD_UID, uid), (OLD_NAME, own_name)] {
            default_value(labels, label, value);
        }
    }
    if let Some(selector) = map_or_new(spec, "selector")
        && let Some(labels) = map_or_new(selector, "matchLabels")
    {
        default_value(labels, UID, uid);
    }
}

fn state(object: &Object, status: &Object) -> &'static str {
    let is_true = |kind: &str| {
        maps(status, "conditions").any(|(_, condition)| {
            text(condition, "type") == kind && text(condition, "status") == "True"
        })
    };
    let is_going = map(object, "metadata").is_some_and(|one| is_set(one, "deletionTimestamp"));
    if is_true("Complete") {
        "Complete"
    } else if is_true("Failed") {
        "Failed"
    } else if is_going {
        "Terminating"
    } else {
        ["Suspended", "FailureTarget", "SuccessCriteriaMet"]
            .into_iter()
            .find(|kind| is_true(kind))
            .unwrap_or("Running")
    }
}

fn all_faults(object: &Object, has_new_labels: bool, faults: &mut Vec<FieldError>) {
    let none = Object::new();
    let spec = part(object, "spec", &none);
    generated_faults(object, spec, has_new_labels, faults);
    spec_faults(spec, &SPEC, faults);
    let selector = map(spec, "selector");
    match selector {
        None => faults.push(FieldError::required(SPEC.field("selector"), "")),
        Some(selector) => label::selector_faults(selector, &SPEC.field("selector"), faults),
    }
    let labels = super::rule::template_labels(spec);
    if picks(selector, labels) == Ok(false) {
        super::rule::label_faults(labels, faults);
    }
    let completions = integer(spec, "completions").unwrap_or(0);
    if text(spec, "completionMode") == "Indexed" && completions > 0 {
        let own = map(object, "metadata").map_or("", |metadata| text(metadata, "name"));
        let longest = format!("{own}-{}", completions - 1);
        if !names::label_faults(&longest).is_empty() {
            let text = format!("will not able to create pod with invalid DNS label: {longest}");
            faults.push(FieldError::invalid("metadata.name", own, text));
        }
    }
}

fn generated_faults(
    object: &Object,
    spec: &Object,
    has_new_labels: bool,
    faults: &mut Vec<FieldError>,
) {
    let Some(selector) = map(spec, "selector") else { return };
    if flag(spec, "manualSelector") == Some(true) {
        return;
    }
    let none = Object::new();
    let metadata = part(object, "metadata", &none);
    let (uid, own) = (text(metadata, "uid"), text(metadata, "name"));
    if uid.is_empty() {
        faults.push(FieldError::required("metadata.uid", ""));
    }
    let labels = super::rule::template_labels(spec).unwrap_or(&none);
    let path = SPEC.field("template.metadata");
    let path = path.field("labels");
    let mut expected = Object::new();
    let wanted = [(OLD_UID, uid), (OLD_NAME, own), (UID, uid), (NAME, own)];
    for (label, value) in wanted.into_iter().take(if has_new_labels { 4 } else { 2 }) {
        expected.insert(label.to_owned(), value.into());
        match labels.get(label).and_then(Value::as_str) {
            None => {
                let text = format!("must be '{value}'");
                faults.push(FieldError::required(path.key(label), text));
            }
            Some(found) if found != value => {
                let shown = Value::from(labels.clone());
                let text = format!("must be '{value}'");
                faults.push(FieldError::invalid(path.key(label), shown, text));
            }
            Some(_) => {}
        }
    }
    if picks(Some(selector), Some(&expected)) == Ok(false) {
        let shown = Value::from(selector.clone());
        let path = SPEC.field("selector");
        faults.push(FieldError::invalid(path, shown, "`selector` not auto-generated"));
    }
}

/// What is wrong with the spec of a Job, or of the template of one.
pub(super) fn spec_faults(spec: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    for field in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ] {
        not_negative(spec, field, path, faults);
    }
    if is_set(spec, "maxFailedIndexes") && !is_set(spec, "backoffLimitPerIndex") {
        let text = "when maxFailedIndexes is specified";
        faults.push(FieldError::required(path.field("backoffLimitPerIndex"), text));
    }
    if let Some(manager) = spec.get("managedBy").and_then(Value::as_str) {
        manager_faults(manager, path.field("managedBy"), faults);
    }
    one_of(spec, "completionMode", &["NonIndexed", "Indexed"], path, faults);
    index_faults(spec, path, faults);
    if let Some(policy) = map(spec, "podFailurePolicy") {
        failure_faults(spec, policy, &path.field("podFailurePolicy"), faults);
    }
    if let Some(policy) = map(spec, "successPolicy") {
        success_faults(spec, policy, &path.field("successPolicy"), faults);
    }
    let words: &[&str] = match is_set(spec, "podFailurePolicy") {
        true => &["Failed"],
        false => &["Failed", "TerminatingOrFailed"],
    };
    one_of(spec, "podReplacementPolicy", words, path, faults);
    let none = Object::new();
    let template = part(spec, "template", &none);
    let template_path = path.field("template");
    pod::template_faults(template, &template_path, faults);
    let path = template_path.field("spec");
    let path = path.field("restartPolicy");
    match map(template, "spec").map_or("", |pod| text(pod, "restartPolicy")) {
        "Always" | "" => {
            let text = "valid values: \"OnFailure\", \"Never\"";
            faults.push(FieldError::required(path, text));
        }
        "OnFailure" if is_set(spec, "podFailurePolicy") => {
            let text = "only \"Never\" is supported when podFailurePolicy is specified";
            faults.push(FieldError::invalid(path, "OnFailure", text));
        }
        "OnFailure" | "Never" => {}
        other => faults.push(FieldError::unsupported(path, other, &["OnFailure", "Never"])),
    }
}

fn manager_faults(manager: &str, path: Path<'_>, faults: &mut Vec<FieldError>) {
    match manager.split_once('/') {
        _ if manager.is_empty() => faults.push(FieldError::required(path, "")),
        Some((domain, rest)) if !domain.is_empty() && !rest.is_empty() => {
            said(names::subdomain_faults(domain), domain, path, faults);
        }
        _ => {
            let text = "must be a domain-prefixed path (such as \"acme.io/foo\")";
            faults.push(FieldError::invalid(path, manager, text));
        }
    }
    if manager.len() > MANAGED_BY_MAX {
        faults.push(FieldError::too_long(path, MANAGED_BY_MAX));
    }
}

fn index_faults(spec: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let number = |field: &str| integer(spec, field);
    let above = |field: &str, most: i64, text: String, faults: &mut Vec<FieldError>| {
        if let Some(found) = number(field).filter(|found| *found > most) {
            faults.push(FieldError::invalid(path.field(field), found, text));
        }
    };
    match text(spec, "completionMode") {
        "Indexed" => {}
        "NonIndexed" | "" => {
            for field in ["backoffLimitPerIndex", "maxFailedIndexes"] {
                if let Some(found) = number(field) {
                    let text = "requires indexed completion mode";
                    faults.push(FieldError::invalid(path.field(field), found, text));
                }
            }
            return;
        }
        _ => return,
    }
    let Some(completions) = number("completions") else {
        let text = "when completion mode is Indexed";
        faults.push(FieldError::required(path.field("completions"), text));
        return;
    };
    let text =
        format!("must be less than or equal to {INDEXES_MAX} when completion mode is Indexed");
    above("parallelism", INDEXES_MAX, text, faults);
    let text = "must be less than or equal to completions".to_owned();
    above("maxFailedIndexes", completions, text, faults);
    let text = format!("must be less than or equal to {INDEXES_MAX}");
    above("maxFailedIndexes", INDEXES_MAX, text, faults);
    if completions <= INDEXES_MAX || !is_set(spec, "backoffLimitPerIndex") {
        return;
    }
    if !is_set(spec, "maxFailedIndexes") {
        let text = format!("must be specified when completions is above {INDEXES_MAX}");
        faults.push(FieldError::required(path.field("maxFailedIndexes"), text));
    }
    for field in ["parallelism", "maxFailedIndexes"] {
        let text = format!(
            "must be less than or equal to {INDEXES_MANY_MAX} when completions are above \
             {INDEXES_MAX} and used with backoff limit per index"
        );
        above(field, INDEXES_MANY_MAX, text, faults);
    }
}

fn failure_faults(spec: &Object, policy: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    const ACTIONS: [&str; 4] = ["Count", "FailIndex", "FailJob", "Ignore"];
    let path = path.field("rules");
    let rules = list(policy, "rules").len();
    if rules > RULES_MAX {
        faults.push(FieldError::too_many(path, rules, RULES_MAX));
    }
    for (i, rule) in maps(policy, "rules") {
        let at = path.index(i);
        let action_path = at.field("action");
        match text(rule, "action") {
            "" => {
                let shown = ACTIONS.map(|action| format!("\"{action}\"")).join(" ");
                faults.push(FieldError::required(action_path, format!("valid values: [{shown}]")));
            }
            "FailIndex" if !is_set(spec, "backoffLimitPerIndex") => {
                let text = "requires the backoffLimitPerIndex to be set";
                faults.push(FieldError::invalid(action_path, "FailIndex", text));
            }
            action if ACTIONS.contains(&action) => {}
            other => faults.push(FieldError::unsupported(action_path, other, &ACTIONS)),
        }
        let codes = map(rule, "onExitCodes");
        if let Some(codes) = codes {
            exit_code_faults(spec, codes, &at.field("onExitCodes"), faults);
        }
        let conditions = list(rule, "onPodConditions").len();
        condition_faults(rule, &at.field("onPodConditions"), faults);
        let fault = match (codes.is_some(), conditions > 0) {
            (true, true) => "specifying both OnExitCodes and OnPodConditions is not supported",
            (false, false) => "specifying one of OnExitCodes and OnPodConditions is required",
            _ => continue,
        };
        faults.push(without_value(at, fault));
    }
}

/// A fault of a place whose value is not shown.
fn without_value(path: Path<'_>, text: &str) -> FieldError {
    FieldError {
        error: ErrorType::Invalid,
        field: path.into(),
        value: None,
        detail: text.to_owned(),
    }
}

fn condition_faults(rule: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let count = list(rule, "onPodConditions").len();
    if count > RULES_MAX {
        faults.push(FieldError::too_many(path, count, RULES_MAX));
    }
    for (i, pattern) in maps(rule, "onPodConditions") {
        let at = path.index(i);
        let kind = text(pattern, "type");
        said(names::qualified_faults(kind), kind, at.field("type"), faults);
        match text(pattern, "status") {
            "True" | "False" | "Unknown" => {}
            "" => {
                let text = "valid values: [\"False\" \"True\" \"Unknown\"]";
                faults.push(FieldError::required(at.field("status"), text));
            }
            other => {
                let words = ["False", "True", "Unknown"];
                faults.push(FieldError::unsupported(at.field("status"), other, &words));
            }
        }
    }
}

fn exit_code_faults(spec: &Object, codes: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    let operator = text(codes, "operator");
    match operator {
        "In" | "NotIn" => {}
        "" => {
            let text = "valid values: [\"In\" \"NotIn\"]";
            faults.push(FieldError::required(path.field("operator"), text));
        }
        other => {
            let path = path.field("operator");
            faults.push(FieldError::unsupported(path, other, &["In", "NotIn"]));
        }
    }
    if let Some(wanted) = codes.get("containerName").and_then(Value::as_str) {
        let pod = at(spec, &["template", "spec"]).and_then(Value::as_object);
        let is_known = pod.is_some_and(|pod| {
            ["containers", "initContainers"]
                .iter()
                .any(|field| maps(pod, field).any(|(_, one)| text(one, "name") == wanted))
        });
        if !is_known {
            let text = "must be one of the container or initContainer names in the pod template";
            faults.push(FieldError::invalid(path.field("containerName"), wanted, text));
        }
    }
    let path = path.field("values");
    let values: Vec<i64> = list(codes, "values").iter().filter_map(Value::as_i64).collect();
    if values.is_empty() {
        let shown = codes.get("values").cloned().unwrap_or_default();
        faults.push(FieldError::invalid(path, shown, "at least one value is required"));
    } else if values.len() > EXIT_CODES_MAX {
        faults.push(FieldError::too_many(path, values.len(), EXIT_CODES_MAX));
    }
    for (i, code) in values.iter().enumerate() {
        if operator == "In" && *code == 0 {
            let text = "must not be 0 for the In operator";
            faults.push(FieldError::invalid(path.index(i), 0, text));
        }
        if values.iter().take(i).any(|other| other == code) {
            faults.push(FieldError::duplicate(path.index(i), *code));
        }
    }
    if !values.is_sorted() {
        faults.push(FieldError::invalid(path, Value::from(values), "must be ordered"));
    }
}

fn success_faults(spec: &Object, policy: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
    if text(spec, "completionMode") != "Indexed" {
        let shown: Vec<Value> = maps(policy, "rules")
            .map(|(_, rule)| {
                json!({
                    "SucceededIndexes": rule.get("succeededIndexes"),
                    "SucceededCount": rule.get("succeededCount"),
                })
            })
            .collect();
        let text = "requires indexed completion mode";
        faults.push(FieldError::invalid(path, json!({"Rules": shown}), text));
        return;
    }
    let path = path.field("rules");
    let rules = list(policy, "rules").len();
    if rules == 0 {
        let text = "at least one rules must be specified when the successPolicy is specified";
        faults.push(FieldError::required(path, text));
    }
    if rules > RULES_MAX {
        faults.push(FieldError::too_many(path, rules, RULES_MAX));
    }
    for (i, rule) in maps(policy, "rules") {
        let at = path.index(i);
        if !is_set(rule, "succeededCount") && !is_set(rule, "succeededIndexes") {
            let text = "at least one of succeededCount or succeededIndexes must be specified";
            faults.push(FieldError::required(at, text));
        }
        not_negative(rule, "succeededCount", &at, faults);
        let completions = integer(spec, "completions").unwrap_or(i64::MAX);
        if let Some(count) = integer(rule, "succeededCount").filter(|count| *count > completions) {
            let text = format!(
                "must be less than or equal to {completions} (the number of specified completions)"
            );
            faults.push(FieldError::invalid(at.field("succeededCount"), count, text));
        }
    }
}

fn change_faults(object: &Object, old: &Object, faults: &mut Vec<FieldError>) {
    let none = Object::new();
    let [spec, before] = [object, old].map(|one| part(one, "spec", &none));
    spec_faults(spec, &SPEC, faults);
    let completions = |spec| integer(spec, "completions");
    if text(spec, "completionMode") != "Indexed" {
        immutable_faults(spec, before, "completions", &SPEC, faults);
    } else if let Some(now) = completions(spec)
        && completions(before) != Some(now)
        && integer(spec, "parallelism") != Some(now)
    {
        let text = "can only be modified in tandem with spec.parallelism";
        faults.push(FieldError::invalid(SPEC.field("completions"), now, text));
    }
    immutable_faults(spec, before, "selector", &SPEC, faults);
    template_change_faults(spec, before, at(old, &["status", "startTime"]).is_none(), faults);
    for field in
        ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"]
    {
        immutable_faults(spec, before, field, &SPEC, faults);
    }
}

/// A Job that is held back and never ran may still be told where to run.
fn template_change_faults(
    spec: &Object,
    before: &Object,
    never_ran: bool,
    faults: &mut Vec<FieldError>,
) {
    let mut masked = before.get("template").cloned().unwrap_or_default();
    let template = spec.get("template").cloned().unwrap_or_default();
    if never_ran
        && flag(before, "suspend") == Some(true)
        && let (Some(masked), Some(template)) = (masked.as_object_mut(), template.as_object())
    {
        let none = Object::new();
        if let Some(metadata) = map_or_new(masked, "metadata") {
            let now = part(template, "metadata", &none);
            copy(metadata, now, "labels");
            copy(metadata, now, "annotations");
        }
        if let Some(pod) = map_or_new(masked, "spec") {
            let now = part(template, "spec", &none);
            for field in ["nodeSelector", "tolerations", "schedulingGates"] {
                copy(pod, now, field);
            }
            let nodes = at(now, &["affinity", "nodeAffinity"]).cloned();
            if let Some(affinity) = map_or_new(pod, "affinity") {
                match nodes {
                    Some(nodes) => _ = affinity.insert("nodeAffinity".to_owned(), nodes),
                    None => _ = remove(affinity, "nodeAffinity"),
                }
            }
        }
    }
    if !same(Some(&template), Some(&masked)) {
        faults.push(FieldError::invalid(SPEC.field("template"), template, "field is immutable"));
    }
}

fn status_faults(status: &Object, before: &Object, faults: &mut Vec<FieldError>) {
    count_faults(status, &["active", "succeeded", "failed", "ready", "terminating"], faults);
    for counter in ["failed", "succeeded"] {
        let count = |status| integer(status, counter).unwrap_or(0);
        if count(status) < count(before) {
            let text = format!("cannot decrease the {counter} counter");
            faults.push(FieldError::invalid(STATUS.field(counter), count(status), text));
        }
    }
}
