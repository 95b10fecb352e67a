//! What the server is started with.
