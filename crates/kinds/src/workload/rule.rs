//! Rules that the kinds that run pods share.

use serde_json::Value;

use crate::path::Path;
use crate::pod::fault::not_negative;
use crate::value::{at, integer, list, map, maps, same, text, texts};
use crate::{FieldError, Object, label, pod};

pub(super) const SPEC: Path<'static> = Path::root("spec");
pub(super) const STATUS: Path<'static> = Path::root("status");

/// Whether a selector picks a map of labels; an absent one picks nothing. `Err` where it cannot be used.
pub(super) fn picks(selector: Option<&Object>, labels: Option<&Object>) -> Result<bool, ()> {
    let Some(selector) = selector else { return Ok(false) };
    let value = |key: &str| labels.and_then(|labels| labels.get(key)).and_then(Value::as_str);
    let mut all = true;
    for (key, wanted) in map(selector, "matchLabels").into_iter().flatten() {
        all &= value(key) == wanted.as_str();
    }
    for (_, wanted) in maps(selector, "matchExpressions") {
        let found = value(text(wanted, "key"));
        let is_named = found.is_some_and(|found| texts(wanted, "values").any(|one| one == found));
        let values = list(wanted, "values").len();
        all &= match (text(wanted, "operator"), values) {
            ("In", 1..) => is_named,
            ("NotIn", 1..) => !is_named,
            ("Exists", 0) => found.is_some(),
            ("DoesNotExist", 0) => found.is_none(),
            _ => return Err(()),
        };
    }
    let mut faults = Vec::new();
    label::selector_faults(selector, &SPEC, &mut faults);
    if faults.is_empty() { Ok(all) } else { Err(()) }
}

fn is_empty(selector: &Object) -> bool {
    map(selector, "matchLabels").is_none_or(Object::is_empty)
        && list(selector, "matchExpressions").is_empty()
}

/// What is wrong with the selector of a spec and whether it picks the pods of the template; `unusable` is
/// said of one that cannot be used at all. True where the template is looked at as well.
pub(super) fn selector_faults(
    spec: &Object,
    what: &str,
    unusable: &str,
    faults: &mut Vec<FieldError>,
) -> bool {
    let path = SPEC.field("selector");
    let selector = map(spec, "selector");
    match selector {
        None => faults.push(FieldError::required(path, "")),
        Some(selector) => {
            label::selector_faults(selector, &path, faults);
            if is_empty(selector) {
                let text = format!("empty selector is invalid for {what}");
                faults.push(FieldError::invalid(path, Value::from(selector.clone()), text));
            }
        }
    }
    let labels = template_labels(spec);
    match picks(selector, labels) {
        Ok(picked) => {
            if !picked && !selector.is_some_and(is_empty) {
                label_faults(labels, faults);
            }
            true
        }
        Err(()) => {
            if let Some(selector) = selector {
                faults.push(FieldError::invalid(path, Value::from(selector.clone()), unusable));
            }
            false
        }
    }
}

pub(super) fn template_labels(spec: &Object) -> Option<&Object> {
    at(spec, &["template", "metadata", "labels"]).and_then(Value::as_object)
}

pub(super) fn label_faults(labels: Option<&Object>, faults: &mut Vec<FieldError>) {
    let shown = labels.map_or(Value::Null, |labels| labels.clone().into());
    let text = "`selector` does not match template `labels`";
    faults.push(FieldError::invalid(SPEC.field("template.metadata.labels"), shown, text));
}

/// What is wrong with the template of a spec.
pub(super) fn template_faults(spec: &Object, faults: &mut Vec<FieldError>) {
    let empty = Object::new();
    let template = map(spec, "template").unwrap_or(&empty);
    pod::template_faults(template, &SPEC.field("template"), faults);
}

/// Pods that are kept running start again always, and have no deadline.
pub(super) fn lasting_faults(spec: &Object, what: &str, faults: &mut Vec<FieldError>) {
    let empty = Object::new();
    let pod = at(spec, &["template", "spec"]).and_then(Value::as_object).unwrap_or(&empty);
    let path = SPEC.field("template.spec");
    let policy = text(pod, "restartPolicy");
    if policy != "Always" {
        let path = path.field("restartPolicy");
        faults.push(FieldError::unsupported(path, policy, &["Always"]));
    }
    if integer(pod, "activeDeadlineSeconds").is_some() {
        let text = format!("activeDeadlineSeconds in {what} is not Supported");
        faults.push(FieldError::forbidden(path.field("activeDeadlineSeconds"), text));
    }
}

/// A field that may not change.
pub(super) fn immutable_faults(
    new: &Object,
    old: &Object,
    field: &str,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    if !same(new.get(field), old.get(field)) {
        let shown = new.get(field).cloned().unwrap_or(Value::Null);
        faults.push(FieldError::invalid(path.field(field), shown, "field is immutable"));
    }
}

/// What is wrong with a count of pods, or a share of them.
pub(super) fn share_faults(
    object: &Object,
    field: &str,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    if let Some(Value::String(share)) = object.get(field) {
        if percent(share).is_none() {
            let text = "a valid percent string must be a numeric string followed by an ending '%' \
                        (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
            faults.push(FieldError::invalid(path.field(field), share.as_str(), text));
        }
    } else {
        not_negative(object, field, path, faults);
    }
}

/// What is wrong with a share of more than there are.
pub(super) fn whole_faults(
    object: &Object,
    field: &str,
    path: &Path<'_>,
    faults: &mut Vec<FieldError>,
) {
    if let Some(Value::String(share)) = object.get(field)
        && percent(share).is_some_and(|share| share > 100)
    {
        let text = "must not be greater than 100%";
        faults.push(FieldError::invalid(path.field(field), share.as_str(), text));
    }
}

/// The number before the sign; a number too large to hold is more than any.
fn percent(share: &str) -> Option<u64> {
    let digits = share.strip_suffix('%')?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// Whether a count or share is none at all; what is neither a number nor a share counts as none.
pub(super) fn is_none(object: &Object, field: &str) -> bool {
    match object.get(field) {
        Some(Value::String(share)) => {
            percent(share).or_else(|| share.parse().ok()).unwrap_or(0) == 0
        }
        Some(number) => number.as_i64().unwrap_or(0) == 0,
        None => true,
    }
}

/// Counts of a status may not be negative.
pub(super) fn count_faults(status: &Object, fields: &[&str], faults: &mut Vec<FieldError>) {
    for field in fields {
        not_negative(status, field, &STATUS, faults);
    }
}

/// Parts of a whole may not be more than it.
pub(super) fn part_faults(
    status: &Object,
    parts: &[&str],
    whole: (&str, &str),
    faults: &mut Vec<FieldError>,
) {
    let (whole, shown) = whole;
    let number = |field| integer(status, field).unwrap_or(0);
    for part in parts.iter().filter(|part| number(part) > number(whole)) {
        let text = format!("cannot be greater than {shown}");
        faults.push(FieldError::invalid(STATUS.field(part), number(part), text));
    }
}

/// A count of collisions only grows.
pub(super) fn collision_faults(status: &Object, before: &Object, faults: &mut Vec<FieldError>) {
    let count = |status| integer(status, "collisionCount");
    if let Some(before) = count(before)
        && count(status).is_none_or(|now| now < before)
    {
        let shown = count(status).unwrap_or(0);
        let path = STATUS.field("collisionCount");
        faults.push(FieldError::invalid(path, shown, "cannot be decremented"));
    }
}

/// What the name of what makes pods means for theirs.
pub(super) fn name_warnings(object: &Object, warnings: &mut Vec<String>) {
    let name = map(object, "metadata").map_or("", |metadata| text(metadata, "name"));
    let texts = crate::name::label_faults(name);
    if !texts.is_empty() {
        warnings.push(format!(
            "metadata.name: this is used in Pod names and hostnames, which can result in surprising \
             behavior; a DNS label is recommended: [{}]",
            texts.join(" ")
        ));
    }
}

/// What is wise to know of the template, where it is new or has changed.
pub(super) fn template_warnings(object: &Object, old: Option<&Object>, warnings: &mut Vec<String>) {
    if old.is_some_and(|old| same(object.get("spec"), old.get("spec"))) {
        return;
    }
    if let Some(template) = at(object, &["spec", "template"]).and_then(Value::as_object) {
        pod::template_warnings(template, &SPEC.field("template"), warnings);
    }
}

/// The spec or status of an object; nothing in it where there is none.
pub(super) fn part<'a>(object: &'a Object, field: &str, none: &'a Object) -> &'a Object {
    map(object, field).unwrap_or(none)
}
