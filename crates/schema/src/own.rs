//! The group of our own, `portcullis.dev`: what it serves and what that looks like.
//!
//! Written by hand in the form of the generated tables, and kept out of them: [`crate::api`] knows
//! what the original knows, so that a server which shall look like it need only leave this aside.

use crate::api::flags::{OMIT, POINTER, REQUIRED};
use crate::api::{Facts, Group, Kind, List, Message, Resource, Type, Version, field};
use crate::generated::api_messages::{
    AUTHORIZATION_V1_SUBJECTACCESSREVIEWSPEC, META_V1_OBJECTMETA,
};

const NAME: &str = "portcullis.dev";
const VERSION: &str = "v1alpha1";

/// Questions that Kubernetes does not answer: never stored, so they can be asked and nothing else.
static GROUP: Group = Group {
    name: NAME,
    versions: &[Version {
        name: VERSION,
        resources: &[Resource {
            group: NAME,
            version: VERSION,
            plural: "accessreviews",
            singular: "accessreview",
            kind: "AccessReview",
            namespaced: false,
            verbs: &["create"],
            short_names: &[],
            categories: &[],
            storage_hash: "",
            columns: &[],
            subresources: &[],
        }],
    }],
};

static KINDS: [Kind; 1] =
    [Kind { group: NAME, version: VERSION, kind: "AccessReview", message: &ACCESS_REVIEW }];

static MESSAGES: [&Message; 6] =
    [&ACCESS_REVIEW, &STATUS, &REASON, &OBJECT_REFERENCE, &RULE, &SUBJECT];

/// The group with its resources, which is not among [`crate::api::groups`].
pub fn group() -> &'static Group {
    &GROUP
}

/// The kind of this name; none if it is not one of ours.
pub fn kind(group: &str, version: &str, kind: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|one| (one.group, one.version, one.kind) == (group, version, kind))
}

/// Our kinds.
pub(crate) fn kinds() -> &'static [Kind] {
    &KINDS
}

/// Our message of this name, such as `portcullis.dev/v1alpha1.AccessReview`.
pub(crate) fn message(name: &str) -> Option<&'static Message> {
    MESSAGES.iter().find(|message| message.name == name).copied()
}

// === What it looks like ===

/// A structure that is always there.
const EMPTY: Facts = Facts { default: Some("{}"), ..Facts::NONE };
/// A text that is always there.
const BLANK: Facts = Facts { default: Some("\"\""), ..Facts::NONE };
/// A list that is owned as a whole.
const WHOLE: Facts = Facts { list: Some(List::Atomic), ..Facts::NONE };

static ACCESS_REVIEW: Message = Message {
    name: "portcullis.dev/v1alpha1.AccessReview",
    order: &[1, 0, 2, 3, 4],
    inlined: &[],
    atomic: false,
    fields: &[
        field("kind", Type::String, 0, OMIT),
        field("apiVersion", Type::String, 0, OMIT),
        field("metadata", Type::Message(&META_V1_OBJECTMETA), 1, OMIT).with(&EMPTY),
        field("spec", Type::Message(&AUTHORIZATION_V1_SUBJECTACCESSREVIEWSPEC), 2, REQUIRED)
            .with(&EMPTY),
        field("status", Type::Message(&STATUS), 3, OMIT).with(&EMPTY),
    ],
};

static STATUS: Message = Message {
    name: "portcullis.dev/v1alpha1.AccessReviewStatus",
    order: &[0, 3, 5, 2, 4, 1],
    inlined: &[],
    atomic: false,
    fields: &[
        field("allowed", Type::Bool, 1, REQUIRED)
            .with(&Facts { default: Some("false"), ..Facts::NONE }),
        field("verdict", Type::String, 2, REQUIRED).with(&Facts {
            default: Some("\"\""),
            values: &["allow", "deny"],
            ..Facts::NONE
        }),
        field("reason", Type::String, 3, OMIT),
        field("because", Type::List(&Type::Message(&REASON)), 4, REQUIRED).with(&WHOLE),
        field("skipped", Type::List(&Type::Message(&REASON)), 5, OMIT).with(&WHOLE),
        field("evaluationError", Type::String, 6, OMIT),
    ],
};

static REASON: Message = Message {
    name: "portcullis.dev/v1alpha1.AccessReason",
    order: &[3, 8, 2, 7, 4, 5, 6, 1, 0],
    inlined: &[],
    atomic: false,
    fields: &[
        field("type", Type::String, 1, REQUIRED).with(&Facts {
            default: Some("\"\""),
            values: &[
                "Dangling",
                "Elsewhere",
                "Granted",
                "NearMiss",
                "NearlyNamed",
                "Node",
                "NotNamed",
                "NotPermitted",
                "Privileged",
                "URLInNamespace",
            ],
            ..Facts::NONE
        }),
        field("text", Type::String, 2, REQUIRED).with(&BLANK),
        field("hidden", Type::Bool, 3, OMIT),
        field("binding", Type::Message(&OBJECT_REFERENCE), 4, OMIT | POINTER),
        field("role", Type::Message(&OBJECT_REFERENCE), 5, OMIT | POINTER),
        field("rule", Type::Message(&RULE), 6, OMIT | POINTER),
        field("subject", Type::Message(&SUBJECT), 7, OMIT | POINTER),
        field("lacks", Type::List(&Type::String), 8, OMIT).with(&WHOLE),
        field("bindings", Type::List(&Type::Message(&OBJECT_REFERENCE)), 9, OMIT).with(&WHOLE),
    ],
};

static OBJECT_REFERENCE: Message = Message {
    name: "portcullis.dev/v1alpha1.ObjectReference",
    order: &[0, 2, 1],
    inlined: &[],
    atomic: true,
    fields: &[
        field("kind", Type::String, 1, REQUIRED).with(&BLANK),
        field("namespace", Type::String, 2, OMIT),
        field("name", Type::String, 3, REQUIRED).with(&BLANK),
    ],
};

static SUBJECT: Message = Message {
    name: "portcullis.dev/v1alpha1.Subject",
    order: &[0, 2, 1],
    inlined: &[],
    atomic: true,
    fields: &[
        field("kind", Type::String, 1, REQUIRED).with(&BLANK),
        field("namespace", Type::String, 2, OMIT),
        field("name", Type::String, 3, REQUIRED).with(&BLANK),
    ],
};

static RULE: Message = Message {
    name: "portcullis.dev/v1alpha1.Rule",
    order: &[0, 1],
    inlined: &[],
    atomic: true,
    fields: &[
        field("number", Type::Int32, 1, REQUIRED)
            .with(&Facts { default: Some("0"), ..Facts::NONE }),
        field("text", Type::String, 2, REQUIRED).with(&BLANK),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_tables_hold_what_the_generated_ones_hold() {
        for message in MESSAGES {
            for field in message.fields {
                let found = message.field(field.name);
                assert!(
                    found.is_some_and(|found| std::ptr::eq(found, field)),
                    "{}.{}",
                    message.name,
                    field.name
                );
            }
            let mut numbers: Vec<u32> =
                message.fields.iter().map(|f| f.number).filter(|n| *n != 0).collect();
            numbers.dedup();
            let named = message.fields.iter().filter(|f| f.number != 0).count();
            assert_eq!(numbers.len(), named, "{}", message.name);
            assert!(numbers.is_sorted(), "{}", message.name);
        }
        for resource in GROUP.versions.iter().flat_map(|version| version.resources) {
            let Resource { group, version, kind, .. } = resource;
            assert!(self::kind(group, version, kind).is_some(), "{group}/{version} {kind}");
        }
    }

    #[test]
    fn the_original_knows_none_of_it() {
        assert!(crate::api::groups().iter().all(|group| group.name != NAME));
        assert!(crate::api::kind(NAME, VERSION, "AccessReview").is_none());
        assert!(MESSAGES.iter().all(|message| crate::api::message(message.name).is_none()));
    }
}
