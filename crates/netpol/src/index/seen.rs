//! Which criteria of rules hold of an endpoint, or of an address.

use std::sync::Arc;

/// The numbers of the criteria that hold, in one array so that a question touches few lines of the
/// cache: whether a criterion is among them is told by one word, and by comparing a few numbers.
///
/// ```text
///   upto | n | m | few (8) | n words of bits, the last one empty | m more
/// ```
/// Criteria without a bit stand among the few, or if there are more than eight all of them among the
/// more, in order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Seen(Arc<[u32]>);

const FEW: usize = 8;
const HEAD: usize = 3 + FEW;
/// In a place for one of the few: none. No criterion has this number.
const NONE: u32 = u32::MAX;

impl Seen {
    /// `numbers` in ascending order; those below `bits` have a bit. Of criteria from `upto` on nothing
    /// is said.
    pub(crate) fn new(numbers: &[u32], bits: u32, upto: u32) -> Self {
        let (with_bit, rest) = numbers.split_at(numbers.partition_point(|n| *n < bits));
        let words = bits.div_ceil(u32::BITS) as usize + 1;
        let (few, more) = if rest.len() <= FEW { (rest, &[][..]) } else { (&[][..], rest) };
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let mut all = vec![upto, count(words), count(more.len())];
        all.extend(few);
        all.resize(HEAD, NONE);
        all.resize(HEAD + words, 0);
        for number in with_bit {
            if let Some(word) = all.get_mut(HEAD + (number / u32::BITS) as usize) {
                *word |= 1 << (number % u32::BITS);
            }
        }
        all.extend(more);
        Self(all.into())
    }

    /// Of criteria from this number on nothing is said: they are younger.
    #[inline]
    pub(crate) fn upto(&self) -> u32 {
        self.0.first().copied().unwrap_or(0)
    }

    /// Whether the criterion of this number holds, as far as that is known.
    pub(crate) fn has(&self, number: u32) -> bool {
        let part = self.part();
        part.has_bit(number) || part.few.contains(&number) || part.is_more(number)
    }

    #[inline(always)]
    fn part(&self) -> Part<'_> {
        let (head, rest) = self.0.split_first_chunk::<HEAD>().unwrap_or((&[0; HEAD], &[]));
        let [_, words, _, few @ ..] = head;
        let (bits, more) = rest.split_at_checked(*words as usize).unwrap_or_default();
        Part { bits, few, more }
    }

    /// All of them.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> {
        let Part { bits, few, more } = self.part();
        let bits = bits.iter().zip(0_u32..).flat_map(|(word, at)| {
            let set = (0..u32::BITS).filter(move |bit| word >> bit & 1 == 1);
            set.map(move |bit| at * u32::BITS + bit)
        });
        bits.chain(few.iter().chain(more).copied().filter(|number| *number != NONE))
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

/// What is seen of one end of a flow: of the endpoint, and of its address.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'a> {
    end: Part<'a>,
    at: Part<'a>,
    at_lists: bool,
    /// Of criteria from this number on nothing is said.
    pub(crate) upto: u32,
}

#[derive(Clone, Copy)]
struct Part<'a> {
    /// The last word is empty.
    bits: &'a [u32],
    few: &'a [u32; FEW],
    more: &'a [u32],
}

impl<'a> Sight<'a> {
    #[inline(always)]
    pub(crate) fn new(end: &'a Seen, at: &'a Seen) -> Self {
        let upto = end.upto().min(at.upto());
        let (end, at) = (end.part(), at.part());
        let at_lists = at.few.first().is_some_and(|first| *first != NONE) || !at.more.is_empty();
        Self { end, at, at_lists, upto }
    }

    /// Whether a criterion holds. Where it has a bit, or is among the few of the endpoint, nothing
    /// is decided by a branch but the answer.
    #[inline(always)]
    pub(crate) fn has(&self, number: u32) -> bool {
        let few = self.end.few.iter().fold(false, |found, other| found | (*other == number));
        let has = self.end.has_bit(number) | self.at.has_bit(number) | few;
        has || self.at_lists && (self.at.few.contains(&number) || self.at.is_more(number))
            || !self.end.more.is_empty() && self.end.is_more(number)
    }
}

impl Part<'_> {
    #[inline]
    fn has_bit(&self, number: u32) -> bool {
        let place = ((number / u32::BITS) as usize).min(self.bits.len().saturating_sub(1));
        let word = self.bits.get(place).copied().unwrap_or(0);
        word >> (number % u32::BITS) & 1 == 1
    }

    #[inline(never)]
    fn is_more(&self, number: u32) -> bool {
        self.more.binary_search(&number).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_there_and_nothing_else() {
        let few: &[u32] = &[0, 31, 32, 99, 100, 101, 5_000];
        let many: Vec<u32> = (0..300).filter(|n| n % 7 < 3).collect();
        for numbers in [&[][..], few, &many] {
            for bits in [0, 1, 32, 33, 100, 128, 10_000] {
                let seen = Seen::new(numbers, bits, 6_000);
                let nothing = Seen::new(&[], 0, 7_000);
                for number in 0..6_000 {
                    let want = numbers.contains(&number);
                    assert_eq!(seen.has(number), want, "{number}, {bits} bits");
                    assert_eq!(
                        Sight::new(&seen, &nothing).has(number),
                        want,
                        "{number}, {bits} bits"
                    );
                    assert_eq!(
                        Sight::new(&nothing, &seen).has(number),
                        want,
                        "{number}, {bits} bits"
                    );
                }
                assert_eq!(Sight::new(&seen, &nothing).upto, 6_000);
                assert!(seen.numbers().eq(numbers.iter().copied()), "{bits} bits");
                assert_eq!(seen.upto(), 6_000);
            }
        }
    }
}
