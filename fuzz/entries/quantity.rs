//! Amounts: what is printed is printed the same again.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_schema::fuzzing::quantity(data));
