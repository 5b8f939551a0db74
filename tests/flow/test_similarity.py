"""Scores and searches over HTTP, against the same sums in numpy."""
import hashlib
import json
import os
import sqlite3
import subprocess
import threading

import httpx
import numpy as np
import pytest

from conftest import BUILD, signal_of

N = 300


def digest_of(client):
    """What made a vector: the weights and the preprocessing."""
    c = client.get("/v1/models/toy").json()["capabilities"]
    parts = [c[k].removeprefix("sha256:")
             for k in ("weights_digest", "preprocessing_digest")]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def blocks_of(client):
    return client.get("/v1/models/toy").json()["capabilities"]["partitions"]


def dims_of(client):
    return client.get("/v1/models/toy").json()["capabilities"]["dimensions"]


def put(path, digest, vectors, metadata, subjects, first=0):
    db = sqlite3.connect(path)
    for i, v in enumerate(vectors):
        v = np.atleast_2d(v).astype("<f4")
        db.execute(
            "INSERT INTO recording (n, id, subject, metadata, created_at, "
            "changed_at, etag) VALUES (?, ?, ?, ?, 0, 0, ?)",
            (first + i + 1, f"rec-{first + i}", subjects[i],
             json.dumps(metadata[i]), bytes(32)))
        db.execute(
            "INSERT INTO vectors (recording, digest, model, windows, dims, v) "
            "VALUES (?, ?, 'toy@1', ?, ?, ?)",
            (first + i + 1, digest, *v.shape, v.tobytes()))
    db.commit()
    db.close()


@pytest.fixture
def full(start, tmp_path):
    """A daemon that reads N recordings at its start."""
    d = start()
    digest, dims = digest_of(d.client), dims_of(d.client)
    d.stop()
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(N, dims)).astype(np.float32)
    metadata = [{"device": f"d{i % 3}", "age": 40 + i % 50,
                 "leads": ["I", "II"][:1 + i % 2]} for i in range(N)]
    put(tmp_path / "data/latentd.db", digest, vectors, metadata,
        [f"p{i % 7}" for i in range(N)])
    d = start()
    d.vectors, d.metadata, d.digest = vectors, metadata, digest
    d.line(f"recordings: {N}, with {N} vectors")
    return d


def cosines(a, b, block):
    a, b = a[..., block[0]:block[1]], b[..., block[0]:block[1]]
    a, b = a.astype(float), b.astype(float)
    return (a @ b.T) / (np.linalg.norm(a) * np.linalg.norm(b, axis=-1))


def ask(d, expect=200, **body):
    reply = d.client.post("/v1/recordings/query", json={"model": "toy", **body})
    assert reply.status_code == expect, reply.text
    return reply.json()


def ids(reply):
    return [x["id"] for x in reply["data"]]


def best(scores, n):
    return [f"rec-{i}" for i in np.argsort(-scores, kind="stable")[:n]]


def test_a_query_finds_what_numpy_finds(full):
    q = np.random.default_rng(2).normal(size=full.vectors.shape[1])
    blocks = blocks_of(full.client)
    scores = cosines(q, full.vectors, blocks["invariant"])
    reply = ask(full, query={"embedding": q.tolist()}, limit=20)
    assert ids(reply) == best(scores, 20)
    assert reply["searched"] == N and reply["exact"] and reply["has_more"]
    assert np.allclose([x["score"] for x in reply["data"]],
                       -np.sort(-scores)[:20], atol=1e-6)
    mixed = (scores - 0.5 * cosines(q, full.vectors, blocks["variant"])) / 1.5
    reply = ask(full, query={"embedding": q.tolist()}, limit=N,
                weights={"invariant": 1, "variant": -0.5}, score_threshold=0.1)
    assert ids(reply) == best(mixed, int((mixed >= 0.1).sum()))
    assert not reply["has_more"]
    begin, end = blocks["variant"]
    dots = full.vectors[:, begin:end].astype(float) @ q[begin:end]
    reply = ask(full, query={"embedding": q.tolist()}, using="variant",
                metric="dot")
    assert ids(reply) == best(dots, 10)


def test_pages_are_one_list_and_a_recording_is_not_its_own_neighbour(full):
    all_of_it = ids(ask(full, query={"recording": "rec-5"}, limit=N))
    assert len(all_of_it) == N - 1 and "rec-5" not in all_of_it
    pages = []
    for offset in range(0, N, 40):
        reply = ask(full, query={"recording": "rec-5"}, limit=40, offset=offset)
        pages += ids(reply)
        assert reply["has_more"] == (offset + 40 < N - 1)
    assert pages == all_of_it


def test_filters_choose_by_metadata_and_subject(full):
    def count(**filters):
        reply = ask(full, query={"recording": "rec-0"}, limit=N, filter=filters,
                    with_payload=True)
        got = {x["id"]: x["payload"] for x in reply["data"]}
        assert reply["searched"] >= len(got)
        return got

    want = {f"rec-{i}" for i in range(1, N)}
    is_d1 = {"key": "device", "match": {"value": "d1"}}
    assert set(count(must=[is_d1])) == {
        i for i in want if int(i[4:]) % 3 == 1}
    old = {"key": "age", "range": {"gte": 80, "lt": 85}}
    got = count(must=[old], must_not=[is_d1])
    assert got and all(80 <= v["age"] < 85 and v["device"] != "d1"
                       for v in got.values())
    got = count(should=[{"key": "leads", "match": {"any": ["II", "V5"]}}, old])
    assert set(got) == {i for i in want if int(i[4:]) % 2 or
                        80 <= 40 + int(i[4:]) % 50 < 85}
    other = {"key": "subject", "match": {"value": "p0"}}
    assert all(int(i[4:]) % 7 for i in count(must_not=[other]))
    assert count(must=[{"key": "nothing", "match": {"value": 1}}]) == {}


def test_several_searches_are_the_same_as_one_by_one(full):
    queries = [{"query": {"recording": f"rec-{i}"}} for i in range(16)]
    several = ask(full, searches=queries, limit=5, with_vector=True,
                  explain={"top_dims": 3})
    for i, page in enumerate(several["results"]):
        one = ask(full, **queries[i], limit=5, with_vector=True,
                  explain={"top_dims": 3})
        assert page["index"] == i and page["data"] == one["data"]
        for hit in page["data"]:
            assert np.allclose(hit["vector"],
                               full.vectors[int(hit["id"][4:])], rtol=1e-5)
            assert abs(hit["by_partition"]["invariant"] - hit["score"]) < 1e-5


def test_inputs_are_embedded_on_the_way(full):
    rows = [full.client.post("/v1/embeddings", json={
        "model": "toy", "input": signal_of(seed=s)}).json()["data"][0]
        ["embedding"] for s in (1, 2)]
    a, b = np.array(rows)
    block = blocks_of(full.client)["invariant"]
    for seed in (1, 9):  # from the cache, and not
        reply = ask(full, query={"input": signal_of(seed=seed)}, limit=3)
        if seed == 1:
            assert ids(reply) == best(cosines(a, full.vectors, block), 3)
    reply = full.client.post("/v1/similarity", json={
        "model": "toy", "source": {"input": signal_of(seed=1)},
        "targets": [{"input": signal_of(seed=1)}, {"input": signal_of(seed=2)},
                    {"embedding": rows[1], "model": "toy@1"},
                    {"recording": "rec-3"}],
        "explain": {"top_dims": 64}}).json()
    got = [r["score"] for r in reply["results"]]
    want = [1.0, cosines(a, b[None], block)[0], cosines(a, b[None], block)[0],
            cosines(a, full.vectors[3:4], block)[0]]
    assert np.allclose(got, want, atol=1e-5)
    assert reply["results"][3]["recording"] == "rec-3"
    for r in reply["results"]:
        assert abs(sum(x["contribution"] for x in r["explain"]) -
                   r["score"]) < 1e-5


def test_what_cannot_be_compared_is_refused_by_its_word(full, start, tmp_path):
    def refused(path, body):
        reply = full.client.post(path, json=body)
        return (reply.status_code, reply.json()["error"]["code"],
                reply.json()["error"]["param"])

    dims = full.vectors.shape[1]
    ok, query = {"recording": "rec-1"}, "/v1/recordings/query"

    def compare(source, **more):
        return refused("/v1/similarity", {
            "model": "toy", "source": source, "targets": [ok], **more})

    assert compare({"recording": "x"}) == (
        404, "recording_not_found", "source.recording")
    assert compare({"embedding": [1.0] * (dims + 1)}) == (
        422, "dimension_mismatch", "source.embedding")
    assert compare({"input": signal_of(20)})[::2] == (422, "source.input.data")
    assert compare(ok, weights={"invariant": 0})[:2] == (
        422, "unprocessable_input")
    assert compare({"embedding": [1.0] * dims, "model": "no"}) == (
        404, "model_not_found", "source.model")
    assert compare(ok, other=1)[1] == "unknown_field"
    for body in ({"limit": 0}, {"exact": False}, {"searches": []},
                 {"using": "free", "weights": {"free": 1}},
                 {"filter": {"must": [{"key": "a"}]}}, {"using": "x"},
                 {"limit": 9000, "offset": 9000}, {"match": "worst_window"},
                 {"match": "best_window",
                  "windowing": {"mode": "tile", "pool": "mean"}}):
        assert refused(query, {"model": "toy", "query": ok, **body})[0] == 400
    full.stop()
    db = sqlite3.connect(tmp_path / "data/latentd.db")
    db.execute("UPDATE vectors SET digest = ? WHERE recording = 2",
               ("0" * 64,))
    db.commit()
    db.close()
    full = start()
    assert compare(ok) == (422, "model_mismatch", "source.recording")


def test_zero_vectors_have_cosine_zero_and_a_warning(full):
    dims = full.vectors.shape[1]
    reply = full.client.post("/v1/similarity", json={
        "model": "toy", "source": {"embedding": [0.0] * dims},
        "targets": [{"recording": "rec-1"}]}).json()
    assert reply["results"][0]["score"] == 0
    assert reply["results"][0]["warnings"][0]["code"] == "zero_vector"


def test_without_a_data_dir_recordings_are_not_to_be_had(start):
    d = start(data_dir="")
    reply = d.client.post("/v1/recordings/query", json={
        "model": "toy", "query": {"recording": "x"}})
    assert reply.status_code == 503
    assert reply.json()["error"]["code"] == "no_data_dir"
    dims = dims_of(d.client)
    reply = d.client.post("/v1/similarity", json={
        "model": "toy", "source": {"embedding": [1.0] * dims},
        "targets": [{"embedding": [1.0] * dims}]})
    assert abs(reply.json()["results"][0]["score"] - 1) < 1e-6


def test_more_than_the_index_may_hold_is_told_at_the_start(start, tmp_path):
    d = start()
    digest, dims = digest_of(d.client), dims_of(d.client)
    d.stop()
    put(tmp_path / "data/latentd.db", digest,
        np.ones((9000, dims), np.float32), [{}] * 9000, [None] * 9000)
    d = start(index_bytes="1M")
    assert "index-bytes" in d.line("index: ")["msg"]
    reply = d.client.post("/v1/recordings/query", json={
        "model": "toy", "query": {"recording": "rec-1"}})
    assert reply.status_code == 507
    assert reply.json()["error"]["code"] == "index_incomplete"
    assert "index-bytes" in reply.json()["error"]["message"]
    assert d.client.post("/v1/embeddings", json={
        "model": "toy", "input": signal_of()}).status_code == 200


def test_searches_are_counted(full):
    for _ in range(3):
        ask(full, query={"recording": "rec-7"})
    get = full.metric
    assert get("latentd_search_duration_seconds_count") == 3
    assert get("latentd_search_vectors_total") == 3 * N
    assert get("latentd_index_recordings") == N
    assert get("latentd_index_vectors") == N
    assert 0 < get("latentd_index_bytes") < get("latentd_index_max_bytes")


def test_searches_from_many_clients_agree(full):
    want = ask(full, query={"recording": "rec-7"}, limit=50)
    wrong = []

    def run():
        with httpx.Client(base_url=full.url, timeout=60) as client:
            for _ in range(30):
                got = client.post("/v1/recordings/query", json={
                    "model": "toy", "query": {"recording": "rec-7"},
                    "limit": 50}).json()
                if got != want:
                    wrong.append(got)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


# ---- by windows

@pytest.fixture
def windowed(start, tmp_path):
    """60 recordings of 1 to 12 windows; every tenth keeps their mean alone."""
    d = start()
    digest, dims = digest_of(d.client), dims_of(d.client)
    d.stop()
    rng = np.random.default_rng(5)
    windows = [rng.normal(size=(1 + i % 12, dims)).astype(np.float32)
               for i in range(60)]
    path = tmp_path / "data/latentd.db"
    put(path, digest, windows, [{"n": len(w)} for w in windows], [None] * 60)
    db = sqlite3.connect(path)
    db.execute("UPDATE vectors SET pooled = windows, windows = 1, "
               "v = substr(v, 1, 4 * dims) WHERE recording % 10 = 4")
    db.commit()
    db.close()
    d = start()
    d.windows = windows
    d.pooled = {i for i in range(60) if i % 10 == 3}
    return d


def pairs(d, i, block):
    """Of recording i with each: the best score, and which two windows."""
    out = {}
    for j, w in enumerate(d.windows):
        if j == i or j in d.pooled:
            continue
        a = d.windows[i][:, block[0]:block[1]].astype(float)
        b = w[:, block[0]:block[1]].astype(float)
        scores = (a @ b.T) / np.outer(np.linalg.norm(a, axis=1),
                                      np.linalg.norm(b, axis=1))
        at = np.unravel_index(np.argmax(scores), scores.shape)
        out[f"rec-{j}"] = scores[at], {"query": at[0], "recording": at[1]}
    return out


def test_the_best_pair_of_windows_decides(windowed):
    d = windowed
    block = blocks_of(d.client)["invariant"]
    for i in (0, 11, 17):
        want = pairs(d, i, block)
        reply = ask(d, query={"recording": f"rec-{i}"}, limit=60,
                    match="best_window", with_vector=True,
                    explain={"top_dims": 64})
        assert reply["match"] == "best_window"
        assert reply["searched"] == 54 and reply["without_windows"] == 6
        assert ids(reply) == sorted(want, key=lambda k: -want[k][0])
        for hit in reply["data"]:
            score, which = want[hit["id"]]
            assert abs(hit["score"] - score) < 1e-5
            assert hit["windows"] == which
            window = d.windows[int(hit["id"][4:])][which["recording"]]
            assert np.allclose(hit["vector"], window, rtol=1e-5, atol=1e-6)
            assert abs(sum(x["contribution"] for x in hit["explain"]) -
                       score) < 1e-5
            assert "percentile" not in hit
    several = ask(d, match="best_window", limit=60, searches=[
        {"query": {"recording": f"rec-{i}"}} for i in (0, 11, 17)])
    for i, page in zip((0, 11, 17), several["results"]):
        assert page["data"] == ask(d, query={"recording": f"rec-{i}"},
                                   match="best_window", limit=60)["data"]
        assert page["without_windows"] == 6
    few = ask(d, query={"recording": "rec-11"}, match="best_window",
              filter={"must": [{"key": "n", "match": {"value": 4}}]})
    assert few["searched"] == 4 and few["without_windows"] == 1


def test_similarity_says_which_windows_are_alike(windowed):
    d = windowed
    want = pairs(d, 11, blocks_of(d.client)["invariant"])

    def compare(**body):
        return d.client.post("/v1/similarity", json={
            "model": "toy", "match": "best_window", **body})

    reply = compare(source={"recording": "rec-11"},
                    targets=[{"recording": "rec-5"},
                             {"embedding": d.windows[7][2].tolist()}],
                    explain={"top_dims": 2}).json()
    assert reply["match"] == "best_window"
    first, second = reply["results"]
    assert abs(first["score"] - want["rec-5"][0]) < 1e-6
    which = want["rec-5"][1]
    assert first["windows"] == {"source": which["query"],
                                "target": which["recording"]}
    assert abs(first["by_partition"]["invariant"] - first["score"]) < 1e-6
    assert second["windows"]["target"] == 0
    reply = compare(source={"recording": "rec-11"},
                    targets=[{"recording": "rec-5"}, {"recording": "rec-3"}])
    assert reply.status_code == 422
    assert reply.json()["error"]["code"] == "windows_not_kept"
    assert reply.json()["error"]["param"] == "targets[1].recording"


def test_windows_of_inputs_and_of_what_was_put(daemon):
    """By HTTP alone: kept, pooled, one more model's window count shown."""
    d = daemon
    long = signal_of(600, seed=3)
    tile = {"mode": "tile"}
    for name, more in (("kept", {}), ("pooled", {"keep": {"windows": False}})):
        reply = d.client.put(f"/v1/recordings/{name}", json={
            "model": "toy", "input": long, "windowing": tile, **more})
        assert reply.status_code == 201, reply.text
    kept, pooled = (d.client.get(f"/v1/recordings/{n}").json()["embeddings"][0]
                    for n in ("kept", "pooled"))
    assert kept["windows"] > 1 and "pooled" not in kept
    assert pooled["windows"] == 1 and pooled["pooled"] == kept["windows"]
    reply = ask(d, query={"input": long}, windowing=tile, match="best_window")
    assert ids(reply) == ["kept"] and reply["without_windows"] == 1
    assert abs(reply["data"][0]["score"] - 1) < 1e-5
    which = reply["data"][0]["windows"]
    assert which["query"] == which["recording"]
    reply = ask(d, 422, query={"recording": "pooled"}, match="best_window")
    assert reply["error"]["code"] == "windows_not_kept"
    reply = d.client.post("/v1/similarity", json={
        "model": "toy", "source": {"input": long}, "windowing": tile,
        "match": "best_window", "targets": [{"recording": "kept"}]}).json()
    assert abs(reply["results"][0]["score"] - 1) < 1e-5
    # put again with fewer: the old ones are gone
    d.client.put("/v1/recordings/kept", json={
        "model": "toy", "input": signal_of(seed=3)})
    reply = ask(d, query={"recording": "kept"}, match="best_window")
    assert reply["data"] == [] and reply["without_windows"] == 1


def test_windows_that_do_not_fit_leave_the_means(start, tmp_path):
    d = start()
    digest, dims = digest_of(d.client), dims_of(d.client)
    d.stop()
    put(tmp_path / "data/latentd.db", digest,
        np.ones((50, 20, dims), np.float32), [{}] * 50, [None] * 50)
    d = start(window_bytes="10K")
    assert "window-bytes" in d.line("index: the windows")["msg"]
    assert len(ids(ask(d, query={"recording": "rec-1"}))) == 10
    reply = ask(d, 507, query={"recording": "rec-1"}, match="best_window")
    assert reply["error"]["code"] == "windows_incomplete"
    assert "window-bytes" in reply["error"]["message"]
    assert d.metric("latentd_index_window_bytes") == 0


# ---- the command line

def latent(*args, **env):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("LATENT_")}
    return subprocess.run([str(BUILD / "latent"), *map(str, args)], text=True,
                          capture_output=True, timeout=300, env=clean | env)


def test_latent_similar_prints_what_the_server_finds(full, tmp_path):
    want = ask(full, query={"recording": "rec-5"}, limit=4, with_payload=True,
               filter={"must": [{"key": "device", "match": {"value": "d1"}}],
                       "must_not": [{"key": "age", "match": {"value": 44}}]})
    args = ("similar", "rec-5", "-s", full.url, "-n", 4, "--payload",
            "--where", "device=d1", "--unlike", "age=44")
    p = latent(*args, "--json")
    assert p.returncode == 0, p.stderr
    assert json.loads(p.stdout) == want
    table = latent(*args).stdout.splitlines()
    assert [line.split()[2] for line in table[1:5]] == ids(want)
    assert json.loads(table[1].split()[3]) == want["data"][0]["payload"]
    assert table[-1].startswith(f"{want['searched']} compared, by toy@1")
    p = latent("similar", "rec-5", "--weights", "invariant=1,variant=-0.5",
               "--threshold", 0.2, "--explain", "--json", LATENT_SERVER=full.url)
    want = ask(full, query={"recording": "rec-5"}, score_threshold=0.2,
               weights={"invariant": 1, "variant": -0.5}, explain={})
    assert json.loads(p.stdout) == want


def test_latent_similar_embeds_a_file_and_says_what_is_wrong(full, tmp_path):
    path = tmp_path / "two"
    made = latent("synth", "ecg", "-o", path, "--rate", 250, "--seconds", 2,
                  "--seed", 3)
    assert made.returncode == 0, made.stderr
    p = latent("similar", path, "-s", full.url, "-w", "tile", "--json")
    assert p.returncode == 0, p.stderr
    z = latent("embed", path, "-s", full.url, "-w", "tile", "-f", "json")
    rows = np.array([x["embedding"] for x in json.loads(z.stdout)["data"]])
    begin, end = blocks_of(full.client)["invariant"]
    rows = rows[:, begin:end]
    mean = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).mean(axis=0)
    scores = cosines(mean, full.vectors[:, begin:end], (0, end - begin))
    assert ids(json.loads(p.stdout)) == best(scores, 10)
    for args, status, words in (
            (("rec-x",), 1, "no recording is called rec-x"),
            (("--file", "rec-5"), 1, "rec-5"), ((), 2, "one recording"),
            (("a", "b"), 2, "one recording"),
            (("rec-5", "-p", "x"), 2, "--partition"),
            (("rec-5", "-p", "free", "--weights", "free=1"), 2, "not both"),
            (("rec-5", "--weights", "free"), 1, "PART=NUMBER"),
            (("rec-5", "--where", "device"), 1, "KEY=VALUE")):
        p = latent("similar", *args, LATENT_SERVER=full.url)
        assert p.returncode == status and words in p.stderr, (args, p.stderr)
        assert p.stderr.count("\n") == 1
    assert latent("similar", "rec-5").returncode == 2
