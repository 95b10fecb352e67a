//! Bearer tokens that are good but for one thing.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64};
use portcullis_identity::{PrivateKey, Random};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

use super::{ANONYMOUS, Faults, Gate, OWN, OWN_PATH, UNAUTHORIZED};
use crate::client::Client;

const ACCOUNTS: &str = "/api/v1/namespaces/default/serviceaccounts";

/// Who may do everything, to prepare what is tried.
struct Admin(Client);

impl Admin {
    fn of(gate: &Gate) -> Self {
        let connected = Client::connect(gate.server.port, &gate.trust, "admin");
        Self(connected.expect("it listens"))
    }

    #[track_caller]
    fn ask(&mut self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (code, answer) = self.0.ask(method, path, &body).expect("it answers");
        assert!(code < 300, "{method} {path}: {answer}");
        answer
    }

    /// A token of an account, bound to an object of this kind and name if there is one.
    fn token(&mut self, account: &str, bound: Option<(&str, &str)>) -> String {
        let bound =
            bound.map(|(kind, name)| json!({"apiVersion": "v1", "kind": kind, "name": name}));
        let body = json!({
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "spec": {"boundObjectRef": bound},
        });
        let answer = self.ask("POST", &format!("{ACCOUNTS}/{account}/token"), &body);
        answer["status"]["token"].as_str().expect("it has one").to_owned()
    }
}

/// A token taken to pieces, to be put together wrongly.
#[derive(Clone)]
struct Parts {
    header: Value,
    claims: Value,
}

impl Parts {
    fn of(token: &str) -> Self {
        let mut parts = token.split('.').map(|part| {
            let bytes = BASE64.decode(part).expect("it is base64");
            serde_json::from_slice(&bytes).unwrap_or_default()
        });
        let mut next = || parts.next().expect("a token has three parts");
        Self { header: next(), claims: next() }
    }

    /// With other members in its header, or without those that are null.
    fn header(&self, change: Value) -> Self {
        Self { header: changed(&self.header, change), ..self.clone() }
    }

    fn claims(&self, change: Value) -> Self {
        Self { claims: changed(&self.claims, change), ..self.clone() }
    }

    fn signed_part(&self) -> String {
        let [header, claims] =
            [&self.header, &self.claims].map(|part| BASE64.encode(part.to_string()));
        format!("{header}.{claims}")
    }

    fn with(&self, signature: &[u8]) -> String {
        format!("{}.{}", self.signed_part(), BASE64.encode(signature))
    }

    /// Signed as ES256, whatever the header says.
    fn signed(&self, key: &PrivateKey) -> String {
        let random = SystemRandom::new();
        let (_, document) = key.document();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document, &random)
            .expect("it is a key of P-256");
        let signature = pair.sign(&random, self.signed_part().as_bytes()).expect("it signs");
        self.with(signature.as_ref())
    }

    /// Signed as HS256 with this secret.
    fn sealed(&self, secret: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        self.with(hmac::sign(&key, self.signed_part().as_bytes()).as_ref())
    }
}

fn changed(value: &Value, change: Value) -> Value {
    let mut value = value.clone();
    let (Value::Object(members), Value::Object(change)) = (&mut value, change) else {
        panic!("headers and claims are objects")
    };
    for (key, new) in change {
        match new {
            Value::Null => drop(members.remove(&key)),
            new => drop(members.insert(key, new)),
        }
    }
    value
}

#[test]
fn a_token_that_is_wrong_in_one_thing_is_nobodys() {
    let test = "refusals::tokens::a_token_that_is_wrong_in_one_thing_is_nobodys";
    let Some(gate) = Gate::open(test) else { return };
    let mut admin = Admin::of(&gate);
    let random = Random::system();
    let key = PrivateKey::from_pem(&gate.pki("sa.key"), &random).expect("it is a key");
    let foreign = PrivateKey::generate(&random).expect("a key");
    let public = gate.pki("sa.pub");
    let token = admin.token("robot", None);
    let good = Parts::of(&token);
    let now = good.claims["iat"].as_u64().expect("it has a time");
    let signature = token.rsplit('.').next().expect("it has a signature");
    let mut flipped = BASE64.decode(signature).expect("it is base64");
    flipped[0] ^= 1;
    let hs256 = good.header(json!({"alg": "HS256"}));
    let point = |range: std::ops::Range<usize>| {
        let bytes = foreign.public();
        BASE64.encode(&bytes[bytes.len() - 64..][range])
    };
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": point(0..32), "y": point(32..64)});
    let account = |uid: &str| {
        let mut own = good.claims["kubernetes.io"].clone();
        own["serviceaccount"]["uid"] = uid.into();
        json!({"kubernetes.io": own})
    };

    let mut faults = Faults::default();
    let mut check = |name: &str, headers: &str, code: u16, message: &str| {
        faults.check(name, &gate.ask(&format!("GET {OWN_PATH}"), headers), code, message);
    };
    let bearer = |token: &str| format!("Authorization: Bearer {token}");
    // What is put together here is taken if nothing is wrong with it.
    check("the token", &bearer(&token), 200, OWN);
    check("put together again", &bearer(&good.signed(&key)), 200, OWN);
    for (name, wrong) in [
        ("another key", good.signed(&foreign)),
        (
            "another key, in the header",
            good.header(json!({"jwk": jwk, "kid": null})).signed(&foreign),
        ),
        (
            "another key, at an address",
            good.header(json!({"jku": "https://127.0.0.1/keys"})).signed(&foreign),
        ),
        ("another signature", good.with(&flipped)),
        ("a signature of zeros", good.with(&[0; 64])),
        ("a signature in DER", good.with(&[0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01])),
        ("no signature", good.with(&[])),
        ("two parts", good.signed_part()),
        ("four parts", format!("{token}.{signature}")),
        ("alg none", good.header(json!({"alg": "none"})).with(&[])),
        ("alg None", good.header(json!({"alg": "None"})).with(&[])),
        ("alg none, signed", good.header(json!({"alg": "none"})).signed(&key)),
        ("no alg", good.header(json!({"alg": null})).signed(&key)),
        ("no alg, not signed", good.header(json!({"alg": null})).with(&[])),
        ("HS256 with the public key", hs256.sealed(&public)),
        ("HS256 with the public key, trimmed", hs256.sealed(public.trim_ascii())),
        ("HS256 with the public key's bytes", hs256.sealed(key.public())),
        ("HS256 with nothing", hs256.sealed(b"")),
        ("ES256, sealed with the public key", good.sealed(&public)),
        ("RS256", good.header(json!({"alg": "RS256"})).signed(&key)),
        ("ES384", good.header(json!({"alg": "ES384"})).signed(&key)),
        ("es256", good.header(json!({"alg": "es256"})).signed(&key)),
        (
            "an extension that must be understood",
            good.header(json!({"crit": ["exp"]})).signed(&key),
        ),
        ("changed after signing", {
            let other = good.claims(json!({"sub": "system:serviceaccount:kube-system:robot"}));
            format!("{}.{signature}", other.signed_part())
        }),
        ("another audience", good.claims(json!({"aud": ["vault"]})).signed(&key)),
        ("part of the audience", good.claims(json!({"aud": ["https://kubernetes"]})).signed(&key)),
        ("another issuer", good.claims(json!({"iss": "https://elsewhere"})).signed(&key)),
        ("no issuer", good.claims(json!({"iss": null})).signed(&key)),
        ("over", good.claims(json!({"exp": now - 3600})).signed(&key)),
        ("not yet", good.claims(json!({"nbf": now + 3600})).signed(&key)),
        ("over in text", good.claims(json!({"exp": "never"})).signed(&key)),
        (
            "an account that was another",
            good.claims(account("00000000-0000-4000-8000-000000000000")).signed(&key),
        ),
        ("an account without a uid", good.claims(account("")).signed(&key)),
        ("an account that is none", {
            let mut own = good.claims["kubernetes.io"].clone();
            own["serviceaccount"]["name"] = "nobody".into();
            good.claims(json!({"kubernetes.io": own})).signed(&key)
        }),
        ("nobody's claims", good.claims(json!({"kubernetes.io": null})).signed(&key)),
        ("claims that are none", Parts { claims: json!([]), ..good.clone() }.signed(&key)),
        ("cut", token[..token.len() / 2].to_owned()),
        ("cut by one", token[..token.len() - 1].to_owned()),
        ("padded", format!("{token}=")),
        ("with letters that are none", token.replace('.', ".+")),
        ("in base64 once more", STANDARD.encode(&token)),
        ("nonsense", "nonsense".to_owned()),
        ("dots", "..".to_owned()),
        ("three letters", "a.b.c".to_owned()),
        ("not ASCII", "z\u{eb}".to_owned()),
        ("a token of the file in capitals", "JANE".to_owned()),
        ("part of a token of the file", "jan".to_owned()),
        ("a token of the file and more", "jane,".to_owned()),
        ("long", "a".repeat(100_000)),
        ("long parts", format!("{0}.{0}.{0}", "YWFh".repeat(8_000))),
        ("many parts", "a.".repeat(40_000)),
    ] {
        check(name, &bearer(&wrong), 401, UNAUTHORIZED);
    }
    // Where it stands. What is no bearer token is nobody's word, and counts as none.
    let twice = |first: &str, second: &str| format!("{}\r\n{}", bearer(first), bearer(second));
    check("the first counts", &twice("nonsense", &token), 401, UNAUTHORIZED);
    check("the second does not", &twice(&token, "nonsense"), 200, OWN);
    check("two in one", &bearer(&format!("nonsense, Bearer {token}")), 401, UNAUTHORIZED);
    check("in quotes", &bearer(&format!("\"{token}\"")), 401, UNAUTHORIZED);
    check("after a tab", &format!("Authorization: Bearer\t{token}"), 403, ANONYMOUS);
    check("as another scheme", &format!("Authorization: Token {token}"), 403, ANONYMOUS);
    check(
        "as a password",
        &format!("Authorization: Basic {}", STANDARD.encode("admin:admin")),
        403,
        ANONYMOUS,
    );
    check("in another header", &format!("Proxy-Authorization: Bearer {token}"), 403, ANONYMOUS);
    check("as a cookie", &format!("Cookie: token={token}"), 403, ANONYMOUS);
    let in_address = gate.ask(&format!("GET {OWN_PATH}?access_token=admin&token=admin"), "");
    faults.check("in the address", &in_address, 403, ANONYMOUS);
    let spaced = gate.ask(&format!("GET {OWN_PATH}"), format!("Authorization: Bearer  {token}"));
    faults.check("after two blanks", &spaced, 403, ANONYMOUS);
    let warning = "299 - \"the provided Authorization header contains extra space before the bearer token, \
        and is ignored\"";
    assert_eq!(spaced.warning, warning);
    let bytes = gate.ask(&format!("GET {OWN_PATH}"), b"Authorization: Bearer \xff");
    faults.check("bytes", &bytes, 401, UNAUTHORIZED);
    faults.none();
}

#[test]
fn a_token_ends_with_what_it_is_bound_to() {
    let test = "refusals::tokens::a_token_ends_with_what_it_is_bound_to";
    let Some(gate) = Gate::open(test) else { return };
    let mut admin = Admin::of(&gate);
    let account = json!({"metadata": {"name": "robot"}});
    let pod = json!({
        "metadata": {"name": "p"},
        "spec": {"serviceAccountName": "robot", "containers": [{"name": "c", "image": "i"}]},
    });
    let secret = json!({"metadata": {"name": "s"}});
    let (pods, secrets) = ("/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/secrets");
    let now = json!({"gracePeriodSeconds": 0});
    let mut faults = Faults::default();
    let mut check = |name: &str, token: &str, code: u16, message: &str| {
        let header = format!("Authorization: Bearer {token}");
        faults.check(name, &gate.ask(&format!("GET {OWN_PATH}"), &header), code, message);
    };
    for (kind, name, folder, object) in
        [("Pod", "p", pods, &pod), ("Secret", "s", secrets, &secret)]
    {
        admin.ask("POST", folder, object);
        let token = admin.token("robot", Some((kind, name)));
        check(&format!("{kind} there"), &token, 200, OWN);
        admin.ask("DELETE", &format!("{folder}/{name}"), &now);
        check(&format!("{kind} gone"), &token, 401, UNAUTHORIZED);
        admin.ask("POST", folder, object);
        check(&format!("{kind} of the same name"), &token, 401, UNAUTHORIZED);
        let token = admin.token("robot", Some((kind, name)));
        check(&format!("{kind} that is new"), &token, 200, OWN);
    }
    let token = admin.token("robot", None);
    check("account there", &token, 200, OWN);
    admin.ask("DELETE", &format!("{ACCOUNTS}/robot"), &Value::Null);
    check("account gone", &token, 401, UNAUTHORIZED);
    admin.ask("POST", ACCOUNTS, &account);
    check("account of the same name", &token, 401, UNAUTHORIZED);
    let token = admin.token("robot", None);
    check("account that is new", &token, 200, OWN);
    faults.none();
}
