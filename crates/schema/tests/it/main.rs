//! The tables and the decoders, held against what real servers and libraries printed.

mod recorded;
