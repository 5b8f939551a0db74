"""Clients that others wrote: openai of npm, requests, curl."""
import json
import os
import pathlib
import shutil
import struct
import subprocess

import pytest

from conftest import PATIENCE, clean_environ, signal_of
from test_jobs import manifest

HERE = pathlib.Path(__file__).parent
NODE = pathlib.Path(os.environ.get("LATENTD_NODE", "build-node")).resolve()


def fetched(package):
    """A folder with this package of npm in it: where it is not, it is
    fetched."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("no node, no npm")
    if not (NODE / "node_modules" / package).is_dir():
        NODE.mkdir(parents=True, exist_ok=True)
        try:
            r = subprocess.run(
                ["npm", "install", "--prefix", NODE, "--ignore-scripts",
                 "--no-audit", "--no-fund", package],
                capture_output=True, text=True, timeout=120)
        except subprocess.TimeoutExpired:
            pytest.skip(f"npm cannot fetch {package}: it hangs")
        if r.returncode:
            pytest.skip(f"npm cannot fetch {package}: " + r.stderr[-200:])
    return NODE


@pytest.fixture(scope="session")
def node():
    return fetched("openai")


@pytest.fixture
def told(daemon, node, tmp_path):
    """What the client of OpenAI said, by step."""
    signal, train = tmp_path / "signal.json", tmp_path / "train.csv"
    signal.write_text(json.dumps(signal_of(seed=3)))
    train.write_text("time,MLII\n" + "".join(
        f"{i / 250},{(i % 50) / 50}\n" for i in range(1000)))
    r = subprocess.run(
        ["node", HERE / "openai_client.mjs", daemon.url, signal, train, "toy",
         manifest(daemon, range(4))],
        capture_output=True, text=True, cwd=node, env=clean_environ(),
        timeout=10 * PATIENCE)
    assert r.returncode == 0, r.stdout + r.stderr
    return {line["step"]: line["value"]
            for line in map(json.loads, r.stdout.splitlines())}


def test_openai_s_client_makes_follows_and_ends_jobs(told):
    assert told["jobs"]["seen"] == told["jobs"]["made"][::-1]
    assert told["paused"] == "paused" and told["resumed"] == "queued"
    assert told["job"]["object"] == "fine_tuning.job"
    assert told["job"]["metadata"] == {"nth": "1"}
    assert set(told["events"]) == {"fine_tuning.job.event"}
    assert isinstance(told["checkpoints"], list)
    assert len(told["ended"]) == 3
    assert set(told["ended"]) <= {"cancelled", "running"}


def test_openai_s_client_embeds_lists_and_uploads(daemon, told):
    exact = daemon.client.post("/v1/embeddings", json={
        "model": "toy", "input": signal_of(seed=3)}
    ).json()["data"][0]["embedding"]
    wire = struct.pack("<8f", *exact)
    for form in ("undefined", "float"):
        assert struct.pack("<8f", *told["embedding " + form]) == wire
    assert told["models"] == ["toy@1"] and told["model"] == "toy@1"
    assert told["error"]["name"] == "NotFoundError"
    assert told["error"]["code"] == "model_not_found"
    assert told["error"]["request"]
    assert [f for f in told["files"]["seen"]
            if f in told["files"]["made"]] == told["files"]["made"]
    assert told["file"] == "train1.jsonl"
    assert told["content"].startswith("time,MLII")
    assert told["deleted"]["deleted"] is True


def test_requests_sends_raw_samples_and_multipart(daemon):
    requests = pytest.importorskip("requests")
    samples = signal_of(seed=4)["data"][0]
    raw = struct.pack("<250f", *samples)
    url = daemon.url + "/v1/embeddings"
    one = requests.post(url, data=raw, params={
        "model": "toy", "rate": 250, "unit": "mV", "channels": "MLII",
        "dtype": "f32le", "shape": "1,250"},
        headers={"Content-Type": "application/octet-stream"})
    assert one.status_code == 200, one.text
    text = "MLII\n" + "\n".join(map(str, samples))
    two = requests.post(url, files={"file": ("a.csv", text, "text/csv")},
                        data={"model": "toy"},
                        params={"rate": 250, "unit": "mV"})
    assert two.status_code == 200, two.text
    # Decimals of four places are not the floats that were packed.
    a, b = (r.json()["data"][0]["embedding"] for r in (one, two))
    assert a == pytest.approx(b, abs=1e-5)


def test_curl_sends_a_file_and_takes_bytes(daemon, tmp_path):
    if not shutil.which("curl"):
        pytest.skip("no curl")
    body = tmp_path / "body.json"
    body.write_text(json.dumps({"model": "toy", "input": signal_of(seed=5),
                                "encoding_format": "bytes"}))
    out = tmp_path / "out"
    r = subprocess.run(
        ["curl", "-sS", "--fail", "-D", tmp_path / "head", "-o", out,
         "-H", "Content-Type: application/json", "--data-binary", f"@{body}",
         daemon.url + "/v1/embeddings"], capture_output=True, text=True,
        timeout=PATIENCE)
    assert r.returncode == 0, r.stderr
    head = (tmp_path / "head").read_text().lower()
    size = int(head.split("inference-header-content-length:")[1].split()[0])
    data = out.read_bytes()
    assert json.loads(data[:size])["object"] == "list"
    assert len(data) == size + 8 * 4
