//! What is known of a training beside its rows.

/// What the rules may be told of a training, so that their remedies fit. Whatever is `None` is unknown.
///
/// ```
/// use backdraft_rows::{Context, OptimizerKind};
///
/// let context = Context { optimizer: Some(OptimizerKind::Adaptive), ..Context::default() };
/// # let _ = context;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The kind of optimiser.
    pub optimizer: Option<OptimizerKind>,
    /// The kind of loss.
    pub loss: Option<LossKind>,
    /// The kind of activation between the layers.
    pub activation: Option<ActivationKind>,
    /// The kind of recurrent cell.
    pub cell: Option<CellKind>,
    /// Whether the gradient is clipped.
    pub is_clipped: Option<bool>,
    /// Whether layers are normalised (batch, layer, group or RMS norm).
    pub is_normalized: Option<bool>,
    /// The number of examples in a batch.
    pub batch_size: Option<usize>,
    /// The number of outputs of the network.
    pub outputs: Option<usize>,
}

/// A kind of optimiser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptimizerKind {
    /// Gradient descent, with or without momentum: a step is proportional to the gradient.
    GradientDescent,
    /// Adam, RMSprop and their kin: a step hardly depends on the gradient's size.
    Adaptive,
}

/// A kind of loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossKind {
    /// Softmax and cross-entropy.
    CrossEntropy,
    /// Sigmoid and binary cross-entropy.
    BinaryCrossEntropy,
    /// Mean squared error.
    SquaredError,
}

/// A kind of activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActivationKind {
    /// Sigmoid, tanh: flat on both sides.
    Saturating,
    /// ReLU: zero on one side.
    Rectifier,
    /// Leaky ReLU, ELU, GELU and the like.
    Smooth,
}

/// A kind of recurrent cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// A plain recurrent network.
    Plain,
    /// LSTM, GRU.
    Gated,
}
