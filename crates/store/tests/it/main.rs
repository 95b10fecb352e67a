//! What a store promises, held: by one contract for all, by a model, by kills and by losses of power.

mod contract;
mod dice;
mod directory;
mod failure;
mod kill;
mod model;
mod power;
mod ram;
mod support;
