"""A model file as a graph of steps, for the engines that ours is measured with.

Each layer of the card is one node.  Tensors in the file have PyTorch's layout,
so they go to the peers as they are.
"""
import json
import struct

import numpy

EPSILON = 1e-5


class Model:
    """layers: dictionaries as in the card, each with its tensors added."""

    def __init__(self, path):
        with open(path, "rb") as f:
            head = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
            body = f.read()
        card = json.loads(head.pop("__metadata__")["latentd.card"])
        source = card["input"]
        self.layers = card["architecture"]["encoder"]
        self.input = input_shape(source)
        self.dims = card["latent"]["dimensions"]
        for i, layer in enumerate(self.layers):
            for key in ("weight", "bias", "running_mean", "running_var"):
                entry = head.get(f"encoder.{i}.{key}")
                if entry:
                    layer[key] = read_tensor(entry, body)

    def sources(self, i):
        """The activations that layer i reads; 0 is the network's input."""
        layer = self.layers[i]
        found = [i + 1 - layer.get("from", 1)]
        if "with" in layer:
            found.append(i + 1 - layer["with"])
        return found

    def flops(self):
        """Multiplications and additions of one thing's products."""
        total, shapes = 0, self.shapes()
        for i, layer in enumerate(self.layers):
            if "weight" in layer and layer["weight"].ndim > 1:
                places = numpy.prod(shapes[i + 1][1:], dtype=int)
                total += 2 * layer["weight"].size * int(places)
        return total

    def shapes(self):
        """(channels, height, width) of each activation; height 1: a signal."""
        shapes = [self.input]
        for i, layer in enumerate(self.layers):
            c, h, w = shapes[self.sources(i)[0]]
            k, s = layer.get("kernel", 1), layer.get("stride", 1)
            p = layer.get("pad", 0)
            kind = layer["kind"]
            if kind == "maxpool":
                s = layer.get("stride", k)
            if kind in ("conv1d", "conv2d", "maxpool"):
                c = layer.get("out", c)
                w = (w + 2 * p - k) // s + 1
                flat = self.input[1] == 1
                h = 1 if flat else (h + 2 * p - k) // s + 1
            elif kind in ("avgpool", "flatten"):
                c, h, w = c if kind == "avgpool" else c * h * w, 1, 1
            elif kind == "linear":
                c = layer["out"]
            shapes.append((c, h, w))
        return shapes


def input_shape(source):
    """(channels, height, width) of what a network reads."""
    if "window_samples" in source:
        first = source["channels"][0]
        several = len(source["channels"]) if isinstance(first, str) else 1
        return several, 1, source["window_samples"]
    return 3, source["height"], source["width"]


def read_tensor(entry, body):
    begin, end = entry["data_offsets"]
    return numpy.frombuffer(body[begin:end], "<f4").reshape(entry["shape"])


def fold(layer, norm):
    """Weight and bias of a product with the normalisation behind it."""
    weight = layer["weight"].astype(float)
    bias = layer.get("bias", numpy.zeros(len(weight))).astype(float)
    if norm:
        scale = norm["weight"] / numpy.sqrt(norm["running_var"] + EPSILON)
        weight = weight * scale.reshape((-1,) + (1,) * (weight.ndim - 1))
        bias = (bias - norm["running_mean"]) * scale + norm["bias"]
    return weight.astype("<f4"), bias.astype("<f4")


def fused(model):
    """Steps (kind, layer, sources, result, relu) with products that have taken
    the normalisation, and additions that have taken the ReLU, behind them."""
    kinds = [layer["kind"] for layer in model.layers] + ["", ""]
    readers = {}
    for i in range(len(model.layers)):
        for a in model.sources(i):
            readers.setdefault(a, []).append(i)
    steps, taken = [], set()

    def take(i, kind):
        """The layer behind activation i + 1, when only it reads that."""
        after = readers.get(i + 1, [])
        if after == [i + 1] and kinds[i + 1] == kind:
            taken.add(i + 1)
            return i + 1
        return None

    for i, layer in enumerate(model.layers):
        if i in taken:
            continue
        norm = relu = None
        last = i
        if kinds[i] in ("conv1d", "conv2d", "linear"):
            norm = take(last, "batchnorm")
            last = norm or last
        if kinds[i] != "relu":
            relu = take(last, "relu")
            last = relu or last
        steps.append((kinds[i], layer, model.layers[norm] if norm else None,
                      model.sources(i), last + 1, relu is not None))
    return steps


def write_steps(model, path):
    """path.steps and path.weights, for onednn.cpp."""
    shapes = model.shapes()
    with open(path + ".steps", "w") as text, \
            open(path + ".weights", "wb") as blob:
        print("input", *model.input, len(shapes), file=text)
        for kind, layer, norm, sources, result, relu in fused(model):
            if kind in ("conv1d", "conv2d", "linear"):
                weight, bias = fold(layer, norm)
                blob.write(weight.tobytes() + bias.tobytes())
            k, p = layer.get("kernel", 1), layer.get("pad", 0)
            s = layer.get("stride", k if kind == "maxpool" else 1)
            print(kind, sources[0], sources[1] if len(sources) > 1 else 0,
                  result, *shapes[sources[0]], *shapes[result], k, s, p,
                  int(relu), file=text)
