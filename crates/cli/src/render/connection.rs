//! The answer to `connect` for people: the verdict, then tier by tier what led to it.

use portcullis_analysis::{Answer, FlowAnswer, SideAnswer, TraceLine};

use super::table::{GAP, padded, row, widths, wrapped};
use super::{Look, Tone, clean, place};
use crate::cluster::Unread;
use crate::places::Places;

/// Flows shown in full. Of more, each is one line, unless `-o wide` asks for all of them.
const FULL_MAX: usize = 4;

/// The whole answer.
pub(crate) fn connection(
    answer: &Answer,
    places: &Places,
    unread: &[Unread],
    look: Look,
) -> String {
    let mut text = String::new();
    let several = answer.flows.len() > 1;
    let full = look.wide || answer.flows.len() <= FULL_MAX;
    if several {
        let verdict = shown_word(answer.verdict.word(), look);
        text.push_str(&format!("{verdict}  {} flows\n", answer.flows.len()));
    }
    for flow in &answer.flows {
        if several && full {
            text.push('\n');
        }
        text.push_str(&head(flow, look));
        if full {
            text.push_str(&body(flow, places, look));
        }
    }
    if several && !full {
        text.push_str("\nthe reasons of each: -o wide, or ask about one of them\n");
    }
    text.push_str(&remarks(answer, places, unread, look));
    text
}

/// `DENIED  dev/centos → default/frontend tcp/8080`.
fn head(flow: &FlowAnswer, look: Look) -> String {
    let service = match &flow.service {
        Some(service) => format!(", by {service}"),
        None => String::new(),
    };
    let said = format!("{} {} {} {}{service}", flow.from, look.arrow(), flow.to, flow.what());
    let word = shown_word(&flow.verdict.to_string(), look);
    format!("{word}  {}\n", clean(&said))
}

/// The word for a verdict, as loud as the answer is important.
fn shown_word(verdict: &str, look: Look) -> String {
    let word = match verdict {
        "allow" => "ALLOWED",
        "deny" => "DENIED",
        "mixed" => "MIXED",
        _ => "UNKNOWN",
    };
    look.paint(Tone::of(verdict), word)
}

fn body(flow: &FlowAnswer, places: &Places, look: Look) -> String {
    let mut text = String::from("\n");
    text.push_str(&sides(&[("egress", &flow.egress), ("ingress", &flow.ingress)], places, look));
    let mut said: Vec<(&str, String)> = Vec::new();
    said.extend(why(flow).into_iter().map(|why| ("why", why)));
    if let Some(would) = &flow.would {
        let verdict = would.verdict.to_string();
        // Of two sides that say so, the one that says so now as well has nothing to do with it.
        let sides = [(&would.egress, &flow.egress), (&would.ingress, &flow.ingress)];
        let changed = sides.iter().find(|(then, now)| then.decided_by != now.decided_by);
        let deciding = changed.map(|(then, _)| *then).filter(|side| side.verdict == verdict);
        let because = deciding.map(|side| format!(": {}", side.why)).unwrap_or_default();
        said.push(("staged", format!("would {verdict} it{because}")));
    }
    for missing in &flow.missing {
        let flag = missing.flag.as_ref().map(|f| format!(" (say it with {f})")).unwrap_or_default();
        said.push(("needs", format!("{}{flag}", missing.what)));
    }
    if let Some(verdict) = flow.without_refused {
        let word = if verdict == portcullis_core::Verdict::Allow { "ALLOWED" } else { "DENIED" };
        said.push(("without", format!("what would be refused, it is {word}")));
    }
    said.extend(flow.notes.iter().map(|note| ("note", note.clone())));
    text.push_str(&labelled(&said, look));
    text
}

/// What must be said first: of a refusal, the sides that refuse; otherwise both.
fn why(flow: &FlowAnswer) -> Vec<String> {
    let verdict = flow.verdict.to_string();
    let sides = [&flow.egress, &flow.ingress];
    let mut why: Vec<String> = sides
        .iter()
        .filter(|side| verdict == "allow" || side.verdict == verdict)
        .map(|side| side.why.clone())
        .collect();
    if why.is_empty() {
        why.extend(sides.iter().map(|side| side.why.clone()));
    }
    why.dedup();
    why
}

/// Both sides, their columns aligned with each other.
fn sides(sides: &[(&str, &SideAnswer)], places: &Places, look: Look) -> String {
    let cells: Vec<Vec<Vec<String>>> = sides
        .iter()
        .map(|(_, side)| side.lines.iter().map(|line| trace_cells(line, places)).collect())
        .collect();
    let flat: Vec<Vec<String>> = cells.iter().flatten().cloned().collect();
    let widths = widths(&[], &flat);
    let full = widths.iter().map(|width| width + GAP).sum();
    let mut text = String::new();
    for ((direction, side), rows) in sides.iter().zip(&cells) {
        let title = format!(" {direction} of {}", clean(&side.of));
        let verdict = look.paint(Tone::of(side.verdict), &side.verdict.to_uppercase());
        let title = padded(&title, widths.iter().sum::<usize>().clamp(40, look.width / 2));
        text.push_str(&format!("{title}  {verdict}\n"));
        for (line, cells) in side.lines.iter().zip(rows) {
            text.push_str("   ");
            let said = row(cells, &widths);
            if line.decides {
                let sign = if look.plain { "decides" } else { "◀ decides" };
                let sign = look.paint(Tone::Strong, sign);
                text.push_str(&format!("{}{sign}", padded(&said, full)));
            } else {
                text.push_str(&said);
            }
            text.push('\n');
        }
    }
    text.push('\n');
    text
}

/// Tier, order, policy and rule, what it did, where.
fn trace_cells(line: &TraceLine, places: &Places) -> Vec<String> {
    let rule = line.rule.map(|rule| format!("#{rule}")).unwrap_or_default();
    let policy = format!("{}{rule}", line.policy);
    [line.tier.as_str(), &line.order, &policy, &line.action, &place(line.origin.as_ref(), places)]
        .into_iter()
        .map(|cell| clean(cell).into_owned())
        .collect()
}

/// What was assumed and skipped, once for all flows.
fn remarks(answer: &Answer, places: &Places, unread: &[Unread], look: Look) -> String {
    let mut said: Vec<(&str, String)> = Vec::new();
    for assumed in &answer.assumed {
        let flag = assumed.flag.map(|flag| format!(" ({flag} says it)")).unwrap_or_default();
        said.push(("assumed", format!("{}{flag}", assumed.what)));
    }
    for skipped in &answer.skipped {
        let at = place(skipped.origin.as_ref(), places);
        let at = if at.is_empty() { at } else { format!("  {at}") };
        said.push(("skipped", format!("{}{at}", skipped.why)));
    }
    let unread = unread.iter().map(|unread| format!("{}  {}", unread.why, unread.place()));
    said.extend(unread.map(|text| ("skipped", text)));
    if said.is_empty() { String::new() } else { format!("\n{}", labelled(&said, look)) }
}

/// Sentences that say what they are, wrapped.
fn labelled(said: &[(&str, String)], look: Look) -> String {
    const INDENT: usize = 9;
    let mut text = String::new();
    let mut last = "";
    for (label, sentence) in said {
        let mut shown = if *label == last && !look.plain { "" } else { label };
        last = label;
        for line in wrapped(sentence, look.width.saturating_sub(INDENT + 1)) {
            text.push_str(&format!(" {}{line}\n", padded(shown, INDENT)));
            shown = "";
        }
    }
    text
}
