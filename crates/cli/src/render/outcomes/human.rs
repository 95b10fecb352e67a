//! For people: a line a file, and below it what does not hold, with its trace.

use portcullis_sectest::{Outcome, Status, Trace};

use super::{Ran, is_bad};
use crate::render::table::{padded, wrapped};
use crate::render::{Look, Tone, clean, connection, place};

/// What stands below an outcome stands under its title.
const INDENT: usize = 12;

pub(super) fn text(files: &[Ran], is_all: bool, look: Look) -> String {
    let mut text = String::new();
    for ran in files {
        let worst = ran.results.worst().unwrap_or(Status::Pass);
        let word = look.paint(tone(worst), if is_bad(worst) { "FAIL" } else { "ok" });
        let gap = if is_bad(worst) { "  " } else { "    " };
        text.push_str(&format!("{word}{gap}{}  {}\n", clean(&ran.file), ran.counts().shown()));
        let shown = ran.results.outcomes.iter().filter(|o| is_all || is_bad(o.status));
        let mut is_any = false;
        for outcome in shown {
            if is_bad(outcome.status) {
                text.push('\n');
            }
            text.push_str(&one(ran, outcome, look));
            is_any = true;
        }
        if is_any {
            text.push('\n');
        }
    }
    text
}

fn tone(status: Status) -> Tone {
    match status {
        Status::Pass => Tone::Good,
        Status::Skipped => Tone::Faint,
        Status::Unknown => Tone::Doubtful,
        Status::Fail | Status::Malformed => Tone::Bad,
    }
}

fn one(ran: &Ran, outcome: &Outcome, look: Look) -> String {
    let word = padded(&outcome.status.to_string(), INDENT - 1);
    let word = look.paint(tone(outcome.status), &word);
    let at = look.paint(Tone::Faint, &ran.place(outcome));
    let mut text = format!(" {word}{}  {at}\n", ran.title(outcome));
    if outcome.status == Status::Pass {
        return text;
    }
    let width = look.width.saturating_sub(INDENT);
    let mut say = |said: &str| {
        for line in said.lines().flat_map(|line| wrapped(line, width)) {
            text.push_str(&format!("{:INDENT$}{line}\n", ""));
        }
    };
    say(&ran.why_and_help(outcome));
    let Some(counterexample) = &outcome.counterexample else { return text };
    match &counterexample.trace {
        Trace::Flow(answer) => {
            let look = Look { width, ..look };
            text.push('\n');
            for line in connection(answer, &ran.places, &[], look).lines() {
                text.push_str(format!("{:INDENT$}{line}", "").trim_end());
                text.push('\n');
            }
        }
        Trace::Access { reasons, .. } | Trace::Grants(reasons) => {
            for reason in reasons {
                let at = place(reason.origin.as_ref(), &ran.places);
                say(format!("- {}  {at}", reason.text).trim_end());
            }
        }
    }
    text
}
