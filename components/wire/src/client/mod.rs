//! Calls other machines: a gRPC channel with fail-over, and single HTTP/1.1 requests.

mod channel;
mod dial;
mod endpoint;
mod greeting;
mod link;
mod once;

pub use channel::{Balance, Channel, ChannelConfig};
pub use dial::DialError;
pub use endpoint::{BadEndpoint, Endpoint};
pub use once::{Reply, RequestError, get, request};
