//! A page that shows runs side by side.

use backdraft_record::{Picture, Series};
use backdraft_text::number;
use backdraft_verdicts::statistics::Difference;
use maud::{Markup, html};
use serde::Serialize;

use super::{Compared, Comparison, Mean, Outcome};
use crate::page::{LineChart, Page, prose};
use crate::report::measured;

#[derive(Serialize)]
struct Data<'a> {
    /// Pictures that stand beside each other share their axes.
    pictures: Vec<Vec<LineChart<'a>>>,
}

/// Returns the page.
///
/// # Errors
///
/// The serialiser's, if the data have no form in JSON.
pub fn page(comparison: &Comparison, runs: &[Compared]) -> Result<String, serde_json::Error> {
    let pictures = shared_pictures(runs);
    let body = html! {
        header {
            p class="soft" { "Backdraft · " span class="path" { (comparison.experiment) } }
            h1 { "Comparison of " (runs.len()) " runs" }
        }
        main {
            (heads(runs))
            (section("settings", "What was different", &settings(comparison)))
            (section("verdicts", "Verdicts", &claims(comparison)))
            (section("pictures-title", "Pictures", &html! {
                div id="pictures" {
                    @for alike in &pictures { div class="charts" { @for _ in alike { figure {} } } }
                }
            }))
            (section("quantities", "Quantities at the end", &outcomes(comparison)))
        }
    };
    let title = format!("Comparison: {}", comparison.experiment);
    let pictures = pictures.iter().map(|alike| alike.iter().map(LineChart::from).collect());
    let data = Data { pictures: pictures.collect() };
    Page { title: &title, body, script: include_str!("page.js") }.to_html(&data)
}

/// The letter by which a run is called.
pub fn letter(index: usize) -> String {
    let letter = |i: usize| char::from(b'A' + (i % 26) as u8);
    if index < 26 {
        letter(index).to_string()
    } else {
        format!("{}{}", letter(index / 26 - 1), letter(index))
    }
}

/// Lines of all runs that fit into one picture: as many as there are colours.
const MOST_LINES: usize = 7;

/// Pictures of the first run with those of the others: the lines of all in one, or one beside the other
/// where there are too many.
fn shared_pictures(runs: &[Compared]) -> Vec<Vec<Picture>> {
    let of = |picture: &Picture| {
        let same =
            |run: &Compared| run.pictures.iter().find(|other| other.name == picture.name).cloned();
        let all = runs.iter().enumerate();
        let alike: Vec<(String, Picture)> =
            all.filter_map(|(index, run)| Some((letter(index), same(run)?))).collect();
        let lines = alike.iter().flat_map(|(_, picture)| &picture.series);
        if lines.count() <= MOST_LINES {
            return vec![overlaid(picture, &alike)];
        }
        let titled = |(letter, picture): (String, Picture)| Picture {
            title: format!("{letter}: {}", picture.title),
            ..picture
        };
        alike.into_iter().map(titled).collect()
    };
    runs[0].pictures.iter().map(of).collect()
}

fn overlaid(first: &Picture, alike: &[(String, Picture)]) -> Picture {
    let series = alike.iter().flat_map(|(letter, picture)| {
        let labelled = move |series: &Series| Series {
            label: format!("{letter}: {}", series.label),
            ..series.clone()
        };
        picture.series.iter().map(labelled)
    });
    Picture { series: series.collect(), ..first.clone() }
}

fn section(id: &str, title: &str, content: &Markup) -> Markup {
    html! { section aria-labelledby=(id) { h2 id=(id) { (title) } (content) } }
}

fn heads(runs: &[Compared]) -> Markup {
    html! {
        div class="scrolling" tabindex="0" {
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
        @if comparison.settings.is_empty() { p { "Nothing." } } @else {
            div class="scrolling" tabindex="0" {
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
        div class="scrolling" tabindex="0" {
            table {
                tr { th scope="col" { "claim" } (letters(comparison.runs.len())) }
                @for claim in &comparison.claims {
                    tr {
                        th scope="row" class="claim" { (prose(&claim.statement)) }
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
        p class="soft" {
            "Means over seeds with 95 % intervals; differences from A, paired by seed where seeds are \
             the same. Bold: the interval leaves out that there is none."
        }
        @if comparison.unmatched > 0 { p { (comparison.unmatched) " variants are not in all runs." } }
        @for alike in comparison.outcomes.chunk_by(same) {
            h3 { (alike[0].quantity) }
            div class="scrolling" tabindex="0" {
                table class="numbers" {
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
pub fn estimate(mean: Option<&Mean>) -> String {
    mean.map_or("–".to_owned(), |e| interval(e.mean, e.lower, e.upper))
}

/// A difference with its interval, in words.
pub fn difference(difference: Option<&Difference>) -> String {
    difference.map_or("–".to_owned(), |d| {
        let how = d.pairs.map_or("unpaired".to_owned(), |pairs| format!("{pairs} pairs"));
        format!("{}, {how}", interval(d.mean, d.lower, d.upper))
    })
}

fn interval(mean: f64, lower: f64, upper: f64) -> String {
    format!("{} [{}, {}]", number(mean), number(lower), number(upper))
}

fn changed(outcome: &Outcome, found: Option<&Difference>) -> Markup {
    let text = difference(found);
    html! {
        @if found.is_some_and(|found| outcome.is_different(found)) { b { (text) } } @else { (text) }
    }
}
