//! Why somebody is not who they say they are. The texts are those of the original: a `TokenReview`
//! shows them, a request is only told `Unauthorized`.

use std::fmt;

use portcullis_core::Timestamp;

use crate::certificate::Distrust;
use crate::jwt::TokenFault;

/// One reason against one credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The client certificate. Holds how to find it: serial number and key ids.
    Certificate(String, Distrust),
    /// Nobody here knows such a token.
    Unknown,
    /// The token's signature.
    Token(TokenFault),
    /// The token's claims are of the wrong form.
    Claims,
    /// A claim of a token of a secret is missing or contradicts another. Holds the text.
    Claim(&'static str),
    /// The token is for others.
    Audience {
        /// Whom it is for.
        of_token: Vec<String>,
        /// Whom it should be for.
        wanted: Vec<String>,
    },
    /// Its time is over.
    Expired,
    /// Its time has not begun.
    Early,
    /// It was issued later than now.
    IssuedLater,
    /// There is no such service account any more. Holds its name.
    NoAccount(String),
    /// There is another service account of that name.
    AccountUid(Uids, Origin),
    /// The service account is being deleted. Holds namespace and name.
    AccountDeleted(String, String, Origin),
    /// What the token is bound to is gone.
    Invalidated(Origin),
    /// There is another object of the name that the token is bound to.
    BoundUid(BoundKind, Uids),
    /// The secret holds another token by now.
    NotTheCopy,
    /// The secret's token has been switched off for not having been used.
    MarkedInvalid {
        /// Where the secret is.
        namespace: String,
        /// Which secret it is.
        secret: String,
        /// Whose token it is.
        account: String,
    },
    /// Nothing was presented, and the anonymous may not go there.
    NotAnonymous,
}

/// Which uid there is and which one was claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uids {
    /// The one that the object has.
    pub is: String,
    /// The one that the token names.
    pub claimed: String,
}

/// Where a token comes from: two authenticators of the original, with texts of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A `TokenRequest`.
    Request,
    /// A secret.
    Secret,
}

/// What a token can be bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoundKind {
    /// A pod.
    Pod,
    /// A secret.
    Secret,
    /// A node.
    Node,
}

/// All reasons together, in the order in which the authenticators were asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub(crate) Vec<Why>);

/// The label that switches the token of a secret off.
pub(crate) const INVALID_SINCE: &str = "kubernetes.io/legacy-token-invalid-since";

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(id, why) => write!(f, "verifying certificate {id} failed: {why}"),
            Self::Unknown => f.write_str("invalid bearer token"),
            Self::Token(fault) => fault.fmt(f),
            Self::Claims => f.write_str("the claims of the token cannot be read"),
            Self::Claim(text) => f.write_str(text),
            Self::Audience { of_token, wanted } => {
                let (of_token, wanted) = (quoted(of_token), quoted(wanted));
                write!(f, "token audiences {of_token} is invalid for the target audiences {wanted}")
            }
            Self::Expired => f.write_str("service account token has expired"),
            Self::Early => f.write_str("service account token is not valid yet"),
            Self::IssuedLater => f.write_str("service account token is issued in the future"),
            Self::NoAccount(name) => write!(f, "serviceaccounts \"{name}\" not found"),
            Self::AccountUid(uids, origin) => {
                let Uids { is, claimed } = uids;
                write!(f, "{} UID ({is}) does not match claim ({claimed})", account(*origin))
            }
            Self::AccountDeleted(namespace, name, origin) => {
                write!(f, "{} {namespace}/{name} has been deleted", account(*origin))
            }
            Self::Invalidated(Origin::Request) => {
                f.write_str("service account token has been invalidated")
            }
            Self::Invalidated(Origin::Secret) => f.write_str("Token has been invalidated"),
            Self::BoundUid(kind, Uids { is, claimed }) => {
                let kind = match kind {
                    BoundKind::Pod => "pod",
                    BoundKind::Secret => "secret",
                    BoundKind::Node => "node",
                };
                write!(
                    f,
                    "{kind} UID ({is}) does not match service account {kind} ref claim ({claimed})"
                )
            }
            Self::NotTheCopy => f.write_str("Token does not match server's copy"),
            Self::MarkedInvalid { namespace, secret, account } => write!(
                f,
                "the token in secret {namespace}/{secret} for service account {namespace}/{account} \
                 has been marked invalid. Use tokens from the TokenRequest API or manually created \
                 secret-based tokens, or remove the '{INVALID_SINCE}' label from the secret to \
                 temporarily allow use of this token"
            ),
            Self::NotAnonymous => f.write_str("anonymous requests are not allowed here"),
        }
    }
}

impl std::error::Error for Why {}

fn account(origin: Origin) -> &'static str {
    match origin {
        Origin::Request => "service account",
        Origin::Secret => "ServiceAccount",
    }
}

/// A list as Go prints it with `%q`.
fn quoted(list: &[String]) -> String {
    let quoted: Vec<String> = list.iter().map(|text| format!("{text:?}")).collect();
    format!("[{}]", quoted.join(" "))
}

// === impl Refusal ===

impl Refusal {
    /// The reasons in order, each once. There are three at most, so comparing all is nothing.
    pub fn reasons(&self) -> impl Iterator<Item = &Why> {
        let reasons = &self.0;
        reasons
            .iter()
            .enumerate()
            .filter(|(at, why)| !reasons.iter().take(*at).any(|w| w == *why))
            .map(|(_, why)| why)
    }
}

/// As the original joins errors: alone as it is, several in brackets.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.reasons().map(Why::to_string).collect();
        match texts.as_slice() {
            [only] => f.write_str(only),
            several => write!(f, "[{}]", several.join(", ")),
        }
    }
}

impl std::error::Error for Refusal {}

/// Whether something that was deleted then counts as gone now: a minute is let pass for clocks that
/// differ.
pub(crate) fn gone(deleted: Option<Timestamp>, now: Timestamp) -> bool {
    deleted.is_some_and(|deleted| now.since(deleted) > LEEWAY)
}

/// How far clocks may be apart: what the original's library allows by default.
pub(crate) const LEEWAY: std::time::Duration = std::time::Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_reasons_stand_in_brackets_once_each() {
        let check = |reasons: &[Why], text: &str| {
            assert_eq!(Refusal(reasons.to_vec()).to_string(), text);
        };
        check(&[Why::Unknown, Why::Unknown], "invalid bearer token");
        check(
            &[Why::Unknown, Why::NoAccount("robot".into())],
            "[invalid bearer token, serviceaccounts \"robot\" not found]",
        );
        let audience =
            Why::Audience { of_token: vec!["vault".into()], wanted: vec!["a".into(), "b".into()] };
        check(
            &[Why::Unknown, audience, Why::Unknown],
            "[invalid bearer token, token audiences [\"vault\"] is invalid for the target audiences \
             [\"a\" \"b\"]]",
        );
    }

    #[test]
    fn a_minute_is_let_pass() {
        let now = Timestamp::from_seconds(1_000);
        assert!(!gone(None, now));
        assert!(!gone(Some(Timestamp::from_seconds(940)), now));
        assert!(gone(Some(Timestamp::from_seconds(939)), now));
        assert!(!gone(Some(Timestamp::from_seconds(2_000)), now), "to be deleted later");
    }
}
