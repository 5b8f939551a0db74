"""Aliases move and models go while requests run, and none is dropped."""
import signal
import threading

import pytest

from conftest import PATIENCE, body, make_model
from test_openapi import check


@pytest.fixture
def two(models):
    """toy@1 and toy@2, whose vectors differ."""
    make_model(models / "toy@2.safetensors", seed=2)
    return models


@pytest.fixture
def own(tmp_path, made):
    """A model that was made here: data/models/ft:…"""
    folder = tmp_path / "data" / "models"
    folder.mkdir(parents=True)

    def put(name, like="toy"):
        file = folder / f"{name}.safetensors"
        file.write_bytes((made / f"{like}.safetensors").read_bytes())
        return file

    return put


def vector(d, model, seed=1):
    reply = d.client.post("/v1/embeddings", json=body(seed=seed, model=model))
    assert reply.status_code == 200, reply.text
    return reply.json()["data"][0]["embedding"], reply.json()["model"]


def put(d, name, model):
    return d.client.put(f"/v1/aliases/{name}", json={"model": model})


def code_of(reply):
    return reply.status_code, reply.json()["error"]["code"]


def test_an_alias_is_made_moved_rolled_back_and_deleted(start, two):
    d = start()
    one, second = vector(d, "toy@1"), vector(d, "toy@2")
    assert one[0] != second[0]
    made = put(d, "prod", "toy@1")
    assert made.status_code == 201
    check("Alias", made.json())
    for _ in range(3):  # from then on the reply is kept as a whole
        assert vector(d, "prod") == one
    moved = put(d, "prod", "toy")  # the highest version that there is now
    assert moved.status_code == 200
    assert moved.json()["model"] == "toy@2"
    assert moved.json()["previous"] == "toy@1"
    for _ in range(3):
        assert vector(d, "prod") == second
    put(d, "prod", moved.json()["previous"])
    assert vector(d, "prod") == one
    assert put(d, "copy", "prod").json()["model"] == "toy@1"
    check("AliasList", d.client.get("/v1/aliases").json())
    assert [a["name"] for a in d.client.get("/v1/aliases").json()["data"]] == [
        "copy", "prod"]
    assert d.client.get("/v1/models/prod").json()["id"] == "toy@1"
    tag = d.client.get("/v1/aliases/prod").headers["etag"]
    assert d.client.get("/v1/aliases/prod", headers={
        "If-None-Match": tag}).status_code == 304
    gone = d.client.delete("/v1/aliases/prod")
    check("AliasDeleted", gone.json())
    for again in (d.client.delete("/v1/aliases/prod"),
                  d.client.get("/v1/aliases/prod")):
        assert code_of(again) == (404, "alias_not_found")
    assert d.client.post("/v1/embeddings",
                         json=body(model="prod")).status_code == 404


def test_an_alias_is_moved_and_deleted_by_who_saw_it_last(start, two):
    d = start()
    url = "/v1/aliases/prod"

    def move(model, **conditions):
        return d.client.put(url, json={"model": model}, headers={
            k.replace("_", "-"): v for k, v in conditions.items()})

    assert code_of(move("toy@1", If_Match="*")) == (412, "etag_mismatch")
    assert "etag" not in move("toy@1", If_Match="*").headers
    made = move("toy@1", If_None_Match="*")
    assert made.status_code == 201
    tag = made.headers["etag"]
    assert d.client.get(url).headers["etag"] == tag
    # sent again, it says what stands; another would not
    assert move("toy@1", If_None_Match="*").status_code == 200
    for refused in (move("toy@2", If_None_Match="*"),
                    move("toy@2", If_None_Match=tag),
                    move("toy@2", If_Match='"0123"'),
                    move("toy@1", If_Match='"0123"')):
        assert code_of(refused) == (412, "etag_mismatch")
        assert refused.headers["etag"] == tag
    assert d.client.get(url).json()["model"] == "toy@1"
    moved = move("toy@2", If_Match=f'"0123", {tag}')
    assert moved.status_code == 200 and moved.headers["etag"] != tag
    # of two that saw the same, one does not move it
    late = move("toy@1", If_Match=tag)
    assert code_of(late) == (412, "etag_mismatch")
    assert late.headers["etag"] == moved.headers["etag"]
    assert code_of(d.client.delete(url, headers={"If-Match": tag})) == (
        412, "etag_mismatch")
    assert d.client.get(url).json()["model"] == "toy@2"
    assert d.client.delete(url, headers={
        "If-Match": moved.headers["etag"]}).status_code == 200
    assert code_of(d.client.delete(url, headers={"If-Match": "*"})) == (
        412, "etag_mismatch")
    assert code_of(d.client.delete(url)) == (404, "alias_not_found")


def test_an_alias_goes_before_the_highest_version_and_outlives_a_restart(
        start, two):
    d = start()
    one = vector(d, "toy@1")
    assert vector(d, "toy")[1] == "toy@2"
    assert put(d, "toy", "toy@1").status_code == 201
    assert vector(d, "toy") == one
    d.signal(signal.SIGKILL)
    d.proc.wait()
    d.proc.returncode = 0
    d = start()
    assert vector(d, "toy") == one
    (two / "toy.safetensors").unlink()
    d.signal(signal.SIGHUP)
    d.line("reloaded: 1 models")
    reply = d.client.post("/v1/embeddings", json=body(model="toy"))
    assert code_of(reply) == (404, "model_not_found")
    assert "alias toy" in reply.json()["error"]["message"]


@pytest.mark.parametrize("name, ask, status", [
    ("a", {"model": "nobody"}, 404), ("a", {}, 400), ("a", {"model": 1}, 400),
    ("a", {"model": "toy", "x": 1}, 400), ("a@2", {"model": "toy"}, 400),
    ("ft:a", {"model": "toy"}, 400), ("a" * 65, {"model": "toy"}, 400)])
def test_what_is_no_alias_is_refused(daemon, name, ask, status):
    reply = daemon.client.put(f"/v1/aliases/{name}", json=ask)
    assert reply.status_code == status, reply.text
    check("ErrorResponse", reply.json())


def test_without_a_data_dir_there_are_none(start):
    d = start(data_dir="")
    for reply in (put(d, "a", "toy"), d.client.get("/v1/aliases"),
                  d.client.delete("/v1/aliases/a"),
                  d.client.delete("/v1/models/toy")):
        assert code_of(reply) == (503, "no_data_dir")


def test_promoting_under_load_drops_no_request(start, two):
    d = start()
    want = {m: vector(d, m, seed=3)[0] for m in ("toy@1", "toy@2")}
    assert put(d, "prod", "toy@1").status_code == 201
    stop, wrong, counts = threading.Event(), [], {"toy@1": 0, "toy@2": 0}

    def ask():
        import httpx
        with httpx.Client(base_url=d.url, timeout=PATIENCE) as c:
            while not stop.is_set():
                reply = c.post("/v1/embeddings", json=body(
                    seed=3, model="prod"))
                if reply.status_code != 200:
                    wrong.append(reply.text)
                    continue
                model = reply.json()["model"]
                counts[model] += 1
                if reply.json()["data"][0]["embedding"] != want[model]:
                    wrong.append(f"not that of {model}")

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for t in threads:
        t.start()
    for i in range(30):
        model = f"toy@{2 - i % 2}"
        assert put(d, "prod", model).json()["model"] == model
        # whoever asks after the answer has the new one
        assert vector(d, "prod", seed=3)[1] == model
    stop.set()
    for t in threads:
        t.join()
    assert not wrong, wrong[:3]
    assert min(counts.values()) > 0


def test_a_model_of_ours_is_deleted_with_its_file(start, own):
    file = own("ft:toy:mine:01J")
    d = start()
    assert vector(d, "ft:toy:mine:01J")[1] == "ft:toy:mine:01J@1"
    assert put(d, "prod", "ft:toy:mine:01J").status_code == 201
    kept = d.client.delete("/v1/models/ft:toy:mine:01J")
    assert code_of(kept) == (409, "model_in_use")
    assert kept.headers["x-should-retry"] == "false"
    assert "prod" in kept.json()["error"]["message"]
    assert d.client.delete("/v1/models/prod").status_code == 409
    d.client.delete("/v1/aliases/prod")
    gone = d.client.delete("/v1/models/ft:toy:mine:01J")
    assert gone.status_code == 200, gone.text
    check("ModelDeleted", gone.json())
    assert not file.exists()
    assert d.client.get("/v1/models/ft:toy:mine:01J").status_code == 404
    assert code_of(d.client.delete("/v1/models/ft:toy:mine:01J")) == (
        404, "model_not_found")
    d.signal(signal.SIGHUP)
    d.line("reloaded: 1 models")


def test_the_operators_files_are_kept_unless_a_setting_says_more(
        start, models, own):
    own("other")  # in our folder, but not made here
    d = start()
    for name in ("toy", "other"):
        kept = d.client.delete(f"/v1/models/{name}")
        assert code_of(kept) == (403, "model_not_ours")
        assert "delete-models" in kept.json()["error"]["message"]
    assert (models / "toy.safetensors").exists()
    d.stop()
    d = start(delete_models=1)
    assert d.client.delete("/v1/models/toy").status_code == 200
    assert not (models / "toy.safetensors").exists()


def test_deleting_waits_for_the_last_reader(start, own):
    own("ft:slow:mine:01J", like="slow")
    d = start(infer_threads=1)
    answers, order = {}, []

    def embed():
        answers["embed"] = d.client.post("/v1/embeddings", json=body(
            n=250 * 150, model="ft:slow:mine:01J", timeout_ms=600000,
            windowing={"mode": "tile"}))
        order.append("embed")

    t = threading.Thread(target=embed)
    t.start()
    d.until(lambda: d.metric("latentd_queue_depth") > 0, "nothing is queued")
    gone = d.client.delete("/v1/models/ft:slow:mine:01J", timeout=PATIENCE)
    order.append("delete")
    t.join()
    assert answers["embed"].status_code == 200, answers["embed"].text
    if gone.status_code == 503:  # a machine so slow that the deadline passed
        assert code_of(gone) == (503, "deadline_exceeded")
    else:
        assert gone.status_code == 200, gone.text
        d.until(lambda: len(order) == 2, "no answer")
        line = d.line("request", method="DELETE")
        first = d.line("request", path="/v1/embeddings")
        assert d.lines.index(first) <= d.lines.index(line) + 1


def test_deleting_gives_up_waiting_after_the_timeout(start, own):
    file = own("ft:slow:mine:01J", like="slow")
    d = start(infer_threads=1, timeout_ms=50)
    t = threading.Thread(target=lambda: d.client.post(
        "/v1/embeddings", json=body(
            n=250 * 300, model="ft:slow:mine:01J", timeout_ms=600000,
            windowing={"mode": "tile"})))
    t.start()
    d.until(lambda: d.metric("latentd_queue_depth") > 100, "nothing is queued")
    late = d.client.delete("/v1/models/ft:slow:mine:01J")
    assert code_of(late) == (503, "deadline_exceeded")
    assert not file.exists()
    assert d.client.get("/v1/models/ft:slow:mine:01J").status_code == 404
    t.join()
