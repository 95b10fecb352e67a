//! What a deed means in one snapshot: attempts, and who may be meant.

use std::collections::BTreeSet;

use portcullis_core::{Namespace, nearest};
use portcullis_rbac::{Party, Requester, Resource, Respect, Rule, Target};
use smol_str::{SmolStr, format_smolstr};

use super::{Court, Stop};
use crate::claim::{Deed, Scope, Subject};
use crate::resource::{self, Named, ResourceError};

const ACCOUNT_PREFIX: &str = "system:serviceaccount:";
const ANONYMOUS: &str = "system:anonymous";
const AUTHENTICATED: &str = "system:authenticated";
const UNAUTHENTICATED: &str = "system:unauthenticated";

/// The groups that somebody is in on every cluster, whether or not a binding names them.
const BUILT_IN_GROUPS: [&str; 5] =
    [AUTHENTICATED, UNAUTHENTICATED, "system:masters", "system:nodes", "system:serviceaccounts"];

/// The resource of a deed, and where it is done.
pub(super) struct Meant {
    /// Without a namespace, and with the object's name if one was said.
    pub(super) target: Target,
    /// Where; `None` is across all namespaces, or in none.
    pub(super) places: Vec<Option<Namespace>>,
}

impl Court<'_> {
    pub(super) fn meant(&self, deed: &Deed) -> Result<Meant, Stop> {
        let named = resource::resolve(&deed.resource, self.snapshot.custom_resources())?;
        let rules = || self.snapshot.rbac().roles().flat_map(|role| &role.rules);
        for verb in &deed.verbs {
            let is_url = matches!(named, Named::Url(_));
            let known = rules().flat_map(|rule| &rule.verbs).map(SmolStr::as_str);
            if let Some(meant) = resource::meant_verb(verb, is_url, known) {
                return Err(Stop::wrong(format!("`{verb}` is no known verb")).meant(meant));
            }
        }
        match named {
            Named::Url(url) => {
                if deed.object.is_some() {
                    return Err(Stop::wrong("a URL has no object"));
                }
                if let Scope::In(namespace) = &deed.scope {
                    return Err(Stop::wrong(format!(
                        "a URL is in no namespace, also not in `{namespace}`"
                    )));
                }
                Ok(Meant { target: Target::Url(url), places: vec![None] })
            }
            Named::Resource { group, plural, subresource, namespaced, defined } => {
                let is_ruled =
                    || rules().flat_map(|rule| &rule.api_groups).any(|of_rule| *of_rule == group);
                if !defined && !self.allow_empty && !is_ruled() {
                    let message =
                        format!("nobody defines API group `{group}`, and no rule names it");
                    return Err(Stop::empty(message));
                }
                let name = deed.object.clone().unwrap_or_default();
                let is_namespace = plural == "namespaces" && group.is_empty();
                let places = if is_namespace && !name.is_empty() {
                    // A request for one namespace is a request in that namespace.
                    vec![Some(Namespace::new(name.clone()))]
                } else {
                    self.places(&deed.scope, namespaced, &plural)?
                };
                let resource =
                    Resource { group, resource: plural, subresource, namespace: None, name };
                Ok(Meant { target: Target::Resource(resource), places })
            }
        }
    }

    fn places(
        &self,
        scope: &Scope,
        namespaced: bool,
        plural: &str,
    ) -> Result<Vec<Option<Namespace>>, Stop> {
        match scope {
            Scope::In(namespace) if !namespaced => Err(Stop::wrong(format!(
                "`{plural}` live in no namespace, also not in `{namespace}`"
            ))),
            Scope::In(namespace) => {
                let all = self.namespaces();
                if !self.allow_empty && !all.contains(namespace.as_str()) {
                    let near = nearest(namespace, all.iter().map(Namespace::as_str));
                    return Err(
                        Stop::empty(format!("there is no namespace `{namespace}`")).meant(near)
                    );
                }
                Ok(vec![Some(Namespace::new(namespace.clone()))])
            }
            Scope::Unsaid if namespaced => Ok(vec![Some(Namespace::new(self.namespace))]),
            Scope::Anywhere if namespaced => {
                Ok(self.namespaces().into_iter().map(Some).chain([None]).collect())
            }
            Scope::Unsaid | Scope::Anywhere | Scope::Cluster => Ok(vec![None]),
        }
    }

    /// Every namespace that is given, used, or bound in.
    fn namespaces(&self) -> BTreeSet<Namespace> {
        let bound = self.snapshot.rbac().bindings().filter_map(|b| b.namespace.clone());
        let own = Namespace::new(self.namespace);
        self.snapshot.namespaces().map(|(n, ..)| n.clone()).chain(bound).chain([own]).collect()
    }

    /// The names that rules restrict a deed to: to one of these objects it may be allowed although
    /// it is not to all.
    ///
    /// A request to create something, or to delete a collection, carries no name.
    pub(super) fn names_in_rules(&self, verb: &str, target: &Target) -> BTreeSet<SmolStr> {
        let Target::Resource(resource) = target else { return BTreeSet::new() };
        let is_nameless =
            verb == "deletecollection" || (verb == "create" && resource.subresource.is_empty());
        if is_nameless || !resource.name.is_empty() {
            return BTreeSet::new();
        }
        let lacks_only_the_name =
            |rule: &Rule| rule.misses(verb, target).eq([Respect::ResourceName]);
        let rules = self.snapshot.rbac().roles().flat_map(|role| &role.rules);
        let rules = rules.filter(|rule| lacks_only_the_name(rule));
        rules.flat_map(|rule| &rule.resource_names).cloned().collect()
    }

    /// Whoever an assertion is about, each with how they are called.
    pub(super) fn requesters(&self, subject: &Subject) -> Result<Vec<(Subject, Requester)>, Stop> {
        let one = |requester| Ok(vec![(subject.clone(), requester)]);
        match subject {
            Subject::User(name) => {
                self.check_user(name)?;
                let said = self.users.iter().find(|(known, _)| known == name);
                one(requester(name, said.map(|(_, groups)| groups.clone()).unwrap_or_default()))
            }
            Subject::Group(name) => {
                self.check_group(name)?;
                one(requester("", vec![name.clone()]))
            }
            Subject::Account(namespace, name) => {
                self.check_account(namespace, name)?;
                one(account(namespace, name))
            }
            Subject::Accounts(namespace) => {
                let all = self.accounts().into_iter().filter(|(n, _)| n == namespace);
                let found: Vec<(Subject, Requester)> = all
                    .map(|(n, name)| {
                        let requester = account(&n, &name);
                        (Subject::Account(n, name), requester)
                    })
                    .collect();
                if found.is_empty() {
                    let message = format!("there is no service account in namespace `{namespace}`");
                    return Err(Stop::empty(message));
                }
                Ok(found)
            }
        }
    }

    /// A user whom nobody names is most likely a slip: nothing would be granted to them.
    fn check_user(&self, name: &str) -> Result<(), Stop> {
        if self.allow_empty || self.is_known_user(name) {
            return Ok(());
        }
        let bound = self.parties().filter_map(|party| match party {
            Party::User(name) => Some(name.as_str()),
            _ => None,
        });
        let names = self.users.iter().map(|(name, _)| name.as_str()).chain(bound);
        let meant = nearest(name, names).map(|near| format!("user/{near}"));
        Err(Stop::empty(format!("no binding and no fixture names user `{name}`")).meant(meant))
    }

    fn check_group(&self, name: &str) -> Result<(), Stop> {
        if self.allow_empty || self.is_known_group(name) {
            return Ok(());
        }
        let bound = self.parties().filter_map(|party| match party {
            Party::Group(name) => Some(name.as_str()),
            _ => None,
        });
        let names = self.users.iter().flat_map(|(_, groups)| groups).map(SmolStr::as_str);
        let names = names.chain(bound).chain(BUILT_IN_GROUPS);
        let meant = nearest(name, names).map(|near| format!("group/{near}"));
        Err(Stop::empty(format!("no binding and no fixture names group `{name}`")).meant(meant))
    }

    fn check_account(&self, namespace: &SmolStr, name: &SmolStr) -> Result<(), Stop> {
        let all = self.accounts();
        if self.allow_empty || all.contains(&(namespace.clone(), name.clone())) {
            return Ok(());
        }
        let known: Vec<String> = all.iter().map(|(n, a)| format!("sa/{n}:{a}")).collect();
        let asked = format!("sa/{namespace}:{name}");
        let meant = nearest(&asked, known.iter().map(String::as_str));
        Err(Stop::empty(format!("there is no service account `{namespace}:{name}`")).meant(meant))
    }

    fn parties(&self) -> impl Iterator<Item = &Party> {
        self.snapshot.rbac().bindings().flat_map(|b| &b.subjects).map(|subject| &subject.who)
    }

    fn is_known_user(&self, name: &str) -> bool {
        let is_account = || {
            let account = name.strip_prefix(ACCOUNT_PREFIX).and_then(|rest| rest.split_once(':'));
            account.is_some_and(|(n, a)| self.accounts().contains(&(n.into(), a.into())))
        };
        name == ANONYMOUS
            || name.strip_prefix("system:node:").is_some_and(|node| !node.is_empty())
            || self.users.iter().any(|(known, _)| known == name)
            || self.parties().any(|party| matches!(party, Party::User(known) if known == name))
            || is_account()
    }

    fn is_known_group(&self, name: &str) -> bool {
        let is_of_accounts = || {
            let namespace = name.strip_prefix("system:serviceaccounts:");
            namespace.is_some_and(|namespace| self.namespaces().contains(namespace))
        };
        BUILT_IN_GROUPS.contains(&name)
            || self.users.iter().any(|(_, groups)| groups.iter().any(|group| group == name))
            || self.parties().any(|party| matches!(party, Party::Group(known) if known == name))
            || is_of_accounts()
    }

    /// The service accounts that are objects, run something, or are bound; and every namespace's
    /// `default`.
    fn accounts(&self) -> BTreeSet<(SmolStr, SmolStr)> {
        let running = self
            .snapshot
            .workloads()
            .map(|(_, w)| (w.namespace.as_str().into(), w.service_account.clone()));
        let bound = self.parties().filter_map(|party| match Subject::of(party) {
            Some(Subject::Account(namespace, name)) => Some((namespace, name)),
            _ => None,
        });
        let default =
            self.snapshot.namespaces().map(|(n, ..)| (n.as_str().into(), "default".into()));
        self.accounts.iter().cloned().chain(running).chain(bound).chain(default).collect()
    }
}

// === impl Subject ===

impl Subject {
    /// Whom a binding names, as assertions call them; none for who can never ask. A user with the
    /// name of a service account is that service account.
    pub(super) fn of(party: &Party) -> Option<Self> {
        match party {
            Party::User(name) => {
                Some(match name.strip_prefix(ACCOUNT_PREFIX).and_then(|n| n.split_once(':')) {
                    Some((namespace, account)) => Self::Account(namespace.into(), account.into()),
                    None => Self::User(name.clone()),
                })
            }
            Party::Group(name) => Some(Self::Group(name.clone())),
            Party::ServiceAccount { namespace: Some(namespace), name } => {
                Some(Self::Account(namespace.as_str().into(), name.clone()))
            }
            Party::ServiceAccount { namespace: None, .. } | Party::Other { .. } => None,
        }
    }
}

fn account(namespace: &str, name: &str) -> Requester {
    requester(&format!("{ACCOUNT_PREFIX}{namespace}:{name}"), Vec::new())
}

/// Somebody, with the groups that authentication adds to those that are said.
fn requester(user: &str, mut groups: Vec<SmolStr>) -> Requester {
    let account = user.strip_prefix(ACCOUNT_PREFIX).and_then(|rest| rest.split_once(':'));
    if let Some((namespace, _)) = account
        && groups.is_empty()
    {
        groups.push("system:serviceaccounts".into());
        groups.push(format_smolstr!("system:serviceaccounts:{namespace}"));
    }
    let is_said = |group: &SmolStr| matches!(group.as_str(), AUTHENTICATED | UNAUTHENTICATED);
    if !groups.iter().any(is_said) {
        let implied = if user == ANONYMOUS { UNAUTHENTICATED } else { AUTHENTICATED };
        groups.push(implied.into());
    }
    Requester { user: user.into(), groups }
}

impl From<ResourceError> for Stop {
    fn from(error: ResourceError) -> Self {
        let stop = Self::wrong(error.message);
        error.help.into_iter().fold(stop, Self::help)
    }
}

/// ``get secrets `db` ``, without where.
pub(super) fn deed_words(verb: &str, target: &Target) -> String {
    match target {
        Target::Url(url) => format!("{verb} {url}"),
        Target::Resource(r) => {
            let mut text = format!("{verb} {}", r.resource);
            if !r.group.is_empty() {
                text.push_str(&format!(".{}", r.group));
            }
            if !r.subresource.is_empty() {
                text.push_str(&format!("/{}", r.subresource));
            }
            if !r.name.is_empty() {
                text.push_str(&format!(" `{}`", r.name));
            }
            text
        }
    }
}

/// ` in payments`, ` in the cluster`; nothing for what is in no place.
pub(super) fn place_words(target: &Target) -> String {
    match target {
        Target::Url(_) => String::new(),
        Target::Resource(Resource { namespace: Some(namespace), .. }) => format!(" in {namespace}"),
        Target::Resource(_) => " in the cluster".into(),
    }
}

/// The same target in a namespace, by the name of an object.
pub(super) fn placed(target: &Target, place: &Option<Namespace>, name: &SmolStr) -> Target {
    match target {
        Target::Url(url) => Target::Url(url.clone()),
        Target::Resource(resource) => {
            let mut resource = resource.clone();
            resource.namespace.clone_from(place);
            if !name.is_empty() {
                resource.name.clone_from(name);
            }
            Target::Resource(resource)
        }
    }
}
