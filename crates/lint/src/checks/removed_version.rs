//! A version of an API that is no longer served.

use portcullis_core::{Code, Fix, Severity};

use crate::config::Version;
use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("YA017"),
    severity: Severity::Error,
    title: "a version of an API that is no longer served",
    run,
};

/// What is gone: `apiVersion`, kinds, the last minor version of Kubernetes 1 that serves it, what to
/// write instead, and what else changed. From the deprecated API migration guide of Kubernetes.
struct Gone {
    api_version: &'static str,
    kinds: &'static [&'static str],
    last: u16,
    instead: Option<&'static str>,
    note: &'static str,
}

const fn gone(
    api_version: &'static str,
    kinds: &'static [&'static str],
    last: u16,
    instead: &'static str,
    note: &'static str,
) -> Gone {
    Gone { api_version, kinds, last, instead: Some(instead), note }
}

const POD_SECURITY: &str = "Pod Security Admission and admission policies took its place";

#[rustfmt::skip]
const GONE: &[Gone] = &[
    gone("extensions/v1beta1", &["Deployment", "DaemonSet", "ReplicaSet"], 15, "apps/v1", "`spec.selector` is required there"),
    gone("extensions/v1beta1", &["NetworkPolicy"], 15, "networking.k8s.io/v1", ""),
    gone("extensions/v1beta1", &["Ingress"], 21, "networking.k8s.io/v1", "`backend` and `pathType` changed"),
    Gone { api_version: "extensions/v1beta1", kinds: &["PodSecurityPolicy"], last: 15, instead: None, note: POD_SECURITY },
    gone("apps/v1beta1", &["Deployment", "StatefulSet"], 15, "apps/v1", "`spec.selector` is required there"),
    gone("apps/v1beta2", &["Deployment", "DaemonSet", "ReplicaSet", "StatefulSet"], 15, "apps/v1", ""),
    gone("admissionregistration.k8s.io/v1beta1", &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"], 21, "admissionregistration.k8s.io/v1", "`sideEffects` and `admissionReviewVersions` are required there"),
    gone("apiextensions.k8s.io/v1beta1", &["CustomResourceDefinition"], 21, "apiextensions.k8s.io/v1", "a structural schema is required there"),
    gone("apiregistration.k8s.io/v1beta1", &["APIService"], 21, "apiregistration.k8s.io/v1", ""),
    gone("authentication.k8s.io/v1beta1", &["TokenReview"], 21, "authentication.k8s.io/v1", ""),
    gone("authorization.k8s.io/v1beta1", &["LocalSubjectAccessReview", "SelfSubjectAccessReview", "SubjectAccessReview", "SelfSubjectRulesReview"], 21, "authorization.k8s.io/v1", ""),
    gone("certificates.k8s.io/v1beta1", &["CertificateSigningRequest"], 21, "certificates.k8s.io/v1", "`signerName` and `usages` are required there"),
    gone("coordination.k8s.io/v1beta1", &["Lease"], 21, "coordination.k8s.io/v1", ""),
    gone("networking.k8s.io/v1beta1", &["Ingress", "IngressClass"], 21, "networking.k8s.io/v1", "`backend` and `pathType` changed"),
    gone("rbac.authorization.k8s.io/v1beta1", &["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"], 21, "rbac.authorization.k8s.io/v1", ""),
    gone("rbac.authorization.k8s.io/v1alpha1", &["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"], 21, "rbac.authorization.k8s.io/v1", ""),
    gone("scheduling.k8s.io/v1beta1", &["PriorityClass"], 21, "scheduling.k8s.io/v1", ""),
    gone("storage.k8s.io/v1beta1", &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"], 21, "storage.k8s.io/v1", ""),
    gone("batch/v1beta1", &["CronJob"], 24, "batch/v1", ""),
    gone("discovery.k8s.io/v1beta1", &["EndpointSlice"], 24, "discovery.k8s.io/v1", "`topology` became `nodeName` and `zone`"),
    gone("events.k8s.io/v1beta1", &["Event"], 24, "events.k8s.io/v1", ""),
    gone("autoscaling/v2beta1", &["HorizontalPodAutoscaler"], 24, "autoscaling/v2", "metrics have another form there"),
    gone("policy/v1beta1", &["PodDisruptionBudget"], 24, "policy/v1", "an empty selector selects every pod there"),
    Gone { api_version: "policy/v1beta1", kinds: &["PodSecurityPolicy"], last: 24, instead: None, note: POD_SECURITY },
    gone("node.k8s.io/v1beta1", &["RuntimeClass"], 24, "node.k8s.io/v1", ""),
    gone("flowcontrol.apiserver.k8s.io/v1beta1", &["FlowSchema", "PriorityLevelConfiguration"], 25, "flowcontrol.apiserver.k8s.io/v1", ""),
    gone("autoscaling/v2beta2", &["HorizontalPodAutoscaler"], 25, "autoscaling/v2", ""),
    gone("storage.k8s.io/v1beta1", &["CSIStorageCapacity"], 26, "storage.k8s.io/v1", ""),
    gone("flowcontrol.apiserver.k8s.io/v1beta2", &["FlowSchema", "PriorityLevelConfiguration"], 28, "flowcontrol.apiserver.k8s.io/v1", ""),
    gone("flowcontrol.apiserver.k8s.io/v1beta3", &["FlowSchema", "PriorityLevelConfiguration"], 31, "flowcontrol.apiserver.k8s.io/v1", ""),
];

/// Replacements that only change the version: the fields are the same.
const SAME_FIELDS: [&str; 4] = [
    "rbac.authorization.k8s.io/v1beta1",
    "rbac.authorization.k8s.io/v1alpha1",
    "apps/v1beta2",
    "coordination.k8s.io/v1beta1",
];

fn run(context: &Context<'_>, found: &mut Found) {
    for object in context.objects {
        let is =
            |g: &&Gone| g.api_version == object.api_version() && g.kinds.contains(&object.kind());
        let Some(gone) = GONE.iter().find(is) else { continue };
        let first_without = Version { major: 1, minor: gone.last + 1 };
        // An older cluster that is written for still serves it.
        let serves = context.config.kubernetes.is_some_and(|version| version < first_without);
        let Some(at) = object.root().field("apiVersion").filter(|_| !serves) else { continue };
        let message = format!(
            "`{}` of {} was removed in Kubernetes {first_without}",
            object.api_version(),
            object.kind()
        );
        let mut finding = CHECK.at(at.at(), message).refusing();
        if let Some(instead) = gone.instead {
            finding = finding.help(format!("write `apiVersion: {instead}`"));
            let same = SAME_FIELDS.contains(&gone.api_version) || object.kind() == "NetworkPolicy";
            finding.fix = Some(Fix { place: at.at(), text: instead.to_owned(), safe: same });
        }
        if !gone.note.is_empty() {
            finding = finding.help(gone.note);
        }
        let place = at.at();
        found.take_back(|d| {
            d.code == portcullis_snapshot::codes::VERSION && d.place() == Some(&place)
        });
        found.add(finding);
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, report_with, silent};
    use crate::{Config, Version};

    fn object(api_version: &str, kind: &str) -> String {
        format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a}}\n")
    }

    #[test]
    fn the_release_that_removed_it_is_named() {
        for (text, want) in [
            (
                object("extensions/v1beta1", "Deployment"),
                expect![[r#"
                1 error "extensions/v1beta1": `extensions/v1beta1` of Deployment was removed in Kubernetes 1.16 (write `apiVersion: apps/v1`; `spec.selector` is required there)
            "#]],
            ),
            (
                object("extensions/v1beta1", "NetworkPolicy"),
                expect![[r#"
                1 error "extensions/v1beta1": `extensions/v1beta1` of NetworkPolicy was removed in Kubernetes 1.16 (write `apiVersion: networking.k8s.io/v1`)
            "#]],
            ),
            (
                object("policy/v1beta1", "PodSecurityPolicy"),
                expect![[r#"
                1 error "policy/v1beta1": `policy/v1beta1` of PodSecurityPolicy was removed in Kubernetes 1.25 (Pod Security Admission and admission policies took its place)
            "#]],
            ),
        ] {
            check(CHECK.code, &text, want);
        }
    }

    #[test]
    fn versions_that_are_served() {
        silent(CHECK.code, &[&object("apps/v1", "Deployment"), &object("policy/v1beta1", "Other")]);
        let old = Config { kubernetes: Some(Version { major: 1, minor: 15 }), ..Config::default() };
        let text = object("extensions/v1beta1", "Ingress");
        let said = |config: &Config| {
            report_with(&text, config).findings.iter().any(|f| f.diagnostic.code == CHECK.code)
        };
        assert!(said(&Config::default()) && !said(&old));
    }
}
