//! Questions over real manifests, from YAML to the answer.

mod support;

mod staged;
mod tiers;
