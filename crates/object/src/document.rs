//! One YAML document as a value, whatever it is: the body of a request, which need not say its kind.

use std::sync::Arc;

use serde_json::Value;

use crate::compose::Workspace;
use crate::limits::Limits;
use crate::source::{Format, parse};
use crate::tree::Text;

/// A document as `sigs.k8s.io/yaml` turns it into JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The value. A document with nothing in it is null.
    pub value: Value,
    /// Keys that stand twice in one map, the last of which counts: each with the line of the one that
    /// does, counted from one.
    pub duplicates: Vec<(String, usize)>,
}

/// Why a text is no YAML document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotADocument {
    /// What is wrong, in a few words.
    pub message: String,
    /// The line it is about, counted from one.
    pub line: usize,
}

/// Reads one document, within the limits for documents.
///
/// # Errors
/// The first fault of a text that is no YAML, or is beyond a limit.
pub fn document(bytes: &[u8], limits: &Limits) -> Result<Document, NotADocument> {
    let text = std::str::from_utf8(bytes).map_err(|error| NotADocument {
        message: "the text is not UTF-8".to_owned(),
        line: 1 + lines(bytes.get(..error.valid_up_to()).unwrap_or_default()),
    })?;
    let source = Text::new(Arc::new(text.to_owned()));
    let mut work = Workspace::new(true);
    let read = parse(&source, Format::Yaml, limits.budget(), &mut work);
    let line = |at: u32| 1 + lines(bytes.get(..at as usize).unwrap_or(bytes));
    let parsed = read.map_err(|refusal| NotADocument {
        line: line(refusal.range.start),
        message: refusal.message,
    })?;
    let Some((parsed, _)) = parsed else {
        return Ok(Document { value: Value::Null, duplicates: Vec::new() });
    };
    let duplicates = parsed
        .duplicates
        .iter()
        .filter_map(|twice| {
            let key = parsed.spans.get(twice.kept as usize)?.key.clone();
            let text = text.get(key.start as usize..key.end as usize)?;
            Some((text.trim_matches(['"', '\'']).to_owned(), line(key.start)))
        })
        .collect();
    Ok(Document { value: parsed.tree.root().to_json(), duplicates })
}

fn lines(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> Result<Document, NotADocument> {
        document(text.as_bytes(), &Limits::default())
    }

    #[test]
    fn a_document_is_a_value_whatever_it_is() {
        let both = read("metadata:\n  name: x\ndata:\n  a: b\n  a: c\n").unwrap();
        assert_eq!(both.value, json!({"metadata": {"name": "x"}, "data": {"a": "c"}}));
        assert_eq!(both.duplicates, [("a".to_owned(), 5)]);
        assert_eq!(read("- 1\n- yes\n").unwrap().value, json!([1, true]));
        assert_eq!(read("").unwrap().value, Value::Null);
    }

    #[test]
    fn what_is_none_is_told_with_its_line() {
        assert_eq!(read("a: 1\nb: [unclosed\n").unwrap_err().line, 2);
        assert_eq!(document(b"a: 1\nb: \xff", &Limits::default()).unwrap_err().line, 2);
    }
}
