//! Protobuf of any kind: what is read can be said in JSON as well.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis_schema::fuzzing::protobuf(data));
