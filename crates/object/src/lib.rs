//! Kubernetes objects as data: YAML and JSON in, with the place of every value.
