//! The parameters of an address, decoded as Go's `net/url` decodes them.

/// Decoded parameters, in the order sent. Cheap to look into: requests have a handful.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads what stands after the `?`.
    ///
    /// A pair that cannot be decoded, or that holds a `;`, is left out and the others count, as with
    /// `URL.Query()` of Go. Bytes that are no UTF-8 become U+FFFD.
    pub fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty() && !pair.contains(';'));
        Self(
            pairs
                .filter_map(|pair| {
                    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                    Some((decode_parameter(key)?, decode_parameter(value)?))
                })
                .collect(),
        )
    }

    /// The first value of a parameter, which is the one that counts.
    pub fn first(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// Every value of a parameter, in the order sent.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.0.iter().filter(move |(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// A switch as the API reads it: present, and neither `false` nor `0`. So `?watch`, `?watch=` and
    /// `?watch=no` are all watches.
    pub fn flag(&self, key: &str) -> bool {
        self.first(key).is_some_and(|text| !text.eq_ignore_ascii_case("false") && text != "0")
    }

    /// Every parameter, in the order sent.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

/// The decoded path; nothing if a `%` is not followed by two hexadecimal digits or the bytes are no
/// UTF-8. A path that is not text could only be compared after changing it, and two different ones
/// would then be the same to a rule.
pub(super) fn decode_path(path: &str) -> Option<String> {
    if !path.contains('%') {
        return Some(path.to_owned());
    }
    String::from_utf8(decode(path, false)?).ok()
}

fn decode_parameter(text: &str) -> Option<String> {
    if !text.contains(['%', '+']) {
        return Some(text.to_owned());
    }
    let bytes = decode(text, true)?;
    Some(
        String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    )
}

fn decode(text: &str, plus_is_space: bool) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => digit(bytes.next())? << 4 | digit(bytes.next())?,
            b'+' if plus_is_space => b' ',
            other => other,
        });
    }
    Some(decoded)
}

fn digit(byte: Option<u8>) -> Option<u8> {
    let value = char::from(byte?).to_digit(16)?;
    u8::try_from(value).ok()
}
