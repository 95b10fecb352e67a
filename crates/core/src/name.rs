//! Names of things.

use std::borrow::Borrow;
use std::fmt;

use smol_str::SmolStr;

/// The name of a namespace. Cloning is O(1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Namespace(SmolStr);

impl Namespace {
    /// Takes the name as it is; whether it is a legal one is for the reader of objects to say.
    pub fn new(name: impl Into<SmolStr>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for Namespace {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// Which object: API group, kind, namespace, name. The version is left out, as two versions of
/// one object are one object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// The API group; empty for the core group.
    pub group: SmolStr,
    /// The kind, as written in manifests.
    pub kind: SmolStr,
    /// The namespace the object lives in; none for cluster-scoped objects.
    pub namespace: Option<Namespace>,
    /// The object's name; empty if it has none.
    pub name: SmolStr,
}

impl ObjectRef {
    /// `namespace/name`, or `name` where there is no namespace.
    pub fn path(&self) -> impl fmt::Display + '_ {
        struct Path<'a>(&'a ObjectRef);
        impl fmt::Display for Path<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                if let Some(namespace) = &self.0.namespace {
                    write!(f, "{namespace}/")?;
                }
                f.write_str(&self.0.name)
            }
        }
        Path(self)
    }
}

/// `Kind namespace/name`.
impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.path())
    }
}
