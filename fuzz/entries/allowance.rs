//! Comments that allow findings: none does so without a reason.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_lint::fuzzing::allowance(data));
