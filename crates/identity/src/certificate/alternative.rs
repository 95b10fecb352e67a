//! Alternative names of a subject (RFC 5280, 4.2.1.6): where a server answers.

use std::net::IpAddr;

use crate::der::{self, Malformed, Reader, tag};

/// Names and addresses in the order in which they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlternativeNames {
    /// DNS names, possibly with a wildcard in front.
    pub dns: Vec<String>,
    /// Addresses.
    pub ips: Vec<IpAddr>,
    /// Mail addresses; only requests have them.
    pub emails: Vec<String>,
    /// URIs; only requests have them.
    pub uris: Vec<String>,
}

/// The numbers of the kinds of names.
const EMAIL: u8 = 1;
const DNS: u8 = 2;
const URI: u8 = 6;
const IP: u8 = 7;

impl AlternativeNames {
    /// The tags of the kinds of names that are read.
    pub(crate) const KINDS: [u8; 4] =
        [tag::context(EMAIL), tag::context(DNS), tag::context(URI), tag::context(IP)];

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether all names and addresses of `wanted` are among these.
    pub fn cover(&self, wanted: &Self) -> bool {
        wanted.dns.iter().all(|name| self.dns.contains(name))
            && wanted.ips.iter().all(|ip| self.ips.contains(ip))
    }

    /// Reads the value of the extension. Kinds of names that nobody here uses are skipped.
    pub(crate) fn parse(value: &[u8]) -> Result<Self, Malformed> {
        let mut names = Self::default();
        let mut list = Reader::new(Reader::only(value, tag::SEQUENCE)?);
        while !list.is_at_end() {
            let name = list.element()?;
            let text = || {
                let text = str::from_utf8(name.content).map_err(|_| Malformed)?;
                if text.is_ascii() { Ok(text.to_owned()) } else { Err(Malformed) }
            };
            match name.tag ^ tag::context(0) {
                EMAIL => names.emails.push(text()?),
                DNS => names.dns.push(text()?),
                URI => names.uris.push(text()?),
                IP => names.ips.push(address(name.content)?),
                _ => {}
            }
        }
        Ok(names)
    }

    /// The value of the extension, in the order in which Go writes the kinds.
    pub(crate) fn written(&self) -> Vec<u8> {
        let texts = |number: u8, names: &[String]| {
            let written =
                names.iter().map(|name| der::element(tag::context(number), &[name.as_bytes()]));
            written.collect::<Vec<_>>()
        };
        let addresses = self.ips.iter().map(|ip| match ip {
            IpAddr::V4(ip) => der::element(tag::context(IP), &[&ip.octets()]),
            IpAddr::V6(ip) => der::element(tag::context(IP), &[&ip.octets()]),
        });
        let mut list = texts(DNS, &self.dns);
        list.extend(texts(EMAIL, &self.emails));
        list.extend(addresses);
        list.extend(texts(URI, &self.uris));
        let list: Vec<&[u8]> = list.iter().map(Vec::as_slice).collect();
        der::sequence(&list)
    }
}

fn address(bytes: &[u8]) -> Result<IpAddr, Malformed> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Ok(four.into());
    }
    <[u8; 16]>::try_from(bytes).map(IpAddr::from).map_err(|_| Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let names = AlternativeNames {
            dns: vec!["localhost".into(), "*.example.com".into()],
            ips: vec!["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()],
            emails: vec!["a@b".into()],
            uris: vec!["spiffe://a/b".into()],
        };
        assert_eq!(AlternativeNames::parse(&names.written()), Ok(names.clone()));
        assert!(AlternativeNames::default().is_empty() && !names.is_empty());
        assert!(
            names.cover(&AlternativeNames { dns: vec!["localhost".into()], ..Default::default() })
        );
        assert!(
            !names.cover(&AlternativeNames { dns: vec!["other".into()], ..Default::default() })
        );
        let ips = vec!["127.0.0.2".parse().unwrap()];
        assert!(!names.cover(&AlternativeNames { ips, ..Default::default() }));
    }

    #[test]
    fn odd_names_are_malformed() {
        for (number, bytes) in [(IP, &[1, 2, 3][..]), (DNS, &[0xc3, 0xbc]), (EMAIL, &[0xff])] {
            let list = der::sequence(&[&der::element(tag::context(number), &[bytes])]);
            assert_eq!(AlternativeNames::parse(&list), Err(Malformed), "{number}");
        }
        let other = der::sequence(&[&der::element(tag::context(8), &[&[42]])]);
        assert!(AlternativeNames::parse(&other).unwrap().is_empty());
    }
}
