//! Acting as somebody else: what the `Impersonate-*` headers ask for, and the attempts that must each
//! be allowed first.
//!
//! ```text
//! headers ──▶ Impersonation::requested ──▶ next() ─▶ Ask(attempt, rest) ─▶ rest.next() … ─▶ Done(user)
//! ```
//! The attempts come one at a time: the rest is only handed on by whoever says that the last one was
//! allowed, and at the end stands the user.

use std::collections::VecDeque;
use std::fmt;

use crate::user::{
    ANONYMOUS, Authenticated, UNAUTHENTICATED, User, service_account_groups, service_account_name,
    split_service_account,
};

/// The header prefix of extras, in lower case as HTTP/2 writes header names.
const EXTRA: &str = "impersonate-extra-";
/// The group of uids and extras. Users, groups and service accounts are in the core group.
const AUTHENTICATION: &str = "authentication.k8s.io";
/// As the original names the kind's version in its refusal.
const AUTHENTICATION_V1: &str = "authentication.k8s.io/v1";

/// The most attempts that one request may ask for, as no list of groups is that long and each attempt
/// is a question to the authorizer. The original has no limit but that of the headers.
pub const ATTEMPTS_MAX: usize = 1_000;

/// Something that must be allowed before the request goes on as the other user: verb `impersonate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// `authentication.k8s.io` for uids and extras, otherwise the core group.
    pub group: &'static str,
    /// `v1` for uids and extras; the original leaves it empty for the core group.
    pub version: &'static str,
    /// `users`, `groups`, `serviceaccounts`, `uids`, `userextras`.
    pub resource: &'static str,
    /// The key of the extra.
    pub subresource: String,
    /// That of the service account.
    pub namespace: String,
    /// Who, which group, which value.
    pub name: String,
}

/// Why the headers make no sense. The requester's fault: 400.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Groups, a uid or extras, but no user. Holds what was asked for, as the original prints it.
    NoUser(String),
    /// More than [`ATTEMPTS_MAX`].
    TooMany,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoUser(asked) => write!(f, "requested [{asked}] without impersonating a user"),
            Self::TooMany => {
                write!(
                    f,
                    "requested to impersonate more than {ATTEMPTS_MAX} users, groups and extras"
                )
            }
        }
    }
}

impl std::error::Error for Malformed {}

/// A request to act as somebody else, and how much of it has been allowed.
#[derive(Clone, Debug)]
pub struct Impersonation {
    left: VecDeque<Attempt>,
    groups_asked: bool,
    user: User,
}

/// What comes next.
#[derive(Clone, Debug)]
pub enum Turn {
    /// This must be allowed; if it is, go on with the rest.
    Ask(Attempt, Box<Impersonation>),
    /// Everything was allowed: the request goes on as this user.
    Done(Authenticated),
}

/// Whether a header is one of impersonation, and so must not reach anybody behind this server.
pub fn is_impersonation(header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    matches!(header.as_str(), "impersonate-user" | "impersonate-group" | "impersonate-uid")
        || header.starts_with(EXTRA)
}

// === impl Impersonation ===

impl Impersonation {
    /// What the headers ask for; nothing if none of them is about it. Names in any case, each header
    /// in the order sent, one that is sent twice as two.
    pub fn requested<'a>(
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Option<Self>, Malformed> {
        let (mut user, mut uid) = (None, None);
        let (mut groups, mut extras) = (Vec::new(), Vec::new());
        for (name, value) in headers {
            let name = name.to_ascii_lowercase();
            match name.as_str() {
                // Of a header that has one value, the first counts.
                "impersonate-user" => _ = user.get_or_insert(value),
                "impersonate-uid" => _ = uid.get_or_insert(value),
                "impersonate-group" => groups.push(Attempt::of("", "groups", value)),
                _ => extras.extend(name.strip_prefix(EXTRA).map(|key| Attempt {
                    subresource: percent_decoded(key),
                    ..Attempt::of(AUTHENTICATION, "userextras", value)
                })),
            }
        }
        let user =
            user.filter(|user| !user.is_empty()).map(|user| match split_service_account(user) {
                Some((namespace, name)) => Attempt {
                    namespace: namespace.to_owned(),
                    ..Attempt::of("", "serviceaccounts", name)
                },
                None => Attempt::of("", "users", user),
            });
        let uid =
            uid.filter(|uid| !uid.is_empty()).map(|uid| Attempt::of(AUTHENTICATION, "uids", uid));
        let (no_user, groups_asked) = (user.is_none(), !groups.is_empty());
        let left: VecDeque<Attempt> =
            user.into_iter().chain(groups).chain(extras).chain(uid).collect();
        if left.is_empty() {
            return Ok(None);
        }
        if left.len() > ATTEMPTS_MAX {
            return Err(Malformed::TooMany);
        }
        if no_user {
            let asked: Vec<String> = left.iter().map(Attempt::reference).collect();
            return Err(Malformed::NoUser(asked.join(" ")));
        }
        Ok(Some(Self { left, groups_asked, user: User::default() }))
    }

    /// The next attempt, or the user if all were allowed. To call this is to say that the attempt
    /// handed out last was allowed.
    pub fn next(mut self) -> Turn {
        let Some(attempt) = self.left.pop_front() else {
            return Turn::Done(Authenticated::new(with_either_group(self.user)));
        };
        self.assume(&attempt);
        Turn::Ask(attempt, Box::new(self))
    }

    fn assume(&mut self, attempt: &Attempt) {
        let name = attempt.name.clone();
        match attempt.resource {
            "serviceaccounts" => {
                self.user.name = service_account_name(&attempt.namespace, &name);
                // Groups that are asked for replace those that every service account has.
                if !self.groups_asked {
                    self.user.groups = service_account_groups(&attempt.namespace);
                }
            }
            "users" => self.user.name = name,
            "groups" => self.user.groups.push(name),
            "uids" => self.user.uid = name,
            _ => self.user.extra.entry(attempt.subresource.clone()).or_default().push(name),
        }
    }
}

/// Everybody is in one of the two groups, and may have been put there by name: `system:authenticated`
/// is not added to who asked for `system:unauthenticated`. The anonymous user is in the latter.
fn with_either_group(mut user: User) -> User {
    if user.name != ANONYMOUS {
        return user.with_authenticated();
    }
    if !user.groups.iter().any(|group| group == UNAUTHENTICATED) {
        user.groups.push(UNAUTHENTICATED.to_owned());
    }
    user
}

// === impl Attempt ===

impl Attempt {
    fn of(group: &'static str, resource: &'static str, name: &str) -> Self {
        let version = if group.is_empty() { "" } else { "v1" };
        Self {
            group,
            version,
            resource,
            subresource: String::new(),
            namespace: String::new(),
            name: name.to_owned(),
        }
    }

    /// As the original prints the reference that it makes of it: seven fields with a space between.
    fn reference(&self) -> String {
        let (kind, version) = match self.resource {
            "serviceaccounts" => ("ServiceAccount", ""),
            "users" => ("User", ""),
            "groups" => ("Group", ""),
            "uids" => ("UID", AUTHENTICATION_V1),
            _ => ("UserExtra", AUTHENTICATION_V1),
        };
        let Self { namespace, name, subresource, .. } = self;
        format!("{{{kind} {namespace} {name}  {version}  {subresource}}}")
    }
}

/// The key as it was before it was made fit for a header. One that was not made so correctly is taken
/// as it is, as the original does: an extra is never lost.
fn percent_decoded(key: &str) -> String {
    let decode = || {
        let mut bytes = Vec::with_capacity(key.len());
        let mut rest = key.as_bytes();
        while let [first, tail @ ..] = rest {
            if *first == b'%' {
                let [high, low, after @ ..] = tail else { return None };
                bytes.push(hex(*high)? << 4 | hex(*low)?);
                rest = after;
            } else {
                bytes.push(*first);
                rest = tail;
            }
        }
        String::from_utf8(bytes).ok()
    };
    decode().unwrap_or_else(|| key.to_owned())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::AUTHENTICATED;

    /// Every attempt in order, and the user if all are allowed.
    fn walk(headers: &[(&str, &str)]) -> (Vec<String>, User) {
        let mut turn = Impersonation::requested(headers.iter().copied())
            .expect("well formed")
            .expect("asked")
            .next();
        let mut attempts = Vec::new();
        loop {
            match turn {
                Turn::Ask(a, rest) => {
                    let slash = if a.subresource.is_empty() { "" } else { "/" };
                    attempts.push(format!(
                        "{}{slash}{} {:?} {:?} in {:?}",
                        a.resource, a.subresource, a.name, a.group, a.namespace
                    ));
                    turn = rest.next();
                }
                Turn::Done(user) => return (attempts, user.user().clone()),
            }
        }
    }

    fn check(headers: &[(&str, &str)], attempts: &[&str], name: &str, groups: &[&str]) -> User {
        let (asked, user) = walk(headers);
        assert_eq!(asked, attempts, "{headers:?}");
        assert_eq!(user.name, name, "{headers:?}");
        assert_eq!(user.groups, groups, "{headers:?}");
        user
    }

    #[test]
    fn each_part_is_asked_for() {
        let bob = r#"users "bob" "" in """#;
        check(&[("Impersonate-User", "bob")], &[bob], "bob", &[AUTHENTICATED]);
        check(
            &[("impersonate-group", "qa"), ("impersonate-user", "bob"), ("impersonate-group", "x")],
            &[bob, r#"groups "qa" "" in """#, r#"groups "x" "" in """#],
            "bob",
            &["qa", "x", AUTHENTICATED],
        );
        let user = check(
            &[("Impersonate-User", "bob"), ("Impersonate-Uid", "77")],
            &[bob, r#"uids "77" "authentication.k8s.io" in """#],
            "bob",
            &[AUTHENTICATED],
        );
        assert_eq!(user.uid, "77");
    }

    #[test]
    fn service_accounts_have_their_groups_unless_others_are_named() {
        let robot = r#"serviceaccounts "robot" "" in "dev""#;
        let account = ("Impersonate-User", "system:serviceaccount:dev:robot");
        let name = "system:serviceaccount:dev:robot";
        check(
            &[account],
            &[robot],
            name,
            &["system:serviceaccounts", "system:serviceaccounts:dev", AUTHENTICATED],
        );
        let only = &[robot, r#"groups "only" "" in """#];
        check(&[account, ("Impersonate-Group", "only")], only, name, &["only", AUTHENTICATED]);
        let bad = "system:serviceaccount:bad";
        let asked = [r#"users "system:serviceaccount:bad" "" in """#];
        check(&[("Impersonate-User", bad)], &asked, bad, &[AUTHENTICATED]);
    }

    #[test]
    fn one_of_the_two_groups_is_added() {
        let bob = ("Impersonate-User", "bob");
        let (_, user) = walk(&[bob, ("Impersonate-Group", "system:authenticated")]);
        assert_eq!(user.groups, [AUTHENTICATED]);
        let (_, user) = walk(&[bob, ("Impersonate-Group", "system:unauthenticated")]);
        assert_eq!(user.groups, [UNAUTHENTICATED]);
        let (_, user) = walk(&[("Impersonate-User", "system:anonymous")]);
        assert_eq!(user.groups, [UNAUTHENTICATED]);
        let (_, user) = walk(&[
            ("Impersonate-User", "system:anonymous"),
            ("Impersonate-Group", "system:authenticated"),
        ]);
        assert_eq!(user.groups, [AUTHENTICATED, UNAUTHENTICATED]);
    }

    #[test]
    fn extras_are_decoded_and_collected() {
        let (attempts, user) = walk(&[
            ("Impersonate-User", "bob"),
            ("Impersonate-Extra-Scopes", "view"),
            ("Impersonate-Extra-acme.test%2FProject", "p1"),
            ("impersonate-extra-scopes", "edit"),
            ("impersonate-extra-100%", "raw"),
            ("impersonate-extra-%ff", "not text"),
        ]);
        assert_eq!(attempts[1], r#"userextras/scopes "view" "authentication.k8s.io" in """#);
        assert_eq!(
            attempts[2],
            r#"userextras/acme.test/project "p1" "authentication.k8s.io" in """#
        );
        let extra = |key: &str| user.extra.get(key).cloned().unwrap_or_default();
        assert_eq!(extra("scopes"), ["view", "edit"]);
        assert_eq!(extra("acme.test/project"), ["p1"]);
        assert_eq!(extra("100%"), ["raw"]);
        assert_eq!(extra("%ff"), ["not text"]);
    }

    #[test]
    fn nobody_is_impersonated_without_a_user() {
        for (header, value, asked) in [
            ("Impersonate-Group", "g", "[{Group  g    }]"),
            ("Impersonate-Group", "", "[{Group      }]"),
            ("Impersonate-Uid", "1", "[{UID  1  authentication.k8s.io/v1  }]"),
            ("Impersonate-Extra-A", "1", "[{UserExtra  1  authentication.k8s.io/v1  a}]"),
        ] {
            let error = Impersonation::requested([(header, value)]).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("requested {asked} without impersonating a user")
            );
        }
        let both =
            Impersonation::requested([("Impersonate-Group", "a"), ("Impersonate-Group", "b")]);
        let text = both.unwrap_err().to_string();
        assert_eq!(text, "requested [{Group  a    } {Group  b    }] without impersonating a user");
        for nothing in [&[][..], &[("Accept", "*/*")], &[("Impersonate-User", "")]] {
            assert!(Impersonation::requested(nothing.iter().copied()).unwrap().is_none());
        }
        let many = std::iter::repeat_n(("Impersonate-Group", "g"), ATTEMPTS_MAX + 1);
        assert_eq!(Impersonation::requested(many).unwrap_err(), Malformed::TooMany);
    }

    #[test]
    fn headers_of_impersonation_are_known() {
        for header in
            ["Impersonate-User", "impersonate-group", "IMPERSONATE-UID", "Impersonate-Extra-x"]
        {
            assert!(is_impersonation(header), "{header}");
        }
        for header in ["Accept", "Impersonate", "Impersonate-Users", "Impersonate-Extra"] {
            assert!(!is_impersonation(header), "{header}");
        }
    }
}
