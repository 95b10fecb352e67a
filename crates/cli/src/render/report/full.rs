//! For people: every finding with its source text.

use super::Listing;
use crate::render::{Look, finding};

pub(super) fn text(listing: &Listing<'_>, look: Look) -> String {
    let told = listing.told.iter();
    let drawn: Vec<String> = told.map(|t| finding(t.diagnostic, t.sources, look)).collect();
    drawn.join("\n")
}
