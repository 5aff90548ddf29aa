//! The experiments and their only list.

mod activations;
mod batch_norm_speed;
mod born_dead;
mod burn_default_init;
mod clipping;
mod copy_memory;
mod dead_relu;
mod degradation;
mod early_layers;
mod finite_width;
mod finite_width_interval;
mod forget_gate;
mod glorot_variance;
mod identity_rnn;
mod initial_flow;
mod layer_norm_recurrent;
mod meanfield_chi;
mod norm_order;
mod normalization_flow;
mod open_problems;
mod optimizer_hides;
mod orthogonal;
mod phase_diagram;
mod residual_flow;
mod residual_init_cures;
mod saturation;
mod sequence_length;
mod sequential_digits;
mod shattered_gradients;
mod sigmoid_vs_relu;
mod spectral_radius;
mod tanh_algebraic;
mod temporal_order;
mod time_flow;
mod tournament;
mod training;
mod xavier_vs_he_depth;

use crate::experiment::{Entry, Listed};
use activations::Activations;
use batch_norm_speed::BatchNormSpeed;
use born_dead::BornDead;
use burn_default_init::BurnDefaultInit;
use clipping::ClippingExperiment;
use copy_memory::CopyMemory;
use dead_relu::DeadRelu;
use degradation::Degradation;
use early_layers::EarlyLayers;
use finite_width::FiniteWidth;
use finite_width_interval::FiniteWidthInterval;
use forget_gate::ForgetGate;
use glorot_variance::GlorotVariance;
use identity_rnn::IdentityRnn;
use layer_norm_recurrent::LayerNormRecurrent;
use meanfield_chi::MeanfieldChi;
use norm_order::NormOrderExperiment;
use normalization_flow::NormalizationFlow;
use open_problems::OpenProblems;
use optimizer_hides::OptimizerHides;
use orthogonal::OrthogonalExperiment;
use phase_diagram::PhaseDiagram;
use residual_flow::ResidualFlow;
use residual_init_cures::ResidualInitCures;
use saturation::Saturation;
use sequence_length::SequenceLength;
use sequential_digits::SequentialDigits;
use shattered_gradients::ShatteredGradients;
use sigmoid_vs_relu::SigmoidVsRelu;
use spectral_radius::SpectralRadius;
use tanh_algebraic::TanhAlgebraic;
use temporal_order::TemporalOrder;
use training::ZooTraining;
use xavier_vs_he_depth::XavierVsHeDepth;

/// Every experiment.
pub const EXPERIMENTS: &[&dyn Entry] = &[
    &Listed::<SigmoidVsRelu>::new(),
    &Listed::<SequenceLength>::new(),
    &Listed::<MeanfieldChi>::new(),
    &Listed::<BurnDefaultInit>::new(),
    &Listed::<TanhAlgebraic>::new(),
    &Listed::<GlorotVariance>::new(),
    &Listed::<PhaseDiagram>::new(),
    &Listed::<Activations>::new(),
    &Listed::<XavierVsHeDepth>::new(),
    &Listed::<EarlyLayers>::new(),
    &Listed::<Saturation>::new(),
    &Listed::<OrthogonalExperiment>::new(),
    &Listed::<NormalizationFlow>::new(),
    &Listed::<ResidualFlow>::new(),
    &Listed::<ResidualInitCures>::new(),
    &Listed::<ShatteredGradients>::new(),
    &Listed::<FiniteWidth>::new(),
    &Listed::<FiniteWidthInterval>::new(),
    &Listed::<BornDead>::new(),
    &Listed::<DeadRelu>::new(),
    &Listed::<NormOrderExperiment>::new(),
    &Listed::<Degradation>::new(),
    &Listed::<BatchNormSpeed>::new(),
    &Listed::<OptimizerHides>::new(),
    &Listed::<OpenProblems>::new(),
    &Listed::<SpectralRadius>::new(),
    &Listed::<ForgetGate>::new(),
    &Listed::<ClippingExperiment>::new(),
    &Listed::<LayerNormRecurrent>::new(),
    &Listed::<TemporalOrder>::new(),
    &Listed::<CopyMemory>::new(),
    &Listed::<IdentityRnn>::new(),
    &Listed::<SequentialDigits>::new(),
    &Listed::<ZooTraining>::new(),
];

/// Finds an experiment by its name.
pub fn experiment(name: &str) -> Option<&'static dyn Entry> {
    EXPERIMENTS.iter().copied().find(|experiment| experiment.about().name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Preset;
    use crate::results::Results;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_fit_for_a_command_line() {
        let mut seen = HashSet::new();
        for experiment in EXPERIMENTS {
            let name = experiment.about().name;
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
            assert!(seen.insert(name), "{name} listed twice");
        }
    }

    #[test]
    fn every_experiment_states_sources_and_rules_and_has_at_least_five_seeds() {
        for experiment in EXPERIMENTS {
            let about = experiment.about();
            assert!(!about.sources.is_empty() && !about.claims.is_empty(), "{}", about.name);
            for preset in Preset::ALL {
                let settings = experiment.settings(*preset, &[]).unwrap();
                let prepared = experiment.prepare(&settings).unwrap();
                assert!(prepared.seeds().count() >= 5, "{} {preset}", about.name);
            }
        }
    }

    #[test]
    fn every_claim_gets_one_verdict_and_without_data_none_is_decided() {
        for experiment in EXPERIMENTS {
            let settings = experiment.settings(Preset::Quick, &[]).unwrap();
            let verdicts = experiment.prepare(&settings).unwrap().judge(&Results::default());
            let judged: Vec<_> = verdicts.iter().map(|verdict| verdict.claim.as_str()).collect();
            let claims: Vec<_> = experiment.about().claims.iter().map(|claim| claim.id).collect();
            assert_eq!(judged, claims, "{}", experiment.about().name);
            for verdict in verdicts {
                assert_eq!(verdict.ruling, crate::verdict::Ruling::Inconclusive, "{verdict:?}");
            }
        }
    }

    #[test]
    fn trial_names_are_unique() {
        for experiment in EXPERIMENTS {
            let settings = experiment.settings(Preset::Quick, &[]).unwrap();
            let trials = experiment.prepare(&settings).unwrap().trials().unwrap();
            let names: HashSet<_> = trials.iter().map(|trial| trial.name()).collect();
            assert_eq!(names.len(), trials.len(), "{}", experiment.about().name);
        }
    }
}
