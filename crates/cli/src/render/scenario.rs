//! The demo's figures.

use serde_json::{Value, json};

use super::table::wrapped;
use super::{Look, Tone, clean};
use crate::commands::demo::Step;

/// Columns of a full bar.
const BAR: usize = 15;
/// Broken connections shown of each step.
const BROKEN_MAX: usize = 2;

/// What to do next, and why.
const TRY: [(&str, &str); 3] = [
    ("portcullis connect dev/web shop/db:5432 -f FOLDER", "why can these two talk, or not?"),
    ("portcullis rbac who delete pods -f FOLDER", "who may, and by which binding?"),
    ("portcullis connect --help", "how the two ends are written"),
];

/// The figures, as scripts rely on them.
pub(crate) fn scenario_value(steps: &[Step]) -> Value {
    let steps = steps.iter().map(|step| {
        json!({
            "name": step.name,
            "open": step.open,
            "pairs": step.pairs,
            "declared": step.declared,
            "declaredWorking": step.declared_working,
            "declaredWouldBreak": step.declared_would_break,
            "undeclaredOpen": step.undeclared_open,
        })
    });
    json!({ "steps": steps.collect::<Vec<_>>() })
}

/// The figures for people: each step, what it comes to, and what to try next.
pub(crate) fn scenario(about: &str, steps: &[Step], look: Look) -> String {
    let mut text = format!("{}\n\n", look.paint(Tone::Strong, &clean(about)));
    for (i, step) in steps.iter().enumerate() {
        let part = (step.open * 100 + step.pairs / 2).checked_div(step.pairs).unwrap_or(0);
        let name = look.paint(Tone::Strong, &format!("{:<20}", clean(&step.name)));
        let open = format!("{:>3} of {} pairs open", step.open, step.pairs);
        text.push_str(&format!(" {}  {name}  {open}  {}{part:>3} %\n", i + 1, bar(part, look)));
        text.push_str(&format!("    {}\n", clean(&step.about)));
        let (tone, judgement) = judgement(step);
        text.push_str(&format!("    {}\n", look.paint(tone, &judgement)));
        text.push_str(&broken(step, look));
        text.push('\n');
    }
    text.push_str("Try it on your own manifests, which are only read:\n");
    for (command, why) in TRY {
        text.push_str(&format!("  {command:<51} {why}\n"));
    }
    text
}

fn bar(part: usize, look: Look) -> String {
    if look.plain {
        return String::new();
    }
    let full = ((part * BAR + 50) / 100).min(BAR);
    format!("{}{}  ", "█".repeat(full), "·".repeat(BAR - full))
}

/// What of the declared connections a step leaves working.
fn judgement(step: &Step) -> (Tone, String) {
    let works = format!("{} of {} declared connections work", step.declared_working, step.declared);
    if step.declared_would_break > 0 {
        let breaks = format!("{works}; enforced, {} would break:", step.declared_would_break);
        return (Tone::Doubtful, breaks);
    }
    if step.declared_working < step.declared {
        return (Tone::Bad, format!("{works}; {} do not:", step.broken.len()));
    }
    let undeclared = match step.undeclared_open {
        0 => "nothing else is open".to_owned(),
        n => format!("{n} open pairs are declared by nobody"),
    };
    (Tone::Good, format!("{works}; {undeclared}"))
}

fn broken(step: &Step, look: Look) -> String {
    const INDENT: usize = 8;
    let mut text = String::new();
    for broken in step.broken.iter().take(BROKEN_MAX) {
        let link = format!("{} {} {}", broken.from, look.arrow(), broken.to);
        let place = look.paint(Tone::Faint, &broken.place);
        text.push_str(&format!("      {}  {place}\n", clean(&link)));
        for line in wrapped(&broken.why, look.width.saturating_sub(INDENT)) {
            text.push_str(&format!("{:INDENT$}{line}\n", ""));
        }
    }
    let more = step.broken.len().saturating_sub(BROKEN_MAX);
    if more > 0 {
        text.push_str(&format!("      and {more} more\n"));
    }
    text
}
