//! From bytes to answers: a snapshot, and questions of it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_analysis::fuzzing::fuzz(data));
