"""How soon the program answers: `backdraft list`, and a run's first training.

    python experiments/benches/start.py PATH_OF_BACKDRAFT

The first training is seen by the file of measurements that is opened for it, next to which its first step is
short: see the table of training steps.
"""

import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

PROGRAM = sys.argv[1]
ROUNDS = 21


def list_experiments():
    start = time.perf_counter()
    subprocess.run([PROGRAM, "list"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def first_training():
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        run = subprocess.Popen(
            [PROGRAM, "run", "sigmoid-vs-relu", "--preset", "quick", "--out", folder],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        while not any(pathlib.Path(folder).glob("*/*/measurements/*")):
            time.sleep(0.0005)
        seconds = time.perf_counter() - start
        run.terminate()
        run.wait()
        return seconds


for name, measure in [("list", list_experiments), ("first training of sigmoid-vs-relu", first_training)]:
    times = sorted(measure() * 1e3 for _ in range(ROUNDS))
    print(f"{name}: median {statistics.median(times):.1f} ms, longest {times[-1]:.1f} ms")
