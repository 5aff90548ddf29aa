//! What an observation reads of the taps.

use backdraft_rows::Subject;
use burn::tensor::{Gradients, Tensor};

use crate::attention::token_cosine;
use crate::parameters::ParameterPaths;
use crate::quantity::{Measured, Reads};
use crate::reader::{
    NumbersTicket, Reader, Readings, ShareTicket, SpreadTicket, SummaryTicket, wide,
};
use crate::selection::Filter;
use crate::spread::Spread;
use crate::summary::Summary;
use crate::taps::{TapName, TappedActivation, Taps};

/// What was tapped under one name, once for each pass whose gradients are accumulated.
pub(crate) struct TapGroup<'a> {
    subject: Subject,
    passes: Vec<&'a TappedActivation>,
}

/// Requested readings of one group.
pub(crate) struct TapTickets {
    subject: Subject,
    /// One for each pass, as are the gradients.
    activation: Vec<SummaryTicket>,
    gradient: Vec<SummaryTicket>,
    /// With the number of elements of each.
    saturated: Vec<(ShareTicket, f64)>,
    dead: Option<ShareTicket>,
    /// With the number of examples of each pass.
    cosine: Vec<(NumbersTicket, f64)>,
    spread: Vec<SpreadTicket>,
}

/// Requested readings of one attention.
pub(crate) struct AttentionTickets {
    subject: Subject,
    heads: usize,
    /// With the number of distributions over keys; one for each time that it was tapped.
    numbers: Vec<(NumbersTicket, f64)>,
}

/// Collects what passes the filter by subject, in the order of the first forward pass.
pub(crate) fn by_subject<'a>(
    taps: &'a Taps,
    filter: &Filter,
    paths: &ParameterPaths,
) -> Vec<TapGroup<'a>> {
    let mut groups: Vec<TapGroup<'_>> = Vec::with_capacity(taps.tapped().len());
    for seen in taps.tapped() {
        let subject = subject(seen.name(), paths);
        if !filter.accepts(subject.as_str()) {
            continue;
        }
        let earlier = groups.iter_mut().find(|group| {
            seen.pass() > 0 && group.subject == subject && group.is_continued_by(seen)
        });
        match earlier {
            Some(group) => group.passes.push(seen),
            None => groups.push(TapGroup { subject, passes: vec![seen] }),
        }
    }
    groups
}

fn subject(name: &TapName, paths: &ParameterPaths) -> Subject {
    match name {
        TapName::Told(subject) => subject.clone(),
        TapName::Layer { parameter, path, otherwise } => {
            let whole = paths.of(*parameter).map(Subject::as_str);
            let layer = whole.and_then(|whole| whole.strip_suffix(path.as_str()));
            let layer = layer.map(|layer| layer.trim_end_matches('.'));
            layer.filter(|layer| !layer.is_empty()).map_or(otherwise.clone(), Subject::from)
        }
    }
}

impl TapGroup<'_> {
    /// Tells whether `seen` is of a later pass than all others. If a name is tapped twice in a pass, the
    /// first of each pass belong together, and so do the second.
    fn is_continued_by(&self, seen: &TappedActivation) -> bool {
        self.passes.iter().all(|mine| mine.pass() < seen.pass() && mine.units() == seen.units())
    }

    pub(crate) fn read(
        self,
        reads: Reads,
        gradients: Option<&Gradients>,
        reader: &mut Reader,
    ) -> TapTickets {
        let mut tickets = TapTickets {
            subject: self.subject.clone(),
            activation: Vec::new(),
            gradient: Vec::new(),
            saturated: Vec::new(),
            dead: None,
            cosine: Vec::new(),
            spread: Vec::new(),
        };
        for seen in &self.passes {
            let activation = seen.activation();
            let elements = activation.shape().num_elements() as f64;
            if reads.saturation
                && let Some(share) = reader.saturated(activation.clone(), seen.nonlinearity())
            {
                tickets.saturated.push((share, elements));
            }
            if let Some(tokens) = seen.tokens().filter(|_| reads.token_cosine) {
                let examples = tokens.dims()[0] as f64;
                tickets.cosine.push((reader.numbers(token_cosine(wide(tokens))), examples));
            }
            if reads.activation_spread {
                tickets.spread.push(reader.spread(activation.clone()));
            }
            if let Some(detail) = reads.activation {
                tickets.activation.push(reader.summary(activation, detail));
            }
            if let Some((detail, gradient)) =
                reads.activation_gradient.zip(seen.gradient_of(gradients))
            {
                tickets.gradient.push(reader.summary(gradient, detail));
            }
        }
        if let Some(seen) = self.passes.first().filter(|_| reads.death) {
            tickets.dead = reader.dead(self.activations(), seen.nonlinearity());
        }
        tickets
    }

    /// The activation of the only pass, or the largest magnitude of each unit in each pass.
    fn activations(&self) -> Tensor<3> {
        if let [seen] = self.passes[..] {
            return seen.activation();
        }
        let largest = |seen: &&TappedActivation| seen.activation().abs().max_dim(0).max_dim(2);
        Tensor::cat(self.passes.iter().map(largest).collect(), 0) // [passes, units, 1]
    }
}

/// Requests readings of all tapped attention that passes the filter.
pub(crate) fn attention(
    taps: &Taps,
    filter: &Filter,
    paths: &ParameterPaths,
    reader: &mut Reader,
) -> Vec<AttentionTickets> {
    let mut all: Vec<AttentionTickets> = Vec::new();
    for (name, seen) in taps.attention() {
        let subject = subject(name, paths);
        if !filter.accepts(subject.as_str()) {
            continue;
        }
        let heads = seen.heads();
        let numbers = (reader.numbers(seen.clone().reductions()), seen.distributions() as f64);
        match all.iter_mut().find(|other| other.subject == subject && other.heads == heads) {
            Some(other) => other.numbers.push(numbers),
            None => all.push(AttentionTickets { subject, heads, numbers: vec![numbers] }),
        }
    }
    all
}

impl AttentionTickets {
    /// The attention with its largest logit, then its heads.
    pub(crate) fn measured(&self, readings: &Readings) -> Vec<(Subject, Measured)> {
        let whole: f64 = self.numbers.iter().map(|(_, count)| count).sum();
        let (mut attention_max_logit, mut entropies) = (None, vec![0.0; self.heads]);
        for (ticket, count) in &self.numbers {
            let numbers = readings.numbers(*ticket);
            let (logit, of_heads) = numbers.split_at(numbers.len() - self.heads);
            // Not `f64::max`, which would hide a NaN.
            let larger = |a: f64, b: f64| if a >= b { a } else { b };
            if let Some(logit) = logit.first() {
                attention_max_logit =
                    Some(attention_max_logit.map_or(*logit, |most| larger(most, *logit)));
            }
            let share = count / whole.max(1.0);
            entropies.iter_mut().zip(of_heads).for_each(|(sum, entropy)| *sum += share * entropy);
        }
        let whole = Measured { attention_max_logit, ..Measured::default() };
        let heads = entropies.iter().enumerate().map(|(head, entropy)| {
            let subject = Subject::from(format!("{}.heads.{head}", self.subject));
            (subject, Measured { attention_entropy: Some(*entropy), ..Measured::default() })
        });
        std::iter::once((self.subject.clone(), whole)).chain(heads).collect()
    }
}

impl TapTickets {
    fn token_cosine(&self, readings: &Readings) -> Option<f64> {
        let examples: f64 = self.cosine.iter().map(|(_, examples)| examples).sum();
        let of =
            |ticket: &NumbersTicket| readings.numbers(*ticket).first().copied().unwrap_or(f64::NAN);
        let sum: f64 = self.cosine.iter().map(|(ticket, n)| of(ticket) * n).sum();
        (examples > 0.0).then(|| sum / examples)
    }

    fn spread(&self, readings: &Readings) -> Option<Spread> {
        let spreads = self.spread.iter().map(|ticket| readings.spread(*ticket).clone());
        spreads.reduce(|all, more| all.merge(&more))
    }

    pub(crate) fn subject(&self) -> &Subject {
        &self.subject
    }

    pub(crate) fn measured(&self, readings: &Readings) -> Measured {
        let merged = |tickets: &[SummaryTicket]| -> Option<Summary> {
            let summaries = tickets.iter().map(|ticket| readings.summary(*ticket).clone());
            summaries.reduce(|all, more| all.merge(&more))
        };
        let saturated = match self.saturated[..] {
            [] => None,
            [(share, _)] => Some(readings.share(share)),
            ref shares => {
                let elements: f64 = shares.iter().map(|(_, elements)| elements).sum();
                let all: f64 = shares.iter().map(|(share, n)| readings.share(*share) * n).sum();
                Some(all / elements.max(1.0))
            }
        };
        Measured {
            activation: merged(&self.activation),
            activation_gradient: merged(&self.gradient),
            saturated_share: saturated,
            token_cosine: self.token_cosine(readings),
            activation_spread: self.spread(readings),
            dead_share: self.dead.map(|ticket| readings.share(ticket)),
            ..Measured::default()
        }
    }
}
