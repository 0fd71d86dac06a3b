use super::*;
use notify_proto::Timestamp;
use std::collections::BTreeMap;

const NOW: i64 = 1_800_000_000_000;

/// One notification, as far as it is counted.
struct Made {
    seq: i64,
    status: &'static str,
    lane: &'static str,
    service: i64,
    created_at: i64,
    /// When it came to the queue from where it waited; or is due.
    due: Option<i64>,
}

fn open() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    for step in [
        include_str!("../migrations/0001_log.sql"),
        include_str!("../migrations/0002_marks.sql"),
        include_str!("../migrations/0003_providers.sql"),
        include_str!("../migrations/0004_holds.sql"),
        include_str!("../migrations/0005_operations.sql"),
        include_str!("../migrations/0006_switches.sql"),
    ] {
        connection.execute_batch(step).unwrap();
    }
    connection
}

/// A log of many, as its dice fall.
fn log(connection: &Connection) -> Vec<Made> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut roll = |sides: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        i64::try_from(state % sides).unwrap()
    };
    let mut all = Vec::new();
    for seq in 1..=600 {
        let status =
            ["queued", "queued", "retrying", "pending", "delivered"][usize::try_from(roll(5)).unwrap()];
        let waits = status == "retrying" || status == "pending";
        let made = Made {
            seq,
            status,
            lane: ["sms", "email", "sms@1"][usize::try_from(roll(3)).unwrap()],
            service: roll(3),
            // Several in one moment, and the oldest two hours ago.
            created_at: NOW - (600 - seq) / 3 * 36_000,
            due: match status {
                // What an operator has to look at waits for no time.
                "pending" if roll(10) == 0 => None,
                _ if waits => Some(NOW + (roll(200) - 20) * 36_000),
                "queued" if roll(3) == 0 => Some(NOW - roll(100) * 60_000),
                _ => None,
            },
        };
        let fence = if status == "queued" && made.due.is_some() { 3 } else { 1 };
        connection
            .execute(
                "INSERT INTO notifications (seq, id, service, status, priority, channel, lane, retried, created_at, due_at,
                     fence, max_retries) VALUES (?1, randomblob(16), ?2, ?3, ?4, 'sms', ?5, ?6, ?7, ?8, ?9, 3)",
                (
                    seq,
                    made.service,
                    made.status,
                    roll(4),
                    made.lane,
                    roll(2),
                    made.created_at,
                    made.due.filter(|_| waits),
                    fence,
                ),
            )
            .unwrap();
        let told = |n: i64, at: i64, was: Option<&str>, became: &str| {
            connection
                .execute(
                    "INSERT INTO events VALUES (?1, ?2, ?3, 'x', ?4, ?5, NULL, NULL)",
                    (seq, n, at, was, became),
                )
                .unwrap();
        };
        told(1, made.created_at, None, "queued");
        if fence == 3 {
            told(2, made.due.unwrap(), Some("retrying"), "queued");
            // Held meanwhile: it waits as long as it did.
            told(3, NOW, Some("queued"), "queued");
        }
        all.push(made);
    }
    all
}

fn look(what: Waits, edges: &[i64], apart: &[i64]) -> Look {
    let edges = edges.iter().map(|ms| Timestamp::from_timestamp_millis(*ms).unwrap()).collect();
    Look { what, edges, apart: apart.iter().copied().collect() }
}

type Counts = BTreeMap<(String, i64), Vec<u64>>;

fn found(waiting: &Waiting) -> Counts {
    waiting.places.iter().map(|it| ((it.lane.to_string(), it.service), it.counts.clone())).collect()
}

/// The same, counted one by one.
fn counted(all: &[Made], status: &str, edges: &[i64], passed: impl Fn(&Made, i64) -> Option<bool>) -> Counts {
    let mut counts = Counts::new();
    for it in all.iter().filter(|it| it.status == status) {
        let Some(place) = edges.iter().map(|edge| passed(it, *edge).map(usize::from)).sum::<Option<usize>>()
        else {
            continue;
        };
        let row = counts.entry((it.lane.into(), it.service)).or_insert_with(|| vec![0; edges.len() + 1]);
        row[place] += 1;
    }
    counts
}

const BACK: [i64; 4] = [NOW - 60_000, NOW - 600_000, NOW - 3_600_000, NOW - 7_000_000];
const AHEAD: [i64; 4] = [NOW, NOW + 60_000, NOW + 3_600_000, NOW + 7_000_000];

#[test]
fn what_is_queued_is_counted_by_since_when_it_is_due() {
    let connection = open();
    let all = log(&connection);
    let found_now = waiting(&connection, &look(Waits::Queued, &BACK, &[]), Bounds::usual(1)).unwrap();
    let since = |it: &Made| it.due.unwrap_or(it.created_at);
    assert_eq!(found(&found_now), counted(&all, "queued", &BACK, |it, edge| Some(since(it) <= edge)));
    assert!(found_now.whole && !found_now.by_acceptance);
    // One by one they stand where they are counted; who is not queued is not told of.
    let numbers: Vec<_> = all.iter().map(|it| it.seq).collect();
    let apart = waiting(&connection, &look(Waits::Queued, &BACK, &numbers), Bounds::usual(1)).unwrap().apart;
    let mut sum = Counts::new();
    for (seq, place) in &apart {
        let made = &all[usize::try_from(*seq).unwrap() - 1];
        assert_eq!((made.status, made.lane, made.service), ("queued", &*place.lane, place.service));
        let row = sum.entry((place.lane.to_string(), place.service)).or_insert_with(|| vec![0; 5]);
        row.iter_mut().zip(&place.counts).for_each(|(sum, one)| *sum += one);
    }
    assert_eq!(sum, found(&found_now));
}

#[test]
fn too_many_are_counted_by_when_they_were_accepted() {
    let connection = open();
    let all = log(&connection);
    let many = Bounds::usual(MAX_ROWS + 1);
    for edges in [&BACK[..], &[NOW + 1, NOW, NOW - 36_000, NOW - 36_001], &[0], &[NOW * 2]] {
        let found_now = waiting(&connection, &look(Waits::Queued, edges, &[]), many).unwrap();
        assert_eq!(found(&found_now), counted(&all, "queued", edges, |it, edge| Some(it.created_at <= edge)));
        assert!(found_now.whole && found_now.by_acceptance);
    }
    let all_in_one = waiting(&connection, &look(Waits::Queued, &[], &[]), many).unwrap();
    assert_eq!(found(&all_in_one), counted(&all, "queued", &[], |_, _| None));
    let few =
        waiting(&connection, &look(Waits::Queued, &BACK, &[]), Bounds { rows: false, most: 10 }).unwrap();
    assert!(!few.whole && few.places.iter().flat_map(|it| &it.counts).sum::<u64>() == 10, "{few:?}");
    let empty = open();
    assert_eq!(found(&waiting(&empty, &look(Waits::Queued, &BACK, &[1]), many).unwrap()), Counts::new());
}

#[test]
fn what_waits_for_a_time_is_counted_by_it_and_the_soonest_first() {
    let connection = open();
    let all = log(&connection);
    for (what, status) in [(Waits::Retrying, "retrying"), (Waits::Scheduled, "pending")] {
        let found_now = waiting(&connection, &look(what, &AHEAD, &[]), Bounds::usual(u64::MAX)).unwrap();
        assert_eq!(
            found(&found_now),
            counted(&all, status, &AHEAD, |it, edge| it.due.map(|due| due >= edge))
        );
        assert!(found_now.whole);
        let few = waiting(&connection, &look(what, &AHEAD, &[]), Bounds { rows: false, most: 10 }).unwrap();
        let sum = |place: usize| few.places.iter().map(|it| it.counts[place]).sum::<u64>();
        let late = u64::try_from(
            all.iter().filter(|it| it.status == status && it.due.is_some_and(|due| due < NOW)).count(),
        );
        assert_eq!((few.whole, sum(0)), (false, late.unwrap().min(10)), "what is late comes first");
        assert_eq!((0..5).map(sum).sum::<u64>(), 10);
    }
}

#[test]
fn holds_keep_their_numbers_when_there_are_more_kinds() {
    let connection = Connection::open_in_memory().unwrap();
    for step in [
        include_str!("../migrations/0001_log.sql"),
        include_str!("../migrations/0002_marks.sql"),
        include_str!("../migrations/0003_providers.sql"),
        include_str!("../migrations/0004_holds.sql"),
        "PRAGMA foreign_keys = ON;
         INSERT INTO providers (no, id, name, kind, channels, priority, simulated, max_in_flight, config, created_at)
             VALUES (1, randomblob(16), 'p', 'mock', 'sms', 1, 1, 1, '{}', 1);
         INSERT INTO holds (provider, kind, actor, made_at, until) VALUES (1, 'pause', 'ada', 1, 2), (1, 'drain', 'ada', 1, 2);
         DELETE FROM holds WHERE kind = 'drain';",
        include_str!("../migrations/0005_operations.sql"),
        include_str!("../migrations/0006_switches.sql"),
        "INSERT INTO holds (provider, kind, actor, made_at, until) VALUES (1, 'disabled', 'ada', 1, 2);",
    ] {
        connection.execute_batch(step).unwrap();
    }
    let mut query = connection.prepare("SELECT no, kind FROM holds ORDER BY no").unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let rows: Vec<(i64, String)> = rows.map(|row| row.unwrap()).collect();
    assert_eq!(rows, [(1, "pause".into()), (3, "disabled".into())], "2 was given before");
    let endless = "INSERT INTO holds (provider, kind, actor, made_at) VALUES (1, 'enabled', 'ada', 1)";
    assert!(connection.execute(endless, []).is_err(), "what is switched for a time switches back");
    connection.execute("DELETE FROM providers", []).unwrap();
    assert_eq!(connection.query_row("SELECT count(*) FROM holds", [], |row| row.get(0)), Ok(0));
}
