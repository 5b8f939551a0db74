"""Recordings over REST, on a real daemon: what is acknowledged is there."""
import base64
import http.client
import io
import json
import os
import random
import signal
import sqlite3
import struct
import subprocess
import threading
import time
from urllib.parse import quote

import numpy
import pytest

from conftest import (BUILD, SANITIZED, Daemon, clean_environ, make_model,
                      signal_of)

ODD = ["a/b", "%2F", "100%", " ", "a b", "?", "#", "&=", "+", "'; DROP TABLE x",
       '"', "\\", "\u65e5\u672c\u8a9e", "\u00e9", "e\u0301", "\U0001f600",
       "\x01", "\t", "*", "_%", "...", "-", "x" * 255, "\u00e9" * 127]


def url(id):
    return "/v1/recordings/" + quote(id, safe="")


def vectors(value=1.0, model="toy"):
    return {"embeddings": [{"model": model, "embedding": [value] * 8}]}


def put(daemon, id, headers=None, **body):
    reply = daemon.client.put(url(id), json=body, headers=headers)
    assert reply.status_code in (200, 201), reply.text
    return reply


def test_a_signal_becomes_vectors_that_embeddings_gives(daemon):
    ask = {"model": "toy", "input": signal_of(n=1000),
           "windowing": {"mode": "tile"}}
    reply = put(daemon, "r", subject="s", metadata={"b": 1, "a": [None]}, **ask)
    assert reply.status_code == 201
    got = daemon.client.get(url("r") + "?include=vectors,partitions").json()
    want = daemon.client.post("/v1/embeddings", json=dict(
        ask, include=["partitions"])).json()
    kept = got["embeddings"][0]
    assert kept["windows"] == 4 and kept["dimensions"] == 8
    assert kept["embedding"] == [i["embedding"] for i in want["data"]]
    assert set(kept["partitions"]) == {"invariant", "variant", "free"}
    assert got["metadata"] == {"a": [None], "b": 1} and got["subject"] == "s"
    assert got["waveform"] is None
    pooled = put(daemon, "r", model="toy", input=ask["input"],
                 windowing={"mode": "tile", "pool": "mean"})
    assert pooled.status_code == 200
    kept = daemon.client.get(url("r") + "?include=vectors&"
                             "encoding_format=base64").json()["embeddings"][0]
    assert kept["windows"] == 1
    mean = numpy.frombuffer(base64.b64decode(kept["embedding"]), "<f4")
    each = numpy.array([i["embedding"] for i in want["data"]])
    assert numpy.allclose(mean, each.mean(0), atol=1e-6)
    # as it came, it is sent back, and goes on being a mean
    assert kept["pooled"] == len(each)
    kept.pop("partitions", None)
    put(daemon, "r", embeddings=[kept])
    assert daemon.client.get(url("r")).json()["embeddings"][0]["pooled"] \
        == len(each)
    both = dict(kept, embedding=each.tolist())
    refused = daemon.client.put(url("r"), json={"embeddings": [both]})
    assert refused.status_code == 400 and "pooled" in refused.text


def test_bodies_of_other_kinds_are_recordings_too(daemon):
    samples = numpy.random.default_rng(1).normal(size=(250, 1)).astype("<f4")
    npy = io.BytesIO()
    numpy.save(npy, samples)
    ask = "?model=toy&rate=250&unit=mV&channels=MLII&subject=s%201" \
        "&metadata=%7B%22k%22%3A1%7D&store_waveform=true"
    for kind, body in (("application/x-npy", npy.getvalue()),
                       ("application/octet-stream", samples.tobytes())):
        more = "&dtype=f32le" if "octet" in kind else ""
        reply = daemon.client.put(url(kind) + ask + more, content=body,
                                  headers={"content-type": kind})
        assert reply.status_code == 201, reply.text
        got = daemon.client.get(url(kind) + "?include=waveform").json()
        assert got["subject"] == "s 1" and got["metadata"] == {"k": 1}
        data = numpy.array(got["waveform"]["data"][0], "<f4")
        assert (data == samples[:, 0]).all()
    # what comes back is an input again
    again = put(daemon, "again", model="toy", input=got["waveform"])
    a = daemon.client.get(url("again") + "?include=vectors").json()
    b = daemon.client.get(url(kind) + "?include=vectors").json()
    assert a["embeddings"] == b["embeddings"] and again.status_code == 201


def test_several_models_embed_one_recording(start, models):
    make_model(models / "other.safetensors", seed=5)
    d = start()
    put(d, "r", models=["toy", "other"], input=signal_of(), store_waveform=True)
    got = d.client.get(url("r")).json()["embeddings"]
    assert {e["model"] for e in got} == {"toy@1", "other@1"}
    assert len({e["digest"] for e in got}) == 2
    for name in ("toy", "other@1"):
        page = d.client.get("/v1/recordings", params={"model": name}).json()
        assert [r["id"] for r in page["data"]] == ["r"]
    twice = d.client.put(url("x"), json={"models": ["toy", "toy@1"],
                                         "input": signal_of()})
    assert twice.status_code == 400 and "twice" in twice.text


@pytest.mark.parametrize("status, code, body", [
    (400, "invalid_request", {}),
    (400, "invalid_request", {"model": "toy"}),
    (400, "invalid_request", {"input": signal_of()}),
    (400, "unknown_field", dict(vectors(), partition="invariant")),
    (400, "unknown_field", dict(vectors(), normalize=True)),
    (400, "unknown_field", dict(vectors(), nonsense=1)),
    (400, "invalid_request", dict(vectors(), subject="")),
    (400, "invalid_request", dict(vectors(), subject="x" * 256)),
    (400, "invalid_type", dict(vectors(), metadata=[1])),
    (413, "request_too_large", dict(vectors(), metadata={"k": "x" * 70000})),
    (404, "model_not_found", vectors(model="nix")),
    (422, "unprocessable_input",
     {"embeddings": [{"model": "toy", "embedding": [1.0] * 7}]}),
    (422, "nonfinite_input",
     {"embeddings": [{"model": "toy", "embedding": [1e300] * 8}]}),
    (422, "nonfinite_input",
     {"embeddings": [{"model": "toy", "embedding": [3e38] * 8}]}),
    (422, "model_mismatch", {"embeddings": [
        {"model": "toy", "digest": "0" * 64, "embedding": [1.0] * 8}]}),
    (422, "unprocessable_input", dict(vectors(), store_waveform=True)),
    (422, "too_short", {"model": "toy", "input": signal_of(20)}),
])
def test_what_is_wrong_is_said_and_nothing_kept(daemon, status, code, body):
    reply = daemon.client.put(url("r"), json=body)
    assert reply.status_code == status, reply.text
    assert reply.json()["error"]["code"] == code
    assert daemon.client.get(url("r")).status_code == 404


@pytest.mark.parametrize("metadata", [
    {"input": "text", "data": [1, 2]},
    {"input": ["a", "b"], "deep": {"input": {"data": "AAAA"}, "url": "u"}},
    {"deep": [{"input": [[1, 2], [3]], "data": [0.5, None]}]},
])
def test_metadata_is_kept_whatever_its_keys_are(daemon, metadata):
    put(daemon, "r", metadata=metadata, **vectors())
    assert daemon.client.get(url("r")).json()["metadata"] == metadata
    many = daemon.client.post("/v1/recordings", json=[
        dict(vectors(), id="m", metadata=metadata)])
    assert many.status_code == 200, many.text
    assert daemon.client.get(url("m")).json()["metadata"] == metadata
    spelled = json.dumps(dict(vectors(), metadata=metadata)).replace(
        '"metadata"', '"meta\\u0064ata"')
    reply = daemon.client.put(url("s"), content=spelled,
                              headers={"Content-Type": "application/json"})
    assert reply.status_code == 201, reply.text
    assert daemon.client.get(url("s")).json()["metadata"] == metadata


def test_odd_ids_are_only_names(daemon):
    for i, id in enumerate(ODD):
        assert put(daemon, id, **vectors(i + 1.0)).json()["id"] == id
    for i, id in enumerate(ODD):
        got = daemon.client.get(url(id) + "?include=vectors")
        assert got.status_code == 200, id
        assert got.json()["embeddings"][0]["embedding"] == [i + 1.0] * 8
    seen, after = [], None
    while True:
        page = daemon.client.get("/v1/recordings", params={
            "limit": 5, **({"after": after} if after else {})}).json()
        seen += [r["id"] for r in page["data"]]
        after = page["last_id"]
        if not page["has_more"]:
            break
    assert seen == sorted(ODD, key=lambda s: s.encode())
    for bad in ("x" * 256, "%FF", "%00", "query", "export", "%2E%2E"):
        path = "/v1/recordings/" + bad
        c = http.client.HTTPConnection(*daemon.endpoint)
        c.request("PUT", path, json.dumps(vectors()),
                  {"Content-Type": "application/json"})
        assert c.getresponse().status in (400, 404), bad
        c.close()
    for id in ODD:
        assert daemon.client.delete(url(id)).status_code == 200
    assert daemon.client.get("/v1/recordings").json()["data"] == []


def test_two_writers_never_lose_an_update(daemon):
    first = put(daemon, "n", metadata={"n": 0}, **vectors())
    assert first.headers["etag"] == '"%s"' % first.json()["etag"]
    create = daemon.client.put(url("n"), headers={"if-none-match": "*"},
                               json=dict(vectors(2.0)))
    assert create.status_code == 412
    assert create.json()["error"]["code"] == "etag_mismatch"

    # Both make the same of what they read; one of them must read again.
    def counted(tag):
        return daemon.client.put(url("n"), headers={"if-match": tag}, json=dict(
            vectors(), metadata={"n": 1})).status_code

    assert [counted(first.headers["etag"]) for _ in "ab"] == [200, 412]

    def marked(name, n):
        for i in range(n):
            while True:
                got = daemon.client.get(url("n"))
                marks = got.json()["metadata"].get("marks", [])
                reply = daemon.client.put(
                    url("n"), headers={"if-match": got.headers["etag"]},
                    json=dict(vectors(), metadata={
                        "marks": marks + [f"{name}{i}"]}))
                if reply.status_code == 200:
                    break
                assert reply.status_code == 412

    threads = [threading.Thread(target=marked, args=(name, 15))
               for name in "abc"]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    marks = daemon.client.get(url("n")).json()["metadata"]["marks"]
    assert sorted(marks) == sorted(f"{c}{i}" for c in "abc" for i in range(15))
    gone = daemon.client.delete(url("n"), headers={"if-match": '"old"'})
    assert gone.status_code == 412
    tag = daemon.client.get(url("n")).headers["etag"]
    assert daemon.client.get(url("n"), headers={
        "if-none-match": tag}).status_code == 304
    assert daemon.client.delete(url("n"), headers={
        "if-match": tag}).status_code == 200


def test_many_at_once_answer_each_for_itself(daemon):
    items = [{"id": "a", "model": "toy", "input": signal_of()},
             {"id": "b", "model": "nix", "input": signal_of()},
             7, {"id": "c", **vectors()}, dict(vectors())]
    reply = daemon.client.post("/v1/recordings", json=items).json()
    assert [i["status"] for i in reply["data"]] == [201, 404, 400, 201, 400]
    assert (reply["created"], reply["failed"]) == (2, 3)
    again = daemon.client.post("/v1/recordings", json=items).json()
    assert (again["unchanged"], again["failed"]) == (2, 3)
    lines = "\n".join(json.dumps(i) for i in items) + "\n\n"
    reply = daemon.client.post(
        "/v1/recordings", content=lines,
        headers={"content-type": "application/x-ndjson",
                 "if-none-match": "*"})
    status = [json.loads(l)["status"] for l in reply.text.splitlines()]
    # what says the same is there already
    assert status == [200, 404, 400, 200, 400]
    items[3] = {"id": "c", **vectors(2.0)}
    reply = daemon.client.post("/v1/recordings", json=items[3:4],
                               headers={"if-none-match": "*"}).json()
    assert reply["data"][0]["status"] == 412
    for bad in (b"[", b"{}", b"[1,]", b"[1] 2", b"[,1]", b"[]", b'["', b""):
        reply = daemon.client.post("/v1/recordings", content=bad, headers={
            "content-type": "application/json"})
        assert reply.status_code == 400, bad


def test_lists_are_filtered(daemon):
    for i in range(6):
        put(daemon, f"r{i}", subject=f"s{i % 2}",
            metadata={"device": f"holter-{i % 3}", "age": 60 + i}, **vectors())

    def ids(**params):
        page = daemon.client.get("/v1/recordings", params=params).json()
        return [r["id"] for r in page["data"]]

    assert ids(subject="s1") == ["r1", "r3", "r5"]
    assert ids(**{"metadata[device]": "holter-1"}) == ["r1", "r4"]
    assert ids(**{"metadata[device]": "holter-1", "metadata[age]": "64"}) == [
        "r4"]
    assert ids(subject="s0", limit=2) == ["r0", "r2"]
    assert ids(after="r3") == ["r4", "r5"]
    assert ids(model="nix") == []
    for params in ({"limit": "0"}, {"limit": "x"}, {"include": "all"},
                   {f"metadata[{'k' * 200}]": "1"}):
        assert daemon.client.get("/v1/recordings",
                                 params=params).status_code == 400


def test_a_subject_goes_with_all_that_is_cached(daemon, tmp_path):
    tile = {"windowing": {"mode": "tile"}}
    secret = "nobody-shall-find-this-again"
    for i in range(3):
        put(daemon, f"r{i}", model="toy", input=signal_of(500, seed=i),
            subject="p/12" if i < 2 else "p13", store_waveform=i == 0,
            metadata={"note": secret if i < 2 else ""}, **tile)
    embed = {"model": "toy", "input": [signal_of(500, seed=0)], **tile}
    reply = daemon.client.post("/v1/embeddings", json=embed).json()
    assert [i["cache"] for i in reply["data"]] == ["hit", "hit"]
    again = daemon.client.post("/v1/embeddings", json=embed).json()
    assert again == reply  # from the reply that is kept, which goes, too
    gone = daemon.client.delete("/v1/subjects/" + quote("p/12", safe=""))
    assert gone.json()["counts"] == {
        "recordings": 2, "vectors": 2, "waveforms": 1, "cached": 4}
    reply = daemon.client.post("/v1/embeddings", json=embed).json()
    assert [i["cache"] for i in reply["data"]] == ["miss", "miss"]
    assert daemon.client.get(url("r0")).status_code == 404
    assert daemon.client.get(url("r2")).status_code == 200
    again = daemon.client.delete("/v1/subjects/" + quote("p/12", safe=""))
    assert again.json()["counts"]["recordings"] == 0
    said = daemon.client.delete("/v1/recordings?subject=p13")
    assert said.json()["id"] == "p13"
    assert said.json()["counts"]["recordings"] == 1
    assert daemon.client.get(url("r2")).status_code == 404
    for query in ("", "?subject="):  # never all of them
        r = daemon.client.delete("/v1/recordings" + query)
        assert r.status_code == 400
        assert r.json()["error"]["param"] == "subject"
    daemon.stop()
    for f in (tmp_path / "data").iterdir():
        if f.is_file() and not f.name.startswith("cache.db"):
            assert secret.encode() not in f.read_bytes(), f


def test_what_is_kept_is_said(daemon):
    many = {"model": "toy", "input": signal_of(500),
            "windowing": {"mode": "tile"}}
    put(daemon, "all", **many, keep={"windows": True, "signal": True})
    put(daemon, "mean", **many, keep={"windows": False})
    got = {i: daemon.client.get(url(i), params={
        "include": "vectors,waveform"}).json() for i in ("all", "mean")}
    assert got["all"]["embeddings"][0]["windows"] == 2
    assert got["mean"]["embeddings"][0]["windows"] == 1
    assert numpy.allclose(numpy.mean(got["all"]["embeddings"][0]["embedding"], 0),
                       numpy.ravel(got["mean"]["embeddings"][0]["embedding"]),
                       atol=1e-5)
    assert got["all"]["waveform"] and not got["mean"].get("waveform")
    for keep, param in ((1, "keep"), ({"x": True}, "keep.x"),
                        ({"signal": 1}, "keep.signal")):
        r = daemon.client.put(url("bad"), json={**many, "keep": keep})
        assert r.status_code == 400, r.text
        assert r.json()["error"]["param"] == param
    r = daemon.client.put(url("bad"), json={**vectors(),
                                            "keep": {"windows": False}})
    assert r.json()["error"]["param"] == "keep.windows"


def test_bulk_and_ndjson_are_other_names(daemon):
    line = json.dumps({"id": "b", **vectors()}) + "\n"
    r = daemon.client.post("/v1/recordings/bulk", content=line, headers={
        "content-type": "application/x-ndjson"})
    assert r.status_code == 200 and json.loads(r.text)["status"] == 201
    lines, other = (daemon.client.get("/v1/recordings/export", params={
        "format": f}).text for f in ("jsonl", "ndjson"))
    assert lines == other and json.loads(lines)["id"] == "b"


def test_a_lost_condition_says_the_tag_that_stands(daemon):
    tag = put(daemon, "r", **vectors()).headers["etag"]
    lost = {"if-match": '"0123"'}
    for r in (daemon.client.put(url("r"), json=vectors(2.0), headers=lost),
              daemon.client.delete(url("r"), headers=lost)):
        assert r.status_code == 412
        assert r.headers["etag"] == tag
        assert r.json()["error"]["code"] == "etag_mismatch"
    gone = daemon.client.delete(url("nobody"), headers=lost)
    assert gone.status_code == 412 and "etag" not in gone.headers


def test_what_is_exported_can_be_put_again(start, tmp_path):
    d = start()
    for i in range(300):
        put(d, f"r{i:03}", metadata={"i": i}, **vectors(i + 0.5))
    put(d, "w", embeddings=[{"model": "toy", "embedding": [[1.0] * 8,
                                                           [3.0] * 8]}])
    lines = d.client.get("/v1/recordings/export").text.splitlines()
    assert len(lines) == 301
    reply = d.client.get("/v1/recordings/export?format=npy&model=toy")
    matrix = numpy.load(io.BytesIO(reply.content))
    assert matrix.shape == (301, 8) and matrix.dtype == numpy.float32
    assert (matrix[:300, 0] == numpy.arange(300) + 0.5).all()
    assert (matrix[300] == 2.0).all()
    few = numpy.load(io.BytesIO(d.client.get(
        "/v1/recordings/export?format=npy&model=toy&limit=7").content))
    assert few.shape == (7, 8)
    assert d.client.get("/v1/recordings/export?format=npy").status_code == 400
    other = start(data_dir=tmp_path / "other")
    reply = other.client.post(
        "/v1/recordings", content="\n".join(lines),
        headers={"content-type": "application/x-ndjson"})
    assert all(json.loads(l)["status"] == 201 for l in reply.text.splitlines())
    again = other.client.get("/v1/recordings/export").text.splitlines()
    assert again == lines


def test_a_client_that_leaves_an_export_is_no_trouble(daemon):
    many = [{"id": f"r{i}", **vectors(float(i))} for i in range(2000)]
    assert daemon.client.post("/v1/recordings", json=many).json()[
        "created"] == 2000
    for _ in range(10):
        with daemon.client.stream("GET", "/v1/recordings/export") as reply:
            next(reply.iter_bytes(100))
    put(daemon, "r", **vectors())
    assert len(daemon.client.get("/v1/recordings/export").text.splitlines()) \
        == 2001


def test_without_a_folder_there_are_no_recordings(start):
    d = start(data_dir="")
    for reply in (d.client.get("/v1/recordings"),
                  d.client.put(url("r"), json=vectors()),
                  d.client.delete(url("r")),
                  d.client.delete("/v1/subjects/s"),
                  d.client.post("/v1/recordings", json=[vectors()]),
                  d.client.get("/v1/recordings/export")):
        assert reply.status_code == 503
        assert reply.json()["error"]["code"] == "no_data_dir"
        assert "data-dir" in reply.json()["error"]["message"]
        assert reply.headers["x-should-retry"] == "false"
    assert d.client.get("/readyz").status_code == 200


# ---- what a daemon refuses to begin with ----

def refused(args):
    done = subprocess.run([str(BUILD / "latentd")] + args, env=clean_environ(),
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    return done.stderr


def flags(tmp_path, models):
    return ["--listen", "127.0.0.1:0", "--models", str(models),
            "--data-dir", str(tmp_path / "data")]


def test_a_second_daemon_on_the_folder_is_refused_by_name(daemon, tmp_path,
                                                          models):
    said = refused(flags(tmp_path, models))
    assert f"process {daemon.proc.pid} on" in said
    assert str(tmp_path / "data") in said
    put(daemon, "r", **vectors())


def test_a_damaged_or_newer_database_is_refused_and_left_alone(
        start, tmp_path, models):
    d = start()
    put(d, "r", **vectors())
    d.stop()
    path = tmp_path / "data" / "latentd.db"
    whole = path.read_bytes()
    newer = bytearray(whole)
    newer[60:64] = struct.pack(">I", 999)  # user_version
    for content, words in ((b"x" * 100 + whole[100:], ".recover"),
                           (bytes(newer), "the program that wrote it")):
        path.write_bytes(content)
        assert words in refused(flags(tmp_path, models))
        assert path.read_bytes() == content
    path.write_bytes(whole)
    d = start()
    assert d.client.get(url("r")).status_code == 200


# ---- retention ----

def age(path, days, like="%"):
    db = sqlite3.connect(path)
    db.execute("UPDATE recording SET changed_at = changed_at - ? WHERE id LIKE "
               "?", (days * 86400, like))
    db.commit()
    db.close()


def test_what_is_too_old_goes_with_what_is_cached(start, tmp_path):
    d = start()
    many = [{"id": f"old{i}", **vectors(float(i))} for i in range(1200)]
    d.client.post("/v1/recordings", json=many)
    put(d, "old-signal", model="toy", input=signal_of())
    put(d, "new", **vectors())
    d.stop()
    age(tmp_path / "data" / "latentd.db", 31, "old%")
    d = start(retain_days=30)
    line = d.line("retention: ")["msg"]
    assert line.startswith("retention: 1201 recordings of over 30 days")
    assert line.endswith("and 1 cached vectors of theirs")
    page = d.client.get("/v1/recordings").json()
    assert [r["id"] for r in page["data"]] == ["new"]


def test_a_clock_that_jumps_ahead_is_not_believed(start, tmp_path):
    d = start(retain_days=30)
    put(d, "r", **vectors())
    d.stop()
    # as if the daemon had last run a year ago: now is a jump
    db = sqlite3.connect(tmp_path / "data" / "latentd.db")
    db.execute("UPDATE clock SET seen = seen - 365 * 86400")
    db.execute("UPDATE recording SET changed_at = changed_at - 365 * 86400")
    db.commit()
    db.close()
    d = start(retain_days=30)
    assert "364 days ahead" in d.line("retention: the clock")["msg"]
    assert d.client.get(url("r")).status_code == 200


# ---- kill -9 ----

def writer(daemon, name, acknowledged, stop):
    """Puts and deletes, and notes what it was told."""
    n = 0
    c = http.client.HTTPConnection(*daemon.endpoint, timeout=30)
    try:
        while not stop.is_set():
            id, n = f"{name}-{n % 40}", n + 1
            gone = n % 7 == 0
            body = None if gone else json.dumps(
                dict(vectors(float(n)), metadata={"n": n}))
            acknowledged.pop(id, None)  # not known until we are told
            c.request("DELETE" if gone else "PUT", url(id), body,
                      {"Content-Type": "application/json"})
            reply = c.getresponse()
            reply.read()
            if reply.status in (200, 201, 404):
                acknowledged[id] = None if gone else n
    except (OSError, http.client.HTTPException):
        pass
    finally:
        c.close()


def test_what_is_acknowledged_survives_kill_9(tmp_path, models):
    rounds = int(os.environ.get("LATENTD_KILLS",
                                "4" if SANITIZED else "25"))
    seed = int(os.environ.get("LATENTD_SEED", random.randrange(1 << 30)))
    print(f"LATENTD_SEED={seed} LATENTD_KILLS={rounds}")
    r = random.Random(seed)
    args = flags(tmp_path, models) + ["--drain-delay", "0"]
    known = {}
    for i in range(rounds):
        d = Daemon(args)
        for id, n in known.items():
            got = d.client.get(url(id))
            if n is None:
                assert got.status_code == 404, (seed, i, id)
            else:
                assert got.status_code == 200, (seed, i, id)
                assert got.json()["metadata"] == {"n": n}, (seed, i, id)
        told = [{k: v for k, v in known.items() if k.startswith(name)}
                for name in "abcd"]
        stop = threading.Event()
        threads = [threading.Thread(target=writer, args=(d, name, told[j],
                                                         stop))
                   for j, name in enumerate("abcd")]
        for t in threads:
            t.start()
        time.sleep(r.uniform(0.0, 0.4))
        d.signal(signal.SIGKILL)
        d.proc.wait(30)
        stop.set()
        for t in threads:
            t.join()
        d.client.close()
        known = {k: v for one in told for k, v in one.items()}
    assert known


# ---- many ----

BITS = ["a/b", "%2F", "?x=1&y#z", "line\nfeed", "tab\t\r", "'\"\\", "\u00e9",
       "e\u0301", "\u65e5\u672c", "\U0001f600", "\u202eright to left", " ", ";--",
       "{}", "[0]", "\x7f", "..", "%00", "+", "\ufeff"]


def odd_id(i):
    """The i-th: unlike all others, every fiftieth 255 bytes long."""
    r = random.Random(i)
    text = f"{i:x}" + "".join(r.choices(BITS, k=r.randrange(5)))
    return text + "/" * (255 - len(text.encode())) if i % 50 == 0 else text


def test_many_recordings_with_odd_ids(start):
    """Any number: LATENTD_RECORDINGS=1000000."""
    n = int(os.environ.get("LATENTD_RECORDINGS", "2000"))
    d = start(index_bytes="4G")
    took, begun = {}, time.monotonic()

    def done(what):
        nonlocal begun
        took[what] = round(time.monotonic() - begun, 1)
        begun = time.monotonic()

    def subject(i):
        return f"s{i % 97}" + BITS[i % 97 % len(BITS)]

    for at in range(0, n, 2000):
        many = [{"id": odd_id(i), "subject": subject(i), "metadata": {"i": i},
                 **vectors(float(i))} for i in range(at, min(at + 2000, n))]
        reply = d.client.post("/v1/recordings", json=many).json()
        assert reply["created"] == len(many), reply["data"][:3]
    done("put")
    d.stop()
    d = start(index_bytes="4G")
    done("start")
    for i in random.Random(3).sample(range(n), 50):
        got = d.client.get(url(odd_id(i))).json()
        assert got["metadata"] == {"i": i} and got["id"] == odd_id(i)
        page = d.client.get("/v1/recordings", params={
            "metadata[i]": i}).json()["data"]
        assert [r["id"] for r in page] == [odd_id(i)]
    done("get")
    seen, after = [], {}
    while True:
        page = d.client.get("/v1/recordings", params={
            "limit": 1000, **after}, timeout=600).json()
        seen += [r["id"].encode() for r in page["data"]]
        if not page["has_more"]:
            break
        after = {"after": page["data"][-1]["id"]}
    assert seen == sorted(seen)
    assert set(seen) == {odd_id(i).encode() for i in range(n)}
    assert len(seen) == n
    done("list")
    for i in (0, 1, 50, n - 1):
        for match in ("mean", "best_window"):
            reply = d.client.post("/v1/recordings/query", json={
                "model": "toy", "query": {"recording": odd_id(i)}, "limit": 3,
                "match": match, "filter": {"must_not": [
                    {"key": "subject", "match": {"value": subject(1)}}]}},
                timeout=600).json()
            assert reply["searched"] == n - len(range(1, n, 97)), reply
            assert len(reply["data"]) == 3
            assert odd_id(i) not in [r["id"] for r in reply["data"]]
    done("query")
    matrix = numpy.load(io.BytesIO(d.client.get(
        "/v1/recordings/export?format=npy&model=toy", timeout=600).content))
    assert matrix.shape == (n, 8)
    done("export")
    gone = d.client.delete("/v1/recordings", params={"subject": subject(1)},
                           timeout=600).json()
    assert gone["counts"]["recordings"] == len(range(1, n, 97))
    assert d.client.get(url(odd_id(1))).status_code == 404
    assert d.client.get("/v1/recordings", params={
        "subject": subject(1)}).json()["data"] == []
    done("delete a subject")
    print(f"{n} recordings: " +
          ", ".join(f"{k} {v} s" for k, v in took.items()))


# ---- latent recordings ----

def latent(daemon, *args, status=0):
    done = subprocess.run(
        [str(BUILD / "latent"), "recordings", *map(str, args)],
        env={**clean_environ(), "LATENT_SERVER": daemon.url},
        capture_output=True, text=True, timeout=120)
    assert done.returncode == status, done.stderr
    return done.stdout if status == 0 else done.stderr


def test_the_command_line_keeps_recordings(daemon, tmp_path):
    for i, name in enumerate(("a", "b c")):
        rows = numpy.random.default_rng(i).normal(size=250)
        (tmp_path / f"{name}.csv").write_text(
            "MLII\n" + "\n".join(f"{v:.4f}" for v in rows) + "\n")
    said = latent(daemon, "add", tmp_path / "a.csv", tmp_path / "b c.csv",
                  "--rate", 250, "--unit", "mV", "--subject", "s/1",
                  "--set", "age=61", "--set", "device=holter",
                  "--store-waveform")
    assert said == "a: created\nb c: created\n"
    got = daemon.client.get(url("b c")).json()
    assert got["metadata"] == {"age": 61, "device": "holter"}
    assert got["waveform"]["sampling_rate_hz"] == 250
    listed = latent(daemon, "list", "--where", "age=61")
    assert [l.split("  ")[0] for l in listed.splitlines()] == [
        "recording", "a", "b c"]
    assert json.loads(latent(daemon, "list", "--json", "-n", 1))["id"] == "a"
    shown = latent(daemon, "show", "b c", "--vectors")
    assert "subject:    s/1" in shown and "  vectors: [" in shown
    out = tmp_path / "all.jsonl"
    latent(daemon, "export", "-o", out)
    assert len(out.read_text().splitlines()) == 2
    latent(daemon, "export", "-f", "npy", "-m", "toy", "-o", tmp_path / "m.npy")
    assert numpy.load(tmp_path / "m.npy").shape == (2, 8)
    gone = latent(daemon, "rm", "--subject", "s/1")
    assert gone.startswith("s/1: 2 recordings, 2 sets of vectors, 2 waveforms")
    assert latent(daemon, "add", out) == f"{out}: 2 created, 0 stored, 0 failed\n"
    assert latent(daemon, "rm", "a", "b c").count("1 recordings") == 2
    assert "404" in latent(daemon, "show", "a", status=1)
    assert "expected" in latent(daemon, "nonsense", status=2)


def test_the_command_line_shows_controls_and_obeys_none(daemon, tmp_path):
    odd = "a\nb\t\x1b[31m\\c\x7f\x85d é日"
    line = {"id": odd, "subject": "s\rx", **vectors()}
    (tmp_path / "odd.jsonl").write_text(json.dumps(line) + "\n")
    latent(daemon, "add", tmp_path / "odd.jsonl")
    seen = "a\\nb\\t\\x1b[31m\\\\c\\x7f\\xc2\\x85d é日"
    rows = latent(daemon, "list").splitlines()
    assert len(rows) == 2 and rows[1].startswith(seen + " ")
    assert "s\\rx" in rows[1]
    assert f"id:         {seen}\n" in latent(daemon, "show", odd)
    assert json.loads(latent(daemon, "list", "--json"))["id"] == odd
    assert latent(daemon, "rm", odd).startswith(seen + ": 1 recordings")
