//! Certificates, chains and requests: nobody without a name is vouched for.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_identity::fuzzing::certificate(data));
