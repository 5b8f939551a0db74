"""The Python client against a live daemon."""
import pathlib
import re
import subprocess
import sys

import pytest

from conftest import PATIENCE, signal_of

ROOT = pathlib.Path(__file__).parents[2]

numpy = pytest.importorskip("numpy")
sys.path.insert(0, str(ROOT / "clients/python"))
from latentd import (Client, NotFound, Signal, TransportError,  # noqa: E402
                     Unprocessable)


@pytest.fixture
def client(daemon):
    with Client(daemon.url, timeout=PATIENCE) as c:
        yield c


def heart(seed=1, n=250, **more):
    data = signal_of(n, seed)["data"][0]
    return Signal(numpy.asarray(data), 250, ["MLII"], "mV", **more)


def test_arrays_go_in_and_come_out(client):
    e = client.embed(heart(id="a"), "toy")
    assert e.vector.dtype == numpy.float32 and e.vector.shape == (8,)
    assert e.invariant.shape == (4,) and e.variant.shape == (3,)
    assert (numpy.concatenate([e.invariant, e.variant, e.free]) ==
            e.vector).all()
    assert e.id == "a" and e.gates is None and e.task is None
    assert e.preprocessing["resampled_to_hz"] == 250


def test_what_python_sends_is_what_json_means(daemon, client):
    reply = daemon.client.post("/v1/embeddings", json={
        "model": "toy", "input": signal_of(250, 7)}).json()
    plain = numpy.asarray(reply["data"][0]["embedding"], "<f4")
    assert (client.embed(heart(7), "toy").vector == plain).all()


def test_many_keep_their_order_and_one_error_its_place(client):
    found = client.embed_many([heart(1), heart(2, n=20), heart(3)], "toy",
                              on_error="partial")
    assert [e.index for e in found] == [0, 1, 2]
    assert found[1].error["code"] == "too_short" and len(found[1].vector) == 0
    assert (found[2].vector == client.embed(heart(3), "toy").vector).all()


def test_a_recording_is_cut_into_windows(client):
    found = client.embed_many([heart(n=1000)], "toy",
                              windowing={"mode": "tile"})
    assert len(found) == 4 and found[3].window == {"start": 750, "end": 1000}


def test_errors_are_types_that_say_where(client):
    with pytest.raises(NotFound) as e:
        client.embed(heart(), "nothing")
    assert e.value.code == "model_not_found" and e.value.request_id
    with pytest.raises(Unprocessable) as e:
        client.embed(heart(n=20), "toy")
    assert e.value.code == "too_short" and "input" in e.value.param
    with pytest.raises(ValueError):
        Signal([[1, 2], [3, 4]], 250, ["MLII"], "mV").wire()
    with pytest.raises(TransportError):
        Client("http://127.0.0.1:9", retries=0).models()


def test_models_are_listed(client):
    assert [m["id"] for m in client.models()] == ["toy@1"]
    assert client.model("toy")["capabilities"]["dimensions"] == 8
    assert client.ready()


def test_the_version_is_the_project_s():
    said = (ROOT / "clients/python/pyproject.toml").read_text()
    ours = re.search(r"AC_INIT\(\[latentd\], \[([\d.]+)\]",
                     (ROOT / "configure.ac").read_text()).group(1)
    assert f'version = "{ours}"' in said
    import latentd
    assert latentd.__version__ == ours


def test_a_wheel_is_built_without_a_network(tmp_path):
    pytest.importorskip("build")
    pytest.importorskip("wheel")
    r = subprocess.run(["cp", "-r", ROOT / "clients/python", tmp_path / "src"])
    r = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation",
         "--outdir", tmp_path, tmp_path / "src"], capture_output=True,
        text=True, timeout=120)
    assert r.returncode == 0, r.stdout + r.stderr
    wheel, = pathlib.Path(tmp_path).glob("latentd-*.whl")
    r = subprocess.run(
        [sys.executable, "-c",
         f"import sys; sys.path.insert(0, {str(wheel)!r}); "
         "import latentd; print(latentd.__version__)"],
        capture_output=True, text=True, cwd=tmp_path)
    assert r.returncode == 0 and wheel.name.startswith(
        "latentd-" + r.stdout.strip())
