//! What the tables say of the place that a patch has reached.

use super::PatchError;
use crate::api::{Field, Message, Type};

/// What stands at a place.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    Message(&'static Message),
    Map(&'static Type),
    /// Something whose inside the tables do not know.
    Closed(&'static str),
}

/// Fields whose maps a patch replaces (`patchStrategy: replace`), where all others merge.
const REPLACED: &[(&str, &str)] = &[("policy/v1.PodDisruptionBudgetSpec", "selector")];

/// Whether a patch replaces the map in this field of a message.
pub(crate) fn replaces(message: &Message, field: &Field) -> bool {
    REPLACED.contains(&(message.name, field.name))
}

/// How a list merges.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    /// Whether it merges at all.
    pub merges: bool,
    /// By which field of its items.
    pub key: Option<&'static str>,
    /// What its items are.
    pub item: Shape,
}

impl Shape {
    fn of(kind: &'static Type) -> Self {
        match kind {
            Type::Message(message) => Self::Message(message),
            Type::Map(value) => Self::Map(value),
            Type::List(item) => Self::of(item),
            Type::Raw => Self::Closed("RawExtension"),
            Type::Fields => Self::Closed("FieldsV1"),
            Type::Json => Self::Closed("JSON"),
            Type::OrList(_) => Self::Closed("JSONSchemaPropsOrArray"),
            Type::OrBool(_) => Self::Closed("JSONSchemaPropsOrBool"),
            Type::OrStrings(_) => Self::Closed("JSONSchemaPropsOrStringArray"),
            Type::Quantity => Self::Closed("Quantity"),
            Type::Time => Self::Closed("Time"),
            Type::MicroTime => Self::Closed("MicroTime"),
            Type::IntOrString => Self::Closed("IntOrString"),
            Type::Int32 | Type::Int64 | Type::Float => Self::Closed("int64"),
            Type::String | Type::Bool | Type::Bytes => Self::Closed("string"),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Message(message) => {
                message.name.rsplit_once('.').map_or(message.name, |(_, name)| name)
            }
            Self::Map(_) => "map",
            Self::Closed(name) => name,
        }
    }

    /// What stands in the field `key`.
    pub(super) fn field(self, key: &str) -> Result<Self, PatchError> {
        match self {
            Self::Map(value) => Ok(Self::of(value)),
            Self::Message(message) => {
                message.field(key).map(|field| Self::of(&field.kind)).ok_or_else(|| self.lacks(key))
            }
            Self::Closed(_) => Err(self.lacks(key)),
        }
    }

    /// Whether the map in the field `key` is replaced.
    pub(super) fn replaces(self, key: &str) -> bool {
        match self {
            Self::Message(message) => {
                message.field(key).is_some_and(|field| replaces(message, field))
            }
            Self::Map(_) | Self::Closed(_) => false,
        }
    }

    /// How the list in the field `key` merges.
    pub(super) fn list(self, key: &str) -> Result<Rule, PatchError> {
        match self {
            Self::Map(value) => Ok(Rule { merges: false, key: None, item: Self::of(value) }),
            Self::Message(message) => {
                let field = message.field(key).ok_or_else(|| self.lacks(key))?;
                let item = Self::of(&field.kind);
                Ok(Rule { merges: field.merges(), key: field.merge_key(), item })
            }
            Self::Closed(_) => Err(self.lacks(key)),
        }
    }

    fn lacks(self, key: &str) -> PatchError {
        PatchError::Unusable(format!(
            "unable to find api field in struct {} for the json field {key:?}",
            self.name()
        ))
    }

    /// The list that has no merge key, though its items are maps.
    pub(super) fn unmergeable(self) -> PatchError {
        let name = self.name();
        PatchError::Unusable(format!("cannot merge lists without merge key for {name}"))
    }
}
