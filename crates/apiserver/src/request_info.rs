//! What a request asks for, read once from its method and address.
