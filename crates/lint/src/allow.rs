//! What people allow, in comments beside what they allow.
//!
//! ```yaml
//! - action: Allow # portcullis: allow NP310 reason="metadata is filtered at the node" until=2027-01-01
//! ```
//! At the end of a line it allows findings on that line; on a line of its own, those in the node
//! that begins below it; as the first comment of a document, those in all of it. A reason is
//! needed. One that is expired no longer allows, and one that allows nothing is told, so that none
//! outlives its cause.

use std::collections::HashMap;
use std::ops::Range;

use portcullis_core::{Code, Diagnostic, DocumentId, Place, Severity, nearest};
use portcullis_object::{Located, Sources};

use crate::catalogue;
use crate::report::State;
use portcullis_core::Date;

/// An allowance that cannot be understood, or gives no reason.
pub const MALFORMED: Code = Code("YA020");
/// An allowance whose time is over.
pub const EXPIRED: Code = Code("YA021");
/// An allowance that allows nothing.
pub const UNUSED: Code = Code("YA022");

/// What an allowance begins with, behind the `#`.
const MARK: &str = "portcullis:";

/// Every allowance of the documents that something was found in or that hold one.
pub(crate) struct Allowances {
    by_document: HashMap<DocumentId, Vec<Allowance>>,
    malformed: Vec<Diagnostic>,
}

struct Allowance {
    codes: Vec<Code>,
    reason: String,
    until: Option<Date>,
    place: Place,
    /// The bytes of the file that it covers.
    covers: Range<usize>,
    used: bool,
}

impl Allowances {
    pub(crate) fn read(sources: &Sources) -> Self {
        let mut this = Self { by_document: HashMap::new(), malformed: Vec::new() };
        for id in 0..sources.documents() {
            let Ok(id) = u32::try_from(id) else { break };
            let document = DocumentId(id);
            // Comments are only looked for where there is something to find.
            if sources.text(document).contains(MARK) {
                this.document(sources, document);
            }
        }
        this
    }

    fn document(&mut self, sources: &Sources, document: DocumentId) {
        let Some(range) = sources.document_range(document) else { return };
        let text = sources.file_text(document);
        for comment in sources.comments(document) {
            let Some(written) = text.get(comment.clone()) else { continue };
            let said = written.trim_start_matches('#').trim_start();
            let Some(rest) = said.strip_prefix(MARK) else { continue };
            let place = within(document, &range, &comment);
            match Terms::parse(rest) {
                Ok(terms) => self.by_document.entry(document).or_default().push(Allowance {
                    codes: terms.codes,
                    reason: terms.reason,
                    until: terms.until,
                    place,
                    covers: covered(text, &range, &comment),
                    used: false,
                }),
                Err(fault) => {
                    let mut found =
                        Diagnostic::new(MALFORMED, Severity::Error, place, fault.message);
                    found.help.extend(fault.help);
                    self.malformed.push(found);
                }
            }
        }
    }

    /// Whether a finding is allowed.
    pub(crate) fn judge(
        &mut self,
        finding: &Diagnostic,
        at: Option<&Located>,
        today: Date,
    ) -> State {
        let (Some(at), Some(place)) = (at, finding.place()) else { return State::New };
        let listed = self.by_document.get_mut(&place.document()).into_iter().flatten();
        let mut state = State::New;
        for allowance in listed {
            let covers = allowance.covers.contains(&at.range.start)
                || at.range.is_empty() && at.range.start == allowance.covers.end;
            if !covers || !allowance.codes.contains(&finding.code) {
                continue;
            }
            allowance.used = true;
            if allowance.until.is_none_or(|until| today <= until) {
                state = State::Allowed {
                    reason: allowance.reason.clone(),
                    until: allowance.until,
                    by: allowance.place.clone(),
                };
            }
        }
        state
    }

    /// What is wrong with the allowances themselves, once all findings were judged.
    pub(crate) fn faults(self, today: Date) -> Vec<Diagnostic> {
        let mut faults = self.malformed;
        for allowance in self.by_document.into_values().flatten() {
            let place = allowance.place;
            match allowance.until.filter(|until| *until < today) {
                Some(until) => {
                    let message = format!("this was allowed until {until}, and that is over");
                    let help = "mend what it allowed, or find a new reason and date";
                    faults
                        .push(Diagnostic::new(EXPIRED, Severity::Error, place, message).help(help));
                }
                None if !allowance.used => {
                    let codes: Vec<&str> = allowance.codes.iter().map(|c| c.0).collect();
                    let message = format!("nothing here is {}", codes.join(" or "));
                    let found = Diagnostic::new(UNUSED, Severity::Warning, place, message);
                    faults.push(found.help("remove the comment"));
                }
                None => {}
            }
        }
        faults
    }
}

fn within(document: DocumentId, range: &Range<usize>, bytes: &Range<usize>) -> Place {
    // What is loaded is far below 4 GiB a document.
    let offset = |at: usize| u32::try_from(at.saturating_sub(range.start)).unwrap_or(u32::MAX);
    Place::In(document, offset(bytes.start)..offset(bytes.end))
}

/// The bytes that a comment speaks about.
fn covered(text: &str, document: &Range<usize>, comment: &Range<usize>) -> Range<usize> {
    let before = text.get(document.start..comment.start).unwrap_or("");
    let line_start = document.start + before.rfind('\n').map_or(0, |at| at + 1);
    let line_end = |from: usize| {
        text.get(from..document.end).and_then(|t| t.find('\n')).map_or(document.end, |at| from + at)
    };
    let alone = text.get(line_start..comment.start).is_some_and(|t| t.trim().is_empty());
    if !alone {
        return line_start..line_end(comment.start);
    }
    let nothing = |line: &str| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#') || line == "---" || line.starts_with('%')
    };
    let heads = before.lines().all(|line| line.trim().is_empty() || !line.trim().starts_with('#'))
        && before.lines().all(nothing);
    if heads {
        return document.clone();
    }
    let mut start = line_end(comment.end);
    let mut lines = Vec::new();
    while start < document.end {
        let end = line_end(start + 1);
        lines.push(start + 1..end);
        start = end;
    }
    let shown = |line: &Range<usize>| text.get(line.clone()).unwrap_or("");
    let mut lines = lines.into_iter().skip_while(|line| nothing(shown(line)));
    let Some(first) = lines.next() else { return comment.clone() };
    let indent = |line: &str| line.len() - line.trim_start().len();
    let (depth, is_item) = (indent(shown(&first)), shown(&first).trim_start().starts_with("- "));
    let inside = |line: &str| {
        let item = line.trim_start().starts_with("- ");
        line.trim().is_empty() || indent(line) > depth || indent(line) == depth && item && !is_item
    };
    let last = lines.take_while(|line| inside(shown(line))).last();
    first.start..last.map_or(first.end, |line| line.end)
}

/// What an allowance says.
struct Terms {
    codes: Vec<Code>,
    reason: String,
    until: Option<Date>,
}

struct Fault {
    message: String,
    help: Option<String>,
}

fn fault(message: impl Into<String>, help: impl Into<String>) -> Fault {
    Fault { message: message.into(), help: Some(help.into()) }
}

const FORM: &str = "write `# portcullis: allow NP310 reason=\"…\" until=2027-01-01`";

impl Terms {
    fn parse(text: &str) -> Result<Self, Fault> {
        let Some(rest) = text.trim().strip_prefix("allow") else {
            return Err(fault("the only thing to say here is `allow`", FORM));
        };
        let end = rest.find("reason=").or_else(|| rest.find("until=")).unwrap_or(rest.len());
        let (listed, mut rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let mut terms = Self { codes: Vec::new(), reason: String::new(), until: None };
        for word in listed.split([' ', ',', '\t']).filter(|w| !w.is_empty()) {
            match catalogue::entry(word) {
                Some(entry) => terms.codes.push(entry.code),
                None => {
                    let near = nearest(word, catalogue::catalogue().map(|e| e.code.0));
                    let help = near.map(|near| format!("did you mean {near}?"));
                    return Err(Fault { message: format!("there is no check `{word}`"), help });
                }
            }
        }
        if terms.codes.is_empty() {
            return Err(fault("this allows no check", FORM));
        }
        while !rest.trim().is_empty() {
            rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix("reason=\"") {
                let Some((reason, after)) = after.split_once('"') else {
                    return Err(fault("the reason has no closing quote", FORM));
                };
                terms.reason = reason.trim().to_owned();
                rest = after;
            } else if let Some(after) = rest.strip_prefix("until=") {
                let (date, after) = after.split_once([' ', '\t']).unwrap_or((after, ""));
                match date.parse() {
                    Ok(date) => terms.until = Some(date),
                    Err(error) => return Err(fault(format!("`{date}` is {error}"), FORM)),
                }
                rest = after;
            } else {
                let word = rest.split([' ', '\t']).next().unwrap_or(rest);
                return Err(fault(format!("`{word}` is not understood"), FORM));
            }
        }
        if terms.reason.is_empty() {
            let message = "an allowance needs a reason";
            return Err(fault(message, "add `reason=\"…\"`: the next reader will ask"));
        }
        Ok(terms)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{TODAY, report, shown};
    use crate::{Date, State};

    fn policy(first: &str, above: &str, beside: &str) -> String {
        format!(
            "{first}apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: a}}\n\
             spec:\n{above}  podSelektor: {{}}{beside}\n  x: 1\n"
        )
    }

    const ALLOW: &str = "# portcullis: allow NP101 reason=\"known\"";

    /// Which findings count, and which are allowed.
    fn states(text: &str) -> (Vec<String>, usize) {
        let report = report(text);
        let allowed = |s: &State| matches!(s, State::Allowed { .. });
        let count = report.findings.iter().filter(|f| allowed(&f.state)).count();
        let new = report.findings.iter().filter(|f| f.is_new());
        (new.map(|f| shown(text, f)).collect(), count)
    }

    #[test]
    fn a_comment_allows_its_line_the_node_below_or_the_document() {
        let line = format!(" {ALLOW}");
        let above = format!("  {ALLOW}\n");
        let other = format!("  # another\n  {ALLOW}\n");
        let head = format!("{ALLOW}\n");
        for (text, left, allowed) in [
            (policy("", "", &line), 1, 1),
            (policy("", &above, ""), 1, 1),
            (policy("", &other, ""), 1, 1),
            (policy(&head, "", ""), 0, 2),
            (policy(&format!("---\n{head}"), "", ""), 0, 2),
            (policy("", "", "").replace("spec:", &format!("{ALLOW}\nspec:")), 0, 2),
            (policy("", "", ""), 2, 0),
        ] {
            let (new, count) = states(&text);
            assert_eq!((new.len(), count), (left, allowed), "{text}\n{new:#?}");
        }
    }

    #[test]
    fn what_an_allowance_says_is_judged_too() {
        for (comment, want) in [
            ("allow", "YA020 error this allows no check"),
            ("allow NP101", "YA020 error an allowance needs a reason"),
            ("allow NP101 reason=\"\"", "YA020 error an allowance needs a reason"),
            ("allow NP101 reason=\"x", "YA020 error the reason has no closing quote"),
            ("allow NPX01 reason=\"x\"", "YA020 error there is no check `NPX01`"),
            (
                "allow NP101 reason=\"x\" until=soon",
                "YA020 error `soon` is not a date such as 2027-01-31",
            ),
            ("allow NP101 reason=\"x\" forever", "YA020 error `forever` is not understood"),
            ("deny NP101", "YA020 error the only thing to say here is `allow`"),
            (
                "allow NP101 reason=\"x\" until=2025-12-31",
                "YA021 error this was allowed until 2025-12-31, and that is over",
            ),
            ("allow NP102, NP103 reason=\"x\"", "YA022 warning nothing here is NP102 or NP103"),
        ] {
            let text = policy("", "", &format!(" # portcullis: {comment}"));
            let (new, allowed) = states(&text);
            let said: Vec<&String> = new.iter().filter(|s| s.starts_with("YA")).collect();
            let want = want.split_once(' ').expect("a code");
            assert_eq!(allowed, 0, "{comment}");
            assert!(
                matches!(said.as_slice(), [only] if only.starts_with(want.0) && only.contains(want.1)),
                "{comment}: {said:?}"
            );
        }
    }

    #[test]
    fn the_last_day_still_counts() {
        let today: Date = TODAY.parse().expect("a date");
        let text = policy("", "", &format!(" {ALLOW} until={today}"));
        assert_eq!(states(&text).1, 1);
    }

    #[test]
    fn text_that_looks_like_a_comment_allows_nothing() {
        let text = policy("", "", "").replace("x: 1", "x: '# portcullis: allow NP101'");
        assert_eq!(states(&text).0.len(), 2);
    }
}
