"""Fine-tuning jobs of a real daemon: made, followed, moved, killed.

Jobs are tiny: a toy encoder and a few made-up recordings.
"""
import io
import json
import os
import random
import signal
import subprocess
import threading
import time

import httpx
import numpy as np
import pytest

from conftest import BUILD, SANITIZED, clean_environ
from test_openapi import check

JOBS = "/v1/fine_tuning/jobs"
FINAL = ("succeeded", "failed", "cancelled")
# As many kills in the test command; any number on request.
KILLS = int(os.environ.get("LATENTD_KILLS", "4" if SANITIZED else "25"))


# ---- what jobs are made of

def recording(i, seconds=24):
    """A wave of a period of its own, as CSV of one lead."""
    t = np.arange(seconds * 250) / 250
    rng = np.random.default_rng(i)
    v = (np.sin(2 * np.pi * (1 + 0.13 * i) * t) + 0.3 * np.sin(9 * t)
         + 0.05 * rng.standard_normal(t.size))
    out = io.StringIO()
    out.write("MLII\n")
    np.savetxt(out, v, fmt="%.5f")
    return out.getvalue().encode()


def upload(d, name, data):
    r = d.client.post("/v1/files", files={"file": (name, data)},
                      data={"purpose": "fine-tune"})
    assert r.status_code == 200, r.text
    return r.json()["id"]


def manifest(d, subjects):
    lines = []
    for i in subjects:
        file = upload(d, f"r{i}.csv", recording(i))
        lines.append({"file": file, "subject": f"p{i}",
                      "sampling_rate_hz": 250,
                      "channels": [{"name": "MLII", "unit": "mV"}]})
    text = "".join(json.dumps(l) + "\n" for l in lines)
    return upload(d, "train.jsonl", text.encode())


def request(train, valid=None, steps=40, **more):
    return {"model": "toy", "training_file": train, "validation_file": valid,
            "suffix": "tiny", "seed": 7,
            "hyperparameters": {"batch_size": 8},
            "objective": {"type": "scl",
                          "views": [{"name": "phase_shift", "max_ms": 100}],
                          "recipe": {"steps": steps, "validate_windows": 8,
                                     "group": 1}},
            "checkpoint": {"every_steps": max(1, steps // 4), "keep": 2},
            **more}


def create(d, body, **headers):
    r = d.client.post(JOBS, json=body, headers=headers)
    assert r.status_code == 200, r.text
    return r.json()


def get(d, job):
    r = d.client.get(f"{JOBS}/{job['id']}")
    assert r.status_code == 200, r.text
    return r.json()


def until(d, job, states):
    if isinstance(states, str):
        states = (states,)
    end = time.monotonic() + 120
    while True:
        now = get(d, job)
        if now["status"] in states:
            return now
        assert now["status"] not in FINAL, now
        assert time.monotonic() < end, now
        time.sleep(0.05)


def finished(d, job):
    end = time.monotonic() + 180
    while True:
        now = get(d, job)
        if now["status"] in FINAL:
            return now
        assert time.monotonic() < end, now
        time.sleep(0.05)


def move(d, job, how):
    return d.client.post(f"{JOBS}/{job['id']}/{how}")


def endless(train, **more):
    """So many steps that only a move ends it."""
    return request(train, steps=50_000_000, **more)


def model_bytes(tmp_path, job):
    return (tmp_path / "data/models" /
            f"{job['fine_tuned_model']}.safetensors").read_bytes()


def weights(data):
    """The tensors of a model file, without its card."""
    n = int.from_bytes(data[:8], "little")
    return data[8 + n:]


@pytest.fixture
def served(start):
    d = start()
    train, valid = manifest(d, range(4)), manifest(d, range(4, 6))
    return d, train, valid


# ---- from its making to its model

def test_a_job_succeeds_and_its_model_is_served(served, tmp_path):
    d, train, valid = served
    job = create(d, request(train, valid, metadata={"ticket": "A-1"}))
    assert job["object"] == "fine_tuning.job"
    assert job["status"] == "validating_files"
    assert job["fine_tuned_model"] is None and job["error"] is None
    check("FineTuningJob", job)
    done = finished(d, job)
    assert done["status"] == "succeeded", done
    check("FineTuningJob", done)
    check("FineTuningJobList", d.client.get(JOBS).json())
    name = done["fine_tuned_model"]
    assert name.startswith("ft:toy:tiny:")
    assert done["progress"]["step"] == done["progress"]["total_steps"] == 40
    assert done["finished_at"] >= done["created_at"]
    assert done["metadata"] == {"ticket": "A-1"}

    wave = np.sin(np.arange(250) / 9).tolist()
    both = {}
    for model in ("toy", name):
        r = d.client.post("/v1/embeddings", json={
            "model": model, "input": {"type": "input_signal",
                "data": wave, "sampling_rate_hz": 250, "unit": "mV",
                "channels": ["MLII"]}})
        assert r.status_code == 200, r.text
        both[model] = r.json()["data"][0]["embedding"]
    assert len(both["toy"]) == len(both[name]) == 8
    assert both["toy"] != both[name]

    data = model_bytes(tmp_path, done)
    card = json.loads(json.loads(
        data[8:8 + int.from_bytes(data[:8], "little")])
        ["__metadata__"]["latentd.card"])
    toy = d.client.get("/v1/models/toy").json()["capabilities"]["digest"]
    assert card["training"]["parent"]["digest"] == toy
    assert card["training"]["parent"]["name"] == "toy"
    assert set(card["results"]["valid"]) == {"parent", "best", "best_step",
                                             "last"}
    # its name may come with its colons escaped
    assert d.client.get("/v1/models/" + name.replace(":", "%3A")
                        ).status_code == 200


def test_checkpoints_are_models_and_the_oldest_go(served, tmp_path):
    d, train, valid = served
    done = finished(d, create(d, request(train, valid)))
    page = d.client.get(f"{JOBS}/{done['id']}/checkpoints").json()
    check("FineTuningJobCheckpointList", page)
    assert [c["step_number"] for c in page["data"]] == [30, 20]
    assert not page["has_more"]
    assert page["first_id"] == done["last_checkpoint"]
    for c in page["data"]:
        name = c["fine_tuned_model_checkpoint"]
        assert name == (f"{done['fine_tuned_model']}:ckpt-step-"
                        f"{c['step_number']}")
        assert d.client.get(f"/v1/models/{name}").status_code == 200
        assert c["metrics"]["step"] == c["step_number"]
    gone = f"{done['fine_tuned_model']}:ckpt-step-10"
    assert d.client.get(f"/v1/models/{gone}").status_code == 404
    one = d.client.get(f"{JOBS}/{done['id']}/checkpoints?limit=1").json()
    assert one["has_more"] and len(one["data"]) == 1
    rest = d.client.get(f"{JOBS}/{done['id']}/checkpoints",
                        params={"after": one["last_id"]}).json()
    assert [c["step_number"] for c in rest["data"]] == [20]
    assert not (tmp_path / "data/jobs" / done["id"]).exists()


def test_events_and_results_tell_the_whole_way(served):
    d, train, valid = served
    done = finished(d, create(d, request(train, valid)))
    seen, after = [], None
    while True:
        page = d.client.get(f"{JOBS}/{done['id']}/events", params={
            "limit": 3, **({"after": after} if after else {})}).json()
        check("FineTuningJobEventList", page)
        seen += page["data"]
        if not page["has_more"]:
            break
        after = page["data"][-1]["id"]
    assert [e["id"] for e in seen] == sorted({e["id"] for e in seen},
                                             reverse=True)
    assert seen[-1]["message"].startswith("The job is made")
    assert seen[0]["message"].startswith("The job is done")
    steps = [e["data"]["step"] for e in seen if e["type"] == "metrics"]
    assert steps == sorted(steps, reverse=True) and steps[0] == 40
    assert all(e["object"] == "fine_tuning.job.event" for e in seen)
    # its files are free again
    held = d.client.delete(f"/v1/files/{train}")
    assert held.status_code == 200, held.text
    results, = done["result_files"]
    rows = d.client.get(f"/v1/files/{results}/content").text.splitlines()
    assert rows[0].startswith("step,epoch,train_loss")
    assert [int(r.split(",")[0]) for r in rows[1:]] == steps[::-1]


def test_the_same_request_gives_the_same_weights(served, tmp_path):
    d, train, valid = served
    a = finished(d, create(d, request(train, valid),
                           **{"Idempotency-Key": "a"}))
    b = finished(d, create(d, request(train, valid),
                           **{"Idempotency-Key": "b"}))
    assert a["id"] != b["id"]
    assert (weights(model_bytes(tmp_path, a)) ==
            weights(model_bytes(tmp_path, b)))


# ---- lists, keys, twins

def test_lists_come_page_by_page_and_by_metadata(served):
    d, train, _ = served
    jobs = [create(d, endless(train, seed=i, metadata={"k": str(i % 2)}))
            for i in range(5)]
    for j in jobs:
        assert move(d, j, "cancel").status_code == 200
    page = d.client.get(JOBS, params={"limit": 2}).json()
    assert page["object"] == "list" and page["has_more"]
    assert [j["id"] for j in page["data"]] == [jobs[4]["id"], jobs[3]["id"]]
    rest = d.client.get(JOBS, params={"after": page["data"][-1]["id"]}).json()
    assert [j["id"] for j in rest["data"]] == [j["id"] for j in jobs[2::-1]]
    odd = d.client.get(JOBS, params={"metadata[k]": "1"}).json()
    assert [j["id"] for j in odd["data"]] == [jobs[3]["id"], jobs[1]["id"]]
    assert d.client.get(JOBS, params={"limit": 0}).status_code == 400


def test_a_twin_within_ten_seconds_is_the_same_job(served):
    d, train, _ = served
    a = d.client.post(JOBS, json=endless(train))
    b = d.client.post(JOBS, json=endless(train, metadata={"other": "x"}))
    assert b.json()["id"] == a.json()["id"]
    assert b.headers["X-Duplicate-Of"] == a.json()["id"]
    assert "X-Duplicate-Of" not in a.headers
    c = d.client.post(JOBS, json=endless(train, seed=8))
    assert c.json()["id"] != a.json()["id"]
    for j in (a, c):
        move(d, j.json(), "cancel")


def test_a_key_makes_one_job(served):
    d, train, _ = served
    head = {"Idempotency-Key": "one"}
    a = d.client.post(JOBS, json=endless(train), headers=head)
    b = d.client.post(JOBS, json=endless(train), headers=head)
    assert a.json()["id"] == b.json()["id"]
    c = d.client.post(JOBS, json=endless(train, seed=9), headers=head)
    assert c.status_code == 422
    move(d, a.json(), "cancel")


@pytest.mark.parametrize("change, status, where", [
    ({"model": "nobody"}, 404, "model"),
    ({"training_file": "file-01J00000000000000000000000"}, 404,
     "training_file"),
    ({"objective": {"type": "magic"}}, 400, "objective.type"),
    ({"objective": {"views": [{"name": "mirror"}]}}, 400,
     "objective.views[0].name"),
    ({"objective": {"recipe": {"encoder": "linear 8"}}}, 400,
     "objective.recipe.encoder"),
    ({"hyperparameters": {"n_epochs": 0}}, 400, "hyperparameters.n_epochs"),
    ({"suffix": "a/b"}, 400, "suffix"),
    ({"method": {"type": "dpo"}}, 400, "method.type"),
    ({"colour": "red"}, 400, "colour"),
])
def test_what_is_wrong_is_named(served, change, status, where):
    d, train, _ = served
    r = d.client.post(JOBS, json={**request(train), **change})
    assert r.status_code == status, r.text
    assert r.json()["error"]["param"] == where, r.text


def test_files_that_do_not_fit_fail_the_job(served):
    d, train, _ = served
    short = upload(d, "s.csv", b"MLII\n" + b"0.1\n0.2\n" * 20)
    bad = upload(d, "bad.jsonl", json.dumps(
        {"file": short, "subject": "x", "sampling_rate_hz": 250,
         "channels": [{"name": "MLII", "unit": "mV"}]}).encode())
    done = finished(d, create(d, request(bad)))
    assert done["status"] == "failed"
    assert done["error"]["code"] == "invalid_training_file"
    check("FineTuningJob", done)
    assert done["fine_tuned_model"] is None


# ---- moved

def test_a_paused_job_goes_on_to_the_same_bytes(served, tmp_path):
    d, train, valid = served
    body, pauses = request(train, valid, steps=600), 0
    whole = finished(d, create(d, body))
    job = create(d, body, **{"Idempotency-Key": "again"})
    for _ in range(3):
        if until(d, job, ("running", "succeeded"))["status"] != "running":
            break
        r = move(d, job, "pause")
        if r.status_code == 409:  # it was faster
            break
        pauses += 1
        assert r.json()["status"] == "paused"
        assert move(d, job, "pause").json()["status"] == "paused"
        time.sleep(0.3)
        assert get(d, job)["status"] == "paused"
        r = move(d, job, "resume")
        assert r.json()["status"] in ("queued", "running")
    done = finished(d, job)
    assert done["status"] == "succeeded" and pauses, done
    assert (weights(model_bytes(tmp_path, whole)) ==
            weights(model_bytes(tmp_path, done)))


def test_cancel_and_pause_in_every_state(served):
    d, train, valid = served
    running = create(d, endless(train))
    until(d, running, "running")
    assert d.client.delete(f"/v1/files/{train}").status_code == 409
    queued = create(d, endless(train, seed=2))
    assert move(d, queued, "pause").json()["status"] == "paused"
    assert move(d, queued, "resume").status_code == 200
    for job in (queued, running):
        for _ in range(2):
            r = move(d, job, "cancel")
            assert r.status_code == 200 and r.json()["status"] == "cancelled"
        for how in ("pause", "resume"):
            r = move(d, job, how)
            assert r.status_code == 409, r.text
            assert r.headers["x-should-retry"] == "false"
            assert r.json()["error"]["code"] == "invalid_state"
        assert get(d, job)["finished_at"]
    done = finished(d, create(d, request(train, valid)))
    for how in ("cancel", "pause", "resume"):
        assert move(d, done, how).status_code == 409
    assert d.client.post(f"{JOBS}/ftjob-none/cancel").status_code == 404


def test_a_wall_ends_the_job(served):
    d, train, _ = served
    done = finished(d, create(d, endless(
        train, limits={"max_wall_seconds": 1})))
    assert done["status"] == "failed"
    assert done["error"]["code"] == "max_wall_seconds"


# ---- as it happens

def events_of(lines):
    event = {}
    for line in lines:
        line = line.rstrip("\n")  # which older httpx leaves
        if not line:
            if event:
                yield event
            event = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            event[name] = value


def test_a_stream_tells_all_and_ends_with_the_job(served):
    d, train, valid = served
    job = create(d, request(train, valid))
    with d.client.stream("GET", f"{JOBS}/{job['id']}/events", headers={
            "Accept": "text/event-stream"}) as r:
        assert r.headers["content-type"] == "text/event-stream"
        seen = list(events_of(r.iter_lines()))
    assert seen[0] == {"retry": "3000"}
    assert seen[-1]["event"] == "done" and "id" not in seen[-1]
    assert json.loads(seen[-1]["data"])["status"] == "succeeded"
    told = [e["id"] for e in seen[1:-1]]
    rows = d.client.get(f"{JOBS}/{job['id']}/events",
                        params={"limit": 100}).json()["data"]
    assert told == [e["id"] for e in rows][::-1]
    metrics = [json.loads(e["data"]) for e in seen if
               e.get("event") == "metrics"]
    assert metrics[-1]["step"] == 40

    half = told[len(told) // 2]
    with d.client.stream("GET", f"{JOBS}/{job['id']}/events", headers={
            "Accept": "text/event-stream", "Last-Event-ID": half}) as r:
        again = list(events_of(r.iter_lines()))
    assert [e["id"] for e in again if "id" in e] == told[len(told) // 2 + 1:]


def test_streams_whose_clients_vanish_are_let_go(served):
    d, train, _ = served
    job = create(d, endless(train))
    for _ in range(20):
        with d.client.stream("GET", f"{JOBS}/{job['id']}/events", headers={
                "Accept": "text/event-stream"}) as r:
            next(r.iter_lines())
    with d.client.stream("GET", f"{JOBS}/{job['id']}/events", headers={
            "Accept": "text/event-stream"}) as r:
        lines = events_of(r.iter_lines())
        assert next(lines) == {"retry": "3000"}
        while next(lines).get("event") != "metrics":
            pass
        move(d, job, "cancel")
        assert [e for e in lines][-1]["event"] == "done"


def test_a_stream_ends_when_the_server_stops(served):
    d, train, _ = served
    job = create(d, endless(train))
    until(d, job, "running")
    ended = threading.Event()

    def follow():
        with httpx.stream("GET", f"{d.url}{JOBS}/{job['id']}/events",
                          headers={"Accept": "text/event-stream"},
                          timeout=60) as r:
            for _ in r.iter_lines():
                pass
        ended.set()

    t = threading.Thread(target=follow)
    t.start()
    time.sleep(0.3)
    d.signal(signal.SIGTERM)
    assert d.wait() == 0
    t.join(30)
    assert ended.is_set()


# ---- killed

def test_stopped_and_started_again_ends_in_the_same_bytes(start, tmp_path):
    d = start()
    train, valid = manifest(d, range(4)), manifest(d, range(4, 6))
    whole = finished(d, create(d, request(train, valid, steps=200)))
    job = create(d, request(train, valid, steps=200),
                 **{"Idempotency-Key": "again"})
    until(d, job, ("running", "succeeded"))
    d.signal(signal.SIGTERM)
    assert d.wait() == 0
    d = start()
    done = finished(d, job)
    assert done["status"] == "succeeded", done
    assert (weights(model_bytes(tmp_path, whole)) ==
            weights(model_bytes(tmp_path, done)))


def test_killed_at_any_instant_ends_in_the_same_bytes(start, tmp_path):
    seed = int(os.environ.get("LATENTD_SEED", random.randrange(1 << 30)))
    print(f"seed {seed} (LATENTD_SEED), {KILLS} kills (LATENTD_KILLS)")
    rng = random.Random(seed)
    d = start(job_attempts=1000)
    train, valid = manifest(d, range(4)), manifest(d, range(4, 6))
    body = request(train, valid, steps=300)
    body["checkpoint"] = {"every_steps": 20, "keep": 2}
    whole = finished(d, create(d, body))
    job = create(d, body, **{"Idempotency-Key": "again"})
    for _ in range(KILLS):
        time.sleep(rng.random() * (3 if SANITIZED else 0.7))
        d.proc.kill()
        d.proc.wait()
        d.proc.returncode = 0
        d = start(job_attempts=1000)
        # what was acknowledged is there
        assert get(d, job)["id"] == job["id"]
    done = finished(d, job)
    assert done["status"] == "succeeded", done
    assert (weights(model_bytes(tmp_path, whole)) ==
            weights(model_bytes(tmp_path, done)))
    names = [m["id"] for m in d.client.get("/v1/models").json()["data"]]
    kept = [n for n in names if "ckpt" in n and
            n.startswith(done["fine_tuned_model"])]
    assert len(kept) == 2, names


def test_a_job_that_takes_the_process_down_three_times_is_failed(
        start, tmp_path):
    d = start()
    train = manifest(d, range(4))
    job = create(d, request(train, steps=50_000_000))
    for _ in range(3):
        until(d, job, "running")
        d.proc.kill()
        d.proc.wait()
        d.proc.returncode = 0
        d = start()
    done = finished(d, job)
    assert done["status"] == "failed"
    assert "ended 3 times while it ran" in done["error"]["message"]
    assert d.client.get("/readyz").status_code == 200


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 6 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", folder],
            capture_output=True).returncode != 0:
        pytest.skip("no file system of a few megabytes can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_makes_a_job_wait(start, small_disk, tmp_path):
    d = start(data_dir=small_disk / "data")
    train, valid = manifest(d, range(4)), manifest(d, range(4, 6))
    job = create(d, request(train, valid, steps=20_000_000))
    until(d, job, "running")
    d.until(lambda: get(d, job)["progress"]["step"] > 0, "a step")
    filler = os.open(small_disk / "filler", os.O_WRONLY | os.O_CREAT)
    with pytest.raises(OSError):
        while True:
            os.write(filler, bytes(4096))
    os.close(filler)
    d.line(f"job {job['id']} waits")
    assert d.client.get("/readyz").status_code == 200
    now = get(d, job)
    assert now["status"] == "running"
    (small_disk / "filler").unlink()
    d.line(f"job {job['id']} goes on")
    d.until(lambda: get(d, job)["progress"]["step"] > now["progress"]["step"],
            "it goes on")
    assert move(d, job, "cancel").json()["status"] == "cancelled"


# ---- the command line

def latent(d, *args):
    return subprocess.run(
        [str(BUILD / "latent"), "jobs", *args, "--server", d.url],
        capture_output=True, text=True, timeout=120, env=clean_environ())


def test_the_command_line_makes_watches_and_moves(served):
    d, train, valid = served
    r = latent(d, "create", "--model", "toy", "--train", train, "--valid",
               valid, "--batch", "8", "--set", "steps=30", "--set",
               "validate_windows=8", "--set", "max_shift=50", "--set",
               "group=1", "--suffix", "cli", "--watch")
    assert r.returncode == 0, r.stderr + r.stdout
    assert "succeeded: ft:toy:cli:" in r.stdout
    assert "step 30/30" in r.stdout
    job, = d.client.get(JOBS).json()["data"]
    r = latent(d, "list")
    assert job["id"] in r.stdout and "succeeded" in r.stdout
    r = latent(d, "show", job["id"])
    assert job["fine_tuned_model"] in r.stdout
    r = latent(d, "watch", job["id"], "--json")
    assert json.loads(r.stdout.splitlines()[-1])["status"] == "succeeded"
    r = latent(d, "cancel", job["id"])
    assert r.returncode == 1 and "cannot be cancelled" in r.stderr
    long = create(d, endless(train))
    for how, state in (("pause", "paused"), ("resume", "queued"),
                       ("cancel", "cancelled")):
        r = latent(d, how, long["id"])
        assert r.returncode == 0 and state in r.stdout, r.stdout + r.stderr
    r = latent(d, "watch", long["id"])
    assert r.returncode == 1 and "cancelled" in r.stdout
    assert latent(d, "show", "ftjob-none").returncode == 1
    assert latent(d).returncode == 2


def test_counts_and_the_step_are_metrics(served):
    d, train, _ = served
    job = create(d, endless(train))
    until(d, job, "running")
    d.until(lambda: d.metric("latentd_job_step", job=job["id"]) > 0, "a step")
    assert d.metric("latentd_jobs", status="running") == 1
    waits = create(d, endless(train, seed=9))
    text = d.client.get("/metrics").text
    assert text.count("\nlatentd_job_step{") == 1 and waits["id"] not in text
    move(d, waits, "cancel")
    move(d, job, "cancel")
    d.until(lambda: d.metric("latentd_jobs", status="cancelled") == 2,
            "cancelled")
    assert "\nlatentd_job_step{" not in d.client.get("/metrics").text


def test_without_a_data_dir_there_are_no_jobs(start):
    d = start(data_dir="")
    for r in (d.client.get(JOBS), d.client.post(JOBS, json={}),
              d.client.get(f"{JOBS}/ftjob-x/events")):
        assert r.status_code == 503
        assert r.json()["error"]["code"] == "no_data_dir"
