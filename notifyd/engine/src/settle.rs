//! From what came back to the record to be written.

use crate::Inner;
use crate::attempt::{Sent, What};
use crate::lines::Loaded;
use crate::measures::{Called, minute};
use crate::slots::Slots;
use crate::tries::Ended;
use notify_proto::{AttemptStatus, Channel, FailureReason, SkipReason, Status, Timestamp};
use notifyd_lifecycle::candidate::{Choice, Skip, choose};
use notifyd_lifecycle::decide::{Standing, absorb, end_cycle, go_on};
use notifyd_lifecycle::order::URGENT;
use notifyd_lifecycle::outcome::{Outcome, Report};
use notifyd_lifecycle::{Transition, address, quote};
use notifyd_store::api::{AttemptEnd, Job, Record};
use rand::rngs::StdRng;
use std::borrow::Cow;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// A record on its way to disk, with the job it is about.
pub(crate) struct Settled {
    pub record: Record,
    pub loaded: Box<Loaded>,
    /// Whose answer it is: its slot is freed once it is committed.
    pub provider: Option<notify_proto::ProviderId>,
}

/// Settles an attempt.
pub(crate) fn attempt(
    sent: Sent,
    slots: &mut Slots,
    inner: &Inner,
    rng: &mut StdRng,
    now: Instant,
) -> Settled {
    let Sent { claimed, what, elapsed, at } = sent;
    let crate::attempt::Claimed { mut loaded, channel, channel_index, provider, simulated, call } = claimed;
    let unsent = |loaded: &Loaded, class| AttemptEnd {
        number: loaded.job.attempts,
        provider,
        channel,
        status: AttemptStatus::Skipped,
        class,
        message: None,
        external_id: None,
        simulated,
        awaits_receipt: false,
    };
    match what {
        What::Unsent(_) => slots.unsent(provider, elapsed),
        What::Expired | What::Said(_) => slots.answered(provider, elapsed),
    }
    let (transition, end) = match what {
        What::Expired => {
            slots.learn_nothing(call);
            (Transition::fail(FailureReason::Expired), unsent(&loaded, "expired"))
        }
        What::Unsent(reason) => {
            slots.learn_nothing(call);
            (Transition::hold(reason), unsent(&loaded, reason.as_str()))
        }
        What::Said(report) => {
            let cause = report.message.as_deref().map(|message| masked(message, &loaded.job));
            inner.rates.finished(provider);
            slots.learn(call, &report, cause.as_deref(), inner, now);
            observe(&report, channel, provider, slots, inner, elapsed);
            inner.measures.called(
                provider,
                &Called {
                    of: (loaded.job.id, channel),
                    service: loaded.job.group.service,
                    class: report.outcome.class(),
                    steady: inner.deps.clock.steady(),
                    at,
                    waited: waited(&loaded.job, at, elapsed),
                    elapsed,
                    accepted: matches!(report.outcome, Outcome::Accepted { .. }),
                    throttled: matches!(report.outcome, Outcome::RateLimited { .. }),
                    error: cause.as_deref(),
                },
            );
            let transition = decide(&report, channel_index, provider, &mut loaded, slots, rng, at, now);
            if transition.to() == Status::Queued {
                loaded.job.queued_at = at;
            }
            (transition, ended(report, &loaded.job, provider, channel, simulated))
        }
    };
    told(&loaded.job, &transition, Some(&end), slots, inner, at);
    Settled {
        record: record(&loaded.job, at, Some(end), vec![], transition),
        loaded,
        provider: Some(provider),
    }
}

#[expect(clippy::too_many_arguments, reason = "the whole standing of one decision, used once")]
fn decide(
    report: &Report,
    channel_index: usize,
    provider: notify_proto::ProviderId,
    loaded: &mut Loaded,
    slots: &Slots,
    rng: &mut StdRng,
    at: Timestamp,
    now: Instant,
) -> Transition {
    let job = &mut loaded.job;
    let standing =
        Standing { plan: &job.plan, retry_count: job.retry_count, expires_at: job.expires_at, now: at };
    if let Some(transition) = absorb(report, channel_index, provider, &mut job.progress, &standing, rng) {
        return transition;
    }
    let choice =
        choose(&job.plan, &job.message, &job.progress, false, slots.directory().candidates(), |candidate| {
            slots.gate(candidate.id, job.group.priority <= URGENT, now)
        });
    let after = match report.outcome {
        Outcome::RateLimited { after } => after,
        _ => None,
    };
    go_on(&choice, report.outcome.class(), after, &mut job.progress, &standing, rng)
}

/// Settles a job that could not be tried: every candidate is closed or used up, or there is none.
pub(crate) fn untried(
    mut loaded: Box<Loaded>,
    choice: Choice,
    slots: &Slots,
    inner: &Inner,
    rng: &mut StdRng,
    at: Timestamp,
) -> Settled {
    let job = &mut loaded.job;
    let standing =
        Standing { plan: &job.plan, retry_count: job.retry_count, expires_at: job.expires_at, now: at };
    let (transition, skipped) = match choice {
        Choice::Dead(why) => (Transition::fail(why), vec![]),
        Choice::Closed(skipped) if job.progress.cost => {
            (end_cycle(&mut job.progress, &standing, None, "transient", rng), skipped)
        }
        Choice::Closed(skipped) => {
            // Nobody could be tried any more in this cycle, so the next look starts another.
            job.progress.restart();
            (Transition::hold(reason(&skipped)), vec![])
        }
        Choice::Spent if job.progress.cost => {
            (end_cycle(&mut job.progress, &standing, None, "transient", rng), vec![])
        }
        Choice::Spent | Choice::Wait(_) | Choice::Try { .. } => {
            job.progress.restart();
            (Transition::hold(SkipReason::BreakerOpen), vec![])
        }
    };
    job.attempts += u32::try_from(skipped.len()).unwrap_or(0);
    loaded.job.held = true;
    told(&loaded.job, &transition, None, slots, inner, at);
    Settled { record: record(&loaded.job, at, None, skipped, transition), loaded, provider: None }
}

fn reason(skipped: &[Skip]) -> SkipReason {
    skipped.last().map_or(SkipReason::NoProvider, |skip| skip.reason)
}

fn ended(
    report: Report,
    job: &Job,
    provider: notify_proto::ProviderId,
    channel: Channel,
    simulated: bool,
) -> AttemptEnd {
    let class = report.outcome.class();
    let status = match report.outcome {
        Outcome::Accepted { .. } => AttemptStatus::Delivered,
        Outcome::Ambiguous => AttemptStatus::InDoubt,
        _ => AttemptStatus::Failed,
    };
    let external_id = match report.outcome {
        Outcome::Accepted { external_id } => external_id,
        _ => None,
    };
    AttemptEnd {
        number: job.attempts,
        provider,
        channel,
        status,
        class,
        message: report.message,
        external_id,
        simulated,
        awaits_receipt: report.awaits_receipt,
    }
}

/// The record of a step.
pub(crate) fn record(
    job: &Job,
    at: Timestamp,
    attempt: Option<AttemptEnd>,
    skipped: Vec<Skip>,
    transition: Transition,
) -> Record {
    let in_doubt = attempt.as_ref().is_some_and(|end| end.status == AttemptStatus::InDoubt);
    Record {
        seq: job.seq,
        id: job.id,
        group: job.group,
        fence: job.fence,
        at,
        attempt,
        skipped,
        attempts: job.attempts,
        lane: job.plan.lane(&job.message.addresses, &job.progress),
        progress: job.progress.clone(),
        possible_duplicate: in_doubt && !transition.to().is_final(),
        transition,
    }
}

fn observe(
    report: &Report,
    channel: Channel,
    provider: notify_proto::ProviderId,
    slots: &Slots,
    inner: &Inner,
    elapsed: Duration,
) {
    let Some(slot) = slots.get(provider) else { return };
    let name = slot.row.name.as_str();
    inner.metrics.attempts.with_label_values(&[name, channel.as_str(), report.outcome.class()]).inc();
    inner.metrics.call_seconds.with_label_values(&[name]).observe(elapsed.as_secs_f64());
    if report.outcome == Outcome::Ambiguous {
        inner.metrics.in_doubt.inc();
    }
}

/// From the queue to the begin of its call.
fn waited(job: &Job, at: Timestamp, elapsed: Duration) -> Duration {
    (at - job.queued_at).to_std().unwrap_or_default().saturating_sub(elapsed)
}

/// Counts a step and says it in the log: final outcomes at INFO, what will be retried at WARN.
fn told(
    job: &Job,
    transition: &Transition,
    end: Option<&AttemptEnd>,
    slots: &Slots,
    inner: &Inner,
    at: Timestamp,
) {
    let to = transition.to();
    match to {
        Status::Delivered => {
            inner.delivered.fetch_add(1, Ordering::AcqRel);
            let waited = (at - job.created_at).to_std().unwrap_or_default();
            inner.metrics.latency.observe(waited.as_secs_f64());
            let channel = end.map(|end| end.channel);
            inner.measures.delivered(job.group.service, channel, inner.deps.clock.steady(), waited);
        }
        Status::Failed => {
            inner.failed.fetch_add(1, Ordering::AcqRel);
        }
        Status::Retrying => {
            inner.metrics.retries.inc();
            inner.measures.retried();
        }
        _ => {}
    }
    let call = end.map(|end| (end.provider, end.channel, end.message.as_deref()));
    let (seq, service, retries) = (job.seq, job.group.service, job.retry_count);
    let minute = minute(inner.deps.clock.steady());
    inner.tallies.lock().ended(minute, &Ended { seq, service, retries, to, call, at });
    let provider = end.and_then(|end| slots.get(end.provider)).map(|slot| slot.row.name.as_str());
    let service = slots.directory().service_no(job.group.service).map_or("", |service| service.name.as_str());
    let error = match (to, end.and_then(|end| end.message.as_deref())) {
        (Status::Delivered, _) | (_, None) => None,
        (_, Some(message)) => Some(masked(message, job)),
    };
    let error = error.as_deref();
    let correlation_id = job.message.correlation_id.as_deref();
    let reason = transition.reason().unwrap_or_default();
    match to {
        Status::Delivered => tracing::info!(
            event = "notification_delivered", notification_id = %job.id, service, provider, attempt = job.attempts,
            correlation_id, "notification delivered"
        ),
        Status::Failed => tracing::info!(
            event = "notification_failed", notification_id = %job.id, service, provider, attempt = job.attempts, reason,
            recipient = first_address(job), error, correlation_id, "notification failed"
        ),
        _ => tracing::warn!(
            event = "notification_postponed", notification_id = %job.id, service, provider, attempt = job.attempts,
            to = to.as_str(), reason, error, correlation_id, "notification postponed"
        ),
    }
}

/// What a provider said, without what it repeated of the message: addresses, subject, text.
pub(crate) fn masked<'a>(message: &'a str, job: &'a Job) -> Cow<'a, str> {
    let of = &job.message;
    let all = of.addresses.values().flatten().chain(&of.cc).chain(&of.bcc).chain(&of.reply_to);
    let masked = address::mask_in(message, all.map(String::as_str));
    let texts = of.subject.iter().chain(&of.content).chain(&of.html_body);
    match quote::unquoted(&masked, texts.map(String::as_str)) {
        Cow::Owned(rest) => Cow::Owned(rest),
        Cow::Borrowed(_) => masked,
    }
}

pub(crate) fn first_address(job: &Job) -> String {
    let first = job.message.addresses.values().flatten().next();
    first.map(|it| address::mask(it)).unwrap_or_default()
}
