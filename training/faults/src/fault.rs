//! What is wrong with a training.

/// What is put into a training, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Nothing.
    None,
    /// A learning rate a thousand times too high.
    RateTooHigh,
    /// A learning rate a million times too low.
    RateTooLow,
    /// All weights start at zero.
    ZeroWeights,
    /// All weights and biases start at the same value.
    ConstantWeights,
    /// The weights of every hidden layer are a tenth of what they should be.
    SmallWeights,
    /// The weights of every hidden layer are eight times what they should be.
    LargeWeights,
    /// The weights of one layer in the middle are a millionth of what they should be.
    SickLayer,
    /// The biases of one layer in the middle are -1000.
    DeadBias,
    /// A weight in the middle is NaN from some step on.
    NanWeight,
    /// The inputs are NaN at some step.
    NanInput,
    /// The loss does not depend on the weights.
    ConstantLoss,
    /// A parameter that the forward pass does not use.
    Unused,
    /// The gradient is clipped to a norm of 1e-4.
    ClippedAway,
    /// The inputs are 10,000 times too large, and of the wrong sign, at one step.
    BadBatch,
    /// The recurrent weights are a quarter of what they should be.
    ForgetsOverTime,
    /// The recurrent weights are twice what they should be.
    ExplodesOverTime,
}

impl Fault {
    /// Every fault; first of all, none.
    pub const ALL: &[Self] = &[
        Self::None,
        Self::RateTooHigh,
        Self::RateTooLow,
        Self::ZeroWeights,
        Self::ConstantWeights,
        Self::SmallWeights,
        Self::LargeWeights,
        Self::SickLayer,
        Self::DeadBias,
        Self::NanWeight,
        Self::NanInput,
        Self::ConstantLoss,
        Self::Unused,
        Self::ClippedAway,
        Self::BadBatch,
        Self::ForgetsOverTime,
        Self::ExplodesOverTime,
    ];

    /// Returns the rules that may find it; none for a healthy training. What follows from a fault is true
    /// of it as well: weights that are too large may make values infinite.
    pub fn rules(self) -> &'static [&'static str] {
        match self {
            Self::None => &[],
            Self::RateTooHigh => &["unstable", "not-finite"],
            Self::RateTooLow => &["not-learning"],
            Self::ZeroWeights | Self::ConstantWeights => &["symmetric"],
            Self::SmallWeights => &["vanishing"],
            Self::LargeWeights => &["exploding", "saturated", "not-finite", "vanishing"],
            Self::SickLayer => &["vanishing"],
            Self::DeadBias => &["zero-gradient", "dead"],
            Self::NanWeight | Self::NanInput => &["not-finite"],
            Self::ConstantLoss => &["zero-gradient"],
            Self::Unused => &["missing-gradient"],
            Self::ClippedAway => &["always-clipped"],
            Self::BadBatch => &["spike"],
            Self::ForgetsOverTime => &["vanishing"],
            Self::ExplodesOverTime => &["exploding", "not-finite"],
        }
    }

    /// Returns the rules that may fire as well, because what they say follows from the fault.
    pub fn consequences(self) -> &'static [&'static str] {
        match self {
            Self::None | Self::NanInput | Self::NanWeight | Self::Unused => &[],
            Self::RateTooHigh => &["dead", "saturated", "exploding", "vanishing", "zero-gradient"],
            Self::RateTooLow | Self::ConstantLoss => &[],
            Self::ZeroWeights | Self::ConstantWeights => &["dead", "zero-gradient"],
            Self::SmallWeights | Self::SickLayer => &["not-learning", "zero-gradient", "dead"],
            Self::DeadBias => &["vanishing", "saturated"],
            Self::ClippedAway => &["not-learning"],
            Self::LargeWeights | Self::BadBatch => &["dead", "saturated", "unstable", "spike"],
            Self::ForgetsOverTime | Self::ExplodesOverTime => &["unstable"],
        }
    }

    /// Tells whether it sits in one layer, which a diagnosis should name.
    pub fn has_layer(self) -> bool {
        matches!(self, Self::SickLayer | Self::DeadBias | Self::NanWeight | Self::Unused)
    }
}
