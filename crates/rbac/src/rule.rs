//! One rule, and whether it permits. Every question of this crate that compares a rule with an
//! attempt comes through here.

use std::hash::{Hash, Hasher};

use portcullis_core::Origin;
use smol_str::SmolStr;

use crate::attempt::{Resource, Target};

/// In a rule: every verb, every API group, every resource with every subresource, or every URL,
/// depending on the list it stands in. In an attempt it is a word like any other.
pub const ALL: &str = "*";

/// One `PolicyRule` of a Role or ClusterRole.
///
/// Two rules are equal if they say the same, wherever they were said: the origin takes no part.
#[derive(Clone, Debug)]
pub struct Rule {
    /// `verbs`.
    pub verbs: Vec<SmolStr>,
    /// `apiGroups`; the core group is the empty string.
    pub api_groups: Vec<SmolStr>,
    /// `resources`: `pods`, `pods/log`, `*/scale`, `*`.
    pub resources: Vec<SmolStr>,
    /// `resourceNames`; an empty list restricts nothing.
    pub resource_names: Vec<SmolStr>,
    /// `nonResourceURLs`; a trailing `*` stands for any ending.
    pub urls: Vec<SmolStr>,
    /// Where the rule stands. Inside an aggregated role that is still the role it was copied from.
    pub origin: Origin,
}

/// One respect in which a rule can fail an attempt. Ordered by how near a miss it is: a rule
/// that lacks only the name is nearer to what was meant than one about another resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Respect {
    /// The rule is restricted to other names.
    ResourceName,
    /// The rule has the resource, but not this subresource (or only a subresource of it).
    Subresource,
    /// The rule lacks the verb.
    Verb,
    /// The rule lacks the API group.
    ApiGroup,
    /// The rule is about other resources.
    Resource,
    /// The rule is about other URLs, or about none.
    Url,
}

// === impl Rule ===

impl Rule {
    /// Whether the rule alone permits `verb` on `target`.
    ///
    /// Whether its binding reaches the target's namespace is not asked here.
    pub fn permits(&self, verb: &str, target: &Target) -> bool {
        respects(target).iter().all(|respect| self.meets(*respect, verb, target))
    }

    /// The respects in which the rule fails `verb` on `target`, none if it permits it.
    pub fn misses<'a>(
        &'a self,
        verb: &'a str,
        target: &'a Target,
    ) -> impl Iterator<Item = Respect> + 'a {
        respects(target).iter().filter(move |respect| !self.meets(**respect, verb, target)).map(
            move |respect| match (respect, target) {
                (Respect::Resource, Target::Resource(r)) if self.has_relative_of(r) => {
                    Respect::Subresource
                }
                _ => *respect,
            },
        )
    }

    fn meets(&self, respect: Respect, verb: &str, target: &Target) -> bool {
        match (respect, target) {
            (Respect::Verb, _) => has_or_all(&self.verbs, verb),
            (Respect::ApiGroup, Target::Resource(r)) => has_or_all(&self.api_groups, &r.group),
            (Respect::Resource | Respect::Subresource, Target::Resource(r)) => {
                self.resources.iter().any(|have| resource_matches(have, r))
            }
            (Respect::ResourceName, Target::Resource(r)) => {
                self.resource_names.is_empty() || self.resource_names.contains(&r.name)
            }
            (Respect::Url, Target::Url(path)) => {
                self.urls.iter().any(|have| url_matches(have, path))
            }
            (Respect::Url, Target::Resource(_)) | (_, Target::Url(_)) => false,
        }
    }

    /// Whether the rule has the resource itself or a subresource of it.
    fn has_relative_of(&self, asked: &Resource) -> bool {
        self.resources.iter().any(|have| {
            have.split_once('/').map_or(have.as_str(), |(base, _)| base) == asked.resource
        })
    }

    fn content(&self) -> [&[SmolStr]; 5] {
        [&self.verbs, &self.api_groups, &self.resources, &self.resource_names, &self.urls]
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.content() == other.content()
    }
}

impl Eq for Rule {}

impl Hash for Rule {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.content().hash(state);
    }
}

/// What a rule is asked about a target.
fn respects(target: &Target) -> &'static [Respect] {
    match target {
        Target::Resource(_) => {
            &[Respect::Verb, Respect::Resource, Respect::ApiGroup, Respect::ResourceName]
        }
        Target::Url(_) => &[Respect::Verb, Respect::Url],
    }
}

// === Words of a rule against words of an attempt ===

pub(crate) fn has_or_all(list: &[SmolStr], word: &str) -> bool {
    list.iter().any(|have| have == ALL || have == word)
}

/// `*` covers subresources too; `pods` covers no subresource; `*/log` covers the subresource `log`
/// of anything. Nothing else is a pattern: `pods/*` is the literal subresource `*`.
fn resource_matches(have: &str, asked: &Resource) -> bool {
    if have == ALL {
        return true;
    }
    if asked.subresource.is_empty() {
        return have == asked.resource;
    }
    have.strip_prefix("*/") == Some(asked.subresource.as_str())
        || have.strip_prefix(asked.resource.as_str()).and_then(|rest| rest.strip_prefix('/'))
            == Some(asked.subresource.as_str())
}

/// Equal, or a prefix once *all* trailing stars are gone: `/logs/**` is `/logs/*`, and a star
/// elsewhere is a letter.
pub(crate) fn url_matches(have: &str, path: &str) -> bool {
    have == path || have.ends_with('*') && path.starts_with(have.trim_end_matches('*'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{on, rule, url};

    /// `verbs groups resources [names]`, lists joined by commas, `-` for the core group.
    #[track_caller]
    fn check(written: &str, verb: &str, target: &Target, want: &[Respect]) {
        let rule = rule(written);
        let got: Vec<Respect> = rule.misses(verb, target).collect();
        assert_eq!(got, want, "{written} against {verb} {target:?}");
        assert_eq!(rule.permits(verb, target), want.is_empty());
    }

    #[test]
    fn a_resource_is_a_word_except_for_two_patterns() {
        use Respect::{Resource, Subresource};
        for (resources, asked, want) in [
            ("pods", "pods", &[][..]),
            ("pods", "pods/log", &[Subresource]),
            ("pods/log", "pods", &[Subresource]),
            ("pods/log", "pods/log", &[]),
            ("*", "pods/log", &[]),
            ("*/log", "pods/log", &[]),
            ("*/log", "pods", &[Resource]),
            ("*/*", "pods/log", &[Resource]),
            ("pods/*", "pods/log", &[Subresource]),
            ("pods/*", "pods/*", &[]),
            ("pods", "Pods", &[Resource]),
            ("secrets", "*", &[Resource]),
        ] {
            check(&format!("get - {resources}"), "get", &on("", asked), want);
        }
    }

    #[test]
    fn verbs_and_groups_are_words_or_a_star() {
        use Respect::{ApiGroup, Verb};
        check("* * pods", "fly", &on("any", "pods"), &[]);
        check("get - pods", "Get", &on("", "pods"), &[Verb]);
        check("get - pods", "*", &on("", "pods"), &[Verb]);
        check("get apps pods", "list", &on("", "pods"), &[Verb, ApiGroup]);
        check("get * pods", "get", &on("*", "pods"), &[]);
    }

    #[test]
    fn names_restrict_also_what_has_no_name() {
        check("get - pods a,b", "get", &on("", "pods a"), &[]);
        check("get - pods a,b", "get", &on("", "pods c"), &[Respect::ResourceName]);
        check("create - pods a,b", "create", &on("", "pods"), &[Respect::ResourceName]);
    }

    #[test]
    fn a_url_matches_by_all_its_trailing_stars() {
        for (have, path, want) in [
            ("/logs", "/logs", true),
            ("/logs", "/logs/a", false),
            ("/logs/**", "/logs/a", true),
            ("/logs/*", "/logs", false),
            ("*", "anything", true),
            ("/a*b", "/axb", false),
            ("", "", true),
        ] {
            assert_eq!(url_matches(have, path), want, "{have} {path}");
        }
        check("get url /logs/*", "get", &url("/logs/a"), &[]);
        check("get url /logs/*", "get", &on("", "pods"), &[Respect::Resource, Respect::ApiGroup]);
        check("get * *", "get", &url("/logs/a"), &[Respect::Url]);
    }
}
