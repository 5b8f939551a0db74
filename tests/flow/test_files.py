"""Files: uploaded by real clients, listed, read, deleted; and cut off."""
import hashlib
import io
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tarfile
import threading
import time
import zipfile

import httpx
import numpy as np
import pytest

from conftest import BUILD, PATIENCE, SANITIZED
from test_openapi import check


def csv(seed=1, n=200):
    r = random.Random(seed)
    return "\n".join(["II"] + [f"{r.gauss(0, 1):.4f}" for _ in range(n)]) + "\n"


def put(d, name, data, headers=None, purpose="fine-tune"):
    return d.client.post("/v1/files", files={"file": (name, data)},
                         data={"purpose": purpose}, headers=headers)


def packed(entries, kind="zip"):
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
            for name, data in entries.items():
                z.writestr(name, data)
    else:
        with tarfile.open(fileobj=out, mode="w:gz") as t:
            for name, data in entries.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                t.addfile(info, io.BytesIO(data.encode()))
    return out.getvalue()


def lies(tmp_path, prefix=""):
    """What is in the folder of files."""
    return sorted(p.name for p in (tmp_path / "data" / "files").iterdir()
                  if p.name.startswith(prefix))


# ---- what comes back --------------------------------------------------------


def test_a_file_is_kept_as_it_came(daemon, tmp_path):
    data = os.urandom(3_000_000)
    reply = put(daemon, "noise.edf", data)
    assert reply.status_code == 200, reply.text
    f = reply.json()
    check("File", f)
    assert f["bytes"] == len(data) and f["filename"] == "noise.edf"
    assert f["sha256"] == hashlib.sha256(data).hexdigest()
    assert f["status"] == "error" and f["report"]["rejected"] == 1
    content = daemon.client.get(f"/v1/files/{f['id']}/content")
    assert content.content == data
    assert content.headers["content-length"] == str(len(data))
    assert daemon.client.get(f"/v1/files/{f['id']}").json() == f
    assert lies(tmp_path) == [f["id"]]


def test_it_is_there_after_a_restart(start):
    d = start()
    f = put(d, "a.csv", csv()).json()
    d.stop()
    d = start()
    assert d.client.get(f"/v1/files/{f['id']}").json() == f
    assert d.client.get(f"/v1/files/{f['id']}/content").text == csv()


@pytest.mark.parametrize("ask, want", [
    ("bytes=0-9", (0, 10)), ("bytes=100-", (100, 1000)),
    ("bytes=-5", (995, 1000)), ("bytes=990-5000", (990, 1000)),
    ("bytes=0-1,3-4", None), ("lines=1-2", None), ("bytes=x", None)])
def test_a_range_of_it_may_be_asked_for(daemon, ask, want):
    data = os.urandom(1000)
    f = put(daemon, "x.npy", data).json()
    r = daemon.client.get(f"/v1/files/{f['id']}/content",
                          headers={"Range": ask})
    if want is None:
        assert r.status_code == 200 and r.content == data
    else:
        assert r.status_code == 206 and r.content == data[slice(*want)]
        assert r.headers["content-range"] == f"bytes {want[0]}-{want[1]-1}/1000"
    assert daemon.client.get(
        f"/v1/files/{f['id']}/content",
        headers={"Range": "bytes=1000-"}).status_code == 416


def test_curl_uploads_and_reads_back(daemon, tmp_path):
    if not shutil.which("curl"):
        pytest.skip("no curl")
    path = tmp_path / "a.csv"
    path.write_text(csv(3, 20000))
    out = subprocess.run(
        ["curl", "-sS", "-F", "purpose=fine-tune", "-F", f"file=@{path}",
         daemon.url + "/v1/files"], capture_output=True, check=True).stdout
    f = json.loads(out)
    assert f["status"] == "processed" and f["report"]["recordings"] == 1
    back = subprocess.run(
        ["curl", "-sS", f"{daemon.url}/v1/files/{f['id']}/content"],
        capture_output=True, check=True).stdout
    assert back == path.read_bytes()


# ---- the report -------------------------------------------------------------


def test_a_manifest_is_reported_on_line_by_line(daemon):
    a = put(daemon, "a.csv", csv()).json()["id"]
    b = put(daemon, "b.csv", csv()).json()["id"]
    z = put(daemon, "z.zip", packed({"1.csv": csv()})).json()["id"]
    flat = put(daemon, "flat.csv", "II\n" + "5\n" * 50).json()["id"]

    def line(file, subject="p1", **more):
        return json.dumps({"file": file, "subject": subject,
                           "sampling_rate_hz": 250, **more})

    lines = [line(a), json.dumps({"file": b}), "",
             line(a, "p2", label="x", segment=[5, 1]),
             line(a, "p2", channels=["II"], segment=[0, 9]), "nonsense",
             line(a, split="train")]
    report = put(daemon, "train.jsonl", "\n".join(lines)).json()["report"]
    assert report["recordings"] == 2 and report["rejected"] == 4
    assert report["subjects"] == 2
    assert [e["line"] for e in report["errors"]] == [2, 4, 6, 7]
    for error, said in zip(report["errors"],
                           ["subject", "segment", "not JSON", "split"]):
        assert said in error["reason"]
    wrong = [("a.csv", {}, "not the id"), (flat, {}, "nothing in file"),
             (a[:-1] + "0", {}, "there is no file"),
             (z, {}, "which entry"), (a, {"entry": "1.csv"}, "no archive")]
    f = put(daemon, "t.jsonl", "\n".join(
        [line(z, entry="1.csv")] + [line(n, **m) for n, m, _ in wrong])).json()
    assert f["status"] == "processed" and f["report"]["recordings"] == 1
    told = {e["line"]: e["reason"] for e in f["report"]["errors"]}
    for i, (_, _, said) in enumerate(wrong):
        assert said in told[2 + i]
    assert put(daemon, "t.jsonl", line("x")).json()["status"] == "error"


def test_a_line_without_a_rate_is_wrong_where_its_file_has_none(daemon):
    plain = put(daemon, "plain.csv", csv()).json()["id"]
    timed = put(daemon, "timed.csv", "time (s),II\n" + "".join(
        f"{i / 250:.4f},{i % 7}\n" for i in range(60000))).json()["id"]
    array = io.BytesIO()
    np.save(array, np.arange(100, dtype="<f4").reshape(50, 2))
    array = put(daemon, "a.NPY", array.getvalue()).json()["id"]
    lines = [(plain, {}), (plain, {"segment": [0, 9], "sampling_rate_hz": 250}),
             (timed, {}), (array, {}), (array, {"segment": [0, 9],
                                                "sampling_rate_hz": 100})]
    f = put(daemon, "t.jsonl", "\n".join(json.dumps(
        {"file": n, "subject": "p", **m}) for n, m in lines)).json()
    assert f["report"]["recordings"] == 3
    told = {e["line"]: e["reason"] for e in f["report"]["errors"]}
    assert sorted(told) == [1, 4]
    assert all("add sampling_rate_hz" in t for t in told.values())
    f = put(daemon, "t.jsonl", json.dumps({"file": plain, "subject": "p"})).json()
    assert f["status"] == "error" and f["report"]["recordings"] == 0


@pytest.mark.parametrize("kind, name", [("zip", "a.zip"), ("tar", "a.tar.gz"),
                                        ("tar", "a.TGZ")])
def test_an_archive_is_looked_into(daemon, kind, name):
    data = packed({"x/1.csv": csv(1), "x/2.csv": csv(2), "RECORDS": "1\n2\n",
                   "x/flat.csv": "II\n" + "5\n" * 50, "x/3.edf": "no EDF"},
                  kind)
    f = put(daemon, name, data).json()
    check("File", f)
    assert f["status"] == "processed"
    assert f["report"]["recordings"] == 2 and f["report"]["rejected"] == 2
    assert {e["entry"] for e in f["report"]["errors"]} == {"x/flat.csv",
                                                           "x/3.edf"}


def test_a_bomb_does_not_go_off(start, tmp_path):
    d = start(max_unpacked_bytes="1M")
    f = put(d, "bomb.zip", packed({"a.csv": "0\n" * 5_000_000})).json()
    assert f["status"] == "error"
    assert "max-unpacked-bytes" in f["report"]["errors"][0]["reason"]
    f = put(d, "up.zip", packed({"../../up.csv": csv()})).json()
    assert "leads out" in f["report"]["errors"][0]["reason"]
    assert not list(tmp_path.rglob("up.csv"))
    link = zipfile.ZipInfo("l.csv")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr(link, "/etc/passwd")
    f = put(d, "link.zip", out.getvalue()).json()
    assert f["status"] == "error"
    assert "link" in f["report"]["errors"][0]["reason"]


# ---- what is refused --------------------------------------------------------


def test_what_cannot_be_is_refused_and_leaves_nothing(start, tmp_path):
    d = start(max_file_bytes="100K", files_bytes="150K")
    cases = [
        (put(d, "a.doc", "x"), 415, "unsupported_format", "file"),
        (put(d, "a.hea", "x 1 1 1"), 415, "unsupported_format", None),
        (put(d, "a.csv", csv(), purpose="batch"), 400, "invalid_request",
         "purpose"),
        (put(d, "a.csv", csv(), purpose="x" * 99), 400, "invalid_request",
         "purpose"),
        (put(d, "a.csv", b"1\n" * 60_000), 413, "request_too_large", None),
        (put(d, "a.csv", b"1\n" * 2_000_000), 413, "request_too_large", None),
        (d.client.post("/v1/files", data={"purpose": "fine-tune"},
                       files={"other": ("a.csv", "x")}), 400,
         "invalid_request", "other"),
        (d.client.post("/v1/files", json={}), 415, "unsupported_media_type",
         None),
        (d.client.post("/v1/files", content=b"--B\r\n", headers={
            "content-type": "multipart/form-data; boundary=B"}), 400,
         "invalid_multipart", None),
    ]
    for reply, status, word, param in cases:
        assert reply.status_code == status, reply.text
        check("ErrorResponse", reply.json())
        assert reply.json()["error"]["code"] == word
        assert reply.json()["error"]["param"] == param
    assert "max-file-bytes" in cases[4][0].json()["error"]["message"]
    assert lies(tmp_path) == []
    assert put(d, "a.csv", b"1\n" * 50_000).status_code == 200
    full = put(d, "a.csv", b"2\n" * 40_000)
    assert full.status_code == 507
    assert "files-bytes" in full.json()["error"]["message"]
    assert full.headers["x-should-retry"] == "false"
    assert put(d, "a.csv", b"3\n" * 10_000).status_code == 200
    assert len(lies(tmp_path)) == 2


def test_without_a_data_dir_there_are_no_files(start):
    d = start(data_dir="")
    for reply in (put(d, "a.csv", csv()), d.client.get("/v1/files"),
                  d.client.delete("/v1/files/file-1")):
        assert reply.status_code == 503
        assert reply.json()["error"]["code"] == "no_data_dir"
        assert "data-dir" in reply.json()["error"]["message"]


# ---- lists and deletion -----------------------------------------------------


def test_pages_and_deletion(daemon, tmp_path):
    ids = [put(daemon, f"{i}.csv", csv(i)).json()["id"] for i in range(5)]
    get = daemon.client.get

    def page(**params):
        r = get("/v1/files", params=params)
        check("FileList", r.json())
        return r.json()

    assert [f["id"] for f in page()["data"]] == ids[::-1]
    first = page(limit=2, order="asc")
    assert [f["id"] for f in first["data"]] == ids[:2] and first["has_more"]
    assert daemon.client.delete(f"/v1/files/{ids[1]}").json() == {
        "id": ids[1], "object": "file", "deleted": True}
    # the page goes on where it was, though its last file is gone
    rest = page(limit=10, order="asc", after=first["last_id"])
    assert [f["id"] for f in rest["data"]] == ids[2:] and not rest["has_more"]
    assert page(purpose="batch")["data"] == []
    assert page(purpose="batch")["first_id"] is None
    for params in ({"limit": 0}, {"limit": "x"}, {"order": "up"},
                   {"after": "../../etc"}):
        r = get("/v1/files", params=params)
        assert r.status_code == 400
        assert r.json()["error"]["param"] in params
    for path in (f"/v1/files/{ids[1]}", f"/v1/files/{ids[1]}/content",
                 "/v1/files/x", "/v1/files/latentd.db/content"):
        assert get(path).status_code == 404
        assert get(path).json()["error"]["code"] == "file_not_found"
    assert daemon.client.delete(f"/v1/files/{ids[1]}").status_code == 404
    assert lies(tmp_path) == sorted(ids[:1] + ids[2:])


def test_a_manifest_keeps_the_files_that_it_names(daemon):
    a = put(daemon, "a.csv", csv()).json()["id"]
    m = put(daemon, "m.jsonl",
            json.dumps({"file": a, "subject": "p1"})).json()["id"]
    r = daemon.client.delete(f"/v1/files/{a}")
    assert r.status_code == 409, r.text
    assert r.json()["error"]["code"] == "file_in_use"
    assert m in r.json()["error"]["message"]
    assert r.headers["x-should-retry"] == "false"
    assert daemon.client.get(f"/v1/files/{a}/content").text == csv()
    assert daemon.client.delete(f"/v1/files/{m}").status_code == 200
    assert daemon.client.delete(f"/v1/files/{a}").status_code == 200


# ---- sent again -------------------------------------------------------------


def test_the_same_request_twice_is_one_file(start, tmp_path):
    d = start()
    key = {"Idempotency-Key": "3f1c2a0e"}
    first = put(d, "a.csv", csv(), key)
    again = put(d, "a.csv", csv(), key)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert len(lies(tmp_path)) == 1
    other = put(d, "b.csv", csv(), key)
    assert other.status_code == 422
    assert other.json()["error"]["code"] == "idempotency_key_reused"
    assert put(d, "a.csv", csv(), {"Idempotency-Key": "x" * 300}).status_code \
        == 400
    d.stop()
    d = start()
    assert put(d, "a.csv", csv(), key).json() == first.json()
    assert len(lies(tmp_path)) == 1
    # without the key it is another file
    assert put(d, "a.csv", csv()).json()["id"] != first.json()["id"]


# ---- faults -----------------------------------------------------------------


def begin_upload(d, size, sent):
    """A socket on which sent bytes of a file of size have gone out."""
    head = (b"--B\r\nContent-Disposition: form-data; name=\"file\"; "
            b"filename=\"a.csv\"\r\n\r\n")
    s = socket.create_connection(d.endpoint, timeout=PATIENCE)
    s.sendall((f"POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Type: "
               f"multipart/form-data; boundary=B\r\nContent-Length: "
               f"{len(head) + size}\r\n\r\n").encode() + head + b"1\n" *
              (sent // 2))
    return s


def test_uploads_that_are_cut_off_leave_nothing(daemon, tmp_path):
    sockets = [begin_upload(daemon, 1 << 20, n << 14) for n in range(1, 8)]
    daemon.until(lambda: len(lies(tmp_path, "upload-")) == 7,
                 "seven uploads are open")
    for s in sockets:
        s.close()
    daemon.until(lambda: not lies(tmp_path), "nothing is left")
    assert daemon.client.get("/v1/files").json()["data"] == []


@pytest.mark.parametrize("seed", range(4))
def test_killed_while_files_come_in(start, tmp_path, seed):
    """What was acknowledged is there, whole; nothing else is."""
    r = random.Random(seed)
    d = start()
    held = begin_upload(d, 1 << 20, 1 << 16)
    d.until(lambda: lies(tmp_path, "upload-"), "an upload is open")
    acknowledged, stop = {}, threading.Event()

    def send(k):
        with httpx.Client(base_url=d.url, timeout=PATIENCE) as c:
            for i in range(1000):
                text = csv(1000 * k + i, 2000)
                try:
                    f = c.post("/v1/files", files={"file": ("a.csv", text)},
                               data={"purpose": "fine-tune"}).json()
                    acknowledged[f["id"]] = text
                except httpx.HTTPError:
                    return
                if stop.is_set():
                    return

    threads = [threading.Thread(target=send, args=(k,)) for k in range(3)]
    for t in threads:
        t.start()
    d.until(lambda: len(acknowledged) > 5, "some files are there")
    time.sleep(r.random() * 0.1)
    d.signal(signal.SIGKILL)
    d.proc.wait(PATIENCE)
    stop.set()
    for t in threads:
        t.join()
    held.close()
    d.proc.returncode = 0  # it was us
    d = start()
    listed = {f["id"]: f for f in d.client.get("/v1/files").json()["data"]}
    for name, text in acknowledged.items():
        assert d.client.get(f"/v1/files/{name}/content").text == text, seed
        assert listed[name]["sha256"] == hashlib.sha256(
            text.encode()).hexdigest()
    for name in listed:
        assert d.client.get(f"/v1/files/{name}/content").status_code == 200
    assert lies(tmp_path) == sorted(listed)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder],
            capture_output=True).returncode != 0:
        pytest.skip("no file system of a few megabytes can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_disk_that_is_full_is_told(start, small_disk):
    d = start(data_dir=small_disk / "data")
    kept = put(d, "a.csv", csv()).json()
    full = put(d, "b.csv", b"1\n" * 3_000_000)
    assert full.status_code == 507, full.text
    assert full.json()["error"]["code"] == "insufficient_storage"
    names = [p.name for p in (small_disk / "data" / "files").iterdir()]
    assert names == [kept["id"]]
    assert d.client.get("/v1/files").json()["data"] == [kept]
    again = put(d, "c.csv", csv(2))
    assert again.status_code == 200, again.text


@pytest.mark.skipif(SANITIZED, reason="a sanitizer has memory of its own")
def test_a_large_file_does_not_go_through_memory(start):
    d = start(max_body_bytes="1M", max_buffered_bytes="2M")

    def most():
        for line in open(f"/proc/{d.proc.pid}/status"):
            if line.startswith("VmHWM"):
                return int(line.split()[1]) << 10

    before = most()

    def blocks():
        yield (b"--B\r\nContent-Disposition: form-data; name=\"purpose\"\r\n"
               b"\r\nfine-tune\r\n--B\r\nContent-Disposition: form-data; "
               b"name=\"file\"; filename=\"a.tar\"\r\n\r\n")
        for _ in range(400):
            yield bytes(1 << 18)
        yield b"\r\n--B--\r\n"

    r = d.client.post("/v1/files", content=blocks(), headers={
        "content-type": "multipart/form-data; boundary=B"})
    assert r.status_code == 200, r.text
    assert r.json()["bytes"] == 100 << 20
    assert most() - before < 20 << 20


# ---- latent files -----------------------------------------------------------


def latent(d, *args, status=0):
    p = subprocess.run([str(BUILD / "latent"), "files", *map(str, args),
                        "--server", d.url], capture_output=True, text=True)
    assert p.returncode == status, p.stdout + p.stderr
    assert "Sanitizer" not in p.stderr, p.stderr
    return p


def test_the_command_line_puts_lists_shows_gets_and_removes(daemon, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(csv())
    f = json.loads(latent(daemon, "put", path, "--json").stdout)
    check("File", f)
    assert f["id"] in latent(daemon, "list").stdout
    assert [f] == json.loads(latent(daemon, "list", "--json").stdout)["data"]
    assert f["sha256"] in latent(daemon, "show", f["id"]).stdout
    assert latent(daemon, "get", f["id"], "-o", "-").stdout == csv()
    back = tmp_path / "back.csv"
    latent(daemon, "get", f["id"], "-o", back)
    assert back.read_text() == csv()
    assert "exists" in latent(daemon, "get", f["id"], "-o", back,
                              status=1).stderr
    assert "deleted" in latent(daemon, "rm", f["id"]).stdout
    assert "there is no file" in latent(daemon, "rm", f["id"], status=1).stderr
    gone = tmp_path / "gone.csv"
    latent(daemon, "get", f["id"], "-o", gone, status=1)
    assert not gone.exists()
    path.write_text("II\n" + "5\n" * 50)
    said = latent(daemon, "put", path, status=1)
    assert "ever changes" in said.stderr and "nothing in it" in said.stderr
    latent(daemon, "put", tmp_path / "none.csv", status=1)
    latent(daemon, "show", "../models", status=1)
    for args in ([], ["put"], ["drop", "x"], ["list", "x"]):
        latent(daemon, *args, status=2)


def test_a_manifest_is_put_with_the_files_that_it_names(daemon, tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.csv").write_text(csv(1))
    (tmp_path / "z.zip").write_bytes(packed({"1.csv": csv(2), "2.csv": csv(3)}))
    lines = [{"file": "deep/a.csv", "subject": "p1", "sampling_rate_hz": 250},
             {"file": "z.zip", "entry": "1.csv", "subject": "p2"},
             {"file": "z.zip", "entry": "2.csv", "subject": "p3"}]
    path = tmp_path / "train.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    assert "not the id" in latent(daemon, "put", path, status=1).stderr
    before = len(daemon.client.get("/v1/files").json()["data"])
    latent(daemon, "put", "--named", path)
    data = daemon.client.get("/v1/files").json()["data"]
    assert len(data) == before + 3
    assert data[0]["filename"] == "train.jsonl"
    assert data[0]["report"]["recordings"] == 3
    assert data[0]["report"]["rejected"] == 0
    got = [json.loads(l) for l in daemon.client.get(
        f"/v1/files/{data[0]['id']}/content").text.splitlines()]
    assert [g["subject"] for g in got] == ["p1", "p2", "p3"]
    assert got[1]["file"] == got[2]["file"] != got[0]["file"]
