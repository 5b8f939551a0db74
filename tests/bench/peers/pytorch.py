#!/usr/bin/python3
"""PyTorch as one of the engines that tests/bench/engine measures.

    pytorch.py serve MODEL.safetensors eager|scripted
    pytorch.py export MODEL.safetensors OUT.onnx
    pytorch.py script MODEL.safetensors OUT.pt

Commands as in ours.c.
"""
import sys
import time

import numpy
import torch
from torch import nn

import graph


class Net(nn.Module):
    """The card's layers, one module each."""

    def __init__(self, model):
        super().__init__()
        self.sources = [model.sources(i) for i in range(len(model.layers))]
        flat = model.input[1] == 1
        self.parts = nn.ModuleList(
            [module_of(layer, flat) for layer in model.layers])

    def forward(self, x):
        acts = [x]
        for part, sources in zip(self.parts, self.sources):
            acts.append(part(*[acts[a] for a in sources]))
        return acts[-1]


class Add(nn.Module):
    def forward(self, x, z):
        return x + z


class Mean(nn.Module):
    def forward(self, x):
        return x.flatten(2).mean(2)


def product_of(layer, flat):
    out, inner = layer["weight"].shape[:2]
    if layer["kind"] == "linear":
        return nn.Linear(inner, out)
    kind = nn.Conv1d if flat else nn.Conv2d
    return kind(inner, out, layer["kernel"], layer.get("stride", 1),
                layer.get("pad", 0), bias="bias" in layer)


def module_of(layer, flat):
    kind = layer["kind"]
    if kind in ("conv1d", "conv2d", "linear"):
        made = product_of(layer, flat)
    elif kind == "batchnorm":
        made = (nn.BatchNorm1d if flat else nn.BatchNorm2d)(len(layer["bias"]))
    elif kind == "relu":
        return nn.ReLU()
    elif kind == "maxpool":
        pool = nn.MaxPool1d if flat else nn.MaxPool2d
        return pool(layer["kernel"], layer.get("stride", layer["kernel"]),
                    layer.get("pad", 0))
    elif kind == "add":
        return Add()
    elif kind == "avgpool":
        return Mean()
    else:
        sys.exit(f"pytorch.py: no module for {kind}")
    made.load_state_dict({key: torch.tensor(layer[key]) for key in
                          ("weight", "bias", "running_mean", "running_var")
                          if key in layer}, strict=False)
    return made


class Engine:
    def __init__(self, model, way):
        self.shape = model.input if model.input[1] > 1 else \
            (model.input[0], model.input[2])
        self.net = Net(model).eval()
        self.run = self.net
        if way == "scripted":
            traced = torch.jit.trace(self.net, self.things(1))
            self.run = torch.jit.optimize_for_inference(
                torch.jit.freeze(traced))

    def things(self, batch):
        return torch.randn(batch, *self.shape)

    def embed(self, batch, threads, seconds):
        torch.set_num_threads(threads)
        x, done = self.things(batch), 0
        with torch.no_grad():
            self.run(x), self.run(x)
            begin = time.perf_counter()
            while time.perf_counter() < begin + seconds:
                self.run(x)
                done += batch
        return f"{done} {time.perf_counter() - begin:.6f}"

    def train(self, batch, threads, seconds):
        torch.set_num_threads(threads)
        net, x, done = self.net.train(), self.things(batch), 0
        adam = torch.optim.Adam(net.parameters())
        self.step(net, adam, x)
        begin = time.perf_counter()
        while time.perf_counter() < begin + seconds:
            self.step(net, adam, x)
            done += 1
        return f"{done} {time.perf_counter() - begin:.6f}"

    @staticmethod
    def step(net, adam, x):
        adam.zero_grad()
        (net(x) ** 2).mean().mul(0.5).backward()
        adam.step()

    def answer(self, source, target, n):
        x = numpy.fromfile(source, "<f4").reshape(n, *self.shape[1:], self.shape[0])
        x = torch.tensor(numpy.moveaxis(x, -1, 1).copy())
        with torch.no_grad():
            self.net(x).numpy().astype("<f4").tofile(target)
        return "done"


def serve(engine):
    for line in sys.stdin:
        name, *words = line.split()
        if name == "answer":
            reply = engine.answer(words[0], words[1], int(words[2]))
        else:
            reply = getattr(engine, name)(int(words[0]), int(words[1]),
                                          float(words[2]))
        print(reply, flush=True)


def main():
    what, path, last = sys.argv[1:]
    engine = Engine(graph.Model(path), last if what == "serve" else "eager")
    if what == "export":
        torch.onnx.export(engine.net, engine.things(1), last,
                          input_names=["x"], output_names=["y"],
                          dynamic_axes={"x": {0: "n"}, "y": {0: "n"}})
        return
    if what == "script":
        torch.jit.save(torch.jit.freeze(
            torch.jit.trace(engine.net, engine.things(1))), last)
        return
    print("float32", flush=True)
    serve(engine)


main()
