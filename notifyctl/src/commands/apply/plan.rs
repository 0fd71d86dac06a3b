//! From what shall be to the steps that lead there. The daemon rehearses each step, so that what it would refuse is known
//! before the first change.

use super::file::{Provider, Service, Setup, Source, Webhook};
use crate::commands::Desk;
use crate::conn::Link;
use crate::failure::{Exit, Failure};
use crate::given;
use notify_proto::WebhookId;
use notify_proto::control::{Change, Limit, NewProvider, NewService, ProviderChange, ServiceChange};
use notify_proto::upkeep::ChangedSetting;
use notify_proto::view::{ProviderView, ServiceView};
use notify_proto::webhook::{WebhookAsk, WebhookView};
use serde_json::json;
use std::ops::Range;
use std::path::PathBuf;

/// One step.
pub(super) struct Step {
    pub(super) kind: &'static str,
    pub(super) name: String,
    /// What is different afterwards, in words.
    pub(super) what: String,
    pub(super) work: Work,
}

/// What is done.
pub(super) enum Work {
    /// Nothing: it is so already.
    Keep,
    CreateService {
        new: NewService,
        key_file: PathBuf,
    },
    UpdateService(ServiceChange),
    SwitchService(bool),
    AddProvider(Box<NewProvider>),
    UpdateProvider(Box<ProviderChange>),
    SwitchProvider(bool),
    CreateWebhook {
        service: String,
        ask: WebhookAsk,
        out: Option<PathBuf>,
        active: bool,
    },
    UpdateWebhook(WebhookId, WebhookAsk),
    SwitchWebhook(WebhookId, bool),
    RemoveProvider,
    RemoveWebhook(WebhookId),
}

impl Work {
    /// In one word.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::CreateService { .. } | Self::AddProvider(_) | Self::CreateWebhook { .. } => "create",
            Self::UpdateService(_) | Self::UpdateProvider(_) | Self::UpdateWebhook(..) => "update",
            Self::SwitchService(true) | Self::SwitchProvider(true) | Self::SwitchWebhook(_, true) => "enable",
            Self::SwitchService(false) | Self::SwitchProvider(false) | Self::SwitchWebhook(_, false) => {
                "disable"
            }
            Self::RemoveProvider | Self::RemoveWebhook(_) => "remove",
        }
    }
}

/// What there is now.
pub(super) struct Standing {
    pub(super) services: Vec<ServiceView>,
    providers: Vec<ProviderView>,
    pub(super) webhooks: Vec<WebhookView>,
}

/// What makes a plan.
pub(super) struct Planner<'a> {
    pub(super) desk: &'a Desk<'a>,
    pub(super) link: &'a Link,
    pub(super) source: &'a Source,
    pub(super) standing: Standing,
    steps: Vec<Step>,
}

impl<'a> Planner<'a> {
    /// Looks at what there is.
    pub(super) async fn new(desk: &'a Desk<'a>, link: &'a Link, source: &'a Source) -> Result<Self, Failure> {
        let standing = Standing {
            services: link.read(link.client.service_list(link.within())).await?,
            providers: link.read(link.client.provider_list(link.within())).await?,
            webhooks: link.read(link.client.webhook_list(link.within(), None)).await?,
        };
        Ok(Self { desk, link, source, standing, steps: Vec::new() })
    }

    /// The steps, in the order in which they can be done.
    pub(super) async fn plan(mut self, setup: &Setup, prune: bool) -> Result<Vec<Step>, Failure> {
        for it in &setup.services {
            self.service(it.get_ref(), it.span()).await?;
        }
        for it in &setup.providers {
            self.provider(it.get_ref(), it.span()).await?;
        }
        for it in &setup.webhooks {
            self.webhook(it.get_ref(), it.span(), setup).await?;
        }
        if prune {
            self.prune(setup);
        }
        Ok(self.steps)
    }

    pub(super) fn step(&mut self, kind: &'static str, name: &str, what: String, work: Work) {
        self.steps.push(Step { kind, name: name.to_owned(), what, work });
    }

    pub(super) fn rehearsal(&self) -> Change {
        self.desk.globals.rehearsal()
    }

    /// What the daemon would say, with the line of the file.
    pub(super) fn at(&self, span: &Range<usize>, kind: &str, name: &str, failure: &Failure) -> Failure {
        let mut wrong = self.source.wrong(span.start, format!("{kind} {name}: {}", failure.message));
        wrong.exit = if failure.exit == Exit::Refused { Exit::Config } else { failure.exit };
        wrong.code = wrong.exit.word();
        match &failure.hint {
            Some(hint) => wrong.hint(format!("{hint}; nothing was changed")),
            None => wrong,
        }
    }

    async fn service(&mut self, it: &Service, span: Range<usize>) -> Result<(), Failure> {
        let name = it.name.as_str();
        let wrong = |field: &str, problem: String| {
            self.source.wrong(span.start, format!("service {name}: {field}: {problem}"))
        };
        let rate = it.rate.as_deref().map(given::rate_or_none).transpose();
        let rate = rate.map_err(|problem| wrong("rate", problem))?.unwrap_or_default();
        let link = self.link;
        let Some(there) = self.standing.services.iter().find(|there| there.name == name).cloned() else {
            let rate = if let Limit::Set(rate) = rate { Some(rate) } else { None };
            let new = NewService {
                name: name.to_owned(),
                description: it.description.clone(),
                rate_per_second: rate,
            };
            let Some(key_file) = &it.key_file else {
                let problem = "it is new, and its first key needs a place".to_owned();
                return Err(wrong("key_file", problem));
            };
            let key_file = self.source.beside(key_file);
            self.source.is_new(span.start, &format!("service {name}"), "key_file", &key_file)?;
            let call = link.client.service_create(link.within(), new.clone(), self.rehearsal());
            link.read(call).await.map_err(|failure| self.at(&span, "service", name, &failure))?;
            let what = format!("key to {}", key_file.display());
            self.step("service", name, what, Work::CreateService { new, key_file });
            if it.active == Some(false) {
                self.step("service", name, String::new(), Work::SwitchService(false));
            }
            return Ok(());
        };
        let description = it.description.clone().map(Limit::Set).unwrap_or_default();
        let update = ServiceChange { description, rate_per_second: rate };
        let call =
            link.client.service_update(link.within(), name.to_owned(), update.clone(), self.rehearsal());
        let changed =
            same_or(link.read(call).await).map_err(|failure| self.at(&span, "service", name, &failure))?;
        let changed = changed.map(|done| done.changed);
        let switch = it.active.filter(|active| *active != there.active).map(Work::SwitchService);
        self.steps("service", name, changed, Work::UpdateService(update), switch);
        Ok(())
    }

    /// The steps of one that is there: its change, its switch, or nothing.
    pub(super) fn steps(
        &mut self,
        kind: &'static str,
        name: &str,
        changed: Option<Vec<ChangedSetting>>,
        update: Work,
        switch: Option<Work>,
    ) {
        if changed.is_none() && switch.is_none() {
            self.step(kind, name, String::new(), Work::Keep);
        }
        if let Some(changed) = changed {
            let told: Vec<_> =
                changed.iter().map(|it| format!("{} {} -> {}", it.key, it.from, it.to)).collect();
            self.step(kind, name, told.join(", "), update);
        }
        if let Some(switch) = switch {
            self.step(kind, name, String::new(), switch);
        }
    }

    async fn provider(&mut self, it: &Provider, span: Range<usize>) -> Result<(), Failure> {
        let name = it.name.as_str();
        let wrong = |field: &str, problem: String| {
            self.source.wrong(span.start, format!("provider {name}: {field}: {problem}"))
        };
        let rate = it.rate.as_deref().map(given::rate_or_none).transpose();
        let rate = rate.map_err(|problem| wrong("rate", problem))?.unwrap_or_default();
        let config = it.config.as_ref().map(serde_json::to_value).transpose();
        let config = config.map_err(|error| wrong("config", error.to_string()))?;
        let secret = it.secret_file.as_deref().map(|path| self.desk.secret(&self.source.beside(path)));
        let secret = secret.transpose().map_err(|failure| wrong("secret_file", failure.message))?;
        let link = self.link;
        let Some(there) = self.standing.providers.iter().find(|there| there.name == name).cloned() else {
            let new = NewProvider {
                name: name.to_owned(),
                kind: it.kind.clone(),
                channels: it.channels.clone().unwrap_or_default(),
                priority: it.priority,
                rate_per_second: if let Limit::Set(rate) = rate { Some(rate) } else { None },
                burst: it.burst,
                max_in_flight: it.max_in_flight,
                config: config.unwrap_or_else(|| json!({})),
                secret,
            };
            let call = link.client.provider_add(link.within(), new.clone(), self.rehearsal());
            link.read(call).await.map_err(|failure| self.at(&span, "provider", name, &failure))?;
            self.step("provider", name, format!("type {}", it.kind), Work::AddProvider(Box::new(new)));
            if it.active == Some(false) {
                self.step("provider", name, String::new(), Work::SwitchProvider(false));
            }
            return Ok(());
        };
        if there.kind != it.kind {
            let problem = format!("it is {} and cannot become {}: give it another name", there.kind, it.kind);
            return Err(wrong("type", problem));
        }
        let update = ProviderChange {
            rename: None,
            channels: it.channels.clone(),
            priority: it.priority,
            rate_per_second: rate,
            burst: it.burst.map(Limit::Set).unwrap_or_default(),
            max_in_flight: it.max_in_flight,
            config,
            secret,
        };
        let (within, boxed) = (link.within(), Box::new(update.clone()));
        let call = link.client.provider_update(within, name.to_owned(), boxed, self.rehearsal());
        let changed =
            same_or(link.read(call).await).map_err(|failure| self.at(&span, "provider", name, &failure))?;
        let changed = changed.map(|done| done.changed);
        let switch = it.active.filter(|active| *active != there.active).map(Work::SwitchProvider);
        self.steps("provider", name, changed, Work::UpdateProvider(Box::new(update)), switch);
        Ok(())
    }

    /// What is there and not declared: providers, and webhooks of the services that are declared. A service goes with its
    /// keys and its history, so none is removed here.
    fn prune(&mut self, setup: &Setup) {
        let declared = |name: &str| setup.providers.iter().any(|it| it.get_ref().name == name);
        let providers: Vec<_> =
            self.standing.providers.iter().map(|it| it.name.clone()).filter(|name| !declared(name)).collect();
        let ours = |name: &str| setup.services.iter().any(|it| it.get_ref().name == name);
        let named = |there: &WebhookView| {
            let of = |it: &Webhook| it.service == there.service_name && it.url == there.url;
            setup.webhooks.iter().any(|it| of(it.get_ref()))
        };
        let stray = |it: &&WebhookView| ours(&it.service_name) && !named(it);
        let webhooks: Vec<_> = self.standing.webhooks.iter().filter(stray).cloned().collect();
        for it in webhooks {
            let name = format!("{} of {}", it.url, it.service_name);
            self.step("webhook", &name, String::new(), Work::RemoveWebhook(it.id));
        }
        for name in providers {
            self.step("provider", &name, String::new(), Work::RemoveProvider);
        }
    }
}

/// A change that the daemon says is none is none.
pub(super) fn same_or<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(done) => Ok(Some(done)),
        Err(failure)
            if failure.exit == Exit::Conflict && failure.message.ends_with("nothing would change") =>
        {
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}
