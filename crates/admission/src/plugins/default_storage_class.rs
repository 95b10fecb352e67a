//! `DefaultStorageClass`: the class of claims that name none.

use crate::chain::{Plugin, Turn};
use crate::fields::{annotation, default_class, is_set, name, section_mut, spec};
use crate::review::Sort;
use crate::{Object, Refusal};

const MARKS: [&str; 2] = [
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
];

/// How claims named their class before the field was there.
pub(super) const OLD_NAME: &str = "volume.beta.kubernetes.io/storage-class";

/// The plugin.
pub(crate) struct DefaultStorageClass;

impl Plugin for DefaultStorageClass {
    fn change(&self, turn: &Turn<'_>, claim: &mut Object) -> Result<(), Refusal> {
        if !turn.review.creates("", "persistentvolumeclaims")
            || is_set(spec(claim), "storageClassName")
            || annotation(claim, OLD_NAME).is_some()
        {
            return Ok(());
        }
        let classes = turn.facts.objects(Sort::StorageClass, "");
        if let Some(class) = default_class(&classes, &MARKS) {
            let class = name(class).into();
            section_mut(claim, "spec").insert("storageClassName".to_owned(), class);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::review::Operation;
    use crate::testing::{Table, change, of};

    #[test]
    fn the_newest_default_is_taken() {
        let class = |name: &str, made: &str, mark: &str| {
            json!({"metadata": {"name": name, "creationTimestamp": made,
                "annotations": {(MARKS[0]): mark}}})
        };
        let table = Table::new()
            .with(Sort::StorageClass, class("old", "2020-01-01T00:00:00Z", "true"))
            .with(Sort::StorageClass, class("z", "2021-01-01T00:00:00Z", "true"))
            .with(Sort::StorageClass, class("b", "2021-01-01T00:00:00Z", "true"))
            .with(Sort::StorageClass, class("off", "2022-01-01T00:00:00Z", "false"));
        for (table, given, want) in [
            (&table, json!({"spec": {}}), json!("b")),
            (&table, json!({"spec": {"storageClassName": ""}}), json!("")),
            (
                &table,
                json!({"metadata": {"annotations": {(OLD_NAME): "x"}}, "spec": {}}),
                json!(null),
            ),
            (&Table::new(), json!({"spec": {}}), json!(null)),
        ] {
            let mut claim = given.as_object().unwrap().clone();
            let review =
                of(Operation::Create, "persistentvolumeclaims").in_namespace("a").named("c");
            change(&DefaultStorageClass, table, &review, &mut claim, None).unwrap();
            assert_eq!(claim["spec"].get("storageClassName").unwrap_or(&json!(null)), &want);
        }
    }
}
