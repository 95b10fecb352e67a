//! Who can reach whom: verdicts alone, of many questions at once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use portcullis_core::Family;
use portcullis_snapshot::{Snapshot, WorkloadId};

use crate::connect::{Asked, Outcome};
use crate::declared::Pair;
use crate::ends::{Ask, AskError, End, Resolver, Target};

/// The verdict on each pair, in their order: the one that [`connect`](crate::connect()) gives with its
/// reasons.
///
/// # Errors
/// If a workload takes no part in traffic, or has no address of the family.
pub fn reach(
    snapshot: &Snapshot,
    pairs: &[Pair],
    family: Family,
) -> Result<Vec<Outcome>, AskError> {
    let resolver = Resolver { snapshot, family };
    let mut ends: HashMap<WorkloadId, Vec<End>> = HashMap::new();
    for id in pairs.iter().flat_map(|pair| [pair.from, pair.to]) {
        if let Entry::Vacant(unknown) = ends.entry(id) {
            unknown.insert(resolver.standing(id)?);
        }
    }
    let of = |id: WorkloadId| ends.get(&id).map_or(&[][..], Vec::as_slice);
    let outcome = |pair: &Pair| {
        let mut verdicts = Vec::new();
        for end in of(pair.to) {
            let ask = Ask::Port(pair.port, pair.protocol);
            let target = &Target { end: end.clone(), ask, service: None };
            for source in of(pair.from) {
                let asked = Asked { snapshot, family, source, target, source_port: None };
                verdicts.push(asked.verdict());
            }
        }
        Outcome::of(verdicts.into_iter())
    };
    Ok(pairs.iter().map(outcome).collect())
}
