//! Whether an endpoint takes connections.

use super::callers::Caller;
use crate::Inner;
use notifyd_providers::Reach;
use notifyd_store::webhooks::Webhook;
use std::time::Duration;

/// Connects by the rules under which it is told, with a caller of its own: no connection of those that tell is taken.
pub(crate) async fn reach(inner: &Inner, webhook: &Webhook, within: Duration) -> Reach {
    match Caller::prepare(inner, webhook.no).await {
        Ok(Some(Caller { endpoint: Ok(endpoint), .. })) => endpoint.reach(within).await,
        Ok(Some(Caller { endpoint: Err(problem), .. })) => Reach::Away(problem.to_string()),
        Ok(None) => Reach::Nowhere("it was removed meanwhile"),
        Err(error) => Reach::Away(error.to_string()),
    }
}
