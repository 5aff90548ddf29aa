"""PyTorch's side of `cargo bench --bench training_step`.

    python3 -m venv ~/torch && ~/torch/bin/pip install torch==2.15.0
    ~/torch/bin/python experiments/benches/training_step.py

Same networks, batches, optimiser and precision; the median of the same number of rounds.
"""

import statistics
import time

import torch

torch.manual_seed(0)
ROUNDS = 41


def network(activation, depth):
    layers, inputs = [], 100
    for _ in range(depth):
        layers += [torch.nn.Linear(inputs, 64), activation()]
        inputs = 64
    net = torch.nn.Sequential(*layers, torch.nn.Linear(64, 1))
    for module in net:
        if isinstance(module, torch.nn.Linear):
            torch.nn.init.xavier_uniform_(module.weight)
            torch.nn.init.zeros_(module.bias)
    return net


def timed(activation, depth, batch, steps, norms):
    net = network(activation, depth)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, eps=1e-7)
    loss_of = torch.nn.BCEWithLogitsLoss()
    inputs = torch.randn(batch, 100)
    targets = (inputs[:, :1] > 0).float()

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
        return (time.perf_counter() - start) * 1e3 / count

    run(steps // 4)
    return run


WORKLOADS = [
    ("3x64 ReLU, batch 32", torch.nn.ReLU, 3, 32, 100),
    ("3x64 sigmoid, batch 32", torch.nn.Sigmoid, 3, 32, 100),
    ("3x64 ReLU, batch 256", torch.nn.ReLU, 3, 256, 50),
    ("50x64 ReLU, batch 128", torch.nn.ReLU, 50, 128, 8),
]

print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads")
print(f"{'ms per training step':<26} {'hooks off':>9} {'norms / off':>12}")
for name, activation, depth, batch, steps in WORKLOADS:
    runs = [timed(activation, depth, batch, steps, norms) for norms in (False, True)]
    rounds = [[run(steps) for run in runs] for _ in range(ROUNDS)]
    off = statistics.median(r[0] for r in rounds)
    ratio = statistics.median(r[1] / r[0] for r in rounds)
    print(f"{name:<26} {off:>9.4f} {ratio:>12.3f}")
