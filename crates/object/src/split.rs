//! From the bytes of a file to the pieces of text that are documents.

use std::ops::Range;

use memchr::{memchr, memmem};

/// How much of a file is looked at to tell text from binary.
const SNIFFED_BYTES: usize = 8192;

/// The text of a file. Where a byte is not UTF-8 a `?` stands, so that offsets stay what they are.
pub(crate) struct Decoded {
    pub(crate) text: String,
    /// Where such bytes were.
    pub(crate) broken: Vec<usize>,
}

/// Bytes as text, or why they are none.
pub(crate) fn decode(bytes: Vec<u8>) -> Result<Decoded, &'static str> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err("the file is UTF-16, not UTF-8");
    }
    if memchr(0, bytes.get(..SNIFFED_BYTES).unwrap_or(&bytes)).is_some() {
        return Err("the file is binary, not text");
    }
    let mut bytes = match String::from_utf8(bytes) {
        Ok(text) => return Ok(Decoded { text, broken: Vec::new() }),
        Err(error) => error.into_bytes(),
    };
    let mut broken = Vec::new();
    let mut at = 0;
    while let Some(Err(error)) = bytes.get(at..).map(std::str::from_utf8) {
        at += error.valid_up_to();
        let wrong = error.error_len().unwrap_or(bytes.len() - at);
        broken.push(at);
        bytes.iter_mut().skip(at).take(wrong).for_each(|b| *b = b'?');
        at += wrong;
    }
    Ok(Decoded { text: String::from_utf8(bytes).unwrap_or_default(), broken })
}

/// Splits at the lines `---`, as kubectl does before it parses anything, so that one bad document
/// does not stop the rest. A piece begins with its `---`, or with the directives (`%YAML`) before
/// it; together the pieces are the text.
pub(crate) fn pieces(text: &str) -> Vec<Range<usize>> {
    let bom = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut starts = vec![0];
    let marks = memmem::find_iter(text.as_bytes(), "\n---").map(|at| at + 1);
    for mark in std::iter::once(bom).chain(marks) {
        let rest = text.get(mark..).and_then(|t| t.strip_prefix("---"));
        if !rest.is_some_and(|r| r.is_empty() || r.starts_with(['\n', '\r', ' ', '\t'])) {
            continue;
        }
        let last = starts.last().copied().unwrap_or(0);
        let start = with_directives(text, last..mark);
        if start > last {
            starts.push(start);
        }
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

/// Where a piece begins whose `---` is at the end of `before`: at the first of the directives that
/// stand above it, nothing but blank lines and comments between.
fn with_directives(text: &str, before: Range<usize>) -> usize {
    let mut start = before.end;
    let mut at = before.end;
    while at > before.start {
        let above = text.get(before.start..at).unwrap_or("");
        let line = above.strip_suffix('\n').unwrap_or(above).rfind('\n').map_or(0, |i| i + 1);
        let content = above.get(line..).unwrap_or("");
        at = before.start + line;
        if content.starts_with('%') {
            start = at;
        } else if !(content.trim().is_empty() || content.starts_with('#')) {
            break;
        }
    }
    start
}

/// Whether there is nothing in a piece but marks, blanks and comments.
pub(crate) fn is_blank(piece: &str) -> bool {
    let content = without_mark(piece);
    content.lines().all(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#') || line == "..."
    })
}

/// The piece without byte order mark and leading `---`.
pub(crate) fn without_mark(piece: &str) -> &str {
    let piece = piece.strip_prefix('\u{feff}').unwrap_or(piece);
    piece.strip_prefix("---").unwrap_or(piece)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: &[&str]) {
        let found: Vec<&str> = pieces(text).into_iter().map(|r| &text[r]).collect();
        assert_eq!(found, want, "{text:?}");
    }

    #[test]
    fn documents_are_split_at_marks() {
        check("", &[""]);
        check("a: 1\n", &["a: 1\n"]);
        check("---\na: 1\n---\nb: 2", &["---\na: 1\n", "---\nb: 2"]);
        check("a: 1\r\n---\r\nb: 2\r\n", &["a: 1\r\n", "---\r\nb: 2\r\n"]);
        check("a: 1\n--- {b: 2}\n---\tx\n----\n", &["a: 1\n", "--- {b: 2}\n", "---\tx\n----\n"]);
        check("\u{feff}---\na: 1", &["\u{feff}", "---\na: 1"]);
        check("a: |\n  x\n  ---\n  y\n", &["a: |\n  x\n  ---\n  y\n"]);
    }

    #[test]
    fn directives_stay_with_the_document_they_speak_of() {
        check("%YAML 1.1\n---\na: 1\n", &["%YAML 1.1\n---\na: 1\n"]);
        check(
            "a: 1\n...\n# next\n%TAG ! x\n\n# c\n---\nb: 2\n",
            &["a: 1\n...\n# next\n", "%TAG ! x\n\n# c\n---\nb: 2\n"],
        );
    }

    #[test]
    fn broken_bytes_keep_the_offsets() {
        let decoded = decode(b"a: \xff\xfe\nb: \xc3\n".to_vec()).ok();
        let (text, broken) = decoded.map(|d| (d.text, d.broken)).unwrap_or_default();
        assert_eq!((text.as_str(), broken.as_slice()), ("a: ??\nb: ?\n", [3, 4, 9].as_slice()));
    }

    #[test]
    fn blank_pieces() {
        for (piece, want) in [
            ("", true),
            ("---\n", true),
            ("\u{feff}", true),
            ("--- # comment\n\n  # more\n...\n", true),
            ("---\nnull\n", false),
            ("a", false),
        ] {
            assert_eq!(is_blank(piece), want, "{piece:?}");
        }
    }
}
