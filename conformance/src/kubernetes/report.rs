//! The counts of a replay, group by group, and what is asked to be seen of it.

use std::io::{self, Write};

use super::open::Ids;
use super::record::Record;
use super::replay::Outcome;
use super::show::{self, Extent};
use crate::Options;

/// How many differing records of a group are named, unless all are asked for.
const NAMED: usize = 5;

/// The longest message that is shown in passing.
const MESSAGE: usize = 160;

/// How the outcomes of a recording are told.
pub(crate) struct Report<'a> {
    pub(crate) name: &'a str,
    /// The groups that count.
    pub(crate) required: &'a [&'a str],
    /// Records that are known not to agree.
    pub(crate) open: &'a Ids,
}

/// How many agree, of how many.
#[derive(Clone, Copy, Default)]
struct Count {
    agreed: usize,
    total: usize,
}

impl Report<'_> {
    /// Prints a line a group and the totals. True if the required groups agree, save the records
    /// that are known not to, each of which still has to differ.
    pub(crate) fn print(
        &self,
        records: &[Record],
        outcomes: &[Outcome],
        options: &Options,
        out: &mut dyn Write,
    ) -> io::Result<bool> {
        let all: Vec<(&Record, &Outcome)> = records.iter().zip(outcomes).collect();
        self.show(&all, options, out)?;
        let [mut required, mut other] = [Count::default(); 2];
        let mut as_expected = true;
        for group in in_order(&all) {
            let members: Vec<_> = all.iter().filter(|(r, _)| r.group == group).copied().collect();
            let count = Count::of(&members);
            writeln!(out, "{}/{group}: {} of {}", self.name, count.agreed, count.total)?;
            let is_required = self.required.contains(&group);
            if is_required {
                required.add(count);
                as_expected &= members.iter().all(|(r, o)| o.agrees() != self.open.has(&r.id));
            } else {
                other.add(count);
            }
            self.name_differing(&members, options, out)?;
        }
        writeln!(out, "{} required: {}", self.name, required.in_percent())?;
        writeln!(out, "{} other: {}", self.name, other.in_percent())?;
        Ok(as_expected && required.total > 0)
    }

    /// Prints one line for all. True if those agree that are not known to differ, and only those.
    pub(crate) fn print_as_one(
        &self,
        records: &[Record],
        outcomes: &[Outcome],
        options: &Options,
        out: &mut dyn Write,
    ) -> io::Result<bool> {
        let all: Vec<(&Record, &Outcome)> = records.iter().zip(outcomes).collect();
        self.show(&all, options, out)?;
        let count = Count::of(&all);
        writeln!(out, "{}: {} of {}", self.name, count.agreed, count.total)?;
        self.name_differing(&all, options, out)?;
        Ok(all.iter().all(|(record, outcome)| outcome.agrees() != self.open.has(&record.id)))
    }

    /// The differing records of a group, a line each: first those that nobody knows of.
    fn name_differing(
        &self,
        members: &[(&Record, &Outcome)],
        options: &Options,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let is_open = |record: &Record| self.open.has(&record.id);
        let differing = members.iter().filter(|(r, o)| !o.agrees() && !is_open(r));
        let named = if options.list { usize::MAX } else { NAMED };
        for (record, outcome) in differing.clone().take(named) {
            let (Some(first), more) = (outcome.differences.first(), outcome.differences.len() - 1)
            else {
                continue;
            };
            let more = if more > 0 { format!("  (+{more})") } else { String::new() };
            writeln!(out, "  {}: {first}{more}{}", record.id, refusal(record, outcome))?;
        }
        let unnamed = differing.count().saturating_sub(named);
        if unnamed > 0 {
            writeln!(out, "  … and {unnamed} more")?;
        }
        for (record, outcome) in members {
            match (self.open.reason(&record.id), outcome.agrees()) {
                (Some(reason), false) => writeln!(out, "  {}: open, as {reason}", record.id)?,
                (Some(_), true) => writeln!(out, "  {}: open, and yet it agrees", record.id)?,
                (None, _) => {}
            }
        }
        Ok(())
    }

    /// The records that are asked for, by id whatever came of them, by group if they differ.
    fn show(
        &self,
        all: &[(&Record, &Outcome)],
        options: &Options,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        for (record, outcome) in all {
            let asked = |name: &str| options.show.iter().any(|asked| asked == name);
            if asked(&record.id) {
                show::record(record, outcome, Extent::Everything, out)?;
            } else if (asked(&record.group) || asked("all")) && !outcome.agrees() {
                show::record(record, outcome, Extent::Differences, out)?;
            }
        }
        Ok(())
    }
}

// === impl Count ===

impl Count {
    fn of(members: &[(&Record, &Outcome)]) -> Count {
        let agreed = members.iter().filter(|(_, outcome)| outcome.agrees()).count();
        Count { agreed, total: members.len() }
    }

    fn add(&mut self, other: Count) {
        self.agreed += other.agreed;
        self.total += other.total;
    }

    fn in_percent(self) -> String {
        let tenths = (self.agreed * 1000).checked_div(self.total).unwrap_or(0);
        format!("{} of {} ({}.{} %)", self.agreed, self.total, tenths / 10, tenths % 10)
    }
}

/// What we refused with, where the original did not, or not with the same status: that says most.
fn refusal(record: &Record, outcome: &Outcome) -> String {
    let ours = outcome.ours.as_ref().filter(|ours| Some(ours.status) != record.status);
    let message = ours.and_then(|ours| ours.response.get("message")?.as_str());
    message.map_or(String::new(), |text| format!("  “{}”", show::shortened(text, MESSAGE)))
}

/// The groups in the order of the session.
fn in_order<'r>(all: &[(&'r Record, &Outcome)]) -> Vec<&'r str> {
    let mut groups: Vec<&str> = Vec::new();
    for (record, _) in all {
        if !groups.contains(&record.group.as_str()) {
            groups.push(&record.group);
        }
    }
    groups
}
