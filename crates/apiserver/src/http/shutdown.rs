//! The end, asked for once and seen everywhere.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

/// Asks for the end.
#[derive(Clone, Debug)]
pub struct Trigger(Arc<State>);

/// Sees whether the end was asked for. Clone is cheap.
#[derive(Clone, Debug)]
pub struct Shutdown(Arc<State>);

#[derive(Debug, Default)]
struct State {
    asked: AtomicBool,
    wake: Arc<Notify>,
}

/// A pair that belongs together.
impl Trigger {
    /// A trigger and what sees it.
    pub fn new() -> (Self, Shutdown) {
        let state = Arc::new(State::default());
        (Self(Arc::clone(&state)), Shutdown(state))
    }

    /// Asks for the end. To ask again changes nothing.
    pub fn shut_down(&self) {
        self.0.asked.store(true, Ordering::Release);
        self.0.wake.notify_waiters();
    }
}

impl Shutdown {
    /// Whether the end was asked for.
    pub fn is_asked(&self) -> bool {
        self.0.asked.load(Ordering::Acquire)
    }

    /// Waits until the end is asked for.
    pub async fn asked(&self) {
        let notified = self.0.wake.notified();
        // A waiter exists from its making on, so an end asked for after this look wakes it.
        if !self.is_asked() {
            notified.await;
        }
    }

    /// Something to poll inside a stream.
    pub(super) fn bell(&self) -> Bell {
        Bell { shutdown: self.clone(), notified: None, registered: None }
    }
}

/// [`Shutdown::asked`] for those who poll, cheap to ask again and again: it registers once for a
/// waker, and a look is one load from memory after that.
pub(super) struct Bell {
    shutdown: Shutdown,
    notified: Option<Pin<Box<OwnedNotified>>>,
    registered: Option<Waker>,
}

impl Bell {
    /// Ready once the end was asked for.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.registered.as_ref().is_none_or(|waker| !waker.will_wake(cx.waker())) {
            let wake = &self.shutdown.0.wake;
            let notified =
                self.notified.get_or_insert_with(|| Box::pin(Arc::clone(wake).notified_owned()));
            if notified.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            self.registered = Some(cx.waker().clone());
        }
        if self.shutdown.is_asked() { Poll::Ready(()) } else { Poll::Pending }
    }
}
