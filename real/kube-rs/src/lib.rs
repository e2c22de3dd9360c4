//! Nothing but a place for `tests/`, where the crate `kube` talks to our `kube-apiserver`.
