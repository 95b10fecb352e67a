//! YAML printed as JSON is read as the same.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_object::fuzzing::fuzz_yaml(data));
