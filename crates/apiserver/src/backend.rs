//! The store as the server needs it: with a view of everything that reads never wait for.

use std::sync::Arc;

use portcullis_store::{Local, Memory, Snapshot, Store};

/// A store that can be looked at without waiting.
pub trait Backend: Store {
    /// Everything as of the latest commit. It stays as it is while others write.
    fn view(&self) -> Arc<Snapshot>;
}

impl Backend for Memory {
    fn view(&self) -> Arc<Snapshot> {
        self.snapshot()
    }
}

impl Backend for Local {
    fn view(&self) -> Arc<Snapshot> {
        self.snapshot()
    }
}
