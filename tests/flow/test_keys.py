"""Keys: who may do what, and how much of it; latent keys and the daemon."""
import json
import os
import signal
import subprocess

import httpx
import pytest

from conftest import BUILD, body, clean_environ

PROBES = ["/livez", "/readyz", "/startupz", "/health", "/version",
          "/openapi.json"]


@pytest.fixture
def keys(tmp_path):
    """keys("create", "ci", …) runs latent keys on a file of its own."""
    file = tmp_path / "keys"

    def run(*args, ok=True):
        got = subprocess.run(
            [str(BUILD / "latent"), "keys", *args, "--file", str(file)],
            capture_output=True, text=True, env=clean_environ())
        assert (got.returncode == 0) == ok, got.stderr
        return got

    def create(name, *args):
        return run("create", name, *args).stdout.strip()

    run.file, run.create = file, create
    return run


def as_(key):
    return {"Authorization": f"Bearer {key}"}


def test_a_key_is_shown_once_and_kept_as_its_digest(keys):
    made = keys("create", "ci")
    key = made.stdout.strip()
    assert key.startswith("lk-") and len(key) == 67
    assert key[3:] not in made.stderr + keys.file.read_text()
    assert keys.file.stat().st_mode & 0o777 == 0o600
    assert keys.create("other", "--scope", "admin", "--json",
                       "--limit", "rate=5").startswith('{"name":"other"')
    listed = json.loads(keys("list", "--json").stdout)
    assert [k["name"] for k in listed] == ["ci", "other"]
    assert listed[0]["scopes"] == ["read", "embed"]
    assert listed[1]["rate"] == 5
    assert "key" not in listed[0]
    keys("revoke", "ci")
    assert [k["name"] for k in json.loads(keys("list", "--json").stdout)] == [
        "other"]


def test_latent_keys_says_what_is_wrong(keys):
    keys.create("ci")
    assert "already" in keys("create", "ci", ok=False).stderr
    assert "no key nobody" in keys("revoke", "nobody", ok=False).stderr
    assert "no scope" in keys("create", "x", "--scope", "fly", ok=False).stderr
    assert "no name" in keys("create", "a b", ok=False).stderr
    assert "--limit" in keys("create", "x", "--limit", "a=1", ok=False).stderr
    assert keys("create", ok=False).returncode == 2
    assert keys("open", ok=False).returncode == 2


def test_two_at_once_lose_nothing(keys):
    running = [subprocess.Popen(
        [str(BUILD / "latent"), "keys", "create", f"k{i}", "--file",
         str(keys.file)], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL) for i in range(8)]
    assert [p.wait() for p in running] == [0] * 8
    assert len(json.loads(keys("list", "--json").stdout)) == 8


def test_each_scope_opens_its_own(keys, start):
    read = keys.create("reader", "--scope", "read")
    embed = keys.create("embedder", "--scope", "embed")
    boss = keys.create("boss", "--scope", "admin")
    d = start(keys_file=keys.file)
    get, post = d.client.get, d.client.post
    for path in PROBES:
        assert get(path).status_code == 200, path
    none = get("/v1/models")
    assert none.status_code == 401
    assert none.headers["www-authenticate"] == "Bearer"
    assert none.json()["error"]["code"] == "invalid_api_key"
    assert get("/v1/models", headers=as_("lk-" + 64 * "0")).status_code == 401
    assert get("/metrics").status_code == 401
    assert get("/v1/models", headers=as_(read)).status_code == 200
    assert get("/metrics", headers=as_(read)).status_code == 200
    no = post("/v1/embeddings", json=body(), headers=as_(read))
    assert no.status_code == 403
    assert no.json()["error"]["code"] == "insufficient_scope"
    assert "reader is good for read" in no.json()["error"]["message"]
    assert post("/v1/embeddings", json=body(),
                headers=as_(embed)).status_code == 200
    assert get("/v1/models", headers=as_(embed)).status_code == 403
    for answer in (get("/v1/models", headers=as_(boss)),
                   post("/v1/embeddings", json=body(), headers=as_(boss))):
        assert answer.status_code == 200
    line = d.line("request", key="embedder", status=200)
    assert line["path"] == "/v1/embeddings"
    text = "".join(d.raw)
    for key in (read, embed, boss):
        assert key not in text and key[3:] not in text


def test_the_file_is_read_again_on_sighup(keys, start):
    old = keys.create("old")
    d = start(keys_file=keys.file)
    new = keys.create("new")
    assert d.client.get("/v1/models", headers=as_(new)).status_code == 401
    keys("revoke", "old")
    assert d.client.get("/v1/models", headers=as_(old)).status_code == 200
    d.signal(signal.SIGHUP)
    d.line("reloaded: 1 keys")
    assert d.client.get("/v1/models", headers=as_(new)).status_code == 200
    assert d.client.get("/v1/models", headers=as_(old)).status_code == 401
    keys.file.write_text("nonsense\n")
    d.signal(signal.SIGHUP)
    assert "line 1" in d.line("reload: keys-file")["msg"]
    assert d.client.get("/v1/models", headers=as_(new)).status_code == 200


def test_limits_of_a_key_are_its_own(keys, start):
    slow = keys.create("slow", "--limit", "rate=1", "--limit", "burst=3")
    free = keys.create("free")
    d = start(keys_file=keys.file)
    codes = [d.client.get("/v1/models", headers=as_(slow)).status_code
             for _ in range(30)]
    assert codes[:3] == [200] * 3 and 429 in codes
    reply = d.client.get("/v1/models", headers=as_(slow))
    while reply.status_code != 429:
        reply = d.client.get("/v1/models", headers=as_(slow))
    assert reply.json()["error"]["code"] == "rate_limited"
    assert 1 <= int(reply.headers["retry-after"]) <= 120
    assert 0 < int(reply.headers["retry-after-ms"]) <= 1000
    for _ in range(30):
        assert d.client.get("/v1/models", headers=as_(free)).status_code == 200
    text = d.client.get("/metrics", headers=as_(free)).text
    assert 'latentd_rejected_total{reason="rate_limited"}' in text


def test_bytes_of_bodies_are_limited_with_and_without_a_length(keys, start):
    one = keys.create("one")
    two = keys.create("two")
    d = start(keys_file=keys.file, key_bytes=1000)
    ask = json.dumps(body()).encode()
    assert len(ask) > 1000
    head = {"Content-Type": "application/json"}

    def chunks():
        yield ask

    assert d.client.post("/v1/embeddings", content=ask,
                         headers={**head, **as_(one)}).status_code == 200
    assert d.client.post("/v1/embeddings", content=ask,
                         headers={**head, **as_(one)}).status_code == 429
    assert d.client.post("/v1/embeddings", content=chunks(),
                         headers={**head, **as_(two)}).status_code == 200
    assert d.client.get("/v1/models", headers=as_(two)).status_code == 429


def run_once(*args):
    return subprocess.run([str(BUILD / "latentd"), *args], text=True,
                          capture_output=True, env=clean_environ(), timeout=60)


def test_without_keys_only_loopback_is_served(start, models, tmp_path, keys):
    common = ["--models", str(models), "--data-dir", str(tmp_path / "data")]
    for setting in ("--listen", "--metrics-listen"):
        got = run_once("--listen", "127.0.0.1:0", setting, "0.0.0.0:0",
                       *common)
        assert got.returncode == 1
        assert "insecure-listen" in got.stderr and "keys-file" in got.stderr
    for listen in ("127.0.0.2:0", "[::1]:0"):
        try:
            start(listen=listen, data_dir="")
        except AssertionError as e:
            if "cannot listen" not in str(e):
                raise
    start(listen="0.0.0.0:0", insecure_listen=1, data_dir="")
    keys.create("ci")
    d = start(listen="0.0.0.0:0", keys_file=keys.file)
    port = d.endpoint[1]
    assert httpx.get(f"http://127.0.0.1:{port}/v1/models").status_code == 401


def test_keys_that_cannot_be_read_end_the_start(models, tmp_path, keys):
    common = ["--listen", "127.0.0.1:0", "--models", str(models),
              "--data-dir", str(tmp_path / "data"), "--keys-file",
              str(keys.file)]
    got = run_once(*common)
    assert got.returncode == 1 and "keys-file" in got.stderr
    keys.create("ci")
    os.chmod(keys.file, 0o666)
    got = run_once(*common)
    assert got.returncode == 1 and "others may write it" in got.stderr


def test_metrics_on_their_own_listener_ask_for_no_key(keys, start):
    keys.create("ci")
    d = start(keys_file=keys.file, metrics_listen="127.0.0.1:0")
    where = d.line("listening for metrics")["address"]
    assert httpx.get(f"http://{where}/metrics").status_code == 200
    assert d.client.get("/metrics").status_code in (401, 404)
