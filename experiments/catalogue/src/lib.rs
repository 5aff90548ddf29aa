#![doc = include_str!("../README.md")]

use backdraft_lab::{Entry, Listed};

// What several experiments share.
mod initial_flow;
mod time_flow;
mod tournament;

/// Declares the modules of experiments, and the list in the same order.
macro_rules! experiments {
    ($($module:ident::$experiment:ident,)*) => {
        $(mod $module;)*

        /// Every experiment.
        pub const EXPERIMENTS: &[&dyn Entry] =
            &[$(&Listed::<$module::$experiment>::new(),)*];
    };
}

experiments! {
    sigmoid_vs_relu::SigmoidVsRelu,
    sequence_length::SequenceLength,
    meanfield_chi::MeanfieldChi,
    burn_default_init::BurnDefaultInit,
    tanh_algebraic::TanhAlgebraic,
    glorot_variance::GlorotVariance,
    phase_diagram::PhaseDiagram,
    activations::Activations,
    xavier_vs_he_depth::XavierVsHeDepth,
    early_layers::EarlyLayers,
    saturation::Saturation,
    orthogonal::OrthogonalExperiment,
    normalization_flow::NormalizationFlow,
    residual_flow::ResidualFlow,
    residual_init_cures::ResidualInitCures,
    shattered_gradients::ShatteredGradients,
    finite_width::FiniteWidth,
    finite_width_interval::FiniteWidthInterval,
    born_dead::BornDead,
    dead_relu::DeadRelu,
    norm_order::NormOrderExperiment,
    degradation::Degradation,
    batch_norm_speed::BatchNormSpeed,
    optimizer_hides::OptimizerHides,
    open_problems::OpenProblems,
    spectral_radius::SpectralRadius,
    forget_gate::ForgetGate,
    clipping::ClippingExperiment,
    layer_norm_recurrent::LayerNormRecurrent,
    temporal_order::TemporalOrder,
    copy_memory::CopyMemory,
    identity_rnn::IdentityRnn,
    sequential_digits::SequentialDigits,
    training::ZooTraining,
}

/// Finds an experiment by its name.
pub fn experiment(name: &str) -> Option<&'static dyn Entry> {
    EXPERIMENTS.iter().copied().find(|experiment| experiment.about().name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use backdraft_record::Preset;
    use backdraft_record::Results;
    use backdraft_text::Named;
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
            for (preset, ..) in Preset::ALL {
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
                assert_eq!(verdict.ruling, backdraft_verdicts::Ruling::Inconclusive, "{verdict:?}");
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
