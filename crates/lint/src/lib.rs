//! Checks: what is wrong or doubtful in what people wrote, though nobody asked.
//!
//! ```text
//! Loaded ──┬─ what reading found ──────────┐
//!          ├─ Snapshot::build ── refusals ─┼─▶ Found ──▶ allowed? known? ──▶ Report { findings }
//!          └─ checks/ (one file a check) ──┘
//! ```
//! A finding is an *error* where the original refuses the object, or where it certainly does not do
//! what it says; a *warning* where that is probable; and *info* where it is worth knowing. People
//! allow a finding beside the line ([`allow`]), or keep a [`Baseline`] of those they know; both
//! stand on what the finding is about and never on line numbers.
//!
//! [`catalogue`] lists every code with its page ([`page`]), [`apply`] writes fixes into text, and
//! [`field`] says what a field of a policy or role means.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod advice;
mod alerts;
pub mod allow;
mod baseline;
mod catalogue;
mod checks;
mod config;
mod context;
mod fields;
mod fix;
mod found;
pub mod fuzzing;
mod glob;
mod mend;
mod pages;
mod report;
mod roles;
#[cfg(test)]
mod testing;
mod tokens;

pub use baseline::Baseline;
pub use catalogue::{Entry, catalogue};
pub use config::{Config, Level, Version};
pub use fields::{FieldHelp, field};
pub use fix::{Edit, apply, edits, settle};
pub use pages::page;
pub use portcullis_core::Date;
pub use report::{Finding, Fingerprint, Report, State};

use portcullis_object::Loaded;
use portcullis_snapshot::{Intake, IntakeByApi, Settings, Snapshot};

/// Everything that is to be said about what was read: what reading found, what the original would
/// refuse, and what the checks of this crate find. `today` decides which allowances are expired.
pub fn check(loaded: &Loaded, settings: &Settings, config: &Config, today: Date) -> Report {
    let (asked, lowered) = Snapshot::build(&loaded.objects, &loaded.unreadable, settings);
    let snapshot = as_written(asked, loaded, settings);
    let read = loaded.diagnostics.iter().cloned();
    let mut found = found::Found::new(read.chain(lowered).collect());
    let context = context::Context::new(loaded, &snapshot, config);
    for check in checks::ALL {
        (check.run)(&context, &mut found);
    }
    advice::add(&context, &mut found);
    mend::add(&context, &mut found);
    report::Report::new(found.into_diagnostics(), loaded, config, today)
}

/// The snapshot in which every object says what is written. Where the original is still asked, a
/// refused policy stands for whatever its mended form could say, and checks would speak of that.
fn as_written(asked: Snapshot, loaded: &Loaded, settings: &Settings) -> Snapshot {
    if asked.refused().next().is_none() {
        return asked;
    }
    let stored = Settings { intake: IntakeByApi::all(Intake::Stored), ..settings.clone() };
    Snapshot::build(&loaded.objects, &loaded.unreadable, &stored).0
}
