//! Users: what an authenticator finds out, and the value that proves that one did.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The name of who presents nothing.
pub const ANONYMOUS: &str = "system:anonymous";
/// The group of everybody who is somebody.
pub const AUTHENTICATED: &str = "system:authenticated";
/// The group of who presents nothing.
pub const UNAUTHENTICATED: &str = "system:unauthenticated";
/// The group to which every request is allowed before any rule is asked.
pub const MASTERS: &str = "system:masters";
/// The group of all service accounts of all namespaces.
pub const SERVICE_ACCOUNTS: &str = "system:serviceaccounts";
/// The extra that names the credential itself: a certificate's fingerprint or a token's id.
pub const CREDENTIAL_ID: &str = "authentication.kubernetes.io/credential-id";

const SERVICE_ACCOUNT_PREFIX: &str = "system:serviceaccount:";
/// Where the accounts live under whose names the controllers work.
const CONTROLLERS_NAMESPACE: &str = "kube-system";
/// The name under which the server asks itself.
const LOOPBACK: &str = "system:apiserver";

/// Who somebody is, as the API says it: `UserInfo`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// What rules name: `jane`, `system:serviceaccount:dev:robot`.
    pub name: String,
    /// Tells two users of one name apart over time; empty where nobody keeps count.
    pub uid: String,
    /// In the order in which the credential lists them.
    pub groups: Vec<String>,
    /// Whatever else is known, under lower-case keys.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl User {
    /// A user of whom only the name is known.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// A service account without its uid, in the two groups that every one is in.
    pub fn service_account(namespace: &str, name: &str) -> Self {
        Self {
            name: service_account_name(namespace, name),
            groups: service_account_groups(namespace),
            ..Self::default()
        }
    }

    /// Adds [`AUTHENTICATED`], as is done to whom an authenticator has recognised: not to the
    /// anonymous user and not where the credential has already said which of the two groups it is.
    pub(crate) fn with_authenticated(mut self) -> Self {
        let said = |group: &String| group == AUTHENTICATED || group == UNAUTHENTICATED;
        if self.name != ANONYMOUS && !self.groups.iter().any(said) {
            self.groups.push(AUTHENTICATED.to_owned());
        }
        self
    }
}

/// The name by which rules know a service account.
pub fn service_account_name(namespace: &str, name: &str) -> String {
    format!("{SERVICE_ACCOUNT_PREFIX}{namespace}:{name}")
}

/// The groups that every service account of a namespace is in.
pub fn service_account_groups(namespace: &str) -> Vec<String> {
    vec![SERVICE_ACCOUNTS.to_owned(), format!("{SERVICE_ACCOUNTS}:{namespace}")]
}

/// Namespace and name of the service account that `user` names, if it names one: both parts must be
/// names that the API would accept, so `system:serviceaccount:Bad:x` is a plain user.
pub fn split_service_account(user: &str) -> Option<(&str, &str)> {
    let (namespace, name) = user.strip_prefix(SERVICE_ACCOUNT_PREFIX)?.split_once(':')?;
    (is_label(namespace) && is_subdomain(name)).then_some((namespace, name))
}

/// RFC 1123: what a namespace may be called.
fn is_label(text: &str) -> bool {
    text.len() <= 63 && is_part(text)
}

/// RFC 1123 labels with dots between them: what a service account may be called.
fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_part)
}

fn is_part(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && bytes.first().is_some_and(|byte| *byte != b'-')
        && bytes.last().is_some_and(|byte| *byte != b'-')
}

/// Somebody whose credential was judged. Only this crate makes one, so whoever holds it need not ask
/// how it came about. Clone is O(1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticated(Arc<User>);

impl Authenticated {
    pub(crate) fn new(user: User) -> Self {
        Self(Arc::new(user))
    }

    /// Whom the credential is of.
    pub fn user(&self) -> &User {
        &self.0
    }

    /// The server asking itself, for what it does on its own behalf: bootstrap, restore.
    pub fn loopback() -> Self {
        let groups = vec![MASTERS.to_owned()];
        Self::new(
            User { name: LOOPBACK.to_owned(), groups, ..User::default() }.with_authenticated(),
        )
    }

    /// A built-in controller, which acts as its service account in `kube-system`: the bootstrap policy
    /// grants each what it needs under that name (`namespace-controller`).
    pub fn controller(account: &str) -> Self {
        Self::new(User::service_account(CONTROLLERS_NAMESPACE, account).with_authenticated())
    }

    /// Who presents nothing.
    pub fn anonymous() -> Self {
        let groups = vec![UNAUTHENTICATED.to_owned()];
        Self::new(User { name: ANONYMOUS.to_owned(), groups, ..User::default() })
    }

    /// Whether nobody was recognised.
    pub fn is_anonymous(&self) -> bool {
        self.0.name == ANONYMOUS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_accounts_are_told_from_plain_users() {
        for (user, parts) in [
            ("system:serviceaccount:dev:robot", Some(("dev", "robot"))),
            ("system:serviceaccount:dev:a.b-c", Some(("dev", "a.b-c"))),
            ("system:serviceaccount:dev:", None),
            ("system:serviceaccount::robot", None),
            ("system:serviceaccount:bad", None),
            ("system:serviceaccount:a.b:robot", None),
            ("system:serviceaccount:dev:robot:x", None),
            ("system:serviceaccount:Dev:robot", None),
            ("system:serviceaccount:dev:-robot", None),
            ("system:serviceaccount:dev:a..b", None),
            ("system:serviceaccounts:dev:robot", None),
            ("jane", None),
        ] {
            assert_eq!(split_service_account(user), parts, "{user}");
        }
        let long = format!("system:serviceaccount:{}:x", "a".repeat(64));
        assert_eq!(split_service_account(&long), None);
    }

    #[test]
    fn the_group_of_the_recognised_is_added_once() {
        let check = |name: &str, before: &[&str], after: &[&str]| {
            let groups = before.iter().map(|group| (*group).to_owned()).collect();
            let user = User { groups, ..User::named(name) }.with_authenticated();
            assert_eq!(user.groups, after, "{name} {before:?}");
        };
        check("jane", &[], &[AUTHENTICATED]);
        check("jane", &["dev"], &["dev", AUTHENTICATED]);
        check("jane", &[AUTHENTICATED, "dev"], &[AUTHENTICATED, "dev"]);
        check("jane", &[UNAUTHENTICATED], &[UNAUTHENTICATED]);
        check(ANONYMOUS, &[], &[]);
    }

    #[test]
    fn named_identities() {
        let loopback = Authenticated::loopback();
        assert_eq!(loopback.user().name, "system:apiserver");
        assert_eq!(loopback.user().groups, [MASTERS, AUTHENTICATED]);
        let controller = Authenticated::controller("namespace-controller");
        assert_eq!(
            controller.user().name,
            "system:serviceaccount:kube-system:namespace-controller"
        );
        assert_eq!(
            controller.user().groups,
            ["system:serviceaccounts", "system:serviceaccounts:kube-system", AUTHENTICATED]
        );
        assert!(Authenticated::anonymous().is_anonymous());
        assert_eq!(Authenticated::anonymous().user().groups, [UNAUTHENTICATED]);
        assert!(!controller.is_anonymous());
    }
}
