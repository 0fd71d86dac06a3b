//! Where the daemon may call to. What is called is named by others: by operators in a provider's settings, by services
//! and recipients in an address. So that none of them reaches into the house, what is not an address of the public
//! internet is refused, unless the configuration allows it: when a URL is given, as far as it names an address
//! ([`Policy::check_url`]), and when it is connected to, for each address its name stands for ([`Policy::check`]).
//!
//! [`range`] knows what is not public, [`exception`] how an exception is written.

mod exception;
mod range;

use exception::Exception;
use std::fmt;
use std::net::IpAddr;
use url::{Host as Parsed, Url};

pub use range::forbidden;

/// Longest URL, bytes.
pub const MAX_URL: usize = 2_048;

/// What the names and addresses of a URL stand for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A name, to be looked up.
    Name(String),
    /// An address, however it was spelled.
    Address(IpAddr),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// A URL, taken apart once. It shows itself without path and query: they may be what only the receiver shall know.
#[derive(Clone, PartialEq, Eq)]
pub struct Destination {
    /// Whether it is encrypted.
    pub https: bool,
    /// Whom to connect to.
    pub host: Host,
    /// Where.
    pub port: u16,
    /// Path and query, as they stand in a request.
    pub path: String,
}

impl Destination {
    /// Takes a URL apart; what it names is not looked at.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        // The parser drops tabs and line ends where they stand.
        if text.len() > MAX_URL || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(Refusal::NoUrl);
        }
        let url = Url::parse(text).map_err(|_| Refusal::NoUrl)?;
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(Refusal::Scheme),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::Userinfo);
        }
        let host = match url.host() {
            Some(Parsed::Domain(name)) => Host::Name(name.trim_end_matches('.').to_owned()),
            Some(Parsed::Ipv4(address)) => Host::Address(address.into()),
            Some(Parsed::Ipv6(address)) => Host::Address(address.into()),
            None => return Err(Refusal::NoUrl),
        };
        if matches!(&host, Host::Name(name) if name.is_empty() || name.len() > 253) {
            return Err(Refusal::NoUrl);
        }
        let port = url.port_or_known_default().filter(|port| *port != 0).ok_or(Refusal::Port)?;
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        Ok(Self { https, host, port, path })
    }

    /// Host and port as the `Host` header names them.
    pub fn authority(&self) -> String {
        if self.port == if self.https { 443 } else { 80 } {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a URL may not be called. It says neither path nor query, and of what a name stands for only the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a URL that can be called.
    #[error("is no URL of at most {MAX_URL} bytes without blanks, such as https://hooks.example.org/in")]
    NoUrl,
    /// Another scheme.
    #[error("is neither http nor https; only these can be called")]
    Scheme,
    /// A name or password in it.
    #[error("has a user name or password in it; leave them out")]
    Userinfo,
    /// Port 0.
    #[error("has no port that can be called; use 1 to 65535 or leave it out")]
    Port,
    /// An address that is not public.
    #[error(
        "leads to {0}, which is not called; use a public address, or have the operator allow it in [webhooks] allow_private"
    )]
    Forbidden(&'static str),
}

/// What may be called. By default the public internet alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    allowed: Vec<Exception>,
}

impl Policy {
    /// What else may be called. The error names the entry and how it should be written.
    pub fn allowing<T: AsRef<str>>(entries: impl IntoIterator<Item = T>) -> Result<Self, String> {
        let read = |entry: T| Exception::parse(entry.as_ref());
        Ok(Self { allowed: entries.into_iter().map(read).collect::<Result<_, _>>()? })
    }

    /// Whether this address may be connected to at this port.
    pub fn check(&self, address: IpAddr, port: u16) -> Result<(), Refusal> {
        // An IPv4 address in IPv6 clothes is that IPv4 address, for the system too.
        let address = address.to_canonical();
        match forbidden(address) {
            Some(kind) if !self.allowed.iter().any(|it| it.covers(address, port)) => {
                Err(Refusal::Forbidden(kind))
            }
            _ => Ok(()),
        }
    }

    /// Takes a URL apart and checks all that can be told without a look-up.
    pub fn check_url(&self, text: &str) -> Result<Destination, Refusal> {
        let destination = Destination::parse(text)?;
        self.check_named(&destination)?;
        Ok(destination)
    }

    /// The same of one that was taken apart.
    pub fn check_named(&self, destination: &Destination) -> Result<(), Refusal> {
        match &destination.host {
            Host::Address(address) => self.check(*address, destination.port),
            // This name is the loopback wherever it is looked up (RFC 6761).
            Host::Name(name) if name == "localhost" || name.ends_with(".localhost") => {
                let v4 = self.check(IpAddr::from([127, 0, 0, 1]), destination.port);
                v4.or_else(|_| self.check(std::net::Ipv6Addr::LOCALHOST.into(), destination.port))
            }
            Host::Name(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
