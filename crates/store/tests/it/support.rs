//! What several of these tests need.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use portcullis_store::{Condition, Error, Event, Outcome, Revision, Store, Watch, Write};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future on this thread.
pub fn wait<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(done) => return done,
            Poll::Pending => thread::park(),
        }
    }
}

/// Counts how often it is woken.
#[derive(Default)]
pub struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Woken {
    pub fn times(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Polls a watch that has nothing to say yet.
pub fn park(watch: &mut Watch, woken: &Arc<Woken>) {
    let waker = Waker::from(Arc::clone(woken));
    assert!(watch.poll_next(&mut Context::from_waker(&waker)).is_pending());
}

/// A commit without conditions; its revision.
pub fn write(store: &impl Store, then: Vec<Write>) -> Revision {
    commit(store, vec![], then).done().expect("no condition, no failure")
}

pub fn put(store: &impl Store, key: &str, value: &str) -> Revision {
    write(store, vec![Write::put(key.as_bytes(), value.to_owned())])
}

pub fn delete(store: &impl Store, key: &str) -> Revision {
    write(store, vec![Write::delete(key.as_bytes())])
}

pub fn commit(store: &impl Store, when: Vec<Condition>, then: Vec<Write>) -> Outcome {
    wait(store.commit(when, then)).expect("the store works")
}

/// What a key holds, or held.
pub fn value(store: &impl Store, key: &str, at: Option<Revision>) -> Option<String> {
    let entry = wait(store.get(key.as_bytes(), at)).expect("the revision is there")?;
    Some(String::from_utf8_lossy(&entry.value).into_owned())
}

/// An event in words: `5 + /a=one`, `6 ~ /a=two (one)`, `7 - /a (two)`.
pub fn told(event: &Event) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let before = event.previous().map(|entry| format!(" ({})", text(&entry.value)));
    let (sign, now) = match (event.entry(), &before) {
        (Some(entry), None) => ("+", format!("={}", text(&entry.value))),
        (Some(entry), Some(_)) => ("~", format!("={}", text(&entry.value))),
        (None, _) => ("-", String::new()),
    };
    format!("{} {sign} {}{now}{}", event.revision, text(event.key()), before.unwrap_or_default())
}

/// Everything a watch has to say at once.
pub fn ready(watch: &mut Watch) -> Result<Vec<String>, Error> {
    let mut all = Vec::new();
    while let Some(event) = watch.try_next()? {
        all.push(told(&event));
    }
    Ok(all)
}
