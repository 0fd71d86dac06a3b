//! The part of the plan that is about webhooks.

use super::file::{Setup, Webhook};
use super::plan::{Planner, Work, same_or};
use crate::commands::webhook::header_lines;
use crate::failure::Failure;
use crate::given;
use notify_proto::webhook::{WebhookAsk, WebhookView};
use serde_json::{Map, Value, json};
use std::ops::Range;

impl Planner<'_> {
    /// One webhook: created, changed, switched, or left alone.
    pub(super) async fn webhook(
        &mut self,
        it: &Webhook,
        span: Range<usize>,
        setup: &Setup,
    ) -> Result<(), Failure> {
        let (service, name) = (it.service.as_str(), format!("{} of {}", it.url, it.service));
        let wrong = |field: &str, problem: String| {
            self.source.wrong(span.start, format!("webhook {name}: {field}: {problem}"))
        };
        let declared = setup.services.iter().any(|it| it.get_ref().name == service);
        let known = self.standing.services.iter().any(|it| it.name == service);
        if !declared && !known {
            return Err(wrong(
                "service",
                format!("there is no service {service}, and the file declares none"),
            ));
        }
        let mut ask = self.ask(it).map_err(|(field, problem)| wrong(field, problem))?;
        let found = |there: &&WebhookView| there.service_name == service && there.url == it.url;
        let there = self.standing.webhooks.iter().find(found).cloned();
        let link = self.link;
        let Some(there) = there else {
            let own = it.secret_file.as_deref().map(|path| self.desk.secret(&self.source.beside(path)));
            let own = own.transpose().map_err(|failure| wrong("secret_file", failure.message))?;
            let out = it.secret_out.as_deref().map(|path| self.source.beside(path));
            match (&own, &out) {
                (Some(_), Some(_)) => {
                    return Err(wrong("secret_out", "secret_file is named already: one of the two".into()));
                }
                (None, None) => {
                    let problem =
                        "it is new, and its signing secret needs a place; or name a secret_file".to_owned();
                    return Err(wrong("secret_out", problem));
                }
                (None, Some(out)) => {
                    self.source.is_new(span.start, &format!("webhook {name}"), "secret_out", out)?;
                }
                (Some(_), None) => {}
            }
            ask.insert("url".into(), json!(it.url));
            if let Some(own) = own {
                ask.insert("secret".into(), json!(own));
            }
            let ask = WebhookAsk(ask);
            // One that the file creates first is not there to be asked about: the rules are the same for all.
            let of = if known { service.to_owned() } else { String::new() };
            let call = link.client.webhook_create(link.within(), of, ask.clone(), self.rehearsal());
            link.read(call).await.map_err(|failure| self.at(&span, "webhook", &name, &failure))?;
            let what = out.as_ref().map_or_else(String::new, |out| format!("secret to {}", out.display()));
            let active = it.active != Some(false);
            let work = Work::CreateWebhook { service: service.to_owned(), ask, out, active };
            self.step("webhook", &name, what, work);
            return Ok(());
        };
        let ask = WebhookAsk(ask);
        let changed = if ask.0.is_empty() {
            None
        } else {
            let call = link.client.webhook_update(link.within(), there.id, ask.clone(), self.rehearsal());
            let changed = same_or(link.read(call).await);
            changed.map_err(|failure| self.at(&span, "webhook", &name, &failure))?.map(|done| done.changed)
        };
        let switch = it.active.filter(|active| *active != there.is_active);
        let switch = switch.map(|active| Work::SwitchWebhook(there.id, active));
        self.steps("webhook", &name, changed, Work::UpdateWebhook(there.id, ask), switch);
        Ok(())
    }

    /// What is asked of a webhook, as the service API has it.
    fn ask(&self, it: &Webhook) -> Result<Map<String, Value>, (&'static str, String)> {
        let mut ask = Map::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                ask.insert(key.to_owned(), value);
            }
        };
        put("description", it.description.as_ref().map(|text| json!(text)));
        put("events", it.events.as_ref().map(|events| json!(events)));
        put("max_retries", it.max_retries.map(|count| json!(count)));
        put("retry_profile", it.retry_profile.map(|profile| json!(profile)));
        put("redact", it.redact.map(|redact| json!(redact)));
        if let Some(text) = &it.request_timeout {
            let span = given::span(text).map_err(|problem| ("request_timeout", problem))?;
            if span.subsec_nanos() > 0 {
                return Err(("request_timeout", "write whole seconds, such as 10s".into()));
            }
            put("timeout_seconds", Some(json!(span.as_secs())));
        }
        let mut headers: Map<String, Value> =
            it.headers.iter().flatten().map(|(name, value)| (name.clone(), json!(value))).collect();
        if let Some(path) = &it.header_file {
            let path = self.source.beside(path);
            let problem = |failure: Failure| ("header_file", failure.message);
            let text = self.desk.secrets(&path).map_err(problem)?;
            for (name, value) in header_lines(&path, &text).map_err(problem)? {
                if headers.insert(name.to_owned(), json!(value)).is_some() {
                    return Err(("header_file", format!("the header {name} is given twice")));
                }
            }
        }
        if it.headers.is_some() || it.header_file.is_some() {
            put("headers", Some(Value::Object(headers)));
        }
        Ok(ask)
    }
}
