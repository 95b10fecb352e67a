//! Keys, requests and certificates, passed between `openssl` and us.

use super::{OpenSsl, soon};
use crate::certificate::AlternativeNames;
use crate::csr::{Request, RequestFault, Signer};
use crate::issue::Authority;
use crate::jwt::VerifyingKeys;
use crate::key::{Form, KeyFault, PrivateKey};
use crate::pem;
use crate::random::Random;

#[test]
fn keys_of_all_forms_are_used() {
    let Some(tool) = OpenSsl::start() else { return };
    let random = Random::system();
    tool.run("genrsa -traditional -out pkcs1.pem 2048");
    tool.run("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out pkcs8.pem");
    tool.run("ecparam -name prime256v1 -genkey -out sec1.pem");
    tool.run("ecparam -name secp384r1 -genkey -noout -out sec1-384.pem");
    tool.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out pkcs8-ec.pem");
    for (name, form) in [
        ("pkcs1.pem", Form::Pkcs1),
        ("pkcs8.pem", Form::Pkcs8),
        ("sec1.pem", Form::Sec1),
        ("sec1-384.pem", Form::Sec1),
        ("pkcs8-ec.pem", Form::Pkcs8),
    ] {
        let key =
            PrivateKey::from_pem(&tool.read(name), &random).map_err(|f| f.to_string()).unwrap();
        assert_eq!(key.document().0, form, "{name}");
        tool.run(&format!("pkey -in {name} -pubout -out public.pem"));
        let public = pem::blocks(&tool.read("public.pem")).ok().unwrap();
        assert_eq!(key.public(), public[0].contents.as_slice(), "{name}");
        // And openssl reads what we write.
        tool.write("again.pem", &key.to_pem());
        tool.run("pkey -in again.pem -check -noout");
        // All forms of its public half are one key.
        let mut keys = VerifyingKeys::of(&key);
        keys.add_pem(&tool.read("public.pem"), &random).unwrap();
        keys.add_pem(&tool.read(name), &random).unwrap();
        assert_eq!(keys.jwks()["keys"].as_array().unwrap().len(), 1, "{name}");
    }
    tool.run("rsa -in pkcs1.pem -RSAPublicKey_out -out rsa-public.pem");
    let mut keys = VerifyingKeys::default();
    keys.add_pem(&tool.read("rsa-public.pem"), &random).unwrap();
    keys.add_pem(&tool.read("pkcs1.pem"), &random).unwrap();
    assert_eq!(keys.jwks()["keys"].as_array().unwrap().len(), 1);
}

#[test]
fn unusable_keys_say_why() {
    let Some(tool) = OpenSsl::start() else { return };
    let random = Random::system();
    tool.run("genrsa -traditional -out short.pem 1024");
    tool.run("genpkey -algorithm ED25519 -out ed.pem");
    tool.run("ecparam -name secp521r1 -genkey -noout -out p521.pem");
    tool.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes128 -pass pass:x -out locked.pem");
    tool.run("ecparam -name prime256v1 -genkey -noout -out plain.pem");
    tool.run("ec -in plain.pem -aes128 -passout pass:x -out locked-old.pem");
    tool.run("ec -in plain.pem -no_public -out half.pem");
    tool.run("req -x509 -key plain.pem -subj /CN=x -out cert.pem");
    for (name, fault) in [
        ("short.pem", KeyFault::Rsa),
        ("ed.pem", KeyFault::Kind),
        ("p521.pem", KeyFault::Kind),
        ("locked.pem", KeyFault::Encrypted),
        ("locked-old.pem", KeyFault::Encrypted),
        ("half.pem", KeyFault::NoPublicHalf),
        ("cert.pem", KeyFault::None),
    ] {
        assert_eq!(PrivateKey::from_pem(&tool.read(name), &random).err(), Some(fault), "{name}");
    }
    let plain = pem::blocks(&tool.read("plain.pem")).ok().unwrap();
    let cut = pem::written("EC PRIVATE KEY", &plain[0].contents[..20]);
    assert_eq!(PrivateKey::from_pem(cut.as_bytes(), &random).err(), Some(KeyFault::Malformed));
}

#[test]
fn openssl_believes_what_is_issued() {
    let Some(tool) = OpenSsl::start() else { return };
    let random = Random::system();
    let now = soon();
    let authority = Authority::create("our authority", now, &random).unwrap();
    tool.write("ca.crt", &authority.certificate().to_pem());
    let key = PrivateKey::generate(&random).unwrap();
    let client = authority.client("jane", &["dev", "a*b&c", "grün"], &key, now, &random).unwrap();
    tool.write("client.crt", &client.to_pem());
    tool.run("verify -x509_strict -purpose sslclient -CAfile ca.crt client.crt");
    tool.run("x509 -in client.crt -noout -subject -nameopt RFC2253,-esc_msb,utf8 -out subject");
    let names = AlternativeNames {
        dns: vec!["localhost".into()],
        ips: vec!["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()],
        ..AlternativeNames::default()
    };
    let server = authority.serving("portcullis", &names, &key, now, &random).unwrap();
    tool.write("server.crt", &server.to_pem());
    for name in ["-verify_hostname localhost", "-verify_ip 127.0.0.1", "-verify_ip ::1"] {
        tool.run(&format!(
            "verify -x509_strict -purpose sslserver {name} -CAfile ca.crt server.crt"
        ));
    }

    // An authority found in files, RSA, as kubeadm makes it.
    tool.run("req -x509 -newkey rsa:2048 -nodes -keyout rsa.key -out rsa.crt -subj /CN=kubernetes -days 30");
    let authority = Authority::load(&tool.read("rsa.crt"), &tool.read("rsa.key"), &random).unwrap();
    let client = authority.client("jane", &[], &key, soon(), &random).unwrap();
    tool.write("client.crt", &client.to_pem());
    tool.run("verify -purpose sslclient -CAfile rsa.crt client.crt");
}

#[test]
fn signers_check_and_sign() {
    let Some(tool) = OpenSsl::start() else { return };
    let random = Random::system();
    let authority = Authority::create("ca", soon(), &random).unwrap();
    tool.write("ca.crt", &authority.certificate().to_pem());
    let node = "/O=system:nodes/CN=system:node:n1";
    let (client, serving) =
        (&["client auth", "digital signature"][..], &["server auth", "digital signature"][..]);
    let dns = "DNS:n1";
    let (any, kubelet, server) = (Signer::Client, Signer::KubeletClient, Signer::KubeletServing);
    let organization = "subject organization is not system:nodes";
    for (signer, subject, names, usages, fault) in [
        (any, "/O=dev/CN=jane", "", &["client auth"][..], ""),
        (any, "/CN=jane", dns, &["client auth", "key encipherment", "digital signature"], ""),
        (
            any,
            "/CN=jane",
            "",
            &["server auth"],
            "invalid usage for client certificate: server auth",
        ),
        (
            any,
            "/CN=jane",
            "",
            &["digital signature"],
            "missing required usage for client certificate: client auth",
        ),
        (kubelet, node, "", client, ""),
        (kubelet, node, "", &["key encipherment", "client auth", "digital signature"], ""),
        (kubelet, "/O=dev/CN=system:node:n1", "", client, organization),
        (kubelet, "/O=system:nodes/O=x/CN=system:node:n1", "", client, organization),
        (
            kubelet,
            "/O=system:nodes/CN=n1",
            "",
            client,
            "subject common name does not begin with system:node:",
        ),
        (kubelet, node, dns, client, "DNS subjectAltNames are not allowed"),
        (kubelet, node, "email:a@b.c", client, "Email subjectAltNames are not allowed"),
        (kubelet, node, "IP:10.0.0.1", client, "IP subjectAltNames are not allowed"),
        (kubelet, node, "URI:spiffe://x/y", client, "URI subjectAltNames are not allowed"),
        (
            kubelet,
            node,
            "",
            &["client auth"],
            "usages did not match [client auth digital signature key encipherment]",
        ),
        (
            kubelet,
            "/O=system:nodes/CN=n1",
            "",
            &["client auth"],
            "subject common name does not begin with system:node:",
        ),
        (server, node, dns, serving, ""),
        (server, node, "IP:10.0.0.1", serving, ""),
        (server, "/CN=n1", dns, serving, organization),
        (server, node, "", serving, "DNS or IP subjectAltName is required"),
        (server, node, "DNS:n1,email:a@b.c", serving, "Email subjectAltNames are not allowed"),
        (server, node, "DNS:n1,URI:spiffe://x/y", serving, "URI subjectAltNames are not allowed"),
        (
            server,
            node,
            dns,
            client,
            "usages did not match [digital signature key encipherment server auth]",
        ),
        (
            server,
            "/O=system:nodes/CN=n1",
            dns,
            client,
            "usages did not match [digital signature key encipherment server auth]",
        ),
        (
            server,
            "/O=system:nodes/CN=n1",
            dns,
            serving,
            "subject common name does not begin with system:node:",
        ),
    ] {
        let request = request(&tool, subject, names);
        let said = signer.fault(&request, usages).unwrap_or_default();
        assert_eq!(said, fault, "{signer:?} {subject} {names} {usages:?}");
        if fault.is_empty() {
            let signed =
                authority.sign_request(&request, usages, Some(3600), soon(), &random).unwrap();
            tool.write("signed.crt", &signed.to_pem());
            tool.run("verify -CAfile ca.crt signed.crt");
        }
    }
}

fn request(tool: &OpenSsl, subject: &str, names: &str) -> Request {
    let names = match names {
        "" => String::new(),
        names => format!("-addext subjectAltName={names}"),
    };
    tool.run(&format!(
        "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout r.key -out r.csr -subj {subject} {names}"
    ));
    Request::from_pem(&tool.read("r.csr")).unwrap_or_else(|fault| panic!("{subject}: {fault}"))
}

#[test]
fn requests_prove_their_key() {
    let Some(tool) = OpenSsl::start() else { return };
    let read = request(&tool, "/O=a/O=b/CN=jane", "DNS:x.test,IP:::1");
    assert_eq!(read.common_name(), "jane");
    assert_eq!(read.organizations(), ["a", "b"]);
    assert_eq!(read.names().dns, ["x.test"]);
    assert_eq!(read.names().ips, ["::1".parse::<std::net::IpAddr>().unwrap()]);

    let good = pem::blocks(&tool.read("r.csr")).ok().unwrap()[0].contents.to_vec();
    assert!(Request::from_der(&good).is_ok());
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x01;
        assert!(Request::from_der(&bad).is_err(), "byte {at}");
    }
    let mut forged = good.clone();
    *forged.last_mut().unwrap() ^= 0x01;
    assert_eq!(Request::from_der(&forged).err(), Some(RequestFault::Signature));
    for text in [&b"AAAA"[..], b"", &tool.read("r.key")] {
        let fault = Request::from_pem(text).err().map(|fault| fault.to_string());
        assert_eq!(fault.as_deref(), Some("PEM block type must be CERTIFICATE REQUEST"));
    }
}
