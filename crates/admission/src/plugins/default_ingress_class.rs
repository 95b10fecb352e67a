//! `DefaultIngressClass`: the class of ingresses that name none.

use crate::chain::{Plugin, Turn};
use crate::fields::{annotation, default_class, is_set, name, section_mut, spec};
use crate::review::Sort;
use crate::{Object, Refusal};

const MARK: &str = "ingressclass.kubernetes.io/is-default-class";

/// How ingresses named their class before the field was there.
const OLD_NAME: &str = "kubernetes.io/ingress.class";

/// The plugin.
pub(crate) struct DefaultIngressClass;

impl Plugin for DefaultIngressClass {
    fn change(&self, turn: &Turn<'_>, ingress: &mut Object) -> Result<(), Refusal> {
        if !turn.review.creates("networking.k8s.io", "ingresses")
            || is_set(spec(ingress), "ingressClassName")
            || annotation(ingress, OLD_NAME).is_some()
        {
            return Ok(());
        }
        let classes = turn.facts.objects(Sort::IngressClass, "");
        if let Some(class) = default_class(&classes, &[MARK]) {
            let class = name(class).into();
            section_mut(ingress, "spec").insert("ingressClassName".to_owned(), class);
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
    fn who_names_no_class_gets_the_default() {
        let table = Table::new().with(
            Sort::IngressClass,
            json!({"metadata": {"name": "d", "annotations": {(MARK): "true"}}}),
        );
        for (given, want) in [
            (json!({"spec": {}}), json!("d")),
            (json!({"spec": {"ingressClassName": "x"}}), json!("x")),
            (json!({"metadata": {"annotations": {(OLD_NAME): "x"}}, "spec": {}}), json!(null)),
        ] {
            let mut ingress = given.as_object().unwrap().clone();
            let review =
                of(Operation::Create, "ingresses").in_group("networking.k8s.io").in_namespace("a");
            change(&DefaultIngressClass, &table, &review, &mut ingress, None).unwrap();
            assert_eq!(ingress["spec"].get("ingressClassName").unwrap_or(&json!(null)), &want);
        }
    }
}
