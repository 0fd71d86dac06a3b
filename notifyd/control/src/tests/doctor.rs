//! The doctor looks at everything, and says what to do about what is not well.

use super::fakes::{furnished, house, plain, soon};
use super::upkeep::Quick;
use super::webhooks::hook;
use notify_proto::checkup::{Check, Finding};
use notify_proto::control::{ControlClient, NewProvider, Role};
use notifyd_store::Store as _;

async fn checks(client: &ControlClient) -> Vec<Check> {
    client.doctor(soon()).await.unwrap().unwrap().checks
}

fn of<'a>(checks: &'a [Check], check: &str, name: Option<&str>) -> &'a Check {
    let found = checks
        .iter()
        .find(|it| it.check == check && name.is_none_or(|name| it.name.as_deref() == Some(name)));
    found.unwrap_or_else(|| panic!("no {check} {name:?} in {checks:?}"))
}

fn relay() -> NewProvider {
    serde_json::from_str(r#"{"name":"relay","kind":"smtp"}"#).unwrap()
}

#[tokio::test]
async fn an_empty_house_lacks_a_provider_and_all_else_is_told() {
    let house = house();
    let admin = house.admin().await;
    let checks = checks(&admin).await;
    let provider = of(&checks, "provider", None);
    assert_eq!((provider.result, provider.name.as_deref()), (Finding::Problem, None));
    assert!(provider.advice.as_ref().unwrap().contains("provider seed"));
    assert_eq!(of(&checks, "clock", None).result, Finding::Ok);
    assert!(of(&checks, "database", None).found.contains("schema "));
    assert_eq!(of(&checks, "disk", None).result, Finding::Ok);
    for skipped in ["integrity", "backup"] {
        let check = of(&checks, skipped, None);
        assert!(check.result == Finding::Skipped && check.advice.is_some(), "{check:?}");
    }
}

#[tokio::test]
async fn whoever_is_not_there_is_a_problem_and_whoever_is_held_a_warning() {
    let (house, admin) = furnished().await;
    admin.provider_add(soon(), relay(), plain()).await.unwrap().unwrap();
    let hook = hook(&admin).await.id.to_string();
    let all = checks(&admin).await;
    assert_eq!(of(&all, "provider", Some("mock")).result, Finding::Ok);
    let away = of(&all, "provider", Some("relay"));
    assert_eq!(away.result, Finding::Problem);
    assert!(
        away.found.contains("nobody answers")
            && away.advice.as_ref().unwrap().contains("provider test relay")
    );
    assert_eq!(of(&all, "webhook", Some(&hook)).result, Finding::Ok);

    *house.engine.circuit.lock().unwrap() = "open";
    let all = checks(&admin).await;
    assert_eq!(of(&all, "provider", Some("mock")).result, Finding::Warning);
    assert_eq!(of(&all, "provider", Some("relay")).result, Finding::Problem, "the worse one is told");
    *house.engine.circuit.lock().unwrap() = "closed";
    admin.provider_set_active(soon(), "relay".into(), false, None, plain()).await.unwrap().unwrap();
    let all = checks(&admin).await;
    assert_eq!(of(&all, "provider", Some("relay")).result, Finding::Warning, "nobody misses it now");
    admin.provider_set_active(soon(), "mock".into(), false, None, plain()).await.unwrap().unwrap();
    let nobody = checks(&admin).await;
    assert!(
        nobody.iter().any(|it| it.found.contains("no provider is active") && it.result == Finding::Problem)
    );
}

#[tokio::test]
async fn for_viewers_nobody_is_connected_to() {
    let (house, admin) = furnished().await;
    admin.provider_add(soon(), relay(), plain()).await.unwrap().unwrap();
    let hook = hook(&admin).await.id.to_string();
    let viewer = house.enter(Role::Viewer).await;
    let all = checks(&viewer).await;
    for (check, name) in [("provider", "relay"), ("provider", "mock"), ("webhook", hook.as_str())] {
        let check = of(&all, check, Some(name));
        assert!(check.result == Finding::Skipped && check.found.contains("admin"), "{check:?}");
    }
}

#[tokio::test]
async fn a_log_that_takes_nothing_and_a_check_that_found_something_are_problems() {
    let (house, upkeep) = super::upkeep::house();
    let admin = house.admin().await;
    for (quick, result, said) in [
        (Quick::Whole, Finding::Ok, "nothing wrong"),
        (Quick::Large, Finding::Skipped, "too large"),
        (Quick::Damaged, Finding::Problem, "page 9 is never used (2 found)"),
    ] {
        *upkeep.quick.lock().unwrap() = quick;
        let all = checks(&admin).await;
        let looked = of(&all, "quick_check", None);
        assert!(looked.result == result && looked.found.contains(said), "{looked:?}");
        assert_eq!(looked.advice.is_some(), result != Finding::Ok);
    }
    *upkeep.problems.lock().unwrap() = vec!["page 7 is damaged".into()];
    upkeep.go.add_permits(1);
    let begun = admin.store_check(soon(), plain()).await.unwrap().unwrap().unwrap();
    let ended = admin.operation_show(soon(), begun.id, 60).await.unwrap().unwrap();
    assert!(ended.error.is_some(), "{ended:?}");
    let all = checks(&admin).await;
    let damaged = of(&all, "integrity", None);
    assert!(damaged.result == Finding::Problem && damaged.found.contains("page 7"), "{damaged:?}");
    house.store.close().await;
    let closed = admin.doctor(soon()).await.unwrap();
    if let Ok(closed) = closed {
        assert_eq!(of(&closed.checks, "database", None).result, Finding::Problem);
    }
}
