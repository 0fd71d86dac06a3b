//! Where something stands, and what became of one id of a change.

use super::always;
use crate::output::{Cell, Column, Row, Tone};
use notify_proto::control::Changed;
use notify_proto::webhook::Resent;
use notify_proto::{ApiError, Open, Status, WebhookStatus};
use serde::Serialize;
use std::fmt::Display;

/// A word for where something stands.
pub(crate) trait Standing: Copy + Display + Serialize + 'static {
    /// What a person has to feel about it.
    fn tone(self) -> Tone;
}

impl Standing for Status {
    fn tone(self) -> Tone {
        match self {
            Self::Delivered => Tone::Good,
            Self::Failed => Tone::Bad,
            Self::Retrying => Tone::Warn,
            Self::Cancelled => Tone::Dim,
            Self::Pending | Self::Queued | Self::Sending => Tone::Plain,
        }
    }
}

impl Standing for WebhookStatus {
    fn tone(self) -> Tone {
        match self {
            Self::Acknowledged => Tone::Good,
            Self::Failed => Tone::Bad,
            Self::Retrying => Tone::Warn,
            Self::Pending => Tone::Plain,
        }
    }
}

/// A status with its tone.
pub(crate) fn status<W: Standing>(status: &Open<W>) -> Cell {
    Cell::Word(status.to_string(), status.known().map_or(Tone::Plain, W::tone))
}

/// What became of one id of a change.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Outcome<W> {
    id: String,
    status: Option<Open<W>>,
    error: Option<ApiError>,
}

impl<W> Outcome<W> {
    fn of(id: impl Display, result: Result<Open<W>, ApiError>) -> Self {
        let (status, error) = match result {
            Ok(status) => (Some(status), None),
            Err(error) => (None, Some(error)),
        };
        Self { id: id.to_string(), status, error }
    }
}

impl From<Changed> for Outcome<Status> {
    fn from(changed: Changed) -> Self {
        Self::of(changed.id, changed.result)
    }
}

impl From<Resent> for Outcome<WebhookStatus> {
    fn from(resent: Resent) -> Self {
        Self::of(resent.id, resent.result)
    }
}

impl<W: Standing> Row for Outcome<W> {
    const COLUMNS: &'static [Column<Self>] = &[
        always("id", |it| it.id.as_str().into()),
        always("status", |it| it.status.as_ref().map_or(Cell::Word("refused".into(), Tone::Bad), status)),
        always("error", |it| it.error.as_ref().map(|error| error.message.clone()).into()),
    ];

    fn id(&self) -> String {
        self.id.clone()
    }
}
