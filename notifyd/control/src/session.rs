//! One connection: what a verb may reach depends on who is calling.

use crate::costly::Answers;
use crate::deps::Deps;
use crate::metrics::Metrics;
use crate::once::Once;
use crate::operations::Operations;
use crate::peer::Caller;
use crate::verbs::overview::Overviews;
use notify_proto::control::{Change, Role};
use notify_proto::transport::Reply;
use notify_proto::{ApiError, ErrorCode, Timestamp};
use notifyd_store::api::{Audit, ChangeKey};
use prometheus::HistogramTimer;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The daemon as the verbs see it.
pub(crate) struct Room {
    pub(crate) deps: Deps,
    pub(crate) socket: PathBuf,
    pub(crate) operations: Operations,
    pub(crate) overview: Overviews,
    pub(crate) once: Once,
    pub(crate) answers: Answers,
    metrics: Metrics,
}

impl Room {
    pub(crate) fn new(deps: Deps, socket: PathBuf, metrics: Metrics) -> Self {
        let (operations, overview) = (Operations::default(), Overviews::default());
        Self {
            deps,
            socket,
            operations,
            overview,
            once: Once::default(),
            answers: Answers::default(),
            metrics,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.deps.clock.now()
    }

    /// The two halves of a fresh id.
    pub(crate) fn id_parts(&self) -> (u64, [u8; 10]) {
        let mut random = [0; 10];
        self.deps.entropy.fill(&mut random);
        (u64::try_from(self.now().timestamp_millis()).unwrap_or_default(), random)
    }
}

/// One connection.
#[derive(Clone)]
pub(crate) struct Session {
    room: Arc<Room>,
    caller: Arc<Caller>,
    greeted: Arc<AtomicBool>,
}

/// Somebody who may change things, with the reason given for this change.
pub(crate) struct Operator<'a> {
    pub(crate) room: &'a Room,
    pub(crate) dry_run: bool,
    audit: Audit,
}

impl Operator<'_> {
    /// Who and why, for a verb of the log. What carries a key is not changed once more for it.
    pub(crate) fn audit(&self) -> Audit {
        self.audit.clone()
    }

    /// The same for one of several that are changed one by one: whoever asks once more asks for the rest of them, and how
    /// each stands tells whether it was changed.
    pub(crate) fn audit_of_one(&self) -> Audit {
        Audit { key: None, ..self.audit.clone() }
    }

    /// Writes the audit row of a change the log has no verb for.
    pub(crate) async fn note(&self, verb: &'static str, target: &str) -> Reply<()> {
        self.room
            .deps
            .store
            .audit(verb, target.to_owned(), self.audit())
            .await
            .map_err(crate::refuse::log)?;
        self.tell(verb, target);
        Ok(())
    }

    /// One line of log for a change.
    pub(crate) fn tell(&self, verb: &'static str, target: &str) {
        let (actor, reason) = (&self.audit.actor, self.audit.reason.as_deref());
        tracing::info!(verb, subject = target, actor, reason, "changed by an operator");
    }
}

/// Longest reason, characters.
const MAX_REASON: usize = 500;

impl Session {
    pub(crate) fn new(room: Arc<Room>, caller: Caller) -> Self {
        Self { room, caller: Arc::new(caller), greeted: Arc::default() }
    }

    /// The daemon, for what is no verb.
    pub(crate) const fn room(&self) -> &Arc<Room> {
        &self.room
    }

    /// The user id of whoever calls.
    pub(crate) fn uid(&self) -> u32 {
        self.caller.uid
    }

    /// Counts a call, whatever comes of it, and how long it takes.
    pub(crate) fn begin(&self, verb: &str) -> HistogramTimer {
        self.room.metrics.begin(verb)
    }

    /// For the greeting alone, which comes before everything.
    pub(crate) fn greet(&self, fits: bool) -> (&Room, Role) {
        self.greeted.store(fits, Ordering::Release);
        (&self.room, self.caller.role)
    }

    /// Whether it may change things, and so have the daemon call others.
    pub(crate) fn may_change(&self) -> bool {
        self.caller.role == Role::Admin
    }

    /// For verbs that only look.
    pub(crate) fn look(&self) -> Reply<&Room> {
        if self.greeted.load(Ordering::Acquire) {
            return Ok(&self.room);
        }
        let error = ApiError::new(
            ErrorCode::Invalid,
            "the first call of a connection is hello, with a protocol in common",
        );
        Err(error.hint("use the notifyctl or notify-tui that came with this notifyd"))
    }

    /// For verbs that look at what viewers do not see; writes who looked and why not to the audit log.
    pub(crate) async fn reveal(&self, verb: &'static str, target: &str) -> Reply<&Room> {
        let change = Change { reason: Some("revealed".into()), ..Change::default() };
        let operator = self.change(&change)?;
        operator.note(verb, target).await?;
        Ok(operator.room)
    }

    /// For verbs that change something.
    pub(crate) fn change(&self, change: &Change) -> Reply<Operator<'_>> {
        let room = self.look()?;
        if self.caller.role != Role::Admin {
            let error =
                ApiError::new(ErrorCode::Forbidden, "your role on this socket is viewer; this needs admin");
            return Err(error.hint("ask for membership in the group notify-admin, or use sudo"));
        }
        let reason = change.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
        if let Some(reason) = reason
            && (reason.chars().count() > MAX_REASON || reason.chars().any(char::is_control))
        {
            return Err(crate::refuse::invalid(format!(
                "a reason is one line of at most {MAX_REASON} characters"
            )));
        }
        let key = change.key.clone().map(|key| ChangeKey { who: self.caller.uid, key });
        let audit = Audit { actor: self.caller.actor(), reason: reason.map(str::to_owned), key };
        Ok(Operator { room, dry_run: change.dry_run, audit })
    }
}
