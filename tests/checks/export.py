"""Reads what `backdraft export` writes with other people's readers, and compares it with the record.

    pip install pandas==2.3.3 pyarrow==21.0.0 tensorboard==2.21.0
    cargo build --release --features parquet && python tests/checks/export.py target/release/backdraft

The order of rows is the record's: trials by factors and seed, measurements as they were made.
"""

import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas
import pyarrow.parquet
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2

program = sys.argv[1]
work = Path(tempfile.mkdtemp())


def backdraft(*arguments):
    return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout.strip()


run = Path(backdraft("run", "sigmoid-vs-relu", "--quiet", "--out", str(work / "runs"), "--seeds", "2",
                     "--set", "depths=[3]", "--set", "flow_depth=3", "--set", "steps=20"))
# A histogram and a value that is not finite, which this experiment does not measure.
trial = sorted((run / "measurements").iterdir())[0]
lines = trial.read_text().splitlines()
extra = [{"step": 5, "quantity": "gradient_histogram", "subject": f"head.weight[1e{decade}]", "value": count}
         for decade, count in [(-4, 3.0), (-2, 5.0)]]
extra.append({"step": 6, "quantity": "loss", "subject": "network", "value": None})
trial.write_text("\n".join(lines[:-1] + [json.dumps(row) for row in extra] + lines[-1:]) + "\n")

record = {}
for path in (run / "measurements").iterdir():
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    name = path.name.removesuffix(".jsonl")
    record[name] = (dict(rows[0]["trial"]), rows[0]["seed"], [row for row in rows if "quantity" in row])
total = sum(len(rows) for _, _, rows in record.values())


# The program reads the record's decimals with serde_json, which without its feature `float_roundtrip`
# (over which Burn would be built again) may miss the nearest number by one unit in the last place.
LAST_PLACE = 2**-52


def same(a, b):
    if a is None or b is None or math.isnan(a) or math.isnan(b):
        return (a is None or math.isnan(a)) and (b is None or math.isnan(b))
    return abs(a - b) <= LAST_PLACE * abs(b)


def compare(table, what):
    """Every row of the record is in the table, in its order, and nothing else."""
    assert len(table) == total, (what, len(table), total)
    assert set(table["schema"]) == {1} and set(table["run"]) == {run.name}, what
    for factors, seed, rows in record.values():
        chosen = table[(table["seed"] == seed)]
        for factor, level in factors.items():
            chosen = chosen[chosen[f"factor.{factor}"].astype(str) == level]
        assert len(chosen) == len(rows), (what, factors, seed)
        for exported, row in zip(chosen.to_dict("records"), rows):
            for key in ("step", "quantity", "subject"):
                assert exported[key] == row[key], (what, exported, row)
            assert same(exported["value"], row["value"]), (what, exported, row)
    print(f"{what}: {total} rows equal those of the record to the last place")


def alike(a, b):
    """Equal, with numbers as exact as `same` asks for."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(alike(*pair) for pair in zip(a, b))
    return same(a, b) if isinstance(a, float) and isinstance(b, float) else a == b


def export(format, name):
    out = work / name
    backdraft("export", str(run), "--format", format, "--out", str(out))
    return out


compare(pandas.read_csv(export("csv", "m.csv"), float_precision="round_trip"), "CSV, by pandas")
lines = pandas.read_json(export("jsonl", "m.jsonl"), lines=True, precise_float=True)
factors = pandas.json_normalize(lines.pop("factors")).add_prefix("factor.")
lines = pandas.concat([lines, factors], axis=1)
# pandas' reader of JSON is not exact in the last bit.
exact = [json.loads(line)["value"] for line in (work / "m.jsonl").read_text().splitlines()]
assert all(same(a, b) or abs(a / b - 1) < 1e-12 for a, b in zip(lines["value"], exact))
compare(lines.assign(value=[math.nan if value is None else value for value in exact]), "JSON lines, by pandas")
parquet = export("parquet", "m.parquet")
compare(pyarrow.parquet.read_table(parquet).to_pandas(), "Parquet, by pyarrow")
manifest = json.loads(pyarrow.parquet.read_metadata(parquet).metadata[b"backdraft.run"])
assert alike(manifest, json.loads((run / "run.json").read_text()))

events = export("tensorboard", "events")
assert sorted(folder.name for folder in events.iterdir()) == sorted(record)
for name, (factors, seed, rows) in record.items():
    reader = EventAccumulator(str(events / name), size_guidance={"scalars": 0, "histograms": 0, "tensors": 0})
    reader.Reload()
    scalars = {tag: iter(reader.Scalars(tag)) for tag in reader.Tags()["scalars"]}
    for row in rows:
        if row["quantity"] == "gradient_histogram":
            continue
        event = next(scalars[f"{row['quantity']}/{row['subject']}"])
        value = math.nan if row["value"] is None else row["value"]
        assert event.step == row["step"], (event, row)
        assert same(event.value, value) or abs(event.value - value) <= 1e-7 * abs(value) + 1e-45, (event, row)
    assert all(next(rest, None) is None for rest in scalars.values())
    content = reader.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    session = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info
    given = {key: value.number_value or value.string_value for key, value in session.hparams.items()}
    assert given["network"] == factors["network"] and given["depth"] == 3 and given["settings.steps"] == 20, given
    assert session.hparams["seed"].number_value == seed
    assert session.group_name == name.rsplit(".seed-", 1)[0]
histogram = EventAccumulator(str(events / trial.name.removesuffix(".jsonl")), size_guidance={"histograms": 0})
histogram.Reload()
[event] = histogram.Histograms("gradient_histogram/head.weight")
assert event.step == 5 and event.histogram_value.num == 8, event
print(f"TensorBoard: {len(record)} trials, scalars, a histogram and hyper-parameters equal those of the record")
