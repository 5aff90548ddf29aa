"""Reads our event files with TensorBoard's own reader.

    pip install tensorboard==2.21.0
    cargo build --release --workspace --examples && target/release/examples/tensorboard /tmp/events
    python tests/checks/tensorboard_events.py /tmp/events
"""

import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "histograms": 0})
events.Reload()
tags = events.Tags()
scalars, histograms = tags["scalars"], tags["histograms"]
assert "gradient_norm/weight" in scalars, scalars
assert histograms == ["gradient_histogram/weight", "gradient_histogram/bias", "gradient_histogram/network"], histograms
norms = events.Scalars("gradient_norm/weight")
assert [norm.step for norm in norms] == [0, 5, 10, 15], norms
assert all(norm.value > 0 for norm in norms), norms
for event in events.Histograms("gradient_histogram/weight"):
    histogram = event.histogram_value
    # Every one of the 8 × 4 gradients is in a bucket, and the buckets reach from min to max.
    assert sum(histogram.bucket) == histogram.num == 32, histogram
    assert histogram.bucket_limit == sorted(histogram.bucket_limit), histogram
    assert histogram.bucket_limit[-1] == histogram.max, histogram
print(f"{len(scalars)} scalars and {len(histograms)} histograms at 4 steps, all as they should be")
