//! Bytes in JSON: standard base64 with padding, read as Go reads it.

use std::fmt;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Where a text stops being base64, as Go counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Illegal(usize);

impl fmt::Display for Illegal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "illegal base64 data at input byte {}", self.0)
    }
}

/// The text as it is printed again: without line ends, unused bits zero. None if it is printed as it
/// stands, which is the common case and costs no allocation.
pub(crate) fn canonical(text: &str) -> Result<Option<String>, Illegal> {
    let mut walk = Walk { text: text.as_bytes(), at: 0 };
    let mut rest = 0;
    while let Some((sextets, count)) = walk.quantum()? {
        // The bits of the last sextet that no byte takes.
        rest = match count {
            2 => sextets & 0xffff,
            3 => sextets & 0xff,
            _ => 0,
        };
    }
    if rest == 0 && !text.contains(['\r', '\n']) {
        return Ok(None);
    }
    Ok(Some(encode(&decode(text)?)))
}

/// The bytes of a text.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, Illegal> {
    let mut walk = Walk { text: text.as_bytes(), at: 0 };
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    while let Some((sextets, count)) = walk.quantum()? {
        let [_, a, b, c] = sextets.to_be_bytes();
        out.extend([a, b, c].iter().take(count - 1));
    }
    Ok(out)
}

/// Bytes as text.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let letter = |bits: u32| {
        let at = usize::try_from(bits & 63).unwrap_or(0);
        char::from(ALPHABET.get(at).copied().unwrap_or(b'A'))
    };
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        out.push(letter(bits >> 18));
        out.push(letter(bits >> 12));
        out.push(if chunk.len() > 1 { letter(bits >> 6) } else { '=' });
        out.push(if chunk.len() > 2 { letter(bits) } else { '=' });
    }
    out
}

struct Walk<'a> {
    text: &'a [u8],
    at: usize,
}

impl Walk<'_> {
    /// The next four letters as 24 bits, and how many of them are no padding; none at the end.
    fn quantum(&mut self) -> Result<Option<(u32, usize)>, Illegal> {
        let mut bits = 0;
        for count in 0..4 {
            let Some(byte) = self.letter() else {
                return if count == 0 { Ok(None) } else { Err(Illegal(self.at - count)) };
            };
            match sextet(byte) {
                Some(value) => bits = bits << 6 | u32::from(value),
                None if byte == b'=' && count >= 2 => {
                    self.padding(count)?;
                    return Ok(Some((bits << (6 * (4 - count)), count)));
                }
                None => return Err(Illegal(self.at - 1)),
            }
        }
        Ok(Some((bits, 4)))
    }

    /// What must follow the first `=`: another if two letters are missing, then nothing.
    fn padding(&mut self, count: usize) -> Result<(), Illegal> {
        if count == 2 {
            match self.letter() {
                Some(b'=') => {}
                Some(_) => return Err(Illegal(self.at - 1)),
                None => return Err(Illegal(self.text.len())),
            }
        }
        match self.letter() {
            Some(_) => Err(Illegal(self.at - 1)),
            None => Ok(()),
        }
    }

    fn letter(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.get(self.at)?;
            self.at += 1;
            if !matches!(byte, b'\r' | b'\n') {
                return Some(byte);
            }
        }
    }
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_there_and_back() {
        for bytes in [&b""[..], b"a", b"ab", b"abc", b"abcd", &[0, 255, 16, 131, 16]] {
            assert_eq!(decode(&encode(bytes)).expect("we wrote it"), bytes);
        }
        assert_eq!(encode(b"hello"), "aGVsbG8=");
    }

    #[test]
    fn what_is_printed_again_and_what_is_refused() {
        for (text, want) in [
            ("", "as it stands"),
            ("aGVsbG8=", "as it stands"),
            ("aGVs\nbG8=\n", "aGVsbG8="),
            ("aGVsbG9=", "aGVsbG8="),
            ("YR==", "YQ=="),
            ("not base64!", "illegal base64 data at input byte 3"),
            ("YQ", "illegal base64 data at input byte 0"),
            ("YQ=", "illegal base64 data at input byte 3"),
            ("YQ==x", "illegal base64 data at input byte 4"),
            ("YQ=x", "illegal base64 data at input byte 3"),
            ("Y===", "illegal base64 data at input byte 1"),
            ("=", "illegal base64 data at input byte 0"),
        ] {
            let said = match canonical(text) {
                Ok(None) => "as it stands".to_owned(),
                Ok(Some(printed)) => printed,
                Err(illegal) => illegal.to_string(),
            };
            assert_eq!(said, want, "{text:?}");
        }
    }
}
