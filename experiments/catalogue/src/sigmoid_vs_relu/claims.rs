//! The statements of the experiment and the rules that judge them.
//!
//! The rules are constants in the source, fixed before any data are seen.

use backdraft_verdicts::Statement;

pub(super) const SIGMOID_SHRINKS: Statement = Statement {
    id: "sigmoid-shrinks",
    statement: "In a deep sigmoid net, ‖∂L/∂h‖ shrinks geometrically towards the input.",
    rule: "At initialisation, at `flow_depth` layers, ln ‖∂L/∂h‖ is fitted against the layer for \
           each seed. Supported if the 95 % interval of the mean factor per layer lies below 0.5 \
           and every fit has R² ≥ 0.95; refuted if the interval lies above 0.5.",
};

pub(super) const FACTOR_IS_MEAN_FIELD: Statement = Statement {
    id: "factor-is-mean-field",
    statement: "With Xavier initialisation, a sigmoid net's factor per layer is the mean-field \
                value √χ.",
    rule: "Two one-sided tests on ln factor over seeds: supported if the 90 % interval lies within \
           5 % of √χ, refuted if it lies outside.",
};

pub(super) const FACTOR_BELOW_QUARTER: Statement = Statement {
    id: "factor-below-quarter",
    statement: "A sigmoid net's factor per layer stays below 1/4, the maximum of its derivative.",
    rule: "Supported if the 95 % interval of the mean factor lies below 0.25, refuted if above. \
           (1/4 bounds the derivative; the factor also contains the weights, so this is not a \
           theorem.)",
};

pub(super) const RELU_SHRINKS_LESS: Statement = Statement {
    id: "relu-shrinks-less",
    statement: "With the same initialiser, ∂L/∂h shrinks much less per layer in a ReLU net than in \
                a sigmoid net.",
    rule: "Ratio of the factors per layer, ReLU over sigmoid, paired by seed. Supported if its \
           95 % interval lies above 2, refuted if below 2.",
};

pub(super) const WEIGHTS_HIDE_LESS: Statement = Statement {
    id: "weight-gradients-tell",
    statement: "The norms of the weight gradients show a sigmoid net's vanishing gradient as \
                clearly as ∂L/∂h does.",
    rule: "Ratio of the factors per layer, ∂L/∂W over ∂L/∂h, paired by seed, in the sigmoid net. \
           Supported if the 95 % interval lies within [1/1.1, 1.1], refuted if outside.",
};

pub(super) const RELU_FASTER_SGD: Statement = Statement {
    id: "relu-faster-sgd",
    statement: "Under SGD, at depth 3, a ReLU net reaches the target accuracy in fewer steps than \
                a sigmoid net.",
    rule: "Ratio of steps, sigmoid over ReLU, paired by seed; a run that never reaches the target \
           counts as reaching it at the last step, which understates the ratio. Supported if the \
           95 % interval of the geometric mean lies above 1.1; refuted if below 1 / 1.1, or if \
           ReLU never reaches the target and sigmoid always does.",
};

pub(super) const RELU_FASTER_ADAM: Statement = Statement {
    id: "relu-faster-adam",
    statement: "Under Adam, at depth 3, a ReLU net reaches the target accuracy in fewer steps than \
                a sigmoid net.",
    rule: "The same rule as under SGD.",
};

pub(super) const SGD_SIGMOID_STUCK: Statement = Statement {
    id: "sgd-sigmoid-stuck",
    statement: "Under SGD, a sigmoid net of depth 3 does not learn.",
    rule: "Supported if the 95 % interval of its final test accuracy lies below 0.6, refuted if \
           above 0.6; chance is 0.5.",
};

pub(super) const ADAM_SIGMOID_LEARNS: Statement = Statement {
    id: "adam-sigmoid-learns",
    statement: "Under Adam, a sigmoid net of depth 3 learns.",
    rule: "Supported if the 95 % interval of its final test accuracy lies above the target \
           accuracy, refuted if below 0.6.",
};

pub(super) const ADAM_HAS_A_LIMIT: Statement = Statement {
    id: "adam-has-a-limit",
    statement: "Beyond some depth, a sigmoid net does not learn even under Adam.",
    rule: "Supported if the 95 % interval of the final test accuracy lies above the target at \
           depth 3 and below 0.6 at a greater depth; refuted if it lies above 0.6 at every depth, \
           at least one of which must be 20 or more.",
};

pub(super) const HE_KEEPS_LEVEL: Statement = Statement {
    id: "he-keeps-level",
    statement: "In a deep ReLU net, He initialisation keeps ‖∂L/∂h‖ constant across layers; \
                Xavier's halves its square per layer.",
    rule: "Two one-sided tests on ln factor over seeds, for both initialisers, against 1 and √½ \
           within 10 % (at width 64, single nets fluctuate by 3 % per layer). Supported if both \
           agree with theory, refuted if either lies outside.",
};

pub(super) const HE_TRAINS_DEEP: Statement = Statement {
    id: "he-trains-deep",
    statement: "At the greatest depth and under Adam, a ReLU net learns with He initialisation but \
                not with Xavier's.",
    rule: "Difference of final test accuracy, He − Xavier, paired by seed. Supported if its 95 % \
           interval lies above 0.1, refuted if below 0.1; not judged at fewer than 20 layers.",
};

/// All statements, in the order of the report.
pub(super) const CLAIMS: &[Statement] = &[
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
