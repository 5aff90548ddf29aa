"""Trains sick and healthy networks in PyTorch, logs them as docs/pytorch.md says, and has the logs diagnosed.

    pip install torch==2.15.0 tensorboard==2.21.0 lightning==2.6.6 transformers accelerate
    cargo build --release --workspace
    python tests/checks/pytorch_log.py target/release/backdraft

Lightning and Hugging Face are left out, with a line that says so, where they are not installed.
"""

import csv
import json
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import torch
from torch import nn

warnings.filterwarnings("ignore")
PROGRAM = sys.argv[1]
DEPTH, WIDTH, STEPS = 12, 32, 60

page = (Path(__file__).parents[2] / "docs" / "pytorch.md").read_text()
code = re.search(r"```python\n(import json.*?)```", page, re.S).group(1)
assert len(code.strip().splitlines()) <= 17, "fifteen lines and an import"
exec(code)  # log_gradients


def network(kind):
    torch.manual_seed(1)
    activation = {"sick": nn.Sigmoid, "healthy": nn.ReLU}[kind]
    layers, inputs = [], 8
    for _ in range(DEPTH):
        linear = nn.Linear(inputs, WIDTH)
        if kind == "healthy":
            nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
        layers += [linear, activation()]
        inputs = WIDTH
    return nn.Sequential(*layers, nn.Linear(WIDTH, 1))


def batch(step):
    generator = torch.Generator().manual_seed(step)
    x = torch.randn(64, 8, generator=generator)
    return x, (x[:, :1] * x[:, 1:2]).tanh()


def trained(kind, log):
    """A plain loop; `log(step, model, loss)` is called where docs/pytorch.md says."""
    model = network(kind)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for step in range(STEPS):
        x, y = batch(step)
        loss = nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        log(step, model, loss)
        optimizer.step()


def norms(model):
    return {name: p.grad.norm().item() for name, p in model.named_parameters()}


def json_lines(kind, folder):
    with open(folder / "log.jsonl", "w") as file:
        trained(kind, lambda *of: log_gradients(file, *of))
    return folder / "log.jsonl"


def table(kind, folder):
    rows = []
    trained(kind, lambda step, model, loss: rows.append(
        {"step": step, "loss": loss.item()} | {f"grad_norm/{n}": v for n, v in norms(model).items()}))
    with open(folder / "log.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return folder / "log.csv"


def tensorboard(kind, folder, new_style=False):
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(folder) as writer:
        def log(step, model, loss):
            writer.add_scalar("train/loss", loss, step, new_style=new_style)
            for name, norm in norms(model).items():
                writer.add_scalar(f"gradients/{name}", norm, step, new_style=new_style)
        trained(kind, log)
    return folder


def tensorboard_tensors(kind, folder):
    return tensorboard(kind, folder, new_style=True)


def lightning(kind, folder, logger="csv"):
    import logging

    import lightning.pytorch as pl
    from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
    from lightning.pytorch.utilities import grad_norm

    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)

    class Module(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = network(kind)

        def training_step(self, pair, index):
            loss = nn.functional.mse_loss(self.net(pair[0]), pair[1])
            self.log("train_loss", loss)
            return loss

        def on_before_optimizer_step(self, optimizer):
            self.log_dict(grad_norm(self.net, norm_type=2))

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.01)

    made = {"csv": CSVLogger, "tensorboard": TensorBoardLogger}[logger](folder)
    trainer = pl.Trainer(max_epochs=1, logger=made, log_every_n_steps=1, accelerator="cpu",
                         enable_progress_bar=False, enable_checkpointing=False, enable_model_summary=False)
    trainer.fit(Module(), torch.utils.data.DataLoader([batch(s) for s in range(STEPS)], batch_size=None))
    return folder


def lightning_tensorboard(kind, folder):
    return lightning(kind, folder, "tensorboard")


def hugging_face(kind, folder):
    from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = network(kind)

        def forward(self, x, labels=None):
            outputs = self.net(x)
            self.loss = nn.functional.mse_loss(outputs, labels)
            return {"loss": self.loss, "logits": outputs}

    class Log(TrainerCallback):
        def on_pre_optimizer_step(self, arguments, state, control, model=None, **_):
            log_gradients(file, state.global_step, model, model.loss)

    examples = [{"x": x, "labels": y} for s in range(STEPS) for x, y in zip(*batch(s))]
    arguments = TrainingArguments(output_dir=str(folder), max_steps=STEPS, per_device_train_batch_size=64,
                                  learning_rate=1e-2, optim="sgd", lr_scheduler_type="constant",
                                  logging_steps=1, report_to=[], disable_tqdm=True, use_cpu=True,
                                  log_level="error", save_steps=STEPS)
    with open(folder / "log.jsonl", "w") as file:
        trainer = Trainer(model=Model(), args=arguments, train_dataset=examples, callbacks=[Log()])
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    # What it logs by itself is read, too.
    states = sorted(folder.glob("checkpoint-*/trainer_state.json"))
    own = diagnosis(states[-1])
    assert dict(own["quantities"]).keys() >= {"loss", "global_gradient_norm"}, own
    return folder / "log.jsonl"


def diagnosis(path):
    told = subprocess.run([PROGRAM, "diagnose", str(path), "--json"], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)["trainings"][0]


checked = 0
for log in (json_lines, table, tensorboard, tensorboard_tensors, lightning, lightning_tensorboard, hugging_face):
    try:
        for kind in ("sick", "healthy"):
            with tempfile.TemporaryDirectory() as folder:
                found = diagnosis(log(kind, Path(folder)))
            rules = sorted({finding["rule"] for finding in found["findings"]})
            print(f"{log.__name__:<22}{kind:<9}{rules} unknown {found['first_unknown_tags']}")
            layers = dict(found["quantities"])["gradient_norm"]
            assert layers == 2 * (DEPTH + 1), found["quantities"]
            assert ("vanishing" in rules) == (kind == "sick"), found["findings"]
            assert kind == "sick" or not rules, found["findings"]
            first = [f for f in found["findings"] if f["rule"] == "vanishing"]
            assert kind == "healthy" or "0.weight" in first[0]["subject"], first
            checked += 1
    except ModuleNotFoundError as missing:
        print(f"{log.__name__:<22}not run: {missing}")
print(f"{checked} trainings diagnosed as they are")
