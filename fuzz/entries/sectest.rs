//! Test files and case files: whatever is asserted comes to an outcome.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_sectest::fuzzing::fuzz(data));
