//! A variable of a shell or template that nobody filled in.

use portcullis_core::{Code, Severity};
use portcullis_object::{Cursor, Object};

use crate::context::{Context, RBAC, is_calico};
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("YA016"),
    severity: Severity::Warning,
    title: "a variable that nobody filled in",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for object in context.objects {
        let policy = is_policy(object);
        // The fields of alerts are written as `${field}`.
        if object.kind() == "GlobalAlert" {
            continue;
        }
        for (key, value) in object.root().entries() {
            if key == "metadata" {
                let named = value.entries().filter(|(k, _)| *k != "annotations");
                named.for_each(|(_, field)| walk(field, found));
            } else if policy {
                walk(value, found);
            }
        }
    }
}

/// Kinds in whose fields a `$` never has a meaning. Containers have shells of their own.
fn is_policy(object: &Object) -> bool {
    is_calico(object)
        || object.group() == RBAC
        || matches!(object.group(), "networking.k8s.io" | "policy.networking.k8s.io")
            && object.kind().ends_with("NetworkPolicy")
}

fn walk(at: Cursor<'_>, found: &mut Found) {
    if let Some(variable) = at.as_str().and_then(variable) {
        let message = format!("`{variable}` was not filled in: Kubernetes reads it as it stands");
        found
            .add(CHECK.at(at.at(), message).help("run it through the shell or tool that knows it"));
    }
    at.items().for_each(|item| walk(item, found));
    at.entries().for_each(|(_, value)| walk(value, found));
}

/// The first `$NAME`, `${NAME}` or `$(command)`.
fn variable(text: &str) -> Option<&str> {
    let at = text.find('$')?;
    let rest = text.get(at..)?;
    let behind = rest.get(1..)?;
    let end = match behind.chars().next()? {
        '{' => rest.find('}')? + 1,
        '(' => rest.find(')')? + 1,
        c if c.is_ascii_alphabetic() || c == '_' => {
            let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            behind.find(|c| !word(c)).map_or(rest.len(), |end| end + 1)
        }
        _ => return variable(behind),
    };
    rest.get(..end)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn set(net: &str) -> String {
        format!(
            "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {{name: a}}\n\
             spec: {{nets: ['{net}']}}\n"
        )
    }

    #[test]
    fn it_stands_there_as_it_was_written() {
        check(
            CHECK.code,
            &set("${MY_IP}/32"),
            expect![[r#"
            4 warning "'${MY_IP}/32'": `${MY_IP}` was not filled in: Kubernetes reads it as it stands (run it through the shell or tool that knows it)
        "#]],
        );
        check(
            CHECK.code,
            &set("$(curl ifconfig.me)/32"),
            expect![[r#"
            4 warning "'$(curl ifconfig.me)/32'": `$(curl ifconfig.me)` was not filled in: Kubernetes reads it as it stands (run it through the shell or tool that knows it)
        "#]],
        );
        check(
            CHECK.code,
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: $TEAM-dev}\n",
            expect![[r#"
                3 warning "$TEAM-dev": `$TEAM` was not filled in: Kubernetes reads it as it stands (run it through the shell or tool that knows it)
            "#]],
        );
    }

    #[test]
    fn shells_in_containers_and_other_dollars() {
        silent(
            CHECK.code,
            &[
                &set("10.0.0.0/8"),
                "apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {price: $FIVE}}\n\
                 spec: {containers: [{name: a, image: a, args: [$(HOME)]}]}\n",
                "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {cost: 5$}}\n",
            ],
        );
    }
}
