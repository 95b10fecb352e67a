//! Public keys as certificates, requests and files carry them, and signatures by them.

use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};

use crate::der::{self, Malformed, Reader, tag};

pub(crate) mod oid {
    //! Object identifiers, as the content of their DER.
    pub(crate) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    pub(crate) const RSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5];
    pub(crate) const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
    pub(crate) const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
    pub(crate) const RSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12];
    pub(crate) const RSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13];
    pub(crate) const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8];
    pub(crate) const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
    pub(crate) const SHA384: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2];
    pub(crate) const SHA512: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3];
    pub(crate) const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    pub(crate) const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    pub(crate) const P384: &[u8] = &[0x2b, 0x81, 0x04, 0, 34];
    pub(crate) const ECDSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1];
    pub(crate) const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    pub(crate) const ECDSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];
    pub(crate) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
}

/// The smallest RSA modulus whose signatures count, in bits: what Go has asked for since 1.24.
pub(crate) const RSA_BITS_MIN: usize = 1024;

/// What kind of key it is, as far as we can use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Rsa,
    P256,
    P384,
    Ed25519,
    /// P-521, DSA and whatever else: it can be carried, but nothing it signed is believed.
    Other,
}

/// A public key: `SubjectPublicKeyInfo` (RFC 5280, 4.1.2.7).
#[derive(Clone, Copy)]
pub(crate) struct PublicKey<'a> {
    pub(crate) kind: KeyKind,
    /// As a signature's verification wants it: `RSAPublicKey`, a point, 32 bytes.
    pub(crate) key: &'a [u8],
    /// The whole of it, with its algorithm.
    pub(crate) whole: &'a [u8],
}

/// How a signature was made, as certificates say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signed {
    Rsa(Hash),
    RsaPss(Hash),
    Ecdsa(Hash),
    Ed25519,
    /// SHA-1: forgeable, and refused by the original.
    Insecure,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// Why a signature says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// We cannot compute it, or the algorithm is not one of this key.
    Unsupported,
    /// It is made in a way that can be forged.
    Insecure,
    /// It is not by this key, or of something else.
    Wrong,
}

// === impl PublicKey ===

impl<'a> PublicKey<'a> {
    /// Reads a whole `SubjectPublicKeyInfo`.
    pub(crate) fn parse(whole: &'a [u8]) -> Result<Self, Malformed> {
        let mut info = Reader::new(Reader::only(whole, tag::SEQUENCE)?);
        let mut algorithm = info.nested(tag::SEQUENCE)?;
        let name = algorithm.oid()?;
        let key = info.bit_bytes()?;
        info.end()?;
        let kind = match name {
            oid::RSA => {
                // RFC 3279, 2.3.1: the parameters are there and null.
                if !algorithm.expect(tag::NULL)?.is_empty() {
                    return Err(Malformed);
                }
                rsa_parts(key)?;
                KeyKind::Rsa
            }
            oid::EC => match algorithm.oid()? {
                oid::P256 => KeyKind::P256,
                oid::P384 => KeyKind::P384,
                _ => KeyKind::Other,
            },
            oid::ED25519 => KeyKind::Ed25519,
            _ => return Ok(Self { kind: KeyKind::Other, key, whole }),
        };
        algorithm.end()?;
        Ok(Self { kind, key, whole })
    }

    /// Modulus and exponent of an RSA key, without leading zeros.
    pub(crate) fn rsa(&self) -> Option<(&'a [u8], &'a [u8])> {
        if self.kind == KeyKind::Rsa { rsa_parts(self.key).ok() } else { None }
    }

    /// The two coordinates of a key on a curve.
    pub(crate) fn point(&self) -> Option<(&'a [u8], &'a [u8])> {
        let length = match self.kind {
            KeyKind::P256 => 32,
            KeyKind::P384 => 48,
            _ => return None,
        };
        match self.key {
            // Uncompressed, the only form that is used.
            [4, point @ ..] if point.len() == 2 * length => point.split_at_checked(length),
            _ => None,
        }
    }

    /// Whether `signature` is of `message` by this key, made as `how` says.
    pub(crate) fn verify(
        &self,
        how: Signed,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Doubt> {
        use Hash::{Sha256, Sha384, Sha512};
        let algorithm: &dyn VerificationAlgorithm = match (self.kind, how) {
            (_, Signed::Insecure) => return Err(Doubt::Insecure),
            (KeyKind::Rsa, Signed::Rsa(hash)) => self.rsa_algorithm(hash)?,
            (KeyKind::Rsa, Signed::RsaPss(Sha256)) => &signature::RSA_PSS_2048_8192_SHA256,
            (KeyKind::Rsa, Signed::RsaPss(Sha384)) => &signature::RSA_PSS_2048_8192_SHA384,
            (KeyKind::Rsa, Signed::RsaPss(Sha512)) => &signature::RSA_PSS_2048_8192_SHA512,
            (KeyKind::P256, Signed::Ecdsa(Sha256)) => &signature::ECDSA_P256_SHA256_ASN1,
            (KeyKind::P256, Signed::Ecdsa(Sha384)) => &signature::ECDSA_P256_SHA384_ASN1,
            (KeyKind::P384, Signed::Ecdsa(Sha256)) => &signature::ECDSA_P384_SHA256_ASN1,
            (KeyKind::P384, Signed::Ecdsa(Sha384)) => &signature::ECDSA_P384_SHA384_ASN1,
            (KeyKind::Ed25519, Signed::Ed25519) => &signature::ED25519,
            _ => return Err(Doubt::Unsupported),
        };
        UnparsedPublicKey::new(algorithm, self.key)
            .verify(message, signature)
            .map_err(|_| Doubt::Wrong)
    }

    /// PKCS #1 v1.5. Keys under 2048 bits still sign for some clusters, and Go still believes them.
    fn rsa_algorithm(&self, hash: Hash) -> Result<&'static dyn VerificationAlgorithm, Doubt> {
        let bits = self.rsa().map_or(0, |(modulus, _)| bit_length(modulus));
        Ok(match hash {
            _ if bits < RSA_BITS_MIN => return Err(Doubt::Insecure),
            Hash::Sha256 if bits < 2048 => {
                &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY
            }
            Hash::Sha512 if bits < 2048 => {
                &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY
            }
            Hash::Sha384 if bits < 2048 => return Err(Doubt::Unsupported),
            Hash::Sha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Hash::Sha384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            Hash::Sha512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        })
    }
}

/// Modulus and exponent (RFC 8017, A.1.1).
fn rsa_parts(key: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let mut parts = Reader::new(Reader::only(key, tag::SEQUENCE)?);
    let (modulus, exponent) = (parts.natural()?, parts.natural()?);
    parts.end()?;
    Ok((modulus, exponent))
}

/// The length of a number without leading zeros.
fn bit_length(number: &[u8]) -> usize {
    let top = number.first().map_or(0, |byte| byte.leading_zeros() as usize);
    (number.len() * 8).saturating_sub(top)
}

/// A public key of RSA from its `RSAPublicKey`.
pub(crate) fn rsa_info(key: &[u8]) -> Vec<u8> {
    let algorithm = der::sequence(&[&der::oid(oid::RSA), &der::element(tag::NULL, &[])]);
    der::sequence(&[&algorithm, &der::bits(key)])
}

/// A public key on a curve from its point.
pub(crate) fn ec_info(curve: &[u8], point: &[u8]) -> Vec<u8> {
    let algorithm = der::sequence(&[&der::oid(oid::EC), &der::oid(curve)]);
    der::sequence(&[&algorithm, &der::bits(point)])
}

// === impl Signed ===

impl Signed {
    /// Reads the content of an `AlgorithmIdentifier`.
    pub(crate) fn parse(algorithm: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(algorithm);
        let name = reader.oid()?;
        let signed = match name {
            oid::RSA_SHA256 => Self::Rsa(Hash::Sha256),
            oid::RSA_SHA384 => Self::Rsa(Hash::Sha384),
            oid::RSA_SHA512 => Self::Rsa(Hash::Sha512),
            oid::RSA_SHA1 | oid::ECDSA_SHA1 => Self::Insecure,
            oid::ECDSA_SHA256 => Self::Ecdsa(Hash::Sha256),
            oid::ECDSA_SHA384 => Self::Ecdsa(Hash::Sha384),
            oid::ED25519 => Self::Ed25519,
            oid::RSA_PSS => return Ok(pss(reader.whole(tag::SEQUENCE)?)),
            _ => Self::Other,
        };
        Ok(signed)
    }
}

/// RSASSA-PSS with one hash for everything and a salt of its length: the three that are used.
/// The parameters can say much else (RFC 8017, A.2.3); nobody does.
fn pss(parameters: &[u8]) -> Signed {
    for (hash, name, length) in [
        (Hash::Sha256, oid::SHA256, 32),
        (Hash::Sha384, oid::SHA384, 48),
        (Hash::Sha512, oid::SHA512, 64),
    ] {
        let null = der::element(tag::NULL, &[]);
        // The null may be left out, in both places or neither.
        for null in [&null[..], &[]] {
            let digest = der::sequence(&[&der::oid(name), null]);
            let mask = der::sequence(&[&der::oid(oid::MGF1), &digest]);
            let salt = der::integer(&[length]);
            let whole = der::sequence(&[
                &der::element(tag::constructed(0), &[&digest]),
                &der::element(tag::constructed(1), &[&mask]),
                &der::element(tag::constructed(2), &[&salt]),
            ]);
            if whole == parameters {
                return Signed::RsaPss(hash);
            }
        }
    }
    Signed::Other
}
