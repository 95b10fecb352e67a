//! The resources of the API and their tables. Written by `cargo run -p xtask -- tables`: change that, not this.

use crate::api::{Column, Group, Resource, Subresource, Version};

/// In the order of discovery.
pub(crate) static GROUPS: &[Group] = &[
    Group {
        name: "",
        versions: &[
            Version {
                name: "v1",
                resources: &[
                    Resource { group: "", version: "v1", plural: "bindings", singular: "binding", kind: "Binding", namespaced: true, verbs: &["create"], short_names: &[], categories: &[], storage_hash: "",
                        columns: &[],
                        subresources: &[] },
                    Resource { group: "", version: "v1", plural: "componentstatuses", singular: "componentstatus", kind: "ComponentStatus", namespaced: false, verbs: &["get", "list"], short_names: &["cs"], categories: &[], storage_hash: "",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Status", kind: "string", format: "", priority: 0 },
                            Column { name: "Message", kind: "string", format: "", priority: 0 },
                            Column { name: "Error", kind: "string", format: "", priority: 0 },],
                        subresources: &[] },
                    Resource { group: "", version: "v1", plural: "configmaps", singular: "configmap", kind: "ConfigMap", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["cm"], categories: &[], storage_hash: "qFsyl6wFWjQ=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Data", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[] },
                    Resource { group: "", version: "v1", plural: "endpoints", singular: "endpoints", kind: "Endpoints", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["ep"], categories: &[], storage_hash: "fWeeMqaN/OA=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Endpoints", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[] },
                    Resource { group: "", version: "v1", plural: "events", singular: "event", kind: "Event", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["ev"], categories: &[], storage_hash: "r2yiGXH7wu8=",
                        columns: &[
                            Column { name: "Last Seen", kind: "string", format: "", priority: 0 },
                            Column { name: "Type", kind: "string", format: "", priority: 0 },
                            Column { name: "Reason", kind: "string", format: "", priority: 0 },
                            Column { name: "Object", kind: "string", format: "", priority: 0 },
                            Column { name: "Subobject", kind: "string", format: "", priority: 1 },
                            Column { name: "Source", kind: "string", format: "", priority: 1 },
                            Column { name: "Message", kind: "string", format: "", priority: 0 },
                            Column { name: "First Seen", kind: "string", format: "", priority: 1 },
                            Column { name: "Count", kind: "string", format: "", priority: 1 },
                            Column { name: "Name", kind: "string", format: "name", priority: 1 },],
                        subresources: &[] },
                    Resource { group: "", version: "v1", plural: "limitranges", singular: "limitrange", kind: "LimitRange", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["limits"], categories: &[], storage_hash: "EBKMFVe6cwo=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Created At", kind: "date", format: "", priority: 0 },],
                        subresources: &[] },
                    Resource { group: "", version: "v1", plural: "namespaces", singular: "namespace", kind: "Namespace", namespaced: false, verbs: &["create", "delete", "get", "list", "patch", "update", "watch"], short_names: &["ns"], categories: &[], storage_hash: "Q3oi5N2YM8M=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Status", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[
                            Subresource { name: "finalize", group: "", version: "v1", kind: "Namespace", verbs: &["update"] },
                            Subresource { name: "status", group: "", version: "v1", kind: "Namespace", verbs: &["get", "patch", "update"] },] },
                    Resource { group: "", version: "v1", plural: "nodes", singular: "node", kind: "Node", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["no"], categories: &[], storage_hash: "XwShjMxG9Fs=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Status", kind: "string", format: "", priority: 0 },
                            Column { name: "Roles", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },
                            Column { name: "Version", kind: "string", format: "", priority: 0 },
                            Column { name: "Internal-IP", kind: "string", format: "", priority: 1 },
                            Column { name: "External-IP", kind: "string", format: "", priority: 1 },
                            Column { name: "OS-Image", kind: "string", format: "", priority: 1 },
                            Column { name: "Kernel-Version", kind: "string", format: "", priority: 1 },
                            Column { name: "Container-Runtime", kind: "string", format: "", priority: 1 },],
                        subresources: &[
                            Subresource { name: "proxy", group: "", version: "v1", kind: "NodeProxyOptions", verbs: &["create", "delete", "get", "patch", "update"] },
                            Subresource { name: "status", group: "", version: "v1", kind: "Node", verbs: &["get", "patch", "update"] },] },
                    Resource { group: "", version: "v1", plural: "persistentvolumeclaims", singular: "persistentvolumeclaim", kind: "PersistentVolumeClaim", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["pvc"], categories: &[], storage_hash: "QWTyNDq0dC4=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Status", kind: "string", format: "", priority: 0 },
                            Column { name: "Volume", kind: "string", format: "", priority: 0 },
                            Column { name: "Capacity", kind: "string", format: "", priority: 0 },
                            Column { name: "Access Modes", kind: "string", format: "", priority: 0 },
                            Column { name: "StorageClass", kind: "string", format: "", priority: 0 },
                            Column { name: "VolumeAttributesClass", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },
                            Column { name: "VolumeMode", kind: "string", format: "", priority: 1 },],
                        subresources: &[
                            Subresource { name: "status", group: "", version: "v1", kind: "PersistentVolumeClaim", verbs: &["get", "patch", "update"] },] },
                    Resource { group: "", version: "v1", plural: "persistentvolumes", singular: "persistentvolume", kind: "PersistentVolume", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["pv"], categories: &[], storage_hash: "HN/zwEC+JgM=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Capacity", kind: "string", format: "", priority: 0 },
                            Column { name: "Access Modes", kind: "string", format: "", priority: 0 },
                            Column { name: "Reclaim Policy", kind: "string", format: "", priority: 0 },
                            Column { name: "Status", kind: "string", format: "", priority: 0 },
                            Column { name: "Claim", kind: "string", format: "", priority: 0 },
                            Column { name: "StorageClass", kind: "string", format: "", priority: 0 },
                            Column { name: "VolumeAttributesClass", kind: "string", format: "", priority: 0 },
                            Column { name: "Reason", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },
                            Column { name: "VolumeMode", kind: "string", format: "", priority: 1 },],
                        subresources: &[
                            Subresource { name: "status", group: "", version: "v1", kind: "PersistentVolume", verbs: &["get", "patch", "update"] },] },
                    Resource { group: "", version: "v1", plural: "pods", singular: "pod", kind: "Pod", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["po"], categories: &["all"], storage_hash: "xPOwRZ+Yhw8=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Ready", kind: "string", format: "", priority: 0 },
                            Column { name: "Status", kind: "string", format: "", priority: 0 },
                            Column { name: "Restarts", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },
                            Column { name: "IP", kind: "string", format: "", priority: 1 },
                            Column { name: "Node", kind: "string", format: "", priority: 1 },
                            Column { name: "Nominated Node", kind: "string", format: "", priority: 1 },
                            Column { name: "Readiness Gates", kind: "string", format: "", priority: 1 },],
                        subresources: &[
                            Subresource { name: "attach", group: "", version: "v1", kind: "PodAttachOptions", verbs: &["create", "get"] },
                            Subresource { name: "binding", group: "", version: "v1", kind: "Binding", verbs: &["create"] },
                            Subresource { name: "ephemeralcontainers", group: "", version: "v1", kind: "Pod", verbs: &["get", "patch", "update"] },
                            Subresource { name: "eviction", group: "policy", version: "v1", kind: "Eviction", verbs: &["create"] },
                            Subresource { name: "exec", group: "", version: "v1", kind: "PodExecOptions", verbs: &["create", "get"] },
                            Subresource { name: "log", group: "", version: "v1", kind: "Pod", verbs: &["get"] },
                            Subresource { name: "portforward", group: "", version: "v1", kind: "PodPortForwardOptions", verbs: &["create", "get"] },
                            Subresource { name: "proxy", group: "", version: "v1", kind: "PodProxyOptions", verbs: &["create", "delete", "get", "patch", "update"] },
                            Subresource { name: "resize", group: "", version: "v1", kind: "Pod", verbs: &["get", "patch", "update"] },
                            Subresource { name: "status", group: "", version: "v1", kind: "Pod", verbs: &["get", "patch", "update"] },] },
                    Resource { group: "", version: "v1", plural: "podtemplates", singular: "podtemplate", kind: "PodTemplate", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &[], storage_hash: "LIXB2x4IFpk=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Containers", kind: "string", format: "", priority: 0 },
                            Column { name: "Images", kind: "string", format: "", priority: 0 },
                            Column { name: "Pod Labels", kind: "string", format: "", priority: 0 },],
                        subresources: &[] },
                    Resource { group: "", version: "v1", plural: "replicationcontrollers", singular: "replicationcontroller", kind: "ReplicationController", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["rc"], categories: &["all"], storage_hash: "Jond2If31h0=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Desired", kind: "integer", format: "", priority: 0 },
                            Column { name: "Current", kind: "integer", format: "", priority: 0 },
                            Column { name: "Ready", kind: "integer", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },
                            Column { name: "Containers", kind: "string", format: "", priority: 1 },
                            Column { name: "Images", kind: "string", format: "", priority: 1 },
                            Column { name: "Selector", kind: "string", format: "", priority: 1 },],
                        subresources: &[
                            Subresource { name: "scale", group: "autoscaling", version: "v1", kind: "Scale", verbs: &["get", "patch", "update"] },
                            Subresource { name: "status", group: "", version: "v1", kind: "ReplicationController", verbs: &["get", "patch", "update"] },] },
                    Resource { group: "", version: "v1", plural: "resourcequotas", singular: "resourcequota", kind: "ResourceQuota", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["quota"], categories: &[], storage_hash: "8uhSgffRX6w=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Request", kind: "string", format: "", priority: 0 },
                            Column { name: "Limit", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[
                            Subresource { name: "status", group: "", version: "v1", kind: "ResourceQuota", verbs: &["get", "patch", "update"] },] },
                    Resource { group: "", version: "v1", plural: "secrets", singular: "secret", kind: "Secret", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &[], storage_hash: "S6u1pOWzb84=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Type", kind: "string", format: "", priority: 0 },
                            Column { name: "Data", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[] },
                    Resource { group: "", version: "v1", plural: "serviceaccounts", singular: "serviceaccount", kind: "ServiceAccount", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["sa"], categories: &[], storage_hash: "pbx9ZvyFpBE=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[
                            Subresource { name: "token", group: "authentication.k8s.io", version: "v1", kind: "TokenRequest", verbs: &["create"] },] },
                    Resource { group: "", version: "v1", plural: "services", singular: "service", kind: "Service", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["svc"], categories: &["all"], storage_hash: "0/CO1lhkEBI=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Type", kind: "string", format: "", priority: 0 },
                            Column { name: "Cluster-IP", kind: "string", format: "", priority: 0 },
                            Column { name: "External-IP", kind: "string", format: "", priority: 0 },
                            Column { name: "Port(s)", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },
                            Column { name: "Selector", kind: "string", format: "", priority: 1 },],
                        subresources: &[
                            Subresource { name: "proxy", group: "", version: "v1", kind: "ServiceProxyOptions", verbs: &["create", "delete", "get", "patch", "update"] },
                            Subresource { name: "status", group: "", version: "v1", kind: "Service", verbs: &["get", "patch", "update"] },] },
                ],
            },
        ],
    },
    Group {
        name: "apiregistration.k8s.io",
        versions: &[
            Version {
                name: "v1",
                resources: &[
                    Resource { group: "apiregistration.k8s.io", version: "v1", plural: "apiservices", singular: "apiservice", kind: "APIService", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &["api-extensions"], storage_hash: "InPBPD7+PqM=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Service", kind: "string", format: "", priority: 0 },
                            Column { name: "Available", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[
                            Subresource { name: "status", group: "apiregistration.k8s.io", version: "v1", kind: "APIService", verbs: &["get", "patch", "update"] },] },
                ],
            },
        ],
    },
    Group {
        name: "apps",
        versions: &[
            Version {
                name: "v1",
                resources: &[
                    Resource { group: "apps", version: "v1", plural: "controllerrevisions", singular: "controllerrevision", kind: "ControllerRevision", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &[], storage_hash: "85nkx63pcBU=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Controller", kind: "string", format: "", priority: 0 },
                            Column { name: "Revision", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[] },
                    Resource { group: "apps", version: "v1", plural: "daemonsets", singular: "daemonset", kind: "DaemonSet", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["ds"], categories: &["all"], storage_hash: "dd7pWHUlMKQ=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Desired", kind: "integer", format: "", priority: 0 },
                            Column { name: "Current", kind: "integer", format: "", priority: 0 },
                            Column { name: "Ready", kind: "integer", format: "", priority: 0 },
                            Column { name: "Up-to-date", kind: "integer", format: "", priority: 0 },
                            Column { name: "Available", kind: "integer", format: "", priority: 0 },
                            Column { name: "Node Selector", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },
                            Column { name: "Containers", kind: "string", format: "", priority: 1 },
                            Column { name: "Images", kind: "string", format: "", priority: 1 },
                            Column { name: "Selector", kind: "string", format: "", priority: 1 },],
                        subresources: &[
                            Subresource { name: "status", group: "apps", version: "v1", kind: "DaemonSet", verbs: &["get", "patch", "update"] },] },
                    Resource { group: "apps", version: "v1", plural: "deployments", singular: "deployment", kind: "Deployment", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["deploy"], categories: &["all"], storage_hash: "8aSe+NMegvE=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Ready", kind: "string", format: "", priority: 0 },
                            Column { name: "Up-to-date", kind: "string", format: "", priority: 0 },
                            Column { name: "Available", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },
                            Column { name: "Containers", kind: "string", format: "", priority: 1 },
                            Column { name: "Images", kind: "string", format: "", priority: 1 },
                            Column { name: "Selector", kind: "string", format: "", priority: 1 },],
                        subresources: &[
                            Subresource { name: "scale", group: "autoscaling", version: "v1", kind: "Scale", verbs: &["get", "patch", "update"] },
                            Subresource { name: "status", group: "apps", version: "v1", kind: "Deployment", verbs: &["get", "patch", "update"] },] },
                    Resource { group: "apps", version: "v1", plural: "replicasets", singular: "replicaset", kind: "ReplicaSet", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["rs"], categories: &["all"], storage_hash: "P1RzHs8/mWQ=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Desired", kind: "integer", format: "", priority: 0 },
                            Column { name: "Current", kind: "integer", format: "", priority: 0 },
                            Column { name: "Ready", kind: "integer", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },
                            Column { name: "Containers", kind: "string", format: "", priority: 1 },
                            Column { name: "Images", kind: "string", format: "", priority: 1 },
                            Column { name: "Selector", kind: "string", format: "", priority: 1 },],
                        subresources: &[
                            Subresource { name: "scale", group: "autoscaling", version: "v1", kind: "Scale", verbs: &["get", "patch", "update"] },
                            Subresource { name: "status", group: "apps", version: "v1", kind: "ReplicaSet", verbs: &["get", "patch", "update"] },] },
                    Resource { group: "apps", version: "v1", plural: "statefulsets", singular: "statefulset", kind: "StatefulSet", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["sts"], categories: &["all"], storage_hash: "H+vl74LkKdo=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Ready", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },
                            Column { name: "Containers", kind: "string", format: "", priority: 1 },
                            Column { name: "Images", kind: "string", format: "", priority: 1 },],
                        subresources: &[
                            Subresource { name: "scale", group: "autoscaling", version: "v1", kind: "Scale", verbs: &["get", "patch", "update"] },
                            Subresource { name: "status", group: "apps", version: "v1", kind: "StatefulSet", verbs: &["get", "patch", "update"] },] },
                ],
            },
        ],
    },
    Group {
        name: "events.k8s.io",
        versions: &[
            Version {
                name: "v1",
                resources: &[
                    Resource { group: "events.k8s.io", version: "v1", plural: "events", singular: "event", kind: "Event", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["ev"], categories: &[], storage_hash: "r2yiGXH7wu8=",
                        columns: &[
                            Column { name: "Last Seen", kind: "string", format: "", priority: 0 },
                            Column { name: "Type", kind: "string", format: "", priority: 0 },
                            Column { name: "Reason", kind: "string", format: "", priority: 0 },
                            Column { name: "Object", kind: "string", format: "", priority: 0 },
                            Column { name: "Subobject", kind: "string", format: "", priority: 1 },
                            Column { name: "Source", kind: "string", format: "", priority: 1 },
                            Column { name: "Message", kind: "string", format: "", priority: 0 },
                            Column { name: "First Seen", kind: "string", format: "", priority: 1 },
                            Column { name: "Count", kind: "string", format: "", priority: 1 },
                            Column { name: "Name", kind: "string", format: "name", priority: 1 },],
                        subresources: &[] },
                ],
            },
        ],
    },
    Group {
        name: "authentication.k8s.io",
        versions: &[
            Version {
                name: "v1",
                resources: &[
                    Resource { group: "authentication.k8s.io", version: "v1", plural: "selfsubjectreviews", singular: "selfsubjectreview", kind: "SelfSubjectReview", namespaced: false, verbs: &["create"], short_names: &[], categories: &[], storage_hash: "",
                        columns: &[],
                        subresources: &[] },
                    Resource { group: "authentication.k8s.io", version: "v1", plural: "tokenreviews", singular: "tokenreview", kind: "TokenReview", namespaced: false, verbs: &["create"], short_names: &[], categories: &[], storage_hash: "",
                        columns: &[],
                        subresources: &[] },
                ],
            },
        ],
    },
    Group {
        name: "authorization.k8s.io",
        versions: &[
            Version {
                name: "v1",
                resources: &[
                    Resource { group: "authorization.k8s.io", version: "v1", plural: "localsubjectaccessreviews", singular: "localsubjectaccessreview", kind: "LocalSubjectAccessReview", namespaced: true, verbs: &["create"], short_names: &[], categories: &[], storage_hash: "",
                        columns: &[],
                        subresources: &[] },
                    Resource { group: "authorization.k8s.io", version: "v1", plural: "selfsubjectaccessreviews", singular: "selfsubjectaccessreview", kind: "SelfSubjectAccessReview", namespaced: false, verbs: &["create"], short_names: &[], categories: &[], storage_hash: "",
                        columns: &[],
                        subresources: &[] },
                    Resource { group: "authorization.k8s.io", version: "v1", plural: "selfsubjectrulesreviews", singular: "selfsubjectrulesreview", kind: "SelfSubjectRulesReview", namespaced: false, verbs: &["create"], short_names: &[], categories: &[], storage_hash: "",
                        columns: &[],
                        subresources: &[] },
                    Resource { group: "authorization.k8s.io", version: "v1", plural: "subjectaccessreviews", singular: "subjectaccessreview", kind: "SubjectAccessReview", namespaced: false, verbs: &["create"], short_names: &[], categories: &[], storage_hash: "",
                        columns: &[],
                        subresources: &[] },
                ],
            },
        ],
    },
    Group {
        name: "autoscaling",
        versions: &[
            Version {
                name: "v2",
                resources: &[
                    Resource { group: "autoscaling", version: "v2", plural: "horizontalpodautoscalers", singular: "horizontalpodautoscaler", kind: "HorizontalPodAutoscaler", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["hpa"], categories: &["all"], storage_hash: "qwQve8ut294=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Reference", kind: "string", format: "", priority: 0 },
                            Column { name: "Targets", kind: "string", format: "", priority: 0 },
                            Column { name: "MinPods", kind: "string", format: "", priority: 0 },
                            Column { name: "MaxPods", kind: "string", format: "", priority: 0 },
                            Column { name: "Replicas", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[
                            Subresource { name: "status", group: "autoscaling", version: "v2", kind: "HorizontalPodAutoscaler", verbs: &["get", "patch", "update"] },] },
                ],
            },
            Version {
                name: "v1",
                resources: &[
                    Resource { group: "autoscaling", version: "v1", plural: "horizontalpodautoscalers", singular: "horizontalpodautoscaler", kind: "HorizontalPodAutoscaler", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["hpa"], categories: &["all"], storage_hash: "qwQve8ut294=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Reference", kind: "string", format: "", priority: 0 },
                            Column { name: "Targets", kind: "string", format: "", priority: 0 },
                            Column { name: "MinPods", kind: "string", format: "", priority: 0 },
                            Column { name: "MaxPods", kind: "string", format: "", priority: 0 },
                            Column { name: "Replicas", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[
                            Subresource { name: "status", group: "autoscaling", version: "v1", kind: "HorizontalPodAutoscaler", verbs: &["get", "patch", "update"] },] },
                ],
            },
        ],
    },
    Group {
        name: "batch",
        versions: &[
            Version {
                name: "v1",
                resources: &[
                    Resource { group: "batch", version: "v1", plural: "cronjobs", singular: "cronjob", kind: "CronJob", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["cj"], categories: &["all"], storage_hash: "sd5LIXh4Fjs=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Schedule", kind: "string", format: "", priority: 0 },
                            Column { name: "Timezone", kind: "string", format: "", priority: 0 },
                            Column { name: "Suspend", kind: "boolean", format: "", priority: 0 },
                            Column { name: "Active", kind: "integer", format: "", priority: 0 },
                            Column { name: "Last Schedule", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },
                            Column { name: "Containers", kind: "string", format: "", priority: 1 },
                            Column { name: "Images", kind: "string", format: "", priority: 1 },
                            Column { name: "Selector", kind: "string", format: "", priority: 1 },],
                        subresources: &[
                            Subresource { name: "status", group: "batch", version: "v1", kind: "CronJob", verbs: &["get", "patch", "update"] },] },
                    Resource { group: "batch", version: "v1", plural: "jobs", singular: "job", kind: "Job", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &["all"], storage_hash: "mudhfqk/qZY=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Status", kind: "string", format: "", priority: 0 },
                            Column { name: "Completions", kind: "string", format: "", priority: 0 },
                            Column { name: "Duration", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },
                            Column { name: "Containers", kind: "string", format: "", priority: 1 },
                            Column { name: "Images", kind: "string", format: "", priority: 1 },
                            Column { name: "Selector", kind: "string", format: "", priority: 1 },],
                        subresources: &[
                            Subresource { name: "status", group: "batch", version: "v1", kind: "Job", verbs: &["get", "patch", "update"] },] },
                ],
            },
        ],
    },
    Group {
        name: "certificates.k8s.io",
        versions: &[
            Version {
                name: "v1",
                resources: &[
                    Resource { group: "certificates.k8s.io", version: "v1", plural: "certificatesigningrequests", singular: "certificatesigningrequest", kind: "CertificateSigningRequest", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["csr"], categories: &[], storage_hash: "95fRKMXA+00=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },
                            Column { name: "SignerName", kind: "string", format: "", priority: 0 },
                            Column { name: "Requestor", kind: "string", format: "", priority: 0 },
                            Column { name: "RequestedDuration", kind: "string", format: "", priority: 0 },
                            Column { name: "Condition", kind: "string", format: "", priority: 0 },],
                        subresources: &[
                            Subresource { name: "approval", group: "certificates.k8s.io", version: "v1", kind: "CertificateSigningRequest", verbs: &["get", "patch", "update"] },
                            Subresource { name: "status", group: "certificates.k8s.io", version: "v1", kind: "CertificateSigningRequest", verbs: &["get", "patch", "update"] },] },
                ],
            },
        ],
    },
    Group {
        name: "networking.k8s.io",
        versions: &[
            Version {
                name: "v1",
                resources: &[
                    Resource { group: "networking.k8s.io", version: "v1", plural: "ingressclasses", singular: "ingressclass", kind: "IngressClass", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &[], storage_hash: "l/iqIbDgFyQ=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Controller", kind: "string", format: "", priority: 0 },
                            Column { name: "Parameters", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[] },
                    Resource { group: "networking.k8s.io", version: "v1", plural: "ingresses", singular: "ingress", kind: "Ingress", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["ing"], categories: &[], storage_hash: "39NQlfNR+bo=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Class", kind: "string", format: "", priority: 0 },
                            Column { name: "Hosts", kind: "string", format: "", priority: 0 },
                            Column { name: "Address", kind: "string", format: "", priority: 0 },
                            Column { name: "Ports", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[
                            Subresource { name: "status", group: "networking.k8s.io", version: "v1", kind: "Ingress", verbs: &["get", "patch", "update"] },] },
                    Resource { group: "networking.k8s.io", version: "v1", plural: "ipaddresses", singular: "ipaddress", kind: "IPAddress", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["ip"], categories: &[], storage_hash: "3f/plJFChNE=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "ParentRef", kind: "string", format: "", priority: 0 },],
                        subresources: &[] },
                    Resource { group: "networking.k8s.io", version: "v1", plural: "networkpolicies", singular: "networkpolicy", kind: "NetworkPolicy", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["netpol"], categories: &[], storage_hash: "YpfwF18m1G8=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Pod-Selector", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[] },
                    Resource { group: "networking.k8s.io", version: "v1", plural: "servicecidrs", singular: "servicecidr", kind: "ServiceCIDR", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &[], storage_hash: "gNLvruQhW2g=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "CIDRs", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[
                            Subresource { name: "status", group: "networking.k8s.io", version: "v1", kind: "ServiceCIDR", verbs: &["get", "patch", "update"] },] },
                ],
            },
        ],
    },
    Group {
        name: "policy",
        versions: &[
            Version {
                name: "v1",
                resources: &[
                    Resource { group: "policy", version: "v1", plural: "poddisruptionbudgets", singular: "poddisruptionbudget", kind: "PodDisruptionBudget", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["pdb"], categories: &[], storage_hash: "EVWiDmWqyJw=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Min Available", kind: "string", format: "", priority: 0 },
                            Column { name: "Max Unavailable", kind: "string", format: "", priority: 0 },
                            Column { name: "Allowed Disruptions", kind: "integer", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[
                            Subresource { name: "status", group: "policy", version: "v1", kind: "PodDisruptionBudget", verbs: &["get", "patch", "update"] },] },
                ],
            },
        ],
    },
    Group {
        name: "rbac.authorization.k8s.io",
        versions: &[
            Version {
                name: "v1",
                resources: &[
                    Resource { group: "rbac.authorization.k8s.io", version: "v1", plural: "clusterrolebindings", singular: "clusterrolebinding", kind: "ClusterRoleBinding", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &[], storage_hash: "48tpQ8gZHFc=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Role", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },
                            Column { name: "Users", kind: "string", format: "", priority: 1 },
                            Column { name: "Groups", kind: "string", format: "", priority: 1 },
                            Column { name: "ServiceAccounts", kind: "string", format: "", priority: 1 },],
                        subresources: &[] },
                    Resource { group: "rbac.authorization.k8s.io", version: "v1", plural: "clusterroles", singular: "clusterrole", kind: "ClusterRole", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &[], storage_hash: "bYE5ZWDrJ44=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Created At", kind: "date", format: "", priority: 0 },],
                        subresources: &[] },
                    Resource { group: "rbac.authorization.k8s.io", version: "v1", plural: "rolebindings", singular: "rolebinding", kind: "RoleBinding", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &[], storage_hash: "eGsCzGH6b1g=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Role", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },
                            Column { name: "Users", kind: "string", format: "", priority: 1 },
                            Column { name: "Groups", kind: "string", format: "", priority: 1 },
                            Column { name: "ServiceAccounts", kind: "string", format: "", priority: 1 },],
                        subresources: &[] },
                    Resource { group: "rbac.authorization.k8s.io", version: "v1", plural: "roles", singular: "role", kind: "Role", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &[], storage_hash: "7FuwZcIIItM=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Created At", kind: "date", format: "", priority: 0 },],
                        subresources: &[] },
                ],
            },
        ],
    },
    Group {
        name: "storage.k8s.io",
        versions: &[
            Version {
                name: "v1",
                resources: &[
                    Resource { group: "storage.k8s.io", version: "v1", plural: "csidrivers", singular: "csidriver", kind: "CSIDriver", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &[], storage_hash: "hL6j/rwBV5w=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "AttachRequired", kind: "boolean", format: "", priority: 0 },
                            Column { name: "PodInfoOnMount", kind: "boolean", format: "", priority: 0 },
                            Column { name: "StorageCapacity", kind: "boolean", format: "", priority: 0 },
                            Column { name: "TokenRequests", kind: "string", format: "", priority: 0 },
                            Column { name: "RequiresRepublish", kind: "boolean", format: "", priority: 0 },
                            Column { name: "Modes", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[] },
                    Resource { group: "storage.k8s.io", version: "v1", plural: "csinodes", singular: "csinode", kind: "CSINode", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &[], storage_hash: "Pe62DkZtjuo=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Drivers", kind: "integer", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[] },
                    Resource { group: "storage.k8s.io", version: "v1", plural: "csistoragecapacities", singular: "csistoragecapacity", kind: "CSIStorageCapacity", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &[], storage_hash: "xeVl+2Ly1kE=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Created At", kind: "date", format: "", priority: 0 },],
                        subresources: &[] },
                    Resource { group: "storage.k8s.io", version: "v1", plural: "storageclasses", singular: "storageclass", kind: "StorageClass", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["sc"], categories: &[], storage_hash: "K+m6uJwbjGY=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Provisioner", kind: "string", format: "", priority: 0 },
                            Column { name: "ReclaimPolicy", kind: "string", format: "", priority: 0 },
                            Column { name: "VolumeBindingMode", kind: "string", format: "", priority: 0 },
                            Column { name: "AllowVolumeExpansion", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[] },
                    Resource { group: "storage.k8s.io", version: "v1", plural: "volumeattachments", singular: "volumeattachment", kind: "VolumeAttachment", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &[], storage_hash: "tJx/ezt6UDU=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Attacher", kind: "string", format: "name", priority: 0 },
                            Column { name: "PV", kind: "string", format: "", priority: 0 },
                            Column { name: "Node", kind: "string", format: "", priority: 0 },
                            Column { name: "Attached", kind: "boolean", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[
                            Subresource { name: "status", group: "storage.k8s.io", version: "v1", kind: "VolumeAttachment", verbs: &["get", "patch", "update"] },] },
                    Resource { group: "storage.k8s.io", version: "v1", plural: "volumeattributesclasses", singular: "volumeattributesclass", kind: "VolumeAttributesClass", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["vac"], categories: &[], storage_hash: "Bl3MtjZ/n/s=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "DriverName", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[] },
                ],
            },
        ],
    },
    Group {
        name: "admissionregistration.k8s.io",
        versions: &[
            Version {
                name: "v1",
                resources: &[
                    Resource { group: "admissionregistration.k8s.io", version: "v1", plural: "mutatingwebhookconfigurations", singular: "mutatingwebhookconfiguration", kind: "MutatingWebhookConfiguration", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &["api-extensions"], storage_hash: "Sqi0GUgDaX0=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Webhooks", kind: "integer", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[] },
                    Resource { group: "admissionregistration.k8s.io", version: "v1", plural: "validatingadmissionpolicies", singular: "validatingadmissionpolicy", kind: "ValidatingAdmissionPolicy", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &["api-extensions"], storage_hash: "6OxvlMmQ6is=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Validations", kind: "integer", format: "", priority: 0 },
                            Column { name: "ParamKind", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[
                            Subresource { name: "status", group: "admissionregistration.k8s.io", version: "v1", kind: "ValidatingAdmissionPolicy", verbs: &["get", "patch", "update"] },] },
                    Resource { group: "admissionregistration.k8s.io", version: "v1", plural: "validatingadmissionpolicybindings", singular: "validatingadmissionpolicybinding", kind: "ValidatingAdmissionPolicyBinding", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &["api-extensions"], storage_hash: "v9715VZqakg=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "PolicyName", kind: "string", format: "", priority: 0 },
                            Column { name: "ParamRef", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[] },
                    Resource { group: "admissionregistration.k8s.io", version: "v1", plural: "validatingwebhookconfigurations", singular: "validatingwebhookconfiguration", kind: "ValidatingWebhookConfiguration", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &["api-extensions"], storage_hash: "B0wHjQmsGNk=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Webhooks", kind: "integer", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[] },
                ],
            },
        ],
    },
    Group {
        name: "apiextensions.k8s.io",
        versions: &[
            Version {
                name: "v1",
                resources: &[
                    Resource { group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions", singular: "customresourcedefinition", kind: "CustomResourceDefinition", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["crd", "crds"], categories: &["api-extensions"], storage_hash: "jfWCUB31mvA=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Created At", kind: "date", format: "", priority: 0 },],
                        subresources: &[
                            Subresource { name: "status", group: "apiextensions.k8s.io", version: "v1", kind: "CustomResourceDefinition", verbs: &["get", "patch", "update"] },] },
                ],
            },
        ],
    },
    Group {
        name: "scheduling.k8s.io",
        versions: &[
            Version {
                name: "v1",
                resources: &[
                    Resource { group: "scheduling.k8s.io", version: "v1", plural: "priorityclasses", singular: "priorityclass", kind: "PriorityClass", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &["pc"], categories: &[], storage_hash: "1QwjyaZjj3Y=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Value", kind: "integer", format: "", priority: 0 },
                            Column { name: "Global-Default", kind: "boolean", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },
                            Column { name: "PreemptionPolicy", kind: "string", format: "", priority: 0 },],
                        subresources: &[] },
                ],
            },
        ],
    },
    Group {
        name: "coordination.k8s.io",
        versions: &[
            Version {
                name: "v1",
                resources: &[
                    Resource { group: "coordination.k8s.io", version: "v1", plural: "leases", singular: "lease", kind: "Lease", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &[], storage_hash: "gqkMMb/YqFM=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Holder", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[] },
                ],
            },
        ],
    },
    Group {
        name: "node.k8s.io",
        versions: &[
            Version {
                name: "v1",
                resources: &[
                    Resource { group: "node.k8s.io", version: "v1", plural: "runtimeclasses", singular: "runtimeclass", kind: "RuntimeClass", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &[], storage_hash: "WQTu1GL3T2Q=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Handler", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[] },
                ],
            },
        ],
    },
    Group {
        name: "discovery.k8s.io",
        versions: &[
            Version {
                name: "v1",
                resources: &[
                    Resource { group: "discovery.k8s.io", version: "v1", plural: "endpointslices", singular: "endpointslice", kind: "EndpointSlice", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &[], storage_hash: "qgS0xkrxYAI=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "AddressType", kind: "string", format: "", priority: 0 },
                            Column { name: "Ports", kind: "string", format: "", priority: 0 },
                            Column { name: "Endpoints", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[] },
                ],
            },
        ],
    },
    Group {
        name: "resource.k8s.io",
        versions: &[
            Version {
                name: "v1",
                resources: &[
                    Resource { group: "resource.k8s.io", version: "v1", plural: "deviceclasses", singular: "deviceclass", kind: "DeviceClass", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &[], storage_hash: "Yk2PTc1Ybxk=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[] },
                    Resource { group: "resource.k8s.io", version: "v1", plural: "resourceclaims", singular: "resourceclaim", kind: "ResourceClaim", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &[], storage_hash: "wgAZaHcZxUg=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "State", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[
                            Subresource { name: "status", group: "resource.k8s.io", version: "v1", kind: "ResourceClaim", verbs: &["get", "patch", "update"] },] },
                    Resource { group: "resource.k8s.io", version: "v1", plural: "resourceclaimtemplates", singular: "resourceclaimtemplate", kind: "ResourceClaimTemplate", namespaced: true, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &[], storage_hash: "TuzjC49aUfM=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[] },
                    Resource { group: "resource.k8s.io", version: "v1", plural: "resourceslices", singular: "resourceslice", kind: "ResourceSlice", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &[], storage_hash: "KsC072WgaEY=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Node", kind: "string", format: "", priority: 0 },
                            Column { name: "Driver", kind: "string", format: "", priority: 0 },
                            Column { name: "Pool", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[] },
                ],
            },
        ],
    },
    Group {
        name: "flowcontrol.apiserver.k8s.io",
        versions: &[
            Version {
                name: "v1",
                resources: &[
                    Resource { group: "flowcontrol.apiserver.k8s.io", version: "v1", plural: "flowschemas", singular: "flowschema", kind: "FlowSchema", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &[], storage_hash: "GJVAJZSZBIw=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "PriorityLevel", kind: "string", format: "", priority: 0 },
                            Column { name: "MatchingPrecedence", kind: "string", format: "", priority: 0 },
                            Column { name: "DistinguisherMethod", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },
                            Column { name: "MissingPL", kind: "string", format: "", priority: 0 },],
                        subresources: &[
                            Subresource { name: "status", group: "flowcontrol.apiserver.k8s.io", version: "v1", kind: "FlowSchema", verbs: &["get", "patch", "update"] },] },
                    Resource { group: "flowcontrol.apiserver.k8s.io", version: "v1", plural: "prioritylevelconfigurations", singular: "prioritylevelconfiguration", kind: "PriorityLevelConfiguration", namespaced: false, verbs: &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], short_names: &[], categories: &[], storage_hash: "Kir5PVfvNeI=",
                        columns: &[
                            Column { name: "Name", kind: "string", format: "name", priority: 0 },
                            Column { name: "Type", kind: "string", format: "", priority: 0 },
                            Column { name: "NominalConcurrencyShares", kind: "string", format: "", priority: 0 },
                            Column { name: "Queues", kind: "string", format: "", priority: 0 },
                            Column { name: "HandSize", kind: "string", format: "", priority: 0 },
                            Column { name: "QueueLengthLimit", kind: "string", format: "", priority: 0 },
                            Column { name: "Age", kind: "string", format: "", priority: 0 },],
                        subresources: &[
                            Subresource { name: "status", group: "flowcontrol.apiserver.k8s.io", version: "v1", kind: "PriorityLevelConfiguration", verbs: &["get", "patch", "update"] },] },
                ],
            },
        ],
    },
];
