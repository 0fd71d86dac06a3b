//! The body of a request: read within its bounds, then understood, or refused with everything that is wrong with it.

use crate::context::Context;
use crate::decode::{Flaw, decode};
use crate::problem::Problem;
use axum::body::{Body, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;

/// How much of a body that is too large is read and thrown away, so that the caller, who is still writing, gets to
/// read the refusal instead of a reset connection.
const MAX_DISCARDED: usize = 16 * 1_024 * 1_024;

/// How long that may take.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(5);

/// Bounds of a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Bytes.
    pub(crate) limit: usize,
    /// From the head to the last byte.
    pub(crate) timeout: Duration,
}

impl Bounds {
    pub(crate) fn of(context: &Context) -> Self {
        Self { limit: context.options.body_limit_bytes, timeout: context.options.body_timeout() }
    }
}

/// Refuses what is not plain JSON by its headers.
pub(crate) fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING)
        && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        return Err(unsupported("Send the body as it is: Content-Encoding is not taken."));
    }
    let given = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let essence = given.map(|value| value.split(|b| *b == b';').next().unwrap_or_default().trim_ascii());
    match essence {
        Some(essence) if essence.eq_ignore_ascii_case(b"application/json") => Ok(()),
        _ => Err(unsupported("Send JSON, with Content-Type: application/json.")),
    }
}

fn unsupported(detail: &'static str) -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported-media-type",
        "Unsupported media type",
        detail,
    )
}

/// Reads all of it.
pub(crate) async fn read<B>(headers: &HeaderMap, mut body: B, bounds: Bounds) -> Result<Bytes, Problem>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > bounds.limit as u64) {
        discard(headers, body).await;
        return Err(too_large(bounds.limit));
    }
    match tokio::time::timeout(bounds.timeout, collect(&mut body, bounds.limit)).await {
        Ok(Ok(Some(bytes))) => Ok(bytes),
        Ok(Ok(None)) => {
            discard(headers, body).await;
            Err(too_large(bounds.limit))
        }
        Ok(Err(_)) => Err(Problem::bad_request("The body ended before it was complete.")),
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "body-timeout",
            "Request timeout",
            format!("The body did not arrive within {} seconds.", bounds.timeout.as_secs()),
        )),
    }
}

fn too_large(limit: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too-large",
        "Body too large",
        format!("The body has more than {limit} bytes; send less at once."),
    )
}

/// All bytes; none when there are more than `limit`.
async fn collect<B>(body: &mut B, limit: usize) -> Result<Option<Bytes>, B::Error>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if first.len() + more.len() + data.len() > limit {
            return Ok(None);
        }
        // Almost every body comes in one piece, which is then not copied.
        if first.is_empty() && more.is_empty() {
            first = data;
        } else {
            if more.is_empty() {
                more.extend_from_slice(&std::mem::take(&mut first));
            }
            more.extend_from_slice(&data);
        }
    }
    Ok(Some(if more.is_empty() { first } else { more.freeze() }))
}

/// Reads and drops the rest of a body, within bounds. A caller who waits for `100 Continue` has not begun to write.
pub(crate) async fn discard<B>(headers: &HeaderMap, mut body: B)
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    if body.is_end_stream() || headers.contains_key(header::EXPECT) {
        return;
    }
    let rest = async {
        let mut seen = 0;
        while let Some(Ok(frame)) = body.frame().await {
            seen += frame.data_ref().map_or(0, Bytes::len);
            if seen > MAX_DISCARDED {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(DISCARD_TIMEOUT, rest).await;
}

/// A JSON body, for handlers. An absent body counts as `{}` when `OPTIONAL`.
pub(crate) struct Json<T, const OPTIONAL: bool = false>(pub(crate) T);

impl<T, const OPTIONAL: bool> FromRequest<Arc<Context>> for Json<T, OPTIONAL>
where
    T: DeserializeOwned + Default,
{
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, context: &Arc<Context>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if OPTIONAL && body.is_end_stream() {
            return Ok(Self(T::default()));
        }
        check_type(&parts.headers)?;
        let bytes = read(&parts.headers, body, Bounds::of(context)).await?;
        if OPTIONAL && bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        match decode(&bytes) {
            Ok(value) => Ok(Self(value)),
            Err(Flaw::NotJson(detail)) => Err(Problem::bad_request(detail)),
            Err(Flaw::Fields { errors, .. }) => Err(Problem::fields(errors)),
        }
    }
}
