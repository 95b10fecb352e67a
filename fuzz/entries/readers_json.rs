//! JSON at once, in parts, printed, and as YAML: all must say the same.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_object::fuzzing::fuzz_json(data));
