//! When work falls due: a bar for each span of time ahead, and one for what is past due.

use super::absent;
use super::look::{Look, Tone, grouped};
use super::numbers::cell;
use crate::message::Slot;
use crate::state::{App, WINDOWS};
use notify_proto::schedule::HistogramBucket;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

/// Columns of the numbers beside the bars.
const SCALE: usize = 5;

/// Columns that a bar has at least, with the gap to the next one: as many as its name needs.
const LEAST: usize = 5;

/// Rows from which on the count of each bar stands below its name.
const COUNTED: usize = 8;

/// When work falls due.
pub(super) fn draw(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let by = app.data.as_ref().map(|data| &data.status.by_status);
    let count = |name: &str| by.and_then(|by| by.get(name)).copied().unwrap_or_default();
    let window = app.retries.window.and_then(|at| WINDOWS.get(at)).map(|(name, _)| *name);
    let retries = count("retrying") + app.retries.told_again();
    let counts = format!("retries {}  scheduled {}", grouped(retries), grouped(count("pending")));
    let (name, told) = title(usize::from(area.width), window, counts);
    let block = look
        .block(name, Tone::Plain)
        .title(Line::styled(format!(" {told} "), look.style(Tone::Dim)).right_aligned());
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let known = app.retries.histogram.as_ref();
    if let Some(text) = absent::instead(app, Slot::Side, known.is_some()) {
        return frame.render_widget(absent::said(&text, look), inside);
    }
    let Some(histogram) = known else { return };
    let (width, height) = (usize::from(inside.width), usize::from(inside.height));
    let bars = joined(&histogram.buckets, width.saturating_sub(SCALE + 1) / LEAST);
    let chart = Paragraph::new(lines(&bars, look, width, height));
    frame.render_widget(
        if app.badge().doubtful() { chart.style(look.style(Tone::Dim)) } else { chart },
        inside,
    );
}

/// What stands at the left and at the right of the title, as far as there is room.
fn title(width: usize, window: Option<&str>, counts: String) -> (&'static str, String) {
    let (name, legend) = ("When work falls due", "When work falls due  (bar = items; L = past due)");
    let shows = format!("[ ] shows {}", window.unwrap_or("all"));
    let all = format!("{shows}  {counts}");
    // Both corners, and the gaps around both texts and between them.
    let fits = |name: &str| name.len() + all.len() + 7 <= width;
    match window {
        _ if fits(legend) => (legend, all),
        _ if fits(name) => (name, all),
        Some(_) => (name, shows),
        None => (name, counts),
    }
}

/// One bar.
struct Bar {
    name: String,
    total: u64,
    late: bool,
}

/// So many bars at most. Where that is less than there are spans, neighbours are one, with the name of the first; what is
/// past due stays apart.
fn joined(buckets: &[HistogramBucket], most: usize) -> Vec<Bar> {
    let late = buckets.iter().take_while(|bucket| bucket.from.is_none()).count();
    let (late, ahead) = buckets.split_at(late);
    let each = ahead.len().div_ceil(most.saturating_sub(late.len()).max(1)).max(1);
    let bar = |some: &[HistogramBucket]| {
        let first = some.first()?;
        let total = some.iter().map(|bucket| bucket.total + bucket.told_again).sum();
        let late = first.from.is_none();
        let name = if late { first.due_in.to_uppercase() } else { first.due_in.clone() };
        Some(Bar { name, total, late })
    };
    late.chunks(1).chain(ahead.chunks(each)).filter_map(bar).collect()
}

/// The bars with their scale, their axis and their names.
fn lines(bars: &[Bar], look: Look, width: usize, height: usize) -> Vec<Line<'static>> {
    let room = width.saturating_sub(SCALE + 1) / bars.len().max(1);
    let counted = height >= COUNTED;
    let rows = height.saturating_sub(2 + usize::from(counted));
    let most = bars.iter().map(|bar| bar.total).max().unwrap_or(0);
    let top = round(most);
    let (side, corner, tick, line) =
        if look.ascii { ("|", "+", "+", "-") } else { ("│", "└", "┬", "─") };
    let dim = |text: String| Span::styled(text, look.style(Tone::Dim));
    let mut all = Vec::new();
    for row in (0..rows).rev() {
        let label = match row {
            _ if most == 0 => String::new(),
            _ if row + 1 == rows => short(top),
            // The lower of the two rows that meet at the half, or the one that it is in.
            _ if row == (rows - 1) / 2 => short(top / 2),
            _ => String::new(),
        };
        let spans = bars.iter().map(|bar| {
            let mark = if bar.late && bar.total > 0 && row == 0 { 'L' } else { ' ' };
            let column: String = std::iter::repeat_n(
                part(bar.total, top, row, rows, look),
                room.saturating_sub(4).clamp(1, 8),
            )
            .collect();
            let tone = if bar.late { Tone::Bad } else { Tone::Plain };
            Span::styled(format!("{:<room$}", format!("{mark}{column}")), look.style(tone))
        });
        let scale = dim(format!("{label:>SCALE$}{side}"));
        all.push(std::iter::once(scale).chain(spans).collect());
    }
    let (gap, step) = (" ".repeat(SCALE), line.repeat(room.saturating_sub(1)));
    let axis = format!("{gap}{corner}{}", format!("{step}{tick}").repeat(bars.len()));
    let names = bars.iter().map(|bar| format!("{:<room$.room$}", look.text(&bar.name)));
    all.push(Line::from(dim(axis)));
    all.push(Line::from(dim(names.fold(gap.clone(), |line, name| line + &name))));
    if counted {
        let counts = bars.iter().map(|bar| format!("{:<room$}", within(bar.total, room.saturating_sub(1))));
        let counts = counts.fold(gap, |line, count| line + &count);
        all.push(Line::styled(counts, look.style(Tone::Strong)));
    }
    all
}

/// One cell of a bar. What is there is seen, however little it is beside the rest.
#[expect(clippy::cast_precision_loss, reason = "a few steps")]
fn part(total: u64, top: u64, row: usize, rows: usize, look: Look) -> char {
    let (total, top) = (total as f64, top as f64);
    let least = if total > 0.0 { top / (rows * 8) as f64 } else { 0.0 };
    match cell(total.max(least), top, row, rows, look.ascii) {
        // Less than half a cell counts only where the bar has no other.
        '.' if row > 0 => ' ',
        part => part,
    }
}

/// The next number that is as easy to read as its half.
fn round(most: u64) -> u64 {
    let mut unit = 1_u64;
    while most > unit.saturating_mul(10) {
        unit = unit.saturating_mul(10);
    }
    [2, 4, 6, 8, 10].map(|n| unit.saturating_mul(n)).into_iter().find(|top| *top >= most).unwrap_or(most)
}

/// A number in few characters.
fn short(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        1_000..10_000_000 if !number.is_multiple_of(1_000_000) => format!("{}k", number / 1_000),
        _ => format!("{}M", number / 1_000_000),
    }
}

/// A count as exact as its room lets it be.
fn within(count: u64, room: usize) -> String {
    [grouped(count), count.to_string()]
        .into_iter()
        .find(|text| text.len() <= room)
        .unwrap_or_else(|| short(count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::Theme;
    use notify_proto::Timestamp;

    const ASCII: Look = Look { theme: Theme::Mono, ascii: true };
    const RICH: Look = Look { ascii: false, ..ASCII };
    const NAMES: &str =
        "late now +1m +2m +3m +4m +5m +6m +8m +10m +12m +15m +20m +25m +30m +45m +1h +2h +3h +6h +12h +24h";

    /// Spans of these names, with so many each, half of it told to webhooks.
    fn buckets(names: &str, totals: &[u64]) -> Vec<HistogramBucket> {
        let bucket = |(name, total): (&str, &u64)| HistogramBucket {
            due_in: name.to_owned(),
            from: (name != "late").then(Timestamp::default),
            to: None,
            total: total / 2,
            pending: total / 2,
            retrying: 0,
            told_again: total - total / 2,
        };
        names.split(' ').zip(totals).map(bucket).collect()
    }

    fn drawn(buckets: &[HistogramBucket], look: Look, width: usize, height: usize) -> Vec<String> {
        let bars = joined(buckets, width.saturating_sub(SCALE + 1) / LEAST);
        let lines = lines(&bars, look, width, height);
        lines.iter().map(|line| line.to_string().trim_end().to_owned()).collect()
    }

    const TOTALS: [u64; 22] =
        [610, 1_840, 450, 900, 400, 390, 3, 90, 380, 1_190, 420, 500, 60, 2, 1, 9, 70, 800, 410, 12, 1, 33];

    #[test]
    fn a_wide_one_has_all_bars() {
        assert_eq!(
            drawn(&buckets(NAMES, &TOTALS), ASCII, 118, 7),
            [
                "   2k|      #",
                "     |      #",
                "   1k|      #                                       #",
                "     | #    #         #                             #                                       #",
                "     |L#    #    #    #    #    #    .    .    #    #    #    #    .    .    .    .    .    #    #    .    .    .",
                "     +----+----+----+----+----+----+----+----+----+----+----+----+----+----+----+----+----+----+----+----+----+----+",
                "     LATE now  +1m  +2m  +3m  +4m  +5m  +6m  +8m  +10m +12m +15m +20m +25m +30m +45m +1h  +2h  +3h  +6h  +12h +24h",
            ]
        );
    }

    #[test]
    fn a_narrow_one_joins_neighbours_and_hides_nothing() {
        let drawn = drawn(&buckets(NAMES, &TOTALS), ASCII, 78, 8);
        assert_eq!(
            drawn[5..],
            [
                "     +-----+-----+-----+-----+-----+-----+-----+-----+-----+-----+-----+-----+",
                "     LATE  now   +2m   +4m   +6m   +10m  +15m  +25m  +45m  +2h   +6h   +24h",
                "     610   2,290 1,300 393   470   1,610 560   3     79    1,210 13    33",
            ]
        );
        for most in 0..40 {
            let bars = joined(&buckets(NAMES, &TOTALS), most);
            assert!(bars.len() <= most.max(2), "{most}");
            assert_eq!(bars.iter().map(|bar| bar.total).sum::<u64>(), TOTALS.iter().sum::<u64>(), "{most}");
            assert_eq!((bars[0].name.as_str(), bars[0].total), ("LATE", 610), "what is past due stays apart");
        }
        assert_eq!(joined(&buckets(NAMES, &TOTALS), 22).len(), 22);
        assert!(joined(&[], 22).is_empty());
    }

    #[test]
    fn one_of_a_million_is_seen_and_none_is_not() {
        let spans = buckets("late now +1m", &[1, 1_000_000, 0]);
        assert_eq!(
            drawn(&spans, ASCII, 23, 4),
            ["   1M|      #", " 500k|L.    #", "     +----+----+----+", "     LATE now  +1m"]
        );
        assert_eq!(
            drawn(&spans, RICH, 23, 4),
            ["   1M│      █", " 500k│L▁    █", "     └────┬────┬────┬", "     LATE now  +1m"]
        );
        let nothing = buckets("late now +1m", &[0; 3]);
        assert_eq!(drawn(&nothing, ASCII, 23, 4)[..2], ["     |", "     |"]);
    }

    #[test]
    fn any_number_of_spans_is_drawn_in_the_room_there_is() {
        let older = buckets("late <1m <5m <15m <1h <6h <24h <7d later", &[12, 340, 90, 7, 0, 3, 0, 0, 1]);
        let drawn = drawn(&older, ASCII, 58, 8);
        assert_eq!(
            drawn[6..],
            [
                "     LATE <1m  <5m  <15m <1h  <6h  <24h <7d  later",
                "     12   340  90   7    0    3    0    0    1",
            ]
        );
    }

    #[test]
    fn the_title_says_what_there_is_room_for() {
        let said = |width, window| {
            let (name, told) = title(width, window, "retries 3,977  scheduled 20,511".into());
            assert!(name.len() + told.len() + 7 <= width, "{width}: {name} {told}");
            (name.contains("past due"), told)
        };
        let all = "retries 3,977  scheduled 20,511";
        assert_eq!(said(120, None), (true, format!("[ ] shows all  {all}")));
        assert_eq!(said(80, Some("<15m")), (false, format!("[ ] shows <15m  {all}")));
        assert_eq!(said(60, None), (false, all.into()));
        assert_eq!(said(60, Some("<15m")), (false, "[ ] shows <15m".into()));
    }

    #[test]
    fn scales_and_counts_are_short() {
        let tops = [0, 1, 2, 3, 9, 10, 11, 99, 601, 1_999, 2_001, 1_000_000].map(round);
        assert_eq!(tops, [2, 2, 2, 4, 10, 10, 20, 100, 800, 2_000, 4_000, 1_000_000]);
        assert!(round(u64::MAX) >= u64::MAX / 2);
        assert_eq!(
            [999, 2_000, 500_000, 2_000_000, 20_000_000].map(short),
            ["999", "2k", "500k", "2M", "20M"]
        );
        let counts = [0, 1_284, 20_511, 205_110, 1_234_567, 12_345_678].map(|count| within(count, 5));
        assert_eq!(counts, ["0", "1,284", "20511", "205k", "1234k", "12M"]);
    }
}
