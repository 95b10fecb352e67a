//! JSON of any kind: what is printed is read as the same.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_schema::fuzzing::json(data));
