//! CronJobs.

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use super::rule::{SPEC, name_warnings, part};
use super::{container_cells, job, name, schedule, time_zone, update_status};
use crate::pod::fault::{not_negative, required_word};
use crate::value::{
    at, copy, default_text, default_value, flag, is_set, list, map, map_mut, map_or_new, same, text,
};
use crate::{FieldError, Kind, Object, age, generation, label, metadata, pod};

/// How many Jobs that are over are kept.
const SUCCEEDED_KEPT: i32 = 3;
const FAILED_KEPT: i32 = 1;
/// The longest name: that of a Job less eleven characters for the time it was due.
const NAME_MAX: usize = 52;
/// The longest part of the name of a time zone.
const ZONE_PART_MAX: usize = 14;

/// `cronjobs.batch`.
pub(crate) static CRON_JOB: CronJob = CronJob::Main;
static CRON_JOB_STATUS: CronJob = CronJob::Status;

/// A CronJob, or its status written on its own.
pub(crate) enum CronJob {
    Main,
    Status,
}

impl Kind for CronJob {
    fn default(&self, object: &mut Object) {
        let Some(spec) = map_or_new(object, "spec") else { return };
        default_text(spec, "concurrencyPolicy", "Allow");
        default_value(spec, "suspend", false);
        if let Some(template) = map_or_new(spec, "jobTemplate")
            && let Some(job) = map_or_new(template, "spec")
        {
            job::default_spec(job);
        }
        default_value(spec, "successfulJobsHistoryLimit", SUCCEEDED_KEPT);
        default_value(spec, "failedJobsHistoryLimit", FAILED_KEPT);
    }

    fn prepare_create(&self, object: &mut Object) {
        object.insert("status".to_owned(), json!({}));
        generation::first(object);
        if let Some(spec) = pod_spec_mut(object) {
            pod::drop_disabled(spec, None);
        }
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        match self {
            Self::Main => {
                copy(object, old, "status");
                if let Some(spec) = pod_spec_mut(object) {
                    pod::drop_disabled(spec, pod_spec(old));
                }
                generation::next(object, old, &["spec"]);
            }
            Self::Status => update_status(object, old),
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        spec_faults(object, None, &mut faults);
        let own = map(object, "metadata").map_or("", |metadata| text(metadata, "name"));
        if own.len() > NAME_MAX {
            let text = format!("must be no more than {NAME_MAX} characters");
            faults.push(FieldError::invalid("metadata.name", own, text));
        }
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::change_faults(self, object, old, &mut faults);
        if matches!(self, Self::Main) {
            spec_faults(object, Some(old), &mut faults);
        }
        faults
    }

    fn warnings(&self, object: &Object, old: Option<&Object>) -> Vec<String> {
        let mut warnings = Vec::new();
        if !matches!(self, Self::Main) {
            return warnings;
        }
        if old.is_none() {
            name_warnings(object, &mut warnings);
        }
        if old.is_none_or(|old| !same(object.get("spec"), old.get("spec")))
            && let Some(template) =
                at(object, &["spec", "jobTemplate", "spec", "template"]).and_then(Value::as_object)
        {
            let path = SPEC.field("jobTemplate.spec.template");
            pod::template_warnings(template, &path, &mut warnings);
        }
        let has_zone =
            map(object, "spec").is_some_and(|spec| text(spec, "schedule").contains("TZ"));
        if old.is_some() && has_zone {
            warnings.push(
                "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see \
                 https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
                    .to_owned(),
            );
        }
        warnings
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        const NONE: &str = "<none>";
        let none = Object::new();
        let [spec, status] = ["spec", "status"].map(|field| part(object, field, &none));
        let suspend = match flag(spec, "suspend") {
            Some(true) => "True",
            Some(false) => "False",
            None => "<unset>",
        };
        let last = match status.get("lastScheduleTime") {
            None | Some(Value::Null) => NONE.to_owned(),
            last => age::since(last, now),
        };
        let zone = spec.get("timeZone").and_then(Value::as_str).unwrap_or(NONE);
        let [containers, images] = container_cells(pod_spec(object));
        let selector = at(spec, &["jobTemplate", "spec", "selector"]).and_then(Value::as_object);
        Some(vec![
            name(object),
            text(spec, "schedule").into(),
            zone.into(),
            suspend.into(),
            list(status, "active").len().into(),
            last.into(),
            age::of(object, now).into(),
            containers,
            images,
            label::selector_text(selector).into(),
        ])
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        (name == "status").then_some(&CRON_JOB_STATUS as _)
    }
}

const WAY: [&str; 5] = ["spec", "jobTemplate", "spec", "template", "spec"];

fn pod_spec(object: &Object) -> Option<&Object> {
    at(object, &WAY).and_then(Value::as_object)
}

fn pod_spec_mut(object: &mut Object) -> Option<&mut Object> {
    WAY.iter().try_fold(object, |place, field| map_mut(place, field))
}

fn spec_faults(object: &Object, old: Option<&Object>, faults: &mut Vec<FieldError>) {
    let none = Object::new();
    let spec = part(object, "spec", &none);
    let before = old.map(|old| part(old, "spec", &none));
    schedule_faults(spec, before, faults);
    not_negative(spec, "startingDeadlineSeconds", &SPEC, faults);
    let zone = spec.get("timeZone").and_then(Value::as_str);
    if let Some(zone) = zone
        && before.is_none_or(|before| !same(spec.get("timeZone"), before.get("timeZone")))
    {
        zone_faults(zone, faults);
    }
    required_word(spec, "concurrencyPolicy", &["Allow", "Forbid", "Replace"], &SPEC, faults);
    let template = part(spec, "jobTemplate", &none);
    let job = part(template, "spec", &none);
    let path = SPEC.field("jobTemplate");
    let path = path.field("spec");
    job::spec_faults(job, &path, faults);
    if is_set(job, "selector") {
        let shown = job.get("selector").cloned().unwrap_or_default();
        let text = "`selector` will be auto-generated";
        faults.push(FieldError::invalid(path.field("selector"), shown, text));
    }
    if flag(job, "manualSelector") == Some(true) {
        let path = path.field("manualSelector");
        faults.push(FieldError::unsupported(path, true, &["nil", "false"]));
    }
    not_negative(spec, "successfulJobsHistoryLimit", &SPEC, faults);
    not_negative(spec, "failedJobsHistoryLimit", &SPEC, faults);
}

fn schedule_faults(spec: &Object, before: Option<&Object>, faults: &mut Vec<FieldError>) {
    let path = SPEC.field("schedule");
    let wanted = text(spec, "schedule");
    if wanted.is_empty() {
        faults.push(FieldError::required(path, ""));
        return;
    }
    if let Some(fault) = schedule::fault(wanted) {
        faults.push(FieldError::invalid(path, wanted, fault));
    }
    let had_zone = before.is_some_and(|before| text(before, "schedule").contains("TZ"));
    if !wanted.contains("TZ") {
        return;
    }
    if had_zone && is_set(spec, "timeZone") {
        let text = "cannot use both timeZone field and TZ or CRON_TZ in schedule";
        faults.push(FieldError::invalid(path, wanted, text));
    } else if !had_zone {
        let text = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
        faults.push(FieldError::invalid(path, wanted, text));
    }
}

fn zone_faults(zone: &str, faults: &mut Vec<FieldError>) {
    let path = SPEC.field("timeZone");
    if zone.is_empty() {
        let text = "timeZone must be nil or non-empty string";
        faults.push(FieldError::invalid(path, zone, text));
        return;
    }
    let is_part = |part: &str| {
        !part.starts_with('-')
            && !matches!(part, "" | "." | "..")
            && part.len() <= ZONE_PART_MAX
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+'))
    };
    let unknown = format!("unknown time zone {zone}");
    if !zone.split('/').all(is_part) {
        faults.push(FieldError::invalid(path, zone, unknown));
        return;
    }
    if zone.eq_ignore_ascii_case("Local") {
        let text = "timeZone must be an explicit time zone as defined in \
                    https://www.iana.org/time-zones";
        faults.push(FieldError::invalid(path, zone, text));
    }
    if zone != "Local" && !time_zone::is_known(zone) {
        faults.push(FieldError::invalid(path, zone, unknown));
    }
}
