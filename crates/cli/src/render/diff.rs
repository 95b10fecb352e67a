//! What would be written, as a unified diff.

use portcullis_object::{Input, Limits};
use similar::TextDiff;

use super::{Look, Tone, clean};

/// The difference between two texts of a file, with what nobody may be shown blanked in both: a line
/// around a change may hold a secret.
pub(crate) fn unified(name: &str, before: &str, after: &str, look: Look) -> String {
    let (before, after) = (blanked(before), blanked(after));
    let diff = TextDiff::from_lines(&before, &after);
    let name = clean(name.trim_start_matches('/'));
    let (old, new) = (format!("a/{name}"), format!("b/{name}"));
    let text = diff.unified_diff().context_radius(3).header(&old, &new).to_string();
    let lines = text.split_inclusive('\n').map(|line| {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        let tone = match line.as_bytes() {
            [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => Tone::Strong,
            [b'+', ..] => Tone::Good,
            [b'-', ..] => Tone::Bad,
            [b'@', ..] => Tone::Faint,
            _ => return format!("{}{end}", clean(line)),
        };
        format!("{}{end}", look.paint(tone, &clean(line)))
    });
    lines.collect()
}

/// The text with every secret in it overwritten; lines and lengths stay.
fn blanked(text: &str) -> String {
    let input = Input { name: String::new(), bytes: text.as_bytes().to_vec() };
    let sources = portcullis_object::load(vec![input], &Limits::default()).sources;
    let mut bytes = text.as_bytes().to_vec();
    for id in 0..sources.documents() {
        let Ok(id) = u32::try_from(id) else { break };
        for secret in sources.secret_ranges(portcullis_core::DocumentId(id)) {
            for byte in bytes.get_mut(secret).into_iter().flatten().filter(|b| **b != b'\n') {
                *byte = b'*';
            }
        }
    }
    // INVARIANT: secrets begin and end between characters, so what is left is text.
    String::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn secrets_beside_a_change_are_blanked() {
        let before = "kind: Secret\napiVersion: v1\nMetadata: {name: a}\ndata: {a: c2VjcmV0}\n";
        let after = before.replace("Metadata", "metadata");
        expect![[r#"
            --- a/s.yaml
            +++ b/s.yaml
            @@ -1,4 +1,4 @@
             kind: Secret
             apiVersion: v1
            -Metadata: {name: a}
            +metadata: {name: a}
             data: *************
        "#]]
        .assert_eq(&unified("s.yaml", before, &after, Look::default()));
    }
}
