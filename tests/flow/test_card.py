"""Cards and their schema hold each other to the same rules."""
import json
import os
import pathlib
import struct
import subprocess

import pytest

jsonschema = pytest.importorskip("jsonschema")

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LATENTD_BUILD", ".")).resolve()
DUMP = BUILD / "tests/flow/dump_model"
MAKE = BUILD / "tests/flow/make_model"
SCHEMA = json.loads((ROOT / "schema/model-card.json").read_text())
EXAMPLE = json.loads((ROOT / "schema/model-card.example.json").read_text())


def valid(card):
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(card)


def card_of(path):
    raw = path.read_bytes()
    header = json.loads(raw[8:8 + struct.unpack("<Q", raw[:8])[0]])
    return json.loads(header["__metadata__"]["latentd.card"])


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert valid(EXAMPLE)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_what_we_write_passes(number, tmp_path):
    path = tmp_path / "trial.safetensors"
    subprocess.run([DUMP, "--make", str(number), path], check=True)
    jsonschema.validate(card_of(path), SCHEMA)


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "image.safetensors"
    subprocess.run([MAKE, "--image", path], check=True)
    return card_of(path)


def test_what_we_write_of_images_passes(image, tmp_path):
    path = tmp_path / "plain.safetensors"
    subprocess.run([MAKE, "--image-plain", path], check=True)
    jsonschema.validate(image, SCHEMA)
    jsonschema.validate(card_of(path), SCHEMA)


@pytest.mark.parametrize("spoil", [
    {"modality": "signal"}, {"gate": None}, {"task": {"kind": "classes"}},
    {"gate": {"mode": "hard", "threshold": 0.4, "temperature": 1}},
    {"gate": {"mode": "none", "threshold": 0.5, "temperature": 1}},
    {"input": EXAMPLE["input"]}, {"preprocessing": {"center": True}},
    {"latent": {"dimensions": 12, "nonnegativity": "square"}},
    {"latent": {"dimensions": 12}},
    {"architecture": EXAMPLE["architecture"]},
], ids=json.dumps)
def test_what_is_refused_of_images_does_not_pass(image, spoil):
    assert valid(image) and not valid({**image, **spoil})


@pytest.mark.parametrize(
    "path", sorted((ROOT / "deploy/models").glob("*.safetensors")), ids=str)
def test_what_we_ship_passes(path):
    jsonschema.validate(card_of(path), SCHEMA)


@pytest.mark.parametrize("spoil", [
    {"modality": "image"}, {"gate": {}}, {"task": None}, {"v": 1},
    {"name": "a/b"}, {"version": 0},
    {"preprocessing": {"wavelet": 3}},
    {"preprocessing": {"scale": "magic"}},
    {"input": {**EXAMPLE["input"], "unit": "furlong"}},
    {"input": {**EXAMPLE["input"], "sampling_rate_hz": 0}},
    {"input": {**EXAMPLE["input"], "channels": [["V5", "V5"]]}},
    {"latent": {"dimensions": 64, "partitions": {}}},
    {"latent": {"dimensions": 64, "partitions": {"loose": [0, 1]}}},
    {"architecture": {"encoder": []}},
    {"architecture": {"encoder": [{"kind": "magic"}]}},
    {"architecture": {"encoder": [{"kind": "relu", "out": 3}]}},
    {"architecture": {"encoder": [{"kind": "linear"}]}},
], ids=json.dumps)
def test_what_the_engine_refuses_does_not_pass(spoil):
    assert not valid({**EXAMPLE, **spoil})
