//! The file: services, providers and webhooks as they shall be. Unknown keys are errors, so that a slip of the pen is no
//! setting that is silently left out.

use crate::failure::{Exit, Failure};
use notify_proto::{Channel, RetryProfile, WebhookEvent};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// All that is declared.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Setup {
    #[serde(rename = "service")]
    pub(super) services: Vec<Spanned<Service>>,
    #[serde(rename = "provider")]
    pub(super) providers: Vec<Spanned<Provider>>,
    #[serde(rename = "webhook")]
    pub(super) webhooks: Vec<Spanned<Webhook>>,
}

/// A service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) rate: Option<String>,
    pub(super) active: Option<bool>,
    /// Where its first key goes when it is created.
    pub(super) key_file: Option<PathBuf>,
}

/// A provider.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Provider {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) channels: Option<Vec<Channel>>,
    pub(super) priority: Option<i32>,
    pub(super) rate: Option<String>,
    pub(super) burst: Option<u32>,
    pub(super) max_in_flight: Option<u32>,
    pub(super) active: Option<bool>,
    pub(super) secret_file: Option<PathBuf>,
    pub(super) config: Option<toml::Table>,
}

/// A webhook; its service and its URL say which.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Webhook {
    pub(super) service: String,
    pub(super) url: String,
    pub(super) description: Option<String>,
    pub(super) events: Option<Vec<WebhookEvent>>,
    pub(super) headers: Option<BTreeMap<String, String>>,
    pub(super) header_file: Option<PathBuf>,
    pub(super) max_retries: Option<u32>,
    pub(super) request_timeout: Option<String>,
    pub(super) retry_profile: Option<RetryProfile>,
    pub(super) redact: Option<bool>,
    pub(super) active: Option<bool>,
    /// A signing secret of the operator's own, given when it is created.
    pub(super) secret_file: Option<PathBuf>,
    /// Where a new signing secret goes when it is created.
    pub(super) secret_out: Option<PathBuf>,
}

/// A file that was read.
pub(super) struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// Reads it.
    pub(super) fn read(path: &Path) -> Result<(Self, Setup), Failure> {
        let text = if path == Path::new("-") {
            std::io::read_to_string(std::io::stdin().lock())
        } else {
            fs::read_to_string(path)
        };
        let text = text.map_err(|error| {
            Failure::new(Exit::Config, format!("{}: cannot be read: {error}", path.display()))
        })?;
        let source = Self { path: path.to_owned(), text };
        let setup: Setup = toml::from_str(&source.text).map_err(|error| {
            // The message names the field; the line itself is not repeated.
            let at = error.span().map_or(0, |span| span.start);
            source.wrong(at, error.message().trim())
        })?;
        source.check(&setup)?;
        Ok((source, setup))
    }

    /// What is wrong, with the line.
    pub(super) fn wrong(&self, at: usize, problem: impl std::fmt::Display) -> Failure {
        let before = self.text.get(..at).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let message = format!("{}: line {line}: {problem}", self.path.display());
        Failure::new(Exit::Config, message).hint("nothing was changed")
    }

    /// Refuses a file that shall be made for this field of this thing and is there.
    pub(super) fn is_new(&self, at: usize, of: &str, field: &str, path: &Path) -> Result<(), Failure> {
        if path.symlink_metadata().is_err() {
            return Ok(());
        }
        let exists = Failure::exists(field, path);
        Err(Failure { message: self.wrong(at, format!("{of}: {}", exists.message)).message, ..exists })
    }

    /// A file that is named in it: from its own directory on.
    pub(super) fn beside(&self, path: &Path) -> PathBuf {
        self.path.parent().map_or_else(|| path.to_owned(), |directory| directory.join(path))
    }

    /// Nothing twice.
    fn check(&self, setup: &Setup) -> Result<(), Failure> {
        let mut seen = BTreeSet::new();
        let services = setup.services.iter().map(|it| (it.span(), "service", it.get_ref().name.clone()));
        let providers = setup.providers.iter().map(|it| (it.span(), "provider", it.get_ref().name.clone()));
        let webhook = |it: &Webhook| format!("{} of {}", it.url, it.service);
        let webhooks = setup.webhooks.iter().map(|it| (it.span(), "webhook", webhook(it.get_ref())));
        for (span, kind, name) in services.chain(providers).chain(webhooks) {
            if !seen.insert((kind, name.clone())) {
                return Err(self.wrong(span.start, format!("{kind} {name} is declared twice")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Setup, Failure> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("setup.toml");
        fs::write(&path, text).unwrap();
        Source::read(&path).map(|(_, setup)| setup)
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, line, words) in [
            ("[[service]]\nname = \"a\"\ndescripton = \"x\"\n", 3, "descripton"),
            ("[[service]]\nname = 5\n", 2, "string"),
            ("\n[[provider]]\nname = \"a\"\n", 2, "type"),
            ("[[provider]]\nname = \"a\"\ntype = \"smtp\"\nchannels = [\"fax\"]\n", 4, "fax"),
            ("[[servce]]\n", 1, "servce"),
            ("[[service]]\nname = \"a\"\n[[service]]\nname = \"a\"\n", 3, "twice"),
            ("name = \n", 1, ""),
        ] {
            let failure = read(text).err().unwrap();
            assert!(failure.exit == Exit::Config, "{text}");
            let place = format!("line {line}: ");
            assert!(
                failure.message.contains(&place) && failure.message.contains(words),
                "{}",
                failure.message
            );
        }
    }

    #[test]
    fn all_that_may_be_declared_is_read() {
        let setup = read(include_str!("example.toml")).unwrap();
        let provider = setup.providers[0].get_ref();
        assert_eq!((setup.services.len(), provider.kind.as_str()), (1, "smtp"));
        assert!(provider.config.as_ref().unwrap().contains_key("host"));
        assert_eq!(setup.webhooks[0].get_ref().events.as_ref().unwrap().len(), 2);
    }
}
