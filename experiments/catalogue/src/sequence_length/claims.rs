//! The statements about gradients through time and the rules that judge them.

use backdraft_verdicts::Statement;

pub(super) const RNN_SHRINKS: Statement = Statement {
    id: "rnn-shrinks",
    statement: "In a tanh RNN, ‖∂L/∂h_t‖ shrinks geometrically with the lag T − t.",
    rule: "At initialisation, with orthogonal recurrent weights of gain 1, ln ‖∂L/∂h_t‖ is fitted \
           against the lag for each seed. Supported if the 95 % interval of the mean factor per \
           step lies below 0.95 and every fit has R² ≥ 0.95; refuted if the interval lies above \
           0.95.",
};

pub(super) const LSTM_SHRINKS_LESS: Statement = Statement {
    id: "lstm-shrinks-less",
    statement: "At initialisation, with forget bias 1, ‖∂L/∂h_t‖ shrinks less per step in an LSTM \
                than in a tanh RNN.",
    rule: "Ratio of the factors per step, LSTM over RNN, paired by seed. Supported if its 95 % \
           interval lies above 1.05, refuted if below 1.05.",
};

pub(super) const MEMORY_IS_FORGET_GATE: Statement = Statement {
    id: "memory-is-forget-gate",
    statement: "In an LSTM, ‖∂L/∂c_t‖ shrinks by σ(b) per step, where b is the forget gate's bias.",
    rule: "Two one-sided tests on ln factor over seeds at b = 0, 1, 3 and 5: supported if every \
           90 % interval lies within 5 % of σ(b), refuted if one lies outside. (The gate also reads \
           input and state, and the gradient has other paths, so this is not a theorem.)",
};

pub(super) const GATE_ALONE: Statement = Statement {
    id: "gate-alone",
    statement: "In an LSTM without recurrent weights, where the forget gate is the only path, \
                ‖∂L/∂c_t‖ shrinks by σ(b) per step.",
    rule: "With recurrent weights U = 0, two one-sided tests on ln factor over seeds at b = 0, 1, \
           3 and 5: supported if every 90 % interval lies within 5 % of σ(b), refuted if one lies \
           outside.",
};

pub(super) const CHRONO_REACHES_BACK: Statement = Statement {
    id: "chrono-reaches-back",
    statement: "With chrono initialisation for T steps, at least a tenth of an LSTM's ‖∂L/∂c_T‖ \
                reaches the first step; with forget bias 1, less than a tenth does.",
    rule: "Ratio ‖∂L/∂c_1‖ / ‖∂L/∂c_T‖. Supported if the 95 % interval of its geometric mean lies \
           above 0.1 with chrono initialisation and below 0.1 with forget bias 1; refuted if the \
           first lies below 0.1 or the second above.",
};

pub(super) const RATE_IS_CONSTANT: Statement = Statement {
    id: "rate-is-constant",
    statement: "The factor per step of an RNN, LSTM or GRU does not depend on the length: it is \
                the same over 100 and 1,000 steps.",
    rule: "Ratio of the factors per step, longest over second longest sequence, paired by seed; two \
           one-sided tests on its logarithm: supported if every 90 % interval lies within 1 % of 1, \
           refuted if one lies outside.",
};

pub(super) const RNN_MEAN_FIELD: Statement = Statement {
    id: "rnn-mean-field",
    statement: "A tanh RNN's factor per step is √(E tanh′²), as mean-field theory predicts for an \
                equally deep net with independent weights.",
    rule: "Two one-sided tests on ln factor over seeds: supported if the 90 % interval lies within 5 % of \
           theory, refuted if outside.",
};

pub(super) const LSTM_LEARNS: Statement = Statement {
    id: "lstm-learns",
    statement: "An LSTM solves the adding problem at the longest length.",
    rule: "At its best learning rate; a seed solves it if the test error falls below a tenth of \
           1/6, the error of predicting the mean. Supported if the exact 95 % interval of the \
           share of seeds lies above 1/2, refuted if below.",
};

pub(super) const GRU_LEARNS: Statement = Statement {
    id: "gru-learns",
    statement: "A GRU solves the adding problem at the longest length.",
    rule: "The same rule as for the LSTM.",
};

pub(super) const RNN_DOES_NOT_LEARN: Statement = Statement {
    id: "rnn-does-not-learn",
    statement: "A tanh RNN, trained like the LSTM, does not solve the adding problem at the \
                longest length.",
    rule: "As for the LSTM, but supported if the interval lies below 1/2, refuted if above.",
};

pub(super) const SHORT_IS_EASY: Statement = Statement {
    id: "short-is-easy",
    statement: "A tanh RNN solves the adding problem at the shortest length: it is the length that \
                defeats it.",
    rule: "The same rule as for the LSTM.",
};

pub(super) const GRU_SOONER: Statement = Statement {
    id: "gru-learns-sooner",
    statement: "At the longest length, a GRU solves the adding problem in fewer steps than an \
                LSTM.",
    rule: "Supported if the log-rank test finds the GRU faster at the 5 % level and the LSTM's \
           mean time is at least 1.2 times the GRU's; refuted if the test finds it slower, or if \
           the 95 % interval of the ratio lies below 1.2.",
};

/// All statements, in the order of the report.
pub(super) const CLAIMS: &[Statement] = &[
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
