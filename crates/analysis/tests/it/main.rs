//! Questions over real manifests, from YAML to the answer.

mod support;

mod access;
mod foreign;
mod grammar;
mod hosts;
mod laws;
mod peers;
mod pods;
mod refused;
mod rules;
mod services;
mod staged;
mod tiers;
mod unknown;
