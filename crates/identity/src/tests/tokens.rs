//! Tokens, good and forged, and the order in which credentials are asked about.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_core::Timestamp;
use ring::hmac;
use serde_json::{Value, json};

use super::OpenSsl;
use crate::authenticate::{Anonymous, Peer, Presented, Step, Trust, authenticate, review};
use crate::certificate::ClientTrust;
use crate::issue::Authority;
use crate::jwt::VerifyingKeys;
use crate::key::PrivateKey;
use crate::random::Random;
use crate::service_account::issue::{Bound, Issuer, Lifetimes, Named, Token, Wanted};
use crate::service_account::{Accounts, Confirmed, Facts, Found, Needs};
use crate::token_file::TokenFile;

const ISSUER: &str = "https://kubernetes.default.svc";

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn named(name: &str, uid: &str) -> Named {
    Named { name: name.to_owned(), uid: uid.to_owned() }
}

fn found(uid: &str) -> Option<Found> {
    Some(Found { uid: uid.to_owned(), deleted: None })
}

fn deleted(uid: &str, seconds_ago: u64) -> Option<Found> {
    let deleted = Timestamp::from_seconds(now().seconds() - seconds_ago);
    Some(Found { uid: uid.to_owned(), deleted: Some(deleted) })
}

/// A server with an issuer, and whoever else it trusts.
struct Server {
    issuer: Issuer,
    trust: Trust,
    random: Random,
}

impl Server {
    fn start() -> Self {
        let random = Random::system();
        Self::with(PrivateKey::generate(&random).unwrap(), random)
    }

    fn with(key: PrivateKey, random: Random) -> Self {
        let own = vec![ISSUER.to_owned()];
        let keys = VerifyingKeys::of(&key);
        let (file, _) = TokenFile::parse(b"file-token,jane,u-1,\"dev,ops\"").ok().unwrap();
        let trust = Trust {
            clients: None,
            tokens: Some(file.into()),
            accounts: Some(Accounts::new(own.clone(), own.clone(), keys).into()),
            audiences: own,
            anonymous: Anonymous::Always,
        };
        Self { issuer: Issuer::new(key, ISSUER, Lifetimes::default()), trust, random }
    }

    fn wanted(bound: Bound) -> Wanted {
        Wanted {
            namespace: "dev".to_owned(),
            account: named("robot", "sa-1"),
            bound,
            audiences: vec![ISSUER.to_owned()],
            seconds: 3600,
        }
    }

    fn issue(&self, wanted: &Wanted) -> Token {
        self.issuer.issue(wanted, &self.trust.audiences, now(), &self.random).unwrap()
    }

    fn claims(token: &str) -> Value {
        let payload = token.split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
    }

    /// What a review says of a token, the account being there.
    fn review(
        &self,
        token: &str,
        audiences: &[&str],
        facts: &Facts,
        then: Timestamp,
    ) -> Result<Confirmed, String> {
        let audiences: Vec<String> = audiences.iter().map(|a| (*a).to_owned()).collect();
        outcome(review(&self.trust, token, &audiences, then), facts, then)
    }

    #[track_caller]
    fn refused(&self, token: &str, facts: &Facts, why: &str) {
        let said = self.review(token, &[], facts, now()).map(|_| ()).unwrap_err();
        let expected = if why.is_empty() {
            "invalid bearer token".to_owned()
        } else {
            format!("[invalid bearer token, {why}]")
        };
        assert_eq!(said, expected);
    }
}

fn outcome(step: Step, facts: &Facts, then: Timestamp) -> Result<Confirmed, String> {
    let step = match step {
        Step::Need(lookup) => lookup.resume(facts, then),
        step => step,
    };
    match step {
        Step::Done(confirmed) => Ok(confirmed),
        Step::Refused(refusal) => Err(refusal.to_string()),
        Step::Need(_) => panic!("asked twice"),
    }
}

fn account() -> Facts {
    Facts { account: found("sa-1"), ..Facts::default() }
}

#[test]
fn a_token_on_request_says_what_the_original_says() {
    let server = Server::start();
    let token = server.issue(&Server::wanted(Bound::Nothing));
    let claims = Server::claims(&token.text);
    let (begin, id) = (now().seconds(), claims["jti"].as_str().unwrap());
    let expected = json!({
        "aud": [ISSUER], "exp": begin + 3600, "iat": begin, "iss": ISSUER, "jti": id,
        "kubernetes.io": {"namespace": "dev", "serviceaccount": {"name": "robot", "uid": "sa-1"}},
        "nbf": begin, "sub": "system:serviceaccount:dev:robot",
    });
    assert_eq!(claims.to_string(), expected.to_string(), "order included");
    assert_eq!(token.expires, now().after(Duration::from_secs(3600)));
    assert_eq!(token.credential, format!("JTI={id}"));
    let header = token.text.split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    let published = server.trust.accounts.as_ref().unwrap().keys().jwks();
    assert_eq!(header, json!({"alg": "ES256", "kid": published["keys"][0]["kid"]}));

    let confirmed = server.review(&token.text, &[], &account(), now()).unwrap();
    let user = confirmed.user.user();
    assert_eq!(user.name, "system:serviceaccount:dev:robot");
    assert_eq!(user.uid, "sa-1");
    assert_eq!(
        user.groups,
        ["system:serviceaccounts", "system:serviceaccounts:dev", "system:authenticated"]
    );
    assert_eq!(user.extra.len(), 1);
    assert_eq!(user.extra["authentication.kubernetes.io/credential-id"], [format!("JTI={id}")]);
    assert_eq!(confirmed.audiences, [ISSUER]);
    assert_eq!(confirmed.annotations, []);
}

#[test]
fn bound_tokens_live_as_long_as_what_they_are_bound_to() {
    let server = Server::start();
    let pod =
        server.issue(&Server::wanted(Bound::Pod(named("p", "p-1"), Some(named("n", "n-1"))))).text;
    let secret = server.issue(&Server::wanted(Bound::Secret(named("s", "s-1")))).text;
    let node = server.issue(&Server::wanted(Bound::Node(named("n", "n-1")))).text;

    let extra = |token: &str, facts: &Facts| {
        let user = server.review(token, &[], facts, now()).unwrap().user;
        let extra = user.user().extra.iter().filter(|(key, _)| !key.ends_with("credential-id"));
        extra
            .map(|(key, value)| format!("{}={}", key.rsplit('/').next().unwrap(), value[0]))
            .collect::<Vec<_>>()
    };
    let with_pod = |pod| Facts { pod, ..account() };
    let with_secret = |secret| Facts { secret, ..account() };
    let with_node = |node| Facts { node, ..account() };
    assert_eq!(
        extra(&pod, &with_pod(found("p-1"))),
        ["node-name=n", "node-uid=n-1", "pod-name=p", "pod-uid=p-1"]
    );
    assert_eq!(extra(&secret, &with_secret(found("s-1"))), [""; 0]);
    assert_eq!(extra(&node, &with_node(found("n-1"))), ["node-name=n", "node-uid=n-1"]);

    let gone = "service account token has been invalidated";
    for (token, facts, why) in [
        (&pod, account(), gone),
        (&pod, with_pod(deleted("p-1", 61)), gone),
        (
            &pod,
            with_pod(found("p-2")),
            "pod UID (p-2) does not match service account pod ref claim (p-1)",
        ),
        (&secret, account(), gone),
        (&secret, with_secret(deleted("s-1", 61)), gone),
        (
            &secret,
            with_secret(found("s-2")),
            "secret UID (s-2) does not match service account secret ref claim (s-1)",
        ),
        (&node, account(), gone),
        (&node, with_node(deleted("n-1", 61)), gone),
        (
            &node,
            with_node(found("n-2")),
            "node UID (n-2) does not match service account node ref claim (n-1)",
        ),
    ] {
        server.refused(token, &facts, why);
    }
    assert!(server.review(&pod, &[], &with_pod(deleted("p-1", 59)), now()).is_ok());

    let needs = |token: &str| match review(&server.trust, token, &[], now()) {
        Step::Need(lookup) => {
            let Needs { namespace, account, secret, pod, node } = lookup.needs();
            format!("{namespace} {account} {secret:?} {pod:?} {node:?}")
        }
        _ => panic!("nothing is needed"),
    };
    assert_eq!(needs(&pod), r#"dev robot None Some("p") None"#);
    assert_eq!(needs(&secret), r#"dev robot Some("s") None None"#);
    assert_eq!(needs(&node), r#"dev robot None None Some("n")"#);
}

#[test]
fn accounts_must_be_there_and_the_same() {
    let server = Server::start();
    let token = server.issue(&Server::wanted(Bound::Nothing)).text;
    for (account, why) in [
        (None, "serviceaccounts \"robot\" not found"),
        (found("sa-2"), "service account UID (sa-2) does not match claim (sa-1)"),
        (deleted("sa-1", 61), "service account dev/robot has been deleted"),
    ] {
        server.refused(&token, &Facts { account, ..Facts::default() }, why);
    }
    let leaving = Facts { account: deleted("sa-1", 59), ..Facts::default() };
    assert!(server.review(&token, &[], &leaving, now()).is_ok());
}

fn refused<T>(why: &str) -> Result<T, String> {
    Err(format!("[invalid bearer token, {why}]"))
}

#[test]
fn times_and_audiences() {
    let server = Server::start();
    let token = server.issue(&Server::wanted(Bound::Nothing)).text;
    let at = |seconds: i64| {
        let then = Timestamp::from_seconds(now().seconds().checked_add_signed(seconds).unwrap());
        server.review(&token, &[], &account(), then).map(|_| "fine")
    };
    let (early, late) =
        ("service account token is not valid yet", "service account token has expired");
    assert_eq!(at(-61), refused(early));
    assert_eq!(at(-60), Ok("fine"));
    assert_eq!(at(3660), Ok("fine"));
    assert_eq!(at(3661), refused(late));

    let audience = |audiences: &[&str], own: &[&str]| {
        let wanted = Wanted {
            audiences: own.iter().map(|a| (*a).to_owned()).collect(),
            ..Server::wanted(Bound::Nothing)
        };
        let token = server.issue(&wanted).text;
        server.review(&token, audiences, &account(), now()).map(|confirmed| confirmed.audiences)
    };
    assert_eq!(audience(&["vault", "x"], &["vault"]), Ok(vec!["vault".to_owned()]));
    assert_eq!(audience(&["b", "a"], &["a", "b", "c"]), Ok(vec!["b".to_owned(), "a".to_owned()]));
    assert_eq!(
        audience(&[], &["vault"]),
        refused(
            "token audiences [\"vault\"] is invalid for the target audiences [\"https://kubernetes.default.svc\"]"
        )
    );
    assert_eq!(
        audience(&["nope", "no"], &[ISSUER]),
        refused(
            "token audiences [\"https://kubernetes.default.svc\"] is invalid for the target audiences [\"nope\" \"no\"]"
        )
    );
}

#[test]
fn lifetimes() {
    let server = Server::start();
    let lives = |server: &Server, wanted: &Wanted| {
        let token = server.issue(wanted);
        let claims = Server::claims(&token.text);
        let after = |claim: &Value| claim.as_u64().map(|at| at - now().seconds());
        (
            after(&claims["exp"]),
            after(&claims["kubernetes.io"]["warnafter"]),
            token.seconds,
            token.warning,
        )
    };
    let pod = Bound::Pod(named("p", "p-1"), None);
    let with = |seconds, bound: &Bound| Wanted { seconds, ..Server::wanted(bound.clone()) };
    let year = Some(365 * 24 * 3600);
    assert_eq!(lives(&server, &with(3607, &pod)), (year, Some(3607), 3607, None));
    assert_eq!(lives(&server, &with(3607, &Bound::Nothing)), (Some(3607), None, 3607, None));
    assert_eq!(lives(&server, &with(3606, &pod)), (Some(3606), None, 3606, None));
    let foreign = Wanted { audiences: vec!["vault".into()], ..with(3607, &pod) };
    assert_eq!(lives(&server, &foreign), (Some(3607), None, 3607, None));

    let key = PrivateKey::generate(&server.random).unwrap();
    let strict = Issuer::new(key, ISSUER, Lifetimes { max: Some(1000), extend: false });
    let strict = Server { issuer: strict, ..server };
    let text = "requested expiration of 3607 seconds shortened to 1000 seconds".to_owned();
    assert_eq!(lives(&strict, &with(3607, &pod)), (Some(1000), None, 1000, Some(text)));

    // A client that has not noticed is told on by the audit log.
    let server = Server::start();
    let token = server.issue(&with(3607, &pod)).text;
    let facts = Facts { pod: found("p-1"), ..account() };
    let annotations = |seconds| {
        let then = now().after(Duration::from_secs(seconds));
        server.review(&token, &[], &facts, then).unwrap().annotations
    };
    assert_eq!(annotations(3607), []);
    let text =
        "subject: system:serviceaccount:dev:robot, seconds after warning threshold: 1".to_owned();
    assert_eq!(annotations(3608), [("authentication.k8s.io/stale-token", text)]);
}

#[test]
fn tokens_of_secrets() {
    let server = Server::start();
    let token =
        server.issuer.of_secret("dev", &named("robot", "sa-1"), "t", &server.random).unwrap();
    let facts =
        Facts { secret: found("s-1"), secret_token: token.clone().into_bytes(), ..account() };
    let claims = Server::claims(&token);
    let expected = json!({
        "iss": "kubernetes/serviceaccount",
        "kubernetes.io/serviceaccount/namespace": "dev",
        "kubernetes.io/serviceaccount/secret.name": "t",
        "kubernetes.io/serviceaccount/service-account.name": "robot",
        "kubernetes.io/serviceaccount/service-account.uid": "sa-1",
        "sub": "system:serviceaccount:dev:robot",
    });
    assert_eq!(claims.to_string(), expected.to_string());

    let confirmed = server.review(&token, &[], &facts, now()).unwrap();
    assert_eq!(confirmed.user.user().name, "system:serviceaccount:dev:robot");
    assert!(confirmed.user.user().extra.is_empty());
    assert_eq!(confirmed.last_used.as_deref(), Some("2026-11-21"));
    let subject = "system:serviceaccount:dev:robot".to_owned();
    let manual = ("authentication.k8s.io/legacy-token-manual-secret", "t".to_owned());
    assert_eq!(confirmed.annotations, [("authentication.k8s.io/legacy-token", subject), manual]);
    assert_eq!(confirmed.warnings, [""; 0]);

    let made = Facts { account_secrets: vec!["t".into()], ..facts.clone() };
    assert_eq!(server.review(&token, &[], &made, now()).unwrap().warnings.len(), 1);
    for day in ["2026-11-21", "2026-11-22"] {
        let used = Facts { secret_last_used: day.into(), ..facts.clone() };
        assert_eq!(server.review(&token, &[], &used, now()).unwrap().last_used, None);
    }

    let change = |change: fn(&mut Facts)| {
        let mut facts = facts.clone();
        change(&mut facts);
        facts
    };
    for (facts, why) in [
        (change(|f| f.secret = None), "Token has been invalidated"),
        (change(|f| f.secret = deleted("s-1", 1)), "Token has been invalidated"),
        (change(|f| f.secret_token.push(b'x')), "Token does not match server's copy"),
        (change(|f| f.secret_token.clear()), "Token does not match server's copy"),
        (change(|f| f.account = None), "serviceaccounts \"robot\" not found"),
        (change(|f| f.account = deleted("sa-1", 1)), "ServiceAccount dev/robot has been deleted"),
        (
            change(|f| f.account = found("sa-2")),
            "ServiceAccount UID (sa-2) does not match claim (sa-1)",
        ),
        (
            change(|f| f.secret_invalid_since = "2026-01-01".into()),
            "the token in secret dev/t for service account dev/robot has been marked invalid. Use tokens from \
             the TokenRequest API or manually created secret-based tokens, or remove the \
             'kubernetes.io/legacy-token-invalid-since' label from the secret to temporarily allow use of this token",
        ),
    ] {
        server.refused(&token, &facts, why);
    }
}

#[test]
fn claims_of_tokens_of_secrets() {
    let server = Server::start();
    let good = json!({
        "iss": "kubernetes/serviceaccount",
        "kubernetes.io/serviceaccount/namespace": "dev",
        "kubernetes.io/serviceaccount/secret.name": "t",
        "kubernetes.io/serviceaccount/service-account.name": "robot",
        "kubernetes.io/serviceaccount/service-account.uid": "sa-1",
        "sub": "system:serviceaccount:dev:robot",
    });
    for (claim, value, why) in [
        ("sub", "", "sub claim is missing"),
        ("sub", "system:serviceaccount:dev:other", "sub claim is invalid"),
        ("sub", "jane", "sub claim is invalid"),
        ("kubernetes.io/serviceaccount/namespace", "", "namespace claim is missing"),
        ("kubernetes.io/serviceaccount/namespace", "other", "sub claim is invalid"),
        ("kubernetes.io/serviceaccount/secret.name", "", "secretName claim is missing"),
        (
            "kubernetes.io/serviceaccount/service-account.name",
            "",
            "serviceAccountName claim is missing",
        ),
        (
            "kubernetes.io/serviceaccount/service-account.uid",
            "",
            "serviceAccountUID claim is missing",
        ),
    ] {
        let mut claims = good.clone();
        claims[claim] = Value::from(value);
        let Value::Object(claims) = claims else { unreachable!() };
        let token = crate::jwt::sign(server.issuer.key(), &claims, &server.random).unwrap();
        server.refused(&token, &account(), why);
    }
}

/// A token from parts, signed by `sign`.
fn forged(header: &Value, claims: &Value, sign: impl Fn(&str) -> Vec<u8>) -> String {
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encoded(header), encoded(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(&signed));
    format!("{signed}.{signature}")
}

#[test]
fn forgeries() {
    let server = Server::start();
    let token = server.issue(&Server::wanted(Bound::Nothing)).text;
    let claims = Server::claims(&token);
    let public = server.issuer.key().public().to_vec();
    let keys = server.trust.accounts.as_ref().unwrap().keys().jwks();
    let kid = keys["keys"][0]["kid"].clone();
    let crypto = "go-jose/go-jose: error in cryptographic primitive";
    let hmac = |key: &[u8]| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        move |text: &str| hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
    };
    let header = |alg: &str| json!({"alg": alg, "kid": kid});
    for (why, token) in [
        (crypto, forged(&header("none"), &claims, |_| Vec::new())),
        (crypto, forged(&header("None"), &claims, |_| Vec::new())),
        (crypto, forged(&json!({"kid": kid}), &claims, |_| Vec::new())),
        (crypto, forged(&json!({"alg": "none"}), &claims, |_| Vec::new())),
        (crypto, forged(&header("HS256"), &claims, hmac(&public))),
        (
            crypto,
            forged(
                &header("HS256"),
                &claims,
                hmac(crate::pem::written("PUBLIC KEY", &public).as_bytes()),
            ),
        ),
        (crypto, forged(&header("ES256"), &claims, |_| vec![0; 64])),
        (crypto, forged(&header("ES256"), &claims, |_| Vec::new())),
        (crypto, forged(&header("RS256"), &claims, |_| vec![1; 256])),
        (crypto, forged(&header("ES384"), &claims, |_| vec![1; 96])),
        (
            "invalid signature, no keys found",
            forged(&json!({"alg": "ES256", "kid": "other"}), &claims, |_| vec![1; 64]),
        ),
    ] {
        server.refused(&token, &account(), why);
    }

    // Another's signature, of the right kind and with the right name for the key.
    let other = Server::start();
    let stranger = other.issue(&Server::wanted(Bound::Nothing)).text;
    server.refused(&stranger, &account(), "invalid signature, no keys found");
    let signed = stranger.rsplit_once('.').unwrap().0.to_owned();
    let foreign = token.rsplit_once('.').unwrap().1;
    server.refused(&format!("{signed}.{foreign}"), &account(), "invalid signature, no keys found");

    // Another issuer: some other authenticator's.
    let mut elsewhere = claims.clone();
    elsewhere["iss"] = Value::from("https://elsewhere.test");
    let Value::Object(elsewhere) = elsewhere else { unreachable!() };
    let elsewhere = crate::jwt::sign(server.issuer.key(), &elsewhere, &server.random).unwrap();
    server.refused(&elsewhere, &account(), "");

    // An extension that must be understood.
    let critical = json!({"alg": "ES256", "kid": kid, "crit": ["b64"], "b64": false});
    let with_key = |text: &str| {
        let signature = server.issuer.key().sign(text.as_bytes(), &server.random).unwrap();
        crate::jwt::fixed(&signature, 32)
    };
    server.refused(&forged(&critical, &claims, with_key), &account(), crypto);
    let plain = forged(&header("ES256"), &claims, with_key);
    assert!(server.review(&plain, &[], &account(), now()).is_ok(), "the forger's tool works");

    // Every character matters, the last of the signature too: its unused bits must be none.
    for at in 0..token.len() {
        let mut bad = token.clone().into_bytes();
        bad[at] = if bad[at] == b'A' { b'B' } else { b'A' };
        let bad = String::from_utf8(bad).unwrap();
        assert!(server.review(&bad, &[], &account(), now()).is_err(), "{at}");
    }
    for bad in [
        "",
        ".",
        "..",
        "a.b.c",
        "nonsense",
        &format!("{token}="),
        &format!("{token}."),
        &format!(" {token}"),
    ] {
        server.refused(bad, &account(), "");
    }
    assert!(server.review(&token, &[], &account(), now()).is_ok());
}

#[test]
fn claims_of_the_wrong_form() {
    let server = Server::start();
    let good = Server::claims(&server.issue(&Server::wanted(Bound::Nothing)).text);
    for (claim, value) in [
        ("aud", json!(5)),
        ("aud", json!(["a", 5])),
        ("exp", json!("tomorrow")),
        ("sub", json!(["a"])),
        ("kubernetes.io", json!("dev")),
        ("kubernetes.io", json!({"namespace": "dev"})),
        ("kubernetes.io", json!({"namespace": "dev", "serviceaccount": "robot"})),
    ] {
        let mut claims = good.clone();
        claims[claim] = value;
        let Value::Object(claims) = claims else { unreachable!() };
        let token = crate::jwt::sign(server.issuer.key(), &claims, &server.random).unwrap();
        server.refused(&token, &account(), "the claims of the token cannot be read");
    }
    let mut one = good;
    one["aud"] = json!(ISSUER);
    one["exp"] = json!(now().seconds() as f64 + 10.5);
    let Value::Object(one) = one else { unreachable!() };
    let token = crate::jwt::sign(server.issuer.key(), &one, &server.random).unwrap();
    assert!(server.review(&token, &[], &account(), now()).is_ok());
}

#[test]
fn tokens_of_all_keys_are_verified() {
    let Some(tool) = OpenSsl::start() else { return };
    tool.run("genrsa -out rsa.pem 2048");
    tool.run("ecparam -name secp384r1 -genkey -noout -out p384.pem");
    for (name, algorithm) in [("rsa.pem", "RS256"), ("p384.pem", "ES384")] {
        let random = Random::system();
        let key = PrivateKey::from_pem(&tool.read(name), &random).unwrap();
        let server = Server::with(key, random);
        let token = server.issue(&Server::wanted(Bound::Nothing)).text;
        assert!(server.review(&token, &[], &account(), now()).is_ok(), "{name}");
        let jwks = server.trust.accounts.as_ref().unwrap().keys().jwks();
        assert_eq!(jwks["keys"][0]["alg"], algorithm);
        let discovery = server
            .trust
            .accounts
            .as_ref()
            .unwrap()
            .keys()
            .discovery(ISSUER, "https://x/openid/v1/jwks");
        let expected = format!(
            "{{\"issuer\":\"{ISSUER}\",\"jwks_uri\":\"https://x/openid/v1/jwks\",\
             \"response_types_supported\":[\"id_token\"],\"subject_types_supported\":[\"public\"],\
             \"id_token_signing_alg_values_supported\":[\"{algorithm}\"]}}"
        );
        assert_eq!(discovery.to_string(), expected);
    }
}

#[test]
fn all_algorithms_of_rsa() {
    let Some(tool) = OpenSsl::start() else { return };
    tool.run("genrsa -out key.pem 2048");
    let random = Random::system();
    let server =
        Server::with(PrivateKey::from_pem(&tool.read("key.pem"), &random).unwrap(), random);
    let claims = Server::claims(&server.issue(&Server::wanted(Bound::Nothing)).text);
    for (algorithm, how) in [
        ("RS256", "-sha256"),
        ("RS384", "-sha384"),
        ("RS512", "-sha512"),
        ("PS256", "-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest"),
        ("PS384", "-sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest"),
        ("PS512", "-sha512 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest"),
    ] {
        let token = forged(&json!({"alg": algorithm}), &claims, |text| {
            tool.write("text", text);
            tool.run(&format!("dgst {how} -sign key.pem -out signature text"));
            tool.read("signature")
        });
        assert!(server.review(&token, &[], &account(), now()).is_ok(), "{algorithm}");
    }
}

#[test]
fn authenticators_are_asked_in_order() {
    let random = Random::system();
    let authority = Authority::create("ca", now(), &random).unwrap();
    let key = PrivateKey::generate(&random).unwrap();
    let mut server = Server::start();
    server.trust.clients =
        Some(ClientTrust::new([authority.certificate().der().to_vec()]).unwrap());
    let stranger = Authority::create("other", now(), &random).unwrap();
    let peer = |authority: &Authority, name: &str| {
        let certificate = authority.client(name, &["dev"], &key, now(), &random).unwrap();
        Peer::new(vec![certificate.der().to_vec()]).unwrap()
    };
    let (jane, mallory, nobody) =
        (peer(&authority, "jane"), peer(&stranger, "mallory"), peer(&authority, ""));
    let robot = server.issue(&Server::wanted(Bound::Nothing)).text;
    let who = |trust: &Trust, peer: Option<&Peer>, bearer: Option<&str>, path: &str| {
        let step = authenticate(trust, &Presented { peer, bearer, path }, now());
        outcome(step, &account(), now()).map(|confirmed| confirmed.user.user().name.clone())
    };
    let check = |peer: Option<&Peer>, bearer: Option<&str>, name: &str| {
        assert_eq!(who(&server.trust, peer, bearer, "/api"), Ok(name.to_owned()));
    };
    check(Some(&jane), None, "jane");
    check(Some(&jane), None, "jane");
    check(Some(&jane), Some("nonsense"), "jane");
    check(Some(&jane), Some(&robot), "jane");
    check(Some(&mallory), Some(&robot), "system:serviceaccount:dev:robot");
    check(Some(&mallory), Some("file-token"), "jane");
    check(Some(&nobody), Some(&robot), "system:serviceaccount:dev:robot");
    check(Some(&nobody), None, "system:anonymous");
    check(None, Some(&robot), "system:serviceaccount:dev:robot");
    check(None, Some("file-token"), "jane");
    check(None, None, "system:anonymous");
    assert!(Peer::new(Vec::new()).is_none());

    let why = who(&server.trust, Some(&mallory), None, "/api").unwrap_err();
    assert!(why.starts_with("verifying certificate SN="), "{why}");
    assert!(why.ends_with("failed: x509: certificate signed by unknown authority"), "{why}");
    let why = who(&server.trust, Some(&mallory), Some("nonsense"), "/api").unwrap_err();
    assert!(why.starts_with("[invalid bearer token, verifying certificate SN="), "{why}");
    assert_eq!(
        who(&server.trust, Some(&nobody), Some("x"), "/api"),
        Err("invalid bearer token".to_owned())
    );

    let paths =
        Trust { anonymous: Anonymous::Paths(vec!["/livez".into()]), ..server.trust.clone() };
    assert_eq!(who(&paths, None, None, "/livez"), Ok("system:anonymous".to_owned()));
    assert_eq!(
        who(&paths, None, None, "/livez/ping").unwrap_err(),
        "anonymous requests are not allowed here"
    );
    assert!(who(&paths, None, Some("nonsense"), "/livez").is_err());
    let never = Trust { anonymous: Anonymous::Never, ..server.trust.clone() };
    assert!(who(&never, None, None, "/livez").is_err());
    assert_eq!(who(&never, Some(&jane), None, "/api"), Ok("jane".to_owned()));

    let file = outcome(review(&server.trust, "file-token", &[], now()), &account(), now()).unwrap();
    assert_eq!(file.user.user().groups, ["dev", "ops", "system:authenticated"]);
    assert_eq!(
        (file.user.user().uid.as_str(), &file.audiences[..]),
        ("u-1", &[ISSUER.to_owned()][..])
    );
    let foreign = review(&server.trust, "file-token", &["vault".to_owned()], now());
    assert_eq!(outcome(foreign, &account(), now()), Err("invalid bearer token".to_owned()));
}

#[test]
fn a_certificate_that_ends_ends_its_connection() {
    let random = Random::system();
    let authority = Authority::create("ca", now(), &random).unwrap();
    let key = PrivateKey::generate(&random).unwrap();
    let certificate = authority.client("jane", &[], &key, now(), &random).unwrap();
    let peer = Peer::new(vec![certificate.der().to_vec()]).unwrap();
    let trust = ClientTrust::new([authority.certificate().der().to_vec()]).unwrap();
    let days = |days: u64| now().after(Duration::from_secs(days * 86_400));
    assert!(peer.vouched(&trust, days(0)).is_ok());
    assert!(peer.vouched(&trust, days(364)).is_ok());
    assert!(peer.vouched(&trust, days(366)).is_err());
    assert!(peer.vouched(&trust, days(366)).is_err());
    assert!(peer.vouched(&trust, days(0)).is_ok());
    let other = Authority::create("other", now(), &random).unwrap();
    let other = ClientTrust::new([other.certificate().der().to_vec()]).unwrap();
    assert!(peer.vouched(&other, days(0)).is_err(), "its authority was taken away");
    assert!(peer.vouched(&trust, days(0)).is_ok(), "and put back");
}

#[test]
fn a_refused_certificate_is_soon_looked_at_again() {
    let random = Random::system();
    let authority = Authority::create("ca", now(), &random).unwrap();
    let key = PrivateKey::generate(&random).unwrap();
    let certificate = authority.client("jane", &[], &key, now(), &random).unwrap();
    let peer = Peer::new(vec![certificate.der().to_vec()]).unwrap();
    let trust = ClientTrust::new([authority.certificate().der().to_vec()]).unwrap();
    // Its validity begins five minutes before it was made.
    let begin = Timestamp::from_seconds(now().seconds() - 300);
    let before = Timestamp::since_epoch(Duration::from_nanos(begin.nanoseconds() - 1));
    assert!(peer.vouched(&trust, before).is_err());
    assert!(peer.vouched(&trust, begin).is_err(), "asked again within a second");
    assert!(peer.vouched(&trust, begin.after(Duration::from_secs(1))).is_ok());
}
