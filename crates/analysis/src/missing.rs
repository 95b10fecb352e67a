//! What would settle an unknown answer.

use portcullis_core::{Family, Ranges, net};
use portcullis_netpol::flow::End;
use portcullis_netpol::{Compiled, Condition, Fact, Need};

/// A fact that nobody said, and how to say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The fact, as a clause that follows "it depends on".
    pub what: String,
    /// The flag or document that settles it.
    pub flag: Option<String>,
}

/// The two ends as they are called in the answer.
pub(crate) struct Names<'a> {
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) from_is_pod: bool,
    pub(crate) to_is_pod: bool,
}

/// The facts that the cases of an answer take one way or the other, each once.
pub(crate) fn of<'c>(
    compiled: &Compiled,
    family: Family,
    names: &Names<'_>,
    conditions: impl IntoIterator<Item = &'c Condition>,
) -> Vec<Missing> {
    let mut missing: Vec<Missing> = Vec::new();
    for condition in conditions {
        let next = one(compiled, family, names, &condition.need);
        if !missing.contains(&next) {
            missing.push(next);
        }
    }
    missing
}

/// What becomes of something that the original would refuse; `why` says what and why.
pub(crate) fn refused(why: &str) -> Missing {
    Missing { what: format!("what becomes of {why}"), flag: Some("--refused absent".into()) }
}

fn one(compiled: &Compiled, family: Family, names: &Names<'_>, need: &Need) -> Missing {
    let name = |end: End| match end {
        End::Source => (names.from, names.from_is_pod),
        End::Destination => (names.to, names.to_is_pod),
    };
    match need {
        Need::Address(end, ranges) => {
            let (who, is_pod) = name(*end);
            let flag = match (who.strip_prefix("dns/"), is_pod) {
                (Some(domain), _) => format!("--resolve {domain}=ADDRESS"),
                (None, true) => "--pod-cidr NETWORK".into(),
                (None, false) => "the Node in the input".into(),
            };
            Missing {
                what: format!("whether the address of {who} is in {}", nets(family, ranges)),
                flag: Some(flag),
            }
        }
        Need::SourcePort(ranges) => Missing {
            what: format!("whether the source port is in {}", numbers(ranges)),
            flag: Some("a port behind the source: FROM:PORT".into()),
        },
        Need::IcmpType(ranges) => Missing {
            what: format!("whether the ICMP type is {}", numbers(ranges)),
            flag: Some("a type behind the destination: TO/icmp:TYPE".into()),
        },
        Need::IcmpCode(ranges) => Missing {
            what: format!("whether the ICMP code is {}", numbers(ranges)),
            flag: Some("a code behind the type: TO/icmp:TYPE.CODE".into()),
        },
        Need::Fact(Fact::Resolves(pattern)) => Missing {
            what: format!("whether `{pattern}` resolves to {}", names.to),
            flag: Some("--resolve NAME=ADDRESS".into()),
        },
        Need::Fact(Fact::PolicyInForce(id)) => {
            let policy = compiled.policy(*id);
            let why = policy.doubt.as_ref().map_or_else(|| policy.to_string(), |d| d.why.clone());
            refused(&why)
        }
        Need::Fact(Fact::SetHolds(index, end)) => {
            let set = compiled.set(*index).map_or("", |s| s.name.as_str());
            Missing {
                what: format!("whether the refused network set `{set}` holds {}", name(*end).0),
                flag: Some("--refused absent".into()),
            }
        }
        Need::Fact(Fact::ForeignDecides(index)) => {
            let foreign = compiled.foreign().get(*index);
            let kind = foreign.map_or("KIND", |f| f.kind.as_str());
            Missing {
                what: format!(
                    "what {} does: its kind is not judged here",
                    foreign.map_or("another engine's policy", |f| f.what.as_str())
                ),
                flag: Some(format!("--without {kind}")),
            }
        }
    }
}

/// How many networks or numbers a sentence lists.
const LISTED_MAX: usize = 4;

fn numbers(ranges: &Ranges) -> String {
    let shown =
        ranges.spans().iter().map(|(a, b)| if a == b { a.to_string() } else { format!("{a}-{b}") });
    listed(shown.collect())
}

fn nets(family: Family, ranges: &Ranges) -> String {
    let bits: u32 = match family {
        Family::V4 => 32,
        Family::V6 => 128,
    };
    let mut shown = Vec::new();
    'all: for &(first, last) in ranges.spans() {
        let mut at = first;
        loop {
            // The largest block that begins here: as aligned as the address, no longer than what
            // is left.
            let aligned = if at == 0 { bits } else { at.trailing_zeros().min(bits) };
            let left = last - at;
            let fits = match left.checked_add(1) {
                Some(count) => count.ilog2(),
                None => bits,
            };
            let size = aligned.min(fits);
            shown.push(format!("{}/{}", net::address(family, at), bits - size));
            if shown.len() > LISTED_MAX {
                break 'all;
            }
            let step = 1u128.checked_shl(size).unwrap_or(0);
            match at.checked_add(step) {
                Some(next) if step > 0 && next <= last => at = next,
                _ => break,
            }
        }
    }
    listed(shown)
}

fn listed(mut all: Vec<String>) -> String {
    if all.len() > LISTED_MAX {
        all.truncate(LISTED_MAX);
        all.push("…".into());
    }
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_shown_as_networks() {
        let show = |a: &str, b: &str| {
            let number = |t: &str| net::number(t.parse().expect("an address"));
            nets(Family::V4, &Ranges::span(number(a), number(b)))
        };
        assert_eq!(show("10.0.0.0", "10.255.255.255"), "10.0.0.0/8");
        assert_eq!(show("0.0.0.0", "255.255.255.255"), "0.0.0.0/0");
        assert_eq!(show("10.0.0.1", "10.0.0.2"), "10.0.0.1/32, 10.0.0.2/32");
        assert_eq!(show("255.255.255.255", "255.255.255.255"), "255.255.255.255/32");
        assert_eq!(nets(Family::V6, &Family::V6.everything()), "::/0");
    }
}
