//! A table of corners. The recorded answers of the original are replayed by `conformance`.

use serde_json::{Map, Value, json};

use super::*;

/// What the recording shows of a request: empty fields are left out.
fn shown(info: &RequestInfo) -> Value {
    let mut shown = Map::new();
    shown.insert("isResourceRequest".into(), info.is_resource.into());
    let texts = [
        ("path", info.path.as_str()),
        ("verb", &info.verb),
        ("apiPrefix", &info.api_prefix),
        ("apiGroup", &info.api_group),
        ("apiVersion", &info.api_version),
        ("namespace", &info.namespace),
        ("resource", &info.resource),
        ("subresource", &info.subresource),
        ("name", &info.name),
        ("fieldSelector", info.field_selector.as_deref().unwrap_or_default()),
        ("labelSelector", info.label_selector.as_deref().unwrap_or_default()),
    ];
    for (key, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        shown.insert(key.into(), text.into());
    }
    if !info.parts.is_empty() {
        let parts = info.parts.iter().map(|part| Value::from(part.as_str()));
        shown.insert("parts".into(), parts.collect());
    }
    Value::Object(shown)
}

#[track_caller]
fn check(method: &str, url: &str, want: Value) {
    let got = match RequestInfo::parse(method, url) {
        Ok(info) => shown(&info),
        Err(error) => Value::from(error.to_string()),
    };
    assert_eq!(got, want, "{method} {url}");
}

#[test]
fn a_short_path_is_no_resource() {
    check("GET", "/api/v1", json!({"isResourceRequest": false, "path": "/api/v1", "verb": "get"}));
    check(
        "TRACE",
        "/apis/apps/v1/",
        json!({"isResourceRequest": false, "path": "/apis/apps/v1/", "verb": "trace",
               "apiPrefix": "apis"}),
    );
    check("GET", "//", json!({"isResourceRequest": false, "path": "//", "verb": "get"}));
}

#[test]
fn an_encoded_slash_parts_the_path() {
    check(
        "GET",
        "/api/v1/namespaces/a%2Fb/pods",
        json!({"isResourceRequest": true, "path": "/api/v1/namespaces/a/b/pods", "verb": "get",
               "apiPrefix": "api", "apiVersion": "v1", "namespace": "a", "resource": "b",
               "name": "pods", "parts": ["b", "pods"]}),
    );
}

#[test]
fn an_empty_part_is_a_part() {
    check(
        "GET",
        "/api/v1/pods//log",
        json!({"isResourceRequest": true, "path": "/api/v1/pods//log", "verb": "list",
               "apiPrefix": "api", "apiVersion": "v1", "resource": "pods", "subresource": "log",
               "parts": ["pods", "", "log"]}),
    );
}

#[test]
fn dots_are_parts_like_others() {
    check(
        "DELETE",
        "/api/v1/namespaces/ns/../secrets",
        json!({"isResourceRequest": true, "path": "/api/v1/namespaces/ns/../secrets",
               "verb": "delete", "apiPrefix": "api", "apiVersion": "v1", "namespace": "ns",
               "resource": "..", "name": "secrets", "parts": ["..", "secrets"]}),
    );
}

#[test]
fn a_namespace_is_in_itself() {
    check(
        "PUT",
        "/api/v1/namespaces/a/finalize",
        json!({"isResourceRequest": true, "path": "/api/v1/namespaces/a/finalize",
               "verb": "update", "apiPrefix": "api", "apiVersion": "v1", "namespace": "a",
               "resource": "namespaces", "name": "a", "subresource": "finalize",
               "parts": ["namespaces", "a", "finalize"]}),
    );
}

#[test]
fn one_name_demanded_is_the_name_of_a_list() {
    let name = |url| RequestInfo::parse("GET", url).map(|info| info.name.to_string());
    assert_eq!(name("/api/v1/pods?fieldSelector=metadata.name%3Dx"), Ok("x".to_owned()));
    assert_eq!(name("/api/v1/pods?fieldSelector=metadata.name%21%3Dx"), Ok(String::new()));
    assert_eq!(name("/api/v1/pods?fieldSelector=metadata.name%3Da%2Fb"), Ok(String::new()));
    assert_eq!(name("/api/v1/pods?fieldSelector=metadata.name%3Dx&limit=x"), Ok(String::new()));
    let labels_too = "/api/v1/pods?fieldSelector=metadata.name%3Dx&labelSelector=((";
    assert_eq!(name(labels_too), Ok(String::new()));
}

#[test]
fn what_cannot_be_decoded_is_refused() {
    check("GET", "/api/v1/%zz", json!("the path cannot be decoded"));
    check("GET", "/api/v1/%f", json!("the path cannot be decoded"));
    check("GET", "/api/v1/%ff", json!("the path cannot be decoded"));
    check(
        "GET",
        "/api/v1/watch?a=b",
        json!("unable to determine kind and namespace from url, /api/v1/watch?a=b"),
    );
}

#[test]
fn every_label_selector_is_refused_in_the_words_of_the_original() {
    let check = |text: &str, want: &str| {
        let got = LabelSelector::parse(text).map_err(|error| error.to_string());
        assert_eq!(got.map(|_| ()), Err(want.to_owned()), "{text}");
    };
    check("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt");
    check("=x", "found '=', expected: !, identifier, or 'end of string'");
    check("a in (b", "unable to parse requirement: found '', expected: ',' or ')'");
    check(
        "n>x",
        "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the \
         value must be an integer",
    );
    check("a=b,,c=d", "found ',', expected: identifier after ','");
    check("a=bad!val", "found '!', expected: ',' or 'end of string'");
    check("a notin x", "unable to parse requirement: found 'x' expected: '('");
    check(",", "found ',', expected: !, identifier, or 'end of string'");
    check("!a=b", "found '=', expected: ',' or 'end of string'");
    check("a in (b,=)", "unable to parse requirement: found '=', expected: ',', or identifier");
    check(
        "-bad=x",
        "unable to parse requirement: <nil>: Invalid value: \"-bad\": name part must consist of \
         alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric \
         character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
         '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    );
    let long = "x".repeat(64);
    check(
        &format!("a={long}"),
        &format!(
            "unable to parse requirement: values[0][a]: Invalid value: \"{long}\": must be no more \
             than 63 bytes"
        ),
    );
}

#[test]
fn a_label_selector_selects() {
    let check = |text: &str, want: [bool; 4]| {
        let selector = LabelSelector::parse(text).expect(text);
        // Labels of four things: none, app=web, app=db with n=5, and an empty app.
        let things: [&[(&str, &str)]; 4] =
            [&[], &[("app", "web")], &[("app", "db"), ("n", "5")], &[("app", "")]];
        let got = things.map(|labels| {
            selector.matches(|key| labels.iter().find(|(k, _)| *k == key).map(|(_, value)| *value))
        });
        assert_eq!(got, want, "{text}");
    };
    check("", [true, true, true, true]);
    check("app", [false, true, true, true]);
    check("!app", [true, false, false, false]);
    check("app=web", [false, true, false, false]);
    check("app==web", [false, true, false, false]);
    check("app!=web", [true, false, true, true]);
    check("app in (web, db)", [false, true, true, false]);
    check("app in ()", [false, false, false, true]);
    check("app notin (web,)", [true, false, true, false]);
    check("n>4", [false, false, true, false]);
    check("n<5", [false, false, false, false]);
    check("app=", [false, false, false, true]);
    check("app=db,n", [false, false, true, false]);
}

#[test]
fn a_field_selector_is_read() {
    let check = |text: &str, want: Result<&[&str], &str>| {
        let got = FieldSelector::parse(text).map_err(|error| error.to_string());
        let got = got.map(|selector| {
            selector.requirements().iter().map(ToString::to_string).collect::<Vec<_>>()
        });
        let want = want.map(|terms| terms.iter().map(ToString::to_string).collect());
        assert_eq!(got, want.map_err(str::to_owned), "{text}");
    };
    check("", Ok(&[]));
    check(",", Ok(&[]));
    check("=", Ok(&[]));
    check("b==1,a!=2", Ok(&["a!=2", "b=1"]));
    check(r"a=x\,y\=z\\", Ok(&[r"a=x\,y\=z\\"]));
    check("a!b=c", Ok(&["a!b=c"]));
    check("bad", Err("invalid selector: 'bad'; can't understand 'bad'"));
    check("a=b=c", Err("invalid field selector: unescaped character in value: 61"));
    check(r"a=\x", Err(r"invalid field selector: invalid escape sequence: \x"));
    check("a=b\\", Err("invalid field selector: invalid escape sequence: \\"));
}

#[test]
fn a_field_selector_selects() {
    let selector = FieldSelector::parse("metadata.name=a,spec.nodeName!=n").expect("a selector");
    let of = |name, node| {
        selector.matches(|field| match field {
            "metadata.name" => Some(name),
            "spec.nodeName" => node,
            _ => None,
        })
    };
    assert!(of("a", None) && of("a", Some("m")));
    assert!(!of("b", None) && !of("a", Some("n")));
}

#[test]
fn parameters_are_decoded_as_go_does() {
    let query = Query::parse("a=1&a=2&b=x+y%2B&c&%zz=1&d=%&e;f=1&&g=%ff");
    let got: Vec<_> = query.iter().collect();
    assert_eq!(got, [("a", "1"), ("a", "2"), ("b", "x y+"), ("c", ""), ("g", "\u{fffd}")]);
    assert_eq!((query.first("a"), query.flag("c"), query.flag("h")), (Some("1"), true, false));
}
