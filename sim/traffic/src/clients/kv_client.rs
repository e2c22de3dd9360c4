//! Reads and writes keys.

use oracles::history::Request;

use super::User;
use crate::generator::Generator;

/// Makes its share of the run's requests, then rests.
pub(super) async fn run(user: &User, operations: u32) {
    let profile = user.profile();
    let generator = Generator::new(user.station.number, profile.keys, profile.kv.clone());
    let mut generator = generator.with_values(profile.value_bytes);
    for _ in 0..operations {
        let request = generator.next(&mut user.chance());
        match user.ask(&request).await {
            Some((revision, response)) => generator.learn(revision, &response),
            // Whatever went wrong, its lease may be why.
            None if is_leased(&request) => generator.lose_lease(),
            None => {}
        }
        user.pause(profile.pause_ms).await;
    }
}

fn is_leased(request: &Request) -> bool {
    matches!(request, Request::Put(put) if put.lease != 0)
}
