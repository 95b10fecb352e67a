//! Heads of requests: nobody is taken for more than was asked, and forms are those offered.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_apiserver::fuzzing::headers(data));
