//! `DefaultTolerationSeconds`: how long a pod stays on a node that does not answer.

use serde_json::json;

use crate::chain::{Plugin, Turn};
use crate::fields::{maps, push, section_mut, spec, text};
use crate::review::Operation;
use crate::{Object, Refusal};

/// How long, in seconds (`--default-not-ready-toleration-seconds` and its twin).
const SECONDS: u32 = 300;

/// The plugin.
pub(crate) struct DefaultTolerationSeconds;

impl Plugin for DefaultTolerationSeconds {
    fn change(&self, turn: &Turn<'_>, pod: &mut Object) -> Result<(), Refusal> {
        if !turn.review.is_of("", "pods") || turn.review.operation == Operation::Delete {
            return Ok(());
        }
        for taint in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
            let tolerated = maps(spec(pod), "tolerations").any(|toleration| {
                matches!(text(toleration, "key"), key if key == taint || key.is_empty())
                    && matches!(text(toleration, "effect"), "" | "NoExecute")
            });
            if !tolerated {
                let toleration = json!({
                    "key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS,
                });
                push(section_mut(pod, "spec"), "tolerations", toleration);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Table, change, of};

    #[test]
    fn what_is_tolerated_is_left_alone() {
        for (given, want) in [
            (json!([]), 2),
            (json!([{"operator": "Exists"}]), 1),
            (json!([{"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}]), 2),
            (json!([{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]), 3),
        ] {
            let mut pod = json!({"spec": {"tolerations": given}}).as_object().unwrap().clone();
            let review = of(Operation::Update, "pods").in_namespace("a").named("p");
            change(&DefaultTolerationSeconds, &Table::new(), &review, &mut pod, None).unwrap();
            assert_eq!(pod["spec"]["tolerations"].as_array().unwrap().len(), want, "{given}");
        }
    }
}
