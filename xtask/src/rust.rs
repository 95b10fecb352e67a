//! Just enough Rust to see what a source file names: words, paths and macros, outside comments and
//! strings, with their lines.
//!
//! It is no parser: the rules of the house ask which names stand in a file, and for that the
//! tokens are enough. What a macro of somebody else's expands to is not seen.

/// A piece of source text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// From 1.
    pub line: usize,
    pub kind: Kind<'a>,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    /// A name, a keyword or a number.
    Word(&'a str),
    /// A string or character literal, with its quotes.
    Text(&'a str),
    /// Any other character.
    Mark(char),
}

/// A path somebody wrote, its groups taken apart: `use std::{fs, io::Read}` is two of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named<'a> {
    pub line: usize,
    pub path: Vec<&'a str>,
    /// Whether it is called as a macro.
    pub is_macro: bool,
}

/// The tokens of a file, without comments.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut out = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (kind, length) = if rest.starts_with("//") {
            (None, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (None, block_comment(rest))
        } else if let Some(length) = literal(rest) {
            let (text, _) = rest.split_at(length);
            (Some(Kind::Text(text)), length)
        } else if first.is_alphanumeric() || first == '_' {
            let length = word(rest);
            let (word, _) = rest.split_at(length);
            (Some(Kind::Word(word)), length)
        } else {
            ((!first.is_whitespace()).then_some(Kind::Mark(first)), first.len_utf8())
        };
        out.extend(kind.map(|kind| Token { line, kind }));
        let (taken, left) = rest.split_at(length);
        line += taken.matches('\n').count();
        rest = left;
    }
    out
}

/// `tokens` without the items that only tests compile.
pub fn without_tests<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut out = Vec::new();
    let mut rest = tokens;
    while let Some((token, after)) = rest.split_first() {
        match attribute(rest) {
            Some((inside, after)) if is_test_only(inside) => rest = after_item(after),
            _ => {
                out.push(*token);
                rest = after;
            }
        }
    }
    out
}

/// The modules in other files (`mod x;`) that only tests compile.
pub fn test_modules<'a>(tokens: &[Token<'a>]) -> Vec<&'a str> {
    let mut out = Vec::new();
    let mut rest = tokens;
    while let Some((_, after)) = rest.split_first() {
        match attribute(rest) {
            Some((inside, after)) if is_test_only(inside) => {
                rest = after_item(after);
                let (item, _) = after.split_at(after.len() - rest.len());
                if let [.., module, name, end] = item
                    && (module.kind, end.kind) == (Kind::Word("mod"), Kind::Mark(';'))
                    && let Kind::Word(name) = name.kind
                {
                    out.push(name);
                }
            }
            _ => rest = after,
        }
    }
    out
}

/// Every path in `tokens`; a single word is a path of one.
pub fn named<'a>(tokens: &[Token<'a>]) -> Vec<Named<'a>> {
    let mut out = Vec::new();
    let mut rest = tokens;
    while let Some((token, after)) = rest.split_first() {
        rest = match token.kind {
            Kind::Word(_) => path(rest, &[], &mut out),
            _ => after,
        };
    }
    out
}

/// Takes one path from the front of `tokens`, which begin with a word; says what is left.
fn path<'t, 'a>(
    mut tokens: &'t [Token<'a>],
    prefix: &[&'a str],
    out: &mut Vec<Named<'a>>,
) -> &'t [Token<'a>] {
    let mut path = prefix.to_vec();
    let mut line = 0;
    while let Some((Token { line: at, kind: Kind::Word(word) }, after)) = tokens.split_first() {
        line = *at;
        path.push(word);
        tokens = after;
        let Some(after) = after_colons(tokens) else { break };
        match after.first().map(|token| token.kind) {
            Some(Kind::Word(_)) => tokens = after,
            Some(Kind::Mark('{')) => return group(after, &path, out),
            _ => break,
        }
    }
    let is_macro = matches!(tokens, [bang, next, ..]
        if bang.kind == Kind::Mark('!') && next.kind != Kind::Mark('='));
    out.push(Named { line, path, is_macro });
    tokens
}

/// Takes `{a, b::c}` of a `use` from the front of `tokens`.
fn group<'t, 'a>(
    tokens: &'t [Token<'a>],
    prefix: &[&'a str],
    out: &mut Vec<Named<'a>>,
) -> &'t [Token<'a>] {
    let mut rest = tokens.get(1..).unwrap_or_default();
    while let Some((token, after)) = rest.split_first() {
        rest = match token.kind {
            Kind::Mark('}') => return after,
            Kind::Word("self") => {
                out.push(Named { line: token.line, path: prefix.to_vec(), is_macro: false });
                after
            }
            Kind::Word(_) => path(rest, prefix, out),
            _ => after,
        };
    }
    rest
}

fn after_colons<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<&'t [Token<'a>]> {
    match tokens {
        [a, b, after @ ..] if a.kind == Kind::Mark(':') && b.kind == a.kind => Some(after),
        _ => None,
    }
}

/// The inside of the `#[…]` at the front, and what follows it.
fn attribute<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<(&'t [Token<'a>], &'t [Token<'a>])> {
    match tokens {
        [hash, open, ..] if hash.kind == Kind::Mark('#') && open.kind == Kind::Mark('[') => {
            let inside = tokens.get(1..)?;
            Some(inside.split_at(balanced(inside)))
        }
        _ => None,
    }
}

/// Whether an attribute is `cfg(test)` or a `cfg` that nothing but tests and their helpers meet.
fn is_test_only(attribute: &[Token<'_>]) -> bool {
    let has = |word| attribute.iter().any(|token| token.kind == Kind::Word(word));
    has("cfg") && has("test") && !has("not")
}

/// What follows the item at the front: after its block, or after its `;`.
fn after_item<'t, 'a>(tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    let mut rest = tokens;
    while let Some((token, after)) = rest.split_first() {
        match token.kind {
            Kind::Mark(';') => return after,
            Kind::Mark('{') => return rest.split_at(balanced(rest)).1,
            Kind::Mark('(' | '[') => rest = rest.split_at(balanced(rest)).1,
            _ => rest = after,
        }
    }
    rest
}

/// How many tokens the bracket at the front takes, to its partner.
fn balanced(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Mark('(' | '[' | '{') => depth += 1,
            Kind::Mark(')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

fn word(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())
}

/// Block comments nest in Rust.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// How long the string or character literal at the front is, if there is one.
fn literal(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "b", "c", "r", ""].into_iter().find(|prefix| {
        let after = text.strip_prefix(prefix).unwrap_or_default();
        let quoted = after.trim_start_matches('#');
        let raw = prefix.ends_with('r');
        (raw || quoted.len() == after.len()) && quoted.starts_with('"')
            || matches!(*prefix, "b" | "") && after.starts_with('\'')
    })?;
    let body = text.strip_prefix(prefix)?;
    let length = if body.starts_with('\'') {
        character(body)?
    } else if prefix.ends_with('r') {
        let hashes = body.len() - body.trim_start_matches('#').len();
        let end = format!("\"{}", "#".repeat(hashes));
        let open = hashes + 1;
        open + body.get(open..)?.find(&end).map_or(body.len() - open, |at| at + end.len())
    } else {
        quoted(body, '"')
    };
    Some(prefix.len() + length)
}

/// `'x'` or `'\n'`; `None` for the lifetime `'x`.
fn character(text: &str) -> Option<usize> {
    let mut chars = text.chars();
    chars.next()?;
    let first = chars.next()?;
    let closes = first == '\\' || chars.next() == Some('\'');
    closes.then(|| quoted(text, '\''))
}

/// The length of a literal with escapes, its quotes included.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, want: &[&str]) {
        let tokens = without_tests(&tokens(source));
        let got: Vec<String> = named(&tokens)
            .iter()
            .map(|named| {
                format!(
                    "{}:{}{}",
                    named.line,
                    named.path.join("::"),
                    if named.is_macro { "!" } else { "" }
                )
            })
            .collect();
        assert_eq!(got, want, "{source}");
    }

    #[test]
    fn paths_are_taken_apart() {
        check("use std::fs;", &["1:use", "1:std::fs"]);
        check(
            "use std::{fs, io::{self, Read}};",
            &["1:use", "1:std::fs", "1:std::io", "1:std::io::Read"],
        );
        check("a::b\n::c", &["2:a::b::c"]);
        check("println!(x) a != b", &["1:println!", "1:x", "1:a", "1:b"]);
        check("Vec::<u8>::new", &["1:Vec", "1:u8", "1:new"]);
    }

    #[test]
    fn comments_and_strings_name_nothing() {
        check("// a\nb /* c /* d */ e */ f", &["2:b", "2:f"]);
        check(r##"a("b \" c", 'd', '\'', b'e', r#"f " g"#, br"h", c"i") j"##, &["1:a", "1:j"]);
        check("fn f<'a>(x: &'a str) {}", &["1:fn", "1:f", "1:a", "1:x", "1:a", "1:str"]);
        check("\"two\nlines\" a", &["2:a"]);
        check("\"never closed", &[]);
        check("/* never closed", &[]);
        check("r#\"never closed", &[]);
        check("'\\", &[]);
    }

    #[test]
    fn modules_of_tests_are_known() {
        let source = "#[cfg(test)] mod a; mod b; #[cfg(any(test, feature = \"spec\"))] #[path = \"x\"] pub mod c; \
                      #[cfg(test)] mod d { mod e; } #[cfg(test)] use f::g;";
        assert_eq!(test_modules(&tokens(source)), ["a", "c"]);
    }

    #[test]
    fn tests_are_left_out() {
        check("#[cfg(test)] mod tests { a } b", &["1:b"]);
        check("#[cfg(test)] use a::{b, c}; d", &["1:d"]);
        check("#[cfg(any(test, feature = \"spec\"))] pub mod spec; a", &["1:a"]);
        check("#[cfg(test)] fn f(a: [u8; 2]) { b } c", &["1:c"]);
        check("#[cfg(not(test))] a", &["1:cfg", "1:not", "1:test", "1:a"]);
        check("#[cfg(test)] mod open {", &[]);
    }
}
