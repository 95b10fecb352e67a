//! A long list in JSON, read in parts by several threads.
//!
//! A dump of a cluster is one object whose `items` are everything. One thread looks for the commas
//! between items, which is five times faster than reading them, and the others read what lies
//! between: each part strictly, as items and nothing else. The grammar of JSON is unambiguous, so
//! parts that can be read, between a beginning and an end that can be read, are the whole as it
//! would have been read at once. If anything cannot, the whole is read at once, and says what it
//! always says.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};

use crate::compose::{Budget, Part, Workspace};
use crate::{json, words};

/// What is long, and how long a part is.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    /// Shorter texts are read before threads are of use.
    pub(crate) long_bytes: usize,
    /// Parts have at least so many bytes: small enough that all threads end together.
    pub(crate) part_bytes: usize,
}

/// Those that lists are read by; tests have shorter ones.
pub(crate) const SIZES: Sizes = Sizes { long_bytes: 4 << 20, part_bytes: 512 << 10 };

/// The items of a list, read.
pub(crate) struct Items {
    /// Where the list's bracket opens.
    pub(crate) start: usize,
    /// Where it closes.
    pub(crate) end: usize,
    /// What lies between, in order.
    pub(crate) parts: Vec<Part>,
}

/// The items of the object that `text` begins with, if it is a long list that can be read in parts.
pub(crate) fn items(text: &str, budget: Budget, keep_spans: bool, sizes: Sizes) -> Option<Items> {
    if budget.threads < 2 || text.len() < sizes.long_bytes {
        return None;
    }
    let mut finder = Finder { bytes: text.as_bytes(), at: 0 };
    let start = finder.list()?;
    let (found, parts) = mpsc::channel();
    let (nodes, in_vain, parts) = (0.into(), false.into(), Mutex::new(parts));
    let job = Job { text, budget, keep_spans, nodes, in_vain, parts };
    let (end, mut read) = std::thread::scope(|scope| {
        // Where no thread can be had, there is one less.
        let helpers: Vec<_> = (1..budget.threads)
            .filter_map(|_| std::thread::Builder::new().spawn_scoped(scope, || job.work()).ok())
            .collect();
        let end = finder.parts(&found, sizes.part_bytes);
        drop(found);
        let mut read = job.work();
        for helper in helpers {
            match (helper.join(), &mut read) {
                (Ok(Some(more)), Some(read)) => read.extend(more),
                _ => read = None,
            }
        }
        Some((end?, read?))
    })?;
    read.sort_unstable_by_key(|(start, _)| *start);
    Some(Items { start, end, parts: read.into_iter().map(|(_, part)| part).collect() })
}

/// Where a part begins and ends.
type Bounds = (usize, usize);

/// What the threads share.
struct Job<'a> {
    text: &'a str,
    budget: Budget,
    keep_spans: bool,
    /// Values in everything that was read.
    nodes: AtomicUsize,
    /// Whether one of the threads has given up.
    in_vain: AtomicBool,
    parts: Mutex<mpsc::Receiver<Bounds>>,
}

impl Job<'_> {
    /// Takes parts until there are none; nothing if one cannot be read, or all have too many values.
    fn work(&self) -> Option<Vec<(usize, Part)>> {
        let read = self.read();
        // The others must not go on in vain.
        self.in_vain.fetch_or(read.is_none(), Ordering::Relaxed);
        read
    }

    fn read(&self) -> Option<Vec<(usize, Part)>> {
        let mut work = Workspace::new(self.keep_spans);
        let mut read = Vec::new();
        loop {
            // What waits is complete even if whoever held the lock panicked.
            let next = self.parts.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok((start, end)) = next else { return Some(read) };
            let part = json::part(self.text.get(..end)?, start, self.budget, &mut work).ok()?;
            let before = self.nodes.fetch_add(part.nodes(), Ordering::Relaxed);
            if before > self.budget.nodes || self.in_vain.load(Ordering::Relaxed) {
                return None;
            }
            read.push((start, part));
        }
    }
}

/// Looks for items without reading them. Whether what it passes is JSON is not its business.
struct Finder<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Finder<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blank(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Goes behind `byte` and the blanks around it, if it is next.
    fn takes(&mut self, byte: u8) -> Option<()> {
        self.blank();
        (self.peek()? == byte).then(|| self.at += 1)?;
        self.blank();
        Some(())
    }

    /// Goes behind the bracket of the list `items` of an object.
    fn list(&mut self) -> Option<usize> {
        self.takes(b'{')?;
        loop {
            let key = self.at;
            self.string()?;
            let is_items = self.bytes.get(key..self.at) == Some(b"\"items\"");
            self.takes(b':')?;
            if is_items && self.peek()? == b'[' {
                self.at += 1;
                return Some(self.at - 1);
            }
            self.value()?;
            self.takes(b',')?;
        }
    }

    /// Sends the bounds of the parts of a list, and answers where it ends.
    fn parts(&mut self, found: &mpsc::Sender<Bounds>, part_bytes: usize) -> Option<usize> {
        let mut start = self.at;
        loop {
            self.blank();
            self.value()?;
            self.blank();
            let end = self.at;
            let is_last = match self.peek()? {
                b',' => false,
                b']' => true,
                _ => return None,
            };
            if is_last || end - start >= part_bytes {
                found.send((start, end)).ok()?;
                start = end + 1;
            }
            if is_last {
                return Some(end);
            }
            self.at += 1;
        }
    }

    fn string(&mut self) -> Option<()> {
        self.at += 1;
        let marks = |word| words::is(word, b'"') | words::is(word, b'\\');
        loop {
            self.at = words::find(self.bytes, self.at, marks, |byte| matches!(byte, b'"' | b'\\'));
            match self.peek()? {
                b'"' => break,
                _ => self.at += 2,
            }
        }
        self.at += 1;
        Some(())
    }

    /// Goes behind a value: by its quotes and brackets, or to what may follow it.
    fn value(&mut self) -> Option<()> {
        let marks = |word| {
            // Braces and brackets differ in one bit.
            let folded = word | words::each(0x20);
            words::is(folded, b'{') | words::is(folded, b'}') | words::is(word, b'"')
        };
        let matches = |byte| matches!(byte, b'{' | b'}' | b'[' | b']' | b'"');
        match self.peek()? {
            b'"' => return self.string(),
            b'{' | b'[' => {}
            _ => {
                while !matches!(self.peek()?, b',' | b'}' | b']') {
                    self.at += 1;
                }
                return Some(());
            }
        }
        let mut depth = 0_usize;
        loop {
            self.at = words::find(self.bytes, self.at, marks, matches);
            match self.peek()? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                // The first one found was an opening one, so there is always one to close.
                _ => depth -= 1,
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    /// How many items each part has; none if the list cannot be read in parts.
    fn parts(text: &str, part_bytes: usize) -> Option<Vec<usize>> {
        let budget = Budget { threads: 2, ..Limits::default().budget() };
        let sizes = Sizes { long_bytes: 0, part_bytes };
        let items = items(text, budget, false, sizes)?;
        assert_eq!(
            (text.get(items.start..=items.start), text.get(items.end..=items.end)),
            (Some("["), Some("]"))
        );
        Some(items.parts.iter().map(Part::nodes).collect())
    }

    #[test]
    fn long_lists_are_split_between_items() {
        for (text, part_bytes, want) in [
            (r#"{"items": [1, 2, 3]}"#, 1, Some(vec![1, 1, 1])),
            (r#"{"items": [1, 2, 3]}"#, 4, Some(vec![2, 1])),
            (r#"{"a": {"items": [1]}, "items": [[2, 3], {"b": "],"}]}"#, 1, Some(vec![3, 2])),
            (r#"{"items": [1], "items": [2, 3]}"#, 1, Some(vec![1])),
            // Empty, broken, no list, no object.
            (r#"{"items": []}"#, 1, None),
            (r#"{"items": [1, 2, tru]}"#, 1, None),
            (r#"{"items": [1, 2, ]}"#, 1, None),
            (r#"{"items": [1, 2"#, 1, None),
            (r#"{"items": {"a": [1]}}"#, 1, None),
            (r#"["items", [1]]"#, 1, None),
        ] {
            assert_eq!(parts(text, part_bytes), want, "{text}");
        }
    }
}
