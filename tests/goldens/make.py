"""Makes the golden files: networks of PyTorch in float64 with everything that hooks measure.

    python3 -m venv venv && venv/bin/pip install torch==2.15.0 safetensors==0.8.0
    venv/bin/python tests/goldens/make.py

Each network has two files: its state dict in PyTorch's own naming, and a batch whose metadata hold
our configuration of the same network and the expected values. Weights and inputs are float32 numbers, so that both
sides start from the same ones; all arithmetic here is float64. Not run in CI: the files are kept.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

FOLDER = Path(__file__).parent
torch.set_default_dtype(torch.float64)

ACTIVATIONS = {
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(0.01),
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "softsign": nn.Softsign,
    "prelu": lambda: nn.PReLU(init=0.25),
}


def mlp(config):
    """The idiomatic twin: one Sequential. Returns it with its tapped modules by our names."""
    modules, taps = [], {}
    width = config["inputs"]
    for layer in range(config["depth"]):
        modules.append(nn.Linear(width, config["width"]))
        width = config["width"]
        if config.get("normalization") == "batch":
            modules.append(nn.BatchNorm1d(width))
        if config.get("normalization") == "layer":
            modules.append(nn.LayerNorm(width))
        taps[f"hidden.{layer}"] = len(modules)
        modules.append(ACTIVATIONS[config["activation"]]())
    modules.append(nn.Linear(width, config["outputs"]))
    net = nn.Sequential(*modules)
    return net, {name: net[index] for name, index in taps.items()}


class Joined(nn.Module):
    """One hidden layer with its skip; named as ours."""

    def __init__(self, inputs, width, config):
        super().__init__()
        self.linear = nn.Linear(inputs, width)
        self.activation = ACTIVATIONS[config["activation"]]()
        self.kind = config["skip"] if inputs == width else None
        if self.kind == "rezero":
            self.skip = nn.Parameter(torch.rand(1))
        if isinstance(self.kind, dict):
            self.skip = nn.Linear(width, width)

    def forward(self, x):
        y = self.activation(self.linear(x))
        if self.kind is None:
            return y
        if self.kind == "residual":
            return x + y
        if self.kind == "rezero":
            return x + self.skip * y
        gate = torch.sigmoid(self.skip(x))
        return gate * y + (1 - gate) * x


class JoinedMlp(nn.Module):
    def __init__(self, config):
        super().__init__()
        widths = [config["inputs"]] + [config["width"]] * config["depth"]
        pairs = zip(widths, widths[1:])
        self.hidden = nn.ModuleList(Joined(a, b, config) for a, b in pairs)
        self.head = nn.Linear(config["width"], config["outputs"])

    def forward(self, x):
        for block in self.hidden:
            x = block(x)
        return self.head(x)


def joined_mlp(config):
    net = JoinedMlp(config)
    return net, {f"hidden.{layer}": block for layer, block in enumerate(net.hidden)}


class Recurrent(nn.Module):
    """PyTorch's own recurrent module with a linear layer; unrolled by hand, because the module
    shows no gradient of the states between its time steps."""

    def __init__(self, config):
        super().__init__()
        kind = {"rnn": nn.RNN, "relu_rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[config["cell"]]
        more = {"nonlinearity": "relu"} if config["cell"] == "relu_rnn" else {}
        self.directions = [("layers", "")]
        if config.get("bidirectional"):
            self.directions.append(("reverse", "_reverse"))
            more["bidirectional"] = True
        self.rnn = kind(
            config["inputs"], config["hidden"], config["layers"], batch_first=True, **more
        )
        self.fc = nn.Linear(config["hidden"] * len(self.directions), config["outputs"])
        self.config = config
        self.seen = {}

    def forward(self, x):
        states = list(x.unbind(1))
        for layer in range(self.config["layers"]):
            forward, *reverse = (
                self.unroll(states if ours == "layers" else states[::-1], layer, ours, suffix)
                for ours, suffix in self.directions
            )
            both = zip(forward, *(states[::-1] for states in reverse))
            last = torch.cat([forward[-1], *(states[-1] for states in reverse)], 1)
            states = [torch.cat(pair, 1) for pair in both]
        unrolled = torch.stack(states, 1)
        torch.testing.assert_close(unrolled, self.rnn(x)[0], rtol=1e-12, atol=1e-12)
        read = unrolled if self.config.get("readout") == "every" else last
        return self.fc(read).flatten(1)

    def unroll(self, steps, layer, ours, suffix):
        """The states of one layer in one direction."""
        cell, states = self.config["cell"], []
        w, u = (getattr(self.rnn, f"weight_{kind}_l{layer}{suffix}") for kind in ("ih", "hh"))
        b, b_h = (getattr(self.rnn, f"bias_{kind}_l{layer}{suffix}") for kind in ("ih", "hh"))
        h = c = steps[0].new_zeros(steps[0].shape[0], self.config["hidden"])
        for t, step in enumerate(steps):
            from_input, from_state = step @ w.T + b, h @ u.T + b_h
            if cell == "rnn":
                h = torch.tanh(from_input + from_state)
            elif cell == "relu_rnn":
                h = torch.relu(from_input + from_state)
            elif cell == "lstm":
                i, f, g, o = (from_input + from_state).chunk(4, 1)
                c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                self.tap(f"{ours}.{layer}.cell@{t}", c)
                h = o.sigmoid() * c.tanh()
            else:
                (xr, xz, xn), (hr, hz, hn) = from_input.chunk(3, 1), from_state.chunk(3, 1)
                z = (xz + hz).sigmoid()
                n = (xn + (xr + hr).sigmoid() * hn).tanh()
                h = (1 - z) * n + z * h
            self.tap(f"{ours}.{layer}@{t}", h)
            states.append(h)
        return states

    def tap(self, name, state):
        state.retain_grad()
        self.seen[name] = state


def recurrent(config):
    net = Recurrent(config)
    return net, net.seen


class LstmVariant(nn.Module):
    """Variants that PyTorch lacks, from their papers' equations; named as ours."""

    class Layer(nn.Module):
        def __init__(self, cell, inputs, hidden):
            super().__init__()
            wide = (3 if cell == "coupled_lstm" else 4) * hidden
            is_normalized = cell == "layer_norm_lstm"
            self.input = nn.Linear(inputs, wide, bias=not is_normalized)
            self.hidden = nn.Linear(hidden, wide, bias=not is_normalized)
            self.variant = nn.Module()
            if cell == "peephole_lstm":
                for gate in ("input", "forget", "output"):
                    self.variant.register_parameter(gate, nn.Parameter(torch.zeros(hidden)))
            if is_normalized:
                self.variant.input, self.variant.hidden = nn.LayerNorm(wide), nn.LayerNorm(wide)
                self.variant.memory = nn.LayerNorm(hidden)

        def step(self, cell, x, h, c):
            x, u, more = self.input(x), self.hidden(h), self.variant
            if cell == "coupled_lstm":
                f, g, o = (x + u).chunk(3, 1)
                c = f.sigmoid() * c + (1 - f.sigmoid()) * g.tanh()
                return c, lambda c: o.sigmoid() * c.tanh()
            if cell == "layer_norm_lstm":
                i, f, g, o = (more.input(x) + more.hidden(u)).chunk(4, 1)
                c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                return c, lambda c: o.sigmoid() * more.memory(c).tanh()
            i, f, g, o = (x + u).chunk(4, 1)
            i, f = i + more.input * c, f + more.forget * c
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            return c, lambda c: (o + more.output * c).sigmoid() * c.tanh()

    def __init__(self, config):
        super().__init__()
        widths = [config["inputs"]] + [config["hidden"]] * config["layers"]
        pairs = zip(widths, widths[1:])
        layers = (LstmVariant.Layer(config["cell"], a, b) for a, b in pairs)
        self.layers = nn.ModuleList(layers)
        self.head = nn.Linear(config["hidden"], config["outputs"])
        self.config = config
        self.seen = {}

    def forward(self, x):
        states = list(x.unbind(1))
        for index, layer in enumerate(self.layers):
            h = c = x.new_zeros(x.shape[0], self.config["hidden"])
            for t, step in enumerate(states):
                c, show = layer.step(self.config["cell"], step, h, c)
                h = show(c)
                for name, value in ((f"layers.{index}.cell@{t}", c), (f"layers.{index}@{t}", h)):
                    value.retain_grad()
                    self.seen[name] = value
                states[t] = h
        return self.head(states[-1])


def lstm_variant(config):
    net = LstmVariant(config)
    return net, net.seen


class LinearRecurrent(nn.Module):
    """From the papers' equations, with complex tensors and a loop over time; named as ours."""

    class Lru(nn.Module):
        def __init__(self, width, state):
            super().__init__()
            self.nu = nn.Parameter(torch.linspace(0.5, 0.99, state).log().neg().log())
            self.theta = nn.Parameter(torch.linspace(0.1, 6, state).log())
            self.gamma = nn.Parameter(torch.full((state,), -0.5))
            self.input_re, self.input_im = (nn.Linear(width, state, bias=False) for _ in range(2))
            self.output_re, self.output_im = (nn.Linear(state, width, bias=False) for _ in range(2))
            self.direct = nn.Parameter(torch.ones(width))

        def forward(self, x, tap):
            decay = torch.exp(torch.complex(-self.nu.exp(), self.theta.exp()))
            b = torch.complex(self.input_re.weight, self.input_im.weight)
            c = torch.complex(self.output_re.weight, self.output_im.weight)
            h, outputs = torch.zeros(x.shape[1], len(decay), dtype=torch.complex128), []
            for t, step in enumerate(x):
                h = decay * h + self.gamma.exp() * (step.to(b.dtype) @ b.T)
                parts = tap(t, torch.cat([h.real, h.imag], 1))
                h = torch.complex(*parts.chunk(2, 1))
                outputs.append((h @ c.T).real + self.direct * step)
            return torch.stack(outputs)

    class MinGru(nn.Module):
        def __init__(self, width, state):
            super().__init__()
            self.gate, self.candidate = nn.Linear(width, state), nn.Linear(width, state)

        def forward(self, x, tap):
            h, states = x.new_zeros(x.shape[1], self.gate.out_features), []
            for t, step in enumerate(x):
                z = self.gate(step).sigmoid()
                h = tap(t, (1 - z) * h + z * self.candidate(step))
                states.append(h)
            return torch.stack(states)

    def __init__(self, config):
        super().__init__()
        width, state = config["width"], config["state"]
        self.embedding = nn.Linear(config["inputs"], width)
        self.layers = nn.ModuleList()
        for _ in range(config["layers"]):
            layer, is_lru = nn.Module(), config["unit"] == "lru"
            layer.norm = nn.LayerNorm(width)
            layer.unit = (self.Lru if is_lru else self.MinGru)(width, state)
            layer.mix = nn.Linear(width if is_lru else state, width)
            self.layers.append(layer)
        self.head = nn.Linear(width, config["outputs"])
        self.config, self.seen = config, {}

    def forward(self, x):
        x = self.embedding(x.transpose(0, 1))
        for index, layer in enumerate(self.layers):
            y = layer.unit(layer.norm(x), lambda t, h: self.tap(f"layers.{index}@{t}", h))
            y = layer.mix(nn.functional.gelu(y))
            x = x + y if self.config.get("skip", True) else y
        read = x if self.config.get("readout") == "every" else x[-1:]
        return self.head(read).transpose(0, 1).flatten(1)

    def tap(self, name, state):
        state.retain_grad()
        self.seen[name] = state
        return state


def linear_recurrent(config):
    net = LinearRecurrent(config)
    return net, net.seen


class BasicBlock(nn.Module):
    """As in torchvision, with option A between stages if there is no projection."""

    def __init__(self, inputs, outputs, stride, shortcut):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut, self.stride, self.missing = shortcut, stride, outputs - inputs
        if shortcut == "projection" and (stride != 1 or inputs != outputs):
            conv = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(conv, nn.BatchNorm2d(outputs))

    def forward(self, x):
        self.hidden = torch.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(self.hidden))
        if hasattr(self, "downsample"):
            y = y + self.downsample(x)
        elif self.shortcut != "none":
            kept = x[:, :, :: self.stride, :: self.stride]
            y = y + nn.functional.pad(kept, (0, 0, 0, 0, 0, self.missing))
        return torch.relu(y)


class Resnet(nn.Module):
    def __init__(self, config):
        super().__init__()
        channels, width = config["input_shape"][0], config["width"]
        self.is_large = config.get("stem") == "large"
        side, stride = (7, 2) if self.is_large else (3, 1)
        self.conv1 = nn.Conv2d(channels, width, side, stride, side // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.taps = {}
        for stage, blocks in enumerate(config["stages"]):
            layers = []
            for block in range(blocks):
                outputs = config["width"] << stage
                stride = 2 if stage > 0 and block == 0 else 1
                layers.append(BasicBlock(width, outputs, stride, config.get("shortcut", "padded")))
                self.taps[f"blocks.{len(self.taps)}"] = layers[-1]
                width = outputs
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))
        self.fc = nn.Linear(width, config["outputs"])
        self.stages = len(config["stages"])
        self.seen = {}

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        x = nn.functional.max_pool2d(x, 3, 2, 1) if self.is_large else x
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        for name, block in self.taps.items():
            block.hidden.retain_grad()
            self.seen[f"{name}.hidden"] = block.hidden
        return self.fc(x.mean((2, 3)))


def resnet(config):
    net = Resnet(config)
    return net, net.taps


class Encoder(nn.Module):
    """PyTorch's own encoder layer keeps its projections in one matrix; here they are named as ours."""

    class Attention(nn.Module):
        def __init__(self, width, heads):
            super().__init__()
            self.query, self.value, self.output = (nn.Linear(width, width) for _ in range(3))
            self.key = nn.Linear(width, width, bias=False)
            self.heads = heads

        def forward(self, x):
            q, k, v = (
                m(x).unflatten(2, (self.heads, -1)).transpose(1, 2)
                for m in (self.query, self.key, self.value)
            )
            seen = nn.functional.scaled_dot_product_attention(q, k, v)
            return self.output(seen.transpose(1, 2).flatten(2))

    class Layer(nn.Module):
        def __init__(self, config):
            super().__init__()
            width, self.is_pre = config["width"], config["norm"] == "pre"
            self.attention = Encoder.Attention(width, config["heads"])
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.expand = nn.Linear(width, config["feedforward"])
            self.contract = nn.Linear(config["feedforward"], width)

        def forward(self, x):
            feed = lambda x: self.contract(torch.relu(self.expand(x)))
            if self.is_pre:
                x = x + self.attention(self.norm1(x))
                return x + feed(self.norm2(x))
            x = self.norm1(x + self.attention(x))
            return self.norm2(x + feed(x))

    def __init__(self, config):
        super().__init__()
        width = config["width"]
        self.embedding = nn.Linear(config["inputs"], width)
        self.position = nn.Parameter(torch.zeros(config["length"], width))
        self.layers = nn.ModuleList(Encoder.Layer(config) for _ in range(config["layers"]))
        if config["norm"] == "pre":
            self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, config["outputs"])

    def forward(self, x):
        x = self.embedding(x) + self.position
        for layer in self.layers:
            x = layer(x)
        x = self.norm(x) if hasattr(self, "norm") else x
        return self.head(x.mean(1))


def transformer(config):
    net = Encoder(config)
    return net, {f"layers.{index}": layer for index, layer in enumerate(net.layers)}


def case(name, build, config, batch, loss, gain=1.0):
    torch.manual_seed(sum(map(ord, name)))
    net, taps = build(config)
    for parameter in net.parameters():
        fan_in = parameter[0].numel() if parameter.dim() > 1 else None
        with torch.no_grad():
            if fan_in:
                parameter.normal_(0, gain * fan_in**-0.5)
            elif parameter.numel() > 1:
                parameter.add_(0.1 * torch.randn_like(parameter))
            parameter.copy_(parameter.float().double())
    shape = config.get("input_shape") or [config["inputs"]]
    if "length" in config:
        shape = [config["length"], *shape]
    inputs = torch.randn(batch, *shape).float().double()
    if loss == "binary-cross-entropy":
        targets = (torch.rand(batch, 1) > 0.5).double()
        criterion = nn.BCEWithLogitsLoss()
    elif loss == "cross-entropy":
        targets = torch.randint(config["outputs"], (batch,))
        criterion = nn.CrossEntropyLoss()
    else:
        targets = torch.randn_like(net(inputs)).float().double()
        criterion = nn.MSELoss()

    weights = {key: value.detach().clone() for key, value in net.state_dict().items()}
    seen = {}

    def remember(tap):
        def hook(_module, _inputs, output):
            output.retain_grad()
            seen[tap] = output

        return hook

    for tap, module in taps.items():
        if isinstance(module, nn.Module):
            module.register_forward_hook(remember(tap))
    value = criterion(net(inputs), targets)
    value.backward()
    seen.update(getattr(net, "seen", {}))

    expected = {
        "loss": value.item(),
        "gradient_norm": {key: p.grad.norm().item() for key, p in net.named_parameters()},
        "activation_gradient_norm": {tap: a.grad.norm().item() for tap, a in seen.items()},
        "activation_mean": {tap: a.mean().item() for tap, a in seen.items()},
        "activation_standard_deviation": {
            tap: a.std(correction=0).item() for tap, a in seen.items()
        },
    }
    tensors = {
        key: value.float() if value.is_floating_point() else value for key, value in weights.items()
    }
    save_file(tensors, FOLDER / f"{name}.weights.safetensors")
    metadata = {
        "config": json.dumps(config),
        "loss": loss,
        "expected": json.dumps(expected),
        "torch": torch.__version__,
    }
    if targets.is_floating_point():
        targets = targets.float()
    batch = {"inputs": inputs.float(), "targets": targets}
    save_file(batch, FOLDER / f"{name}.batch.safetensors", metadata)
    print(f"{name:32} loss {value.item():.6f}")


def main():
    base = {"architecture": "mlp", "inputs": 12, "outputs": 1, "width": 10}
    bce, mse = "binary-cross-entropy", "mean-squared-error"
    for activation in ACTIVATIONS:
        config = {**base, "depth": 4, "activation": activation}
        case(f"mlp-{activation}", mlp, config, 9, bce)
    deep = {**base, "depth": 30, "activation": "sigmoid"}
    case("mlp-sigmoid-30", mlp, deep, 9, bce)
    case("mlp-relu-30", mlp, {**deep, "activation": "relu"}, 9, bce, gain=2**0.5)
    # No deeper: in chaos rounding errors grow with the gradient, and float32 has 7 digits.
    exploding = {**base, "depth": 12, "activation": "tanh"}
    case("mlp-exploding", mlp, exploding, 9, mse, gain=1.5)
    for normalization in ("batch", "layer"):
        config = {**base, "depth": 8, "activation": "relu", "normalization": normalization}
        case(f"mlp-{normalization}-norm", mlp, config, 16, bce)
    prelu = {**base, "depth": 5, "activation": "prelu", "normalization": "batch", "outputs": 3}
    case("mlp-prelu-batch-norm", mlp, prelu, 16, mse)
    for skip in ("residual", "rezero", {"highway": -2.0}):
        name = skip if isinstance(skip, str) else "highway"
        config = {**base, "depth": 12, "activation": "tanh", "skip": skip}
        case(f"mlp-{name}", joined_mlp, config, 9, mse)

    sequence = {"architecture": "recurrent", "inputs": 3, "outputs": 2, "hidden": 8, "layers": 1}
    for cell in ("rnn", "relu_rnn", "lstm", "gru"):
        case(f"{cell}-20", recurrent, {**sequence, "cell": cell, "length": 20}, 6, mse)
        deep = {**sequence, "cell": cell, "layers": 3, "length": 7, "readout": "every"}
        case(f"{cell}-stacked", recurrent, deep, 6, mse)
    for cell in ("lstm", "gru"):
        both = {**sequence, "cell": cell, "layers": 2, "length": 9, "bidirectional": True}
        readout = "last" if cell == "lstm" else "every"
        case(f"{cell}-bidirectional", recurrent, {**both, "readout": readout}, 6, mse)
    for cell in ("coupled_lstm", "peephole_lstm", "layer_norm_lstm"):
        case(cell, lstm_variant, {**sequence, "cell": cell, "layers": 2, "length": 12}, 6, mse)
    case("lstm-100", recurrent, {**sequence, "cell": "lstm", "length": 100}, 4, mse)

    linear = {"architecture": "linear-recurrent", "inputs": 3, "outputs": 2, "width": 6, "state": 5}
    for unit in ("lru", "min_gru"):
        config = {**linear, "unit": unit, "layers": 2, "length": 13}
        case(f"{unit}-13", linear_recurrent, config, 6, mse)
        config |= {"length": 8, "skip": False, "readout": "every"}
        case(f"{unit}-every", linear_recurrent, config, 6, mse)

    small = {"architecture": "resnet", "input_shape": [2, 9, 8], "outputs": 4, "width": 4}
    ce, gain = "cross-entropy", 2**0.5
    for shortcut in ("padded", "projection", "none"):
        config = {**small, "stages": [2, 2, 1], "shortcut": shortcut}
        case(f"resnet-{shortcut}", resnet, config, 8, ce, gain)
    large = {**small, "input_shape": [3, 32, 32], "stem": "large", "stages": [1, 1]}
    case("resnet-large-stem", resnet, {**large, "shortcut": "projection"}, 4, ce, gain)

    encoder = {"architecture": "transformer", "inputs": 5, "outputs": 3, "length": 6, "width": 12}
    encoder |= {"heads": 3, "feedforward": 20, "layers": 3}
    for norm in ("pre", "post"):
        case(f"transformer-{norm}-norm", transformer, {**encoder, "norm": norm}, 5, ce)


if __name__ == "__main__":
    main()
