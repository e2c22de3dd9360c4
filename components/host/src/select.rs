//! A `select!` whose first look is drawn from the host, so that every winner is found by some seed.

use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll},
};

/// Waits for several futures and runs the branch of the first that is ready; the others are
/// dropped before the branch's body runs.
///
/// ```ignore
/// host::select!(self.host, {
///     message = inbox.recv() => self.take(message),
///     () = ticks.tick() => self.tick(),
/// })
/// ```
/// Two to six branches; the patterns must be irrefutable.
#[macro_export]
macro_rules! select {
    ($host:expr, { $p0:pat = $f0:expr => $b0:expr, $p1:pat = $f1:expr => $b1:expr $(,)? }) => {
        match $crate::select2($host.random.below(2), $f0, $f1).await {
            $crate::Either2::A($p0) => $b0,
            $crate::Either2::B($p1) => $b1,
        }
    };
    ($host:expr, { $p0:pat = $f0:expr => $b0:expr, $p1:pat = $f1:expr => $b1:expr, $p2:pat = $f2:expr => $b2:expr $(,)? }) => {
        match $crate::select3($host.random.below(3), $f0, $f1, $f2).await {
            $crate::Either3::A($p0) => $b0,
            $crate::Either3::B($p1) => $b1,
            $crate::Either3::C($p2) => $b2,
        }
    };
    ($host:expr, { $p0:pat = $f0:expr => $b0:expr, $p1:pat = $f1:expr => $b1:expr, $p2:pat = $f2:expr => $b2:expr, $p3:pat = $f3:expr => $b3:expr $(,)? }) => {
        match $crate::select4($host.random.below(4), $f0, $f1, $f2, $f3).await {
            $crate::Either4::A($p0) => $b0,
            $crate::Either4::B($p1) => $b1,
            $crate::Either4::C($p2) => $b2,
            $crate::Either4::D($p3) => $b3,
        }
    };
    ($host:expr, { $p0:pat = $f0:expr => $b0:expr, $p1:pat = $f1:expr => $b1:expr, $p2:pat = $f2:expr => $b2:expr, $p3:pat = $f3:expr => $b3:expr, $p4:pat = $f4:expr => $b4:expr $(,)? }) => {
        match $crate::select5($host.random.below(5), $f0, $f1, $f2, $f3, $f4).await {
            $crate::Either5::A($p0) => $b0,
            $crate::Either5::B($p1) => $b1,
            $crate::Either5::C($p2) => $b2,
            $crate::Either5::D($p3) => $b3,
            $crate::Either5::E($p4) => $b4,
        }
    };
    ($host:expr, { $p0:pat = $f0:expr => $b0:expr, $p1:pat = $f1:expr => $b1:expr, $p2:pat = $f2:expr => $b2:expr, $p3:pat = $f3:expr => $b3:expr, $p4:pat = $f4:expr => $b4:expr, $p5:pat = $f5:expr => $b5:expr $(,)? }) => {
        match $crate::select6($host.random.below(6), $f0, $f1, $f2, $f3, $f4, $f5).await {
            $crate::Either6::A($p0) => $b0,
            $crate::Either6::B($p1) => $b1,
            $crate::Either6::C($p2) => $b2,
            $crate::Either6::D($p3) => $b3,
            $crate::Either6::E($p4) => $b4,
            $crate::Either6::F($p5) => $b5,
        }
    };
}

/// Which of 2 branches was ready.
#[derive(Debug)]
pub enum Either2<A, B> {
    /// Branch 1.
    A(A),
    /// Branch 2.
    B(B),
}

#[doc(hidden)]
pub async fn select2<A: Future, B: Future>(
    start: u64,
    a: A,
    b: B,
) -> Either2<A::Output, B::Output> {
    let (mut a, mut b) = (pin!(a), pin!(b));
    std::future::poll_fn(move |cx| {
        for turn in 0..2 {
            let found = match (start + turn) % 2 {
                0 => ready(a.as_mut(), cx).map(Either2::A),
                _ => ready(b.as_mut(), cx).map(Either2::B),
            };
            if let Some(found) = found {
                return Poll::Ready(found);
            }
        }
        Poll::Pending
    })
    .await
}

/// Which of 3 branches was ready.
#[derive(Debug)]
pub enum Either3<A, B, C> {
    /// Branch 1.
    A(A),
    /// Branch 2.
    B(B),
    /// Branch 3.
    C(C),
}

#[doc(hidden)]
pub async fn select3<A: Future, B: Future, C: Future>(
    start: u64,
    a: A,
    b: B,
    c: C,
) -> Either3<A::Output, B::Output, C::Output> {
    let (mut a, mut b, mut c) = (pin!(a), pin!(b), pin!(c));
    std::future::poll_fn(move |cx| {
        for turn in 0..3 {
            let found = match (start + turn) % 3 {
                0 => ready(a.as_mut(), cx).map(Either3::A),
                1 => ready(b.as_mut(), cx).map(Either3::B),
                _ => ready(c.as_mut(), cx).map(Either3::C),
            };
            if let Some(found) = found {
                return Poll::Ready(found);
            }
        }
        Poll::Pending
    })
    .await
}

/// Which of 4 branches was ready.
#[derive(Debug)]
pub enum Either4<A, B, C, D> {
    /// Branch 1.
    A(A),
    /// Branch 2.
    B(B),
    /// Branch 3.
    C(C),
    /// Branch 4.
    D(D),
}

#[doc(hidden)]
pub async fn select4<A: Future, B: Future, C: Future, D: Future>(
    start: u64,
    a: A,
    b: B,
    c: C,
    d: D,
) -> Either4<A::Output, B::Output, C::Output, D::Output> {
    let (mut a, mut b, mut c, mut d) = (pin!(a), pin!(b), pin!(c), pin!(d));
    std::future::poll_fn(move |cx| {
        for turn in 0..4 {
            let found = match (start + turn) % 4 {
                0 => ready(a.as_mut(), cx).map(Either4::A),
                1 => ready(b.as_mut(), cx).map(Either4::B),
                2 => ready(c.as_mut(), cx).map(Either4::C),
                _ => ready(d.as_mut(), cx).map(Either4::D),
            };
            if let Some(found) = found {
                return Poll::Ready(found);
            }
        }
        Poll::Pending
    })
    .await
}

/// Which of 5 branches was ready.
#[derive(Debug)]
pub enum Either5<A, B, C, D, E> {
    /// Branch 1.
    A(A),
    /// Branch 2.
    B(B),
    /// Branch 3.
    C(C),
    /// Branch 4.
    D(D),
    /// Branch 5.
    E(E),
}

#[doc(hidden)]
pub async fn select5<A: Future, B: Future, C: Future, D: Future, E: Future>(
    start: u64,
    a: A,
    b: B,
    c: C,
    d: D,
    e: E,
) -> Either5<A::Output, B::Output, C::Output, D::Output, E::Output> {
    let (mut a, mut b, mut c, mut d, mut e) = (pin!(a), pin!(b), pin!(c), pin!(d), pin!(e));
    std::future::poll_fn(move |cx| {
        for turn in 0..5 {
            let found = match (start + turn) % 5 {
                0 => ready(a.as_mut(), cx).map(Either5::A),
                1 => ready(b.as_mut(), cx).map(Either5::B),
                2 => ready(c.as_mut(), cx).map(Either5::C),
                3 => ready(d.as_mut(), cx).map(Either5::D),
                _ => ready(e.as_mut(), cx).map(Either5::E),
            };
            if let Some(found) = found {
                return Poll::Ready(found);
            }
        }
        Poll::Pending
    })
    .await
}

/// Which of 6 branches was ready.
#[derive(Debug)]
pub enum Either6<A, B, C, D, E, F> {
    /// Branch 1.
    A(A),
    /// Branch 2.
    B(B),
    /// Branch 3.
    C(C),
    /// Branch 4.
    D(D),
    /// Branch 5.
    E(E),
    /// Branch 6.
    F(F),
}

#[doc(hidden)]
pub async fn select6<A: Future, B: Future, C: Future, D: Future, E: Future, F: Future>(
    start: u64,
    a: A,
    b: B,
    c: C,
    d: D,
    e: E,
    f: F,
) -> Either6<A::Output, B::Output, C::Output, D::Output, E::Output, F::Output> {
    let (mut a, mut b, mut c, mut d, mut e, mut f) =
        (pin!(a), pin!(b), pin!(c), pin!(d), pin!(e), pin!(f));
    std::future::poll_fn(move |cx| {
        for turn in 0..6 {
            let found = match (start + turn) % 6 {
                0 => ready(a.as_mut(), cx).map(Either6::A),
                1 => ready(b.as_mut(), cx).map(Either6::B),
                2 => ready(c.as_mut(), cx).map(Either6::C),
                3 => ready(d.as_mut(), cx).map(Either6::D),
                4 => ready(e.as_mut(), cx).map(Either6::E),
                _ => ready(f.as_mut(), cx).map(Either6::F),
            };
            if let Some(found) = found {
                return Poll::Ready(found);
            }
        }
        Poll::Pending
    })
    .await
}

fn ready<F: Future>(future: Pin<&mut F>, cx: &mut Context<'_>) -> Option<F::Output> {
    match future.poll(cx) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
