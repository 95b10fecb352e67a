//! How a run ends.

use std::process::ExitCode;

/// What the exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: yes, or done.
    Yes,
    /// 1: no, or partly no.
    No,
    /// 2: the question could not be evaluated.
    CouldNot,
    /// 3: a fact is missing.
    Unknown,
}

/// What stopped a run, for people.
#[derive(Debug)]
pub struct Failure {
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do about it, one line each.
    pub help: Vec<String>,
}

// === impl Exit ===

impl Exit {
    /// The number the process ends with.
    pub fn code(self) -> u8 {
        match self {
            Self::Yes => 0,
            Self::No => 1,
            Self::CouldNot => 2,
            Self::Unknown => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl From<portcullis_core::Verdict> for Exit {
    fn from(verdict: portcullis_core::Verdict) -> Self {
        match verdict {
            portcullis_core::Verdict::Allow => Self::Yes,
            portcullis_core::Verdict::Deny => Self::No,
            portcullis_core::Verdict::Unknown => Self::Unknown,
        }
    }
}

// === impl Failure ===

impl Failure {
    /// One without help.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: Vec::new() }
    }

    /// The same, with one more line of help.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
