//! Questions over real manifests, from YAML to the answer.

mod support;

mod foreign;
mod hosts;
mod peers;
mod pods;
mod rules;
mod services;
mod staged;
mod tiers;
mod unknown;
