//! The statements of the experiment and the rules that judge them, fixed before any data were seen.

use backdraft_verdicts::Statement;

pub(super) const FIRST_STEP: Statement = Statement {
    id: "first-step-is-closed-form",
    statement: "At Adam's first step, a layer whose gradient has root mean square s moves by \
                √E (s|z| / (s|z| + ε))² times the learning rate, with z standard normal.",
    rule: "Root mean square of ΔW over the rate, in the deep net, for every ε and hidden layer after the first for \
           which the formula is between 0.1 and 0.9; mean logarithm of measured over formula by \
           seed. Two one-sided tests: supported if the 90 % interval lies within 5 % of 1, refuted \
           if outside.",
};
pub(super) const DECADE: Statement = Statement {
    id: "a-decade-moves-the-depth",
    statement: "With ten times smaller an ε, Adam reaches ln 10 / ln(1/√χ) = 1.6 sigmoid layers \
                further down.",
    rule: "Distance from the last hidden layer at which the first update falls to half the rate, \
           interpolated in the logarithm, against −log10 ε, for every ε for which it does so \
           within the deep net; slope by seed. Two one-sided tests on its logarithm: supported if \
           the 90 % interval lies within 10 % of theory, refuted if outside.",
};
pub(super) const LARGE_STOPS: Statement = Statement {
    id: "large-epsilon-stops-a-shallow-net",
    statement: "A sigmoid net of depth 5, which learns under Adam with ε = 1e-7, does not learn with \
                ε = 0.1.",
    rule: "Difference of final test accuracy, ε nearest to 1e-7 minus the largest ε, in the shallow \
           net, paired by seed: supported if the 95 % interval lies above 0.2, refuted if below.",
};
pub(super) const KERAS_FAILS: Statement = Statement {
    id: "usual-epsilon-fails-at-20",
    statement: "A sigmoid net of depth 20 does not learn under Adam with ε = 1e-7.",
    rule: "ε nearest to 1e-7, deep net: supported if the 95 % interval of final test accuracy lies \
           below 0.6, refuted if above; chance is 0.5.",
};
pub(super) const EPSILON_IS_WHY: Statement = Statement {
    id: "epsilon-is-why",
    statement: "ε is the reason: with ε = 1e-20 the same net learns.",
    rule: "The smallest ε, deep net: supported if the 95 % interval of final test accuracy lies above \
           the target, refuted if below 0.6.",
};

/// All statements, in the order of the report.
pub(super) const CLAIMS: &[Statement] =
    &[FIRST_STEP, DECADE, LARGE_STOPS, KERAS_FAILS, EPSILON_IS_WHY];
