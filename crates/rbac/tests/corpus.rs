//! The recorded answers of Kubernetes' own code, asked of the engine.
//!
//! The corpora are looked for in `$PORTCULLIS_CORPORA`, else beside the checkout; where they are
//! absent this says so and checks nothing.

use std::path::PathBuf;
use std::sync::Arc;

use portcullis_core::{DocumentId, FieldPath, Labels, Namespace, Origin, Selector, Verdict};
use portcullis_rbac::{
    Attempt, Binding, Party, Refusal, Requester, Resource, Role, RoleKind, RoleRef, Rule, Rules,
    Subject, Target, aggregate, bootstrap, covers, decide, explain, may_write_binding,
    may_write_role, rules_for, words,
};
use serde_json::Value;
use smol_str::SmolStr;

// === From JSON ===

fn origin() -> Origin {
    Origin { document: DocumentId(0), object: None, path: FieldPath::root() }
}

fn text(value: &Value) -> SmolStr {
    value.as_str().unwrap_or_default().into()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn texts(value: &Value) -> Vec<SmolStr> {
    items(value).iter().map(text).collect()
}

fn namespace(value: &Value) -> Option<Namespace> {
    Some(text(value)).filter(|name| !name.is_empty()).map(Namespace::new)
}

fn rule(value: &Value) -> Rule {
    Rule {
        verbs: texts(&value["verbs"]),
        api_groups: texts(&value["apiGroups"]),
        resources: texts(&value["resources"]),
        resource_names: texts(&value["resourceNames"]),
        urls: texts(&value["nonResourceURLs"]),
        origin: origin(),
    }
}

fn rule_list(value: &Value) -> Vec<Rule> {
    items(value).iter().map(rule).collect()
}

fn role(object: &Value) -> Role {
    let meta = &object["metadata"];
    let labels = meta["labels"].as_object().into_iter().flatten();
    let selectors = object["aggregationRule"].as_object();
    Role {
        namespace: namespace(&meta["namespace"]),
        name: text(&meta["name"]),
        labels: labels.map(|(key, value)| (key.as_str(), text(value))).collect::<Labels>(),
        rules: rule_list(&object["rules"]).into_iter().map(Arc::new).collect(),
        aggregation: selectors
            .map(|rule| rule.get("clusterRoleSelectors").map_or(&[][..], items))
            .map(|selectors| selectors.iter().map(selector).collect()),
        origin: origin(),
    }
}

fn selector(value: &Value) -> Selector {
    let labels = value["matchLabels"].as_object().into_iter().flatten();
    let labels = labels.map(|(key, value)| Selector::Equals(key.into(), text(value)));
    let expressions = items(&value["matchExpressions"]).iter().map(|e| {
        let (key, mut values) = (text(&e["key"]), texts(&e["values"]));
        values.sort();
        match e["operator"].as_str() {
            Some("In") => Selector::In(key, values),
            Some("NotIn") => Selector::NotIn(key, values),
            Some("Exists") => Selector::Has(key),
            Some("DoesNotExist") => Selector::Not(Box::new(Selector::Has(key))),
            other => panic!("operator {other:?}"),
        }
    });
    labels.chain(expressions).fold(Selector::All, Selector::and)
}

fn subject(value: &Value) -> Subject {
    let name = text(&value["name"]);
    let who = match value["kind"].as_str() {
        Some("User") => Party::User(name),
        Some("Group") => Party::Group(name),
        Some("ServiceAccount") => {
            Party::ServiceAccount { namespace: namespace(&value["namespace"]), name }
        }
        _ => Party::Other { kind: text(&value["kind"]), name },
    };
    Subject { who, origin: origin() }
}

fn binding(object: &Value) -> Binding {
    let kind = match object["roleRef"]["kind"].as_str() {
        Some("Role") => RoleKind::Role,
        Some("ClusterRole") => RoleKind::ClusterRole,
        _ => RoleKind::Other(text(&object["roleRef"]["kind"])),
    };
    Binding {
        namespace: namespace(&object["metadata"]["namespace"]),
        name: text(&object["metadata"]["name"]),
        role: RoleRef { kind, name: text(&object["roleRef"]["name"]), origin: origin() },
        subjects: items(&object["subjects"]).iter().map(subject).collect(),
        origin: origin(),
    }
}

fn rules(objects: &Value) -> Rules {
    let (bindings, roles): (Vec<&Value>, Vec<&Value>) = items(objects)
        .iter()
        .partition(|object| object["kind"].as_str().is_some_and(|kind| kind.ends_with("Binding")));
    Rules::new(roles.into_iter().map(role), bindings.into_iter().map(binding))
}

fn requester(value: &Value) -> Requester {
    Requester { user: text(&value["user"]), groups: texts(&value["groups"]) }
}

fn attempt(value: &Value) -> Attempt {
    let target = if value["nonResource"] == true {
        Target::Url(text(&value["path"]))
    } else {
        Target::Resource(Resource {
            group: text(&value["apiGroup"]),
            resource: text(&value["resource"]),
            subresource: text(&value["subresource"]),
            namespace: namespace(&value["namespace"]),
            name: text(&value["name"]),
        })
    };
    Attempt { requester: requester(value), verb: text(&value["verb"]), target }
}

// === The runs ===

fn read(file: &str) -> Option<String> {
    let folder = std::env::var_os("PORTCULLIS_CORPORA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora")),
        PathBuf::from,
    );
    let path = folder.join(file);
    let read = std::fs::read_to_string(&path);
    if let Err(error) = &read {
        eprintln!("NOT RUN: {}: {error}", path.display());
    }
    read.ok()
}

/// Runs `answer` over the lines of a corpus. It gives, for each case of a line, what differs.
#[track_caller]
fn run(name: &str, answer: impl Fn(&Value) -> Vec<Result<(), String>>) {
    let Some(lines) = read(&format!("{name}.jsonl")) else { return };
    let (mut total, mut differences) = (0, Vec::new());
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        for (i, result) in answer(&line).into_iter().enumerate() {
            total += 1;
            differences.extend(result.err().map(|text| format!("{} [{i}]: {text}", line["id"])));
        }
    }
    println!("{name}: {} of {total}", total - differences.len());
    assert!(total > 0, "{name} is empty");
    let shown: Vec<&String> = differences.iter().take(5).collect();
    assert!(differences.is_empty(), "{} differences, the first: {shown:#?}", differences.len());
}

fn same<T: PartialEq + std::fmt::Debug>(ours: T, recorded: T) -> Result<(), String> {
    if ours == recorded { Ok(()) } else { Err(format!("ours {ours:?}, recorded {recorded:?}")) }
}

#[test]
fn decisions_and_their_reasons() {
    run("rbac/decide", |line| {
        let rules = rules(&line["objects"]);
        let answer = |case: &Value| {
            let attempt = attempt(case);
            let explained = explain(&rules, &attempt);
            let ruling = decide(&rules, &attempt);
            same(ruling.verdict, explained.verdict)?;
            let allowed = ruling.by.and_then(|by| rules.grant(by)).map(|g| words::allowed(&g));
            let reason = words::reason(&explained);
            same(allowed.as_deref().unwrap_or(&reason), &reason)?;
            same(explained.verdict == Verdict::Allow, case["decision"] == "allow")?;
            if items(&case["anyOf"]).iter().any(|any| *any == reason) {
                return Ok(());
            }
            same(reason.as_str(), case["reason"].as_str().unwrap_or_default())
        };
        items(&line["attempts"]).iter().map(answer).collect()
    });
}

#[test]
fn covers_and_the_error_it_leads_to() {
    run("rbac/covers", |line| {
        let owned = rule_list(&line["ownerRules"]);
        let got = covers(&owned, &rule_list(&line["servantRules"]));
        let answer = || {
            same(Some(got.covered()), line["covered"].as_bool())?;
            same(&got.uncovered, &rule_list(&line["uncovered"]))?;
            same(words::uncovered(&got.uncovered), lines(&line["compact"]))?;
            if got.covered() {
                return Ok(());
            }
            let error = words::escalation(&requester(line), &got.uncovered, None);
            same(error.as_str(), line["error"].as_str().unwrap_or_default())
        };
        vec![answer()]
    });
}

fn lines(value: &Value) -> Vec<String> {
    texts(value).into_iter().map(String::from).collect()
}

#[test]
fn writing_roles_and_bindings() {
    run("rbac/escalation", |line| vec![same(refusal(line).as_deref(), line["message"].as_str())]);
}

/// What the API server says to a write that is refused.
fn refusal(line: &Value) -> Option<String> {
    let (rules, requester) = (rules(&line["objects"]), requester(line));
    let (before, after) = (&line["oldObject"], &line["object"]);
    let kind = after["kind"].as_str()?;
    let refusal = if !before.is_null() && of_weight(before) == of_weight(after) {
        None
    } else if kind.ends_with("Binding") {
        may_write_binding(&rules, &requester, &binding(after)).err()
    } else {
        let before = Some(before).filter(|before| !before.is_null()).map(role);
        may_write_role(&rules, &requester, before.as_ref(), &role(after)).err()
    }?;
    if let Refusal::NoSuchRole(_) = refusal {
        return Some(refusal.to_string());
    }
    let (resource, name) = (kind.to_lowercase(), &after["metadata"]["name"]);
    Some(format!("{resource}s.rbac.authorization.k8s.io {name} is forbidden: {refusal}"))
}

/// An object without the fields that anybody may change.
fn of_weight(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(meta) = object["metadata"].as_object_mut() {
        meta.retain(|key, _| {
            !["ownerReferences", "finalizers", "managedFields"].contains(&key.as_str())
        });
    }
    object
}

#[test]
fn the_rules_that_count_in_a_namespace() {
    run("rbac/rules", |line| {
        let rules = rules(&line["objects"]);
        let answer = |query: &Value| {
            let namespace = namespace(&query["namespace"]);
            let review = rules_for(&rules, &requester(query), namespace.as_ref());
            // The lists of a review carry only the fields that belong to their kind of rule.
            let resource = |r: &Arc<Rule>| Rule { urls: Vec::new(), ..Rule::clone(r) };
            let url = |r: &Arc<Rule>| Rule {
                urls: r.urls.clone(),
                verbs: r.verbs.clone(),
                ..rule(&Value::Null)
            };
            same(
                review.resource_rules.iter().map(resource).collect(),
                rule_list(&query["resourceRules"]),
            )?;
            same(
                review.url_rules.iter().map(url).collect(),
                rule_list(&query["nonResourceRules"]),
            )?;
            same(review.error.as_deref(), query["evaluationError"].as_str())
        };
        items(&line["queries"]).iter().map(answer).collect()
    });
}

#[test]
fn aggregated_roles() {
    run("rbac/aggregation", |line| {
        let mut given: Vec<Role> = items(&line["input"]).iter().map(role).collect();
        let cyclic = (0..given.len()).any(|at| meets_a_cycle(&given, at));
        // Round a cycle the outcome depends on where the controller's queue began.
        let outcomes = (0..if cyclic { given.len() } else { 1 }).map(|_| {
            let mut roles = given.clone();
            given.rotate_left(1);
            aggregate(&mut roles);
            roles.iter().try_for_each(|role| same_rules(role, line, cyclic))
        });
        vec![outcomes.reduce(Result::or).expect("an outcome")]
    });
}

/// Whether a role has the recorded rules, in the recorded order unless that is the queue's.
fn same_rules(role: &Role, line: &Value, cyclic: bool) -> Result<(), String> {
    let mut ours: Vec<String> = role.rules.iter().map(|rule| words::rule(rule)).collect();
    let recorded = rule_list(&line["rules"][role.name.as_str()]);
    let mut recorded: Vec<String> = recorded.iter().map(words::rule).collect();
    if cyclic {
        ours.sort();
        recorded.sort();
    }
    same(ours, recorded)
}

#[test]
fn what_an_api_server_creates_by_itself() {
    let (roles, bindings) = bootstrap();
    let recorded = |kind: &str| -> Option<Vec<Value>> {
        let text = read(&format!("kubernetes/{kind}-1.35.4.json"))?;
        let list: Value = serde_json::from_str(&text).expect("JSON");
        Some(items(&list["items"]).to_vec())
    };
    let said = |role: Role| (role.namespace, role.name, role.labels, role.rules, role.aggregation);
    let both = |kinds: [&str; 2]| Some([recorded(kinds[0])?, recorded(kinds[1])?].concat());
    let (Some(theirs), Some(bound)) =
        (both(["clusterroles", "roles"]), both(["clusterrolebindings", "rolebindings"]))
    else {
        return;
    };
    let ours: Vec<_> = roles.into_iter().map(said).collect();
    assert_eq!(ours, theirs.iter().map(role).map(said).collect::<Vec<_>>());
    let said = |binding: Binding| {
        let who: Vec<Party> = binding.subjects.into_iter().map(|subject| subject.who).collect();
        (binding.namespace, binding.name, binding.role.kind, binding.role.name, who)
    };
    let ours: Vec<_> = bindings.into_iter().map(said).collect();
    assert_eq!(ours, bound.iter().map(binding).map(said).collect::<Vec<_>>());
}

/// Whether the way back along aggregations from a role comes to some role twice.
fn meets_a_cycle(roles: &[Role], from: usize) -> bool {
    let sources = |at: usize| {
        let selectors = roles[at].aggregation.iter().flatten();
        let picked = move |selector: &Selector| -> Vec<usize> {
            (0..roles.len()).filter(|i| *i != at && selector.matches(&roles[*i].labels)).collect()
        };
        selectors.flat_map(picked)
    };
    fn walk(at: usize, way: &mut Vec<usize>, sources: &dyn Fn(usize) -> Vec<usize>) -> bool {
        if way.contains(&at) {
            return true;
        }
        way.push(at);
        let found = sources(at).into_iter().any(|next| walk(next, way, sources));
        way.pop();
        found
    }
    walk(from, &mut Vec::new(), &|at| sources(at).collect())
}
