//! Copies between images and padded planes.

use super::geometry::{Geometry, Phase};

/// Copies an image, `[inputs, height, width]`, into its planes, whose margins are zero.
pub(super) fn fill_inputs(geometry: &Geometry, image: &[f32], planes: &mut [f32]) {
    let [height, width] = geometry.sizes.input;
    let (stride, phases) = (geometry.sizes.stride, geometry.phases());
    let channels = image.chunks_exact(height * width);
    let channel_planes = planes.chunks_exact_mut(phases * phases * geometry.input_plane);
    for (channel, planes) in channels.zip(channel_planes) {
        for (plane, planes) in planes.chunks_exact_mut(geometry.input_plane).enumerate() {
            let down = geometry.phase(height, plane / phases);
            let across = geometry.phase(width, plane % phases);
            for i in 0..down.count {
                let pixels = &channel[(down.first + i * stride) * width..][..width];
                let row =
                    &mut planes[(down.start + i) * geometry.row + across.start..][..across.count];
                gather(&pixels[across.first.min(width)..], stride, row);
            }
        }
    }
}

/// Copies the gradient of an output, `[outputs, height, width]`, into its planes.
pub(super) fn fill_gradients(geometry: &Geometry, gradient: &[f32], planes: &mut [f32]) {
    let [height, width] = geometry.output;
    let channels = gradient.chunks_exact(height * width);
    for (channel, plane) in channels.zip(planes.chunks_exact_mut(geometry.gradient_plane)) {
        let rows = plane[geometry.gradient_start()..].chunks_mut(geometry.row);
        for (pixels, row) in channel.chunks_exact(width).zip(rows) {
            row[..width].copy_from_slice(pixels);
        }
    }
}

/// Copies the pixels of one phase from a long row to a channel of the input's gradient,
/// `[height, width]`.
pub(super) fn take_phase(
    geometry: &Geometry,
    (down, across): (Phase, Phase),
    long: &[f32],
    channel: &mut [f32],
) {
    let [_, width] = geometry.sizes.input;
    let stride = geometry.sizes.stride;
    for (i, row) in long.chunks(geometry.row).take(down.count).enumerate() {
        let pixels = &mut channel[(down.first + i * stride) * width..][..width];
        let pixels = &mut pixels[across.first.min(width)..];
        match stride {
            1 => pixels.copy_from_slice(&row[..across.count]),
            _ => pixels
                .iter_mut()
                .step_by(stride)
                .zip(row)
                .for_each(|(pixel, value)| *pixel = *value),
        }
    }
}

/// Copies a channel of an output, `[height, width]`, from a long row and adds its bias.
pub(super) fn take_output(geometry: &Geometry, long: &[f32], bias: f32, channel: &mut [f32]) {
    let rows = channel.chunks_exact_mut(geometry.output[1]);
    for (pixels, row) in rows.zip(long.chunks(geometry.row)) {
        pixels.iter_mut().zip(row).for_each(|(pixel, value)| *pixel = value + bias);
    }
}

fn gather(pixels: &[f32], stride: usize, row: &mut [f32]) {
    match stride {
        1 => row.copy_from_slice(&pixels[..row.len()]),
        _ => row.iter_mut().zip(pixels.iter().step_by(stride)).for_each(|(to, from)| *to = *from),
    }
}
