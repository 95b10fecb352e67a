//! Where a field stands, spelt only when something is wrong with it.

use std::fmt;

/// The path of a field as a chain of borrowed parts: walking an object allocates nothing until a fault
/// asks for the text.
///
/// It prints as the API prints it: `spec.ingress[0].ports`, `data[tls.crt]`.
#[derive(Clone, Copy)]
pub(crate) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    part: Part<'a>,
}

#[derive(Clone, Copy)]
enum Part<'a> {
    Field(&'a str),
    Index(usize),
    Key(&'a str),
}

impl<'a> Path<'a> {
    /// A field of the object itself; it may hold dots, as `metadata.labels`.
    pub(crate) const fn root(field: &'a str) -> Self {
        Self { parent: None, part: Part::Field(field) }
    }

    /// A field of what stands here.
    pub(crate) const fn field<'b>(&'b self, name: &'b str) -> Path<'b> {
        Path { parent: Some(self), part: Part::Field(name) }
    }

    /// An item of the list that stands here.
    pub(crate) const fn index<'b>(&'b self, index: usize) -> Path<'b> {
        Path { parent: Some(self), part: Part::Index(index) }
    }

    /// An entry of the map that stands here.
    pub(crate) const fn key<'b>(&'b self, key: &'b str) -> Path<'b> {
        Path { parent: Some(self), part: Part::Key(key) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.part {
            Part::Field(name) if self.parent.is_none() => f.write_str(name),
            Part::Field(name) => write!(f, ".{name}"),
            Part::Index(index) => write!(f, "[{index}]"),
            Part::Key(key) => write!(f, "[{key}]"),
        }
    }
}

impl From<Path<'_>> for String {
    fn from(path: Path<'_>) -> Self {
        path.to_string()
    }
}

impl From<&Path<'_>> for String {
    fn from(path: &Path<'_>) -> Self {
        path.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_joined_as_the_api_writes_them() {
        let spec = Path::root("spec");
        let rules = spec.field("ingress");
        let rule = rules.index(0);
        assert_eq!(
            rule.field("ports").index(2).field("port").to_string(),
            "spec.ingress[0].ports[2].port"
        );
        assert_eq!(Path::root("data").key("tls.crt").to_string(), "data[tls.crt]");
    }
}
