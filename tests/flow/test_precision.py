"""Models in bfloat16: said in the reply, near float32, cached apart."""
import math
import subprocess

from conftest import BUILD, PATIENCE, body, clean_environ


def embed(d, **more):
    r = d.client.post("/v1/embeddings", json=body(seed=5, **more))
    assert r.status_code == 200, r.text
    return r.json()


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b)) / math.hypot(*a) / math.hypot(*b)


def test_bfloat16_is_near_float32_and_says_so(start):
    exact = embed(start())
    d = start(precision="bfloat16", data_dir="")
    near = embed(d)
    assert exact["precision"] == "float32"
    assert near["precision"] == "bfloat16"
    a, b = exact["data"][0]["embedding"], near["data"][0]["embedding"]
    assert a != b and cosine(a, b) > 0.999
    assert embed(d)["data"][0]["embedding"] == b
    model = d.client.get("/v1/models/toy").json()
    assert model["capabilities"]["precision"] == "bfloat16"
    kernel = d.client.get("/version").json()["kernel"]
    line = d.find("model loaded, self-test passed")[0]
    assert line["arithmetic"] == "bfloat16/" + kernel["bfloat16"]


def test_a_vector_of_another_precision_is_not_served_from_the_cache(start):
    d = start()
    exact = embed(d)["data"][0]
    d.stop()
    d = start(precision="float32 toy=bfloat16")
    near = embed(d)["data"][0]
    assert exact["cache"] == "miss" and near["cache"] == "miss"
    assert near["embedding"] != exact["embedding"]
    d.stop()
    again = embed(start())["data"][0]
    assert again["cache"] == "hit"
    assert again["embedding"] == exact["embedding"]


def test_a_precision_that_is_none_ends_the_start(models):
    r = subprocess.run(
        [BUILD / "latentd", "--listen", "127.0.0.1:0", "--models", models,
         "--data-dir", "", "--precision", "toy=float16"],
        capture_output=True, text=True, env=clean_environ(), timeout=PATIENCE)
    assert r.returncode == 1
    assert "toy=float16" in r.stderr and "bfloat16" in r.stderr
