//! `TaintNodesByCondition`: a new node takes no pods before it is ready.

use serde_json::json;

use crate::chain::{Plugin, Turn};
use crate::fields::{maps, push, section_mut, spec, text};
use crate::{Object, Refusal};

const NOT_READY: &str = "node.kubernetes.io/not-ready";

/// The plugin.
pub(crate) struct TaintNodesByCondition;

impl Plugin for TaintNodesByCondition {
    fn change(&self, turn: &Turn<'_>, node: &mut Object) -> Result<(), Refusal> {
        if !turn.review.creates("", "nodes") {
            return Ok(());
        }
        let tainted = maps(spec(node), "taints")
            .any(|taint| text(taint, "key") == NOT_READY && text(taint, "effect") == "NoSchedule");
        if !tainted {
            let taint = json!({"key": NOT_READY, "effect": "NoSchedule"});
            push(section_mut(node, "spec"), "taints", taint);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::Operation;
    use crate::testing::{Table, changed, of};

    #[test]
    fn a_new_node_is_tainted_once() {
        let taint = json!({"key": NOT_READY, "effect": "NoSchedule"});
        let other = json!({"key": NOT_READY, "effect": "NoExecute"});
        for (given, want) in [
            (json!({}), json!([taint])),
            (json!({"taints": [taint]}), json!([taint])),
            (json!({"taints": [other]}), json!([other, taint])),
        ] {
            let node = json!({"metadata": {"name": "n"}, "spec": given});
            let node = changed(&Table::new(), of(Operation::Create, "nodes").named("n"), &node);
            assert_eq!(node["spec"]["taints"], want);
        }
    }
}
