//! HTTP/1.1, HTTP/2, gRPC and TLS over a host's streams.
