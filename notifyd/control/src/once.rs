//! A change that carries a key is made once. Whoever asks for it again with the same key, because no answer came, hears the
//! answer of the first time, or waits for it. What was refused changed nothing, so it may be asked for again. Answers are in
//! memory, for a while; that a change was made is on disk with it, for 24 hours, and all that is heard of it then.

use crate::refuse;
use crate::session::{Room, Session};
use notify_proto::ApiError;
use notify_proto::ErrorCode::{Conflict, Failed, Invalid};
use notify_proto::control::{Control as _, ControlRequest, ControlResponse};
use notify_proto::transport::Context;
use notify_proto::view::rfc3339;
use notifyd_lifecycle::Secret;
use notifyd_store::api::{ChangeKey, Made};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tarpc::ServerError;
use tarpc::server::Serve;
use tokio::sync::watch;

/// For how long an answer is remembered: long enough for somebody who waits for one, and no longer, as it may be a key.
const KEPT: Duration = Duration::from_secs(600);

/// Changes that are remembered, the latest.
const MAX_KEYS: usize = 1_000;

/// Bytes of all their answers.
const MAX_BYTES: usize = 8 * 1_024 * 1_024;

/// Longest key, characters.
const MAX_KEY: usize = 200;

/// An answer as it goes out, once there is one. It may hold a new key.
type Answer = Option<Arc<Secret<String>>>;

/// The changes of the last minutes.
#[derive(Default)]
pub(crate) struct Once(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// The oldest first.
    entries: VecDeque<Entry>,
    /// Whether somebody waits to forget them.
    swept: bool,
}

struct Entry {
    who: u32,
    key: String,
    asked: u64,
    since: Duration,
    answer: watch::Receiver<Answer>,
}

/// What is known of a key.
enum Known {
    /// Nothing: the answer goes in here.
    New(watch::Sender<Answer>),
    /// It is made, or being made.
    Same(watch::Receiver<Answer>),
    /// It was used for something else.
    Other,
}

impl Once {
    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, who: u32, key: &str, asked: u64, now: Duration) -> Known {
        self.expire(now);
        let all = &mut self.lock().entries;
        if let Some(entry) = all.iter().find(|it| it.who == who && it.key == key) {
            return if entry.asked == asked { Known::Same(entry.answer.clone()) } else { Known::Other };
        }
        let (tell, answer) = watch::channel(None);
        let bytes = |it: &Entry| it.answer.borrow().as_ref().map_or(0, |answer| answer.expose().len());
        while all.len() >= MAX_KEYS || all.iter().map(bytes).sum::<usize>() > MAX_BYTES {
            all.pop_front();
        }
        all.push_back(Entry { who, key: key.to_owned(), asked, since: now, answer });
        Known::New(tell)
    }

    /// Forgets what is older than anybody waits; how long until there is more of it, if anything is left.
    fn expire(&self, now: Duration) -> Option<Duration> {
        let all = &mut self.lock().entries;
        while all.pop_front_if(|it| it.since + KEPT <= now).is_some() {}
        all.front().map(|next| (next.since + KEPT).saturating_sub(now))
    }

    fn forget(&self, who: u32, key: &str) {
        self.lock().entries.retain(|it| it.who != who || it.key != key);
    }

    /// Whether nobody waited to forget them until now.
    fn unswept(&self) -> bool {
        !std::mem::replace(&mut self.lock().swept, true)
    }

    /// Whether nothing is left to wait for.
    fn done(&self) -> bool {
        let mut kept = self.lock();
        kept.swept = !kept.entries.is_empty();
        !kept.swept
    }
}

/// Forgets each answer in its time: a secret does not outlast its use, also when no other change comes.
async fn sweep(room: Weak<Room>) {
    while let Some(open) = room.upgrade() {
        match open.once.expire(open.deps.clock.steady()) {
            Some(wait) => {
                drop(open);
                tokio::time::sleep(wait).await;
            }
            None if open.once.done() => return,
            None => {}
        }
    }
}

/// A change that carries a key.
#[derive(Clone)]
struct Keyed {
    /// The name of its call and of its answer.
    verb: String,
    key: String,
    /// What it asks for, in short.
    asked: u64,
}

impl Keyed {
    /// What a call is, as it goes over the wire: its name, and in that its fields. A dry run changes nothing.
    fn of(call: &ControlRequest) -> Option<Self> {
        let call = serde_json::to_value(call).ok()?;
        let (verb, fields) = call.as_object()?.iter().next()?;
        let change = fields.get("change")?;
        let key = change.get("key")?.as_str()?.to_owned();
        if change.get("dry_run").and_then(Value::as_bool) == Some(true) {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        call.to_string().hash(&mut hasher);
        Some(Self { verb: verb.clone(), key, asked: hasher.finish() })
    }

    /// Makes the change, unless the log has it that it was.
    async fn make(
        &self,
        session: Session,
        context: Context,
        call: ControlRequest,
    ) -> Result<ControlResponse, ServerError> {
        let key = ChangeKey { who: session.uid(), key: self.key.clone() };
        match session.room().deps.store.made_for(key).await {
            Ok(None) => session.serve().serve(context, call).await,
            Ok(Some(made)) => self.refuse(&already(&made)),
            Err(error) => self.refuse(&refuse::log(error)),
        }
    }

    fn refuse(&self, error: &ApiError) -> Result<ControlResponse, ServerError> {
        let refused = json!({ &self.verb: { "Err": error } });
        serde_json::from_value(refused).map_err(|error| ServerError::new(ErrorKind::Other, error.to_string()))
    }
}

/// What was changed for a key whose answer is gone.
fn already(made: &Made) -> ApiError {
    let Made { at, verb, target } = made;
    let message = format!("a change with this key was made already, at {}: {verb} {target}", rfc3339(*at));
    ApiError::new(Conflict, message).hint("nothing was changed now; what the first one answered is not kept")
}

/// Whether an answer says that a change was made.
fn made(answer: &str) -> bool {
    answer.split_once(':').is_some_and(|(_, told)| told.starts_with("{\"Ok\""))
}

/// Answers a call, a change with a key only once.
pub(crate) async fn serve(
    session: Session,
    context: Context,
    call: ControlRequest,
) -> Result<ControlResponse, ServerError> {
    // Who may change nothing hears so from the verb.
    let keyed = if session.may_change() { Keyed::of(&call) } else { None };
    let Some(keyed) = keyed else { return session.serve().serve(context, call).await };
    let Keyed { key, asked, .. } = &keyed;
    if key.is_empty() || key.chars().count() > MAX_KEY || key.chars().any(char::is_control) {
        let message = format!("key: write 1 to {MAX_KEY} characters, none of them a control character");
        return keyed.refuse(&ApiError::new(Invalid, message));
    }
    let (room, who) = (session.room(), session.uid());
    let mut answer = match room.once.enter(who, key, *asked, room.deps.clock.steady()) {
        Known::Same(answer) => answer,
        Known::Other => {
            let error =
                ApiError::new(Conflict, "its key was used for another change within the last minutes");
            return keyed
                .refuse(&error.hint("take another key; a time is the same only when it is written in full"));
        }
        Known::New(tell) => {
            let (answer, keyed) = (tell.subscribe(), keyed.clone());
            // It goes on when whoever asked has gone: a change is made or not, and its answer is there.
            tokio::spawn(async move {
                let room = Arc::clone(session.room());
                let told = keyed.make(session, context, call).await.ok();
                let told = told.and_then(|told| serde_json::to_string(&told).ok()).unwrap_or_default();
                let made = made(&told);
                if !made {
                    room.once.forget(who, &keyed.key);
                }
                tell.send_replace(Some(Arc::new(Secret::new(told))));
                if made && room.once.unswept() {
                    tokio::spawn(sweep(Arc::downgrade(&room)));
                }
            });
            answer
        }
    };
    let told = answer.wait_for(Option::is_some).await.ok().and_then(|told| told.clone());
    match told.and_then(|told| serde_json::from_str(told.expose()).ok()) {
        Some(response) => Ok(response),
        None => {
            keyed.refuse(&ApiError::new(Failed, "the change ended without an answer; see the daemon's log"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(once: &Once, who: u32, key: &str, asked: u64, at: u64) -> &'static str {
        match once.enter(who, key, asked, Duration::from_secs(at)) {
            Known::New(tell) => {
                tell.send_replace(Some(Arc::new(Secret::new("x".repeat(MAX_BYTES / 4)))));
                "new"
            }
            Known::Same(_) => "same",
            Known::Other => "other",
        }
    }

    #[test]
    fn a_key_stands_for_one_change_of_one_person_for_a_while() {
        let once = Once::default();
        assert_eq!(known(&once, 1, "a", 7, 0), "new");
        assert_eq!(known(&once, 1, "a", 7, 599), "same");
        assert_eq!(known(&once, 1, "a", 8, 599), "other");
        assert_eq!(known(&once, 2, "a", 8, 599), "new", "another person's");
        assert_eq!(known(&once, 1, "a", 8, 600), "new");
        once.forget(1, "a");
        assert_eq!(known(&once, 1, "a", 7, 601), "new");
        let left = |at| once.expire(Duration::from_secs(at));
        assert_eq!(left(1_200), Some(Duration::from_secs(1)), "of the one at 601");
        assert_eq!(left(1_201), None, "nothing of it stays");
    }

    #[test]
    fn one_waits_to_forget_them_until_none_is_left() {
        let once = Once::default();
        assert_eq!(known(&once, 1, "a", 7, 0), "new");
        assert!(once.unswept() && !once.unswept());
        assert!(!once.done() && !once.unswept(), "it is there still");
        assert_eq!(once.expire(KEPT), None);
        assert!(once.done() && once.unswept());
    }

    #[test]
    fn the_oldest_make_room() {
        let once = Once::default();
        for n in 0..6 {
            assert_eq!(known(&once, 1, &format!("large {n}"), 0, 0), "new");
        }
        assert_eq!(known(&once, 1, "large 5", 0, 0), "same");
        assert_eq!(known(&once, 1, "large 0", 0, 0), "new");
        for n in 0..2 * MAX_KEYS {
            drop(once.enter(1, &n.to_string(), 0, Duration::ZERO));
        }
        assert_eq!(once.lock().entries.len(), MAX_KEYS);
    }
}
