//! What rules ask of the other end of a flow, each thing once and by number.

use std::sync::Arc;

use portcullis_core::{Family, Ranges, Selector, Slots};

use crate::map::Map;
use crate::model::NetList;

/// One thing that rules ask of the other end.
#[derive(Clone, Debug)]
pub(crate) enum Criterion {
    /// It is an endpoint, or in a network set, that this selects.
    Selected(Arc<Selector>),
    /// Its address is one of these.
    Within(Arc<Addresses>),
}

/// Addresses of both versions of IP.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Addresses {
    v4: Ranges,
    v6: Ranges,
}

/// All criteria of an index. Cloning is O(1).
#[derive(Clone, Debug)]
pub(crate) struct Criteria {
    all: Slots<Criterion>,
    selectors: Map<Arc<Selector>, u32>,
    addresses: Map<Arc<Addresses>, u32>,
    bits: Bits,
    /// How many there were when it was made.
    made: u32,
}

/// Which criteria have a bit in what is noted of an endpoint or an address; of the others those that
/// hold are listed. The selectors that many shapes are selected by have the first numbers, then come
/// addresses, which no shape needs bits for, then all others.
///
/// A bit is looked up without a branch, where a list is searched by halves and every turn is guessed; but
/// most selectors select the pods of one namespace, and a bit for each of them would be empty elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bits {
    /// Numbers below this have a bit for a shape.
    pub(crate) shape: u32,
    /// Numbers below this have a bit for an address.
    pub(crate) address: u32,
}

/// Bits for selectors, and for addresses, at most: a kilobyte for each shape that can be told apart.
pub(crate) const MAX_BITS: usize = 8192;

// === impl Addresses ===

impl Addresses {
    /// Those of some networks but not of others.
    pub(crate) fn of(nets: &NetList, without: Option<&NetList>) -> Self {
        let of = |family| match without {
            Some(without) => nets.of(family).without(without.of(family)),
            None => nets.of(family).clone(),
        };
        Self { v4: of(Family::V4), v6: of(Family::V6) }
    }

    pub(crate) fn of_family(&self, family: Family) -> &Ranges {
        match family {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        }
    }
}

// === impl Criteria ===

impl Criteria {
    /// Those with these numbers from 0 on: selectors that get bits, addresses, and other selectors.
    pub(crate) fn new(
        common: Vec<Arc<Selector>>,
        addresses: Vec<Arc<Addresses>>,
        rare: Vec<Arc<Selector>>,
    ) -> Self {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let shape = number(common.len());
        let bits = Bits { shape, address: shape + number(addresses.len().min(MAX_BITS)) };
        let first_rare = shape + number(addresses.len());
        let numbered = common.iter().cloned().zip(0..);
        let numbered = numbered.chain(rare.iter().cloned().zip(first_rare..));
        let selectors = numbered.collect();
        let within = addresses.iter().cloned().map(Criterion::Within);
        let all = common.into_iter().map(Criterion::Selected).chain(within);
        let all = all.chain(rare.into_iter().map(Criterion::Selected)).collect();
        let addresses = addresses.into_iter().zip(shape..).collect();
        let mut criteria = Self { all, selectors, addresses, bits, made: 0 };
        criteria.made = criteria.known();
        criteria
    }

    /// How many there were when it was made.
    pub(crate) fn made(&self) -> u32 {
        self.made
    }

    /// How many have numbers.
    pub(crate) fn known(&self) -> u32 {
        u32::try_from(self.all.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn bits(&self) -> Bits {
        self.bits
    }

    pub(crate) fn get(&self, number: u32) -> Option<&Criterion> {
        self.all.get(number as usize)
    }

    /// All addresses that rules ask for, with their numbers.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = (u32, &Arc<Addresses>)> {
        self.addresses.iter().map(|(addresses, number)| (*number, addresses))
    }

    /// All selectors, with their numbers.
    pub(crate) fn selectors(&self) -> impl Iterator<Item = (u32, &Arc<Selector>)> {
        self.selectors.iter().map(|(selector, number)| (*number, selector))
    }

    pub(crate) fn selector(&self, selector: &Selector) -> Option<u32> {
        self.selectors.get(selector).copied()
    }

    /// Gives a selector that has none the next number.
    pub(crate) fn push_selector(&mut self, selector: &Selector) -> u32 {
        let selector = Arc::new(selector.clone());
        let number = self.push(Criterion::Selected(Arc::clone(&selector)));
        self.selectors.insert_mut(selector, number);
        number
    }

    /// The number of these addresses.
    pub(crate) fn number_of(&mut self, addresses: Addresses) -> u32 {
        if let Some(number) = self.addresses.get(&addresses) {
            return *number;
        }
        let addresses = Arc::new(addresses);
        let number = self.push(Criterion::Within(Arc::clone(&addresses)));
        self.addresses.insert_mut(addresses, number);
        number
    }

    fn push(&mut self, criterion: Criterion) -> u32 {
        u32::try_from(self.all.push(criterion)).unwrap_or(u32::MAX)
    }
}
