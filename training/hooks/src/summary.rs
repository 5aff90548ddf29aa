//! The statistics of a tensor from which quantities are computed.

use crate::histogram::Histogram;

/// How much of a tensor is summarised; more detail costs more reductions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Only what the L2 norm needs.
    Norm,
    /// Also what the mean and the standard deviation need.
    Moments,
    /// All fields of [`Summary`].
    Full,
}

/// Statistics of the elements of one tensor, or of several taken together.
///
/// Sums are kept in `f64` and relative to [`scale`](Self::scale), so that squares and norm do not
/// underflow, however small the elements are. The squares of a sigmoid network's gradients leave
/// the range of `f32` at about 30 layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Number of elements.
    pub count: u64,
    /// The factor by which elements are divided in the sums below; 1 where the range of `f64`
    /// suffices.
    pub scale: f64,
    /// Σ (x / scale)².
    pub square_sum: f64,
    /// Σ x / scale, from [`Detail::Moments`] on; NaN or ∞ if an element is.
    pub sum: Option<f64>,
    /// The statistics that [`Detail::Full`] adds.
    pub full: Option<Box<FullSummary>>,
}

/// The part of a [`Summary`] that only [`Detail::Full`] fills.
#[derive(Clone, Debug, PartialEq)]
pub struct FullSummary {
    /// Σ |x| / scale over the finite elements.
    pub absolute_sum: f64,
    /// Largest |x| among the finite elements, unscaled.
    pub max_absolute: f64,
    /// Elements that are exactly zero.
    pub zeros: u64,
    /// Non-zero elements below the smallest normal number of the tensor's type.
    pub subnormals: u64,
    /// Elements that are NaN.
    pub nans: u64,
    /// Elements that are +∞ or −∞.
    pub infinities: u64,
    /// Magnitudes by decade.
    pub histogram: Histogram,
}

impl Summary {
    /// Returns the L2 norm, √Σx²; NaN or ∞ if an element is.
    pub fn norm(&self) -> f64 {
        self.scale * self.square_sum.sqrt()
    }

    /// Returns the root mean square, √(Σx² / n); 0 for an empty tensor.
    pub fn root_mean_square(&self) -> f64 {
        self.norm() / self.elements().sqrt()
    }

    /// Returns the mean; `None` with [`Detail::Norm`].
    pub fn mean(&self) -> Option<f64> {
        self.sum.map(|sum| self.scale * sum / self.elements())
    }

    /// Returns the population standard deviation; `None` with [`Detail::Norm`].
    pub fn standard_deviation(&self) -> Option<f64> {
        let mean = self.sum? / self.elements();
        // Rounding can make the variance of a constant tensor slightly negative.
        let variance = (self.square_sum / self.elements() - mean * mean).max(0.0);
        Some(if self.is_finite() { self.scale * variance.sqrt() } else { f64::NAN })
    }

    /// Returns the number of elements as a divisor, 1 for an empty tensor.
    pub fn elements(&self) -> f64 {
        self.count.max(1) as f64
    }

    /// Tells whether every element is finite.
    pub fn is_finite(&self) -> bool {
        self.square_sum.is_finite() && self.scale.is_finite()
    }

    /// Adds the elements that `other` summarises, as if both tensors were one.
    ///
    /// The result has the lower detail of the two.
    pub fn merge(mut self, other: &Self) -> Self {
        let scale = self.scale.max(other.scale);
        // A scale of 0 belongs to a tensor of zeros, whose sums are 0 as well.
        let ratio = |from: f64| if scale > 0.0 { from / scale } else { 1.0 };
        let (mine, theirs) = (ratio(self.scale), ratio(other.scale));
        self.square_sum = self.square_sum * mine * mine + other.square_sum * theirs * theirs;
        self.sum = self.sum.zip(other.sum).map(|(sum, more)| sum * mine + more * theirs);
        self.full = match (self.full.take(), &other.full) {
            (Some(full), Some(more)) => Some(Box::new(full.merge(mine, more, theirs))),
            _ => None,
        };
        self.count += other.count;
        self.scale = scale;
        self
    }
}

impl FullSummary {
    fn merge(mut self, mine: f64, other: &Self, theirs: f64) -> Self {
        self.absolute_sum = self.absolute_sum * mine + other.absolute_sum * theirs;
        self.max_absolute = self.max_absolute.max(other.max_absolute);
        self.zeros += other.zeros;
        self.subnormals += other.subnormals;
        self.nans += other.nans;
        self.infinities += other.infinities;
        self.histogram.merge(&other.histogram);
        self
    }
}
