//! Who is who, and whom to believe.

mod root_authority;
mod service_accounts;

pub(crate) use root_authority::RootAuthority;
pub(crate) use service_accounts::ServiceAccounts;
