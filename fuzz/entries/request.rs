//! Request lines and selectors: what is read does not contradict itself.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_apiserver::fuzzing::request(data));
