//! What the decoder makes of texts, held against what a real API server answered.

use super::*;
use crate::api;

fn message(kind: &str) -> &'static Message {
    let of = |kind: &str| api::kinds().iter().find(|k| k.kind == kind);
    of(kind).map(|k| k.message).or_else(|| api::message(kind)).expect("a kind or a message")
}

/// The object as text, then what is complained of.
fn check(kind: &str, text: &str, want: &str) {
    let said = match decode(message(kind), text.as_bytes()) {
        Ok(Decoded { object, complaints }) => {
            let mut said = Value::Object(object.clone()).to_string();
            for complaint in &complaints {
                said += &format!("\n{complaint}");
            }
            let again = decode_value(message(kind), &object).expect("it was read before");
            assert_eq!(again, Decoded { object, complaints: Vec::new() }, "{text}, again");
            said
        }
        Err(error) => error.to_string(),
    };
    assert_eq!(said, want, "{text}");
}

#[test]
fn fields_stand_in_order_and_unknown_ones_are_told_of() {
    check(
        "ConfigMap",
        r#"{"data":{"b":"2","a":"1"},"metadata":{"name":"x"},"kind":"ConfigMap"}"#,
        r#"{"kind":"ConfigMap","metadata":{"name":"x"},"data":{"a":"1","b":"2"}}"#,
    );
    check(
        "ConfigMap",
        r#"{"metadata":{"name":"fv","nosuch":1},"data":{"a":"1"},"data":{"b":"2"},"extra":{"x":1}}"#,
        "{\"metadata\":{\"name\":\"fv\"},\"data\":{\"a\":\"1\",\"b\":\"2\"}}\n\
         unknown field \"metadata.nosuch\"\nduplicate field \"data\"\nunknown field \"extra\"",
    );
    check(
        "Pod",
        r#"{"metadata":{"name":"fv"},"spec":{"containers":[{"name":"c","image":"i","imagee":"x","image":"j"}],"nosuch":1,"Hostnetwork":true}}"#,
        "{\"metadata\":{\"name\":\"fv\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"j\",\
         \"resources\":{}}]},\"status\":{}}\n\
         unknown field \"spec.containers[0].imagee\"\nduplicate field \"spec.containers[0].image\"\n\
         unknown field \"spec.nosuch\"\nunknown field \"spec.Hostnetwork\"",
    );
    check(
        "ConfigMap",
        r#"{"data":{"a":"b","a":"c"},"x\"\u0007y\u0001é":1}"#,
        "{\"metadata\":{},\"data\":{\"a\":\"c\"}}\nduplicate field \"data.a\"\n\
         unknown field \"x\\\"\\ay\\x01é\"",
    );
}

#[test]
fn a_field_that_stands_twice_is_read_into_what_the_first_left() {
    check(
        "Pod",
        r#"{"spec":{"hostNetwork":true,"containers":[{"name":"a","image":"i"},{"name":"b"}]},"spec":{"containers":[{"image":"j"}],"nodeName":null}}"#,
        "{\"metadata\":{},\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"j\",\
         \"resources\":{}}],\"hostNetwork\":true},\"status\":{}}\nduplicate field \"spec\"",
    );
    check(
        "TokenReview",
        r#"{"status":{"user":{"uid":"u"},"user":{"groups":["g"]}},"status":{"user":{"username":"n"}}}"#,
        "{\"metadata\":{},\"spec\":{},\"status\":{\"user\":{\"username\":\"n\",\"uid\":\"u\",\
         \"groups\":[\"g\"]}}}\nduplicate field \"status.user\"\nduplicate field \"status\"",
    );
    check(
        "ConfigMap",
        r#"{"immutable":true,"immutable":null,"data":{"a":"1"},"data":null}"#,
        "{\"metadata\":{}}\nduplicate field \"immutable\"\nduplicate field \"data\"",
    );
}

#[test]
fn what_is_left_out_and_what_stays() {
    for (kind, text, want) in [
        ("ConfigMap", "{}", r#"{"metadata":{}}"#),
        ("ConfigMap", "null", r#"{"metadata":{}}"#),
        (
            "ConfigMap",
            r#"{"metadata":{"name":"","labels":{},"generation":0,"finalizers":[],"creationTimestamp":null,"deletionTimestamp":null},"immutable":false,"data":{}}"#,
            r#"{"metadata":{},"immutable":false}"#,
        ),
        ("Role", "{}", r#"{"metadata":{},"rules":null}"#),
        ("Role", r#"{"rules":[]}"#, r#"{"metadata":{},"rules":[]}"#),
        ("Role", r#"{"rules":[{}]}"#, r#"{"metadata":{},"rules":[{"verbs":null}]}"#),
        (
            "Service",
            r#"{"spec":{"ports":[{"port":1}]}}"#,
            r#"{"metadata":{},"spec":{"ports":[{"port":1,"targetPort":0}]},"status":{"loadBalancer":{}}}"#,
        ),
        (
            "core/v1.PodCondition",
            r#"{"type":"Ready"}"#,
            r#"{"type":"Ready","status":"","lastProbeTime":null,"lastTransitionTime":null}"#,
        ),
        (
            "TokenRequest",
            r#"{"spec":{"audiences":["a"]}}"#,
            r#"{"metadata":{},"spec":{"audiences":["a"],"expirationSeconds":null,"boundObjectRef":null},"status":{"token":"","expirationTimestamp":null}}"#,
        ),
        (
            "Deployment",
            r#"{"spec":{"selector":{},"template":{"metadata":null}}}"#,
            r#"{"metadata":{},"spec":{"selector":{},"template":{"metadata":{},"spec":{"containers":null}},"strategy":{}},"status":{}}"#,
        ),
        ("ControllerRevision", "{}", r#"{"metadata":{},"data":null,"revision":0}"#),
    ] {
        check(kind, text, want);
    }
}

#[test]
fn null_in_lists_and_maps_is_the_zero_value() {
    check(
        "Pod",
        r#"{"metadata":{"labels":{"a":null}},"spec":{"containers":[null],"nodeSelector":null}}"#,
        r#"{"metadata":{"labels":{"a":""}},"spec":{"containers":[{"name":"","resources":{}}]},"status":{}}"#,
    );
    check(
        "core/v1.ResourceRequirements",
        r#"{"limits":{"cpu":null}}"#,
        r#"{"limits":{"cpu":"0"}}"#,
    );
    check("Secret", r#"{"data":{"a":null}}"#, r#"{"metadata":{},"data":{"a":null}}"#);
}

#[test]
fn values_are_spelled_as_the_original_spells_them() {
    for (kind, text, want) in [
        (
            "core/v1.ResourceRequirements",
            r#"{"limits":{"cpu":"1000m","memory":"1.5Gi","storage":1.50,"x":1e3}}"#,
            r#"{"limits":{"cpu":"1","memory":"1536Mi","storage":"1500m","x":"1e3"}}"#,
        ),
        (
            "Lease",
            r#"{"metadata":{"deletionTimestamp":"2026-01-01T01:00:00+01:00"},"spec":{"renewTime":"2026-01-01T00:00:00.000100Z"}}"#,
            r#"{"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z"},"spec":{"renewTime":"2026-01-01T00:00:00.000100Z"}}"#,
        ),
        ("Secret", r#"{"data":{"a":"YQ==\n"}}"#, r#"{"metadata":{},"data":{"a":"YQ=="}}"#),
        (
            "networking/v1.NetworkPolicyPort",
            r#"{"port":"http","endPort":7}"#,
            r#"{"port":"http","endPort":7}"#,
        ),
        ("networking/v1.NetworkPolicyPort", r#"{"port":-7}"#, r#"{"port":-7}"#),
        (
            "ConfigMap",
            r#"{"data":{"\u0061":"\ud83d\ude00\ud83d"}}"#,
            "{\"metadata\":{},\"data\":{\"a\":\"😀\u{fffd}\"}}",
        ),
        (
            "meta/v1.ManagedFieldsEntry",
            r#"{"fieldsV1":{"f:data":{".":{},"f:a":{}}}}"#,
            r#"{"fieldsV1":{"f:data":{".":{},"f:a":{}}}}"#,
        ),
        (
            "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaProps",
            r#"{"minimum":1.0,"maximum":1.5,"additionalProperties":{"type":"string","nosuch":1},"items":[{"type":"x"}],"default":{"b":1,"a":[null]},"dependencies":{"x":["y"]}}"#,
            r#"{"default":{"b":1,"a":[null]},"maximum":1.5,"minimum":1,"items":[{"type":"x"}],"additionalProperties":{"type":"string"},"dependencies":{"x":["y"]}}"#,
        ),
    ] {
        check(kind, text, want);
    }
}

#[test]
fn values_of_wrong_types_are_refused() {
    for (kind, text, want) in [
        (
            "ConfigMap",
            r#"{"data":{"a":1}}"#,
            "json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
        ),
        (
            "ConfigMap",
            r#"{"data":["a"]}"#,
            "json: cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string",
        ),
        (
            "ConfigMap",
            r#"{"metadata":{"name":5},"data":7}"#,
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string",
        ),
        (
            "Role",
            r#"{"rules":"x"}"#,
            "json: cannot unmarshal string into Go struct field Role.rules of type []v1.PolicyRule",
        ),
        (
            "Pod",
            r#"{"spec":{"containers":[{"ports":[{"containerPort":3000000000}]}]}}"#,
            "json: cannot unmarshal number 3000000000 into Go struct field \
             ContainerPort.spec.containers.ports.containerPort of type int32",
        ),
        (
            "Pod",
            r#"{"spec":{"priority":1.0}}"#,
            "json: cannot unmarshal number 1.0 into Go struct field PodSpec.spec.priority of type int32",
        ),
        (
            "ConfigMap",
            r#"{"binaryData":{"a":"not base64!"}}"#,
            "illegal base64 data at input byte 3",
        ),
        (
            "Pod",
            // The amount is told of, though the name stands before it.
            r#"{"metadata":{"name":1},"spec":{"containers":[{"resources":{"limits":{"cpu":"abc"}}}]}}"#,
            "quantities must match the regular expression \
             '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (
            "Pod",
            r#"{"metadata":{"deletionTimestamp":"now"}}"#,
            "parsing time \"now\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"now\" as \"2006\"",
        ),
        (
            "networking/v1.NetworkPolicyPort",
            r#"{"port":true}"#,
            "json: cannot unmarshal bool into Go struct field NetworkPolicyPort.port of type int32",
        ),
        (
            "networking/v1.NetworkPolicyPort",
            r#"{"port":3000000000}"#,
            "json: cannot unmarshal number 3000000000 into Go struct field NetworkPolicyPort.port of type int32",
        ),
        (
            "ConfigMap",
            r#"{"kind":5}"#,
            "json: cannot unmarshal number into Go struct field .kind of type string",
        ),
        ("ConfigMap", r#"{"metadata":{"name":1}"#, "unexpected end of JSON input"),
        ("ConfigMap", "not json", "invalid character 'o' in literal null (expecting 'u')"),
        ("ConfigMap", "", "unexpected end of JSON input"),
        ("ConfigMap", "{} trailing", "invalid character 't' after top-level value"),
        (
            "ConfigMap",
            "[]",
            "json: cannot unmarshal array into Go value of type struct { APIVersion string \
             \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }",
        ),
        (
            "ControllerRevision",
            r#"{"data":{"a":1e999}}"#,
            "json: cannot unmarshal number into Go value of type float64",
        ),
    ] {
        check(kind, text, want);
    }
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let text = format!("{{\"x\":{deep}}}");
    check("ConfigMap", &text, "exceeded max depth");
}

#[test]
fn no_more_complaints_than_a_hundred() {
    let fields: Vec<String> = (0..1000).map(|n| format!("\"x{n}\":1")).collect();
    let text = format!("{{{}}}", fields.join(","));
    let decoded = decode(message("ConfigMap"), text.as_bytes()).expect("it is read");
    assert_eq!(decoded.complaints.len(), COMPLAINTS_MAX);
}

#[test]
fn no_more_than_an_object_may_hold() {
    let many = |count: usize, item: &str| vec![item; count].join(",");
    for (kind, text) in [
        ("Pod", format!("{{\"spec\":{{\"containers\":[{}]}}}}", many(MESSAGES_MAX, "{}"))),
        ("Pod", format!("{{\"metadata\":{{\"finalizers\":[{}]}}}}", many(VALUES_MAX + 1, "1"))),
        ("ControllerRevision", format!("{{\"data\":[{}]}}", many(VALUES_MAX, "1"))),
    ] {
        let refused = decode(message(kind), text.as_bytes()).expect_err(kind);
        assert_eq!(refused.to_string(), "the object holds more values than an object may");
        let broken = decode(message(kind), &text.as_bytes()[..text.len() - 1]).expect_err(kind);
        assert_eq!(broken.to_string(), "unexpected end of JSON input");
    }
}

#[test]
fn what_a_text_says_it_is() {
    let said = |text: &str| match type_meta(text.as_bytes()) {
        Ok(TypeMeta { api_version, kind }) => format!("{api_version} {kind}"),
        Err(error) => error.to_string(),
    };
    assert_eq!(said(r#"{"kind":"Pod","apiVersion":"v1","spec":7}"#), "v1 Pod");
    assert_eq!(said("{}"), " ");
    assert_eq!(said("null"), " ");
    assert_eq!(
        said(r#"{"apiVersion":[]}"#),
        "json: cannot unmarshal array into Go struct field .apiVersion of type string"
    );
    assert_eq!(said("{"), "unexpected end of JSON input");
}

#[test]
fn what_the_store_gives_back() {
    let settled = |kind: &str, text: &str| {
        let mut object = decode(message(kind), text.as_bytes()).expect("it is read").object;
        settle(message(kind), &mut object);
        Value::Object(object).to_string()
    };
    assert_eq!(settled("Role", r#"{"rules":[]}"#), r#"{"metadata":{},"rules":null}"#);
    assert_eq!(
        settled("Role", r#"{"rules":[{"verbs":[]}]}"#),
        r#"{"metadata":{},"rules":[{"verbs":null}]}"#
    );
    assert_eq!(settled("Secret", r#"{"data":{"a":null}}"#), r#"{"metadata":{},"data":{"a":""}}"#);
}
