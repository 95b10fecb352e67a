//! All authenticators in the order in which the original asks them.
//!
//! ```text
//! certificate ─▶ token file ─▶ token of a secret ─▶ token on request ─▶ anonymous
//! ```
//! The first that recognises somebody decides. One that recognises nobody leaves its reason and the
//! next is asked, so that a bad token beside a good certificate is the certificate's user; but whoever
//! presented something and was recognised by nobody is refused, never anonymous.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use portcullis_core::Timestamp;

use crate::certificate::{ClientTrust, Distrust, Vouched, identifier};
use crate::service_account::{Accounts, Confirmed, Facts, Needs, Verified};
use crate::token_file::TokenFile;
use crate::user::Authenticated;
use crate::why::{Refusal, Why};

/// Everything that is trusted. Clone is O(1); one that is read again from its files is another value.
#[derive(Clone)]
pub struct Trust {
    /// `--client-ca-file`.
    pub clients: Option<ClientTrust>,
    /// `--token-auth-file`.
    pub tokens: Option<Arc<TokenFile>>,
    /// Service accounts.
    pub accounts: Option<Arc<Accounts>>,
    /// For whom credentials must be: `--api-audiences`.
    pub audiences: Vec<String>,
    /// Where nobody in particular may go on to be asked about.
    pub anonymous: Anonymous,
}

/// Which requests may come without a credential. Whether they are then allowed is another question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Anonymous {
    /// None.
    Never,
    /// Those to exactly these paths.
    Paths(Vec<String>),
    /// All.
    Always,
}

/// The certificates of one connection. What was found out about them is kept, and asked again when it
/// no longer holds.
pub struct Peer {
    /// DER, the client's own first.
    chain: Vec<Vec<u8>>,
    kept: Mutex<Option<Kept>>,
}

enum Kept {
    Vouched(Vouched),
    /// Why not, under which authorities, and when that was.
    Distrusted(Distrust, ClientTrust, Timestamp),
}

/// How long a certificate that was refused stays so without being looked at again. Somebody without any
/// rights could otherwise have many signatures checked with every request of one connection.
const DISTRUSTED_FOR: Duration = Duration::from_secs(1);

/// What a request presents.
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    /// The client certificate of its connection.
    pub peer: Option<&'a Peer>,
    /// The token of its `Authorization` header: see [`crate::bearer::Bearer`].
    pub bearer: Option<&'a str>,
    /// Its path, by which [`Anonymous::Paths`] decides.
    pub path: &'a str,
}

/// How far it has come.
pub enum Step {
    /// Somebody, or the anonymous user.
    Done(Confirmed),
    /// Objects must be looked up first.
    Need(Box<Lookup>),
    /// Nobody: 401.
    Refused(Refusal),
}

/// A token that is good if what it speaks of exists.
pub struct Lookup {
    verified: Verified,
    against: Vec<Why>,
}

/// Finds out who sent a request.
pub fn authenticate(trust: &Trust, presented: &Presented<'_>, now: Timestamp) -> Step {
    let mut against = Vec::new();
    if presented.bearer.is_some() {
        // The server's own token, which is asked for first and which nobody else has.
        against.push(Why::Unknown);
    }
    if let (Some(peer), Some(clients)) = (presented.peer, &trust.clients) {
        match peer.vouched(clients, now) {
            Ok(vouched) => {
                if let Some(user) = vouched.user() {
                    return Step::Done(recognised(user.clone(), trust.audiences.clone()));
                }
            }
            Err(why) => {
                let leaf = peer.chain.first().map(Vec::as_slice).unwrap_or_default();
                against.push(Why::Certificate(identifier(leaf), why));
            }
        }
    }
    if let Some(token) = presented.bearer {
        return token_of(trust, token, &trust.audiences, against, now);
    }
    let allowed = match &trust.anonymous {
        Anonymous::Never => false,
        Anonymous::Paths(paths) => paths.iter().any(|path| path == presented.path),
        Anonymous::Always => true,
    };
    if against.is_empty() && allowed {
        return Step::Done(recognised(Authenticated::anonymous(), trust.audiences.clone()));
    }
    if against.is_empty() {
        against.push(Why::NotAnonymous);
    }
    Step::Refused(Refusal(against))
}

/// Finds out whose a token is, for a `TokenReview`: for these audiences, or ours if there are none.
pub fn review(trust: &Trust, token: &str, audiences: &[String], now: Timestamp) -> Step {
    let audiences = if audiences.is_empty() { &trust.audiences } else { audiences };
    token_of(trust, token, audiences, vec![Why::Unknown], now)
}

fn token_of(
    trust: &Trust,
    token: &str,
    audiences: &[String],
    mut against: Vec<Why>,
    now: Timestamp,
) -> Step {
    // Tokens of the file say nothing of audiences and are for ours.
    let both: Vec<String> =
        audiences.iter().filter(|audience| trust.audiences.contains(audience)).cloned().collect();
    let user = trust.tokens.as_ref().and_then(|file| file.user(token));
    if let Some(user) = user.filter(|_| !both.is_empty() || audiences.is_empty()) {
        let user = Authenticated::new(user.clone().with_authenticated());
        return Step::Done(recognised(user, both));
    }
    match trust.accounts.as_ref().map(|accounts| accounts.verify(token, audiences, now)) {
        Some(Ok(Some(verified))) => return Step::Need(Box::new(Lookup { verified, against })),
        Some(Ok(None)) | None => against.push(Why::Unknown),
        Some(Err(why)) => against.push(why),
    }
    Step::Refused(Refusal(against))
}

fn recognised(user: Authenticated, audiences: Vec<String>) -> Confirmed {
    Confirmed { user, audiences, annotations: Vec::new(), warnings: Vec::new(), last_used: None }
}

// === impl Peer ===

impl Peer {
    /// What a client showed in its handshake; none if it showed nothing.
    pub fn new(chain: Vec<Vec<u8>>) -> Option<Self> {
        (!chain.is_empty()).then(|| Self { chain, kept: Mutex::new(None) })
    }

    /// Whether it is vouched for now. As [`ClientTrust::vouch`], but signatures are checked once.
    pub fn vouched(&self, trust: &ClientTrust, now: Timestamp) -> Result<Vouched, Distrust> {
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept() {
            Some(Kept::Vouched(vouched)) if vouched.holds(trust, now) => return Ok(vouched.clone()),
            Some(Kept::Distrusted(why, under, at))
                if under.is(trust) && *at <= now && now.since(*at) < DISTRUSTED_FOR =>
            {
                return Err(why.clone());
            }
            _ => {}
        }
        let chain: Vec<&[u8]> = self.chain.iter().map(Vec::as_slice).collect();
        let judged = trust.vouch(&chain, now);
        *kept() = Some(match &judged {
            Ok(vouched) => Kept::Vouched(vouched.clone()),
            Err(why) => Kept::Distrusted(why.clone(), trust.clone(), now),
        });
        judged
    }
}

// === impl Lookup ===

impl Lookup {
    /// What must be looked up.
    pub fn needs(&self) -> Needs<'_> {
        self.verified.needs()
    }

    /// Goes on with what was found.
    pub fn resume(self, facts: &Facts, now: Timestamp) -> Step {
        match self.verified.confirm(facts, now) {
            Ok(confirmed) => Step::Done(confirmed),
            Err(why) => {
                let mut against = self.against;
                against.push(why);
                Step::Refused(Refusal(against))
            }
        }
    }
}
