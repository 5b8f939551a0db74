"""A real daemon on a free loopback port, with a model made for the flow.

LATENTD_BUILD is the build directory (default: the current one).
"""
import json
import os
import pathlib
import random
import signal
import subprocess
import threading
import time

import httpx
import pytest

BUILD = pathlib.Path(os.environ.get("LATENTD_BUILD", ".")).resolve()
PROGRAM = (BUILD / "latentd").read_bytes()
SANITIZED = b"__tsan_init" in PROGRAM or b"__asan_init" in PROGRAM
# So wide that a window of the slow model takes some hundredths of a second.
WIDTH = 512 if not SANITIZED else 256 if b"__asan_init" in PROGRAM else 96
PATIENCE = 60  # seconds; sanitizers on a shared machine are slow


def make_model(path, seed=1, width=None):
    args = [str(BUILD / "tests/flow/make_model"), str(path), str(seed)]
    subprocess.run(args + ([str(width)] if width else []), check=True)


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """toy.safetensors and slow.safetensors, to be copied."""
    folder = tmp_path_factory.mktemp("made")
    make_model(folder / "toy.safetensors")
    make_model(folder / "slow.safetensors", width=WIDTH)
    return folder


@pytest.fixture
def models(tmp_path, made):
    """A folder with toy.safetensors."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "toy.safetensors").write_bytes(
        (made / "toy.safetensors").read_bytes())
    return folder


def clean_environ():
    """Ours without settings of the daemon."""
    return {k: v for k, v in os.environ.items()
            if not k.startswith("LATENTD_")}


class Daemon:
    def __init__(self, args, env=None, wait=True, **popen):
        self.proc = subprocess.Popen(
            [str(BUILD / "latentd")] + args, stderr=subprocess.PIPE, text=True,
            env={**clean_environ(), **(env or {})}, **popen)
        self.lines, self.raw = [], []
        self.news = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.address = self.line("listening")["address"]
        self.url = "http://" + self.address
        host, _, port = self.address.rpartition(":")
        self.endpoint = (host.strip("[]"), int(port))
        self.client = httpx.Client(base_url=self.url, timeout=PATIENCE)
        if wait:
            self.line("ready: ")

    def _read(self):
        for text in self.proc.stderr:
            with self.news:
                self.raw.append(text)
                try:
                    self.lines.append(json.loads(text))
                except ValueError:
                    pass
                self.news.notify_all()

    def find(self, msg, **fields):
        return [l for l in self.lines if l["msg"].startswith(msg) and
                all(l.get(k) == v for k, v in fields.items())]

    def line(self, msg, n=1, **fields):
        """Waits for the n-th line of the log that begins with msg."""
        end = time.monotonic() + PATIENCE
        with self.news:
            while len(self.find(msg, **fields)) < n:
                dead = self.proc.poll() is not None
                if dead or not self.news.wait(end - time.monotonic()):
                    raise AssertionError(
                        f"no line {msg!r} {fields}:\n" + "".join(self.raw))
            return self.find(msg, **fields)[n - 1]

    def metric(self, name, **labels):
        """The sum of a family's samples that have these labels."""
        total = 0.0
        for text in self.client.get("/metrics").text.splitlines():
            head, _, value = text.rpartition(" ")
            if (head.partition("{")[0] == name and
                    all(f'{k}="{v}"' in head for k, v in labels.items())):
                total += float(value)
        return total

    def until(self, true, what):
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end, what
            time.sleep(0.02)

    def signal(self, sig):
        self.proc.send_signal(sig)

    def wait(self):
        code = self.proc.wait(PATIENCE)
        self.reader.join(PATIENCE)
        return code

    def stop(self):
        if self.proc.poll() is None:
            self.signal(signal.SIGINT)
            try:
                self.wait()
            except subprocess.TimeoutExpired:
                self.proc.kill()
                self.wait()
        self.client.close()
        text = "".join(self.raw)
        assert "Sanitizer" not in text, text
        assert self.proc.returncode == 0, text


@pytest.fixture
def start(tmp_path, models):
    """start(max_queue=4, …) gives a daemon; settings are flags."""
    running = []

    def go(env=None, wait=True, popen=None, **settings):
        settings = {"listen": "127.0.0.1:0", "models": models,
                    "data_dir": tmp_path / "data", "drain_delay": 0,
                    **settings}
        args = [text for name, value in settings.items()
                for text in ("--" + name.replace("_", "-"), str(value))]
        running.append(Daemon(args, env, wait, **(popen or {})))
        return running[-1]

    yield go
    for d in running:
        d.stop()


@pytest.fixture
def daemon(start):
    return start()


def signal_of(n=250, seed=1, **more):
    """One native signal of n samples, as the made models want it."""
    r = random.Random(seed)
    return {"type": "signal", "sampling_rate_hz": 250,
            "channels": [{"name": "MLII", "unit": "mV"}],
            "data": [[round(r.gauss(0, 1), 4) for _ in range(n)]], **more}


def body(n=250, seed=1, model="toy", **more):
    return {"model": model, "input": [signal_of(n, seed)], **more}
