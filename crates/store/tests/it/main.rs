//! What a store promises, held: by one contract for all, by a model, by kills and by losses of power.

mod contract;
mod support;
