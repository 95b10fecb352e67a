//! Fixes for what readers and lowering found, where what was meant is certain.

use std::collections::HashSet;

use portcullis_core::{DocumentId, Fix, Net, Place, Selector};
use portcullis_object::{Cursor, NodeKind, codes};
use portcullis_snapshot::codes as refusals;

use crate::context::Context;
use crate::found::Found;

/// Adds a fix to every finding that has none and can be mended, and takes away those that would hide
/// what stands beside them.
pub(crate) fn add(context: &Context<'_>, found: &mut Found) {
    let mut given = HashSet::new();
    for diagnostic in found.iter_mut() {
        if diagnostic.fix.as_ref().is_some_and(|fix| !gives_a_new_name(context, fix, &mut given)) {
            diagnostic.fix = None;
        }
    }
    for diagnostic in found.iter_mut().filter(|d| d.fix.is_none()) {
        let Some(at) = diagnostic.origin().and_then(|o| context.node(o)) else { continue };
        // A fix is shown, and repeats what stands there.
        if at.is_secret() {
            continue;
        }
        let Some(written) = written(context, at) else { continue };
        let text = match diagnostic.code {
            codes::MAP_FOR_LIST => as_list(context, at, written),
            codes::WRONG_TYPE => requoted(at, written, &diagnostic.message),
            refusals::ACTION => spelled(at, &["Allow", "Deny", "Log", "Pass"]),
            refusals::PROTOCOL => spelled(at, &["TCP", "UDP", "ICMP", "ICMPv6", "SCTP", "UDPLite"]),
            refusals::PORT => number(at),
            refusals::NET_UNMASKED => masked(at),
            refusals::SELECTOR => compared(at, written),
            _ => None,
        };
        diagnostic.fix = text.map(|text| Fix { place: at.at(), text, safe: true });
    }
}

/// Whether no field beside the one that the fix renames has its new name, or is given it too: of two
/// the later one counts, and what the other says would be lost.
fn gives_a_new_name(
    context: &Context<'_>,
    fix: &Fix,
    given: &mut HashSet<(DocumentId, String, String)>,
) -> bool {
    let Place::Key(origin) = &fix.place else { return true };
    let Some(map) = context.node(origin).and_then(Cursor::parent) else { return true };
    let name = (origin.document, map.path().to_string(), fix.text.clone());
    map.field(&fix.text).is_none() && given.insert(name)
}

/// The text of a node as it stands in its file.
fn written<'a>(context: &Context<'a>, at: Cursor<'a>) -> Option<&'a str> {
    let place = at.at();
    let range = context.sources().locate(&place)?.range;
    context.sources().file_text(place.document()).get(range)
}

/// A map as a list of one: what stands there already, an item deeper.
fn as_list(context: &Context<'_>, at: Cursor<'_>, written: &str) -> Option<String> {
    if at.kind() != NodeKind::Map {
        return None;
    }
    if written.starts_with('{') {
        return Some(format!("[{written}]"));
    }
    // A block: its first line stands where the map begins, the others below.
    let Place::At(origin) = at.at() else { return None };
    let column = context.sources().locate(&Place::At(origin))?.column;
    let mut lines = written.lines();
    let mut text = format!("- {}", lines.next()?);
    for line in lines {
        let blank = line.trim().is_empty();
        // Text that stands further left than the map is none of it.
        let indent = line.len() - line.trim_start().len();
        if !blank && indent + 1 < column {
            return None;
        }
        text.push('\n');
        if !blank {
            text.push_str("  ");
            text.push_str(line);
        }
    }
    Some(text)
}

/// A scalar in quotes where text is due, and out of them where a number or boolean is.
fn requoted(at: Cursor<'_>, written: &str, message: &str) -> Option<String> {
    let plain = |t: &str| !t.is_empty() && !t.contains(['"', '\'', '\n', '\\', '#']);
    match at.kind() {
        NodeKind::Bool | NodeKind::Int | NodeKind::Float
            if message.contains("must be a string") =>
        {
            plain(written).then(|| format!("\"{written}\""))
        }
        NodeKind::String if message.contains("must be a whole number,") => {
            at.as_str()?.parse::<i64>().ok().map(|number| number.to_string())
        }
        NodeKind::String if message.contains("must be a boolean") => {
            at.as_str().filter(|t| matches!(*t, "true" | "false")).map(str::to_owned)
        }
        _ => None,
    }
}

/// The word in its own spelling.
fn spelled(at: Cursor<'_>, words: &[&str]) -> Option<String> {
    let text = at.as_str()?;
    words.iter().find(|w| w.eq_ignore_ascii_case(text) && **w != text).map(|w| (*w).to_owned())
}

/// A port number that stands in quotes.
fn number(at: Cursor<'_>) -> Option<String> {
    at.as_str()?.parse::<u16>().ok().filter(|n| *n > 0).map(|n| n.to_string())
}

fn masked(at: Cursor<'_>) -> Option<String> {
    let (net, changed) = Net::parse_masking(at.as_str()?).ok()?;
    changed.then(|| net.to_string())
}

/// A selector with `==` where a single `=` stands, if that is all that is wrong with it.
fn compared(at: Cursor<'_>, written: &str) -> Option<String> {
    let text = at.as_str()?;
    let error = Selector::parse(text).err()?;
    let rest = text.get(error.at.start..)?;
    if !rest.starts_with('=') || rest.starts_with("==") {
        return None;
    }
    let mended = format!("{}={rest}", text.get(..error.at.start)?);
    Selector::parse(&mended).ok()?;
    // Only where the text stands as it is read: no escapes, no folded lines.
    written.contains(text).then(|| written.replacen(text, &mended, 1))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use portcullis_object::{Input, Limits};
    use portcullis_snapshot::Settings;

    use crate::testing::{TODAY, report};
    use crate::{Config, settle};

    fn fixed(text: &str) -> String {
        fixed_with(text, false)
    }

    fn fixed_with(text: &str, unsafe_too: bool) -> String {
        let input = Input { name: "a.yaml".into(), bytes: text.as_bytes().to_vec() };
        let (limits, settings, config) =
            (Limits::default(), Settings::default(), Config::default());
        let today = TODAY.parse().expect("a date");
        let fixed = settle(vec![input], &limits, &settings, &config, today, unsafe_too);
        String::from_utf8(fixed[0].bytes.clone()).expect("text")
    }

    /// The text after its safe fixes.
    #[track_caller]
    fn check(text: &str, want: Expect) {
        let once = fixed(text);
        want.assert_eq(&once);
        assert_eq!(fixed(&once), once);
    }

    #[test]
    fn a_fix_repeats_no_secret() {
        let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {pin: 4711}\n";
        let found = report(text).findings;
        assert!(found.iter().any(|f| f.diagnostic.code.0 == "NP104"));
        for finding in found {
            let said = format!("{:?}", finding.diagnostic);
            assert!(!said.contains("4711"), "{said}");
        }
    }

    #[test]
    fn a_name_that_is_there_already_is_not_given_again() {
        const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n\
                           spec: {containers: [{name: c, image: i}]}\n";
        for beside in ["Spec: {}", "KIND: Service", "kin:"] {
            let text = format!("{POD}{beside}\n");
            for unsafe_too in [false, true] {
                assert_eq!(fixed_with(&text, unsafe_too), text);
            }
        }
        let twice = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nSpec: {}\nSPEC: {}\n";
        assert_eq!(fixed(twice), twice.replace("Spec", "spec"));
    }

    #[test]
    fn layout_and_comments_stay() {
        check(
            "# Keep me.
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: a, labels: {on: yes}}
Spec: # and me
  selector: app = 'web'
  egress:
    # the only rule
    action: allow
    protocol: tcp

    destination:
      nets: [10.0.0.1/8]   # and me
  ingress: {action: Deny}
",
            expect![[r##"
                # Keep me.
                apiVersion: projectcalico.org/v3
                kind: GlobalNetworkPolicy
                metadata: {name: a, labels: {on: "yes"}}
                spec: # and me
                  selector: app == 'web'
                  egress:
                    # the only rule
                    - action: Allow
                      protocol: TCP

                      destination:
                        nets: [10.0.0.1/8]   # and me
                  ingress: [{action: Deny}]
            "##]],
        );
        check(
            "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: a}
spec:
  podSelector: {matchLabels: {version: 1.10}}
  ingress:
  - from: {ipBlock: {cidr: 10.0.0.1/8}}
    ports: [{port: '80'}]
",
            expect![[r#"
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: a}
                spec:
                  podSelector: {matchLabels: {version: "1.10"}}
                  ingress:
                  - from: [{ipBlock: {cidr: 10.0.0.0/8}}]
                    ports: [{port: 80}]
            "#]],
        );
    }
}
