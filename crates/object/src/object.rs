//! An object, and how the objects of a document are found.

use std::sync::Arc;

use portcullis_core::{Diagnostic, DocumentId, Namespace, ObjectRef, Origin, Place, Severity};
use smol_str::SmolStr;

use crate::codes;
use crate::tree::{Cursor, NodeKind, Tree};

/// One Kubernetes object, as a document or an item of a list holds it. Cloning is O(1).
#[derive(Clone)]
pub struct Object(Arc<Inner>);

struct Inner {
    tree: Arc<Tree>,
    root: u32,
    api_version: SmolStr,
    reference: Arc<ObjectRef>,
}

impl Object {
    pub(crate) fn new(tree: &Arc<Tree>, draft: Draft) -> Self {
        let Draft { root, api_version, reference } = draft;
        Self(Arc::new(Inner { tree: Arc::clone(tree), root, api_version, reference }))
    }

    /// The document it stands in.
    pub fn document(&self) -> DocumentId {
        self.0.tree.document
    }

    /// `apps/v1`, `v1`; an item of a list that does not say it has the list's.
    pub fn api_version(&self) -> &str {
        &self.0.api_version
    }

    /// The kind; an item of a `PodList` that does not say it is a `Pod`.
    pub fn kind(&self) -> &str {
        &self.0.reference.kind
    }

    /// The API group; empty for the core group.
    pub fn group(&self) -> &str {
        &self.0.reference.group
    }

    /// The version within the group.
    pub fn version(&self) -> &str {
        split_version(&self.0.api_version).1
    }

    /// The name; empty if it has none.
    pub fn name(&self) -> &str {
        &self.0.reference.name
    }

    /// The namespace it says it is in; none if it says none.
    pub fn namespace(&self) -> Option<&str> {
        self.0.reference.namespace.as_ref().map(Namespace::as_str)
    }

    /// Group, kind, namespace and name.
    pub fn reference(&self) -> &Arc<ObjectRef> {
        &self.0.reference
    }

    /// Its map.
    pub fn root(&self) -> Cursor<'_> {
        Cursor::of_object(&self.0.tree, &self.0.reference, self.0.root)
    }

    /// Where it is said.
    pub fn origin(&self) -> Origin {
        self.root().origin()
    }
}

/// What it is and where: never its content, which may be secret.
impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Object({}, document {})", self.0.reference, self.document().0)
    }
}

/// Group and version of an `apiVersion`.
fn split_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// An object whose tree is not shared yet.
pub(crate) struct Draft {
    pub(crate) root: u32,
    api_version: SmolStr,
    pub(crate) reference: Arc<ObjectRef>,
}

/// What a document turned out to be.
pub(crate) enum Contents {
    /// Null.
    Empty,
    /// Neither `apiVersion` nor `kind`.
    NotOurs,
    /// It claims to be an object, but not which kind of one. Why was said.
    Unreadable,
    /// One object, or the items of a list.
    Objects(Vec<Draft>),
}

/// The objects of a document: itself, or the items of a `List`, also of a list in a list.
pub(crate) fn find(tree: &Tree, diagnostics: &mut Vec<Diagnostic>) -> Contents {
    let root = tree.root();
    let said = |name| root.field(name).is_some_and(|f| !f.is_null());
    if root.is_null() {
        return Contents::Empty;
    }
    if !said("apiVersion") && !said("kind") {
        return Contents::NotOurs;
    }
    let mut finder = Finder { diagnostics, objects: Vec::new(), unreadable: false };
    finder.object(root, None);
    match finder {
        Finder { objects, unreadable: true, .. } if objects.is_empty() => Contents::Unreadable,
        Finder { objects, .. } => Contents::Objects(objects),
    }
}

struct Finder<'a> {
    diagnostics: &'a mut Vec<Diagnostic>,
    objects: Vec<Draft>,
    unreadable: bool,
}

/// What an item of a list is that does not say it.
#[derive(Clone)]
struct Inherited {
    api_version: SmolStr,
    kind: SmolStr,
}

impl Finder<'_> {
    fn object(&mut self, at: Cursor<'_>, inherited: Option<&Inherited>) {
        let said_before = self.diagnostics.len();
        let api_version = self.identity(at, "apiVersion");
        let kind = self.identity(at, "kind");
        let (api_version, kind) = match (api_version, kind, inherited) {
            (Some(api_version), Some(kind), _) => (api_version, kind),
            (None, None, Some(i)) => (i.api_version.clone(), i.kind.clone()),
            (None, Some(kind), Some(i)) => (i.api_version.clone(), kind),
            (Some(api_version), None, Some(i)) => (api_version, i.kind.clone()),
            (api_version, kind, None) => return self.incomplete(at, api_version, kind),
        };
        let items =
            at.field("items").filter(|i| matches!(i.kind(), NodeKind::List | NodeKind::Null));
        if let (Some(item_kind), Some(items)) = (kind.strip_suffix("List"), items) {
            let inherited =
                (!item_kind.is_empty()).then(|| Inherited { api_version, kind: item_kind.into() });
            for item in items.items() {
                self.object(item, inherited.as_ref());
            }
            return;
        }
        let (name, namespace) = self.metadata(at);
        let reference = Arc::new(ObjectRef {
            group: split_version(&api_version).0.into(),
            kind,
            namespace: namespace.map(Namespace::new),
            name: name.unwrap_or_default(),
        });
        // What was wrong with its names was said before it had one.
        for diagnostic in self.diagnostics.iter_mut().skip(said_before) {
            for label in &mut diagnostic.labels {
                if let Place::At(origin) | Place::Key(origin) = &mut label.place {
                    origin.object = Some(Arc::clone(&reference));
                }
            }
        }
        self.objects.push(Draft { root: at.index(), api_version, reference });
    }

    fn incomplete(&mut self, at: Cursor<'_>, api_version: Option<SmolStr>, kind: Option<SmolStr>) {
        self.unreadable = true;
        let (message, help) = match (&api_version, &kind) {
            (Some(_), None) => ("an object without `kind`", "say `kind:`, such as `kind: Pod`"),
            (None, Some(_)) => {
                ("an object without `apiVersion`", "say `apiVersion:`, such as `apiVersion: v1`")
            }
            _ => ("an item that is no object", "an item needs `apiVersion` and `kind`"),
        };
        let said = |name: &&str| at.field(name).filter(|field| !field.is_null());
        let place = ["kind", "apiVersion"].iter().find_map(said).unwrap_or(at).at();
        self.diagnostics.push(
            Diagnostic::new(codes::NO_KIND, Severity::Error, place, message).help(help).refusing(),
        );
    }

    /// `apiVersion` or `kind`; a number or boolean is taken as it prints, and said.
    fn identity(&mut self, at: Cursor<'_>, field: &'static str) -> Option<SmolStr> {
        self.text(at.field(field)?, field)
    }

    /// The text of a field that names the object. None if it is null, empty or unreadable.
    fn text(&mut self, value: Cursor<'_>, field: &str) -> Option<SmolStr> {
        if value.is_null() {
            return None;
        }
        if value.as_str().is_none() {
            let message = format!("`{field}` must be a string, not {}", value.kind());
            let found = Diagnostic::new(codes::IDENTITY, Severity::Error, value.at(), message);
            let found = if value.scalar().is_some() { found.help("quote it") } else { found };
            self.diagnostics.push(found.refusing());
        }
        value.scalar().filter(|text| !text.is_empty()).map(SmolStr::from)
    }

    fn metadata(&mut self, at: Cursor<'_>) -> (Option<SmolStr>, Option<SmolStr>) {
        let Some(metadata) = at.field("metadata").filter(|m| !m.is_null()) else {
            return (None, None);
        };
        if metadata.kind() != NodeKind::Map {
            let message = format!("`metadata` must be a map, not {}", metadata.kind());
            let place = metadata.at();
            let found = Diagnostic::new(codes::IDENTITY, Severity::Error, place, message);
            self.diagnostics.push(found.refusing());
        }
        let name = metadata.field("name").and_then(|n| self.text(n, "metadata.name"));
        let namespace =
            metadata.field("namespace").and_then(|n| self.text(n, "metadata.namespace"));
        (name, namespace)
    }
}

/// Every kind that a text names on a line `kind: X` or as `"kind": "X"`, whether or not it can be
/// read as a document.
pub(crate) fn kinds_named(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split([',', '{'])).filter_map(|part| {
        let part = part.trim_start_matches([' ', '\t', '-', '"', '\'']);
        let rest = part.strip_prefix("kind")?.trim_start_matches(['"', '\'', ' ', '\t']);
        let kind = rest.strip_prefix(':')?.trim_start_matches(['"', '\'', ' ', '\t']);
        let end = kind.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(kind.len());
        kind.get(..end).filter(|kind| !kind.is_empty())
    })
}

/// The first policy kind that a text names, network policy or RBAC, of any engine we know of.
pub(crate) fn policy_kind_named(text: &str) -> Option<String> {
    const OTHERS: [&str; 9] = [
        "Tier",
        "NetworkSet",
        "GlobalNetworkSet",
        "Profile",
        "HostEndpoint",
        "Role",
        "ClusterRole",
        "RoleBinding",
        "ClusterRoleBinding",
    ];
    kinds_named(text)
        .map(|kind| kind.strip_suffix("List").unwrap_or(kind))
        .find(|kind| {
            kind.ends_with("NetworkPolicy")
                || *kind == "AuthorizationPolicy"
                || OTHERS.contains(kind)
        })
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_in_text_that_cannot_be_read() {
        for (text, want) in [
            ("kind: NetworkPolicy\nspec: [", Some("NetworkPolicy")),
            ("{\"apiVersion\":\"v1\",\"kind\":\"Role\",", Some("Role")),
            ("kind: 'GlobalNetworkPolicy' # x", Some("GlobalNetworkPolicy")),
            ("kind: List\nitems:\n- kind: ClusterRole\n", Some("ClusterRole")),
            ("kind: CiliumNetworkPolicy", Some("CiliumNetworkPolicy")),
            ("kind: Pod\nkinds: Role", None),
            ("roleKind: Role", None),
        ] {
            assert_eq!(policy_kind_named(text).as_deref(), want, "{text}");
        }
    }
}
