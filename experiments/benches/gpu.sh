#!/usr/bin/env bash
# Everything that wants a GPU, in one command: parity with the CPU, the counted read-backs, and step times,
# hooks off and on, beside PyTorch's on the same card.
#
#     experiments/benches/gpu.sh [cuda | vulkan | wgpu] [python with torch]
set -euo pipefail
cd "$(dirname "$0")/../.."
backend="${1:-cuda}"
python="${2:-python3}"

cargo build --release --workspace --features "backdraft/$backend"
cargo run --release --workspace --features "backdraft/$backend" -- backends
cargo run --release --workspace --features "backdraft/$backend" -- backends --check
cargo test --release --workspace --features "backdraft/$backend,backdraft-tests/$backend" --test cross_crate \
    -- --nocapture backends read_backs goldens
BACKDRAFT_BACKEND="$backend" cargo bench --workspace --features "backdraft/$backend" --bench training_step
if "$python" -c 'import torch, sys; sys.exit(not torch.cuda.is_available())'; then
    "$python" experiments/benches/training_step.py --device cuda
else
    echo "no PyTorch with CUDA in $python: give one that has it as the second argument"
fi
