//! The tables and the decoders, held against what real servers and libraries printed.

use std::io::Write as _;

mod discovery;
mod managed;
mod openapi;
mod pairs;
mod patched;
mod recorded;

/// Says that a test did not run, past what the test runner swallows: that must be seen.
fn skipped(why: &str) {
    writeln!(std::io::stderr(), "SKIPPED: {why}").expect("stderr can be written");
}
