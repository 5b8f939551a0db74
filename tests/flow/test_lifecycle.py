"""Start, probes, reload, drain; and what clients do that they should not."""
import concurrent.futures
import json
import os
import random
import signal
import socket
import subprocess
import time

import httpx
import pytest

from conftest import (BUILD, PATIENCE, SANITIZED, body, clean_environ,
                      make_model)


def connect(d):
    return socket.create_connection(d.endpoint, timeout=PATIENCE)


def head(d, path="/v1/embeddings", **headers):
    lines = [f"POST {path} HTTP/1.1", "Host: x",
             "Content-Type: application/json"]
    lines += [f"{k.replace('_', '-')}: {v}" for k, v in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def read_all(s):
    text = b""
    try:
        while chunk := s.recv(65536):
            text += chunk
    except ConnectionResetError:
        pass
    return text.decode()


def slow_body(windows, seed=1, **more):
    return body(250 * windows, seed, "slow", windowing={"mode": "tile"}, **more)


@pytest.fixture
def slow(models, made):
    (models / "slow.safetensors").write_bytes(
        (made / "slow.safetensors").read_bytes())


# ---- start and probes -------------------------------------------------------


def test_probes_answer_while_models_load(start, slow):
    d = start(wait=False)
    assert d.client.get("/livez").status_code == 200
    r = d.client.get("/readyz")
    if d.find("ready: "):
        pytest.skip("the models were loaded before we could ask")
    assert r.status_code == 503 and r.json()["reasons"] == ["model_loading"]
    assert d.client.get("/startupz").status_code == 503
    assert d.client.get("/metrics").status_code == 200
    r = d.client.get("/v1/models")
    if not d.find("ready: "):
        assert r.status_code == 503
        assert r.json()["error"]["code"] == "model_loading"
        assert r.headers["retry-after"] and r.headers["connection"] == "close"
    d.line("ready: ")
    for path in ("/livez", "/readyz", "/startupz", "/health", "/ping"):
        assert d.client.get(path).json() == {"status": "ok"}


def test_a_signal_while_models_load_ends_it_cleanly(start, slow, models, made):
    for i in range(4):
        (models / f"more{i}.safetensors").write_bytes(
            (made / "slow.safetensors").read_bytes())
    d = start(wait=False)
    d.signal(signal.SIGTERM)
    assert d.wait() == 0
    assert d.find("Terminated while loading") or d.find("Terminated: draining")


def test_self_test_and_kernel_are_in_the_log(daemon):
    line = daemon.line("model loaded, self-test passed", model="toy@1")
    assert line["arithmetic"].startswith("float32/")
    assert len(line["digest"]) == 64


def test_without_a_model_it_starts_and_is_not_ready(start, tmp_path):
    (tmp_path / "none").mkdir()
    d = start(models=tmp_path / "none")
    r = d.client.get("/readyz")
    assert r.status_code == 503 and r.json()["reasons"] == ["no_models"]
    assert d.client.get("/livez").status_code == 200
    assert d.client.get("/v1/models").json() == {"object": "list", "data": []}


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    r = subprocess.run([BUILD / "latentd", "--listen", "127.0.0.1:0",
                        "--models", tmp_path / "nope"], capture_output=True,
                       text=True, timeout=PATIENCE)
    assert r.returncode == 1 and "nope" in r.stderr


def test_an_address_in_use_is_an_error(daemon, models):
    r = subprocess.run([BUILD / "latentd", "--listen", daemon.address,
                        "--models", models], capture_output=True, text=True,
                       env=clean_environ(), timeout=PATIENCE)
    assert r.returncode == 1 and daemon.address in r.stderr


def test_settings_that_are_wrong_end_with_status_2():
    for args in (["--lissten", "x"], ["--max-queue", "0"], ["--log-level", "x"],
                 ["--max-queue", "1"], ["stray"]):
        r = subprocess.run([BUILD / "latentd"] + args, capture_output=True,
                           text=True, timeout=PATIENCE)
        assert r.returncode == 2, args
        assert args[0].strip("-") in r.stderr and r.stderr.count("\n") == 1


def test_print_config_says_where_values_came_from(tmp_path):
    conf = tmp_path / "conf"
    conf.write_text("max-queue = 5000\nmax-inputs = 7\ntimeout-ms = 8\n")
    r = subprocess.run(
        [BUILD / "latentd", "--print-config", "--config", conf,
         "--timeout-ms", "9"], capture_output=True, text=True, check=True,
        env={**clean_environ(), "LATENTD_MAX_INPUTS": "6"}, timeout=PATIENCE)
    got = {}
    for line in r.stdout.splitlines():
        name, value, origin = line.replace("#", "=").split("=")
        got[name.strip()] = (value.strip(), origin.strip())
    assert got["max-queue"] == ("5000", "file")
    assert got["max-inputs"] == ("6", "environment")
    assert got["timeout-ms"] == ("9", "flag")
    assert got["http-threads"] == ("2", "default")


def test_systemd_hears_of_it(start, tmp_path):
    path = str(tmp_path / "notify")
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(path)
    notify.settimeout(PATIENCE)
    d = start(env={"NOTIFY_SOCKET": path})
    seen = ""
    while "READY=1" not in seen:
        seen += notify.recv(4096).decode() + "\n"
    assert "STATUS=loading toy.safetensors" in seen
    while "WATCHDOG=1" not in seen:
        seen += notify.recv(4096).decode() + "\n"
    d.signal(signal.SIGTERM)
    while "STOPPING=1" not in seen:
        seen += notify.recv(4096).decode() + "\n"
    assert d.wait() == 0


def test_a_socket_may_be_handed_over(models, tmp_path):
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    script = ('exec 3<&%d; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$0" "$@"'
              % listening.fileno())
    p = subprocess.Popen(
        ["bash", "-c", script, BUILD / "latentd", "--models", models,
         "--data-dir", tmp_path / "data", "--drain-delay", "0"],
        pass_fds=[listening.fileno()], stderr=subprocess.PIPE, text=True,
        env=clean_environ())
    listening.close()
    assert f'"address":"127.0.0.1:{port}"' in p.stderr.readline()
    for _ in range(600):
        if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
            break
        time.sleep(0.1)
    p.send_signal(signal.SIGTERM)
    p.communicate(timeout=PATIENCE)
    assert p.returncode == 0


# ---- http -------------------------------------------------------------------


def test_what_is_not_there_is_404_and_wrong_methods_405(daemon):
    r = daemon.client.get("/nope")
    assert r.status_code == 404
    assert r.json()["error"]["type"] == "invalid_request_error"
    assert "/nope" in r.json()["error"]["message"]
    assert r.json()["instance"] == r.headers["x-request-id"]
    for method in ("OPTIONS", "POST", "DELETE", "BREW"):
        r = daemon.client.request(method, "/v1/models")
        assert r.status_code == 405 and r.headers["allow"] == "GET, HEAD"
    r = daemon.client.head("/v1/models")
    assert r.status_code == 200 and r.content == b""
    assert int(r.headers["content-length"]) > 100


def test_request_ids_are_echoed_when_sane_and_made_when_not(daemon):
    r = daemon.client.get("/livez", headers={"X-Request-Id": "abc-1.2:3"})
    assert r.headers["x-request-id"] == "abc-1.2:3"
    for bad in ("", "a b", "<script>", "x" * 200):
        r = daemon.client.get("/livez", headers={"X-Request-Id": bad})
        assert r.headers["x-request-id"].startswith("req_")
    ids = {daemon.client.get("/livez").headers["x-request-id"]
           for _ in range(50)}
    assert len(ids) == 50


def test_each_reply_has_its_timing_and_the_log_its_trace(daemon):
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    r = daemon.client.get("/v1/models", headers={"traceparent": trace})
    names = [part.split(";")[0].strip()
             for part in r.headers["server-timing"].split(",")]
    assert names == ["parse", "queue", "infer", "serialize"]
    line = daemon.line("request", id=r.headers["x-request-id"])
    assert line["traceparent"] == trace and line["status"] == 200


def test_get_resources_have_an_etag(daemon):
    for path in ("/v1/models", "/v1/models/toy", "/version"):
        r = daemon.client.get(path)
        tag = r.headers["etag"]
        r = daemon.client.get(path, headers={"If-None-Match": tag})
        assert r.status_code == 304 and r.content == b""
        assert r.headers["etag"] == tag
        r = daemon.client.get(path, headers={"If-None-Match": '"other"'})
        assert r.status_code == 200


def test_a_connection_serves_many_requests(daemon):
    with connect(daemon) as s:
        for i in range(20):
            s.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            assert s.recv(4096).startswith(b"HTTP/1.1 200")


def test_a_body_over_the_limit_is_413_with_limit_and_setting(start):
    d = start(max_body_bytes=10000)
    r = d.client.post("/v1/embeddings", content=b"x" * 12345)
    assert r.status_code == 413 and r.headers["connection"] == "close"
    error = r.json()["error"]
    assert error["code"] == "request_too_large"
    for word in ("12345", "10000", "max-body-bytes"):
        assert word in error["message"]
    r = d.client.post("/v1/embeddings", content=iter([b"x" * 6000] * 3))
    assert r.status_code == 413 and "max-body-bytes" in r.text
    with connect(d) as s:  # one that asks first is told at once
        s.sendall(head(d, Content_Length=12345, Expect="100-continue"))
        assert s.recv(4096).startswith(b"HTTP/1.1 413")
    with connect(d) as s:  # one that never ends is cut off
        s.sendall(head(d, Content_Length=10**12))
        assert "413" in read_all(s)
    assert d.metric("latentd_rejected_total", reason="too_large") == 4


def test_bodies_of_all_requests_together_are_bounded(start):
    d = start(max_body_bytes=60000, max_buffered_bytes=65536)
    with connect(d) as s:
        s.sendall(head(d, Content_Length=60000) + b"x" * 50000)
        time.sleep(0.3)
        r = d.client.post("/v1/embeddings", content=b"x" * 40000)
        assert r.status_code == 429 and "max-buffered-bytes" in r.text
        assert r.headers["retry-after"]
    d.until(lambda: d.client.post("/v1/embeddings",
                                  content=b"x" * 40000,
                                  headers={"Content-Type": "application/json"}
                                  ).status_code == 400,
            "the bytes of one that left are given back")


def test_a_slow_body_is_cut_off(start):
    d = start(connection_timeout=1, body_timeout=2)
    with connect(d) as silent, connect(d) as trickle:
        silent.sendall(head(d, Content_Length=100) + b"x")
        trickle.sendall(head(d, Content_Length=100))
        began = time.monotonic()
        with pytest.raises(OSError):
            while True:
                trickle.sendall(b"x")
                time.sleep(0.3)
                assert time.monotonic() - began < 20
        assert read_all(silent) == ""
    assert d.client.get("/livez").status_code == 200


def test_nonsense_does_not_disturb_the_others(daemon):
    r = random.Random(1)
    for i in range(50):
        with connect(daemon) as s:
            s.sendall(r.randbytes(500) + b"\r\n\r\n")
    with connect(daemon) as s:
        s.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100000)
        read_all(s)
    with connect(daemon) as s:
        s.sendall(b"POST /v1/embeddings HTTP/1.1\r\nHost: x\r\n"
                  b"Transfer-Encoding: chunked\r\n\r\nZZZ\r\n")
    assert daemon.client.get("/readyz").status_code == 200


def test_thousands_of_idle_connections_do_not_matter(start):
    d = start(connection_limit=4096)
    before = d.metric("process_resident_memory_bytes")
    idle = [connect(d) for _ in range(3000)]
    try:
        for s in idle[::100]:
            s.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        for s in idle[::100]:
            assert s.recv(4096).startswith(b"HTTP/1.1 200")
        began = time.monotonic()
        for _ in range(20):
            assert d.client.get("/v1/models").status_code == 200
        assert time.monotonic() - began < 10
        grown = d.metric("process_resident_memory_bytes") - before
        assert grown < 3000 * (256 if SANITIZED else 64) * 1024
    finally:
        for s in idle:
            s.close()


def test_metrics_have_a_listener_of_their_own_when_told(start):
    d = start(metrics_listen="127.0.0.1:0")
    where = "http://" + d.line("listening for metrics")["address"]
    assert "latentd_build_info" in httpx.get(where + "/metrics").text
    assert httpx.get(where + "/readyz").status_code == 200
    assert httpx.get(where + "/v1/models").status_code == 404
    assert d.client.get("/metrics").status_code == 404
    assert d.client.get("/v1/models").status_code == 200


# ---- embeddings that wait ---------------------------------------------------


def embed(d, **request):
    return d.client.post("/v1/embeddings", json=body(**request))


def test_an_embedding_comes_back_with_its_timing(daemon):
    r = embed(daemon)
    assert r.status_code == 200, r.text
    assert len(r.json()["data"][0]["embedding"]) == 8
    assert infer_ms(r) > 0 and "parse;dur=0.000" not in r.headers["server-timing"]


def test_a_deadline_is_503_and_what_waits_is_dropped(start, slow):
    d = start(infer_threads=1)
    began = time.monotonic()
    r = d.client.post("/v1/embeddings", json=slow_body(300, timeout_ms=150))
    assert r.status_code == 503, r.text
    assert r.json()["error"]["code"] == "deadline_exceeded"
    assert r.headers["retry-after"] and time.monotonic() - began < 10
    assert d.metric("latentd_queue_depth") == 0
    assert d.metric("latentd_rejected_total", reason="deadline") == 1
    assert embed(d).status_code == 200


def test_what_was_never_taken_took_no_time(start, slow):
    d = start(infer_threads=1)
    text = json.dumps(slow_body(300)).encode()
    with connect(d) as s:
        s.sendall(head(d, Content_Length=len(text)) + text)
        d.until(lambda: d.metric("latentd_queue_depth") > 0, "it is queued")
        r = d.client.post("/v1/embeddings",
                          json=slow_body(1, seed=2, timeout_ms=20))
    assert r.status_code == 503, r.text
    assert infer_ms(r) == 0


def test_a_full_queue_is_429_and_says_when_to_come_back(start, slow):
    d = start(infer_threads=1, max_queue=20, max_inputs=20)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(
            lambda seed: d.client.post("/v1/embeddings",
                                       json=slow_body(15, seed)), range(6)))
    codes = [r.status_code for r in replies]
    assert set(codes) == {200, 429}, codes
    refused = replies[codes.index(429)]
    assert refused.json()["error"]["code"] == "overloaded"
    assert "max-queue" in refused.json()["error"]["message"]
    assert 1 <= int(refused.headers["retry-after"]) <= 120
    assert refused.headers["retry-after-ms"]
    assert d.metric("latentd_queue_depth") == 0


def test_a_client_that_leaves_takes_its_work_along(start, slow):
    d = start(infer_threads=1)
    text = json.dumps(slow_body(300)).encode()
    with connect(d) as s:
        s.sendall(head(d, Content_Length=len(text)) + text)
        d.until(lambda: d.metric("latentd_queue_depth") > 0, "it is queued")
    d.until(lambda: d.metric("latentd_queue_depth") == 0, "it is dropped")
    d.until(lambda: d.metric("latentd_rejected_total", reason="cancelled") == 1,
            "it is counted")
    done = d.metric("latentd_inference_duration_seconds_count", model="slow")
    assert done < 300
    assert embed(d).status_code == 200


def infer_ms(reply):
    timing = dict(part.strip().split(";dur=")
                  for part in reply.headers["server-timing"].split(","))
    return float(timing["infer"])


def test_who_waits_for_an_answer_is_not_silent(start, slow):
    d = start(infer_threads=1, connection_timeout=1, timeout_ms=60000)
    one = infer_ms(d.client.post("/v1/embeddings", json=slow_body(1)))
    r = d.client.post("/v1/embeddings",
                      json=slow_body(1 + int(2500 / one), seed=2))
    assert r.status_code == 200, r.text
    assert infer_ms(r) > 1000


def test_many_clients_at_once_get_what_they_asked_for(daemon):
    alone = [embed(daemon, seed=s).json()["data"][0]["embedding"]
             for s in range(20)]

    def ask(i):
        r = daemon.client.post(
            "/v1/embeddings", json=body(seed=i % 20),
            headers={"Cache-Control": "no-store"} if i % 3 else {})
        return r.json()["data"][0]["embedding"] == alone[i % 20]

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        assert all(pool.map(ask, range(400)))


def test_clients_that_come_and_go_leave_nothing_behind(start, slow):
    """The same few inputs, so that who leaves is often one that others
    follow; deadlines that pass; bodies that end halfway."""
    d = start(max_queue=40, max_inputs=40)
    texts = [json.dumps(slow_body(n, seed, timeout_ms=ms)).encode()
             for n, seed, ms in [(1, 1, 1000), (3, 1, 1000), (3, 2, 50),
                                 (8, 3, 200), (20, 4, 30)]]

    def come_and_go(seed):
        r = random.Random(seed)
        codes = set()
        for _ in range(30):
            text = r.choice(texts)
            with connect(d) as s:
                s.sendall(head(d, Content_Length=len(text), Connection="close",
                               Cache_Control=r.choice(["no-store", "x"])))
                s.sendall(text[:r.choice([10, len(text), len(text)])])
                if r.random() < 0.5:
                    time.sleep(r.random() * 0.05)
                    continue
                if r.random() < 0.1:
                    s.shutdown(socket.SHUT_WR)
                s.settimeout(1)
                try:
                    codes.add(s.recv(65536)[9:12].decode())
                except TimeoutError:
                    pass
        return codes

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        codes = set().union(*pool.map(come_and_go, range(12)))
    assert codes <= {"200", "429", "503", "499", ""}, codes
    assert "200" in codes
    d.until(lambda: d.metric("latentd_queue_depth") == 0, "nothing waits")
    assert d.client.get("/readyz").status_code == 200
    r = d.client.post("/v1/embeddings", json=slow_body(3, timeout_ms=60000))
    assert r.status_code == 200
    d.signal(signal.SIGTERM)
    assert d.wait() == 0
    assert not [l for l in d.lines if "given up" in l["msg"]]


# ---- reload -----------------------------------------------------------------


def reload(d, n):
    d.signal(signal.SIGHUP)
    d.line("reloaded", n)


def ids(d):
    return [m["id"] for m in d.client.get("/v1/models").json()["data"]]


def test_sighup_reads_new_changed_and_gone_models(daemon, models):
    first = embed(daemon).json()["data"][0]["embedding"]
    make_model(models / "toy@2.safetensors", seed=2)
    reload(daemon, 1)
    assert ids(daemon) == ["toy@1", "toy@2"]
    second = embed(daemon)
    assert second.json()["model"] == "toy@2"
    assert second.json()["data"][0]["embedding"] != first
    pinned = embed(daemon, model="toy@1").json()
    assert pinned["data"][0]["embedding"] == first
    os.remove(models / "toy@2.safetensors")
    reload(daemon, 2)
    assert ids(daemon) == ["toy@1"]
    assert embed(daemon).json()["data"][0]["embedding"] == first


def test_a_bad_file_leaves_the_old_one_serving(daemon, models):
    first = embed(daemon).json()["data"][0]["embedding"]
    digest = daemon.client.get("/v1/models/toy").json()
    (models / "toy.safetensors").write_bytes(b"not a model at all")
    (models / "other.safetensors").write_bytes(b"\xff" * 100)
    reload(daemon, 1)
    assert daemon.find("model toy@1: ", level="error")
    assert daemon.find("model other@1: ", level="error")
    assert ids(daemon) == ["toy@1"]
    assert daemon.client.get("/v1/models/toy").json() == digest
    assert embed(daemon).json()["data"][0]["embedding"] == first
    make_model(models / "toy.safetensors", seed=3)
    reload(daemon, 2)
    assert embed(daemon).json()["data"][0]["embedding"] != first


def test_reloads_leave_no_gap(daemon, models):
    stop, failed = [], []

    def ask():
        with httpx.Client(base_url=daemon.url, timeout=PATIENCE) as client:
            while not stop:
                r = client.post("/v1/embeddings", json=body())
                if r.status_code != 200:
                    failed.append(r.text)

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for _ in range(3):
            pool.submit(ask)
        for i in range(8):
            make_model(models / "toy.safetensors", seed=i + 5)
            reload(daemon, i + 1)
        stop.append(True)
    assert not failed


# ---- stop -------------------------------------------------------------------


def test_sigterm_serves_on_unready_then_stops(start):
    d = start(drain_delay=2)
    d.signal(signal.SIGTERM)
    d.line("Terminated: draining")
    r = d.client.get("/readyz")
    assert r.status_code == 503 and r.json()["reasons"] == ["draining"]
    assert r.headers["connection"] == "close"
    assert d.client.get("/livez").status_code == 200
    assert embed(d).status_code == 200
    assert d.wait() == 0


def test_what_is_in_flight_is_finished(start, slow):
    d = start(infer_threads=1, timeout_ms=60000)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        reply = pool.submit(d.client.post, "/v1/embeddings",
                            json=slow_body(30))
        time.sleep(0.2)
        d.signal(signal.SIGTERM)
        assert reply.result().status_code == 200
    assert d.wait() == 0


def test_a_request_on_an_open_connection_is_turned_away(start, slow):
    d = start(infer_threads=1, timeout_ms=60000)
    with connect(d) as s, concurrent.futures.ThreadPoolExecutor(1) as pool:
        s.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert s.recv(4096).startswith(b"HTTP/1.1 200")
        reply = pool.submit(d.client.post, "/v1/embeddings",
                            json=slow_body(60))
        d.until(lambda: d.metric("latentd_queue_depth") > 0, "it is queued")
        d.signal(signal.SIGTERM)
        d.line("stopped listening")
        s.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
        text = read_all(s)
        assert "503" in text and "draining" in text
        assert "Connection: close" in text
        with pytest.raises(OSError):
            connect(d).close()
        assert reply.result().status_code == 200
    assert d.wait() == 0


def test_a_second_signal_hurries(start, slow):
    d = start(drain_delay=600, drain_timeout=600, infer_threads=1,
              timeout_ms=600000)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        reply = pool.submit(d.client.post, "/v1/embeddings",
                            json=slow_body(1500))
        d.until(lambda: d.metric("latentd_queue_depth") > 0, "it is queued")
        d.signal(signal.SIGTERM)
        d.line("Terminated: draining")
        d.signal(signal.SIGTERM)
        d.line("stopped listening")
        d.signal(signal.SIGTERM)
        r = reply.result()
        assert r.status_code == 503 and r.json()["error"]["code"] == "draining"
    assert d.wait() == 0


def test_the_drain_has_an_end(start, slow):
    d = start(drain_timeout=1, infer_threads=1, timeout_ms=600000)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        reply = pool.submit(d.client.post, "/v1/embeddings",
                            json=slow_body(1500))
        d.until(lambda: d.metric("latentd_queue_depth") > 0, "it is queued")
        d.signal(signal.SIGTERM)
        assert reply.result().json()["error"]["code"] == "draining"
    assert d.wait() == 0


def test_sigint_skips_the_delay(start):
    d = start(drain_delay=600)
    d.signal(signal.SIGINT)
    assert d.wait() == 0


def test_a_config_file_that_is_not_there_is_named():
    r = subprocess.run([BUILD / "latentd", "--config", "/nowhere/at/all"],
                       capture_output=True, text=True, timeout=PATIENCE)
    assert r.returncode == 2 and "/nowhere/at/all" in r.stderr
