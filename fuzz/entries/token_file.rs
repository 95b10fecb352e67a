//! Files of tokens: a fault is told at a line that there is.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_identity::fuzzing::token_file(data));
