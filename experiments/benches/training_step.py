"""PyTorch's side of `cargo bench --bench training_step`.

    python3 -m venv ~/torch && ~/torch/bin/pip install torch==2.15.0
    ~/torch/bin/python experiments/benches/training_step.py [--device cuda] [part of a name]

Same networks, batches, optimiser and precision; the median of the same number of rounds. On a GPU the
workloads are the larger ones that the bench has for GPUs.
"""

import argparse
import statistics
import time

import torch
from torch import nn
from torch.nn.functional import pad, relu

arguments = argparse.ArgumentParser()
arguments.add_argument("--device", default="cpu")
arguments.add_argument("names", nargs="*")
arguments = arguments.parse_args()
DEVICE = torch.device(arguments.device)
torch.manual_seed(0)
torch.set_default_device(DEVICE)
# As on our side.
torch.set_float32_matmul_precision("high")
ROUNDS = 41 if DEVICE.type == "cpu" else 11


def mlp(activation, depth):
    layers, inputs = [], 100
    for _ in range(depth):
        layers += [nn.Linear(inputs, 64), activation()]
        inputs = 64
    net = nn.Sequential(*layers, nn.Linear(64, 1))
    for module in net:
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
    return net


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)
        self.stride, self.added = stride, outputs - inputs

    def forward(self, x):
        y = self.bn2(self.conv2(relu(self.bn1(self.conv1(x)))))
        x = x[:, :, :: self.stride, :: self.stride] if self.stride > 1 else x
        return relu(y + (pad(x, (0, 0, 0, 0, 0, self.added)) if self.added else x))


class ResNet(nn.Module):
    """He et al. 2016, option A, of 6n + 2 layers."""

    def __init__(self, n):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        shapes = [(16, 16, 1)] * n + [(16, 32, 2)] + [(32, 32, 1)] * (n - 1) + [(32, 64, 2)] + [(64, 64, 1)] * (n - 1)
        self.blocks = nn.Sequential(*(Block(*shape) for shape in shapes))
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        x = self.blocks(relu(self.bn(self.conv(x.reshape(-1, 3, 32, 32)))))
        return self.head(x.mean((2, 3)))


class LSTM(nn.Module):
    def __init__(self, length):
        super().__init__()
        self.length, self.rnn, self.fc = length, nn.LSTM(2, 128, batch_first=True), nn.Linear(128, 1)

    def forward(self, x):
        return self.fc(self.rnn(x.reshape(-1, self.length, 2))[0][:, -1])


def synchronize():
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def timed(make, inputs, batch, steps, norms):
    net = make()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, eps=1e-7)
    inputs = torch.randn(batch, inputs)
    targets = (inputs[:, :1] > 0).float()
    if net(inputs).shape[1] == 1:
        loss_of = nn.BCEWithLogitsLoss()
    else:
        loss_of, targets = nn.CrossEntropyLoss(), targets[:, 0].long()

    def step():
        optimizer.zero_grad()
        loss_of(net(inputs), targets).backward()
        if norms:
            torch.stack([p.grad.norm() for p in net.parameters()]).tolist()
        optimizer.step()

    def run(count):
        start = time.perf_counter()
        for _ in range(count):
            step()
        synchronize()
        return (time.perf_counter() - start) * 1e3 / count

    run(max(2, steps // 4))
    return run


WORKLOADS = [
    ("3x64 ReLU, batch 32", lambda: mlp(nn.ReLU, 3), 100, 32, 100),
    ("3x64 sigmoid, batch 32", lambda: mlp(nn.Sigmoid, 3), 100, 32, 100),
    ("3x64 ReLU, batch 256", lambda: mlp(nn.ReLU, 3), 100, 256, 50),
    ("50x64 ReLU, batch 128", lambda: mlp(nn.ReLU, 50), 100, 128, 8),
    ("ResNet-20, batch 32", lambda: ResNet(3), 3 * 32 * 32, 32, 1),
]
if DEVICE.type != "cpu":
    WORKLOADS = [
        (f"{name}, batch {batch}", make, inputs, batch, steps)
        for batch in (128, 1024)
        for name, make, inputs, steps in [
            ("50x64 ReLU", lambda: mlp(nn.ReLU, 50), 100, 20),
            ("LSTM T=100", lambda: LSTM(100), 200, 5),
            ("LSTM T=800", lambda: LSTM(800), 1600, 2),
            ("ResNet-20", lambda: ResNet(3), 3 * 32 * 32, 5),
            ("ResNet-110", lambda: ResNet(18), 3 * 32 * 32, 2),
        ]
    ]

print(f"PyTorch {torch.__version__}, {DEVICE}, {torch.get_num_threads()} threads")
print(f"{'ms per training step':<26} {'hooks off':>9} {'norms / off':>12}")
for name, make, inputs, batch, steps in WORKLOADS:
    if not all(part in name for part in arguments.names):
        continue
    runs = [timed(make, inputs, batch, steps, norms) for norms in (False, True)]
    rounds = [[run(steps) for run in runs] for _ in range(ROUNDS)]
    off = statistics.median(r[0] for r in rounds)
    ratio = statistics.median(r[1] / r[0] for r in rounds)
    print(f"{name:<26} {off:>9.4f} {ratio:>12.3f}")
