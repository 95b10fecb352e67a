//! A binding to those who did not say who they are.

use portcullis_core::{Code, Severity};

use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("RB101"),
    severity: Severity::Warning,
    title: "a binding names anonymous or unauthenticated requesters",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    // What every cluster has: who may see versions and health.
    const BASELINE: [&str; 1] = ["system:public-info-viewer"];
    for binding in context.bindings() {
        for subject in &binding.subjects {
            let anonymous = matches!(
                (subject.kind, subject.name),
                ("User", "system:anonymous") | ("Group", "system:unauthenticated")
            );
            if !anonymous || BASELINE.contains(&binding.role_name) {
                continue;
            }
            let message = format!(
                "whoever reaches the API server gets `{}`, without saying who they are",
                binding.role_name
            );
            found.add(
                CHECK
                    .at(subject.place.clone(), message)
                    .help("name a user, group or service account"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{bound, check, silent};

    #[test]
    fn nobody_in_particular() {
        check(
            CHECK.code,
            &bound("kind: Group, name: 'system:unauthenticated'"),
            expect![[r#"
            6 warning "'system:unauthenticated'": whoever reaches the API server gets `view`, without saying who they are (name a user, group or service account)
        "#]],
        );
        check(
            CHECK.code,
            &bound("kind: User, name: 'system:anonymous'"),
            expect![[r#"
            6 warning "'system:anonymous'": whoever reaches the API server gets `view`, without saying who they are (name a user, group or service account)
        "#]],
        );
    }

    #[test]
    fn somebody_or_the_baseline() {
        let public = bound("kind: Group, name: 'system:unauthenticated'")
            .replace("name: view", "name: 'system:public-info-viewer'");
        silent(CHECK.code, &[&bound("kind: User, name: jane"), &public]);
    }
}
