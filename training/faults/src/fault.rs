//! What is wrong with a training.

use serde::Serialize;

/// Declares the faults, with the rules that may find each and those that may fire beside them.
macro_rules! faults {
    ($($(#[doc = $about:literal])+ $name:ident: [$($rule:literal),*], [$($also:literal),*];)*) => {
        /// What is put into a training, or nothing.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum Fault {
            $($(#[doc = $about])+ $name,)*
        }

        impl Fault {
            /// Every fault; first of all, none.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Returns the rules that may find it; none for a healthy training. What follows from a fault
            /// is true of it as well: weights that are too large may make values infinite.
            pub fn rules(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($rule),*],)* }
            }

            /// Returns the rules that may fire as well, because what they say follows from the fault.
            pub fn consequences(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($also),*],)* }
            }

            /// Returns its name, from which its half of the benchmark follows.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }
        }
    };
}

faults! {
    /// Nothing.
    None: [], [];
    /// A learning rate a thousand times too high.
    RateTooHigh: ["unstable", "not-finite"],
        ["dead", "saturated", "exploding", "vanishing", "zero-gradient", "drift", "spike"];
    /// A learning rate a million times too low.
    RateTooLow: ["not-learning"], [];
    /// All weights start at zero.
    ZeroWeights: ["symmetric"], ["dead", "zero-gradient"];
    /// All weights and biases start at the same value.
    ConstantWeights: ["symmetric"], ["dead", "zero-gradient"];
    /// The weights of every hidden layer are a tenth of what they should be.
    SmallWeights: ["vanishing"], ["not-learning", "zero-gradient", "dead"];
    /// The weights of every hidden layer are eight times what they should be.
    LargeWeights: ["exploding", "saturated", "not-finite", "vanishing"],
        ["dead", "unstable", "spike"];
    /// The weights of one layer in the middle are a millionth of what they should be.
    SickLayer: ["vanishing"], ["not-learning", "zero-gradient", "dead"];
    /// The biases of one layer in the middle are -1000.
    DeadBias: ["zero-gradient", "dead"], ["vanishing", "saturated"];
    /// A weight in the middle is NaN from some step on.
    NanWeight: ["not-finite"], [];
    /// The inputs are NaN at some step.
    NanInput: ["not-finite"], [];
    /// The loss does not depend on the weights.
    ConstantLoss: ["zero-gradient"], [];
    /// A parameter that the forward pass does not use.
    Unused: ["missing-gradient"], [];
    /// The gradient is clipped to a norm of 1e-4.
    ClippedAway: ["always-clipped"], ["not-learning"];
    /// The inputs are 10,000 times too large, and of the wrong sign, at one step.
    BadBatch: ["spike"], ["dead", "saturated", "unstable", "not-finite"];
    /// The recurrent weights are a quarter of what they should be.
    ForgetsOverTime: ["vanishing"], [];
    /// The recurrent weights are twice what they should be.
    ExplodesOverTime: ["exploding", "not-finite"], ["unstable", "spike"];
    /// Adam's ε is 100, so that it divides by ε instead of the gradient's size.
    EpsilonTooLarge: ["not-learning"], [];
    /// A momentum of 0.999, without damping, at ten times the rate.
    MomentumTooHigh: ["unstable", "not-finite", "drift"],
        ["dead", "saturated", "exploding", "vanishing", "zero-gradient", "spike"];
    /// A weight decay that takes half of each weight at every step.
    DecayTooHigh: ["unstable", "vanishing", "not-learning"],
        ["zero-gradient", "underflow", "dead", "symmetric"];
    /// Inputs a thousand times too large: nobody scaled the data.
    InputsTooLarge: ["unstable", "saturated", "exploding", "not-finite"],
        ["dead", "vanishing", "zero-gradient", "spike", "drift"];
    /// Inputs a million times too small.
    InputsTooSmall: ["vanishing", "not-learning", "faint"], ["zero-gradient"];
    /// Every label is drawn at random. No rule claims to find it: gradients are as healthy as before.
    ShuffledLabels: [], [];
    /// The optimiser was never given the parameters of one layer in the middle. A factor that starts at zero
    /// stays there, and with it the gradient.
    LeftOut: ["not-learning", "zero-gradient"], [];
    /// The parameters of one layer in the middle are detached from the graph.
    Detached: ["missing-gradient"], [];
    /// All units of one layer in the middle share their weights.
    TiedUnits: ["symmetric"], [];
    /// Two layers' weights are swapped at some step, as by a wrong checkpoint.
    Swapped: ["spike", "unstable"], ["dead", "drift"];
    /// The wrong loss: its sign, so that it is maximised.
    WrongSign: ["unstable", "drift", "not-finite"],
        ["dead", "saturated", "exploding", "vanishing", "zero-gradient", "spike"];
    /// Parameters and gradients in f16, and a loss scaled down by 4096.
    HalfPrecision: ["underflow", "zero-gradient", "not-learning"], ["vanishing"];
    /// Twenty layers of sigmoids.
    WrongActivation: ["vanishing"], ["not-learning", "saturated"];
    /// Forty layers where an initialiser fits three.
    TooDeep: ["vanishing"], ["not-learning", "dead", "zero-gradient"];
    /// What matters lies a hundred time steps back.
    TimeTooLong: ["vanishing"], [];
}

impl Fault {
    /// Tells whether it sits in one layer, which a diagnosis should name.
    pub fn has_layer(self) -> bool {
        use Fault::{DeadBias, Detached, LeftOut, NanWeight, SickLayer, TiedUnits, Unused};
        matches!(self, SickLayer | DeadBias | NanWeight | Unused | LeftOut | Detached | TiedUnits)
    }

    /// Tells whether it is one of degree: a training that has it is sick only if it does worse than its
    /// healthy twin. The others are sick by construction.
    pub fn is_of_degree(self) -> bool {
        use Fault::{
            HalfPrecision, InputsTooLarge, InputsTooSmall, MomentumTooHigh, RateTooHigh,
            ShuffledLabels, Swapped, TiedUnits, TimeTooLong, TooDeep, WrongActivation,
        };
        matches!(
            self,
            RateTooHigh
                | MomentumTooHigh
                | InputsTooLarge
                | InputsTooSmall
                | ShuffledLabels
                | TiedUnits
                | Swapped
                | HalfPrecision
                | WrongActivation
                | TooDeep
                | TimeTooLong
        )
    }

    /// Tells whether it needs Adam, or gradient descent; `None` for either.
    pub(crate) fn needs_adam(self) -> Option<bool> {
        match self {
            Self::EpsilonTooLarge => Some(true),
            Self::MomentumTooHigh | Self::DecayTooHigh | Self::HalfPrecision => Some(false),
            _ => None,
        }
    }

    /// Tells whether only taps show it.
    pub(crate) fn needs_taps(self) -> bool {
        matches!(self, Self::ForgetsOverTime | Self::ExplodesOverTime | Self::TimeTooLong)
    }
}
