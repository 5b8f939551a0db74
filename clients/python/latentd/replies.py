"""What comes back: arrays, and what they mean."""
import base64
from dataclasses import dataclass, field
from typing import Dict, List, Optional

import numpy


def vector(value):
    """Of an array of numbers, or of base64."""
    if isinstance(value, str):
        return numpy.frombuffer(base64.b64decode(value), "<f4")
    return numpy.asarray(value, dtype="<f4")


@dataclass
class Gates:
    """Of a model with gates: how sure each dimension is.

    active: open and not 0; undecided: near the threshold; all_shut: the
    embedding is zeros.
    """
    mode: str
    probabilities: numpy.ndarray
    active: numpy.ndarray
    undecided: numpy.ndarray
    expected_active: float
    all_shut: bool


@dataclass
class Task:
    """What the model's head says: a class with its probability."""
    labels: List[str]
    probabilities: numpy.ndarray

    @property
    def label(self):
        return self.labels[int(self.probabilities.argmax())]


@dataclass
class Embedding:
    """One latent.  A block that the model does not have is None."""
    vector: numpy.ndarray
    index: int
    partitions: Dict[str, numpy.ndarray] = field(default_factory=dict)
    gates: Optional[Gates] = None
    task: Optional[Task] = None
    features: Optional[numpy.ndarray] = None
    id: Optional[str] = None
    digest: Optional[str] = None
    cache: Optional[str] = None
    window: Optional[dict] = None
    preprocessing: dict = field(default_factory=dict)
    error: Optional[dict] = None

    @property
    def invariant(self):
        return self.partitions.get("invariant")

    @property
    def variant(self):
        return self.partitions.get("variant")

    @property
    def free(self):
        return self.partitions.get("free")


def gates_of(value):
    return value and Gates(value["mode"], vector(value["probabilities"]),
                           numpy.asarray(value["active"], dtype=int),
                           numpy.asarray(value["undecided"], dtype=int),
                           value["expected_active"], value["all_shut"])


def task_of(value):
    return value and Task(value["labels"], vector(value["probabilities"]))


def embedding_of(item):
    parts = item.get("partitions") or {}
    features = item.get("features")
    return Embedding(
        vector=vector(item["embedding"]), index=item["index"],
        partitions={name: vector(p["values"]) for name, p in parts.items()},
        gates=gates_of(item.get("gates")), task=task_of(item.get("task")),
        features=None if features is None else vector(features),
        id=item.get("id"), digest=item.get("digest"), cache=item.get("cache"),
        window=item.get("window"), error=item.get("error"),
        preprocessing=item.get("preprocessing") or {})
