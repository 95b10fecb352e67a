//! Documents in YAML: every node has a place, and is found by its path.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_object::fuzzing::fuzz(data));
