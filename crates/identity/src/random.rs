//! Where keys, serial numbers and token ids come from.

use ring::rand::{SecureRandom, SystemRandom};

/// The randomness of the operating system, as a value: what draws from it says so by asking for one.
///
/// It cannot be seeded. Keys that can be made twice are no keys, and the library that makes them
/// (`ring`) refuses any other source.
#[derive(Clone, Debug)]
pub struct Random(SystemRandom);

/// The operating system gave no randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no randomness")]
pub struct NoRandomness;

impl Random {
    /// That of the operating system.
    pub fn system() -> Self {
        Self(SystemRandom::new())
    }

    pub(crate) fn source(&self) -> &SystemRandom {
        &self.0
    }

    /// So many random bytes.
    pub(crate) fn bytes<const N: usize>(&self) -> Result<[u8; N], NoRandomness> {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes).map_err(|_| NoRandomness)?;
        Ok(bytes)
    }

    /// A UUID of version 4 (RFC 9562, 5.4), as objects and tokens are named by.
    pub fn uuid(&self) -> Result<String, NoRandomness> {
        let mut bits = u128::from_be_bytes(self.bytes()?);
        bits = bits & !(0xf << 76) | 0x4 << 76;
        bits = bits & !(0x3 << 62) | 0x2 << 62;
        let digits = format!("{bits:032x}");
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
        Ok(parts.map(|part| digits.get(part).unwrap_or_default()).join("-"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_of_version_4_and_differ() {
        let random = Random::system();
        let (one, other) = (random.uuid().unwrap(), random.uuid().unwrap());
        assert_ne!(one, other);
        for uuid in [one, other] {
            let lengths: Vec<usize> = uuid.split('-').map(str::len).collect();
            assert_eq!(lengths, [8, 4, 4, 4, 12]);
            assert_eq!(uuid.as_bytes()[14], b'4', "{uuid}");
            assert!(b"89ab".contains(&uuid.as_bytes()[19]), "{uuid}");
        }
    }
}
