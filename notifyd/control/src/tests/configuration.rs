//! The configuration is looked at and checked, and what is logged changes for a while.

use super::fakes::{Refused, dry, house, plain, soon};
use notify_proto::ErrorCode::Invalid;
use notify_proto::audit::AuditRequest;
use std::time::Duration;

#[tokio::test]
async fn it_is_shown_and_a_file_is_checked_without_being_used() {
    let house = house();
    let admin = house.admin().await;
    let config = admin.daemon_config(soon()).await.unwrap().unwrap();
    assert_eq!(config.settings[0].key, "delivery.workers");
    assert!(admin.daemon_config_check(soon(), String::new()).await.unwrap().unwrap().changed.is_empty());
    assert_eq!(admin.daemon_config_check(soon(), "nonsense".into()).await.code(), Invalid);
}

#[tokio::test]
async fn a_log_filter_has_an_end_and_a_row_in_the_audit_log() {
    let house = house();
    let admin = house.admin().await;
    let set = |filter: Option<&str>, for_ms: u64, change| {
        let (admin, filter) = (admin.clone(), filter.map(str::to_owned));
        async move { admin.daemon_log_filter(soon(), filter, for_ms, change).await }
    };
    for (filter, for_ms) in [("loud", 600_000), ("debug", 0), ("debug", 90_000_000)] {
        assert_eq!(set(Some(filter), for_ms, plain()).await.code(), Invalid, "{filter} {for_ms}");
    }
    let would = set(Some("debug"), 600_000, dry()).await.unwrap().unwrap();
    assert_eq!(would.until, Some(house.deps.clock.now() + chrono::TimeDelta::minutes(10)));
    assert!(house.reload.1.lock().unwrap().is_empty(), "a dry run changes nothing");
    let set_so = set(Some("debug"), 600_000, plain()).await.unwrap().unwrap();
    assert_eq!((set_so.filter.as_str(), set_so.configured.as_str()), ("debug", "info"));
    let back = set(None, 0, plain()).await.unwrap().unwrap();
    assert_eq!((back.filter.as_str(), back.until), ("info", None));
    let expected = [(Some("debug".to_owned()), Duration::from_mins(10)), (None, Duration::ZERO)];
    assert_eq!(*house.reload.1.lock().unwrap(), expected);
    let rows = admin.audit_list(soon(), AuditRequest::default()).await.unwrap().unwrap().items;
    let rows: Vec<_> = rows.iter().map(|row| (row.verb.as_str(), row.target.as_str())).collect();
    assert_eq!(rows, [("daemon.log_filter", "info"), ("daemon.log_filter", "debug")]);
}
