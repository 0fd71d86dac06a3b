//! Where a request goes: a URL in the parts that a request needs, made once.

use hyper::Uri;
use hyper::header::HeaderValue;
use notifyd_lifecycle::Destination;
use notifyd_lifecycle::destination::Host;
use std::fmt;
use std::sync::Arc;
use tokio_rustls::rustls::pki_types::ServerName;

/// With whom there are connections.
#[derive(PartialEq, Eq)]
pub(super) struct Origin {
    pub https: bool,
    pub host: Host,
    pub port: u16,
}

/// A URL that can be called.
#[derive(Clone)]
pub struct Target {
    pub(super) origin: Arc<Origin>,
    /// Path and query alone, as they stand in the first line of a request.
    pub(super) uri: Uri,
    pub(super) host: HeaderValue,
    /// The name in the certificate.
    pub(super) name: ServerName<'static>,
    path: String,
}

/// A URL whose parts cannot stand in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("has characters in it that cannot be sent; escape them as %XX")]
pub struct Unsendable;

impl Target {
    /// Of a destination that was taken apart.
    pub fn new(destination: Destination) -> Result<Self, Unsendable> {
        let name = match &destination.host {
            Host::Name(name) => ServerName::try_from(name.clone()).map_err(|_| Unsendable)?,
            Host::Address(address) => ServerName::from(*address),
        };
        let authority = destination.authority();
        let Destination { https, host, port, path } = destination;
        Ok(Self {
            uri: path.parse().map_err(|_| Unsendable)?,
            host: HeaderValue::try_from(authority).map_err(|_| Unsendable)?,
            origin: Arc::new(Origin { https, host, port }),
            name,
            path,
        })
    }

    /// `text` without path and query of this URL, which a server may repeat in its answer, whole or in parts.
    pub fn redact(&self, mut text: String) -> String {
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        // A slash alone, or a letter, is in every text and tells nothing; nor does a part that may be a plain word.
        let whole = [self.path.as_str(), path, query].into_iter().filter(|it| it.len() > 2);
        let steps = path.split('/').filter(|it| it.len() >= 16);
        let values = query.split('&').filter_map(|it| it.split_once('=')).map(|(_, value)| value);
        for part in whole.chain(steps).chain(values.filter(|it| it.len() >= 8)) {
            if text.contains(part) {
                text = text.replace(part, "••••");
            }
        }
        text
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Origin { https, host, port } = &*self.origin;
        write!(f, "{}://{host}:{port}", if *https { "https" } else { "http" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_repeats_of_a_url_is_taken_out() {
        let url = "https://hooks.example.org/in/tok-0123456789abcdef?key=hunter2hunter2&n=1";
        let target = Target::new(Destination::parse(url).unwrap()).unwrap();
        for (said, kept) in [
            ("cannot POST /in/tok-0123456789abcdef?key=hunter2hunter2&n=1!", "cannot POST ••••!"),
            ("no route /in/tok-0123456789abcdef", "no route ••••"),
            ("unknown tok-0123456789abcdef in 1 place", "unknown •••• in 1 place"),
            ("bad key=hunter2hunter2&n=1", "bad ••••"),
            ("bad key: hunter2hunter2", "bad key: ••••"),
        ] {
            assert_eq!(target.redact(said.to_owned()), kept);
        }
        let plain = Target::new(Destination::parse("http://hooks.example.org").unwrap()).unwrap();
        assert_eq!(plain.redact("a/b?".to_owned()), "a/b?");
        assert_eq!(plain.to_string(), "http://hooks.example.org:80");
    }
}
