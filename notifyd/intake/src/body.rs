//! The body of a request: read within its bounds, then understood, or refused with everything that is wrong with it.

use crate::context::Context;
use crate::decode::{Flaw, decode};
use crate::problem::Problem;
use crate::room::Share;
use crate::visit::Visit;
use axum::body::{Body, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;

/// How much of a body that is too large is read and thrown away, so that the caller, who is still writing, gets to
/// read the refusal instead of a reset connection.
const MAX_DISCARDED: u64 = 16 * 1_024 * 1_024;

/// How long that may take.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(5);

/// Refuses what is not plain JSON by its headers.
pub(crate) fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    if encodings.any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(unsupported("Send the body as it is: Content-Encoding is not taken."));
    }
    let mut given = headers.get_all(header::CONTENT_TYPE).iter();
    match (given.next(), given.next()) {
        (Some(kind), None) if is_json(kind.as_bytes()) => Ok(()),
        _ => Err(unsupported("Send JSON in UTF-8, with Content-Type: application/json.")),
    }
}

fn is_json(kind: &[u8]) -> bool {
    let mut parts = kind.split(|b| *b == b';').map(<[u8]>::trim_ascii);
    let charset = |part: &[u8]| match part.split_at_checked(b"charset=".len()) {
        Some((name, value)) if name.eq_ignore_ascii_case(b"charset=") => {
            let value = value.strip_prefix(b"\"").and_then(|it| it.strip_suffix(b"\"")).unwrap_or(value);
            value.eq_ignore_ascii_case(b"utf-8")
        }
        _ => true,
    };
    parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case(b"application/json"))
        && parts.all(charset)
}

fn unsupported(detail: &'static str) -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported-media-type",
        "Unsupported media type",
        detail,
    )
}

/// Reads all of it, into the room of the service that asks.
pub(crate) async fn read<B>(
    context: &Context,
    service: i64,
    headers: &HeaderMap,
    mut body: B,
) -> Result<(Bytes, Share), Problem>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let limit = context.options.body_limit_bytes;
    // Absent for chunks; too many digits for a length are too many bytes.
    let length = headers
        .get(header::CONTENT_LENGTH)
        .map(|value| value.to_str().ok().and_then(|text| text.parse::<usize>().ok()).unwrap_or(usize::MAX));
    let length = length.unwrap_or_default();
    let entered = if length > limit { Err(too_large(limit)) } else { context.room.enter(service, length) };
    let mut share = match entered {
        Ok(share) => share,
        Err(problem) => {
            discard(headers, body).await;
            return Err(problem);
        }
    };
    let timeout = context.options.body_timeout();
    match tokio::time::timeout(timeout, collect(&mut body, length, limit, &mut share)).await {
        Ok(Ok(bytes)) => Ok((bytes, share)),
        Ok(Err(Broken::Refused(problem))) => {
            drop(share);
            discard(headers, body).await;
            Err(problem)
        }
        Ok(Err(Broken::Cut)) => Err(Problem::bad_request("The body ended before it was complete.")),
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "body-timeout",
            "Request timeout",
            format!("The body did not arrive within {} seconds.", timeout.as_secs()),
        )),
    }
}

/// Why a body was not read to its end.
enum Broken {
    /// The peer did not send it whole.
    Cut,
    /// It is more than there may be.
    Refused(Problem),
}

fn too_large(limit: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too-large",
        "Body too large",
        format!("The body has more than {limit} bytes; send less at once."),
    )
}

/// All bytes, at most `limit`; `length` of them are expected.
async fn collect<B>(body: &mut B, length: usize, limit: usize, share: &mut Share) -> Result<Bytes, Broken>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Broken::Cut)?.into_data() else { continue };
        let all = first.len() + more.len() + data.len();
        if all > limit {
            return Err(Broken::Refused(too_large(limit)));
        }
        share.grow_to(all).map_err(Broken::Refused)?;
        // Almost every body comes in one piece, which is then not copied.
        if first.is_empty() && more.is_empty() {
            first = data;
        } else {
            if more.is_empty() {
                more.reserve(length.max(all));
                more.extend_from_slice(&std::mem::take(&mut first));
            }
            more.extend_from_slice(&data);
        }
    }
    Ok(if more.is_empty() { first } else { more.freeze() })
}

/// Reads and drops the rest of a body, within bounds. A caller who waits for `100 Continue` has not begun to write.
pub(crate) async fn discard<B>(headers: &HeaderMap, mut body: B)
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    if body.is_end_stream()
        || headers.contains_key(header::EXPECT)
        || body.size_hint().lower() > MAX_DISCARDED
    {
        return;
    }
    let rest = async {
        let mut seen = 0;
        while let Some(Ok(frame)) = body.frame().await {
            seen += frame.data_ref().map_or(0, Bytes::len) as u64;
            if seen > MAX_DISCARDED {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(DISCARD_TIMEOUT, rest).await;
}

/// A JSON body, for handlers, and the room it takes until it is answered. An absent body counts as `{}` when `OPTIONAL`.
pub(crate) struct Json<T, const OPTIONAL: bool = false>(pub(crate) T, pub(crate) Option<Share>);

impl<T, const OPTIONAL: bool> FromRequest<Arc<Context>> for Json<T, OPTIONAL>
where
    T: DeserializeOwned + Default,
{
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, context: &Arc<Context>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if OPTIONAL && body.is_end_stream() {
            return Ok(Self(T::default(), None));
        }
        check_type(&parts.headers)?;
        let visit = parts.extensions.get::<Arc<Visit>>().ok_or_else(Problem::internal)?;
        let (bytes, share) = read(context, visit.payer(), &parts.headers, body).await?;
        if OPTIONAL && bytes.is_empty() {
            return Ok(Self(T::default(), None));
        }
        match decode(&bytes) {
            Ok(value) => Ok(Self(value, Some(share))),
            Err(Flaw::NotJson(detail)) => Err(Problem::bad_request(detail)),
            Err(Flaw::Fields { errors, .. }) => Err(Problem::fields(errors)),
        }
    }
}

/// A body as it came, for handlers that look at something else first, and the room it takes until it is answered.
pub(crate) struct Raw(pub(crate) Bytes, pub(crate) Share);

impl FromRequest<Arc<Context>> for Raw {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, context: &Arc<Context>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        check_type(&parts.headers)?;
        let visit = parts.extensions.get::<Arc<Visit>>().ok_or_else(Problem::internal)?;
        read(context, visit.payer(), &parts.headers, body).await.map(|(bytes, share)| Self(bytes, share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_one_plain_json_is_taken() {
        let taken = |given: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in given {
                headers.append(*name, HeaderValue::from_static(value));
            }
            check_type(&headers).is_ok()
        };
        let json = ("content-type", "application/json");
        assert!(taken(&[json]) && taken(&[json, ("content-encoding", "Identity")]));
        for kind in ["application/json; charset=utf-8", "Application/JSON;charset=\"UTF-8\"; x=y"] {
            assert!(taken(&[("content-type", kind)]), "{kind}");
        }
        for kind in [
            "text/plain",
            "application/json; charset=latin1",
            "application/jsonp",
            "",
            ";",
            "application/x+json",
        ] {
            assert!(!taken(&[("content-type", kind)]), "{kind}");
        }
        assert!(!taken(&[]) && !taken(&[json, json]));
        assert!(!taken(&[json, ("content-encoding", "identity"), ("content-encoding", "gzip")]));
    }
}
