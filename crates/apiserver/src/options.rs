//! The parameters of the verbs: `ListOptions`, `CreateOptions` and the others of `meta.k8s.io`, read
//! from the query, and for deletes from the body, with the original's checks and sentences.

use portcullis_kinds::{ErrorType, FieldError, Object};
use serde_json::Value;

use crate::request_info::{FieldSelector, LabelSelector, Query};
use crate::status::Status;

/// The longest name of a field manager, in bytes.
pub const FIELD_MANAGER_BYTES_MAX: usize = 128;

/// How much of a wish to try something out is taken: `All` is the only one there is.
const DRY_RUN: &str = "All";

/// What list, watch and deletecollection are asked with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListOptions {
    /// Which objects, by labels.
    pub labels: LabelSelector,
    /// Which objects, by fields.
    pub fields: FieldSelector,
    /// The version asked for, as sent.
    pub resource_version: String,
    /// How the version is meant: `Exact`, `NotOlderThan` or empty.
    pub version_match: String,
    /// The most items of a page; nothing or less means all.
    pub limit: i64,
    /// Where the page goes on.
    pub continue_token: String,
    /// Whether it is a watch.
    pub watch: bool,
    /// After how many seconds a watch ends.
    pub timeout_seconds: Option<i64>,
    /// Whether a watch wants bookmarks.
    pub bookmarks: bool,
    /// Whether a watch begins with what is there.
    pub send_initial_events: Option<bool>,
}

impl ListOptions {
    /// Reads them. `watch` comes from the request's verb: a path may ask for one too.
    pub fn read(query: &Query, watch: bool) -> Result<Self, Status> {
        let text = |key: &str| query.first(key).unwrap_or_default().to_owned();
        let options = Self {
            labels: LabelSelector::parse(&text("labelSelector"))
                .map_err(|why| Status::bad_request(why.to_string()))?,
            fields: FieldSelector::parse(&text("fieldSelector"))
                .map_err(|why| Status::bad_request(why.to_string()))?,
            resource_version: text("resourceVersion"),
            version_match: text("resourceVersionMatch"),
            limit: integer(query, "limit")?.unwrap_or(0),
            continue_token: text("continue"),
            watch,
            timeout_seconds: integer(query, "timeoutSeconds")?,
            bookmarks: query.flag("allowWatchBookmarks"),
            send_initial_events: query
                .first("sendInitialEvents")
                .map(|_| query.flag("sendInitialEvents")),
        };
        let faults = options.faults();
        if faults.is_empty() { Ok(options) } else { Err(invalid("ListOptions", &faults)) }
    }

    fn faults(&self) -> Vec<FieldError> {
        let matched = |why: &str| FieldError::forbidden("resourceVersionMatch", why);
        let (exact, not_older) = ("Exact", "NotOlderThan");
        let asked = self.version_match.as_str();
        let mut faults = Vec::new();
        if self.watch {
            if self.send_initial_events.is_some() && asked != not_older {
                faults.push(matched(
                    "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
                ));
            }
            if !asked.is_empty() && self.send_initial_events.is_none() {
                faults.push(matched(
                    "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
                ));
            }
            if !asked.is_empty() && asked != not_older {
                faults.push(FieldError::unsupported("resourceVersionMatch", asked, &[not_older]));
            }
            if !self.continue_token.is_empty() {
                faults.push(matched("resourceVersionMatch is forbidden when continue is provided"));
            }
            return faults;
        }
        if !asked.is_empty() {
            if self.resource_version.is_empty() {
                faults.push(matched(
                    "resourceVersionMatch is forbidden unless resourceVersion is provided",
                ));
            }
            if !self.continue_token.is_empty() {
                faults.push(matched("resourceVersionMatch is forbidden when continue is provided"));
            }
            if asked != exact && asked != not_older {
                faults.push(FieldError::unsupported(
                    "resourceVersionMatch",
                    asked,
                    &[exact, not_older, ""],
                ));
            }
            if asked == exact && self.resource_version == "0" {
                faults.push(matched(
                    "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
                ));
            }
        }
        if self.send_initial_events.is_some() {
            faults.push(FieldError::forbidden(
                "sendInitialEvents",
                "sendInitialEvents is forbidden for list",
            ));
        }
        faults
    }
}

/// What is done about fields that are unknown or given twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldValidation {
    /// Nothing.
    Ignore,
    /// A warning for each.
    #[default]
    Warn,
    /// The request is refused.
    Strict,
}

/// What create, update and patch are asked with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteOptions {
    /// Whether everything is done but the storing.
    pub dry_run: bool,
    /// Who owns the fields that are written; empty where the client did not say.
    pub field_manager: String,
    /// What is done about fields that are unknown or given twice.
    pub field_validation: FieldValidation,
}

impl WriteOptions {
    /// Reads them; `kind` is what the error calls them, as `CreateOptions`.
    pub fn read(query: &Query, kind: &str) -> Result<Self, Status> {
        let mut faults = Vec::new();
        if kind == "PatchOptions" && query.first("force").is_some() {
            faults.push(FieldError::forbidden("force", "may not be specified for non-apply patch"));
        }
        let field_manager = query.first("fieldManager").unwrap_or_default();
        field_manager_faults(field_manager, &mut faults);
        let dry_run: Vec<&str> = query.all("dryRun").collect();
        dry_run_faults(&dry_run, &mut faults);
        let field_validation = match query.first("fieldValidation").unwrap_or_default() {
            "Ignore" => FieldValidation::Ignore,
            "" | "Warn" => FieldValidation::Warn,
            "Strict" => FieldValidation::Strict,
            other => {
                let taken = ["", "Ignore", "Strict", "Warn"];
                faults.push(FieldError::unsupported("fieldValidation", other, &taken));
                FieldValidation::Strict
            }
        };
        if !faults.is_empty() {
            return Err(invalid(kind, &faults));
        }
        Ok(Self {
            dry_run: !dry_run.is_empty(),
            field_manager: field_manager.to_owned(),
            field_validation,
        })
    }
}

/// What becomes of the objects that the deleted one owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// They stay.
    Orphan,
    /// They go after it.
    Background,
    /// They go before it.
    Foreground,
}

/// What delete and deletecollection are asked with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteOptions {
    /// Whether everything is done but the storing.
    pub dry_run: bool,
    /// How long the object may take to end, in seconds.
    pub grace_period_seconds: Option<i64>,
    /// The uid the object must have.
    pub uid: Option<String>,
    /// The version the object must have.
    pub resource_version: Option<String>,
    /// What becomes of what it owns.
    pub propagation: Option<Propagation>,
}

impl DeleteOptions {
    /// Reads them from the body, or from the query where there is none.
    pub fn read(query: &Query, body: Option<&Object>) -> Result<Self, Status> {
        let mut faults = Vec::new();
        let (dry_run, grace, orphan, policy, preconditions) = match body {
            Some(body) => (
                strings(body.get("dryRun")),
                body.get("gracePeriodSeconds").and_then(Value::as_i64),
                body.get("orphanDependents").and_then(Value::as_bool),
                body.get("propagationPolicy").and_then(Value::as_str).map(str::to_owned),
                body.get("preconditions").and_then(Value::as_object),
            ),
            None => (
                query.all("dryRun").map(str::to_owned).collect(),
                integer(query, "gracePeriodSeconds")?,
                query.first("orphanDependents").map(|_| query.flag("orphanDependents")),
                query.first("propagationPolicy").map(str::to_owned),
                None,
            ),
        };
        let propagation = match policy.as_deref() {
            None => None,
            Some("Orphan") => Some(Propagation::Orphan),
            Some("Background") => Some(Propagation::Background),
            Some("Foreground") => Some(Propagation::Foreground),
            Some(other) => {
                let taken = ["Foreground", "Background", "Orphan", "nil"];
                faults.push(FieldError::unsupported("propagationPolicy", other, &taken));
                None
            }
        };
        if let (Some(policy), Some(_)) = (policy.as_deref(), orphan) {
            faults.push(FieldError::invalid(
                "propagationPolicy",
                Value::from(policy),
                "orphanDependents and deletionPropagation cannot be both set",
            ));
        }
        dry_run_faults(&dry_run.iter().map(String::as_str).collect::<Vec<_>>(), &mut faults);
        if !faults.is_empty() {
            return Err(invalid("DeleteOptions", &faults));
        }
        let orphan =
            orphan.map(|orphan| if orphan { Propagation::Orphan } else { Propagation::Background });
        let precondition = |field: &str| {
            preconditions.and_then(|set| set.get(field)).and_then(Value::as_str).map(str::to_owned)
        };
        Ok(Self {
            dry_run: !dry_run.is_empty(),
            grace_period_seconds: grace,
            uid: precondition("uid"),
            resource_version: precondition("resourceVersion"),
            propagation: propagation.or(orphan),
        })
    }
}

fn invalid(kind: &str, faults: &[FieldError]) -> Status {
    Status::invalid("meta.k8s.io", kind, "", faults)
}

fn strings(value: Option<&Value>) -> Vec<String> {
    let listed = value.and_then(Value::as_array).into_iter().flatten();
    listed.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A whole number of the query. `strconv` is the original's: clients show the text as it is.
fn integer(query: &Query, key: &str) -> Result<Option<i64>, Status> {
    match query.first(key) {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| {
            Status::bad_request(format!(
                "strconv.ParseInt: parsing {}: invalid syntax",
                Value::from(text)
            ))
        }),
    }
}

fn dry_run_faults(asked: &[&str], faults: &mut Vec<FieldError>) {
    if asked.iter().any(|one| *one != DRY_RUN) {
        let asked: Vec<Value> = asked.iter().map(|one| Value::from(*one)).collect();
        faults.push(FieldError::unsupported("dryRun", Value::from(asked), &[DRY_RUN]));
    }
}

fn field_manager_faults(manager: &str, faults: &mut Vec<FieldError>) {
    if manager.len() > FIELD_MANAGER_BYTES_MAX {
        faults.push(FieldError::too_long("fieldManager", FIELD_MANAGER_BYTES_MAX));
    }
    for (place, char) in manager.chars().enumerate() {
        if char.is_control() {
            let detail =
                format!("invalid character U+{:04X} (at position {place})", u32::from(char));
            faults.push(FieldError::of(
                ErrorType::Invalid,
                "fieldManager",
                Value::from(manager),
                detail,
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message<T: std::fmt::Debug>(read: Result<T, Status>) -> String {
        read.map_or_else(|status| status.message, |options| format!("{options:?}"))
    }

    fn list(query: &str, watch: bool) -> String {
        message(ListOptions::read(&Query::parse(query), watch))
    }

    #[test]
    fn lists_are_asked_for_as_the_api_allows() {
        let invalid = "ListOptions.meta.k8s.io \"\" is invalid: ";
        for (query, watch, wanted) in [
            ("limit=abc", false, "strconv.ParseInt: parsing \"abc\": invalid syntax".to_owned()),
            (
                "labelSelector=a%20b",
                false,
                "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"
                    .to_owned(),
            ),
            (
                "resourceVersionMatch=Nope",
                false,
                format!(
                    "{invalid}[resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless \
                     resourceVersion is provided, resourceVersionMatch: Unsupported value: \"Nope\": supported \
                     values: \"Exact\", \"NotOlderThan\", \"\"]"
                ),
            ),
            (
                "sendInitialEvents=true",
                false,
                format!(
                    "{invalid}sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"
                ),
            ),
            (
                "continue=abc",
                true,
                format!(
                    "{invalid}resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when \
                     continue is provided"
                ),
            ),
        ] {
            assert_eq!(list(query, watch), wanted, "{query}");
        }
        let read =
            ListOptions::read(&Query::parse("limit=-1&allowWatchBookmarks=yes"), true).unwrap();
        assert!(read.bookmarks && read.limit == -1 && read.send_initial_events.is_none());
    }

    #[test]
    fn writes_are_asked_for_as_the_api_allows() {
        let read =
            |query: &str, kind: &str| message(WriteOptions::read(&Query::parse(query), kind));
        assert_eq!(
            read("dryRun=", "CreateOptions"),
            "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: [\"\"]: supported values: \"All\""
        );
        assert_eq!(
            read("force=true", "PatchOptions"),
            "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch"
        );
        assert_eq!(
            read("fieldManager=a%00b", "CreateOptions"),
            "CreateOptions.meta.k8s.io \"\" is invalid: fieldManager: Invalid value: \"a\\x00b\": invalid character U+0000 (at position 1)"
        );
        let all =
            WriteOptions::read(&Query::parse("dryRun=All&dryRun=All"), "CreateOptions").unwrap();
        assert!(all.dry_run);
    }

    #[test]
    fn deletes_are_asked_for_as_the_api_allows() {
        let body: Object = serde_json::from_str(
            r#"{"propagationPolicy":"Orphan","orphanDependents":true,"dryRun":["Some"]}"#,
        )
        .unwrap();
        let message = message(DeleteOptions::read(&Query::default(), Some(&body)));
        assert!(
            message.contains("orphanDependents and deletionPropagation cannot be both set"),
            "{message}"
        );
        let options =
            DeleteOptions::read(&Query::parse("propagationPolicy=Foreground"), None).unwrap();
        assert_eq!(options.propagation, Some(Propagation::Foreground));
    }
}
