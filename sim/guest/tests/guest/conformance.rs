//! A guest's host keeps every promise of `host`.

use crate::guest;
use host::conformance::{CASES, Ground};
use machine::Program;
use std::{sync::Arc, time::Duration};

#[test]
fn a_guest_keeps_every_promise() {
    for case in CASES {
        let guest = guest(1);
        let machine = guest.world().add_machine("node");
        let address = guest.world().address(machine);
        let run = case.run;
        let program: Program = Arc::new(move |host| {
            Box::pin(async move {
                host.disk.create_dir("ground").unwrap();
                run(Ground { host, directory: "ground".into(), address }).await;
            })
        });
        guest.start(machine, case.name, &program);
        guest.run_for(Duration::from_secs(60)).unwrap_or_else(|why| panic!("{why}"));
        assert!(!guest.world().is_running(machine, case.name), "{} did not end", case.name);
    }
}
