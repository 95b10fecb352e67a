//! `RuntimeClass`: what a pod's runtime costs, and where it can run.

use serde_json::Value;

use crate::chain::{Plugin, Turn};
use crate::fields::{items, push, quoted, same, section, section_mut, spec, text};
use crate::review::Sort;
use crate::{Object, Refusal};

/// The plugin.
pub(crate) struct RuntimeClass;

impl Plugin for RuntimeClass {
    fn change(&self, turn: &Turn<'_>, pod: &mut Object) -> Result<(), Refusal> {
        let Some(class) = class(turn, pod)? else { return Ok(()) };
        if let Some(overhead) = overhead(&class) {
            let given = spec(pod).get("overhead");
            if !same(given, None) && !same(given, Some(overhead)) {
                return Err(mismatch());
            }
            section_mut(pod, "spec").insert("overhead".to_owned(), overhead.clone());
        }
        let scheduling = section(&class, "scheduling");
        for (key, wanted) in section(scheduling, "nodeSelector") {
            let selector = section_mut(section_mut(pod, "spec"), "nodeSelector");
            let given = selector.entry(key.as_str()).or_insert_with(|| wanted.clone());
            if given != wanted {
                return Err(Refusal::forbidden(format!(
                    "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {}; pod.spec.nodeSelector[{key}] \
                     = {}",
                    wanted.as_str().unwrap_or_default(),
                    given.as_str().unwrap_or_default()
                )));
            }
        }
        for toleration in items(scheduling, "tolerations") {
            if !items(spec(pod), "tolerations").contains(toleration) {
                push(section_mut(pod, "spec"), "tolerations", toleration.clone());
            }
        }
        Ok(())
    }

    fn judge(&self, turn: &Turn<'_>, pod: &Object) -> Result<(), Refusal> {
        if !turn.review.creates("", "pods") {
            return Ok(());
        }
        let given = spec(pod).get("overhead");
        let class = class(turn, pod)?;
        match class.as_deref().and_then(overhead) {
            Some(overhead) if !same(given, Some(overhead)) => Err(mismatch()),
            None if !same(given, None) => Err(Refusal::forbidden(
                "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
            )),
            _ => Ok(()),
        }
    }
}

/// The class of a new pod, which must be there if it is named.
fn class(turn: &Turn<'_>, pod: &Object) -> Result<Option<std::sync::Arc<Object>>, Refusal> {
    let wanted = text(spec(pod), "runtimeClassName");
    if !turn.review.creates("", "pods") || wanted.is_empty() {
        return Ok(None);
    }
    match turn.facts.object(Sort::RuntimeClass, "", wanted) {
        None => {
            let why = format!("pod rejected: RuntimeClass {} not found", quoted(wanted));
            Err(Refusal::forbidden(why))
        }
        class => Ok(class),
    }
}

fn overhead(class: &Object) -> Option<&Value> {
    section(class, "overhead").get("podFixed")
}

fn mismatch() -> Refusal {
    Refusal::forbidden("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::review::Operation;
    use crate::testing::{Table, change, of};

    fn table() -> Table {
        Table::new().with(
            Sort::RuntimeClass,
            json!({"metadata": {"name": "k"}, "handler": "h", "overhead": {"podFixed": {"cpu": "1"}},
                "scheduling": {"nodeSelector": {"os": "x"}, "tolerations": [{"key": "t"}]}}),
        )
    }

    #[track_caller]
    fn check(given: Value, want: Result<Value, &str>) {
        let mut pod = json!({"spec": given}).as_object().unwrap().clone();
        let review = of(Operation::Create, "pods").in_namespace("a").named("p");
        let told = change(&RuntimeClass, &table(), &review, &mut pod, None).and_then(|()| {
            let facts = table();
            RuntimeClass.judge(&Turn { review: &review, old: None, facts: &facts }, &pod)
        });
        match (told, want) {
            (Ok(()), Ok(want)) => assert_eq!(pod["spec"], want),
            (Err(told), Err(want)) => assert_eq!(told.to_string(), want),
            (told, want) => panic!("{told:?}, not {want:?}"),
        }
    }

    #[test]
    fn a_pod_takes_on_what_its_class_says() {
        check(json!({}), Ok(json!({})));
        check(
            json!({"runtimeClassName": "k", "tolerations": [{"key": "t"}]}),
            Ok(
                json!({"runtimeClassName": "k", "tolerations": [{"key": "t"}], "overhead": {"cpu": "1"},
                "nodeSelector": {"os": "x"}}),
            ),
        );
        check(
            json!({"runtimeClassName": "none"}),
            Err("pod rejected: RuntimeClass \"none\" not found"),
        );
        check(
            json!({"runtimeClassName": "k", "overhead": {"cpu": "2"}}),
            Err("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"),
        );
        check(
            json!({"overhead": {"cpu": "2"}}),
            Err(
                "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
            ),
        );
        check(
            json!({"runtimeClassName": "k", "nodeSelector": {"os": "y"}}),
            Err(
                "conflict: runtimeClass.scheduling.nodeSelector[os] = x; pod.spec.nodeSelector[os] = y",
            ),
        );
    }
}
