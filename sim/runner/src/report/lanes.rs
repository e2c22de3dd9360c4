//! The timeline in characters: a line a machine, a column a moment.

use crate::console::{Console, Tone};
use faults::Span;
use record::{Band, BandKind, LaneKind, MarkKind, RunRecord};

/// Columns for names.
const LABEL: usize = 10;
/// Columns for time.
const WIDTH: usize = 68;
/// Most machines that fit a screen with the rest of the report.
const LANES_MAX: usize = 14;

/// One line a machine, and one for time. Nothing where nothing was recorded.
pub(crate) fn draw(record: &RunRecord, console: &Console) -> Vec<String> {
    let timeline = &record.timeline;
    if timeline.lanes.is_empty() || record.simulated_nanos == 0 {
        return Vec::new();
    }
    let scale = Scale { nanos: record.simulated_nanos };
    let mut lines = Vec::new();
    let lanes =
        || timeline.lanes.iter().enumerate().filter(|(index, _)| is_eventful(record, *index));
    for (index, lane) in lanes().take(LANES_MAX) {
        let cells = lane_cells(record, index, scale);
        lines.push(format!("{:<LABEL$}{}", short(&lane.name), toned(&cells, console)));
    }
    let (shown, all) = (lanes().count().min(LANES_MAX), timeline.lanes.len());
    if shown < all {
        lines
            .push(format!("{:LABEL$}{shown} of {all} machines; the others are in report.html", ""));
    }
    let end = Span(record.simulated_nanos / 1_000_000_000 * 1_000_000_000).to_string();
    lines.push(format!("{:LABEL$}0s{end:>width$}", "", width = WIDTH - 2));
    let legend = "─ up  ━ leads  ▒ fault  ░ down  ◆ elected  ✗ broken";
    lines.push(format!("{:LABEL$}{}", "", console.toned(Tone::Dim, legend)));
    lines
}

/// Members always are; of the others, those that something happened to.
fn is_eventful(record: &RunRecord, lane: usize) -> bool {
    let timeline = &record.timeline;
    timeline.lanes[lane].kind == LaneKind::Member
        || timeline.bands.iter().any(|band| band.lane == lane)
        || timeline.marks.iter().any(|mark| mark.lane == lane)
        || record.verdict.broken().is_some_and(|broken| broken.lane == Some(lane))
}

#[derive(Clone, Copy)]
struct Scale {
    nanos: u64,
}

impl Scale {
    fn column(self, at: u64) -> usize {
        let wide = u128::from(at) * WIDTH as u128 / u128::from(self.nanos.max(1));
        usize::try_from(wide).unwrap_or(WIDTH).min(WIDTH - 1)
    }
}

fn lane_cells(record: &RunRecord, lane: usize, scale: Scale) -> Vec<char> {
    let mut cells = vec!['─'; WIDTH];
    let order = [BandKind::Leads, BandKind::Down, BandKind::Fault];
    for kind in order {
        let bands = record.timeline.bands.iter();
        for band in bands.filter(|band| band.lane == lane && band.kind == kind) {
            fill(&mut cells, band, scale, record.simulated_nanos);
        }
    }
    for mark in record.timeline.marks.iter().filter(|mark| mark.lane == lane) {
        if mark.kind == MarkKind::Leader {
            cells[scale.column(mark.at_nanos)] = '◆';
        }
    }
    if let Some(broken) = record.verdict.broken()
        && broken.lane == Some(lane)
    {
        cells[scale.column(broken.at_nanos)] = '✗';
    }
    cells
}

fn fill(cells: &mut [char], band: &Band, scale: Scale, end: u64) {
    let (from, until) = (band.from_nanos, band.until_nanos.unwrap_or(end));
    let sign = match band.kind {
        BandKind::Leads => '━',
        BandKind::Down => '░',
        BandKind::Fault => '▒',
    };
    cells[scale.column(from)..=scale.column(until.max(from))].fill(sign);
}

fn toned(cells: &[char], console: &Console) -> String {
    let tone = |cell: &char| match cell {
        '✗' | '▒' => Some(Tone::Bad),
        '━' | '◆' => Some(Tone::Good),
        _ => None,
    };
    let runs = cells.chunk_by(|a, b| tone(a) == tone(b));
    let shown = runs.map(|run| {
        let text: String = run.iter().collect();
        tone(&run[0]).map_or_else(|| text.clone(), |tone| console.toned(tone, &text))
    });
    shown.collect()
}

fn short(name: &str) -> String {
    name.chars().take(LABEL - 1).collect()
}
