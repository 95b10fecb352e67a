use super::*;
use crate::api;

fn patched(kind: &str, original: &str, patch: &str) -> Result<Patched, PatchError> {
    let (group, kind) = kind.split_once('/').expect("group/Kind");
    let message = api::kind(group, "v1", kind).expect("it is known").message;
    let original = serde_json::from_str(original).expect("it is an object");
    apply(message, original, patch.as_bytes())
}

#[track_caller]
fn check(kind: &str, original: &str, patch: &str, want: &str) {
    let patched = patched(kind, original, patch).expect("it applies");
    assert_eq!(Value::Object(patched.object).to_string(), want, "{patch}");
}

#[test]
fn lists_merge_by_their_key_and_keep_an_order() {
    for (original, patch, want) in [
        (
            r#"{"containers":[{"name":"a","image":"i","x":1},{"name":"b"}]}"#,
            r#"{"containers":[{"name":"a","image":"j"}]}"#,
            r#"{"containers":[{"name":"a","image":"j","x":1},{"name":"b"}]}"#,
        ),
        // What is new comes before what is there.
        (
            r#"{"containers":[{"name":"a"},{"name":"b"}]}"#,
            r#"{"containers":[{"name":"c","image":"new"}]}"#,
            r#"{"containers":[{"name":"c","image":"new"},{"name":"a"},{"name":"b"}]}"#,
        ),
        // What is there keeps its place as far as the patch allows.
        (
            r#"{"containers":[{"name":"a"},{"name":"b"},{"name":"c"},{"name":"d"}]}"#,
            r#"{"containers":[{"name":"d"},{"name":"b"}]}"#,
            r#"{"containers":[{"name":"a"},{"name":"c"},{"name":"d"},{"name":"b"}]}"#,
        ),
        (
            r#"{"containers":[{"name":"c"},{"name":"a"},{"name":"b"}]}"#,
            r#"{"containers":[{"name":"b","$patch":"delete"}]}"#,
            r#"{"containers":[{"name":"c"},{"name":"a"}]}"#,
        ),
        (
            r#"{"containers":[{"name":"c"},{"name":"a"}]}"#,
            r#"{"containers":[{"$patch":"replace"},{"name":"only"},{"name":"a","$patch":"delete"}]}"#,
            r#"{"containers":[{"name":"only"}]}"#,
        ),
        (
            r#"{"containers":[{"name":"o","env":[{"name":"X"},{"name":"Y"}]}]}"#,
            r#"{"containers":[{"name":"o","env":[{"name":"X","$patch":"delete"}],"$setElementOrder/env":[{"name":"Z"},{"name":"Y"}]}]}"#,
            r#"{"containers":[{"name":"o","env":[{"name":"Y"}]}]}"#,
        ),
        (
            r#"{"containers":[{"name":"only","image":"i"}]}"#,
            r#"{"$setElementOrder/containers":[{"name":"two"},{"name":"only"}],"containers":[{"name":"two"}]}"#,
            r#"{"containers":[{"name":"two"},{"name":"only","image":"i"}]}"#,
        ),
        (
            r#"{"containers":[{"name":"two"},{"name":"only"}]}"#,
            r#"{"$setElementOrder/containers":[{"name":"only"},{"name":"gone"}],"containers":[{"name":"only","image":"z"}]}"#,
            r#"{"containers":[{"name":"two"},{"name":"only","image":"z"}]}"#,
        ),
        (
            r#"{"containers":[{"name":"a"},{"name":"b"}]}"#,
            r#"{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]}"#,
            r#"{"containers":[{"name":"b"},{"name":"a"}]}"#,
        ),
        // The same name twice: the second merges into the first.
        (
            r#"{"containers":[{"name":"two"}]}"#,
            r#"{"containers":[{"name":"dup","image":"1"},{"name":"dup","image":"2"}]}"#,
            r#"{"containers":[{"name":"dup","image":"2"},{"name":"two"}]}"#,
        ),
        (
            r#"{"containers":[{"name":"o","ports":[{"containerPort":1,"protocol":"TCP"}]}]}"#,
            r#"{"containers":[{"name":"o","ports":[{"containerPort":1,"protocol":"UDP"}]}]}"#,
            r#"{"containers":[{"name":"o","ports":[{"containerPort":1,"protocol":"UDP"}]}]}"#,
        ),
        // A list without a merge strategy is replaced.
        (
            r#"{"tolerations":[{"key":"k"}]}"#,
            r#"{"tolerations":[{"key":"z"}]}"#,
            r#"{"tolerations":[{"key":"z"}]}"#,
        ),
        (
            r#"{"volumes":[{"name":"v","emptyDir":{}},{"name":"w"}]}"#,
            r#"{"volumes":[{"name":"v","$retainKeys":["name","configMap"],"configMap":{"name":"c"}}]}"#,
            r#"{"volumes":[{"name":"v","configMap":{"name":"c"}},{"name":"w"}]}"#,
        ),
        (
            r#"{"containers":null}"#,
            r#"{"containers":[{"name":"a"}]}"#,
            r#"{"containers":[{"name":"a"}]}"#,
        ),
        (r#"{"containers":[{"name":"a"}]}"#, r#"{"containers":null}"#, "{}"),
        (r#"{"containers":[{"name":"a"}]}"#, r#"{"containers":"x"}"#, r#"{"containers":"x"}"#),
        (
            "{}",
            r#"{"containers":[{"$patch":"delete","name":"a"},{"name":"b","x":null}]}"#,
            r#"{"containers":[{"name":"b"}]}"#,
        ),
    ] {
        let within = |spec: &str| format!(r#"{{"spec":{spec}}}"#);
        check("/Pod", &within(original), &within(patch), &within(want));
    }
}

#[test]
fn maps_and_lists_of_values() {
    for (kind, original, patch, want) in [
        (
            "apps/Deployment",
            r#"{"spec":{"strategy":{"rollingUpdate":{"maxSurge":1},"type":"RollingUpdate"}}}"#,
            r#"{"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}}"#,
            r#"{"spec":{"strategy":{"type":"Recreate"}}}"#,
        ),
        (
            "apps/Deployment",
            r#"{"spec":{"strategy":{"rollingUpdate":{"maxSurge":1},"type":"Recreate"}}}"#,
            r#"{"spec":{"strategy":{"$patch":"replace","type":"RollingUpdate"}}}"#,
            r#"{"spec":{"strategy":{"type":"RollingUpdate"}}}"#,
        ),
        (
            "/ConfigMap",
            r#"{"metadata":{"labels":{"a":"1"}}}"#,
            r#"{"metadata":{"labels":{"$patch":"delete"}}}"#,
            r#"{"metadata":{"labels":{}}}"#,
        ),
        (
            "/ConfigMap",
            "{}",
            r#"{"metadata":{"labels":{"$patch":"delete"}},"data":{"a":null}}"#,
            r#"{"metadata":{},"data":{}}"#,
        ),
        (
            "/ConfigMap",
            r#"{"data":{"a":"1","b":"2"}}"#,
            r#"{"data":{"a":null,"c":"3"}}"#,
            r#"{"data":{"b":"2","c":"3"}}"#,
        ),
        (
            "/ConfigMap",
            r#"{"metadata":{"finalizers":["f","g"]}}"#,
            r#"{"metadata":{"finalizers":["h","f"]}}"#,
            r#"{"metadata":{"finalizers":["h","f","g"]}}"#,
        ),
        (
            "/ConfigMap",
            r#"{"metadata":{"finalizers":["f","g"]}}"#,
            r#"{"metadata":{"$deleteFromPrimitiveList/finalizers":["f"]}}"#,
            r#"{"metadata":{"finalizers":["g"]}}"#,
        ),
        (
            "/ConfigMap",
            r#"{"metadata":{"finalizers":["f","g"]}}"#,
            r#"{"metadata":{"$setElementOrder/finalizers":["g","h"],"finalizers":["h"]}}"#,
            r#"{"metadata":{"finalizers":["f","g","h"]}}"#,
        ),
        (
            "/Service",
            r#"{"spec":{"ports":[{"port":80,"name":"a"},{"port":53}]}}"#,
            r#"{"spec":{"ports":[{"port":53,"$patch":"delete"},{"port":80,"name":"renamed"}]}}"#,
            r#"{"spec":{"ports":[{"port":80,"name":"renamed"}]}}"#,
        ),
        (
            "/ServiceAccount",
            r#"{"secrets":[{"name":"m1"}]}"#,
            r#"{"secrets":[{"name":"m2"}]}"#,
            r#"{"secrets":[{"name":"m2"},{"name":"m1"}]}"#,
        ),
        ("/ConfigMap", r#"{"a":1}"#, r#"{"$patch":"replace","b":2}"#, r#"{"b":2}"#),
        ("/ConfigMap", r#"{"a":1}"#, "null", r#"{"a":1}"#),
        (
            "policy/PodDisruptionBudget",
            r#"{"spec":{"selector":{"matchLabels":{"a":"1"}}}}"#,
            r#"{"spec":{"selector":{"matchLabels":{"b":"2"}}}}"#,
            r#"{"spec":{"selector":{"matchLabels":{"b":"2"}}}}"#,
        ),
    ] {
        check(kind, original, patch, want);
    }
}

#[test]
fn refusals_have_the_words_of_the_original() {
    let unusable = |text: &str| PatchError::Unusable(text.into());
    let malformed = |text: &str| PatchError::Malformed(text.into());
    for (original, patch, want) in [
        (
            r#"{"spec":{"containers":[{"name":"a"}]}}"#,
            r#"{"spec":{"containers":[{"image":"nokey"}]}}"#,
            unusable("map: map[image:nokey] does not contain declared merge key: name"),
        ),
        (
            r#"{"spec":{"containers":[{"name":"only"}]}}"#,
            r#"{"spec":{"containers":[{"name":"only","$patch":"bogus"}]}}"#,
            unusable("unknown patch type: bogus in map: map[$patch:bogus name:only]"),
        ),
        (
            "{}",
            r#"{"$patch":"bogus"}"#,
            unusable("unknown patch type: bogus in map: map[$patch:bogus]"),
        ),
        (
            r#"{"spec":{"containers":[{"name":"a"}]}}"#,
            r#"{"spec":{"containers":[{"name":"a"},5]}}"#,
            unusable("list element types are not identical: [[map[name:a]] [map[name:a] 5]]"),
        ),
        (
            r#"{"spec":{"containers":[{"name":"a"}]}}"#,
            r#"{"spec":{"containers":[{"name":"a","$patch":"merge"}]}}"#,
            unusable("merging lists cannot yet be specified in the patch"),
        ),
        (
            r#"{"spec":{"containers":[{"name":"a"}]}}"#,
            r#"{"spec":{"$setElementOrder/containers":[{"name":"b"}],"containers":[{"name":"a"}]}}"#,
            unusable(
                "The order in patch list:\n[map[name:a]]\n doesn't match $setElementOrder list:\n\
                 [map[name:b]]\n",
            ),
        ),
        (
            r#"{"spec":{}}"#,
            r#"{"spec":{"$setElementOrder/containers":"x"}}"#,
            unusable("expected a []interface {}, but received a string"),
        ),
        (
            r#"{"spec":{}}"#,
            r#"{"spec":{"$setElementOrder/nosuch":[]}}"#,
            unusable("unable to find api field in struct PodSpec for the json field \"nosuch\""),
        ),
        (
            r#"{"spec":{}}"#,
            r#"{"spec":{"$retainKeys":["a"],"b":1}}"#,
            malformed("invalid patch format of retainKeys"),
        ),
        (
            r#"{"spec":{}}"#,
            r#"{"spec":{"$deleteFromPrimitiveListX":["a"]}}"#,
            malformed("invalid patch format of primitive list"),
        ),
        ("{}", "bad", malformed("invalid character 'b' looking for beginning of value")),
        (
            "{}",
            "[]",
            malformed("json: cannot unmarshal array into Go value of type map[string]interface {}"),
        ),
        (
            r#"{"metadata":{"finalizers":["a"]}}"#,
            r#"{"metadata":{"finalizers":[["a"]]}}"#,
            unusable("list element types are not identical: [[a] [[a]]]"),
        ),
    ] {
        assert_eq!(patched("/Pod", original, patch), Err(want), "{patch}");
    }
}

/// A list of a hundred thousand items would take minutes if each were sought item by item.
#[test]
fn long_lists_merge_in_time() {
    let list = |from: usize, to: usize| {
        let items: Vec<String> = (from..to).map(|i| format!(r#"{{"name":"c{i}"}}"#)).collect();
        format!(r#"{{"spec":{{"containers":[{}]}}}}"#, items.join(","))
    };
    let patched = patched("/Pod", &list(0, 50_000), &list(25_000, 75_000)).expect("it applies");
    let merged = patched.object["spec"]["containers"].as_array().expect("a list");
    assert_eq!(merged.len(), 75_000);
}
