//! Mistakes that people have made in public, written again from their descriptions: each is found, at
//! its line, with the text underlined that is wrong.

use std::fs;
use std::path::{Path, PathBuf};

use portcullis_lint::{Config, Date, check};
use portcullis_object::{Input, Limits, load};
use portcullis_snapshot::Settings;

/// File, code, line, underlined text.
#[rustfmt::skip]
const KNOWN: &[(&str, &str, usize, &str)] = &[
    ("blog-deny-outside", "NP414", 8, "projectcalico.org/namespace not in {'kube-system', 'calico-system'}"),
    ("blog-deny-outside", "NP209", 16, "k8s-app == 'kube-dns'"),
    ("blog-deny-outside", "NP323", 18, "53"),
    ("blog-egress-map", "NP103", 11, "egress"),
    ("blog-metrics-open", "NP207", 5, "metrics"),
    ("blog-metrics-open", "NP319", 12, "Allow"),
    ("blog-metrics-open", "NP325", 19, "Allow"),
    ("blog-not-nets-in-rule", "NP101", 13, "notNets"),
    ("blog-placeholder-nets", "NP310", 12, "Allow"),
    ("blog-placeholder-nets", "NP328", 15, "- 172.16.0.0/24\n      - 192.168.0.0/16"),
    ("blog-rbac", "RB093", 8, "crd.projectcalico.org"),
    ("blog-rbac", "RB301", 11, "[get, list, create, update, delete]"),
    ("blog-rbac", "RB103", 24, "system:serviceaccounts:security"),
    ("blog-rbac", "RB103", 48, "system:serviceaccounts:be"),
    ("blog-rbac", "RB111", 57, "kubernetes.io/service-account-token"),
    ("blog-spec-capital", "NP102", 6, "Spec"),
    ("blog-three-tiers", "NP331", 25, "namespaceSelector"),
    ("blog-three-tiers", "NP205", 27, "team"),
    ("blog-three-tiers", "NP408", 34, "900"),
    ("lab-alert", "NP702", 19, "1m"),
    ("lab-alert", "NP701", 20, "source_name = \"ip-address-list\""),
    ("lab-alert", "NP704", 20, "source_name = \"ip-address-list\""),
    ("lab-allowed-dns", "NP210", 24, "type == \"allowed-dns\""),
    ("lab-block-client", "NP329", 35, "selector"),
    ("lab-default-deny", "NP324", 15, "default-deny"),
    ("lab-default-deny", "NP324", 33, "egress"),
    ("lab-default-deny", "NP332", 34, "Allow"),
    ("lab-domains", "NP322", 12, "Allow"),
    ("lab-domains", "NP112", 14, "domains"),
    ("lab-domains", "NP333", 16, "\"*.google.com\""),
    ("lab-felix", "NP101", 6, "flowLogsFileAggregationKindForDenied"),
    ("lab-flat-tier", "YA014", 1, "apiVersion: projectcalico.org/v3"),
    ("lab-kube-dns", "NP207", 16, "all()"),
    ("lab-kube-dns", "NP323", 25, "'53'"),
    ("lab-kube-dns", "NP209", 23, "k8s-app == \"kube-dns\""),
    ("lab-my-address", "YA016", 9, "$(curl ifconfig.me)/32"),
    ("lab-one-line", "YA014", 1, "apiVersion: projectcalico.org/v3 kind: StagedGlobalNetworkPolicy metadata: name: default-deny spec: order: 2000 selector: \"projectcalico.org/namespace in {'dev', 'default'}\" types: - Ingress - Egress"),
    ("lab-pci", "NP208", 15, "PCI != \"true\""),
    ("lab-tier-missing", "NP401", 7, "quarantine"),
    ("notes-cluster-admin", "RB004", 8, "cluster-admin"),
    ("notes-no-mark", "YA015", 10, "apiVersion"),
    ("notes-old-deployment", "YA017", 1, "extensions/v1beta1"),
    ("slides-allow-egress", "NP411", 5, "database"),
    ("slides-allow-egress", "NP209", 15, "role == 'frontend'"),
    ("slides-allow-egress", "NP321", 20, "Allow"),
    ("slides-from-null", "NP320", 9, "from"),
    ("slides-from-null", "NP101", 10, "namespaceSelector"),
    ("slides-from-null", "NP320", 21, "from"),
    ("slides-from-null", "NP101", 22, "namespaceSelector"),
    ("slides-from-null", "NP101", 25, "podSelector"),
    ("slides-indentation", "YA001", 17, "e"),
    ("slides-pod-security-policy", "YA017", 1, "policy/v1beta1"),
    ("slides-pod-security-policy", "RB113", 14, "podsecuritypolicies"),
    ("slides-version-below", "YA001", 2, "n"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes")
}

/// What is found in a file: code, line, underlined text.
fn found(name: &str) -> Vec<(String, usize, String)> {
    let bytes = fs::read(folder().join(format!("{name}.yaml"))).expect("a fixture can be read");
    let text = String::from_utf8(bytes.clone()).expect("text");
    let loaded = load(vec![Input { name: name.to_owned(), bytes }], &Limits::default());
    let today: Date = "2026-01-01".parse().expect("a date");
    let report = check(&loaded, &Settings::default(), &Config::default(), today);
    let findings = report.findings.iter().map(|f| &f.diagnostic);
    findings
        .map(|d| {
            let at = d.place().and_then(|p| loaded.sources.locate(p)).expect("a place");
            (d.code.to_string(), at.line, text[at.range].to_owned())
        })
        .collect()
}

#[test]
fn each_known_mistake_is_found_where_it_is() {
    for (name, code, line, underlined) in KNOWN {
        let found = found(name);
        let want = ((*code).to_owned(), *line, (*underlined).to_owned());
        assert!(found.contains(&want), "{name}: no {want:?} in {found:#?}");
    }
}

#[test]
fn each_fixture_is_a_known_mistake() {
    for entry in fs::read_dir(folder()).expect("the fixtures can be listed") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        assert!(KNOWN.iter().any(|(known, ..)| *known == name), "{name} is in no row");
    }
}
