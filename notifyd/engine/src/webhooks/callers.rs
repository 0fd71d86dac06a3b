//! Endpoints made ready to be called, with their idle connections: all that are called now, and some of the others.

use crate::Inner;
use notifyd_providers::Endpoint;
use notifyd_providers::endpoint::Settings;
use notifyd_store::StoreError;
use notifyd_store::webhooks::Webhook;
use std::collections::HashMap;
use std::sync::Arc;

/// Those to which nothing is under way that are kept.
const MAX_IDLE: usize = 64;

/// One that can be called, or why it cannot be.
#[derive(Clone)]
pub(super) struct Caller {
    /// Which version of its settings it was made of.
    client: i64,
    timeout: std::time::Duration,
    /// Connections that it may have.
    connections: usize,
    /// Whether two secrets sign.
    rotating: bool,
    pub endpoint: Result<Arc<Endpoint>, Arc<str>>,
}

impl Caller {
    /// Makes one ready; none when it is gone.
    pub(super) async fn prepare(inner: &Inner, no: i64) -> Result<Option<Self>, StoreError> {
        let webhooks = inner.deps.store.webhooks();
        let Some(webhook) = webhooks.endpoints().get(no).cloned() else { return Ok(None) };
        let connections = connections(inner);
        let private = match webhooks.private(no).await {
            Ok(Some(private)) => private,
            Ok(None) => return Ok(None),
            Err(StoreError::Seal(problem)) => {
                return Ok(Some(Self::of(inner, &webhook, connections, Err(problem))));
            }
            Err(error) => return Err(error),
        };
        let rotating = is_rotating(inner, &webhook);
        let settings = Settings {
            url: &webhook.settings.url,
            secrets: [Some(&private.secret), private.old.as_ref().filter(|_| rotating)]
                .into_iter()
                .flatten()
                .collect(),
            headers: private.headers.iter().map(|(name, value)| (name.as_str(), value)).collect(),
            timeout: webhook.settings.timeout,
            connections,
        };
        let clock = Arc::clone(&inner.deps.clock);
        let endpoint = Endpoint::new(&inner.context.network, &settings, clock);
        Ok(Some(Self::of(inner, &webhook, connections, endpoint)))
    }

    fn of(inner: &Inner, webhook: &Webhook, connections: usize, endpoint: Result<Endpoint, String>) -> Self {
        Self {
            client: webhook.client,
            timeout: webhook.settings.timeout,
            connections,
            rotating: is_rotating(inner, webhook),
            endpoint: endpoint.map(Arc::new).map_err(Into::into),
        }
    }

    /// Whether it is still what the webhook asks for.
    fn fits(&self, inner: &Inner, webhook: &Webhook) -> bool {
        self.client == webhook.client
            && self.timeout == webhook.settings.timeout
            && self.connections == connections(inner)
            && self.rotating == is_rotating(inner, webhook)
    }
}

fn connections(inner: &Inner) -> usize {
    inner.options.load().webhooks.concurrency
}

fn is_rotating(inner: &Inner, webhook: &Webhook) -> bool {
    webhook.old_until.is_some_and(|until| until > inner.deps.clock.now())
}

/// All that are ready.
#[derive(Default)]
pub(super) struct Callers(HashMap<i64, Caller>);

impl Callers {
    /// One that is ready and still fits.
    pub(super) fn get(&self, inner: &Inner, webhook: &Webhook) -> Option<&Caller> {
        self.0.get(&webhook.no).filter(|caller| caller.fits(inner, webhook))
    }

    /// One is ready now. Of the others only so many are kept besides those that are `busy`.
    pub(super) fn add(&mut self, no: i64, caller: Caller, busy: impl Fn(i64) -> bool) {
        if self.0.len() >= 2 * MAX_IDLE {
            let mut idle = 0;
            self.0.retain(|no, _| {
                let stays = busy(*no) || idle < MAX_IDLE;
                idle += usize::from(!busy(*no));
                stays
            });
        }
        self.0.insert(no, caller);
    }

    /// One is gone.
    pub(super) fn remove(&mut self, no: i64) {
        self.0.remove(&no);
    }
}
