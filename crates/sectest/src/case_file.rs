//! `*.case.md`: prose whose yaml fences are objects and tests.

/// The YAML of a case file: what stands in its fences, one document or more a fence, each on the
/// line and in the column where the prose has it.
///
/// A fence counts if its info string begins with `yaml` or `yml`; what else the prose holds
/// becomes blank lines. As in CommonMark (4.5), a fence is three backticks or tildes or more,
/// indented by three blanks at most, and one that is not closed ends with the file.
pub fn yaml_of_case(markdown: &[u8]) -> Vec<u8> {
    let mut yaml = Vec::with_capacity(markdown.len());
    let mut open: Option<Fence> = None;
    for line in markdown.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii_end();
        let fence = Fence::read(text);
        match (&open, fence) {
            (Some(opened), Some(found)) if opened.is_closed_by(&found) => open = None,
            (Some(Fence { is_yaml: true, .. }), _) => {
                yaml.extend_from_slice(line);
                continue;
            }
            (Some(_), _) => {}
            (None, Some(found)) => {
                if found.is_yaml {
                    yaml.extend_from_slice(b"---");
                }
                open = Some(found);
            }
            (None, None) => {}
        }
        if line.ends_with(b"\n") {
            yaml.push(b'\n');
        }
    }
    yaml
}

/// A line that opens or closes a fence.
struct Fence {
    mark: u8,
    length: usize,
    has_info: bool,
    is_yaml: bool,
}

impl Fence {
    fn read(line: &[u8]) -> Option<Self> {
        /// One blank more makes a line indented code.
        const INDENT_MAX: usize = 3;
        /// Fewer are code within a line.
        const LENGTH_MIN: usize = 3;
        let text = line.trim_ascii_start();
        let indent = line.len() - text.len();
        let mark = *text.first().filter(|byte| matches!(**byte, b'`' | b'~'))?;
        let length = text.iter().take_while(|byte| **byte == mark).count();
        let info = text.get(length..)?.trim_ascii();
        let is_code_in_a_line = mark == b'`' && info.contains(&b'`');
        if indent > INDENT_MAX || length < LENGTH_MIN || is_code_in_a_line {
            return None;
        }
        let word: Vec<u8> = info
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric())
            .map(u8::to_ascii_lowercase)
            .collect();
        let is_yaml = matches!(word.as_slice(), b"yaml" | b"yml");
        Some(Self { mark, length, has_info: !info.is_empty(), is_yaml })
    }

    fn is_closed_by(&self, other: &Self) -> bool {
        self.mark == other.mark && other.length >= self.length && !other.has_info
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(markdown: &str, want: &str) {
        let yaml = yaml_of_case(markdown.as_bytes());
        assert_eq!(String::from_utf8_lossy(&yaml), want);
    }

    #[test]
    fn yaml_keeps_its_lines_and_prose_does_not() {
        check("# x\n```yaml\na: 1\n---\nb: 2\n```\nend\n", "\n---\na: 1\n---\nb: 2\n\n\n");
        check("```YML title\na: 1\n```\n```yaml\nb: 2\n```", "---\na: 1\n\n---\nb: 2\n");
    }

    #[test]
    fn other_fences_are_prose() {
        check("```console\n$ a: 1\n```\n", "\n\n\n");
        check("```` yaml\n```\na: 1\n````\nb\n", "---\n```\na: 1\n\n\n");
        check("~~~yaml\na: 1\n```\n~~~\n", "---\na: 1\n```\n\n");
        check("    ```yaml\na: 1\n", "\n\n");
        check("```yaml ` ```\na: 1\n", "\n\n");
        check("``yaml\na: 1\n", "\n\n");
    }

    #[test]
    fn a_fence_that_is_not_closed_ends_with_the_file() {
        check("```yaml\na: 1", "---\na: 1");
        check("", "");
        check("```yaml\r\na: 1\r\n```\r\n", "---\na: 1\r\n\n");
    }
}
