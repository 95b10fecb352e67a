//! Bearer tokens: no signature counts that its key has not made.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_identity::fuzzing::jwt(data));
