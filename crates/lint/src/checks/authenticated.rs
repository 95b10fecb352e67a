//! A binding to everybody who is somebody.

use portcullis_core::{Code, Severity};

use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("RB102"),
    severity: Severity::Warning,
    title: "a binding names every authenticated requester",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    // What every cluster has: what anybody may ask about themselves.
    const BASELINE: [&str; 3] =
        ["system:basic-user", "system:discovery", "system:public-info-viewer"];
    for binding in context.bindings() {
        for subject in &binding.subjects {
            if subject.kind != "Group"
                || subject.name != "system:authenticated"
                || BASELINE.contains(&binding.role_name)
            {
                continue;
            }
            let message = format!(
                "every user and every service account of every namespace gets `{}`",
                binding.role_name
            );
            found.add(CHECK.at(subject.place.clone(), message).help("name a group of people"));
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{bound, check, silent};

    #[test]
    fn everybody_is_somebody() {
        check(
            CHECK.code,
            &bound("kind: Group, name: 'system:authenticated'"),
            expect![[r#"
            6 warning "'system:authenticated'": every user and every service account of every namespace gets `view` (name a group of people)
        "#]],
        );
    }

    #[test]
    fn a_group_or_the_baseline() {
        let basic = bound("kind: Group, name: 'system:authenticated'")
            .replace("name: view", "name: 'system:basic-user'");
        silent(CHECK.code, &[&bound("kind: Group, name: ops"), &basic]);
    }
}
