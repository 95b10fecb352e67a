//! From a leaf to an authority that is trusted.

use portcullis_core::Timestamp;

use super::Distrust;
use super::parsed::Certificate;
use crate::public_key::Doubt;

/// The longest chain that is followed, leaf and root included. Real ones have two to four.
const CHAIN_MAX: usize = 8;

/// The most signatures that are checked for one leaf. A client chooses what it presents and with it how
/// often names match; each check takes some tens of microseconds.
const CHECKS_MAX: usize = 32;

/// A search for a chain, and what it has spent.
struct Search<'a, 'c> {
    roots: &'c [Certificate<'a>],
    between: &'c [Certificate<'a>],
    now: Timestamp,
    checks: usize,
    /// The most telling reason so far why a way led nowhere.
    hint: Option<Distrust>,
}

/// The chain from the leaf to a root, both included, or why there is none.
pub(super) fn build<'a>(
    leaf: Certificate<'a>,
    roots: &[Certificate<'a>],
    between: &[Certificate<'a>],
    now: Timestamp,
) -> Result<Vec<Certificate<'a>>, Distrust> {
    fit(&leaf, now)?;
    // A leaf that is itself trusted needs nobody's signature.
    if roots.iter().any(|root| root.whole == leaf.whole) {
        return for_clients(&[leaf]).map(|()| vec![leaf]);
    }
    let mut search = Search { roots, between, now, checks: 0, hint: None };
    let mut chain = vec![leaf];
    if search.extend(&mut chain)? {
        return Ok(chain);
    }
    Err(search.hint.unwrap_or(Distrust::UnknownAuthority))
}

impl<'a> Search<'a, '_> {
    /// Goes on from the last of the chain; true once a root is reached. An error ends the search.
    fn extend(&mut self, chain: &mut Vec<Certificate<'a>>) -> Result<bool, Distrust> {
        let Some(child) = chain.last().copied() else { return Ok(false) };
        let (roots, between) = (self.roots, self.between);
        for (is_root, candidates) in [(true, roots), (false, between)] {
            // Those whose key is the one named go first; another may still fit.
            for named in [true, false] {
                for parent in candidates {
                    if parent.subject == child.issuer
                        && names_key(&child, parent) == named
                        && !chain.iter().any(|one| one.is_twin_of(parent))
                        && self.try_parent(chain, &child, *parent, is_root)?
                    {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    fn try_parent(
        &mut self,
        chain: &mut Vec<Certificate<'a>>,
        child: &Certificate<'a>,
        parent: Certificate<'a>,
        is_root: bool,
    ) -> Result<bool, Distrust> {
        self.checks += 1;
        if self.checks > CHECKS_MAX {
            return Err(Distrust::Costly);
        }
        let judged = signed_by(child, &parent)
            .and_then(|()| fit(&parent, self.now))
            .and_then(|()| may_stand_above(&parent, chain, is_root));
        if let Err(why) = judged {
            self.tell(why);
            return Ok(false);
        }
        chain.push(parent);
        if is_root {
            match for_clients(chain) {
                Ok(()) => return Ok(true),
                Err(why) => self.tell(why),
            }
        } else if chain.len() < CHAIN_MAX {
            if self.extend(chain)? {
                return Ok(true);
            }
        } else {
            self.tell(Distrust::TooLong);
        }
        chain.pop();
        Ok(false)
    }

    /// Keeps a reason. That a signature is not of one of several of a name tells less than any other.
    fn tell(&mut self, why: Distrust) {
        if self.hint.is_none() || why != Distrust::Signature {
            self.hint = Some(why);
        }
    }
}

impl Certificate<'_> {
    /// The same authority, perhaps in another certificate: going there again leads in circles. Other
    /// names make it another one (RFC 4158, 2.4.2).
    fn is_twin_of(&self, other: &Self) -> bool {
        self.subject == other.subject
            && self.key.whole == other.key.whole
            && self.extensions.alternative_names == other.extensions.alternative_names
    }
}

/// Whether the child names the key of the parent, or says nothing about it.
fn names_key(child: &Certificate<'_>, parent: &Certificate<'_>) -> bool {
    match (child.extensions.authority_key_id, parent.extensions.subject_key_id) {
        (Some(named), Some(key)) => named == key,
        _ => true,
    }
}

/// What every certificate of a chain must be: understood, and of this time.
fn fit(certificate: &Certificate<'_>, now: Timestamp) -> Result<(), Distrust> {
    if certificate.extensions.not_understood {
        return Err(Distrust::Demands);
    }
    if now < certificate.not_before {
        return Err(Distrust::Expired { now, limit: certificate.not_before, early: true });
    }
    if now > certificate.not_after {
        return Err(Distrust::Expired { now, limit: certificate.not_after, early: false });
    }
    Ok(())
}

fn signed_by(child: &Certificate<'_>, parent: &Certificate<'_>) -> Result<(), Distrust> {
    let says = &parent.extensions;
    // Version 3 must say that it is an authority; before that nobody could.
    let authority = says.basic.map_or(parent.version < 3, |basic| basic.authority);
    if !authority || says.may_sign == Some(false) {
        return Err(Distrust::NotAuthority);
    }
    parent.key.verify(child.signed, child.to_be_signed, child.signature).map_err(
        |doubt| match doubt {
            Doubt::Insecure => Distrust::Insecure,
            Doubt::Unsupported => Distrust::Unsupported,
            Doubt::Wrong => Distrust::Signature,
        },
    )
}

/// Whether an authority may stand above this chain.
fn may_stand_above(
    parent: &Certificate<'_>,
    chain: &[Certificate<'_>],
    is_root: bool,
) -> Result<(), Distrust> {
    let basic = parent.extensions.basic;
    // Who is only presented must say what it is, in whatever version.
    if !is_root && !basic.is_some_and(|basic| basic.authority) {
        return Err(Distrust::NotAuthority);
    }
    let between = u64::try_from(chain.len().saturating_sub(1)).unwrap_or(u64::MAX);
    if basic.and_then(|basic| basic.path_length).is_some_and(|most| between > most) {
        return Err(Distrust::TooLong);
    }
    if parent.extensions.constrains_names
        && chain.iter().any(|below| below.extensions.alternative_names.is_some())
    {
        return Err(Distrust::NamesConstrained);
    }
    Ok(())
}

/// Whether all of the chain that say what they are for say that clients are among it.
fn for_clients(chain: &[Certificate<'_>]) -> Result<(), Distrust> {
    let fits = |one: &Certificate<'_>| {
        one.extensions.purposes.is_none_or(|purposes| purposes.any || purposes.client)
    };
    if chain.iter().all(fits) { Ok(()) } else { Err(Distrust::Purpose) }
}
