"""Model files in PyTorch's hands: they open, and mean the same there."""
import json
import os
import pathlib
import struct
import subprocess

import pytest

np = pytest.importorskip("numpy")
torch = pytest.importorskip("torch")
nn = torch.nn

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LATENTD_BUILD", ".")).resolve()
DUMP = BUILD / "tests/flow/dump_model"


def of_signals(path):
    raw = path.read_bytes()
    header = json.loads(raw[8:8 + int.from_bytes(raw[:8], "little")])
    return json.loads(header["__metadata__"]["latentd.card"])["modality"] == "signal"


SHIPPED = [p for p in sorted((ROOT / "deploy/models").glob("*.safetensors")) if of_signals(p)]

pytestmark = pytest.mark.skipif(not DUMP.exists(), reason=f"no {DUMP}")

DTYPES = {"F32": np.float32, "F16": np.float16, "F64": np.float64,
          "I64": np.int64}


def load(path):
    """A safetensors file, as the package of that name reads it."""
    raw = path.read_bytes()
    end = 8 + struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:end])
    meta = header.pop("__metadata__", {})
    return {name: torch.from_numpy(np.frombuffer(
                raw[end + t["data_offsets"][0]:end + t["data_offsets"][1]],
                DTYPES[t["dtype"]]).reshape(t["shape"]).copy())
            for name, t in header.items()}, meta


def save(path, tensors, meta, dtype="F32"):
    header, data = {"__metadata__": meta}, b""
    for name, t in tensors.items():
        kind = "I64" if t.dtype == torch.int64 else dtype
        part = t.detach().numpy().astype(DTYPES[kind]).tobytes()
        header[name] = {"dtype": kind, "shape": list(t.shape),
                        "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def module(layer, channels):
    kind = layer["kind"]
    if kind == "conv1d":
        return nn.Conv1d(channels, layer["out"], layer["kernel"],
                         layer.get("stride", 1), layer.get("pad", 0))
    if kind == "linear":
        return nn.Linear(channels, layer["out"])
    if kind == "maxpool":
        return nn.MaxPool1d(layer["kernel"], layer.get("stride"),
                            layer.get("pad", 0))
    return {"batchnorm": lambda: nn.BatchNorm1d(channels), "relu": nn.ReLU,
            "add": nn.Identity, "flatten": nn.Flatten,
            "avgpool": lambda: nn.Sequential(nn.AdaptiveAvgPool1d(1),
                                             nn.Flatten()),
            "upsample": lambda: nn.Upsample(scale_factor=layer["factor"]),
            "unflatten": lambda: nn.Unflatten(
                1, (layer["channels"], layer["width"]))}[kind]()


class Stack(nn.Sequential):
    """A Sequential in which a layer may read an earlier activation."""

    def __init__(self, layers, x):
        super().__init__()
        self.layers = layers
        acts = [x]
        for layer in layers:
            source = acts[-layer.get("from", 1)]
            self.append(module(layer, source.shape[1]))
            acts.append(self.step(len(self) - 1, acts))
        self.out = acts[-1]

    def step(self, i, acts):
        layer = self.layers[i]
        x = self[i](acts[-layer.get("from", 1)])
        return x + acts[-layer["with"]] if "with" in layer else x

    def forward(self, x):
        acts = [x]
        for i in range(len(self)):
            acts.append(self.step(i, acts))
        return acts[-1]


def network(card):
    shape = (2, len(card["input"]["channels"]), card["input"]["window_samples"])
    net = nn.Module()
    net.encoder = Stack(card["architecture"]["encoder"], torch.randn(shape))
    net.task = Stack(card["architecture"].get("task", []), net.encoder.out)
    return net


def ours(path, prefix, card):
    """Windows, latents and what the task makes of them, from our engine."""
    subprocess.run([DUMP, path, prefix], check=True)
    parts = [np.fromfile(f"{prefix}.{s}", np.float32) for s in ("x", "y",
                                                                 "task")]
    window, channels = (card["input"]["window_samples"],
                        len(card["input"]["channels"]))
    x = torch.from_numpy(parts[0].reshape(-1, window, channels))
    y = torch.from_numpy(parts[1].reshape(len(x), -1))
    return x.transpose(1, 2).contiguous(), y, parts[2].reshape(len(x), -1)


def check(net, path, tmp_path, card, tolerance):
    x, y, task = ours(path, tmp_path / "out", card)
    net.eval()
    with torch.no_grad():
        assert (net.encoder(x) - y).abs().max() < tolerance
        if len(net.task):
            want = net.task(y)
            if want.ndim == 3:  # ours are channels last
                want = want.transpose(1, 2)
            want = want.reshape(len(x), -1).numpy()
            assert np.abs(want - task).max() < tolerance * max(
                1, np.abs(want).max())


@pytest.fixture(params=[0, 1, 2] + SHIPPED, ids=str)
def model(request, tmp_path):
    if isinstance(request.param, pathlib.Path):
        return request.param
    path = tmp_path / "trial.safetensors"
    subprocess.run([DUMP, "--make", str(request.param), path], check=True)
    return path


def test_a_model_file_opens_and_gives_the_same_latents(model, tmp_path):
    tensors, meta = load(model)
    card = json.loads(meta["latentd.card"])
    net = network(card)
    missing, unknown = net.load_state_dict(tensors, strict=False)
    assert not unknown
    assert all(name.endswith("num_batches_tracked") for name in missing)
    check(net, model, tmp_path, card, 1e-4)


@pytest.mark.parametrize("dtype,tolerance", [("F32", 1e-4), ("F64", 1e-4),
                                             ("F16", 1e-2)])
def test_weights_trained_elsewhere_come_in(model, tmp_path, dtype, tolerance):
    _, meta = load(model)
    card = json.loads(meta["latentd.card"])
    torch.manual_seed(1)
    net = network(card)  # with statistics of one batch, and its counters
    path = tmp_path / "theirs.safetensors"
    state = net.state_dict()
    assert any(t.dtype == torch.int64 for t in state.values())
    save(path, state, meta, dtype)
    check(net, path, tmp_path, card, tolerance)
