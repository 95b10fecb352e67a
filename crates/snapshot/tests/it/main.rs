//! From manifests to findings.

mod refusals;
