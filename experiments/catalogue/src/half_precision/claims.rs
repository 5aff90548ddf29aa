//! The statements of the experiment and the rules that judge them, fixed before any data were seen. The one on
//! dynamic scaling was added, with the same rule, after trials on other seeds had shown that a fixed scale
//! overflows.

use backdraft_verdicts::Statement;

pub(super) const DEPTH_OF_ZERO: Statement = Statement {
    id: "depth-of-zero-is-closed-form",
    statement: "Under sigmoid layers, half of a gradient's elements have become zero ln(s / t) / \
                ln(1/√χ) layers below the last, where its root mean square is s, and t is half the \
                format's least number over 0.674: about 12 layers from s = 1 in f16, 64 in bf16, 72 \
                in f32.",
    rule: "At initialisation, in f16, in f16 with loss scaling, in bf16 and in f32: number of layers, \
           interpolated, after which half of the elements of ∂L/∂h are zero, over the formula with \
           the measured s, by seed. Two one-sided tests on its logarithm: supported if every 90 % \
           interval lies within 5 % of 1, refuted if one lies outside.",
};
pub(super) const SCALE_BUYS: Statement = Statement {
    id: "scaling-buys-layers",
    statement: "Multiplying the loss by S takes an f16 gradient ln S / ln(1/√χ) layers further: 7.2 \
                for 2^15.",
    rule: "Difference of these numbers of layers, with and without loss scaling, paired by seed. Two \
           one-sided tests on its logarithm: supported if the 90 % interval lies within 5 % of \
           theory, refuted if outside.",
};
pub(super) const F16_FAILS: Statement = Statement {
    id: "f16-fails",
    statement: "A sigmoid net of depth 12 that learns in f32 does not learn in f16, even with master \
                weights in f32 and an ε that is out of the way.",
    rule: "Final test accuracy, f32 minus f16, paired by seed; a net that diverged counts as chance. \
           Supported if the 95 % interval lies above 0.2, refuted if below.",
};
pub(super) const SCALING_CURES: Statement = Statement {
    id: "fixed-scaling-cures",
    statement: "With a fixed loss scale of 2^15, a sigmoid net of depth 12 learns in f16 as well as in \
                f32.",
    rule: "Final test accuracy, f32 minus f16 with this loss scale, paired by seed: supported if the \
           95 % interval lies below 0.05, refuted if above. A gradient that overflows ends the \
           training, and counts as chance.",
};
pub(super) const DYNAMIC_CURES: Statement = Statement {
    id: "dynamic-scaling-cures",
    statement: "With a loss scale that starts at 2^15 and halves whenever a gradient overflows, a \
                sigmoid net of depth 12 learns in f16 as well as in f32.",
    rule: "The same rule, f32 minus f16 with dynamic loss scaling.",
};
pub(super) const BF16_NEEDS_NONE: Statement = Statement {
    id: "bf16-needs-no-scaling",
    statement: "Without loss scaling, a sigmoid net of depth 12 learns in bf16 as well as in f32.",
    rule: "The same rule, f32 minus bf16.",
};

/// All statements, in the order of the report.
pub(super) const CLAIMS: &[Statement] =
    &[DEPTH_OF_ZERO, SCALE_BUYS, F16_FAILS, SCALING_CURES, DYNAMIC_CURES, BF16_NEEDS_NONE];
