"""What has its waveform is embedded again by another model."""
import json
import signal
import time

import pytest

from conftest import Daemon, make_model, signal_of
from test_recordings import flags, latent, url, vectors


@pytest.fixture
def two(models):
    make_model(models / "next.safetensors", seed=9)
    return models


def put_some(d, n, **more):
    many = [{"id": f"r{i:03}", "model": "toy", "store_waveform": True,
             "input": signal_of(n=500, seed=i),
             "windowing": {"mode": "tile", "hop_samples": 125}, **more}
            for i in range(n)]
    reply = d.client.post("/v1/recordings", json=many).json()
    assert reply["created"] == n, reply


def finished(d, timeout=120):
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        task = d.client.get("/v1/recordings/reembed").json()["data"][0]
        if task["status"] != "running":
            return task
        time.sleep(0.05)
    raise AssertionError(task)


def models_of(d, id):
    got = d.client.get(url(id)).json()["embeddings"]
    return {e["model"]: e["windows"] for e in got}


def test_vectors_are_those_of_a_request(start, two):
    d = start()
    put_some(d, 12)
    # one without a waveform is left alone
    d.client.put(url("given"), json=vectors())
    begun = d.client.post("/v1/recordings/reembed", json={"to": "next"})
    assert begun.status_code == 202, begun.text
    assert begun.json()["status"] == "running"
    assert begun.json()["total"] == 12
    task = finished(d)
    assert task["status"] == "succeeded"
    assert (task["done"], task["skipped"]) == (12, 0)
    assert models_of(d, "r003") == {"toy@1": 3, "next@1": 3}
    assert models_of(d, "given") == {"toy@1": 1}
    got = d.client.get(url("r005") + "?include=vectors").json()["embeddings"]
    want = d.client.post("/v1/embeddings", json={
        "model": "next", "input": [signal_of(n=500, seed=5)],
        "windowing": {"mode": "tile", "hop_samples": 125}}).json()["data"]
    kept = [e["embedding"] for e in got if e["model"] == "next@1"][0]
    assert kept == [i["embedding"] for i in want]
    # nothing is left to do
    again = d.client.post("/v1/recordings/reembed", json={"to": "next"})
    assert again.json()["total"] == 0 and finished(d)["done"] == 0


def test_what_is_replaced_may_go(start, two):
    d = start()
    put_some(d, 5)
    d.client.put(url("given"), json=vectors())
    d.client.post("/v1/recordings/reembed", json={
        "from": "toy", "to": "next", "drop": True})
    assert finished(d)["done"] == 5
    assert models_of(d, "r000") == {"next@1": 3}
    assert models_of(d, "given") == {"toy@1": 1}


def test_it_goes_on_after_kill_9_and_can_be_cancelled(tmp_path, two):
    args = flags(tmp_path, two) + ["--drain-delay", "0"]
    d = Daemon(args)
    put_some(d, 150)
    d.client.post("/v1/recordings/reembed", json={"to": "next"})
    busy = d.client.post("/v1/recordings/reembed", json={"to": "next"})
    done = d.client.get("/v1/recordings/reembed").json()["data"][0]
    if done["status"] == "running":
        assert busy.status_code == 409
    d.signal(signal.SIGKILL)
    d.proc.wait(30)
    d.client.close()
    d = Daemon(args)
    task = finished(d)
    assert task["status"] == "succeeded" and task["done"] == 150, task
    assert all(len(models_of(d, f"r{i:03}")) == 2 for i in range(0, 150, 10))
    many = [{"id": f"r{i:03}", "model": "toy", "store_waveform": True,
             "input": signal_of(n=500, seed=i),
             "windowing": {"mode": "center"}} for i in range(150)]
    assert d.client.post("/v1/recordings", json=many).json()["replaced"] == 150
    d.client.post("/v1/recordings/reembed", json={"to": "next"})
    gone = d.client.delete("/v1/recordings/reembed")
    assert gone.status_code in (200, 404)
    if gone.status_code == 200:
        assert gone.json()["data"][0]["status"] == "cancelled"
    assert d.client.delete("/v1/recordings/reembed").status_code == 404
    d.stop()


@pytest.mark.parametrize("status, body", [
    (400, {}), (400, {"to": ""}), (400, {"to": "next", "drop": True}),
    (400, {"to": "next", "what": 1}), (404, {"to": "nix"}),
    (404, {"to": "next", "from": "nix"}),
    (400, {"to": "toy", "from": "toy"})])
def test_what_is_wrong_is_said(start, two, status, body):
    d = start()
    reply = d.client.post("/v1/recordings/reembed", json=body)
    assert reply.status_code == status, reply.text
    assert d.client.get("/v1/recordings/reembed").json()["data"] == []


def test_the_command_line_begins_waits_and_cancels(start, two):
    d = start()
    put_some(d, 12)
    said = latent(d, "reembed", "--to", "next", "--from", "toy", "--wait")
    assert "to next@1: succeeded, 12 of 12 done, 0 skipped\n" in said
    assert models_of(d, "r003") == {"toy@1": 3, "next@1": 3}
    told = json.loads(latent(d, "reembed", "--to", "toy", "--wait", "--json"))
    assert told["status"] == "succeeded" and told["total"] == 0
    lines = latent(d, "reembed").splitlines()
    assert len(lines) == 2 and lines[0].startswith(told["id"])
    latent(d, "reembed", "--to", "toy", "--from", "next", "--drop")
    finished(d)
    assert "nothing is being" in latent(d, "reembed", "--cancel", status=1)
    assert "model nix" in latent(d, "reembed", "--to", "nix", status=1)
    assert "--to is missing" in latent(d, "reembed", "--wait", status=1)
    assert "--to begins" in latent(d, "reembed", "--to", "a", "--cancel", status=1)
    assert "for reembed" in latent(d, "list", "--to", "next", status=2)
    assert "no operand" in latent(d, "reembed", "next", status=2)
