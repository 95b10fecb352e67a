//! `PodTopologyLabels`: a pod tells in which zone and region it runs (KEP-4742).

use crate::chain::{Plugin, Turn};
use crate::fields::{metadata, section, section_mut, spec, text};
use crate::review::{Operation, Sort};
use crate::{Object, Refusal};

/// The labels that a pod takes over from its node.
const LABELS: [&str; 2] = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

/// The plugin.
pub(crate) struct PodTopologyLabels;

impl Plugin for PodTopologyLabels {
    fn change(&self, turn: &Turn<'_>, object: &mut Object) -> Result<(), Refusal> {
        let review = turn.review;
        let target = section(object, "target");
        let node = if review.creates("", "pods") {
            text(spec(object), "nodeName")
        } else if (review.creates("", "bindings")
            || (review.operation == Operation::Create && review.is_of_part("", "pods", "binding")))
            && matches!(text(target, "kind"), "" | "Node")
        {
            text(target, "name")
        } else {
            ""
        };
        if node.is_empty() {
            return Ok(());
        }
        // A pod may be bound to a node that nobody knows.
        let Some(node) = turn.facts.object(Sort::Node, "", node) else { return Ok(()) };
        let held = section(metadata(&node), "labels");
        for label in LABELS {
            if let Some(value) = held.get(label) {
                let labels = section_mut(section_mut(object, "metadata"), "labels");
                labels.insert(label.to_owned(), value.clone());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{Table, change, of};

    #[test]
    fn where_a_node_is_its_pods_are() {
        let labels = json!({(LABELS[0]): "z", "kubernetes.io/hostname": "h"});
        let table =
            Table::new().with(Sort::Node, json!({"metadata": {"name": "n", "labels": labels}}));
        let zone = json!({(LABELS[0]): "z"});
        for (resource, part, given, want) in [
            ("pods", "binding", json!({"target": {"kind": "Node", "name": "n"}}), &zone),
            ("bindings", "", json!({"target": {"name": "n"}}), &zone),
            ("pods", "", json!({"spec": {"nodeName": "n"}}), &zone),
            ("pods", "binding", json!({"target": {"kind": "Pod", "name": "n"}}), &json!(null)),
            ("pods", "binding", json!({"target": {"name": "none"}}), &json!(null)),
            ("pods", "", json!({"spec": {}}), &json!(null)),
            ("configmaps", "", json!({"target": {"name": "n"}}), &json!(null)),
        ] {
            let mut object = given.as_object().unwrap().clone();
            let review = of(Operation::Create, resource).part(part).in_namespace("a").named("p");
            change(&PodTopologyLabels, &table, &review, &mut object, None).unwrap();
            let labels =
                object.get("metadata").map_or(&json!(null), |metadata| &metadata["labels"]).clone();
            assert_eq!(&labels, want, "{given}");
        }
    }
}
