//! All shapes of an index, by number.

use std::sync::Arc;

use portcullis_core::Slots;

use super::shape::Shape;

/// The shapes there were first lie in one piece, so that a question knows where one is from its number
/// alone; those that came later, or in the place of one of them, stand apart. Once these are many, all
/// are laid out anew.
///
/// Cloning is O(1), and a change copies a bit for each of the first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shapes {
    first: Arc<[Shape]>,
    /// A bit for each of them: whether another is in its place.
    replaced: Arc<[u64]>,
    /// None in the place of those that lie in one piece.
    others: Slots<Option<Arc<Shape>>>,
    /// How many stand apart.
    apart: usize,
}

/// So many may stand apart, and a quarter of those that do not.
const MAX_APART: usize = 1024;

impl Shapes {
    /// How many numbers there are.
    pub(crate) fn len(&self) -> usize {
        self.others.len()
    }

    /// The shape of this number.
    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<&Shape> {
        let place = number as usize;
        match self.first.get(place) {
            Some(shape) if !self.is_replaced(place) => Some(shape),
            _ => self.others.get(place)?.as_deref(),
        }
    }

    #[inline]
    fn is_replaced(&self, place: usize) -> bool {
        let word = self.replaced.get(place / u64::BITS as usize);
        word.is_some_and(|word| word >> (place % u64::BITS as usize) & 1 == 1)
    }

    /// All of them, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Shape> {
        (0..u32::try_from(self.len()).unwrap_or(u32::MAX)).filter_map(|number| self.get(number))
    }

    /// Puts another in the place of the one of this number, if there is one.
    pub(crate) fn set(&mut self, number: u32, shape: Shape) {
        let place = number as usize;
        let was_apart = self.others.get(place).is_some_and(Option::is_some);
        if !self.others.set(place, Some(Arc::new(shape))) {
            return;
        }
        if place < self.first.len()
            && let Some(word) =
                Arc::make_mut(&mut self.replaced).get_mut(place / u64::BITS as usize)
        {
            *word |= 1 << (place % u64::BITS as usize);
        }
        self.apart += usize::from(!was_apart);
        self.lay_out();
    }

    /// Adds one.
    pub(crate) fn push(&mut self, shape: Shape) {
        self.others.push(Some(Arc::new(shape)));
        self.apart += 1;
        self.lay_out();
    }

    /// Lays all of them out anew, if too many stand apart.
    fn lay_out(&mut self) {
        if self.apart > MAX_APART + self.first.len() / 4 {
            *self = self.iter().cloned().collect();
        }
    }
}

impl FromIterator<Shape> for Shapes {
    fn from_iter<I: IntoIterator<Item = Shape>>(shapes: I) -> Self {
        let first: Arc<[Shape]> = shapes.into_iter().collect();
        let replaced = vec![0; first.len().div_ceil(u64::BITS as usize)].into();
        let others = first.iter().map(|_| None).collect();
        Self { first, replaced, others, apart: 0 }
    }
}

#[cfg(test)]
mod tests {
    use portcullis_core::Labels;

    use super::super::shape::Look;
    use super::*;

    /// One that is told from others by how many criteria it knows.
    fn shape(known: u32) -> Shape {
        Shape::new(Arc::new(Look::of_labels(&Labels::default())), known, None)
    }

    #[test]
    fn versions_stand_apart_and_lie_in_one_piece_again() {
        let known = |shapes: &Shapes| shapes.iter().map(|shape| shape.known).collect::<Vec<_>>();
        let first: Shapes = (0..100).map(shape).collect();
        let before = known(&first);
        let (mut shapes, mut want) = (first.clone(), before.clone());
        let mut most = 0;
        for turn in 0..5_000_u32 {
            let value = 1_000 + turn;
            let place = turn.wrapping_mul(0x9e37_79b1) >> 16;
            match want.get_mut(place as usize) {
                Some(there) if turn % 3 > 0 => {
                    *there = value;
                    shapes.set(place, shape(value));
                }
                _ => {
                    want.push(value);
                    shapes.push(shape(value));
                }
            }
            most = most.max(shapes.apart);
            let apart = shapes.others.iter().flatten().count();
            assert_eq!(shapes.apart, apart);
            if turn % 100 == 0 {
                assert_eq!(known(&shapes), want);
            }
        }
        assert_eq!((known(&shapes), known(&first)), (want, before));
        assert!(most > MAX_APART && shapes.first.len() > 2_000);
        shapes.set(u32::MAX, shape(0));
        assert!(shapes.get(u32::MAX).is_none());
    }
}
