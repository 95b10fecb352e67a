//! How far back can be read and watched: `--history-retention`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use portcullis_store::Revision;
use tokio::time::Instant;

use crate::backend::Backend;
use crate::server::Server;

/// How many times within the retention the revision is noted: what is kept is between the retention
/// and that plus one part of it.
const NOTES: u32 = 10;

/// Noting more often than this would only burn time.
const NOTE_AT_MOST_EVERY: Duration = Duration::from_millis(100);

/// Revisions and when they were the latest.
#[derive(Default)]
struct Notes(VecDeque<(Instant, Revision)>);

impl Notes {
    /// Notes the latest revision, and says before which one nothing is kept any more.
    fn note(&mut self, now: Instant, latest: Revision, retention: Duration) -> Option<Revision> {
        self.0.push_back((now, latest));
        let mut forget = None;
        while let Some((then, revision)) = self.0.front().copied() {
            if now.duration_since(then) < retention {
                break;
            }
            forget = Some(revision);
            self.0.pop_front();
        }
        forget
    }
}

/// Forgets what is older than `retention`, for as long as it is polled.
pub(crate) async fn keep<B: Backend>(server: Arc<Server<B>>, retention: Duration) {
    let every = (retention / NOTES).max(NOTE_AT_MOST_EVERY);
    let mut notes = Notes::default();
    loop {
        let latest = server.store.revision();
        if let Some(below) = notes.note(Instant::now(), latest, retention) {
            server.store.compact(below);
        }
        tokio::time::sleep(every).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_forgotten_when_it_has_been_the_latest_for_long_enough_ago() {
        let (begun, second) = (Instant::now(), Duration::from_secs(1));
        let mut notes = Notes::default();
        let mut check = |after: u32, latest: u64, want: Option<u64>| {
            let forgotten = notes.note(begun + second * after, Revision(latest), second * 10);
            assert_eq!(forgotten.map(|revision| revision.0), want, "after {after} s");
        };
        check(0, 5, None);
        check(4, 7, None);
        check(9, 8, None);
        check(10, 8, Some(5));
        check(13, 9, None);
        check(20, 9, Some(8));
        check(60, 9, Some(9));
    }
}
