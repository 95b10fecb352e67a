//! Addresses that could mean something else to a gate than to a handler. Jane reads secrets in `default`,
//! and everything is asked for by her.

use super::{Faults, Gate, HIDDEN, OWN};
use crate::client::Client;

/// Where that lies which she may not read.
const HIDDEN_PATH: &str = "/api/v1/namespaces/kube-system/secrets/hidden";

const FORBIDDEN: &str = r#"secrets "hidden" is forbidden: User "jane" cannot get resource "secrets" in API group "" in the namespace "kube-system""#;

/// What is asked for, and what is answered.
const CASES: &[(&str, u16, &str)] = &[
    // What she may, in the spellings that mean the same.
    ("GET /api/v1/namespaces/default/secrets/own", 200, OWN),
    ("GET /api/v1/namespaces/default/secrets/own/", 200, OWN),
    ("GET /api/v1/namespaces/default/secrets/%6fwn", 200, OWN),
    ("GET https://localhost/api/v1/namespaces/default/secrets/own", 200, OWN),
    // What she may not, in spellings that mean the same.
    ("GET /api/v1/namespaces/kube-system/secrets/hidden", 403, FORBIDDEN),
    ("GET /api/v1/namespaces/kube-system/secrets/hidden/", 403, FORBIDDEN),
    ("GET /api/v1/namespaces/kube-system/secrets/hidden?namespace=default", 403, FORBIDDEN),
    ("GET /api/v1/namespaces/kube-system/secrets/hidden?x=%zz", 403, FORBIDDEN),
    ("GET /%61pi/v1/namespaces/%6Bube-system/secrets/hidden", 403, FORBIDDEN),
    ("GET /api/v1/namespaces/kube-system%2fsecrets%2Fhidden", 403, FORBIDDEN),
    ("GET https://localhost/api/v1/namespaces/kube-system/secrets/hidden", 403, FORBIDDEN),
    ("GET https://elsewhere/api/v1/namespaces/kube-system/secrets/hidden", 403, FORBIDDEN),
    (
        "GET https://admin:admin@localhost/api/v1/namespaces/kube-system/secrets/hidden",
        403,
        FORBIDDEN,
    ),
    // Slashes: none goes away, but for those at the ends.
    ("GET //api/v1/namespaces/default/secrets/own", 404, "404 page not found\n"),
    ("GET //api/v1/namespaces/kube-system/secrets/hidden", 403, FORBIDDEN),
    ("GET http://localhost//api/v1/namespaces/kube-system/secrets/hidden", 403, FORBIDDEN),
    (
        "GET /api//v1/namespaces/kube-system/secrets/hidden",
        403,
        r#"v1 "namespaces" is forbidden: User "jane" cannot get resource "v1/kube-system" in API group "" at the cluster scope"#,
    ),
    (
        "GET /api/v1//namespaces/kube-system/secrets/hidden",
        403,
        r#" "namespaces" is forbidden: User "jane" cannot get resource "/kube-system" in API group "" at the cluster scope"#,
    ),
    (
        "GET /api/v1/namespaces//kube-system/secrets/hidden",
        403,
        r#"kube-system "secrets" is forbidden: User "jane" cannot get resource "kube-system/hidden" in API group "" at the cluster scope"#,
    ),
    (
        "GET /api/v1/namespaces/default//kube-system/secrets/hidden",
        403,
        r#" "kube-system" is forbidden: User "jane" cannot get resource "/secrets" in API group "" in the namespace "default""#,
    ),
    (
        "GET /api/v1/namespaces/default/secrets//hidden",
        403,
        r#"secrets is forbidden: User "jane" cannot list resource "secrets/hidden" in API group "" in the namespace "default""#,
    ),
    ("GET /apis//v1/namespaces/default/secrets/own", 404, "404 page not found\n"),
    ("GET /apis//v1/namespaces/kube-system/secrets/hidden", 403, FORBIDDEN),
    // Dots: none leads up.
    (
        "GET /api/v1/namespaces/default/../kube-system/secrets/hidden",
        403,
        r#".. "kube-system" is forbidden: User "jane" cannot get resource "../secrets" in API group "" in the namespace "default""#,
    ),
    (
        "GET /api/v1/namespaces/default/%2e%2e/kube-system/secrets/hidden",
        403,
        r#".. "kube-system" is forbidden: User "jane" cannot get resource "../secrets" in API group "" in the namespace "default""#,
    ),
    (
        "GET /api/v1/namespaces/default%2f..%2fkube-system/secrets/hidden",
        403,
        r#".. "kube-system" is forbidden: User "jane" cannot get resource "../secrets" in API group "" in the namespace "default""#,
    ),
    (
        "GET /api/v1/namespaces/default/secrets/../../kube-system/secrets/hidden",
        403,
        r#"secrets ".." is forbidden: User "jane" cannot get resource "secrets/.." in API group "" in the namespace "default""#,
    ),
    (
        "GET /api/v1/namespaces/default/secrets/own/../../../kube-system/secrets/hidden",
        403,
        r#"secrets "own" is forbidden: User "jane" cannot get resource "secrets/.." in API group "" in the namespace "default""#,
    ),
    (
        "GET /api/v1/namespaces/default/secrets/..%2f..%2fkube-system%2fsecrets%2fhidden",
        403,
        r#"secrets ".." is forbidden: User "jane" cannot get resource "secrets/.." in API group "" in the namespace "default""#,
    ),
    (
        "GET /api/v1/namespaces/default/./secrets/own",
        403,
        r#". "secrets" is forbidden: User "jane" cannot get resource "./own" in API group "" in the namespace "default""#,
    ),
    (
        "GET /api/v1/namespaces/../namespaces/kube-system/secrets/hidden",
        403,
        r#"namespaces "kube-system" is forbidden: User "jane" cannot get resource "namespaces/secrets" in API group "" in the namespace "..""#,
    ),
    (
        "GET /version/../api/v1/namespaces/kube-system/secrets/hidden",
        403,
        r#"forbidden: User "jane" cannot get path "/version/../api/v1/namespaces/kube-system/secrets/hidden""#,
    ),
    (
        "GET /healthz/../api/v1/namespaces/kube-system/secrets/hidden",
        403,
        r#"forbidden: User "jane" cannot get path "/healthz/../api/v1/namespaces/kube-system/secrets/hidden""#,
    ),
    (
        "GET /healthz%2f../api/v1/namespaces/kube-system/secrets/hidden",
        403,
        r#"forbidden: User "jane" cannot get path "/healthz/../api/v1/namespaces/kube-system/secrets/hidden""#,
    ),
    (
        "GET /api/v1/namespaces/default/secrets/..",
        400,
        r#"Name parameter invalid: "..": may not be '..'"#,
    ),
    (
        "GET /api/v1/namespaces/default/secrets/%2e",
        400,
        r#"Name parameter invalid: ".": may not be '.'"#,
    ),
    (
        "DELETE /api/v1/namespaces/default/secrets/..",
        403,
        r#"secrets ".." is forbidden: User "jane" cannot delete resource "secrets" in API group "" in the namespace "default""#,
    ),
    (
        "GET /api/v1/namespaces/default/secrets/%252e%252e%252fhidden",
        400,
        r#"Name parameter invalid: "%2e%2e%2fhidden": may not contain '%'"#,
    ),
    (
        r"GET /api/v1/namespaces/default\..\kube-system/secrets/hidden",
        403,
        r#"secrets "hidden" is forbidden: User "jane" cannot get resource "secrets" in API group "" in the namespace "default\\..\\kube-system""#,
    ),
    // Case counts, and so does every letter.
    (
        "GET /API/v1/namespaces/kube-system/secrets/hidden",
        403,
        r#"forbidden: User "jane" cannot get path "/API/v1/namespaces/kube-system/secrets/hidden""#,
    ),
    (
        "GET /api/V1/namespaces/default/secrets/own",
        404,
        "the server could not find the requested resource",
    ),
    (
        "GET /api/v2/namespaces/default/secrets/own",
        404,
        "the server could not find the requested resource",
    ),
    (
        "GET /api/v1/Namespaces/kube-system/secrets/hidden",
        403,
        r#"Namespaces "kube-system" is forbidden: User "jane" cannot get resource "Namespaces/secrets" in API group "" at the cluster scope"#,
    ),
    (
        "GET /api/v1/namespaces/default/Secrets/own",
        403,
        r#"Secrets "own" is forbidden: User "jane" cannot get resource "Secrets" in API group "" in the namespace "default""#,
    ),
    (
        "GET /api/v1/namespaces/Kube-System/secrets/hidden",
        403,
        r#"secrets "hidden" is forbidden: User "jane" cannot get resource "secrets" in API group "" in the namespace "Kube-System""#,
    ),
    (
        "GET /apis/core/v1/namespaces/kube-system/secrets/hidden",
        403,
        r#"secrets.core "hidden" is forbidden: User "jane" cannot get resource "secrets" in API group "core" in the namespace "kube-system""#,
    ),
    ("GET /api/v1/namespaces/default/secrets/own%20", 404, r#"secrets "own " not found"#),
    ("GET /api/v1/namespaces/default/secrets/own;x=y", 404, r#"secrets "own;x=y" not found"#),
    (
        "GET /api/v1/namespaces/default/secrets/%EF%BC%8E%EF%BC%8E",
        404,
        r#"secrets "．．" not found"#,
    ),
    // Controls stay what they are, and are told as what they are.
    ("GET /api/v1/namespaces/default/secrets/own%00", 404, r#"secrets "own\x00" not found"#),
    (
        "GET /api/v1/namespaces/default%00/secrets/own",
        403,
        r#"secrets "own" is forbidden: User "jane" cannot get resource "secrets" in API group "" in the namespace "default\x00""#,
    ),
    (
        "GET /api/v1/namespaces/default/secrets/own%00/../../kube-system/secrets/hidden",
        403,
        r#"secrets "own\x00" is forbidden: User "jane" cannot get resource "secrets/.." in API group "" in the namespace "default""#,
    ),
    (
        "GET /api/v1/namespaces/default/secrets/own%0d%0aX:%20y",
        404,
        r#"secrets "own\r\nX: y" not found"#,
    ),
    ("GET /api/v1/namespaces/default/secrets/own%22", 404, r#"secrets "own\"" not found"#),
    // What cannot be decoded.
    ("GET /api/v1/namespaces/default/secrets/%zz", 400, "400 Bad Request"),
    ("GET /api/v1/namespaces/default/secrets/own%", 400, "400 Bad Request"),
    ("GET /api/v1/namespaces/default/secrets/%u002e", 400, "400 Bad Request"),
    ("GET /api/v1/namespaces/default/secrets/%c0%ae%c0%ae", 400, "400 Bad Request"),
    // Addresses of other forms, and what is none. The library that reads them says nothing to the last three.
    ("GET *", 403, r#"forbidden: User "jane" cannot get path "*""#),
    // The library below the original answers this one with an empty 200, to everybody.
    ("OPTIONS *", 403, r#"forbidden: User "jane" cannot options path "*""#),
    ("GET localhost:443", 403, r#"forbidden: User "jane" cannot get path """#),
    ("CONNECT localhost:443", 403, r#"forbidden: User "jane" cannot connect path """#),
    (
        "CONNECT /api/v1/namespaces/kube-system/secrets/hidden",
        403,
        r#"secrets "hidden" is forbidden: User "jane" cannot  resource "secrets" in API group "" in the namespace "kube-system""#,
    ),
    ("GET /", 403, r#"forbidden: User "jane" cannot get path "/""#),
    ("GET api/v1/namespaces/kube-system/secrets/hidden", 400, ""),
    ("GET file:///api/v1", 400, ""),
    ("GET ?", 400, ""),
    // Verbs in the path, and methods that are none.
    (
        "GET /api/v1/watch/namespaces/kube-system/secrets/hidden",
        403,
        r#"secrets "hidden" is forbidden: User "jane" cannot watch resource "secrets" in API group "" in the namespace "kube-system""#,
    ),
    (
        "GET /api/v1/proxy/namespaces/kube-system/secrets/hidden",
        403,
        r#"secrets "hidden" is forbidden: User "jane" cannot proxy resource "secrets" in API group "" in the namespace "kube-system""#,
    ),
    (
        "GET /api/v1/watch",
        500,
        "Internal Server Error: \"/api/v1/watch\": unable to determine kind and namespace from url, /api/v1/watch\n",
    ),
    (
        "get /api/v1/namespaces/default/secrets/own",
        403,
        r#"secrets "own" is forbidden: User "jane" cannot  resource "secrets" in API group "" in the namespace "default""#,
    ),
    (
        "TRACE /api/v1/namespaces/default/secrets/own",
        403,
        r#"secrets "own" is forbidden: User "jane" cannot  resource "secrets" in API group "" in the namespace "default""#,
    ),
    ("HEAD /api/v1/namespaces/kube-system/secrets/hidden", 403, ""),
    // Other ways to the same objects.
    (
        "GET /api/v1/secrets",
        403,
        r#"secrets is forbidden: User "jane" cannot list resource "secrets" in API group "" at the cluster scope"#,
    ),
    (
        "GET /api/v1/secrets/hidden",
        403,
        r#"secrets "hidden" is forbidden: User "jane" cannot get resource "secrets" in API group "" at the cluster scope"#,
    ),
    (
        "GET /api/v1/secrets?fieldSelector=metadata.namespace%3Ddefault",
        403,
        r#"secrets is forbidden: User "jane" cannot list resource "secrets" in API group "" at the cluster scope"#,
    ),
    (
        "GET /api/v1/namespaces/default/secrets?fieldSelector=metadata.namespace%3Dkube-system",
        200,
        r#""items":[]"#,
    ),
    (
        "GET /api/v1/namespaces/default/secrets?fieldSelector=metadata.name%3Dhidden",
        200,
        r#""items":[]"#,
    ),
    (
        "GET /api/v1/namespaces/default/secrets/own/hidden",
        403,
        r#"secrets "own" is forbidden: User "jane" cannot get resource "secrets/hidden" in API group "" in the namespace "default""#,
    ),
    (
        "GET /api/v1/namespaces/default/secrets/own/status",
        403,
        r#"secrets "own" is forbidden: User "jane" cannot get resource "secrets/status" in API group "" in the namespace "default""#,
    ),
    // A page that goes on elsewhere: what is sent is the JSON of the token, in base64.
    (
        "GET /api/v1/namespaces/default/secrets?limit=9&continue=eyJ2IjogIm1ldGEuazhzLmlvL3YxIiwgInJ2IjogLTEsICJzdGFydCI6ICIuLi9rdWJlLXN5c3RlbS9oaWRkZW4ifQ",
        400,
        "invalid continue token: continue key is not valid: ../kube-system/hidden",
    ),
    (
        "GET /api/v1/namespaces/default/secrets?limit=9&continue=eyJ2IjogIm1ldGEuazhzLmlvL3YxIiwgInJ2IjogLTEsICJzdGFydCI6ICIvLi4va3ViZS1zeXN0ZW0vaGlkZGVuIn0",
        400,
        "invalid continue token: continue key is not valid: /../kube-system/hidden",
    ),
    (
        "GET /api/v1/namespaces/default/secrets?limit=9&continue=eyJ2IjogIm1ldGEuazhzLmlvL3YxIiwgInJ2IjogLTEsICJzdGFydCI6ICIuLi8ifQ",
        400,
        "invalid continue token: continue key is not valid: ../",
    ),
    (
        "GET /api/v1/namespaces/default/secrets?limit=9&continue=eyJ2IjogIm1ldGEuazhzLmlvL3YxIiwgInJ2IjogLTEsICJzdGFydCI6ICJhLy4uLy4uL2t1YmUtc3lzdGVtLyJ9",
        400,
        "invalid continue token: continue key is not valid: a/../../kube-system/",
    ),
    (
        "GET /api/v1/namespaces/default/secrets?limit=9&continue=eyJ2IjogIm1ldGEuazhzLmlvL3YxIiwgInJ2IjogLTEsICJzdGFydCI6ICIvIn0",
        200,
        OWN,
    ),
    (
        "GET /api/v1/namespaces/default/secrets?limit=9&continue=eyJ2IjogIm1ldGEuazhzLmlvL3YxIiwgInJ2IjogLTEsICJzdGFydCI6ICJ6enoifQ",
        200,
        r#""items":[]"#,
    ),
];

#[test]
fn no_path_leads_round_the_gate() {
    let Some(gate) = Gate::open("refusals::paths::no_path_leads_round_the_gate") else { return };
    let mut admin = Client::connect(gate.server.port, &gate.trust, "admin").expect("it listens");
    let (_, hidden) = admin.ask("GET", HIDDEN_PATH, "").expect("it answers");
    assert_eq!(hidden["data"]["key"], HIDDEN, "it is there for those who may");
    let mut faults = Faults::default();
    for (request, code, message) in CASES {
        let answer = gate.ask(request, "Authorization: Bearer jane");
        faults.check(request, &answer, *code, message);
    }
    faults.none();
}
