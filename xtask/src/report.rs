//! What a check found: faults, which fail it, and notes, which do not.

use std::fmt;
use std::process::ExitCode;

/// A rule that does not hold, and where.
pub struct Fault {
    /// A file of the repository, with `:line` where there is one.
    pub at: String,
    /// What is wrong there.
    pub what: String,
    /// Why the rule exists, so that whoever breaks it can argue with it.
    pub why: &'static str,
}

/// All that one check has to say.
#[derive(Default)]
pub struct Report {
    pub faults: Vec<Fault>,
    pub notes: Vec<String>,
}

impl Report {
    pub fn fault(&mut self, at: impl Into<String>, what: impl Into<String>, why: &'static str) {
        self.faults.push(Fault { at: at.into(), what: what.into(), why });
    }

    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Prints the report for people and says how the process should end.
    pub fn finish(self, check: &str) -> ExitCode {
        print!("{self}");
        println!("{check}: {} faults, {} notes", self.faults.len(), self.notes.len());
        if self.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        for Fault { at, what, why } in &self.faults {
            writeln!(f, "{at}: {what}\n    {why}")?;
        }
        Ok(())
    }
}
