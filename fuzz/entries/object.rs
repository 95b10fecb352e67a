//! Objects of every kind, created, changed and shown.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_kinds::fuzzing::object(data));
