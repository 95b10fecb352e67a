//! The schemas of messages.

use serde_json::{Map, Value, json};

use super::facts::{BARE, ITEM_VALUES, UNIONS, VERSIONS};
use crate::api::{self, Field, List, Message, Type};
use crate::json::Object;
use crate::managed::granular;
use crate::own;
use crate::patch::replaces;

/// Which OpenAPI is spoken. They differ in where schemas lie, and in what may stand beside `$ref`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speech {
    V2,
    V3,
}

impl Speech {
    /// Where the schema of this name lies.
    pub(super) fn pointer(self, name: &str) -> String {
        match self {
            Self::V2 => format!("#/definitions/{name}"),
            Self::V3 => format!("#/components/schemas/{name}"),
        }
    }

    fn reference(self, name: &str) -> Object {
        let mut out = Map::new();
        out.insert("$ref".into(), self.pointer(name).into());
        out
    }

    /// A reference that more is said of: version 3 knows nothing beside `$ref`.
    fn extended(self, name: &str) -> Object {
        match self {
            Self::V2 => self.reference(name),
            Self::V3 => {
                let mut out = Map::new();
                out.insert("allOf".into(), json!([self.reference(name)]));
                out
            }
        }
    }
}

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";
const CRD: &str = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1";
pub(super) const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
/// What the names of our own schemas begin with.
const OWN: &str = "dev.portcullis.";
const INT_OR_STRING: &str = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
const RAW: &str = "io.k8s.apimachinery.pkg.runtime.RawExtension";

/// The full name of a schema of `meta/v1`.
pub(super) fn meta(name: &str) -> String {
    format!("{META}.{name}")
}

/// How OpenAPI calls a message.
pub(super) fn name(message: &Message) -> String {
    match message.name.split_once('/') {
        Some(("meta", rest)) => format!("io.k8s.apimachinery.pkg.apis.meta.{rest}"),
        Some(("apiregistration", rest)) => {
            format!("io.k8s.kube-aggregator.pkg.apis.apiregistration.{rest}")
        }
        Some(("portcullis.dev", rest)) => format!("{OWN}{rest}"),
        Some(("k8s.io", rest)) => format!("io.k8s.{}", rest.replace('/', ".")),
        _ => format!("io.k8s.api.{}", message.name.replace('/', ".")),
    }
}

/// The message that OpenAPI calls so.
fn message(name: &str) -> Option<&'static Message> {
    if let Some(rest) = name.strip_prefix(OWN) {
        return own::message(&format!("portcullis.dev/{rest}"));
    }
    let (package, kind) = name.strip_prefix("io.k8s.")?.rsplit_once('.')?;
    let (package, version) = package.rsplit_once('.')?;
    let folder = match package {
        "apimachinery.pkg.apis.meta" => "meta".to_owned(),
        "kube-aggregator.pkg.apis.apiregistration" => "apiregistration".to_owned(),
        "apiextensions-apiserver.pkg.apis.apiextensions" => {
            "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions".to_owned()
        }
        package => package.strip_prefix("api.")?.to_owned(),
    };
    api::message(&format!("{folder}/{version}.{kind}"))
}

/// The schema of this name.
pub(super) fn schema(speech: Speech, name: &str) -> Value {
    if let Some(message) = message(name) {
        return of_message(speech, message);
    }
    match name.strip_prefix(META).and_then(|name| name.strip_prefix('.')) {
        Some("Time" | "MicroTime") => return json!({ "type": "string", "format": "date-time" }),
        Some("WatchEvent") => {
            let mut event = json!({
                "type": "object",
                "required": ["type", "object"],
                "properties": {
                    "object": speech.extended(RAW),
                    "type": { "type": "string", "default": "" },
                },
            });
            if let Some(event) = event.as_object_mut() {
                event.insert(KINDS.into(), everywhere("WatchEvent"));
            }
            return event;
        }
        Some(name) => {
            if let Some(schema) = of_discovery(speech, name) {
                return schema;
            }
        }
        None => {}
    }
    match name {
        QUANTITY if speech == Speech::V3 => {
            json!({ "oneOf": [{ "type": "string" }, { "type": "number" }] })
        }
        INT_OR_STRING if speech == Speech::V3 => json!({
            "format": "int-or-string",
            "oneOf": [{ "type": "integer" }, { "type": "string" }],
        }),
        QUANTITY => json!({ "type": "string" }),
        INT_OR_STRING => json!({ "type": "string", "format": "int-or-string" }),
        VERSION => {
            let fields: Vec<&str> = VERSION_FIELDS.iter().map(|(name, _)| *name).collect();
            let required: Vec<&str> = VERSION_FIELDS
                .iter()
                .filter(|(_, needed)| *needed)
                .map(|(name, _)| *name)
                .collect();
            let texts = fields.iter().map(|name| {
                let schema = match required.contains(name) {
                    true => json!({ "type": "string", "default": "" }),
                    false => json!({ "type": "string" }),
                };
                ((*name).to_owned(), schema)
            });
            let properties: Object = texts.collect();
            json!({ "type": "object", "required": required, "properties": properties })
        }
        // Anything at all, of whatever type.
        name if name.strip_prefix(CRD).is_some_and(|name| name.starts_with(".JSON")) => json!({}),
        _ => json!({ "type": "object" }),
    }
}

/// What `/version` answers.
pub(super) const VERSION: &str = "io.k8s.apimachinery.pkg.version.Info";
const VERSION_FIELDS: &[(&str, bool)] = &[
    ("buildDate", true),
    ("compiler", true),
    ("emulationMajor", false),
    ("emulationMinor", false),
    ("gitCommit", true),
    ("gitTreeState", true),
    ("gitVersion", true),
    ("goVersion", true),
    ("major", true),
    ("minCompatibilityMajor", false),
    ("minCompatibilityMinor", false),
    ("minor", true),
    ("platform", true),
];

const KINDS: &str = "x-kubernetes-group-version-kind";

fn everywhere(kind: &str) -> Value {
    let all = VERSIONS.iter().flat_map(|(group, versions)| {
        versions.iter().map(move |version| kind_of(group, version, kind))
    });
    all.collect()
}

fn kind_of(group: &str, version: &str, kind: &str) -> Value {
    json!({ "group": group, "kind": kind, "version": version })
}

fn of_message(speech: Speech, message: &'static Message) -> Value {
    let mut out = Map::new();
    out.insert("type".into(), "object".into());
    let recorded = is_recorded(message);
    let required: Vec<&str> = message
        .fields
        .iter()
        .filter(|field| field.is_required() || !recorded && is_always_there(field))
        .map(|field| field.name)
        .collect();
    if !required.is_empty() {
        out.insert("required".into(), required.into());
    }
    let mut properties: Object = message
        .fields
        .iter()
        .map(|field| (field.name.to_owned(), Value::Object(property(speech, message, field))))
        .collect();
    if !properties.is_empty() {
        properties.sort_keys();
        out.insert("properties".into(), Value::Object(properties));
    }
    let kinds: Vec<Value> = match message.name {
        "meta/v1.DeleteOptions" => {
            out.insert(KINDS.into(), everywhere("DeleteOptions"));
            Vec::new()
        }
        _ => api::kinds()
            .iter()
            .chain(own::kinds())
            .filter(|kind| std::ptr::eq(kind.message, message))
            .map(|kind| kind_of(kind.group, kind.version, kind.kind))
            .collect(),
    };
    if !kinds.is_empty() {
        out.insert(KINDS.into(), kinds.into());
    }
    if message.atomic {
        out.insert("x-kubernetes-map-type".into(), "atomic".into());
    }
    if let Some((_, chooser, field, when)) = UNIONS.iter().find(|(of, ..)| *of == message.name) {
        let fields = json!({ *field: when });
        let union = json!([{ "discriminator": chooser, "fields-to-discriminateBy": fields }]);
        out.insert("x-kubernetes-unions".into(), union);
    }
    Value::Object(out)
}

/// Whether the tables have what OpenAPI says of the message: some groups' documents were not
/// recorded, and theirs is worked out of the Go struct.
fn is_recorded(message: &Message) -> bool {
    const UNRECORDED: &[&str] = &[
        "apiregistration/",
        "autoscaling/v2.",
        "discovery/",
        "events/",
        "extensions/",
        "flowcontrol/",
        "node/",
        "resource/",
        "scheduling/",
        "storage/",
    ];
    !UNRECORDED.iter().any(|package| message.name.starts_with(package))
}

/// Whether a field is printed whatever it holds.
fn is_always_there(field: &Field) -> bool {
    !field.omitted_when_empty() && !field.omitted_when_zero()
}

/// What the items of a list, or the values of a map, may be; none where they are open. `message` is such as
/// `core/v1.ServiceSpec`.
pub fn item_values(message: &str, field: &str) -> Option<&'static [&'static str]> {
    let mut known = ITEM_VALUES.iter();
    known.find(|(of, name, _)| (*of, *name) == (message, field)).map(|(_, _, values)| *values)
}

fn property(speech: Speech, message: &Message, field: &'static Field) -> Object {
    let bare = BARE.contains(&(message.name, field.name));
    let mut out = match referred(&field.kind) {
        Some(name) if bare => speech.reference(&name),
        Some(name) => speech.extended(&name),
        None => plain(speech, &field.kind, item_values(message.name, field.name)),
    };
    if let Some(format) = field.format().filter(|_| out.contains_key("type")) {
        out.insert("format".into(), format.into());
    }
    let known = field.default_json().and_then(|text| serde_json::from_str(text).ok());
    let zero = || (!is_recorded(message) && !field.is_pointer()).then(|| zero(field)).flatten();
    if let Some(default) = known.or_else(zero) {
        out.insert("default".into(), default);
    }
    if !field.values().is_empty() {
        out.insert("enum".into(), field.values().into());
    }
    extensions(message, field, &mut out);
    out
}

/// The default of a field of a group whose document was not recorded.
fn zero(field: &Field) -> Option<Value> {
    match field.kind {
        Type::Message(_) => Some(json!({})),
        _ if !is_always_there(field) => None,
        Type::String => Some("".into()),
        Type::Bool => Some(false.into()),
        Type::Int32 | Type::Int64 => Some(0.into()),
        _ => None,
    }
}

fn extensions(message: &Message, field: &Field, out: &mut Object) {
    let list = match field.list() {
        None => None,
        Some(List::Atomic) => Some("atomic"),
        Some(List::Set) => Some("set"),
        Some(List::Map(keys)) => {
            out.insert("x-kubernetes-list-map-keys".into(), keys.into());
            Some("map")
        }
    };
    if let Some(list) = list {
        out.insert("x-kubernetes-list-type".into(), list.into());
    }
    if field.is_atomic() {
        out.insert("x-kubernetes-map-type".into(), "atomic".into());
    } else if granular(message, field) {
        out.insert("x-kubernetes-map-type".into(), "granular".into());
    }
    if let Some(key) = field.merge_key() {
        out.insert("x-kubernetes-patch-merge-key".into(), key.into());
    }
    let strategy = match (field.merges(), field.retains_keys()) {
        (true, true) => Some("merge,retainKeys"),
        (true, false) => Some("merge"),
        (false, true) => Some("retainKeys"),
        (false, false) => replaces(message, field).then_some("replace"),
    };
    if let Some(strategy) = strategy {
        out.insert("x-kubernetes-patch-strategy".into(), strategy.into());
    }
}

/// The schema that a type is a reference to.
fn referred(kind: &Type) -> Option<String> {
    Some(match kind {
        Type::Quantity => QUANTITY.into(),
        Type::Time => meta("Time"),
        Type::MicroTime => meta("MicroTime"),
        Type::IntOrString => INT_OR_STRING.into(),
        Type::Raw => RAW.into(),
        Type::Fields => meta("FieldsV1"),
        Type::Json => format!("{CRD}.JSON"),
        Type::Message(message) => name(message),
        Type::OrList(message) => format!("{}OrArray", name(message)),
        Type::OrBool(message) => format!("{}OrBool", name(message)),
        Type::OrStrings(message) => format!("{}OrStringArray", name(message)),
        _ => return None,
    })
}

/// A type that is no reference.
fn plain(speech: Speech, kind: &Type, item_values: Option<&[&str]>) -> Object {
    let mut out = Map::new();
    let (name, format) = match kind {
        Type::Bool => ("boolean", ""),
        Type::Int32 => ("integer", "int32"),
        Type::Int64 => ("integer", "int64"),
        Type::Float => ("number", "double"),
        Type::Bytes => ("string", "byte"),
        Type::List(_) => ("array", ""),
        Type::Map(_) => ("object", ""),
        _ => ("string", ""),
    };
    out.insert("type".into(), name.into());
    if !format.is_empty() {
        out.insert("format".into(), format.into());
    }
    match kind {
        Type::List(inner) => {
            out.insert("items".into(), Value::Object(item(speech, inner, item_values)));
        }
        Type::Map(inner) => {
            let inner = Value::Object(item(speech, inner, item_values));
            out.insert("additionalProperties".into(), inner);
        }
        _ => {}
    }
    out
}

/// An item of a list, or a value of a map.
fn item(speech: Speech, kind: &Type, values: Option<&[&str]>) -> Object {
    let mut out = match kind {
        Type::Message(message) => {
            let mut out = speech.extended(&name(message));
            out.insert("default".into(), json!({}));
            return out;
        }
        kind => match referred(kind) {
            Some(name) => return speech.reference(&name),
            None => plain(speech, kind, None),
        },
    };
    let zero = match kind {
        Type::String => Some(Value::from("")),
        Type::Bool => Some(false.into()),
        Type::Int32 | Type::Int64 => Some(0.into()),
        _ => None,
    };
    if let Some(zero) = zero {
        out.insert("default".into(), zero);
    }
    if let Some(values) = values {
        out.insert("enum".into(), values.into());
    }
    out
}

// === Discovery ===

/// A field: its name, its type (`[]` a list of), and whether it is always there.
type Described = (&'static str, &'static str, bool);

/// The messages of discovery, which are no kinds that anybody writes.
const DISCOVERY: &[(&str, &[Described])] = &[
    (
        "APIGroup",
        &[
            ("apiVersion", "string", false),
            ("kind", "string", false),
            ("name", "string", true),
            ("preferredVersion", "GroupVersionForDiscovery", false),
            ("serverAddressByClientCIDRs", "[]ServerAddressByClientCIDR", false),
            ("versions", "[]GroupVersionForDiscovery", true),
        ],
    ),
    (
        "APIGroupList",
        &[
            ("apiVersion", "string", false),
            ("groups", "[]APIGroup", true),
            ("kind", "string", false),
        ],
    ),
    (
        "APIResource",
        &[
            ("name", "string", true),
            ("singularName", "string", true),
            ("namespaced", "boolean", true),
            ("group", "string", false),
            ("version", "string", false),
            ("kind", "string", true),
            ("verbs", "[]verb", true),
            ("shortNames", "[]string", false),
            ("categories", "[]string", false),
            ("storageVersionHash", "string", false),
        ],
    ),
    (
        "APIResourceList",
        &[
            ("apiVersion", "string", false),
            ("groupVersion", "string", true),
            ("kind", "string", false),
            ("resources", "[]APIResource", true),
        ],
    ),
    (
        "APIVersions",
        &[
            ("apiVersion", "string", false),
            ("kind", "string", false),
            ("versions", "[]string", true),
            ("serverAddressByClientCIDRs", "[]ServerAddressByClientCIDR", true),
        ],
    ),
    ("GroupVersionForDiscovery", &[("groupVersion", "string", true), ("version", "string", true)]),
    (
        "ServerAddressByClientCIDR",
        &[("clientCIDR", "string", true), ("serverAddress", "string", true)],
    ),
];

fn of_discovery(speech: Speech, name: &str) -> Option<Value> {
    let (_, fields) = DISCOVERY.iter().find(|(of, _)| *of == name)?;
    let required: Vec<&str> =
        fields.iter().filter(|(_, _, always)| *always).map(|(name, ..)| *name).collect();
    let mut properties: Object = fields
        .iter()
        .map(|(name, kind, always)| {
            let schema = match (kind.strip_prefix("[]"), *always) {
                (Some("verb"), _) => {
                    json!({ "type": "array", "items": { "type": "string", "default": "" } })
                }
                (Some("string"), _) => json!({
                    "type": "array",
                    "items": { "type": "string", "default": "" },
                    "x-kubernetes-list-type": "atomic",
                }),
                (Some(item), _) => {
                    let mut item = speech.extended(&meta(item));
                    item.insert("default".into(), json!({}));
                    json!({ "type": "array", "items": item, "x-kubernetes-list-type": "atomic" })
                }
                (None, true) if *kind == "string" => json!({ "type": "string", "default": "" }),
                (None, true) => json!({ "type": "boolean", "default": false }),
                (None, false) if *kind == "string" => json!({ "type": "string" }),
                (None, false) => {
                    let mut inner = speech.extended(&meta(kind));
                    inner.insert("default".into(), json!({}));
                    Value::Object(inner)
                }
            };
            ((*name).to_owned(), schema)
        })
        .collect();
    properties.sort_keys();
    let mut out = json!({ "type": "object", "required": required, "properties": properties });
    let kinds = ["APIGroup", "APIGroupList", "APIResourceList", "APIVersions"];
    if let (true, Some(out)) = (kinds.contains(&name), out.as_object_mut()) {
        out.insert(KINDS.into(), json!([kind_of("", "v1", name)]));
    }
    Some(out)
}
