"""Every example in schema/openapi.json, sent to a real daemon.

The models of the examples are toys, so that they can be read whole.  What an
example names and only a daemon can give (the id of a file or a job) is put in
its place.
"""
import json
import pathlib
import re
import subprocess

import pytest

from conftest import BUILD

jsonschema = pytest.importorskip("jsonschema")
SCHEMA = pathlib.Path(__file__).parents[2] / "schema" / "openapi.json"
DOC = json.loads(SCHEMA.read_text())
# What others ask for stands first, what takes things away last.
ORDER = ("put /v1/recordings/{id}", "post /v1/recordings", "post /v1/files",
         "post /v1/embeddings", "post /v1/validate", "post /v1/similarity",
         "post /v1/recordings/query", "put /v1/aliases/{name}",
         "post /v1/fine_tuning/jobs")
ID = {"/v1/recordings/{id}": "rec-0042", "/v1/aliases/{name}": "ecg"}


def operations():
    for path, item in DOC["paths"].items():
        for method, operation in item.items():
            if isinstance(operation, dict) and "responses" in operation:
                yield method, path, operation


def examples():
    found = []
    for method, path, operation in operations():
        body = lookup(operation.get("requestBody", {}))
        for kind, content in body.get("content", {}).items():
            if kind == "application/json":
                for name, example in content.get("examples", {}).items():
                    found.append((method, path, name, example["value"]))
    rank = {key: i for i, key in enumerate(ORDER)}
    return sorted(found, key=lambda f: rank.get(f"{f[0]} {f[1]}", 99))


def lookup(node):
    """node, or what it refers to."""
    if "$ref" not in node:
        return node
    found = DOC
    for part in node["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return lookup(found)


def check(schema, value):
    jsonschema.Draft202012Validator(
        {**schema, "components": DOC["components"]}).validate(value)


@pytest.fixture
def toys(tmp_path):
    """A folder with the models that the examples name."""
    folder = tmp_path / "toys"
    folder.mkdir()
    make = str(BUILD / "tests/flow/make_model")
    for option, name, seed in (("--toy", "ecg-scl@2", "2"),
                               ("--toy", "ecg-scl@3", "3"),
                               ("--image", "image-bayesncl", "1")):
        subprocess.run([make, option, folder / f"{name}.safetensors", seed],
                       check=True)
    return folder


def upload(daemon):
    r = daemon.client.post("/v1/files", data={"purpose": "fine-tune"}, files={
        "file": ("train.csv", "time,MLII\n" + "".join(
            f"{i / 250},{i % 7}\n" for i in range(500)), "text/csv")})
    assert r.status_code == 200, r.text
    return r.json()["id"]


def in_place(value, file):
    """With ids of files that there are."""
    return json.loads(re.sub(r"file-[0-9A-Z]+", file, json.dumps(value)))


def test_every_example_is_answered_as_it_is_written(start, toys):
    daemon = start(models=toys)
    file, sent = upload(daemon), 0
    for method, path, name, value in examples():
        url = re.sub(r"\{\w+\}", ID.get(path, ""), path)
        reply = daemon.client.request(method, url, json=in_place(value, file))
        where = f"{method} {path}, {name}: {reply.status_code} {reply.text}"
        assert reply.status_code in (200, 201, 202), where
        operation = DOC["paths"][path][method]
        told = lookup(operation["responses"][str(reply.status_code)])
        check(told["content"]["application/json"]["schema"], reply.json())
        sent += 1
    assert sent >= 10


def test_examples_of_bodies_and_replies_fit_their_schemas():
    seen = 0
    for method, path, operation in operations():
        bodies = [lookup(operation.get("requestBody", {}))]
        bodies += [lookup(r) for r in operation["responses"].values()]
        for body in bodies:
            for content in body.get("content", {}).values():
                shown = [e["value"] for e in
                         content.get("examples", {}).values() if "value" in e]
                if "example" in content:
                    shown.append(content["example"])
                for value in shown:
                    if "schema" in content and not isinstance(value, str):
                        check(content["schema"], value)
                        seen += 1
    assert seen > 20


def test_every_operation_that_takes_json_shows_an_example():
    for method, path, operation in operations():
        body = lookup(operation.get("requestBody", {}))
        content = body.get("content", {}).get("application/json")
        assert content is None or content.get("examples"), f"{method} {path}"
