//! Addresses and networks as the API reads them: leading zeros are taken, and said to be unwise.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::FieldError;
use crate::go_text::quoted;
use crate::path::Path;

/// An address; parts of IPv4 may have leading zeros, which count as decimal
/// (`k8s.io/utils/net.ParseIPSloppy`).
pub(crate) fn parse_ip(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address);
    }
    // Only zeros that the strict reader does not take remain to be tried.
    if let Some((head, tail)) = text.rsplit_once(':') {
        let tail = without_zeros(tail)?;
        return format!("{head}:{tail}").parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    without_zeros(text)?.parse::<Ipv4Addr>().ok().map(IpAddr::V4)
}

/// A dotted address without leading zeros.
fn without_zeros(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split('.').collect();
    if parts.len() != 4 {
        return None;
    }
    let part = |part: &str| {
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.trim_start_matches('0').to_owned()).map(|p| match p.as_str() {
            "" => "0".to_owned(),
            _ => p,
        })
    };
    let parts: Option<Vec<String>> = parts.into_iter().map(part).collect();
    Some(parts?.join("."))
}

/// A network as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cidr {
    /// The address before the slash, host bits included.
    pub(crate) address: IpAddr,
    /// The length of the prefix.
    pub(crate) length: u8,
    /// Whether it is written without zeros that strict readers refuse.
    strict: bool,
}

impl Cidr {
    /// Reads `ADDRESS/LENGTH`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let parsed = parse_ip(address)?;
        // Three digits hold every length; Go's reader takes zeros in front of it.
        if length.is_empty() || length.len() > 5 || !length.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let strict =
            address.parse::<IpAddr>().is_ok() && !(length.len() > 1 && length.starts_with('0'));
        let length: u8 = length.parse().ok()?;
        let most = if parsed.is_ipv4() { 32 } else { 128 };
        (length <= most).then_some(Self { address: parsed, length, strict })
    }

    /// The first address of the network.
    pub(crate) fn network(&self) -> IpAddr {
        let cut = |bits: u128, width: u32| {
            let host = width.saturating_sub(u32::from(self.length));
            if host >= 128 { 0 } else { (bits >> host) << host }
        };
        match self.address {
            IpAddr::V4(a) => {
                let bits = cut(u128::from(a.to_bits()), 32);
                IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(bits).unwrap_or(u32::MAX)))
            }
            IpAddr::V6(a) => IpAddr::V6(Ipv6Addr::from_bits(cut(a.to_bits(), 128))),
        }
    }

    /// Whether all of `other` lies in it and it is the larger one.
    pub(crate) fn is_wider_than(&self, other: &Self) -> bool {
        let here = Self { address: other.network(), ..*self };
        self.address.is_ipv4() == other.address.is_ipv4()
            && self.length < other.length
            && here.network() == self.network()
    }
}

/// Appends what is wrong with a network.
pub(crate) fn cidr_faults(text: &str, path: Path<'_>, faults: &mut Vec<FieldError>) {
    if Cidr::parse(text).is_none() {
        let detail = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
        faults.push(FieldError::invalid(path, text, detail));
    }
}

/// Appends what is wrong with an address.
pub(crate) fn ip_faults(text: &str, path: Path<'_>, faults: &mut Vec<FieldError>) {
    if parse_ip(text).is_none() {
        let detail = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
        faults.push(FieldError::invalid(path, text, detail));
    }
}

/// Appends what is not wise about a network: host bits that are set, and spellings that other readers
/// take for something else (KEP-4858).
pub(crate) fn cidr_warnings(text: &str, path: Path<'_>, warnings: &mut Vec<String>) {
    let Some(cidr) = Cidr::parse(text) else { return };
    let before = warnings.len();
    let (network, length) = (cidr.network(), cidr.length);
    let given = quoted(text);
    let meant = quoted(&format!("{}/{length}", go_ip(network)));
    if cidr.address != network {
        let most = if cidr.address.is_ipv4() { 32 } else { 128 };
        let host = quoted(&format!("{}/{most}", go_ip(cidr.address)));
        warnings.push(format!(
            "{path}: CIDR value {given} is ambiguous in this context (should be {meant} or {host}?)"
        ));
    }
    if !cidr.strict || is_mapped(cidr.address) {
        warnings.push(format!(
            "{path}: non-standard CIDR value {given} will be considered invalid in a future \
             Kubernetes release: use {meant}"
        ));
    }
    let canonical = format!("{}/{length}", cidr.address);
    if warnings.len() == before && cidr.address.is_ipv6() && canonical != text {
        let canonical = quoted(&canonical);
        warnings.push(format!(
            "{path}: IPv6 CIDR value {given} should be in RFC 5952 canonical format ({canonical})"
        ));
    }
}

/// Appends what is not wise about an address.
pub(crate) fn ip_warnings(text: &str, path: Path<'_>, warnings: &mut Vec<String>) {
    let Some(address) = parse_ip(text) else { return };
    let given = quoted(text);
    if text.parse::<IpAddr>().is_err() || is_mapped(address) {
        let meant = quoted(&go_ip(address));
        warnings.push(format!(
            "{path}: non-standard IP address {given} will be considered invalid in a future \
             Kubernetes release: use {meant}"
        ));
    } else if address.is_ipv6() && address.to_string() != text {
        let canonical = quoted(&address.to_string());
        warnings.push(format!(
            "{path}: IPv6 address {given} should be in RFC 5952 canonical format ({canonical})"
        ));
    }
}

fn is_mapped(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(a) if a.to_ipv4_mapped().is_some())
}

/// An address as Go's `net.IP` prints it, for which a mapped IPv4 address is IPv4.
fn go_ip(address: IpAddr) -> String {
    address.to_canonical().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_sloppily() {
        for (text, network) in [
            ("10.0.0.5/24", Some("10.0.0.0")),
            ("010.0.0.5/08", Some("10.0.0.0")),
            ("2001:db8::1/32", Some("2001:db8::")),
            ("::/0", Some("::")),
            ("0.0.0.0/0", Some("0.0.0.0")),
            ("10.0.0.0/33", None),
            ("10.0.0/8", None),
            ("10.0.0.0/", None),
            ("10.0.0.0/+8", None),
            ("x", None),
        ] {
            let read = Cidr::parse(text).map(|cidr| cidr.network().to_string());
            assert_eq!(read.as_deref(), network, "{text}");
        }
        assert_eq!(parse_ip("::ffff:010.0.0.1"), "::ffff:10.0.0.1".parse().ok());
    }

    #[test]
    fn wider() {
        for (wide, narrow, want) in [
            ("10.0.0.0/8", "10.1.0.0/16", true),
            ("10.0.0.0/8", "10.0.0.0/8", false),
            ("10.1.0.0/16", "10.2.0.0/24", false),
            ("0.0.0.0/0", "::/1", false),
            ("::/0", "2001:db8::/32", true),
        ] {
            let [wide, narrow] = [wide, narrow].map(|text| Cidr::parse(text).unwrap());
            assert_eq!(wide.is_wider_than(&narrow), want, "{wide:?} {narrow:?}");
        }
    }

    #[test]
    fn warnings() {
        for (text, want) in [
            ("10.0.0.0/24", ""),
            (
                "10.0.0.5/24",
                "f: CIDR value \"10.0.0.5/24\" is ambiguous in this context (should be \"10.0.0.0/24\" or \
                 \"10.0.0.5/32\"?)",
            ),
            (
                "010.0.0.0/8",
                "f: non-standard CIDR value \"010.0.0.0/8\" will be considered invalid in a future \
                 Kubernetes release: use \"10.0.0.0/8\"",
            ),
            (
                "2001:DB8::/32",
                "f: IPv6 CIDR value \"2001:DB8::/32\" should be in RFC 5952 canonical format \
                 (\"2001:db8::/32\")",
            ),
        ] {
            let mut warnings = Vec::new();
            cidr_warnings(text, Path::root("f"), &mut warnings);
            assert_eq!(warnings.join("\n"), want);
        }
    }

    #[test]
    fn addresses() {
        for (text, want) in [
            ("10.0.0.1", ""),
            (
                "10.0.0.01",
                "f: non-standard IP address \"10.0.0.01\" will be considered invalid in a future Kubernetes \
                 release: use \"10.0.0.1\"",
            ),
            (
                "2001:db8:0::1",
                "f: IPv6 address \"2001:db8:0::1\" should be in RFC 5952 canonical format \
                 (\"2001:db8::1\")",
            ),
        ] {
            let (mut faults, mut warnings) = (Vec::new(), Vec::new());
            ip_faults(text, Path::root("f"), &mut faults);
            ip_warnings(text, Path::root("f"), &mut warnings);
            assert_eq!((faults.len(), warnings.join("\n").as_str()), (0, want));
        }
    }
}
