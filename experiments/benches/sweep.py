"""PyTorch's side of the sweep in `sweep.toml`: the same 100 trainings, one after another in one process.

    python3 -m venv ~/torch && ~/torch/bin/pip install torch==2.15.0
    ~/torch/bin/python experiments/benches/sweep.py

Same data, networks, batches, optimiser, evaluations and observed gradient norms. One thread, which is
faster than two for nets of this size; `--threads 2` shows it.
"""

import argparse
import csv
import gzip
import pathlib
import time

import torch

STEPS, BATCH, EVALUATIONS, OBSERVATIONS, SEEDS = 500, 32, 5, 10, 5
ACTIVATIONS = [torch.nn.ReLU, torch.nn.Tanh, torch.nn.Sigmoid, torch.nn.GELU]
RATES = [0.0003, 0.001, 0.003, 0.01, 0.03]
DIGITS = pathlib.Path(__file__).parents[2] / "datasets/data/digits.csv.gz"

parser = argparse.ArgumentParser()
parser.add_argument("--threads", type=int, default=1)
torch.set_num_threads(parser.parse_args().threads)

with gzip.open(DIGITS, "rt") as file:
    rows = torch.tensor([[float(cell) for cell in row] for row in csv.reader(file)])
pixels, labels = rows[:, :-1], rows[:, -1].long()
train_x, test_x = pixels[:1437], pixels[1437:]
train_y, test_y = labels[:1437], labels[1437:]
mean, deviation = train_x.mean(), train_x.std()
train_x, test_x = (train_x - mean) / deviation, (test_x - mean) / deviation


def train(activation, rate, seed):
    torch.manual_seed(seed)
    layers, inputs = [], 64
    for _ in range(3):
        layers += [torch.nn.Linear(inputs, 64), activation()]
        inputs = 64
    net = torch.nn.Sequential(*layers, torch.nn.Linear(64, 10))
    optimizer = torch.optim.Adam(net.parameters(), lr=rate, eps=1e-7)
    loss_of = torch.nn.CrossEntropyLoss()

    def evaluate(x, y):
        with torch.no_grad():
            scores = net(x)
            return loss_of(scores, y).item(), (scores.argmax(1) == y).float().mean().item()

    order, at = torch.randperm(len(train_x)), 0
    for step in range(STEPS):
        if step % (STEPS // EVALUATIONS) == 0:
            evaluate(test_x, test_y)
        if at >= len(order):
            order, at = torch.randperm(len(train_x)), 0
        batch = order[at : at + BATCH]
        at += BATCH
        optimizer.zero_grad()
        loss = loss_of(net(train_x[batch]), train_y[batch])
        loss.backward()
        if step % 10 == 0:
            loss.item()
        if step % (STEPS // OBSERVATIONS) == 0:
            torch.stack([p.grad.norm() for p in net.parameters()]).tolist()
        optimizer.step()
    evaluate(train_x, train_y)
    return evaluate(test_x, test_y)[1]


train(ACTIVATIONS[0], RATES[0], 0)
start = time.perf_counter()
runs = [(a, r, s) for a in ACTIVATIONS for r in RATES for s in range(SEEDS)]
accuracies = [train(*run) for run in runs]
seconds = time.perf_counter() - start
print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads: {len(runs)} trainings in {seconds:.1f} s,")
print(f"{60 * len(runs) / seconds:.0f} a minute; best accuracy {max(accuracies):.3f}")
