//! The reader of simple YAML, held against the general one.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_object::fuzzing::fuzz_readers(data));
