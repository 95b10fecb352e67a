//! Where objects stand in the order in which they were given.

use std::hash::Hash;
use std::sync::Arc;

use foldhash::fast::RandomState;
use rpds::HashTrieMapSync;

/// The place of an object in the order given. It keeps it for life: what replaces the object stands
/// where it stood, and the place of an object that is gone stays empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Seat(u32);

impl Seat {
    pub(crate) fn at(index: usize) -> Self {
        // What is read is limited far below 2³² objects.
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Some seats, in order. Most are of one or of a few; a shared list is copied to change it, which for
/// the ten thousand policies of one tier are 40 kB, or two microseconds.
#[derive(Clone, Debug, Default)]
pub(crate) enum Seats {
    #[default]
    None,
    One(Seat),
    Some(Arc<Vec<Seat>>),
}

impl Seats {
    pub(crate) fn as_slice(&self) -> &[Seat] {
        match self {
            Self::None => &[],
            Self::One(seat) => std::slice::from_ref(seat),
            Self::Some(seats) => seats,
        }
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = Seat> + '_ {
        self.as_slice().iter().copied()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    pub(crate) fn insert(&mut self, seat: Seat) {
        match self {
            Self::None => *self = Self::One(seat),
            Self::One(other) if *other == seat => {}
            Self::One(other) => {
                let (first, second) = ((*other).min(seat), (*other).max(seat));
                *self = Self::Some(Arc::new(vec![first, second]));
            }
            Self::Some(seats) => {
                if let Err(at) = seats.binary_search(&seat) {
                    Arc::make_mut(seats).insert(at, seat);
                }
            }
        }
    }

    pub(crate) fn remove(&mut self, seat: Seat) {
        match self {
            Self::One(other) if *other == seat => *self = Self::None,
            Self::None | Self::One(_) => {}
            Self::Some(seats) => {
                if let Ok(at) = seats.binary_search(&seat) {
                    Arc::make_mut(seats).remove(at);
                }
                if let [last] = seats.as_slice() {
                    *self = Self::One(*last);
                }
            }
        }
    }
}

/// A map of which copies are O(1) and share what they have in common.
pub(crate) type Map<K, V> = HashTrieMapSync<K, V, RandomState>;

/// An empty map.
///
/// A branch of it has 16 places, where the default is 64: to change an entry copies the branches on the
/// way to it, and each copy counts a reference in every child, and those lie far apart in memory.
pub(crate) fn map<K: Hash + Eq, V>() -> Map<K, V> {
    HashTrieMapSync::new_with_hasher_and_degree_and_ptr_kind(RandomState::default(), 16)
}

/// Seats by what they have in common.
pub(crate) type SeatsBy<K> = Map<K, Seats>;

/// Puts a seat under a key, or takes it from there.
pub(crate) fn list<K: Hash + Eq + Clone>(by: &mut SeatsBy<K>, key: &K, seat: Seat, there: bool) {
    match (by.get_mut(key), there) {
        (Some(seats), true) => seats.insert(seat),
        (None, true) => by.insert_mut(key.clone(), Seats::One(seat)),
        (Some(seats), false) => {
            seats.remove(seat);
            if seats.is_empty() {
                by.remove_mut(key);
            }
        }
        (None, false) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_a_sorted_set_and_copies_never_see_each_other() {
        let seats = |all: &[usize]| all.iter().map(|i| Seat::at(*i)).collect::<Vec<_>>();
        let mut some = Seats::default();
        for (put, there, want) in [
            (4, true, seats(&[4])),
            (4, true, seats(&[4])),
            (2, true, seats(&[2, 4])),
            (3, true, seats(&[2, 3, 4])),
            (3, true, seats(&[2, 3, 4])),
            (9, false, seats(&[2, 3, 4])),
            (2, false, seats(&[3, 4])),
            (4, false, seats(&[3])),
            (9, false, seats(&[3])),
            (3, false, seats(&[])),
            (3, false, seats(&[])),
        ] {
            let before = some.clone();
            let was = before.as_slice().to_vec();
            match there {
                true => some.insert(Seat::at(put)),
                false => some.remove(Seat::at(put)),
            }
            assert_eq!(some.as_slice(), want);
            assert_eq!(before.as_slice(), was);
        }
    }
}
