"""POST /v1/embeddings and its relatives, on a real daemon."""
import base64
import io
import json
import pathlib
import threading
import time

import numpy as np
import pytest

from conftest import body, signal_of

CASES = pathlib.Path(__file__).parents[1] / "cases" / "embeddings"


@pytest.fixture(scope="module")
def shared(tmp_path_factory, made):
    """One daemon for the tests that only ask."""
    from conftest import Daemon
    models = tmp_path_factory.mktemp("models")
    (models / "toy.safetensors").write_bytes(
        (made / "toy.safetensors").read_bytes())
    d = Daemon(["--listen", "127.0.0.1:0", "--models", str(models),
                "--data-dir", str(tmp_path_factory.mktemp("data")),
                "--drain-delay", "0"])
    yield d
    d.stop()


def samples(n=250, seed=3):
    return np.random.default_rng(seed).standard_normal(n).astype("<f4")


def native(x, **more):
    return {"type": "signal", "sampling_rate_hz": 250,
            "channels": [{"name": "II", "unit": "mV"}],
            "data": [[float(v) for v in x]], **more}


def embed(d, inputs, headers=None, **more):
    return d.client.post("/v1/embeddings", headers=headers,
                         json={"model": "toy", "input": inputs, **more})


def vector(reply, i=0):
    assert reply.status_code == 200, reply.text
    return np.array(reply.json()["data"][i]["embedding"], "<f4")


def npy_of(x):
    file = io.BytesIO()
    np.save(file, x)
    return file.getvalue()


def csv_of(x):
    return "II\n" + "".join(f"{float(v)!r}\n" for v in x)


def b64(data):
    return base64.b64encode(data).decode()


def post(d, kind, data, query):
    return d.client.post("/v1/embeddings?model=toy&" + query, content=data,
                         headers={"content-type": kind})


# ---- forms of the same signal

def forms(d, x):
    inner = {k: v for k, v in native(x).items() if k != "type"}
    bare = {k: v for k, v in native(x).items() if k != "data"}
    query = "rate=250&unit=mV&channels=II"
    head = "rate=250;unit=mV;channels=II;base64,"
    yield "native", embed(d, [native(x)])
    yield "flat", embed(d, native(x, data=[float(v) for v in x]))
    yield "f32", embed(d, [{**bare, "encoding": "f32le+base64",
                            "data": b64(x.tobytes())}])
    yield "content", embed(d, [{"content": [
        {**inner, "type": "input_signal"}]}])
    yield "inner", embed(d, [{"content": [
        {"type": "input_signal", "input_signal": inner}]}])
    yield "uri npy", embed(
        d, "data:application/x-npy;" + head + b64(npy_of(x)))
    yield "uri csv", embed(
        d, ["data:text/csv;" + head + b64(csv_of(x).encode())])
    yield "uri raw", embed(d, ["data:application/octet-stream;dtype=f32le;" +
                               head + b64(x.tobytes())])
    yield "raw", post(d, "application/octet-stream", x.tobytes(),
                      query + "&dtype=f32le&shape=1,250")
    yield "csv", post(d, "text/csv", csv_of(x), query)
    yield "npy", post(d, "application/x-npy", npy_of(x), query)
    yield "npy64", post(d, "application/x-npy", npy_of(x.astype("<f8")), query)
    yield "multipart", d.client.post(
        "/v1/embeddings", files=[("file", ("a.csv", csv_of(x))),
                                 ("model", (None, "toy")),
                                 ("request", (None, json.dumps(
                                     {"sampling_rate_hz": 250, "unit": "mV",
                                      "channels": ["II"]})))])


def edf_of(x, rate=250, label="ECG II", unit="mV"):
    """One data record of one second: 1000 counts are 1 unit."""
    def put(value, width):
        return str(value).encode().ljust(width)

    head = b"0       " + put("", 80) + put("", 80) + b"01.01.2601.01.01"
    head += put(512, 8) + put("", 44) + put(1, 8) + put(1, 8) + put(1, 4)
    head += put(label, 16) + put("", 80) + put(unit, 8) + put(-32.768, 8) + put(32.767, 8)
    head += put(-32768, 8) + put(32767, 8) + put("", 80) + put(rate, 8) + put("", 32)
    return head + np.rint(np.asarray(x) * 1000).astype("<i2").tobytes()


def test_an_edf_is_embedded_however_it_comes(shared):
    x = np.rint(samples() * 1000) / 1000
    body = edf_of(x)
    want = vector(embed(shared, [native(x)]))
    raw = post(shared, "application/edf", body, "windowing=reject")
    for reply in (raw, post(shared, "application/octet-stream", body, "windowing=reject"),
                  embed(shared, "data:application/edf;base64," + b64(body)),
                  shared.client.post("/v1/embeddings", files=[
                      ("file", ("a.edf", body)), ("model", (None, "toy"))])):
        assert reply.status_code == 200, reply.text
        assert vector(reply) == pytest.approx(want, abs=1e-4)
        assert vector(reply).tobytes() == vector(raw).tobytes()
    wrong = post(shared, "application/edf", body, "rate=250")
    assert wrong.status_code == 400 and wrong.json()["error"]["param"] == "rate"
    cut = post(shared, "application/edf", body[:-3], "windowing=reject")
    assert cut.status_code == 400, cut.text


def test_all_forms_of_a_signal_give_the_same_bytes(shared):
    x = samples()
    replies = dict(forms(shared, x))
    want = vector(replies["native"]).tobytes()
    for name, reply in replies.items():
        assert reply.status_code == 200, (name, reply.text)
        assert vector(reply).tobytes() == want, name
    digests = {r.json()["data"][0]["digest"] for r in replies.values()}
    assert len(digests) == 1


def test_the_cache_changes_no_byte(shared):
    fresh = embed(shared, [native(samples(seed=4))],
                  headers={"cache-control": "no-store"})
    assert fresh.json()["data"][0]["cache"] == "bypass"
    assert fresh.headers["cache-status"] == "latentd; fwd=bypass"
    miss = embed(shared, [native(samples(seed=4))])
    assert miss.json()["data"][0]["cache"] == "miss"
    assert miss.headers["cache-status"] == "latentd; fwd=miss; stored"
    hit = embed(shared, [native(samples(seed=4))])
    assert hit.json()["data"][0]["cache"] == "hit"
    assert hit.headers["cache-status"] == "latentd; hit"
    assert vector(fresh).tobytes() == vector(miss).tobytes()
    assert vector(hit).tobytes() == vector(miss).tobytes()


def test_a_batch_gives_what_each_gives_alone(shared):
    many = [native(samples(seed=s)) for s in range(40, 60)]
    no = {"cache-control": "no-store"}
    together = embed(shared, many, headers=no)
    assert [i["index"] for i in together.json()["data"]] == list(range(20))
    for i, one in enumerate(many):
        alone = embed(shared, [one], headers=no)
        assert vector(alone).tobytes() == vector(together, i).tobytes()


def test_a_record_in_wfdb_is_its_samples(shared):
    adc = (np.sin(np.arange(360) / 9) * 300).astype("<i2")
    total = int(adc.astype(np.int64).sum()) & 0xffff
    total -= 0x10000 * (total > 0x7fff)
    head = (f"rec 1 250 250\r\nrec.dat 16 200/mV 12 0 {adc[0]} "
            f"{int(np.array(adc[:250].astype(np.int64).sum(), '<i8').astype('<i2'))}"
            " 0 MLII\r\n# a comment\r\n")
    reply = shared.client.post("/v1/embeddings", files=[
        ("file", ("rec.hea", head)),
        ("file", ("rec.dat", adc[:250].tobytes())), ("model", (None, "toy"))])
    assert reply.status_code == 200, reply.text
    item = reply.json()["data"][0]
    assert item["id"] == "rec"
    x = (adc[:250].astype("f8") / 200).astype("<f4")
    assert vector(reply).tobytes() == vector(embed(shared, [native(x)])
                                             ).tobytes()


# ---- encodings of the reply

def test_base64_and_bytes_hold_the_floats_of_the_json(shared):
    x = [native(samples(seed=5))]
    include = ["partitions"]
    plain = embed(shared, x, include=include)
    z = vector(plain)
    coded = embed(shared, x, include=include, encoding_format="base64")
    item = coded.json()["data"][0]
    assert base64.b64decode(item["embedding"]) == z.tobytes()
    parts = [base64.b64decode(p["values"])
             for p in item["partitions"].values()]
    assert b"".join(parts) == z.tobytes()
    raw = embed(shared, x, include=include, encoding_format="bytes")
    assert raw.headers["content-type"] == "application/octet-stream"
    size = int(raw.headers["inference-header-content-length"])
    head = json.loads(raw.content[:size])["data"][0]
    assert head["embedding"] == {"datatype": "FP32", "shape": [8],
                                 "parameters": {"binary_data_size": 32}}
    assert raw.content[size:] == z.tobytes() * 2


def test_partitions_are_slices_with_their_norms(shared):
    item = embed(shared, [native(samples())],
                 include=["partitions", "gates", "task"]).json()["data"][0]
    z = np.array(item["embedding"])
    at = 0
    for name in ("invariant", "variant", "free"):
        part = item["partitions"][name]
        assert part["range"][0] == at
        at = part["range"][1]
        assert part["values"] == list(z[slice(*part["range"])])
        assert part["norm"] == pytest.approx(
            np.linalg.norm(part["values"]), rel=1e-6)
    assert at == len(z)
    assert item["gates"] is None and item["task"] is None
    assert "preprocessing" not in item and "features" not in item


def test_a_partition_alone_and_unit_length(shared):
    x = [native(samples())]
    z = vector(embed(shared, x))
    one = vector(embed(shared, x, partition="variant"))
    assert one.tobytes() == z[4:7].tobytes()
    unit = vector(embed(shared, x, partition="variant", normalize=True))
    assert np.linalg.norm(unit) == pytest.approx(1, rel=1e-6)
    assert unit == pytest.approx(one / np.linalg.norm(one), rel=1e-6)
    assert vector(embed(shared, x, dimensions=4)).tobytes() == z[:4].tobytes()
    assert len(vector(embed(shared, x, dimensions=8))) == 8


# ---- windows

def test_windows_are_the_same_however_they_were_cut(shared):
    x = samples(1000, seed=6)
    tile = embed(shared, [native(x)], include=["preprocessing"],
                 windowing={"mode": "tile", "hop_samples": 125})
    items = tile.json()["data"]
    assert [i["window"]["start"] for i in items] == list(range(0, 751, 125))
    assert all(i["input_index"] == 0 for i in items)
    assert [i["index"] for i in items] == list(range(7))
    for i in (0, 3, 6):
        alone = embed(shared, [native(x[i * 125:i * 125 + 250])])
        assert vector(alone).tobytes() == vector(tile, i).tobytes()
        assert alone.json()["data"][0]["digest"] == items[i]["digest"]
    center = embed(shared, [native(x)], windowing={"mode": "center"})
    assert vector(center).tobytes() == vector(tile, 3).tobytes()
    assert center.json()["data"][0]["window"] == {"start": 375, "end": 625}
    usage = tile.json()["usage"]
    assert usage["prompt_tokens"] == usage["total_tokens"] == 7 * 250


def test_pooling_is_the_mean_of_the_windows(shared):
    x = [native(samples(1000, seed=6)), native(samples(500, seed=7))]
    cut = {"mode": "tile", "hop_samples": 250}
    each = embed(shared, x, windowing=cut)
    assert [i["input_index"] for i in each.json()["data"]] == [0] * 4 + [1] * 2
    pooled = embed(shared, x, windowing={**cut, "pool": "mean"})
    assert [i["windows"] for i in pooled.json()["data"]] == [4, 2]
    want = np.mean([vector(each, i) for i in range(4)], axis=0)
    assert vector(pooled) == pytest.approx(want, rel=1e-5, abs=1e-6)


def test_what_is_left_of_a_tile_is_reported(shared):
    item = embed(shared, [native(samples(300))], include=["preprocessing"],
                 windowing={"mode": "tile"}).json()["data"][0]
    assert item["preprocessing"]["dropped_samples"] == 50
    assert [w["code"] for w in item["preprocessing"]["warnings"]] == [
        "dropped_samples"]


def test_another_rate_and_unit_are_converted_and_reported(shared):
    t = np.arange(360) / 360
    x = native(1000 * np.sin(2 * np.pi * 5 * t), sampling_rate_hz=360)
    x["channels"][0]["unit"] = "uV"
    reply = embed(shared, [x], include=["preprocessing"])
    report = reply.json()["data"][0]["preprocessing"]
    assert report["resampled_from_hz"] == 360
    assert report["resampled_to_hz"] == 250
    assert report["channel_map"] == ["II"]
    t = np.arange(250) / 250
    want = embed(shared, [native(np.sin(2 * np.pi * 5 * t))])
    assert vector(reply) == pytest.approx(vector(want), rel=0.02, abs=0.02)


# ---- what is wrong

def case_of(path):
    head, _, text = path.read_bytes().partition(b"\n\n")
    head = dict(line.split(": ", 1)
                for line in head.decode().splitlines())
    data = text[:-1]
    if "Body" in head:
        data = base64.b64decode(data)
    if "Lines" in head:
        data = data.replace(b"\n", b"\r\n")
    return head, data


# But the one that needs a lower limit: see test_a_limit_names_itself.
BAD = [p for p in sorted(CASES.glob("bad/*.case"))
       if p.stem != "too-many-inputs"]


@pytest.mark.parametrize("path", BAD, ids=lambda p: p.stem)
def test_a_bad_body_is_refused_by_name(shared, path):
    head, data = case_of(path)
    headers = {k: head[k] for k in ("Content-Type", "Content-Encoding")
               if k in head}
    reply = shared.client.post("/v1/embeddings?" + head.get("Query", ""),
                               content=data, headers=headers)
    status, _, rest = head["Expect"].partition(" ")
    word, _, param = rest.partition(" ")
    assert reply.status_code == int(status), reply.text
    got = reply.json()
    assert got["status"] == int(status)
    assert got["instance"] == reply.headers["x-request-id"]
    assert got["error"]["message"]
    if word:
        assert got["error"]["code"] == word
        assert (got["error"]["param"] or "") == param
    assert head.get("Message", "") in got["error"]["message"]
    assert shared.client.get("/readyz").status_code == 200


@pytest.mark.parametrize("path", sorted(CASES.glob("ok/*.case")),
                         ids=lambda p: p.stem)
def test_a_good_body_is_not_a_bad_request(shared, path):
    head, data = case_of(path)
    headers = {k: head[k] for k in ("Content-Type",) if k in head}
    reply = shared.client.post("/v1/embeddings?" + head.get("Query", ""),
                               content=data, headers=headers)
    assert reply.status_code in (200, 422), reply.text


def test_partial_keeps_what_is_good(shared):
    good = native(samples())
    bad = [native(samples(20)), native(samples(), data=[[1, 2], [3]]),
           {"type": "signal"}, "data:text/csv;base64,A",
           native([3.4e38] * 125 + [-3.4e38] * 125)]
    reply = embed(shared, [good, *bad, good], on_error="partial", user="u")
    assert reply.status_code == 200, reply.text
    items = reply.json()["data"]
    assert [i["index"] for i in items] == list(range(7))
    assert len(items[0]["embedding"]) == 8
    assert items[0]["embedding"] == items[6]["embedding"]
    for i in range(1, 6):
        assert items[i]["embedding"] == []
        assert items[i]["error"]["param"].startswith(f"input[{i}]")
    assert [i["error"]["code"] for i in items[1:6]] == [
        "too_short", "ragged_channels", "sampling_rate_required",
        "invalid_base64", "nonfinite_output"]


def test_nan_inside_is_500_and_must_not_be_tried_again(shared):
    reply = embed(shared, [native(samples()),
                           native([3.4e38] * 125 + [-3.4e38] * 125)])
    assert reply.status_code == 500
    assert reply.headers["x-should-retry"] == "false"
    assert reply.json()["error"]["code"] == "nonfinite_output"
    assert reply.json()["error"]["param"] == "input[1]"
    assert b"NaN" not in reply.content
    assert shared.metric("latentd_nonfinite_outputs_total") >= 1


def test_unknown_model_and_problem_json(shared):
    reply = shared.client.post(
        "/v1/embeddings", json=body(model="nope"),
        headers={"accept": "application/problem+json"})
    assert reply.status_code == 404
    assert reply.headers["content-type"] == "application/problem+json"
    problem = reply.json()
    assert problem["error"]["code"] == "model_not_found"
    assert problem["title"] == "Model not found"
    assert problem["type"].endswith("/model_not_found")
    assert "toy@1" in problem["detail"]


def test_unsupported_type_says_what_is_taken(shared):
    reply = shared.client.post("/v1/embeddings", content=b"x",
                               headers={"content-type": "application/pdf"})
    assert reply.status_code == 415
    assert "application/x-npy" in reply.headers["accept-post"]
    assert reply.headers["accept-encoding"] == "identity"


def test_a_limit_names_itself(start):
    d = start(max_inputs=8)
    reply = embed(d, [native(samples())] * 9)
    assert reply.status_code == 413
    assert "9 inputs, at most 8" in reply.json()["error"]["message"]
    assert "max-inputs" in reply.json()["error"]["message"]
    reply = embed(d, [native(samples(2000))],
                  windowing={"mode": "tile", "hop_samples": 1})
    assert reply.status_code == 413
    assert "at most 8" in reply.json()["error"]["message"]
    assert embed(d, [native(samples())] * 8).status_code == 200


def test_few_bytes_do_not_become_hours_of_resampling(start):
    """At 250 Hz, 1000 samples of 1 Hz are 250 000; of 2 inputs, twice that."""
    d = start(max_samples=300_000)
    low = native(samples(1000), sampling_rate_hz=1)
    center = {"mode": "center"}
    assert embed(d, [low], windowing=center).status_code == 200
    reply = embed(d, [low, low], windowing=center)
    assert reply.status_code == 413
    said = reply.json()["error"]
    assert "500000 samples" in said["message"] and "300000" in said["message"]
    assert "max-samples" in said["message"] and said["param"] == "input[1]"
    signal = d.client.get("/v1/models/toy").json()["capabilities"]["signal"]
    assert signal["max_samples"] == 300_000


@pytest.mark.parametrize("rate", [0.001, 1e-300])
def test_an_absurd_rate_is_named_under_tile_as_well(shared, rate):
    reply = embed(shared, [native(samples(), sampling_rate_hz=rate)],
                  windowing={"mode": "tile"})
    assert reply.status_code == 422, reply.text
    assert reply.json()["error"]["code"] == "invalid_rate"


def test_a_unit_that_carries_a_sample_beyond_float32_is_the_input_s(shared):
    reply = embed(shared, [native([3e38] * 250, channels=[
        {"name": "II", "unit": "V"}])])
    assert reply.status_code == 422, reply.text
    assert reply.json()["error"]["code"] == "nonfinite_input"
    assert reply.json()["error"]["param"] == "input[0].data[0][0]"


def test_validate_tells_without_embedding(shared):
    before = shared.metric("latentd_cache_requests_total")
    reply = shared.client.post("/v1/validate", json={
        "model": "toy", "input": [
            native(samples()), native(samples(20)), "hello",
            native(samples(250), data=[[1] * 100 + [None] * 3 + [1] * 147])]})
    assert reply.status_code == 200, reply.text
    v = reply.json()
    assert v["object"] == "validation" and v["model"] == "toy@1"
    assert [i["ok"] for i in v["items"]] == [True, False, False, True]
    assert v["items"][0]["windows"] == 1 and v["items"][0]["error"] is None
    assert v["items"][1]["error"]["code"] == "too_short"
    assert v["items"][1]["error"]["param"] == "input[1].data"
    assert v["items"][2]["error"]["code"] == "invalid_data_uri"
    report = v["items"][3]["preprocessing"]
    assert report["missing_samples"] == 3
    assert "missing_samples" in [w["code"] for w in report["warnings"]]
    assert shared.metric("latentd_cache_requests_total") == before


# ---- the cache

def test_a_cached_embedding_has_an_address(shared):
    x = [native(samples(seed=8))]
    item = embed(shared, x).json()["data"][0]
    url = f"/v1/embeddings/{item['digest']}"
    got = shared.client.get(url, params={"model": "toy",
                                         "include": "partitions"})
    assert got.status_code == 200, got.text
    assert got.json()["embedding"] == item["embedding"]
    assert got.json()["digest"] == item["digest"]
    assert got.json()["cache"] == "hit"
    assert set(got.json()["partitions"]) == {"invariant", "variant", "free"}
    again = shared.client.get(
        url, params={"model": "toy", "include": "partitions"},
        headers={"if-none-match": got.headers["etag"]})
    assert again.status_code == 304 and again.content == b""
    other = shared.client.get(url, params={"model": "toy"},
                              headers={"if-none-match": got.headers["etag"]})
    assert other.status_code == 200
    assert shared.client.get(url).json()["error"]["param"] == "model"
    none = shared.client.get("/v1/embeddings/" + "0" * 64,
                             params={"model": "toy"})
    assert none.status_code == 404
    assert none.json()["error"]["code"] == "embedding_not_found"
    bad = shared.client.get("/v1/embeddings/xyz", params={"model": "toy"})
    assert bad.status_code == 400


def test_lookups_add_up(start):
    d = start()
    x = [native(samples(seed=s)) for s in range(6)]
    embed(d, x[:4])
    embed(d, x)
    embed(d, x[:2], headers={"cache-control": "no-store"})
    results = {r: d.metric("latentd_cache_requests_total", result=r)
               for r in ("hit", "miss", "coalesced", "bypass")}
    assert results == {"hit": 4, "miss": 6, "coalesced": 0, "bypass": 2}


def counted(d):
    """All counters of inputs and lookups."""
    names = ("latentd_cache_requests_total", "latentd_batch_inputs_count",
             "latentd_batch_inputs_sum", "latentd_batch_samples_sum",
             "latentd_input_warnings_total")
    return {name: d.metric(name) for name in names}


@pytest.mark.parametrize("more", [
    {}, {"encoding_format": "base64"}, {"encoding_format": "bytes"},
    {"include": ["partitions", "preprocessing"]}])
def test_a_body_that_comes_again_gets_the_same_bytes_and_is_counted(
        start, more):
    """The third time its reply as a whole is in the cache."""
    d = start()
    ask = {"model": "toy", "input": [native(samples(seed=s)) for s in (1, 2)],
           **more}

    def send(**headers):
        before = counted(d)
        reply = d.client.post("/v1/embeddings", json=ask, headers=headers)
        after = counted(d)
        assert reply.status_code == 200, reply.text
        return reply, {k: after[k] - before[k] for k in after}

    send()
    second, moved = send()
    for _ in range(2):
        again, moved_again = send()
        assert again.content == second.content
        assert moved_again == moved
        for name in ("content-type", "cache-status",
                     "inference-header-content-length"):
            assert again.headers.get(name) == second.headers.get(name)
        assert again.headers["x-request-id"] != second.headers["x-request-id"]
    assert 'detail="hit=2 ' in again.headers["cache-status"]
    fresh, _ = send(**{"cache-control": "no-store"})
    assert "fwd=bypass" in fresh.headers["cache-status"]


def test_a_reply_is_of_all_that_was_asked(start):
    """The same body with another query, or of another type, is another."""
    d = start()
    raw = samples(seed=3).tobytes()
    ask = {"model": "toy", "rate": "250", "unit": "mV", "channels": "II",
           "dtype": "f32le", "shape": f"1,{len(raw) // 4}"}

    def send(content_type="application/octet-stream", **more):
        return d.client.post("/v1/embeddings", params={**ask, **more},
                             content=raw,
                             headers={"content-type": content_type})

    for _ in range(3):
        mv = send()
    assert mv.status_code == 200, mv.text
    for _ in range(3):
        uv = send(unit="uV")
    assert uv.status_code == 200, uv.text
    assert mv.json()["data"][0]["digest"] != uv.json()["data"][0]["digest"]
    assert send().content == mv.content
    assert send(dtype="f64le").status_code >= 400
    assert send(content_type="application/json").status_code == 400
    assert send(content_type="text/csv").status_code >= 400


def test_a_cached_embedding_outlives_the_daemon(start):
    x = [native(samples(seed=9))]
    first = start()
    want = embed(first, x)
    first.stop()
    second = start()
    got = embed(second, x)
    assert got.json()["data"][0]["cache"] == "hit"
    assert vector(got).tobytes() == vector(want).tobytes()


def in_threads(calls):
    replies = [None] * len(calls)

    def run(i):
        replies[i] = calls[i]()

    threads = [threading.Thread(target=run, args=(i,))
               for i in range(len(calls))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return replies


@pytest.fixture
def slow(start, models, made):
    (models / "slow.safetensors").write_bytes(
        (made / "slow.safetensors").read_bytes())
    return start(infer_threads=1)


def test_the_same_at_once_is_computed_once(slow):
    ask = body(model="slow", seed=11)
    replies = in_threads(
        [lambda: slow.client.post("/v1/embeddings", json=ask)] * 6)
    words = sorted(r.json()["data"][0]["cache"] for r in replies)
    assert words.count("miss") == 1, words
    assert set(words) <= {"miss", "coalesced", "hit"}
    assert "coalesced" in words
    assert len({vector(r).tobytes() for r in replies}) == 1


def test_the_same_twice_in_one_request_is_computed_once(slow):
    one = signal_of(seed=12)
    reply = slow.client.post("/v1/embeddings", json={
        "model": "slow", "input": [one, one, signal_of(seed=13), one]})
    items = reply.json()["data"]
    assert [i["cache"] for i in items] == ["miss", "coalesced", "miss",
                                           "coalesced"]
    assert items[0]["embedding"] == items[1]["embedding"]
    assert items[0]["embedding"] != items[2]["embedding"]


def test_a_deadline_is_503_and_the_next_request_is_served(slow):
    many = {"model": "slow", "timeout_ms": 50,
            "input": [signal_of(seed=s) for s in range(100, 140)]}
    begun = time.monotonic()
    reply = slow.client.post("/v1/embeddings", json=many)
    assert reply.status_code == 503, reply.text
    assert reply.json()["error"]["code"] == "deadline_exceeded"
    assert reply.headers["retry-after"]
    assert time.monotonic() - begun < 30
    assert slow.client.post("/v1/embeddings", json=body()).status_code == 200


def test_raw_little_endian_integers_with_a_scale(shared):
    x = (samples() * 1000).astype("<i2")
    reply = post(shared, "application/octet-stream", x.tobytes(),
                 "rate=250&unit=uV&channels=MLII&dtype=i16le&scale=0.5")
    phys = (x.astype("f8") * 0.5).astype("<f4")
    want = native(phys)
    want["channels"] = [{"name": "MLII", "unit": "uV"}]
    assert vector(reply).tobytes() == vector(embed(shared, [want])).tobytes()


def test_paths_without_v1_answer_as_well(shared):
    x = [native(samples())]
    a = shared.client.post("/embeddings", json={"model": "toy@1", "input": x})
    assert vector(a).tobytes() == vector(embed(shared, x)).tobytes()
