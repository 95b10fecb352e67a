//! Fixes: what comes out can be read, and is left with nothing to fix.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_lint::fuzzing::fixes(data));
