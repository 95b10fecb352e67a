//! The API that the server speaks: its resources, kinds and messages, as Kubernetes 1.35.4 has
//! them.
//!
//! Everything here is a static of the program: nothing is built at start. Where
//! [`mod@crate::message`] knows what checks of people's files need, this knows what a server needs:
//! the order of Go structs, protobuf numbers, what is left out when empty, how lists merge.

use crate::generated::api_messages::{KINDS, MESSAGES};
use crate::generated::api_resources::GROUPS;

// === What is served ===

/// A group of the API.
#[derive(Debug)]
pub struct Group {
    /// Empty for the core group.
    pub name: &'static str,
    /// The versions served, the preferred one first.
    pub versions: &'static [Version],
}

/// One version of a group.
#[derive(Debug)]
pub struct Version {
    /// Such as `v1`.
    pub name: &'static str,
    /// In the order of discovery.
    pub resources: &'static [Resource],
}

/// A resource in one version of its group.
#[derive(Clone, Copy, Debug)]
pub struct Resource {
    /// Empty for the core group.
    pub group: &'static str,
    /// Such as `v1`.
    pub version: &'static str,
    /// Its name in rules and addresses: `pods`.
    pub plural: &'static str,
    /// `pod`.
    pub singular: &'static str,
    /// `Pod`.
    pub kind: &'static str,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// What can be asked of it.
    pub verbs: &'static [&'static str],
    /// `po`.
    pub short_names: &'static [&'static str],
    /// `all`, and the like.
    pub categories: &'static [&'static str],
    /// What legacy discovery shows as `storageVersionHash`; empty for what is never stored.
    pub storage_hash: &'static str,
    /// Of its table; none for what is never listed.
    pub columns: &'static [Column],
    /// In the order of discovery.
    pub subresources: &'static [Subresource],
}

/// A part of a resource that is asked for on its own.
#[derive(Debug)]
pub struct Subresource {
    /// Behind the slash: `scale`.
    pub name: &'static str,
    /// The group of its kind, which need not be the resource's.
    pub group: &'static str,
    /// The version of its kind.
    pub version: &'static str,
    /// The kind of what is sent and answered: `Scale`.
    pub kind: &'static str,
    /// What can be asked of it.
    pub verbs: &'static [&'static str],
}

/// A column of a table.
#[derive(Debug)]
pub struct Column {
    /// The heading.
    pub name: &'static str,
    /// An OpenAPI type: `string`.
    pub kind: &'static str,
    /// An OpenAPI format, or empty: `name` marks the column that names the object.
    pub format: &'static str,
    /// Above zero: only in wide tables.
    pub priority: i32,
}

/// The groups in the order of discovery, which is the order in which clients look a name up; the
/// core group is the first.
pub fn groups() -> &'static [Group] {
    GROUPS
}

/// The resource `plural` of a version of a group.
pub fn resource(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    let version = self::version(group, version)?;
    // Discovery lists the resources of a version by name.
    let at = version.resources.binary_search_by(|r| r.plural.cmp(plural)).ok()?;
    version.resources.get(at)
}

/// The resource whose objects are of this kind.
pub fn resource_of_kind(group: &str, version: &str, kind: &str) -> Option<&'static Resource> {
    self::version(group, version)?.resources.iter().find(|r| r.kind == kind)
}

/// A version of a group.
pub fn version(group: &str, version: &str) -> Option<&'static Version> {
    let group = GROUPS.iter().find(|g| g.name == group)?;
    group.versions.iter().find(|v| v.name == version)
}

impl Resource {
    /// The subresource `name`, as in `pods/exec`.
    pub fn subresource(&self, name: &str) -> Option<&'static Subresource> {
        self.subresources.iter().find(|s| s.name == name)
    }
}

// === What it looks like ===

/// A kind in one of its versions.
#[derive(Debug)]
pub struct Kind {
    /// Empty for the core group.
    pub group: &'static str,
    /// Such as `v1`.
    pub version: &'static str,
    /// Such as `Pod`.
    pub kind: &'static str,
    /// Its fields.
    pub message: &'static Message,
}

/// A map with fields: a Go struct and a protobuf message at once.
#[derive(Debug)]
pub struct Message {
    /// Such as `core/v1.PodSpec`.
    pub name: &'static str,
    /// In the order of the Go struct, which is the order in which JSON is printed. Fields of
    /// inlined structs stand where the struct stands.
    pub fields: &'static [Field],
    /// Structs that JSON shows as fields of this one, and protobuf as messages of their own.
    pub inlined: &'static [Inlined],
    /// Whether appliers own it as a whole: `x-kubernetes-map-type: atomic`.
    pub atomic: bool,
    /// Positions in `fields`, in the order of their names.
    pub(crate) order: &'static [u8],
}

/// A struct within a struct, without a name of its own in JSON.
#[derive(Debug)]
pub struct Inlined {
    /// Its number in protobuf.
    pub number: u32,
    /// What it is.
    pub message: &'static Message,
}

/// One field of a message.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name in JSON.
    pub name: &'static str,
    /// What it holds.
    pub kind: Type,
    /// Its number in protobuf; 0 for fields of inlined structs and for those that protobuf does not
    /// carry here (`kind`, `apiVersion`).
    pub number: u32,
    facts: &'static Facts,
    flags: u8,
}

/// What a field may hold.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// Text, named string types among it.
    String,
    /// True or false.
    Bool,
    /// A whole number of 32 bits.
    Int32,
    /// A whole number of 64 bits.
    Int64,
    /// A floating-point number.
    Float,
    /// Bytes; base64 in JSON.
    Bytes,
    /// An amount, as `resource.Quantity` reads and prints it.
    Quantity,
    /// A moment in whole seconds; `null` when zero.
    Time,
    /// A moment in microseconds; `null` when zero.
    MicroTime,
    /// A whole number of 32 bits, or text.
    IntOrString,
    /// An object of any kind, kept as it is (`runtime.RawExtension`).
    Raw,
    /// A set of field paths (`metav1.FieldsV1`), kept as it is.
    Fields,
    /// Any JSON, kept as it is.
    Json,
    /// A list of such.
    List(&'static Type),
    /// A map from text to such.
    Map(&'static Type),
    /// A map with fields.
    Message(&'static Message),
    /// One such, or a list of such (`JSONSchemaPropsOrArray`).
    OrList(&'static Message),
    /// One such, or a boolean (`JSONSchemaPropsOrBool`).
    OrBool(&'static Message),
    /// One such, or a list of texts (`JSONSchemaPropsOrStringArray`).
    OrStrings(&'static Message),
}

/// How the items of a list are told apart by server-side apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// The list is owned as a whole.
    Atomic,
    /// By their value.
    Set,
    /// By these fields of theirs.
    Map(&'static [&'static str]),
}

/// What only some fields have.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) merge: bool,
    pub(crate) retain_keys: bool,
    pub(crate) merge_key: Option<&'static str>,
    pub(crate) list: Option<List>,
    pub(crate) atomic: bool,
    pub(crate) default: Option<&'static str>,
    pub(crate) format: Option<&'static str>,
    pub(crate) values: &'static [&'static str],
}

impl Facts {
    pub(crate) const NONE: Self = Self {
        merge: false,
        retain_keys: false,
        merge_key: None,
        list: None,
        atomic: false,
        default: None,
        format: None,
        values: &[],
    };
}

/// The flags of a field in the generated tables.
pub(crate) mod flags {
    /// `omitempty`.
    pub(crate) const OMIT: u8 = 1;
    /// `omitzero`.
    pub(crate) const ZERO: u8 = 2;
    /// A Go pointer: absent and zero are two things.
    pub(crate) const POINTER: u8 = 4;
    /// Among the schema's required properties.
    pub(crate) const REQUIRED: u8 = 8;
}

static PLAIN: Facts = Facts::NONE;

/// A field of the generated tables.
pub(crate) const fn field(name: &'static str, kind: Type, number: u32, flags: u8) -> Field {
    Field { name, kind, number, facts: &PLAIN, flags }
}

impl Field {
    pub(crate) const fn with(self, facts: &'static Facts) -> Self {
        Self { facts, ..self }
    }

    /// Whether it is left out of JSON when empty, as Go's `omitempty` does: no pointer, no item, no
    /// text, zero, false. A struct that is no pointer is never empty.
    pub const fn omitted_when_empty(&self) -> bool {
        self.flags & flags::OMIT != 0
    }

    /// Whether it is left out of JSON when it has the zero value of its type, structs among it
    /// (Go's `omitzero`).
    pub const fn omitted_when_zero(&self) -> bool {
        self.flags & flags::ZERO != 0
    }

    /// Whether absent and zero are two things: a pointer in Go.
    pub const fn is_pointer(&self) -> bool {
        self.flags & flags::POINTER != 0
    }

    /// Whether OpenAPI lists it as required.
    pub const fn is_required(&self) -> bool {
        self.flags & flags::REQUIRED != 0
    }

    /// Whether a strategic-merge patch merges it with what is there, item by item
    /// (`patchStrategy: merge`), rather than replacing it.
    pub const fn merges(&self) -> bool {
        self.facts.merge
    }

    /// Whether a strategic-merge patch may say which keys to keep (`patchStrategy: retainKeys`).
    pub const fn retains_keys(&self) -> bool {
        self.facts.retain_keys
    }

    /// By which field a strategic-merge patch tells the items of a list apart (`patchMergeKey`).
    pub const fn merge_key(&self) -> Option<&'static str> {
        self.facts.merge_key
    }

    /// How server-side apply merges the list (`x-kubernetes-list-type`). None for what is no list,
    /// and for lists that the API says nothing of, which are owned as a whole.
    pub const fn list(&self) -> Option<List> {
        self.facts.list
    }

    /// Whether appliers own the map or struct in this field as a whole
    /// (`x-kubernetes-map-type: atomic` at the field; see also [`Message::atomic`]).
    pub const fn is_atomic(&self) -> bool {
        self.facts.atomic
    }

    /// The schema's default, as JSON text.
    pub const fn default_json(&self) -> Option<&'static str> {
        self.facts.default
    }

    /// The schema's format, such as `int32`.
    pub const fn format(&self) -> Option<&'static str> {
        self.facts.format
    }

    /// The schema's closed set of values; empty when it is open.
    pub const fn values(&self) -> &'static [&'static str] {
        self.facts.values
    }
}

impl Message {
    /// The field `name`, letter case counting.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.get(self.position(name)?)
    }

    /// Where the field `name` stands among the fields.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        let named = |at: &u8| self.fields.get(usize::from(*at)).map_or("", |field| field.name);
        let found = self.order.binary_search_by(|at| named(at).cmp(name)).ok()?;
        self.order.get(found).map(|at| usize::from(*at))
    }
}

/// The kind of this name in a version of a group; lists, `Status`, `DeleteOptions` among them.
pub fn kind(group: &str, version: &str, kind: &str) -> Option<&'static Kind> {
    let sought = (group, version, kind);
    let at = KINDS.binary_search_by(|k| (k.group, k.version, k.kind).cmp(&sought)).ok()?;
    KINDS.get(at)
}

/// Every kind, in order of group, version and name.
pub fn kinds() -> &'static [Kind] {
    KINDS
}

/// The message of this name, such as `meta/v1.DeleteOptions`.
pub fn message(name: &str) -> Option<&'static Message> {
    let at = MESSAGES.binary_search_by(|m| m.name.cmp(name)).ok()?;
    MESSAGES.get(at).copied()
}

/// Every message, in order of name.
pub fn messages() -> &'static [&'static Message] {
    MESSAGES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_order() {
        assert!(KINDS.is_sorted_by_key(|k| (k.group, k.version, k.kind)));
        assert!(MESSAGES.is_sorted_by_key(|m| m.name));
        for version in GROUPS.iter().flat_map(|g| g.versions) {
            assert!(version.resources.is_sorted_by_key(|r| r.plural), "{}", version.name);
        }
        for message in MESSAGES {
            let names: Vec<&str> =
                message.order.iter().map(|at| message.fields[usize::from(*at)].name).collect();
            assert!(names.is_sorted_by(|a, b| a < b), "{}", message.name);
            assert_eq!(names.len(), message.fields.len(), "{}", message.name);
            // Who reads a message keeps a bit for each of its fields.
            assert!(names.len() <= 64, "{}", message.name);
            for field in message.fields {
                assert!(
                    message.field(field.name).is_some_and(|found| std::ptr::eq(found, field)),
                    "{}.{}",
                    message.name,
                    field.name
                );
            }
        }
    }

    #[test]
    fn numbers_of_a_message_are_its_own() {
        for message in MESSAGES {
            let mut numbers: Vec<u32> = message.fields.iter().map(|f| f.number).collect();
            numbers.retain(|number| *number != 0);
            numbers.extend(message.inlined.iter().map(|i| i.number));
            numbers.sort_unstable();
            let all = numbers.len();
            numbers.dedup();
            assert_eq!(numbers.len(), all, "{}", message.name);
        }
    }

    #[test]
    fn every_stored_resource_has_its_kind_its_list_and_columns() {
        for resource in GROUPS.iter().flat_map(|g| g.versions).flat_map(|v| v.resources) {
            let Resource { group, version, kind, .. } = resource;
            assert!(self::kind(group, version, kind).is_some(), "{group}/{version} {kind}");
            let found = self::resource(group, version, resource.plural).expect("it is there");
            assert_eq!((found.group, found.version, found.kind), (*group, *version, *kind));
            if resource.verbs.contains(&"list") {
                let list = format!("{kind}List");
                assert!(self::kind(group, version, &list).is_some(), "{group}/{version} {list}");
                assert!(!resource.columns.is_empty(), "{group}/{version} {kind}");
            }
        }
    }

    #[test]
    fn what_a_server_asks() {
        let pods = resource("", "v1", "pods").expect("pods are served");
        assert_eq!((pods.singular, pods.kind, pods.short_names), ("pod", "Pod", &["po"][..]));
        let eviction = pods.subresource("eviction").expect("pods are evicted");
        assert_eq!((eviction.group, eviction.version), ("policy", "v1"));
        assert!(resource("", "v1", "pods/eviction").is_none());
        assert!(resource("apps", "v2", "deployments").is_none());
        assert!(resource_of_kind("apps", "v1", "Deployment").is_some());

        let pod = kind("", "v1", "Pod").expect("known").message;
        let names: Vec<&str> = pod.fields.iter().map(|f| f.name).collect();
        assert_eq!(names, ["kind", "apiVersion", "metadata", "spec", "status"]);
        let containers = message("core/v1.PodSpec").and_then(|m| m.field("containers"));
        let containers = containers.expect("known");
        assert!(containers.merges() && !containers.omitted_when_empty());
        assert_eq!(containers.merge_key(), Some("name"));
        assert_eq!(containers.list(), Some(List::Map(&["name"])));
        let volume = message("core/v1.Volume").expect("known");
        assert_eq!(volume.inlined.len(), 1);
        assert!(volume.field("hostPath").is_some_and(|f| f.number == 0 && f.is_pointer()));
        let created = message("meta/v1.ObjectMeta").and_then(|m| m.field("creationTimestamp"));
        assert!(created.is_some_and(Field::omitted_when_zero));
        assert!(kind("apiregistration.k8s.io", "v1", "APIService").is_some());
        // Of groups whose OpenAPI documents are not among the facts.
        let drivers = message("storage/v1.CSINodeSpec").and_then(|m| m.field("drivers"));
        assert_eq!(drivers.and_then(Field::list), Some(List::Map(&["name"])));
        assert!(message("discovery/v1.EndpointPort").is_some_and(|m| m.atomic));
        assert!(message("core/v1.NoSuch").is_none());
    }
}
