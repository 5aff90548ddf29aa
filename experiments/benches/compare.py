"""Prints our times per training step beside PyTorch's and Keras', as Markdown.

    ~/torch/bin/python experiments/benches/compare.py [--rounds N] [--keras ~/keras/bin/python]

Each round runs one workload of ours and then the same of PyTorch, with as many threads as there are
cores, and the table shows the median of the rounds' ratios: on a shared machine the two sides then
see the same neighbours. Needs what training_step.py needs, and cargo; Keras' column, for the plain networks,
wants an interpreter that has what keras_step.py needs.
"""

import argparse
import pathlib
import re
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
arguments = argparse.ArgumentParser()
arguments.add_argument("--rounds", type=int, default=3)
arguments.add_argument("--keras", help="an interpreter with Keras")
arguments = arguments.parse_args()
STEPS = [
    "3x64 ReLU, batch 32",
    "3x64 sigmoid, batch 32",
    "3x64 ReLU, batch 256",
    "50x64 ReLU, batch 128",
    "ResNet-20, batch 32",
]
CELLS = ["RNN", "LSTM", "GRU"]


def executable(bench):
    """Builds a bench and returns its path."""
    command = ["cargo", "bench", "--workspace", "--no-run", "--bench", bench]
    said = subprocess.run(command, cwd=HERE, text=True, stderr=subprocess.PIPE)
    found = re.search(r"Executable .*\((.+)\)", said.stderr)
    if not found:
        sys.exit(f"cargo could not build the bench `{bench}`:\n{said.stderr}")
    root = subprocess.run(
        ["cargo", "locate-project", "--workspace", "--message-format", "plain"],
        cwd=HERE, check=True, text=True, stdout=subprocess.PIPE,
    ).stdout
    return pathlib.Path(root).parent / found[1]


def row(command, name):
    """Runs a program and returns the numbers in the row of this name; none if it has no such row."""
    said = subprocess.run([*map(str, command), name], check=True, text=True, stdout=subprocess.PIPE).stdout
    line = next((line for line in said.splitlines() if line.startswith(name)), name)
    return [float(number) for number in line.removeprefix(name).split()]


def alternated(bench, name):
    """Rows of ours, of PyTorch's and, where there is one, of Keras', round by round."""
    sides = [[executable(bench)], [sys.executable, HERE / f"{bench}.py"]]
    if bench == "training_step" and arguments.keras:
        sides.append([arguments.keras, HERE / "keras_step.py"])
    return [[row(side, name) for side in sides] for _ in range(arguments.rounds)]


def median(values):
    return statistics.median(values)


print("| workload | ours, ms | PyTorch, ms | PyTorch ÷ ours | Keras ÷ ours | norms of all parameters, ours | PyTorch's |")
print("|---|---|---|---|---|---|---|")
for name in STEPS:
    rounds = alternated("training_step", name)
    ours, theirs = (median(sides[side][0] for sides in rounds) for side in (0, 1))
    ratio = median(sides[1][0] / sides[0][0] for sides in rounds)
    of_keras = [sides[2][0] / sides[0][0] for sides in rounds if len(sides) > 2 and sides[2]]
    keras = f"{median(of_keras):.2f}" if of_keras else ""
    norms = [median(sides[side][1] for sides in rounds) for side in (0, 1)]
    print(f"| {name} | {ours:.3f} | {theirs:.3f} | {ratio:.2f} | {keras} | × {norms[0]:.2f} | × {norms[1]:.2f} |", flush=True)

print("\n| sequence, h = 128, batch 64 | PyTorch ÷ ours, T = 100 | T = 800 | T = 3,200 | exponent in T, ours | PyTorch's | MiB at T = 3,200, ours | PyTorch's |")
print("|---|---|---|---|---|---|---|---|")
for name in CELLS:
    rounds = alternated("sequence", name)
    ratio = [median(theirs[at] / ours[at] for ours, theirs in rounds) for at in (0, 3, 5)]
    exponent, memory = ([median(sides[side][at] for sides in rounds) for side in (0, 1)] for at in (6, 7))
    print(
        f"| {name} | " + " | ".join(f"{r:.2f}" for r in ratio)
        + f" | {exponent[0]:.3f} | {exponent[1]:.3f} | {memory[0]:.0f} | {memory[1]:.0f} |", flush=True
    )
