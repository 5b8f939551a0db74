"""The image that deploy/image makes: unpacked and run.

Wants a build for /usr with --enable-static-archive, so it is run only where
LATENTD_TEST_IMAGE is 1; tests/run does so once.
"""
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tarfile
import time
import zipfile

import httpx
import pytest

from conftest import BUILD, PATIENCE, clean_environ

ROOT = pathlib.Path(__file__).parents[2]
pytestmark = [
    pytest.mark.skipif(os.environ.get("LATENTD_TEST_IMAGE") != "1",
                       reason="LATENTD_TEST_IMAGE is not 1"),
    pytest.mark.skipif(os.geteuid() != 0, reason="chroot wants root"),
]


def make(out):
    got = subprocess.run(
        [str(ROOT / "deploy" / "image"), "--build", str(BUILD), "--out",
         str(out)], capture_output=True, text=True,
        env={**clean_environ(), "SOURCE_DATE_EPOCH": "1760000000"})
    assert got.returncode == 0, got.stderr
    assert "--enable-static-archive" not in got.stderr
    return got.stdout


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    folder = tmp_path_factory.mktemp("image")
    make(folder / "latentd.tar")
    with tarfile.open(folder / "latentd.tar") as tar:
        tar.extractall(folder / "layout")
    return folder


def blob(image, digest):
    kind, _, name = digest.partition(":")
    assert kind == "sha256"
    data = (image / "layout" / "blobs" / "sha256" / name).read_bytes()
    assert hashlib.sha256(data).hexdigest() == name
    return data


@pytest.fixture(scope="module")
def root(image):
    """The layers, one over the other."""
    index = json.loads((image / "layout" / "index.json").read_text())
    manifest = json.loads(blob(image, index["manifests"][0]["digest"]))
    for layer in manifest["layers"]:
        data = blob(image, layer["digest"])
        assert len(data) == layer["size"]
        file = image / "layer.tar.gz"
        file.write_bytes(data)
        (image / "root").mkdir(exist_ok=True)
        subprocess.run(["tar", "xzf", file, "--numeric-owner", "-C",
                        image / "root"], check=True)
    return image / "root", json.loads(blob(image, manifest["config"]["digest"]))


def unpacked(folder):
    return sum(p.lstat().st_size for p in folder.rglob("*") if p.is_file() and
               not p.is_symlink())


def test_it_is_small_and_says_how_it_is_run(image, root):
    assert unpacked(root[0]) < 100e6
    assert (image / "latentd.tar").stat().st_size < 50e6
    config = root[1]["config"]
    assert config["User"] == "65532:65532"
    assert config["Healthcheck"]["Test"][:2] == ["CMD", "/usr/bin/latent"]
    assert not (root[0] / "bin" / "sh").exists()
    assert not (root[0] / "usr" / "bin" / "apt").exists()


def test_it_tells_what_it_is_made_of(root):
    folder = root[0]
    text = (folder / "var/lib/dpkg/status").read_text()
    packages = dict(re.findall(r"^Package: (.*)\n(?:.+\n)*?Version: (.*)$", text,
                               re.M))
    for name in ("libc6", "libopenblas0-pthread", "libsqlite3-0", "libgnutls30",
                 "libarchive-dev", "ca-certificates"):
        got = subprocess.run(["dpkg-query", "-Wf", "${Version}", name],
                             capture_output=True, text=True)
        assert packages[name] == got.stdout
    for name in packages:
        assert (folder / "usr/share/doc" / name / "copyright").is_file(), name
    roots = (folder / "etc/ssl/certs/ca-certificates.crt").read_text()
    assert roots.count("BEGIN CERTIFICATE") > 50


def test_what_is_not_debians_is_refused(tmp_path):
    """A library that someone put in place of the package's."""
    folder = tmp_path / "lib"
    folder.mkdir()
    real = subprocess.run(["sh", "-c", f"ldd {BUILD}/latentd | sed -n "
                           "'s/.*libjansson.* => \\([^ ]*\\).*/\\1/p'"],
                          capture_output=True, text=True).stdout.strip()
    shutil.copy(real, folder / "libjansson.so.4")
    got = subprocess.run(
        [str(ROOT / "deploy" / "rootfs"), str(BUILD), str(tmp_path / "root")],
        capture_output=True, text=True,
        env={**clean_environ(), "LD_LIBRARY_PATH": str(folder)})
    assert got.returncode == 1
    assert "libjansson.so.4 is of no package of Debian" in got.stderr


def test_it_runs_as_nobody_on_a_root_that_it_cannot_write(root):
    folder, config = root
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    env = dict(e.split("=", 1) for e in config["config"]["Env"])
    env["LATENTD_LISTEN"] = f":{port}"
    env["LATENTD_INSECURE_LISTEN"] = "1"
    chroot = ["chroot", "--userspec=65532:65532", str(folder)]
    proc = subprocess.Popen(chroot + config["config"]["Entrypoint"], env=env,
                            stderr=subprocess.PIPE, text=True)
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + PATIENCE
        while True:
            assert proc.poll() is None, proc.stderr.read()
            assert time.monotonic() < end
            look = subprocess.run(chroot + ["/usr/bin/latent", "health", "-s",
                                            url], env=env, capture_output=True)
            if look.returncode == 0:
                break
            time.sleep(0.1)
        wrote = subprocess.run(
            chroot + ["/usr/bin/latent", "synth", "ecg", "-o", "/usr/x.csv"],
            env=env, capture_output=True)
        assert wrote.returncode == 1  # not in the image's own folders
        made = subprocess.run(
            chroot + ["/usr/bin/latent", "synth", "ecg", "--seconds", "2",
                      "-o", "/var/lib/latentd/x.csv"], env=env)
        assert made.returncode == 0
        text = (folder / "var/lib/latentd/x.csv").read_bytes()
        reply = httpx.post(url + "/v1/embeddings", params={
            "model": "ecg-scl", "rate": 360, "unit": "mV"}, content=text,
            headers={"Content-Type": "text/csv"}, timeout=PATIENCE)
        assert reply.status_code == 200, reply.text
        packed = io.BytesIO()  # what reads archives is inside the program
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as z:
            z.writestr("a.csv", text)
        reply = httpx.post(url + "/v1/files", data={"purpose": "fine-tune"},
                           files={"file": ("a.zip", packed.getvalue())},
                           timeout=PATIENCE)
        assert reply.json()["report"]["recordings"] == 1, reply.text
        assert (folder / "var/lib/latentd/latentd.db").exists()
    finally:
        proc.send_signal(signal.SIGINT)
        assert proc.wait(PATIENCE) == 0


def test_the_same_build_gives_the_same_bytes(image):
    make(image / "again.tar")
    assert (image / "again.tar").read_bytes() == (
        image / "latentd.tar").read_bytes()


# ---- the same by a container engine ------------------------------------------


def engine(*args, ok=True):
    got = subprocess.run([ENGINE, *map(str, args)], capture_output=True,
                         text=True, env={**os.environ, "DOCKER_BUILDKIT": "0"})
    assert not ok or got.returncode == 0, got.stdout + got.stderr
    return got


def find_engine():
    """docker or podman, the first that answers."""
    for name in ("docker", "podman"):
        if shutil.which(name) and subprocess.run(
                [name, "info"], capture_output=True).returncode == 0:
            return name
    return None


ENGINE = find_engine()


@pytest.fixture(scope="module")
def built():
    """The image of the Containerfile."""
    if not ENGINE:
        pytest.skip("no container engine answers")
    if engine("image", "inspect", "debian:bookworm-slim", ok=False).returncode:
        pytest.skip(f"{ENGINE} has no image debian:bookworm-slim: mmdebstrap "
                    f"makes a tar that it imports")
    name = f"latentd-test-{os.getpid()}"
    engine("build", "--network", "host", "-f", ROOT / "deploy/Containerfile",
           "-t", name, ROOT)
    yield name
    engine("rmi", "-f", name)


def names(paths):
    """Without versions, and what an engine puts there itself."""
    own = {".dockerenv", "etc/hostname", "etc/hosts", "etc/mtab",
           "etc/resolv.conf", "dev/console"}
    return {re.sub(r"\.so\.[\d.]+$", ".so", p) for p in paths
            if p.removeprefix("./") not in own}


def test_the_containerfile_makes_the_same(built, root, tmp_path):
    about = json.loads(engine("inspect", built).stdout)[0]
    assert about["Size"] < 100e6
    want = root[1]["config"]
    for key in ("User", "Entrypoint", "ExposedPorts", "Volumes", "StopSignal"):
        assert about["Config"][key] == want[key], key
    assert sorted(about["Config"]["Env"]) == sorted(want["Env"])
    one = engine("create", built).stdout.strip()
    try:
        engine("export", "-o", tmp_path / "all.tar", one)
    finally:
        engine("rm", "-v", one)
    with tarfile.open(tmp_path / "all.tar") as tar:
        there = {m.name: m for m in tar if not m.isdir()}
        data = tar.getmember("var/lib/latentd")
    assert (data.uid, data.gid) == (65532, 65532)
    assert {m.uid for m in there.values()} == {0}
    files = {str(p.relative_to(root[0])) for p in root[0].rglob("*")
             if (p.is_symlink() or not p.is_dir()) and
             not p.is_relative_to(root[0] / "var/lib/latentd")}
    assert names(there) == names(files)


def test_its_container_serves_is_healthy_and_keeps_its_volume(built):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    name = built + "-run"
    run = ["run", "-d", "--name", name, "--network", "host", "--read-only",
           "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
           "--tmpfs", "/tmp", "-v", f"{name}:/var/lib/latentd", "-e",
           f"LATENTD_LISTEN=127.0.0.1:{port}", "-e",
           f"LATENT_SERVER=http://127.0.0.1:{port}", built]
    url = f"http://127.0.0.1:{port}"

    def until_healthy():
        end = time.monotonic() + 2 * PATIENCE
        while True:
            state = json.loads(engine("inspect", name).stdout)[0]["State"]
            health = state.get("Health") or state["Healthcheck"]
            if health["Status"] == "healthy":
                return
            assert state["Running"], engine("logs", name).stderr
            assert time.monotonic() < end, state
            time.sleep(0.5)

    try:
        engine(*run)
        until_healthy()
        for path, ok in (("/usr/x.csv", False), ("/tmp/x.csv", True),
                         ("/var/lib/latentd/x.csv", True)):
            got = engine("exec", name, "/usr/bin/latent", "synth", "ecg",
                         "--seconds", "2", "-o", path, ok=False)
            assert (got.returncode == 0) == ok, path
        assert engine("exec", name, "/bin/sh", ok=False).returncode != 0
        vector = {"embeddings": [{"model": "ecg-scl", "embedding": [1] * 144}]}
        put = httpx.put(url + "/v1/recordings/r", json=vector, timeout=PATIENCE)
        assert put.status_code == 201, put.text
        engine("stop", name)
        state = json.loads(engine("inspect", name).stdout)[0]["State"]
        assert state["ExitCode"] == 0
        engine("rm", name)
        engine(*run)
        until_healthy()
        kept = httpx.get(url + "/v1/recordings/r", timeout=PATIENCE)
        assert kept.status_code == 200, kept.text
    finally:
        engine("rm", "-f", name, ok=False)
        engine("volume", "rm", name, ok=False)
