//! The way out that sends nothing. It serves every channel, is always marked as simulated, and behaves as its
//! configuration says, so that failover, retries, breakers and crashes can be rehearsed without a carrier.
//!
//! The cast: [`Script`] is the configuration, read; [`Plan`](plan::Plan) is the story in it, if there is one, and
//! [`Story`] knows how far it has got; [`Post`] has what it says later; `Record` is the file in which every call is noted
//! before it is answered; [`Mock`] plays the script. Without a configuration there is no script and nothing to decide.
//!
//! One call: record → throttle → the story's scene, or hang → wait → fixed outcome → first attempts fail → dice → accepted
//! → a receipt is on its way.

mod plan;
mod receipt;
mod record;
mod script;
mod story;

use crate::config::{ConfigError, Fields};
use crate::kind::{BuildContext, Field, Kind, SecretUse};
use crate::{Call, Provider};
use async_trait::async_trait;
use notify_proto::Channel;
use notifyd_lifecycle::receipt::Reference;
use notifyd_lifecycle::{Outcome, Report, Secret};
use plan::{Act, Scene};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use receipt::{Post, Told};
use record::Record;
use script::{Script, Throttle};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use story::Story;

pub(crate) const KIND: Kind = Kind {
    name: "mock",
    about: "simulated: accepts everything and sends nothing, or fails as told",
    channels: Channel::ALL,
    simulated: true,
    fields: &[
        Field::optional(
            "latency_ms",
            "time until the answer: a number or {\"min\": a, \"max\": b}; default 0",
        ),
        Field::optional("failure_rate", "share of calls that end in `failure_outcome`, 0 to 1; default 0"),
        Field::optional("failure_outcome", "class of a failure; default transient"),
        Field::optional("fail_times", "the first N attempts of each notification fail; default 0"),
        Field::optional("rate_limit_per_second", "answers rate_limited above it; default no limit"),
        Field::optional(
            "retry_after_seconds",
            "how long a rate_limited failure or outcome asks to be left alone; default unsaid",
        ),
        Field::optional("hang", "never answers: true, or the share of calls, 0 to 1; default false"),
        Field::optional("outcome", "one class for every call"),
        Field::optional(
            "record_file",
            "file to which each call is appended as a JSON line before the answer",
        ),
        Field::optional(
            "receipt",
            "what it says later of what it took: {\"after_ms\": N, \"says\": word}, or never; see RECEIPTS; default nothing",
        ),
        Field::optional("plan", "a story, by recipient or in turn, see STORIES; default none"),
    ],
    secret: SecretUse::Never,
    build: |fields, _: Option<&Secret<String>>, context| Ok(Arc::new(Mock::new(fields, context)?)),
};

struct Mock {
    /// `None`: no configuration, the fast path.
    play: Option<Box<Play>>,
}

struct Play {
    script: Script,
    throttle: Option<Throttle>,
    record: Option<Record>,
    story: Option<Story>,
    post: Post,
    /// One sequence for the whole provider: sequential calls repeat exactly from run to run, whatever their ids.
    dice: Mutex<StdRng>,
}

impl Mock {
    fn new(fields: Fields<'_>, context: &BuildContext) -> Result<Self, ConfigError> {
        let mut script = Script::read(fields)?;
        let throttle = script.per_second.map(Throttle::new);
        let record = script.record_file.as_deref().map(|path| Record::open(path, context)).transpose()?;
        if script == Script::default() {
            return Ok(Self { play: None });
        }
        let story = script.plan.take().map(Story::new);
        let dice = Mutex::new(StdRng::seed_from_u64(context.seed));
        let post = Post::new(context.receipts.clone(), Arc::clone(&context.clock));
        Ok(Self { play: Some(Box::new(Play { script, throttle, record, story, post, dice })) })
    }
}

#[async_trait]
impl Provider for Mock {
    async fn send(&self, call: Call<'_>) -> Report {
        let Some(play) = &self.play else { return accepted(&call) };
        play.answer(&call).await
    }
}

impl Play {
    async fn answer(&self, call: &Call<'_>) -> Report {
        if let Some(record) = &self.record
            && let Err(error) = record.note(call)
        {
            // A call that is not in the record must not count as sent: the record is what tests believe.
            return Report::new(
                Outcome::Transient,
                Some(format!("mock: cannot append to record_file: {error}")),
            );
        }
        if let Some(after) = self.throttle.as_ref().and_then(Throttle::refuse) {
            return Report::new(Outcome::RateLimited { after: Some(after) }, said("rate limit reached"));
        }
        if let Some(scene) = self.story.as_ref().and_then(|story| story.next(call.to)) {
            return self.scene(scene, call).await;
        }
        let told = self.script.receipt.as_ref();
        if self.happens(self.script.hang) {
            self.tell(told, call.reference());
            std::future::pending::<()>().await;
        }
        self.wait(self.script.latency_ms).await;
        let failed = call.attempt <= self.script.fail_times || self.happens(self.script.failure_rate);
        let report = match &self.script.outcome {
            Some(Outcome::Accepted { .. }) => accepted(call),
            Some(outcome) => self.refused(outcome),
            None if failed => self.refused(&self.script.failure),
            None => accepted(call),
        };
        self.told_later(report, told, call)
    }

    async fn scene(&self, scene: &Scene, call: &Call<'_>) -> Report {
        let outcome = match &scene.act {
            Act::Hang => {
                self.tell(scene.receipt.as_ref(), call.reference());
                return std::future::pending().await;
            }
            Act::Answer(outcome) => outcome,
        };
        self.wait(scene.latency_ms).await;
        let told = scene.receipt.as_ref();
        if matches!(outcome, Outcome::Accepted { .. }) {
            return self.told_later(accepted(call), told, call);
        }
        let text = match &scene.message {
            Some(message) => said(&format!("{}: {message}", outcome.class())),
            None => said(outcome.class()),
        };
        self.told_later(Report::new(outcome.clone(), text), told, call)
    }

    /// Has a receipt follow the answer, if the call may have arrived: by the id the caller is told, or by the caller's own
    /// reference when there is no answer.
    fn told_later(&self, report: Report, told: Option<&Told>, call: &Call<'_>) -> Report {
        let of = match &report.outcome {
            Outcome::Accepted { external_id: Some(id) } => Reference::Message(id.clone()),
            Outcome::Accepted { external_id: None } | Outcome::Ambiguous => call.reference(),
            _ => return report,
        };
        self.tell(told, of);
        if told.is_some() { report.awaiting_receipt() } else { report }
    }

    fn tell(&self, told: Option<&Told>, of: Reference) {
        if let Some(Told::Later(word)) = told {
            self.post.send(of, word, Duration::from_millis(self.draw(word.after_ms).into()));
        }
    }

    fn refused(&self, outcome: &Outcome) -> Report {
        let text = said(outcome.class());
        match outcome {
            Outcome::RateLimited { .. } => {
                Report::new(Outcome::RateLimited { after: self.script.retry_after }, text)
            }
            other => Report::new(other.clone(), text),
        }
    }

    fn happens(&self, rate: f64) -> bool {
        rate >= 1.0 || (rate > 0.0 && self.roll(|dice| dice.random_bool(rate)))
    }

    fn draw(&self, (min, max): (u32, u32)) -> u32 {
        if min == max { max } else { self.roll(|dice| dice.random_range(min..=max)) }
    }

    async fn wait(&self, bounds: (u32, u32)) {
        let millis = self.draw(bounds);
        if millis > 0 {
            tokio::time::sleep(Duration::from_millis(millis.into())).await;
        }
    }

    fn roll<T>(&self, throw: impl FnOnce(&mut StdRng) -> T) -> T {
        throw(&mut self.dice.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[expect(clippy::unnecessary_wraps, reason = "reads as the optional message of a report")]
fn said(what: &str) -> Option<String> {
    Some(format!("mock: simulated {what}"))
}

/// `mock-` and the last six bytes of the notification id, which are random in a version 7 id; a later attempt says
/// so, as a real provider would give it an id of its own.
fn accepted(call: &Call<'_>) -> Report {
    let mut id = String::with_capacity(24);
    id.push_str("mock-");
    for byte in &call.notification.as_bytes()[10..] {
        for nibble in [byte >> 4, byte & 0xf] {
            id.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
        }
    }
    if call.attempt > 1 {
        // Writing to a String cannot fail.
        let _ = write!(id, "-{}", call.attempt);
    }
    Report::accepted(Some(id))
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod receipt_tests;

#[cfg(test)]
mod story_tests;
