//! The body of a request: bytes of some media type become an object of the kind that is expected.

use portcullis_kinds::Object;
use portcullis_schema::api::{self, Message};
use portcullis_schema::decode::{self, Error};
use portcullis_schema::{own, protobuf};
use serde_json::Value;

use crate::ask::{Ask, Target};
use crate::options::FieldValidation;
use crate::resource::Resource;
use crate::status::Status;

/// The most bytes of a body: what the original takes, so that what it stores this server can store.
pub const BODY_BYTES_MAX: usize = 3 * 1024 * 1024;

/// How much of a body that cannot be read is shown in the refusal.
const SHOWN_BYTES_MAX: usize = 1024;

/// Versions that the original knows and does not serve: an object of theirs is told from nonsense.
const NOT_SERVED: [(&str, &str); 14] = [
    ("admissionregistration.k8s.io", "v1beta1"),
    ("apps", "v1beta1"),
    ("apps", "v1beta2"),
    ("authentication.k8s.io", "v1beta1"),
    ("authorization.k8s.io", "v1beta1"),
    ("batch", "v1beta1"),
    ("certificates.k8s.io", "v1beta1"),
    ("coordination.k8s.io", "v1beta1"),
    ("discovery.k8s.io", "v1beta1"),
    ("events.k8s.io", "v1beta1"),
    ("networking.k8s.io", "v1beta1"),
    ("policy", "v1beta1"),
    ("rbac.authorization.k8s.io", "v1beta1"),
    ("storage.k8s.io", "v1beta1"),
];

const JSON: &str = "application/json";
const YAML: &str = "application/yaml";
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// A media type without its parameters.
pub fn media_type(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// What kind an endpoint expects in its body.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    message: &'static Message,
}

impl Expected {
    /// The kind of a target: that of the subresource where it has one of its own.
    pub fn of(target: Target) -> Result<Self, Status> {
        let Resource { group, version, kind, .. } = target.resource;
        let (group, version, kind) = match target.subresource {
            Some(part) => (part.group, part.version, part.kind),
            None => (*group, *version, *kind),
        };
        let known = api::kind(group, version, kind).or_else(|| own::kind(group, version, kind));
        let known =
            known.ok_or_else(|| Status::internal(&format!("the kind {kind} is unknown")))?;
        Ok(Self { group, version, kind, message: known.message })
    }

    fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }
}

/// Reads the body as an object of the target's kind, without kind and apiVersion.
pub fn object(
    ask: &mut Ask,
    target: Target,
    validation: FieldValidation,
) -> Result<Object, Status> {
    let expected = Expected::of(target)?;
    let (json, twice) = as_json(ask, expected)?;
    let mut complaints = match validation {
        // The YAML reader's complaints are one, and come first.
        FieldValidation::Strict if !twice.is_empty() => {
            vec![format!("yaml: unmarshal errors:\n  {}", twice.join("\n  "))]
        }
        _ => twice,
    };
    let said = decode::type_meta(&json)
        .map_err(|why| unrecognised(expected, &why.to_string(), &ask.body))?;
    let kind = if said.kind.is_empty() { expected.kind } else { &said.kind };
    let version =
        if said.api_version.is_empty() { expected.api_version() } else { said.api_version.clone() };
    let short = version.rsplit('/').next().unwrap_or_default().to_owned();
    let unfit = |why: &str| {
        Status::bad_request(format!(
            "{kind} in version \"{short}\" cannot be handled as a {}: {why}",
            expected.kind
        ))
    };
    if kind != expected.kind || version != expected.api_version() {
        return Err(unfit_kind(expected, kind, &version, &unfit));
    }
    let decoded = decode::decode(expected.message, &json).map_err(|why| {
        if why.is_unrecognised() {
            unrecognised(expected, &why.to_string(), &ask.body)
        } else {
            unfit(&why.to_string())
        }
    })?;
    complaints.extend(decoded.complaints.iter().map(ToString::to_string));
    told(ask, &complaints, validation).map_err(|why| unfit(&why))?;
    Ok(without_kind(decoded.object))
}

/// The same for what a patch has made, whose refusals are worded otherwise. They show `shown`, or the
/// patched object.
pub fn patched_object(
    ask: &mut Ask,
    target: Target,
    shown: Option<Value>,
    patched: Object,
    mut complaints: Vec<String>,
    validation: FieldValidation,
) -> Result<Object, Status> {
    let expected = Expected { ..Expected::of(Target { subresource: None, ..target })? };
    let strategic = shown.is_some();
    let shown = shown.unwrap_or_else(|| Value::Object(patched.clone()));
    let text = |field: &str| patched.get(field).and_then(Value::as_str).unwrap_or_default();
    let (kind, version) = (text("kind"), text("apiVersion"));
    let invalid = |why: &str| crate::verbs::patch::invalid_patch(&shown, why);
    // What calls itself something else is read as that first, and refused for what is wrong with that.
    let (group, short) = version.rsplit_once('/').unwrap_or(("", version));
    if let Some(other) = api::kind(group, short, kind).filter(|other| other.kind != expected.kind)
        && let Err(why) = decode::decode_value(other.message, &patched)
    {
        return Err(invalid(&why.to_string()));
    }
    if !(kind.is_empty() || kind == expected.kind)
        || !(version.is_empty() || version == expected.api_version())
    {
        return Err(unfit_kind(expected, kind, version, &invalid));
    }
    let decoded = decode::decode_value(expected.message, &patched).map_err(|why| match why {
        // A strategic merge is read by another reader of the original's, with words of its own.
        Error::Type(wrong) if strategic => invalid(&not_restored(&wrong)),
        why => invalid(&why.to_string()),
    })?;
    complaints.extend(decoded.complaints.iter().map(ToString::to_string));
    told(ask, &complaints, validation).map_err(|why| invalid(&why))?;
    Ok(without_kind(decoded.object))
}

/// Does with what was complained of what the client asked for: the error refuses the object.
fn told(ask: &mut Ask, complaints: &[String], validation: FieldValidation) -> Result<(), String> {
    match validation {
        FieldValidation::Ignore => Ok(()),
        FieldValidation::Warn => {
            ask.warnings.extend_from_slice(complaints);
            Ok(())
        }
        FieldValidation::Strict if complaints.is_empty() => Ok(()),
        FieldValidation::Strict => Err(format!("strict decoding error: {}", complaints.join(", "))),
    }
}

/// The object as it is stored: its kind and version are those of its key.
fn without_kind(mut object: Object) -> Object {
    object.shift_remove("kind");
    object.shift_remove("apiVersion");
    object
}

/// A value of the wrong type as `runtime.DefaultUnstructuredConverter` of the original words it.
fn not_restored(wrong: &decode::WrongType) -> String {
    let found = match wrong.found.split(' ').next().unwrap_or_default() {
        "array" => "slice",
        "object" => "map",
        "number" => "int64",
        other => other,
    };
    match wrong.wanted.as_str() {
        wanted if wanted.starts_with("[]") => format!("cannot restore slice from {found}"),
        wanted if wanted.starts_with("map[") => format!("cannot restore map from {found}"),
        wanted if wanted.contains('.') => format!("cannot restore struct from: {found}"),
        wanted => format!("cannot convert {found} to {wanted}"),
    }
}

/// An object of another kind than the one that is expected.
fn unfit_kind(
    expected: Expected,
    kind: &str,
    version: &str,
    unfit: &dyn Fn(&str) -> Status,
) -> Status {
    let (group, short) = version.rsplit_once('/').unwrap_or(("", version));
    let older =
        kind == expected.kind && group == expected.group && NOT_SERVED.contains(&(group, short));
    if api::kind(group, short, kind).is_none() && !older {
        return unfit(&format!(
            "no kind \"{kind}\" is registered for version \"{version}\" in scheme \"pkg/runtime/scheme.go:111\""
        ));
    }
    if kind == expected.kind && group == expected.group {
        return Status::bad_request(format!(
            "the API version in the data ({version}) does not match the expected API version ({})",
            expected.api_version()
        ));
    }
    let package = match expected.group {
        "" => "core",
        group => group.split('.').next().unwrap_or(group),
    };
    unfit(&format!(
        "converting ({short}.{kind}) to ({package}.{}): unknown conversion",
        expected.kind
    ))
}

fn unrecognised(expected: Expected, why: &str, body: &[u8]) -> Status {
    Status::bad_request(format!(
        "the object provided is unrecognized (must be of type {}): couldn't get version/kind; json parse \
         error: {why} ({})",
        expected.kind,
        shown(body)
    ))
}

/// A body as the refusal shows it: a little of it, as text where it is text of JSON's beginning.
fn shown(body: &[u8]) -> String {
    if body.is_empty() {
        return "<empty>".to_owned();
    }
    let beginning = body.get(..SHOWN_BYTES_MAX).unwrap_or(body);
    let dots = if body.len() > SHOWN_BYTES_MAX { " ..." } else { "" };
    match std::str::from_utf8(beginning) {
        Ok(text) if text.trim_start().starts_with('{') => format!("{text}{dots}"),
        _ => {
            let hex: String = beginning.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{hex}{dots}")
        }
    }
}

/// The body as JSON, and what was odd about its YAML.
fn as_json(ask: &Ask, expected: Expected) -> Result<(Vec<u8>, Vec<String>), Status> {
    match media_type(&ask.content_type) {
        "" | JSON => Ok((ask.body.to_vec(), Vec::new())),
        YAML => crate::yaml::read(&ask.body).map_err(|why| {
            Status::bad_request(format!(
                "the object provided is unrecognized (must be of type {}): {why} ({})",
                expected.kind,
                shown(&ask.body)
            ))
        }),
        PROTOBUF => from_protobuf(ask, expected).map(|json| (json, Vec::new())),
        _ => Err(Status::unsupported_media_type(
            "the body of the request was in an unknown format - accepted media types include: \
             application/json, application/yaml, application/vnd.kubernetes.protobuf",
        )),
    }
}

/// A protobuf body as JSON. Its decoding refuses in its own words.
fn from_protobuf(ask: &Ask, expected: Expected) -> Result<Vec<u8>, Status> {
    let unrecognised = |why: &Error| {
        let hex: String =
            ask.body.iter().take(SHOWN_BYTES_MAX).map(|byte| format!("{byte:02x}")).collect();
        Status::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): {why} ({hex})",
            expected.kind
        ))
    };
    let envelope = protobuf::envelope(&ask.body).map_err(|why| unrecognised(&why))?;
    let said = &envelope.type_meta;
    let kind = if said.kind.is_empty() { expected.kind } else { &said.kind };
    let version =
        if said.api_version.is_empty() { expected.api_version() } else { said.api_version.clone() };
    let short = version.rsplit('/').next().unwrap_or_default();
    let unfit = |why: &str| {
        Status::bad_request(format!(
            "{kind} in version \"{short}\" cannot be handled as a {}: {why}",
            expected.kind
        ))
    };
    if kind != expected.kind || version != expected.api_version() {
        return Err(unfit_kind(expected, kind, &version, &unfit));
    }
    let object = protobuf::decode_message(expected.message, envelope.raw)
        .map_err(|why| unfit(&why.to_string()))?;
    serde_json::to_vec(&object).map_err(|why| Status::internal(&why.to_string()))
}

/// The options in the body of a delete; none where there is no body.
pub fn delete_options(ask: &Ask) -> Result<Option<Object>, Status> {
    if ask.body.is_empty() {
        return Ok(None);
    }
    let json = match media_type(&ask.content_type) {
        "" | JSON => ask.body.to_vec(),
        YAML => crate::yaml::read(&ask.body).map_err(Status::bad_request)?.0,
        PROTOBUF => {
            let read = api::kind("", "v1", "DeleteOptions")
                .map(|kind| protobuf::decode(kind.message, &ask.body));
            let options = read.transpose().map_err(|why| Status::bad_request(why.to_string()))?;
            serde_json::to_vec(&options.unwrap_or_default())
                .map_err(|why| Status::internal(&why.to_string()))?
        }
        _ => {
            return Err(Status::unsupported_media_type(
                "the body of the request was in an unknown format - accepted media types include: \
                 application/json, application/yaml, application/vnd.kubernetes.protobuf",
            ));
        }
    };
    let said = decode::type_meta(&json).map_err(|why| match why {
        Error::Syntax(_) | Error::Unrecognised(_) => {
            Status::bad_request(format!("couldn't get version/kind; json parse error: {why}"))
        }
        other => Status::bad_request(other.to_string()),
    })?;
    if !matches!(said.kind.as_str(), "" | "DeleteOptions") {
        let short = said.api_version.rsplit('/').next().unwrap_or_default();
        return Err(Status::bad_request(format!(
            "converting ({short}.{}) to (v1.DeleteOptions): unknown conversion",
            said.kind
        )));
    }
    let Some(kind) = api::kind("", "v1", "DeleteOptions") else {
        return Err(Status::internal("the kind DeleteOptions is unknown"));
    };
    let decoded =
        decode::decode(kind.message, &json).map_err(|why| Status::bad_request(why.to_string()))?;
    Ok(Some(decoded.object))
}
