//! Roles, cluster roles and their bindings (`rbac.authorization.k8s.io/v1`).

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use crate::path::Path;
use crate::value::{default_text, is_set, list, map, map_mut, maps, maps_mut, text};
use crate::{FieldError, Kind, Object, age, label, metadata, name};

pub(crate) static ROLE: Role = Role { namespaced: true };
pub(crate) static CLUSTER_ROLE: Role = Role { namespaced: false };
pub(crate) static ROLE_BINDING: Binding = Binding { namespaced: true };
pub(crate) static CLUSTER_ROLE_BINDING: Binding = Binding { namespaced: false };

/// The group of the API, and of the names it binds.
const GROUP: &str = "rbac.authorization.k8s.io";

/// `Role` and `ClusterRole`.
pub(crate) struct Role {
    namespaced: bool,
}

/// `RoleBinding` and `ClusterRoleBinding`.
pub(crate) struct Binding {
    namespaced: bool,
}

// === impl Role ===

impl Kind for Role {
    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let path = Path::root("rules");
        for (i, rule) in maps(object, "rules") {
            self.rule_faults(rule, &path.index(i), &mut faults);
        }
        if !self.namespaced
            && let Some(aggregation) = map(object, "aggregationRule")
        {
            aggregation_faults(aggregation, &mut faults);
        }
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::kind_faults(self, object, self.namespaced, &mut faults);
        faults.append(&mut self.validate(object));
        metadata::change_faults(self, object, old, &mut faults);
        faults
    }

    fn creates_on_update(&self) -> bool {
        true
    }

    fn name_faults(&self, name: &str) -> Vec<String> {
        name::path_segment_faults(name)
    }
}

impl Role {
    fn rule_faults(&self, rule: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
        let is_empty = |field| list(rule, field).is_empty();
        if is_empty("verbs") {
            let detail = "verbs must contain at least one value";
            faults.push(FieldError::required(path.field("verbs"), detail));
        }
        if !is_empty("nonResourceURLs") {
            let at = path.field("nonResourceURLs");
            let mut fault = |detail: &str| {
                faults.push(FieldError::invalid(
                    at,
                    list(rule, "nonResourceURLs").to_vec(),
                    detail,
                ));
            };
            if self.namespaced {
                fault("namespaced rules cannot apply to non-resource URLs");
            }
            if !(is_empty("apiGroups") && is_empty("resources") && is_empty("resourceNames")) {
                fault("rules cannot apply to both regular resources and non-resource URLs");
            }
            return;
        }
        for (field, detail) in [
            ("apiGroups", "resource rules must supply at least one api group"),
            ("resources", "resource rules must supply at least one resource"),
        ] {
            if is_empty(field) {
                faults.push(FieldError::required(path.field(field), detail));
            }
        }
    }
}

fn aggregation_faults(aggregation: &Object, faults: &mut Vec<FieldError>) {
    let path = Path::root("aggregationRule");
    let path = path.field("clusterRoleSelectors");
    if list(aggregation, "clusterRoleSelectors").is_empty() {
        let detail = "at least one clusterRoleSelector required if aggregationRule is non-nil";
        faults.push(FieldError::required(path, detail));
    }
    for (i, selector) in maps(aggregation, "clusterRoleSelectors") {
        let before = faults.len();
        label::selector_faults(selector, &path.index(i), faults);
        if faults.len() > before {
            // It shows the selector that could not be made of it, which is none.
            let detail = "invalid label selector.";
            faults.push(FieldError::invalid(path.index(i), Value::Null, detail));
        }
    }
}

// === impl Binding ===

impl Kind for Binding {
    fn default(&self, object: &mut Object) {
        if let Some(role) = map_mut(object, "roleRef") {
            default_text(role, "apiGroup", GROUP);
        } else if !is_set(object, "roleRef") {
            object.insert("roleRef".to_owned(), json!({"apiGroup": GROUP, "kind": "", "name": ""}));
        }
        for subject in maps_mut(object, "subjects") {
            if matches!(text(subject, "kind"), "User" | "Group") {
                default_text(subject, "apiGroup", GROUP);
            }
        }
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let none = Object::new();
        let role = map(object, "roleRef").unwrap_or(&none);
        let path = Path::root("roleRef");
        if text(role, "apiGroup") != GROUP {
            let group = text(role, "apiGroup");
            faults.push(FieldError::unsupported(path.field("apiGroup"), group, &[GROUP]));
        }
        let kinds: &[&str] =
            if self.namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
        if !kinds.contains(&text(role, "kind")) {
            faults.push(FieldError::unsupported(path.field("kind"), text(role, "kind"), kinds));
        }
        match text(role, "name") {
            "" => faults.push(FieldError::required(path.field("name"), "")),
            named => {
                for fault in name::path_segment_faults(named) {
                    faults.push(FieldError::invalid(path.field("name"), named, fault));
                }
            }
        }
        let path = Path::root("subjects");
        for (i, subject) in maps(object, "subjects") {
            self.subject_faults(subject, &path.index(i), &mut faults);
        }
        faults
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut faults = Vec::new();
        metadata::kind_faults(self, object, self.namespaced, &mut faults);
        faults.append(&mut self.validate(object));
        metadata::change_faults(self, object, old, &mut faults);
        // The text shows the original's own struct, whose fields have no JSON names.
        let shown = |object: &Object| {
            let none = Object::new();
            let role = map(object, "roleRef").unwrap_or(&none);
            json!({
                "APIGroup": text(role, "apiGroup"),
                "Kind": text(role, "kind"),
                "Name": text(role, "name"),
            })
        };
        let role = shown(object);
        if role != shown(old) {
            faults.push(FieldError::invalid("roleRef", role, "cannot change roleRef"));
        }
        faults
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        let none = Object::new();
        let role = map(object, "roleRef").unwrap_or(&none);
        let named = |kind: &str| {
            let names: Vec<String> = maps(object, "subjects")
                .filter(|(_, subject)| text(subject, "kind") == kind)
                .map(|(_, subject)| match kind {
                    "ServiceAccount" => {
                        format!("{}/{}", text(subject, "namespace"), text(subject, "name"))
                    }
                    _ => text(subject, "name").to_owned(),
                })
                .collect();
            Value::from(names.join(", "))
        };
        Some(vec![
            name::of(object).into(),
            format!("{}/{}", text(role, "kind"), text(role, "name")).into(),
            age::of(object, now).into(),
            named("User"),
            named("Group"),
            named("ServiceAccount"),
        ])
    }

    fn creates_on_update(&self) -> bool {
        true
    }

    fn name_faults(&self, name: &str) -> Vec<String> {
        name::path_segment_faults(name)
    }
}

impl Binding {
    fn subject_faults(&self, subject: &Object, path: &Path<'_>, faults: &mut Vec<FieldError>) {
        let (kind, named) = (text(subject, "kind"), text(subject, "name"));
        let group = text(subject, "apiGroup");
        if named.is_empty() {
            faults.push(FieldError::required(path.field("name"), ""));
        }
        let group_fault =
            |taken: &str| FieldError::unsupported(path.field("apiGroup"), group, &[taken]);
        match kind {
            "ServiceAccount" => {
                if !named.is_empty() {
                    for fault in name::subdomain_faults(named) {
                        faults.push(FieldError::invalid(path.field("name"), named, fault));
                    }
                }
                if !group.is_empty() {
                    faults.push(group_fault(""));
                }
                if !self.namespaced && text(subject, "namespace").is_empty() {
                    faults.push(FieldError::required(path.field("namespace"), ""));
                }
            }
            "User" | "Group" => {
                if group != GROUP {
                    faults.push(group_fault(GROUP));
                }
            }
            other => {
                let taken = ["ServiceAccount", "User", "Group"];
                faults.push(FieldError::unsupported(path.field("kind"), other, &taken));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{create_faults, joined};

    #[track_caller]
    fn check(kind: &dyn Kind, object: Value, want: &str) {
        let mut object = object.as_object().unwrap().clone();
        kind.default(&mut object);
        let faults = kind.validate(&object);
        assert_eq!(if faults.is_empty() { String::new() } else { joined(&faults) }, want);
    }

    #[test]
    fn rules() {
        check(&ROLE, json!({"rules": null}), "");
        check(
            &ROLE,
            json!({"rules": [{}]}),
            "[rules[0].verbs: Required value: verbs must contain at least one value, rules[0].apiGroups: \
             Required value: resource rules must supply at least one api group, rules[0].resources: Required \
             value: resource rules must supply at least one resource]",
        );
        let urls =
            json!({"rules": [{"verbs": ["get"], "nonResourceURLs": ["/x"], "resources": ["a"]}]});
        let both = "rules[0].nonResourceURLs: Invalid value: [\"/x\"]: rules cannot apply to both regular \
                    resources and non-resource URLs";
        check(&CLUSTER_ROLE, urls.clone(), both);
        check(
            &ROLE,
            urls,
            &format!(
                "[rules[0].nonResourceURLs: Invalid value: [\"/x\"]: namespaced rules cannot apply to \
                 non-resource URLs, {both}]"
            ),
        );
    }

    #[test]
    fn aggregation() {
        check(
            &CLUSTER_ROLE,
            json!({"aggregationRule": {}}),
            "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required \
             if aggregationRule is non-nil",
        );
        check(
            &CLUSTER_ROLE,
            json!({"aggregationRule": {"clusterRoleSelectors": [
                {"matchExpressions": [{"key": "a", "operator": "X"}]}]}}),
            "[aggregationRule.clusterRoleSelectors[0].matchExpressions[0].operator: Invalid value: \"X\": not \
             a valid selector operator, aggregationRule.clusterRoleSelectors[0]: Invalid value: null: invalid \
             label selector.]",
        );
    }

    #[test]
    fn subjects_and_role() {
        let role = json!({"kind": "ClusterRole", "name": "view"});
        check(
            &ROLE_BINDING,
            json!({"roleRef": role, "subjects": [{"kind": "User", "name": "u"}]}),
            "",
        );
        check(
            &CLUSTER_ROLE_BINDING,
            json!({"roleRef": role, "subjects": [{"kind": "ServiceAccount", "name": "s"}]}),
            "subjects[0].namespace: Required value",
        );
        check(
            &CLUSTER_ROLE_BINDING,
            json!({"roleRef": {"kind": "Role", "apiGroup": "x"}}),
            "[roleRef.apiGroup: Unsupported value: \"x\": supported values: \
             \"rbac.authorization.k8s.io\", roleRef.kind: Unsupported value: \"Role\": supported values: \
             \"ClusterRole\", roleRef.name: Required value]",
        );
        check(
            &ROLE_BINDING,
            json!({"roleRef": role, "subjects": [{"kind": "Pod", "name": "p"},
                {"kind": "ServiceAccount", "name": "s", "apiGroup": GROUP}]}),
            "[subjects[0].kind: Unsupported value: \"Pod\": supported values: \"ServiceAccount\", \"User\", \
             \"Group\", subjects[1].apiGroup: Unsupported value: \"rbac.authorization.k8s.io\": supported \
             values: \"\"]",
        );
    }

    #[test]
    fn names_are_parts_of_addresses() {
        let object = json!({"metadata": {"name": "a/b", "namespace": "n"}});
        let faults = create_faults(&ROLE, object.as_object().unwrap(), true);
        assert_eq!(joined(&faults), "metadata.name: Invalid value: \"a/b\": may not contain '/'");
    }

    #[test]
    fn the_role_of_a_binding_stays() {
        let binding = |name: &str| {
            let role = json!({"apiGroup": GROUP, "kind": "ClusterRole", "name": name});
            json!({"metadata": {"name": "b", "namespace": "n"}, "roleRef": role})
        };
        let (old, new) = (binding("view"), binding("edit"));
        let faults =
            ROLE_BINDING.validate_update(new.as_object().unwrap(), old.as_object().unwrap());
        assert_eq!(
            joined(&faults),
            "roleRef: Invalid value: {\"APIGroup\":\"rbac.authorization.k8s.io\",\"Kind\":\"ClusterRole\",\
             \"Name\":\"edit\"}: cannot change roleRef"
        );
    }

    #[test]
    fn the_row_sorts_subjects_by_kind() {
        let object = json!({"metadata": {"name": "b"}, "roleRef": {"kind": "Role", "name": "r"},
            "subjects": [{"kind": "User", "name": "u"}, {"kind": "User", "name": "v"},
                {"kind": "ServiceAccount", "namespace": "n", "name": "s"}]});
        let cells = ROLE_BINDING.cells(object.as_object().unwrap(), Timestamp::from_seconds(0));
        let want = json!(["b", "Role/r", "<unknown>", "u, v", "", "n/s"]);
        assert_eq!(cells.map(Value::from), Some(want));
    }
}
