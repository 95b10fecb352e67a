//! One line a finding, as compilers and editors write and read them.

use super::Listing;
use crate::render::clean;

/// `PATH:LINE:COL: SEVERITY[CODE] MESSAGE`.
pub(super) fn text(listing: &Listing<'_>) -> String {
    let line = |told: &super::Told<'_>| {
        let d = told.diagnostic;
        format!("{}: {}[{}] {}\n", told.at.shown(), d.severity, d.code, clean(&d.message))
    };
    listing.told.iter().map(line).collect()
}
