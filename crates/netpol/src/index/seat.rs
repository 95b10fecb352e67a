//! Where an endpoint sits: what a question needs of it first.

use std::sync::atomic::{AtomicU64, Ordering};

/// Sixteen bytes: four are in one line of the cache.
#[derive(Debug)]
pub(crate) struct Seat {
    /// The number of its shape, and whether it is [`PLAIN`].
    shape: u32,
    /// Its only address of IPv4, if it has just one.
    v4: u32,
    span: Remembered,
}

/// Stands for none.
pub(super) const NO_SHAPE: u32 = PLAIN - 1;
/// It has exactly one address of IPv4, and nobody else has one of its addresses.
const PLAIN: u32 = 1 << 31;

/// The span of an address, once it was looked for: where it stands in a table, and in which.
#[derive(Debug, Default)]
struct Remembered(AtomicU64);

/// A place in a table has so many bits, and the number of the table has the rest.
const PLACE_BITS: u32 = 24;

impl Seat {
    pub(super) const fn empty() -> Self {
        Self { shape: NO_SHAPE, v4: 0, span: Remembered(AtomicU64::new(0)) }
    }

    /// `v4` is its only address of IPv4; `alone` says that nobody else has one of its addresses.
    pub(super) fn new(shape: u32, v4: Option<u32>, alone: bool) -> Self {
        let plain = if alone && v4.is_some() { PLAIN } else { 0 };
        let span = Remembered::default();
        Self { shape: shape.min(NO_SHAPE) | plain, v4: v4.unwrap_or(0), span }
    }

    /// The same, with another shape.
    pub(super) fn with_shape(&self, shape: u32) -> Self {
        Self { shape: shape.min(NO_SHAPE) | self.shape & PLAIN, ..self.clone() }
    }

    #[inline]
    pub(crate) fn shape(&self) -> u32 {
        self.shape & NO_SHAPE
    }

    /// Whether this address of IPv4 is its only one, and nobody else's.
    #[inline]
    pub(crate) fn is_at(&self, address: u32) -> bool {
        self.shape & PLAIN != 0 && self.v4 == address
    }

    /// Where the span of its address of IPv4 stands in the table of this number, if that was found before.
    #[inline]
    pub(super) fn span(&self, table: u64) -> Option<usize> {
        let Remembered(span) = &self.span;
        // What it says is true of that table, whoever found it and whenever that is seen.
        let span = span.load(Ordering::Relaxed);
        (span >> PLACE_BITS == table).then_some((span & ((1 << PLACE_BITS) - 1)) as usize)
    }

    /// Remembers where it stands. Tables are numbered from 1 on; what does not fit is not remembered.
    pub(super) fn remember(&self, table: u64, place: usize) {
        let Remembered(span) = &self.span;
        if table >> (u64::BITS - PLACE_BITS) == 0 && place >> PLACE_BITS == 0 {
            span.store(table << PLACE_BITS | place as u64, Ordering::Relaxed);
        }
    }
}

impl Clone for Seat {
    fn clone(&self) -> Self {
        let Remembered(span) = &self.span;
        let span = Remembered(AtomicU64::new(span.load(Ordering::Relaxed)));
        Self { shape: self.shape, v4: self.v4, span }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_remembered_of_one_table() {
        let seat = Seat::new(7, Some(1), true);
        assert_eq!(seat.span(1), None);
        seat.remember(1, 5);
        assert_eq!([seat.span(1), seat.clone().span(1), seat.span(2)], [Some(5), Some(5), None]);
        assert_eq!(
            [seat.with_shape(8).span(1), Seat::new(7, Some(1), true).span(1)],
            [Some(5), None]
        );
        // Neither of these can be kept.
        seat.remember(1, 1 << PLACE_BITS);
        seat.remember(1 << 40 | 1, 6);
        assert_eq!([seat.span(1), seat.span(1 << 40 | 1)], [Some(5), None]);
    }

    #[test]
    fn only_what_is_alone_at_one_address_is_there() {
        for (v4, alone, want) in
            [(Some(3), true, true), (Some(3), false, false), (None, true, false)]
        {
            let seat = Seat::new(7, v4, alone);
            assert_eq!((seat.shape(), seat.is_at(3), seat.is_at(0)), (7, want, false));
            let other = seat.with_shape(8);
            assert_eq!((other.shape(), other.is_at(3), other.is_at(0)), (8, want, false));
        }
        assert_eq!(Seat::empty().shape(), NO_SHAPE);
    }
}
