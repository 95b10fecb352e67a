//! PEM: how certificates and keys stand in files (RFC 7468).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// The label of certificates.
pub(crate) const CERTIFICATE: &str = "CERTIFICATE";
/// The label of requests for one.
pub(crate) const CERTIFICATE_REQUEST: &str = "CERTIFICATE REQUEST";

/// The most that is read, in bytes. The certificates of all public authorities together have a quarter.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// The length of a line of the encoding, as every tool writes it.
const LINE: usize = 64;

/// Not PEM, or longer than anything that is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotPem;

/// What stands between two markers. The contents may be a key and are wiped.
pub(crate) struct Block {
    pub(crate) label: String,
    pub(crate) contents: Zeroizing<Vec<u8>>,
}

/// All blocks of a text, in order. What stands around them is ignored, as `openssl` writes explanations
/// there; a block that does not decode is an error.
pub(crate) fn blocks(text: &[u8]) -> Result<Vec<Block>, NotPem> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(NotPem);
    }
    let text = str::from_utf8(text).map_err(|_| NotPem)?;
    let mut blocks = Vec::new();
    let mut lines = text.lines().map(str::trim_end);
    while let Some(line) = lines.next() {
        let Some(label) = marker(line, "-----BEGIN ") else { continue };
        let mut encoded = Zeroizing::new(String::with_capacity(text.len()));
        loop {
            let line = lines.next().ok_or(NotPem)?;
            if let Some(end) = marker(line, "-----END ") {
                if end != label {
                    return Err(NotPem);
                }
                break;
            }
            // Headers, of which an encrypted key has some. We could not read that, and nothing else
            // has them.
            if line.contains(':') {
                return Err(NotPem);
            }
            encoded.push_str(line.trim());
        }
        let contents = STANDARD.decode(encoded.as_bytes()).map_err(|_| NotPem)?;
        blocks.push(Block { label: label.to_owned(), contents: Zeroizing::new(contents) });
    }
    Ok(blocks)
}

fn marker<'a>(line: &'a str, begin: &str) -> Option<&'a str> {
    line.strip_prefix(begin)?.strip_suffix("-----")
}

/// One block with a newline at its end.
pub(crate) fn written(label: &str, contents: &[u8]) -> Zeroizing<String> {
    let encoded = Zeroizing::new(STANDARD.encode(contents));
    let mut text = Zeroizing::new(String::with_capacity(encoded.len() * 2 + 2 * label.len() + 40));
    text.push_str(&format!("-----BEGIN {label}-----\n"));
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(LINE).unwrap_or((rest, ""));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<(String, Vec<u8>)>> {
        let blocks = blocks(text.as_bytes()).ok()?;
        Some(blocks.into_iter().map(|block| (block.label, block.contents.to_vec())).collect())
    }

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 47, 48, 49, 500] {
            let bytes: Vec<u8> = (0..length).map(|number| (number % 251) as u8).collect();
            let text = written("SOMETHING", &bytes);
            assert!(text.lines().all(|line| line.len() <= LINE));
            assert_eq!(read(&text), Some(vec![("SOMETHING".to_owned(), bytes)]), "{length}");
        }
    }

    #[test]
    fn blocks_are_found_in_other_text() {
        let block =
            |label: &str| format!("-----BEGIN {label}-----\r\nAQID\r\n-----END {label}-----\r\n");
        let text = format!("subject: x\n{}issuer:y\n{}", block("A"), block("B C"));
        let bytes = vec![1, 2, 3];
        assert_eq!(read(&text), Some(vec![("A".into(), bytes.clone()), ("B C".into(), bytes)]));
        assert_eq!(read("nothing at all"), Some(vec![]));
    }

    #[test]
    fn broken_blocks_are_errors() {
        for text in [
            "-----BEGIN A-----\nAQID\n",
            "-----BEGIN A-----\nAQID\n-----END B-----\n",
            "-----BEGIN A-----\nAQI\n-----END A-----\n",
            "-----BEGIN A-----\nA?ID\n-----END A-----\n",
            "-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\nAQID\n-----END A-----\n",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(blocks(&vec![b'a'; TEXT_BYTES_MAX + 1]).err(), Some(NotPem));
        assert_eq!(blocks(&[0xff]).err(), Some(NotPem));
    }
}
