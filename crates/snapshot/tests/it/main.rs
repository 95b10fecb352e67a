//! From manifests to findings, and from one snapshot to the next.

mod changes;
mod ownership;
mod refusals;
