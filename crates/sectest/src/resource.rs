//! Resources as people write them: `pods`, `deploy`, `pods/exec`, `deployments.apps`, `/healthz`.

use std::fmt;

use portcullis_core::nearest;
use portcullis_schema::resource;
use portcullis_snapshot::CustomResource;
use smol_str::SmolStr;

/// The verbs of requests for resources, and those that only RBAC knows.
pub const RESOURCE_VERBS: &[&str] = &[
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
    "escalate",
    "impersonate",
    "approve",
    "sign",
    "attest",
    "*",
];

/// The verbs of requests for URLs: HTTP's methods.
pub const URL_VERBS: &[&str] = &["get", "put", "post", "head", "options", "delete", "patch", "*"];

/// Resources that no server serves and only RBAC asks about: whom somebody acts as, whom a
/// certificate is signed by.
const ONLY_RBAC: &[(&str, &str)] = &[
    ("groups", ""),
    ("serviceaccounts", ""),
    ("signers", "certificates.k8s.io"),
    ("uids", "authentication.k8s.io"),
    ("userextras", "authentication.k8s.io"),
    ("users", ""),
];

/// What a word for a resource stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// A path that is no resource.
    Url(SmolStr),
    /// A resource of the API.
    Resource {
        /// The API group; empty for the core group.
        group: SmolStr,
        /// The plural, as rules name it; `*` for all.
        plural: SmolStr,
        /// The subresource; empty for the resource itself.
        subresource: SmolStr,
        /// Whether its objects live in namespaces.
        namespaced: bool,
        /// Whether it is defined: built in, or by a CustomResourceDefinition given. What is
        /// written with a group that nobody defines is taken as it is.
        defined: bool,
    },
}

/// Why a word stands for no resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceError {
    /// What is wrong.
    pub message: String,
    /// The next step.
    pub help: Option<String>,
    /// Whether the resource is there, and only the subresource is not: a name may have been meant.
    pub is_subresource: bool,
}

impl fmt::Display for ResourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ResourceError {}

/// One resource that goes by a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    group: SmolStr,
    plural: SmolStr,
    namespaced: bool,
    /// None if any may be.
    subresources: Option<Vec<SmolStr>>,
}

/// Finds the resource that is meant, without guessing: what several API groups have is refused
/// with the candidates.
///
/// `resource[.group][/subresource]` as kubectl takes it, or `group/resource`. A name may be plural,
/// singular or short, or the kind; letter case does not count.
///
/// # Errors
/// If there is none, or several.
pub fn resolve(text: &str, custom: &[CustomResource]) -> Result<Named, ResourceError> {
    if text.starts_with('/') {
        return Ok(Named::Url(text.into()));
    }
    if text.is_empty() || text.starts_with('.') || text.contains(char::is_whitespace) {
        return Err(error(format!("`{text}` is no resource")));
    }
    if let Some((group, name)) = text.split_once('/')
        && let Some(found) = known(name, custom).into_iter().find(|c| c.group == group)
        && !group.is_empty()
    {
        return Ok(found.named("", true));
    }
    let (asked, subresource) = text.split_once('/').unwrap_or((text, ""));
    if asked == "*" {
        return Ok(any("*", "").named(subresource, true));
    }
    let Some((name, group)) = asked.split_once('.') else {
        let found = only(asked, known(asked, custom), custom)?;
        found.check_subresource(subresource)?;
        return Ok(found.named(subresource, true));
    };
    // `deployments.v1.apps`: kubectl takes the version too, which RBAC does not know.
    let group = match group.split_once('.') {
        Some((version, rest)) if is_version(version) => rest,
        None if is_version(group) => "",
        _ => group,
    };
    if let Some(found) = known(name, custom).into_iter().find(|c| c.group == group) {
        found.check_subresource(subresource)?;
        return Ok(found.named(subresource, true));
    }
    let plurals: Vec<String> =
        all(custom).filter(|c| c.group == group).map(|c| c.plural.to_string()).collect();
    if plurals.is_empty() || name == "*" {
        let defined = !plurals.is_empty();
        return Ok(any(&name.to_lowercase(), group).named(subresource, defined));
    }
    let help = match nearest(name, plurals.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}.{group}`?"),
        None => format!("it has {}", plurals.join(", ")),
    };
    Err(error(format!("API group `{group}` has no resource `{name}`")).help(help))
}

/// The verb that was probably meant, if this one is known neither to the API nor to any rule given.
pub fn meant_verb<'a>(
    verb: &str,
    is_url: bool,
    rules: impl IntoIterator<Item = &'a str>,
) -> Option<Option<&'static str>> {
    let known = if is_url { URL_VERBS } else { RESOURCE_VERBS };
    if known.contains(&verb) || rules.into_iter().any(|v| v == verb) {
        return None;
    }
    Some(nearest(verb, known.iter().copied().filter(|k| *k != "*")))
}

// === impl Candidate ===

impl Candidate {
    fn named(self, subresource: &str, defined: bool) -> Named {
        Named::Resource {
            group: self.group,
            plural: self.plural,
            subresource: subresource.into(),
            namespaced: self.namespaced,
            defined,
        }
    }

    fn check_subresource(&self, asked: &str) -> Result<(), ResourceError> {
        let Some(has) = self.subresources.as_ref().filter(|_| !asked.is_empty()) else {
            return Ok(());
        };
        if asked == "*" || has.iter().any(|s| s == asked) {
            return Ok(());
        }
        let failure = ResourceError {
            is_subresource: true,
            ..error(format!("`{}` has no subresource `{asked}`", self.plural))
        };
        Err(match nearest(asked, has.iter().map(SmolStr::as_str)) {
            Some(meant) => failure.help(format!("did you mean `{}/{meant}`?", self.plural)),
            None if has.is_empty() => failure.help("it has none".into()),
            None => failure.help(format!("it has {}", has.join(", "))),
        })
    }

    /// `deployments.apps`; of the core group `pods.v1`, where that has to be told apart.
    fn full(&self) -> String {
        format!("{}.{}", self.plural, if self.group.is_empty() { "v1" } else { &self.group })
    }
}

// === impl ResourceError ===

impl ResourceError {
    fn help(self, help: String) -> Self {
        Self { help: Some(help), ..self }
    }
}

fn error(message: String) -> ResourceError {
    ResourceError { message, help: None, is_subresource: false }
}

fn any(plural: &str, group: &str) -> Candidate {
    Candidate { group: group.into(), plural: plural.into(), namespaced: true, subresources: None }
}

fn only(
    asked: &str,
    mut found: Vec<Candidate>,
    custom: &[CustomResource],
) -> Result<Candidate, ResourceError> {
    if found.len() > 1 {
        let full: Vec<String> = found.iter().map(Candidate::full).collect();
        return Err(error(format!("`{asked}` is ambiguous: several API groups have it"))
            .help(format!("say which: {}", full.join(", "))));
    }
    if let Some(found) = found.pop() {
        return Ok(found);
    }
    let failure = error(format!("there is no resource `{asked}`"));
    let plurals: Vec<SmolStr> = all(custom).map(|c| c.plural).collect();
    Err(match nearest(asked, plurals.iter().map(SmolStr::as_str)) {
        Some(meant) => failure.help(format!("did you mean `{meant}`?")),
        None => failure.help("one that nothing here defines is written `resource.group`".into()),
    })
}

/// Everything that goes by a name, each once.
fn known(name: &str, custom: &[CustomResource]) -> Vec<Candidate> {
    let lower = name.to_lowercase();
    let defined = custom.iter().filter(|c| {
        c.plural == lower
            || c.singular == lower
            || c.kind.to_lowercase() == lower
            || c.short.iter().any(|s| *s == lower)
    });
    let only_rbac = ONLY_RBAC.iter().filter(|(plural, _)| *plural == lower);
    let mut found: Vec<Candidate> = resource::named(&lower)
        .map(built_in)
        .chain(defined.map(of_definition))
        .chain(
            only_rbac.map(|(plural, group)| Candidate { namespaced: false, ..any(plural, group) }),
        )
        .collect();
    // Stable: of what is both served and known to RBAC, the served one stands first.
    found.sort_by(|a, b| (&a.group, &a.plural).cmp(&(&b.group, &b.plural)));
    found.dedup_by(|b, a| (&a.group, &a.plural) == (&b.group, &b.plural));
    found
}

fn all(custom: &[CustomResource]) -> impl Iterator<Item = Candidate> {
    resource::resources().map(built_in).chain(custom.iter().map(of_definition))
}

fn built_in(resource: &portcullis_schema::Resource) -> Candidate {
    Candidate {
        group: resource.group.into(),
        plural: resource.plural.into(),
        namespaced: resource.namespaced,
        subresources: Some(resource.subresources.iter().map(|s| s.name.into()).collect()),
    }
}

fn of_definition(resource: &CustomResource) -> Candidate {
    Candidate {
        group: resource.group.clone(),
        plural: resource.plural.clone(),
        namespaced: resource.namespaced,
        subresources: Some(vec!["status".into(), "scale".into()]),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn custom() -> CustomResource {
        CustomResource {
            group: "example.org".into(),
            plural: "gates".into(),
            singular: "gate".into(),
            kind: "Gate".into(),
            short: vec!["gt".into()],
            namespaced: false,
        }
    }

    #[track_caller]
    fn check(text: &str, want: &str) {
        let got = match resolve(text, &[custom()]) {
            Ok(Named::Url(url)) => format!("url {url}"),
            Ok(Named::Resource { group, plural, subresource, namespaced, defined }) => {
                let scope = if namespaced { "namespaced" } else { "cluster" };
                let foreign = if defined { "" } else { " foreign" };
                format!("{plural}.{group} [{subresource}] {scope}{foreign}")
            }
            Err(error) => format!("{error}; {}", error.help.as_deref().unwrap_or("")),
        };
        assert_eq!(got, want);
    }

    #[test]
    fn every_form_is_read() {
        check("pods", "pods. [] namespaced");
        check("po", "pods. [] namespaced");
        check("Deployment", "deployments.apps [] namespaced");
        check("pods/exec", "pods. [exec] namespaced");
        check("deployments.apps/scale", "deployments.apps [scale] namespaced");
        check("deployments.v1.apps", "deployments.apps [] namespaced");
        check("pods.v1", "pods. [] namespaced");
        check(
            "projectcalico.org/globalnetworkpolicies",
            "globalnetworkpolicies.projectcalico.org [] cluster",
        );
        check("networking.k8s.io/netpol", "networkpolicies.networking.k8s.io [] namespaced");
        check("gt/status", "gates.example.org [status] cluster");
        check("users", "users. [] cluster");
        check("serviceaccounts", "serviceaccounts. [] namespaced");
        check("*", "*. [] namespaced");
        check("*.apps", "*.apps [] namespaced");
        check("things.nobody.example", "things.nobody.example [] namespaced foreign");
        check("/healthz", "url /healthz");
    }

    #[test]
    fn what_is_wrong_is_said() {
        check("", "`` is no resource; ");
        check("podz", "there is no resource `podz`; did you mean `pods`?");
        check(
            "xxxxxxxx",
            "there is no resource `xxxxxxxx`; one that nothing here defines is written `resource.group`",
        );
        check("pods/exek", "`pods` has no subresource `exek`; did you mean `pods/exec`?");
        check(
            "gnp",
            "`gnp` is ambiguous: several API groups have it; say which: \
             globalnetworkpolicies.crd.projectcalico.org, globalnetworkpolicies.projectcalico.org",
        );
        check(
            "deploymentz.apps",
            "API group `apps` has no resource `deploymentz`; did you mean `deployments.apps`?",
        );
        check(
            "gatez.example.org",
            "API group `example.org` has no resource `gatez`; did you mean `gates.example.org`?",
        );
    }

    #[test]
    fn a_verb_is_known_to_the_api_or_to_a_rule() {
        assert_eq!(meant_verb("get", false, []), None);
        assert_eq!(meant_verb("gett", false, []), Some(Some("get")));
        assert_eq!(meant_verb("frobnicate", false, []), Some(None));
        assert_eq!(meant_verb("frobnicate", false, ["frobnicate"]), None);
        assert_eq!(meant_verb("list", true, []), Some(None));
    }
}
