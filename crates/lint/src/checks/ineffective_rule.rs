//! A rule that does not do what it seems to say.

use portcullis_core::{Code, Fix, Severity, nearest};
use portcullis_object::Cursor;
use portcullis_schema::resource;

use crate::context::Context;
use crate::found::{Check, Found};
use crate::roles;

pub(crate) const CHECK: Check = Check {
    code: Code("RB113"),
    severity: Severity::Warning,
    title: "a rule that matches nothing, or not what it seems to",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for role in roles::roles(context) {
        for rule in roles::rules(role) {
            for (word, at) in &rule.resources {
                resource_word(context, &rule, word, *at, found);
            }
            names_and_verbs(&rule, found);
        }
    }
}

/// Groups whose resources are all in the tables: in others nobody knows what there is.
fn is_known(group: &str) -> bool {
    group.is_empty()
        || (!group.contains('.') || group.ends_with(".k8s.io"))
            && resource::resources().any(|r| r.group == group)
}

fn resource_word(
    context: &Context<'_>,
    rule: &roles::RoleRule<'_>,
    word: &str,
    at: Cursor<'_>,
    found: &mut Found,
) {
    let (base, sub) = word.split_once('/').unwrap_or((word, ""));
    if word == "*" || base == "*" && sub != "*" || base.is_empty() {
        return;
    }
    if sub == "*" {
        let message = format!("`{word}` is no pattern: it means a subresource called `*`");
        found.add(CHECK.at(at.at(), message).help("list the subresources, or write `*`"));
        return;
    }
    if base == "podsecuritypolicies" {
        let message =
            "PodSecurityPolicy is gone since Kubernetes 1.25: this right is about nothing";
        found.add(CHECK.at(at.at(), message).help("Pod Security Admission took its place"));
        return;
    }
    let in_group = |group: &str| {
        group == "*"
            || !is_known(group)
            || resource::resources().any(|r| r.group == group && r.plural == base)
            || context.snapshot.custom_resources().iter().any(|c| c.group == group && c.plural == base)
            // Rights that are not about objects.
            || matches!(base, "users" | "groups" | "uids" | "userextras" | "signers")
    };
    if rule.groups.is_empty() || rule.groups.iter().any(|(group, _)| in_group(group)) {
        return;
    }
    let lower = base.to_ascii_lowercase();
    let meant = resource::named(&lower).find(|r| rule.groups.iter().any(|(g, _)| *g == r.group));
    let elsewhere = resource::resources().find(|r| r.plural == lower);
    let groups: Vec<String> = rule.groups.iter().map(|(g, _)| format!("`{}`", shown(g))).collect();
    let message = format!("there is no resource `{base}` in {}", groups.join(" or "));
    let finding = CHECK.at(at.at(), message);
    found.add(match (meant, elsewhere) {
        (Some(r), _) => finding
            .help(format!("rules name resources in plural and lower case: `{}`", r.plural))
            .fixed_by(Fix {
                place: at.at(),
                text: if sub.is_empty() {
                    r.plural.to_owned()
                } else {
                    format!("{}/{sub}", r.plural)
                },
                safe: false,
            }),
        (None, Some(r)) => {
            finding.help(format!("`{}` is in the group `{}`", r.plural, shown(r.group)))
        }
        (None, None) => {
            let known = resource::resources().map(|r| r.plural);
            match nearest(&lower, known) {
                Some(near) => finding.help(format!("did you mean `{near}`?")),
                None => finding,
            }
        }
    });
}

fn shown(group: &str) -> &str {
    if group.is_empty() { "\"\"" } else { group }
}

/// `create` and `deletecollection` have no name to compare when they are asked.
fn names_and_verbs(rule: &roles::RoleRule<'_>, found: &mut Found) {
    if rule.names.is_empty() {
        return;
    }
    // Subresources are created under the name of their object, and bind and escalate name the role.
    if rule.resources.iter().any(|(word, _)| word.contains('/')) {
        return;
    }
    for (verb, at) in &rule.verbs {
        let message = match *verb {
            "create" | "deletecollection" => {
                format!("`{verb}` asks about no name, so `resourceNames` never lets it")
            }
            _ => continue,
        };
        found.add(CHECK.at(at.at(), message).help("give it in a rule without `resourceNames`"));
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn role(rule: &str) -> String {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: r}}\n\
             rules:\n- {{{rule}}}\n"
        )
    }

    #[test]
    fn words_that_match_nothing() {
        for (rule, want) in [
            (
                "apiGroups: [''], resources: ['pods/*'], verbs: [get]",
                expect![[r#"
                5 warning "'pods/*'": `pods/*` is no pattern: it means a subresource called `*` (list the subresources, or write `*`)
            "#]],
            ),
            (
                "apiGroups: [''], resources: [Pods], verbs: [get]",
                expect![[r#"
                5 warning "Pods": there is no resource `Pods` in `""` (rules name resources in plural and lower case: `pods`)
            "#]],
            ),
            (
                "apiGroups: [''], resources: [pod], verbs: [get]",
                expect![[r#"
                5 warning "pod": there is no resource `pod` in `""` (rules name resources in plural and lower case: `pods`)
            "#]],
            ),
            (
                "apiGroups: [''], resources: [deployments], verbs: [get]",
                expect![[r#"
                5 warning "deployments": there is no resource `deployments` in `""` (`deployments` is in the group `apps`)
            "#]],
            ),
            (
                "apiGroups: [apps], resources: [deploymnets], verbs: [get]",
                expect![[r#"
                5 warning "deploymnets": there is no resource `deploymnets` in `apps` (did you mean `deployments`?)
            "#]],
            ),
            (
                "apiGroups: [policy], resources: [podsecuritypolicies], verbs: [use]",
                expect![[r#"
                5 warning "podsecuritypolicies": PodSecurityPolicy is gone since Kubernetes 1.25: this right is about nothing (Pod Security Admission took its place)
            "#]],
            ),
            (
                "apiGroups: [''], resources: [secrets], resourceNames: [a], verbs: [get, create]",
                expect![[r#"
                    5 warning "create": `create` asks about no name, so `resourceNames` never lets it (give it in a rule without `resourceNames`)
                "#]],
            ),
        ] {
            check(CHECK.code, &role(rule), want);
        }
    }

    #[test]
    fn words_that_match() {
        silent(
            CHECK.code,
            &[
                &role(
                    "apiGroups: ['', apps], resources: [pods, deployments, 'pods/log', '*/scale'], verbs: [get]",
                ),
                &role("apiGroups: [example.com], resources: [widgets], verbs: [get]"),
                &role("apiGroups: ['*'], resources: ['*'], verbs: ['*']"),
                &role("apiGroups: [''], resources: [users], verbs: [impersonate]"),
                &role(
                    "apiGroups: [''], resources: [secrets], resourceNames: [a], verbs: [get, list]",
                ),
                &role(
                    "apiGroups: [''], resources: ['serviceaccounts/token'], resourceNames: [a], verbs: [create]",
                ),
            ],
        );
    }
}
