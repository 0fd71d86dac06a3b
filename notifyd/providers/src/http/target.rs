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

    /// `text` without path and query of this URL, which a server may repeat in its answer.
    pub fn redact(&self, text: String) -> String {
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let mut text = text;
        for part in [self.path.as_str(), path, query] {
            // A slash alone, or a letter, is in every text and tells nothing.
            if part.len() > 2 && text.contains(part) {
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
