//! The columns of everything that is listed.

mod notification;
mod operation;
mod outcome;
mod overview;
mod provider;
mod queue;
mod service;
mod webhook;

pub(crate) use notification::Dead;
pub(crate) use outcome::{Outcome, status};
pub(crate) use overview::{Took, WebhookTook, spoken};
pub(crate) use provider::CircuitRow;

use super::{Cell, Column, Row, Show, Tone};
use notify_proto::upkeep::ChangedSetting;
use serde::Serialize;
use std::fmt::Display;

/// A column that every table has.
pub(crate) const fn always<T>(name: &'static str, cell: fn(&T) -> Cell) -> Column<T> {
    Column { name, show: Show::Always, cell }
}

/// A column that only a wide table has.
pub(crate) const fn wide<T>(name: &'static str, cell: fn(&T) -> Cell) -> Column<T> {
    Column { name, show: Show::Wide, cell }
}

fn yes(value: bool) -> Cell {
    Cell::Word(if value { "yes" } else { "no" }.into(), Tone::Plain)
}

fn joined<T: Display>(all: &[T]) -> Cell {
    if all.is_empty() {
        return Cell::None;
    }
    Cell::Text(all.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
}

impl Row for ChangedSetting {
    const COLUMNS: &'static [Column<Self>] = &[
        always("key", |it| it.key.as_str().into()),
        always("from", |it| it.from.as_str().into()),
        always("to", |it| it.to.as_str().into()),
    ];

    fn id(&self) -> String {
        self.key.clone()
    }
}

/// A name and how many.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Count {
    pub(crate) name: String,
    pub(crate) count: u64,
}

impl Row for Count {
    const COLUMNS: &'static [Column<Self>] =
        &[always("name", |it| it.name.as_str().into()), always("count", |it| it.count.into())];

    fn id(&self) -> String {
        self.name.clone()
    }
}

/// One round trip.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RoundTrip {
    pub(crate) number: u32,
    /// In microseconds, which is what a local socket takes.
    pub(crate) round_trip_us: u64,
}

impl Row for RoundTrip {
    const COLUMNS: &'static [Column<Self>] =
        &[always("number", |it| it.number.into()), always("round_trip_us", |it| it.round_trip_us.into())];

    fn id(&self) -> String {
        self.number.to_string()
    }
}
