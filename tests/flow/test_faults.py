"""Disks that fill up, become read-only, or are somebody else's."""
import os
import pathlib
import shutil
import subprocess

import pytest

from conftest import BUILD, SANITIZED, body, clean_environ
from test_jobs import (create, endless, finished, get, manifest, move, request,
                       until)
from test_recordings import put, url, vectors

HERE = pathlib.Path(__file__).parent


def csv(n):
    return {"file": (f"{n}.csv", b"MLII\n" + b"%d\n" % n * 400)}


def upload(d, n):
    return d.client.post("/v1/files", data={"purpose": "fine-tune"},
                         files=csv(n))


class Kept:
    """What a daemon acknowledged: ten recordings, a file, an alias, a job."""

    def __init__(self, d):
        for i in range(10):
            put(d, f"r{i}", metadata={"i": i}, **vectors(i + 1))
        self.file = upload(d, 1).json()
        reply = d.client.put("/v1/aliases/prod", json={"model": "toy"})
        assert reply.status_code in (200, 201)
        self.train = manifest(d, range(4))
        self.job = create(d, endless(self.train, checkpoint={
            "every_steps": 200, "keep": 2}))
        until(d, self.job, "running")
        d.until(lambda: self.saved(d) > 0, "a checkpoint")

    def saved(self, d):
        """The step of its last checkpoint."""
        rows = d.client.get("/v1/fine_tuning/jobs/" + self.job["id"] +
                            "/checkpoints").json()["data"]
        return max((row["step_number"] for row in rows), default=0)

    def is_read(self, d):
        for i in range(10):
            got = d.client.get(url(f"r{i}") + "?include=vectors").json()
            assert got["metadata"] == {"i": i}
            assert got["embeddings"][0]["embedding"] == [i + 1] * 8
        file = d.client.get(f"/v1/files/{self.file['id']}/content")
        assert file.content == csv(1)["file"][1]
        assert d.client.get("/v1/aliases/prod").json()["model"] == "toy@1"
        found = d.client.post("/v1/recordings/query", json={
            "model": "toy", "query": {"embedding": [1] * 8}, "limit": 3})
        assert len(found.json()["data"]) == 3, found.text
        assert d.client.post("/v1/embeddings",
                             json=body(seed=99)).status_code == 200
        assert d.client.get("/readyz").status_code == 200


def is_refused(reply):
    assert reply.status_code == 507, (reply.status_code, reply.text)
    assert reply.json()["error"]["code"] == "insufficient_storage"


def nothing_is_written(d, kept):
    c = d.client
    is_refused(c.put(url("new"), json=vectors()))
    is_refused(c.put(url("r1"), json=vectors(7)))
    is_refused(c.delete(url("r2")))
    is_refused(upload(d, 2))
    is_refused(c.delete(f"/v1/files/{kept.file['id']}"))
    is_refused(c.put("/v1/aliases/other", json={"model": "toy"}))
    is_refused(c.delete("/v1/aliases/prod"))
    is_refused(c.post("/v1/fine_tuning/jobs", json=request(kept.train)))
    is_refused(move(d, kept.job, "pause"))
    d.line(f"job {kept.job['id']} waits")
    assert get(d, kept.job)["status"] == "running"


# ---- read-only, by the kernel -----------------------------------------------


class Disk:
    """ext4 in a file; the kernel makes it read-only when it finds an error."""

    def __init__(self, folder):
        self.folder, self.image = folder / "disk", folder / "disk.img"
        self.folder.mkdir()
        with open(self.image, "wb") as f:
            f.truncate(64 << 20)
        self.mounted = False
        if not self.run("mkfs.ext4", "-q", "-F", self.image) or not self.mount():
            pytest.skip("no ext4 in a file can be mounted here")
        self.device = subprocess.run(
            ["findmnt", "-no", "SOURCE", self.folder], capture_output=True,
            text=True).stdout.strip().rpartition("/")[2]
        self.error = pathlib.Path("/sys/fs/ext4", self.device,
                                  "trigger_fs_error")
        if not os.access(self.error, os.W_OK):
            self.umount()
            pytest.skip("this kernel has no ext4 error to be triggered")

    def run(self, *args):
        return bool(shutil.which(args[0])) and subprocess.run(
            args, capture_output=True).returncode in (0, 1)

    def mount(self):
        self.mounted = os.geteuid() == 0 and subprocess.run(
            ["mount", "-o", "loop,errors=remount-ro", self.image, self.folder],
            capture_output=True).returncode == 0
        return self.mounted

    def umount(self):
        if self.mounted:
            subprocess.run(["umount", self.folder], check=True)
        self.mounted = False

    def break_it(self):
        self.error.write_text("a test")

    def repair(self):
        self.umount()
        assert self.run("fsck.ext4", "-fy", self.image)
        assert self.mount()


@pytest.fixture
def disk(tmp_path):
    one = Disk(tmp_path)
    yield one
    one.umount()


def test_a_disk_that_turns_read_only_is_told_and_read(disk, start):
    d = start(data_dir=disk.folder / "data")
    kept = Kept(d)
    disk.break_it()
    nothing_is_written(d, kept)
    kept.is_read(d)
    d.stop()
    disk.repair()
    d = start(data_dir=disk.folder / "data")
    kept.is_read(d)
    assert d.client.get(url("new")).status_code == 404
    until(d, kept.job, "running")
    saved = kept.saved(d)
    d.until(lambda: kept.saved(d) > saved, "another checkpoint")
    assert move(d, kept.job, "cancel").json()["status"] == "cancelled"
    d.stop()
    disk.umount()


# ---- read-only, and writable again ------------------------------------------


@pytest.fixture
def switch(tmp_path):
    """The preloaded library, and the file that turns it on."""
    if SANITIZED:
        pytest.skip("a sanitizer wants to be the first that is loaded")
    library = tmp_path / "readonly.so"
    if not shutil.which("cc"):
        pytest.skip("no compiler makes the library that is preloaded")
    subprocess.run(["cc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", library,
                    HERE / "readonly.c", "-ldl"], check=True)
    flag = tmp_path / "flag"
    return {"LD_PRELOAD": str(library), "READONLY_FLAG": str(flag),
            "READONLY_DIR": str(tmp_path / "data")}, flag


def test_what_is_writable_again_is_written_without_a_restart(start, switch):
    env, flag = switch
    d = start(env=env)
    kept = Kept(d)
    for _ in range(2):
        flag.touch()
        nothing_is_written(d, kept)
        kept.is_read(d)
        flag.unlink()
        saved = kept.saved(d)
        d.line(f"job {kept.job['id']} goes on")
        d.until(lambda: kept.saved(d) > saved, "another checkpoint")
        put(d, "new", **vectors(3))
        assert upload(d, 2).status_code == 200
        kept.is_read(d)
        assert d.client.delete(url("new")).status_code == 200
        d.lines.clear()
    assert move(d, kept.job, "cancel").json()["status"] == "cancelled"
    done = finished(d, create(d, request(kept.train)))
    assert done["status"] == "succeeded", done


@pytest.mark.parametrize("folder", ["jobs", "models"])
def test_a_checkpoint_waits_for_its_folder(start, switch, tmp_path, folder):
    env, flag = switch
    d = start(env={**env, "READONLY_DIR": str(tmp_path / "data" / folder)})
    kept = Kept(d)
    flag.touch()
    d.line(f"job {kept.job['id']} waits")
    saved = kept.saved(d)
    assert get(d, kept.job)["status"] == "running"
    put(d, "new", **vectors(3))  # the rest is written
    flag.unlink()
    d.line(f"job {kept.job['id']} goes on")
    d.until(lambda: kept.saved(d) > saved, "another checkpoint")
    assert move(d, kept.job, "cancel").json()["status"] == "cancelled"


# ---- a network file system --------------------------------------------------


@pytest.fixture
def remote(tmp_path):
    """A folder by sshfs, whose server is asked through a pipe."""
    server = "/usr/lib/openssh/sftp-server"
    if not shutil.which("sshfs") or not os.path.exists(server):
        pytest.skip("sshfs and sftp-server are the network file system here")
    far, near = tmp_path / "far", tmp_path / "near"
    far.mkdir()
    near.mkdir()
    here, there = os.pipe(), os.pipe()
    sftp = subprocess.Popen([server], stdin=here[0], stdout=there[1])
    sshfs = subprocess.Popen(["sshfs", "-f", "-o", "passive", f"x:{far}", near],
                             stdin=there[0], stdout=here[1],
                             stderr=subprocess.PIPE, text=True)
    for fd in here + there:
        os.close(fd)
    while not os.path.ismount(near) and sshfs.poll() is None:
        pass
    if sshfs.poll() is not None:
        sftp.kill()
        pytest.skip("no FUSE file system can be mounted: " + sshfs.stderr.read())
    yield near
    subprocess.run(["umount", "-l", near])
    for process in (sshfs, sftp):
        process.kill()
        process.wait()


def test_a_network_file_system_is_refused_unless_it_is_wanted(
        start, models, remote):
    got = subprocess.run(
        [str(BUILD / "latentd"), "--listen", "127.0.0.1:0", "--models",
         str(models), "--data-dir", str(remote / "data")], capture_output=True, text=True,
        env=clean_environ())
    assert got.returncode == 1
    assert "network file system (sshfs)" in got.stderr
    assert "network-store" in got.stderr
    d = start(data_dir=remote / "data", network_store=1)
    put(d, "r", **vectors())
    assert d.client.get(url("r")).status_code == 200
