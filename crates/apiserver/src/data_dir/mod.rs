//! Keys, certificates and the kubeconfig on disk.
