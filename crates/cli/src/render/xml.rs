//! Text in XML 1.0.

use super::clean;

/// Text between tags. Characters that XML cannot hold at all are shown by their number; line breaks
/// stay.
pub(super) fn content(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(|line| escaped(&clean(line))).collect();
    lines.join("\n")
}

/// Text within double quotes, in which a line break would become a blank.
pub(super) fn attribute(text: &str) -> String {
    escaped(&clean(text))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Beyond control characters, these two are no characters of XML.
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_tag_early() {
        assert_eq!(attribute("a\"b<c>&\n\u{1b}"), "a&quot;b&lt;c&gt;&amp;\\u{a}\\u{1b}");
        assert_eq!(content("]]>\n\u{ffff}"), "]]&gt;\n\u{fffd}");
    }
}
