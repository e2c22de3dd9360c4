//! A client that acts as another: it may where one of several ways lets it.
//!
//! Upstream: apiserver/pkg/endpoints/filters/impersonation. Nothing is remembered from one request
//! to the next.

mod headers;
mod ways;

use super::{Asked, Server};
use crate::{authorization::Attributes, failure::Failure};
use std::sync::Arc;
use ways::{Step, Way};

impl Server {
    /// Lets the client be whom it says, where it may.
    pub(super) async fn impersonate(&self, asked: &mut Asked) -> Result<(), Failure> {
        let Some(wanted) = headers::wanted(&asked.headers)? else { return Ok(()) };
        headers::forget(&mut asked.headers);
        // What the first way lacks is what the client is told.
        let mut first = None;
        for way in ways::ways(&wanted, &asked.attributes()) {
            match self.walk(&way).await {
                Ok(()) => {
                    asked.trail.acts_as(&way.user, &way.constraint);
                    asked.requester.user = Arc::new(way.user);
                    return Ok(());
                }
                Err(failure) => first = first.or(Some(failure)),
            }
        }
        Err(first.unwrap_or_else(|| Failure::internal("all impersonation modes failed")))
    }

    async fn walk(&self, way: &Way) -> Result<(), Failure> {
        for step in &way.steps {
            match step {
                Step::Demand(right) => self.authorization.demand(right).await?,
                Step::All { whole, each } => {
                    let whole = whole.as_ref();
                    let held = match whole {
                        Some(whole) => self.authorization.decide(whole).await.is_allowed(),
                        None => false,
                    };
                    if !held {
                        self.demand_each(each).await?;
                    }
                }
                Step::Never(right, why) => return Err(right.forbidden(why)),
            }
        }
        Ok(())
    }

    async fn demand_each(&self, rights: &[Attributes]) -> Result<(), Failure> {
        for right in rights {
            self.authorization.demand(right).await?;
        }
        Ok(())
    }
}
