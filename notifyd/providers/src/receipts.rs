//! The way in for what a provider hears later of what it took. Whoever hears a receipt puts it into its [`Sink`] and goes
//! on: that never waits. Who listens at the other end writes it down.

use crate::Call;
use notify_proto::ProviderId;
use notifyd_lifecycle::Receipt;
use notifyd_lifecycle::receipt::Reference;
use tokio::sync::mpsc;

/// Receipts that were heard and are not written down yet, over all providers, at most.
const MAX_HEARD: usize = 10_000;

/// A receipt, and who said it.
pub type Heard = (ProviderId, Receipt);

/// Where a provider puts receipts. One that belongs to nobody, as in a test call, hears nothing.
#[derive(Clone, Default)]
pub struct Sink {
    to: Option<mpsc::Sender<Heard>>,
    whose: Option<ProviderId>,
}

impl Sink {
    /// A sink of nobody yet, and its other end.
    pub fn channel() -> (Self, mpsc::Receiver<Heard>) {
        let (to, heard) = mpsc::channel(MAX_HEARD);
        (Self { to: Some(to), whose: None }, heard)
    }

    /// The same for this provider.
    #[must_use]
    pub fn of(&self, provider: ProviderId) -> Self {
        Self { to: self.to.clone(), whose: Some(provider) }
    }

    /// Hands a receipt over; whether there was room for it. Never waits.
    pub fn put(&self, receipt: Receipt) -> bool {
        match (&self.to, self.whose) {
            (Some(to), Some(provider)) => to.try_send((provider, receipt)).is_ok(),
            _ => true,
        }
    }
}

impl Call<'_> {
    /// The reference that this call goes out under.
    pub const fn reference(&self) -> Reference {
        Reference::Attempt(self.notification, self.attempt)
    }
}
