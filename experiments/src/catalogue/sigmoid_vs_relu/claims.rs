//! What is claimed, and by which rule it will be judged.
//!
//! The rules are constants of the source, so that nobody can choose one after seeing the data.

use crate::experiment::Claim;

pub(super) const SIGMOID_SHRINKS: Claim = Claim {
    id: "sigmoid-shrinks",
    statement: "In a sigmoid net ∂L/∂h shrinks geometrically towards the input.",
    rule: "At initialisation, at the flow depth, fit ln ‖∂L/∂h‖ against the layer for each seed. \
           Supported if the 95 % interval of the mean factor per layer lies below 0.5 and every \
           fit has R² ≥ 0.95; refuted if the interval lies above 0.5.",
};

pub(super) const FACTOR_IS_MEAN_FIELD: Claim = Claim {
    id: "factor-is-mean-field",
    statement: "The sigmoid net's factor per layer under Xavier is the mean-field value √χ.",
    rule: "Two one-sided tests on ln factor over seeds: supported if the 90 % interval lies within \
           5 % of √χ, refuted if it lies outside.",
};

pub(super) const FACTOR_BELOW_QUARTER: Claim = Claim {
    id: "factor-below-quarter",
    statement: "The sigmoid net's factor per layer stays below 1/4, the bound of its derivative.",
    rule: "Supported if the 95 % interval of the mean factor lies below 0.25, refuted if above. \
           (1/4 bounds the derivative; the factor also holds the weights, so this is no theorem.)",
};

pub(super) const RELU_SHRINKS_LESS: Claim = Claim {
    id: "relu-shrinks-less",
    statement: "In a ReLU net with the same initialiser ∂L/∂h shrinks much less per layer.",
    rule: "Ratio of the factors per layer, ReLU over sigmoid, paired by seed. Supported if its \
           95 % interval lies above 2, refuted if below 2.",
};

pub(super) const WEIGHTS_HIDE_LESS: Claim = Claim {
    id: "weight-gradients-tell",
    statement: "The norms of the weight gradients show the sigmoid net's vanishing as clearly as \
                ∂L/∂h does.",
    rule: "Ratio of the factors per layer, ∂L/∂W over ∂L/∂h, paired by seed, sigmoid net. \
           Supported if the 95 % interval lies within [1/1.1, 1.1], refuted if outside.",
};

pub(super) const RELU_FASTER_SGD: Claim = Claim {
    id: "relu-faster-sgd",
    statement: "Under SGD, at depth 3, ReLU reaches the target accuracy in fewer steps.",
    rule: "Ratio of steps, sigmoid over ReLU, paired by seed; a run that never arrives counts as \
           arriving at the end, which understates the ratio. Supported if the 95 % interval of the \
           geometric mean lies above 1.1, refuted if below 1 / 1.1 or if ReLU never arrives and \
           sigmoid always does.",
};

pub(super) const RELU_FASTER_ADAM: Claim = Claim {
    id: "relu-faster-adam",
    statement: "Under Adam, at depth 3, ReLU reaches the target accuracy in fewer steps.",
    rule: "As under SGD.",
};

pub(super) const SGD_SIGMOID_STUCK: Claim = Claim {
    id: "sgd-sigmoid-stuck",
    statement: "Under SGD the sigmoid net of depth 3 does not learn.",
    rule: "Supported if the 95 % interval of its final test accuracy lies below 0.6, refuted if \
           above 0.6; chance is 0.5.",
};

pub(super) const ADAM_SIGMOID_LEARNS: Claim = Claim {
    id: "adam-sigmoid-learns",
    statement: "Under Adam the same net learns.",
    rule: "Supported if the 95 % interval of its final test accuracy lies above the target \
           accuracy, refuted if below 0.6.",
};

pub(super) const ADAM_HAS_A_LIMIT: Claim = Claim {
    id: "adam-has-a-limit",
    statement: "Beyond some depth Adam no longer saves the sigmoid net.",
    rule: "Supported if at depth 3 the 95 % interval of the final test accuracy lies above the \
           target and at a greater depth below 0.6; refuted if at every depth, of which one must be \
           20 or more, it lies above 0.6.",
};

pub(super) const HE_KEEPS_LEVEL: Claim = Claim {
    id: "he-keeps-level",
    statement: "He's initialiser keeps ∂L/∂h of the deep ReLU net level; Xavier's halves its square.",
    rule: "Two one-sided tests on ln factor over seeds, for both initialisers, against 1 and √½ \
           within 10 %: width 64 makes single nets fluctuate by 3 % per layer. Supported if both \
           are equal to theory, refuted if either lies outside.",
};

pub(super) const HE_TRAINS_DEEP: Claim = Claim {
    id: "he-trains-deep",
    statement: "At the greatest depth He's initialiser makes the ReLU net learn where Xavier's does \
                not, under Adam.",
    rule: "Difference of final test accuracy, He − Xavier, paired by seed. Supported if its 95 % \
           interval lies above 0.1, refuted if below 0.1; not judged at less than 20 layers.",
};

/// All of them, in the order of the report.
pub(super) const CLAIMS: &[Claim] = &[
    SIGMOID_SHRINKS,
    FACTOR_IS_MEAN_FIELD,
    FACTOR_BELOW_QUARTER,
    RELU_SHRINKS_LESS,
    WEIGHTS_HIDE_LESS,
    RELU_FASTER_SGD,
    RELU_FASTER_ADAM,
    SGD_SIGMOID_STUCK,
    ADAM_SIGMOID_LEARNS,
    ADAM_HAS_A_LIMIT,
    HE_KEEPS_LEVEL,
    HE_TRAINS_DEEP,
];
