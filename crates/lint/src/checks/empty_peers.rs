//! `from:` or `to:` with nothing below it: everyone.

use portcullis_core::{Code, Severity};
use portcullis_object::Cursor;

use crate::context::Context;
use crate::found::{Check, Found};

pub(crate) const CHECK: Check = Check {
    code: Code("NP320"),
    severity: Severity::Warning,
    title: "a list of peers is written and empty, which means everyone",
    run,
};

fn run(context: &Context<'_>, found: &mut Found) {
    for view in context.policies().iter().filter(|v| v.is_kubernetes()) {
        for rule in view.rules() {
            let Some(peers) = rule.peers().filter(|p| p.is_null() || p.is_empty()) else {
                continue;
            };
            let field = peers.key().unwrap_or("from");
            let message = format!("`{field}` is there and lists nobody, which means everyone");
            let finding = CHECK.at(peers.key_place(), message);
            let lost = |(key, _): &(&str, Cursor<'_>)| {
                matches!(*key, "podSelector" | "namespaceSelector" | "ipBlock")
            };
            let beside = rule.at.entries().find(lost).map(|(_, peer)| peer);
            let next = peers.parent().and_then(Cursor::parent).into_iter().flat_map(Cursor::items);
            let after = next
                .skip(rule.number + 1)
                .take(1)
                .find_map(|item| item.entries().find(lost).map(|(_, peer)| peer));
            found.add(match beside.or(after) {
                Some(peer) => finding
                    .also(peer.key_place(), "meant as a peer?")
                    .help(format!("indent the peers below `{field}:`, each with `- `")),
                None => finding.help(format!("leave `{field}` out if everyone is meant")),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::testing::{check, silent};

    fn policy(rules: &str) -> String {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: a}}\n\
             spec:\n  podSelector: {{}}\n  ingress:\n{rules}"
        )
    }

    #[test]
    fn peers_that_slipped_out_leave_an_empty_list() {
        check(
            CHECK.code,
            &policy("  - from:\n  - namespaceSelector:\n      matchLabels: {a: b}\n"),
            expect![[r#"
                7 warning "from": `from` is there and lists nobody, which means everyone (indent the peers below `from:`, each with `- `)
            "#]],
        );
        check(
            CHECK.code,
            &policy("  - from:\n    podSelector: {}\n  - from: []\n"),
            expect![[r#"
            7 warning "from": `from` is there and lists nobody, which means everyone (indent the peers below `from:`, each with `- `)
            9 warning "from": `from` is there and lists nobody, which means everyone (leave `from` out if everyone is meant)
        "#]],
        );
    }

    #[test]
    fn peers_or_no_list_are_plain() {
        silent(CHECK.code, &[&policy("  - from: [{podSelector: {}}]\n"), &policy("  - {}\n")]);
    }
}
