//! VERB RESOURCE [NAME] as people write it, turned into what RBAC is asked.

use portcullis_core::Namespace;
use portcullis_rbac::{Resource, Target};
use portcullis_sectest::resource::{self, Named, ResourceError};
use portcullis_snapshot::CustomResource;

use crate::exit::Failure;

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

/// Finds the target, as kubectl finds it, but without guessing: what several API groups have is
/// refused with the candidates.
pub(crate) fn resolve(words: Words<'_>, custom: &[CustomResource]) -> Result<Asked, Failure> {
    let named =
        resource::resolve(words.resource, custom).map_err(|error| refused(&error, words))?;
    let is_url = matches!(named, Named::Url(_));
    let mut warnings: Vec<String> = unknown_verb(words.verb, is_url).into_iter().collect();
    let (group, plural, subresource, namespaced, defined) = match named {
        Named::Url(_) if !words.name.is_empty() => return Err(Failure::new("a URL has no NAME")),
        Named::Url(url) => {
            return Ok(Asked { target: Target::Url(url), namespaced: false, warnings });
        }
        Named::Resource { group, plural, subresource, namespaced, defined } => {
            (group, plural, subresource, namespaced, defined)
        }
    };
    if !defined {
        warnings.push(format!("nobody here defines API group `{group}`: taken as it is"));
    }
    if !namespaced && words.namespace_said {
        let of_group = match group.as_str() {
            "" => String::new(),
            group => format!(" in group '{group}'"),
        };
        warnings.push(format!("resource '{plural}' is not namespace scoped{of_group}"));
    }
    let mut namespace = words.namespace.filter(|_| namespaced).cloned();
    if plural == "namespaces" && group.is_empty() && !words.name.is_empty() {
        // A request for one namespace is a request in that namespace: so a RoleBinding there counts.
        namespace = Some(Namespace::new(words.name));
    }
    let name = words.name.into();
    let target = Resource { group, resource: plural, subresource, namespace, name };
    Ok(Asked { target: Target::Resource(target), namespaced, warnings })
}

/// The refusal, with the flag that a name in the place of a subresource was probably meant for.
fn refused(error: &ResourceError, words: Words<'_>) -> Failure {
    let failure =
        Failure { message: error.message.clone(), help: error.help.clone().into_iter().collect() };
    match words.resource.split_once('/') {
        Some((resource, name)) if error.is_subresource => {
            failure.help(format!("for the object of that name: `{resource} --name {name}`"))
        }
        _ => failure,
    }
}

fn unknown_verb(verb: &str, is_url: bool) -> Option<String> {
    let meant = resource::meant_verb(verb, is_url, [])?;
    let meant = meant.map(|m| format!("; did you mean `{m}`?")).unwrap_or_default();
    Some(format!("verb '{verb}' is not a known verb{meant}"))
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
                help: one that nothing here defines is written `resource.group`"#]],
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
                help: it has attach, binding, ephemeralcontainers, eviction, exec, log, portforward, proxy, resize, status
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
