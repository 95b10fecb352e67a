//! Which names the APIs accept.

use portcullis_core::Place;
use portcullis_object::Object;

use crate::codes;
use crate::findings::Findings;

/// A DNS label (RFC 1123) of any length: lower-case letters, digits and inner dashes.
pub(crate) fn is_label(text: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = text.as_bytes();
    edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

/// DNS labels with dots between them.
pub(crate) fn is_subdomain(text: &str) -> bool {
    !text.is_empty() && text.split('.').all(is_label)
}

/// The longest name of most kinds.
const NAME_MAX: usize = 253;
/// The longest name of what becomes a DNS label.
const LABEL_MAX: usize = 63;

/// Which form a name must have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// DNS labels with dots: most kinds of Kubernetes.
    Subdomain,
    /// One DNS label: tiers, namespaces.
    Label,
    /// One label, or two with a dot: global policies of Calico, whose names may begin with a tier.
    TierPrefixed,
    /// As [`Form::TierPrefixed`], or the name of a converted policy: namespaced policies of Calico.
    TierPrefixedOrConverted,
}

/// The place of an object's name, or of what should hold it.
pub(crate) fn place(object: &Object) -> Place {
    let metadata = object.root().field("metadata");
    let name = metadata.and_then(|m| m.field("name"));
    name.or(metadata).unwrap_or(object.root()).at()
}

/// Refuses an object whose name the API does not accept.
pub(crate) fn check(object: &Object, form: Form, out: &mut Findings) {
    let name = object.name();
    let metadata = object.root().field("metadata");
    let place = place(object);
    if name.is_empty() {
        let generated = metadata.and_then(|m| m.field("generateName")).is_some();
        if !generated {
            out.refuse(codes::NAME, place, format!("this {} has no name", object.kind()));
        }
        return;
    }
    let max = if form == Form::Label { LABEL_MAX } else { NAME_MAX };
    if name.len() > max {
        let message = format!("the name has {} characters; at most {max} are accepted", name.len());
        out.refuse(codes::NAME, place.clone(), message);
    }
    let converted = |rest: &str| is_subdomain(rest);
    let prefixed = || name.split('.').count() <= 2 && is_subdomain(name);
    let (ok, wants) = match form {
        Form::Subdomain => (is_subdomain(name), "lower-case letters, digits, `-` and `.`"),
        Form::Label => (is_label(name), "lower-case letters, digits and `-`"),
        Form::TierPrefixed => {
            (prefixed(), "lower-case letters, digits and `-`, with at most one `.`")
        }
        Form::TierPrefixedOrConverted => (
            prefixed()
                || ["knp.default.", "ossg.default."]
                    .iter()
                    .any(|p| name.strip_prefix(p).is_some_and(converted)),
            "lower-case letters, digits and `-`, with at most one `.`",
        ),
    };
    if !ok {
        out.refuse(codes::NAME, place, format!("the name `{name}` is not made of {wants}"));
    }
}
