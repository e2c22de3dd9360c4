//! Compiles `proto/` without protoc: messages, client and server stubs, and the public descriptors.

// This is how a build script speaks to cargo.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use prost::Message;
use prost_types::FileDescriptorSet;
use std::{env, error::Error, fs, path::Path};

/// Files whose services clients may list by reflection.
const PUBLIC: [&str; 6] = [
    "etcd/rpc.proto",
    "etcd/v3lock.proto",
    "etcd/v3election.proto",
    "grpc/health.proto",
    "grpc/reflection_v1.proto",
    "grpc/reflection_v1alpha.proto",
];
const PRIVATE: [&str; 2] = ["seaworthy/internal.proto", "seaworthy/peer.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let out = env::var("OUT_DIR")?;
    let public = protox::compile(PUBLIC, ["proto"])?;
    fs::write(Path::new(&out).join("descriptors.bin"), public.encode_to_vec())?;

    fs::write(Path::new(&out).join("methods.rs"), methods(&public))?;

    let mut all = protox::compile(PUBLIC.into_iter().chain(PRIVATE), ["proto"])?;
    rename_fields(&mut all);
    tonic_prost_build::configure().build_transport(false).bytes(".").compile_fds(all)?;
    Ok(())
}

/// The methods by path, with their kinds as go-grpc-prometheus names them.
fn methods(files: &FileDescriptorSet) -> String {
    let mut rows = String::from("&[\n");
    for file in &files.file {
        for service in &file.service {
            for method in &service.method {
                let kind = match (method.client_streaming(), method.server_streaming()) {
                    (false, false) => "unary",
                    (true, false) => "client_stream",
                    (false, true) => "server_stream",
                    (true, true) => "bidi_stream",
                };
                let (package, service, method) = (file.package(), service.name(), method.name());
                rows += &format!("    (\"/{package}.{service}/{method}\", \"{kind}\"),\n");
            }
        }
    }
    rows + "]"
}

/// Upstream's `peerURLs` would become `peer_ur_ls` in Rust. Only the generated code sees the new
/// name: on the wire fields are numbers, and the descriptors keep upstream's.
fn rename_fields(files: &mut FileDescriptorSet) {
    let messages = files.file.iter_mut().flat_map(|file| &mut file.message_type);
    for field in messages.flat_map(|message| &mut message.field) {
        let renamed = match field.name() {
            "peerURLs" => "peer_urls",
            "clientURLs" => "client_urls",
            _ => continue,
        };
        field.name = Some(renamed.to_owned());
        field.json_name = None;
    }
}
