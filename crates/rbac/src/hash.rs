//! The numbers that stand for names in the index.
//!
//! They are the same in every process, so that whoever chooses names can make them meet: that costs
//! time, and never the right answer, as everything found by a hash is asked whether it is meant.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;
use portcullis_core::Namespace;

use crate::attempt::Resource;
use crate::postings::SIEVE_BITS;
use crate::rules::{Key, Name};

/// What one hash is of, so that a user and a group of one name are two things.
#[derive(Clone, Copy)]
#[repr(u64)]
enum Kind {
    Word = 1,
    Url,
    User,
    Group,
    Namespace,
    Name,
    Role,
}

/// The longest text that is put together without allocating. Kubernetes allows 63 letters for a
/// resource and as many for a subresource.
const TEXT_BYTES: usize = 63 + 1 + 63;

/// A resource as rules may spell it, if they name it at all.
pub(crate) struct Spelled {
    /// `pods`, or `pods/log`.
    pub own: u64,
    /// `*/log`.
    pub of_any: Option<u64>,
}

#[inline]
fn of(kind: Kind, bytes: &[u8]) -> u64 {
    let mut hasher = FixedState::with_seed(kind as u64).build_hasher();
    hasher.write(bytes);
    hasher.finish()
}

/// A word of a rule or an attempt.
#[inline]
pub(crate) fn word(text: &str) -> u64 {
    of(Kind::Word, text.as_bytes())
}

/// A namespace.
#[inline]
pub(crate) fn namespace(namespace: &Namespace) -> u64 {
    of(Kind::Namespace, namespace.as_str().as_bytes())
}

/// One thing within another: both are spread evenly already. The bits that sieves go by stay, so that those
/// of a name are worked out once for the two it is looked for in.
#[inline]
pub(crate) fn within(hash: u64, scope: u64) -> u64 {
    hash ^ scope << SIEVE_BITS
}

/// The name of an object; which kind of object is for the table to know.
pub(crate) fn key((namespace, name): &Key) -> u64 {
    let name = of(Kind::Name, name.as_bytes());
    namespace.as_ref().map_or(name, |namespace| within(name, self::namespace(namespace)))
}

/// What rules with URLs are found by, whichever those are.
pub(crate) fn urls() -> u64 {
    of(Kind::Url, b"")
}

/// The number of a role.
pub(crate) fn number(role: u32) -> u64 {
    of(Kind::Role, &role.to_le_bytes())
}

// === impl Name ===

impl<S: AsRef<str>> Name<S> {
    /// Calls cost 40 of the 1,060 instructions of a decision.
    #[inline(always)]
    pub(crate) fn hash(&self) -> u64 {
        match self {
            Self::User(name) => of(Kind::User, name.as_ref().as_bytes()),
            Self::Group(name) => of(Kind::Group, name.as_ref().as_bytes()),
        }
    }
}

// === impl Spelled ===

impl Spelled {
    #[inline]
    pub(crate) fn of(asked: &Resource) -> Self {
        if asked.subresource.is_empty() {
            return Self { own: word(&asked.resource), of_any: None };
        }
        Self {
            own: joined(&asked.resource, &asked.subresource),
            of_any: Some(joined("*", &asked.subresource)),
        }
    }
}

/// The word `resource/subresource`.
fn joined(resource: &str, subresource: &str) -> u64 {
    let mut buffer = [0; TEXT_BYTES];
    let parts = [resource.as_bytes(), b"/", subresource.as_bytes()];
    let mut len = 0;
    for part in parts {
        let Some(place) = buffer.get_mut(len..len + part.len()) else {
            return word(&format!("{resource}/{subresource}"));
        };
        place.copy_from_slice(part);
        len += part.len();
    }
    of(Kind::Word, buffer.get(..len).unwrap_or_default())
}
