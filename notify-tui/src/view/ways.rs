//! The ways out, in the order they are tried.

use super::look::{Look, Tone};
use crate::state::{App, Data};
use notify_proto::view::ProviderView;
use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::{Line, Text};
use ratatui::widgets::{Cell, Paragraph, Row, Table};

pub(super) fn draw(app: &App, data: &Data, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let all = &data.status.providers;
    let room = usize::from(area.height.saturating_sub(3));
    let shown = all.len().min(room);
    let title =
        if shown < all.len() { format!("providers, {shown} of {}", all.len()) } else { "providers".into() };
    let block = look.block(&title, Tone::Strong);
    if all.is_empty() {
        let text = "No providers yet: notifyctl provider seed, or notifyctl provider add";
        frame.render_widget(Paragraph::new(text).block(block), area);
        return;
    }
    let dim = app.badge().doubtful();
    let rows = all.iter().take(shown).map(|provider| row(provider, look, dim));
    let widths = [
        Constraint::Length(16),
        Constraint::Length(11),
        Constraint::Length(11),
        Constraint::Length(5),
        Constraint::Fill(1),
        Constraint::Fill(2),
    ];
    let header = Row::new(["PROVIDER", "CIRCUIT", "       BUSY", " PRIO", "CHANNELS", "STATE"]);
    let table = Table::new(rows, widths).header(header.style(look.style(Tone::Strong))).block(block);
    frame.render_widget(table, area);
}

fn row(provider: &ProviderView, look: Look, dim: bool) -> Row<'static> {
    let (circuit, tone) = match provider.circuit.as_str() {
        _ if !provider.active => ("- off", Tone::Dim),
        "closed" => ("+ closed", Tone::Good),
        "open" => ("x OPEN", Tone::Bad),
        "half_open" => ("~ half-open", Tone::Warn),
        _ => ("? unknown", Tone::Warn),
    };
    let tone = if dim { Tone::Dim } else { tone };
    let channels: Vec<_> = provider.channels.iter().map(ToString::to_string).collect();
    let mut state = Vec::new();
    if provider.simulated {
        state.push("simulated".to_owned());
    }
    state.extend(provider.holds.iter().map(|hold| format!("held: {}", hold.kind)));
    state.extend(provider.circuit_reason.clone());
    state.extend(provider.throttled_until.map(|_| "throttled: it asked to be left alone".to_owned()));
    let busy = format!("{}/{}", provider.in_flight, provider.max_in_flight);
    Row::new([
        Cell::from(look.text(&provider.name)),
        Cell::from(Line::styled(circuit, look.style(tone))),
        Cell::from(Text::raw(busy).right_aligned()),
        Cell::from(Text::raw(provider.priority.to_string()).right_aligned()),
        Cell::from(look.text(&channels.join(","))),
        Cell::from(look.text(&state.join(", "))),
    ])
    .style(look.style(if dim { Tone::Dim } else { Tone::Plain }))
}
