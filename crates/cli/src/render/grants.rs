//! RBAC for people.

use portcullis_analysis::access::Access;
use portcullis_core::{Skipped, Verdict};
use portcullis_rbac::{Grant, Holdings, Rule, RulesReview, words};

use super::table::{columns, padded, wrapped};
use super::{Look, Tone, clean, place};
use crate::cluster::Unread;
use crate::places::Places;

/// The answer to `rbac can`: the word kubectl says, then why.
pub(crate) fn access(
    access: &Access<'_>,
    asked: &str,
    places: &Places,
    unread: &[Unread],
    look: Look,
) -> String {
    let (word, may) = match access.verdict {
        Verdict::Allow => ("yes", "may"),
        Verdict::Deny => ("no", "may not"),
        Verdict::Unknown => ("unknown", "may or may not"),
    };
    let decision = &access.decision;
    let word = look.paint(Tone::of(&access.verdict.to_string()), word);
    let mut text = format!("{word}  {}\n\n", clean(&asked.replacen("may", may, 1)));
    let mut lines: Vec<(&str, String, String)> = Vec::new();
    for doubt in &access.doubts {
        let said = format!("{} may or may not be in force: {}", doubt.what, doubt.why);
        lines.push(("doubt", said, place(Some(&doubt.origin), places)));
    }
    for why in decision.because.iter() {
        lines.push(("why", why.to_string(), place(why.origin(), places)));
    }
    for assumed in &decision.assumed {
        lines.push(("assumed", assumed.what.clone(), String::new()));
    }
    lines.extend(skipped_lines(decision.skipped.iter().chain(&access.skipped), unread, places));
    let reason = words::reason(decision);
    if look.wide && !reason.is_empty() {
        lines.push(("server", reason, String::new()));
    }
    text.push_str(&labelled(&lines, look));
    text
}

/// Sentences that say what they are, each kind said once, wrapped; places behind them.
fn labelled(lines: &[(&str, String, String)], look: Look) -> String {
    const INDENT: usize = 9;
    let mut text = String::new();
    let mut last = "";
    for (label, said, place) in lines {
        let mut shown = if *label == last && !look.plain { "" } else { label };
        last = label;
        let wrapped = wrapped(said, look.width.saturating_sub(INDENT + 1));
        for (i, line) in wrapped.iter().enumerate() {
            text.push_str(&format!(" {}{line}", padded(shown, INDENT)));
            if i + 1 == wrapped.len() && !place.is_empty() {
                text.push_str(&look.paint(Tone::Faint, &format!("  {place}")));
            }
            text.push('\n');
            shown = "";
        }
    }
    text
}

fn skipped_lines<'a>(
    skipped: impl Iterator<Item = &'a Skipped>,
    unread: &[Unread],
    places: &Places,
) -> Vec<(&'static str, String, String)> {
    let skipped = skipped.map(|s| ("skipped", s.why.clone(), place(s.origin.as_ref(), places)));
    let unread = unread.iter().map(|unread| ("skipped", unread.why.clone(), unread.place()));
    skipped.chain(unread).collect()
}

/// The answer to `rbac can --list`, with kubectl's columns.
pub(crate) fn review(review: &RulesReview, places: &Places, look: Look) -> String {
    let mut rows = Vec::new();
    // A rule with both is listed as both; each row of the review has one.
    for rule in &review.resource_rules {
        for target in targets(rule) {
            rows.push(review_row(target, &[], rule, places));
        }
    }
    for rule in &review.url_rules {
        rows.push(review_row(String::new(), &rule.urls, rule, places));
    }
    let headers = ["RESOURCES", "NON-RESOURCE URLS", "RESOURCE NAMES", "VERBS", "FROM"];
    let mut text = columns(&headers, &rows, look);
    if let Some(error) = &review.error {
        text.push_str(&format!("\nincomplete: {}\n", clean(error)));
    }
    text
}

fn review_row(
    target: String,
    urls: &[smol_str::SmolStr],
    rule: &Rule,
    places: &Places,
) -> Vec<String> {
    vec![
        target,
        bracketed(urls),
        bracketed(&rule.resource_names),
        bracketed(&rule.verbs),
        place(Some(&rule.origin), places),
    ]
}

/// `[a b]`, as kubectl prints lists.
fn bracketed(words: &[smol_str::SmolStr]) -> String {
    format!("[{}]", words.join(" "))
}

/// `deployments.apps/scale`: each resource of a rule in each of its groups.
fn targets(rule: &Rule) -> Vec<String> {
    let mut targets = Vec::new();
    for group in &rule.api_groups {
        for resource in &rule.resources {
            let (resource, sub) = resource.split_once('/').unwrap_or((resource, ""));
            let group = if group.is_empty() { String::new() } else { format!(".{group}") };
            let sub = if sub.is_empty() { String::new() } else { format!("/{sub}") };
            targets.push(format!("{resource}{group}{sub}"));
        }
    }
    targets
}

/// The answer to `rbac who`.
pub(crate) fn holders(
    grants: &[Grant],
    skipped: &[Skipped],
    unread: &[Unread],
    places: &Places,
    look: Look,
) -> String {
    let mut text = if grants.is_empty() {
        "nobody\n".to_owned()
    } else {
        let rows: Vec<Vec<String>> = grants
            .iter()
            .map(|grant| {
                vec![
                    grant.subject.who.to_string(),
                    grant.scope().to_string(),
                    by(grant, look),
                    place(Some(grant.origin()), places),
                ]
            })
            .collect();
        columns(&["SUBJECT", "SCOPE", "GRANTED BY", "AT"], &rows, look)
    };
    append_skipped(&mut text, skipped, unread, places, look);
    text
}

/// The answer to `rbac what`.
pub(crate) fn holdings(
    held: &Holdings,
    skipped: &[Skipped],
    unread: &[Unread],
    places: &Places,
    look: Look,
) -> String {
    let grants = held.cluster.iter().chain(held.namespaces.values().flatten());
    let rows: Vec<Vec<String>> =
        grants.flat_map(|grant| holding_rows(grant, places, look)).collect();
    let mut text = if rows.is_empty() {
        "nothing\n".to_owned()
    } else {
        columns(&["SCOPE", "VERBS", "ON", "GRANTED BY", "AT"], &rows, look)
    };
    let mut all = skipped.to_vec();
    all.extend(held.dangling.iter().map(|dangling| Skipped {
        origin: Some(dangling.binding.role.origin.clone()),
        why: dangling.to_string(),
    }));
    append_skipped(&mut text, &all, unread, places, look);
    text
}

/// One rule: a row for each thing it is about, the rest said once.
fn holding_rows(grant: &Grant, places: &Places, look: Look) -> Vec<Vec<String>> {
    let rule = &grant.rule;
    let names = if rule.resource_names.is_empty() {
        String::new()
    } else {
        format!(" {}", bracketed(&rule.resource_names))
    };
    let resources = targets(rule).into_iter().map(|target| target + &names);
    let all = resources.chain(rule.urls.iter().map(ToString::to_string));
    let mut rest = [
        grant.scope().to_string(),
        rule.verbs.join(","),
        by(grant, look),
        place(Some(grant.origin()), places),
    ];
    let rows = all.map(|target| {
        let [scope, verbs, by, place] = std::mem::take(&mut rest);
        vec![scope, verbs, target, by, place]
    });
    rows.collect()
}

fn append_skipped(
    text: &mut String,
    skipped: &[Skipped],
    unread: &[Unread],
    places: &Places,
    look: Look,
) {
    let lines = skipped_lines(skipped.iter(), unread, places);
    if !lines.is_empty() {
        text.push('\n');
        text.push_str(&labelled(&lines, look));
    }
}

/// `RoleBinding a/b → Role a/r#0`.
fn by(grant: &Grant, look: Look) -> String {
    let Grant { binding, role, index, .. } = grant;
    format!("{binding} {} {role}#{index}", look.arrow())
}
