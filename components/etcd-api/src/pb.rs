//! The generated messages and stubs, one module for each protobuf package.

#![allow(
    clippy::all,
    clippy::pedantic,
    missing_debug_implementations,
    unreachable_pub,
    unused_qualifications
)]

/// Key-values and events.
pub mod mvccpb {
    include!(concat!(env!("OUT_DIR"), "/mvccpb.rs"));
}

/// Users, roles and permissions as stored.
pub mod authpb {
    include!(concat!(env!("OUT_DIR"), "/authpb.rs"));
}

/// KV, Watch, Lease, Cluster, Maintenance and Auth.
pub mod etcdserverpb {
    include!(concat!(env!("OUT_DIR"), "/etcdserverpb.rs"));
}

/// Locks kept by the server.
pub mod v3lockpb {
    include!(concat!(env!("OUT_DIR"), "/v3lockpb.rs"));
}

/// Elections kept by the server.
pub mod v3electionpb {
    include!(concat!(env!("OUT_DIR"), "/v3electionpb.rs"));
}

/// gRPC's own services, which etcd serves too.
pub mod grpc {
    /// Health checks.
    pub mod health_v1 {
        include!(concat!(env!("OUT_DIR"), "/grpc.health.v1.rs"));
    }
    /// Reflection, as new clients ask for it.
    pub mod reflection_v1 {
        include!(concat!(env!("OUT_DIR"), "/grpc.reflection.v1.rs"));
    }
    /// Reflection, as old clients ask for it.
    pub mod reflection_v1alpha {
        include!(concat!(env!("OUT_DIR"), "/grpc.reflection.v1alpha.rs"));
    }
}

/// What goes through the log, what is stored besides keys, and what members say to each other.
pub mod internal {
    include!(concat!(env!("OUT_DIR"), "/seaworthy.etcd.rs"));
}

/// The encoded `FileDescriptorSet` of the public packages, for the reflection services.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// All methods of the public API: path and kind (`unary`, `server_stream`, `bidi_stream`).
pub const METHODS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/methods.rs"));
