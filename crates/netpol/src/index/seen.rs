//! Which criteria of rules hold of an endpoint, or of an address.

use std::sync::Arc;

use super::criterion::Bits;

/// The numbers of the criteria that hold, in one array so that a question touches few lines of the
/// cache: that a criterion does not hold is nearly always told by one bit.
///
/// ```text
///   upto | n | n words of bits | 8 words of shared bits | all others
/// ```
/// Criteria without a bit of their own stand among the others, in order, and share bits: where a shared
/// one is not set, none of those that share it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Seen<W = Arc<[u32]>>(W);

const HEAD: usize = 2;
/// Words of shared bits. Few hold that have no bit of their own: an endpoint has one or two of them.
const SHARED: usize = 8;

impl Seen {
    /// `numbers` in ascending order; those below `bits`, and some more, have a bit of their own. Of
    /// criteria from `upto` on nothing is said.
    pub(crate) fn new(numbers: &[u32], bits: u32, upto: u32) -> Self {
        let own = bits.div_ceil(u32::BITS);
        let limit = own * u32::BITS;
        let others = numbers.split_at(numbers.partition_point(|n| *n < limit)).1;
        let mut all = vec![upto, own];
        all.resize(HEAD + own as usize + SHARED, 0);
        for number in numbers {
            let (place, bit) = place(*number, limit);
            if let Some(word) = all.get_mut(HEAD + place) {
                *word |= 1 << bit;
            }
        }
        all.extend(others);
        Self(all.into())
    }

    /// The same, to be asked.
    #[inline(always)]
    pub(crate) fn borrowed(&self) -> Seen<&[u32]> {
        Seen(&self.0)
    }

    /// Whether nobody else has it.
    pub(crate) fn is_unshared(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.len() * 4
    }

    /// Where it stands in memory: equal ones may share a place.
    pub(crate) fn place(&self) -> usize {
        self.0.as_ptr() as usize
    }
}

impl<W: AsRef<[u32]>> Seen<W> {
    #[inline(always)]
    fn words(&self) -> &[u32] {
        self.0.as_ref()
    }

    /// Of criteria from this number on nothing is said: they are younger.
    #[inline]
    pub(crate) fn upto(&self) -> u32 {
        self.words().first().copied().unwrap_or(0)
    }

    /// Whether the criterion of this number holds, as far as that is known.
    pub(crate) fn has(&self, number: u32) -> bool {
        let part = self.part();
        part.may_have(number) && part.has(number)
    }

    /// The word in which the bit of a criterion stands, for one that has a bit.
    #[inline(always)]
    pub(crate) fn word(&self, number: u32) -> u32 {
        self.words().get(HEAD + (number / u32::BITS) as usize).copied().unwrap_or(0)
    }

    #[inline(always)]
    fn part(&self) -> Part<'_> {
        let (head, rest) = self.words().split_first_chunk::<HEAD>().unwrap_or((&[0; HEAD], &[]));
        let [_, own] = *head;
        let (bits, others) = rest.split_at_checked(own as usize + SHARED).unwrap_or_default();
        Part { bits, limit: own * u32::BITS, others }
    }

    /// All of them.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> {
        let Part { bits, limit, others } = self.part();
        let own =
            bits.iter().zip((0..limit).step_by(u32::BITS as usize)).flat_map(|(word, first)| {
                let set = (0..u32::BITS).filter(move |bit| word >> bit & 1 == 1);
                set.map(move |bit| first + bit)
            });
        own.chain(others.iter().copied())
    }
}

/// The word and the bit of a criterion: its own below `limit`, and one that it shares from there on.
#[inline(always)]
fn place(number: u32, limit: u32) -> (usize, u32) {
    let shared = limit + (number.wrapping_mul(0x9e37_79b1) >> 24);
    let at = if number < limit { number } else { shared };
    ((at / u32::BITS) as usize, at % u32::BITS)
}

/// What is seen of one end of a flow: of the endpoint, and of its address.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'a> {
    pub(crate) end: Seen<&'a [u32]>,
    pub(crate) at: Seen<&'a [u32]>,
    /// What has bits in all of the index.
    pub(crate) bits: Bits,
}

struct Part<'a> {
    /// Those of criteria below the limit, and those that others share.
    bits: &'a [u32],
    limit: u32,
    others: &'a [u32],
}

impl Sight<'_> {
    /// Whether a criterion holds of which both would have a bit; none of all others.
    #[inline(always)]
    pub(crate) fn bit(&self, number: u32) -> Option<bool> {
        if number >= self.bits.address {
            return None;
        }
        // Addresses hold of no endpoint by itself. No branch, as which it is cannot be guessed.
        let of_end = if number < self.bits.shape { !0 } else { 0 };
        let word = self.end.word(number) & of_end | self.at.word(number);
        Some(word >> (number % u32::BITS) & 1 == 1)
    }

    /// Whether a criterion holds; none if nothing is said of it.
    pub(crate) fn has(&self, number: u32) -> Option<bool> {
        let upto = self.end.upto().min(self.at.upto());
        (number < upto).then(|| self.end.has(number) || self.at.has(number))
    }
}

impl Part<'_> {
    /// Whether the bit of a criterion is set, be it shared.
    #[inline(always)]
    fn may_have(&self, number: u32) -> bool {
        let (place, bit) = place(number, self.limit);
        self.bits.get(place).copied().unwrap_or(0) >> bit & 1 == 1
    }

    /// Whether a criterion holds.
    fn has(&self, number: u32) -> bool {
        if number < self.limit {
            self.may_have(number)
        } else {
            self.others.binary_search(&number).is_ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bit_of_an_endpoint_is_taken_for_an_address() {
        // What has no bit of its own shares some behind them, where an address would have one.
        let rare: Vec<u32> = (500..600).collect();
        let (end, at) = (Seen::new(&rare, 32, 600), Seen::new(&[40], 64, 600));
        let sight =
            Sight { end: end.borrowed(), at: at.borrowed(), bits: Bits { shape: 32, address: 64 } };
        for number in 0..64 {
            assert_eq!(sight.bit(number), Some(number == 40), "{number}");
        }
    }

    #[test]
    fn what_was_put_in_is_there_and_nothing_else() {
        let few: &[u32] = &[0, 31, 32, 99, 100, 101, 5_000];
        let many: Vec<u32> = (0..300).filter(|n| n % 7 < 3).chain(5_500..5_900).collect();
        for numbers in [&[][..], few, &many] {
            for bits in [0, 1, 32, 33, 100, 128, 10_000] {
                let seen = Seen::new(numbers, bits, 6_000);
                let nothing = Seen::new(&[], 0, 7_000);
                let bits = Bits { shape: bits, address: bits };
                let sights = [(&seen, &nothing), (&nothing, &seen)];
                let sights = sights.map(|(end, at): (&Seen, &Seen)| Sight {
                    end: end.borrowed(),
                    at: at.borrowed(),
                    bits,
                });
                for number in 0..6_000 {
                    let want = numbers.contains(&number);
                    assert_eq!(seen.has(number), want, "{number}, {bits:?}");
                    for sight in &sights {
                        assert_eq!(sight.has(number), Some(want), "{number}, {bits:?}");
                        let bit = (number < bits.address).then_some(want);
                        assert_eq!(sight.bit(number), bit, "{number}, {bits:?}");
                    }
                }
                assert!(sights.iter().all(|sight| sight.has(6_000).is_none()));
                assert!(seen.numbers().eq(numbers.iter().copied()), "{bits:?}");
                assert_eq!(seen.upto(), 6_000);
            }
        }
    }
}
