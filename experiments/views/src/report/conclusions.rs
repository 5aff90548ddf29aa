//! The top of a report: what was asked, and what came out.

use backdraft_record::{About, Manifest, Results};
use backdraft_text::{number, p_value};
use backdraft_verdicts::{Effect, Ruling, Verdict};
use maud::{Markup, html};

use super::answer::answer;
use crate::page::prose;

/// The experiment with its question.
pub(super) fn header(about: &About, manifest: &Manifest) -> Markup {
    html! {
        header {
            p class="soft" {
                "Backdraft · " span class="path" { (about.name) } " · preset " (manifest.preset)
                " · run " span class="path" { (manifest.id) }
            }
            h1 { (about.title) }
            p { (prose(about.question)) }
        }
    }
}

/// The answer in two sentences; nothing before there are verdicts.
pub(super) fn answered(manifest: &Manifest) -> Markup {
    html! {
        @if let Some(answer) = answer(&manifest.verdicts) {
            section aria-labelledby="answer-title" {
                h2 id="answer-title" class="visually-hidden" { "Answer" }
                p class="answer" { (prose(&answer)) }
            }
        }
    }
}

/// The verdicts, or how far the run has come.
pub(super) fn verdicts(manifest: &Manifest, results: &Results) -> Markup {
    let (done, all) = (results.trials().len(), manifest.trials);
    html! {
        section aria-labelledby="verdicts" {
            h2 id="verdicts" { "Verdicts" }
            @if done < all {
                p { (done) " of " (all) " trials are done; go on with:" }
                pre { (manifest.command) }
            }
            @if !manifest.verdicts.is_empty() { p class="soft" { (counts(&manifest.verdicts)) } }
            ul class="verdicts" { @for verdict in &manifest.verdicts { (entry(verdict)) } }
        }
    }
}

fn counts(verdicts: &[Verdict]) -> String {
    let count = |ruling| verdicts.iter().filter(|verdict| verdict.ruling == ruling).count();
    let [supported, refuted, inconclusive] =
        [Ruling::Supported, Ruling::Refuted, Ruling::Inconclusive].map(count);
    format!(
        "{} claims: {supported} supported, {refuted} refuted, {inconclusive} inconclusive.",
        verdicts.len()
    )
}

fn entry(verdict: &Verdict) -> Markup {
    let ruling = verdict.ruling.to_string();
    let sign = match verdict.ruling {
        Ruling::Supported => "✓",
        Ruling::Refuted => "✗",
        Ruling::Inconclusive => "?",
    };
    html! {
        li class=(ruling) {
            span class="ruling" { span aria-hidden="true" { (sign) " " } (ruling) } " "
            (prose(&verdict.statement))
            @if let Some(effect) = &verdict.effect {
                div {
                    (measured(effect)) ", " (verdict.seeds) " seeds"
                    @if let Some(p) = verdict.p_value { ", p = " (p_value(p)) }
                }
            }
            details {
                summary { "Rule and evidence" }
                p { "Rule, fixed beforehand: " (prose(&verdict.rule)) }
                @if !verdict.evidence.is_empty() { p { "Seen: " (prose(&verdict.evidence)) } }
            }
        }
    }
}

/// An effect with its interval, in words.
pub fn measured(effect: &Effect) -> String {
    let interval = effect
        .interval
        .map_or(String::new(), |(low, high)| format!(" [{}, {}]", number(low), number(high)));
    format!("{}: {}{interval}", effect.name, number(effect.estimate))
}
