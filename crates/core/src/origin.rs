//! Where something was said.
//!
//! Engines speak of an [`Origin`]; only the table of sources, which keeps the text, can turn one
//! into a file, a line and a column. So places never enter equality of what they describe, and
//! the same finding works on a live cluster.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use smol_str::SmolStr;

use crate::name::ObjectRef;

/// One document of the input: unique within one load, in order of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentId(pub u32);

impl DocumentId {
    /// What no document said: built-in objects. Sources answer `built-in` for it.
    pub const BUILT_IN: Self = Self(u32::MAX);
}

/// One step down into a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A key of a mapping.
    Field(SmolStr),
    /// An item of a list, counted from 0.
    Index(u32),
}

/// A way from the root of a document to one of its nodes. Extending one is O(1) and shares the rest.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldPath(Option<Arc<Link>>);

#[derive(PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Link {
    parent: FieldPath,
    step: Step,
}

impl FieldPath {
    /// The root of the document.
    pub fn root() -> Self {
        Self(None)
    }

    /// The path of the field `name` of the node here.
    pub fn field(&self, name: impl Into<SmolStr>) -> Self {
        Self(Some(Arc::new(Link { parent: self.clone(), step: Step::Field(name.into()) })))
    }

    /// The path of item `index` of the list here.
    pub fn index(&self, index: u32) -> Self {
        Self(Some(Arc::new(Link { parent: self.clone(), step: Step::Index(index) })))
    }

    /// The steps from the root downwards.
    pub fn steps(&self) -> Vec<&Step> {
        let mut steps = Vec::new();
        let mut at = self;
        while let Some(link) = &at.0 {
            steps.push(&link.step);
            at = &link.parent;
        }
        steps.reverse();
        steps
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_none()
    }
}

/// `spec.ingress[0].from`; a key that is not a plain word stands in brackets:
/// `metadata.labels[app.kubernetes.io/name]`, as the API server writes it.
impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.steps().into_iter().enumerate() {
            match step {
                Step::Index(n) => write!(f, "[{n}]")?,
                Step::Field(name) if plain(name) => {
                    if i > 0 {
                        f.write_str(".")?;
                    }
                    f.write_str(name)?;
                }
                Step::Field(name) => write!(f, "[{name}]")?,
            }
        }
        Ok(())
    }
}

fn plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

impl fmt::Debug for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldPath({self})")
    }
}

/// Where something was said: the document, the object it belongs to, and the way down to it.
///
/// The path starts at the root of the document, also for an object inside a `List`, so that twins
/// and nameless documents have different origins.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// The document.
    pub document: DocumentId,
    /// The object, where the document (or this item of its list) is one.
    pub object: Option<Arc<ObjectRef>>,
    /// From the root of the document.
    pub path: FieldPath,
}

impl Origin {
    /// The origin of an object that no document holds.
    pub fn built_in(object: ObjectRef) -> Self {
        Self {
            document: DocumentId::BUILT_IN,
            object: Some(Arc::new(object)),
            path: FieldPath::root(),
        }
    }

    /// Whether no document holds it.
    pub fn is_built_in(&self) -> bool {
        self.document == DocumentId::BUILT_IN
    }

    /// The origin of the field `name` of what is here.
    pub fn field(&self, name: impl Into<SmolStr>) -> Self {
        Self { path: self.path.field(name), ..self.clone() }
    }

    /// The origin of item `index` of the list here.
    pub fn index(&self, index: usize) -> Self {
        // A list of more than 2³² items is beyond every limit on what is read.
        Self { path: self.path.index(u32::try_from(index).unwrap_or(u32::MAX)), ..self.clone() }
    }
}

/// A place that a diagnostic points at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A node of a document that could be read.
    At(Origin),
    /// The key of that node rather than its value: what is wrong is that the field is there.
    Key(Origin),
    /// Bytes of a document, counted from its beginning: for text that could not be read.
    In(DocumentId, Range<u32>),
}

impl Place {
    /// The document pointed into.
    pub fn document(&self) -> DocumentId {
        match self {
            Self::At(origin) | Self::Key(origin) => origin.document,
            Self::In(document, _) => *document,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_prints_as_the_api_server_writes_it() {
        let path = FieldPath::root().field("spec").field("ingress").index(0).field("from");
        assert_eq!(path.to_string(), "spec.ingress[0].from");
        let label = FieldPath::root().field("metadata").field("labels").field("a.b/c");
        assert_eq!(label.to_string(), "metadata.labels[a.b/c]");
        assert_eq!(FieldPath::root().to_string(), "");
    }
}
