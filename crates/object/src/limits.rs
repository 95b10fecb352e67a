//! What reading may cost.

use std::sync::OnceLock;

use crate::compose::Budget;
use crate::tree::MAX_KEY_BYTES;

/// What reading may cost. What is beyond is refused with a diagnostic, and the rest is read.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of one file. A dump of a cluster with ten thousand pods, as `kubectl get -A -o json`
    /// writes it, is about 100 MB. Reading takes two to five times that in memory, so that with
    /// what is promised by default a small machine is enough; who has more may allow more. Places
    /// are counted in 32 bits: 4 GiB are too large whatever is said here.
    pub file_bytes: usize,
    /// Documents in all inputs. One takes about 300 bytes beside its values.
    pub documents: usize,
    /// Objects in all inputs, the items of lists counted one by one. One takes about 250 bytes
    /// beside its values, and every question walks all of them.
    pub objects: usize,
    /// Values in all documents. One takes 24 bytes of memory, 40 while its document is read, and
    /// 14 to 40 bytes of text: who allows larger files should allow one for every 12 bytes.
    pub nodes: usize,
    /// Maps and lists inside each other. The API's deepest schema, written out, has 40 levels.
    /// Readers may recurse this deep, so it must fit the stack of a thread.
    pub depth: usize,
    /// Items of one list, or entries of one map. The longest list that people have is that of all
    /// objects of a cluster.
    pub items: usize,
    /// Values that the aliases of one document may expand to.
    pub alias_nodes: usize,
    /// How many times its own size the aliases of a document may expand to in bytes.
    pub alias_factor: usize,
    /// Bytes of one key. The API's longest, of annotations, have 317. No more than 16 MiB whatever
    /// is said here.
    pub key_bytes: usize,
    /// How many threads read. Not a limit of what is read: that is the same with any number.
    pub threads: usize,
}

/// Places are counted in 32 bits, and the end of a file is a place.
pub(crate) const MAX_FILE_BYTES: usize = u32::MAX as usize - 1;

/// More threads than this wait for memory rather than work.
const MAX_THREADS: usize = 8;

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 256 << 20,
            documents: 1_000_000,
            objects: 2_000_000,
            nodes: 20_000_000,
            depth: 200,
            items: 1_000_000,
            alias_nodes: 1_000_000,
            alias_factor: 10,
            key_bytes: 16 << 10,
            threads: processors().min(MAX_THREADS),
        }
    }
}

/// How many threads can run at once. Asked for once: the answer is in files of the system, and a server
/// that reads small objects would open three of them for each.
fn processors() -> usize {
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    *PROCESSORS.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from))
}

impl Limits {
    /// What any one document may use.
    pub(crate) fn budget(&self) -> Budget {
        Budget {
            depth: self.depth,
            // Nodes are counted in 32 bits.
            nodes: self.nodes.min(u32::MAX as usize - 1),
            alias_nodes: self.alias_nodes,
            alias_factor: self.alias_factor,
            key_bytes: self.key_bytes.min(MAX_KEY_BYTES),
            items: self.items,
            threads: self.threads,
        }
    }
}
