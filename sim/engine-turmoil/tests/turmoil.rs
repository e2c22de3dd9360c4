//! turmoil reaches the verdict that every engine has to reach, on the small stories.

use engine_turmoil::Turmoil;
use engines::{cluster, echo};

#[test]
fn echo() {
    assert_eq!(echo::run(&mut Turmoil::new(1)), echo::Verdict::expected());
}

#[test]
fn one_member_survives_a_crash() {
    let outcome = cluster::single_member(&mut Turmoil::new(2));
    assert_eq!(outcome.verdict, cluster::Verdict::KEPT, "{}", outcome.figures);
}
