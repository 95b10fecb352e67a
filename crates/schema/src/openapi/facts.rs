//! What OpenAPI says of messages that the tables do not: few facts, each of few fields.

/// Properties whose schema is a bare reference: nothing is said of the field itself.
pub(super) const BARE: &[(&str, &str)] = &[
    (JSON_SCHEMA, "additionalItems"),
    (JSON_SCHEMA, "additionalProperties"),
    (JSON_SCHEMA, "example"),
    (JSON_SCHEMA, "externalDocs"),
    (JSON_SCHEMA, "items"),
    (JSON_SCHEMA, "not"),
    ("networking/v1.IngressRule", "http"),
];

const JSON_SCHEMA: &str =
    "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaProps";

/// What the items of lists, and the values of maps, may be.
pub(super) const ITEM_VALUES: &[(&str, &str, &[&str])] = &[
    ("admissionregistration/v1.NamedRuleWithOperations", "operations", OPERATIONS),
    ("admissionregistration/v1.RuleWithOperations", "operations", OPERATIONS),
    (
        "admissionregistration/v1.ValidatingAdmissionPolicyBindingSpec",
        "validationActions",
        &["Audit", "Deny", "Warn"],
    ),
    (
        "certificates/v1.CertificateSigningRequestSpec",
        "usages",
        &[
            "any",
            "cert sign",
            "client auth",
            "code signing",
            "content commitment",
            "crl sign",
            "data encipherment",
            "decipher only",
            "digital signature",
            "email protection",
            "encipher only",
            "ipsec end system",
            "ipsec tunnel",
            "ipsec user",
            "key agreement",
            "key encipherment",
            "microsoft sgc",
            "netscape sgc",
            "ocsp signing",
            "s/mime",
            "server auth",
            "signing",
            "timestamping",
        ],
    ),
    ("core/v1.PersistentVolumeClaimSpec", "accessModes", ACCESS_MODES),
    ("core/v1.PersistentVolumeClaimStatus", "accessModes", ACCESS_MODES),
    (
        "core/v1.PersistentVolumeClaimStatus",
        "allocatedResourceStatuses",
        &[
            "ControllerResizeInProgress",
            "ControllerResizeInfeasible",
            "NodeResizeInProgress",
            "NodeResizeInfeasible",
            "NodeResizePending",
        ],
    ),
    ("core/v1.PersistentVolumeSpec", "accessModes", ACCESS_MODES),
    (
        "core/v1.ResourceQuotaSpec",
        "scopes",
        &[
            "BestEffort",
            "CrossNamespacePodAffinity",
            "NotBestEffort",
            "NotTerminating",
            "PriorityClass",
            "Terminating",
            "VolumeAttributesClass",
        ],
    ),
    ("core/v1.ServiceSpec", "ipFamilies", &["", "IPv4", "IPv6"]),
    ("networking/v1.NetworkPolicySpec", "policyTypes", &["Egress", "Ingress"]),
];

const OPERATIONS: &[&str] = &["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const ACCESS_MODES: &[&str] =
    &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/// Messages of which one field says which other is set: the first field, the second, and what the
/// first is when the second is set.
pub(super) const UNIONS: &[(&str, &str, &str, &str)] = &[
    ("core/v1.AppArmorProfile", "type", "localhostProfile", "LocalhostProfile"),
    ("core/v1.SeccompProfile", "type", "localhostProfile", "LocalhostProfile"),
];

/// Every version that `DeleteOptions` and `WatchEvent` can be said to be of: those Kubernetes knows,
/// served or not.
pub(super) const VERSIONS: &[(&str, &[&str])] = &[
    ("", &["v1"]),
    ("admission.k8s.io", &["v1", "v1beta1"]),
    ("admissionregistration.k8s.io", &["v1", "v1alpha1", "v1beta1"]),
    ("apiextensions.k8s.io", &["v1", "v1beta1"]),
    ("apiregistration.k8s.io", &["v1", "v1beta1"]),
    ("apps", &["v1", "v1beta1", "v1beta2"]),
    ("authentication.k8s.io", &["v1", "v1alpha1", "v1beta1"]),
    ("authorization.k8s.io", &["v1", "v1beta1"]),
    ("autoscaling", &["v1", "v2", "v2beta1", "v2beta2"]),
    ("batch", &["v1", "v1beta1"]),
    ("certificates.k8s.io", &["v1", "v1alpha1", "v1beta1"]),
    ("coordination.k8s.io", &["v1", "v1alpha2", "v1beta1"]),
    ("discovery.k8s.io", &["v1", "v1beta1"]),
    ("events.k8s.io", &["v1", "v1beta1"]),
    ("extensions", &["v1beta1"]),
    ("flowcontrol.apiserver.k8s.io", &["v1", "v1beta1", "v1beta2", "v1beta3"]),
    ("imagepolicy.k8s.io", &["v1alpha1"]),
    ("internal.apiserver.k8s.io", &["v1alpha1"]),
    ("networking.k8s.io", &["v1", "v1beta1"]),
    ("node.k8s.io", &["v1", "v1alpha1", "v1beta1"]),
    ("policy", &["v1", "v1beta1"]),
    ("rbac.authorization.k8s.io", &["v1", "v1alpha1", "v1beta1"]),
    ("resource.k8s.io", &["v1", "v1alpha3", "v1beta1", "v1beta2"]),
    ("scheduling.k8s.io", &["v1", "v1alpha1", "v1beta1"]),
    ("storage.k8s.io", &["v1", "v1alpha1", "v1beta1"]),
    ("storagemigration.k8s.io", &["v1beta1"]),
];

/// Resources whose deletion is answered with the object, not with a status: group and plural.
pub(super) const DELETED_SHOWN: &[(&str, &str)] = &[
    ("", "persistentvolumeclaims"),
    ("", "persistentvolumes"),
    ("", "pods"),
    ("", "podtemplates"),
    ("", "resourcequotas"),
    ("", "serviceaccounts"),
    ("", "services"),
    ("resource.k8s.io", "deviceclasses"),
    ("resource.k8s.io", "resourceclaims"),
    ("resource.k8s.io", "resourceclaimtemplates"),
    ("resource.k8s.io", "resourceslices"),
    ("storage.k8s.io", "csidrivers"),
    ("storage.k8s.io", "csinodes"),
    ("storage.k8s.io", "storageclasses"),
    ("storage.k8s.io", "volumeattachments"),
    ("storage.k8s.io", "volumeattributesclasses"),
];
