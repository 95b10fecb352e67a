//! Patches of every sort, and who owns what came of them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_schema::patch::fuzz(data));
