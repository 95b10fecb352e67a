//! Certificates made: an authority of our own, what it vouches for, and when to renew.

use std::time::Duration;

use portcullis_core::Timestamp;
use ring::digest;

use crate::certificate::alternative::AlternativeNames;
use crate::certificate::parsed::{
    self, ALTERNATIVE_NAMES, AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, Certificate, EXTENDED_KEY_USAGE,
    ID_CE, KEY_USAGE, SUBJECT_KEY_ID,
};
use crate::certificate::{Distrust, name};
use crate::der::{self, tag};
use crate::key::{KeyFault, PrivateKey};
use crate::pem;
use crate::random::{NoRandomness, Random};

const DAY: Duration = Duration::from_secs(86_400);
/// How long an authority of ours lives, as that of kubeadm.
pub const AUTHORITY_LIFETIME: Duration = Duration::from_secs(3650 * DAY.as_secs());
/// How long what it vouches for lives, as with kubeadm.
pub const LEAF_LIFETIME: Duration = Duration::from_secs(365 * DAY.as_secs());
/// How far back validity begins: clocks of clients are not exact.
pub(crate) const BACKDATE: Duration = Duration::from_secs(300);

/// Bits of `keyUsage`, the first one highest.
pub(crate) mod usage {
    pub(crate) const DIGITAL_SIGNATURE: u16 = 0x8000;
    pub(crate) const CONTENT_COMMITMENT: u16 = 0x4000;
    pub(crate) const KEY_ENCIPHERMENT: u16 = 0x2000;
    pub(crate) const DATA_ENCIPHERMENT: u16 = 0x1000;
    pub(crate) const KEY_AGREEMENT: u16 = 0x0800;
    pub(crate) const CERT_SIGN: u16 = 0x0400;
    pub(crate) const CRL_SIGN: u16 = 0x0200;
    pub(crate) const ENCIPHER_ONLY: u16 = 0x0100;
    pub(crate) const DECIPHER_ONLY: u16 = 0x0080;
}

/// `id-kp-serverAuth` and `id-kp-clientAuth`.
pub(crate) const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
pub(crate) const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, parsed::CLIENT_AUTH];

/// Why an authority cannot be used, or does not sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssueFault {
    /// The private key.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// There is no certificate in the file, or it cannot be read.
    #[error("no readable certificate in PEM form")]
    NoCertificate,
    /// The key is of another certificate.
    #[error("the private key does not belong to the certificate")]
    Mismatch,
    /// The certificate says that it may not sign others.
    #[error("the certificate is not one of an authority")]
    NotAuthority,
    /// The authority has come to its end; holds when.
    #[error("the signer has expired: NotAfter={0}")]
    Expired(Timestamp),
    /// The request for a certificate asks for a usage that nobody knows. Holds them.
    #[error("unrecognized usage values: {0}")]
    Usage(String),
    /// Serial numbers and signatures need randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

/// An authority: its certificate, and the key to it.
pub struct Authority {
    key: PrivateKey,
    certificate: Issued,
    subject: Vec<u8>,
    key_id: Option<Vec<u8>>,
    not_before: Timestamp,
    not_after: Timestamp,
}

/// A certificate that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued(Vec<u8>);

/// What a certificate shall say.
pub(crate) struct Template<'a> {
    pub(crate) subject: Vec<u8>,
    /// `SubjectPublicKeyInfo`.
    pub(crate) public: &'a [u8],
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) authority: bool,
    pub(crate) usage: u16,
    pub(crate) purposes: Vec<&'a [u8]>,
    pub(crate) names: AlternativeNames,
    pub(crate) key_id: Option<Vec<u8>>,
    pub(crate) authority_key_id: Option<Vec<u8>>,
}

// === impl Issued ===

impl Issued {
    /// The bytes.
    pub fn der(&self) -> &[u8] {
        &self.0
    }

    /// As it stands in a file.
    pub fn to_pem(&self) -> String {
        pem::written(pem::CERTIFICATE, &self.0).to_string()
    }

    /// Reads the first certificate of a file.
    pub fn from_pem(text: &[u8]) -> Result<Self, IssueFault> {
        let blocks = pem::blocks(text).map_err(|_| IssueFault::NoCertificate)?;
        let block = blocks.into_iter().find(|block| block.label == pem::CERTIFICATE);
        let certificate = Self(block.ok_or(IssueFault::NoCertificate)?.contents.to_vec());
        certificate.parsed().map_err(|_| IssueFault::NoCertificate)?;
        Ok(certificate)
    }

    fn parsed(&self) -> Result<Certificate<'_>, Distrust> {
        Ok(Certificate::parse(&self.0)?)
    }

    /// Whether it is time for another: its last third has begun, or it cannot be read at all.
    pub fn is_due(&self, now: Timestamp) -> bool {
        let Ok(parsed) = self.parsed() else { return true };
        let life = parsed.not_after.since(parsed.not_before);
        now.since(parsed.not_before) >= life / 3 * 2
    }

    /// Whether it was signed by this authority, is for this key and answers under all these names.
    pub fn serves(
        &self,
        authority: &Authority,
        key: &PrivateKey,
        names: &AlternativeNames,
    ) -> bool {
        let fits = |parsed: Certificate<'_>| {
            let covered = parsed.extensions.alternative_names.is_some_and(|value| {
                AlternativeNames::parse(value).is_ok_and(|own| own.cover(names))
            });
            covered && self.is_of(&parsed, authority, key)
        };
        self.parsed().is_ok_and(fits)
    }

    /// Whether it was signed by this authority and is for this key.
    pub fn belongs(&self, authority: &Authority, key: &PrivateKey) -> bool {
        self.parsed().is_ok_and(|parsed| self.is_of(&parsed, authority, key))
    }

    fn is_of(&self, parsed: &Certificate<'_>, authority: &Authority, key: &PrivateKey) -> bool {
        let signer = crate::public_key::PublicKey::parse(authority.key.public());
        parsed.key.whole == key.public()
            && signer.is_ok_and(|signer| {
                signer.verify(parsed.signed, parsed.to_be_signed, parsed.signature).is_ok()
            })
    }
}

// === impl Authority ===

impl Authority {
    /// Makes an authority that vouches for itself, with a key of its own.
    pub fn create(name: &str, now: Timestamp, random: &Random) -> Result<Self, IssueFault> {
        let key = PrivateKey::generate(random)?;
        let subject = name::written(name, &[]);
        let template = Template {
            subject: subject.clone(),
            public: key.public(),
            not_before: before(now),
            not_after: now.after(AUTHORITY_LIFETIME),
            authority: true,
            usage: usage::DIGITAL_SIGNATURE
                | usage::KEY_ENCIPHERMENT
                | usage::CERT_SIGN
                | usage::CRL_SIGN,
            purposes: Vec::new(),
            names: AlternativeNames::default(),
            key_id: Some(key_id(key.public())),
            authority_key_id: None,
        };
        let certificate = template.signed(&subject, &key, random)?;
        Self::of(certificate, key)
    }

    /// Takes an authority from its two files.
    pub fn load(certificate: &[u8], key: &[u8], random: &Random) -> Result<Self, IssueFault> {
        let key = PrivateKey::from_pem(key, random)?;
        Self::of(Issued::from_pem(certificate)?, key)
    }

    fn of(certificate: Issued, key: PrivateKey) -> Result<Self, IssueFault> {
        let parsed = certificate.parsed().map_err(|_| IssueFault::NoCertificate)?;
        if parsed.key.whole != key.public() {
            return Err(IssueFault::Mismatch);
        }
        let extensions = parsed.extensions;
        let authority = extensions.basic.map_or(parsed.version < 3, |basic| basic.authority);
        if !authority || extensions.may_sign == Some(false) {
            return Err(IssueFault::NotAuthority);
        }
        let subject = parsed.subject.to_vec();
        let key_id = extensions.subject_key_id.map(<[u8]>::to_vec);
        let (not_before, not_after) = (parsed.not_before, parsed.not_after);
        Ok(Self { key, certificate, subject, key_id, not_before, not_after })
    }

    /// The certificate, which clients are told to trust.
    pub fn certificate(&self) -> &Issued {
        &self.certificate
    }

    /// The key.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// The end of its certificate, and so of whatever it vouches for.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// A certificate to answer with under these names.
    pub fn serving(
        &self,
        name: &str,
        names: &AlternativeNames,
        key: &PrivateKey,
        now: Timestamp,
        random: &Random,
    ) -> Result<Issued, IssueFault> {
        let subject = name::written(name, &[]);
        self.leaf(subject, SERVER_AUTH, names.clone(), key.public(), now, random)
    }

    /// A certificate that makes its holder this user in these groups.
    pub fn client(
        &self,
        name: &str,
        groups: &[&str],
        key: &PrivateKey,
        now: Timestamp,
        random: &Random,
    ) -> Result<Issued, IssueFault> {
        let subject = name::written(name, groups);
        self.leaf(subject, CLIENT_AUTH, AlternativeNames::default(), key.public(), now, random)
    }

    fn leaf(
        &self,
        subject: Vec<u8>,
        purpose: &[u8],
        names: AlternativeNames,
        public: &[u8],
        now: Timestamp,
        random: &Random,
    ) -> Result<Issued, IssueFault> {
        let template = Template {
            subject,
            public,
            not_before: before(now).max(self.not_before),
            not_after: now.after(LEAF_LIFETIME),
            authority: false,
            usage: usage::DIGITAL_SIGNATURE | usage::KEY_ENCIPHERMENT,
            purposes: vec![purpose],
            names,
            key_id: None,
            authority_key_id: None,
        };
        self.sign(template, now, random)
    }

    /// Signs, but nothing that would outlive the authority.
    pub(crate) fn sign(
        &self,
        template: Template<'_>,
        now: Timestamp,
        random: &Random,
    ) -> Result<Issued, IssueFault> {
        if now >= self.not_after {
            return Err(IssueFault::Expired(self.not_after));
        }
        let not_after = template.not_after.min(self.not_after);
        let authority_key_id = self.key_id.clone();
        let template = Template { not_after, authority_key_id, ..template };
        template.signed(&self.subject, &self.key, random)
    }
}

/// A little earlier; never before 1970.
pub(crate) fn before(now: Timestamp) -> Timestamp {
    Timestamp::since_epoch(now.since(Timestamp::since_epoch(BACKDATE)))
}

/// RFC 7093, 2: the first 160 bits of the key's digest, as Go has made it since 1.25.
fn key_id(public: &[u8]) -> Vec<u8> {
    let key = crate::public_key::PublicKey::parse(public).map(|key| key.key).unwrap_or_default();
    let digest = digest::digest(&digest::SHA256, key);
    digest.as_ref().iter().copied().take(20).collect()
}

// === impl Template ===

impl Template<'_> {
    fn signed(
        &self,
        issuer: &[u8],
        key: &PrivateKey,
        random: &Random,
    ) -> Result<Issued, IssueFault> {
        let algorithm = key.algorithm();
        let validity = der::sequence(&[
            &parsed::written_time(self.not_before),
            &parsed::written_time(self.not_after),
        ]);
        let to_be_signed = der::sequence(&[
            &der::element(tag::constructed(0), &[&der::integer(&[2])]),
            &der::integer(&serial(random)?),
            &algorithm,
            issuer,
            &validity,
            &self.subject,
            self.public,
            &der::element(tag::constructed(3), &[&self.extensions()]),
        ]);
        let signature = key.sign(&to_be_signed, random)?;
        Ok(Issued(der::sequence(&[&to_be_signed, &algorithm, &der::bits(&signature)])))
    }

    /// In the order in which Go writes them.
    fn extensions(&self) -> Vec<u8> {
        let mut list = Vec::new();
        if self.usage != 0 {
            list.push(extension(KEY_USAGE, true, &usage_bits(self.usage)));
        }
        if !self.purposes.is_empty() {
            let purposes: Vec<Vec<u8>> = self.purposes.iter().map(|name| der::oid(name)).collect();
            let purposes: Vec<&[u8]> = purposes.iter().map(Vec::as_slice).collect();
            list.push(extension(EXTENDED_KEY_USAGE, false, &der::sequence(&purposes)));
        }
        let authority = der::element(tag::BOOLEAN, &[&[0xff]]);
        let basic: &[&[u8]] = if self.authority { &[&authority] } else { &[] };
        list.push(extension(BASIC_CONSTRAINTS, true, &der::sequence(basic)));
        if let Some(id) = &self.key_id {
            list.push(extension(SUBJECT_KEY_ID, false, &der::octets(id)));
        }
        if let Some(id) = &self.authority_key_id {
            let id = der::sequence(&[&der::element(tag::context(0), &[id])]);
            list.push(extension(AUTHORITY_KEY_ID, false, &id));
        }
        if !self.names.is_empty() {
            // Who has no subject is only these names (RFC 5280, 4.2.1.6).
            let critical = self.subject == der::sequence(&[]);
            list.push(extension(ALTERNATIVE_NAMES, critical, &self.names.written()));
        }
        let list: Vec<&[u8]> = list.iter().map(Vec::as_slice).collect();
        der::sequence(&list)
    }
}

fn extension(kind: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    let [joint, ce] = ID_CE;
    let critical = if critical { der::element(tag::BOOLEAN, &[&[0xff]]) } else { Vec::new() };
    der::sequence(&[&der::oid(&[joint, ce, kind]), &critical, &der::octets(value)])
}

/// A list of named bits is written without the zeros at its end (X.690, 11.2.2).
fn usage_bits(usage: u16) -> Vec<u8> {
    let unused = usage.trailing_zeros().min(15);
    let [high, low] = usage.to_be_bytes();
    // INVARIANT: below 8, so it fits.
    let unused_of_last = u8::try_from(unused % 8).unwrap_or(0);
    let bytes: &[u8] = if unused >= 8 { &[high] } else { &[high, low] };
    der::element(tag::BIT_STRING, &[&[unused_of_last], bytes])
}

/// 128 random bits, which are never all zero (RFC 5280, 4.1.2.2: positive, at most 20 bytes).
fn serial(random: &Random) -> Result<[u8; 16], NoRandomness> {
    let bits = u128::from_be_bytes(random.bytes()?);
    Ok(bits.max(1).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::ClientTrust;
    use crate::user::AUTHENTICATED;

    fn now() -> Timestamp {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }

    fn names(dns: &[&str]) -> AlternativeNames {
        let dns = dns.iter().map(|name| (*name).to_owned()).collect();
        AlternativeNames { dns, ips: vec!["127.0.0.1".parse().unwrap()], ..Default::default() }
    }

    #[test]
    fn a_client_certificate_is_its_user() {
        let random = Random::system();
        let authority = Authority::create("test-ca", now(), &random).unwrap();
        let key = PrivateKey::generate(&random).unwrap();
        let issued = authority.client("jane", &["dev", "ops"], &key, now(), &random).unwrap();
        let trust = ClientTrust::from_pem(authority.certificate().to_pem().as_bytes()).unwrap();
        let vouched = trust.vouch(&[issued.der()], now()).map_err(|why| why.to_string()).unwrap();
        let user = vouched.user().expect("a user").user();
        assert_eq!(user.name, "jane");
        assert_eq!(user.groups, ["dev", "ops", AUTHENTICATED]);
        let credential = &user.extra["authentication.kubernetes.io/credential-id"][0];
        assert_eq!(credential.len(), "X509SHA256=".len() + 64);

        assert!(vouched.holds(&trust, now().after(LEAF_LIFETIME)));
        assert!(!vouched.holds(&trust, now().after(LEAF_LIFETIME + DAY)));
        assert!(!vouched.holds(&trust, Timestamp::from_seconds(0)));
        let other = ClientTrust::from_pem(authority.certificate().to_pem().as_bytes()).unwrap();
        assert!(!vouched.holds(&other, now()), "read again, judged again");
    }

    #[test]
    fn an_authority_is_read_back() {
        let random = Random::system();
        let made = Authority::create("test-ca", now(), &random).unwrap();
        let certificate = made.certificate().to_pem();
        let load = |key: &PrivateKey| {
            Authority::load(certificate.as_bytes(), key.to_pem().as_bytes(), &random)
        };
        assert_eq!(load(made.key()).unwrap().certificate(), made.certificate());
        let other = PrivateKey::generate(&random).unwrap();
        assert_eq!(load(&other).err(), Some(IssueFault::Mismatch));
        let leaf = made.client("x", &[], &other, now(), &random).unwrap().to_pem();
        let fault = Authority::load(leaf.as_bytes(), other.to_pem().as_bytes(), &random).err();
        assert_eq!(fault, Some(IssueFault::NotAuthority));
        let fault = Authority::load(b"", made.key().to_pem().as_bytes(), &random).err();
        assert_eq!(fault, Some(IssueFault::NoCertificate));
        let fault = Authority::load(certificate.as_bytes(), b"", &random).err();
        assert_eq!(fault, Some(IssueFault::Key(KeyFault::None)));
    }

    #[test]
    fn nothing_outlives_its_authority() {
        let random = Random::system();
        let authority = Authority::create("test-ca", now(), &random).unwrap();
        let key = PrivateKey::generate(&random).unwrap();
        let late = now().after(AUTHORITY_LIFETIME - DAY);
        let issued = authority.client("jane", &[], &key, late, &random).unwrap();
        assert_eq!(issued.parsed().unwrap().not_after, authority.not_after());
        let end = authority.not_after();
        let refused = authority.client("jane", &[], &key, end, &random);
        assert_eq!(refused.err(), Some(IssueFault::Expired(end)));
    }

    #[test]
    fn the_last_third_is_time_to_renew() {
        let random = Random::system();
        let authority = Authority::create("test-ca", now(), &random).unwrap();
        let key = PrivateKey::generate(&random).unwrap();
        let issued = authority.client("jane", &[], &key, now(), &random).unwrap();
        for (days, due) in [(0, false), (243, false), (244, true), (400, true)] {
            assert_eq!(issued.is_due(now().after(DAY * days)), due, "{days}");
        }
        assert!(Issued(vec![1, 2, 3]).is_due(now()));
    }

    #[test]
    fn a_serving_certificate_fits_names_key_and_authority() {
        let random = Random::system();
        let authority = Authority::create("test-ca", now(), &random).unwrap();
        let other_authority = Authority::create("test-ca", now(), &random).unwrap();
        let (key, other_key) =
            (PrivateKey::generate(&random).unwrap(), PrivateKey::generate(&random).unwrap());
        let own = names(&["localhost", "kubernetes"]);
        let issued = authority.serving("server", &own, &key, now(), &random).unwrap();
        assert!(issued.serves(&authority, &key, &own));
        assert!(issued.serves(&authority, &key, &names(&["kubernetes"])));
        assert!(!issued.serves(&authority, &key, &names(&["other"])));
        assert!(!issued.serves(&authority, &other_key, &own));
        assert!(!issued.serves(&other_authority, &key, &own));
        assert!(issued.belongs(&authority, &key) && !issued.belongs(&other_authority, &key));
    }

    #[test]
    fn bits_of_usage_end_with_one() {
        for (usage, bits) in [
            (usage::DIGITAL_SIGNATURE, &[3, 2, 7, 0x80][..]),
            (usage::DIGITAL_SIGNATURE | usage::KEY_ENCIPHERMENT, &[3, 2, 5, 0xa0]),
            (usage::CERT_SIGN | usage::CRL_SIGN, &[3, 2, 1, 0x06]),
            (usage::DECIPHER_ONLY, &[3, 3, 7, 0, 0x80]),
            (usage::ENCIPHER_ONLY, &[3, 2, 0, 0x01]),
        ] {
            assert_eq!(usage_bits(usage), bits, "{usage:04x}");
        }
    }
}
