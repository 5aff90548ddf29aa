//! Forward and backward passes over the channels of a batch.
//!
//! Each channel is read from memory once and stays in the cache for the second and third pass.

use crate::threads;

/// The sizes of a batch of images.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) batch: usize,
    pub(super) channels: usize,
    /// Height times width.
    pub(super) pixels: usize,
}

/// The learned parameters.
#[derive(Clone, Copy)]
pub(super) struct Learned<'a> {
    pub(super) gain: &'a [f32],
    pub(super) shift: &'a [f32],
}

/// Results of the forward pass.
pub(super) struct Normalised {
    pub(super) output: Vec<f32>,
    pub(super) mean: Vec<f32>,
    pub(super) variance: Vec<f32>,
}

/// What follows the normalisation.
#[derive(Clone, Copy)]
pub(super) enum After<'a> {
    Nothing,
    Rectifier,
    /// A shortcut, shaped like the input, is added; then a rectifier.
    Shortcut(&'a [f32]),
}

/// Gradients of all inputs.
pub(super) struct Gradients {
    pub(super) input: Vec<f32>,
    /// Empty without a shortcut.
    pub(super) shortcut: Vec<f32>,
    pub(super) gain: Vec<f32>,
    pub(super) shift: Vec<f32>,
}

impl Sizes {
    /// Iterates over the planes of one channel in a batch.
    fn planes(self, all: &[f32], channel: usize) -> impl Iterator<Item = &[f32]> {
        let Self { channels, pixels, .. } = self;
        all.chunks_exact(pixels).skip(channel).step_by(channels)
    }

    /// Returns the planes of each channel, mutably.
    fn lend(self, all: &mut [f32]) -> Vec<Vec<&mut [f32]>> {
        let mut lent: Vec<Vec<&mut [f32]>> = (0..self.channels).map(|_| Vec::new()).collect();
        for (plane, lent_to) in all.chunks_exact_mut(self.pixels).zip((0..self.channels).cycle()) {
            lent[lent_to].push(plane);
        }
        lent
    }

    fn count(self) -> f64 {
        (self.batch * self.pixels) as f64
    }

    /// Cost of a channel, in multiplications that take as long. Memory access dominates, not
    /// arithmetic.
    fn cost(self) -> usize {
        32 * self.batch * self.pixels
    }
}

/// Returns the factor and the offset that normalise a channel and apply gain and shift.
fn affine(mean: f32, variance: f32, epsilon: f64, gain: f32, shift: f32) -> [f32; 2] {
    let scale = (f64::from(gain) / (f64::from(variance) + epsilon).sqrt()) as f32;
    [scale, (f64::from(shift) - f64::from(mean) * f64::from(scale)) as f32]
}

/// Normalises each channel over the batch and applies what follows.
pub(super) fn forward(
    sizes: Sizes,
    input: &[f32],
    Learned { gain, shift }: Learned<'_>,
    epsilon: f64,
    after: After<'_>,
) -> Normalised {
    let mut output = vec![0.0; input.len()];
    let [mut mean, mut variance] = [(); 2].map(|()| vec![0.0; sizes.channels]);
    let statistics = mean.iter_mut().zip(&mut variance);
    let work = sizes.lend(&mut output).into_iter().zip(statistics).enumerate();
    threads::share(work.collect(), sizes.cost(), || {
        |(channel, (planes, (mean, variance)))| {
            pulp::Arch::new().dispatch(
                #[inline(always)]
                || {
                    let mut total = 0.0;
                    for plane in sizes.planes(input, channel) {
                        total += f64::from(dot(plane, plane, |x, _| x));
                    }
                    *mean = (total / sizes.count()) as f32;
                    let center = *mean;
                    let mut squares = 0.0;
                    for plane in sizes.planes(input, channel) {
                        squares += f64::from(dot(plane, plane, |x, _| (x - center) * (x - center)));
                    }
                    *variance = (squares / sizes.count()) as f32;
                    let to = affine(center, *variance, epsilon, gain[channel], shift[channel]);
                    let pairs = planes.into_iter().zip(sizes.planes(input, channel));
                    match after {
                        After::Nothing => pairs.for_each(|(out, x)| normalise(out, x, to)),
                        After::Rectifier => pairs.for_each(|(out, x)| {
                            normalise(out, x, to);
                            set(out, x, |y, _| rectified(y));
                        }),
                        After::Shortcut(others) => {
                            let others = sizes.planes(others, channel);
                            pairs.zip(others).for_each(|((out, x), other)| {
                                normalise(out, x, to);
                                set(out, other, |y, other| rectified(y + other));
                            });
                        }
                    }
                },
            );
        }
    });
    Normalised { output, mean, variance }
}

/// Computes all gradients from the gradient of the output and, if it was rectified, the output
/// itself.
pub(super) fn backward(
    sizes: Sizes,
    [input, gradient]: [&[f32]; 2],
    rectified: Option<&[f32]>,
    has_shortcut: bool,
    gain: &[f32],
    [mean, variance]: [&[f32]; 2],
    epsilon: f64,
) -> Gradients {
    let mut inputs = vec![0.0; input.len()];
    let mut shortcut = vec![0.0; if has_shortcut { input.len() } else { 0 }];
    let [mut gains, mut shifts] = [(); 2].map(|()| vec![0.0; sizes.channels]);
    let sums = gains.iter_mut().zip(&mut shifts);
    let lent = sizes.lend(&mut inputs).into_iter().zip(sizes.lend(&mut shortcut));
    threads::share(lent.zip(sums).enumerate().collect(), 2 * sizes.cost(), || {
        |(channel, ((mut planes, shortcut), (of_gain, of_shift)))| {
            pulp::Arch::new().dispatch(
                #[inline(always)]
                || {
                    let mean = mean[channel];
                    let deviation = (1.0 / (f64::from(variance[channel]) + epsilon).sqrt()) as f32;
                    let (mut sum, mut product) = (0.0f64, 0.0f64);
                    let mut outputs = rectified.map(|output| sizes.planes(output, channel));
                    let pairs = sizes.planes(input, channel).zip(sizes.planes(gradient, channel));
                    for (plane, (x, above)) in planes.iter_mut().zip(pairs) {
                        plane.copy_from_slice(above);
                        if let Some(output) = outputs.as_mut().and_then(Iterator::next) {
                            set(plane, output, |g, y| if y <= 0.0 { 0.0 } else { g });
                        }
                        sum += f64::from(dot(plane, x, |g, _| g));
                        product += f64::from(dot(plane, x, |g, x| g * (x - mean)));
                    }
                    for (shortcut, plane) in shortcut.into_iter().zip(&planes) {
                        shortcut.copy_from_slice(plane);
                    }
                    let product = product * f64::from(deviation);
                    (*of_gain, *of_shift) = (product as f32, sum as f32);
                    let scale = gain[channel] * deviation;
                    let level = (sum / sizes.count()) as f32;
                    let slope = (product / sizes.count()) as f32 * deviation;
                    for (plane, x) in planes.iter_mut().zip(sizes.planes(input, channel)) {
                        set(plane, x, |g, x| scale * (g - level - slope * (x - mean)));
                    }
                },
            );
        }
    });
    Gradients { input: inputs, shortcut, gain: gains, shift: shifts }
}

/// Number of partial sums, enough to fill vector registers.
const SUMS: usize = 64;

/// Σ f(a, b), in an order that depends only on the length.
#[inline(always)]
fn dot(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut sums = [0.0f32; SUMS];
    let (whole, rest) = a.as_chunks::<SUMS>();
    let (whole_b, rest_b) = b.as_chunks::<SUMS>();
    for (a, b) in whole.iter().zip(whole_b) {
        for i in 0..SUMS {
            sums[i] += f(a[i], b[i]);
        }
    }
    for (sum, (a, b)) in sums.iter_mut().zip(rest.iter().zip(rest_b)) {
        *sum += f(*a, *b);
    }
    let mut width = SUMS / 2;
    while width > 0 {
        for i in 0..width {
            sums[i] += sums[i + width];
        }
        width /= 2;
    }
    sums[0]
}

/// `out = scale · x + summand`.
#[inline(always)]
fn normalise(out: &mut [f32], x: &[f32], [scale, summand]: [f32; 2]) {
    set(out, x, |_, x| x * scale + summand);
}

/// `max(0, y)`; NaN stays NaN.
#[inline(always)]
fn rectified(y: f32) -> f32 {
    if y < 0.0 { 0.0 } else { y }
}

#[inline(always)]
fn set(out: &mut [f32], x: &[f32], f: impl Fn(f32, f32) -> f32) {
    for (out, x) in out.iter_mut().zip(x) {
        *out = f(*out, *x);
    }
}
