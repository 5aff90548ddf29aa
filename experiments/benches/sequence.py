"""PyTorch's side of sequence.rs: the same steps, batch and sizes.

    pip install torch==2.15.0 && python experiments/benches/sequence.py [RNN | LSTM | GRU]
"""

import math
import os
import resource
import statistics
import sys
import time

import torch
from torch import nn

CELLS = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}
LENGTHS = [100, 200, 400, 800, 1600, 3200]
torch.set_num_threads(os.cpu_count())


class Net(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.rnn = kind(2, 128, batch_first=True)
        self.fc = nn.Linear(128, 1)

    def forward(self, x):
        return self.fc(self.rnn(x)[0][:, -1])


def median_step(kind, length):
    net = Net(kind)
    optimizer = torch.optim.Adam(net.parameters())
    inputs = torch.randn(64, length, 2)
    times = []
    # As on our side: a warm-up, and more rounds where they are short.
    for _ in range(1 + max(5, LENGTHS[-1] // length)):
        start = time.perf_counter()
        loss = net(inputs).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times[1:])


def peak_memory():
    """Most memory that the process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


print(f"{'ms per step, T =':<18}" + "".join(f"{length:>9}" for length in LENGTHS) + f"{'exponent':>10}{'MiB':>10}")
for name, kind in CELLS.items():
    if name not in (sys.argv[1:] or CELLS):
        continue
    times = [median_step(kind, length) for length in LENGTHS]
    exponent = math.log(times[-1] / times[0]) / math.log(LENGTHS[-1] / LENGTHS[0])
    print(f"{name:<18}" + "".join(f"{t:>9.1f}" for t in times) + f"{exponent:>10.3f}{peak_memory():>10.0f}")
