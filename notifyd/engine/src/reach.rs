//! Whether the other ends of the ways out are there: asked by an operator, outside every queue, and nothing is sent.

use crate::Handle;
use crate::handle::SettingError;
use crate::webhooks;
use notify_proto::ProviderId;
use notifyd_providers::Reach;
use notifyd_store::webhooks::Webhook;
use std::time::Duration;

impl Handle {
    /// Makes the provider ready from what is stored, and looks whether its other end is there.
    pub async fn reach_provider(&self, id: ProviderId, within: Duration) -> Result<Reach, SettingError> {
        let problem = |field: &str, problem: String| SettingError { field: field.to_owned(), problem };
        let directory = self.inner.deps.store.directory();
        let row =
            directory.provider(id).ok_or_else(|| problem("provider", "there is no such provider".into()))?;
        let secret = self.inner.deps.store.provider_secret(id).await;
        let secret = secret.map_err(|error| problem("secret", error.to_string()))?;
        let client = self.build(&row.kind, &row.config, secret.as_ref())?;
        client.check().map_err(|error| crate::handle::wrong(&error))?;
        // Its own time limit is for a mail or a request; whoever asks sets another one.
        let reached = tokio::time::timeout(within, client.reach(within)).await;
        Ok(reached.unwrap_or_else(|_| Reach::Away("no answer within the time limit".into())))
    }

    /// Makes the endpoint ready as it is told, and looks whether it takes connections.
    pub async fn reach_webhook(&self, webhook: &Webhook, within: Duration) -> Reach {
        let reached = tokio::time::timeout(within, webhooks::reach(&self.inner, webhook, within)).await;
        reached.unwrap_or_else(|_| Reach::Away("no answer within the time limit".into()))
    }
}
