//! A binding to the group that RBAC is never asked about.

use portcullis_core::{Code, Severity};

use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("RB005"),
    severity: Severity::Warning,
    title: "a binding names the group system:masters",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for binding in context.bindings() {
        for subject in &binding.subjects {
            if subject.kind == "Group" && subject.name == portcullis_rbac::PRIVILEGED_GROUP {
                let message = "members of `system:masters` may do everything before RBAC is asked: this binding adds nothing, and removing it takes nothing away";
                found.add(
                    CHECK
                        .at(subject.place.clone(), message)
                        .help("give people a group of your own"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{bound, check, silent};

    #[test]
    fn nobody_asks_about_masters() {
        check(
            CHECK.code,
            &bound("kind: Group, name: 'system:masters'"),
            expect![[r#"
            6 warning "'system:masters'": members of `system:masters` may do everything before RBAC is asked: this binding adds nothing, and removing it takes nothing away (give people a group of your own)
        "#]],
        );
    }

    #[test]
    fn another_group_is_asked_about() {
        silent(
            CHECK.code,
            &[&bound("kind: Group, name: ops"), &bound("kind: User, name: 'system:masters'")],
        );
    }
}
