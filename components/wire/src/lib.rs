//! HTTP/1.1, HTTP/2, gRPC and TLS over a [`host::Host`]'s streams.
//!
//! One text for both worlds: nothing here opens a socket, reads a clock or draws chance but through
//! the host. [`server::serve`] answers both HTTP versions on one port; [`client::Channel`] carries
//! tonic's generated clients; [`tls`] builds both ends' configurations from PEM.

mod answer_body;
mod calls;
mod deadline;
mod filtered;
mod grpc_body;
mod io;
mod relay;
mod router;
mod rt;
mod service;
mod status;
mod upgrade;

pub mod client;
pub mod proxy;
pub mod server;
pub mod spdy;
pub mod tls;
pub mod websocket;

pub use calls::{CallCounts, Method, MethodCounts};
pub use grpc_body::GrpcBody;
pub use relay::{Ended, relay};
pub use router::Router;
pub use service::{Body, GoAway, Peer, Request, Response, Service, empty, full};
pub use status::status_of;
pub use upgrade::{Takeover, has_token, is_upgrade, switching};
