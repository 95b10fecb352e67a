//! Signed tokens (RFC 7515, 7518, 7519), compact form only.
//!
//! The algorithm belongs to the key, never to the token: what a token claims as its algorithm must be
//! one that its key can have made, so that `none`, and an HMAC keyed with a public key, cannot even be
//! said. Nothing is read from a token but its issuer and the name of its key before its signature is
//! found good.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use serde_json::{Map, Value};

use crate::der::{Reader, tag};
use crate::key::PrivateKey;
use crate::pem;
use crate::public_key::{self, KeyKind, PublicKey};
use crate::random::{NoRandomness, Random};

/// The longest token that is read, in bytes. Those of service accounts have about 1,200, and HTTP
/// headers end at 16 KiB with most servers.
pub const TOKEN_BYTES_MAX: usize = 64 << 10;

/// The shortest RSA key that tokens are verified with, in bytes of its modulus (RFC 7518, 3.3).
const RSA_MODULUS_BYTES_MIN: usize = 256;

/// A public key that tokens may be signed with, and the name under which they refer to it.
pub struct VerifyingKey {
    /// `SubjectPublicKeyInfo`.
    public: Vec<u8>,
    kind: KeyKind,
    id: String,
}

/// The keys of an issuer: `--service-account-key-file`, several of them while one follows another.
#[derive(Default)]
pub struct VerifyingKeys {
    keys: Vec<VerifyingKey>,
}

/// What a token's header may say about its making: all that is ever verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

/// Why a token says nothing. The texts are those of the original, which shows them in a `TokenReview`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenFault {
    /// Not a signed token at all: some other authenticator's, perhaps.
    NotAToken,
    /// Its key is none of ours.
    NoKey,
    /// Not signed by the key that it names, or in a way that this key does not sign.
    Signature,
}

impl std::fmt::Display for TokenFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NotAToken => "not a signed token",
            Self::NoKey => "invalid signature, no keys found",
            Self::Signature => "go-jose/go-jose: error in cryptographic primitive",
        })
    }
}

/// A file of public keys has something else in it, or nothing. The operator's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysFault {
    /// No block that could be a key.
    #[error("no public key in PEM form")]
    None,
    /// Not PEM, or not the key that it says it is.
    #[error("malformed public key")]
    Malformed,
    /// Another algorithm or curve, or too short.
    #[error(
        "unsupported kind of public key: use RSA of 2048 bits or more, or the curves P-256 or P-384"
    )]
    Kind,
}

/// A token whose signature has not been looked at. It lends nothing but what finds its key.
/// INVARIANT: the claims leave it through [`Unverified::verify`] alone.
pub(crate) struct Unverified<'a> {
    algorithm: Option<Algorithm>,
    key_id: Option<String>,
    /// Extensions that must be understood. There are none that we do.
    critical: bool,
    claims: Map<String, Value>,
    signed: &'a str,
    signature: Vec<u8>,
}

// === impl Unverified ===

impl<'a> Unverified<'a> {
    /// Takes a token apart. Whatever is not one is [`TokenFault::NotAToken`].
    pub(crate) fn parse(token: &'a str) -> Result<Self, TokenFault> {
        Self::parsed(token).ok_or(TokenFault::NotAToken)
    }

    fn parsed(token: &'a str) -> Option<Self> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        if payload.contains('.') {
            return None;
        }
        let header = object(header)?;
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            algorithm: header.get("alg").and_then(Value::as_str).and_then(Algorithm::named),
            key_id: text(header.get("kid")).filter(|id| !id.is_empty()),
            critical: header.contains_key("crit"),
            claims: object(payload)?,
            signed,
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    /// Who it says it is from.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.claims.get("iss").and_then(Value::as_str)
    }

    /// The claims, if it was signed by one of the keys: the one that it names, or any if it names none.
    pub(crate) fn verify(self, keys: &VerifyingKeys) -> Result<Map<String, Value>, TokenFault> {
        let mut named = keys.named(self.key_id.as_deref()).peekable();
        if named.peek().is_none() {
            return Err(TokenFault::NoKey);
        }
        if !self.critical && named.any(|key| self.is_by(key)) {
            return Ok(self.claims);
        }
        Err(TokenFault::Signature)
    }

    fn is_by(&self, key: &VerifyingKey) -> bool {
        let verification = self.algorithm.and_then(|algorithm| algorithm.of_key(key));
        let Ok(public) = PublicKey::parse(&key.public) else { return false };
        verification.is_some_and(|algorithm| {
            let key = UnparsedPublicKey::new(algorithm, public.key);
            key.verify(self.signed.as_bytes(), &self.signature).is_ok()
        })
    }
}

/// A part of a token that holds a JSON object.
fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    match serde_json::from_slice(&bytes).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

// === impl Algorithm ===

impl Algorithm {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "PS256" => Self::Ps256,
            "PS384" => Self::Ps384,
            "PS512" => Self::Ps512,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "EdDSA" => Self::EdDsa,
            _ => return None,
        })
    }

    /// How to verify with this key, if the key can have been used so. Each curve has one algorithm
    /// (RFC 7518, 3.4); of RSA any will do, as with the original.
    fn of_key(self, key: &VerifyingKey) -> Option<&'static dyn VerificationAlgorithm> {
        let algorithm: &'static dyn VerificationAlgorithm = match (key.kind, self) {
            (KeyKind::Rsa, Self::Rs256) => &signature::RSA_PKCS1_2048_8192_SHA256,
            (KeyKind::Rsa, Self::Rs384) => &signature::RSA_PKCS1_2048_8192_SHA384,
            (KeyKind::Rsa, Self::Rs512) => &signature::RSA_PKCS1_2048_8192_SHA512,
            (KeyKind::Rsa, Self::Ps256) => &signature::RSA_PSS_2048_8192_SHA256,
            (KeyKind::Rsa, Self::Ps384) => &signature::RSA_PSS_2048_8192_SHA384,
            (KeyKind::Rsa, Self::Ps512) => &signature::RSA_PSS_2048_8192_SHA512,
            (KeyKind::P256, Self::Es256) => &signature::ECDSA_P256_SHA256_FIXED,
            (KeyKind::P384, Self::Es384) => &signature::ECDSA_P384_SHA384_FIXED,
            (KeyKind::Ed25519, Self::EdDsa) => &signature::ED25519,
            _ => return None,
        };
        Some(algorithm)
    }
}

// === impl VerifyingKeys ===

impl VerifyingKeys {
    /// The public half of a key that signs.
    pub fn of(key: &PrivateKey) -> Self {
        Self { keys: VerifyingKey::of(key.public()).into_iter().collect() }
    }

    /// Adds the keys of a file: public keys, private keys (their public half) or certificates, in PEM.
    /// A key that is there already is not added again.
    pub fn add_pem(&mut self, text: &[u8], random: &Random) -> Result<(), KeysFault> {
        let blocks = pem::blocks(text).map_err(|_| KeysFault::Malformed)?;
        let mut found = false;
        for block in blocks {
            let contents = block.contents.as_slice();
            let public = match block.label.as_str() {
                "PUBLIC KEY" => contents.to_vec(),
                "RSA PUBLIC KEY" => {
                    Reader::only(contents, tag::SEQUENCE).map_err(|_| KeysFault::Malformed)?;
                    public_key::rsa_info(contents)
                }
                pem::CERTIFICATE => crate::certificate::public_key(contents)
                    .map_err(|_| KeysFault::Malformed)?
                    .to_vec(),
                label if label.ends_with("PRIVATE KEY") => {
                    let text = pem::written(label, contents);
                    let key = PrivateKey::from_pem(text.as_bytes(), random);
                    key.map_err(|_| KeysFault::Malformed)?.public().to_vec()
                }
                _ => continue,
            };
            found = true;
            let key = VerifyingKey::of(&public)?;
            if !self.keys.iter().any(|known| known.id == key.id) {
                self.keys.push(key);
            }
        }
        if found { Ok(()) } else { Err(KeysFault::None) }
    }

    fn named<'k>(&'k self, id: Option<&'k str>) -> impl Iterator<Item = &'k VerifyingKey> {
        self.keys.iter().filter(move |key| id.is_none_or(|id| key.id == id))
    }

    /// The document of `/openid/v1/jwks` (RFC 7517, 5), as the original lays it out.
    pub fn jwks(&self) -> Value {
        let keys: Vec<Value> = self.keys.iter().map(VerifyingKey::jwk).collect();
        Value::Object(Map::from_iter([("keys".to_owned(), Value::Array(keys))]))
    }

    /// The document of `/.well-known/openid-configuration` (OpenID Connect Discovery, 3).
    pub fn discovery(&self, issuer: &str, jwks_uri: &str) -> Value {
        let mut algorithms: Vec<&str> = self.keys.iter().map(VerifyingKey::algorithm).collect();
        algorithms.sort_unstable();
        algorithms.dedup();
        let list = |values: &[&str]| values.iter().map(|value| Value::from(*value)).collect();
        Value::Object(Map::from_iter([
            ("issuer".to_owned(), Value::from(issuer)),
            ("jwks_uri".to_owned(), Value::from(jwks_uri)),
            ("response_types_supported".to_owned(), list(&["id_token"])),
            ("subject_types_supported".to_owned(), list(&["public"])),
            ("id_token_signing_alg_values_supported".to_owned(), list(&algorithms)),
        ]))
    }
}

// === impl VerifyingKey ===

impl VerifyingKey {
    fn of(public: &[u8]) -> Result<Self, KeysFault> {
        let parsed = PublicKey::parse(public).map_err(|_| KeysFault::Malformed)?;
        let usable = match parsed.kind {
            KeyKind::Rsa => {
                parsed.rsa().is_some_and(|(modulus, _)| modulus.len() >= RSA_MODULUS_BYTES_MIN)
            }
            KeyKind::P256 | KeyKind::P384 => parsed.point().is_some(),
            KeyKind::Ed25519 => true,
            KeyKind::Other => false,
        };
        if !usable {
            return Err(KeysFault::Kind);
        }
        Ok(Self { public: public.to_vec(), kind: parsed.kind, id: key_id(public) })
    }

    /// What this key is used for when it signs.
    fn algorithm(&self) -> &'static str {
        match self.kind {
            KeyKind::P256 => "ES256",
            KeyKind::P384 => "ES384",
            KeyKind::Ed25519 => "EdDSA",
            KeyKind::Rsa | KeyKind::Other => "RS256",
        }
    }

    /// RFC 7517, 4, and RFC 7518, 6, in the order in which the original writes the members.
    fn jwk(&self) -> Value {
        let mut jwk = Map::new();
        let mut set = |name: &str, value: &str| _ = jwk.insert(name.to_owned(), Value::from(value));
        let Ok(public) = PublicKey::parse(&self.public) else { return Value::Null };
        let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        set("use", "sig");
        set(
            "kty",
            match self.kind {
                KeyKind::P256 | KeyKind::P384 => "EC",
                KeyKind::Ed25519 => "OKP",
                KeyKind::Rsa | KeyKind::Other => "RSA",
            },
        );
        set("kid", &self.id);
        match self.kind {
            KeyKind::P256 => set("crv", "P-256"),
            KeyKind::P384 => set("crv", "P-384"),
            KeyKind::Ed25519 => set("crv", "Ed25519"),
            KeyKind::Rsa | KeyKind::Other => {}
        }
        set("alg", self.algorithm());
        if let Some((x, y)) = public.point() {
            set("x", &encoded(x));
            set("y", &encoded(y));
        } else if let Some((modulus, exponent)) = public.rsa() {
            set("n", &encoded(modulus));
            set("e", &encoded(exponent));
        } else {
            set("x", &encoded(public.key));
        }
        Value::Object(jwk)
    }
}

/// The name of a key as Kubernetes derives it: the digest of its `SubjectPublicKeyInfo`.
fn key_id(public: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, public))
}

/// Signs claims as the original does: ES256 or ES384 by the curve of the key, RS256 with RSA.
pub(crate) fn sign(
    key: &PrivateKey,
    claims: &Map<String, Value>,
    random: &Random,
) -> Result<String, NoRandomness> {
    let algorithm = match key.kind() {
        KeyKind::P256 => "ES256",
        KeyKind::P384 => "ES384",
        _ => "RS256",
    };
    let header = format!(r#"{{"alg":"{algorithm}","kid":"{}"}}"#, key_id(key.public()));
    let payload = Value::Object(claims.clone()).to_string();
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = key.sign(signed.as_bytes(), random)?;
    let signature = match key.kind() {
        KeyKind::P256 => fixed(&signature, 32),
        KeyKind::P384 => fixed(&signature, 48),
        _ => signature,
    };
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The two numbers of an elliptic signature side by side (RFC 7518, 3.4), out of their DER.
pub(crate) fn fixed(signature: &[u8], length: usize) -> Vec<u8> {
    let mut numbers = Reader::new(signature).nested(tag::SEQUENCE).unwrap_or(Reader::new(&[]));
    let mut fixed = Vec::with_capacity(2 * length);
    for _ in 0..2 {
        let number = numbers.natural().unwrap_or_default();
        fixed.extend(std::iter::repeat_n(0, length.saturating_sub(number.len())));
        fixed.extend_from_slice(number);
    }
    fixed
}
