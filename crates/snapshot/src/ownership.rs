//! Which pods were made from which templates.

use std::collections::HashMap;

use portcullis_core::Namespace;
use smol_str::SmolStr;

use crate::lower::workload::{Owner, PodDraft};

/// For each draft, the draft it was made from, if that is given.
///
/// Dumps often leave out the ReplicaSet between a Deployment and its pods, and the Job between a
/// CronJob and its pods; the names and the label `pod-template-hash` still tell.
pub(crate) fn owners(pods: &[PodDraft]) -> Vec<Option<usize>> {
    let by_name: HashMap<(&Namespace, &str, &str), usize> = pods
        .iter()
        .enumerate()
        .map(|(i, p)| ((&p.namespace, p.kind.as_str(), p.name.as_str()), i))
        .collect();
    let find = |pod: &PodDraft, kind: &str, name: &str| -> Option<usize> {
        by_name.get(&(&pod.namespace, kind, name)).copied()
    };
    pods.iter()
        .enumerate()
        .map(|(i, pod)| {
            let owner = pod.owner.as_ref()?;
            find(pod, &owner.kind, &owner.name)
                .or_else(|| {
                    let (kind, name) = grandparent(pod, owner)?;
                    find(pod, kind, &name)
                })
                .filter(|found| *found != i)
        })
        .collect()
}

/// The Deployment or CronJob that an owner which is not given was itself made from.
fn grandparent(pod: &PodDraft, owner: &Owner) -> Option<(&'static str, SmolStr)> {
    match owner.kind.as_str() {
        "ReplicaSet" => {
            let hash = pod.labels.value("pod-template-hash")?;
            let name = owner.name.strip_suffix(hash)?.strip_suffix('-')?;
            Some(("Deployment", name.into()))
        }
        "Job" => {
            let (name, stamp) = owner.name.rsplit_once('-')?;
            let stamped = !stamp.is_empty() && stamp.bytes().all(|b| b.is_ascii_digit());
            stamped.then(|| ("CronJob", name.into()))
        }
        _ => None,
    }
}

/// For each draft, the drafts made from it, directly.
pub(crate) fn children(owners: &[Option<usize>]) -> Vec<Vec<usize>> {
    let mut children = vec![Vec::new(); owners.len()];
    for (i, owner) in owners.iter().enumerate() {
        if let Some(list) = owner.and_then(|o| children.get_mut(o)) {
            list.push(i);
        }
    }
    children
}
