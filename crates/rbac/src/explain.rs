//! The decision with every reason: a walk over all there is.

use std::fmt;
use std::sync::Arc;

use portcullis_core::{Because, Decision, Origin, Skipped, Verdict};

use crate::attempt::{Attempt, PRIVILEGED_GROUP, Target};
use crate::grant::Grant;
use crate::nearly::{NearName, near_names};
use crate::rule::Respect;
use crate::rules::{Binding, Party, Rules, Subject};
use crate::words;

/// One reason why an attempt is allowed or not.
///
/// Allowed: every binding that grants it, the one visited first in front. Refused: everything that
/// comes near it, the likeliest cause in front.
#[derive(Clone, Debug)]
pub enum Why {
    /// A binding grants it.
    Granted(Grant),
    /// The requester is in `system:masters`, and RBAC was not asked.
    Privileged,
    /// A binding names the requester, but the role it refers to does not exist.
    Dangling(Dangling),
    /// A RoleBinding grants it, in its own namespace only.
    Elsewhere(Grant),
    /// The role bound by a RoleBinding has this URL. URLs are in no namespace, so that grants
    /// nothing; a ClusterRoleBinding would.
    UrlInNamespace(Grant),
    /// Of the rules that bindings give the requester, this one is the nearest to the attempt.
    Missed(NearMiss),
    /// Bindings name the requester, and none of their rules is about what is asked.
    NotPermitted {
        /// Those bindings.
        bindings: Vec<Arc<Binding>>,
    },
    /// No binding in scope names the requester.
    NotNamed,
    /// A binding names somebody the requester could be taken for.
    NearlyNamed(NearName),
}

/// A binding that names the requester and refers to no role.
#[derive(Clone, Debug)]
pub struct Dangling {
    /// The binding; its `role` has the reference and its place.
    pub binding: Arc<Binding>,
    /// The one whom it names.
    pub subject: Subject,
}

/// A rule that almost permits an attempt.
#[derive(Clone, Debug)]
pub struct NearMiss {
    /// The rule and how the requester comes to have it.
    pub grant: Grant,
    /// What it lacks; never empty.
    pub lacks: Vec<Respect>,
}

/// Whether RBAC allows `attempt`, with everything that was considered.
///
/// This is RBAC alone: `system:masters` is a group like any other here. [`explain_as_server`]
/// answers as an API server does.
pub fn explain(rules: &Rules, attempt: &Attempt) -> Decision<Why> {
    let mut seen = Seen::default();
    for bound in rules.in_scope(attempt.target.namespace()) {
        let Some((_, subject)) = bound.binding.names(&attempt.requester) else { continue };
        let binding = Arc::clone(bound.binding);
        let Some(role) = bound.role else {
            seen.dangling.push(Dangling { binding, subject: subject.clone() });
            continue;
        };
        seen.bindings.push(binding);
        if let Some(grant) = bound.grant(subject, &attempt.verb, &attempt.target) {
            seen.granted.push(grant);
            continue;
        }
        for (index, rule) in role.rules.iter().enumerate() {
            let lacks: Vec<Respect> = rule.misses(&attempt.verb, &attempt.target).collect();
            if seen.is_nearer(&lacks)
                && let Some(grant) = bound.grant_of(subject, index)
            {
                seen.nearest = Some(NearMiss { grant, lacks });
            }
        }
    }
    if seen.granted.is_empty() { seen.refused(rules, attempt) } else { seen.allowed() }
}

/// As [`explain`], but a requester in `system:masters` is let pass before RBAC is asked, as the API
/// server does.
pub fn explain_as_server(rules: &Rules, attempt: &Attempt) -> Decision<Why> {
    if attempt.requester.is_privileged() {
        return Decision::new(Verdict::Allow, Why::Privileged);
    }
    explain(rules, attempt)
}

/// What a walk over the bindings in scope has come across.
#[derive(Default)]
struct Seen {
    /// Those that name the requester and refer to a role.
    bindings: Vec<Arc<Binding>>,
    granted: Vec<Grant>,
    dangling: Vec<Dangling>,
    nearest: Option<NearMiss>,
}

// === impl Seen ===

impl Seen {
    /// Whether a rule that lacks this is nearer than the nearest so far. A rule about something
    /// else is not near at all: nobody meant that one.
    fn is_nearer(&self, lacks: &[Respect]) -> bool {
        let far = lacks.iter().any(|l| matches!(l, Respect::Resource | Respect::Url));
        let key = |lacks: &[Respect]| (lacks.len(), lacks.iter().max().copied());
        !far && self.nearest.as_ref().is_none_or(|best| key(lacks) < key(&best.lacks))
    }

    fn allowed(self) -> Decision<Why> {
        let skipped = self.dangling.iter().map(|dangling| Skipped {
            origin: Some(dangling.binding.role.origin.clone()),
            why: dangling.to_string(),
        });
        let skipped = skipped.collect();
        let because = self.granted.into_iter().map(Why::Granted);
        Decision { skipped, ..decision(Verdict::Allow, because) }
    }

    fn refused(self, rules: &Rules, attempt: &Attempt) -> Decision<Why> {
        let near = match self.nearest {
            Some(miss) => Some(Why::Missed(miss)),
            None if !self.bindings.is_empty() => {
                Some(Why::NotPermitted { bindings: self.bindings })
            }
            None if self.dangling.is_empty() => Some(Why::NotNamed),
            None => None,
        };
        let because = self
            .dangling
            .into_iter()
            .map(Why::Dangling)
            .chain(elsewhere(rules, attempt))
            .chain(near)
            .chain(near_names(rules, attempt).into_iter().map(Why::NearlyNamed));
        decision(Verdict::Deny, because)
    }
}

fn decision(verdict: Verdict, mut because: impl Iterator<Item = Why>) -> Decision<Why> {
    // INVARIANT: both callers have a reason, a grant or what stands in its place.
    let first = because.next().unwrap_or(Why::NotNamed);
    let because = Because::with_rest(first, because.collect());
    Decision { verdict, because, skipped: Vec::new(), assumed: Vec::new() }
}

/// The same grant where it does not count.
fn elsewhere<'a>(rules: &'a Rules, attempt: &'a Attempt) -> impl Iterator<Item = Why> + 'a {
    rules.out_of_scope(attempt.target.namespace()).filter_map(|bound| {
        let (_, subject) = bound.binding.names(&attempt.requester)?;
        let grant = bound.grant(subject, &attempt.verb, &attempt.target)?;
        Some(match attempt.target {
            Target::Resource(_) => Why::Elsewhere(grant),
            Target::Url(_) => Why::UrlInNamespace(grant),
        })
    })
}

/// The groups that the API server puts every requester in one of.
const EVERYBODY: [&str; 2] = ["system:authenticated", "system:unauthenticated"];

/// Of the bindings that name a requester, those worth telling: what somebody wrote; else what the
/// server itself gives to this requester rather than to everybody.
fn notable(bindings: &[Arc<Binding>]) -> Vec<&Arc<Binding>> {
    let written: Vec<_> = bindings.iter().filter(|b| !b.origin.is_built_in()).collect();
    if !written.is_empty() {
        return written;
    }
    let is_everybody = |subject: &Subject| matches!(&subject.who, Party::Group(group) if EVERYBODY.contains(&group.as_str()));
    bindings.iter().filter(|b| !b.subjects.iter().all(is_everybody)).collect()
}

// === impl Why ===

impl Why {
    /// The place to look at, where the reason has one.
    pub fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Granted(grant) | Self::Elsewhere(grant) | Self::UrlInNamespace(grant) => {
                Some(grant.origin())
            }
            Self::Dangling(dangling) => Some(&dangling.binding.role.origin),
            Self::Missed(miss) => Some(miss.grant.origin()),
            Self::NotPermitted { bindings } => {
                let told = notable(bindings).first().map(|binding| &binding.origin);
                told.or_else(|| bindings.first().map(|binding| &binding.origin))
            }
            Self::NearlyNamed(near) => Some(&near.subject.origin),
            Self::Privileged | Self::NotNamed => None,
        }
    }
}

/// A sentence for people, without full stop.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Granted(grant) => grant.fmt(f),
            Self::Privileged => {
                write!(f, "members of {PRIVILEGED_GROUP} are let pass before RBAC is asked")
            }
            Self::Dangling(dangling) => dangling.fmt(f),
            Self::Elsewhere(grant) => {
                write!(f, "{} grants it, only in {}", grant.binding, grant.scope())
            }
            Self::UrlInNamespace(grant) => {
                write!(f, "{} has the URL, but only a ClusterRoleBinding grants URLs", grant.role)?;
                write!(f, ", and {} is none", grant.binding)
            }
            Self::Missed(miss) => miss.fmt(f),
            Self::NotPermitted { bindings } => {
                f.write_str("no rule is about it; ")?;
                let told = notable(bindings);
                if told.is_empty() {
                    f.write_str("the requester has only what the server gives to everybody")
                } else {
                    f.write_str("named by ")?;
                    words::listed(f, told.into_iter())
                }
            }
            Self::NotNamed => f.write_str("no binding in scope names the requester"),
            Self::NearlyNamed(near) => near.fmt(f),
        }
    }
}

impl fmt::Display for Dangling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { binding, subject } = self;
        write!(f, "{binding} grants {} to {}", binding.role, subject.who)?;
        f.write_str(", and there is no such role")
    }
}

/// What the rule has in place of what is asked.
impl fmt::Display for NearMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Grant { binding, role, rule, index, .. } = &self.grant;
        write!(f, "{role}#{index}, granted by {binding}")?;
        for (i, lack) in self.lacks.iter().enumerate() {
            let (what, has) = match lack {
                Respect::Verb => ("verbs", &rule.verbs),
                Respect::ApiGroup => ("API groups", &rule.api_groups),
                Respect::Resource | Respect::Subresource => ("resources", &rule.resources),
                Respect::ResourceName => ("resource names", &rule.resource_names),
                Respect::Url => ("URLs", &rule.urls),
            };
            write!(f, "{} {what} ", if i == 0 { ", has only the" } else { " and the" })?;
            words::listed(f, has.iter().map(|word| words::Quoted(word)))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::testing::{attempt, binding, role, rules};
    use crate::{RulesBuilder, decide};

    const RULES: &str = "
        reader: get,list,watch - pods,pods/log
        admin: * * *
        viewer: get url /metrics
        shop/named: get,update - configmaps config
        shop/apps: list apps deployments
        all = admin: Group ops
        metrics = reader: ServiceAccount mon/prometheus
        gone = nowhere: User ghost, User ghosts
        shop/read = reader: User jane, ServiceAccount cart
        shop/named = shop/named: User jane
        shop/apps = shop/apps: User jane
        shop/metrics = viewer: User jane
        shop/gone = shop/nowhere: User jane
        flask/read = reader: ServiceAccount backend
    ";

    /// The verdict, then each reason, then what was skipped.
    #[track_caller]
    fn check(asked: &str, want: Expect) {
        let (rules, attempt) = (rules(RULES), attempt(asked));
        let decision = explain_as_server(&rules, &attempt);
        if !attempt.requester.is_privileged() {
            assert_eq!(decide(&rules, &attempt).verdict, decision.verdict);
        }
        let mut text = format!("{}\n", decision.verdict);
        for why in decision.because.iter() {
            text.push_str(&format!("{why}\n"));
        }
        for skipped in &decision.skipped {
            text.push_str(&format!("skipped: {}\n", skipped.why));
        }
        want.assert_eq(&text);
    }

    #[test]
    fn yes_names_every_binding_that_grants_it_and_skips_what_dangles() {
        check(
            "jane,ops list pods shop",
            expect![[r#"
            allow
            ClusterRoleBinding all grants ClusterRole admin#0 to Group ops
            RoleBinding shop/read grants ClusterRole reader#0 to User jane
            skipped: RoleBinding shop/gone grants Role nowhere to User jane, and there is no such role
        "#]],
        );
    }

    #[test]
    fn nobody_names_you() {
        check(
            "john list pods shop",
            expect![[r#"
                deny
                no binding in scope names the requester
            "#]],
        );
        check(
            "Jane list pods shop",
            expect![[r#"
                deny
                no binding in scope names the requester
                RoleBinding shop/read grants it to User jane, which is another spelling
            "#]],
        );
        check(
            "jan,jane delete pods shop",
            expect![[r#"
                deny
                no binding in scope names the requester
                RoleBinding shop/read names User jane, which is another spelling
            "#]],
        );
        check(
            "system:serviceaccount:web:prometheus list pods",
            expect![[r#"
                deny
                no binding in scope names the requester
                ClusterRoleBinding metrics grants it to ServiceAccount mon/prometheus, which is another namespace
            "#]],
        );
    }

    #[test]
    fn bound_elsewhere() {
        check(
            "system:serviceaccount:flask:backend list pods default",
            expect![[r#"
                deny
                RoleBinding flask/read grants it, only in namespace flask
                no binding in scope names the requester
            "#]],
        );
        check(
            "system:serviceaccount:flask:backend list pods",
            expect![[r#"
                deny
                RoleBinding flask/read grants it, only in namespace flask
                no binding in scope names the requester
            "#]],
        );
    }

    #[test]
    fn the_nearest_rule_says_what_it_has() {
        check(
            "system:serviceaccount:shop:cart delete pods shop",
            expect![[r#"
            deny
            ClusterRole reader#0, granted by RoleBinding shop/read, has only the verbs "get", "list", "watch"
        "#]],
        );
        check(
            "system:serviceaccount:shop:cart get pods/exec shop",
            expect![[r#"
            deny
            ClusterRole reader#0, granted by RoleBinding shop/read, has only the resources "pods", "pods/log"
        "#]],
        );
        check(
            "system:serviceaccount:shop:cart get secrets shop",
            expect![[r#"
            deny
            no rule is about it; named by RoleBinding shop/read
        "#]],
        );
        check(
            "jane get configmaps shop/other",
            expect![[r#"
            deny
            RoleBinding shop/gone grants Role nowhere to User jane, and there is no such role
            Role shop/named#0, granted by RoleBinding shop/named, has only the resource names "config"
        "#]],
        );
        check(
            "jane watch deployments shop",
            expect![[r#"
            deny
            RoleBinding shop/gone grants Role nowhere to User jane, and there is no such role
            Role shop/apps#0, granted by RoleBinding shop/apps, has only the verbs "list" and the API groups "apps"
        "#]],
        );
    }

    #[test]
    fn what_everybody_has_is_not_told_one_by_one() {
        let bootstrapped = |binding: Option<Binding>| {
            let mut builder = RulesBuilder::new().with_bootstrap();
            builder.role(role("shop/r: get - pods"));
            binding.into_iter().for_each(|b| drop(builder.binding(b)));
            builder.build()
        };
        let check = |own: Option<Binding>, asked: &str, want: &str| {
            let mut attempt = attempt(asked);
            attempt.requester.groups.push("system:authenticated".into());
            let decision = explain(&bootstrapped(own), &attempt);
            assert_eq!(decision.because.first().to_string(), want, "{asked}");
        };
        let asked = "jane get secrets shop";
        let basic = "the requester has only what the server gives to everybody";
        check(None, asked, &format!("no rule is about it; {basic}"));
        let own = binding("shop/read", "shop/r", "User jane");
        check(Some(own), asked, "no rule is about it; named by RoleBinding shop/read");
        let scheduler = "no rule is about it; named by ClusterRoleBinding system:kube-scheduler, \
                         ClusterRoleBinding system:volume-scheduler";
        check(None, "system:kube-scheduler get secrets shop", scheduler);
    }

    #[test]
    fn a_binding_may_refer_to_nothing() {
        check(
            "ghost list pods",
            expect![[r#"
            deny
            ClusterRoleBinding gone grants ClusterRole nowhere to User ghost, and there is no such role
        "#]],
        );
    }

    #[test]
    fn a_url_needs_a_cluster_binding() {
        check(
            "jane get /metrics",
            expect![[r#"
                deny
                ClusterRole viewer has the URL, but only a ClusterRoleBinding grants URLs, and RoleBinding shop/metrics is none
                no binding in scope names the requester
            "#]],
        );
    }

    #[test]
    fn the_privileged_are_not_asked() {
        check(
            "root,system:masters list pods",
            expect![[r#"
            allow
            members of system:masters are let pass before RBAC is asked
        "#]],
        );
    }
}
