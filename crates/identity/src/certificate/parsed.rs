//! A certificate taken apart (RFC 5280, 4.1), version 1 included.

use portcullis_core::{Date, Timestamp};

use super::alternative::AlternativeNames;
use super::name::Subject;
use crate::der::{self, Malformed, Reader, tag};
use crate::public_key::{PublicKey, Signed};

/// `id-ce`, 2.5.29, and its last bytes.
pub(crate) const ID_CE: [u8; 2] = [0x55, 0x1d];
pub(crate) const SUBJECT_KEY_ID: u8 = 14;
pub(crate) const KEY_USAGE: u8 = 15;
pub(crate) const ALTERNATIVE_NAMES: u8 = 17;
pub(crate) const BASIC_CONSTRAINTS: u8 = 19;
pub(crate) const NAME_CONSTRAINTS: u8 = 30;
pub(crate) const POLICIES: u8 = 32;
pub(crate) const AUTHORITY_KEY_ID: u8 = 35;
pub(crate) const EXTENDED_KEY_USAGE: u8 = 37;

/// `anyExtendedKeyUsage`, and `id-kp` without its last byte.
pub(crate) const ANY_USAGE: &[u8] = &[0x55, 0x1d, 37, 0];
pub(crate) const ID_KP: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3];
pub(crate) const CLIENT_AUTH: u8 = 2;

const DAY_SECONDS: u64 = 86_400;

/// The most extensions of one certificate that are read. Certificates in use have about ten.
const EXTENSIONS_MAX: usize = 64;

/// A certificate, lent from its bytes.
#[derive(Clone, Copy)]
pub(crate) struct Certificate<'a> {
    pub(crate) whole: &'a [u8],
    /// What the signature covers.
    pub(crate) to_be_signed: &'a [u8],
    /// 1, 2 or 3.
    pub(crate) version: u8,
    pub(crate) serial: &'a [u8],
    /// A whole `Name`. Chains are made by comparing its bytes.
    pub(crate) issuer: &'a [u8],
    pub(crate) subject: &'a [u8],
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) key: PublicKey<'a>,
    pub(crate) signed: Signed,
    pub(crate) signature: &'a [u8],
    pub(crate) extensions: Extensions<'a>,
}

/// What a certificate says of itself beside its subject. All empty in version 1.
#[derive(Clone, Copy, Default)]
pub(crate) struct Extensions<'a> {
    pub(crate) basic: Option<Basic>,
    /// Whether it may sign certificates; `None` if nothing is said about what the key is for.
    pub(crate) may_sign: Option<bool>,
    /// What it is for; `None` if that is not said.
    pub(crate) purposes: Option<Purposes>,
    pub(crate) subject_key_id: Option<&'a [u8]>,
    pub(crate) authority_key_id: Option<&'a [u8]>,
    /// As they stand in the extension.
    pub(crate) alternative_names: Option<&'a [u8]>,
    pub(crate) constrains_names: bool,
    /// Something must be understood that we do not.
    pub(crate) not_understood: bool,
}

/// Whether it is an authority, and how many others may stand below it before the leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Basic {
    pub(crate) authority: bool,
    pub(crate) path_length: Option<u64>,
}

/// `extKeyUsage`, as far as clients need it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Purposes {
    pub(crate) any: bool,
    pub(crate) client: bool,
}

impl<'a> Certificate<'a> {
    /// Takes a certificate apart. Nothing is judged yet but its form.
    pub(crate) fn parse(whole: &'a [u8]) -> Result<Self, Malformed> {
        let mut outer = Reader::new(Reader::only(whole, tag::SEQUENCE)?);
        let to_be_signed = outer.whole(tag::SEQUENCE)?;
        let algorithm = outer.expect(tag::SEQUENCE)?;
        let signature = outer.bit_bytes()?;
        outer.end()?;

        let mut inner = Reader::new(Reader::only(to_be_signed, tag::SEQUENCE)?);
        let version = match inner.optional(tag::constructed(0))? {
            None => 1,
            Some(number) => match Reader::only(number, tag::INTEGER)? {
                [0] => 1,
                [1] => 2,
                [2] => 3,
                _ => return Err(Malformed),
            },
        };
        let serial = inner.natural()?;
        // The algorithm stands twice, once where the signature covers it.
        if inner.expect(tag::SEQUENCE)? != algorithm {
            return Err(Malformed);
        }
        let issuer = inner.whole(tag::SEQUENCE)?;
        let mut validity = inner.nested(tag::SEQUENCE)?;
        let (not_before, not_after) = (time(&mut validity)?, time(&mut validity)?);
        validity.end()?;
        let subject = inner.whole(tag::SEQUENCE)?;
        // Names are compared as bytes; that they are names is asked all the same.
        Subject::parse(issuer)?;
        Subject::parse(subject)?;
        let key = PublicKey::parse(inner.whole(tag::SEQUENCE)?)?;
        // Unique identifiers, which nobody has used since 1995.
        inner.optional(tag::context(1))?;
        inner.optional(tag::context(2))?;
        let extensions = match inner.optional(tag::constructed(3))? {
            None => Extensions::default(),
            Some(_) if version != 3 => return Err(Malformed),
            Some(list) => Extensions::parse(Reader::only(list, tag::SEQUENCE)?)?,
        };
        inner.end()?;
        Ok(Self {
            whole,
            to_be_signed,
            version,
            serial,
            issuer,
            subject,
            not_before,
            not_after,
            key,
            signed: Signed::parse(algorithm)?,
            signature,
            extensions,
        })
    }
}

impl<'a> Extensions<'a> {
    fn parse(list: &'a [u8]) -> Result<Self, Malformed> {
        let mut extensions = Self::default();
        let mut seen: Vec<&[u8]> = Vec::new();
        let mut list = Reader::new(list);
        while !list.is_at_end() {
            let mut extension = list.nested(tag::SEQUENCE)?;
            let name = extension.oid()?;
            let critical = extension.optional_boolean()?;
            let value = extension.expect(tag::OCTET_STRING)?;
            extension.end()?;
            // RFC 5280, 4.2: no two of one kind.
            if seen.contains(&name) || seen.len() == EXTENSIONS_MAX {
                return Err(Malformed);
            }
            seen.push(name);
            let understood = match name {
                [0x55, 0x1d, kind] => extensions.read(*kind, value)?,
                _ => false,
            };
            extensions.not_understood |= critical && !understood;
        }
        Ok(extensions)
    }

    /// Reads one of `id-ce`, and says whether what it demands is heeded.
    fn read(&mut self, kind: u8, value: &'a [u8]) -> Result<bool, Malformed> {
        match kind {
            SUBJECT_KEY_ID => self.subject_key_id = Some(Reader::only(value, tag::OCTET_STRING)?),
            AUTHORITY_KEY_ID => {
                let mut parts = Reader::new(Reader::only(value, tag::SEQUENCE)?);
                self.authority_key_id = parts.optional(tag::context(0))?;
            }
            KEY_USAGE => self.may_sign = Some(may_sign(value)?),
            BASIC_CONSTRAINTS => self.basic = Some(Basic::parse(value)?),
            EXTENDED_KEY_USAGE => self.purposes = Some(Purposes::parse(value)?),
            ALTERNATIVE_NAMES => {
                self.alternative_names = Some(value);
                // As in Go: only names that none of the four kinds is are not heeded.
                return Ok(!AlternativeNames::parse(value)?.is_empty());
            }
            NAME_CONSTRAINTS => {
                self.constrains_names = true;
                return are_of_alternative_names(value);
            }
            // Nobody asks for a policy here, so that any will do.
            POLICIES => {}
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl Basic {
    fn parse(value: &[u8]) -> Result<Self, Malformed> {
        let mut parts = Reader::new(Reader::only(value, tag::SEQUENCE)?);
        let authority = parts.optional_boolean()?;
        let path_length = match parts.is_at_end() {
            true => None,
            false => Some(der::small(parts.natural()?).ok_or(Malformed)?),
        };
        parts.end()?;
        Ok(Self { authority, path_length })
    }
}

impl Purposes {
    fn parse(value: &[u8]) -> Result<Self, Malformed> {
        let mut purposes = Self::default();
        let mut list = Reader::new(Reader::only(value, tag::SEQUENCE)?);
        while !list.is_at_end() {
            let purpose = list.oid()?;
            purposes.any |= purpose == ANY_USAGE;
            purposes.client |= purpose.strip_prefix(ID_KP) == Some(&[CLIENT_AUTH]);
        }
        Ok(purposes)
    }
}

/// Whether constraints are only of such names as stand in alternative names. Others would constrain
/// the subject itself, in which the user stands, and are not heeded (RFC 5280, 4.2.1.10).
fn are_of_alternative_names(value: &[u8]) -> Result<bool, Malformed> {
    let mut all = true;
    let mut lists = Reader::new(Reader::only(value, tag::SEQUENCE)?);
    if lists.is_at_end() {
        return Err(Malformed);
    }
    for kind in [tag::constructed(0), tag::constructed(1)] {
        let Some(list) = lists.optional(kind)? else { continue };
        let mut list = Reader::new(list);
        while !list.is_at_end() {
            let name = list.nested(tag::SEQUENCE)?.element()?;
            all &= AlternativeNames::KINDS.contains(&name.tag);
        }
    }
    lists.end()?;
    Ok(all)
}

/// Bit 5 of `keyUsage`, `keyCertSign`.
fn may_sign(value: &[u8]) -> Result<bool, Malformed> {
    let bits = Reader::only(value, tag::BIT_STRING)?;
    // The bits that do not count must be zero, or it would not be DER.
    let padding = bits.last().map_or(0, |last| last.trailing_zeros());
    match bits {
        [0] => Ok(false),
        [unused @ 0..=7, first, ..] if padding >= u32::from(*unused) => Ok(first & 0x04 != 0),
        _ => Err(Malformed),
    }
}

/// A moment in either form: with two digits of the year until 2049, then with four (RFC 5280, 4.1.2.5).
/// What lies before 1970 is 1970, which is as long ago for us, and what lies after the last moment that
/// can be counted is that one.
fn time(reader: &mut Reader<'_>) -> Result<Timestamp, Malformed> {
    let element = reader.element()?;
    let digits = element.content.strip_suffix(b"Z").ok_or(Malformed)?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(Malformed);
    }
    let digits = str::from_utf8(digits).map_err(|_| Malformed)?;
    let century = match (element.tag, digits.len()) {
        (tag::UTC_TIME, 12) if digits < "50" => "20",
        (tag::UTC_TIME, 12) => "19",
        (tag::GENERALIZED_TIME, 14) => "",
        _ => return Err(Malformed),
    };
    let digits = format!("{century}{digits}");
    let part = |range| digits.get(range).unwrap_or_default();
    let date: Date =
        format!("{}-{}-{}", part(0..4), part(4..6), part(6..8)).parse().map_err(|_| Malformed)?;
    let below = |range, limit| {
        let number: Option<u64> = part(range).parse().ok();
        number.filter(|number| *number < limit).ok_or(Malformed)
    };
    let (hours, minutes, seconds) = (below(8..10, 24)?, below(10..12, 60)?, below(12..14, 60)?);
    Ok(match date.days_after_epoch() {
        None => Timestamp::from_seconds(0),
        Some(days) => {
            Timestamp::from_seconds(days * DAY_SECONDS + hours * 3600 + minutes * 60 + seconds)
        }
    })
}

/// A moment as certificates write it.
pub(crate) fn written_time(moment: Timestamp) -> Vec<u8> {
    let text = moment.to_string();
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).collect();
    // The form of two digits is for years until 2049, and must be used there.
    match digits.strip_prefix(b"19").or(digits.strip_prefix(b"20")) {
        Some(short) if text.as_str() < "2050" => der::element(tag::UTC_TIME, &[short, b"Z"]),
        _ => der::element(tag::GENERALIZED_TIME, &[&digits, b"Z"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_both_forms() {
        let check = |form: u8, text: &str, read: Option<&str>| {
            let bytes = der::element(form, &[text.as_bytes()]);
            let moment = time(&mut Reader::new(&bytes)).ok().map(|moment| moment.to_string());
            assert_eq!(moment.as_deref(), read, "{text}");
        };
        check(tag::UTC_TIME, "261121120000Z", Some("2026-11-21T12:00:00Z"));
        check(tag::UTC_TIME, "491231235959Z", Some("2049-12-31T23:59:59Z"));
        check(tag::UTC_TIME, "500101000000Z", Some("1970-01-01T00:00:00Z"));
        check(tag::UTC_TIME, "700101000001Z", Some("1970-01-01T00:00:01Z"));
        check(tag::GENERALIZED_TIME, "20261121120000Z", Some("2026-11-21T12:00:00Z"));
        check(tag::GENERALIZED_TIME, "99991231235959Z", Some("2554-07-21T23:34:33Z"));
        check(tag::GENERALIZED_TIME, "261121120000Z", None);
        check(tag::UTC_TIME, "20261121120000Z", None);
        check(tag::UTC_TIME, "261121120000", None);
        check(tag::UTC_TIME, "261121120000+0100", None);
        check(tag::UTC_TIME, "2611211200Z", None);
        check(tag::UTC_TIME, "261321120000Z", None);
        check(tag::UTC_TIME, "260230120000Z", None);
        check(tag::UTC_TIME, "261121240000Z", None);
        check(tag::UTC_TIME, "261121120060Z", None);
        check(tag::OCTET_STRING, "261121120000Z", None);
    }

    #[test]
    fn moments_are_written_in_the_form_of_their_year() {
        for (text, form, written) in [
            ("2026-11-21T12:00:00Z", tag::UTC_TIME, "261121120000Z"),
            ("1999-12-31T23:59:59Z", tag::UTC_TIME, "991231235959Z"),
            ("2049-12-31T23:59:59Z", tag::UTC_TIME, "491231235959Z"),
            ("2050-01-01T00:00:00Z", tag::GENERALIZED_TIME, "20500101000000Z"),
        ] {
            let moment: Timestamp = text.parse().unwrap();
            assert_eq!(written_time(moment), der::element(form, &[written.as_bytes()]), "{text}");
            assert_eq!(time(&mut Reader::new(&written_time(moment))), Ok(moment), "{text}");
        }
    }

    #[test]
    fn what_a_key_may_do() {
        let check = |bits: &[u8], may: Result<bool, Malformed>| {
            let value = der::element(tag::BIT_STRING, &[bits]);
            assert_eq!(may_sign(&value), may, "{bits:02x?}");
        };
        check(&[2, 0x04], Ok(true));
        check(&[1, 0x06], Ok(true));
        check(&[5, 0xa0], Ok(false));
        check(&[0], Ok(false));
        check(&[7], Err(Malformed));
        check(&[8, 0], Err(Malformed));
        check(&[2, 0x06], Err(Malformed));
        check(&[], Err(Malformed));
    }

    #[test]
    fn constraints_on_subjects_are_not_understood() {
        let check = |kinds: &[u8], understood: Result<bool, Malformed>| {
            let subtrees: Vec<Vec<u8>> =
                kinds.iter().map(|kind| der::sequence(&[&der::element(*kind, &[b"x"])])).collect();
            let subtrees: Vec<&[u8]> = subtrees.iter().map(Vec::as_slice).collect();
            let value = der::sequence(&[&der::element(tag::constructed(0), &subtrees)]);
            assert_eq!(are_of_alternative_names(&value), understood, "{kinds:02x?}");
        };
        check(&[tag::context(2)], Ok(true));
        check(&[tag::context(1), tag::context(6), tag::context(7)], Ok(true));
        check(&[tag::context(2), tag::constructed(4)], Ok(false));
        assert_eq!(are_of_alternative_names(&der::sequence(&[])), Err(Malformed));
    }

    #[test]
    fn extensions_of_one_kind_stand_once() {
        let basic = der::sequence(&[
            &der::oid(&[ID_CE[0], ID_CE[1], BASIC_CONSTRAINTS]),
            &der::octets(&der::sequence(&[
                &der::element(tag::BOOLEAN, &[&[0xff]]),
                &der::integer(&[3]),
            ])),
        ]);
        let once = Extensions::parse(&basic).expect("one extension");
        assert_eq!(once.basic, Some(Basic { authority: true, path_length: Some(3) }));
        assert!(Extensions::parse(&[&basic[..], &basic].concat()).is_err());
        let unknown = |critical: &[u8]| {
            let list = der::sequence(&[&der::oid(&[0x2a, 3]), critical, &der::octets(&[])]);
            Extensions::parse(&list).map(|extensions| extensions.not_understood)
        };
        assert_eq!(unknown(&[]), Ok(false));
        assert_eq!(unknown(&der::element(tag::BOOLEAN, &[&[0xff]])), Ok(true));
    }
}
