//! Label selectors of Kubernetes, held against their law.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_snapshot::fuzzing::label_selector(data));
