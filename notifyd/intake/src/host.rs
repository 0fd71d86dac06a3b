//! By which name the daemon was asked, and from whose web page. A page that makes a browser call us by a name of its
//! own (DNS rebinding), or from an origin nobody allowed, is refused.

use crate::options::Options;
use crate::problem::Problem;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version, header};
use std::net::IpAddr;

/// The names and origins that are allowed.
pub(crate) struct Hosts {
    names: Vec<String>,
    origins: Vec<HeaderValue>,
}

/// Where a connection comes from and arrives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    /// The peer's address.
    pub(crate) peer: IpAddr,
    /// Our own.
    pub(crate) local: IpAddr,
}

impl Hosts {
    pub(crate) fn new(options: &Options) -> Self {
        let origins = options.cors_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
        let names = options.allowed_hosts.iter().map(|name| bare(name).to_ascii_lowercase());
        Self { names: names.collect(), origins: origins.collect() }
    }

    /// Refuses a request for another host.
    pub(crate) fn check_host(&self, parts: &Parts, link: Link) -> Result<(), Problem> {
        let mut given = parts.headers.get_all(header::HOST).iter();
        let host = given.next();
        if given.next().is_some() || (host.is_none() && parts.version == Version::HTTP_11) {
            return Err(Problem::bad_request("A request has exactly one Host header."));
        }
        let allowed = |host: &str| self.allows(bare(host), link);
        // Without a Host there is no name that could be wrong (HTTP/1.0).
        let by_header = host.is_none_or(|host| host.to_str().is_ok_and(allowed));
        if by_header && parts.uri.host().is_none_or(allowed) {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::FORBIDDEN,
            "host-refused",
            "Host refused",
            "The daemon does not go by this name; ask for it by its address, or add the name to [intake] allowed_hosts.",
        ))
    }

    fn allows(&self, host: &str, link: Link) -> bool {
        if let Ok(address) = host.parse::<IpAddr>() {
            let address = address.to_canonical();
            return address == link.local
                || (address.is_loopback() && link.local.is_loopback())
                || self.named(host);
        }
        host.eq_ignore_ascii_case("localhost") || self.named(host)
    }

    fn named(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        self.names.iter().any(|name| name.eq_ignore_ascii_case(host))
    }

    /// The origin to admit in the answer, none for a request without one; any other is refused.
    pub(crate) fn check_origin(&self, headers: &HeaderMap) -> Result<Option<HeaderValue>, Problem> {
        let Some(origin) = headers.get(header::ORIGIN) else { return Ok(None) };
        if self.origins.contains(origin) {
            return Ok(Some(origin.clone()));
        }
        Err(Problem::new(
            StatusCode::FORBIDDEN,
            "origin-refused",
            "Origin refused",
            "Web pages of this origin may not call; [intake] cors_origins lists those that may.",
        ))
    }
}

/// The name without its port and without the brackets of an IPv6 address.
fn bare(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return match rest.split_once(']') {
            Some((address, port)) if port.is_empty() || is_port(port) => address,
            // Whatever follows the bracket, it is no address any more.
            _ => host,
        };
    }
    match host.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

fn is_port(text: &str) -> bool {
    text.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
}

/// The answer to a browser that asks first whether it may call.
pub(crate) fn preflight(method: &Method) -> Option<Response<Body>> {
    (method == Method::OPTIONS).then(|| {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        let set = |headers: &mut HeaderMap, name, value| headers.insert(name, HeaderValue::from_static(value));
        set(headers, header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT");
        set(
            headers,
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "authorization, content-type, idempotency-key, traceparent, x-api-key, x-correlation-id, x-service-id",
        );
        set(headers, header::ACCESS_CONTROL_MAX_AGE, "600");
        response
    })
}

/// Lets the page read the answer.
pub(crate) fn admit(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    let exposed = HeaderValue::from_static(
        "x-correlation-id, idempotency-replayed, retry-after, ratelimit, ratelimit-policy",
    );
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn ask(hosts: &[&str], target: &str, local: &str) -> Option<StatusCode> {
        let options = Options { allowed_hosts: vec!["Notify.example.org".into()], ..Options::default() };
        let mut request = Request::builder().uri(target);
        for host in hosts {
            request = request.header("host", *host);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let link = Link { peer: local.parse().unwrap(), local: local.parse().unwrap() };
        Hosts::new(&options).check_host(&parts, link).err().map(|problem| problem.status())
    }

    #[test]
    fn only_the_daemons_own_names_and_addresses_are_answered() {
        for host in [
            "127.0.0.1:8000",
            "localhost",
            "LOCALHOST:1",
            "[::1]:8000",
            "notify.example.org",
            "notify.example.org.:80",
        ] {
            assert_eq!(ask(&[host], "/", "127.0.0.1"), None, "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "localhost.evil.example",
            "a:b:c",
            "é",
            "",
            "[::1].evil.example",
            "[::1]x:8000",
            "[::1",
            "localhost evil.example",
            "evil@localhost",
        ] {
            assert_eq!(ask(&[host], "/", "127.0.0.1"), Some(StatusCode::FORBIDDEN), "{host}");
        }
        assert_eq!(ask(&["10.0.0.7:8000"], "/", "10.0.0.7"), None);
        assert_eq!(ask(&["127.0.0.1"], "/", "10.0.0.7"), Some(StatusCode::FORBIDDEN));
    }

    #[test]
    fn the_target_counts_and_the_header_must_be_there_once() {
        assert_eq!(ask(&["localhost"], "http://evil.example/", "127.0.0.1"), Some(StatusCode::FORBIDDEN));
        assert_eq!(ask(&[], "/", "127.0.0.1"), Some(StatusCode::BAD_REQUEST));
        assert_eq!(ask(&["localhost", "localhost"], "/", "127.0.0.1"), Some(StatusCode::BAD_REQUEST));
    }
}
