//! Bodies, written by hand and as kubectl writes them.

use super::*;
use crate::api;

/// A field with bytes in it.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).expect("short");
    [&[number << 3 | 2, length][..], bytes].concat()
}

fn message(name: &str) -> &'static Message {
    api::message(name).expect("it is known")
}

fn check(name: &str, raw: &[u8], want: &str) {
    let said = match decode_message(message(name), raw) {
        Ok(object) => Value::Object(object).to_string(),
        Err(error) => error.to_string(),
    };
    assert_eq!(said, want, "{raw:?}");
}

#[test]
fn bodies_say_what_they_are() {
    let type_meta = [field(1, b"v1"), field(2, b"ConfigMap")].concat();
    let raw = field(1, &field(1, b"cm"));
    let unknown = [field(1, &type_meta), field(2, &raw), field(3, b""), field(4, b"")].concat();
    let body = [&PREFIX[..], &unknown].concat();
    let object = decode(message("core/v1.ConfigMap"), &body).expect("a config map");
    assert_eq!(
        Value::Object(object).to_string(),
        r#"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"cm"}}"#
    );
    let opened = envelope(&body).expect("a body");
    assert_eq!((opened.type_meta.kind.as_str(), opened.raw), ("ConfigMap", &raw[..]));
}

#[test]
fn what_is_no_body() {
    for (body, want) in [
        (&b""[..], "empty data"),
        (b"k8s\0", "empty body"),
        (
            b"nomagic",
            "provided data does not appear to be a protobuf message, \
             expected prefix [107 56 115 0]",
        ),
        (b"k8s\0garbage\xff", "proto: illegal wireType 7"),
        (b"k8s\0\x08\x01", "proto: wrong wireType = 0 for field TypeMeta"),
    ] {
        assert_eq!(envelope(body).map_err(|e| e.to_string()), Err(want.to_owned()));
    }
}

#[test]
fn what_is_no_message() {
    check("core/v1.ConfigMap", b"\x0a\xff\xff", "unexpected EOF");
    check("core/v1.ConfigMap", b"\x0a\x05a", "unexpected EOF");
    check("core/v1.ConfigMap", b"\x08\x01", "proto: wrong wireType = 0 for field metadata");
    check("core/v1.ConfigMap", b"\x00\x01", "proto: illegal tag 0 (wire type 0)");
    check("core/v1.ConfigMap", b"\x0c", "proto: wiretype end group for non-group");
    check("core/v1.ConfigMap", &[0xff; 11], "proto: integer overflow");
    let length = [&[0x0a][..], &[0xff; 9], &[0x01]].concat();
    check("core/v1.ConfigMap", &length, "proto: negative length found during unmarshaling");
    let groups = [0x7b; 100];
    check("core/v1.ConfigMap", &groups, "proto: groups nested too deeply");
}

#[test]
fn unknown_fields_and_groups_are_dropped() {
    let raw =
        [&[0x7b, 0x08, 0x01, 0x7c][..], &field(15, b"x"), &[0x78, 1], &[0x7d, 1, 2, 3, 4]].concat();
    check("core/v1.ConfigMap", &raw, r#"{"metadata":{}}"#);
}

#[test]
fn a_message_in_two_parts_is_both_together() {
    let raw = [field(1, &field(1, b"a")), field(1, &field(3, b"n")), field(1, &field(1, b"b"))];
    check("core/v1.ConfigMap", &raw.concat(), r#"{"metadata":{"name":"b","namespace":"n"}}"#);
}

#[test]
fn inlined_messages_lists_and_numbers() {
    // A volume: the source is a message of its own, with a host path in it.
    let source = field(1, &field(1, b"/x"));
    let volume = [field(1, b"v"), field(2, &source)].concat();
    check("core/v1.Volume", &volume, r#"{"name":"v","hostPath":{"path":"/x"}}"#);
    // Numbers, one by one and packed.
    for groups in [vec![0x20, 1, 0x20, 2], vec![0x22, 2, 1, 2]] {
        check("core/v1.PodSecurityContext", &groups, r#"{"supplementalGroups":[1,2]}"#);
    }
    let negative = [&[0x10][..], &[0xff; 9], &[0x01]].concat();
    check("core/v1.PodSecurityContext", &negative, r#"{"runAsUser":-1}"#);
}

#[test]
fn times_amounts_and_embedded_json() {
    check(
        "meta/v1.ObjectMeta",
        &field(8, &[0x08, 0x3c]),
        r#"{"creationTimestamp":"1970-01-01T00:01:00Z"}"#,
    );
    check("meta/v1.ObjectMeta", &field(8, b""), "{}");
    let limits = [field(1, b"cpu"), field(2, &field(1, b"1000m"))].concat();
    check("core/v1.ResourceRequirements", &field(1, &limits), r#"{"limits":{"cpu":"1"}}"#);
    let bad = [field(1, b"cpu"), field(2, &field(1, b"x"))].concat();
    check(
        "core/v1.ResourceRequirements",
        &field(1, &bad),
        "quantities must match the regular expression \
         '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    );
    check(
        "apps/v1.ControllerRevision",
        &field(2, &field(1, br#"{"a":[1]}"#)),
        r#"{"metadata":{},"data":{"a":[1]},"revision":0}"#,
    );
    check("apps/v1.ControllerRevision", &field(2, &field(1, b"{")), "unexpected end of JSON input");
    let extra = [field(1, b"k"), field(2, &[field(1, b"a"), field(1, b"b")].concat())].concat();
    check(
        "authorization/v1.SubjectAccessReviewSpec",
        &field(5, &extra),
        r#"{"extra":{"k":["a","b"]}}"#,
    );
}
