//! `PersistentVolumeClaimResize`: a claim grows only where its class says that volumes can.

use portcullis_schema::amount::Quantity;
use serde_json::Value;

use crate::chain::{Plugin, Turn};
use crate::fields::{annotation, section, spec, text};
use crate::plugins::default_storage_class::OLD_NAME;
use crate::review::{Operation, Sort};
use crate::{Object, Refusal};

/// The plugin.
pub(crate) struct PersistentVolumeClaimResize;

impl Plugin for PersistentVolumeClaimResize {
    fn judge(&self, turn: &Turn<'_>, claim: &Object) -> Result<(), Refusal> {
        let review = turn.review;
        let Some(old) = turn.old.filter(|_| {
            review.operation == Operation::Update && review.is_of("", "persistentvolumeclaims")
        }) else {
            return Ok(());
        };
        if size(claim) <= size(old) {
            return Ok(());
        }
        if text(section(old, "status"), "phase") != "Bound" {
            let why = "Only bound persistent volume claims can be expanded";
            return Err(Refusal::forbidden(why));
        }
        let class = class(claim);
        let held = turn.facts.object(Sort::StorageClass, "", class);
        let grows = class == self::class(old)
            && held
                .is_some_and(|class| class.get("allowVolumeExpansion") == Some(&Value::Bool(true)));
        if grows {
            return Ok(());
        }
        Err(Refusal::forbidden(
            "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must \
             support resize",
        ))
    }
}

/// How much storage a claim asks for; less than anything where it does not say.
fn size(claim: &Object) -> Option<Quantity> {
    Quantity::of(section(section(spec(claim), "resources"), "requests"), "storage")
}

fn class(claim: &Object) -> &str {
    annotation(claim, OLD_NAME).unwrap_or_else(|| text(spec(claim), "storageClassName"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{Table, of};

    #[test]
    fn a_claim_grows_where_its_class_lets_it() {
        let claim = |size: &str, class: &str, phase: &str| {
            let claim = json!({"spec": {"storageClassName": class, "resources": {"requests": {"storage": size}}},
                "status": {"phase": phase}});
            claim.as_object().unwrap().clone()
        };
        let table = Table::new()
            .with(
                Sort::StorageClass,
                json!({"metadata": {"name": "g"}, "allowVolumeExpansion": true}),
            )
            .with(Sort::StorageClass, json!({"metadata": {"name": "f"}}));
        let fixed = "only dynamically provisioned pvc can be resized and the storageclass that provisions the \
                     pvc must support resize";
        for (new, old, want) in [
            (claim("2Gi", "g", "Bound"), claim("1Gi", "g", "Bound"), ""),
            (claim("1Gi", "f", "Bound"), claim("1024Mi", "f", "Bound"), ""),
            (claim("2Gi", "f", "Bound"), claim("1Gi", "f", "Bound"), fixed),
            (claim("2Gi", "none", "Bound"), claim("1Gi", "none", "Bound"), fixed),
            (claim("2Gi", "g", "Bound"), claim("1Gi", "f", "Bound"), fixed),
            (
                claim("2Gi", "g", "Pending"),
                claim("1Gi", "g", "Pending"),
                "Only bound persistent volume claims can be expanded",
            ),
        ] {
            let review =
                of(Operation::Update, "persistentvolumeclaims").in_namespace("a").named("c");
            let turn = Turn { review: &review, old: Some(&old), facts: &table };
            let told = PersistentVolumeClaimResize.judge(&turn, &new);
            assert_eq!(told.map_or_else(|why| why.to_string(), |()| String::new()), want);
        }
    }
}
