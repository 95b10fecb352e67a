//! Client certificates made by `openssl`, judged.

use std::time::Duration;

use super::{OpenSsl, soon};
use crate::certificate::{ClientTrust, Distrust};
use crate::pem;

const CURVE: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
const DAY: Duration = Duration::from_secs(86_400);

/// Makes certificates and judges chains of them.
struct Bench(OpenSsl);

impl Bench {
    fn start() -> Option<Self> {
        Some(Self(OpenSsl::start()?))
    }

    /// A root of its own, with these extensions.
    fn root(&self, name: &str, key: &str, extensions: &str) {
        let config =
            format!("[req]\ndistinguished_name=dn\nx509_extensions=e\n[dn]\n[e]\n{extensions}\n");
        self.0.write(&format!("{name}.cnf"), &config);
        self.0.run(&format!(
            "req -x509 {key} -keyout {name}.key -out {name}.crt -subj /CN={name} -days 30 -config {name}.cnf"
        ));
    }

    /// A certificate signed by another. Without extensions it is of version 1.
    fn signed(&self, name: &str, by: &str, subject: &str, key: &str, extensions: &str, more: &str) {
        self.0.write(
            "req.cnf",
            "oid_section=o\n[o]\nuid2=1.3.6.1.4.1.57683.2\n[req]\ndistinguished_name=dn\n[dn]\n",
        );
        self.0.run(&format!(
            "req -new {key} -keyout {name}.key -out {name}.csr -subj {subject} -config req.cnf"
        ));
        let extensions = match extensions {
            "" => String::new(),
            _ => {
                self.0.write(&format!("{name}.ext"), extensions);
                format!("-extfile {name}.ext")
            }
        };
        self.0.run(&format!(
            "x509 -req -in {name}.csr -CA {by}.crt -CAkey {by}.key -CAcreateserial -out {name}.crt \
             -days 10 {extensions} {more}"
        ));
    }

    fn leaf(&self, name: &str, by: &str, extensions: &str) {
        self.signed(name, by, &format!("/O=dev/CN={name}"), CURVE, extensions, "");
    }

    fn der(&self, name: &str) -> Vec<u8> {
        let blocks = pem::blocks(&self.0.read(&format!("{name}.crt"))).ok().unwrap();
        blocks[0].contents.to_vec()
    }

    /// The user that a chain stands for, or why it stands for nobody, this long from now.
    fn judge_then(
        &self,
        roots: &[&str],
        chain: &[&str],
        later: Duration,
    ) -> Result<String, Distrust> {
        let trust = ClientTrust::new(roots.iter().map(|root| self.der(root))).unwrap();
        let chain: Vec<Vec<u8>> = chain.iter().map(|name| self.der(name)).collect();
        let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
        let vouched = trust.vouch(&chain, soon().after(later))?;
        Ok(vouched.user().map_or("nobody".to_owned(), |user| {
            let user = user.user();
            format!("{} {} {}", user.name, user.groups.join(","), user.uid).trim_end().to_owned()
        }))
    }

    #[track_caller]
    fn check(&self, roots: &[&str], chain: &[&str], expected: Result<&str, Distrust>) {
        let judged = self.judge_then(roots, chain, Duration::ZERO);
        assert_eq!(judged, expected.map(str::to_owned), "{chain:?} under {roots:?}");
    }
}

const AUTHORITY: &str = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign";

#[test]
fn purposes() {
    let Some(bench) = Bench::start() else { return };
    bench.root("ca", CURVE, AUTHORITY);
    for (name, extensions, expected) in [
        ("none", "basicConstraints=CA:FALSE", Ok("none dev,system:authenticated")),
        ("client", "extendedKeyUsage=clientAuth", Ok("client dev,system:authenticated")),
        ("both", "extendedKeyUsage=serverAuth,clientAuth", Ok("both dev,system:authenticated")),
        ("any", "extendedKeyUsage=anyExtendedKeyUsage", Ok("any dev,system:authenticated")),
        ("server", "extendedKeyUsage=serverAuth", Err(Distrust::Purpose)),
        ("v1", "", Ok("v1 dev,system:authenticated")),
        ("odd", "1.2.3.4=critical,ASN1:NULL", Err(Distrust::Demands)),
        ("even", "1.2.3.4=ASN1:NULL", Ok("even dev,system:authenticated")),
    ] {
        bench.leaf(name, "ca", extensions);
        bench.check(&["ca"], &[name], expected);
    }
    let version = crate::certificate::parsed::Certificate::parse(&bench.der("v1")).unwrap().version;
    assert_eq!(version, 1);

    bench.root("ca-server", CURVE, &format!("{AUTHORITY}\nextendedKeyUsage=serverAuth"));
    bench.leaf("under-server", "ca-server", "extendedKeyUsage=clientAuth");
    bench.check(&["ca-server"], &["under-server"], Err(Distrust::Purpose));
}

#[test]
fn subjects() {
    let Some(bench) = Bench::start() else { return };
    bench.root("ca", CURVE, AUTHORITY);
    for (name, subject, expected) in [
        ("bob", "/O=qa/O=ops/CN=bob", Ok("bob qa,ops,system:authenticated")),
        ("order", "/CN=bob/O=z/O=a", Ok("bob z,a,system:authenticated")),
        ("two", "/CN=first/CN=last", Ok("last system:authenticated")),
        ("nocn", "/O=dev", Ok("nobody")),
        ("uid", "/CN=bob/uid2=u-1", Ok("bob system:authenticated u-1")),
        (
            "uids",
            "/CN=bob/uid2=u-1/uid2=u-2",
            Err(Distrust::Uid("expected 1 UID, but found multiple: [u-1 u-2]".to_owned())),
        ),
        ("unicode", "/CN=J\u{fc}rgen", Ok("J\u{fc}rgen system:authenticated")),
    ] {
        bench.signed(name, "ca", subject, &format!("{CURVE} -utf8"), "", "");
        bench.check(&["ca"], &[name], expected);
    }
}

#[test]
fn times() {
    let Some(bench) = Bench::start() else { return };
    bench.root("ca", CURVE, AUTHORITY);
    bench.leaf("jane", "ca", "");
    let judge = |days| bench.judge_then(&["ca"], &["jane"], DAY * days);
    assert!(judge(9).is_ok());
    assert!(matches!(judge(11), Err(Distrust::Expired { early: false, .. })));
    // The root ends after 30 days, and its end is that of what it signed.
    bench.signed("long", "ca", "/CN=long", CURVE, "", "-days 300");
    let judge = |days| bench.judge_then(&["ca"], &["long"], DAY * days);
    assert!(judge(29).is_ok());
    assert!(matches!(judge(31), Err(Distrust::Expired { early: false, .. })));
    let trust = ClientTrust::new([bench.der("ca")]).unwrap();
    let early = trust.vouch(&[&bench.der("jane")], "2020-01-01T00:00:00Z".parse().unwrap()).err();
    assert!(matches!(early, Some(Distrust::Expired { early: true, .. })));
    let text = early.unwrap().to_string();
    let begin = "x509: certificate has expired or is not yet valid: current time 2020-01-01T00:00:00Z is before 20";
    assert!(text.starts_with(begin), "{text}");
}

#[test]
fn chains() {
    let Some(bench) = Bench::start() else { return };
    bench.root("ca", CURVE, AUTHORITY);
    bench.signed("mid", "ca", "/CN=mid", CURVE, AUTHORITY, "");
    bench.signed("low", "mid", "/CN=low", CURVE, AUTHORITY, "");
    bench.leaf("jane", "low", "extendedKeyUsage=clientAuth");
    let jane = Ok("jane dev,system:authenticated");
    bench.check(&["ca"], &["jane", "low", "mid"], jane.clone());
    bench.check(&["ca"], &["jane", "mid", "low"], jane.clone());
    bench.check(&["ca"], &["jane", "low", "mid", "ca"], jane.clone());
    bench.check(&["low"], &["jane"], jane.clone());
    bench.check(&["mid"], &["jane", "low", "mid"], jane.clone());
    bench.check(&["jane"], &["jane"], jane);
    for chain in [&["jane"][..], &["jane", "mid"], &["jane", "low"]] {
        bench.check(&["ca"], chain, Err(Distrust::UnknownAuthority));
    }

    bench.root(
        "flat",
        CURVE,
        &format!("{AUTHORITY},cRLSign").replace("CA:TRUE", "CA:TRUE,pathlen:0"),
    );
    bench.leaf("direct", "flat", "");
    bench.check(&["flat"], &["direct"], Ok("direct dev,system:authenticated"));
    bench.signed("under", "flat", "/CN=under", CURVE, AUTHORITY, "");
    bench.leaf("deep", "under", "");
    bench.check(&["flat"], &["deep", "under"], Err(Distrust::TooLong));

    // Whoever has a certificate is no authority by that.
    bench.leaf("mallory", "ca", "basicConstraints=CA:FALSE");
    bench.signed("forged", "mallory", "/O=system:masters/CN=admin", CURVE, "", "");
    bench.check(&["ca"], &["forged", "mallory"], Err(Distrust::NotAuthority));
    bench.leaf("plain", "ca", "");
    bench.signed("forged1", "plain", "/O=system:masters/CN=admin", CURVE, "", "");
    bench.check(&["ca"], &["forged1", "plain"], Err(Distrust::NotAuthority));
    let no_signing = "basicConstraints=CA:TRUE\nkeyUsage=digitalSignature";
    bench.signed("nosign", "ca", "/CN=nosign", CURVE, no_signing, "");
    bench.leaf("child", "nosign", "");
    bench.check(&["ca"], &["child", "nosign"], Err(Distrust::NotAuthority));

    let constrained = format!("{AUTHORITY}\nnameConstraints=permitted;DNS:example.com");
    bench.root("named", CURVE, &constrained);
    bench.leaf("without", "named", "");
    bench.check(&["named"], &["without"], Ok("without dev,system:authenticated"));
    bench.leaf("with", "named", "subjectAltName=DNS:evil.test");
    bench.check(&["named"], &["with"], Err(Distrust::NamesConstrained));
    let subjects = "nameConstraints=critical,permitted;dirName:dn\n[dn]\nO=dev";
    bench.root("subjects", CURVE, &format!("{AUTHORITY}\n{subjects}"));
    bench.leaf("inside", "subjects", "");
    bench.check(&["subjects"], &["inside"], Err(Distrust::Demands));
}

#[test]
fn a_long_chain_is_not_followed() {
    let Some(bench) = Bench::start() else { return };
    bench.root("c0", CURVE, AUTHORITY);
    for at in 1..9 {
        bench.signed(
            &format!("c{at}"),
            &format!("c{}", at - 1),
            &format!("/CN=c{at}"),
            CURVE,
            AUTHORITY,
            "",
        );
    }
    // Eight with the root.
    bench.check(
        &["c0"],
        &["c7", "c6", "c5", "c4", "c3", "c2", "c1"],
        Ok("c7 system:authenticated"),
    );
    let chain = ["c8", "c7", "c6", "c5", "c4", "c3", "c2", "c1"];
    bench.check(&["c0"], &chain, Err(Distrust::TooLong));
    let ten = [&chain[..], &["c1", "c1"]].concat();
    bench.check(&["c0"], &ten, Err(Distrust::TooMany));
}

#[test]
fn forgeries() {
    let Some(bench) = Bench::start() else { return };
    bench.root("ca", CURVE, AUTHORITY);
    bench.root("other", CURVE, AUTHORITY);
    // The subject of the true one, the key of another.
    bench.0.run(&format!(
        "req -x509 {CURVE} -keyout twin.key -out twin.crt -subj /CN=ca -days 30 -config ca.cnf"
    ));
    bench.leaf("mallory", "twin", "extendedKeyUsage=clientAuth");
    bench.check(&["ca"], &["mallory"], Err(Distrust::Signature));
    bench.check(&["ca"], &["mallory", "twin"], Err(Distrust::Signature));
    bench.check(&["ca", "twin"], &["mallory"], Ok("mallory dev,system:authenticated"));
    bench.leaf("stranger", "other", "");
    bench.check(&["ca"], &["stranger"], Err(Distrust::UnknownAuthority));

    // Every single byte of a good certificate matters.
    bench.leaf("jane", "ca", "extendedKeyUsage=clientAuth");
    let trust = ClientTrust::new([bench.der("ca")]).unwrap();
    let good = bench.der("jane");
    assert!(trust.vouch(&[&good], soon()).is_ok());
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x01;
        assert!(trust.vouch(&[&bad], soon()).is_err(), "byte {at}");
        assert!(trust.vouch(&[&good[..at]], soon()).is_err(), "cut at {at}");
    }
    assert_eq!(
        trust.vouch(&[&[&good[..], &[0]].concat()], soon()).err(),
        Some(Distrust::Malformed)
    );
    assert_eq!(trust.vouch(&[], soon()).err(), Some(Distrust::Malformed));
}

#[test]
fn algorithms() {
    let Some(bench) = Bench::start() else { return };
    let rsa = "-newkey rsa:2048 -nodes";
    let p384 = "-newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes";
    let p521 = "-newkey ec -pkeyopt ec_paramgen_curve:P-521 -nodes";
    let ed = "-newkey ed25519 -nodes";
    let fine = |name: &'static str| format!("{name} system:authenticated");
    let pss = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest";
    for (name, key) in [("rsa", rsa), ("p384", p384), ("p521", p521), ("ed", ed)] {
        bench.root(&format!("ca-{name}"), key, AUTHORITY);
    }
    for (name, by, key, how, expected) in [
        ("rsa256", "ca-rsa", rsa, "-sha256", None),
        ("rsa384", "ca-rsa", CURVE, "-sha384", None),
        ("rsa512", "ca-rsa", CURVE, "-sha512", None),
        ("rsa1", "ca-rsa", CURVE, "-sha1", Some(Distrust::Insecure)),
        ("pss256", "ca-rsa", CURVE, "-sha256 PSS", None),
        ("pss384", "ca-rsa", CURVE, "-sha384 PSS", None),
        ("pss512", "ca-rsa", CURVE, "-sha512 PSS", None),
        ("ec384", "ca-p384", CURVE, "-sha384", None),
        ("ec384-256", "ca-p384", CURVE, "-sha256", None),
        ("ec1", "ca-p384", CURVE, "-sha1", Some(Distrust::Insecure)),
        ("ec521", "ca-p521", CURVE, "-sha512", Some(Distrust::Unsupported)),
        ("of-ed", "ca-ed", CURVE, "", None),
        ("is-ed", "ca-rsa", ed, "-sha256", None),
        ("is-p521", "ca-rsa", p521, "-sha256", None),
    ] {
        let how = how.replace("PSS", pss);
        bench.signed(name, by, &format!("/CN={name}"), key, "extendedKeyUsage=clientAuth", &how);
        let expected = expected.map_or(Ok(fine(name)), Err);
        let judged = bench.judge_then(&[by], &[name], Duration::ZERO);
        assert_eq!(judged, expected, "{name}");
    }
    bench.root("ca-1024", "-newkey rsa:1024 -nodes", AUTHORITY);
    bench.leaf("short", "ca-1024", "");
    bench.check(&["ca-1024"], &["short"], Ok("short dev,system:authenticated"));
}

#[test]
fn files_of_authorities() {
    let Some(bench) = Bench::start() else { return };
    bench.root("a", CURVE, AUTHORITY);
    bench.root("b", CURVE, AUTHORITY);
    bench.leaf("jane", "b", "");
    let both = [
        bench.0.read("a.crt"),
        b"some words\n".to_vec(),
        bench.0.read("a.key"),
        bench.0.read("b.crt"),
    ];
    let trust = ClientTrust::from_pem(&both.concat()).unwrap();
    assert!(trust.vouch(&[&bench.der("jane")], soon()).is_ok());
    for text in [&b""[..], b"no certificate", &bench.0.read("a.key")] {
        assert_eq!(ClientTrust::from_pem(text).err(), Some(Distrust::NoAuthority));
    }
    let public = crate::certificate::public_key(&bench.der("jane")).unwrap().to_vec();
    bench.0.run("x509 -in jane.crt -pubkey -noout -out jane.pub");
    assert_eq!(pem::blocks(&bench.0.read("jane.pub")).ok().unwrap()[0].contents.to_vec(), public);
}
