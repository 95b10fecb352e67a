//! Requests for certificates, and what the built-in signers make of them.
//!
//! The signers are those of kube-controller-manager: they check that a request is one of theirs, and
//! then copy what it says, with their own idea of how long.

use std::time::Duration;

use portcullis_core::Timestamp;

use crate::certificate::alternative::AlternativeNames;
use crate::certificate::name::{self, Subject};
use crate::certificate::parsed::{ALTERNATIVE_NAMES, ANY_USAGE, ID_CE};
use crate::der::{Malformed, Reader, tag};
use crate::issue::{
    Authority, BACKDATE, CLIENT_AUTH, IssueFault, Issued, LEAF_LIFETIME, SERVER_AUTH,
};
use crate::issue::{Template, before, usage};
use crate::pem;
use crate::public_key::{PublicKey, Signed};
use crate::random::Random;

/// `extensionRequest` (RFC 2985, 5.4.2).
const EXTENSION_REQUEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 14];

/// The shortest life that a signer grants, whatever is asked for.
const LIFETIME_MIN: Duration = Duration::from_secs(600);
/// Below this, five minutes matter, and the end is not moved back with the beginning.
const SHORT: Duration = Duration::from_secs(8 * 3_600);

/// A request whose own signature is good: whoever made it has the key.
pub struct Request {
    subject: Vec<u8>,
    public: Vec<u8>,
    who: Subject,
    names: AlternativeNames,
}

/// Why a request cannot be read: `spec.request` is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestFault {
    /// Not PEM, or something else in it.
    #[error("PEM block type must be CERTIFICATE REQUEST")]
    NotARequest,
    /// The bytes are not those of a request.
    #[error("malformed certificate request")]
    Malformed,
    /// The signature is not by the key that is to be certified.
    #[error("unable to verify certificate request signature")]
    Signature,
}

impl From<Malformed> for RequestFault {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// The signers that are built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    /// `kubernetes.io/kube-apiserver-client`: any user.
    Client,
    /// `kubernetes.io/kube-apiserver-client-kubelet`: a node, as which a kubelet asks.
    KubeletClient,
    /// `kubernetes.io/kubelet-serving`: a node, as which a kubelet answers.
    KubeletServing,
}

// === impl Signer ===

impl Signer {
    /// The signer of a `spec.signerName`, if it is built in.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "kubernetes.io/kube-apiserver-client" => Self::Client,
            "kubernetes.io/kube-apiserver-client-kubelet" => Self::KubeletClient,
            "kubernetes.io/kubelet-serving" => Self::KubeletServing,
            _ => return None,
        })
    }

    /// What this signer has against a request: the message of the condition `Failed` with the reason
    /// `SignerValidationFailure`.
    pub fn fault(self, request: &Request, usages: &[&str]) -> Option<String> {
        let fixed = match self {
            Self::Client => return client_usages(usages),
            Self::KubeletClient => request.kubelet_client_fault(),
            Self::KubeletServing => request.kubelet_serving_fault(),
        };
        let (purpose, is_server) = match self {
            Self::KubeletServing => ("server auth", true),
            _ => ("client auth", false),
        };
        let of_node =
            || (!request.who.common_name.starts_with("system:node:")).then_some(NOT_A_NODE);
        let other_usages = || {
            let listed = [purpose, "digital signature", "key encipherment"];
            (!are_kubelet_usages(usages, purpose)).then(|| {
                let mut listed = listed;
                listed.sort_unstable();
                format!("usages did not match [{}]", listed.join(" "))
            })
        };
        if let Some(fault) = fixed {
            return Some(fault.to_owned());
        }
        // The two signers of kubelets ask the same in another order.
        if is_server {
            other_usages().or_else(|| of_node().map(str::to_owned))
        } else {
            of_node().map(str::to_owned).or_else(other_usages)
        }
    }
}

const NOT_A_NODE: &str = "subject common name does not begin with system:node:";

/// A client's certificate is for that, and perhaps for what TLS needs.
fn client_usages(usages: &[&str]) -> Option<String> {
    let foreign = |usage: &&&str| {
        !matches!(**usage, "client auth" | "digital signature" | "key encipherment")
    };
    if let Some(foreign) = usages.iter().find(foreign) {
        return Some(format!("invalid usage for client certificate: {foreign}"));
    }
    (!usages.contains(&"client auth"))
        .then(|| "missing required usage for client certificate: client auth".to_owned())
}

/// Exactly these, key encipherment aside, which only RSA needs.
fn are_kubelet_usages(usages: &[&str], purpose: &str) -> bool {
    let required = [purpose, "digital signature"];
    required.iter().all(|usage| usages.contains(usage))
        && usages.iter().all(|usage| required.contains(usage) || *usage == "key encipherment")
}

// === impl Request ===

impl Request {
    /// Reads `spec.request`: the first block must be a request, and signed by its own key.
    pub fn from_pem(text: &[u8]) -> Result<Self, RequestFault> {
        let blocks = pem::blocks(text).map_err(|_| RequestFault::NotARequest)?;
        match blocks.into_iter().next() {
            Some(block) if block.label == pem::CERTIFICATE_REQUEST => {
                Self::from_der(&block.contents)
            }
            _ => Err(RequestFault::NotARequest),
        }
    }

    /// Reads the bytes of a request (RFC 2986, 4).
    pub(crate) fn from_der(whole: &[u8]) -> Result<Self, RequestFault> {
        let mut outer = Reader::new(Reader::only(whole, tag::SEQUENCE)?);
        let signed_part = outer.whole(tag::SEQUENCE)?;
        let signed = Signed::parse(outer.expect(tag::SEQUENCE)?)?;
        let signature = outer.bit_bytes()?;
        outer.end()?;

        let mut inner = Reader::new(Reader::only(signed_part, tag::SEQUENCE)?);
        if inner.natural()? != [0] {
            return Err(RequestFault::Malformed);
        }
        let subject = inner.whole(tag::SEQUENCE)?;
        let key = PublicKey::parse(inner.whole(tag::SEQUENCE)?)?;
        let names = match inner.optional(tag::constructed(0))? {
            Some(attributes) => names(attributes)?,
            None => AlternativeNames::default(),
        };
        inner.end()?;
        key.verify(signed, signed_part, signature).map_err(|_| RequestFault::Signature)?;
        Ok(Self {
            subject: subject.to_vec(),
            public: key.whole.to_vec(),
            who: Subject::parse(subject)?,
            names,
        })
    }

    /// The user whom a client's certificate would make of its holder.
    pub fn common_name(&self) -> &str {
        &self.who.common_name
    }

    /// The groups.
    pub fn organizations(&self) -> &[String] {
        &self.who.organizations
    }

    /// Where a server would answer.
    pub fn names(&self) -> &AlternativeNames {
        &self.names
    }

    fn is_of_nodes(&self) -> bool {
        self.who.organizations == ["system:nodes"]
    }

    fn kubelet_client_fault(&self) -> Option<&'static str> {
        let names = &self.names;
        [
            (!self.is_of_nodes(), "subject organization is not system:nodes"),
            (!names.dns.is_empty(), "DNS subjectAltNames are not allowed"),
            (!names.emails.is_empty(), "Email subjectAltNames are not allowed"),
            (!names.ips.is_empty(), "IP subjectAltNames are not allowed"),
            (!names.uris.is_empty(), "URI subjectAltNames are not allowed"),
        ]
        .into_iter()
        .find_map(|(wrong, text)| wrong.then_some(text))
    }

    fn kubelet_serving_fault(&self) -> Option<&'static str> {
        let names = &self.names;
        [
            (!self.is_of_nodes(), "subject organization is not system:nodes"),
            (names.dns.is_empty() && names.ips.is_empty(), "DNS or IP subjectAltName is required"),
            (!names.emails.is_empty(), "Email subjectAltNames are not allowed"),
            (!names.uris.is_empty(), "URI subjectAltNames are not allowed"),
        ]
        .into_iter()
        .find_map(|(wrong, text)| wrong.then_some(text))
    }
}

/// The alternative names that the attributes of a request ask for.
fn names(attributes: &[u8]) -> Result<AlternativeNames, Malformed> {
    let mut names = AlternativeNames::default();
    let mut attributes = Reader::new(attributes);
    while !attributes.is_at_end() {
        let mut attribute = attributes.nested(tag::SEQUENCE)?;
        if attribute.oid()? != EXTENSION_REQUEST {
            continue;
        }
        let mut extensions = Reader::new(attribute.nested(tag::SET)?.expect(tag::SEQUENCE)?);
        while !extensions.is_at_end() {
            let mut extension = extensions.nested(tag::SEQUENCE)?;
            let name = extension.oid()?;
            extension.optional_boolean()?;
            let value = extension.expect(tag::OCTET_STRING)?;
            if name.strip_prefix(&ID_CE) == Some(&[ALTERNATIVE_NAMES]) {
                names = AlternativeNames::parse(value)?;
            }
        }
    }
    Ok(names)
}

impl Authority {
    /// Makes the certificate that an approved request is for. What it says is copied, what it is for
    /// is said by `usages`; `seconds` is its `spec.expirationSeconds`.
    ///
    /// Whether it is a request for the signer is [`Signer::fault`]'s to say, before.
    pub fn sign_request(
        &self,
        request: &Request,
        usages: &[&str],
        seconds: Option<i32>,
        now: Timestamp,
        random: &Random,
    ) -> Result<Issued, IssueFault> {
        let (usage, purposes) = meanings(usages)?;
        let lifetime = lifetime(seconds);
        let end = if lifetime < SHORT { lifetime } else { lifetime.saturating_sub(BACKDATE) };
        let template = Template {
            subject: name::rewritten(&request.subject).unwrap_or_else(|_| request.subject.clone()),
            public: &request.public,
            not_before: before(now),
            not_after: now.after(end),
            authority: false,
            usage,
            purposes,
            names: request.names.clone(),
            key_id: None,
            authority_key_id: None,
        };
        self.sign(template, now, random)
    }
}

/// As long as asked for, within what a signer grants.
fn lifetime(seconds: Option<i32>) -> Duration {
    match seconds.map(|seconds| Duration::from_secs(u64::try_from(seconds).unwrap_or(0))) {
        None => LEAF_LIFETIME,
        Some(asked) => asked.clamp(LIFETIME_MIN, LEAF_LIFETIME),
    }
}

/// The usages of the API as certificates say them: bits, and purposes in the order in which Go
/// numbers those.
fn meanings(usages: &[&str]) -> Result<(u16, Vec<&'static [u8]>), IssueFault> {
    const PURPOSES: [(&str, &[u8]); 13] = [
        ("any", ANY_USAGE),
        ("server auth", SERVER_AUTH),
        ("client auth", CLIENT_AUTH),
        ("code signing", &[0x2b, 6, 1, 5, 5, 7, 3, 3]),
        ("email protection", &[0x2b, 6, 1, 5, 5, 7, 3, 4]),
        ("s/mime", &[0x2b, 6, 1, 5, 5, 7, 3, 4]),
        ("ipsec end system", &[0x2b, 6, 1, 5, 5, 7, 3, 5]),
        ("ipsec tunnel", &[0x2b, 6, 1, 5, 5, 7, 3, 6]),
        ("ipsec user", &[0x2b, 6, 1, 5, 5, 7, 3, 7]),
        ("timestamping", &[0x2b, 6, 1, 5, 5, 7, 3, 8]),
        ("ocsp signing", &[0x2b, 6, 1, 5, 5, 7, 3, 9]),
        ("microsoft sgc", &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 10, 3, 3]),
        ("netscape sgc", &[0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 4, 1]),
    ];
    const BITS: [(&str, u16); 10] = [
        ("signing", usage::DIGITAL_SIGNATURE),
        ("digital signature", usage::DIGITAL_SIGNATURE),
        ("content commitment", usage::CONTENT_COMMITMENT),
        ("key encipherment", usage::KEY_ENCIPHERMENT),
        ("key agreement", usage::KEY_AGREEMENT),
        ("data encipherment", usage::DATA_ENCIPHERMENT),
        ("cert sign", usage::CERT_SIGN),
        ("crl sign", usage::CRL_SIGN),
        ("encipher only", usage::ENCIPHER_ONLY),
        ("decipher only", usage::DECIPHER_ONLY),
    ];
    let known = |usage: &str| {
        PURPOSES.iter().any(|(name, _)| *name == usage)
            || BITS.iter().any(|(name, _)| *name == usage)
    };
    let unknown: Vec<String> =
        usages.iter().filter(|usage| !known(usage)).map(|usage| format!("{usage:?}")).collect();
    if !unknown.is_empty() {
        return Err(IssueFault::Usage(format!("[{}]", unknown.join(" "))));
    }
    let asked = |name: &str| usages.contains(&name);
    let bits = BITS.iter().filter(|(name, _)| asked(name)).fold(0, |all, (_, bit)| all | bit);
    let mut purposes: Vec<&[u8]> =
        PURPOSES.iter().filter(|(name, _)| asked(name)).map(|(_, purpose)| *purpose).collect();
    purposes.dedup();
    Ok((bits, purposes))
}
