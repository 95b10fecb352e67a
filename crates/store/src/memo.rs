//! A place for what a reader made of something shared.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// What a reader made of an entry or event, made once and shared by all who hold it.
///
/// Ten thousand watches of one event want it encoded once; a list wants an object read once and not for
/// each request. The store never looks inside.
#[derive(Default)]
pub struct Memo(OnceLock<Arc<dyn Any + Send + Sync>>);

impl Memo {
    /// What was noted, or `make`'s result, which is then noted.
    ///
    /// There is one place. If something of another type was noted before, `make` is called and its result
    /// returned, and not kept: agree on one type for a kind of key.
    pub fn of<T: Send + Sync + 'static>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        if let Some(noted) = self.0.get() {
            return match Arc::clone(noted).downcast() {
                Ok(noted) => noted,
                Err(_) => Arc::new(make()),
            };
        }
        let made = Arc::new(make());
        // Two readers may both have made it; the first to note it wins and the other's is dropped.
        let noted = self.0.get_or_init(|| Arc::clone(&made) as Arc<dyn Any + Send + Sync>);
        Arc::clone(noted).downcast().unwrap_or(made)
    }
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.get().is_some() { "Memo(noted)" } else { "Memo(empty)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_made_once() {
        let memo = Memo::default();
        let first = memo.of(|| String::from("one"));
        let second = memo.of(|| String::from("two"));
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(*second, "one");
    }

    #[test]
    fn a_note_of_another_type_is_made_and_not_kept() {
        let memo = Memo::default();
        assert_eq!(*memo.of(|| 1_u8), 1);
        assert_eq!(*memo.of(|| "two"), "two");
        assert_eq!(*memo.of(|| 3_u8), 1);
    }
}
