//! Where a list goes on: never outside of it, and what is printed is read as the same.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_apiserver::fuzzing::continue_token(data));
