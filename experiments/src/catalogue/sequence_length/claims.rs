//! What is claimed of gradients through time, and by which rule it will be judged.

use crate::experiment::Claim;

pub(super) const RNN_SHRINKS: Claim = Claim {
    id: "rnn-shrinks",
    statement: "In a tanh RNN ‖∂L/∂h_t‖ shrinks geometrically with the lag T − t.",
    rule: "At initialisation, with orthogonal recurrent weights of gain 1, fit ln ‖∂L/∂h_t‖ against \
           the lag for each seed. Supported if the 95 % interval of the mean factor per step lies \
           below 0.95 and every fit has R² ≥ 0.95; refuted if the interval lies above 0.95.",
};

pub(super) const LSTM_SHRINKS_LESS: Claim = Claim {
    id: "lstm-shrinks-less",
    statement: "As it starts, with forget bias 1, an LSTM's ‖∂L/∂h_t‖ shrinks less per step than the \
                RNN's.",
    rule: "Ratio of the factors per step, LSTM over RNN, paired by seed. Supported if its 95 % \
           interval lies above 1.05, refuted if below 1.05.",
};

pub(super) const MEMORY_IS_FORGET_GATE: Claim = Claim {
    id: "memory-is-forget-gate",
    statement: "An LSTM's ‖∂L/∂c_t‖ shrinks by σ(b) per step, b being the forget gate's bias.",
    rule: "Two one-sided tests on ln factor over seeds at b = 0, 1, 3 and 5: supported if every 90 % \
           interval lies within 5 % of σ(b), refuted if one lies outside. (The gate also reads input \
           and state, and the gradient has other paths: this is no theorem.)",
};

pub(super) const GATE_ALONE: Claim = Claim {
    id: "gate-alone",
    statement: "Without recurrent weights, so that the gate is the only path, it does.",
    rule: "As before, with U = 0.",
};

pub(super) const CHRONO_REACHES_BACK: Claim = Claim {
    id: "chrono-reaches-back",
    statement: "With chrono initialisation for T steps, at least a tenth of ‖∂L/∂c_T‖ reaches the \
                first step; with forget bias 1 it does not.",
    rule: "Ratio ‖∂L/∂c_1‖ / ‖∂L/∂c_T‖. Supported if the 95 % interval of its geometric mean lies \
           above 0.1 with chrono initialisation and below 0.1 with forget bias 1; refuted if the \
           first lies below or the second above.",
};

pub(super) const RATE_IS_CONSTANT: Claim = Claim {
    id: "rate-is-constant",
    statement: "The factor per step is a property of the cell: from 100 to 1,000 steps it does not change, \
                for RNN, LSTM and GRU.",
    rule: "Ratio of the factors per step, longest over second longest sequence, paired by seed; two \
           one-sided tests on its logarithm: supported if every 90 % interval lies within 1 % of 1, \
           refuted if one lies outside.",
};

pub(super) const RNN_MEAN_FIELD: Claim = Claim {
    id: "rnn-mean-field",
    statement: "The RNN's is √(E tanh′²), as mean-field theory says of as many layers with weights of \
                their own.",
    rule: "Two one-sided tests on ln factor over seeds: supported if the 90 % interval lies within 5 % of \
           theory, refuted if outside.",
};

pub(super) const LSTM_LEARNS: Claim = Claim {
    id: "lstm-learns",
    statement: "The LSTM solves the adding problem at the longest length.",
    rule: "At its best learning rate; a seed solves it if the test error falls below a tenth of 1/6, which \
           predicting the mean has. Supported if the exact 95 % interval of the share of seeds lies above \
           1/2, refuted if below.",
};

pub(super) const GRU_LEARNS: Claim =
    Claim { id: "gru-learns", statement: "The GRU solves it too.", rule: "As for the LSTM." };

pub(super) const RNN_DOES_NOT_LEARN: Claim = Claim {
    id: "rnn-does-not-learn",
    statement: "The tanh RNN, trained in the same way, does not.",
    rule: "Supported if the interval lies below 1/2, refuted if above.",
};

pub(super) const SHORT_IS_EASY: Claim = Claim {
    id: "short-is-easy",
    statement: "At the shortest length the RNN learns as well: it is the length that it fails at.",
    rule: "As for the LSTM.",
};

pub(super) const GRU_SOONER: Claim = Claim {
    id: "gru-learns-sooner",
    statement: "At the longest length the GRU takes fewer steps than the LSTM.",
    rule: "Supported if the log-rank test finds it quicker at 5 % and the LSTM's mean time is at least 1.2 \
           times its own; refuted if slower, or if the 95 % interval of the ratio lies below 1.2.",
};

/// All of them, in the order of the report.
pub(super) const CLAIMS: &[Claim] = &[
    RNN_SHRINKS,
    RATE_IS_CONSTANT,
    RNN_MEAN_FIELD,
    LSTM_SHRINKS_LESS,
    MEMORY_IS_FORGET_GATE,
    GATE_ALONE,
    CHRONO_REACHES_BACK,
    LSTM_LEARNS,
    GRU_LEARNS,
    RNN_DOES_NOT_LEARN,
    SHORT_IS_EASY,
    GRU_SOONER,
];
