//! Draws the board.

use backdraft_text::number;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Block, Chart, Dataset, Gauge, GraphType, Paragraph};

use super::board::{Board, Worker};
use super::norms::draw_norms;

/// Smallest terminal that the view fits in.
pub(super) const LEAST: (u16, u16) = (100, 24);

const HELP: &str = " q progress bars · Tab next worker · Ctrl-C stop the run ";

/// Draws everything.
pub(super) fn draw(frame: &mut Frame<'_>, board: &Board) {
    let workers = (board.workers.len() as u16 + 2).min(frame.area().height / 3);
    let [head, body, work, found, help] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(8),
        Constraint::Length(workers),
        Constraint::Length(6),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    let [norms, loss] =
        Layout::horizontal([Constraint::Percentage(58), Constraint::Percentage(42)]).areas(body);
    draw_head(frame, head, board);
    if let Some(worker) = board.workers.get(board.shown) {
        draw_norms(frame, norms, worker);
        draw_loss(frame, loss, worker);
    }
    draw_workers(frame, work, board);
    draw_findings(frame, found, board);
    frame.render_widget(Line::from(HELP).dim(), help);
}

fn draw_head(frame: &mut Frame<'_>, area: Rect, board: &Board) {
    let Board { title, trials, ended, diverged, failed, started, .. } = board;
    let seconds = started.elapsed().as_secs();
    let mut label =
        format!("{title} · {ended} of {trials} trials · {}:{:02}", seconds / 60, seconds % 60);
    for (count, what) in [(diverged, "diverged"), (failed, "failed")] {
        if *count > 0 {
            label += &format!(" · {count} {what}");
        }
    }
    let share = (*ended as f64 / (*trials).max(1) as f64).clamp(0.0, 1.0);
    let gauge = Gauge::default().ratio(share).label(label).use_unicode(true);
    frame.render_widget(gauge.gauge_style(Style::new().fg(Color::Cyan).bg(Color::DarkGray)), area);
}

fn draw_loss(frame: &mut Frame<'_>, area: Rect, worker: &Worker) {
    let block = Block::bordered().title(" loss of the batch ");
    let points: Vec<(f64, f64)> =
        worker.losses.points().iter().map(|(s, y)| (*s as f64, *y)).collect();
    let finite = points.iter().map(|point| point.1).filter(|loss| loss.is_finite());
    let high = finite.fold(f64::NEG_INFINITY, f64::max);
    if !high.is_finite() {
        let text = if worker.trial.is_empty() { "no trial yet" } else { "not training" };
        frame.render_widget(Paragraph::new(text).dim().block(block), area);
        return;
    }
    let (end, top) = (points.last().map_or(1.0, |point| point.0).max(1.0), high.max(1e-12) * 1.05);
    let latest = worker.losses.latest().unwrap_or(f64::NAN);
    let data = Dataset::default()
        .data(&points)
        .graph_type(GraphType::Line)
        .marker(Marker::Braille)
        .style(Style::new().fg(Color::Cyan));
    let x = Axis::default()
        .bounds([0.0, end])
        .labels([Line::from("0"), Line::from(format!("step {end}"))]);
    let y = Axis::default().bounds([0.0, top]).labels([Line::from("0"), Line::from(number(top))]);
    let block = block.title_bottom(format!(" now {} ", number(latest)));
    frame.render_widget(Chart::new(vec![data]).x_axis(x.dim()).y_axis(y.dim()).block(block), area);
}

fn draw_workers(frame: &mut Frame<'_>, area: Rect, board: &Board) {
    let block = Block::bordered().title(" workers ");
    let line = |(index, worker): (usize, &Worker)| {
        let share = worker.step as f64 / worker.steps.max(1) as f64;
        let filled = (share.clamp(0.0, 1.0) * 20.0).round() as usize;
        let mark = if index == board.shown { "▸" } else { " " };
        let loss = worker
            .losses
            .latest()
            .map_or(String::new(), |loss| format!(" · loss {}", number(loss)));
        Line::from(vec![
            Span::from(format!("{mark}{index:>2} ")),
            Span::from("█".repeat(filled)).green(),
            Span::from("░".repeat(20 - filled)).dark_gray(),
            Span::from(format!(" {:>4.0} % {}{loss}", 100.0 * share, worker.trial)),
        ])
    };
    let lines: Vec<Line<'_>> = board.workers.iter().enumerate().map(line).collect();
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn draw_findings(frame: &mut Frame<'_>, area: Rect, board: &Board) {
    let block = Block::bordered().title(format!(" findings, {} ", board.findings.len()));
    let rows = usize::from(area.height.saturating_sub(2));
    let skipped = board.findings.len().saturating_sub(rows);
    let lines: Vec<Line<'_>> =
        board.findings.iter().skip(skipped).map(|finding| Line::from(finding.as_str())).collect();
    let text = if lines.is_empty() {
        Paragraph::new("no findings so far").dim()
    } else {
        Paragraph::new(lines)
    };
    frame.render_widget(text.block(block), area);
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_rows::{QuantityName, Row};
    use backdraft_trainer::Progress;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn drawn(board: &Board, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, board)).unwrap();
        let buffer = terminal.backend().buffer();
        let cells = buffer.content().chunks(width.into());
        cells.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>() + "\n").collect()
    }

    fn row(step: u64, quantity: QuantityName, subject: &str, value: f64) -> Row {
        Row::new(step, quantity, subject, value)
    }

    fn board() -> Board {
        let mut board = Board::new("sigmoid-vs-relu".to_owned(), 8, 2);
        board.started(0, "activation-sigmoid.seed-3".to_owned());
        for step in [0, 10, 20] {
            board.measured(
                0,
                &[Row::of_network(step, QuantityName::LOSS, 0.7 - 0.01 * step as f64)],
            );
            let layers = (0..12).map(|l| {
                row(
                    step,
                    QuantityName::ACTIVATION_GRADIENT_NORM,
                    &format!("hidden.{l}"),
                    0.1f64.powi(11 - l),
                )
            });
            board.measured(0, &layers.collect::<Vec<_>>());
        }
        board.progress(0, Progress { step: 20, steps: 40, loss: 0.5 });
        board
    }

    /// The length of the bar in the line of a layer.
    fn length(screen: &str, layer: &str) -> usize {
        let line = screen.lines().find(|line| line.contains(&format!(" {layer} "))).unwrap();
        line.matches('█').count()
    }

    #[test]
    fn norms_loss_workers_and_findings_are_all_in_view() {
        let screen = drawn(&board(), 120, 36);
        for part in [
            "sigmoid-vs-relu · 0 of 8 trials",
            "‖∂L/∂h‖ by layer, step 20 · activation-sigmoid.seed-3",
            "hidden.11",
            "1.0e-11",
            "1e-11",
            "now 0.500",
            "50 % activation-sigmoid.seed-3",
            "findings, 1",
            "vanishing in hidden.0",
            "q progress bars",
        ] {
            assert!(screen.contains(part), "`{part}` is missing in:\n{screen}");
        }
    }

    #[test]
    fn bars_are_as_long_as_the_logarithm_of_their_norm() {
        let screen = drawn(&board(), 120, 36);
        let [first, middle, last] =
            ["hidden.0", "hidden.6", "hidden.11"].map(|l| length(&screen, l));
        assert!(first < 2 && last > 30, "{first}, {last}\n{screen}");
        assert!(middle.abs_diff(last * 6 / 11) <= 1, "{middle} of {last}\n{screen}");
    }

    #[test]
    fn nothing_measured_zero_and_not_finite_norms_are_drawn_too() {
        let mut board = Board::new("x".to_owned(), 1, 1);
        assert!(drawn(&board, 100, 24).contains("nothing measured yet"));
        let norms = [0.0, f64::NAN, 1.0].into_iter().enumerate();
        let rows: Vec<Row> = norms
            .map(|(l, norm)| {
                row(0, QuantityName::ACTIVATION_GRADIENT_NORM, &format!("hidden.{l}"), norm)
            })
            .collect();
        board.measured(0, &rows);
        board.measured(0, &[Row::of_network(0, QuantityName::LOSS, f64::NAN)]);
        assert!(drawn(&board, 100, 24).contains("not finite"));
        let (width, height) = LEAST;
        drawn(&board, width, height);
        drawn(&board, 20, 5); // a terminal that has shrunk
    }
}
