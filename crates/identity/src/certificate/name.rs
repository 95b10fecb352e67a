//! Distinguished names: who a certificate is of.

use crate::der::{self, Element, Malformed, Reader, tag};

/// `commonName` and `organizationName` (RFC 5280, A.1).
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const ORGANIZATION: &[u8] = &[0x55, 4, 10];
const SERIAL_NUMBER: &[u8] = &[0x55, 4, 5];
/// 1.3.6.1.4.1.57683.2, which Kubernetes has registered for a user's uid.
const UID: &[u8] = &[0x2b, 6, 1, 4, 1, 0x83, 0xc2, 0x53, 2];

/// What Kubernetes reads in a subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The last one counts, as in Go.
    pub(crate) common_name: String,
    /// All, in order.
    pub(crate) organizations: Vec<String>,
    /// All, in order: more than one is an error of whoever issued it.
    pub(crate) uids: Vec<String>,
}

impl Subject {
    /// Reads a whole `Name`: attributes in sets in a sequence.
    pub(crate) fn parse(name: &[u8]) -> Result<Self, Malformed> {
        let mut subject = Self::default();
        let mut sets = Reader::new(Reader::only(name, tag::SEQUENCE)?);
        while !sets.is_at_end() {
            let mut set = sets.nested(tag::SET)?;
            while !set.is_at_end() {
                let mut attribute = set.nested(tag::SEQUENCE)?;
                let kind = attribute.oid()?;
                let value = text(attribute.element()?)?;
                attribute.end()?;
                match kind {
                    COMMON_NAME => subject.common_name = value,
                    ORGANIZATION => subject.organizations.push(value),
                    UID => subject.uids.push(value),
                    _ => {}
                }
            }
        }
        Ok(subject)
    }
}

/// A string in one of the forms in which names hold them.
fn text(value: Element<'_>) -> Result<String, Malformed> {
    let bytes = value.content;
    let ascii = |allowed: fn(u8) -> bool| {
        if bytes.iter().all(|byte| allowed(*byte)) {
            Ok(bytes.iter().map(|byte| char::from(*byte)).collect())
        } else {
            Err(Malformed)
        }
    };
    match value.tag {
        tag::UTF8_STRING => String::from_utf8(bytes.to_vec()).map_err(|_| Malformed),
        tag::PRINTABLE_STRING => ascii(is_printable),
        tag::IA5_STRING => ascii(|byte| byte.is_ascii()),
        tag::NUMERIC_STRING => ascii(|byte| byte.is_ascii_digit() || byte == b' '),
        // T.61 is so nearly Latin-1 that Go reads it as that.
        tag::T61_STRING => Ok(bytes.iter().map(|byte| char::from(*byte)).collect()),
        tag::BMP_STRING => {
            let (pairs, rest) = bytes.as_chunks::<2>();
            let units: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
            // Two bytes a character: what needs four is not of this form.
            if !rest.is_empty() || units.iter().any(|unit| (0xd800..=0xdfff).contains(unit)) {
                return Err(Malformed);
            }
            String::from_utf16(&units).map_err(|_| Malformed)
        }
        _ => Err(Malformed),
    }
}

/// Those of X.680 and the two more that certificates in use have, `*` and `&`.
fn is_printable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'\''..=b')' | b'+'..=b'/' | b' ' | b':' | b'=' | b'?' | b'*' | b'&')
}

/// The attributes that Go knows of and in the order in which it writes them: country, organization,
/// unit, locality, province, street, postal code, common name, serial number.
const WRITTEN: [&[u8]; 9] = [
    &[0x55, 4, 6],
    ORGANIZATION,
    &[0x55, 4, 11],
    &[0x55, 4, 7],
    &[0x55, 4, 8],
    &[0x55, 4, 9],
    &[0x55, 4, 17],
    COMMON_NAME,
    SERIAL_NUMBER,
];

/// A name of organizations and a common name.
pub(crate) fn written(common_name: &str, organizations: &[&str]) -> Vec<u8> {
    let organizations = organizations.iter().map(|name| (ORGANIZATION, (*name).to_owned()));
    let common_name = (!common_name.is_empty()).then(|| (COMMON_NAME, common_name.to_owned()));
    in_order(&organizations.chain(common_name).collect::<Vec<_>>())
}

/// A whole `Name` as Go writes one that it has read: what it does not know is left out, and what it
/// has only one of (common name, serial number) is the last one.
pub(crate) fn rewritten(name: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut attributes = Vec::new();
    let mut sets = Reader::new(Reader::only(name, tag::SEQUENCE)?);
    while !sets.is_at_end() {
        let mut set = sets.nested(tag::SET)?;
        while !set.is_at_end() {
            let mut attribute = set.nested(tag::SEQUENCE)?;
            let kind = attribute.oid()?;
            let value = text(attribute.element()?)?;
            if kind == COMMON_NAME || kind == SERIAL_NUMBER {
                attributes.retain(|(earlier, _)| *earlier != kind);
            }
            attributes.push((kind, value));
        }
    }
    Ok(in_order(&attributes))
}

fn in_order(attributes: &[(&[u8], String)]) -> Vec<u8> {
    let mut sets = Vec::new();
    for kind in WRITTEN {
        let of_kind = attributes.iter().filter(|(name, _)| *name == kind);
        let mut values: Vec<Vec<u8>> = of_kind.map(|(_, text)| attribute(kind, text)).collect();
        if values.is_empty() {
            continue;
        }
        // DER writes a set in the order of its encodings (X.690, 11.6).
        values.sort();
        let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
        sets.push(der::element(tag::SET, &values));
    }
    let sets: Vec<&[u8]> = sets.iter().map(Vec::as_slice).collect();
    der::sequence(&sets)
}

fn attribute(kind: &[u8], text: &str) -> Vec<u8> {
    let plain = |byte| is_printable(byte) && !matches!(byte, b'*' | b'&');
    let form = if text.bytes().all(plain) { tag::PRINTABLE_STRING } else { tag::UTF8_STRING };
    der::sequence(&[&der::oid(kind), &der::element(form, &[text.as_bytes()])])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let check = |name: &str, groups: &[&str]| {
            let subject = Subject::parse(&written(name, groups)).expect("a name");
            assert_eq!(subject.common_name, name);
            assert_eq!(subject.organizations, groups);
        };
        check("jane", &[]);
        check("", &["dev"]);
        check("system:node:n1", &["system:nodes"]);
        check("Jürgen_x@y", &["a", "b"]);
        check("", &[]);
    }

    #[test]
    fn the_forms_of_strings() {
        let check = |form: u8, bytes: &[u8], read: Option<&str>| {
            let element = der::element(form, &[bytes]);
            let value = Reader::new(&element).element().expect("an element");
            assert_eq!(text(value).ok().as_deref(), read, "{form:02x} {bytes:02x?}");
        };
        check(tag::UTF8_STRING, "ü".as_bytes(), Some("ü"));
        check(tag::UTF8_STRING, &[0xff], None);
        check(tag::PRINTABLE_STRING, b"a:b*&", Some("a:b*&"));
        check(tag::PRINTABLE_STRING, b"a@b", None);
        check(tag::IA5_STRING, b"a@b", Some("a@b"));
        check(tag::IA5_STRING, &[0x80], None);
        check(tag::NUMERIC_STRING, b"1 2", Some("1 2"));
        check(tag::NUMERIC_STRING, b"a", None);
        check(tag::T61_STRING, &[0xfc], Some("ü"));
        check(tag::BMP_STRING, &[0, 0x61, 0, 0xfc], Some("aü"));
        check(tag::BMP_STRING, &[0], None);
        check(tag::BMP_STRING, &[0xd8, 0, 0xdc, 0], None);
        check(tag::OCTET_STRING, b"a", None);
    }

    #[test]
    fn the_last_common_name_counts_and_all_uids() {
        let attribute = |kind: &[u8], text: &str| {
            let value = der::element(tag::UTF8_STRING, &[text.as_bytes()]);
            der::element(tag::SET, &[&der::sequence(&[&der::oid(kind), &value])])
        };
        let name = der::sequence(&[
            &attribute(COMMON_NAME, "first"),
            &attribute(UID, "u1"),
            &attribute(COMMON_NAME, "last"),
            &attribute(UID, "u2"),
            &attribute(&[0x55, 4, 6], "DE"),
        ]);
        let subject = Subject::parse(&name).expect("a name");
        assert_eq!(subject.common_name, "last");
        assert_eq!(subject.uids, ["u1", "u2"]);
    }
}
