//! CustomResourceDefinition, as far as RBAC needs it: which resources there are.

use portcullis_object::Object;
use smol_str::SmolStr;

use crate::findings::Findings;

/// A resource that a CustomResourceDefinition defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomResource {
    /// The API group.
    pub group: SmolStr,
    /// The resource, in the plural.
    pub plural: SmolStr,
    /// In the singular.
    pub singular: SmolStr,
    /// The kind.
    pub kind: SmolStr,
    /// Short names.
    pub short: Vec<SmolStr>,
    /// Whether it lives in namespaces.
    pub namespaced: bool,
}

/// Lowers a definition; `None` if it names no resource.
pub(crate) fn lower(object: &Object, out: &mut Findings) -> Option<CustomResource> {
    let spec = out.map(object.root(), "spec")?;
    let names = out.map(spec, "names")?;
    let text =
        |field: &str, out: &mut Findings| SmolStr::from(out.text(names, field).unwrap_or(""));
    let kind = text("kind", out);
    let mut singular = text("singular", out);
    if singular.is_empty() {
        singular = kind.to_lowercase().into();
    }
    Some(CustomResource {
        group: out.text(spec, "group")?.into(),
        plural: out.text(names, "plural")?.into(),
        singular,
        kind,
        short: out.texts(names, "shortNames").into_iter().map(|(t, _)| t.into()).collect(),
        namespaced: out.text(spec, "scope") == Some("Namespaced"),
    })
}
