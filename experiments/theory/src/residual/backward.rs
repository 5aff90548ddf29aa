//! The backward pass through one residual layer.

/// Moments of one residual layer h + φ(z) with z = W h + b, y = W h.
pub(super) struct Layer {
    /// Mean and mean square over units of its input h.
    pub(super) mean: f64,
    pub(super) square: f64,
    /// Variance of z.
    pub(super) variance: f64,
    /// E φ, E φ², E φ′².
    pub(super) value: f64,
    pub(super) squared_value: f64,
    pub(super) squared_slope: f64,
    /// E φ φ′² and E φ² φ′².
    pub(super) value_slopes: f64,
    pub(super) squared_value_slopes: f64,
    /// E y φ′, E y φ φ′, E y² φ′²: they decide what Wᵀ sends back along h.
    pub(super) returned: f64,
    pub(super) returned_value: f64,
    pub(super) squared_returned: f64,
}

/// Second moments over networks of the gradient δ = α h + β 1 + (an isotropic part).
#[derive(Clone, Copy)]
pub(super) struct Gradient {
    /// E |δ|² / n.
    pub(super) square: f64,
    /// E α², E α β, E β².
    pub(super) along: [f64; 3],
    /// The coupling of α and β to the branches of earlier layers. The fresh part of each layer's gradient is
    /// orthogonal to its h, and so correlated with the branches that h is the sum of.
    pub(super) tied: [f64; 2],
}

impl Layer {
    /// Takes the gradient δ with respect to the output h′ = h + φ(z) back to the input h:
    /// δ + h (y·v) / |h|² + σw |v| g⊥ with v = φ′(z) δ and a Gaussian g⊥ orthogonal to h.
    pub(super) fn backward(
        &self,
        gradient: &Gradient,
        weight_variance: f64,
        width: f64,
    ) -> Gradient {
        let Self { mean, square, value, returned, .. } = *self;
        let [aa, ab, bb] = gradient.along;
        let [tied_a, tied_b] = gradient.tied;
        // (y·v) / n = r α + k β + ξ, where ξ is noise that is correlated with α and β.
        let (r, k) = (mean * returned + self.returned_value, returned);
        let noise = (self.squared_returned - k * k) * gradient.square / width;
        let tie = (self.returned_value - k * value) / width;
        let (noise_a, noise_b) = (-tied_a * tie, -tied_b * tie);
        // δ·h / n = s α + mean β + ζ, where ζ is correlated with them through the variance of h.
        let s = square + mean * value;
        let far = (square - mean * mean) / width;
        let (far_a, far_b) = (-tied_a * far, -tied_b * far);
        let returned_square =
            r * r * aa + 2.0 * r * k * ab + k * k * bb + noise + 2.0 * (r * noise_a + k * noise_b);
        let with_skip = s * r * aa
            + (s * k + mean * r) * ab
            + mean * k * bb
            + s * noise_a
            + mean * noise_b
            + r * far_a
            + k * far_b;
        let fresh = weight_variance * self.slopes_of(gradient);
        // α ← α + (r α + k β + ξ) / |h|², β ← β + α E φ, plus g⊥ as an isotropic g minus its part along h.
        let (a_of_a, a_of_b) = (1.0 + r / square, k / square);
        let per_unit = fresh / width;
        let along = [
            a_of_a * a_of_a * aa
                + 2.0 * a_of_a * a_of_b * ab
                + a_of_b * a_of_b * bb
                + (noise / square + 2.0 * (a_of_a * noise_a + a_of_b * noise_b) + per_unit)
                    / square,
            a_of_a * value * aa
                + (a_of_a + a_of_b * value) * ab
                + a_of_b * bb
                + (value * noise_a + noise_b - per_unit * mean) / square,
            value * value * aa + 2.0 * value * ab + bb + per_unit,
        ];
        Gradient {
            square: gradient.square
                + (2.0 * with_skip + returned_square) / square
                + fresh * (1.0 - 1.0 / width),
            along,
            tied: [a_of_a * tied_a + a_of_b * tied_b + fresh / square, value * tied_a + tied_b],
        }
    }

    /// Returns E |v|² / n.
    fn slopes_of(&self, gradient: &Gradient) -> f64 {
        let Self { mean, square, value, squared_slope, value_slopes, .. } = *self;
        let [aa, ab, bb] = gradient.along;
        let output = square + 2.0 * mean * value + self.squared_value;
        let isotropic = gradient.square - (aa * output + 2.0 * ab * (mean + value) + bb);
        let sloped = square * squared_slope + 2.0 * mean * value_slopes + self.squared_value_slopes;
        isotropic * squared_slope
            + aa * sloped
            + 2.0 * ab * (mean * squared_slope + value_slopes)
            + bb * squared_slope
    }
}
