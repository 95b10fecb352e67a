//! How checks are tested: text in, findings of one check out, with what they underline.

use portcullis_core::Code;
use portcullis_object::{Input, Limits, Loaded, load};
use portcullis_snapshot::Settings;

use crate::{Config, Date, Finding, Report};

/// The day on which tests run.
pub(crate) const TODAY: &str = "2026-01-01";

pub(crate) fn loaded(text: &str) -> Loaded {
    let input = Input { name: "a.yaml".into(), bytes: text.as_bytes().to_vec() };
    load(vec![input], &Limits::default())
}

pub(crate) fn report(text: &str) -> Report {
    report_with(text, &Config::default())
}

pub(crate) fn report_with(text: &str, config: &Config) -> Report {
    let today: Date = TODAY.parse().expect("a date");
    crate::check(&loaded(text), &Settings::default(), config, today)
}

/// A finding in one line: `CODE severity sentence, underlined text, help`.
pub(crate) fn shown(text: &str, finding: &Finding) -> String {
    let loaded = loaded(text);
    let d = &finding.diagnostic;
    let at = d.place().and_then(|p| loaded.sources.locate(p)).expect("a place");
    let underlined = &text[at.range];
    let help = if d.help.is_empty() { String::new() } else { format!(" ({})", d.help.join("; ")) };
    format!("{} {} {}: `{underlined}`{help}", d.code, d.severity, d.message)
}

/// Holds what one check finds in a text, line by line: `line severity underlined: sentence (help)`.
#[track_caller]
pub(crate) fn check(code: Code, text: &str, want: expect_test::Expect) {
    let loaded = loaded(text);
    let today: Date = TODAY.parse().expect("a date");
    let report = crate::check(&loaded, &Settings::default(), &Config::default(), today);
    let mut lines = String::new();
    for finding in report.findings.iter().filter(|f| f.diagnostic.code == code) {
        let d = &finding.diagnostic;
        let at = d.place().and_then(|p| loaded.sources.locate(p)).expect("a place");
        let underlined = text.get(at.range.clone()).expect("the text that is underlined");
        lines.push_str(&format!("{} {} {underlined:?}: {}", at.line, d.severity, d.message));
        if !d.help.is_empty() {
            lines.push_str(&format!(" ({})", d.help.join("; ")));
        }
        lines.push('\n');
    }
    want.assert_eq(&lines);
}

/// Several texts in which a check finds nothing.
#[track_caller]
pub(crate) fn silent(code: Code, texts: &[&str]) {
    for text in texts {
        let found: Vec<String> = report(text)
            .findings
            .iter()
            .filter(|f| f.diagnostic.code == code)
            .map(|f| shown(text, f))
            .collect();
        assert_eq!(found, [""; 0], "{text}");
    }
}

/// A role `view` that is bound to one subject, in the words between its braces.
pub(crate) fn bound(subject: &str) -> String {
    format!(
        "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: b}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}}
subjects: [{{{subject}}}]
"
    )
}

/// A workload of a kind, with more fields in its pods' spec, whose account has verbs on secrets.
pub(crate) fn strong_workload(kind: &str, more: &str, verbs: &str) -> String {
    format!(
        "
apiVersion: apps/v1
kind: {kind}
metadata: {{name: web, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{serviceAccountName: web{more}, containers: [{{name: a, image: a}}]}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: r}}
rules: [{{apiGroups: [''], resources: [secrets], verbs: [{verbs}]}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: b}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r}}
subjects: [{{kind: ServiceAccount, name: web, namespace: shop}}]
"
    )
}
