use super::delivering::record;
use super::fixture::{Opened, draft, who};
use super::steering::tried;
use notify_proto::audit::AuditRequest;
use notify_proto::filter::Filter;
use notify_proto::view::NotificationPage;
use notify_proto::{FailureReason, Priority, SkipReason, Status};
use notifyd_lifecycle::Transition;
use notifyd_lifecycle::steer::Wish;
use notifyd_store::Scope;
use notifyd_store::api::{Audit, ChangeKey, Changed, Edit, Page, Total};
use notifyd_store::feed::Item;
use std::collections::BTreeMap;
use std::time::Duration;

fn page(filter: Filter, limit: u32, cursor: Option<String>) -> Page {
    Page { filter, limit, cursor, skip: 0, total: Total::Whole, most_tried: false }
}

pub async fn pages_go_on_where_they_ended(it: Opened) {
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(it.accept(draft(&n.to_string())).await);
    }
    let first = it.store.list(Scope::All, page(Filter::default(), 2, None)).await.unwrap();
    assert_eq!(first.total, Some(5));
    let shown: Vec<_> = first.items.iter().map(|view| view.id).collect();
    assert_eq!(shown, [ids[4], ids[3]]);
    it.accept(draft("arrives meanwhile")).await;
    let second = it.store.list(Scope::All, page(Filter::default(), 2, first.next_cursor)).await.unwrap();
    let shown: Vec<_> = second.items.iter().map(|view| view.id).collect();
    assert_eq!(shown, [ids[2], ids[1]]);
    let last = it.store.list(Scope::All, page(Filter::default(), 2, second.next_cursor)).await.unwrap();
    assert_eq!((last.items.len(), last.next_cursor), (1, None));
    let skipped = Page { skip: 4, limit: 10, ..Page::default() };
    assert_eq!(it.store.list(Scope::All, skipped).await.unwrap().items.len(), 2);
}

pub async fn filters_find_what_they_say(it: Opened) {
    let mut urgent = draft("urgent");
    urgent.priority = Priority::Instant;
    urgent.message.tenant_id = Some("t1".into());
    urgent.message.meta_data = serde_json::json!({"campaign": "otp"}).as_object().cloned();
    let urgent = it.accept(urgent).await;
    let plain = it.accept_of("other", draft("plain")).await;
    let mut later = draft("later");
    later.scheduled_at = Some(it.now() + Duration::from_secs(60));
    let later = it.accept(later).await;
    let end_of_one = format!("id:*{}", &urgent.to_string()[31..]);
    let cases = [
        ("", vec![later, plain, urgent]),
        ("status:queued", vec![plain, urgent]),
        ("status:scheduled", vec![later]),
        ("-status:queued", vec![later]),
        ("priority:instant", vec![urgent]),
        ("service:other", vec![plain]),
        ("service:oth*", vec![plain]),
        ("service:nobody", vec![]),
        ("channel:sms tenant:t1", vec![urgent]),
        ("-tenant:t1", vec![later, plain]),
        ("meta.campaign:otp", vec![urgent]),
        ("to:+1500555*", vec![later, plain, urgent]),
        ("to:+1999*", vec![]),
        ("to:*0006", vec![later, plain, urgent]),
        ("to:*0007", vec![]),
        ("meta.campaign:*tp", vec![urgent]),
        ("meta.campaign:*to", vec![]),
        (end_of_one.as_str(), vec![urgent]),
        ("+1500555", vec![later, plain, urgent]),
        ("queue:scheduled", vec![later]),
        ("queue:retries", vec![]),
        ("queue:nobody", vec![]),
        ("until:1h", vec![]),
        ("since:1h", vec![later, plain, urgent]),
        ("due:<2m", vec![later]),
        ("attempts:>=1", vec![]),
        ("error:\"100%\"", vec![]),
        ("content:URGE", vec![urgent]),
        ("-content:lain,ater", vec![urgent]),
        ("content:%", vec![]),
    ];
    for (text, expected) in cases {
        let filter = Filter::parse(text, it.now()).unwrap();
        let found = it.store.list(Scope::All, page(filter.clone(), 10, None)).await.unwrap();
        let ids: Vec<_> = found.items.iter().map(|view| view.id).collect();
        assert_eq!(ids, expected, "{text}");
        let soon = Page { total: Total::Soon, ..page(filter.clone(), 1, None) };
        let soon = it.store.list(Scope::All, soon).await.unwrap();
        let count: u64 = it.store.count(Scope::All, filter).await.unwrap().values().sum();
        let expected = expected.len() as u64;
        assert_eq!((count, found.total, soon.total), (expected, Some(expected), Some(expected)), "{text}");
    }
    let end = urgent.to_string()[24..].to_owned();
    for text in [
        format!("id:{urgent}"),
        format!("id:{}*", &urgent.to_string()[..34]),
        urgent.to_string(),
        format!("id:{end}"),
        end,
    ] {
        let filter = Filter::parse(&text, it.now()).unwrap();
        let found = it.store.list(Scope::All, page(filter, 10, None)).await.unwrap();
        assert!(found.items.iter().any(|view| view.id == urgent), "{text}");
    }
}

pub async fn held_is_what_waits_for_an_opening_or_an_operator(it: Opened) {
    let held = Filter::parse("status:held", it.now()).unwrap();
    let found = async |it: &Opened| {
        let page = it.store.list(Scope::All, page(held.clone(), 10, None)).await.unwrap();
        page.items.into_iter().map(|view| view.id).collect::<Vec<_>>()
    };
    it.accept(draft("waits for its turn")).await;
    let turn = it.only_job().await;
    assert!(found(&it).await.is_empty(), "nobody held it");
    for (transition, stays) in [
        (Transition::hold(SkipReason::Paused), true),
        (Transition::hold_in_doubt(), true),
        (Transition::deliver(), false),
    ] {
        let id = it.accept(draft(&format!("{transition:?}"))).await;
        let job = it.queued().await.into_iter().map(|(_, job)| job).find(|job| job.id == id).unwrap();
        let claim = it.claim(&job).await;
        it.store.claim(vec![claim]).await.unwrap();
        it.store.record(vec![record(&it, &job, transition)]).await.unwrap();
        assert_eq!(found(&it).await.contains(&id), stays);
    }
    assert!(!found(&it).await.contains(&turn.id));
}

pub async fn those_tried_most_often_come_first(it: Opened) {
    let mut ids = Vec::new();
    for (text, tries) in [("once", 1), ("never", 0), ("twice", 2), ("twice again", 2)] {
        ids.push(it.accept(draft(text)).await);
        for _ in 0..tries {
            tried(&it, |end| end, Transition::hold(SkipReason::Paused)).await;
        }
        let stopped = Wish::Bury { notify: false };
        it.store.steer(Scope::All, *ids.last().unwrap(), stopped, "a.verb", who()).await.unwrap();
    }
    let asked = |limit| Page { most_tried: true, limit, ..Page::default() };
    let listed = |page: NotificationPage| page.items.into_iter().map(|it| it.id).collect::<Vec<_>>();
    let all = it.store.list(Scope::All, asked(10)).await.unwrap();
    assert_eq!((all.partial, &all.next_cursor), (false, &None));
    assert_eq!(listed(all), [ids[3], ids[2], ids[0], ids[1]]);
    let most = it.store.list(Scope::All, asked(2)).await.unwrap();
    assert_eq!(listed(most), [ids[3], ids[2]]);
    let filter = Filter::parse("attempts:>=1", it.now()).unwrap();
    let some = it.store.list(Scope::All, Page { filter, ..asked(10) }).await.unwrap();
    assert_eq!(listed(some), [ids[3], ids[2], ids[0]]);
}

pub async fn services_see_only_their_own(it: Opened) {
    let mine = it.accept(draft("mine")).await;
    let other = it.service("other").await;
    let scope = Scope::Service(other);
    assert!(it.store.notification(scope, mine).await.unwrap().is_none());
    assert!(it.store.list(scope, page(Filter::default(), 10, None)).await.unwrap().items.is_empty());
    assert_eq!(it.store.revoke(scope, mine, who()).await.unwrap(), Changed::NotFound);
    assert_eq!(it.store.retry(scope, mine, who()).await.unwrap(), Changed::NotFound);
    assert_eq!(it.store.edit(scope, mine, Edit::default()).await.unwrap(), Changed::NotFound);
    assert_eq!(it.store.stats(scope, None, it.now()).await.unwrap().total, 0);
    assert!(it.store.notification(Scope::Service(it.service("acme").await), mine).await.unwrap().is_some());
}

pub async fn statistics_add_up(it: Opened) {
    let start = it.now();
    it.accept(draft("a")).await;
    let job = it.only_job().await;
    let claim = it.claim(&job).await;
    it.store.claim(vec![claim]).await.unwrap();
    it.turn(Duration::from_millis(250));
    it.store.record(vec![record(&it, &job, Transition::deliver())]).await.unwrap();
    let mut tenants = draft("b");
    tenants.message.tenant_id = Some("t".into());
    it.accept(tenants).await;
    let scope = Scope::Service(it.service("acme").await);
    let stats = it.store.stats(scope, None, start).await.unwrap();
    assert_eq!((stats.total, stats.queue_depth, stats.partial), (2, 1, false));
    assert_eq!(stats.by_status["delivered"], 1);
    assert_eq!(stats.by_channel["sms"], 2);
    assert_eq!(stats.by_provider["p"], 1);
    assert_eq!(stats.by_priority["normal"], 2);
    let counts = |of: &BTreeMap<String, u64>| of.clone().into_iter().collect::<Vec<_>>();
    assert_eq!(counts(&stats.by_service), [("acme".to_owned(), 2)], "a service hears of itself alone");
    assert_eq!(counts(&stats.by_queue), [("sms".to_owned(), 1)], "what was not tried waits for its channel");
    tried(&it, |end| end, Transition::retry_at(it.now() + Duration::from_secs(60), "transient")).await;
    it.accept(draft("c")).await;
    tried(&it, |end| end, Transition::fail(FailureReason::Exhausted)).await;
    it.accept(draft("d")).await;
    let all = it.store.stats(Scope::All, None, start).await.unwrap();
    assert_eq!(counts(&all.by_service), [("acme".to_owned(), 4)]);
    assert_eq!(counts(&all.by_queue), [("retries".to_owned(), 1), ("sms".to_owned(), 1)]);
    assert_eq!(counts(&all.by_error), [("exhausted".to_owned(), 1)]);
    assert_eq!(stats.success_rate, Some(1.0));
    assert!((248..=252).contains(&stats.latency_ms.p50.unwrap()));
    assert_eq!(it.store.stats(scope, Some("t".into()), start).await.unwrap().total, 1);
    assert_eq!(it.store.stats(Scope::All, None, it.now()).await.unwrap().total, 3);
}

pub async fn the_feed_tells_every_step(it: Opened) {
    let start = it.store.feed().end();
    let id = it.accept(draft("a")).await;
    let job = it.only_job().await;
    let claim = it.claim(&job).await;
    it.store.claim(vec![claim]).await.unwrap();
    it.store.record(vec![record(&it, &job, Transition::deliver())]).await.unwrap();
    let told = it.store.feed().read(start, 10);
    let story: Vec<_> = told.events.iter().map(|event| (event.id, event.event, event.to)).collect();
    assert_eq!(story, [(id, "created", Status::Queued), (id, "delivered", Status::Delivered)]);
    assert_eq!((told.next, told.dropped), (it.store.feed().end(), 0));
}

pub async fn a_change_is_known_by_its_key_for_a_day_also_after_a_restart(it: Opened) {
    let key = |who, key: &str| ChangeKey { who, key: key.into() };
    let by = |key| Audit { actor: "ada".into(), reason: None, key: Some(key) };
    let change =
        async |it: &Opened, verb, of: &str, key| it.store.audit(verb, of.into(), by(key)).await.unwrap();
    change(&it, "service.unlock", "acme", key(1, "k")).await;
    let at = it.now();
    // What follows of the same change does not take its place.
    change(&it, "webhook.create", "wh", key(1, "k")).await;
    it.turn(Duration::from_secs(3_600));
    change(&it, "queue.pause", "relay", key(2, "k")).await;
    let it = it.restart().await;
    let known = async |it: &Opened, who, of: &str| {
        let made = it.store.made_for(key(who, of)).await.unwrap();
        made.map(|made| (made.at, format!("{} {}", made.verb, made.target)))
    };
    assert_eq!(known(&it, 1, "k").await, Some((at, "service.unlock acme".into())));
    assert_eq!(known(&it, 2, "k").await.unwrap().1, "queue.pause relay", "another user's key is another one");
    assert_eq!((known(&it, 3, "k").await, known(&it, 1, "K").await), (None, None));
    it.turn(Duration::from_secs(23 * 3_600));
    it.store.sweep(it.now()).await.unwrap();
    assert!(known(&it, 1, "k").await.is_some());
    it.turn(Duration::from_millis(1));
    assert_eq!(known(&it, 1, "k").await, None);
    change(&it, "queue.resume", "relay", key(1, "k")).await;
    it.store.sweep(it.now()).await.unwrap();
    assert_eq!(known(&it, 1, "k").await.unwrap().1, "queue.resume relay", "it was free again");
    it.turn(Duration::from_secs(7_200));
    it.store.sweep(it.now()).await.unwrap();
    assert!(known(&it, 1, "k").await.is_some() && known(&it, 2, "k").await.is_none());
}

pub async fn the_audit_log_is_told_and_read_in_pages(it: Opened) {
    let start = it.store.feed().end();
    let by = |actor: &str| Audit { actor: actor.into(), reason: Some("because".into()), key: None };
    for (verb, actor) in
        [("queue.pause", "ada(uid 1)"), ("queue.resume", "ada(uid 1)"), ("daemon.reload", "bob(uid 2)")]
    {
        it.store.audit(verb, "it".into(), by(actor)).await.unwrap();
        it.turn(Duration::from_secs(10));
    }
    let told = it.store.feed().read_all(start, 10).events;
    let words: Vec<_> = told
        .iter()
        .filter_map(|item| match item {
            Item::Remark(remark) => Some((remark.event, remark.actor.as_deref(), remark.detail.as_deref())),
            Item::Step(_) => None,
        })
        .collect();
    let because = Some("because");
    let (ada, bob) = (Some("ada(uid 1)"), Some("bob(uid 2)"));
    assert_eq!(
        words,
        [("queue.pause", ada, because), ("queue.resume", ada, because), ("daemon.reload", bob, because)]
    );
    let verbs = async |request: AuditRequest| {
        let page = it.store.audits(AuditRequest { limit: 50, ..request }).await.unwrap();
        page.items.into_iter().map(|row| row.verb).collect::<Vec<_>>()
    };
    let some = |text: &str| Some(text.to_owned());
    let all = AuditRequest::default;
    assert_eq!(verbs(all()).await[..3], ["daemon.reload", "queue.resume", "queue.pause"]);
    assert_eq!(verbs(AuditRequest { verb: some("queue.*"), ..all() }).await, ["queue.resume", "queue.pause"]);
    assert_eq!(verbs(AuditRequest { verb: some("queue"), ..all() }).await, [""; 0]);
    assert_eq!(verbs(AuditRequest { actor: some("bob"), ..all() }).await, ["daemon.reload"]);
    let lately = Some(it.now() - Duration::from_secs(11));
    assert_eq!(verbs(AuditRequest { since: lately, ..all() }).await, ["daemon.reload"]);
    let first = it.store.audits(AuditRequest { limit: 1, ..all() }).await.unwrap();
    assert_eq!((first.items[0].verb.as_str(), first.partial), ("daemon.reload", false));
    let second = it.store.audits(AuditRequest { limit: 1, after: first.next, ..all() }).await.unwrap();
    assert_eq!((second.items[0].verb.as_str(), second.items[0].reason.as_deref()), ("queue.resume", because));
    assert!(it.store.audits(AuditRequest { after: some("x"), ..all() }).await.is_err());
}
