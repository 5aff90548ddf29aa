//! Forward and backward passes over a batch.

use super::geometry::{Geometry, Sizes};
use super::planes::{fill_gradients, fill_inputs, take_output, take_phase};
use super::products::{Planes, Weights, correlate};
use crate::threads;

/// Images per chunk. The filters' gradient is summed by chunk first. The size is fixed, so rounding
/// does not depend on the number of threads.
const CHUNK: usize = 4;
/// Values of the planes that are correlated at once; they should fit the L2 cache.
const CACHED: usize = 1 << 16;

/// Which gradients are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) input: bool,
    pub(super) weight: bool,
    pub(super) bias: bool,
}

/// Gradients; empty where not wanted.
#[derive(Debug, Default)]
pub(super) struct Gradients {
    pub(super) input: Vec<f32>,
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

/// Convolves a batch, `[batch, inputs, height, width]`.
pub(super) fn forward(
    geometry: &Geometry,
    input: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
) -> Vec<f32> {
    let sizes = geometry.sizes;
    let taps = sizes.taps();
    let weights = Weights::new(sizes.outputs, taps, |output, tap| weight[output * taps + tap]);
    let offsets = geometry.input_offsets();
    let length = geometry.output_length();
    let pixels = geometry.output[0] * geometry.output[1];
    let mut all = vec![0.0; sizes.batch * sizes.outputs * pixels];
    let images = input.chunks_exact(sizes.inputs * sizes.input[0] * sizes.input[1]);
    let work = images.zip(all.chunks_exact_mut(sizes.outputs * pixels));
    threads::share(work.collect(), products(&sizes, pixels), || {
        let mut planes = vec![0.0; geometry.input_planes()];
        let (weights, offsets) = (&weights, &offsets);
        move |(image, out)| {
            fill_inputs(geometry, image, &mut planes);
            weights.multiply(&planes, offsets, length, |first, long| {
                let channels = out.chunks_exact_mut(pixels).enumerate().skip(first);
                for ((output, channel), long) in channels.zip(long.chunks_exact(length)) {
                    let bias = bias.map_or(0.0, |bias| bias[output]);
                    take_output(geometry, long, bias, channel);
                }
            });
        }
    });
    all
}

/// Returns the number of multiplications per image.
fn products(sizes: &Sizes, pixels: usize) -> usize {
    sizes.taps() * sizes.outputs * pixels
}

/// One phase of the input pixels, with the weights and offsets that compute its gradient.
struct Back {
    at: [usize; 2],
    weights: Weights,
    offsets: Vec<usize>,
}

/// Computes the wanted gradients from the gradient of the output.
pub(super) fn backward(
    geometry: &Geometry,
    input: &[f32],
    weight: &[f32],
    gradient: &[f32],
    wanted: Wanted,
) -> Gradients {
    let sizes = geometry.sizes;
    let input_pixels = sizes.inputs * sizes.input[0] * sizes.input[1];
    let output_pixels = sizes.outputs * geometry.output[0] * geometry.output[1];
    let back = if wanted.input { backs(geometry, weight) } else { Vec::new() };
    let correlation = Correlation::new(geometry);
    let mut inputs = vec![0.0; if wanted.input { input.len() } else { 0 }];
    let chunks = sizes.batch.div_ceil(CHUNK);
    let mut weights = vec![0.0; if wanted.weight { chunks * weight.len() } else { 0 }];
    let mut biases = vec![0.0; if wanted.bias { chunks * sizes.outputs } else { 0 }];
    let empty_or = |length: usize, is_wanted: bool| if is_wanted { length } else { 0 };
    let mut lent_inputs = inputs.chunks_mut((CHUNK * input_pixels).max(1));
    let mut lent_weights = weights.chunks_mut(weight.len().max(1));
    let mut lent_biases = biases.chunks_mut(sizes.outputs.max(1));
    let work = input.chunks(CHUNK * input_pixels).zip(gradient.chunks(CHUNK * output_pixels));
    let work = work.map(|(input, gradient)| Chunk {
        input,
        gradient,
        input_gradient: lent_inputs.next().unwrap_or_default(),
        weight_gradient: lent_weights.next().unwrap_or_default(),
        bias_gradient: lent_biases.next().unwrap_or_default(),
    });
    let cost = 2 * CHUNK * products(&sizes, geometry.output[0] * geometry.output[1]);
    threads::share(work.collect(), cost, || {
        let group = correlation.group;
        let mut planes = vec![0.0; empty_or(group * geometry.input_planes(), wanted.weight)];
        let mut gradients = vec![0.0; group * sizes.outputs * geometry.gradient_plane];
        let (back, correlation) = (&back, &correlation);
        move |mut chunk: Chunk<'_>| {
            let groups = chunk.gradient.chunks(group * output_pixels);
            for (number, outputs) in groups.enumerate() {
                let images = outputs.len() / output_pixels;
                let gradients = &mut gradients[..images * sizes.outputs * geometry.gradient_plane];
                let first = number * group * input_pixels;
                for (image, planes) in
                    gradients.chunks_exact_mut(sizes.outputs * geometry.gradient_plane).enumerate()
                {
                    let at = image * output_pixels;
                    fill_gradients(geometry, &outputs[at..][..output_pixels], planes);
                    chunk.add_biases(geometry, planes);
                    let at = first + image * input_pixels;
                    if let Some(input) = chunk.input_gradient.get_mut(at..at + input_pixels) {
                        back.iter().for_each(|back| back.run(geometry, planes, input));
                    }
                }
                if wanted.weight {
                    let planes = &mut planes[..images * geometry.input_planes()];
                    let inputs = chunk.input[first..].chunks_exact(input_pixels);
                    let planes_of = planes.chunks_exact_mut(geometry.input_planes());
                    inputs.zip(planes_of).for_each(|(image, it)| fill_inputs(geometry, image, it));
                    correlation.run(geometry, gradients, planes, chunk.weight_gradient);
                }
            }
        }
    });
    Gradients {
        input: inputs,
        weight: sum(weights, weight.len()),
        bias: sum(biases, sizes.outputs),
    }
}

/// Some images, with the buffers for their gradients.
struct Chunk<'a> {
    input: &'a [f32],
    gradient: &'a [f32],
    input_gradient: &'a mut [f32],
    weight_gradient: &'a mut [f32],
    bias_gradient: &'a mut [f32],
}

impl Chunk<'_> {
    fn add_biases(&mut self, geometry: &Geometry, planes: &[f32]) {
        let planes = planes.chunks_exact(geometry.gradient_plane);
        for (bias, plane) in self.bias_gradient.iter_mut().zip(planes) {
            *bias += plane.iter().sum::<f32>();
        }
    }
}

fn backs(geometry: &Geometry, weight: &[f32]) -> Vec<Back> {
    let Sizes { inputs, outputs, side, .. } = geometry.sizes;
    let phases = geometry.phases();
    let all = (0..phases * phases).map(|phase| [phase / phases, phase % phases]);
    // With a stride, an input of a pixel or two leaves some phases empty.
    let has_pixels = |[down, across]: &[usize; 2]| {
        let [height, width] = geometry.sizes.input;
        geometry.phase(height, *down).count > 0 && geometry.phase(width, *across).count > 0
    };
    all.filter(has_pixels)
        .map(|at| {
            let taps = geometry.gradient_offsets(at);
            let columns = outputs * taps.len();
            let weights = Weights::new(inputs, columns, |input, column| {
                let (output, [row, tap_column]) =
                    (column / taps.len(), taps[column % taps.len()].0);
                weight[((output * inputs + input) * side + row) * side + tap_column]
            });
            let plane = |output: usize| output * geometry.gradient_plane;
            let offsets =
                (0..outputs).flat_map(|o| taps.iter().map(move |(_, tap)| plane(o) + tap));
            Back { at, weights, offsets: offsets.collect() }
        })
        .collect()
}

impl Back {
    /// Writes the pixels of this phase to an input's gradient, `[inputs, height, width]`.
    fn run(&self, geometry: &Geometry, planes: &[f32], input: &mut [f32]) {
        let [height, width] = geometry.sizes.input;
        let phase = (geometry.phase(height, self.at[0]), geometry.phase(width, self.at[1]));
        let length = geometry.phase_length(phase.0, phase.1);
        self.weights.multiply(planes, &self.offsets, length, |first, long| {
            let channels = input.chunks_exact_mut(height * width).skip(first);
            for (channel, long) in channels.zip(long.chunks_exact(length)) {
                take_phase(geometry, phase, long, channel);
            }
        });
    }
}

/// The layout of the correlation that gives the filters' gradient.
struct Correlation {
    /// Images correlated at once.
    group: usize,
    gradient_offsets: Vec<usize>,
    input_offsets: Vec<usize>,
}

impl Correlation {
    fn new(geometry: &Geometry) -> Self {
        let outputs = geometry.sizes.outputs;
        let image = geometry.input_planes() + outputs * geometry.gradient_plane;
        let offset = |output| output * geometry.gradient_plane + geometry.gradient_start();
        Self {
            group: (CACHED / image).clamp(1, CHUNK),
            gradient_offsets: (0..outputs).map(offset).collect(),
            input_offsets: geometry.input_offsets(),
        }
    }

    fn run(&self, geometry: &Geometry, gradients: &[f32], inputs: &[f32], out: &mut [f32]) {
        let image = geometry.sizes.outputs * geometry.gradient_plane;
        let gradients = Planes { values: gradients, image };
        let inputs = Planes { values: inputs, image: geometry.input_planes() };
        correlate(
            (gradients, &self.gradient_offsets),
            (inputs, &self.input_offsets),
            geometry.output_length(),
            out,
        );
    }
}

/// Adds up consecutive parts of `length` values, in order.
fn sum(mut parts: Vec<f32>, length: usize) -> Vec<f32> {
    let first = length.min(parts.len());
    let (total, others) = parts.split_at_mut(first);
    for part in others.chunks_exact(length.max(1)) {
        total.iter_mut().zip(part).for_each(|(total, part)| *total += part);
    }
    parts.truncate(length);
    parts
}
