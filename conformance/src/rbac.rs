//! RBAC: decisions, rule lists, covers, aggregation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use portcullis_core::{Namespace, Selector, Verdict};
use portcullis_rbac::{
    Attempt, Requester, Resource, Role, Rule, Rules, Target, covers as cover, decide as rule_on,
    explain, rules_for, words,
};
use portcullis_snapshot::{Aggregation, Settings, Snapshot};
use serde_json::{Value, json};
use smol_str::SmolStr;

use crate::network::{array, scene, settings, text};
use crate::tally::Tally;

/// The lists of a rule, by the names that manifests give them.
const FIELDS: &[&str] = &["verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs"];

/// The lists that a review shows of a rule about resources.
const RESOURCE_FIELDS: &[&str] = &["verbs", "apiGroups", "resources", "resourceNames"];

/// The lists that a review shows of a rule about URLs.
const URL_FIELDS: &[&str] = &["verbs", "nonResourceURLs"];

/// A line of `decide`: objects, and attempts with decision and reason. One case an attempt.
pub(crate) fn decide(line: &Value, tally: &mut Tally<'_>) -> Result<()> {
    let id = text(line, "id")?;
    let snapshot = snapshot(array(line, "objects"), &settings(false));
    for (number, recorded) in array(line, "attempts").iter().enumerate() {
        let (ours, reason) = decision(snapshot.rbac(), &attempt(recorded)?);
        let any_of = || array(recorded, "anyOf").iter().any(|any| *any == reason);
        let theirs = if any_of() { &reason } else { text(recorded, "reason")? };
        let theirs = format!("{} {theirs}", text(recorded, "decision")?);
        tally.case(&format!("{id}#{number}"), &theirs, &format!("{ours} {reason}"));
    }
    Ok(())
}

/// Decision and reason of the walk that explains; the one that only decides must say the same.
fn decision(rules: &Rules, attempt: &Attempt) -> (String, String) {
    let explained = explain(rules, attempt);
    let reason = words::reason(&explained);
    // RBAC never denies: what it does not allow is left to the next authorizer.
    let word = if explained.verdict == Verdict::Allow { "allow" } else { "noOpinion" };
    let ruling = rule_on(rules, attempt);
    let ruled = ruling.by.and_then(|by| rules.grant(by)).map(|grant| words::allowed(&grant));
    if ruling.verdict != explained.verdict || ruled.is_some_and(|ruled| ruled != reason) {
        return (format!("{word}, by the index {},", ruling.verdict), reason);
    }
    (word.into(), reason)
}

/// A line of `covers`: what an owner of some rules may grant, and what the API server says to the
/// rest. The rules arrive as those of two ClusterRoles.
pub(crate) fn covers(line: &Value, tally: &mut Tally<'_>) -> Result<()> {
    let sides = ["ownerRules", "servantRules"];
    let roles = sides.map(|name| {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": { "name": name },
            "rules": array(line, name),
        })
    });
    let snapshot = snapshot(&roles, &settings(false));
    let [owned, wanted] = sides.map(|name| rules_of(snapshot.rbac(), name));
    let found = cover(owned, wanted);
    let error = if found.covered() {
        String::new()
    } else {
        words::escalation(&requester(line)?, &found.uncovered, None)
    };
    let lines = words::uncovered(&found.uncovered);
    let ours = format!(
        "covered {}, uncovered {}, shown {lines:?}, {error}",
        found.covered(),
        listed(found.uncovered.iter().map(|rule| ours(rule, FIELDS))),
    );
    let theirs = format!(
        "covered {}, uncovered {}, shown {:?}, {}",
        line["covered"],
        listed(array(line, "uncovered").iter().map(|rule| theirs(rule, FIELDS))),
        texts(line, "compact"),
        or_empty(line, "error"),
    );
    tally.case(text(line, "id")?, &theirs, &ours);
    Ok(())
}

fn rules_of<'a>(rules: &'a Rules, role: &str) -> &'a [Arc<Rule>] {
    rules.roles().find(|r| r.name == role).map_or(&[], |r| r.rules.as_slice())
}

/// A line of `rules`: objects, and requesters with all that they are granted in a namespace. One
/// case a requester.
pub(crate) fn rules(line: &Value, tally: &mut Tally<'_>) -> Result<()> {
    let id = text(line, "id")?;
    let snapshot = snapshot(array(line, "objects"), &settings(false));
    for (number, query) in array(line, "queries").iter().enumerate() {
        let namespace = namespace(query);
        let review = rules_for(snapshot.rbac(), &requester(query)?, namespace.as_ref());
        // RBAC always knows all of its rules, so its lists are never incomplete.
        let ours = format!(
            "resources {}, URLs {}, incomplete false, {}",
            listed(review.resource_rules.iter().map(|rule| ours(rule, RESOURCE_FIELDS))),
            listed(review.url_rules.iter().map(|rule| ours(rule, URL_FIELDS))),
            review.error.unwrap_or_default(),
        );
        let theirs = format!(
            "resources {}, URLs {}, incomplete {}, {}",
            listed(array(query, "resourceRules").iter().map(|rule| theirs(rule, FIELDS))),
            listed(array(query, "nonResourceRules").iter().map(|rule| theirs(rule, FIELDS))),
            query["incomplete"],
            or_empty(query, "evaluationError"),
        );
        tally.case(&format!("{id}#{number}"), &theirs, &ours);
    }
    Ok(())
}

/// A line of `aggregation`: ClusterRoles, and the rules of each once the controller is done.
///
/// Where roles aggregate each other, the outcome depends on whom the controller served first, so
/// every beginning counts, and rules are compared as sets there.
pub(crate) fn aggregation(line: &Value, tally: &mut Tally<'_>) -> Result<()> {
    let mut input = array(line, "input").to_vec();
    let settings = Settings { aggregation: Aggregation::Resolve, ..settings(false) };
    let roles: Vec<Arc<Role>> = snapshot(&input, &settings).rbac().roles().cloned().collect();
    let unordered = fed_by_a_cycle(&roles);
    let recorded = line["rules"].as_object().context("no `rules`")?;
    let theirs = rules_by_role(
        &unordered,
        recorded.iter().map(|(name, rules)| {
            let rules = rules.as_array().into_iter().flatten();
            (name.as_str(), rules.map(|rule| theirs(rule, FIELDS)).collect())
        }),
    );
    let mut ours = outcome(&input, &settings, &unordered);
    if !unordered.is_empty() {
        for _ in 1..input.len() {
            if ours == theirs {
                break;
            }
            input.rotate_left(1);
            ours = outcome(&input, &settings, &unordered);
        }
    }
    tally.case(text(line, "id")?, &theirs, &ours);
    Ok(())
}

fn outcome(input: &[Value], settings: &Settings, unordered: &BTreeSet<SmolStr>) -> String {
    let snapshot = snapshot(input, settings);
    let roles = snapshot.rbac().roles().map(|role| {
        (role.name.as_str(), role.rules.iter().map(|rule| ours(rule, FIELDS)).collect())
    });
    rules_by_role(unordered, roles)
}

/// The rules of every role, by name; those of `unordered` roles as a set.
fn rules_by_role<'a>(
    unordered: &BTreeSet<SmolStr>,
    roles: impl Iterator<Item = (&'a str, Vec<String>)>,
) -> String {
    let roles: BTreeMap<&str, String> = roles
        .map(|(name, mut rules)| {
            if unordered.contains(name) {
                rules.sort();
                rules.dedup();
            }
            (name, listed(rules.into_iter()))
        })
        .collect();
    format!("{roles:?}")
}

/// The roles whose rules come, at whatever distance, from a role that aggregates itself through
/// others.
fn fed_by_a_cycle(roles: &[Arc<Role>]) -> BTreeSet<SmolStr> {
    let picks = |selector: &Selector, role: &Role| selector.matches(&role.labels);
    let mut feeding: Vec<BTreeSet<usize>> = Vec::new();
    for (at, role) in roles.iter().enumerate() {
        let selectors = role.aggregation.iter().flatten();
        let picked = selectors.flat_map(|s| (0..roles.len()).filter(move |i| picks(s, &roles[*i])));
        feeding.push(picked.filter(|i| *i != at).collect());
    }
    // Each round doubles the distance looked back.
    loop {
        let further: Vec<BTreeSet<usize>> = feeding
            .iter()
            .map(|from| from.iter().flat_map(|i| &feeding[*i]).chain(from).copied().collect())
            .collect();
        if further == feeding {
            break;
        }
        feeding = further;
    }
    let is_cyclic = |at: &usize| feeding[*at].contains(at);
    let fed = |(at, _): &(usize, &Arc<Role>)| is_cyclic(at) || feeding[*at].iter().any(is_cyclic);
    roles.iter().enumerate().filter(fed).map(|(_, role)| role.name.clone()).collect()
}

// === Objects and questions ===

/// Takes objects through the product's own loader and lowering, as one `List` document.
pub(crate) fn snapshot(objects: &[Value], settings: &Settings) -> Snapshot {
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects });
    scene(&list.to_string(), settings).snapshot
}

fn attempt(value: &Value) -> Result<Attempt> {
    let target = if value["nonResource"] == true {
        Target::Url(or_empty(value, "path").into())
    } else {
        Target::Resource(Resource {
            group: or_empty(value, "apiGroup").into(),
            resource: or_empty(value, "resource").into(),
            subresource: or_empty(value, "subresource").into(),
            namespace: namespace(value),
            name: or_empty(value, "name").into(),
        })
    };
    Ok(Attempt { requester: requester(value)?, verb: text(value, "verb")?.into(), target })
}

pub(crate) fn requester(value: &Value) -> Result<Requester> {
    let groups = texts(value, "groups").into_iter().map(SmolStr::from).collect();
    Ok(Requester { user: text(value, "user")?.into(), groups })
}

fn namespace(value: &Value) -> Option<Namespace> {
    Some(or_empty(value, "namespace")).filter(|name| !name.is_empty()).map(Namespace::new)
}

/// A text that is left out where it is empty.
pub(crate) fn or_empty<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or("")
}

fn texts<'a>(value: &'a Value, name: &str) -> Vec<&'a str> {
    array(value, name).iter().filter_map(Value::as_str).collect()
}

// === Comparable forms ===

fn theirs(rule: &Value, fields: &[&str]) -> String {
    form(fields, |field| texts(rule, field))
}

fn ours(rule: &Rule, fields: &[&str]) -> String {
    form(fields, |field| {
        let list = match field {
            "verbs" => &rule.verbs,
            "apiGroups" => &rule.api_groups,
            "resources" => &rule.resources,
            "resourceNames" => &rule.resource_names,
            _ => &rule.urls,
        };
        list.iter().map(SmolStr::as_str).collect()
    })
}

/// `{verbs ["get"], resources ["pods"]}`: an empty list and an absent one are the same.
fn form<'a>(fields: &[&str], list: impl Fn(&str) -> Vec<&'a str>) -> String {
    let lists = fields.iter().map(|field| (field, list(field)));
    let shown = lists.filter(|(_, l)| !l.is_empty()).map(|(field, l)| format!("{field} {l:?}"));
    format!("{{{}}}", shown.collect::<Vec<_>>().join(", "))
}

fn listed(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Deviations;

    type Replay = fn(&Value, &mut Tally<'_>) -> Result<()>;

    #[track_caller]
    fn check(replay: Replay, line: Value, want: &[bool]) {
        let deviations = Deviations::parse("").expect("an empty table");
        let mut tally = Tally::new(&deviations);
        replay(&line, &mut tally).expect("a line");
        let agreed = want.iter().filter(|agrees| **agrees).count();
        assert_eq!((tally.agreed(), tally.total()), (agreed, want.len()), "{line}");
    }

    fn role(name: &str, verbs: &[&str], label: &str, picks: Option<&str>) -> Value {
        let rule = json!({ "verbs": verbs, "apiGroups": [""], "resources": ["pods"] });
        let mut role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": { "name": name, "labels": { label: "" } },
            "rules": if verbs.is_empty() { json!(null) } else { json!([rule]) },
        });
        if let Some(label) = picks {
            role["aggregationRule"] =
                json!({ "clusterRoleSelectors": [{ "matchLabels": { label: "" } }] });
        }
        role
    }

    #[test]
    fn a_decision_agrees_by_word_and_reason() {
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": { "name": "b" },
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "r",
            },
            "subjects": [
                { "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "jane" },
            ],
        });
        let reason = r#"RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "r" to User "jane""#;
        let attempt = |decision: &str, reason: &str, any_of: &[&str]| {
            json!({
                "user": "jane", "verb": "get", "resource": "pods",
                "decision": decision, "reason": reason, "anyOf": any_of,
            })
        };
        let attempts = [
            attempt("allow", reason, &[]),
            attempt("allow", "another", &["another", reason]),
            attempt("allow", "another", &["another"]),
            attempt("noOpinion", reason, &[]),
        ];
        let objects = [role("r", &["get"], "l", None), binding];
        let line = json!({ "id": "x", "objects": objects, "attempts": attempts });
        check(decide, line, &[true, true, false, false]);
    }

    #[test]
    fn covers_agree_by_the_atoms_in_order_and_by_what_is_said() {
        let rule =
            |verbs: &[&str]| json!({ "verbs": verbs, "apiGroups": [""], "resources": ["pods"] });
        let shown = r#"{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}"#;
        let line = |uncovered: [&str; 2]| {
            json!({
                "id": "x", "user": "jane", "ownerRules": [],
                "servantRules": [rule(&["get", "list"])],
                "covered": false,
                "uncovered": uncovered.map(|verb| rule(&[verb])),
                "compact": [shown],
                "error": format!(
                    "user \"jane\" (groups=[]) is attempting to grant RBAC permissions not \
                     currently held:\n{shown}"
                ),
            })
        };
        check(covers, line(["get", "list"]), &[true]);
        check(covers, line(["list", "get"]), &[false]);
    }

    #[test]
    fn order_counts_among_aggregated_rules_except_round_a_cycle() {
        let rule =
            |verb: &str| json!({ "verbs": [verb], "apiGroups": [""], "resources": ["pods"] });
        let line = |input: &[Value], roles: &[(&str, [&str; 2])], others: &[&str]| {
            let mut rules = serde_json::Map::new();
            for (name, verbs) in roles {
                rules.insert((*name).into(), verbs.iter().map(|verb| rule(verb)).collect());
            }
            for verb in others {
                rules.insert((*verb).into(), json!([rule(verb)]));
            }
            json!({ "id": "x", "input": input, "rules": rules })
        };
        let straight = [
            role("all", &[], "n", Some("l")),
            role("get", &["get"], "l", None),
            role("list", &["list"], "l", None),
        ];
        check(aggregation, line(&straight, &[("all", ["get", "list"])], &["get", "list"]), &[true]);
        check(
            aggregation,
            line(&straight, &[("all", ["list", "get"])], &["get", "list"]),
            &[false],
        );
        let round = [
            role("a", &["get"], "x", Some("y")),
            role("b", &["list"], "y", Some("x")),
            role("watch", &["watch"], "x", None),
        ];
        for verbs in [["list", "watch"], ["watch", "list"]] {
            let line = line(&round, &[("a", verbs), ("b", verbs)], &["watch"]);
            check(aggregation, line, &[true]);
        }
    }
}
