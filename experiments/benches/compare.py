"""Prints our times per training step beside PyTorch's, as Markdown.

    ~/torch/bin/python experiments/benches/compare.py [rounds]

Each round runs one workload of ours and then the same of PyTorch, with as many threads as there are
cores, and the table shows the median of the rounds' ratios: on a shared machine the two sides then
see the same neighbours. Needs what training_step.py needs, and cargo.
"""

import pathlib
import re
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 3
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
    """Runs a program and returns the numbers in the row of this name."""
    said = subprocess.run([*map(str, command), name], check=True, text=True, stdout=subprocess.PIPE).stdout
    line = next(line for line in said.splitlines() if line.startswith(name))
    return [float(number) for number in line.removeprefix(name).split()]


def alternated(bench, name):
    """Rows of ours and of PyTorch's, round by round."""
    ours = executable(bench)
    theirs = [sys.executable, HERE / f"{bench}.py"]
    return [(row([ours], name), row(theirs, name)) for _ in range(ROUNDS)]


def median(values):
    return statistics.median(values)


print("| workload | ours, ms | PyTorch, ms | PyTorch ÷ ours | norms of all parameters, ours | PyTorch's |")
print("|---|---|---|---|---|---|")
for name in STEPS:
    rounds = alternated("training_step", name)
    ours, theirs = (median(pair[side][0] for pair in rounds) for side in (0, 1))
    ratio = median(b[0] / a[0] for a, b in rounds)
    norms = [median(pair[side][1] for pair in rounds) for side in (0, 1)]
    print(f"| {name} | {ours:.3f} | {theirs:.3f} | {ratio:.2f} | × {norms[0]:.2f} | × {norms[1]:.2f} |", flush=True)

print("\n| sequence, h = 128, batch 64 | PyTorch ÷ ours, T = 100 | T = 800 | T = 3,200 | exponent in T, ours | PyTorch's | MiB at T = 3,200, ours | PyTorch's |")
print("|---|---|---|---|---|---|---|---|")
for name in CELLS:
    rounds = alternated("sequence", name)
    ratio = [median(b[at] / a[at] for a, b in rounds) for at in (0, 3, 5)]
    exponent, memory = ([median(pair[side][at] for pair in rounds) for side in (0, 1)] for at in (6, 7))
    print(
        f"| {name} | " + " | ".join(f"{r:.2f}" for r in ratio)
        + f" | {exponent[0]:.3f} | {exponent[1]:.3f} | {memory[0]:.0f} | {memory[1]:.0f} |", flush=True
    )
