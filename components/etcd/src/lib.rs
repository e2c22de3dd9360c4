//! An etcd member: Raft, log and store behind the v3 gRPC API.
