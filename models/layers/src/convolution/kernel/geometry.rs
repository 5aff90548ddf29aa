//! Positions of pixels in padded planes.

/// Planes are read in steps of this many values: the lanes of the widest vectors.
const WIDEST: usize = 16;

/// The sizes of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) batch: usize,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    /// Height and width of an input.
    pub(super) input: [usize; 2],
    /// Height and width of a filter.
    pub(super) side: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
}

impl Sizes {
    /// Returns the height and width of an output; `None` if the filter is larger than the padded
    /// input.
    pub(super) fn output(&self) -> Option<[usize; 2]> {
        let along = |length: usize| {
            Some((length + 2 * self.padding).checked_sub(self.side)? / self.stride + 1)
        };
        Some([along(self.input[0])?, along(self.input[1])?])
    }

    /// Returns the number of taps of a filter over all input channels: the inner dimension of the
    /// products.
    pub(super) fn taps(&self) -> usize {
        self.inputs * self.side * self.side
    }
}

/// Pixels of one phase along one axis, that is, with a padded coordinate of `phase` modulo the
/// stride.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Phase {
    /// The unpadded coordinate of the first one, and their number.
    pub(super) first: usize,
    pub(super) count: usize,
    /// The index of the first one among the padded pixels of its phase.
    pub(super) start: usize,
}

/// The layout of the planes of inputs and of output gradients, which share their row stride.
#[derive(Clone, Copy, Debug)]
pub(super) struct Geometry {
    pub(super) sizes: Sizes,
    pub(super) output: [usize; 2],
    /// Values from one row to the next. The padding between two rows is shared by both.
    pub(super) row: usize,
    /// Values from one input plane to the next.
    pub(super) input_plane: usize,
    /// Values from one gradient plane to the next.
    pub(super) gradient_plane: usize,
    /// Zero rows above, and columns to the left of, a gradient.
    lead: usize,
}

impl Geometry {
    /// Computes the layout; `None` if the filter is larger than the padded input.
    pub(super) fn new(sizes: Sizes) -> Option<Self> {
        let output = sizes.output()?;
        let Sizes { input: [height, width], side, stride, padding, .. } = sizes;
        let phases = |length: usize| (0..stride.min(side)).map(move |at| phase(sizes, length, at));
        let lead = (0..side)
            .map(|tap| (tap / stride).saturating_sub(phase(sizes, width, tap % stride).start))
            .max()?;
        let beyond = |length: usize, output: usize| {
            let ends = phases(length).map(|phase| phase.start + phase.count);
            ends.max().unwrap_or(0).saturating_sub(output)
        };
        let right = beyond(width, output[1]);
        let padded =
            if stride == 1 { width + padding } else { (width + 2 * padding).div_ceil(stride) };
        let row = padded.max(output[1] + lead.max(right));
        let rows = (height + 2 * padding).div_ceil(stride);
        let layout = Self { sizes, output, row, input_plane: 0, gradient_plane: 0, lead };
        let last_tap = (side - 1) / stride * (row + 1);
        let input_plane = (rows * row).max(last_tap + layout.output_length());
        let gradient_rows = lead + output[0] + beyond(height, output[0]);
        let reads = phases(height).flat_map(|down| phases(width).map(move |across| (down, across)));
        let reads = reads.map(|(down, across)| {
            (lead + down.start) * row + lead + across.start + layout.phase_length(down, across)
        });
        let gradient_plane = reads.max()?.max(gradient_rows * row);
        let gradient_plane = gradient_plane.max(layout.gradient_start() + layout.output_length());
        Some(Self { input_plane, gradient_plane, ..layout })
    }

    /// Returns the number of phases along each axis in which a filter has taps.
    pub(super) fn phases(&self) -> usize {
        self.sizes.stride.min(self.sizes.side)
    }

    /// Returns the pixels of a phase along an axis of this length.
    pub(super) fn phase(&self, length: usize, phase_at: usize) -> Phase {
        phase(self.sizes, length, phase_at)
    }

    /// Returns the number of values in the planes of one image.
    pub(super) fn input_planes(&self) -> usize {
        self.sizes.inputs * self.phases().pow(2) * self.input_plane
    }

    /// Returns the length of an output read as one long row, rounded up to whole vectors.
    pub(super) fn output_length(&self) -> usize {
        ((self.output[0] - 1) * self.row + self.output[1]).next_multiple_of(WIDEST)
    }

    /// Returns the same for the input pixels of one phase.
    pub(super) fn phase_length(&self, down: Phase, across: Phase) -> usize {
        (down.count.saturating_sub(1) * self.row + across.count).next_multiple_of(WIDEST)
    }

    /// Returns the offset of a gradient's first value in its plane.
    pub(super) fn gradient_start(&self) -> usize {
        self.lead * (self.row + 1)
    }

    /// Returns the offset at which each tap of a filter, `[input, row, column]`, reads for the
    /// first output pixel.
    pub(super) fn input_offsets(&self) -> Vec<usize> {
        let Sizes { inputs, side, stride, .. } = self.sizes;
        let phases = self.phases();
        let offset = |input: usize, down: usize, across: usize| {
            let plane = (input * phases + down % stride) * phases + across % stride;
            plane * self.input_plane + down / stride * self.row + across / stride
        };
        let of_input = |input| grid(side).map(move |(down, across)| offset(input, down, across));
        (0..inputs).flat_map(of_input).collect()
    }

    /// Returns the taps `(row, column)` that contribute to the gradient of a phase's pixels, each
    /// with the offset at which it reads for the first pixel.
    pub(super) fn gradient_offsets(
        &self,
        [down_at, across_at]: [usize; 2],
    ) -> Vec<([usize; 2], usize)> {
        let Sizes { input: [height, width], side, stride, .. } = self.sizes;
        let (down, across) = (self.phase(height, down_at), self.phase(width, across_at));
        let here = |(row, column): &(usize, usize)| {
            row % stride == down_at && column % stride == across_at
        };
        let offset = |(row, column): (usize, usize)| {
            let rows = self.lead + down.start - row / stride;
            let columns = self.lead + across.start - column / stride;
            ([row, column], rows * self.row + columns)
        };
        grid(side).filter(here).map(offset).collect()
    }
}

fn phase(sizes: Sizes, length: usize, at: usize) -> Phase {
    let Sizes { stride, padding, .. } = sizes;
    let start = padding.saturating_sub(at).div_ceil(stride);
    let first = stride * start + at - padding;
    Phase { first, count: length.saturating_sub(first).div_ceil(stride), start }
}

fn grid(side: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..side).flat_map(move |row| (0..side).map(move |column| (row, column)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_share_out_the_pixels_of_an_axis() {
        for (side, stride, padding) in [(3, 1, 1), (3, 2, 1), (1, 2, 0), (7, 2, 3), (5, 3, 0)] {
            let sizes =
                Sizes { batch: 1, inputs: 1, outputs: 1, input: [9, 9], side, stride, padding };
            let pixels = (0..stride).map(|at| phase(sizes, 9, at).count);
            assert_eq!(pixels.sum::<usize>(), 9, "{sizes:?}");
        }
    }

    #[test]
    fn a_row_ends_with_the_zeros_that_begin_the_next() {
        let sizes = Sizes {
            batch: 1,
            inputs: 2,
            outputs: 2,
            input: [8, 8],
            side: 3,
            stride: 1,
            padding: 1,
        };
        let geometry = Geometry::new(sizes).unwrap();
        assert_eq!((geometry.row, geometry.lead, geometry.output), (9, 1, [8, 8]));
        assert_eq!(geometry.input_offsets()[..4], [0, 1, 2, 9]);
    }

    #[test]
    fn a_filter_larger_than_the_input_has_no_geometry() {
        let sizes = Sizes {
            batch: 1,
            inputs: 1,
            outputs: 1,
            input: [2, 2],
            side: 3,
            stride: 1,
            padding: 0,
        };
        assert!(Geometry::new(sizes).is_none());
    }
}
