//! Markdown for a comment on a change: a count, and a table.

use super::Listing;

pub(super) fn text(listing: &Listing<'_>) -> String {
    let mut text = format!("{}\n", listing.tally.sentence(listing.files.len()));
    if listing.told.is_empty() {
        return text;
    }
    text.push_str("\n| | Finding | Where |\n|---|---|---|\n");
    for told in &listing.told {
        let d = told.diagnostic;
        let message = sentence(&d.message);
        let place = escaped(&told.at.shown());
        text.push_str(&format!(
            "| {} | {} {message} | <code>{place}</code> |\n",
            d.severity, d.code
        ));
    }
    text
}

/// What our sentences put in backticks is anybody's text, which could end them.
fn sentence(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let closed = text.matches('`').count().is_multiple_of(2);
    parts
        .map(|(i, part)| match i % 2 {
            1 if closed => format!("<code>{}</code>", escaped(part)),
            _ => escaped(part),
        })
        .collect()
}

/// The text with everything that Markdown, HTML or a forge would take for more than a letter by its
/// number.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '<' | '>' | '|' | '*' | '_' | '[' | ']' | '`' | '~' | '\\' | '@' | '#' | '!' => {
                out.push_str(&format!("&#{};", u32::from(c)));
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_letters_and_nothing_more() {
        assert_eq!(
            sentence("`a|b` is <b>@all</b>"),
            "<code>a&#124;b</code> is &#60;b&#62;&#64;all&#60;/b&#62;"
        );
        assert_eq!(sentence("`a` and `b"), "&#96;a&#96; and &#96;b".replace("&#96;", ""));
        assert_eq!(escaped("a\nb"), "a b");
    }
}
