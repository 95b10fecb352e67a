//! StatefulSets.

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use super::rule::{
    self, SPEC, collision_faults, count_faults, is_none, lasting_faults, part, part_faults,
    selector_faults, share_faults, template_warnings, whole_faults,
};
use super::{container_cells, create, name, number, template_spec, update, update_status};
use crate::pod::fault::{not_negative, said};
use crate::value::{
    at, copy, default_text, default_value, integer, is_set, list, map, map_mut, map_or_new, maps,
    maps_mut, remove, same, text,
};
use crate::{FieldError, Kind, Object, age, metadata, name as names, pod, storage};

/// How many old revisions are kept.
const HISTORY: i32 = 10;

/// `statefulsets.apps`.
pub(crate) static STATEFUL_SET: StatefulSet = StatefulSet::Main;
static STATUS: StatefulSet = StatefulSet::Status;

/// A StatefulSet, or its status written on its own.
pub(crate) enum StatefulSet {
    Main,
    Status,
}

impl Kind for StatefulSet {
    fn default(&self, object: &mut Object) {
        let Some(spec) = map_or_new(object, "spec") else { return };
        default_value(spec, "replicas", 1);
        map_or_new(spec, "template");
        pod::default_template(spec, "template");
        for claim in maps_mut(spec, "volumeClaimTemplates") {
            crate::storage::default_claim(claim);
            default_text(claim, "kind", "PersistentVolumeClaim");
            default_text(claim, "apiVersion", "v1");
        }
        default_value(spec, "serviceName", "");
        default_text(spec, "podManagementPolicy", "OrderedReady");
        if let Some(strategy) = map_or_new(spec, "updateStrategy") {
            if text(strategy, "type").is_empty() {
                default_text(strategy, "type", "RollingUpdate");
                map_or_new(strategy, "rollingUpdate");
            }
            if text(strategy, "type") == "RollingUpdate"
                && let Some(rolling) = map_mut(strategy, "rollingUpdate")
            {
                default_value(rolling, "partition", 0);
            }
        }
        default_value(spec, "revisionHistoryLimit", HISTORY);
        if let Some(policy) = map_or_new(spec, "persistentVolumeClaimRetentionPolicy") {
            default_text(policy, "whenDeleted", "Retain");
            default_text(policy, "whenScaled", "Retain");
        }
    }

    fn prepare_create(&self, object: &mut Object) {
        create(object, json!({"replicas": 0, "availableReplicas": 0}));
        drop_max_unavailable(object, None);
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        match self {
            Self::Main => {
                drop_max_unavailable(object, Some(old));
                update(object, old);
            }
            Self::Status => update_status(object, old),
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        spec_faults(object, Rules { is_new: true, has_template: true }, &mut faults);
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let none = Object::new();
        let mut faults = Vec::new();
        match self {
            Self::Main => {
                metadata::change_faults(self, object, old, &mut faults);
                // What was stored under laxer rules may stay as it is.
                let mut before = Vec::new();
                spec_faults(old, Rules { is_new: false, has_template: true }, &mut before);
                let rules = Rules { is_new: false, has_template: before.is_empty() };
                spec_faults(object, rules, &mut faults);
                change_faults(object, old, &mut faults);
            }
            Self::Status => {
                let [new, before] = [object, old].map(|one| part(one, "status", &none));
                status_faults(new, &mut faults);
                metadata::change_faults(self, object, old, &mut faults);
                collision_faults(new, before, &mut faults);
            }
        }
        faults
    }

    fn warnings(&self, object: &Object, old: Option<&Object>) -> Vec<String> {
        let mut warnings = Vec::new();
        if !matches!(self, Self::Main) {
            return warnings;
        }
        template_warnings(object, old, &mut warnings);
        let limit = map(object, "spec").and_then(|spec| integer(spec, "revisionHistoryLimit"));
        if limit.is_some_and(|limit| limit < 0) {
            warnings.push(
                "spec.revisionHistoryLimit: a negative value retains all historical revisions; a \
                 value >= 0 is recommended"
                    .to_owned(),
            );
        }
        warnings
    }

    fn name_faults(&self, name: &str) -> Vec<String> {
        names::label_faults(name)
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let ready = number(object, "status", "readyReplicas");
        let [containers, images] = container_cells(template_spec(object));
        Some(vec![
            name(object),
            format!("{ready}/{}", number(object, "spec", "replicas")).into(),
            age::of(object, now).into(),
            containers,
            images,
        ])
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        (name == "status").then_some(&STATUS as _)
    }
}

/// How many pods may be away at once is behind a feature that is off in 1.35.
fn drop_max_unavailable(object: &mut Object, old: Option<&Object>) {
    let way = ["spec", "updateStrategy", "rollingUpdate"];
    let had = old
        .and_then(|old| at(old, &way))
        .and_then(Value::as_object)
        .is_some_and(|rolling| is_set(rolling, "maxUnavailable"));
    let mut place = Some(object);
    for field in way {
        place = place.and_then(|at| map_mut(at, field));
    }
    if let Some(rolling) = place
        && !had
    {
        remove(rolling, "maxUnavailable");
    }
}

/// Which rules hold: a name of a service and claims cannot change, so those that are stored may stay.
#[derive(Clone, Copy)]
struct Rules {
    is_new: bool,
    has_template: bool,
}

fn spec_faults(object: &Object, rules: Rules, faults: &mut Vec<FieldError>) {
    let none = Object::new();
    let spec = part(object, "spec", &none);
    match text(spec, "podManagementPolicy") {
        "" => faults.push(FieldError::required(SPEC.field("podManagementPolicy"), "")),
        "OrderedReady" | "Parallel" => {}
        other => {
            let path = SPEC.field("podManagementPolicy");
            let text = "must be 'OrderedReady' or 'Parallel'";
            faults.push(FieldError::invalid(path, other, text));
        }
    }
    strategy_faults(spec, faults);
    if let Some(policy) = map(spec, "persistentVolumeClaimRetentionPolicy") {
        let path = SPEC.field("persistentVolumeClaimRetentionPolicy");
        for field in ["whenDeleted", "whenScaled"] {
            let word = text(policy, field);
            if !matches!(word, "Retain" | "Delete") {
                let words = ["Retain", "Delete"];
                faults.push(FieldError::unsupported(path.field(field), word, &words));
            }
        }
    }
    if rules.is_new {
        let path = SPEC.field("volumeClaimTemplates");
        for (i, claim) in maps(spec, "volumeClaimTemplates") {
            let at = path.index(i);
            let claim = map(claim, "spec").unwrap_or(&none);
            storage::claim_spec_faults(claim, &at.field("spec"), faults);
        }
    }
    not_negative(spec, "replicas", &SPEC, faults);
    not_negative(spec, "minReadySeconds", &SPEC, faults);
    if let Some(ordinals) = map(spec, "ordinals") {
        not_negative(ordinals, "start", &SPEC.field("ordinals"), faults);
    }
    let service = text(spec, "serviceName");
    if rules.is_new && !service.is_empty() {
        said(names::label_faults(service), service, SPEC.field("serviceName"), faults);
    }
    if selector_faults(spec, "statefulset", "", faults) {
        template_faults(&as_run(spec), rules.has_template, faults);
    }
    lasting_faults(spec, "StatefulSet", faults);
}

/// The template is looked at as the pods will be: with volumes for the claims, and without the host
/// name and subdomain that each pod is given.
fn as_run(spec: &Object) -> Object {
    let mut spec = spec.clone();
    let mut volumes: Vec<Value> = maps(&spec, "volumeClaimTemplates")
        .filter_map(|(_, claim)| claim.get("metadata")?.get("name"))
        .map(|name| json!({"name": name, "persistentVolumeClaim": {"claimName": name}}))
        .collect();
    let pod = map_mut(&mut spec, "template").and_then(|template| map_mut(template, "spec"));
    let Some(pod) = pod else { return spec };
    remove(pod, "hostname");
    remove(pod, "subdomain");
    if !volumes.is_empty() {
        let is_claimed = |volume: &Value| volumes.iter().any(|one| one["name"] == volume["name"]);
        let own: Vec<Value> =
            list(pod, "volumes").iter().filter(|volume| !is_claimed(volume)).cloned().collect();
        volumes.extend(own);
        pod.insert("volumes".to_owned(), volumes.into());
    }
    spec
}

fn template_faults(spec: &Object, is_checked: bool, faults: &mut Vec<FieldError>) {
    if is_checked {
        rule::template_faults(spec, faults);
    }
}

fn strategy_faults(spec: &Object, faults: &mut Vec<FieldError>) {
    let none = Object::new();
    let strategy = part(spec, "updateStrategy", &none);
    let path = SPEC.field("updateStrategy");
    let rolling = map(strategy, "rollingUpdate");
    let shown = || {
        rolling.map(|rolling| {
            json!({
                "Partition": integer(rolling, "partition").unwrap_or(0),
                "MaxUnavailable": rolling.get("maxUnavailable"),
            })
        })
    };
    match text(strategy, "type") {
        "" => faults.push(FieldError::required(path, "")),
        "OnDelete" => {
            if let Some(shown) = shown() {
                let text = "only allowed for updateStrategy 'RollingUpdate'";
                faults.push(FieldError::invalid(path.field("rollingUpdate"), shown, text));
            }
        }
        "RollingUpdate" => {
            let Some(rolling) = rolling else { return };
            let path = path.field("rollingUpdate");
            not_negative(rolling, "partition", &path, faults);
            if is_set(rolling, "maxUnavailable") {
                share_faults(rolling, "maxUnavailable", &path, faults);
                if is_none(rolling, "maxUnavailable") {
                    let shown = rolling.get("maxUnavailable").cloned().unwrap_or_default();
                    let path = path.field("maxUnavailable");
                    faults.push(FieldError::invalid(path, shown, "cannot be 0"));
                }
                whole_faults(rolling, "maxUnavailable", &path, faults);
            }
        }
        other => {
            let shown = json!({"Type": other, "RollingUpdate": shown()});
            faults.push(FieldError::invalid(path, shown, "must be 'RollingUpdate' or 'OnDelete'"));
        }
    }
}

fn change_faults(object: &Object, old: &Object, faults: &mut Vec<FieldError>) {
    const CHANGEABLE: [&str; 7] = [
        "replicas",
        "template",
        "updateStrategy",
        "minReadySeconds",
        "ordinals",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
    ];
    let none = Object::new();
    let [new, before] = [object, old].map(|one| part(one, "spec", &none));
    let mut masked = new.clone();
    for field in CHANGEABLE {
        copy(&mut masked, before, field);
    }
    if !same(Some(&masked.into()), Some(&before.clone().into())) {
        let text = "updates to statefulset spec for fields other than 'replicas', 'ordinals', \
                    'template', 'updateStrategy', 'revisionHistoryLimit', \
                    'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
        faults.push(FieldError::forbidden(SPEC, text));
    }
}

fn status_faults(status: &Object, faults: &mut Vec<FieldError>) {
    let fields = [
        "replicas",
        "readyReplicas",
        "currentReplicas",
        "updatedReplicas",
        "availableReplicas",
        "observedGeneration",
        "collisionCount",
    ];
    count_faults(status, &fields, faults);
    let parts = ["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"];
    part_faults(status, &parts, ("replicas", "status.replicas"), faults);
    let whole = ("readyReplicas", "status.readyReplicas");
    part_faults(status, &["availableReplicas"], whole, faults);
}
