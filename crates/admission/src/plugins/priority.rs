//! `Priority`: the number behind the name of a pod's priority class, and one default class at most.

use serde_json::Value;

use crate::chain::{Plugin, Turn};
use crate::fields::{is_set, name, section_mut, spec, text};
use crate::review::{Operation, Sort};
use crate::{Object, Refusal};

/// What a pod without a class does where no class is the default: it takes the place of lesser ones.
const PREEMPTS: &str = "PreemptLowerPriority";

/// The plugin.
pub(crate) struct Priority;

impl Plugin for Priority {
    fn change(&self, turn: &Turn<'_>, pod: &mut Object) -> Result<(), Refusal> {
        if !turn.review.is_of("", "pods") {
            return Ok(());
        }
        match (turn.review.operation, turn.old) {
            (Operation::Create, _) => resolve(turn, pod),
            // Validation does not let them change, and who leaves them out does not mean to.
            (Operation::Update, Some(old)) => {
                for field in ["priority", "preemptionPolicy"] {
                    if let Some(held) = spec(old).get(field)
                        && !is_set(spec(pod), field)
                    {
                        section_mut(pod, "spec").insert(field.to_owned(), held.clone());
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn judge(&self, turn: &Turn<'_>, class: &Object) -> Result<(), Refusal> {
        let review = turn.review;
        if !review.is_of("scheduling.k8s.io", "priorityclasses")
            || review.operation == Operation::Delete
            || class.get("globalDefault") != Some(&Value::Bool(true))
        {
            return Ok(());
        }
        match default_class(turn) {
            Some(held) if review.operation == Operation::Create || name(&held) != name(class) => {
                Err(Refusal::forbidden(format!(
                    "PriorityClass {} is already marked as default. Only one default can exist",
                    name(&held)
                )))
            }
            _ => Ok(()),
        }
    }
}

/// Writes the number and the policy of a pod's class into it.
fn resolve(turn: &Turn<'_>, pod: &mut Object) -> Result<(), Refusal> {
    let wanted = text(spec(pod), "priorityClassName");
    let class = match wanted {
        "" => default_class(turn),
        wanted => match turn.facts.object(Sort::PriorityClass, "", wanted) {
            None => {
                let why = format!("no PriorityClass with name {wanted} was found");
                return Err(Refusal::forbidden(why));
            }
            class => class,
        },
    };
    let value = class.as_deref().map_or(0, value);
    let policy = match class.as_deref() {
        Some(class) => text(class, "preemptionPolicy"),
        None => PREEMPTS,
    };
    let given = spec(pod).get("priority").and_then(Value::as_i64);
    if let Some(given) = given.filter(|given| *given != value) {
        return Err(Refusal::forbidden(format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority admission \
             controller computed {value} from the given PriorityClass name"
        )));
    }
    let given = text(spec(pod), "preemptionPolicy");
    if !policy.is_empty() && !given.is_empty() && given != policy {
        return Err(Refusal::forbidden(format!(
            "the string value of PreemptionPolicy ({given}) must not be provided in pod spec; priority \
             admission controller computed {policy} from the given PriorityClass name"
        )));
    }
    let spec = section_mut(pod, "spec");
    if let Some(class) = &class {
        spec.insert("priorityClassName".to_owned(), name(class).into());
    }
    spec.insert("priority".to_owned(), value.into());
    if !policy.is_empty() {
        spec.insert("preemptionPolicy".to_owned(), policy.into());
    }
    Ok(())
}

fn value(class: &Object) -> i64 {
    class.get("value").and_then(Value::as_i64).unwrap_or(0)
}

/// The class of pods that name none; the smallest where several are marked.
fn default_class(turn: &Turn<'_>) -> Option<std::sync::Arc<Object>> {
    let classes = turn.facts.objects(Sort::PriorityClass, "").into_iter();
    classes
        .filter(|class| class.get("globalDefault") == Some(&Value::Bool(true)))
        .min_by_key(|class| value(class))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{Table, change, check, judged, of};

    fn pod(spec: Value) -> Value {
        json!({"metadata": {"name": "p"}, "spec": spec})
    }

    fn table() -> Table {
        Table::new().with(
            Sort::PriorityClass,
            json!({"metadata": {"name": "high"}, "value": 10, "preemptionPolicy": "Never"}),
        )
    }

    #[test]
    fn a_pod_gets_the_number_of_its_class() {
        let default = json!({"metadata": {"name": "low"}, "value": 5, "globalDefault": true});
        for (table, given, want) in [
            (table(), json!({}), json!([null, 0, PREEMPTS])),
            (table(), json!({"priorityClassName": "high"}), json!(["high", 10, "Never"])),
            (table().with(Sort::PriorityClass, default), json!({}), json!(["low", 5, null])),
        ] {
            let mut object = pod(given).as_object().unwrap().clone();
            let review = of(Operation::Create, "pods").in_namespace("a").named("p");
            change(&Priority, &table, &review, &mut object, None).unwrap();
            let spec = &object["spec"];
            assert_eq!(
                json!([spec["priorityClassName"], spec["priority"], spec["preemptionPolicy"]]),
                want
            );
        }
    }

    #[test]
    fn what_does_not_fit_the_class_is_refused() {
        for (given, want) in [
            (json!({"priorityClassName": "none"}), "no PriorityClass with name none was found"),
            (
                json!({"priority": 5}),
                "the integer value of priority (5) must not be provided in pod spec; priority admission \
                 controller computed 0 from the given PriorityClass name",
            ),
            (
                json!({"priorityClassName": "high", "preemptionPolicy": "PreemptLowerPriority"}),
                "the string value of PreemptionPolicy (PreemptLowerPriority) must not be provided in pod \
                 spec; priority admission controller computed Never from the given PriorityClass name",
            ),
        ] {
            let review = of(Operation::Create, "pods").in_namespace("a").named("p");
            check(
                &table().with_namespace("a").with_account("a", "default"),
                review,
                &pod(given),
                want,
            );
        }
    }

    #[test]
    fn one_class_is_the_default() {
        let class =
            |name: &str| json!({"metadata": {"name": name}, "value": 1, "globalDefault": true});
        let table = Table::new().with(Sort::PriorityClass, class("a"));
        let taken = "PriorityClass a is already marked as default. Only one default can exist";
        for (operation, name, want) in [
            (Operation::Create, "b", taken),
            (Operation::Update, "b", taken),
            (Operation::Update, "a", ""),
        ] {
            let review = of(operation, "priorityclasses").in_group("scheduling.k8s.io").named(name);
            let class = class(name).as_object().unwrap().clone();
            let told = judged(&table, review, &class, None)
                .map_or_else(|why| why.to_string(), |_| String::new());
            assert_eq!(told, want);
        }
    }
}
