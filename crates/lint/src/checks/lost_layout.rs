//! YAML that has lost its line breaks or its indentation.
//!
//! Copied out of slides and chats, a manifest arrives on one line, or with every line at the left
//! edge. Either gives a dozen findings that explain nothing, so the cause is told once; for kinds
//! whose fields are known the layout is guessed, and marked as a guess.

use portcullis_core::{Code, Diagnostic, DocumentId, Fix, Place, Severity};
use portcullis_object::{Cursor, Input, Limits, NodeKind, Object, load};
use portcullis_schema::{Field, Message, Type, message};

use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("YA014"),
    severity: Severity::Error,
    title: "the text has lost its line breaks or its indentation",
    run,
};

/// A manifest that somebody wrote by hand is far below; guessing at more helps nobody.
const BYTES_MAX: usize = 16 << 10;

fn run(context: &Context<'_>, found: &mut Found) {
    let sources = context.sources();
    let mut lost: Vec<(DocumentId, &str)> = Vec::new();
    for document in &context.loaded.unreadable {
        let text = sources.text(document.document);
        if text.lines().any(is_collapsed) {
            lost.push((document.document, "line breaks"));
        }
    }
    for object in context.objects.iter().filter(|o| is_flattened(o)) {
        lost.push((object.document(), "indentation"));
    }
    for (document, what) in lost {
        found.take_back(|d| d.place().is_some_and(|p| p.document() == document));
        found.add(finding(context, document, what));
    }
}

fn finding(context: &Context<'_>, document: DocumentId, what: &str) -> Diagnostic {
    let text = context.sources().text(document);
    let head = text.find("apiVersion").or_else(|| text.find("kind:")).unwrap_or(0);
    let end = text.get(head..).and_then(|t| t.find('\n')).map_or(text.len(), |at| head + at);
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let place = Place::In(document, offset(head)..offset(end));
    let finding = CHECK.at(place, format!("the manifest has lost its {what}")).refusing();
    let Some(guess) = text.get(head..).filter(|t| t.len() <= BYTES_MAX).and_then(reconstructed)
    else {
        return finding.help("copy it again from where it is still laid out");
    };
    let last = head + text.get(head..).map_or(0, |t| t.trim_end().len());
    finding.help(format!("a guess at what it was, to be checked:\n{guess}")).fixed_by(Fix {
        place: Place::In(document, offset(head)..offset(last)),
        text: guess.trim_end().to_owned(),
        safe: false,
    })
}

/// Whether several fields of an object stand on one line, outside of braces.
fn is_collapsed(line: &str) -> bool {
    let Some(at) = line.find("apiVersion:") else { return false };
    let (before, rest) = line.split_at_checked(at).unwrap_or((line, ""));
    !before.contains('{') && [" kind:", " metadata:"].iter().all(|key| rest.contains(key))
}

/// Whether what belongs into `metadata` or `spec` stands beside it.
fn is_flattened(object: &Object) -> bool {
    let root = object.root();
    let null = |name: &str| root.field(name).is_some_and(Cursor::is_null);
    let beside = |name: &str| root.field(name).is_some();
    // Items of lists have their own layout around them.
    root.parent().is_none()
        && (null("metadata") && beside("name")
            || null("spec")
                && ["selector", "types", "podSelector", "ingress"].iter().any(|f| beside(f)))
}

// === The guess ===

/// One word of the text: a key with what stands behind it, or a dash.
#[derive(Debug, PartialEq)]
enum Word {
    Dash,
    Key(String, String),
    /// Text without a key: an item of a list of texts.
    Text(String),
}

/// The words of a manifest without its layout.
fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    for line in text.lines() {
        let mut fresh = true;
        for part in pieces(line) {
            if part.starts_with('#') {
                break;
            }
            if part == "-" {
                words.push(Word::Dash);
                fresh = true;
                continue;
            }
            if let Some(key) = part.strip_suffix(':').filter(|k| is_key(k)) {
                words.push(Word::Key(key.to_owned(), String::new()));
                fresh = false;
                continue;
            }
            match words.last_mut() {
                Some(Word::Key(_, value) | Word::Text(value)) if !fresh => {
                    if !value.is_empty() {
                        value.push(' ');
                    }
                    value.push_str(part);
                }
                _ => words.push(Word::Text(part.to_owned())),
            }
            fresh = false;
        }
    }
    words
}

/// The parts of a line between blanks, quoted text and braces in one piece.
fn pieces(line: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut quote, mut depth) = (None, None, 0_usize);
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            (None, ' ' | '\t') if depth == 0 => {
                parts.extend(start.take().and_then(|s: usize| line.get(s..at)));
                continue;
            }
            _ => {}
        }
        start.get_or_insert(at);
    }
    parts.extend(start.and_then(|s| line.get(s..)));
    parts
}

fn is_key(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    !text.is_empty() && text.chars().all(inner)
}

/// Something that is open while the words are laid out.
struct Frame {
    kind: Type,
    indent: usize,
    /// Whether it is a list that an item was begun in.
    begun: bool,
}

/// The text laid out by what the fields of its kind are, if that gives an object without faults.
fn reconstructed(text: &str) -> Option<String> {
    let words = words(text);
    let value = |name: &str| {
        words.iter().find_map(|w| match w {
            Word::Key(key, value) if key == name => Some(value.trim_matches(['"', '\''])),
            _ => None,
        })
    };
    let (api_version, kind) = (value("apiVersion")?, value("kind")?);
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let guess = laid_out(&words, message(group, version, kind)?)?;
    let input = Input { name: String::new(), bytes: guess.clone().into_bytes() };
    let loaded = load(vec![input], &Limits::default());
    let clean = loaded.diagnostics.is_empty()
        && loaded.objects.iter().all(|o| portcullis_object::check(o).is_empty())
        && loaded
            .objects
            .iter()
            .any(|o| o.root().field("metadata").is_some_and(|m| m.kind() == NodeKind::Map));
    clean.then_some(guess)
}

fn laid_out(words: &[Word], root: &'static Message) -> Option<String> {
    let mut stack = vec![Frame { kind: Type::Message(root), indent: 0, begun: false }];
    let mut out = String::new();
    let mut dash = false;
    for (i, word) in words.iter().enumerate() {
        match word {
            Word::Dash => dash = true,
            Word::Text(text) => {
                let list = stack.iter().rposition(|f| is_list_of_scalars(f.kind))?;
                stack.truncate(list + 1);
                let indent = stack.last()?.indent;
                out.push_str(&format!("{:indent$}- {text}\n", ""));
                dash = false;
            }
            Word::Key(key, value) => {
                let next = words.get(i + 1);
                let at = home(&stack, key, dash, value, next)?;
                stack.truncate(at + 1);
                let frame = stack.last_mut()?;
                let (indent, field) = match (frame.kind, dash) {
                    (Type::List(Type::Message(item)), true) => {
                        frame.begun = true;
                        let indent = frame.indent;
                        stack.push(Frame {
                            kind: Type::Message(item),
                            indent: indent + 2,
                            begun: false,
                        });
                        out.push_str(&format!("{:indent$}- ", ""));
                        (0, item.field(key)?.kind)
                    }
                    (Type::Message(message), false) => (frame.indent, message.field(key)?.kind),
                    (Type::Map(item), false) => {
                        frame.begun = true;
                        (frame.indent, *item)
                    }
                    _ => return None,
                };
                dash = false;
                let blank = if value.is_empty() { "" } else { " " };
                out.push_str(&format!("{:indent$}{key}:{blank}{value}\n", ""));
                if value.is_empty() {
                    let inside = stack.last()?.indent + 2;
                    let indent = if matches!(field, Type::List(_)) { inside - 2 } else { inside };
                    stack.push(Frame { kind: field, indent, begun: false });
                }
            }
        }
    }
    Some(out)
}

fn is_list_of_scalars(kind: Type) -> bool {
    let Type::List(item) = kind else { return false };
    !matches!(item, Type::Message(_) | Type::Map(_) | Type::List(_))
}

/// The innermost open thing that the key can belong to.
fn home(stack: &[Frame], key: &str, dash: bool, value: &str, next: Option<&Word>) -> Option<usize> {
    stack.iter().enumerate().rev().find_map(|(i, frame)| {
        let fits = match (frame.kind, dash) {
            (Type::List(Type::Message(item)), true) => item.field(key).is_some_and(|f| suits(f, value, next)),
            (Type::Message(message), false) => {
                message.field(key).is_some_and(|f| suits(f, value, next))
            }
            // A map takes any key, but the first that an outer field has ends it.
            (Type::Map(_), false) => {
                let outer = stack.iter().take(i).any(|f| {
                    matches!(f.kind, Type::Message(m) if m.field(key).is_some_and(|f| suits(f, value, next)))
                });
                !frame.begun || !outer
            }
            _ => false,
        };
        fits.then_some(i)
    })
}

/// Whether what follows a key can be the field's value.
fn suits(field: &Field, value: &str, next: Option<&Word>) -> bool {
    match field.kind {
        Type::Message(_) | Type::Map(_) => value.is_empty() || value.starts_with('{'),
        Type::List(_) => match value {
            "" => matches!(next, Some(Word::Dash)),
            value => value.starts_with('['),
        },
        Type::Any => true,
        _ => !value.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::{CHECK, reconstructed};
    use crate::testing::{check, report, silent};

    #[test]
    fn one_line_is_laid_out_again() {
        let text = "apiVersion: projectcalico.org/v3 kind: GlobalNetworkPolicy metadata: name: platform.web \
                    spec: tier: platform order: 400 selector: app == \"centos\" ingress: - action: Allow \
                    source: {} destination: ports: - \"80\" - action: Pass types: - Ingress\n";
        let guess = reconstructed(text).expect("a guess");
        expect![[r#"
            apiVersion: projectcalico.org/v3
            kind: GlobalNetworkPolicy
            metadata:
              name: platform.web
            spec:
              tier: platform
              order: 400
              selector: app == "centos"
              ingress:
              - action: Allow
                source: {}
                destination:
                  ports:
                  - "80"
              - action: Pass
              types:
              - Ingress
        "#]]
        .assert_eq(&guess);
    }

    #[test]
    fn lines_at_the_left_edge_are_laid_out_again() {
        let text = "\
apiVersion: projectcalico.org/v3
kind: Tier
metadata:
name: platform
spec:
order: 300
";
        check(
            CHECK.code,
            text,
            expect![[r#"
            1 error "apiVersion: projectcalico.org/v3": the manifest has lost its indentation (a guess at what it was, to be checked:
            apiVersion: projectcalico.org/v3
            kind: Tier
            metadata:
              name: platform
            spec:
              order: 300
            )
        "#]],
        );
        let codes: Vec<&str> = report(text).findings.iter().map(|f| f.diagnostic.code.0).collect();
        assert_eq!(codes, ["YA014"], "the cause is told once");
    }

    #[test]
    fn labels_end_where_a_field_begins() {
        let text = "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
name: web
namespace: shop
spec:
podSelector:
matchLabels:
app: web
policyTypes:
- Ingress
ingress:
- from:
- podSelector:
matchLabels:
role: frontend
ports:
- port: 80
";
        expect![[r#"
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata:
              name: web
              namespace: shop
            spec:
              podSelector:
                matchLabels:
                  app: web
              policyTypes:
              - Ingress
              ingress:
              - from:
                - podSelector:
                    matchLabels:
                      role: frontend
                ports:
                - port: 80
        "#]]
        .assert_eq(&reconstructed(text).expect("a guess"));
    }

    #[test]
    fn what_cannot_be_guessed_is_told_all_the_same() {
        let text = "apiVersion: example.com/v1 kind: Widget metadata: name: a\n";
        check(
            CHECK.code,
            text,
            expect![[r#"
            1 error "apiVersion: example.com/v1 kind: Widget metadata: name: a": the manifest has lost its line breaks (copy it again from where it is still laid out)
        "#]],
        );
    }

    #[test]
    fn layout_that_is_there() {
        silent(
            CHECK.code,
            &[
                "apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata:\n  name: a\nspec:\n  order: 1\n",
                "{apiVersion: v1, kind: Namespace, metadata: {name: a}}\n",
                "apiVersion: v1\nkind: Namespace\nmetadata:\n",
            ],
        );
    }
}
