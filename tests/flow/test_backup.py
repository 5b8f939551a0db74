"""A backup is whole while the daemon serves, and gives the same back."""
import os
import pathlib
import shutil
import subprocess
import threading

import httpx
import pytest

from conftest import BUILD, PATIENCE, signal_of
from test_jobs import create, endless, finished, manifest, move, request, until
from test_recordings import put, url

DEPLOY = pathlib.Path(__file__).parents[2] / "deploy"
pytestmark = pytest.mark.skipif(not shutil.which("sqlite3"),
                                reason="sqlite3 copies the database")


def run(name, *args, ok=True, env=None):
    got = subprocess.run([str(DEPLOY / name), *map(str, args)], env=env,
                         capture_output=True, text=True)
    assert (got.returncode == 0) == ok, got.stdout + got.stderr
    return got.stdout + got.stderr


def upload(c, n):
    reply = c.post("/v1/files", data={"purpose": "fine-tune"}, files={
        "file": (f"{n}.csv", b"I\n" + b"%d\n" % n * 100)})
    assert reply.status_code in (200, 201), reply.text
    return reply.json()["id"]


def content(d, id):
    reply = d.client.get(f"/v1/files/{id}/content")
    assert reply.status_code == 200, reply.text
    return reply.content


def test_what_was_acknowledged_before_is_restored(start, tmp_path):
    d = start()
    data = tmp_path / "data"
    kept = {id: content(d, id) for id in
            (upload(d.client, n) for n in range(10))}
    for i in range(5):
        d.client.put(f"/v1/aliases/a{i}", json={"model": "toy"})
    aliases = d.client.get("/v1/aliases").json()
    stop = threading.Event()

    def disturb():
        with httpx.Client(base_url=d.url, timeout=PATIENCE) as c:
            n = 1000
            while not stop.is_set():
                id = upload(c, n)
                n += 1
                if n % 2:
                    c.delete(f"/v1/files/{id}")

    threads = [threading.Thread(target=disturb) for _ in range(2)]
    for t in threads:
        t.start()
    try:
        for i in range(3):
            run("backup", data, tmp_path / f"backup{i}", d.url)
    finally:
        stop.set()
        for t in threads:
            t.join()
    d.stop()
    for i in range(3):
        new = tmp_path / f"restored{i}"
        run("restore", tmp_path / f"backup{i}", new)
        assert not list(new.glob("cache.db*")) and not list(new.glob("*.lock"))
        again = start(data_dir=new)
        assert {id: content(again, id) for id in kept} == kept
        assert again.client.get("/v1/aliases").json() == aliases
        # and each of those that were put meanwhile is there whole, or not
        for f in again.client.get("/v1/files").json()["data"]:
            assert len(content(again, f["id"])) == f["bytes"]
        again.stop()


def test_all_of_a_daemon_is_served_again(start, tmp_path):
    """Recordings, files, a model that was trained there, aliases, jobs and
    keys, backed up while another job runs."""
    file = tmp_path / "etc" / "keys"
    file.parent.mkdir()
    key = subprocess.run(
        [str(BUILD / "latent"), "keys", "create", "all", "--scope",
         "read,embed,train,admin", "-f", str(file)], capture_output=True,
        text=True, check=True).stdout.strip()
    d = start(keys_file=file)
    d.client.headers["Authorization"] = f"Bearer {key}"
    train = manifest(d, range(4))
    job = finished(d, create(d, request(train)))
    assert job["status"] == "succeeded", job
    model = job["fine_tuned_model"]
    for i in range(5):
        put(d, f"r{i}", model=model, input=signal_of(seed=i), subject=f"s{i}",
            metadata={"i": i})
    assert d.client.put("/v1/aliases/prod",
                        json={"model": model}).status_code in (200, 201)
    long = create(d, endless(train))
    until(d, long, "running")

    def found(d):
        """Once the recordings of that model are read."""
        def reply():
            return d.client.post("/v1/recordings/query", json={
                "model": model, "query": {"recording": "r0"}})
        d.until(lambda: reply().status_code != 503, "the recordings are read")
        return reply().json()["data"]

    def ask(d):
        c = d.client
        return [c.get("/v1/recordings").json(), c.get("/v1/aliases").json(),
                [c.get(url(f"r{i}") + "?include=vectors").json()
                 for i in range(5)],
                c.get(f"/v1/fine_tuning/jobs/{job['id']}").json(),
                c.post("/v1/embeddings", json={
                    "model": "prod", "input": signal_of(seed=9)}).json()["data"],
                found(d),
                sorted(f["id"] for f in c.get("/v1/files").json()["data"])]

    want = ask(d)
    env = {**os.environ, "LATENT_API_KEY": key}
    run("backup", "--keys", file, tmp_path / "data", tmp_path / "backup", d.url,
        env=env)
    d.stop()
    said = run("restore", tmp_path / "backup", tmp_path / "no-keys")
    assert "--keys" in said
    run("restore", "--keys", tmp_path / "keys", tmp_path / "backup",
        tmp_path / "new")
    assert (tmp_path / "keys").read_bytes() == file.read_bytes()
    assert (tmp_path / "keys").stat().st_mode & 0o077 == 0
    again = start(data_dir=tmp_path / "new", keys_file=tmp_path / "keys")
    assert again.client.get("/v1/models").status_code == 401
    again.client.headers["Authorization"] = f"Bearer {key}"
    assert ask(again) == want
    until(again, long, "running")
    assert move(again, long, "cancel").json()["status"] == "cancelled"


def test_a_daemon_that_does_not_run_is_backed_up_as_well(start, tmp_path):
    d = start()
    id = upload(d.client, 1)
    d.stop()
    run("backup", tmp_path / "data", tmp_path / "backup")
    run("restore", tmp_path / "backup", tmp_path / "new")
    assert content(start(data_dir=tmp_path / "new"), id)


def test_what_cannot_be_done_is_refused(start, tmp_path):
    d = start()
    upload(d.client, 1)
    data, backup = tmp_path / "data", tmp_path / "backup"
    assert "no latentd.db" in run("backup", tmp_path / "none", backup, ok=False)
    assert "if a daemon runs" in run("backup", data, backup, ok=False)
    assert "gave no database" in run("backup", data, backup,
                                     "http://127.0.0.1:1", ok=False)
    assert not backup.exists()
    run("backup", data, backup, d.url)
    assert "there already" in run("backup", data, backup, ok=False)
    assert "a database already" in run("restore", backup, data, ok=False)
    assert "no keys" in run("restore", "--keys", tmp_path / "keys", backup,
                            tmp_path / "x", ok=False)
    assert "no file of keys" in run("backup", "--keys", tmp_path / "keys", data,
                                    tmp_path / "y", d.url, ok=False)
    assert "no backup" in run("restore", tmp_path, tmp_path / "x", ok=False)
    file = next((backup / "files").iterdir())
    file.write_bytes(b"x" + file.read_bytes()[1:])
    assert "damaged" in run("restore", backup, tmp_path / "x", ok=False)
    assert not (tmp_path / "x").exists()


def test_the_database_is_the_administrators(start, tmp_path):
    keys = {}
    for scope in ("read,embed,train", "admin"):
        keys[scope] = subprocess.run(
            [str(BUILD / "latent"), "keys", "create", scope.replace(",", "-"),
             "--scope", scope, "-f", str(tmp_path / "keys")],
            capture_output=True, text=True, check=True).stdout.strip()
    d = start(keys_file=tmp_path / "keys")
    head = {"Authorization": "Bearer " + keys["read,embed,train"]}
    assert d.client.get("/v1/backup", headers=head).status_code == 403
    for key, ok in (("nonsense", False), (keys["admin"], True)):
        got = subprocess.run(
            [str(DEPLOY / "backup"), str(tmp_path / "data"),
             str(tmp_path / "backup"), d.url], capture_output=True, text=True,
            env={**os.environ, "LATENT_API_KEY": key})
        assert (got.returncode == 0) == ok, got.stderr
    assert not list((tmp_path / "data" / "files").glob("upload-*"))
