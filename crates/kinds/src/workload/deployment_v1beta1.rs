//! Deployments as `extensions/v1beta1` had them: other defaults, a selector that may be left out, and that may
//! be changed. They are stored and judged as those of `apps/v1`.

use portcullis_core::Timestamp;
use serde_json::{Value, json};

use super::deployment::{self, DEPLOYMENT, Deployment};
use crate::value::{
    at, default_text, default_value, is_set, map, map_mut, map_or_new, remove, text,
};
use crate::{FieldError, Kind, Object, metadata, pod};

/// `deployments.extensions`.
pub(crate) static DEPLOYMENT_V1BETA1: DeploymentV1beta1 = DeploymentV1beta1(&DEPLOYMENT);
static STATUS: DeploymentV1beta1 = DeploymentV1beta1(&deployment::STATUS);

/// Where `apps/v1` keeps the revision to go back to, which was a field.
const ROLLBACK: &str = "deprecated.deployment.rollback.to";

/// A Deployment of the first version, or its status: what it is in `apps/v1`.
pub(crate) struct DeploymentV1beta1(&'static Deployment);

impl Kind for DeploymentV1beta1 {
    fn default(&self, object: &mut Object) {
        let labels = at(object, &["spec", "template", "metadata", "labels"]);
        let labels = labels.filter(|labels| labels.is_object()).cloned();
        let Some(spec) = map_or_new(object, "spec") else { return };
        if let Some(labels) = &labels {
            default_value(spec, "selector", json!({"matchLabels": labels}));
        }
        default_value(spec, "replicas", 1);
        map_or_new(spec, "template");
        pod::default_template(spec, "template");
        if let Some(strategy) = map_or_new(spec, "strategy") {
            default_text(strategy, "type", "RollingUpdate");
            if (text(strategy, "type") == "RollingUpdate" || is_set(strategy, "rollingUpdate"))
                && let Some(rolling) = map_or_new(strategy, "rollingUpdate")
            {
                default_value(rolling, "maxUnavailable", 1);
                default_value(rolling, "maxSurge", 1);
            }
        }
        // The most there can be means that there is no limit.
        default_value(spec, "revisionHistoryLimit", i32::MAX);
        default_value(spec, "progressDeadlineSeconds", i32::MAX);
        if let Some(labels) = labels
            && let Some(metadata) = map_or_new(object, "metadata")
            && map(metadata, "labels").is_none_or(Object::is_empty)
        {
            metadata.insert("labels".to_owned(), labels);
        }
    }

    fn stored_as(&self, _version: &str) -> Option<(&'static str, &'static str)> {
        Some(("apps", "v1"))
    }

    fn to_stored(&self, _version: &str, object: &mut Object) {
        let rollback = map_mut(object, "spec").and_then(|spec| remove(spec, "rollbackTo"));
        if let Some(Value::Object(rollback)) = rollback
            && let Some(metadata) = map_or_new(object, "metadata")
            && let Some(annotations) = map_or_new(metadata, "annotations")
        {
            let revision = rollback.get("revision").and_then(Value::as_i64).unwrap_or(0);
            annotations.insert(ROLLBACK.to_owned(), revision.to_string().into());
        }
    }

    fn to_version(&self, _version: &str, object: &mut Object) {
        let Some(metadata) = map_mut(object, "metadata") else { return };
        let Some(annotations) = map_mut(metadata, "annotations") else { return };
        let Ok(revision) = text(annotations, ROLLBACK).parse::<i64>() else { return };
        remove(annotations, ROLLBACK);
        if annotations.is_empty() {
            remove(metadata, "annotations");
        }
        if let Some(spec) = map_or_new(object, "spec") {
            spec.insert("rollbackTo".to_owned(), json!({"revision": revision}));
        }
    }

    fn prepare_create(&self, object: &mut Object) {
        self.0.prepare_create(object);
    }

    fn prepare_update(&self, object: &mut Object, old: &Object) {
        self.0.prepare_update(object, old);
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        self.0.validate(object)
    }

    fn validate_update(&self, object: &Object, old: &Object) -> Vec<FieldError> {
        match self.0 {
            Deployment::Status => self.0.validate_update(object, old),
            // Without the rule of `apps/v1` that a selector stays.
            Deployment::Main => {
                let mut faults = Vec::new();
                metadata::change_faults(self, object, old, &mut faults);
                faults.append(&mut self.0.validate(object));
                faults
            }
        }
    }

    fn warnings(&self, object: &Object, old: Option<&Object>) -> Vec<String> {
        self.0.warnings(object, old)
    }

    fn cells(&self, object: &Object, now: Timestamp) -> Option<Vec<Value>> {
        self.0.cells(object, now)
    }

    fn orphans(&self) -> bool {
        true
    }

    fn subresource(&self, name: &str) -> Option<&'static dyn Kind> {
        (name == "status").then_some(&STATUS as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Object {
        value.as_object().expect("an object").clone()
    }

    fn with_labels(mut rest: Value) -> Object {
        rest["spec"]["template"] = json!({
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "c", "image": "i"}]},
        });
        object(rest)
    }

    #[test]
    fn what_is_left_out_is_filled_in_as_it_was() {
        let mut left_out = with_labels(json!({"metadata": {"name": "web"}, "spec": {}}));
        DEPLOYMENT_V1BETA1.default(&mut left_out);
        assert_eq!(left_out["metadata"]["labels"], json!({"app": "web"}));
        let spec = &left_out["spec"];
        assert_eq!(spec["selector"], json!({"matchLabels": {"app": "web"}}));
        assert_eq!(spec["replicas"], 1);
        let rolling = json!({"maxUnavailable": 1, "maxSurge": 1});
        assert_eq!(spec["strategy"], json!({"type": "RollingUpdate", "rollingUpdate": rolling}));
        assert_eq!(spec["revisionHistoryLimit"], 2_147_483_647);
        assert_eq!(spec["progressDeadlineSeconds"], 2_147_483_647);
        assert_eq!(spec["template"]["spec"]["restartPolicy"], "Always");
        assert!(DEPLOYMENT_V1BETA1.validate(&left_out).is_empty());
    }

    #[test]
    fn what_is_said_stays() {
        let mut said = with_labels(json!({
            "metadata": {"name": "web", "labels": {"own": "yes"}},
            "spec": {"selector": {"matchLabels": {"app": "other"}}, "replicas": 0,
                "strategy": {"type": "Recreate"}},
        }));
        DEPLOYMENT_V1BETA1.default(&mut said);
        assert_eq!(said["metadata"]["labels"], json!({"own": "yes"}));
        assert_eq!(said["spec"]["selector"], json!({"matchLabels": {"app": "other"}}));
        assert_eq!(said["spec"]["replicas"], 0);
        assert_eq!(said["spec"]["strategy"], json!({"type": "Recreate"}));
        let mut without = object(json!({"metadata": {"name": "web"}}));
        DEPLOYMENT_V1BETA1.default(&mut without);
        assert_eq!(without["spec"].get("selector"), None);
        assert_eq!(without["metadata"], json!({"name": "web"}));
    }

    #[test]
    fn a_revision_to_go_back_to_is_an_annotation_in_the_store() {
        let asked =
            object(json!({"metadata": {"name": "web"}, "spec": {"rollbackTo": {"revision": 3}}}));
        let mut turned = asked.clone();
        DEPLOYMENT_V1BETA1.to_stored("v1beta1", &mut turned);
        assert_eq!(turned["metadata"]["annotations"], json!({ROLLBACK: "3"}));
        assert_eq!(turned["spec"], json!({}));
        DEPLOYMENT_V1BETA1.to_version("v1beta1", &mut turned);
        assert_eq!(turned, asked);
        let odd = object(json!({"metadata": {"annotations": {ROLLBACK: "x"}}, "spec": {}}));
        let mut turned = odd.clone();
        DEPLOYMENT_V1BETA1.to_version("v1beta1", &mut turned);
        assert_eq!(turned, odd);
    }

    #[test]
    fn a_selector_may_be_changed_here_and_not_in_apps() {
        let mut old =
            with_labels(json!({"metadata": {"name": "web", "resourceVersion": "1"}, "spec": {}}));
        DEPLOYMENT_V1BETA1.default(&mut old);
        let mut new = old.clone();
        new["spec"]["selector"] =
            json!({"matchExpressions": [{"key": "app", "operator": "Exists"}]});
        assert!(DEPLOYMENT_V1BETA1.validate_update(&new, &old).is_empty());
        let refused = DEPLOYMENT.validate_update(&new, &old);
        assert_eq!(refused.len(), 1);
        let text = refused[0].to_string();
        assert!(
            text.starts_with("spec.selector: ") && text.ends_with("field is immutable"),
            "{text}"
        );
    }
}
