//! Documents in JSON, held against another reader.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_object::fuzzing::values::fuzz(data));
