//! One answer from one thread to one who waits, without a runtime.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::Error;

/// A place for an answer, and who waits for it.
pub(crate) fn answer<T>() -> (Answer<T>, Waiting<T>) {
    let slot = Arc::new(Mutex::new(Slot { answer: None, waker: None }));
    (Answer(Arc::clone(&slot)), Waiting(slot))
}

struct Slot<T> {
    answer: Option<Result<T, Error>>,
    waker: Option<Waker>,
}

/// Who is to answer. If it is dropped instead, the answer is [`Error::Closed`].
pub(crate) struct Answer<T>(Arc<Mutex<Slot<T>>>);

impl<T> Answer<T> {
    pub(crate) fn give(self, answer: Result<T, Error>) {
        lock(&self.0).answer = Some(answer);
    }
}

impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        let mut slot = lock(&self.0);
        slot.answer.get_or_insert(Err(Error::Closed));
        let waker = slot.waker.take();
        drop(slot);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Who waits for the answer. It may be dropped.
pub(crate) struct Waiting<T>(Arc<Mutex<Slot<T>>>);

impl<T> Future for Waiting<T> {
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = lock(&self.0);
        match slot.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                slot.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

fn lock<T>(slot: &Mutex<Slot<T>>) -> MutexGuard<'_, Slot<T>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
