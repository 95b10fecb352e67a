//! The entries for fuzzers: bytes that may be certificates, tokens or files of tokens, and a short
//! replay in every test run.

use portcullis_core::Timestamp;

use crate::bearer::Bearer;
use crate::certificate::{self, ClientTrust, PRESENTED_MAX};
use crate::csr::{Request, Signer};
use crate::jwt::{Unverified, VerifyingKeys};
use crate::random::Random;
use crate::token_file::TokenFile;

/// A time at which certificates of the seeds are valid.
const NOW: u64 = 1_795_262_400;

/// A public key that no fuzzer has the other half of: that of RFC 7515, A.3.
const KEY: &[u8] = b"-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7
6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==
-----END PUBLIC KEY-----
";

/// Reads the bytes as one certificate, as several one after the other, as a request, and as PEM; judges
/// what can be read under itself and under all others.
///
/// # Panics
///
/// If a certificate's public key is not a part of it, or one vouches for a user without a name.
pub fn certificate(data: &[u8]) {
    let now = Timestamp::from_seconds(NOW);
    let several: Vec<&[u8]> = split(data);
    if let Ok(key) = certificate::public_key(data) {
        assert!(data.windows(key.len()).any(|window| window == key));
        _ = certificate::identifier(data);
    }
    let trusts = [
        ClientTrust::new([data.to_vec()]),
        ClientTrust::new(several.iter().map(|one| one.to_vec())),
        ClientTrust::from_pem(data),
    ];
    for trust in trusts.into_iter().flatten() {
        for chain in [&[data][..], &several] {
            if let Ok(vouched) = trust.vouch(chain, now) {
                assert!(vouched.holds(&trust, now));
                assert!(vouched.user().is_none_or(|user| !user.user().name.is_empty()));
            }
        }
    }
    for request in [Request::from_der(data), Request::from_pem(data)].into_iter().flatten() {
        for signer in [Signer::Client, Signer::KubeletClient, Signer::KubeletServing] {
            _ = signer.fault(&request, &["client auth", "digital signature"]);
        }
    }
}

/// The certificates of a chain that stand one after the other; the rest is one more.
fn split(data: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = data;
    while let Some(length) = crate::der::Reader::new(rest).element().ok().map(|one| one.whole.len())
    {
        let Some((one, after)) = rest.split_at_checked(length) else { break };
        parts.push(one);
        rest = after;
        if parts.len() >= PRESENTED_MAX {
            break;
        }
    }
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts
}

/// Reads the bytes as a header with a token, as a token, and asks whether a key has signed it whose
/// private half nobody here has.
///
/// # Panics
///
/// If a token has a good signature that is not the one that everybody knows.
pub fn jwt(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let token = Bearer::of(&text).token().unwrap_or(&text);
    let mut keys = VerifyingKeys::default();
    if keys.add_pem(KEY, &Random::system()).is_err() {
        return;
    }
    // The same bytes as a file of keys, for its reader.
    _ = VerifyingKeys::default().add_pem(data, &Random::system());
    if let Ok(unverified) = Unverified::parse(token) {
        let issuer = unverified.issuer().map(str::to_owned);
        if unverified.verify(&keys).is_ok() {
            assert_eq!(issuer.as_deref(), Some("joe"), "{token}");
        }
    }
}

/// Reads the bytes as a file of tokens.
///
/// # Panics
///
/// If a fault is told of a line that the file does not have.
pub fn token_file(data: &[u8]) {
    let lines = 1 + data.iter().filter(|byte| **byte == b'\n').count();
    let faults = match TokenFile::parse(data) {
        Ok((file, odd)) => {
            assert!(file.user("").is_none());
            odd
        }
        Err(fault) => vec![fault],
    };
    for fault in faults {
        assert!((1..=lines).contains(&fault.line), "{fault} of {lines}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issue::Authority;
    use crate::key::PrivateKey;

    /// How many changed seeds are tried in every test run; a fuzzer tries as many in a moment.
    const ROUNDS: usize = 500;

    /// The token of RFC 7515, A.3, which the key above has signed.
    const TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.\
        eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
        DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    /// Changes, cuts and doubles bytes, the same in every run.
    fn replay(seeds: &[Vec<u8>], entry: fn(&[u8])) {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = move |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below.max(1) as u64) as usize
        };
        for seed in seeds {
            entry(seed);
            for _ in 0..ROUNDS {
                let mut data = seed.clone();
                for _ in 0..=next(4) {
                    let at = next(data.len());
                    match next(5) {
                        0 => data.truncate(at),
                        1 => data.insert(at.min(data.len()), next(256) as u8),
                        2 => data.extend_from_within(at.min(data.len())..),
                        _ if at < data.len() => data[at] = next(256) as u8,
                        _ => {}
                    }
                }
                entry(&data);
            }
        }
    }

    #[test]
    fn certificates_are_read_or_refused() {
        let random = Random::system();
        let now = Timestamp::from_seconds(NOW);
        let authority = Authority::create("ca", now, &random).unwrap();
        let key = PrivateKey::generate(&random).unwrap();
        let jane = authority.client("jane", &["dev"], &key, now, &random).unwrap();
        let both = [jane.der(), authority.certificate().der()].concat();
        let pem = authority.certificate().to_pem().into_bytes();
        replay(&[jane.der().to_vec(), both, pem, vec![0x30, 0x80]], certificate);
    }

    #[test]
    fn tokens_are_read_or_refused() {
        let mut keys = VerifyingKeys::default();
        keys.add_pem(KEY, &Random::system()).unwrap();
        assert!(Unverified::parse(TOKEN).unwrap().verify(&keys).is_ok(), "the vector of the RFC");
        let header = format!("Bearer {TOKEN}");
        replay(&[TOKEN.into(), header.into(), b"a.b.c".to_vec(), KEY.to_vec()], jwt);
    }

    #[test]
    fn files_of_tokens_are_read_or_refused() {
        let text = "t1,jane,1,\"dev,ops\"\r\n\n\"t\"\"2\",bob,2\nt3,carol,3,,\n";
        replay(&[text.into(), b"\"".to_vec(), Vec::new()], token_file);
    }
}
