//! Mail through an SMTP relay.
//!
//! The cast, in the order one mail meets it:
//!
//! 1. [`settings`]: the configuration, read once; [`tls`] is its encryption part.
//! 2. [`mime`]: the message becomes bytes that contain no bare CR or LF ([`encode`]) and an envelope.
//! 3. [`pool`]: a bounded number of connections; an idle one is used again.
//! 4. [`session`]: the dialogue, one [`Step`](fault::Step) at a time, over a [`wire`] on which every read and write ends
//!    at the call's deadline; [`auth`] logs in; [`reply`] is what the server said.
//! 5. [`fault`]: what went wrong and at which step; [`classify`] is the table that makes an outcome of it.
//!
//! A mail is in doubt only between the final dot and its reply. That is why the dialogue is written here instead of
//! using lettre's transport: it has to know whether the dot was written, it must not delay the dot (no `TCP_NODELAY`
//! there), and nothing an attacker says before STARTTLS may be taken for an answer after it.

mod auth;
mod classify;
mod encode;
mod fault;
mod mime;
mod pool;
mod reply;
mod session;
mod settings;
mod tls;
mod wire;

use crate::kind::{BuildContext, Field, Kind, SecretUse, Seed};
use crate::{Call, Provider, Reach};
use async_trait::async_trait;
use fault::{Failure, Step};
use mime::Mail;
use notify_proto::Channel;
use notifyd_lifecycle::{Clock, Outcome, Report};
use pool::Pool;
use reply::Reply;
use session::Session;
use settings::Settings;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

pub(crate) const KIND: Kind = Kind {
    name: "smtp",
    about: "mail through an SMTP relay",
    channels: &[Channel::Email],
    simulated: false,
    fields: &[
        Field::optional("host", "name or address of the relay").required().seeded(Seed::Text("localhost")),
        Field::optional("port", "default 465 with tls, 587 with starttls, else 25").seeded(Seed::Number(25)),
        Field::optional("tls", "none, opportunistic, starttls or tls; default starttls")
            .seeded(Seed::Text("none")),
        Field::optional("from", "sender, such as Shop <noreply@example.org>")
            .required()
            .seeded(Seed::Text("notifyd@localhost")),
        Field::optional("username", "login name; the password is the provider's secret"),
        Field::optional("hello_name", "name given in EHLO; default the local address"),
        Field::optional("ca_file", "file with further root certificates (PEM), or the PEM text itself"),
        Field::optional("timeout_seconds", "time for one mail, 0.1 to 600; default 60"),
        Field::optional("max_connections", "connections at the same time, 1 to 1000; default 10"),
        Field::optional("max_message_bytes", "largest mail after encoding; default 26214400"),
    ],
    secret: SecretUse::Optional,
    build: |fields, secret, context| Ok(Arc::new(Smtp::new(Settings::read(fields, secret)?, context))),
};

struct Smtp {
    settings: Settings,
    clock: Arc<dyn Clock>,
    pool: Pool,
}

impl Smtp {
    fn new(settings: Settings, context: &BuildContext) -> Self {
        let pool = Pool::new(settings.max_connections);
        Self { settings, clock: Arc::clone(&context.clock), pool }
    }

    async fn deliver(&self, mail: &Mail) -> Result<Reply, Failure> {
        let deadline = Instant::now() + self.settings.timeout;
        let _slot = self.pool.slot(deadline).await?;
        if let Some(mut session) = self.pool.take(deadline).await {
            let result = session.deliver(mail, deadline).await;
            if !result.as_ref().is_err_and(Failure::is_stale) {
                return self.finish(session, result, deadline).await;
            }
            // The server had given the idle connection up and nothing was sent on it.
            tracing::debug!(host = %self.settings.host, "idle smtp connection was gone");
        }
        let mut session = Session::open(&self.settings, deadline).await?;
        let result = session.deliver(mail, deadline).await;
        self.finish(session, result, deadline).await
    }

    /// Keeps the connection when both sides agree where the dialogue stands. A call that is dropped on the way never
    /// comes here, so its connection is closed.
    async fn finish(
        &self,
        mut session: Session,
        result: Result<Reply, Failure>,
        deadline: Instant,
    ) -> Result<Reply, Failure> {
        let reusable = match &result {
            Ok(_) => true,
            Err(failure) if !failure.is_settled() => false,
            Err(failure) => !failure.leaves_transaction() || session.reset(deadline).await,
        };
        if reusable {
            self.pool.give(session);
        }
        result
    }

    fn failed(&self, failure: &Failure, mail: &Mail) -> Report {
        let outcome = match classify::outcome(failure) {
            // The report cannot say which of several addresses is meant, and an innocent one must not be suppressed.
            Outcome::RecipientInvalid(_) if mail.recipients.len() > 1 => Outcome::Permanent,
            outcome => outcome,
        };
        let refused = match failure.step {
            Step::Rcpt(index) if mail.recipients.len() > 1 => {
                format!("recipient {} of {}: ", index + 1, mail.recipients.len())
            }
            _ => String::new(),
        };
        Report::new(outcome, Some(self.settings.redact(format!("{refused}{failure}"))))
    }
}

#[async_trait]
impl Provider for Smtp {
    async fn send(&self, call: Call<'_>) -> Report {
        if call.channel != Channel::Email {
            let text = format!("smtp cannot serve the channel {}", call.channel);
            return Report::new(Outcome::ProviderConfig, Some(text));
        }
        let mail = match mime::build(&call, &self.settings.from, self.clock.now()) {
            Ok(mail) => mail,
            Err(refusal) => return Report::new(Outcome::Permanent, Some(refusal.to_string())),
        };
        if mail.bytes.len() > self.settings.max_message_bytes {
            let limit = self.settings.max_message_bytes;
            let text = format!("the mail has {} bytes, max_message_bytes is {limit}", mail.bytes.len());
            return Report::new(Outcome::Permanent, Some(text));
        }
        match self.deliver(&mail).await {
            Ok(reply) => Report::new(
                Outcome::Accepted { external_id: reply.queue_id() },
                Some(self.settings.redact(reply.to_string())),
            ),
            Err(failure) => self.failed(&failure, &mail),
        }
    }

    /// As far as a mail could be begun: greeted, encrypted and logged in as configured.
    async fn reach(&self, within: Duration) -> Reach {
        let Settings { host, port, login, .. } = &self.settings;
        let deadline = Instant::now() + within;
        match Session::open(&self.settings, deadline).await {
            Ok(session) => {
                session.quit(deadline).await;
                let login = if login.is_some() { " and takes the login" } else { "" };
                Reach::There(format!("{host}:{port} greets{login}"))
            }
            Err(failure) => Reach::Away(self.settings.redact(format!("{host}:{port}: {failure}"))),
        }
    }
}
