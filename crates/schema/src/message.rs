//! The fields of kinds.

use crate::generated::messages::KINDS;

/// What a value may be.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// Anything at all.
    Any,
    /// A boolean.
    Bool,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// Text: also times, durations and bytes in base64.
    String,
    /// An amount: a number, or text such as `500m` and `2Gi`.
    Quantity,
    /// A whole number, or text: ports, protocols.
    IntOrString,
    /// A list of such.
    List(&'static Type),
    /// A map with keys of the user's own and values of such.
    Map(&'static Type),
    /// A map with fields.
    Message(&'static Message),
}

/// One field.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// As written in manifests.
    pub name: &'static str,
    /// What it may be.
    pub kind: Type,
    /// Whether it must be there: the API refuses an object without it, or cannot work with one.
    pub required: bool,
}

impl Field {
    pub(crate) const fn optional(name: &'static str, kind: Type) -> Self {
        Self { name, kind, required: false }
    }

    pub(crate) const fn required(name: &'static str, kind: Type) -> Self {
        Self { name, kind, required: true }
    }
}

/// A map with fields.
#[derive(Debug)]
pub struct Message {
    /// Such as `core/v1.PodSpec`.
    pub name: &'static str,
    pub(crate) fields: &'static [Field],
}

/// Fields of Calico's commercial editions, whose definitions are not public: (message, field).
static ENTERPRISE: &[(&str, Field)] = &[
    ("calico/v3.EntityRule", Field::optional("domains", Type::List(&Type::String))),
    (
        "calico/v3.GlobalNetworkSetSpec",
        Field::optional("allowedEgressDomains", Type::List(&Type::String)),
    ),
    (
        "calico/v3.NetworkSetSpec",
        Field::optional("allowedEgressDomains", Type::List(&Type::String)),
    ),
];

impl Message {
    /// All its fields.
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> {
        let own = self.name;
        let more = ENTERPRISE.iter().filter(move |(name, _)| *name == own).map(|(_, field)| field);
        self.fields.iter().chain(more)
    }

    /// The field `name`, letter case counting.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields().find(|field| field.name == name)
    }
}

/// A kind whose fields are known.
pub(crate) struct Kind {
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) message: &'static Message,
}

/// The fields of a kind in one of its versions; none if they are not known.
///
/// Calico's kinds look the same in both of its groups, `projectcalico.org/v3` and
/// `crd.projectcalico.org/v1`.
pub fn message(group: &str, version: &str, kind: &str) -> Option<&'static Message> {
    let sought = (group, kind, version);
    let at = KINDS.binary_search_by(|k| (k.group, k.kind, k.version).cmp(&sought)).ok()?;
    KINDS.get(at).map(|k| k.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The type at the end of a way of fields; lists are entered without a word.
    fn at(group: &str, version: &str, kind: &str, path: &str) -> Option<Type> {
        let mut here = Type::Message(message(group, version, kind)?);
        for name in path.split('.') {
            while let Type::List(item) = here {
                here = *item;
            }
            let Type::Message(message) = here else { return None };
            here = message.field(name)?.kind;
        }
        Some(here)
    }

    #[test]
    fn fields_are_where_they_are_in_the_api() {
        const NETWORKING: &str = "networking.k8s.io";
        const CALICO: &str = "projectcalico.org";
        for (group, version, kind, path, want) in [
            ("", "v1", "Pod", "spec.containers.ports.containerPort", "Some(Integer)"),
            ("", "v1", "Pod", "spec.containers.ports.hostport", "None"),
            ("", "v1", "Pod", "metadata.labels", "Some(Map(String))"),
            ("", "v1", "Pod", "status", "Some(Any)"),
            ("apps", "v1", "Deployment", "spec.template.spec.hostNetwork", "Some(Bool)"),
            (NETWORKING, "v1", "NetworkPolicy", "spec.ingress.ports.port", "Some(IntOrString)"),
            (NETWORKING, "v1", "NetworkPolicy", "spec.policyTypes", "Some(List(String))"),
            (CALICO, "v3", "NetworkPolicy", "spec.order", "Some(Number)"),
            (
                CALICO,
                "v3",
                "NetworkPolicy",
                "spec.egress.destination.domains",
                "Some(List(String))",
            ),
            (
                "crd.projectcalico.org",
                "v1",
                "NetworkSet",
                "spec.allowedEgressDomains",
                "Some(List(String))",
            ),
            ("crd.projectcalico.org", "v3", "NetworkSet", "spec", "None"),
            ("example.com", "v1", "Pod", "spec", "None"),
        ] {
            assert_eq!(format!("{:?}", at(group, version, kind, path)), want, "{kind} {path}");
        }
    }

    #[test]
    fn every_enterprise_field_has_its_message() {
        let known = |name: &str| {
            let mut todo: Vec<&'static Message> = KINDS.iter().map(|k| k.message).collect();
            let mut seen = std::collections::BTreeSet::new();
            while let Some(message) = todo.pop() {
                if message.name == name {
                    return true;
                }
                if !seen.insert(message.name) {
                    continue;
                }
                for field in message.fields() {
                    let mut kind = field.kind;
                    while let Type::List(inner) | Type::Map(inner) = kind {
                        kind = *inner;
                    }
                    if let Type::Message(inner) = kind {
                        todo.push(inner);
                    }
                }
            }
            false
        };
        for (name, field) in ENTERPRISE {
            assert!(known(name), "{name}.{}", field.name);
        }
    }
}
