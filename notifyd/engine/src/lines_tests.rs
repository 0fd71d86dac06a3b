use super::*;
use notify_proto::{Channel, NotificationId, OnUnknown, Priority};
use notifyd_lifecycle::order::Group;
use notifyd_lifecycle::retry::RetryPolicy;
use notifyd_lifecycle::{Message, Plan};
use std::time::Duration;

const SMS: Channel = Channel::Sms;

fn provider() -> ProviderId {
    ProviderId::from_bytes([1; 16])
}

fn job(seq: i64, priority: Priority) -> Job {
    let message = Message::text(SMS, "+15005550006".into(), "hi");
    let plan = Plan {
        channels: vec![SMS],
        pinned: None,
        allow_failover: false,
        retry: RetryPolicy::Delays(vec![]),
        on_unknown: OnUnknown::Resend,
        failover_on_unknown: false,
    };
    Job {
        seq,
        id: NotificationId::from_bytes([0; 16]),
        group: Group { priority, retried: false, service: 1 },
        created_at: Timestamp::default(),
        queued_at: Timestamp::default(),
        expires_at: None,
        fence: 1,
        attempts: 0,
        retry_count: 0,
        progress: notifyd_lifecycle::decide::Progress::default(),
        plan,
        message,
        bytes: 100,
        held: false,
    }
}

fn now() -> (Timestamp, Instant) {
    (Timestamp::default(), tokio::time::Instant::now().into_std())
}

fn line(priority: Priority) -> Backlog {
    let group = Group { priority, retried: false, service: 1 };
    Backlog { lane: "sms".into(), group }
}

fn lines(loaded: usize) -> Lines {
    Lines::new(Options { loaded, ..Options::default() })
}

/// Rings, loads what is wanted of one line, and brings these jobs.
fn bring(lines: &mut Lines, line: &Backlog, jobs: Vec<Job>) {
    lines.rung(line.clone(), jobs[0].seq);
    let load = lines.wanted().into_iter().find(|load| load.line == *line).unwrap();
    lines.loaded(&load.line, load.after, jobs, false, now());
}

#[test]
fn a_ring_during_a_load_is_not_forgotten() {
    let mut lines = lines(100);
    let line = line(Priority::Normal);
    lines.rung(line.clone(), 5);
    let load = lines.wanted().pop().unwrap();
    assert!(lines.wanted().is_empty(), "one load at a time");
    // Committed after the load looked; its number is above the cursor.
    lines.rung(line.clone(), 6);
    lines.loaded(&line, load.after, vec![job(5, Priority::Normal)], false, now());
    let again = lines.wanted().pop().expect("it is looked at again");
    assert_eq!(again.after, 5);
    lines.loaded(&line, again.after, vec![job(6, Priority::Normal)], false, now());
    assert!(lines.wanted().is_empty());
    assert_eq!(lines.next_fresh().unwrap().job.seq, 5);
    assert_eq!(lines.next_fresh().unwrap().job.seq, 6);
}

#[test]
fn a_changed_job_overtakes_the_copy_in_memory() {
    let mut lines = lines(100);
    bring(&mut lines, &line(Priority::Low), vec![job(7, Priority::Low)]);
    let old = lines.next_fresh().unwrap();
    lines.queues.stand(old, vec![provider()], now().1);
    let changed = Job { fence: 2, ..job(7, Priority::Instant) };
    bring(&mut lines, &line(Priority::Instant), vec![changed]);
    let new = lines.next_fresh().unwrap();
    assert_eq!(new.job.group.priority, Priority::Instant);
    assert!(
        lines.queues.take_next_of(provider(), Priority::Low, now().1).is_none(),
        "the old copy is dropped"
    );
    lines.taken(&new);
    lines.forget(&new);
    assert!(lines.is_empty());
    assert_eq!((lines.bytes, lines.known.len()), (0, 0));
}

#[test]
fn what_was_loaded_is_not_loaded_twice() {
    let mut lines = lines(100);
    bring(&mut lines, &line(Priority::Normal), vec![job(1, Priority::Normal), job(2, Priority::Normal)]);
    bring(&mut lines, &line(Priority::Normal), vec![job(1, Priority::Normal), job(2, Priority::Normal)]);
    let seqs: Vec<i64> = std::iter::from_fn(|| lines.next_fresh()).map(|loaded| loaded.job.seq).collect();
    assert_eq!(seqs, [1, 2]);
}

#[test]
fn a_job_under_way_that_is_queued_again_is_there_once() {
    let mut lines = lines(100);
    bring(&mut lines, &line(Priority::Normal), vec![job(1, Priority::Normal)]);
    let mut loaded = lines.next_fresh().unwrap();
    lines.taken(&loaded);
    loaded.job.fence = 2;
    lines.raised(&loaded.job);
    // The record is committed and read from disk before the loop hears of it.
    bring(&mut lines, &line(Priority::Normal), vec![Job { fence: 3, ..job(1, Priority::Normal) }]);
    loaded.job.fence = 3;
    lines.requeue(loaded);
    assert!(lines.next_fresh().is_some());
    assert!(lines.next_fresh().is_none());
    assert_eq!((lines.bytes, lines.known.len()), (100, 1));
}

#[test]
fn without_room_what_is_queued_again_stays_on_disk() {
    let mut lines = lines(1);
    bring(&mut lines, &line(Priority::Normal), vec![job(1, Priority::Normal), job(2, Priority::Normal)]);
    let mut loaded = lines.next_fresh().unwrap();
    lines.taken(&loaded);
    loaded.job.fence = 3;
    lines.requeue(loaded);
    assert_eq!(lines.known.len(), 1, "only the other one is in memory");
    let other = lines.next_fresh().unwrap();
    lines.taken(&other);
    lines.forget(&other);
    let load = lines.wanted().pop().expect("it is loaded when there is room");
    assert!(load.after < 1);
}

#[test]
fn an_empty_load_is_no_reason_to_load_again() {
    let mut lines = Lines::new(Options { loaded_bytes: 100, ..Options::default() });
    bring(&mut lines, &line(Priority::Normal), vec![job(1, Priority::Normal)]);
    lines.rung(line(Priority::High), 9);
    let load = lines.wanted().pop().expect("a group without any may load something, even now");
    lines.loaded(&load.line, load.after, vec![], false, now());
    assert!(lines.wanted().is_empty());
}

#[test]
fn memory_has_an_end_even_for_groups_without_any() {
    let mut lines = lines(10);
    for service in 0..100 {
        let group = Group { service, ..line(Priority::Normal).group };
        lines.rung(Backlog { group, ..line(Priority::Normal) }, 1);
    }
    let wanted: usize = lines.wanted().iter().map(|load| load.limit).sum();
    assert!(wanted <= 20, "{wanted}");
}

#[test]
fn what_is_held_is_looked_at_again_before_what_is_new() {
    let mut lines = lines(100);
    bring(&mut lines, &line(Priority::Normal), vec![job(1, Priority::Normal)]);
    let first = lines.next_fresh().unwrap();
    lines.hold(first);
    bring(&mut lines, &line(Priority::Normal), vec![job(2, Priority::Normal)]);
    assert!(lines.has_held() && !lines.is_empty());
    lines.release_held();
    assert_eq!(lines.next_fresh().unwrap().job.seq, 1);
    assert_eq!(lines.next_fresh().unwrap().job.seq, 2);
}

fn other() -> ProviderId {
    ProviderId::from_bytes([2; 16])
}

/// Brings jobs with these numbers and lets them stand where these could take them.
fn standing(lines: &mut Lines, seqs: std::ops::Range<i64>, candidates: &[ProviderId]) {
    bring(lines, &line(Priority::Normal), seqs.map(|seq| job(seq, Priority::Normal)).collect());
    while let Some(loaded) = lines.next_fresh() {
        lines.queues.stand(loaded, candidates.to_vec(), now().1);
    }
}

fn taken(lines: &mut Lines, provider: ProviderId, at: Instant) -> Vec<i64> {
    std::iter::from_fn(|| lines.queues.take_next_of(provider, Priority::Low, at))
        .map(|it| it.job.seq)
        .collect()
}

/// What patience is to be had with a busy provider, and by whom the jobs can be taken then.
fn patient(lines: &mut Lines) -> Instant {
    lines.set_options(Options { overflow_after: Some(Duration::from_secs(60)), ..Options::default() });
    standing(lines, 1..5, &[provider(), other()]);
    lines.queues.next_restless().expect("their patience ends")
}

#[test]
fn who_is_patient_stands_in_the_first_line_and_then_in_all() {
    let mut lines = lines(100);
    let end = patient(&mut lines);
    assert!(
        lines.queues.take_next_of(other(), Priority::Low, now().1).is_none(),
        "it is not their first choice"
    );
    assert!(lines.queues.grown_restless(now().1).is_empty(), "not yet");
    let first = lines.queues.take_next_of(provider(), Priority::Low, end).unwrap();
    assert_eq!(first.job.seq, 1);
    let grown = lines.queues.grown_restless(end + Duration::from_millis(100));
    assert_eq!(grown, [2, 3, 4]);
    assert_eq!(lines.queues.next_restless(), None);
    for seq in grown {
        lines.queues.stand_anew(seq, vec![provider(), other()], end + Duration::from_millis(100));
    }
    let at = end + Duration::from_millis(100);
    assert_eq!(lines.queues.take_next_of(other(), Priority::Low, at).unwrap().job.seq, 2);
    assert_eq!(
        lines.queues.take_next_of(provider(), Priority::Low, at).unwrap().job.seq,
        3,
        "who was taken by another is gone"
    );
    assert_eq!(taken(&mut lines, other(), at), [4]);
    assert_eq!(taken(&mut lines, provider(), at), [0; 0]);
    assert!(lines.queues.waited_for(&[]).is_empty());
}

#[test]
fn who_stands_anew_keeps_its_place_and_who_comes_back_goes_by_its_age() {
    let mut lines = lines(100);
    let end = patient(&mut lines);
    lines.queues.stand_anew(1, vec![provider(), other()], end);
    assert_eq!(lines.queues.take_next_of(provider(), Priority::Low, end).unwrap().job.seq, 1);
    lines.queues.stand_anew(2, vec![other()], end);
    lines.queues.stand_anew(2, vec![provider()], end);
    assert_eq!(taken(&mut lines, provider(), end), [2, 3, 4]);
}

#[test]
fn a_closed_line_is_left_by_all_and_who_stands_in_no_other_is_looked_at_again() {
    let mut lines = lines(100);
    let end = patient(&mut lines);
    lines.queues.stand_anew(3, vec![provider(), other()], end);
    lines.scatter(provider(), end);
    let fresh: Vec<i64> = std::iter::from_fn(|| lines.next_fresh()).map(|it| it.job.seq).collect();
    assert_eq!(fresh, [1, 2, 4]);
    assert_eq!(lines.queues.waited_for(&[]), [other()]);
    assert_eq!(taken(&mut lines, other(), end), [3]);
}

#[test]
fn what_is_left_behind_in_a_line_nobody_serves_has_an_end() {
    let mut lines = lines(1_000);
    for round in 0..100 {
        let seqs = round * 100 + 1..round * 100 + 101;
        standing(&mut lines, seqs.clone(), &[provider()]);
        for seq in seqs {
            lines.queues.stand_anew(seq, vec![provider(), other()], now().1 + Duration::from_secs(60));
        }
        for loaded in std::iter::from_fn(|| lines.queues.take_next_of(other(), Priority::Low, now().1))
            .collect::<Vec<_>>()
        {
            lines.taken(&loaded);
            lines.forget(&loaded);
        }
    }
    assert!(lines.queues.litter().0 <= 200, "{:?} tickets were left behind", lines.queues.litter());
}

#[test]
fn the_patience_of_those_who_left_is_forgotten() {
    let mut lines = lines(1_000);
    lines.set_options(Options { overflow_after: Some(Duration::from_secs(3_600)), ..Options::default() });
    for round in 0..100 {
        standing(&mut lines, round * 100 + 1..round * 100 + 101, &[provider(), other()]);
        let all: Vec<_> =
            std::iter::from_fn(|| lines.queues.take_next_of(provider(), Priority::Low, now().1)).collect();
        assert_eq!(all.len(), 100);
        for loaded in all {
            lines.taken(&loaded);
            lines.forget(&loaded);
        }
    }
    assert!(lines.queues.litter().1 <= 300, "{:?} are awaited", lines.queues.litter());
}

#[test]
fn urgent_work_has_less_patience_and_a_retry_its_own() {
    let mut lines = lines(100);
    let wall = now().0 + chrono::TimeDelta::milliseconds(400);
    let at = now().1;
    let patience = |it: Job| lines.restless(&it, (wall, at)).map(|end| (end - at).as_millis());
    assert_eq!(patience(job(1, Priority::Normal)), Some(600), "it was due 400 ms ago");
    assert_eq!(patience(job(1, Priority::High)), Some(0));
    let due = Job { queued_at: wall, ..job(1, Priority::Instant) };
    assert_eq!(patience(due), Some(100));
    let group = Group { retried: true, ..line(Priority::Low).group };
    let retry = Job { group, queued_at: wall, ..job(1, Priority::Low) };
    assert_eq!(patience(retry), Some(1_000), "from when its time came");
    lines.set_options(Options { overflow_after: None, ..Options::default() });
    assert_eq!(lines.restless(&job(1, Priority::Instant), (wall, at)), None);
}
