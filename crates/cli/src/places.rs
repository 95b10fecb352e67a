//! Where things stand, remembered.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use portcullis_core::{Origin, Place};
use portcullis_object::{Located, Sources};

/// The table of sources, with the places it was asked for.
///
/// [`Sources`] reads a document again to find a place in it. Answers to many questions name the
/// same few rules over and over, in one document after the other.
pub(crate) struct Places {
    sources: Sources,
    known: RefCell<HashMap<Origin, Option<Rc<Located>>>>,
}

// === impl Places ===

impl Places {
    pub fn new(sources: Sources) -> Self {
        Self { sources, known: RefCell::default() }
    }

    /// Where that was said; none for what no document says.
    pub fn locate(&self, origin: &Origin) -> Option<Rc<Located>> {
        if let Some(known) = self.known.borrow().get(origin) {
            return known.clone();
        }
        let found = self.sources.locate(&Place::At(origin.clone())).map(Rc::new);
        self.known.borrow_mut().insert(origin.clone(), found.clone());
        found
    }

    /// The table itself.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The input that says it; `built-in` if none does.
    pub fn input(&self, origin: &Origin) -> &str {
        self.sources.document_name(origin.document)
    }
}
