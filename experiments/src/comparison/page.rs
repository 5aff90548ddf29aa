//! A page that shows runs side by side.

use maud::{Markup, html};
use serde::Serialize;

use super::{Compared, Comparison, Mean, Outcome};
use crate::judgement::short;
use crate::page::{LineChart, Page};
use crate::picture::{Picture, Series};
use crate::report::measured;
use crate::statistics::Difference;

#[derive(Serialize)]
struct Data<'a> {
    pictures: Vec<LineChart<'a>>,
}

/// Returns the page.
///
/// # Errors
///
/// The serialiser's, if the data have no form in JSON.
pub(crate) fn page(
    comparison: &Comparison,
    runs: &[Compared],
) -> Result<String, serde_json::Error> {
    let pictures = shared_pictures(runs);
    let body = html! {
        header {
            p class="soft" { "Backdraft · " span class="path" { (comparison.experiment) } }
            h1 { "Comparison of " (runs.len()) " runs" }
        }
        main {
            (heads(runs))
            (settings(comparison))
            (claims(comparison))
            h2 { "Pictures" }
            div class="charts" id="pictures" { @for _ in &pictures { figure {} } }
            (outcomes(comparison))
        }
    };
    let title = format!("Comparison: {}", comparison.experiment);
    let data = Data { pictures: pictures.iter().map(LineChart::from).collect() };
    Page { title: &title, body, script: include_str!("page.js") }.to_html(&data)
}

/// The letter by which a run is called.
pub(crate) fn letter(index: usize) -> String {
    let letter = |i: usize| char::from(b'A' + (i % 26) as u8);
    if index < 26 {
        letter(index).to_string()
    } else {
        format!("{}{}", letter(index / 26 - 1), letter(index))
    }
}

/// Pictures of the first run that others have too, with the lines of all.
fn shared_pictures(runs: &[Compared]) -> Vec<Picture> {
    let of = |picture: &Picture| {
        let mut merged = Picture { series: Vec::new(), ..picture.clone() };
        for (index, run) in runs.iter().enumerate() {
            let same = run.pictures.iter().find(|other| other.name == picture.name);
            let lines = same.into_iter().flat_map(|picture| &picture.series);
            merged.series.extend(lines.map(|series| Series {
                label: format!("{}: {}", letter(index), series.label),
                ..series.clone()
            }));
        }
        merged
    };
    runs[0].pictures.iter().map(of).collect()
}

fn heads(runs: &[Compared]) -> Markup {
    html! {
        div class="scrolling" {
            table {
                tr { th scope="col" { "" } th scope="col" { "run" } th scope="col" { "command" } }
                @for (index, run) in runs.iter().enumerate() {
                    tr {
                        th scope="row" { (letter(index)) }
                        td class="path" { (run.manifest.id) }
                        td class="path" { (run.manifest.command) }
                    }
                }
            }
        }
    }
}

fn letters(count: usize) -> Markup {
    html! { @for index in 0..count { th scope="col" { (letter(index)) } } }
}

fn settings(comparison: &Comparison) -> Markup {
    html! {
        h2 { "What was different" }
        @if comparison.settings.is_empty() { p { "Nothing." } } @else {
            div class="scrolling" {
                table {
                    tr { th scope="col" { "setting" } (letters(comparison.runs.len())) }
                    @for (key, values) in &comparison.settings {
                        tr {
                            th scope="row" class="path" { (key) }
                            @for value in values { td class="path" { (value) } }
                        }
                    }
                }
            }
        }
    }
}

fn claims(comparison: &Comparison) -> Markup {
    html! {
        h2 { "Verdicts" }
        div class="scrolling" {
            table {
                tr { th scope="col" { "claim" } (letters(comparison.runs.len())) }
                @for claim in &comparison.claims {
                    tr {
                        th scope="row" { (claim.statement) }
                        @for conclusion in &claim.conclusions {
                            td {
                                @if let Some((ruling, effect)) = conclusion {
                                    div class=(ruling) { span class="ruling" { (ruling) } }
                                    @if let Some(effect) = effect { (measured(effect)) }
                                } @else { "not judged" }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn outcomes(comparison: &Comparison) -> Markup {
    let same = |a: &Outcome, b: &Outcome| a.quantity == b.quantity;
    html! {
        h2 { "Quantities at the end" }
        p class="soft" {
            "Means over seeds with 95 % intervals; differences from A, paired by seed where seeds are \
             the same. Bold: the interval leaves out that there is none."
        }
        @if comparison.unmatched > 0 { p { (comparison.unmatched) " variants are not in all runs." } }
        @for alike in comparison.outcomes.chunk_by(same) {
            h3 { (alike[0].quantity) }
            div class="scrolling" {
                table {
                    tr {
                        th scope="col" { "variant" }
                        (letters(comparison.runs.len()))
                        @for index in 1..comparison.runs.len() {
                            th scope="col" { (letter(index)) @if alike[0].is_ratio { " / A" } @else { " − A" } }
                        }
                    }
                    @for outcome in alike {
                        tr {
                            th scope="row" { (outcome.variant.in_words()) }
                            @for mean in &outcome.means { td { (estimate(mean.as_ref())) } }
                            @for difference in &outcome.differences {
                                td { (changed(outcome, difference.as_ref())) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A mean with its interval, in words.
pub(crate) fn estimate(mean: Option<&Mean>) -> String {
    mean.map_or("–".to_owned(), |e| interval(e.mean, e.lower, e.upper))
}

/// A difference with its interval, in words.
pub(crate) fn difference(difference: Option<&Difference>) -> String {
    difference.map_or("–".to_owned(), |d| {
        let how = d.pairs.map_or("unpaired".to_owned(), |pairs| format!("{pairs} pairs"));
        format!("{}, {how}", interval(d.mean, d.lower, d.upper))
    })
}

fn interval(mean: f64, lower: f64, upper: f64) -> String {
    format!("{} [{}, {}]", short(mean), short(lower), short(upper))
}

fn changed(outcome: &Outcome, found: Option<&Difference>) -> Markup {
    let text = difference(found);
    html! {
        @if found.is_some_and(|found| outcome.is_different(found)) { b { (text) } } @else { (text) }
    }
}
