//! Private keys: made, found in files, and signed with. They have neither `Debug` nor `Display`, and
//! what they are made of is wiped.

use ring::rsa::KeyPair as RsaPair;
use ring::signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _};
use zeroize::Zeroizing;

use crate::der::{self, Malformed, Reader, tag};
use crate::pem;
use crate::public_key::{self, KeyKind, oid};
use crate::random::{NoRandomness, Random};

/// A key that can sign: on the curve P-256 or P-384, or RSA.
pub struct PrivateKey {
    pair: Pair,
    /// `SubjectPublicKeyInfo`.
    public: Vec<u8>,
    form: Form,
    document: Zeroizing<Vec<u8>>,
}

enum Pair {
    Ec(KeyKind, Box<EcdsaKeyPair>),
    Rsa(Box<RsaPair>),
}

/// How a private key is laid out in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `PRIVATE KEY` (RFC 5958), any kind of key.
    Pkcs8,
    /// `RSA PRIVATE KEY` (RFC 8017, A.1.2).
    Pkcs1,
    /// `EC PRIVATE KEY` (RFC 5915).
    Sec1,
}

/// Why a private key cannot be used. The operator's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// There is no block of a key in the file.
    #[error("no private key in PEM form")]
    None,
    /// It is locked with a password.
    #[error("the private key is encrypted, which is not supported: store it without a password")]
    Encrypted,
    /// The bytes are not those of a key.
    #[error("malformed private key")]
    Malformed,
    /// Another algorithm or curve.
    #[error("unsupported kind of private key: use RSA, or the curves P-256 or P-384")]
    Kind,
    /// An elliptic key that leaves out its public half, which every common tool writes.
    #[error("the private key lacks its public half: write it again with `openssl ec`")]
    NoPublicHalf,
    /// RSA below 2048 or above 4096 bits, or numbers that do not belong together.
    #[error("unusable RSA private key: it must be sound and have 2048 to 4096 bits")]
    Rsa,
    /// Signing or making one needs randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

impl From<Malformed> for KeyFault {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

// === impl PrivateKey ===

impl PrivateKey {
    /// Makes a key on P-256.
    pub fn generate(random: &Random) -> Result<Self, KeyFault> {
        let algorithm = &signature::ECDSA_P256_SHA256_ASN1_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, random.source())
            .map_err(|_| KeyFault::Random(NoRandomness))?;
        Self::from_der(Form::Pkcs8, document.as_ref(), random)
    }

    /// Reads the first private key of a file. What stands around it, as the parameters that `openssl`
    /// writes before an elliptic key, is skipped.
    pub fn from_pem(text: &[u8], random: &Random) -> Result<Self, KeyFault> {
        let blocks = match pem::blocks(text) {
            Ok(blocks) => blocks,
            Err(_) if is_encrypted(text) => return Err(KeyFault::Encrypted),
            Err(_) => return Err(KeyFault::Malformed),
        };
        for block in blocks {
            let form = match block.label.as_str() {
                "PRIVATE KEY" => Form::Pkcs8,
                "RSA PRIVATE KEY" => Form::Pkcs1,
                "EC PRIVATE KEY" => Form::Sec1,
                "ENCRYPTED PRIVATE KEY" => return Err(KeyFault::Encrypted),
                _ => continue,
            };
            return Self::from_der(form, &block.contents, random);
        }
        Err(KeyFault::None)
    }

    fn from_der(form: Form, document: &[u8], random: &Random) -> Result<Self, KeyFault> {
        let pair = match form {
            Form::Pkcs1 => rsa(document)?,
            Form::Sec1 => ec(document, None, random)?,
            Form::Pkcs8 => {
                let (kind, key) = pkcs8(document)?;
                match kind {
                    None => rsa(key)?,
                    curve => ec(key, curve, random)?,
                }
            }
        };
        let public = match &pair {
            Pair::Ec(kind, pair) => {
                public_key::ec_info(curve_name(*kind), pair.public_key().as_ref())
            }
            Pair::Rsa(pair) => public_key::rsa_info(pair.public_key().as_ref()),
        };
        Ok(Self { pair, public, form, document: Zeroizing::new(document.to_vec()) })
    }

    /// As it stands in a file.
    pub fn to_pem(&self) -> Zeroizing<String> {
        let label = match self.form {
            Form::Pkcs8 => "PRIVATE KEY",
            Form::Pkcs1 => "RSA PRIVATE KEY",
            Form::Sec1 => "EC PRIVATE KEY",
        };
        pem::written(label, &self.document)
    }

    /// Its bytes and how they are laid out, for a socket to use.
    pub fn document(&self) -> (Form, &[u8]) {
        (self.form, &self.document)
    }

    /// The public half, as `SubjectPublicKeyInfo`.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    pub(crate) fn kind(&self) -> KeyKind {
        match &self.pair {
            Pair::Ec(kind, _) => *kind,
            Pair::Rsa(_) => KeyKind::Rsa,
        }
    }

    /// The algorithm of [`PrivateKey::sign`], as certificates name it.
    pub(crate) fn algorithm(&self) -> Vec<u8> {
        match self.kind() {
            KeyKind::Rsa => {
                der::sequence(&[&der::oid(oid::RSA_SHA256), &der::element(tag::NULL, &[])])
            }
            KeyKind::P384 => der::sequence(&[&der::oid(oid::ECDSA_SHA384)]),
            _ => der::sequence(&[&der::oid(oid::ECDSA_SHA256)]),
        }
    }

    /// Signs: RSA with PKCS #1 v1.5 and SHA-256, curves with the hash of their size, in DER.
    pub(crate) fn sign(&self, message: &[u8], random: &Random) -> Result<Vec<u8>, NoRandomness> {
        match &self.pair {
            Pair::Ec(_, pair) => {
                let signature = pair.sign(random.source(), message).map_err(|_| NoRandomness)?;
                Ok(signature.as_ref().to_vec())
            }
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&signature::RSA_PKCS1_SHA256, random.source(), message, &mut signature)
                    .map_err(|_| NoRandomness)?;
                Ok(signature)
            }
        }
    }
}

/// The old form of encryption is told by a header in the block.
fn is_encrypted(text: &[u8]) -> bool {
    text.windows(9).any(|window| window == b"ENCRYPTED")
}

fn rsa(document: &[u8]) -> Result<Pair, KeyFault> {
    RsaPair::from_der(document).map(|pair| Pair::Rsa(Box::new(pair))).map_err(|_| KeyFault::Rsa)
}

/// An `ECPrivateKey`. The curve is said there or by what is around it.
fn ec(document: &[u8], curve: Option<KeyKind>, random: &Random) -> Result<Pair, KeyFault> {
    let mut parts = Reader::new(Reader::only(document, tag::SEQUENCE)?);
    if parts.natural()? != [1] {
        return Err(KeyFault::Malformed);
    }
    let private = parts.expect(tag::OCTET_STRING)?;
    let said = match parts.optional(tag::constructed(0))? {
        None => None,
        Some(parameters) => Some(curve_of(Reader::only(parameters, tag::OID)?)?),
    };
    let public = parts.optional(tag::constructed(1))?.ok_or(KeyFault::NoPublicHalf)?;
    let public = Reader::new(public).bit_bytes()?;
    parts.end()?;
    let kind = match (curve, said) {
        (Some(curve), Some(said)) if curve != said => return Err(KeyFault::Malformed),
        (curve, said) => curve.or(said).ok_or(KeyFault::Malformed)?,
    };
    let algorithm = signing(kind);
    // It checks that the two halves belong together.
    EcdsaKeyPair::from_private_key_and_public_key(algorithm, private, public, random.source())
        .map(|pair| Pair::Ec(kind, Box::new(pair)))
        .map_err(|_| KeyFault::Malformed)
}

/// The kind of a PKCS #8 document, none for RSA, and what it wraps.
fn pkcs8(document: &[u8]) -> Result<(Option<KeyKind>, &[u8]), KeyFault> {
    let mut parts = Reader::new(Reader::only(document, tag::SEQUENCE)?);
    if !matches!(parts.natural()?, [0 | 1]) {
        return Err(KeyFault::Malformed);
    }
    let mut algorithm = parts.nested(tag::SEQUENCE)?;
    let kind = match algorithm.oid()? {
        oid::RSA => None,
        oid::EC => Some(curve_of(algorithm.oid()?)?),
        _ => return Err(KeyFault::Kind),
    };
    Ok((kind, parts.expect(tag::OCTET_STRING)?))
}

fn curve_of(name: &[u8]) -> Result<KeyKind, KeyFault> {
    match name {
        oid::P256 => Ok(KeyKind::P256),
        oid::P384 => Ok(KeyKind::P384),
        _ => Err(KeyFault::Kind),
    }
}

fn curve_name(kind: KeyKind) -> &'static [u8] {
    if kind == KeyKind::P384 { oid::P384 } else { oid::P256 }
}

fn signing(kind: KeyKind) -> &'static EcdsaSigningAlgorithm {
    match kind {
        KeyKind::P384 => &signature::ECDSA_P384_SHA384_ASN1_SIGNING,
        _ => &signature::ECDSA_P256_SHA256_ASN1_SIGNING,
    }
}
