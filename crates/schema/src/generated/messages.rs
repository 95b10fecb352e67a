//! The fields of kinds. Written by `cargo run -p xtask -- tables`: change that, not this.

use crate::message::{Field, Kind, Message, Type};

/// In order of group, kind and version.
pub(crate) static KINDS: &[Kind] = &[
    Kind { group: "", version: "v1", kind: "ConfigMap", message: &CORE_V1_CONFIGMAP },
    Kind { group: "", version: "v1", kind: "Endpoints", message: &CORE_V1_ENDPOINTS },
    Kind { group: "", version: "v1", kind: "Namespace", message: &CORE_V1_NAMESPACE },
    Kind { group: "", version: "v1", kind: "Node", message: &CORE_V1_NODE },
    Kind { group: "", version: "v1", kind: "Pod", message: &CORE_V1_POD },
    Kind { group: "", version: "v1", kind: "ReplicationController", message: &CORE_V1_REPLICATIONCONTROLLER },
    Kind { group: "", version: "v1", kind: "Secret", message: &CORE_V1_SECRET },
    Kind { group: "", version: "v1", kind: "Service", message: &CORE_V1_SERVICE },
    Kind { group: "", version: "v1", kind: "ServiceAccount", message: &CORE_V1_SERVICEACCOUNT },
    Kind { group: "apps", version: "v1", kind: "DaemonSet", message: &APPS_V1_DAEMONSET },
    Kind { group: "apps", version: "v1", kind: "Deployment", message: &APPS_V1_DEPLOYMENT },
    Kind { group: "apps", version: "v1", kind: "ReplicaSet", message: &APPS_V1_REPLICASET },
    Kind { group: "apps", version: "v1", kind: "StatefulSet", message: &APPS_V1_STATEFULSET },
    Kind { group: "batch", version: "v1", kind: "CronJob", message: &BATCH_V1_CRONJOB },
    Kind { group: "batch", version: "v1", kind: "Job", message: &BATCH_V1_JOB },
    Kind { group: "crd.projectcalico.org", version: "v1", kind: "FelixConfiguration", message: &CALICO_V3_FELIXCONFIGURATION },
    Kind { group: "crd.projectcalico.org", version: "v1", kind: "GlobalNetworkPolicy", message: &CALICO_V3_GLOBALNETWORKPOLICY },
    Kind { group: "crd.projectcalico.org", version: "v1", kind: "GlobalNetworkSet", message: &CALICO_V3_GLOBALNETWORKSET },
    Kind { group: "crd.projectcalico.org", version: "v1", kind: "HostEndpoint", message: &CALICO_V3_HOSTENDPOINT },
    Kind { group: "crd.projectcalico.org", version: "v1", kind: "NetworkPolicy", message: &CALICO_V3_NETWORKPOLICY },
    Kind { group: "crd.projectcalico.org", version: "v1", kind: "NetworkSet", message: &CALICO_V3_NETWORKSET },
    Kind { group: "crd.projectcalico.org", version: "v1", kind: "Profile", message: &CALICO_V3_PROFILE },
    Kind { group: "crd.projectcalico.org", version: "v1", kind: "StagedGlobalNetworkPolicy", message: &CALICO_V3_STAGEDGLOBALNETWORKPOLICY },
    Kind { group: "crd.projectcalico.org", version: "v1", kind: "StagedKubernetesNetworkPolicy", message: &CALICO_V3_STAGEDKUBERNETESNETWORKPOLICY },
    Kind { group: "crd.projectcalico.org", version: "v1", kind: "StagedNetworkPolicy", message: &CALICO_V3_STAGEDNETWORKPOLICY },
    Kind { group: "crd.projectcalico.org", version: "v1", kind: "Tier", message: &CALICO_V3_TIER },
    Kind { group: "discovery.k8s.io", version: "v1", kind: "EndpointSlice", message: &DISCOVERY_V1_ENDPOINTSLICE },
    Kind { group: "networking.k8s.io", version: "v1", kind: "Ingress", message: &NETWORKING_V1_INGRESS },
    Kind { group: "networking.k8s.io", version: "v1", kind: "NetworkPolicy", message: &NETWORKING_V1_NETWORKPOLICY },
    Kind { group: "policy.networking.k8s.io", version: "v1alpha2", kind: "ClusterNetworkPolicy", message: &POLICY_V1ALPHA2_CLUSTERNETWORKPOLICY },
    Kind { group: "projectcalico.org", version: "v3", kind: "FelixConfiguration", message: &CALICO_V3_FELIXCONFIGURATION },
    Kind { group: "projectcalico.org", version: "v3", kind: "GlobalNetworkPolicy", message: &CALICO_V3_GLOBALNETWORKPOLICY },
    Kind { group: "projectcalico.org", version: "v3", kind: "GlobalNetworkSet", message: &CALICO_V3_GLOBALNETWORKSET },
    Kind { group: "projectcalico.org", version: "v3", kind: "HostEndpoint", message: &CALICO_V3_HOSTENDPOINT },
    Kind { group: "projectcalico.org", version: "v3", kind: "NetworkPolicy", message: &CALICO_V3_NETWORKPOLICY },
    Kind { group: "projectcalico.org", version: "v3", kind: "NetworkSet", message: &CALICO_V3_NETWORKSET },
    Kind { group: "projectcalico.org", version: "v3", kind: "Profile", message: &CALICO_V3_PROFILE },
    Kind { group: "projectcalico.org", version: "v3", kind: "StagedGlobalNetworkPolicy", message: &CALICO_V3_STAGEDGLOBALNETWORKPOLICY },
    Kind { group: "projectcalico.org", version: "v3", kind: "StagedKubernetesNetworkPolicy", message: &CALICO_V3_STAGEDKUBERNETESNETWORKPOLICY },
    Kind { group: "projectcalico.org", version: "v3", kind: "StagedNetworkPolicy", message: &CALICO_V3_STAGEDNETWORKPOLICY },
    Kind { group: "projectcalico.org", version: "v3", kind: "Tier", message: &CALICO_V3_TIER },
    Kind { group: "rbac.authorization.k8s.io", version: "v1", kind: "ClusterRole", message: &RBAC_V1_CLUSTERROLE },
    Kind { group: "rbac.authorization.k8s.io", version: "v1", kind: "ClusterRoleBinding", message: &RBAC_V1_CLUSTERROLEBINDING },
    Kind { group: "rbac.authorization.k8s.io", version: "v1", kind: "Role", message: &RBAC_V1_ROLE },
    Kind { group: "rbac.authorization.k8s.io", version: "v1", kind: "RoleBinding", message: &RBAC_V1_ROLEBINDING },
];

static APPS_V1_DAEMONSET: Message = Message {
    name: "apps/v1.DaemonSet",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&APPS_V1_DAEMONSETSPEC)),
        Field::optional("status", Type::Any),
    ],
};

static APPS_V1_DAEMONSETSPEC: Message = Message {
    name: "apps/v1.DaemonSetSpec",
    fields: &[
        Field::optional("minReadySeconds", Type::Integer),
        Field::optional("revisionHistoryLimit", Type::Integer),
        Field::required("selector", Type::Message(&META_V1_LABELSELECTOR)),
        Field::required("template", Type::Message(&CORE_V1_PODTEMPLATESPEC)),
        Field::optional("updateStrategy", Type::Message(&APPS_V1_DAEMONSETUPDATESTRATEGY)),
    ],
};

static APPS_V1_DAEMONSETUPDATESTRATEGY: Message = Message {
    name: "apps/v1.DaemonSetUpdateStrategy",
    fields: &[
        Field::optional("rollingUpdate", Type::Message(&APPS_V1_ROLLINGUPDATEDAEMONSET)),
        Field::optional("type", Type::String),
    ],
};

static APPS_V1_DEPLOYMENT: Message = Message {
    name: "apps/v1.Deployment",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&APPS_V1_DEPLOYMENTSPEC)),
        Field::optional("status", Type::Any),
    ],
};

static APPS_V1_DEPLOYMENTSPEC: Message = Message {
    name: "apps/v1.DeploymentSpec",
    fields: &[
        Field::optional("minReadySeconds", Type::Integer),
        Field::optional("paused", Type::Bool),
        Field::optional("progressDeadlineSeconds", Type::Integer),
        Field::optional("replicas", Type::Integer),
        Field::optional("revisionHistoryLimit", Type::Integer),
        Field::required("selector", Type::Message(&META_V1_LABELSELECTOR)),
        Field::optional("strategy", Type::Message(&APPS_V1_DEPLOYMENTSTRATEGY)),
        Field::required("template", Type::Message(&CORE_V1_PODTEMPLATESPEC)),
    ],
};

static APPS_V1_DEPLOYMENTSTRATEGY: Message = Message {
    name: "apps/v1.DeploymentStrategy",
    fields: &[
        Field::optional("rollingUpdate", Type::Message(&APPS_V1_ROLLINGUPDATEDEPLOYMENT)),
        Field::optional("type", Type::String),
    ],
};

static APPS_V1_REPLICASET: Message = Message {
    name: "apps/v1.ReplicaSet",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&APPS_V1_REPLICASETSPEC)),
        Field::optional("status", Type::Any),
    ],
};

static APPS_V1_REPLICASETSPEC: Message = Message {
    name: "apps/v1.ReplicaSetSpec",
    fields: &[
        Field::optional("minReadySeconds", Type::Integer),
        Field::optional("replicas", Type::Integer),
        Field::required("selector", Type::Message(&META_V1_LABELSELECTOR)),
        Field::optional("template", Type::Message(&CORE_V1_PODTEMPLATESPEC)),
    ],
};

static APPS_V1_ROLLINGUPDATEDAEMONSET: Message = Message {
    name: "apps/v1.RollingUpdateDaemonSet",
    fields: &[
        Field::optional("maxSurge", Type::IntOrString),
        Field::optional("maxUnavailable", Type::IntOrString),
    ],
};

static APPS_V1_ROLLINGUPDATEDEPLOYMENT: Message = Message {
    name: "apps/v1.RollingUpdateDeployment",
    fields: &[
        Field::optional("maxSurge", Type::IntOrString),
        Field::optional("maxUnavailable", Type::IntOrString),
    ],
};

static APPS_V1_ROLLINGUPDATESTATEFULSETSTRATEGY: Message = Message {
    name: "apps/v1.RollingUpdateStatefulSetStrategy",
    fields: &[
        Field::optional("maxUnavailable", Type::IntOrString),
        Field::optional("partition", Type::Integer),
    ],
};

static APPS_V1_STATEFULSET: Message = Message {
    name: "apps/v1.StatefulSet",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&APPS_V1_STATEFULSETSPEC)),
        Field::optional("status", Type::Any),
    ],
};

static APPS_V1_STATEFULSETORDINALS: Message = Message {
    name: "apps/v1.StatefulSetOrdinals",
    fields: &[
        Field::optional("start", Type::Integer),
    ],
};

static APPS_V1_STATEFULSETPERSISTENTVOLUMECLAIMRETENTIONPOLICY: Message = Message {
    name: "apps/v1.StatefulSetPersistentVolumeClaimRetentionPolicy",
    fields: &[
        Field::optional("whenDeleted", Type::String),
        Field::optional("whenScaled", Type::String),
    ],
};

static APPS_V1_STATEFULSETSPEC: Message = Message {
    name: "apps/v1.StatefulSetSpec",
    fields: &[
        Field::optional("minReadySeconds", Type::Integer),
        Field::optional("ordinals", Type::Message(&APPS_V1_STATEFULSETORDINALS)),
        Field::optional("persistentVolumeClaimRetentionPolicy", Type::Message(&APPS_V1_STATEFULSETPERSISTENTVOLUMECLAIMRETENTIONPOLICY)),
        Field::optional("podManagementPolicy", Type::String),
        Field::optional("replicas", Type::Integer),
        Field::optional("revisionHistoryLimit", Type::Integer),
        Field::required("selector", Type::Message(&META_V1_LABELSELECTOR)),
        Field::optional("serviceName", Type::String),
        Field::required("template", Type::Message(&CORE_V1_PODTEMPLATESPEC)),
        Field::optional("updateStrategy", Type::Message(&APPS_V1_STATEFULSETUPDATESTRATEGY)),
        Field::optional("volumeClaimTemplates", Type::List(&Type::Message(&CORE_V1_PERSISTENTVOLUMECLAIM))),
    ],
};

static APPS_V1_STATEFULSETUPDATESTRATEGY: Message = Message {
    name: "apps/v1.StatefulSetUpdateStrategy",
    fields: &[
        Field::optional("rollingUpdate", Type::Message(&APPS_V1_ROLLINGUPDATESTATEFULSETSTRATEGY)),
        Field::optional("type", Type::String),
    ],
};

static BATCH_V1_CRONJOB: Message = Message {
    name: "batch/v1.CronJob",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&BATCH_V1_CRONJOBSPEC)),
        Field::optional("status", Type::Any),
    ],
};

static BATCH_V1_CRONJOBSPEC: Message = Message {
    name: "batch/v1.CronJobSpec",
    fields: &[
        Field::optional("concurrencyPolicy", Type::String),
        Field::optional("failedJobsHistoryLimit", Type::Integer),
        Field::required("jobTemplate", Type::Message(&BATCH_V1_JOBTEMPLATESPEC)),
        Field::required("schedule", Type::String),
        Field::optional("startingDeadlineSeconds", Type::Integer),
        Field::optional("successfulJobsHistoryLimit", Type::Integer),
        Field::optional("suspend", Type::Bool),
        Field::optional("timeZone", Type::String),
    ],
};

static BATCH_V1_JOB: Message = Message {
    name: "batch/v1.Job",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&BATCH_V1_JOBSPEC)),
        Field::optional("status", Type::Any),
    ],
};

static BATCH_V1_JOBSPEC: Message = Message {
    name: "batch/v1.JobSpec",
    fields: &[
        Field::optional("activeDeadlineSeconds", Type::Integer),
        Field::optional("backoffLimit", Type::Integer),
        Field::optional("backoffLimitPerIndex", Type::Integer),
        Field::optional("completionMode", Type::String),
        Field::optional("completions", Type::Integer),
        Field::optional("managedBy", Type::String),
        Field::optional("manualSelector", Type::Bool),
        Field::optional("maxFailedIndexes", Type::Integer),
        Field::optional("parallelism", Type::Integer),
        Field::optional("podFailurePolicy", Type::Message(&BATCH_V1_PODFAILUREPOLICY)),
        Field::optional("podReplacementPolicy", Type::String),
        Field::optional("selector", Type::Message(&META_V1_LABELSELECTOR)),
        Field::optional("successPolicy", Type::Message(&BATCH_V1_SUCCESSPOLICY)),
        Field::optional("suspend", Type::Bool),
        Field::required("template", Type::Message(&CORE_V1_PODTEMPLATESPEC)),
        Field::optional("ttlSecondsAfterFinished", Type::Integer),
    ],
};

static BATCH_V1_JOBTEMPLATESPEC: Message = Message {
    name: "batch/v1.JobTemplateSpec",
    fields: &[
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&BATCH_V1_JOBSPEC)),
    ],
};

static BATCH_V1_PODFAILUREPOLICY: Message = Message {
    name: "batch/v1.PodFailurePolicy",
    fields: &[
        Field::required("rules", Type::List(&Type::Message(&BATCH_V1_PODFAILUREPOLICYRULE))),
    ],
};

static BATCH_V1_PODFAILUREPOLICYONEXITCODESREQUIREMENT: Message = Message {
    name: "batch/v1.PodFailurePolicyOnExitCodesRequirement",
    fields: &[
        Field::optional("containerName", Type::String),
        Field::required("operator", Type::String),
        Field::required("values", Type::List(&Type::Integer)),
    ],
};

static BATCH_V1_PODFAILUREPOLICYONPODCONDITIONSPATTERN: Message = Message {
    name: "batch/v1.PodFailurePolicyOnPodConditionsPattern",
    fields: &[
        Field::optional("status", Type::String),
        Field::required("type", Type::String),
    ],
};

static BATCH_V1_PODFAILUREPOLICYRULE: Message = Message {
    name: "batch/v1.PodFailurePolicyRule",
    fields: &[
        Field::required("action", Type::String),
        Field::optional("onExitCodes", Type::Message(&BATCH_V1_PODFAILUREPOLICYONEXITCODESREQUIREMENT)),
        Field::optional("onPodConditions", Type::List(&Type::Message(&BATCH_V1_PODFAILUREPOLICYONPODCONDITIONSPATTERN))),
    ],
};

static BATCH_V1_SUCCESSPOLICY: Message = Message {
    name: "batch/v1.SuccessPolicy",
    fields: &[
        Field::required("rules", Type::List(&Type::Message(&BATCH_V1_SUCCESSPOLICYRULE))),
    ],
};

static BATCH_V1_SUCCESSPOLICYRULE: Message = Message {
    name: "batch/v1.SuccessPolicyRule",
    fields: &[
        Field::optional("succeededCount", Type::Integer),
        Field::optional("succeededIndexes", Type::String),
    ],
};

static CALICO_V3_BPFCONNTRACKTIMEOUTS: Message = Message {
    name: "calico/v3.BPFConntrackTimeouts",
    fields: &[
        Field::optional("creationGracePeriod", Type::String),
        Field::optional("genericTimeout", Type::String),
        Field::optional("icmpTimeout", Type::String),
        Field::optional("tcpEstablished", Type::String),
        Field::optional("tcpFinsSeen", Type::String),
        Field::optional("tcpResetSeen", Type::String),
        Field::optional("tcpSynSent", Type::String),
        Field::optional("udpTimeout", Type::String),
    ],
};

static CALICO_V3_ENDPOINTPORT: Message = Message {
    name: "calico/v3.EndpointPort",
    fields: &[
        Field::required("name", Type::String),
        Field::required("port", Type::Integer),
        Field::required("protocol", Type::IntOrString),
    ],
};

static CALICO_V3_ENTITYRULE: Message = Message {
    name: "calico/v3.EntityRule",
    fields: &[
        Field::optional("namespaceSelector", Type::String),
        Field::optional("nets", Type::List(&Type::String)),
        Field::optional("notNets", Type::List(&Type::String)),
        Field::optional("notPorts", Type::List(&Type::IntOrString)),
        Field::optional("notSelector", Type::String),
        Field::optional("ports", Type::List(&Type::IntOrString)),
        Field::optional("selector", Type::String),
        Field::optional("serviceAccounts", Type::Message(&CALICO_V3_SERVICEACCOUNTMATCH)),
        Field::optional("services", Type::Message(&CALICO_V3_SERVICEMATCH)),
    ],
};

static CALICO_V3_FELIXCONFIGURATION: Message = Message {
    name: "calico/v3.FelixConfiguration",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&CALICO_V3_FELIXCONFIGURATIONSPEC)),
    ],
};

static CALICO_V3_FELIXCONFIGURATIONSPEC: Message = Message {
    name: "calico/v3.FelixConfigurationSpec",
    fields: &[
        Field::optional("allowIPIPPacketsFromWorkloads", Type::Bool),
        Field::optional("allowVXLANPacketsFromWorkloads", Type::Bool),
        Field::optional("awsSrcDstCheck", Type::String),
        Field::optional("bpfAttachType", Type::String),
        Field::optional("bpfCTLBLogFilter", Type::String),
        Field::optional("bpfConnectTimeLoadBalancing", Type::String),
        Field::optional("bpfConnectTimeLoadBalancingEnabled", Type::Bool),
        Field::optional("bpfConntrackLogLevel", Type::String),
        Field::optional("bpfConntrackMode", Type::String),
        Field::optional("bpfConntrackTimeouts", Type::Message(&CALICO_V3_BPFCONNTRACKTIMEOUTS)),
        Field::optional("bpfDSROptoutCIDRs", Type::List(&Type::String)),
        Field::optional("bpfDataIfacePattern", Type::String),
        Field::optional("bpfDisableGROForIfaces", Type::String),
        Field::optional("bpfDisableUnprivileged", Type::Bool),
        Field::optional("bpfEnabled", Type::Bool),
        Field::optional("bpfEnforceRPF", Type::String),
        Field::optional("bpfExcludeCIDRsFromNAT", Type::List(&Type::String)),
        Field::optional("bpfExportBufferSizeMB", Type::Integer),
        Field::optional("bpfExtToServiceConnmark", Type::Integer),
        Field::optional("bpfExternalServiceMode", Type::String),
        Field::optional("bpfForceTrackPacketsFromIfaces", Type::List(&Type::String)),
        Field::optional("bpfHostConntrackBypass", Type::Bool),
        Field::optional("bpfHostNetworkedNATWithoutCTLB", Type::String),
        Field::optional("bpfIPFragTimeout", Type::String),
        Field::optional("bpfIPFragmentReassemblyEnabled", Type::Bool),
        Field::optional("bpfJITHardening", Type::String),
        Field::optional("bpfKubeProxyHealthzPort", Type::Integer),
        Field::optional("bpfKubeProxyIptablesCleanupEnabled", Type::Bool),
        Field::optional("bpfKubeProxyMinSyncPeriod", Type::String),
        Field::optional("bpfL3IfacePattern", Type::String),
        Field::optional("bpfLogFilters", Type::Map(&Type::String)),
        Field::optional("bpfLogLevel", Type::String),
        Field::optional("bpfMaglevMaxEndpointsPerService", Type::Integer),
        Field::optional("bpfMaglevMaxServices", Type::Integer),
        Field::optional("bpfMapSizeConntrack", Type::Integer),
        Field::optional("bpfMapSizeConntrackCleanupQueue", Type::Integer),
        Field::optional("bpfMapSizeConntrackScaling", Type::String),
        Field::optional("bpfMapSizeIPSets", Type::Integer),
        Field::optional("bpfMapSizeIfState", Type::Integer),
        Field::optional("bpfMapSizeNATAffinity", Type::Integer),
        Field::optional("bpfMapSizeNATBackend", Type::Integer),
        Field::optional("bpfMapSizeNATFrontend", Type::Integer),
        Field::optional("bpfMapSizePerCpuConntrack", Type::Integer),
        Field::optional("bpfMapSizeRoute", Type::Integer),
        Field::optional("bpfOverlayHostSourceIP", Type::String),
        Field::optional("bpfPSNATPorts", Type::IntOrString),
        Field::optional("bpfPolicyDebugEnabled", Type::Bool),
        Field::optional("bpfProfiling", Type::String),
        Field::optional("bpfRedirectToPeer", Type::String),
        Field::optional("cgroupV2Path", Type::String),
        Field::optional("chainInsertMode", Type::String),
        Field::optional("dataplaneDriver", Type::String),
        Field::optional("dataplaneWatchdogTimeout", Type::String),
        Field::optional("debugDisableLogDropping", Type::Bool),
        Field::optional("debugHost", Type::String),
        Field::optional("debugMemoryProfilePath", Type::String),
        Field::optional("debugPort", Type::Integer),
        Field::optional("debugSimulateCalcGraphHangAfter", Type::String),
        Field::optional("debugSimulateDataplaneApplyDelay", Type::String),
        Field::optional("debugSimulateDataplaneHangAfter", Type::String),
        Field::optional("defaultEndpointToHostAction", Type::String),
        Field::optional("deviceRouteProtocol", Type::Integer),
        Field::optional("deviceRouteSourceAddress", Type::String),
        Field::optional("deviceRouteSourceAddressIPv6", Type::String),
        Field::optional("disableConntrackInvalidCheck", Type::Bool),
        Field::optional("endpointReportingDelay", Type::String),
        Field::optional("endpointReportingEnabled", Type::Bool),
        Field::optional("endpointStatusPathPrefix", Type::String),
        Field::optional("externalNodesList", Type::List(&Type::String)),
        Field::optional("failsafeInboundHostPorts", Type::List(&Type::Message(&CALICO_V3_PROTOPORT))),
        Field::optional("failsafeOutboundHostPorts", Type::List(&Type::Message(&CALICO_V3_PROTOPORT))),
        Field::optional("featureDetectOverride", Type::String),
        Field::optional("featureGates", Type::String),
        Field::optional("floatingIPs", Type::String),
        Field::optional("flowLogsCollectorDebugTrace", Type::Bool),
        Field::optional("flowLogsFlushInterval", Type::String),
        Field::optional("flowLogsGoldmaneServer", Type::String),
        Field::optional("flowLogsLocalReporter", Type::String),
        Field::optional("flowLogsPolicyEvaluationMode", Type::String),
        Field::optional("genericXDPEnabled", Type::Bool),
        Field::optional("goGCThreshold", Type::Integer),
        Field::optional("goMaxProcs", Type::Integer),
        Field::optional("goMemoryLimitMB", Type::Integer),
        Field::optional("healthEnabled", Type::Bool),
        Field::optional("healthHost", Type::String),
        Field::optional("healthPort", Type::Integer),
        Field::optional("healthTimeoutOverrides", Type::List(&Type::Message(&CALICO_V3_HEALTHTIMEOUTOVERRIDE))),
        Field::optional("interfaceExclude", Type::String),
        Field::optional("interfacePrefix", Type::String),
        Field::optional("interfaceRefreshInterval", Type::String),
        Field::optional("ipForwarding", Type::String),
        Field::optional("ipipEnabled", Type::Bool),
        Field::optional("ipipMTU", Type::Integer),
        Field::optional("ipsetsRefreshInterval", Type::String),
        Field::optional("iptablesBackend", Type::String),
        Field::optional("iptablesFilterAllowAction", Type::String),
        Field::optional("iptablesFilterDenyAction", Type::String),
        Field::optional("iptablesLockProbeInterval", Type::String),
        Field::optional("iptablesMangleAllowAction", Type::String),
        Field::optional("iptablesMarkMask", Type::Integer),
        Field::optional("iptablesNATOutgoingInterfaceFilter", Type::String),
        Field::optional("iptablesPostWriteCheckInterval", Type::String),
        Field::optional("iptablesRefreshInterval", Type::String),
        Field::optional("ipv4ElevatedRoutePriority", Type::Integer),
        Field::optional("ipv4NormalRoutePriority", Type::Integer),
        Field::optional("ipv6ElevatedRoutePriority", Type::Integer),
        Field::optional("ipv6NormalRoutePriority", Type::Integer),
        Field::optional("ipv6Support", Type::Bool),
        Field::optional("istioAmbientMode", Type::String),
        Field::optional("istioDSCPMark", Type::IntOrString),
        Field::optional("kubeNodePortRanges", Type::List(&Type::IntOrString)),
        Field::optional("liveMigrationRouteConvergenceTime", Type::String),
        Field::optional("localSubnetL2Reachability", Type::String),
        Field::optional("localSubnetL2ReachabilityRefreshInterval", Type::String),
        Field::optional("logActionRateLimit", Type::String),
        Field::optional("logActionRateLimitBurst", Type::Integer),
        Field::optional("logDebugFilenameRegex", Type::String),
        Field::optional("logFilePath", Type::String),
        Field::optional("logPrefix", Type::String),
        Field::optional("logSeverityFile", Type::String),
        Field::optional("logSeverityScreen", Type::String),
        Field::optional("logSeveritySys", Type::String),
        Field::optional("maxIpsetSize", Type::Integer),
        Field::optional("metadataAddr", Type::String),
        Field::optional("metadataPort", Type::Integer),
        Field::optional("mtuIfacePattern", Type::String),
        Field::optional("natOutgoingAddress", Type::String),
        Field::optional("natOutgoingExclusions", Type::String),
        Field::optional("natPortRange", Type::IntOrString),
        Field::optional("netlinkTimeout", Type::String),
        Field::optional("nftablesFilterAllowAction", Type::String),
        Field::optional("nftablesFilterDenyAction", Type::String),
        Field::optional("nftablesFlowTableDataIfacePattern", Type::String),
        Field::optional("nftablesFlowTableOffload", Type::String),
        Field::optional("nftablesMangleAllowAction", Type::String),
        Field::optional("nftablesMarkMask", Type::Integer),
        Field::optional("nftablesMode", Type::String),
        Field::optional("nftablesRefreshInterval", Type::String),
        Field::optional("nodeSelector", Type::String),
        Field::optional("openstackRegion", Type::String),
        Field::optional("policySyncPathPrefix", Type::String),
        Field::optional("programClusterRoutes", Type::String),
        Field::optional("prometheusGoMetricsEnabled", Type::Bool),
        Field::optional("prometheusMetricsCAFile", Type::String),
        Field::optional("prometheusMetricsCertFile", Type::String),
        Field::optional("prometheusMetricsClientAuth", Type::String),
        Field::optional("prometheusMetricsEnabled", Type::Bool),
        Field::optional("prometheusMetricsHost", Type::String),
        Field::optional("prometheusMetricsKeyFile", Type::String),
        Field::optional("prometheusMetricsPort", Type::Integer),
        Field::optional("prometheusProcessMetricsEnabled", Type::Bool),
        Field::optional("prometheusWireGuardMetricsEnabled", Type::Bool),
        Field::optional("removeExternalRoutes", Type::Bool),
        Field::optional("reportingInterval", Type::String),
        Field::optional("reportingTTL", Type::String),
        Field::optional("requireMTUFile", Type::Bool),
        Field::optional("routeRefreshInterval", Type::String),
        Field::optional("routeSource", Type::String),
        Field::optional("routeSyncDisabled", Type::Bool),
        Field::optional("routeTableRange", Type::Message(&CALICO_V3_ROUTETABLERANGE)),
        Field::optional("routeTableRanges", Type::List(&Type::Message(&CALICO_V3_ROUTETABLEIDRANGE))),
        Field::optional("serviceLoopPrevention", Type::String),
        Field::optional("sidecarAccelerationEnabled", Type::Bool),
        Field::optional("usageReportingEnabled", Type::Bool),
        Field::optional("usageReportingInitialDelay", Type::String),
        Field::optional("usageReportingInterval", Type::String),
        Field::optional("useInternalDataplaneDriver", Type::Bool),
        Field::optional("vxlanEnabled", Type::Bool),
        Field::optional("vxlanMTU", Type::Integer),
        Field::optional("vxlanMTUV6", Type::Integer),
        Field::optional("vxlanPort", Type::Integer),
        Field::optional("vxlanVNI", Type::Integer),
        Field::optional("windowsManageFirewallRules", Type::String),
        Field::optional("wireguardEnabled", Type::Bool),
        Field::optional("wireguardEnabledV6", Type::Bool),
        Field::optional("wireguardHostEncryptionEnabled", Type::Bool),
        Field::optional("wireguardInterfaceName", Type::String),
        Field::optional("wireguardInterfaceNameV6", Type::String),
        Field::optional("wireguardKeepAlive", Type::String),
        Field::optional("wireguardListeningPort", Type::Integer),
        Field::optional("wireguardListeningPortV6", Type::Integer),
        Field::optional("wireguardMTU", Type::Integer),
        Field::optional("wireguardMTUV6", Type::Integer),
        Field::optional("wireguardRoutingRulePriority", Type::Integer),
        Field::optional("wireguardThreadingEnabled", Type::Bool),
        Field::optional("workloadSourceSpoofing", Type::String),
        Field::optional("xdpEnabled", Type::Bool),
        Field::optional("xdpRefreshInterval", Type::String),
    ],
};

static CALICO_V3_GLOBALNETWORKPOLICY: Message = Message {
    name: "calico/v3.GlobalNetworkPolicy",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&CALICO_V3_GLOBALNETWORKPOLICYSPEC)),
    ],
};

static CALICO_V3_GLOBALNETWORKPOLICYSPEC: Message = Message {
    name: "calico/v3.GlobalNetworkPolicySpec",
    fields: &[
        Field::optional("applyOnForward", Type::Bool),
        Field::optional("doNotTrack", Type::Bool),
        Field::optional("egress", Type::List(&Type::Message(&CALICO_V3_RULE))),
        Field::optional("ingress", Type::List(&Type::Message(&CALICO_V3_RULE))),
        Field::optional("namespaceSelector", Type::String),
        Field::optional("order", Type::Number),
        Field::optional("performanceHints", Type::List(&Type::String)),
        Field::optional("preDNAT", Type::Bool),
        Field::optional("selector", Type::String),
        Field::optional("serviceAccountSelector", Type::String),
        Field::optional("tier", Type::String),
        Field::optional("types", Type::List(&Type::String)),
    ],
};

static CALICO_V3_GLOBALNETWORKSET: Message = Message {
    name: "calico/v3.GlobalNetworkSet",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&CALICO_V3_GLOBALNETWORKSETSPEC)),
    ],
};

static CALICO_V3_GLOBALNETWORKSETSPEC: Message = Message {
    name: "calico/v3.GlobalNetworkSetSpec",
    fields: &[
        Field::optional("nets", Type::List(&Type::String)),
    ],
};

static CALICO_V3_HTTPMATCH: Message = Message {
    name: "calico/v3.HTTPMatch",
    fields: &[
        Field::optional("methods", Type::List(&Type::String)),
        Field::optional("paths", Type::List(&Type::Message(&CALICO_V3_HTTPPATH))),
    ],
};

static CALICO_V3_HTTPPATH: Message = Message {
    name: "calico/v3.HTTPPath",
    fields: &[
        Field::optional("exact", Type::String),
        Field::optional("prefix", Type::String),
    ],
};

static CALICO_V3_HEALTHTIMEOUTOVERRIDE: Message = Message {
    name: "calico/v3.HealthTimeoutOverride",
    fields: &[
        Field::required("name", Type::String),
        Field::required("timeout", Type::String),
    ],
};

static CALICO_V3_HOSTENDPOINT: Message = Message {
    name: "calico/v3.HostEndpoint",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&CALICO_V3_HOSTENDPOINTSPEC)),
    ],
};

static CALICO_V3_HOSTENDPOINTSPEC: Message = Message {
    name: "calico/v3.HostEndpointSpec",
    fields: &[
        Field::optional("expectedIPs", Type::List(&Type::String)),
        Field::optional("interfaceName", Type::String),
        Field::optional("node", Type::String),
        Field::optional("ports", Type::List(&Type::Message(&CALICO_V3_ENDPOINTPORT))),
        Field::optional("profiles", Type::List(&Type::String)),
    ],
};

static CALICO_V3_ICMPFIELDS: Message = Message {
    name: "calico/v3.ICMPFields",
    fields: &[
        Field::optional("code", Type::Integer),
        Field::optional("type", Type::Integer),
    ],
};

static CALICO_V3_NETWORKPOLICY: Message = Message {
    name: "calico/v3.NetworkPolicy",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&CALICO_V3_NETWORKPOLICYSPEC)),
    ],
};

static CALICO_V3_NETWORKPOLICYSPEC: Message = Message {
    name: "calico/v3.NetworkPolicySpec",
    fields: &[
        Field::optional("egress", Type::List(&Type::Message(&CALICO_V3_RULE))),
        Field::optional("ingress", Type::List(&Type::Message(&CALICO_V3_RULE))),
        Field::optional("order", Type::Number),
        Field::optional("performanceHints", Type::List(&Type::String)),
        Field::optional("selector", Type::String),
        Field::optional("serviceAccountSelector", Type::String),
        Field::optional("tier", Type::String),
        Field::optional("types", Type::List(&Type::String)),
    ],
};

static CALICO_V3_NETWORKSET: Message = Message {
    name: "calico/v3.NetworkSet",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&CALICO_V3_NETWORKSETSPEC)),
    ],
};

static CALICO_V3_NETWORKSETSPEC: Message = Message {
    name: "calico/v3.NetworkSetSpec",
    fields: &[
        Field::optional("nets", Type::List(&Type::String)),
    ],
};

static CALICO_V3_PROFILE: Message = Message {
    name: "calico/v3.Profile",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&CALICO_V3_PROFILESPEC)),
    ],
};

static CALICO_V3_PROFILESPEC: Message = Message {
    name: "calico/v3.ProfileSpec",
    fields: &[
        Field::optional("egress", Type::List(&Type::Message(&CALICO_V3_RULE))),
        Field::optional("ingress", Type::List(&Type::Message(&CALICO_V3_RULE))),
        Field::optional("labelsToApply", Type::Map(&Type::String)),
    ],
};

static CALICO_V3_PROTOPORT: Message = Message {
    name: "calico/v3.ProtoPort",
    fields: &[
        Field::optional("net", Type::String),
        Field::required("port", Type::Integer),
        Field::optional("protocol", Type::String),
    ],
};

static CALICO_V3_ROUTETABLEIDRANGE: Message = Message {
    name: "calico/v3.RouteTableIDRange",
    fields: &[
        Field::required("max", Type::Integer),
        Field::required("min", Type::Integer),
    ],
};

static CALICO_V3_ROUTETABLERANGE: Message = Message {
    name: "calico/v3.RouteTableRange",
    fields: &[
        Field::required("max", Type::Integer),
        Field::required("min", Type::Integer),
    ],
};

static CALICO_V3_RULE: Message = Message {
    name: "calico/v3.Rule",
    fields: &[
        Field::required("action", Type::String),
        Field::optional("destination", Type::Message(&CALICO_V3_ENTITYRULE)),
        Field::optional("http", Type::Message(&CALICO_V3_HTTPMATCH)),
        Field::optional("icmp", Type::Message(&CALICO_V3_ICMPFIELDS)),
        Field::optional("ipVersion", Type::Integer),
        Field::optional("metadata", Type::Message(&CALICO_V3_RULEMETADATA)),
        Field::optional("notICMP", Type::Message(&CALICO_V3_ICMPFIELDS)),
        Field::optional("notProtocol", Type::IntOrString),
        Field::optional("protocol", Type::IntOrString),
        Field::optional("source", Type::Message(&CALICO_V3_ENTITYRULE)),
    ],
};

static CALICO_V3_RULEMETADATA: Message = Message {
    name: "calico/v3.RuleMetadata",
    fields: &[
        Field::optional("annotations", Type::Map(&Type::String)),
    ],
};

static CALICO_V3_SERVICEACCOUNTMATCH: Message = Message {
    name: "calico/v3.ServiceAccountMatch",
    fields: &[
        Field::optional("names", Type::List(&Type::String)),
        Field::optional("selector", Type::String),
    ],
};

static CALICO_V3_SERVICEMATCH: Message = Message {
    name: "calico/v3.ServiceMatch",
    fields: &[
        Field::optional("name", Type::String),
        Field::optional("namespace", Type::String),
    ],
};

static CALICO_V3_STAGEDGLOBALNETWORKPOLICY: Message = Message {
    name: "calico/v3.StagedGlobalNetworkPolicy",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&CALICO_V3_STAGEDGLOBALNETWORKPOLICYSPEC)),
    ],
};

static CALICO_V3_STAGEDGLOBALNETWORKPOLICYSPEC: Message = Message {
    name: "calico/v3.StagedGlobalNetworkPolicySpec",
    fields: &[
        Field::optional("applyOnForward", Type::Bool),
        Field::optional("doNotTrack", Type::Bool),
        Field::optional("egress", Type::List(&Type::Message(&CALICO_V3_RULE))),
        Field::optional("ingress", Type::List(&Type::Message(&CALICO_V3_RULE))),
        Field::optional("namespaceSelector", Type::String),
        Field::optional("order", Type::Number),
        Field::optional("performanceHints", Type::List(&Type::String)),
        Field::optional("preDNAT", Type::Bool),
        Field::optional("selector", Type::String),
        Field::optional("serviceAccountSelector", Type::String),
        Field::optional("stagedAction", Type::String),
        Field::optional("tier", Type::String),
        Field::optional("types", Type::List(&Type::String)),
    ],
};

static CALICO_V3_STAGEDKUBERNETESNETWORKPOLICY: Message = Message {
    name: "calico/v3.StagedKubernetesNetworkPolicy",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&CALICO_V3_STAGEDKUBERNETESNETWORKPOLICYSPEC)),
    ],
};

static CALICO_V3_STAGEDKUBERNETESNETWORKPOLICYSPEC: Message = Message {
    name: "calico/v3.StagedKubernetesNetworkPolicySpec",
    fields: &[
        Field::optional("egress", Type::List(&Type::Message(&NETWORKING_V1_NETWORKPOLICYEGRESSRULE))),
        Field::optional("ingress", Type::List(&Type::Message(&NETWORKING_V1_NETWORKPOLICYINGRESSRULE))),
        Field::optional("podSelector", Type::Message(&META_V1_LABELSELECTOR)),
        Field::optional("policyTypes", Type::List(&Type::String)),
        Field::optional("stagedAction", Type::String),
    ],
};

static CALICO_V3_STAGEDNETWORKPOLICY: Message = Message {
    name: "calico/v3.StagedNetworkPolicy",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&CALICO_V3_STAGEDNETWORKPOLICYSPEC)),
    ],
};

static CALICO_V3_STAGEDNETWORKPOLICYSPEC: Message = Message {
    name: "calico/v3.StagedNetworkPolicySpec",
    fields: &[
        Field::optional("egress", Type::List(&Type::Message(&CALICO_V3_RULE))),
        Field::optional("ingress", Type::List(&Type::Message(&CALICO_V3_RULE))),
        Field::optional("order", Type::Number),
        Field::optional("performanceHints", Type::List(&Type::String)),
        Field::optional("selector", Type::String),
        Field::optional("serviceAccountSelector", Type::String),
        Field::optional("stagedAction", Type::String),
        Field::optional("tier", Type::String),
        Field::optional("types", Type::List(&Type::String)),
    ],
};

static CALICO_V3_TIER: Message = Message {
    name: "calico/v3.Tier",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&CALICO_V3_TIERSPEC)),
        Field::optional("status", Type::Any),
    ],
};

static CALICO_V3_TIERSPEC: Message = Message {
    name: "calico/v3.TierSpec",
    fields: &[
        Field::optional("defaultAction", Type::String),
        Field::optional("order", Type::Number),
    ],
};

static CORE_V1_AWSELASTICBLOCKSTOREVOLUMESOURCE: Message = Message {
    name: "core/v1.AWSElasticBlockStoreVolumeSource",
    fields: &[
        Field::optional("fsType", Type::String),
        Field::optional("partition", Type::Integer),
        Field::optional("readOnly", Type::Bool),
        Field::required("volumeID", Type::String),
    ],
};

static CORE_V1_AFFINITY: Message = Message {
    name: "core/v1.Affinity",
    fields: &[
        Field::optional("nodeAffinity", Type::Message(&CORE_V1_NODEAFFINITY)),
        Field::optional("podAffinity", Type::Message(&CORE_V1_PODAFFINITY)),
        Field::optional("podAntiAffinity", Type::Message(&CORE_V1_PODANTIAFFINITY)),
    ],
};

static CORE_V1_APPARMORPROFILE: Message = Message {
    name: "core/v1.AppArmorProfile",
    fields: &[
        Field::optional("localhostProfile", Type::String),
        Field::required("type", Type::String),
    ],
};

static CORE_V1_AZUREDISKVOLUMESOURCE: Message = Message {
    name: "core/v1.AzureDiskVolumeSource",
    fields: &[
        Field::optional("cachingMode", Type::String),
        Field::required("diskName", Type::String),
        Field::required("diskURI", Type::String),
        Field::optional("fsType", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("readOnly", Type::Bool),
    ],
};

static CORE_V1_AZUREFILEVOLUMESOURCE: Message = Message {
    name: "core/v1.AzureFileVolumeSource",
    fields: &[
        Field::optional("readOnly", Type::Bool),
        Field::required("secretName", Type::String),
        Field::required("shareName", Type::String),
    ],
};

static CORE_V1_CSIVOLUMESOURCE: Message = Message {
    name: "core/v1.CSIVolumeSource",
    fields: &[
        Field::required("driver", Type::String),
        Field::optional("fsType", Type::String),
        Field::optional("nodePublishSecretRef", Type::Message(&CORE_V1_LOCALOBJECTREFERENCE)),
        Field::optional("readOnly", Type::Bool),
        Field::optional("volumeAttributes", Type::Map(&Type::String)),
    ],
};

static CORE_V1_CAPABILITIES: Message = Message {
    name: "core/v1.Capabilities",
    fields: &[
        Field::optional("add", Type::List(&Type::String)),
        Field::optional("drop", Type::List(&Type::String)),
    ],
};

static CORE_V1_CEPHFSVOLUMESOURCE: Message = Message {
    name: "core/v1.CephFSVolumeSource",
    fields: &[
        Field::required("monitors", Type::List(&Type::String)),
        Field::optional("path", Type::String),
        Field::optional("readOnly", Type::Bool),
        Field::optional("secretFile", Type::String),
        Field::optional("secretRef", Type::Message(&CORE_V1_LOCALOBJECTREFERENCE)),
        Field::optional("user", Type::String),
    ],
};

static CORE_V1_CINDERVOLUMESOURCE: Message = Message {
    name: "core/v1.CinderVolumeSource",
    fields: &[
        Field::optional("fsType", Type::String),
        Field::optional("readOnly", Type::Bool),
        Field::optional("secretRef", Type::Message(&CORE_V1_LOCALOBJECTREFERENCE)),
        Field::required("volumeID", Type::String),
    ],
};

static CORE_V1_CLIENTIPCONFIG: Message = Message {
    name: "core/v1.ClientIPConfig",
    fields: &[
        Field::optional("timeoutSeconds", Type::Integer),
    ],
};

static CORE_V1_CLUSTERTRUSTBUNDLEPROJECTION: Message = Message {
    name: "core/v1.ClusterTrustBundleProjection",
    fields: &[
        Field::optional("labelSelector", Type::Message(&META_V1_LABELSELECTOR)),
        Field::optional("name", Type::String),
        Field::optional("optional", Type::Bool),
        Field::required("path", Type::String),
        Field::optional("signerName", Type::String),
    ],
};

static CORE_V1_CONFIGMAP: Message = Message {
    name: "core/v1.ConfigMap",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("binaryData", Type::Map(&Type::String)),
        Field::optional("data", Type::Map(&Type::String)),
        Field::optional("immutable", Type::Bool),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
    ],
};

static CORE_V1_CONFIGMAPENVSOURCE: Message = Message {
    name: "core/v1.ConfigMapEnvSource",
    fields: &[
        Field::optional("name", Type::String),
        Field::optional("optional", Type::Bool),
    ],
};

static CORE_V1_CONFIGMAPKEYSELECTOR: Message = Message {
    name: "core/v1.ConfigMapKeySelector",
    fields: &[
        Field::required("key", Type::String),
        Field::optional("name", Type::String),
        Field::optional("optional", Type::Bool),
    ],
};

static CORE_V1_CONFIGMAPNODECONFIGSOURCE: Message = Message {
    name: "core/v1.ConfigMapNodeConfigSource",
    fields: &[
        Field::required("kubeletConfigKey", Type::String),
        Field::required("name", Type::String),
        Field::required("namespace", Type::String),
        Field::optional("resourceVersion", Type::String),
        Field::optional("uid", Type::String),
    ],
};

static CORE_V1_CONFIGMAPPROJECTION: Message = Message {
    name: "core/v1.ConfigMapProjection",
    fields: &[
        Field::optional("items", Type::List(&Type::Message(&CORE_V1_KEYTOPATH))),
        Field::optional("name", Type::String),
        Field::optional("optional", Type::Bool),
    ],
};

static CORE_V1_CONFIGMAPVOLUMESOURCE: Message = Message {
    name: "core/v1.ConfigMapVolumeSource",
    fields: &[
        Field::optional("defaultMode", Type::Integer),
        Field::optional("items", Type::List(&Type::Message(&CORE_V1_KEYTOPATH))),
        Field::optional("name", Type::String),
        Field::optional("optional", Type::Bool),
    ],
};

static CORE_V1_CONTAINER: Message = Message {
    name: "core/v1.Container",
    fields: &[
        Field::optional("args", Type::List(&Type::String)),
        Field::optional("command", Type::List(&Type::String)),
        Field::optional("env", Type::List(&Type::Message(&CORE_V1_ENVVAR))),
        Field::optional("envFrom", Type::List(&Type::Message(&CORE_V1_ENVFROMSOURCE))),
        Field::optional("image", Type::String),
        Field::optional("imagePullPolicy", Type::String),
        Field::optional("lifecycle", Type::Message(&CORE_V1_LIFECYCLE)),
        Field::optional("livenessProbe", Type::Message(&CORE_V1_PROBE)),
        Field::required("name", Type::String),
        Field::optional("ports", Type::List(&Type::Message(&CORE_V1_CONTAINERPORT))),
        Field::optional("readinessProbe", Type::Message(&CORE_V1_PROBE)),
        Field::optional("resizePolicy", Type::List(&Type::Message(&CORE_V1_CONTAINERRESIZEPOLICY))),
        Field::optional("resources", Type::Message(&CORE_V1_RESOURCEREQUIREMENTS)),
        Field::optional("restartPolicy", Type::String),
        Field::optional("restartPolicyRules", Type::List(&Type::Message(&CORE_V1_CONTAINERRESTARTRULE))),
        Field::optional("securityContext", Type::Message(&CORE_V1_SECURITYCONTEXT)),
        Field::optional("startupProbe", Type::Message(&CORE_V1_PROBE)),
        Field::optional("stdin", Type::Bool),
        Field::optional("stdinOnce", Type::Bool),
        Field::optional("terminationMessagePath", Type::String),
        Field::optional("terminationMessagePolicy", Type::String),
        Field::optional("tty", Type::Bool),
        Field::optional("volumeDevices", Type::List(&Type::Message(&CORE_V1_VOLUMEDEVICE))),
        Field::optional("volumeMounts", Type::List(&Type::Message(&CORE_V1_VOLUMEMOUNT))),
        Field::optional("workingDir", Type::String),
    ],
};

static CORE_V1_CONTAINERPORT: Message = Message {
    name: "core/v1.ContainerPort",
    fields: &[
        Field::required("containerPort", Type::Integer),
        Field::optional("hostIP", Type::String),
        Field::optional("hostPort", Type::Integer),
        Field::optional("name", Type::String),
        Field::optional("protocol", Type::String),
    ],
};

static CORE_V1_CONTAINERRESIZEPOLICY: Message = Message {
    name: "core/v1.ContainerResizePolicy",
    fields: &[
        Field::required("resourceName", Type::String),
        Field::required("restartPolicy", Type::String),
    ],
};

static CORE_V1_CONTAINERRESTARTRULE: Message = Message {
    name: "core/v1.ContainerRestartRule",
    fields: &[
        Field::required("action", Type::String),
        Field::optional("exitCodes", Type::Message(&CORE_V1_CONTAINERRESTARTRULEONEXITCODES)),
    ],
};

static CORE_V1_CONTAINERRESTARTRULEONEXITCODES: Message = Message {
    name: "core/v1.ContainerRestartRuleOnExitCodes",
    fields: &[
        Field::required("operator", Type::String),
        Field::optional("values", Type::List(&Type::Integer)),
    ],
};

static CORE_V1_DOWNWARDAPIPROJECTION: Message = Message {
    name: "core/v1.DownwardAPIProjection",
    fields: &[
        Field::optional("items", Type::List(&Type::Message(&CORE_V1_DOWNWARDAPIVOLUMEFILE))),
    ],
};

static CORE_V1_DOWNWARDAPIVOLUMEFILE: Message = Message {
    name: "core/v1.DownwardAPIVolumeFile",
    fields: &[
        Field::optional("fieldRef", Type::Message(&CORE_V1_OBJECTFIELDSELECTOR)),
        Field::optional("mode", Type::Integer),
        Field::required("path", Type::String),
        Field::optional("resourceFieldRef", Type::Message(&CORE_V1_RESOURCEFIELDSELECTOR)),
    ],
};

static CORE_V1_DOWNWARDAPIVOLUMESOURCE: Message = Message {
    name: "core/v1.DownwardAPIVolumeSource",
    fields: &[
        Field::optional("defaultMode", Type::Integer),
        Field::optional("items", Type::List(&Type::Message(&CORE_V1_DOWNWARDAPIVOLUMEFILE))),
    ],
};

static CORE_V1_EMPTYDIRVOLUMESOURCE: Message = Message {
    name: "core/v1.EmptyDirVolumeSource",
    fields: &[
        Field::optional("medium", Type::String),
        Field::optional("sizeLimit", Type::Quantity),
    ],
};

static CORE_V1_ENDPOINTADDRESS: Message = Message {
    name: "core/v1.EndpointAddress",
    fields: &[
        Field::optional("hostname", Type::String),
        Field::required("ip", Type::String),
        Field::optional("nodeName", Type::String),
        Field::optional("targetRef", Type::Message(&CORE_V1_OBJECTREFERENCE)),
    ],
};

static CORE_V1_ENDPOINTPORT: Message = Message {
    name: "core/v1.EndpointPort",
    fields: &[
        Field::optional("appProtocol", Type::String),
        Field::optional("name", Type::String),
        Field::required("port", Type::Integer),
        Field::optional("protocol", Type::String),
    ],
};

static CORE_V1_ENDPOINTSUBSET: Message = Message {
    name: "core/v1.EndpointSubset",
    fields: &[
        Field::optional("addresses", Type::List(&Type::Message(&CORE_V1_ENDPOINTADDRESS))),
        Field::optional("notReadyAddresses", Type::List(&Type::Message(&CORE_V1_ENDPOINTADDRESS))),
        Field::optional("ports", Type::List(&Type::Message(&CORE_V1_ENDPOINTPORT))),
    ],
};

static CORE_V1_ENDPOINTS: Message = Message {
    name: "core/v1.Endpoints",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("subsets", Type::List(&Type::Message(&CORE_V1_ENDPOINTSUBSET))),
    ],
};

static CORE_V1_ENVFROMSOURCE: Message = Message {
    name: "core/v1.EnvFromSource",
    fields: &[
        Field::optional("configMapRef", Type::Message(&CORE_V1_CONFIGMAPENVSOURCE)),
        Field::optional("prefix", Type::String),
        Field::optional("secretRef", Type::Message(&CORE_V1_SECRETENVSOURCE)),
    ],
};

static CORE_V1_ENVVAR: Message = Message {
    name: "core/v1.EnvVar",
    fields: &[
        Field::required("name", Type::String),
        Field::optional("value", Type::String),
        Field::optional("valueFrom", Type::Message(&CORE_V1_ENVVARSOURCE)),
    ],
};

static CORE_V1_ENVVARSOURCE: Message = Message {
    name: "core/v1.EnvVarSource",
    fields: &[
        Field::optional("configMapKeyRef", Type::Message(&CORE_V1_CONFIGMAPKEYSELECTOR)),
        Field::optional("fieldRef", Type::Message(&CORE_V1_OBJECTFIELDSELECTOR)),
        Field::optional("fileKeyRef", Type::Message(&CORE_V1_FILEKEYSELECTOR)),
        Field::optional("resourceFieldRef", Type::Message(&CORE_V1_RESOURCEFIELDSELECTOR)),
        Field::optional("secretKeyRef", Type::Message(&CORE_V1_SECRETKEYSELECTOR)),
    ],
};

static CORE_V1_EPHEMERALCONTAINER: Message = Message {
    name: "core/v1.EphemeralContainer",
    fields: &[
        Field::optional("args", Type::List(&Type::String)),
        Field::optional("command", Type::List(&Type::String)),
        Field::optional("env", Type::List(&Type::Message(&CORE_V1_ENVVAR))),
        Field::optional("envFrom", Type::List(&Type::Message(&CORE_V1_ENVFROMSOURCE))),
        Field::optional("image", Type::String),
        Field::optional("imagePullPolicy", Type::String),
        Field::optional("lifecycle", Type::Message(&CORE_V1_LIFECYCLE)),
        Field::optional("livenessProbe", Type::Message(&CORE_V1_PROBE)),
        Field::required("name", Type::String),
        Field::optional("ports", Type::List(&Type::Message(&CORE_V1_CONTAINERPORT))),
        Field::optional("readinessProbe", Type::Message(&CORE_V1_PROBE)),
        Field::optional("resizePolicy", Type::List(&Type::Message(&CORE_V1_CONTAINERRESIZEPOLICY))),
        Field::optional("resources", Type::Message(&CORE_V1_RESOURCEREQUIREMENTS)),
        Field::optional("restartPolicy", Type::String),
        Field::optional("restartPolicyRules", Type::List(&Type::Message(&CORE_V1_CONTAINERRESTARTRULE))),
        Field::optional("securityContext", Type::Message(&CORE_V1_SECURITYCONTEXT)),
        Field::optional("startupProbe", Type::Message(&CORE_V1_PROBE)),
        Field::optional("stdin", Type::Bool),
        Field::optional("stdinOnce", Type::Bool),
        Field::optional("targetContainerName", Type::String),
        Field::optional("terminationMessagePath", Type::String),
        Field::optional("terminationMessagePolicy", Type::String),
        Field::optional("tty", Type::Bool),
        Field::optional("volumeDevices", Type::List(&Type::Message(&CORE_V1_VOLUMEDEVICE))),
        Field::optional("volumeMounts", Type::List(&Type::Message(&CORE_V1_VOLUMEMOUNT))),
        Field::optional("workingDir", Type::String),
    ],
};

static CORE_V1_EPHEMERALVOLUMESOURCE: Message = Message {
    name: "core/v1.EphemeralVolumeSource",
    fields: &[
        Field::optional("volumeClaimTemplate", Type::Message(&CORE_V1_PERSISTENTVOLUMECLAIMTEMPLATE)),
    ],
};

static CORE_V1_EXECACTION: Message = Message {
    name: "core/v1.ExecAction",
    fields: &[
        Field::optional("command", Type::List(&Type::String)),
    ],
};

static CORE_V1_FCVOLUMESOURCE: Message = Message {
    name: "core/v1.FCVolumeSource",
    fields: &[
        Field::optional("fsType", Type::String),
        Field::optional("lun", Type::Integer),
        Field::optional("readOnly", Type::Bool),
        Field::optional("targetWWNs", Type::List(&Type::String)),
        Field::optional("wwids", Type::List(&Type::String)),
    ],
};

static CORE_V1_FILEKEYSELECTOR: Message = Message {
    name: "core/v1.FileKeySelector",
    fields: &[
        Field::required("key", Type::String),
        Field::optional("optional", Type::Bool),
        Field::required("path", Type::String),
        Field::required("volumeName", Type::String),
    ],
};

static CORE_V1_FLEXVOLUMESOURCE: Message = Message {
    name: "core/v1.FlexVolumeSource",
    fields: &[
        Field::required("driver", Type::String),
        Field::optional("fsType", Type::String),
        Field::optional("options", Type::Map(&Type::String)),
        Field::optional("readOnly", Type::Bool),
        Field::optional("secretRef", Type::Message(&CORE_V1_LOCALOBJECTREFERENCE)),
    ],
};

static CORE_V1_FLOCKERVOLUMESOURCE: Message = Message {
    name: "core/v1.FlockerVolumeSource",
    fields: &[
        Field::optional("datasetName", Type::String),
        Field::optional("datasetUUID", Type::String),
    ],
};

static CORE_V1_GCEPERSISTENTDISKVOLUMESOURCE: Message = Message {
    name: "core/v1.GCEPersistentDiskVolumeSource",
    fields: &[
        Field::optional("fsType", Type::String),
        Field::optional("partition", Type::Integer),
        Field::required("pdName", Type::String),
        Field::optional("readOnly", Type::Bool),
    ],
};

static CORE_V1_GRPCACTION: Message = Message {
    name: "core/v1.GRPCAction",
    fields: &[
        Field::required("port", Type::Integer),
        Field::optional("service", Type::String),
    ],
};

static CORE_V1_GITREPOVOLUMESOURCE: Message = Message {
    name: "core/v1.GitRepoVolumeSource",
    fields: &[
        Field::optional("directory", Type::String),
        Field::required("repository", Type::String),
        Field::optional("revision", Type::String),
    ],
};

static CORE_V1_GLUSTERFSVOLUMESOURCE: Message = Message {
    name: "core/v1.GlusterfsVolumeSource",
    fields: &[
        Field::required("endpoints", Type::String),
        Field::required("path", Type::String),
        Field::optional("readOnly", Type::Bool),
    ],
};

static CORE_V1_HTTPGETACTION: Message = Message {
    name: "core/v1.HTTPGetAction",
    fields: &[
        Field::optional("host", Type::String),
        Field::optional("httpHeaders", Type::List(&Type::Message(&CORE_V1_HTTPHEADER))),
        Field::optional("path", Type::String),
        Field::required("port", Type::IntOrString),
        Field::optional("scheme", Type::String),
    ],
};

static CORE_V1_HTTPHEADER: Message = Message {
    name: "core/v1.HTTPHeader",
    fields: &[
        Field::required("name", Type::String),
        Field::required("value", Type::String),
    ],
};

static CORE_V1_HOSTALIAS: Message = Message {
    name: "core/v1.HostAlias",
    fields: &[
        Field::optional("hostnames", Type::List(&Type::String)),
        Field::required("ip", Type::String),
    ],
};

static CORE_V1_HOSTPATHVOLUMESOURCE: Message = Message {
    name: "core/v1.HostPathVolumeSource",
    fields: &[
        Field::required("path", Type::String),
        Field::optional("type", Type::String),
    ],
};

static CORE_V1_ISCSIVOLUMESOURCE: Message = Message {
    name: "core/v1.ISCSIVolumeSource",
    fields: &[
        Field::optional("chapAuthDiscovery", Type::Bool),
        Field::optional("chapAuthSession", Type::Bool),
        Field::optional("fsType", Type::String),
        Field::optional("initiatorName", Type::String),
        Field::required("iqn", Type::String),
        Field::optional("iscsiInterface", Type::String),
        Field::required("lun", Type::Integer),
        Field::optional("portals", Type::List(&Type::String)),
        Field::optional("readOnly", Type::Bool),
        Field::optional("secretRef", Type::Message(&CORE_V1_LOCALOBJECTREFERENCE)),
        Field::required("targetPortal", Type::String),
    ],
};

static CORE_V1_IMAGEVOLUMESOURCE: Message = Message {
    name: "core/v1.ImageVolumeSource",
    fields: &[
        Field::optional("pullPolicy", Type::String),
        Field::optional("reference", Type::String),
    ],
};

static CORE_V1_KEYTOPATH: Message = Message {
    name: "core/v1.KeyToPath",
    fields: &[
        Field::required("key", Type::String),
        Field::optional("mode", Type::Integer),
        Field::required("path", Type::String),
    ],
};

static CORE_V1_LIFECYCLE: Message = Message {
    name: "core/v1.Lifecycle",
    fields: &[
        Field::optional("postStart", Type::Message(&CORE_V1_LIFECYCLEHANDLER)),
        Field::optional("preStop", Type::Message(&CORE_V1_LIFECYCLEHANDLER)),
        Field::optional("stopSignal", Type::String),
    ],
};

static CORE_V1_LIFECYCLEHANDLER: Message = Message {
    name: "core/v1.LifecycleHandler",
    fields: &[
        Field::optional("exec", Type::Message(&CORE_V1_EXECACTION)),
        Field::optional("httpGet", Type::Message(&CORE_V1_HTTPGETACTION)),
        Field::optional("sleep", Type::Message(&CORE_V1_SLEEPACTION)),
        Field::optional("tcpSocket", Type::Message(&CORE_V1_TCPSOCKETACTION)),
    ],
};

static CORE_V1_LOCALOBJECTREFERENCE: Message = Message {
    name: "core/v1.LocalObjectReference",
    fields: &[
        Field::optional("name", Type::String),
    ],
};

static CORE_V1_MODIFYVOLUMESTATUS: Message = Message {
    name: "core/v1.ModifyVolumeStatus",
    fields: &[
        Field::required("status", Type::String),
        Field::optional("targetVolumeAttributesClassName", Type::String),
    ],
};

static CORE_V1_NFSVOLUMESOURCE: Message = Message {
    name: "core/v1.NFSVolumeSource",
    fields: &[
        Field::required("path", Type::String),
        Field::optional("readOnly", Type::Bool),
        Field::required("server", Type::String),
    ],
};

static CORE_V1_NAMESPACE: Message = Message {
    name: "core/v1.Namespace",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&CORE_V1_NAMESPACESPEC)),
        Field::optional("status", Type::Any),
    ],
};

static CORE_V1_NAMESPACESPEC: Message = Message {
    name: "core/v1.NamespaceSpec",
    fields: &[
        Field::optional("finalizers", Type::List(&Type::String)),
    ],
};

static CORE_V1_NODE: Message = Message {
    name: "core/v1.Node",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&CORE_V1_NODESPEC)),
        Field::optional("status", Type::Any),
    ],
};

static CORE_V1_NODEAFFINITY: Message = Message {
    name: "core/v1.NodeAffinity",
    fields: &[
        Field::optional("preferredDuringSchedulingIgnoredDuringExecution", Type::List(&Type::Message(&CORE_V1_PREFERREDSCHEDULINGTERM))),
        Field::optional("requiredDuringSchedulingIgnoredDuringExecution", Type::Message(&CORE_V1_NODESELECTOR)),
    ],
};

static CORE_V1_NODECONFIGSOURCE: Message = Message {
    name: "core/v1.NodeConfigSource",
    fields: &[
        Field::optional("configMap", Type::Message(&CORE_V1_CONFIGMAPNODECONFIGSOURCE)),
    ],
};

static CORE_V1_NODESELECTOR: Message = Message {
    name: "core/v1.NodeSelector",
    fields: &[
        Field::required("nodeSelectorTerms", Type::List(&Type::Message(&CORE_V1_NODESELECTORTERM))),
    ],
};

static CORE_V1_NODESELECTORREQUIREMENT: Message = Message {
    name: "core/v1.NodeSelectorRequirement",
    fields: &[
        Field::required("key", Type::String),
        Field::required("operator", Type::String),
        Field::optional("values", Type::List(&Type::String)),
    ],
};

static CORE_V1_NODESELECTORTERM: Message = Message {
    name: "core/v1.NodeSelectorTerm",
    fields: &[
        Field::optional("matchExpressions", Type::List(&Type::Message(&CORE_V1_NODESELECTORREQUIREMENT))),
        Field::optional("matchFields", Type::List(&Type::Message(&CORE_V1_NODESELECTORREQUIREMENT))),
    ],
};

static CORE_V1_NODESPEC: Message = Message {
    name: "core/v1.NodeSpec",
    fields: &[
        Field::optional("configSource", Type::Message(&CORE_V1_NODECONFIGSOURCE)),
        Field::optional("externalID", Type::String),
        Field::optional("podCIDR", Type::String),
        Field::optional("podCIDRs", Type::List(&Type::String)),
        Field::optional("providerID", Type::String),
        Field::optional("taints", Type::List(&Type::Message(&CORE_V1_TAINT))),
        Field::optional("unschedulable", Type::Bool),
    ],
};

static CORE_V1_OBJECTFIELDSELECTOR: Message = Message {
    name: "core/v1.ObjectFieldSelector",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::required("fieldPath", Type::String),
    ],
};

static CORE_V1_OBJECTREFERENCE: Message = Message {
    name: "core/v1.ObjectReference",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("fieldPath", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("name", Type::String),
        Field::optional("namespace", Type::String),
        Field::optional("resourceVersion", Type::String),
        Field::optional("uid", Type::String),
    ],
};

static CORE_V1_PERSISTENTVOLUMECLAIM: Message = Message {
    name: "core/v1.PersistentVolumeClaim",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&CORE_V1_PERSISTENTVOLUMECLAIMSPEC)),
        Field::optional("status", Type::Message(&CORE_V1_PERSISTENTVOLUMECLAIMSTATUS)),
    ],
};

static CORE_V1_PERSISTENTVOLUMECLAIMCONDITION: Message = Message {
    name: "core/v1.PersistentVolumeClaimCondition",
    fields: &[
        Field::optional("lastProbeTime", Type::String),
        Field::optional("lastTransitionTime", Type::String),
        Field::optional("message", Type::String),
        Field::optional("reason", Type::String),
        Field::required("status", Type::String),
        Field::required("type", Type::String),
    ],
};

static CORE_V1_PERSISTENTVOLUMECLAIMSPEC: Message = Message {
    name: "core/v1.PersistentVolumeClaimSpec",
    fields: &[
        Field::optional("accessModes", Type::List(&Type::String)),
        Field::optional("dataSource", Type::Message(&CORE_V1_TYPEDLOCALOBJECTREFERENCE)),
        Field::optional("dataSourceRef", Type::Message(&CORE_V1_TYPEDOBJECTREFERENCE)),
        Field::optional("resources", Type::Message(&CORE_V1_VOLUMERESOURCEREQUIREMENTS)),
        Field::optional("selector", Type::Message(&META_V1_LABELSELECTOR)),
        Field::optional("storageClassName", Type::String),
        Field::optional("volumeAttributesClassName", Type::String),
        Field::optional("volumeMode", Type::String),
        Field::optional("volumeName", Type::String),
    ],
};

static CORE_V1_PERSISTENTVOLUMECLAIMSTATUS: Message = Message {
    name: "core/v1.PersistentVolumeClaimStatus",
    fields: &[
        Field::optional("accessModes", Type::List(&Type::String)),
        Field::optional("allocatedResourceStatuses", Type::Map(&Type::String)),
        Field::optional("allocatedResources", Type::Map(&Type::Quantity)),
        Field::optional("capacity", Type::Map(&Type::Quantity)),
        Field::optional("conditions", Type::List(&Type::Message(&CORE_V1_PERSISTENTVOLUMECLAIMCONDITION))),
        Field::optional("currentVolumeAttributesClassName", Type::String),
        Field::optional("modifyVolumeStatus", Type::Message(&CORE_V1_MODIFYVOLUMESTATUS)),
        Field::optional("phase", Type::String),
    ],
};

static CORE_V1_PERSISTENTVOLUMECLAIMTEMPLATE: Message = Message {
    name: "core/v1.PersistentVolumeClaimTemplate",
    fields: &[
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::required("spec", Type::Message(&CORE_V1_PERSISTENTVOLUMECLAIMSPEC)),
    ],
};

static CORE_V1_PERSISTENTVOLUMECLAIMVOLUMESOURCE: Message = Message {
    name: "core/v1.PersistentVolumeClaimVolumeSource",
    fields: &[
        Field::required("claimName", Type::String),
        Field::optional("readOnly", Type::Bool),
    ],
};

static CORE_V1_PHOTONPERSISTENTDISKVOLUMESOURCE: Message = Message {
    name: "core/v1.PhotonPersistentDiskVolumeSource",
    fields: &[
        Field::optional("fsType", Type::String),
        Field::required("pdID", Type::String),
    ],
};

static CORE_V1_POD: Message = Message {
    name: "core/v1.Pod",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&CORE_V1_PODSPEC)),
        Field::optional("status", Type::Any),
    ],
};

static CORE_V1_PODAFFINITY: Message = Message {
    name: "core/v1.PodAffinity",
    fields: &[
        Field::optional("preferredDuringSchedulingIgnoredDuringExecution", Type::List(&Type::Message(&CORE_V1_WEIGHTEDPODAFFINITYTERM))),
        Field::optional("requiredDuringSchedulingIgnoredDuringExecution", Type::List(&Type::Message(&CORE_V1_PODAFFINITYTERM))),
    ],
};

static CORE_V1_PODAFFINITYTERM: Message = Message {
    name: "core/v1.PodAffinityTerm",
    fields: &[
        Field::optional("labelSelector", Type::Message(&META_V1_LABELSELECTOR)),
        Field::optional("matchLabelKeys", Type::List(&Type::String)),
        Field::optional("mismatchLabelKeys", Type::List(&Type::String)),
        Field::optional("namespaceSelector", Type::Message(&META_V1_LABELSELECTOR)),
        Field::optional("namespaces", Type::List(&Type::String)),
        Field::required("topologyKey", Type::String),
    ],
};

static CORE_V1_PODANTIAFFINITY: Message = Message {
    name: "core/v1.PodAntiAffinity",
    fields: &[
        Field::optional("preferredDuringSchedulingIgnoredDuringExecution", Type::List(&Type::Message(&CORE_V1_WEIGHTEDPODAFFINITYTERM))),
        Field::optional("requiredDuringSchedulingIgnoredDuringExecution", Type::List(&Type::Message(&CORE_V1_PODAFFINITYTERM))),
    ],
};

static CORE_V1_PODCERTIFICATEPROJECTION: Message = Message {
    name: "core/v1.PodCertificateProjection",
    fields: &[
        Field::optional("certificateChainPath", Type::String),
        Field::optional("credentialBundlePath", Type::String),
        Field::optional("keyPath", Type::String),
        Field::required("keyType", Type::String),
        Field::optional("maxExpirationSeconds", Type::Integer),
        Field::required("signerName", Type::String),
        Field::optional("userAnnotations", Type::Map(&Type::String)),
    ],
};

static CORE_V1_PODDNSCONFIG: Message = Message {
    name: "core/v1.PodDNSConfig",
    fields: &[
        Field::optional("nameservers", Type::List(&Type::String)),
        Field::optional("options", Type::List(&Type::Message(&CORE_V1_PODDNSCONFIGOPTION))),
        Field::optional("searches", Type::List(&Type::String)),
    ],
};

static CORE_V1_PODDNSCONFIGOPTION: Message = Message {
    name: "core/v1.PodDNSConfigOption",
    fields: &[
        Field::optional("name", Type::String),
        Field::optional("value", Type::String),
    ],
};

static CORE_V1_PODOS: Message = Message {
    name: "core/v1.PodOS",
    fields: &[
        Field::required("name", Type::String),
    ],
};

static CORE_V1_PODREADINESSGATE: Message = Message {
    name: "core/v1.PodReadinessGate",
    fields: &[
        Field::required("conditionType", Type::String),
    ],
};

static CORE_V1_PODRESOURCECLAIM: Message = Message {
    name: "core/v1.PodResourceClaim",
    fields: &[
        Field::required("name", Type::String),
        Field::optional("resourceClaimName", Type::String),
        Field::optional("resourceClaimTemplateName", Type::String),
    ],
};

static CORE_V1_PODSCHEDULINGGATE: Message = Message {
    name: "core/v1.PodSchedulingGate",
    fields: &[
        Field::required("name", Type::String),
    ],
};

static CORE_V1_PODSECURITYCONTEXT: Message = Message {
    name: "core/v1.PodSecurityContext",
    fields: &[
        Field::optional("appArmorProfile", Type::Message(&CORE_V1_APPARMORPROFILE)),
        Field::optional("fsGroup", Type::Integer),
        Field::optional("fsGroupChangePolicy", Type::String),
        Field::optional("runAsGroup", Type::Integer),
        Field::optional("runAsNonRoot", Type::Bool),
        Field::optional("runAsUser", Type::Integer),
        Field::optional("seLinuxChangePolicy", Type::String),
        Field::optional("seLinuxOptions", Type::Message(&CORE_V1_SELINUXOPTIONS)),
        Field::optional("seccompProfile", Type::Message(&CORE_V1_SECCOMPPROFILE)),
        Field::optional("supplementalGroups", Type::List(&Type::Integer)),
        Field::optional("supplementalGroupsPolicy", Type::String),
        Field::optional("sysctls", Type::List(&Type::Message(&CORE_V1_SYSCTL))),
        Field::optional("windowsOptions", Type::Message(&CORE_V1_WINDOWSSECURITYCONTEXTOPTIONS)),
    ],
};

static CORE_V1_PODSPEC: Message = Message {
    name: "core/v1.PodSpec",
    fields: &[
        Field::optional("activeDeadlineSeconds", Type::Integer),
        Field::optional("affinity", Type::Message(&CORE_V1_AFFINITY)),
        Field::optional("automountServiceAccountToken", Type::Bool),
        Field::required("containers", Type::List(&Type::Message(&CORE_V1_CONTAINER))),
        Field::optional("dnsConfig", Type::Message(&CORE_V1_PODDNSCONFIG)),
        Field::optional("dnsPolicy", Type::String),
        Field::optional("enableServiceLinks", Type::Bool),
        Field::optional("ephemeralContainers", Type::List(&Type::Message(&CORE_V1_EPHEMERALCONTAINER))),
        Field::optional("hostAliases", Type::List(&Type::Message(&CORE_V1_HOSTALIAS))),
        Field::optional("hostIPC", Type::Bool),
        Field::optional("hostNetwork", Type::Bool),
        Field::optional("hostPID", Type::Bool),
        Field::optional("hostUsers", Type::Bool),
        Field::optional("hostname", Type::String),
        Field::optional("hostnameOverride", Type::String),
        Field::optional("imagePullSecrets", Type::List(&Type::Message(&CORE_V1_LOCALOBJECTREFERENCE))),
        Field::optional("initContainers", Type::List(&Type::Message(&CORE_V1_CONTAINER))),
        Field::optional("nodeName", Type::String),
        Field::optional("nodeSelector", Type::Map(&Type::String)),
        Field::optional("os", Type::Message(&CORE_V1_PODOS)),
        Field::optional("overhead", Type::Map(&Type::Quantity)),
        Field::optional("preemptionPolicy", Type::String),
        Field::optional("priority", Type::Integer),
        Field::optional("priorityClassName", Type::String),
        Field::optional("readinessGates", Type::List(&Type::Message(&CORE_V1_PODREADINESSGATE))),
        Field::optional("resourceClaims", Type::List(&Type::Message(&CORE_V1_PODRESOURCECLAIM))),
        Field::optional("resources", Type::Message(&CORE_V1_RESOURCEREQUIREMENTS)),
        Field::optional("restartPolicy", Type::String),
        Field::optional("runtimeClassName", Type::String),
        Field::optional("schedulerName", Type::String),
        Field::optional("schedulingGates", Type::List(&Type::Message(&CORE_V1_PODSCHEDULINGGATE))),
        Field::optional("securityContext", Type::Message(&CORE_V1_PODSECURITYCONTEXT)),
        Field::optional("serviceAccount", Type::String),
        Field::optional("serviceAccountName", Type::String),
        Field::optional("setHostnameAsFQDN", Type::Bool),
        Field::optional("shareProcessNamespace", Type::Bool),
        Field::optional("subdomain", Type::String),
        Field::optional("terminationGracePeriodSeconds", Type::Integer),
        Field::optional("tolerations", Type::List(&Type::Message(&CORE_V1_TOLERATION))),
        Field::optional("topologySpreadConstraints", Type::List(&Type::Message(&CORE_V1_TOPOLOGYSPREADCONSTRAINT))),
        Field::optional("volumes", Type::List(&Type::Message(&CORE_V1_VOLUME))),
        Field::optional("workloadRef", Type::Message(&CORE_V1_WORKLOADREFERENCE)),
    ],
};

static CORE_V1_PODTEMPLATESPEC: Message = Message {
    name: "core/v1.PodTemplateSpec",
    fields: &[
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&CORE_V1_PODSPEC)),
    ],
};

static CORE_V1_PORTWORXVOLUMESOURCE: Message = Message {
    name: "core/v1.PortworxVolumeSource",
    fields: &[
        Field::optional("fsType", Type::String),
        Field::optional("readOnly", Type::Bool),
        Field::required("volumeID", Type::String),
    ],
};

static CORE_V1_PREFERREDSCHEDULINGTERM: Message = Message {
    name: "core/v1.PreferredSchedulingTerm",
    fields: &[
        Field::required("preference", Type::Message(&CORE_V1_NODESELECTORTERM)),
        Field::required("weight", Type::Integer),
    ],
};

static CORE_V1_PROBE: Message = Message {
    name: "core/v1.Probe",
    fields: &[
        Field::optional("exec", Type::Message(&CORE_V1_EXECACTION)),
        Field::optional("failureThreshold", Type::Integer),
        Field::optional("grpc", Type::Message(&CORE_V1_GRPCACTION)),
        Field::optional("httpGet", Type::Message(&CORE_V1_HTTPGETACTION)),
        Field::optional("initialDelaySeconds", Type::Integer),
        Field::optional("periodSeconds", Type::Integer),
        Field::optional("successThreshold", Type::Integer),
        Field::optional("tcpSocket", Type::Message(&CORE_V1_TCPSOCKETACTION)),
        Field::optional("terminationGracePeriodSeconds", Type::Integer),
        Field::optional("timeoutSeconds", Type::Integer),
    ],
};

static CORE_V1_PROJECTEDVOLUMESOURCE: Message = Message {
    name: "core/v1.ProjectedVolumeSource",
    fields: &[
        Field::optional("defaultMode", Type::Integer),
        Field::optional("sources", Type::List(&Type::Message(&CORE_V1_VOLUMEPROJECTION))),
    ],
};

static CORE_V1_QUOBYTEVOLUMESOURCE: Message = Message {
    name: "core/v1.QuobyteVolumeSource",
    fields: &[
        Field::optional("group", Type::String),
        Field::optional("readOnly", Type::Bool),
        Field::required("registry", Type::String),
        Field::optional("tenant", Type::String),
        Field::optional("user", Type::String),
        Field::required("volume", Type::String),
    ],
};

static CORE_V1_RBDVOLUMESOURCE: Message = Message {
    name: "core/v1.RBDVolumeSource",
    fields: &[
        Field::optional("fsType", Type::String),
        Field::required("image", Type::String),
        Field::optional("keyring", Type::String),
        Field::required("monitors", Type::List(&Type::String)),
        Field::optional("pool", Type::String),
        Field::optional("readOnly", Type::Bool),
        Field::optional("secretRef", Type::Message(&CORE_V1_LOCALOBJECTREFERENCE)),
        Field::optional("user", Type::String),
    ],
};

static CORE_V1_REPLICATIONCONTROLLER: Message = Message {
    name: "core/v1.ReplicationController",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&CORE_V1_REPLICATIONCONTROLLERSPEC)),
        Field::optional("status", Type::Any),
    ],
};

static CORE_V1_REPLICATIONCONTROLLERSPEC: Message = Message {
    name: "core/v1.ReplicationControllerSpec",
    fields: &[
        Field::optional("minReadySeconds", Type::Integer),
        Field::optional("replicas", Type::Integer),
        Field::optional("selector", Type::Map(&Type::String)),
        Field::optional("template", Type::Message(&CORE_V1_PODTEMPLATESPEC)),
    ],
};

static CORE_V1_RESOURCECLAIM: Message = Message {
    name: "core/v1.ResourceClaim",
    fields: &[
        Field::required("name", Type::String),
        Field::optional("request", Type::String),
    ],
};

static CORE_V1_RESOURCEFIELDSELECTOR: Message = Message {
    name: "core/v1.ResourceFieldSelector",
    fields: &[
        Field::optional("containerName", Type::String),
        Field::optional("divisor", Type::Quantity),
        Field::required("resource", Type::String),
    ],
};

static CORE_V1_RESOURCEREQUIREMENTS: Message = Message {
    name: "core/v1.ResourceRequirements",
    fields: &[
        Field::optional("claims", Type::List(&Type::Message(&CORE_V1_RESOURCECLAIM))),
        Field::optional("limits", Type::Map(&Type::Quantity)),
        Field::optional("requests", Type::Map(&Type::Quantity)),
    ],
};

static CORE_V1_SELINUXOPTIONS: Message = Message {
    name: "core/v1.SELinuxOptions",
    fields: &[
        Field::optional("level", Type::String),
        Field::optional("role", Type::String),
        Field::optional("type", Type::String),
        Field::optional("user", Type::String),
    ],
};

static CORE_V1_SCALEIOVOLUMESOURCE: Message = Message {
    name: "core/v1.ScaleIOVolumeSource",
    fields: &[
        Field::optional("fsType", Type::String),
        Field::required("gateway", Type::String),
        Field::optional("protectionDomain", Type::String),
        Field::optional("readOnly", Type::Bool),
        Field::required("secretRef", Type::Message(&CORE_V1_LOCALOBJECTREFERENCE)),
        Field::optional("sslEnabled", Type::Bool),
        Field::optional("storageMode", Type::String),
        Field::optional("storagePool", Type::String),
        Field::required("system", Type::String),
        Field::optional("volumeName", Type::String),
    ],
};

static CORE_V1_SECCOMPPROFILE: Message = Message {
    name: "core/v1.SeccompProfile",
    fields: &[
        Field::optional("localhostProfile", Type::String),
        Field::required("type", Type::String),
    ],
};

static CORE_V1_SECRET: Message = Message {
    name: "core/v1.Secret",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("data", Type::Map(&Type::String)),
        Field::optional("immutable", Type::Bool),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("stringData", Type::Map(&Type::String)),
        Field::optional("type", Type::String),
    ],
};

static CORE_V1_SECRETENVSOURCE: Message = Message {
    name: "core/v1.SecretEnvSource",
    fields: &[
        Field::optional("name", Type::String),
        Field::optional("optional", Type::Bool),
    ],
};

static CORE_V1_SECRETKEYSELECTOR: Message = Message {
    name: "core/v1.SecretKeySelector",
    fields: &[
        Field::required("key", Type::String),
        Field::optional("name", Type::String),
        Field::optional("optional", Type::Bool),
    ],
};

static CORE_V1_SECRETPROJECTION: Message = Message {
    name: "core/v1.SecretProjection",
    fields: &[
        Field::optional("items", Type::List(&Type::Message(&CORE_V1_KEYTOPATH))),
        Field::optional("name", Type::String),
        Field::optional("optional", Type::Bool),
    ],
};

static CORE_V1_SECRETVOLUMESOURCE: Message = Message {
    name: "core/v1.SecretVolumeSource",
    fields: &[
        Field::optional("defaultMode", Type::Integer),
        Field::optional("items", Type::List(&Type::Message(&CORE_V1_KEYTOPATH))),
        Field::optional("optional", Type::Bool),
        Field::optional("secretName", Type::String),
    ],
};

static CORE_V1_SECURITYCONTEXT: Message = Message {
    name: "core/v1.SecurityContext",
    fields: &[
        Field::optional("allowPrivilegeEscalation", Type::Bool),
        Field::optional("appArmorProfile", Type::Message(&CORE_V1_APPARMORPROFILE)),
        Field::optional("capabilities", Type::Message(&CORE_V1_CAPABILITIES)),
        Field::optional("privileged", Type::Bool),
        Field::optional("procMount", Type::String),
        Field::optional("readOnlyRootFilesystem", Type::Bool),
        Field::optional("runAsGroup", Type::Integer),
        Field::optional("runAsNonRoot", Type::Bool),
        Field::optional("runAsUser", Type::Integer),
        Field::optional("seLinuxOptions", Type::Message(&CORE_V1_SELINUXOPTIONS)),
        Field::optional("seccompProfile", Type::Message(&CORE_V1_SECCOMPPROFILE)),
        Field::optional("windowsOptions", Type::Message(&CORE_V1_WINDOWSSECURITYCONTEXTOPTIONS)),
    ],
};

static CORE_V1_SERVICE: Message = Message {
    name: "core/v1.Service",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&CORE_V1_SERVICESPEC)),
        Field::optional("status", Type::Any),
    ],
};

static CORE_V1_SERVICEACCOUNT: Message = Message {
    name: "core/v1.ServiceAccount",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("automountServiceAccountToken", Type::Bool),
        Field::optional("imagePullSecrets", Type::List(&Type::Message(&CORE_V1_LOCALOBJECTREFERENCE))),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("secrets", Type::List(&Type::Message(&CORE_V1_OBJECTREFERENCE))),
    ],
};

static CORE_V1_SERVICEACCOUNTTOKENPROJECTION: Message = Message {
    name: "core/v1.ServiceAccountTokenProjection",
    fields: &[
        Field::optional("audience", Type::String),
        Field::optional("expirationSeconds", Type::Integer),
        Field::required("path", Type::String),
    ],
};

static CORE_V1_SERVICEPORT: Message = Message {
    name: "core/v1.ServicePort",
    fields: &[
        Field::optional("appProtocol", Type::String),
        Field::optional("name", Type::String),
        Field::optional("nodePort", Type::Integer),
        Field::required("port", Type::Integer),
        Field::optional("protocol", Type::String),
        Field::optional("targetPort", Type::IntOrString),
    ],
};

static CORE_V1_SERVICESPEC: Message = Message {
    name: "core/v1.ServiceSpec",
    fields: &[
        Field::optional("allocateLoadBalancerNodePorts", Type::Bool),
        Field::optional("clusterIP", Type::String),
        Field::optional("clusterIPs", Type::List(&Type::String)),
        Field::optional("externalIPs", Type::List(&Type::String)),
        Field::optional("externalName", Type::String),
        Field::optional("externalTrafficPolicy", Type::String),
        Field::optional("healthCheckNodePort", Type::Integer),
        Field::optional("internalTrafficPolicy", Type::String),
        Field::optional("ipFamilies", Type::List(&Type::String)),
        Field::optional("ipFamilyPolicy", Type::String),
        Field::optional("loadBalancerClass", Type::String),
        Field::optional("loadBalancerIP", Type::String),
        Field::optional("loadBalancerSourceRanges", Type::List(&Type::String)),
        Field::optional("ports", Type::List(&Type::Message(&CORE_V1_SERVICEPORT))),
        Field::optional("publishNotReadyAddresses", Type::Bool),
        Field::optional("selector", Type::Map(&Type::String)),
        Field::optional("sessionAffinity", Type::String),
        Field::optional("sessionAffinityConfig", Type::Message(&CORE_V1_SESSIONAFFINITYCONFIG)),
        Field::optional("trafficDistribution", Type::String),
        Field::optional("type", Type::String),
    ],
};

static CORE_V1_SESSIONAFFINITYCONFIG: Message = Message {
    name: "core/v1.SessionAffinityConfig",
    fields: &[
        Field::optional("clientIP", Type::Message(&CORE_V1_CLIENTIPCONFIG)),
    ],
};

static CORE_V1_SLEEPACTION: Message = Message {
    name: "core/v1.SleepAction",
    fields: &[
        Field::required("seconds", Type::Integer),
    ],
};

static CORE_V1_STORAGEOSVOLUMESOURCE: Message = Message {
    name: "core/v1.StorageOSVolumeSource",
    fields: &[
        Field::optional("fsType", Type::String),
        Field::optional("readOnly", Type::Bool),
        Field::optional("secretRef", Type::Message(&CORE_V1_LOCALOBJECTREFERENCE)),
        Field::optional("volumeName", Type::String),
        Field::optional("volumeNamespace", Type::String),
    ],
};

static CORE_V1_SYSCTL: Message = Message {
    name: "core/v1.Sysctl",
    fields: &[
        Field::required("name", Type::String),
        Field::required("value", Type::String),
    ],
};

static CORE_V1_TCPSOCKETACTION: Message = Message {
    name: "core/v1.TCPSocketAction",
    fields: &[
        Field::optional("host", Type::String),
        Field::required("port", Type::IntOrString),
    ],
};

static CORE_V1_TAINT: Message = Message {
    name: "core/v1.Taint",
    fields: &[
        Field::required("effect", Type::String),
        Field::required("key", Type::String),
        Field::optional("timeAdded", Type::String),
        Field::optional("value", Type::String),
    ],
};

static CORE_V1_TOLERATION: Message = Message {
    name: "core/v1.Toleration",
    fields: &[
        Field::optional("effect", Type::String),
        Field::optional("key", Type::String),
        Field::optional("operator", Type::String),
        Field::optional("tolerationSeconds", Type::Integer),
        Field::optional("value", Type::String),
    ],
};

static CORE_V1_TOPOLOGYSPREADCONSTRAINT: Message = Message {
    name: "core/v1.TopologySpreadConstraint",
    fields: &[
        Field::optional("labelSelector", Type::Message(&META_V1_LABELSELECTOR)),
        Field::optional("matchLabelKeys", Type::List(&Type::String)),
        Field::required("maxSkew", Type::Integer),
        Field::optional("minDomains", Type::Integer),
        Field::optional("nodeAffinityPolicy", Type::String),
        Field::optional("nodeTaintsPolicy", Type::String),
        Field::required("topologyKey", Type::String),
        Field::required("whenUnsatisfiable", Type::String),
    ],
};

static CORE_V1_TYPEDLOCALOBJECTREFERENCE: Message = Message {
    name: "core/v1.TypedLocalObjectReference",
    fields: &[
        Field::optional("apiGroup", Type::String),
        Field::required("kind", Type::String),
        Field::required("name", Type::String),
    ],
};

static CORE_V1_TYPEDOBJECTREFERENCE: Message = Message {
    name: "core/v1.TypedObjectReference",
    fields: &[
        Field::optional("apiGroup", Type::String),
        Field::required("kind", Type::String),
        Field::required("name", Type::String),
        Field::optional("namespace", Type::String),
    ],
};

static CORE_V1_VOLUME: Message = Message {
    name: "core/v1.Volume",
    fields: &[
        Field::optional("awsElasticBlockStore", Type::Message(&CORE_V1_AWSELASTICBLOCKSTOREVOLUMESOURCE)),
        Field::optional("azureDisk", Type::Message(&CORE_V1_AZUREDISKVOLUMESOURCE)),
        Field::optional("azureFile", Type::Message(&CORE_V1_AZUREFILEVOLUMESOURCE)),
        Field::optional("cephfs", Type::Message(&CORE_V1_CEPHFSVOLUMESOURCE)),
        Field::optional("cinder", Type::Message(&CORE_V1_CINDERVOLUMESOURCE)),
        Field::optional("configMap", Type::Message(&CORE_V1_CONFIGMAPVOLUMESOURCE)),
        Field::optional("csi", Type::Message(&CORE_V1_CSIVOLUMESOURCE)),
        Field::optional("downwardAPI", Type::Message(&CORE_V1_DOWNWARDAPIVOLUMESOURCE)),
        Field::optional("emptyDir", Type::Message(&CORE_V1_EMPTYDIRVOLUMESOURCE)),
        Field::optional("ephemeral", Type::Message(&CORE_V1_EPHEMERALVOLUMESOURCE)),
        Field::optional("fc", Type::Message(&CORE_V1_FCVOLUMESOURCE)),
        Field::optional("flexVolume", Type::Message(&CORE_V1_FLEXVOLUMESOURCE)),
        Field::optional("flocker", Type::Message(&CORE_V1_FLOCKERVOLUMESOURCE)),
        Field::optional("gcePersistentDisk", Type::Message(&CORE_V1_GCEPERSISTENTDISKVOLUMESOURCE)),
        Field::optional("gitRepo", Type::Message(&CORE_V1_GITREPOVOLUMESOURCE)),
        Field::optional("glusterfs", Type::Message(&CORE_V1_GLUSTERFSVOLUMESOURCE)),
        Field::optional("hostPath", Type::Message(&CORE_V1_HOSTPATHVOLUMESOURCE)),
        Field::optional("image", Type::Message(&CORE_V1_IMAGEVOLUMESOURCE)),
        Field::optional("iscsi", Type::Message(&CORE_V1_ISCSIVOLUMESOURCE)),
        Field::required("name", Type::String),
        Field::optional("nfs", Type::Message(&CORE_V1_NFSVOLUMESOURCE)),
        Field::optional("persistentVolumeClaim", Type::Message(&CORE_V1_PERSISTENTVOLUMECLAIMVOLUMESOURCE)),
        Field::optional("photonPersistentDisk", Type::Message(&CORE_V1_PHOTONPERSISTENTDISKVOLUMESOURCE)),
        Field::optional("portworxVolume", Type::Message(&CORE_V1_PORTWORXVOLUMESOURCE)),
        Field::optional("projected", Type::Message(&CORE_V1_PROJECTEDVOLUMESOURCE)),
        Field::optional("quobyte", Type::Message(&CORE_V1_QUOBYTEVOLUMESOURCE)),
        Field::optional("rbd", Type::Message(&CORE_V1_RBDVOLUMESOURCE)),
        Field::optional("scaleIO", Type::Message(&CORE_V1_SCALEIOVOLUMESOURCE)),
        Field::optional("secret", Type::Message(&CORE_V1_SECRETVOLUMESOURCE)),
        Field::optional("storageos", Type::Message(&CORE_V1_STORAGEOSVOLUMESOURCE)),
        Field::optional("vsphereVolume", Type::Message(&CORE_V1_VSPHEREVIRTUALDISKVOLUMESOURCE)),
    ],
};

static CORE_V1_VOLUMEDEVICE: Message = Message {
    name: "core/v1.VolumeDevice",
    fields: &[
        Field::required("devicePath", Type::String),
        Field::required("name", Type::String),
    ],
};

static CORE_V1_VOLUMEMOUNT: Message = Message {
    name: "core/v1.VolumeMount",
    fields: &[
        Field::required("mountPath", Type::String),
        Field::optional("mountPropagation", Type::String),
        Field::required("name", Type::String),
        Field::optional("readOnly", Type::Bool),
        Field::optional("recursiveReadOnly", Type::String),
        Field::optional("subPath", Type::String),
        Field::optional("subPathExpr", Type::String),
    ],
};

static CORE_V1_VOLUMEPROJECTION: Message = Message {
    name: "core/v1.VolumeProjection",
    fields: &[
        Field::optional("clusterTrustBundle", Type::Message(&CORE_V1_CLUSTERTRUSTBUNDLEPROJECTION)),
        Field::optional("configMap", Type::Message(&CORE_V1_CONFIGMAPPROJECTION)),
        Field::optional("downwardAPI", Type::Message(&CORE_V1_DOWNWARDAPIPROJECTION)),
        Field::optional("podCertificate", Type::Message(&CORE_V1_PODCERTIFICATEPROJECTION)),
        Field::optional("secret", Type::Message(&CORE_V1_SECRETPROJECTION)),
        Field::optional("serviceAccountToken", Type::Message(&CORE_V1_SERVICEACCOUNTTOKENPROJECTION)),
    ],
};

static CORE_V1_VOLUMERESOURCEREQUIREMENTS: Message = Message {
    name: "core/v1.VolumeResourceRequirements",
    fields: &[
        Field::optional("limits", Type::Map(&Type::Quantity)),
        Field::optional("requests", Type::Map(&Type::Quantity)),
    ],
};

static CORE_V1_VSPHEREVIRTUALDISKVOLUMESOURCE: Message = Message {
    name: "core/v1.VsphereVirtualDiskVolumeSource",
    fields: &[
        Field::optional("fsType", Type::String),
        Field::optional("storagePolicyID", Type::String),
        Field::optional("storagePolicyName", Type::String),
        Field::required("volumePath", Type::String),
    ],
};

static CORE_V1_WEIGHTEDPODAFFINITYTERM: Message = Message {
    name: "core/v1.WeightedPodAffinityTerm",
    fields: &[
        Field::required("podAffinityTerm", Type::Message(&CORE_V1_PODAFFINITYTERM)),
        Field::required("weight", Type::Integer),
    ],
};

static CORE_V1_WINDOWSSECURITYCONTEXTOPTIONS: Message = Message {
    name: "core/v1.WindowsSecurityContextOptions",
    fields: &[
        Field::optional("gmsaCredentialSpec", Type::String),
        Field::optional("gmsaCredentialSpecName", Type::String),
        Field::optional("hostProcess", Type::Bool),
        Field::optional("runAsUserName", Type::String),
    ],
};

static CORE_V1_WORKLOADREFERENCE: Message = Message {
    name: "core/v1.WorkloadReference",
    fields: &[
        Field::required("name", Type::String),
        Field::required("podGroup", Type::String),
        Field::optional("podGroupReplicaKey", Type::String),
    ],
};

static DISCOVERY_V1_ENDPOINT: Message = Message {
    name: "discovery/v1.Endpoint",
    fields: &[
        Field::optional("addresses", Type::List(&Type::String)),
        Field::optional("conditions", Type::Message(&DISCOVERY_V1_ENDPOINTCONDITIONS)),
        Field::optional("deprecatedTopology", Type::Map(&Type::String)),
        Field::optional("hints", Type::Message(&DISCOVERY_V1_ENDPOINTHINTS)),
        Field::optional("hostname", Type::String),
        Field::optional("nodeName", Type::String),
        Field::optional("targetRef", Type::Message(&CORE_V1_OBJECTREFERENCE)),
        Field::optional("zone", Type::String),
    ],
};

static DISCOVERY_V1_ENDPOINTCONDITIONS: Message = Message {
    name: "discovery/v1.EndpointConditions",
    fields: &[
        Field::optional("ready", Type::Bool),
        Field::optional("serving", Type::Bool),
        Field::optional("terminating", Type::Bool),
    ],
};

static DISCOVERY_V1_ENDPOINTHINTS: Message = Message {
    name: "discovery/v1.EndpointHints",
    fields: &[
        Field::optional("forNodes", Type::List(&Type::Message(&DISCOVERY_V1_FORNODE))),
        Field::optional("forZones", Type::List(&Type::Message(&DISCOVERY_V1_FORZONE))),
    ],
};

static DISCOVERY_V1_ENDPOINTPORT: Message = Message {
    name: "discovery/v1.EndpointPort",
    fields: &[
        Field::optional("appProtocol", Type::String),
        Field::optional("name", Type::String),
        Field::optional("port", Type::Integer),
        Field::optional("protocol", Type::String),
    ],
};

static DISCOVERY_V1_ENDPOINTSLICE: Message = Message {
    name: "discovery/v1.EndpointSlice",
    fields: &[
        Field::optional("addressType", Type::String),
        Field::optional("apiVersion", Type::String),
        Field::optional("endpoints", Type::List(&Type::Message(&DISCOVERY_V1_ENDPOINT))),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("ports", Type::List(&Type::Message(&DISCOVERY_V1_ENDPOINTPORT))),
    ],
};

static DISCOVERY_V1_FORNODE: Message = Message {
    name: "discovery/v1.ForNode",
    fields: &[
        Field::optional("name", Type::String),
    ],
};

static DISCOVERY_V1_FORZONE: Message = Message {
    name: "discovery/v1.ForZone",
    fields: &[
        Field::optional("name", Type::String),
    ],
};

static META_V1_LABELSELECTOR: Message = Message {
    name: "meta/v1.LabelSelector",
    fields: &[
        Field::optional("matchExpressions", Type::List(&Type::Message(&META_V1_LABELSELECTORREQUIREMENT))),
        Field::optional("matchLabels", Type::Map(&Type::String)),
    ],
};

static META_V1_LABELSELECTORREQUIREMENT: Message = Message {
    name: "meta/v1.LabelSelectorRequirement",
    fields: &[
        Field::required("key", Type::String),
        Field::required("operator", Type::String),
        Field::optional("values", Type::List(&Type::String)),
    ],
};

static META_V1_MANAGEDFIELDSENTRY: Message = Message {
    name: "meta/v1.ManagedFieldsEntry",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("fieldsType", Type::String),
        Field::optional("fieldsV1", Type::Any),
        Field::optional("manager", Type::String),
        Field::optional("operation", Type::String),
        Field::optional("subresource", Type::String),
        Field::optional("time", Type::String),
    ],
};

static META_V1_OBJECTMETA: Message = Message {
    name: "meta/v1.ObjectMeta",
    fields: &[
        Field::optional("annotations", Type::Map(&Type::String)),
        Field::optional("creationTimestamp", Type::String),
        Field::optional("deletionGracePeriodSeconds", Type::Integer),
        Field::optional("deletionTimestamp", Type::String),
        Field::optional("finalizers", Type::List(&Type::String)),
        Field::optional("generateName", Type::String),
        Field::optional("generation", Type::Integer),
        Field::optional("labels", Type::Map(&Type::String)),
        Field::optional("managedFields", Type::List(&Type::Message(&META_V1_MANAGEDFIELDSENTRY))),
        Field::optional("name", Type::String),
        Field::optional("namespace", Type::String),
        Field::optional("ownerReferences", Type::List(&Type::Message(&META_V1_OWNERREFERENCE))),
        Field::optional("resourceVersion", Type::String),
        Field::optional("selfLink", Type::String),
        Field::optional("uid", Type::String),
    ],
};

static META_V1_OWNERREFERENCE: Message = Message {
    name: "meta/v1.OwnerReference",
    fields: &[
        Field::required("apiVersion", Type::String),
        Field::optional("blockOwnerDeletion", Type::Bool),
        Field::optional("controller", Type::Bool),
        Field::required("kind", Type::String),
        Field::required("name", Type::String),
        Field::required("uid", Type::String),
    ],
};

static NETWORKING_V1_HTTPINGRESSPATH: Message = Message {
    name: "networking/v1.HTTPIngressPath",
    fields: &[
        Field::required("backend", Type::Message(&NETWORKING_V1_INGRESSBACKEND)),
        Field::optional("path", Type::String),
        Field::required("pathType", Type::String),
    ],
};

static NETWORKING_V1_HTTPINGRESSRULEVALUE: Message = Message {
    name: "networking/v1.HTTPIngressRuleValue",
    fields: &[
        Field::required("paths", Type::List(&Type::Message(&NETWORKING_V1_HTTPINGRESSPATH))),
    ],
};

static NETWORKING_V1_IPBLOCK: Message = Message {
    name: "networking/v1.IPBlock",
    fields: &[
        Field::required("cidr", Type::String),
        Field::optional("except", Type::List(&Type::String)),
    ],
};

static NETWORKING_V1_INGRESS: Message = Message {
    name: "networking/v1.Ingress",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&NETWORKING_V1_INGRESSSPEC)),
        Field::optional("status", Type::Any),
    ],
};

static NETWORKING_V1_INGRESSBACKEND: Message = Message {
    name: "networking/v1.IngressBackend",
    fields: &[
        Field::optional("resource", Type::Message(&CORE_V1_TYPEDLOCALOBJECTREFERENCE)),
        Field::optional("service", Type::Message(&NETWORKING_V1_INGRESSSERVICEBACKEND)),
    ],
};

static NETWORKING_V1_INGRESSRULE: Message = Message {
    name: "networking/v1.IngressRule",
    fields: &[
        Field::optional("host", Type::String),
        Field::optional("http", Type::Message(&NETWORKING_V1_HTTPINGRESSRULEVALUE)),
    ],
};

static NETWORKING_V1_INGRESSSERVICEBACKEND: Message = Message {
    name: "networking/v1.IngressServiceBackend",
    fields: &[
        Field::required("name", Type::String),
        Field::optional("port", Type::Message(&NETWORKING_V1_SERVICEBACKENDPORT)),
    ],
};

static NETWORKING_V1_INGRESSSPEC: Message = Message {
    name: "networking/v1.IngressSpec",
    fields: &[
        Field::optional("defaultBackend", Type::Message(&NETWORKING_V1_INGRESSBACKEND)),
        Field::optional("ingressClassName", Type::String),
        Field::optional("rules", Type::List(&Type::Message(&NETWORKING_V1_INGRESSRULE))),
        Field::optional("tls", Type::List(&Type::Message(&NETWORKING_V1_INGRESSTLS))),
    ],
};

static NETWORKING_V1_INGRESSTLS: Message = Message {
    name: "networking/v1.IngressTLS",
    fields: &[
        Field::optional("hosts", Type::List(&Type::String)),
        Field::optional("secretName", Type::String),
    ],
};

static NETWORKING_V1_NETWORKPOLICY: Message = Message {
    name: "networking/v1.NetworkPolicy",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("spec", Type::Message(&NETWORKING_V1_NETWORKPOLICYSPEC)),
    ],
};

static NETWORKING_V1_NETWORKPOLICYEGRESSRULE: Message = Message {
    name: "networking/v1.NetworkPolicyEgressRule",
    fields: &[
        Field::optional("ports", Type::List(&Type::Message(&NETWORKING_V1_NETWORKPOLICYPORT))),
        Field::optional("to", Type::List(&Type::Message(&NETWORKING_V1_NETWORKPOLICYPEER))),
    ],
};

static NETWORKING_V1_NETWORKPOLICYINGRESSRULE: Message = Message {
    name: "networking/v1.NetworkPolicyIngressRule",
    fields: &[
        Field::optional("from", Type::List(&Type::Message(&NETWORKING_V1_NETWORKPOLICYPEER))),
        Field::optional("ports", Type::List(&Type::Message(&NETWORKING_V1_NETWORKPOLICYPORT))),
    ],
};

static NETWORKING_V1_NETWORKPOLICYPEER: Message = Message {
    name: "networking/v1.NetworkPolicyPeer",
    fields: &[
        Field::optional("ipBlock", Type::Message(&NETWORKING_V1_IPBLOCK)),
        Field::optional("namespaceSelector", Type::Message(&META_V1_LABELSELECTOR)),
        Field::optional("podSelector", Type::Message(&META_V1_LABELSELECTOR)),
    ],
};

static NETWORKING_V1_NETWORKPOLICYPORT: Message = Message {
    name: "networking/v1.NetworkPolicyPort",
    fields: &[
        Field::optional("endPort", Type::Integer),
        Field::optional("port", Type::IntOrString),
        Field::optional("protocol", Type::String),
    ],
};

static NETWORKING_V1_NETWORKPOLICYSPEC: Message = Message {
    name: "networking/v1.NetworkPolicySpec",
    fields: &[
        Field::optional("egress", Type::List(&Type::Message(&NETWORKING_V1_NETWORKPOLICYEGRESSRULE))),
        Field::optional("ingress", Type::List(&Type::Message(&NETWORKING_V1_NETWORKPOLICYINGRESSRULE))),
        Field::optional("podSelector", Type::Message(&META_V1_LABELSELECTOR)),
        Field::optional("policyTypes", Type::List(&Type::String)),
    ],
};

static NETWORKING_V1_SERVICEBACKENDPORT: Message = Message {
    name: "networking/v1.ServiceBackendPort",
    fields: &[
        Field::optional("name", Type::String),
        Field::optional("number", Type::Integer),
    ],
};

static POLICY_V1ALPHA2_CLUSTERNETWORKPOLICY: Message = Message {
    name: "policy/v1alpha2.ClusterNetworkPolicy",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::required("spec", Type::Message(&POLICY_V1ALPHA2_CLUSTERNETWORKPOLICYSPEC)),
        Field::optional("status", Type::Any),
    ],
};

static POLICY_V1ALPHA2_CLUSTERNETWORKPOLICYEGRESSPEER: Message = Message {
    name: "policy/v1alpha2.ClusterNetworkPolicyEgressPeer",
    fields: &[
        Field::optional("domainNames", Type::List(&Type::String)),
        Field::optional("namespaces", Type::Message(&META_V1_LABELSELECTOR)),
        Field::optional("networks", Type::List(&Type::String)),
        Field::optional("nodes", Type::Message(&META_V1_LABELSELECTOR)),
        Field::optional("pods", Type::Message(&POLICY_V1ALPHA2_NAMESPACEDPOD)),
    ],
};

static POLICY_V1ALPHA2_CLUSTERNETWORKPOLICYEGRESSRULE: Message = Message {
    name: "policy/v1alpha2.ClusterNetworkPolicyEgressRule",
    fields: &[
        Field::required("action", Type::String),
        Field::optional("name", Type::String),
        Field::optional("protocols", Type::List(&Type::Message(&POLICY_V1ALPHA2_CLUSTERNETWORKPOLICYPROTOCOL))),
        Field::required("to", Type::List(&Type::Message(&POLICY_V1ALPHA2_CLUSTERNETWORKPOLICYEGRESSPEER))),
    ],
};

static POLICY_V1ALPHA2_CLUSTERNETWORKPOLICYINGRESSPEER: Message = Message {
    name: "policy/v1alpha2.ClusterNetworkPolicyIngressPeer",
    fields: &[
        Field::optional("namespaces", Type::Message(&META_V1_LABELSELECTOR)),
        Field::optional("pods", Type::Message(&POLICY_V1ALPHA2_NAMESPACEDPOD)),
    ],
};

static POLICY_V1ALPHA2_CLUSTERNETWORKPOLICYINGRESSRULE: Message = Message {
    name: "policy/v1alpha2.ClusterNetworkPolicyIngressRule",
    fields: &[
        Field::required("action", Type::String),
        Field::required("from", Type::List(&Type::Message(&POLICY_V1ALPHA2_CLUSTERNETWORKPOLICYINGRESSPEER))),
        Field::optional("name", Type::String),
        Field::optional("protocols", Type::List(&Type::Message(&POLICY_V1ALPHA2_CLUSTERNETWORKPOLICYPROTOCOL))),
    ],
};

static POLICY_V1ALPHA2_CLUSTERNETWORKPOLICYPROTOCOL: Message = Message {
    name: "policy/v1alpha2.ClusterNetworkPolicyProtocol",
    fields: &[
        Field::optional("destinationNamedPort", Type::String),
        Field::optional("sctp", Type::Message(&POLICY_V1ALPHA2_CLUSTERNETWORKPOLICYPROTOCOLSCTP)),
        Field::optional("tcp", Type::Message(&POLICY_V1ALPHA2_CLUSTERNETWORKPOLICYPROTOCOLTCP)),
        Field::optional("udp", Type::Message(&POLICY_V1ALPHA2_CLUSTERNETWORKPOLICYPROTOCOLUDP)),
    ],
};

static POLICY_V1ALPHA2_CLUSTERNETWORKPOLICYPROTOCOLSCTP: Message = Message {
    name: "policy/v1alpha2.ClusterNetworkPolicyProtocolSCTP",
    fields: &[
        Field::optional("destinationPort", Type::Message(&POLICY_V1ALPHA2_PORT)),
    ],
};

static POLICY_V1ALPHA2_CLUSTERNETWORKPOLICYPROTOCOLTCP: Message = Message {
    name: "policy/v1alpha2.ClusterNetworkPolicyProtocolTCP",
    fields: &[
        Field::optional("destinationPort", Type::Message(&POLICY_V1ALPHA2_PORT)),
    ],
};

static POLICY_V1ALPHA2_CLUSTERNETWORKPOLICYPROTOCOLUDP: Message = Message {
    name: "policy/v1alpha2.ClusterNetworkPolicyProtocolUDP",
    fields: &[
        Field::optional("destinationPort", Type::Message(&POLICY_V1ALPHA2_PORT)),
    ],
};

static POLICY_V1ALPHA2_CLUSTERNETWORKPOLICYSPEC: Message = Message {
    name: "policy/v1alpha2.ClusterNetworkPolicySpec",
    fields: &[
        Field::optional("egress", Type::List(&Type::Message(&POLICY_V1ALPHA2_CLUSTERNETWORKPOLICYEGRESSRULE))),
        Field::optional("ingress", Type::List(&Type::Message(&POLICY_V1ALPHA2_CLUSTERNETWORKPOLICYINGRESSRULE))),
        Field::required("priority", Type::Integer),
        Field::required("subject", Type::Message(&POLICY_V1ALPHA2_CLUSTERNETWORKPOLICYSUBJECT)),
        Field::required("tier", Type::String),
    ],
};

static POLICY_V1ALPHA2_CLUSTERNETWORKPOLICYSUBJECT: Message = Message {
    name: "policy/v1alpha2.ClusterNetworkPolicySubject",
    fields: &[
        Field::optional("namespaces", Type::Message(&META_V1_LABELSELECTOR)),
        Field::optional("pods", Type::Message(&POLICY_V1ALPHA2_NAMESPACEDPOD)),
    ],
};

static POLICY_V1ALPHA2_NAMESPACEDPOD: Message = Message {
    name: "policy/v1alpha2.NamespacedPod",
    fields: &[
        Field::required("namespaceSelector", Type::Message(&META_V1_LABELSELECTOR)),
        Field::required("podSelector", Type::Message(&META_V1_LABELSELECTOR)),
    ],
};

static POLICY_V1ALPHA2_PORT: Message = Message {
    name: "policy/v1alpha2.Port",
    fields: &[
        Field::optional("number", Type::Integer),
        Field::optional("range", Type::Message(&POLICY_V1ALPHA2_PORTRANGE)),
    ],
};

static POLICY_V1ALPHA2_PORTRANGE: Message = Message {
    name: "policy/v1alpha2.PortRange",
    fields: &[
        Field::required("end", Type::Integer),
        Field::required("start", Type::Integer),
    ],
};

static RBAC_V1_AGGREGATIONRULE: Message = Message {
    name: "rbac/v1.AggregationRule",
    fields: &[
        Field::optional("clusterRoleSelectors", Type::List(&Type::Message(&META_V1_LABELSELECTOR))),
    ],
};

static RBAC_V1_CLUSTERROLE: Message = Message {
    name: "rbac/v1.ClusterRole",
    fields: &[
        Field::optional("aggregationRule", Type::Message(&RBAC_V1_AGGREGATIONRULE)),
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("rules", Type::List(&Type::Message(&RBAC_V1_POLICYRULE))),
    ],
};

static RBAC_V1_CLUSTERROLEBINDING: Message = Message {
    name: "rbac/v1.ClusterRoleBinding",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::required("roleRef", Type::Message(&RBAC_V1_ROLEREF)),
        Field::optional("subjects", Type::List(&Type::Message(&RBAC_V1_SUBJECT))),
    ],
};

static RBAC_V1_POLICYRULE: Message = Message {
    name: "rbac/v1.PolicyRule",
    fields: &[
        Field::optional("apiGroups", Type::List(&Type::String)),
        Field::optional("nonResourceURLs", Type::List(&Type::String)),
        Field::optional("resourceNames", Type::List(&Type::String)),
        Field::optional("resources", Type::List(&Type::String)),
        Field::required("verbs", Type::List(&Type::String)),
    ],
};

static RBAC_V1_ROLE: Message = Message {
    name: "rbac/v1.Role",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::optional("rules", Type::List(&Type::Message(&RBAC_V1_POLICYRULE))),
    ],
};

static RBAC_V1_ROLEBINDING: Message = Message {
    name: "rbac/v1.RoleBinding",
    fields: &[
        Field::optional("apiVersion", Type::String),
        Field::optional("kind", Type::String),
        Field::optional("metadata", Type::Message(&META_V1_OBJECTMETA)),
        Field::required("roleRef", Type::Message(&RBAC_V1_ROLEREF)),
        Field::optional("subjects", Type::List(&Type::Message(&RBAC_V1_SUBJECT))),
    ],
};

static RBAC_V1_ROLEREF: Message = Message {
    name: "rbac/v1.RoleRef",
    fields: &[
        Field::optional("apiGroup", Type::String),
        Field::required("kind", Type::String),
        Field::required("name", Type::String),
    ],
};

static RBAC_V1_SUBJECT: Message = Message {
    name: "rbac/v1.Subject",
    fields: &[
        Field::optional("apiGroup", Type::String),
        Field::required("kind", Type::String),
        Field::required("name", Type::String),
        Field::optional("namespace", Type::String),
    ],
};
