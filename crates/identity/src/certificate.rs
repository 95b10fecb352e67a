//! Client certificates: whether one is vouched for by an authority we trust, and whom it is of.
//!
//! As `crypto/x509` of Go judges them, because that is what the original does (RFC 5280, 6.1, with what
//! is done in practice): version 1 is fine for leaves and roots, nothing said about the purpose means
//! any purpose, a purpose said by an authority holds for what it signed. Alternative names are not
//! looked at: the user is in the subject.

pub(crate) mod alternative;
mod chain;
pub(crate) mod name;
pub(crate) mod parsed;

use std::fmt;
use std::sync::Arc;

use portcullis_core::Timestamp;
use ring::digest;

use crate::der::Malformed;
use crate::pem;
use crate::user::{Authenticated, CREDENTIAL_ID, User};

pub use alternative::AlternativeNames;
use name::Subject;
use parsed::Certificate;

/// The most certificates that a client may present: a leaf and what lies between it and the authority.
/// One more than the longest chain that is built, for clients that send the authority along.
pub const PRESENTED_MAX: usize = 9;

/// The authorities that vouch for clients: `--client-ca-file`. Clone is O(1).
#[derive(Clone)]
pub struct ClientTrust {
    authorities: Arc<[Box<[u8]>]>,
}

/// What judged a certificate worthless, or the file of authorities unreadable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Distrust {
    /// Not a certificate that we can read.
    Malformed,
    /// There is no certificate in a file of authorities.
    NoAuthority,
    /// More of them than [`PRESENTED_MAX`].
    TooMany,
    /// No authority of ours signed it, nor any that it brings along.
    UnknownAuthority,
    /// The time is not within its validity, or not within that of one above it.
    Expired {
        /// When it was asked.
        now: Timestamp,
        /// The end that was passed, or the beginning that was not reached.
        limit: Timestamp,
        /// Whether it is not valid yet.
        early: bool,
    },
    /// It, or one above it, says what it is for, and this is not among it.
    Purpose,
    /// What signed it is no authority.
    NotAuthority,
    /// More authorities in between than one above allows, or than are ever followed.
    TooLong,
    /// It, or one above it, demands what we do not understand.
    Demands,
    /// An authority above constrains names, and the certificate has alternative names. Such a
    /// constraint is not judged here, so that it could be evaded.
    NamesConstrained,
    /// Signed in a way that can be forged: SHA-1, or a key too short.
    Insecure,
    /// Signed in a way that we cannot compute.
    Unsupported,
    /// The signature is not that of the authority.
    Signature,
    /// Too many signatures had to be tried.
    Costly,
    /// The subject has more than one uid, or an empty one.
    Uid(String),
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("x509: ")?;
        match self {
            Self::Malformed => f.write_str("malformed certificate"),
            Self::NoAuthority => f.write_str("no certificate in PEM form"),
            Self::TooMany => write!(f, "more than {PRESENTED_MAX} certificates"),
            Self::UnknownAuthority => f.write_str("certificate signed by unknown authority"),
            Self::Expired { now, limit, early } => {
                let side = if *early { "before" } else { "after" };
                f.write_str("certificate has expired or is not yet valid: ")?;
                write!(f, "current time {now} is {side} {limit}")
            }
            Self::Purpose => f.write_str("certificate specifies an incompatible key usage"),
            Self::NotAuthority => {
                f.write_str("certificate is not authorized to sign other certificates")
            }
            Self::TooLong => f.write_str("too many intermediates for path length constraint"),
            Self::Demands => f.write_str("unhandled critical extension"),
            Self::NamesConstrained => {
                f.write_str("names are constrained by an authority, which is not supported")
            }
            Self::Insecure => f.write_str("cannot verify signature: insecure algorithm"),
            Self::Unsupported => f.write_str("cannot verify signature: algorithm unimplemented"),
            Self::Signature => f.write_str("verification of the signature failed"),
            Self::Costly => f.write_str(
                "signature check attempts limit reached while verifying certificate chain",
            ),
            Self::Uid(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Distrust {}

impl From<Malformed> for Distrust {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// A certificate that was vouched for, and how long that stays true.
///
/// Signatures do not change and are what takes time: a server keeps this beside the connection and asks
/// [`Vouched::holds`] for each request, which is a comparison. So a certificate that expires, or an
/// authority that is taken away, ends a connection that is open. Clone is O(1).
#[derive(Clone)]
pub struct Vouched {
    /// None if the subject names nobody.
    user: Option<Authenticated>,
    from: Timestamp,
    until: Timestamp,
    trust: ClientTrust,
}

// === impl ClientTrust ===

impl ClientTrust {
    /// Reads the authorities of a file of PEM blocks. Other blocks are skipped, as keys often stand
    /// beside certificates; a file without any is an error, as is one that cannot be read.
    pub fn from_pem(text: &[u8]) -> Result<Self, Distrust> {
        let blocks = pem::blocks(text).map_err(|_| Distrust::Malformed)?;
        let certificates = blocks.into_iter().filter(|block| block.label == pem::CERTIFICATE);
        Self::new(certificates.map(|block| block.contents.to_vec()))
    }

    /// Takes the authorities as DER.
    pub fn new(authorities: impl IntoIterator<Item = Vec<u8>>) -> Result<Self, Distrust> {
        let authorities: Arc<[Box<[u8]>]> =
            authorities.into_iter().map(Vec::into_boxed_slice).collect();
        if authorities.is_empty() {
            return Err(Distrust::NoAuthority);
        }
        for authority in authorities.iter() {
            Certificate::parse(authority)?;
        }
        Ok(Self { authorities })
    }

    /// Whether it is this very one: what is read again is another, even if it says the same.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.authorities, &other.authorities)
    }

    /// Judges what a client presented: DER, its own certificate first, then any in between.
    pub fn vouch(&self, presented: &[&[u8]], now: Timestamp) -> Result<Vouched, Distrust> {
        let Some((leaf, between)) = presented.split_first() else {
            return Err(Distrust::Malformed);
        };
        if presented.len() > PRESENTED_MAX {
            return Err(Distrust::TooMany);
        }
        let leaf = Certificate::parse(leaf)?;
        let roots = parse_all(self.authorities.iter().map(Box::as_ref))?;
        let between = parse_all(between.iter().copied())?;
        let chain = chain::build(leaf, &roots, &between, now)?;
        let user = user_of(&leaf)?.map(|user| Authenticated::new(user.with_authenticated()));
        let (mut from, mut until) = (leaf.not_before, leaf.not_after);
        for certificate in chain {
            from = from.max(certificate.not_before);
            until = until.min(certificate.not_after);
        }
        Ok(Vouched { user, from, until, trust: self.clone() })
    }
}

fn parse_all<'a>(
    certificates: impl Iterator<Item = &'a [u8]>,
) -> Result<Vec<Certificate<'a>>, Malformed> {
    certificates.map(Certificate::parse).collect()
}

// === impl Vouched ===

impl Vouched {
    /// Whether it would be vouched for now as it was then.
    pub fn holds(&self, trust: &ClientTrust, now: Timestamp) -> bool {
        self.trust.is(trust) && self.from <= now && now <= self.until
    }

    /// Whom the certificate is of; none if its subject has no common name, and so no user.
    pub fn user(&self) -> Option<&Authenticated> {
        self.user.as_ref()
    }
}

/// The user of a subject, without the group of the recognised.
fn user_of(leaf: &Certificate<'_>) -> Result<Option<User>, Distrust> {
    let subject = Subject::parse(leaf.subject)?;
    if subject.common_name.is_empty() {
        return Ok(None);
    }
    let uid = match subject.uids.as_slice() {
        [] => String::new(),
        [uid] if uid.is_empty() => {
            return Err(Distrust::Uid("UID cannot be an empty string".to_owned()));
        }
        [uid] => uid.clone(),
        several => {
            let listed = several.join(" ");
            return Err(Distrust::Uid(format!("expected 1 UID, but found multiple: [{listed}]")));
        }
    };
    let credential = format!("X509SHA256={}", fingerprint(leaf.whole));
    Ok(Some(User {
        name: subject.common_name,
        uid,
        groups: subject.organizations,
        extra: [(CREDENTIAL_ID.to_owned(), vec![credential])].into(),
    }))
}

/// SHA-256 of a certificate's DER, in hexadecimal.
fn fingerprint(certificate: &[u8]) -> String {
    hexadecimal(digest::digest(&digest::SHA256, certificate).as_ref())
}

/// How a certificate is found in logs, in the words of the original.
pub(crate) fn identifier(certificate: &[u8]) -> String {
    let Ok(parsed) = Certificate::parse(certificate) else { return "SN=?".to_owned() };
    let colons = |id: Option<&[u8]>| {
        let pairs: Vec<String> =
            id.unwrap_or_default().iter().map(|byte| format!("{byte:02X}")).collect();
        pairs.join(":")
    };
    let extensions = parsed.extensions;
    format!(
        "SN={}, SKID={}, AKID={}",
        decimal(parsed.serial),
        colons(extensions.subject_key_id),
        colons(extensions.authority_key_id)
    )
}

/// A long number as people write it.
fn decimal(number: &[u8]) -> String {
    /// Longer than any serial number may be; what is longer stays in hexadecimal.
    const BYTES_MAX: usize = 32;
    if number.len() > BYTES_MAX {
        return format!("0x{}", hexadecimal(number));
    }
    let mut digits: Vec<u8> = Vec::new();
    for byte in number {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) * 256;
            *digit = u8::try_from(carry % 10).unwrap_or(0);
            carry /= 10;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 10).unwrap_or(0));
            carry /= 10;
        }
    }
    if digits.is_empty() {
        return "0".to_owned();
    }
    digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The public key of a certificate: its `SubjectPublicKeyInfo` as it stands there, of version 1 too,
/// whatever the rest of the certificate says. For the socket, which only asks whether the client has
/// the private half; whether that is worth anything is for [`ClientTrust::vouch`].
pub fn public_key(certificate: &[u8]) -> Result<&[u8], Distrust> {
    Ok(Certificate::parse(certificate)?.key.whole)
}
