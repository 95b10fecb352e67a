//! For every header a list of steps, of which the first that holds decides.

use std::sync::Arc;

use super::atoms::Atoms;
use super::rulebook::Marked;
use super::step::{BEGINS, CRITERION, Draft, STEP, Step};

/// The lists of a rulebook: one array, so that a question touches few lines of the cache.
///
/// ```text
///   s | list of each of the first atoms, two in a word | s steps | what did not fit into steps
/// ```
/// A list is given by the place of its first step. It goes on until one is certain to decide, and equal
/// ones stand there once. How many atoms have lists stands beside the array: a question need not look
/// for that there.
///
/// A rule without a port is in every list. Where there are hundreds of those beside hundreds of ports,
/// lists multiply: then all steps stand there once, in order, and each range of keys has a *mask* of
/// those that are for it, which is slower. So it is where there are more ranges than [`Atoms`] has.
///
/// ```text
///   n | s | n first keys | n masks | mask of the steps that begin a tier
///     | s steps | what did not fit into steps
/// ```
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lists<W = Arc<[u32]>> {
    pub(super) words: W,
    /// How many atoms have a list; [`MASKED`] where there are masks.
    pub(super) atoms: u16,
}

/// Words before the lists of atoms.
const HEAD: usize = 1;
/// So many steps of a list are asked in the mean.
const FEW: usize = 4;
/// Stands for the number of atoms where there are masks.
const MASKED: u16 = u16::MAX;
/// Lists may be so many times as large as masks would be.
const WORTH: usize = 4;
/// Places in lists have 16 bits.
const MAX_STEPS: usize = 1 << 16;

/// How many words a mask of so many steps has.
#[inline]
pub(super) fn mask_words(steps: usize) -> usize {
    steps.div_ceil(u32::BITS as usize)
}

fn word(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

// === Making them ===

/// Which bits are set, in order.
fn set_bits(mask: &[u32]) -> impl Iterator<Item = usize> {
    mask.iter().zip((0..).step_by(u32::BITS as usize)).flat_map(|(word, first)| {
        let mut left = *word;
        std::iter::from_fn(move || {
            let bit = left.trailing_zeros();
            left &= left.wrapping_sub(1);
            (bit < u32::BITS).then_some(first + bit as usize)
        })
    })
}

/// Whether a bit is set.
fn is_set(mask: &[u32], at: usize) -> bool {
    let word = mask.get(at / u32::BITS as usize).copied().unwrap_or(0);
    word >> (at % u32::BITS as usize) & 1 == 1
}

impl Lists {
    /// A list begins at each of `cuts`. All versions that have these rules have the first `known` atoms
    /// in common.
    pub(super) fn new(marked: &Marked, cuts: &[u32], atoms: &Atoms, known: u32) -> Self {
        let masks: Vec<&[u32]> = marked.masks().collect();
        let mut distinct = masks.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let bits = distinct.iter().copied().flatten().map(|word| word.count_ones() as usize);
        // Each may get one more, and so may all together.
        let steps = bits.sum::<usize>() + distinct.len() + 1;
        let masked = cuts.len() + marked.cells.len() + STEP * marked.steps.len();
        let mut begin = cuts.iter().map(|cut| atoms.beginning(*cut).filter(|atom| *atom < known));
        // How many are needed, if all are there.
        let count = begin.try_fold(1, |count, atom| Some(count.max(atom? + 1)));
        match count {
            Some(count) if steps < MAX_STEPS && STEP * steps <= WORTH * masked => {
                let mask_of = |first: u32| {
                    let at = cuts.partition_point(|cut| *cut <= first).checked_sub(1)?;
                    masks.get(at).copied()
                };
                let masks = atoms.firsts(count).map(|first| mask_of(first).unwrap_or(&[]));
                Self::listed(marked, &distinct, masks)
            }
            _ => Self::masked(marked, cuts),
        }
    }

    /// Those of one range of keys, whatever is asked.
    pub(super) fn of_one(marked: &Marked) -> Self {
        let only: Vec<&[u32]> = marked.masks().take(1).collect();
        Self::listed(marked, &only, only.iter().copied())
    }

    /// `masks` are those of the first atoms; all of them are among `distinct`, which are in order.
    fn listed<'a>(
        marked: &'a Marked,
        distinct: &[&'a [u32]],
        masks: impl Iterator<Item = &'a [u32]>,
    ) -> Self {
        let mut elsewhere = Vec::new();
        let steps: Vec<[u32; STEP]> =
            marked.steps.iter().map(|step| step.words(&mut elsewhere)).collect();
        let mut tier = 0;
        let tiers = (0..steps.len()).map(|at| {
            tier += u32::from(is_set(&marked.begins, at));
            tier
        });
        let tiers: Vec<u32> = tiers.collect();
        let mut rows: Vec<[u32; STEP]> = Vec::new();
        let mut places: Vec<u32> = Vec::with_capacity(distinct.len());
        for mask in distinct {
            places.push(word(rows.len()));
            let (mut before, mut ends) = (None, false);
            for at in set_bits(mask) {
                let (Some(draft), Some([asks, who]), Some(tier)) =
                    (marked.steps.get(at), steps.get(at), tiers.get(at))
                else {
                    continue;
                };
                let begins = if before == Some(tier) { 0 } else { BEGINS };
                rows.push([asks | begins, *who]);
                (before, ends) = (Some(tier), draft.is_final());
            }
            // One whose end may be passed would go on into the next.
            rows.extend((!ends).then_some(Draft::WALK));
        }
        // What should not be: that is told by a walk.
        let nowhere = word(rows.len());
        rows.push(Draft::WALK);
        let place = |mask| places.get(distinct.binary_search(&mask).ok()?).copied();
        let lists: Vec<u32> = masks.map(|mask| place(mask).unwrap_or(nowhere)).collect();
        let mut words = vec![word(rows.len())];
        words.extend(lists.chunks(2).map(|two| match two {
            [even, odd] => odd << 16 | even,
            others => others.iter().sum(),
        }));
        words.extend(rows.iter().flatten());
        words.extend(elsewhere.iter().rev().flatten());
        // There are no more than `MAX_ATOMS`.
        Self { words: words.into(), atoms: u16::try_from(lists.len()).unwrap_or(0) }
    }

    fn masked(marked: &Marked, cuts: &[u32]) -> Self {
        let mut elsewhere = Vec::new();
        let Marked { begins, cells, steps } = marked;
        let mut words = vec![word(cuts.len()), word(steps.len())];
        words.extend(cuts);
        words.extend(cells);
        words.extend(begins);
        words.extend(steps.iter().flat_map(|step| step.words(&mut elsewhere)));
        words.extend(elsewhere.iter().rev().flatten());
        Self { words: words.into(), atoms: MASKED }
    }
}

// === Asking them ===

/// The parts of an array of masks.
struct Masked<'a> {
    firsts: &'a [u32],
    masks: &'a [u32],
    begins: &'a [u32],
    steps: &'a [[u32; STEP]],
}

impl Lists {
    /// The same, to be asked.
    #[inline]
    pub(crate) fn borrowed(&self) -> Lists<&[u32]> {
        Lists { words: &self.words, atoms: self.atoms }
    }

    /// How many steps there are, in how many lists: every atom counts.
    pub(super) fn count(&self) -> (usize, usize) {
        if let Some(Masked { masks, begins, .. }) = self.borrowed().masks() {
            let steps = masks.iter().map(|word| word.count_ones() as usize).sum();
            return (steps, masks.len() / begins.len().max(1));
        }
        let steps = self.words.first().copied().unwrap_or(0);
        let lists = (0..u32::from(self.atoms)).filter_map(|atom| self.borrowed().list(atom));
        let lists: Vec<u32> = lists.collect();
        let mut begins: Vec<u32> = lists.iter().copied().chain([steps]).collect();
        begins.sort_unstable();
        let length = |list: &u32| {
            let next = begins.partition_point(|begins| begins <= list);
            (begins.get(next).copied().unwrap_or(*list) - list) as usize
        };
        (lists.iter().map(length).sum(), lists.len())
    }

    pub(super) fn bytes(&self) -> usize {
        self.words.len() * 4
    }
}

impl<'a> Lists<&'a [u32]> {
    /// The steps for a header.
    pub(crate) fn steps(self, key: u32, atoms: &Atoms) -> Steps<'a> {
        match self.row(atoms.of(key), atoms) {
            Some(row) => Steps::Row(row),
            None => Steps::Picked(self.picked(key).unwrap_or(Picked::NONE)),
        }
    }

    /// The steps for an atom; none where there are masks.
    #[inline(always)]
    pub(crate) fn row(self, atom: u32, atoms: &Atoms) -> Option<Row<'a>> {
        if self.atoms == MASKED {
            return None;
        }
        let count = u32::from(self.atoms);
        let atom = if atom < count { atom } else { atoms.among(atom, count) };
        let first = HEAD + count.div_ceil(2) as usize + STEP * self.list(atom)? as usize;
        Some(Row { left: self.words.get(first..)?.as_chunks().0, all: self.words })
    }

    /// The place of the first step for one of the atoms that have lists.
    #[inline(always)]
    fn list(self, atom: u32) -> Option<u32> {
        let two = *self.words.get(HEAD + (atom / 2) as usize)?;
        Some(two >> (atom % 2 * 16) & 0xffff)
    }

    fn picked(self, key: u32) -> Option<Picked<'a>> {
        let Masked { firsts, masks, begins, steps } = self.masks()?;
        let range = firsts.partition_point(|first| *first <= key).checked_sub(1)?;
        let width = begins.len();
        let mask = masks.get(range * width..(range + 1) * width)?;
        let left = *mask.first()?;
        Some(Picked { mask, begins, steps, all: self.words, word: 0, left, last: 0 })
    }

    fn masks(self) -> Option<Masked<'a>> {
        if self.atoms != MASKED {
            return None;
        }
        let ([ranges, steps], words) = self.words.split_first_chunk()?;
        let [ranges, steps] = [ranges, steps].map(|word| *word as usize);
        let width = mask_words(steps);
        let (firsts, words) = words.split_at_checked(ranges)?;
        let (masks, words) = words.split_at_checked(ranges * width)?;
        let (begins, words) = words.split_at_checked(width)?;
        let (steps, _) = words.split_at_checked(STEP * steps)?;
        Some(Masked { firsts, masks, begins, steps: steps.as_chunks().0 })
    }
}

/// The steps for a header, one after the other: the last one decides.
pub(crate) enum Steps<'a> {
    Row(Row<'a>),
    Picked(Picked<'a>),
}

/// A list as it stands.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    left: &'a [[u32; STEP]],
    all: &'a [u32],
}

/// What a mask picks.
#[derive(Clone, Copy)]
pub(crate) struct Picked<'a> {
    mask: &'a [u32],
    /// Which steps begin a tier.
    begins: &'a [u32],
    steps: &'a [[u32; STEP]],
    all: &'a [u32],
    /// The word of the mask of which these bits are left, and the last bit that was taken.
    word: usize,
    left: u32,
    last: u32,
}

/// Steps of which those that are left of a tier can be left out.
pub(crate) trait Tiered<'a>: Iterator<Item = Step<'a>> {
    /// Leaves out what is left of the tier of the last one.
    fn pass(&mut self);
}

impl<'a> Row<'a> {
    /// The criteria of the first [`FEW`] steps, or what stands in their places. Where the list is shorter
    /// they are of another.
    #[inline(always)]
    pub(crate) fn first_asked(self) -> impl Iterator<Item = u32> + 'a {
        let few = self.left.first_chunk::<FEW>().map_or(&[][..], |few| few);
        few.iter().map(|[asks, _]| asks & CRITERION)
    }
}

impl<'a> Tiered<'a> for Row<'a> {
    #[inline(always)]
    fn pass(&mut self) {
        while let Some(([asks, _], rest)) = self.left.split_first()
            && asks & BEGINS == 0
        {
            self.left = rest;
        }
    }
}

impl<'a> Iterator for Row<'a> {
    type Item = Step<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<Step<'a>> {
        let (words, left) = self.left.split_first()?;
        self.left = left;
        Some(Step { words, all: self.all })
    }
}

impl Picked<'_> {
    const NONE: Self =
        Self { mask: &[], begins: &[], steps: &[], all: &[], word: 0, left: 0, last: 0 };

    fn begun(&self) -> u32 {
        self.begins.get(self.word).copied().unwrap_or(0)
    }
}

impl<'a> Tiered<'a> for Picked<'a> {
    fn pass(&mut self) {
        let mut begun = self.begun() & !0 << 1 << self.last;
        while begun == 0 {
            self.word += 1;
            self.left = self.mask.get(self.word).copied().unwrap_or(0);
            if self.word >= self.mask.len() {
                return;
            }
            begun = self.begun();
        }
        self.left &= !0 << begun.trailing_zeros();
    }
}

impl<'a> Iterator for Picked<'a> {
    type Item = Step<'a>;

    fn next(&mut self) -> Option<Step<'a>> {
        while self.left == 0 {
            self.word += 1;
            self.left = *self.mask.get(self.word)?;
        }
        self.last = self.left.trailing_zeros();
        self.left &= self.left - 1;
        let words = self.steps.get(self.word * u32::BITS as usize + self.last as usize)?;
        Some(Step { words, all: self.all })
    }
}

#[cfg(test)]
mod tests {
    use super::super::rulebook::set;
    use super::super::step::{Asks, Who};
    use super::*;
    use crate::model::{Action, PolicyId};

    /// Numbers that look random, the same in every run.
    struct Numbers(u32);

    impl Numbers {
        fn below(&mut self, limit: u32) -> u32 {
            self.0 = self.0.wrapping_mul(0x9e37_79b1).wrapping_add(0x7f4a_7c15);
            (self.0 >> 8) % limit
        }
    }

    /// Steps in tiers for so many ranges, of which the last is for all and decides.
    fn marked(numbers: &mut Numbers, count: u32, ranges: usize) -> Marked {
        let width = mask_words(count as usize);
        let mut marked = Marked { begins: vec![0; width], cells: Vec::new(), steps: Vec::new() };
        let set = |mask: &mut [u32], at: u32| set(mask, at as usize);
        let last = count - 1;
        for at in (0..count).filter(|at| *at == last || *at == 0 || numbers.below(8) == 0) {
            set(&mut marked.begins, at);
        }
        for at in 0..last {
            let actions = [Action::Allow, Action::Deny, Action::Pass, Action::Log];
            let action = actions[numbers.below(4) as usize];
            let (who, rule) = (Who::Policy(PolicyId(at)), Some(at));
            marked.steps.push(Draft { asks: Asks::Has(at), action, who, rule });
        }
        marked.steps.push(Draft::last(Action::Deny, Who::Nobody, None));
        let mut before = vec![0; width];
        set(&mut before, last);
        for _ in 0..ranges {
            // Now and then two ranges have the same.
            if numbers.below(3) > 0 {
                before = (0..width).map(|_| numbers.below(1 << 24).wrapping_mul(0x101)).collect();
                before.iter_mut().rev().take(1).for_each(|word| *word &= (1 << (last % 32)) - 1);
                set(&mut before, last);
            }
            marked.cells.extend(&before);
        }
        marked
    }

    /// Who decides, if this is what holds; none if nobody does.
    fn decided<'a>(mut steps: impl Tiered<'a>, holds: impl Fn(u32) -> bool) -> Option<Who> {
        while let Some(step) = steps.next() {
            if step.only_has().is_some_and(|criterion| !holds(criterion)) {
                continue;
            }
            match step.action() {
                Action::Allow | Action::Deny => return Some(step.who().0),
                Action::Pass => steps.pass(),
                Action::Log => {}
            }
        }
        None
    }

    fn said(lists: &Lists, key: u32, atoms: &Atoms, holds: impl Fn(u32) -> bool) -> Option<Who> {
        match lists.borrowed().steps(key, atoms) {
            Steps::Row(row) => decided(row, holds),
            Steps::Picked(picked) => decided(picked, holds),
        }
    }

    #[test]
    fn lists_and_masks_say_the_same() {
        let mut numbers = Numbers(1);
        let mut listed = 0;
        for turn in 0..300 {
            let (count, ranges) = (1 + numbers.below(100), 1 + numbers.below(40));
            let marked = marked(&mut numbers, count, ranges as usize);
            let cuts: Vec<u32> = (0..ranges).map(|at| at * 10).collect();
            let mut atoms = Atoms::new(cuts.iter().copied());
            let known = atoms.len();
            let lists = Lists::new(&marked, &cuts, &atoms, known);
            listed += u32::from(lists.borrowed().masks().is_none());
            let masked = Lists::masked(&marked, &cuts);
            // Others come later.
            (0..10).for_each(|_| atoms.begin(numbers.below(500)));
            for _ in 0..200 {
                let (key, seed) = (numbers.below(500), numbers.below(u32::MAX));
                let holds = |criterion: u32| Numbers(seed ^ criterion).below(6) == 0;
                let want = said(&masked, key, &atoms, holds);
                assert!(want.is_some());
                assert_eq!(said(&lists, key, &atoms, holds), want, "turn {turn}, {key}");
            }
        }
        assert!((50..300).contains(&listed), "{listed} of 300 are listed");
    }

    /// Places of lists have sixteen bits.
    #[test]
    fn more_steps_than_have_places_are_masked() {
        let (count, ranges) = (8_000, 1_000);
        let numbers = &mut Numbers(4);
        let mut marked = marked(numbers, count, ranges);
        let width = mask_words(count as usize);
        for mask in marked.cells.chunks_exact_mut(width) {
            mask.iter_mut().for_each(|word| *word = 0);
            for at in (0..70).map(|_| numbers.below(count)).chain([count - 1]) {
                set(mask, at as usize);
            }
        }
        let cuts: Vec<u32> = (0..1_000).map(|at| at * 3).collect();
        let atoms = Atoms::new(cuts.iter().copied());
        let lists = Lists::new(&marked, &cuts, &atoms, atoms.len());
        assert!(lists.borrowed().masks().is_some());
        let fewer = |mut marked: Marked, ranges: usize| {
            marked.cells.truncate(ranges * width);
            Lists::new(&marked, &cuts[..ranges], &atoms, atoms.len()).borrowed().masks().is_some()
        };
        assert!(!fewer(marked, 500), "it is not because they are large");
    }

    #[test]
    fn one_range_is_found_whatever_is_asked() {
        let marked = marked(&mut Numbers(2), 20, 1);
        let (lists, atoms) = (Lists::of_one(&marked), Atoms::new([80, 443].into_iter()));
        for key in [0, 80, 81, 443, 70_000] {
            assert_eq!(said(&lists, key, &atoms, |_| false), Some(Who::Nobody));
        }
    }

    #[test]
    fn atoms_that_other_versions_may_not_have_are_not_used() {
        let marked = marked(&mut Numbers(3), 5, 3);
        let mut atoms = Atoms::new([80].into_iter());
        let known = atoms.len();
        atoms.begin(443);
        let is_listed =
            |cuts: &[u32], known| Lists::new(&marked, cuts, &atoms, known).atoms != MASKED;
        assert!(is_listed(&[0, 80, 443], atoms.len()));
        assert!(!is_listed(&[0, 80, 443], known), "another version gives the number to another");
        assert!(!is_listed(&[0, 80, 444], atoms.len()), "there is no such atom");
    }
}
