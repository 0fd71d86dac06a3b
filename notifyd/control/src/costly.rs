//! Answers that cost the more to find the more is stored. Screens ask for them every second, and several operators at once
//! when much is stored: while one is found the others wait for it, and what took long to find is told again for a while, so
//! that all of them together cost a tenth of a processor at most. What is found at once is found each time, so whoever
//! changes something and looks sees it.

use notify_proto::ProviderId;
use notify_proto::bulk::FaultGroups;
use notify_proto::schedule::{HistogramView, WaitingGroups};
use notify_proto::shape::ShapeView;
use notify_proto::transport::Reply;
use notifyd_lifecycle::Clock;
use serde::Serialize;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex as Short, PoisonError};
use std::time::Duration;
use tokio::sync::Mutex;

/// What takes less is found each time.
const WORTH: Duration = Duration::from_millis(20);

/// For how many times as long as it took an answer is told again, and for how long at most.
const TIMES: u32 = 10;
const LONGEST: Duration = Duration::from_secs(10);

/// Questions whose answers are kept, the latest.
const MAX_KEPT: usize = 32;

/// All there are.
#[derive(Default)]
pub(crate) struct Answers {
    pub(crate) shape: Costly<ShapeView>,
    pub(crate) histogram: Costly<HistogramView>,
    pub(crate) waiting: Costly<WaitingGroups>,
    pub(crate) dead: Costly<FaultGroups>,
    pub(crate) on_disk: Costly<HashMap<ProviderId, u64>>,
}

/// Answers by what was asked.
pub(crate) struct Costly<V>(Short<VecDeque<(String, Slot<V>)>>);

/// An answer, with the end of its time by the clock that nobody sets.
type Slot<V> = Arc<Mutex<Option<(Duration, V)>>>;

impl<V> Default for Costly<V> {
    fn default() -> Self {
        Self(Short::default())
    }
}

impl<V: Clone> Costly<V> {
    /// The answer to this question: that of a moment ago, or a new one.
    pub(crate) async fn get(
        &self,
        clock: &dyn Clock,
        asked: &impl Serialize,
        find: impl Future<Output = Reply<V>>,
    ) -> Reply<V> {
        let slot = self.slot(serde_json::to_string(asked).unwrap_or_default());
        // Whoever asks the same meanwhile waits for the same answer.
        let mut kept = slot.lock().await;
        let began = clock.steady();
        if let Some((_, answer)) = kept.as_ref().filter(|(end, _)| began < *end) {
            return Ok(answer.clone());
        }
        *kept = None;
        let answer = find.await?;
        let now = clock.steady();
        let took = now.saturating_sub(began);
        if took >= WORTH {
            *kept = Some((now + took.saturating_mul(TIMES).min(LONGEST), answer.clone()));
        }
        Ok(answer)
    }

    fn slot(&self, asked: String) -> Slot<V> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = all.iter().position(|(it, _)| *it == asked);
        let (asked, slot) = at.and_then(|at| all.remove(at)).unwrap_or((asked, Slot::default()));
        if all.len() == MAX_KEPT {
            all.pop_front();
        }
        all.push_back((asked, Arc::clone(&slot)));
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refuse;
    use notify_proto::Timestamp;

    /// Goes on by hand.
    #[derive(Default)]
    struct Hands(Short<Duration>);

    impl Hands {
        fn turn(&self, ms: u64) {
            *self.0.lock().unwrap() += Duration::from_millis(ms);
        }
    }

    impl Clock for Hands {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        fn steady(&self) -> Duration {
            *self.0.lock().unwrap()
        }
    }

    /// The answer, when finding it takes so long.
    async fn ask(costly: &Costly<u32>, clock: &Hands, asked: &str, found: u32, takes: u64) -> u32 {
        let find = async {
            clock.turn(takes);
            Ok(found)
        };
        costly.get(clock, &asked, find).await.unwrap()
    }

    #[tokio::test]
    async fn what_took_long_is_told_again_for_ten_times_as_long() {
        let (costly, clock) = (Costly::default(), Hands::default());
        assert_eq!(ask(&costly, &clock, "a", 1, 100).await, 1);
        clock.turn(999);
        assert_eq!(ask(&costly, &clock, "a", 2, 100).await, 1);
        assert_eq!(ask(&costly, &clock, "b", 3, 0).await, 3, "another question");
        clock.turn(1);
        assert_eq!(ask(&costly, &clock, "a", 4, 60_000).await, 4);
        clock.turn(9_999);
        assert_eq!(ask(&costly, &clock, "a", 5, 0).await, 4);
        clock.turn(1);
        assert_eq!(ask(&costly, &clock, "a", 6, 19).await, 6, "and no longer than ten seconds");
        assert_eq!(ask(&costly, &clock, "a", 7, 19).await, 7, "what is found at once is found each time");
    }

    #[tokio::test]
    async fn what_went_wrong_is_asked_again_and_memory_has_a_bound() {
        let (costly, clock) = (Costly::default(), Hands::default());
        let wrong = async {
            clock.turn(500);
            Err(refuse::invalid("no"))
        };
        assert!(costly.get(&clock, &"a", wrong).await.is_err());
        assert_eq!(ask(&costly, &clock, "a", 1, 500).await, 1);
        for n in 0..100 {
            assert_eq!(ask(&costly, &clock, &n.to_string(), n, 500).await, n);
        }
        assert_eq!(costly.0.lock().unwrap().len(), MAX_KEPT);
        assert_eq!(ask(&costly, &clock, "a", 2, 500).await, 2, "it had to make room");
    }

    #[tokio::test]
    async fn those_who_ask_at_once_hear_the_same() {
        let (costly, clock) = (Costly::default(), Hands::default());
        let (go, wait) = tokio::sync::oneshot::channel();
        let slow = async {
            wait.await.unwrap();
            clock.turn(100);
            Ok(1)
        };
        let first = costly.get(&clock, &"a", slow);
        let second = async {
            tokio::task::yield_now().await;
            go.send(()).unwrap();
            ask(&costly, &clock, "a", 2, 100).await
        };
        assert_eq!(tokio::join!(first, second), (Ok(1), 1));
    }
}
