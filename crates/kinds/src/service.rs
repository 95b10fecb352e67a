//! Services, and what they are given: cluster addresses and node ports.
