//! The etcd v3 API: messages, gRPC stubs and a client.
