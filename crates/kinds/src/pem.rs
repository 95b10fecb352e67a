//! PEM (RFC 7468) as Go's `encoding/pem` finds it: blocks anywhere in a text, what is none is skipped.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// What it says it is, as `CERTIFICATE`.
    pub(crate) label: String,
    /// Whether it has headers before its content (RFC 1421).
    pub(crate) has_headers: bool,
    /// Its content.
    pub(crate) content: Vec<u8>,
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// Every block of the bytes, in order.
pub(crate) fn blocks(bytes: &[u8]) -> Vec<Block> {
    let text = String::from_utf8_lossy(bytes);
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(label) = label(line, BEGIN) else { continue };
        let after = lines.clone();
        match block(label, &mut lines) {
            Some(block) => found.push(block),
            // What only looked like the beginning of a block may hide one.
            None => lines = after,
        }
    }
    found
}

fn label<'a>(line: &'a str, dashes: &str) -> Option<&'a str> {
    line.trim_end().strip_prefix(dashes)?.strip_suffix(DASHES)
}

fn block<'a>(named: &str, lines: &mut impl Iterator<Item = &'a str>) -> Option<Block> {
    let mut content = String::new();
    let mut has_headers = false;
    for line in lines {
        if let Some(end) = label(line, END) {
            let content = STANDARD.decode(content).ok().filter(|_| end == named)?;
            return Some(Block { label: named.to_owned(), has_headers, content });
        }
        if content.is_empty() && line.contains(':') {
            has_headers = true;
        } else {
            content.extend(line.split_whitespace());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_stand_anywhere() {
        let text = "x\n-----BEGIN A-----\n-----BEGIN B-----\r\nAAEC\r\n-----END B-----\r\n\
                    -----BEGIN C-----\nK: v\n\nAA==\n-----END C-----\n-----BEGIN D-----\nAA\n";
        let found = blocks(text.as_bytes());
        let want = [("B", false, vec![0, 1, 2]), ("C", true, vec![0])];
        let want = want.map(|(label, has_headers, content)| Block {
            label: label.to_owned(),
            has_headers,
            content,
        });
        assert_eq!(found, want);
        assert_eq!(blocks(b"\xff-----BEGIN"), []);
    }
}
