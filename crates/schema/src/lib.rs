//! What a kind looks like: its resource, its fields, their types, what is required.
