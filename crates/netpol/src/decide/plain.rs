//! What nearly every question is: both ends are pods at their own addresses, or outside the cluster.
//!
//! An answer is found in stages, each of which waits for what the one before found in memory. One question
//! by itself waits at every stage; of many, all are brought through a stage before any goes on, and wait
//! together.

use std::array;
use std::hint::black_box;

use portcullis_core::Family;

use super::{Asked, decided};
use crate::compiled::Compiled;
use crate::explain::Stage;
use crate::flow::{Flow, Party};
use crate::index::lists::{Lists, Row};
use crate::index::seat::Seat;
use crate::index::step::Step;
use crate::index::{self, Index, Shape, Sight, Span};
use crate::model::Direction;

/// So many questions go through the stages together: with 8 a question takes as long, with 32 more.
pub(super) const TOGETHER: usize = 16;

/// Who answers such questions. Whatever is none of them is to be asked in full.
#[derive(Clone, Copy)]
pub(super) struct Plain<'a> {
    compiled: &'a Compiled,
    index: &'a Index,
    stage: Stage,
}

/// The steps that decide at the source and at the destination; none at one that is no endpoint.
pub(super) type Steps<'a> = [Option<Step<'a>>; 2];

/// What the flow says.
struct Question<'a> {
    key: u32,
    /// The atom of the key.
    atom: u32,
    from: Named<'a>,
    to: Named<'a>,
}

/// An end, as the flow names it.
struct Named<'a> {
    seat: Option<&'a Seat>,
    address: u128,
}

/// Both ends, looked up.
struct Meeting<'a> {
    from: Met<'a>,
    to: Met<'a>,
}

/// One end, looked up.
pub(super) struct Met<'a> {
    pub(super) shape: Option<&'a Shape>,
    pub(super) span: &'a Span,
    pub(super) address: u128,
}

/// Where the rules of both ends are, and what they look at.
struct Sides<'a> {
    egress: Side<'a>,
    ingress: Side<'a>,
}

struct Side<'a> {
    /// None if nobody asks for rules here.
    lists: Option<&'a Lists>,
    /// What is seen of the other end.
    sight: Sight<'a>,
}

/// The rules for the header.
struct Rows<'a> {
    egress: Option<Row<'a>>,
    ingress: Option<Row<'a>>,
}

impl<'a> Plain<'a> {
    /// None if no question is such a one.
    pub(super) fn new(compiled: &'a Compiled, stage: Stage) -> Option<Self> {
        let index = compiled.index();
        let is_other = index.needs_walks()
            || index.has_names()
            || (stage == Stage::Pending && compiled.has_staged());
        (!is_other).then_some(Self { compiled, index, stage })
    }

    /// The answer to one question; none if it is another kind of question.
    #[inline]
    pub(super) fn answer(self, flow: &Flow) -> Option<Steps<'a>> {
        let question = self.question(flow)?;
        let meeting = self.meeting(&question)?;
        let sides = self.sides(&meeting)?;
        let rows = self.rows(&question, &sides)?;
        self.steps(flow, &question, &meeting, &sides, &rows)
    }

    /// The answers to no more than [`TOGETHER`].
    pub(super) fn answers(self, flows: &[Flow]) -> [Option<Steps<'a>>; TOGETHER] {
        let questions: [_; TOGETHER] = array::from_fn(|at| self.question(flows.get(at)?));
        let question = |at: usize| questions.get(at)?.as_ref();
        let meetings: [_; TOGETHER] = array::from_fn(|at| self.meeting(question(at)?));
        let meeting = |at: usize| meetings.get(at)?.as_ref();
        let sides: [_; TOGETHER] = array::from_fn(|at| self.sides(meeting(at)?));
        let side = |at: usize| sides.get(at)?.as_ref();
        let rows: [_; TOGETHER] = array::from_fn(|at| self.rows(question(at)?, side(at)?));
        let row = |at: usize| rows.get(at)?.as_ref();
        // Nothing is made of it: what is looked at now is at hand when the steps are gone through.
        let bits = (0..TOGETHER).filter_map(|at| Some(side(at)?.first_bits(row(at)?)));
        black_box(bits.fold(0, |all, bits| all ^ bits));
        array::from_fn(|at| {
            self.steps(flows.get(at)?, question(at)?, meeting(at)?, side(at)?, row(at)?)
        })
    }

    #[inline(always)]
    fn question(self, flow: &Flow) -> Option<Question<'a>> {
        if flow.family != Family::V4 {
            return None;
        }
        let key = index::key(flow)?;
        let named = |party: &Party| {
            let seat = match party.endpoint {
                Some(id) => Some(self.index.seat(id)?),
                None => None,
            };
            let address = party.addresses.single()?;
            party.domain.is_none().then_some(Named { seat, address })
        };
        let (from, to) = (named(&flow.from)?, named(&flow.to)?);
        Some(Question { key, atom: self.index.atoms().of(key), from, to })
    }

    #[inline(always)]
    fn meeting(self, question: &Question<'a>) -> Option<Meeting<'a>> {
        let Self { compiled, index, .. } = self;
        let met = |&Named { seat, address }: &Named<'a>| {
            let (shape, span) = match seat {
                Some(seat) if seat.is_at(address) => {
                    (Some(index.shape(seat)?), index.span_of(compiled, seat, address)?)
                }
                None if index.is_nobodys(address) => {
                    (None, index.span(compiled, Family::V4, address)?)
                }
                Some(_) | None => return None,
            };
            Some(Met { shape, span, address })
        };
        Some(Meeting { from: met(&question.from)?, to: met(&question.to)? })
    }

    #[inline(always)]
    fn sides(self, Meeting { from, to }: &Meeting<'a>) -> Option<Sides<'a>> {
        let Self { compiled, index, .. } = self;
        let lists = |own: &Met<'a>, direction| match own.shape {
            Some(shape) => Some(Some(shape.at_hand(direction).get()?)),
            None => Some(None),
        };
        let (egress, ingress) = (lists(from, Direction::Egress)?, lists(to, Direction::Ingress)?);
        // Only now, as whoever asks first about an endpoint need not wait for what is seen of it.
        let side = |lists: Option<_>, other: &Met<'a>| {
            let asked = other.shape.filter(|_| lists.is_some());
            let end = asked.map_or(index.nobody(), |shape| index.seen(shape));
            let at = index.seen_of_span(compiled, other.span, Family::V4, other.address);
            Side { lists, sight: Sight { end, at, bits: index.bits() } }
        };
        Some(Sides { egress: side(egress, to), ingress: side(ingress, from) })
    }

    #[inline(always)]
    fn rows(self, question: &Question<'a>, sides: &Sides<'a>) -> Option<Rows<'a>> {
        let row = |side: &Side<'a>| match side.lists {
            Some(lists) => Some(Some(lists.row(question.atom, self.index.atoms())?)),
            None => Some(None),
        };
        Some(Rows { egress: row(&sides.egress)?, ingress: row(&sides.ingress)? })
    }

    #[inline(always)]
    fn steps(
        self,
        flow: &Flow,
        question: &Question<'a>,
        Meeting { from, to }: &Meeting<'a>,
        sides: &Sides<'a>,
        rows: &Rows<'a>,
    ) -> Option<Steps<'a>> {
        let Self { compiled, index, stage } = self;
        let asked = Asked { compiled, index, flow, stage, key: question.key };
        let step = |row: Option<Row<'a>>, side: &Side<'a>, own: &Met<'a>, other: &Met<'a>, way| {
            let (Some(row), Some(shape)) = (row, own.shape) else { return Some(None) };
            let sight = &side.sight;
            let holds = |step: Step<'a>| match step.only_has().and_then(|only| sight.bit(only)) {
                Some(has) => Some(has),
                None => asked.seen(step, shape, other, sight, way),
            };
            Some(Some(decided(row, holds)?))
        };
        let egress = step(rows.egress, &sides.egress, from, to, Direction::Egress)?;
        let ingress = step(rows.ingress, &sides.ingress, to, from, Direction::Ingress)?;
        Some([egress, ingress])
    }
}

impl<'a> Sides<'a> {
    /// Something of all words that the first steps ask for.
    #[inline(always)]
    fn first_bits(&self, rows: &Rows<'a>) -> u32 {
        let bits = |row: Option<Row<'a>>, side: &Side<'a>| {
            let words = |row: Row<'a>| row.first_asked().map(|number| side.sight.end.word(number));
            row.map_or(0, |row| words(row).fold(0, |all, word| all ^ word))
        };
        bits(rows.egress, &self.egress) ^ bits(rows.ingress, &self.ingress)
    }
}
