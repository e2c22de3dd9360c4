//! Calls other machines: a gRPC channel with fail-over, single HTTP/1.1 requests, and requests whose
//! answers stream.

mod channel;
mod dial;
mod endpoint;
mod fetch;
mod greeting;
mod link;
mod once;

pub use channel::{Balance, Channel, ChannelConfig};
pub use dial::DialError;
pub use endpoint::{BadEndpoint, Endpoint};
pub use fetch::{Connection, Fetched, fetch};
pub use once::{Reply, RequestError, get, request};
