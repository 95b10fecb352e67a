//! DER, the encoding of certificates and keys: as much of it as they use (X.690).
//!
//! The reader lends slices of what it reads, never copies: a signature covers the bytes as they were
//! sent. What is not DER (indefinite or padded lengths, tags of several bytes) is not read at all.

pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const NULL: u8 = 0x05;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const UTF8_STRING: u8 = 0x0c;
    pub(crate) const NUMERIC_STRING: u8 = 0x12;
    pub(crate) const PRINTABLE_STRING: u8 = 0x13;
    pub(crate) const T61_STRING: u8 = 0x14;
    pub(crate) const IA5_STRING: u8 = 0x16;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const BMP_STRING: u8 = 0x1e;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;

    /// `[n]` of what is itself a sequence or wraps one.
    pub(crate) const fn constructed(number: u8) -> u8 {
        0xa0 | number
    }

    /// `[n]` in the place of a plain tag.
    pub(crate) const fn context(number: u8) -> u8 {
        0x80 | number
    }
}

/// Not DER, or not what stands at this place of a certificate or key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// A value with what it is made of.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// Tag, length and content.
    pub(crate) whole: &'a [u8],
}

/// Reads one value after the other.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

// === impl Reader ===

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Reads the only value of `bytes`, which must have this tag.
    pub(crate) fn only(bytes: &'a [u8], tag: u8) -> Result<&'a [u8], Malformed> {
        let mut reader = Self::new(bytes);
        let content = reader.expect(tag)?;
        reader.end()?;
        Ok(content)
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Says that nothing may follow.
    pub(crate) fn end(&self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed) }
    }

    /// The next value, whatever it is.
    pub(crate) fn element(&mut self) -> Result<Element<'a>, Malformed> {
        let all = self.rest;
        let [tag, length, ..] = *all else { return Err(Malformed) };
        if tag & 0x1f == 0x1f {
            return Err(Malformed);
        }
        let (header, length) = match length {
            0..=0x7f => (2, usize::from(length)),
            // Up to four bytes of length: what is longer than 4 GB is not read anyway.
            0x81..=0x84 => {
                let count = usize::from(length & 0x7f);
                let bytes = all.get(2..2 + count).ok_or(Malformed)?;
                let length = bytes.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
                // The shortest form only: not a short length in a long form, no leading zero.
                if length < 0x80 || bytes.first() == Some(&0) {
                    return Err(Malformed);
                }
                (2 + count, length)
            }
            _ => return Err(Malformed),
        };
        let end = header.checked_add(length).ok_or(Malformed)?;
        let (whole, rest) = all.split_at_checked(end).ok_or(Malformed)?;
        let content = whole.get(header..).ok_or(Malformed)?;
        self.rest = rest;
        Ok(Element { tag, content, whole })
    }

    /// The content of the next value, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        let element = self.element()?;
        if element.tag == tag { Ok(element.content) } else { Err(Malformed) }
    }

    /// The next value with its tag and length, which must have this tag.
    pub(crate) fn whole(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        let element = self.element()?;
        if element.tag == tag { Ok(element.whole) } else { Err(Malformed) }
    }

    /// The content of the next value if it has this tag, otherwise nothing is read.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Malformed> {
        if self.rest.first() == Some(&tag) { self.expect(tag).map(Some) } else { Ok(None) }
    }

    /// What is inside the next value, which must have this tag.
    pub(crate) fn nested(&mut self, tag: u8) -> Result<Self, Malformed> {
        self.expect(tag).map(Self::new)
    }

    /// The content of an object identifier, each of whose numbers is written as short as it can be
    /// (X.690, 8.19.2).
    pub(crate) fn oid(&mut self) -> Result<&'a [u8], Malformed> {
        let content = self.expect(tag::OID)?;
        let mut starts = true;
        for byte in content {
            if starts && *byte == 0x80 {
                return Err(Malformed);
            }
            starts = byte & 0x80 == 0;
        }
        if content.is_empty() || !starts { Err(Malformed) } else { Ok(content) }
    }

    /// A truth value that may be left out if it is false.
    pub(crate) fn optional_boolean(&mut self) -> Result<bool, Malformed> {
        match self.optional(tag::BOOLEAN)? {
            None | Some([0x00]) => Ok(false),
            Some([0xff]) => Ok(true),
            Some(_) => Err(Malformed),
        }
    }

    /// A bit string of whole bytes, as keys and signatures are.
    pub(crate) fn bit_bytes(&mut self) -> Result<&'a [u8], Malformed> {
        match self.expect(tag::BIT_STRING)? {
            [0, bytes @ ..] => Ok(bytes),
            _ => Err(Malformed),
        }
    }

    /// A number that is not negative, without leading zeros.
    pub(crate) fn natural(&mut self) -> Result<&'a [u8], Malformed> {
        natural(self.expect(tag::INTEGER)?)
    }
}

/// The bytes of a number that is not negative, from those of an integer.
fn natural(content: &[u8]) -> Result<&[u8], Malformed> {
    match content {
        [] => Err(Malformed),
        [0] => Ok(content),
        [0, rest @ ..] if rest.first().is_some_and(|byte| byte & 0x80 != 0) => Ok(rest),
        [0, ..] => Err(Malformed),
        [first, ..] if first & 0x80 != 0 => Err(Malformed),
        _ => Ok(content),
    }
}

/// A small number that is not negative.
pub(crate) fn small(bytes: &[u8]) -> Option<u64> {
    (bytes.len() <= 8).then(|| bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

// === writing ===

/// A value of these parts.
pub(crate) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(length + 6);
    out.push(tag);
    match u8::try_from(length) {
        Ok(short @ 0..=0x7f) => out.push(short),
        _ => {
            let bytes = length.to_be_bytes();
            let skipped = bytes.iter().take_while(|byte| **byte == 0).count();
            let significant = bytes.iter().skip(skipped);
            // A usize has at most eight bytes, so the count fits.
            out.push(0x80 | u8::try_from(bytes.len() - skipped).unwrap_or(0));
            out.extend(significant);
        }
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(tag::SEQUENCE, parts)
}

pub(crate) fn oid(content: &[u8]) -> Vec<u8> {
    element(tag::OID, &[content])
}

/// A number from its bytes, the highest first.
pub(crate) fn integer(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = bytes.get(zeros..).unwrap_or_default();
    match bytes.first() {
        None => element(tag::INTEGER, &[&[0]]),
        // Without the zero in front it would read as a negative one.
        Some(first) if first & 0x80 != 0 => element(tag::INTEGER, &[&[0], bytes]),
        Some(_) => element(tag::INTEGER, &[bytes]),
    }
}

pub(crate) fn octets(bytes: &[u8]) -> Vec<u8> {
    element(tag::OCTET_STRING, &[bytes])
}

/// A bit string of whole bytes.
pub(crate) fn bits(bytes: &[u8]) -> Vec<u8> {
    element(tag::BIT_STRING, &[&[0], bytes])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_shortest_lengths_are_read() {
        let check = |bytes: &[u8], fine: bool| {
            assert_eq!(Reader::new(bytes).element().is_ok(), fine, "{bytes:02x?}");
        };
        let long = |head: &[u8], length: usize| [head, &vec![0; length]].concat();
        check(&[0x04, 0x00], true);
        check(&[0x04, 0x01, 0xff], true);
        check(&long(&[0x04, 0x7f], 0x7f), true);
        check(&long(&[0x04, 0x81, 0x80], 0x80), true);
        check(&long(&[0x04, 0x82, 0x01, 0x00], 0x100), true);
        check(&long(&[0x04, 0x81, 0x7f], 0x7f), false);
        check(&long(&[0x04, 0x82, 0x00, 0x80], 0x80), false);
        check(&[0x04, 0x80, 0x00, 0x00], false);
        check(&[0x04, 0x85, 1, 0, 0, 0, 0], false);
        check(&[0x04, 0x84, 0xff, 0xff, 0xff, 0xff], false);
        check(&[0x1f, 0x01, 0x00], false);
        check(&[0x04, 0x02, 0x00], false);
        check(&[0x04], false);
        check(&[], false);
    }

    #[test]
    fn numbers_are_natural_and_short() {
        let check = |content: &[u8], read: Option<&[u8]>| {
            assert_eq!(natural(content).ok(), read, "{content:02x?}");
        };
        check(&[0], Some(&[0]));
        check(&[0x7f], Some(&[0x7f]));
        check(&[0, 0x80], Some(&[0x80]));
        check(&[0x80], None);
        check(&[0, 0x7f], None);
        check(&[], None);
        assert_eq!(small(&[1, 0]), Some(256));
        assert_eq!(small(&[1; 9]), None);
    }

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x1_0000] {
            let bytes = octets(&vec![7; length]);
            assert_eq!(Reader::only(&bytes, tag::OCTET_STRING).map(<[u8]>::len), Ok(length));
        }
        for (bytes, written) in [
            (&[][..], &[2, 1, 0][..]),
            (&[0, 0], &[2, 1, 0]),
            (&[0, 1], &[2, 1, 1]),
            (&[0x80], &[2, 2, 0, 0x80]),
        ] {
            assert_eq!(integer(bytes), written);
        }
        assert_eq!(bits(&[5]), [3, 2, 0, 5]);
    }

    #[test]
    fn identifiers_are_written_short() {
        for (content, fine) in [
            (&[0x55, 4, 3][..], true),
            (&[0x2b, 0x83, 0xc2, 0x53], true),
            (&[0x2b, 0x80, 0x01], false),
            (&[0x80, 0x01], false),
            (&[0x2b, 0x83], false),
            (&[], false),
        ] {
            let written = oid(content);
            assert_eq!(Reader::new(&written).oid().is_ok(), fine, "{content:02x?}");
        }
    }

    #[test]
    fn truths_are_one_byte() {
        for (bytes, read) in [
            (&[][..], Ok(false)),
            (&[1, 1, 0], Ok(false)),
            (&[1, 1, 0xff], Ok(true)),
            (&[1, 1, 1], Err(Malformed)),
            (&[1, 2, 0, 0], Err(Malformed)),
        ] {
            assert_eq!(Reader::new(bytes).optional_boolean(), read, "{bytes:02x?}");
        }
    }
}
