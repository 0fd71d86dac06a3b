use super::*;

fn load(text: &str, environment: &[(&str, &str)]) -> Result<Settings, String> {
    let dir = std::env::temp_dir().join(format!("notifyd-settings-{}", uuid::Uuid::new_v4()));
    std::fs::write(&dir, text).unwrap();
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let loaded = Settings::load(Some(&dir), environment).map_err(|error| error.to_string());
    std::fs::remove_file(dir).unwrap();
    loaded
}

#[test]
fn without_anything_the_defaults_hold() {
    assert_eq!(Settings::load(None, []).unwrap(), Settings::default());
    assert_eq!(load("", &[]).unwrap(), Settings::default());
}

#[test]
fn what_is_printed_reads_back() {
    let text = Settings::default().to_toml().unwrap();
    assert_eq!(load(&text, &[]).unwrap(), Settings::default());
}

#[test]
fn an_unknown_key_names_the_nearest() {
    let error = load("[delivery]\ndrain_timout_seconds = 5", &[]).unwrap_err();
    assert!(
        error.contains("`delivery.drain_timout_seconds`; did you mean `delivery.drain_timeout_seconds`?"),
        "{error}"
    );
    let error = load("[deliver]\n", &[]).unwrap_err();
    assert!(error.contains("did you mean `delivery`?"), "{error}");
    assert!(load("[xyz]\n", &[]).unwrap_err().ends_with("there is no setting `xyz`"));
}

#[test]
fn the_environment_goes_over_the_file() {
    let settings = load(
        "[delivery]\nloaded = 200",
        &[
            ("NOTIFYD_DELIVERY_LOADED", "300"),
            ("NOTIFYD_BREAKER_FAILURE_RATE", "0.25"),
            ("NOTIFYD_STORE_PATH", "/srv/x"),
            ("NOTIFYD_SOCKET", "/run/x.sock"),
            ("HOME", "/root"),
        ],
    )
    .unwrap();
    assert_eq!(settings.delivery.loaded, 300);
    assert!((settings.breaker.failure_rate - 0.25).abs() < f64::EPSILON);
    assert_eq!(settings.store.path.unwrap(), Path::new("/srv/x"));
    let error = load("", &[("NOTIFYD_DELIVERY_LOADE", "1")]).unwrap_err();
    assert!(error.contains("did you mean `NOTIFYD_DELIVERY_LOADED`?"), "{error}");
    let error = load("", &[("NOTIFYD_DELIVERY_LOADED", "many")]).unwrap_err();
    assert_eq!(error, "NOTIFYD_DELIVERY_LOADED: `many` is not a whole number");
}

#[test]
fn values_out_of_range_and_wrong_policies_are_refused() {
    assert!(
        load("[delivery]\nloaded = 1", &[]).unwrap_err().starts_with("delivery.loaded: 1 is not between 100")
    );
    assert!(load("[breaker]\nfailure_rate = 2.0", &[]).unwrap_err().contains("breaker.failure_rate"));
    for (key, value) in
        [("per_service", 0), ("concurrency", 101), ("connections", 7), ("disable_after_days", 366)]
    {
        let error = load(&format!("[webhooks]\n{key} = {value}"), &[]).unwrap_err();
        assert!(error.starts_with(&format!("webhooks.{key}: {value} is not between")), "{error}");
    }
    let error = load("[attention]\nack_percent = 101", &[]).unwrap_err();
    assert!(error.starts_with("attention.ack_percent: 101 is not between 0 and 100"), "{error}");
    let text = "[webhooks]\nper_service = 3\nconcurrency = 2\nconnections = 9\ndisable_after_days = 0";
    let set = load(text, &[]).unwrap();
    assert_eq!(set.admission().unwrap().webhooks_per_service, 3);
    let webhooks = set.engine().webhooks;
    assert_eq!((webhooks.concurrency, webhooks.connections, webhooks.disable_after), (2, 9, None));
    assert_eq!(Settings::default().engine().webhooks, notifyd_engine::WebhookOptions::default());
    let error = load("[delivery.policy_by_priority]\nlow = \"never\"", &[]).unwrap_err();
    assert!(
        error.contains("there is no policy never; policies are exponential, fixed, standard, urgent"),
        "{error}"
    );
    let own = "[delivery.policies.gentle]\ndelays = [5, 10]\n[delivery.policy_by_priority]\nlow = \"gentle\"";
    let rules = load(own, &[]).unwrap().admission().unwrap();
    assert_eq!(rules.policies["gentle"], RetryPolicy::Delays(vec![5, 10]));
    let error =
        load("[delivery.policies.wild]\nbase = 1\nfactor = 99.0\ncap = 5\nmax_retries = 1", &[]).unwrap_err();
    assert!(error.contains("policy wild: factor"), "{error}");
}

#[test]
fn where_webhooks_may_go_is_read_and_a_wrong_entry_is_quoted() {
    let settings = load("[webhooks]\nallow_private = [\"10.1.0.0/16\", \"[::1]/128:9000\"]", &[]).unwrap();
    let policy = settings.destinations().unwrap();
    assert!(policy.check_url("http://10.1.2.3/").is_ok() && policy.check_url("http://10.2.0.1/").is_err());
    assert_eq!(settings.admission().unwrap().destinations, policy);
    let settings = load("", &[("NOTIFYD_WEBHOOKS_ALLOW_PRIVATE", "127.0.0.1/32:8080,fd00::/8")]).unwrap();
    assert_eq!(settings.webhooks.allow_private, ["127.0.0.1/32:8080", "fd00::/8"]);
    let error = load("[webhooks]\nallow_private = [\"127.0.0.1:8080\"]", &[]).unwrap_err();
    assert_eq!(
        error,
        "webhooks.allow_private: `127.0.0.1:8080` has no prefix length; write 127.0.0.1/32:8080"
    );
}
