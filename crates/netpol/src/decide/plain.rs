//! What nearly every question is: both ends are pods at their own addresses, or outside the cluster.
//!
//! An answer is found in stages, each of which waits for what the one before found in memory. One question
//! by itself waits at every stage; of many, all are brought through a stage before any goes on, and wait
//! together.

use std::hint::black_box;

use portcullis_core::Family;

use super::{Asked, decided};
use crate::compiled::Compiled;
use crate::explain::Stage;
use crate::flow::Flow;
use crate::index::lists::{Lists, Row};
use crate::index::seat::Seat;
use crate::index::step::Step;
use crate::index::{self, Index, Shape, Sight, Span};
use crate::model::Direction;

/// So many questions go through the stages together: with 32 a question takes as long.
const TOGETHER: usize = 16;

/// Who answers such questions. Whatever is none of them is to be asked in full.
#[derive(Clone, Copy)]
pub(super) struct Plain<'a> {
    compiled: &'a Compiled,
    index: &'a Index,
    stage: Stage,
}

/// The steps that decide at the source and at the destination; none at one that is no endpoint.
pub(super) type Steps<'a> = [Option<Step<'a>>; 2];

/// A question, and what the stages that it went through found.
#[derive(Clone, Copy)]
struct Question<'a> {
    /// Whether it is such a one, as far as is known.
    plain: bool,
    key: u32,
    /// The atom of the key.
    atom: u32,
    from: Met<'a>,
    to: Met<'a>,
    egress: Side<'a>,
    ingress: Side<'a>,
}

/// One end.
#[derive(Clone, Copy)]
pub(super) struct Met<'a> {
    pub(super) address: u32,
    /// None outside the cluster.
    seat: Option<&'a Seat>,
    pub(super) shape: Option<&'a Shape>,
    pub(super) span: Option<&'a Span>,
}

/// What is asked at one end.
#[derive(Clone, Copy)]
struct Side<'a> {
    /// None if nobody asks for rules here.
    lists: Option<Lists<&'a [u32]>>,
    /// The rules for the header.
    row: Option<Row<'a>>,
    /// What is seen of the other end.
    sight: Sight<'a>,
}

/// The atoms of keys that were asked for, as most questions are about few ports: to find one takes a tenth
/// of what to search it does.
struct Recent([(u32, u32); 1 << Recent::BITS]);

impl Recent {
    const BITS: u32 = 6;

    /// Nobody asked for any: this is no key.
    fn none() -> Self {
        Self([(u32::MAX, 0); 1 << Self::BITS])
    }

    /// The atom of a key.
    #[inline(always)]
    fn atom(&mut self, key: u32, index: &Index) -> u32 {
        let Self(known) = self;
        let place = key.wrapping_mul(0x9e37_79b1) >> (u32::BITS - Self::BITS);
        let Some((known, atom)) = known.get_mut(place as usize) else {
            return index.atoms().of(key);
        };
        if *known != key {
            (*known, *atom) = (key, index.atoms().of(key));
        }
        *atom
    }
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
        let mut question = self.no_question();
        self.ask(&mut question, flow, |key| self.index.atoms().of(key))?;
        self.meet(&mut question)?;
        self.look(&mut question)?;
        self.find(&mut question)?;
        self.steps(flow, &question)
    }

    /// Says the answers to many questions in their order.
    #[inline]
    pub(super) fn answers<'f>(
        self,
        flows: &'f [Flow],
        mut say: impl FnMut(&'f Flow, Option<Steps<'a>>),
    ) {
        let mut recent = Recent::none();
        let mut questions = [self.no_question(); TOGETHER];
        for flows in flows.chunks(TOGETHER) {
            for (flow, question) in flows.iter().zip(&mut questions) {
                let atom = |key| recent.atom(key, self.index);
                question.plain = self.ask(question, flow, atom).is_some();
            }
            let questions = questions.get_mut(..flows.len()).unwrap_or_default();
            through(questions, |question| self.meet(question));
            through(questions, |question| self.look(question));
            through(questions, |question| self.find(question));
            // Nothing is made of it: what is looked at now is at hand when the steps are gone through.
            let plain = questions.iter().filter(|question| question.plain);
            black_box(plain.map(Question::first_bits).fold(0, |all, bits| all ^ bits));
            for (flow, question) in flows.iter().zip(&*questions) {
                say(flow, if question.plain { self.steps(flow, question) } else { None });
            }
        }
    }

    /// The place of a question that nobody asked.
    #[inline(always)]
    fn no_question(self) -> Question<'a> {
        let nobody = self.index.nobody().borrowed();
        let sight = Sight { end: nobody, at: nobody, bits: self.index.bits() };
        let side = Side { lists: None, row: None, sight };
        let met = Met { address: 0, seat: None, shape: None, span: None };
        let (from, to, egress, ingress) = (met, met, side, side);
        Question { plain: false, key: 0, atom: 0, from, to, egress, ingress }
    }

    /// What is asked about: seats, and the atom.
    #[inline(always)]
    fn ask(
        self,
        question: &mut Question<'a>,
        flow: &Flow,
        atom: impl FnOnce(u32) -> u32,
    ) -> Option<()> {
        if flow.family != Family::V4 {
            return None;
        }
        question.key = index::key(flow)?;
        question.atom = atom(question.key);
        for (met, party) in [(&mut question.from, &flow.from), (&mut question.to, &flow.to)] {
            met.seat = match party.endpoint {
                Some(id) => Some(self.index.seat(id)?),
                None => None,
            };
            met.address = u32::try_from(party.addresses.single()?).ok()?;
            if party.domain.is_some() {
                return None;
            }
        }
        Some(())
    }

    /// Looks up both ends.
    #[inline(always)]
    fn meet(self, question: &mut Question<'a>) -> Option<()> {
        let Self { compiled, index, .. } = self;
        for met in [&mut question.from, &mut question.to] {
            (met.shape, met.span) = match met.seat {
                Some(seat) if seat.is_at(met.address) => {
                    (Some(index.shape(seat)?), index.span_of(compiled, seat, met.address))
                }
                None if index.is_nobodys(met.address) => {
                    (None, index.span(compiled, Family::V4, met.address.into()))
                }
                Some(_) | None => return None,
            };
        }
        Some(())
    }

    /// Where the rules of both ends are, and what they look at.
    #[inline(always)]
    fn look(self, question: &mut Question<'a>) -> Option<()> {
        let Self { compiled, index, .. } = self;
        let Question { from, to, egress, ingress, .. } = question;
        for (own, rules, way, seen_by) in [
            (&from, &mut egress.lists, Direction::Egress, &mut ingress.sight),
            (&to, &mut ingress.lists, Direction::Ingress, &mut egress.sight),
        ] {
            (*rules, seen_by.end) = match own.shape {
                Some(shape) => {
                    let at_hand = shape.at_hand()?;
                    (Some(at_hand.lists(way)), at_hand.seen().borrowed())
                }
                None => (None, index.nobody().borrowed()),
            };
        }
        // Only now, as whoever asks first about an endpoint need not wait for what is seen of it.
        for (other, sight) in [(to, &mut egress.sight), (from, &mut ingress.sight)] {
            let (span, address) = (other.span?, other.address.into());
            sight.at = index.seen_of_span(compiled, span, Family::V4, address).borrowed();
        }
        Some(())
    }

    /// Finds the rules for the header.
    #[inline(always)]
    fn find(self, Question { atom, egress, ingress, .. }: &mut Question<'a>) -> Option<()> {
        for Side { lists, row, .. } in [egress, ingress] {
            *row = match lists {
                Some(lists) => Some(lists.row(*atom, self.index.atoms())?),
                None => None,
            };
        }
        Some(())
    }

    /// Goes through the rules.
    #[inline(always)]
    fn steps(self, flow: &Flow, question: &Question<'a>) -> Option<Steps<'a>> {
        let Self { compiled, index, stage } = self;
        let Question { key, from, to, egress, ingress, .. } = question;
        let asked = Asked { compiled, index, flow, stage, key: *key };
        let step = |Side { row, sight, .. }: &Side<'a>, own: &Met<'a>, other: &Met<'a>, way| {
            let (Some(row), Some(shape)) = (row, own.shape) else { return Some(None) };
            let holds = |step: Step<'a>| match step.only_has().and_then(|only| sight.bit(only)) {
                Some(has) => Some(has),
                None => asked.seen(step, shape, other, sight, way),
            };
            Some(Some(decided(*row, holds)?))
        };
        let egress = step(egress, from, to, Direction::Egress)?;
        let ingress = step(ingress, to, from, Direction::Ingress)?;
        Some([egress, ingress])
    }
}

/// Brings questions through a stage.
#[inline(always)]
fn through<'a>(questions: &mut [Question<'a>], stage: impl Fn(&mut Question<'a>) -> Option<()>) {
    for question in questions.iter_mut().filter(|question| question.plain) {
        question.plain = stage(question).is_some();
    }
}

impl Question<'_> {
    /// Something of all words that the first steps ask for.
    #[inline(always)]
    fn first_bits(&self) -> u32 {
        let sides = [&self.egress, &self.ingress].into_iter();
        let words = sides.filter_map(|Side { row, sight, .. }| {
            let words = row.as_ref()?.first_asked().map(|number| sight.end.word(number));
            Some(words.fold(0, |all, word| all ^ word))
        });
        words.fold(0, |all, word| all ^ word)
    }
}
