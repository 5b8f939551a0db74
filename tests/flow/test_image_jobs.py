"""Fine-tuning jobs for models of images: data, objectives, gates, kills.

Images are drawn here, models are toys with random weights.
"""
import base64
import io
import json
import random
import struct
import subprocess
import tarfile
import time
import zipfile
import zlib

import numpy as np
import pytest

from conftest import BUILD, SANITIZED
from test_images import embed, item
from test_jobs import (JOBS, create, finished, get, latent, model_bytes, move,
                       until, upload, weights)
from test_openapi import check


def stripes(i, across, side=18):
    """A PNG of stripes along or across, of a width of their own."""
    rng = np.random.default_rng(2 * i + across)
    y, x = np.mgrid[0:side, 0:side]
    v = 127 + 90 * np.sin((0.5 + rng.random()) * (x if across else y))
    rgb = np.repeat(v[..., None], 3, axis=2) * (0.5 + 0.5 * rng.random(3))
    rows = b"".join(b"\0" + row.tobytes() for row in rgb.astype(np.uint8))

    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def uri_of(png):
    return "data:image/png;base64," + base64.b64encode(png).decode()


def packed(numbers, more=()):
    """A zip with a folder for each of two classes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for i in numbers:
            for across in (0, 1):
                z.writestr(f"all/{('along', 'across')[across]}/{i}.png",
                           stripes(i, across))
        for name, data in more:
            z.writestr(name, data)
    return out.getvalue()


def request(train, valid=None, steps=12, **objective):
    return {"model": "gated", "training_file": train, "validation_file": valid,
            "suffix": "tiny", "seed": 7,
            "hyperparameters": {"batch_size": 6},
            "objective": {"type": "bayesncl", **objective,
                          "recipe": {"steps": steps, "warm_up": 2}},
            "checkpoint": {"every_steps": max(1, steps // 4), "keep": 2}}


@pytest.fixture
def served(start, models):
    for name, flag in (("gated", "--image"), ("plain", "--image-plain")):
        subprocess.run([BUILD / "tests/flow/make_model", flag,
                        models / f"{name}.safetensors", "5"], check=True)
    d = start(models=models)
    return (d, upload(d, "train.zip", packed(range(8))),
            upload(d, "valid.zip", packed(range(8, 11))))


# ---- from its making to its model

def test_a_job_of_images_succeeds_and_its_gates_are_served(served, tmp_path):
    d, train, valid = served
    job = create(d, request(train, valid))
    check("FineTuningJob", job)
    done = finished(d, job)
    assert done["status"] == "succeeded", done
    assert done["progress"]["step"] == 12 and done["objective"]["type"] == "bayesncl"
    model = done["fine_tuned_model"]
    assert model.startswith("ft:gated:tiny:")
    reply = embed(d, uri_of(stripes(99, 1)), model=model, include=["gates"])
    gates = item(reply)["gates"]
    assert gates["mode"] == "hard" and len(gates["probabilities"]) == 12
    data = model_bytes(tmp_path, done)
    n = int.from_bytes(data[:8], "little")
    card = json.loads(json.loads(data[8:8 + n])["__metadata__"]["latentd.card"])
    assert card["training"]["parent"]["name"] == "gated"
    assert card["training"]["images"] == {"train": 16, "valid": 6, "test": 0}
    assert card["results"]["valid"]["best_step"] > 0
    assert card["results"]["valid"]["best"] <= card["results"]["valid"]["last"]
    names = [m["id"] for m in d.client.get("/v1/models").json()["data"]]
    assert any(n.startswith(model) and "ckpt-step-9" in n for n in names), names


def test_events_tell_of_gates_and_of_the_classifier(served):
    d, train, valid = served
    done = finished(d, create(d, request(train, valid)))
    events = d.client.get(f"{JOBS}/{done['id']}/events?limit=100").json()["data"]
    for e in events:
        check("FineTuningJobEvent", e)
    last = next(e["data"] for e in events if e["type"] == "metrics")
    assert 0 < last["gates_open"] < 1 and 0 < last["expected_active"] < 12
    assert 0 <= last["classifier_accuracy"] <= 1 and last["task"] > 0
    assert last["valid_loss"] > 0 and last["parent_valid_loss"] > 0
    assert last["kl"] > 0 and last["nce"] > 0 and "inv" not in last
    told = d.client.get(f"{JOBS}/{done['id']}/checkpoints").json()["data"]
    assert told and told[0]["metrics"]["gates_open"] > 0
    text = d.client.get(f"/v1/files/{done['result_files'][0]}/content").text
    head = text.splitlines()[0].split(",")
    assert "gates_open" in head and "classifier_accuracy" in head
    assert all(len(l.split(",")) == len(head) for l in text.splitlines())


def test_images_of_a_manifest_and_a_tenth_of_their_subjects(served):
    d, train, _ = served
    lines = [{"file": upload(d, f"{i}.png", stripes(i, i % 2)),
              "label": "ab"[i % 2]} for i in range(6)]
    lines += [{"file": train, "entry": f"all/{c}/{i}.png", "subject": f"s{i}"}
              for i in range(8) for c in ("along", "across")]
    data = upload(d, "m.jsonl", "".join(
        json.dumps(l) + "\n" for l in lines).encode())
    done = finished(d, create(d, request(data)))
    assert done["status"] == "succeeded", done


def test_what_is_left_out_is_told(served):
    d, _, _ = served
    data = upload(d, "t.zip", packed(range(8), [
        ("all/along/cut.png", stripes(1, 0)[:90]), ("notes.txt", b"x")]))
    done = finished(d, create(d, request(data)))
    assert done["status"] == "succeeded", done
    events = d.client.get(f"{JOBS}/{done['id']}/events?limit=100").json()["data"]
    warned = [e for e in events if e["level"] == "warn"]
    assert len(warned) == 1 and "2 warnings" in warned[0]["message"]
    assert "all/along/cut.png" in warned[0]["message"]


@pytest.mark.parametrize("objective, gates", [
    ({"type": "cl"}, False),
    ({"type": "ncl", "top_k": 4}, False),
    ({"type": "bayesncl", "gate": "concrete", "prior": 0.3, "price": 1e-3}, True),
    ({"type": "bayesncl", "gate": "soft", "freeze": 3, "early_lr": 0.1,
      "views": [{"name": "crop", "min_area": 0.5},
                {"name": "flip", "chance": 0.5}]}, True),
    ({"recipe": {"prior_by": "activity"}}, True),
])
def test_objectives_of_images(served, tmp_path, objective, gates):
    d, train, valid = served
    body = request(train, valid)
    body["objective"] = {**objective, "recipe": {
        **objective.get("recipe", {}), "steps": 4, "warm_up": 1}}
    done = finished(d, create(d, body))
    assert done["status"] == "succeeded", done
    caps = d.client.get(f"/v1/models/{done['fine_tuned_model']}").json()
    assert caps["capabilities"]["gated"] is gates
    assert caps["capabilities"]["nonnegative"] is (objective.get("type") != "cl")


# ---- what is wrong

@pytest.mark.parametrize("change, status, where, code", [
    ({"objective": {"type": "scl"}}, 422, "objective.type", "wrong_modality"),
    ({"model": "toy"}, 422, "objective.type", "wrong_modality"),
    ({"model": "plain"}, 422, "objective.type", "no_gates"),
    ({"model": "plain", "objective": {"gate": "ste"}}, 422, "objective.type",
     "no_gates"),
    ({"objective": {"type": "ncl", "gate": "ste"}}, 400, "objective.gate", None),
    ({"objective": {"type": "bayesncl", "gate": "hard"}}, 400,
     "objective.gate", None),
    ({"objective": {"type": "scl", "prior": 0.5}}, 400, "objective.prior", None),
    ({"objective": {"type": "cl", "partitions": {"invariant": 3}}}, 400,
     "objective.partitions", None),
    ({"objective": {"type": "cl", "views": [{"name": "gain", "max": 1}]}}, 400,
     "objective.views[0].name", None),
    ({"objective": {"views": [{"name": "flip", "max": 1}]}}, 400,
     "objective.views[0].max", None),
])
def test_what_is_wrong_is_named(served, change, status, where, code):
    d, train, _ = served
    r = d.client.post(JOBS, json={**request(train), **change})
    assert r.status_code == status, r.text
    assert r.json()["error"]["param"] == where, r.text
    if code:
        assert r.json()["error"]["code"] == code


def line(**more):
    return (json.dumps(more) + "\n").encode()


def test_data_of_the_other_kind_fail_the_job_by_name(served):
    d, train, _ = served
    png = upload(d, "a.png", stripes(1, 1))
    csv = upload(d, "a.csv", b"MLII\n" + b"0.1\n0.2\n" * 2000)
    images = upload(d, "i.jsonl", line(file=png, subject="a"))
    signals = upload(d, "s.jsonl", line(file=csv, subject="a",
                                        sampling_rate_hz=250))
    signal_job = {"model": "toy", "training_file": images}
    for body, says in (
            (signal_job, "is an image, and what is trained reads signals"),
            ({**signal_job, "training_file": train},
             "an archive alone is for images"),
            (request(signals), "is a signal, and what is trained reads images"),
            (request(png), "is no manifest (.jsonl), and no archive of images"),
            ({**request(train), "objective": {"recipe": {"noise": 0.1}}},
             "noise is not for dataset = images"),
            ({**request(train), "hyperparameters": {"batch_size": 60}},
             "batches of 60 images")):
        done = finished(d, create(d, body))
        assert done["status"] == "failed", done
        assert says in done["error"]["message"], done
        assert done["error"]["code"] == "invalid_training_file"


def test_lines_that_images_do_not_have_are_reported(served):
    d, _, _ = served
    png = upload(d, "a.png", stripes(1, 1))
    csv = upload(d, "a.csv", b"time,MLII\n0,1\n0.004,2\n")
    r = d.client.post("/v1/files", data={"purpose": "fine-tune"}, files={
        "file": ("m.jsonl", line(file=png) + line(file=png, segment=[0, 5]) +
                 line(file=csv))})
    report = r.json()["report"]
    assert report["recordings"] == 1
    assert sorted((e["line"], e["reason"]) for e in report["errors"]) == [
        (2, "an image has no segment"), (3, "it has no subject")]


def test_an_archive_that_leads_out_is_refused(served):
    d, _, _ = served
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        info = tarfile.TarInfo("../a.png")
        info.size = 4
        t.addfile(info, io.BytesIO(b"abcd"))
    r = d.client.post("/v1/files", data={"purpose": "fine-tune"},
                      files={"file": ("x.tar", out.getvalue())})
    id = r.json()["id"]
    r = d.client.post(JOBS, json=request(id))
    assert r.status_code == 422
    assert r.json()["error"]["param"] == "training_file"


# ---- moved and killed

def test_paused_and_cancelled_at_any_time(served):
    d, train, valid = served
    job = create(d, request(train, valid, steps=50_000_000))
    until(d, job, "running")
    assert move(d, job, "pause").json()["status"] == "paused"
    assert move(d, job, "resume").json()["status"] in ("queued", "running")
    until(d, job, "running")
    assert move(d, job, "cancel").json()["status"] == "cancelled"
    assert get(d, job)["fine_tuned_model"] is None


def test_killed_at_any_instant_ends_in_the_same_bytes(served, start, models,
                                                      tmp_path):
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    rng = random.Random(seed)
    d, train, valid = served
    body = request(train, valid, steps=120)
    body["checkpoint"] = {"every_steps": 10, "keep": 2}
    whole = finished(d, create(d, body))
    job = create(d, body, **{"Idempotency-Key": "again"})
    for _ in range(2 if SANITIZED else 5):
        time.sleep(rng.random() * (3 if SANITIZED else 0.7))
        d.proc.kill()
        d.proc.wait()
        d.proc.returncode = 0
        d = start(models=models, job_attempts=1000)
        assert get(d, job)["id"] == job["id"]
    done = finished(d, job)
    assert done["status"] == "succeeded", done
    assert (weights(model_bytes(tmp_path, whole)) ==
            weights(model_bytes(tmp_path, done)))


def test_the_command_line_makes_jobs_of_images(served):
    d, train, _ = served
    made = latent(d, "create", "-m", "gated", "-t", train, "--objective",
                  "bayesncl", "--gate", "concrete", "--batch", "6", "--set",
                  "steps=3", "--watch")
    assert made.returncode == 0, made.stderr
    said = latent(d, "create", "-m", "plain", "-t", train, "--objective",
                  "bayesncl")
    assert said.returncode == 1 and "has no gates" in said.stderr
