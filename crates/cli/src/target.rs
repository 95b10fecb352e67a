//! VERB RESOURCE [NAME] as people write it, turned into what RBAC is asked.

use portcullis_core::{Namespace, nearest};
use portcullis_rbac::{Resource, Target};
use portcullis_schema::resource;
use portcullis_snapshot::CustomResource;
use smol_str::SmolStr;

use crate::exit::Failure;

/// The verbs of requests for resources, and those that only RBAC knows; as kubectl lists them.
const RESOURCE_VERBS: &[&str] = &[
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "use",
    "bind",
    "impersonate",
    "*",
    "approve",
    "sign",
    "escalate",
    "attest",
];
/// The verbs of requests for URLs: HTTP's methods.
const URL_VERBS: &[&str] = &["get", "put", "post", "head", "options", "delete", "patch", "*"];

/// Resources that only RBAC knows: what is impersonated, and whom certificates are signed by.
const VIRTUAL: &[(&str, &str)] = &[
    ("groups", ""),
    ("signers", "certificates.k8s.io"),
    ("uids", "authentication.k8s.io"),
    ("userextras", "authentication.k8s.io"),
    ("users", ""),
];

/// The words of a question.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words<'a> {
    pub verb: &'a str,
    pub resource: &'a str,
    /// The name of one object; empty if none was said.
    pub name: &'a str,
    /// Where; none for all namespaces at once.
    pub namespace: Option<&'a Namespace>,
    /// Whether the user said the namespace, rather than leaving it to the default.
    pub namespace_said: bool,
}

/// What is asked, and what is odd about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub target: Target,
    /// Whether it is asked in a namespace.
    pub namespaced: bool,
    pub warnings: Vec<String>,
}

/// A resource that goes by the name asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    group: SmolStr,
    plural: SmolStr,
    namespaced: bool,
    /// Those that it has; none if any may be.
    subresources: Option<Vec<SmolStr>>,
}

/// Finds the target, as kubectl finds it, but without guessing: what several API groups have is
/// refused with the candidates.
pub(crate) fn resolve(words: Words<'_>, custom: &[CustomResource]) -> Result<Asked, Failure> {
    if words.resource.starts_with('/') {
        if !words.name.is_empty() {
            return Err(Failure::new("a URL has no NAME"));
        }
        let warnings = unknown_verb(words.verb, URL_VERBS).into_iter().collect();
        let target = Target::Url(words.resource.into());
        return Ok(Asked { target, namespaced: false, warnings });
    }
    let (resource, subresource) = words.resource.split_once('/').unwrap_or((words.resource, ""));
    let mut warnings: Vec<String> = unknown_verb(words.verb, RESOURCE_VERBS).into_iter().collect();
    let found = match candidate(resource, custom)? {
        Found::Known(found) => found,
        Found::Foreign(found) => {
            let group = &found.group;
            warnings.push(format!("nobody here defines API group `{group}`: taken as it is"));
            found
        }
    };
    check_subresource(&found, subresource, resource)?;
    if !found.namespaced && words.namespace_said {
        let of_group = match found.group.as_str() {
            "" => String::new(),
            group => format!(" in group '{group}'"),
        };
        warnings.push(format!("resource '{}' is not namespace scoped{of_group}", found.plural));
    }
    let mut namespace = words.namespace.filter(|_| found.namespaced).cloned();
    if found.plural == "namespaces" && found.group.is_empty() && !words.name.is_empty() {
        // A request for one namespace is a request in that namespace: so a RoleBinding there counts.
        namespace = Some(Namespace::new(words.name));
    }
    Ok(Asked {
        target: Target::Resource(Resource {
            group: found.group,
            resource: found.plural,
            subresource: subresource.into(),
            namespace,
            name: words.name.into(),
        }),
        namespaced: found.namespaced,
        warnings,
    })
}

fn unknown_verb(verb: &str, known: &[&str]) -> Option<String> {
    if known.contains(&verb) {
        return None;
    }
    let meant = nearest(verb, known.iter().copied().filter(|k| *k != "*"));
    let meant = meant.map(|m| format!("; did you mean `{m}`?")).unwrap_or_default();
    Some(format!("verb '{verb}' is not a known verb{meant}"))
}

enum Found {
    Known(Candidate),
    /// Fully written, in a group that nobody here defines.
    Foreign(Candidate),
}

fn candidate(asked: &str, custom: &[CustomResource]) -> Result<Found, Failure> {
    let any = |plural: &str, group: &str, namespaced| Candidate {
        group: group.into(),
        plural: plural.into(),
        namespaced,
        subresources: None,
    };
    if asked == "*" {
        return Ok(Found::Known(any("*", "", true)));
    }
    let (name, group) = match asked.split_once('.') {
        Some((name, group)) => (name, Some(group)),
        None => (asked, None),
    };
    if name.is_empty() || asked.contains(char::is_whitespace) {
        return Err(Failure::new(format!("`{asked}` is no resource")));
    }
    let named = named(name, custom);
    let Some(group) = group else {
        return only(asked, named, custom);
    };
    // `deployments.v1.apps`: kubectl takes the version too, which RBAC does not know.
    let group = match group.split_once('.') {
        Some((version, rest)) if is_version(version) => rest,
        None if is_version(group) => "",
        _ => group,
    };
    if let Some(found) = named.into_iter().find(|c| c.group == group) {
        return Ok(Found::Known(found));
    }
    if name == "*" {
        return Ok(Found::Known(any("*", group, true)));
    }
    let of_group = plurals(custom).filter(|(_, g)| *g == group).map(|(plural, _)| plural);
    let of_group: Vec<String> = of_group.collect();
    if of_group.is_empty() {
        return Ok(Found::Foreign(any(&name.to_lowercase(), group, true)));
    }
    let failure = Failure::new(format!("API group `{group}` has no resource `{name}`"));
    Err(match nearest(name, of_group.iter().map(String::as_str)) {
        Some(meant) => failure.help(format!("did you mean `{meant}.{group}`?")),
        None => failure.help(format!("it has {}", of_group.join(", "))),
    })
}

/// The one candidate, if it is one.
fn only(
    asked: &str,
    mut named: Vec<Candidate>,
    custom: &[CustomResource],
) -> Result<Found, Failure> {
    if named.len() > 1 {
        let full: Vec<String> = named.iter().map(|c| full(&c.plural, &c.group)).collect();
        return Err(Failure::new(format!("`{asked}` is ambiguous: several API groups have it"))
            .help(format!("say which: {}", full.join(", "))));
    }
    if let Some(found) = named.pop() {
        return Ok(Found::Known(found));
    }
    let failure = Failure::new(format!("there is no resource `{asked}`"));
    let all: Vec<String> = plurals(custom).map(|(plural, _)| plural).collect();
    Err(match nearest(asked, all.iter().map(String::as_str)) {
        Some(meant) => failure.help(format!("did you mean `{meant}`?")),
        None => failure.help("one that nobody here defines is written in full: `resource.group`"),
    })
}

/// `deployments.apps`; the core group has no name, so its version stands for it, as in kubectl.
fn full(plural: &str, group: &str) -> String {
    format!("{plural}.{}", if group.is_empty() { "v1" } else { group })
}

/// `v1`, `v2beta1`.
fn is_version(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('v') else { return false };
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    ["alpha", "beta"]
        .iter()
        .find_map(|stage| rest.split_once(stage))
        .map_or_else(|| digits(rest), |(major, minor)| digits(major) && digits(minor))
}

/// Everything that goes by a name: plural, singular, kind or short name.
fn named(name: &str, custom: &[CustomResource]) -> Vec<Candidate> {
    let lower = name.to_lowercase();
    let built_in = resource::named(&lower).map(|r| Candidate {
        group: r.group.into(),
        plural: r.plural.into(),
        namespaced: r.namespaced,
        subresources: Some(r.subresources.iter().map(|s| s.name.into()).collect()),
    });
    let defined = custom.iter().filter(|c| {
        c.plural == lower
            || c.singular == lower
            || c.kind.to_lowercase() == lower
            || c.short.iter().any(|s| *s == lower)
    });
    let defined = defined.map(|c| Candidate {
        group: c.group.clone(),
        plural: c.plural.clone(),
        namespaced: c.namespaced,
        subresources: Some(vec!["status".into(), "scale".into()]),
    });
    let only_rbac = VIRTUAL.iter().filter(|(plural, _)| *plural == lower);
    let only_rbac = only_rbac.map(|(plural, group)| Candidate {
        group: (*group).into(),
        plural: (*plural).into(),
        namespaced: false,
        subresources: None,
    });
    let mut all: Vec<Candidate> = built_in.chain(defined).chain(only_rbac).collect();
    all.sort();
    all.dedup_by(|b, a| (&a.group, &a.plural) == (&b.group, &b.plural));
    all
}

/// Every plural and its group.
fn plurals(custom: &[CustomResource]) -> impl Iterator<Item = (String, String)> {
    resource::resources()
        .map(|r| (r.plural.to_owned(), r.group.to_owned()))
        .chain(custom.iter().map(|c| (c.plural.to_string(), c.group.to_string())))
}

fn check_subresource(found: &Candidate, subresource: &str, asked: &str) -> Result<(), Failure> {
    let Some(known) = &found.subresources else { return Ok(()) };
    if subresource.is_empty() || subresource == "*" || known.iter().any(|k| k == subresource) {
        return Ok(());
    }
    let failure = Failure::new(format!("`{}` has no subresource `{subresource}`", found.plural));
    let failure = match nearest(subresource, known.iter().map(SmolStr::as_str)) {
        Some(meant) => failure.help(format!("did you mean `{asked}/{meant}`?")),
        None => failure,
    };
    Err(failure.help(format!("for the object of that name: `{asked} --name {subresource}`")))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// `VERB RESOURCE [NAME]` in namespace `shop`, where a custom resource is defined.
    #[track_caller]
    fn check(asked: &str, want: Expect) {
        let mut words = asked.split(' ');
        let namespace = Namespace::new("shop");
        let words = Words {
            verb: words.next().unwrap_or(""),
            resource: words.next().unwrap_or(""),
            name: words.next().unwrap_or(""),
            namespace: Some(&namespace),
            namespace_said: true,
        };
        let custom = [CustomResource {
            group: "acme.example".into(),
            plural: "widgets".into(),
            singular: "widget".into(),
            kind: "Widget".into(),
            short: vec!["wd".into()],
            namespaced: false,
        }];
        let text = match resolve(words, &custom) {
            Ok(asked) => {
                let warnings = asked.warnings.iter().map(|w| format!("\nwarning: {w}"));
                let target = match asked.target {
                    Target::Url(url) => format!("url {url}"),
                    Target::Resource(r) => format!(
                        "{} in group `{}`, subresource `{}`, namespace {}, name `{}`",
                        r.resource,
                        r.group,
                        r.subresource,
                        r.namespace.map_or("none".to_owned(), |n| n.to_string()),
                        r.name,
                    ),
                };
                target + &warnings.collect::<String>()
            }
            Err(failure) => {
                let help = failure.help.iter().map(|h| format!("\nhelp: {h}"));
                format!("error: {failure}{}", help.collect::<String>())
            }
        };
        want.assert_eq(&text);
    }

    #[test]
    fn resources_go_by_every_name_kubectl_takes() {
        check("get pods", expect!["pods in group ``, subresource ``, namespace shop, name ``"]);
        check(
            "get po web",
            expect!["pods in group ``, subresource ``, namespace shop, name `web`"],
        );
        check(
            "get Deployment",
            expect!["deployments in group `apps`, subresource ``, namespace shop, name ``"],
        );
        check(
            "get deployments.v1.apps",
            expect!["deployments in group `apps`, subresource ``, namespace shop, name ``"],
        );
        check("get pods.v1", expect!["pods in group ``, subresource ``, namespace shop, name ``"]);
        check(
            "get wd",
            expect![[r#"
            widgets in group `acme.example`, subresource ``, namespace none, name ``
            warning: resource 'widgets' is not namespace scoped in group 'acme.example'"#]],
        );
        check(
            "get widgets/status",
            expect![[r#"
            widgets in group `acme.example`, subresource `status`, namespace none, name ``
            warning: resource 'widgets' is not namespace scoped in group 'acme.example'"#]],
        );
        check(
            "create pods/exec",
            expect!["pods in group ``, subresource `exec`, namespace shop, name ``"],
        );
        check(
            "impersonate users jane",
            expect![[r#"
            users in group ``, subresource ``, namespace none, name `jane`
            warning: resource 'users' is not namespace scoped"#]],
        );
        check("* *", expect!["* in group ``, subresource ``, namespace shop, name ``"]);
        check("get *.apps", expect!["* in group `apps`, subresource ``, namespace shop, name ``"]);
    }

    #[test]
    fn a_namespace_is_in_itself() {
        check(
            "get ns kube-system",
            expect![[r#"
            namespaces in group ``, subresource ``, namespace kube-system, name `kube-system`
            warning: resource 'namespaces' is not namespace scoped"#]],
        );
        check(
            "list ns",
            expect![[r#"
            namespaces in group ``, subresource ``, namespace none, name ``
            warning: resource 'namespaces' is not namespace scoped"#]],
        );
    }

    #[test]
    fn urls() {
        check("get /metrics", expect!["url /metrics"]);
        check(
            "list /metrics",
            expect![[r#"
            url /metrics
            warning: verb 'list' is not a known verb"#]],
        );
        check("get /metrics x", expect!["error: a URL has no NAME"]);
    }

    #[test]
    fn what_is_odd_is_said() {
        check(
            "gte pods",
            expect![[r#"
            pods in group ``, subresource ``, namespace shop, name ``
            warning: verb 'gte' is not a known verb; did you mean `get`?"#]],
        );
        check(
            "get things.example.com",
            expect![[r#"
            things in group `example.com`, subresource ``, namespace shop, name ``
            warning: nobody here defines API group `example.com`: taken as it is"#]],
        );
    }

    #[test]
    fn what_is_wrong_is_refused_with_what_was_meant() {
        check(
            "get globalnetworkpolicies",
            expect![[r#"
            error: `globalnetworkpolicies` is ambiguous: several API groups have it
            help: say which: globalnetworkpolicies.crd.projectcalico.org, globalnetworkpolicies.projectcalico.org"#]],
        );
        check(
            "get networkpolicies",
            expect![[r#"
            error: `networkpolicies` is ambiguous: several API groups have it
            help: say which: networkpolicies.crd.projectcalico.org, networkpolicies.networking.k8s.io, networkpolicies.projectcalico.org"#]],
        );
        check(
            "get events",
            expect![[r#"
            error: `events` is ambiguous: several API groups have it
            help: say which: events.v1, events.events.k8s.io"#]],
        );
        check(
            "get deploymets",
            expect![[r#"
            error: there is no resource `deploymets`
            help: did you mean `deployments`?"#]],
        );
        check(
            "get xyzzyxyzzy",
            expect![[r#"
                error: there is no resource `xyzzyxyzzy`
                help: one that nobody here defines is written in full: `resource.group`"#]],
        );
        check(
            "get deploymets.apps",
            expect![[r#"
            error: API group `apps` has no resource `deploymets`
            help: did you mean `deployments.apps`?"#]],
        );
        check(
            "get pods/web-1",
            expect![[r#"
            error: `pods` has no subresource `web-1`
            help: for the object of that name: `pods --name web-1`"#]],
        );
        check(
            "get pods/exce",
            expect![[r#"
            error: `pods` has no subresource `exce`
            help: did you mean `pods/exec`?
            help: for the object of that name: `pods --name exce`"#]],
        );
        check("get .apps", expect!["error: `.apps` is no resource"]);
    }
}
