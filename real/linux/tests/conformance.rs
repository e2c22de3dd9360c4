//! Linux does what every machine must do.
#![allow(clippy::unwrap_used, reason = "a test: failing loudly is its purpose")]

use host::{
    NoProbe,
    conformance::{CASES, Ground},
};
use std::{net::Ipv4Addr, sync::Arc, time::Duration};

/// Far more than any case needs, so that a hang is a failure and not a hang.
const CASE_LIMIT: Duration = Duration::from_secs(20);

#[test]
fn linux_keeps_every_promise() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let host = linux::host("test", runtime.handle(), Arc::new(NoProbe));
    let root = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("conformance-{}", std::process::id()));
    for case in CASES {
        let directory = root.join(case.name.replace("::", "-"));
        std::fs::create_dir_all(&directory).unwrap();
        let directory = directory.to_str().unwrap().to_owned();
        let address = Ipv4Addr::LOCALHOST.into();
        let work = (case.run)(Ground { host: host.clone(), directory, address });
        let limiter = host.clone();
        let ended =
            runtime.block_on(runtime.spawn(async move { limiter.timeout(CASE_LIMIT, work).await }));
        assert!(matches!(ended, Ok(Ok(()))), "{}: {ended:?}", case.name);
    }
    std::fs::remove_dir_all(root).unwrap();
}
