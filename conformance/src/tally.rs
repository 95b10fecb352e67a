//! Counting what agrees.

use std::fmt;

use crate::deviations::Deviations;

/// The count of one corpus.
pub struct Tally<'d> {
    deviations: &'d Deviations,
    agreed: usize,
    deviating: usize,
    total: usize,
    differences: Vec<Difference>,
}

/// One case in which the answers differ.
pub struct Difference {
    case: String,
    theirs: String,
    ours: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n    theirs {}\n    ours   {}", self.case, self.theirs, self.ours)
    }
}

impl<'d> Tally<'d> {
    /// Nothing counted yet.
    pub fn new(deviations: &'d Deviations) -> Self {
        Self { deviations, agreed: 0, deviating: 0, total: 0, differences: Vec::new() }
    }

    /// Counts one case: equal, different as chosen, or different.
    pub fn case(&mut self, case: &str, theirs: &str, ours: &str) {
        self.total += 1;
        if theirs == ours {
            self.agreed += 1;
        } else if self.deviations.chosen(case, theirs, ours) {
            self.agreed += 1;
            self.deviating += 1;
        } else {
            let (theirs, ours) = (theirs.to_owned(), ours.to_owned());
            self.differences.push(Difference { case: case.to_owned(), theirs, ours });
        }
    }

    /// How many cases agree, chosen deviations among them.
    pub fn agreed(&self) -> usize {
        self.agreed
    }

    /// How many agree only as a chosen deviation.
    pub fn deviating(&self) -> usize {
        self.deviating
    }

    /// How many cases there were.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Those that differ, in order.
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }
}
