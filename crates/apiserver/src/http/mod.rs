//! The listener: sockets, TLS and HTTP, and nothing of Kubernetes.
