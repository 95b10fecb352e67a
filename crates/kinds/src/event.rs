//! Events: those of the core group and those of `events.k8s.io`, which are two spellings of one thing.

use portcullis_core::Timestamp;
use serde_json::Value;

use crate::path::Path;
use crate::value::{at, integer, is_set, map, remove, section, text};
use crate::{FieldError, Kind, Object, age, label, name};

pub(crate) static CORE_EVENT: Event = Event { group: "" };
pub(crate) static EVENT: Event = Event { group: GROUP };

const GROUP: &str = "events.k8s.io";

/// The longest reason, action and instance: they are indexed and counted by.
const WORD_BYTES_MAX: usize = 128;

/// The longest message.
const NOTE_BYTES_MAX: usize = 1024;

/// What `events.k8s.io` calls otherwise than the core group: its word first.
const SPELLINGS: [(&str, &str); 7] = [
    ("regarding", "involvedObject"),
    ("note", "message"),
    ("reportingController", "reportingComponent"),
    ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
];

/// `v1/Event` and `events.k8s.io/v1/Event`. Its rules read both spellings.
pub(crate) struct Event {
    group: &'static str,
}

impl Kind for Event {
    fn stored_as(&self, _version: &str) -> Option<(&'static str, &'static str)> {
        (self.group == GROUP).then_some(("", "v1"))
    }

    fn to_stored(&self, _version: &str, object: &mut Object) {
        if self.group == GROUP {
            respell(object, "v1", |(new, core)| (new, core));
        }
    }

    fn to_version(&self, _version: &str, object: &mut Object) {
        if self.group == GROUP {
            respell(object, "events.k8s.io/v1", |(new, core)| (core, new));
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        namespace_faults(object, &mut faults);
        if is_set(object, "eventTime") {
            self.report_faults(object, &mut faults);
        }
        if self.group != GROUP {
            return faults;
        }
        if !is_set(object, "eventTime") {
            faults.push(FieldError::required("eventTime", ""));
        }
        let kind = text(object, "type");
        if !matches!(kind, "Normal" | "Warning") {
            let detail = format!("has invalid value: {kind}");
            faults.push(FieldError::invalid("type", "", detail));
        }
        for (field, set) in [
            ("firstTimestamp", field(object, "firstTimestamp").is_some()),
            ("lastTimestamp", field(object, "lastTimestamp").is_some()),
            (
                "count",
                field(object, "count").and_then(Value::as_i64).is_some_and(|count| count != 0),
            ),
            ("source", source(object) != ("", "")),
        ] {
            if set {
                faults.push(FieldError::invalid(field, "", "needs to be unset"));
            }
        }
        faults
    }

    fn selectable(&self, object: &Object, label: &str) -> Option<String> {
        let word = |value: &str| Some(value.to_owned());
        let involved = involved(object);
        if let Some(part) =
            label.strip_prefix("involvedObject.").or_else(|| label.strip_prefix("regarding."))
        {
            let known =
                ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];
            return known.contains(&part).then(|| text(involved, part).to_owned());
        }
        match label {
            "reason" | "type" => word(text(object, label)),
            "reportingComponent" | "reportingController" => word(controller(object)),
            "source" => {
                let component = source(object).0;
                word(if component.is_empty() { controller(object) } else { component })
            }
            _ => None,
        }
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let involved = involved(object);
        let first = field(object, "firstTimestamp").or_else(|| field(object, "eventTime"));
        let series = map(object, "series");
        let last = series
            .and_then(|series| series.get("lastObservedTime"))
            .or_else(|| field(object, "lastTimestamp"));
        let first_seen = age::since(first, now);
        let last_seen = last.map_or_else(|| first_seen.clone(), |last| age::since(Some(last), now));
        let count = series
            .and_then(|series| integer(series, "count"))
            .or_else(|| field(object, "count").and_then(Value::as_i64).filter(|count| *count != 0))
            .unwrap_or(1);
        let target = match text(involved, "name") {
            "" => text(involved, "kind").to_lowercase(),
            named => format!("{}/{named}", text(involved, "kind").to_lowercase()),
        };
        let message = field(object, "message").and_then(Value::as_str).unwrap_or_default();
        Some(vec![
            last_seen.into(),
            text(object, "type").into(),
            text(object, "reason").into(),
            target.into(),
            text(involved, "fieldPath").into(),
            source_text(object).into(),
            message.trim().into(),
            first_seen.into(),
            count.into(),
            name::of(object).into(),
        ])
    }

    fn creates_on_update(&self) -> bool {
        true
    }

    fn name_faults(&self, name: &str) -> Vec<String> {
        // Only the newer spelling is held to more than what fits into an address.
        match self.group {
            GROUP => name::subdomain_faults(name),
            _ => name::path_segment_faults(name),
        }
    }
}

impl Event {
    /// What must be said of an event that has its exact time, which only newer reporters set.
    fn report_faults(&self, object: &Object, faults: &mut Vec<FieldError>) {
        let reporter =
            if self.group == GROUP { "reportingController" } else { "reportingComponent" };
        match controller(object) {
            "" => faults.push(FieldError::required(reporter, "")),
            given => label::key_faults(given, &Path::root(reporter), faults),
        }
        for field in ["reportingInstance", "action", "reason"] {
            match text(object, field) {
                "" => faults.push(FieldError::required(field, "")),
                given if given.len() > WORD_BYTES_MAX => {
                    let detail = format!("can have at most {WORD_BYTES_MAX} characters");
                    faults.push(FieldError::invalid(field, "", detail));
                }
                _ => {}
            }
        }
        let note = field(object, "message").and_then(Value::as_str).unwrap_or_default();
        if note.len() > NOTE_BYTES_MAX {
            let detail = format!("can have at most {NOTE_BYTES_MAX} characters");
            faults.push(FieldError::invalid("message", "", detail));
        }
    }
}

/// An event stands in the namespace of what it is about; what has none is spoken of in `default`.
fn namespace_faults(object: &Object, faults: &mut Vec<FieldError>) {
    let own = at(object, &["metadata", "namespace"]).and_then(Value::as_str).unwrap_or_default();
    let about = text(involved(object), "namespace");
    let newer = is_set(object, "eventTime");
    let fine = match about {
        "" => matches!(own, "" | "default") || (newer && own == "kube-system"),
        about => about == own,
    };
    if !fine {
        let detail = "does not match event.namespace";
        faults.push(FieldError::invalid("involvedObject.namespace", about, detail));
    }
}

/// A field by the core group's word, in whichever spelling it stands.
fn field<'a>(object: &'a Object, core: &str) -> Option<&'a Value> {
    let other = SPELLINGS.iter().find(|(_, word)| *word == core).map(|(word, _)| *word);
    let set = |word: &str| object.get(word).filter(|value| !value.is_null());
    set(core).or_else(|| set(other?))
}

fn involved(object: &Object) -> &Object {
    match map(object, "involvedObject") {
        Some(involved) => involved,
        None => section(object, "regarding"),
    }
}

fn controller(object: &Object) -> &str {
    field(object, "reportingComponent").and_then(Value::as_str).unwrap_or_default()
}

/// Component and host of the older way to say who reports.
fn source(object: &Object) -> (&str, &str) {
    let source = field(object, "source").and_then(Value::as_object);
    source.map_or(("", ""), |source| (text(source, "component"), text(source, "host")))
}

fn source_text(object: &Object) -> String {
    let (component, host) = match source(object) {
        ("", host) => (controller(object), host),
        named => named,
    };
    let host = if host.is_empty() { text(object, "reportingInstance") } else { host };
    if host.is_empty() { component.to_owned() } else { format!("{component}, {host}") }
}

/// Renames the fields; `order` says which word of a spelling is taken for which.
fn respell(
    object: &mut Object,
    api_version: &str,
    order: fn((&'static str, &'static str)) -> (&'static str, &'static str),
) {
    for (from, to) in SPELLINGS.map(order) {
        if let Some(value) = remove(object, from) {
            object.insert(to.to_owned(), value);
        }
    }
    if object.contains_key("apiVersion") {
        object.insert("apiVersion".to_owned(), api_version.into());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::joined;

    fn object(value: Value) -> Object {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn an_event_stands_where_its_object_stands() {
        for (own, about, fine) in
            [("lab", "lab", true), ("default", "", true), ("lab", "", false), ("lab", "dev", false)]
        {
            let event = object(
                json!({"metadata": {"namespace": own}, "involvedObject": {"namespace": about}}),
            );
            assert_eq!(CORE_EVENT.validate(&event).is_empty(), fine, "{own} {about}");
        }
    }

    #[test]
    fn the_newer_spelling_says_more() {
        let event = object(
            json!({"metadata": {"namespace": "lab"}, "regarding": {"namespace": "lab"}, "type": "X"}),
        );
        assert_eq!(
            joined(&EVENT.validate(&event)),
            "[eventTime: Required value, type: Invalid value: \"\": has invalid value: X]"
        );
        let event =
            object(json!({"metadata": {"namespace": "lab"}, "regarding": {"namespace": "lab"},
            "type": "Normal", "eventTime": "2024-05-06T07:08:09.000000Z", "action": "A",
            "reportingController": "a.test/c", "reportingInstance": "i", "deprecatedCount": 1}));
        assert_eq!(
            joined(&EVENT.validate(&event)),
            "[reason: Required value, count: Invalid value: \"\": needs to be unset]"
        );
    }

    #[test]
    fn both_spellings_are_one() {
        let newer = object(
            json!({"apiVersion": "events.k8s.io/v1", "regarding": {"name": "p"}, "note": "n",
            "type": "Normal"}),
        );
        let mut stored = newer.clone();
        EVENT.to_stored("v1", &mut stored);
        let want = json!({"apiVersion": "v1", "type": "Normal", "involvedObject": {"name": "p"}, "message": "n"});
        assert_eq!(Value::Object(stored.clone()), want);
        EVENT.to_version("v1", &mut stored);
        assert_eq!(stored, newer);
    }

    #[test]
    fn rows() {
        let now = Timestamp::from_seconds(100);
        let old = object(
            json!({"metadata": {"name": "e"}, "involvedObject": {"kind": "Pod", "name": "p"},
            "source": {"component": "me"}, "message": "M\n", "count": 3, "type": "Normal", "reason": "R",
            "firstTimestamp": "1970-01-01T00:00:10Z", "lastTimestamp": "1970-01-01T00:00:40Z"}),
        );
        let row = json!(["60s", "Normal", "R", "pod/p", "", "me", "M", "90s", 3, "e"]);
        assert_eq!(CORE_EVENT.cells(&old, now).map(Value::from), Some(row));
        let new = object(
            json!({"metadata": {"name": "e"}, "regarding": {"kind": "Pod", "name": "p"},
            "reportingController": "a.test/c", "reportingInstance": "i", "eventTime": "1970-01-01T00:00:10Z"}),
        );
        let row = json!(["90s", "", "", "pod/p", "", "a.test/c, i", "", "90s", 1, "e"]);
        assert_eq!(EVENT.cells(&new, now).map(Value::from), Some(row));
        assert_eq!(EVENT.selectable(&new, "involvedObject.kind").as_deref(), Some("Pod"));
        assert_eq!(EVENT.selectable(&new, "involvedObject.nosuch"), None);
    }
}
