//! The v3 API of etcd 3.6: messages, service stubs, error table, and a client.
//!
//! The messages are compiled from our own text in `proto/`; package, message and field names,
//! numbers and types are upstream's (api/etcdserverpb and neighbours). `bytes` fields are
//! [`bytes::Bytes`], so that a value is shared, not copied, from the socket to the store.

pub mod client;
pub mod concurrency;
pub mod errors;
mod pb;

pub use errors::EtcdError;
pub use pb::*;

#[cfg(test)]
mod tests {
    use prost::Message;
    use prost_types::{FileDescriptorSet, ServiceDescriptorProto};

    fn methods(service: &ServiceDescriptorProto) -> Vec<&str> {
        service.method.iter().map(|method| method.name()).collect()
    }

    #[test]
    fn the_descriptors_list_upstreams_services_and_none_of_ours() {
        let files = FileDescriptorSet::decode(super::FILE_DESCRIPTOR_SET).unwrap().file;
        let listed: String = files
            .iter()
            .flat_map(|file| file.service.iter().map(move |service| (file.package(), service)))
            .map(|(package, service)| {
                format!("{package}.{}: {}\n", service.name(), methods(service).join(" "))
            })
            .collect();
        assert_eq!(listed, include_str!("../testdata/services.txt"));
    }

    #[test]
    fn methods_know_their_kind() {
        for method in [
            ("/etcdserverpb.KV/Put", "unary"),
            ("/etcdserverpb.Watch/Watch", "bidi_stream"),
            ("/etcdserverpb.Maintenance/Snapshot", "server_stream"),
        ] {
            assert!(super::METHODS.contains(&method), "{method:?}");
        }
    }

    #[test]
    fn the_descriptors_keep_upstreams_field_names() {
        let files = FileDescriptorSet::decode(super::FILE_DESCRIPTOR_SET).unwrap().file;
        let messages = files.iter().flat_map(|file| &file.message_type);
        let member = messages.into_iter().find(|message| message.name() == "Member").unwrap();
        let fields: Vec<_> = member.field.iter().map(|f| (f.name(), f.number())).collect();
        let expected =
            [("ID", 1), ("name", 2), ("peerURLs", 3), ("clientURLs", 4), ("isLearner", 5)];
        assert_eq!(fields, expected);
    }
}
