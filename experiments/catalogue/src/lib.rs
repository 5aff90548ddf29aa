#![doc = include_str!("../README.md")]

use backdraft_lab::{Entry, Listed};

mod group;
// What several experiments share.
mod initial_flow;
mod time_flow;
mod tournament;

pub use group::Group;

/// Declares the modules of experiments, and the lists in the same order.
macro_rules! experiments {
    ($($group:ident { $($module:ident::$experiment:ident,)* })*) => {
        $($(mod $module;)*)*

        /// Every experiment.
        pub const EXPERIMENTS: &[&dyn Entry] =
            &[$($(&Listed::<$module::$experiment>::new(),)*)*];

        /// The same by group.
        pub const GROUPS: &[(Group, &[&dyn Entry])] =
            &[$((Group::$group, &[$(&Listed::<$module::$experiment>::new(),)*]),)*];
    };
}

experiments! {
    SignalPropagation {
        sigmoid_vs_relu::SigmoidVsRelu,
        meanfield_chi::MeanfieldChi,
        tanh_algebraic::TanhAlgebraic,
        phase_diagram::PhaseDiagram,
        shattered_gradients::ShatteredGradients,
        finite_width::FiniteWidth,
        finite_width_interval::FiniteWidthInterval,
    }
    Activations {
        activations::Activations,
        saturation::Saturation,
        born_dead::BornDead,
        dead_relu::DeadRelu,
    }
    Initialisation {
        burn_default_init::BurnDefaultInit,
        glorot_variance::GlorotVariance,
        xavier_vs_he_depth::XavierVsHeDepth,
        early_layers::EarlyLayers,
        orthogonal::OrthogonalExperiment,
    }
    Normalisation {
        normalization_flow::NormalizationFlow,
        batch_norm_speed::BatchNormSpeed,
        layer_norm_recurrent::LayerNormRecurrent,
    }
    Skips {
        residual_flow::ResidualFlow,
        residual_init_cures::ResidualInitCures,
        degradation::Degradation,
    }
    Recurrence {
        sequence_length::SequenceLength,
        spectral_radius::SpectralRadius,
        forget_gate::ForgetGate,
        curse_of_memory::CurseOfMemory,
        temporal_order::TemporalOrder,
        copy_memory::CopyMemory,
        identity_rnn::IdentityRnn,
        sequential_digits::SequentialDigits,
    }
    Attention {
        norm_order::NormOrderExperiment,
        rank_collapse::RankCollapse,
    }
    Optimisers {
        optimizer_hides::OptimizerHides,
        adam_epsilon::AdamEpsilon,
        clipping::ClippingExperiment,
        open_problems::OpenProblems,
    }
    Precision {
        half_precision::HalfPrecision,
    }
    AnyNetwork {
        training::ZooTraining,
    }
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
    fn every_group_is_listed_once_with_all_its_experiments() {
        let names = |entries: &[&dyn Entry]| -> Vec<_> {
            entries.iter().map(|experiment| experiment.about().name).collect()
        };
        let grouped: Vec<_> = GROUPS.iter().flat_map(|(_, entries)| names(entries)).collect();
        assert_eq!(grouped, names(EXPERIMENTS));
        let groups: HashSet<_> = GROUPS.iter().map(|(group, _)| group.to_string()).collect();
        assert_eq!(groups.len(), GROUPS.len());
        assert!(GROUPS.iter().all(|(_, entries)| !entries.is_empty()));
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
    fn every_statement_can_be_read_alone() {
        for experiment in EXPERIMENTS {
            for claim in experiment.about().claims {
                let statement = claim.statement;
                let starts = ["It ", "They ", "This ", "So ", "Then "];
                let leans = starts.iter().any(|word| statement.starts_with(word))
                    || [" also ", " too", ", it ", " prevent it"]
                        .iter()
                        .any(|of| statement.contains(of));
                assert!(!leans, "{}: {statement}", experiment.about().name);
                assert!(statement.split_whitespace().count() > 2, "{statement}");
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
