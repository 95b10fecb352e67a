//! Where shapes are found: by all they look like, and by a label or profile that they have.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hash};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use foldhash::fast::{FixedState, RandomState};
use smol_str::SmolStr;

use super::anchor::Anchor;
use super::shape::Look;

/// Shapes under one label, beyond which they are no longer listed there: whoever looks for them goes
/// through all shapes. Selectors of namespaces are what most policies have, and a namespace has some
/// twenty shapes.
pub(crate) const MAX_LISTED: usize = 256;

/// So many may come, and as many again as there were, before those that are gone are looked for.
const UNSWEPT: usize = 1024;

/// Finds shapes. Of labels only those are listed that policies tell their endpoints by, and that tell
/// few from many: each list that a new shape joins costs it a load from far away.
///
/// All versions of an index share one, and none takes out what another may need: what is found is true
/// of some version, and to be held against the shapes of the one that asks. Maps whose versions stand
/// apart made a new shape cost three times as much.
#[derive(Clone, Debug, Default)]
pub(crate) struct Directory {
    /// The keys of labels that are listed.
    keys: Arc<Keys>,
    /// The shapes that the first version had.
    first: Arc<Lists>,
    young: Arc<Mutex<Young>>,
}

#[derive(Debug, Default)]
struct Lists {
    /// A shape by the hash of its look: the last of those that share it, as versions that come from one
    /// may enter the same look. Who does not find its own enters it again.
    looks: HashMap<u64, u32, RandomState>,
    /// The first shape of those that policies do not tell apart, by a hash of what they look at.
    kin: HashMap<u64, u32, RandomState>,
    /// By the hash of a label or profile. None where there are too many.
    having: HashMap<u64, Option<Vec<u32>>, RandomState>,
}

/// Those that came later.
#[derive(Debug, Default)]
struct Young {
    lists: Lists,
    /// All of them, to be listed anew without those that no version has any more.
    all: Vec<(Weak<Look>, Entry)>,
    /// How many there were when that was last done.
    swept: usize,
}

/// Keys of labels.
pub(crate) type Keys = HashSet<SmolStr, RandomState>;

/// What a shape is entered by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) id: u32,
    /// The hash of its look.
    pub(crate) look: u64,
    /// The hash of what policies look at, if they look at it at all.
    pub(crate) kin: Option<u64>,
}

/// The shapes by everything they have.
pub(crate) type Everything = HashMap<Anchor, Vec<u32>, RandomState>;

/// Everything that shapes have which look so.
pub(crate) fn everything(looks: &[Arc<Look>]) -> Everything {
    let mut all = Everything::default();
    for (look, id) in looks.iter().zip(0..) {
        for anchor in look.anchors() {
            all.entry(anchor).or_default().push(id);
        }
    }
    all
}

/// By what things are told apart here. What is found is held against what is sought, so two that share
/// it cost time and nothing else.
pub(crate) fn hash_of(thing: impl Hash) -> u64 {
    FixedState::default().hash_one(thing)
}

fn hash_of_label(key: &str, value: &str) -> u64 {
    hash_of((key, value))
}

/// None of what is not listed.
fn hash_of_anchor(anchor: &Anchor) -> Option<u64> {
    match anchor {
        Anchor::Pair(key, value) => Some(hash_of_label(key, value)),
        Anchor::Profile(name) => Some(hash_of(name)),
        Anchor::Key(_) => None,
    }
}

impl Lists {
    fn enter(&mut self, entry: Entry) {
        self.looks.insert(entry.look, entry.id);
        if let Some(kin) = entry.kin {
            let first = self.kin.entry(kin).or_insert(entry.id);
            *first = entry.id.min(*first);
        }
    }
}

impl Directory {
    /// Of labels only those with some of these keys. The entries are those of all shapes.
    pub(crate) fn new(all: Everything, keys: &Keys, entries: impl Iterator<Item = Entry>) -> Self {
        let is_listed = |ids: &[u32]| ids.len() <= MAX_LISTED;
        // Of each key, how many shapes would be listed, and how many not.
        let mut counts: HashMap<&SmolStr, [usize; 2]> =
            keys.iter().map(|key| (key, [0; 2])).collect();
        for (anchor, ids) in &all {
            if let Anchor::Pair(key, _) = anchor
                && let Some([listed, others]) = counts.get_mut(key)
            {
                *(if is_listed(ids) { listed } else { others }) += ids.len();
            }
        }
        counts.retain(|_, [listed, others]| listed >= others);
        let keys: Keys = counts.into_keys().cloned().collect();
        let mut first = Lists::default();
        for (anchor, ids) in all.into_iter().filter(|(anchor, _)| lists_such(&keys, anchor)) {
            let Some(hash) = hash_of_anchor(&anchor) else { continue };
            let listed = first.having.entry(hash).or_insert_with(|| Some(Vec::new()));
            *listed = listed.take().filter(|_| is_listed(&ids)).map(|mut listed| {
                listed.extend(ids);
                listed
            });
        }
        entries.for_each(|entry| first.enter(entry));
        Self { keys: Arc::new(keys), first: Arc::new(first), young: Arc::default() }
    }

    /// Shapes that may look so.
    pub(crate) fn looking(&self, look: u64) -> impl Iterator<Item = u32> {
        let first = self.first.looks.get(&look).copied();
        let young = move || self.with_young(|young| young.lists.looks.get(&look).copied());
        first.into_iter().chain(std::iter::once_with(young).flatten())
    }

    /// A shape before this one that policies may not tell from it.
    pub(crate) fn kin(&self, entry: Entry) -> Option<u32> {
        let kin = entry.kin?;
        let first = self.first.kin.get(&kin).copied();
        let first = first.or_else(|| self.with_young(|young| young.lists.kin.get(&kin).copied()));
        first.filter(|first| *first < entry.id)
    }

    /// The shapes that may have this; none if they are many, or not listed.
    pub(crate) fn having(&self, anchor: &Anchor) -> Option<Vec<u32>> {
        self.with_having(anchor, |first, young| [first, young].concat())
    }

    /// How many shapes may have this, or more than there can be.
    pub(crate) fn count(&self, anchor: &Anchor) -> usize {
        self.with_having(anchor, |first, young| first.len() + young.len()).unwrap_or(usize::MAX)
    }

    fn with_having<T>(&self, anchor: &Anchor, ask: impl FnOnce(&[u32], &[u32]) -> T) -> Option<T> {
        let hash = hash_of_anchor(anchor).filter(|_| lists_such(&self.keys, anchor))?;
        let first = self.first_having(hash)?;
        self.with_young(|young| {
            let young = young.lists.having.get(&hash).map_or(Some(&[][..]), Option::as_deref)?;
            Some(ask(first, young))
        })
    }

    fn first_having(&self, hash: u64) -> Option<&[u32]> {
        self.first.having.get(&hash).map_or(Some(&[]), Option::as_deref)
    }

    /// Enters a shape that is new.
    pub(crate) fn enter(&self, look: &Arc<Look>, entry: Entry) {
        self.with_young(|young| {
            young.all.push((Arc::downgrade(look), entry));
            self.list(&mut young.lists, look, entry);
            if young.all.len() > 2 * young.swept + UNSWEPT {
                young.all.retain(|(look, _)| look.strong_count() > 0);
                young.lists = Lists::default();
                for (look, entry) in &young.all {
                    if let Some(look) = look.upgrade() {
                        self.list(&mut young.lists, &look, *entry);
                    }
                }
                young.swept = young.all.len();
            }
        });
    }

    fn list(&self, young: &mut Lists, look: &Look, entry: Entry) {
        young.enter(entry);
        let listed = look.labels.iter().filter(|(key, _)| self.keys.contains(*key));
        let pairs = listed.map(|(key, value)| hash_of_label(key, value));
        for hash in pairs.chain(look.profiles.iter().map(hash_of)) {
            let Some(first) = self.first_having(hash) else { continue };
            let ids = young.having.entry(hash).or_insert_with(|| Some(Vec::new()));
            match ids {
                Some(young) if first.len() + young.len() < MAX_LISTED => young.push(entry.id),
                _ => *ids = None,
            }
        }
    }

    fn with_young<T>(&self, ask: impl FnOnce(&mut Young) -> T) -> T {
        // What is listed is listed even if whoever held the lock panicked.
        ask(&mut self.young.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn lists_such(keys: &Keys, anchor: &Anchor) -> bool {
    match anchor {
        Anchor::Pair(key, _) => keys.contains(key),
        Anchor::Key(_) => false,
        Anchor::Profile(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(number: usize) -> Arc<Look> {
        let number = number.to_string();
        let labels = [("app", "web"), ("number", &number)].into_iter().collect();
        Arc::new(Look { workload: true, ..Look::of_labels(&labels) })
    }

    fn entry(look: &Look, id: usize) -> Entry {
        let id = u32::try_from(id).expect("few");
        Entry { id, look: hash_of(look), kin: Some(hash_of(look)) }
    }

    #[test]
    fn what_a_version_may_need_is_found_and_what_none_has_is_forgotten() {
        let keys: Keys = ["app", "number"].into_iter().map(SmolStr::from).collect();
        let base = vec![look(0)];
        let entries = base.iter().map(|look| entry(look, 0));
        let directory = Directory::new(everything(&base), &keys, entries);
        let other = directory.clone();
        // Every tenth stays.
        let stays = |number: &usize| number.is_multiple_of(10);
        let (mut kept, mut gone) = (base, Vec::new());
        for number in 1..=4 * UNSWEPT {
            let look = look(number);
            directory.enter(&look, entry(&look, number));
            if stays(&number) { kept.push(look) } else { gone.push(look) }
        }
        let gone: Vec<Entry> = gone.into_iter().map(|look| entry(&look, 0)).collect();
        // The next one that is too many has them looked for.
        for number in 4 * UNSWEPT + 1..20 * UNSWEPT {
            let look = look(number);
            other.enter(&look, entry(&look, number));
        }
        let found = |directory: &Directory, look| directory.looking(look).count();
        for (look, number) in kept.iter().zip((0..).filter(stays)) {
            let entered = entry(look, number);
            let having: Vec<Option<Vec<u32>>> =
                look.anchors().map(|a| directory.having(&a)).collect();
            assert_eq!(having, [None, Some(vec![entered.id])], "`app` is every one's");
            assert_eq!(found(&directory, entered.look), 1);
            let later = Entry { id: u32::MAX, ..entered };
            assert_eq!([entered, later].map(|asks| other.kin(asks)), [None, Some(entered.id)]);
        }
        assert!(gone.iter().all(|entry| found(&directory, entry.look) == 0));
    }
}
