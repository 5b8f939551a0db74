"""Images and gates on the wire, on a real daemon."""
import base64
import html.parser
import json
import os
import pathlib
import struct
import subprocess
import zlib

import numpy as np
import pytest

from conftest import BUILD, clean_environ, make_model, signal_of

PICTURES = pathlib.Path(__file__).parents[1] / "cases" / "pictures"
GOOD = sorted(p for p in (PICTURES / "ok").iterdir()
              if p.suffix in (".jpg", ".png"))
BAD = sorted(p for p in (PICTURES / "bad").iterdir()
             if p.suffix in (".jpg", ".png"))
TYPES = {".jpg": "image/jpeg", ".png": "image/png"}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """One daemon with an image model of each kind, and one of signals."""
    from conftest import Daemon
    models = tmp_path_factory.mktemp("models")
    make_model(models / "toy.safetensors")
    for name, flag in (("gated", "--image"), ("plain", "--image-plain")):
        subprocess.run([str(BUILD / "tests/flow/make_model"), flag,
                        str(models / f"{name}.safetensors"), "5"], check=True)
    d = Daemon(["--listen", "127.0.0.1:0", "--models", str(models),
                "--data-dir", str(tmp_path_factory.mktemp("data")),
                "--drain-delay", "0", "--max-pixels", "1000000"])
    d.models = models
    yield d
    d.stop()


def uri(path, kind=None):
    return (f"data:{kind or TYPES[path.suffix]};base64," +
            base64.b64encode(path.read_bytes()).decode())


def png(width, height, seed=0):
    """A PNG of noise."""
    rows = np.random.default_rng(seed).integers(
        0, 256, (height, 3 * width), "u1")
    data = b"".join(b"\0" + r.tobytes() for r in rows)

    def chunk(name, body):
        return (struct.pack(">I", len(body)) + name + body +
                struct.pack(">I", zlib.crc32(name + body)))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) +
            chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b""))


def png_uri(*args, **more):
    return ("data:image/png;base64," +
            base64.b64encode(png(*args, **more)).decode())


def embed(d, inputs, headers=None, model="gated", **more):
    return d.client.post("/v1/embeddings", headers=headers,
                         json={"model": model, "input": inputs, **more})


def item(reply, i=0):
    assert reply.status_code == 200, reply.text
    return reply.json()["data"][i]


def code(reply, i=0):
    return np.array(item(reply, i)["embedding"], "<f4")


@pytest.mark.parametrize("path", GOOD, ids=lambda p: p.name)
def test_all_forms_of_an_image_give_the_same_bytes(pictures, path):
    data, kind = path.read_bytes(), TYPES[path.suffix]
    text = base64.b64encode(data).decode()
    d = pictures
    first = code(embed(d, uri(path), headers={"cache-control": "no-store"}))
    assert len(first) == 12
    forms = [
        embed(d, [uri(path)], modality="image"),
        embed(d, {"type": "image", "data": text, "media_type": kind}),
        embed(d, {"type": "image", "image_url": uri(path)}),
        embed(d, [{"content": [{"type": "input_image",
                                "image_url": uri(path)}]}]),
        embed(d, [{"content": [{"type": "image_url",
                                "image_url": {"url": uri(path)}}]}]),
        d.client.post("/v1/embeddings?model=gated", content=data,
                      headers={"content-type": kind}),
        d.client.post("/v1/embeddings", files=[
            ("file", (path.name, data)), ("model", (None, "gated"))]),
    ]
    for reply in forms:
        assert code(reply).tobytes() == first.tobytes()


@pytest.mark.parametrize("path", BAD, ids=lambda p: p.name)
def test_a_bad_image_is_refused_by_name(pictures, path):
    reply = embed(pictures, [png_uri(8, 8), uri(path)])
    assert reply.status_code in (400, 413), reply.text
    said = reply.json()["error"]
    assert said["param"] == "input[1]" and said["message"]
    if "huge" in path.name:
        assert reply.status_code == 413
        assert "max-pixels" in said["message"]
    reply = pictures.client.post("/v1/embeddings", files=[
        ("file", ("good.png", png(8, 8))), ("file", (path.name,
                                                     path.read_bytes())),
        ("model", (None, "gated"))])
    assert reply.status_code in (400, 413), reply.text
    assert reply.json()["error"]["param"] == "file[1]"
    kept = embed(pictures, [png_uri(8, 8), uri(path)], on_error="partial")
    assert len(code(kept)) == 12
    assert item(kept, 1)["embedding"] == []
    assert item(kept, 1)["error"]["message"] == said["message"]
    assert pictures.client.get("/readyz").status_code == 200


def test_many_files_are_embedded_as_they_came(pictures):
    files = [(f"{k}.png", png(20 + k, 30, seed=k)) for k in range(5)]
    reply = pictures.client.post("/v1/embeddings", files=[
        *(("file", f) for f in files),
        ("request", (None, json.dumps({"model": "gated",
                                       "include": ["preprocessing"]})))])
    got = reply.json()["data"]
    assert [x["id"] for x in got] == ["0", "1", "2", "3", "4"]
    assert [x["index"] for x in got] == list(range(5))
    for k, x in enumerate(got):
        alone = embed(pictures, png_uri(20 + k, 30, seed=k))
        assert item(alone)["embedding"] == x["embedding"]
        assert x["preprocessing"]["stored"] == {"width": 20 + k, "height": 30}
    # Of 16 x 16 pixels that the network reads one patch each.
    assert reply.json()["usage"] == {"prompt_tokens": 5, "total_tokens": 5}


def test_what_was_done_to_an_image_is_reported(pictures):
    prep = item(embed(pictures, png_uri(40, 20),
                      include=["preprocessing"]))["preprocessing"]
    assert prep == {
        "media_type": "image/png", "stored": {"width": 40, "height": 20},
        "orientation": 1, "resized": {"width": 32, "height": 16},
        "crop": {"x": 8, "y": 0, "width": 16, "height": 16},
        "input": {"width": 16, "height": 16}, "warnings": []}
    turned = PICTURES / "ok" / "exif6.jpg"
    prep = item(embed(pictures, uri(turned),
                      include=["preprocessing"]))["preprocessing"]
    assert prep["orientation"] == 6
    assert prep["stored"] == {"width": 21, "height": 13}
    assert prep["resized"] == {"width": 16, "height": 25}
    small = item(embed(pictures, png_uri(1, 1),
                       include=["preprocessing"]))["preprocessing"]
    assert [w["code"] for w in small["warnings"]] == ["enlarged"]


# ---- gates

def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def test_gates_say_which_dimensions_are_there(pictures):
    for seed in range(8):
        got = item(embed(pictures, png_uri(30, 30, seed=seed),
                         include=["gates"]))
        g, z = got["gates"], np.array(got["embedding"])
        p = np.array(g["probabilities"])
        assert (g["mode"], g["threshold"], g["temperature"], g["prior"]) == (
            "hard", 0.5, 1.0, 0.8)
        assert len(p) == 12 and (p > 0).all() and (p < 1).all()
        assert (z[p < 0.5] == 0).all() and (z >= 0).all()
        assert g["active"] == np.flatnonzero(z).tolist()
        assert g["active_count"] == len(g["active"])
        assert g["open_count"] == (p > 0.5).sum() >= g["active_count"]
        assert g["expected_active"] == pytest.approx(p.sum(), rel=1e-6)
        assert g["undecided"] == np.flatnonzero(abs(p - 0.5) <= 0.05).tolist()
        assert g["all_shut"] == (not z.any())
        if z.any():
            assert np.linalg.norm(z) == pytest.approx(1.0, abs=1e-6)
        assert got["digest"].startswith("sha256:")


def test_a_mode_of_gates_is_a_formula_over_the_others(pictures):
    image = png_uri(30, 30, seed=3)
    hard = item(embed(pictures, image, include=["gates"]))
    soft = item(embed(pictures, image, gate_mode="soft"))
    none = item(embed(pictures, image, gate_mode="none", include=["gates"]))
    p = np.array(hard["gates"]["probabilities"])
    z = np.array(none["embedding"])
    assert none["gates"]["mode"] == "none"
    assert none["gates"]["probabilities"] == hard["gates"]["probabilities"]
    for got, gate in ((hard, p > 0.5), (soft, p), (none, np.ones(12))):
        want = z * gate
        want /= max(np.linalg.norm(want), 1e-12)
        np.testing.assert_allclose(got["embedding"], want, atol=2e-7)
    same = item(embed(pictures, image, gate_mode="hard"))
    assert same["embedding"] == hard["embedding"]


def test_a_hit_is_the_miss_byte_for_byte(pictures):
    image = png_uri(31, 17, seed=11)
    for more in ({}, {"include": ["gates", "features"]},
                 {"gate_mode": "soft"}, {"gate_mode": "soft",
                                         "include": ["gates"]}):
        first = embed(pictures, image, **more)
        again = embed(pictures, image, **more)
        fresh = embed(pictures, image, headers={"cache-control": "no-store"},
                      **more)
        words = [item(r)["cache"] for r in (first, again, fresh)]
        assert words[1:] == ["hit", "bypass"]
        a, b, c = ({k: v for k, v in item(r).items() if k != "cache"}
                   for r in (first, again, fresh))
        assert a == b == c


def test_sparse_is_what_is_not_zero(pictures):
    image = png_uri(30, 30, seed=2)
    z = code(embed(pictures, image))
    got = item(embed(pictures, image, encoding_format="sparse"))["embedding"]
    assert got["indices"] == np.flatnonzero(z).tolist()
    assert np.array(got["values"], "<f4").tobytes() == z[z != 0].tobytes()
    bad = embed(pictures, [image, "data:image/png;base64,AAAA"],
                encoding_format="sparse", on_error="partial")
    assert item(bad, 1)["embedding"] == {"indices": [], "values": []}


def floats(text):
    return np.frombuffer(base64.b64decode(text), "<f4")


def test_base64_and_bytes_hold_every_array(pictures):
    image, ask = png_uri(30, 30, seed=2), ["gates", "features"]
    want = item(embed(pictures, image, include=ask))
    got = item(embed(pictures, image, include=ask, encoding_format="base64"))
    arrays = [(want["embedding"], got["embedding"]),
              (want["gates"]["probabilities"], got["gates"]["probabilities"]),
              (want["features"], got["features"])]
    for a, b in arrays:
        assert np.array(a, "<f4").tobytes() == floats(b).tobytes()
    assert len(want["features"]) == 8
    reply = embed(pictures, image, include=ask, encoding_format="bytes")
    at = int(reply.headers["inference-header-content-length"])
    shapes = json.loads(reply.content[:at])["data"][0]
    assert shapes["gates"]["probabilities"]["shape"] == [12]
    flat = np.frombuffer(reply.content[at:], "<f4")
    assert flat.tobytes() == b"".join(
        np.array(a, "<f4").tobytes() for a, _ in arrays)


def test_shut_gates_are_a_zero_vector_and_say_so(pictures):
    for seed in range(0, 200, 20):
        batch = [png_uri(4, 4, seed=seed + k) for k in range(20)]
        reply = embed(pictures, batch, include=["gates"])
        for k in range(20):
            got = item(reply, k)
            z = np.array(got["embedding"], float)
            assert np.isfinite(z).all()
            assert got["gates"]["all_shut"] == (not z.any())
    assert pictures.metric("latentd_gate_active_ratio_count",
                           model="gated") >= 200


def test_a_model_without_gates_has_none(pictures):
    image = png_uri(30, 30)
    got = item(embed(pictures, image, model="plain",
                     include=["gates", "features", "partitions", "task"]))
    assert got["gates"] is None and got["partitions"] is None
    assert len(got["features"]) == 8
    assert item(embed(pictures, image, model="plain", gate_mode="none"))
    for mode in ("hard", "soft"):
        reply = embed(pictures, image, model="plain", gate_mode=mode)
        assert reply.status_code == 422
        assert reply.json()["error"]["code"] == "no_gates"
        assert reply.json()["error"]["param"] == "gate_mode"


# ---- what does not fit

def test_modalities_do_not_mix(pictures):
    image, signal = png_uri(8, 8), signal_of()
    for model, inputs, param, words in (
            ("toy", [image], "input[0]", "an image, but model toy reads sig"),
            ("gated", [signal], "input[0]", "a signal, but model gated reads"),
            ("gated", [image, signal], "input[1]", "reads images"),
            ("toy", [signal, image], "input[1]", "reads signals")):
        reply = embed(pictures, inputs, model=model)
        assert reply.status_code == 422, reply.text
        said = reply.json()["error"]
        assert said["code"] == "modality_mismatch" and said["param"] == param
        assert words in said["message"]
    reply = embed(pictures, image, model="toy", modality="image")
    assert reply.json()["error"]["param"] == "modality"
    both = embed(pictures, [image, signal], on_error="partial")
    assert len(code(both)) == 12
    assert item(both, 1)["error"]["code"] == "modality_mismatch"


def test_what_is_of_signals_is_refused_for_images(pictures):
    for more, param in (({"windowing": {"mode": "tile"}}, "windowing"),
                        ({"windowing": {"pool": "mean"}}, "windowing"),
                        ({"channel_match": "positional"}, "channel_match"),
                        ({"partition": "invariant"}, "partition"),
                        ({"dimensions": 3}, "dimensions"),
                        ({"gate_mode": "open"}, "gate_mode")):
        reply = embed(pictures, png_uri(8, 8), **more)
        assert reply.status_code == 400, (more, reply.text)
        assert reply.json()["error"]["param"] == param
    assert len(code(embed(pictures, png_uri(8, 8), dimensions=12))) == 12


def test_pixels_of_all_images_are_counted_before_one_is_decoded(pictures):
    big = png_uri(800, 700)
    assert embed(pictures, big).status_code == 200
    reply = embed(pictures, [big, big])
    assert reply.status_code == 413
    said = reply.json()["error"]
    assert said["param"] == "input[1]"
    assert "after 560000" in said["message"]
    assert "max-pixels" in said["message"]


def test_validate_tells_of_images_without_embedding(pictures):
    reply = pictures.client.post("/v1/validate", json={
        "model": "gated", "input": [png_uri(40, 20), signal_of(),
                                    "data:image/png;base64,AAAA"]})
    assert reply.status_code == 200, reply.text
    good, signal, bad = reply.json()["items"]
    assert good["ok"] and good["windows"] == 1
    assert good["preprocessing"]["resized"] == {"width": 32, "height": 16}
    assert signal["error"]["code"] == "modality_mismatch"
    assert bad["error"]["code"] == "unsupported_format"


def test_a_model_says_what_it_reads(pictures):
    def of(name):
        return pictures.client.get(f"/v1/models/{name}").json()["capabilities"]
    gated, plain, toy = of("gated"), of("plain"), of("toy")
    assert gated["modalities"] == plain["modalities"] == ["image"]
    assert toy["modalities"] == ["signal"] and "image" not in toy
    assert gated["gated"] and gated["nonnegative"]
    assert not plain["gated"] and not plain["nonnegative"]
    assert gated["gate"] == {"mode": "hard", "threshold": 0.5,
                             "temperature": 1, "prior": 0.8}
    assert plain["gate"] is None and "signal" not in gated
    assert gated["features"] == 8 and gated["dimensions"] == 12
    assert gated["image"] == {
        "media_types": ["image/jpeg", "image/png"], "colour_space": "RGB",
        "width": 16, "height": 16, "shorter_side": 16, "filter": "bicubic",
        "max_pixels": 1000000}


def test_a_cached_code_has_an_address(pictures):
    image = png_uri(22, 33, seed=9)
    plain = item(embed(pictures, image))
    full = item(embed(pictures, image, include=["gates"]))
    path = f"/v1/embeddings/{plain['digest']}?model=gated"
    got = pictures.client.get(path)
    assert got.json()["embedding"] == plain["embedding"]
    got = pictures.client.get(path + "&include=gates")
    assert got.json()["gates"] == full["gates"]
    got = pictures.client.get(path + "&gate_mode=soft&include=gates")
    assert got.status_code == 404


def test_an_unknown_type_of_image_is_told_what_is_taken(pictures):
    reply = pictures.client.post("/v1/embeddings?model=gated", content=b"GIF8",
                                 headers={"content-type": "image/gif"})
    assert reply.status_code == 415
    assert "image/png" in reply.headers["accept-post"]


def test_replies_are_what_is_written(pictures):
    from test_openapi import check
    every = ["partitions", "gates", "preprocessing", "task", "features"]
    for model in ("gated", "plain"):
        check("Model", pictures.client.get(f"/v1/models/{model}").json())
        for form in ("float", "base64", "sparse"):
            check("EmbeddingsResponse", embed(
                pictures, [png_uri(9, 9), "data:,"], model=model,
                include=every, encoding_format=form,
                on_error="partial").json())
    check("ValidationResponse", pictures.client.post("/v1/validate", json={
        "model": "gated", "input": [png_uri(9, 9), "data:,"]}).json())


# ---- the same images elsewhere

def test_images_are_compared_by_their_codes(pictures):
    images = [png_uri(20, 20, seed=k) for k in range(5)]
    for model in ("gated", "plain"):
        z = [code(embed(pictures, i, model=model)).astype("f8")
             for i in images]
        reply = pictures.client.post("/v1/similarity", json={
            "model": model, "source": {"input": images[0]},
            "targets": [{"input": i} for i in images]})
        assert reply.status_code == 200, reply.text
        for target, got in zip(z, reply.json()["results"]):
            norm = np.linalg.norm(z[0]) * np.linalg.norm(target)
            want = z[0] @ target / norm if norm else 0.0
            assert got["score"] == pytest.approx(want, abs=1e-5)
    big = png_uri(800, 700)
    reply = pictures.client.post("/v1/similarity", json={
        "model": "gated", "source": {"input": big},
        "targets": [{"input": big}]})
    assert reply.status_code == 413
    assert "max-pixels" in reply.json()["error"]["message"]
    assert pictures.client.get("/readyz").status_code == 200


# ---- latent

def latent(*args, status=0):
    done = subprocess.run([str(BUILD / "latent"), *map(str, args)],
                          capture_output=True, text=True, check=False,
                          env=clean_environ())
    assert done.returncode == status, done.stderr
    return done.stdout if status == 0 else done.stderr


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Pictures of our own: a folder with a folder for each scene."""
    folder = tmp_path_factory.mktemp("drawn")
    for scene in ("ship", "automobile", "airplane", "truck"):
        (folder / scene).mkdir()
        for seed in range(3):
            latent("synth", "image", "--scene", scene, "--seed", seed,
                   "--size", 40 + seed, "-o", folder / scene / f"{seed}.png")
    return folder


def test_latent_gives_the_bytes_of_the_server(pictures, drawn):
    files = sorted(drawn.glob("*/*.png")) + GOOD[:6]
    for model in ("gated", "plain"):
        path = pictures.models / f"{model}.safetensors"
        here = json.loads(latent("embed", *files, "-m", path, "-f", "json"))
        there = json.loads(latent("embed", *files, "-m", model, "-f", "json",
                                  "-s", pictures.url))
        for a, b, file in zip(here["data"], there["data"], files):
            assert b.pop("cache")
            assert a == b
            wire = code(embed(pictures, uri(file), model=model))
            assert np.array(a["embedding"], "<f4").tobytes() == wire.tobytes()
    soft = json.loads(latent("embed", files[0], "-m", path.with_stem("gated"),
                             "--gates", "soft", "-f", "json"))["data"][0]
    there = json.loads(latent("embed", files[0], "-m", "gated", "--gates",
                              "soft", "-f", "json", "-s", pictures.url))
    there = there["data"][0]
    assert soft["embedding"] == there["embedding"]
    assert soft["gates"] == there["gates"]


def test_latent_shows_gates_readably(pictures, drawn):
    model = pictures.models / "gated.safetensors"
    one = latent("embed", drawn / "ship" / "0.png", "-m", model)
    assert "dimension    value   gate open" in one
    many = latent("embed", *sorted(drawn.glob("*/0.png")), "-m", model)
    assert "active  expected   cosine" in many
    assert latent("embed", drawn / "ship" / "0.png", "-m", "gated",
                  "-s", pictures.url).splitlines()[:2] == one.splitlines()[:2]
    plain = latent("embed", drawn / "ship" / "0.png", "-m",
                   pictures.models / "plain.safetensors")
    assert "gate" not in plain
    checked = latent("validate", drawn / "ship" / "0.png", "-m", model)
    assert "resized to 16 x 16, the middle 16 x 16" in checked
    assert latent("validate", drawn / "ship" / "0.png", "-m", "gated", "-s",
                  pictures.url) == checked


def test_latent_tells_a_recording_from_an_image(pictures, drawn, tmp_path):
    csv = tmp_path / "a.csv"
    csv.write_text("II\n1\n2\n")
    ship = drawn / "ship" / "0.png"
    assert "not an image, but model gated reads images" in latent(
        "embed", csv, "-m", pictures.models / "gated.safetensors", status=1)
    assert "an image, but model toy reads signals" in latent(
        "embed", ship, "-m", pictures.models / "toy.safetensors", status=1)
    assert "reads signals" in latent("embed", ship, "-m", "toy", "-s",
                                     pictures.url, status=1)
    assert "no gates" in latent("embed", ship, "-m", "plain", "--gates",
                                "hard", "-s", pictures.url, status=1)
    latent("embed", ship, "-m",
           pictures.models / "plain.safetensors", "--gates", "hard", status=1)
    latent("embed", ship, "--gates", "open", status=2)
    cut = tmp_path / "cut.png"
    cut.write_bytes(ship.read_bytes()[:200])
    assert "cut.png" in latent("embed", cut, "-m",
                               pictures.models / "gated.safetensors",
                               status=1)


def test_synth_draws_what_its_seed_says(tmp_path):
    a, b, c = (tmp_path / f"{k}.png" for k in "abc")
    for path, seed in ((a, 1), (b, 1), (c, 2)):
        latent("synth", "image", "--scene", "truck", "--seed", seed, "-o", path)
    assert a.read_bytes() == b.read_bytes() != c.read_bytes()
    assert "cat" in latent("synth", "image", "--scene", "cat", "-o", a,
                           status=1)
    latent("synth", "picture", "-o", a, status=2)


# ---- latent explain

class Page(html.parser.HTMLParser):
    """Tags are closed in order, and nothing is fetched."""

    def __init__(self, text):
        super().__init__()
        self.open, self.images, self.text = [], [], ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("src", "href"):
                assert value.startswith("data:image/png;base64,")
                self.images.append(base64.b64decode(value.partition(",")[2]))
        if tag not in ("img", "meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag == "line"

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def size_of(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", data[16:24])


def test_explain_tells_who_else_has_a_dimension(pictures, drawn, tmp_path):
    model = pictures.models / "gated.safetensors"
    ship = drawn / "ship" / "0.png"
    ask = ("explain", ship, "-m", model, "--reference", drawn)
    got = json.loads(latent(*ask, "--json", "--per", 5))
    wire = item(embed(pictures, uri(ship), include=["gates"]))
    z, gates = np.array(wire["embedding"]), wire["gates"]
    assert got["model"] == "gated@1" and got["dimensions"] == 12
    assert got["active_count"] == gates["active_count"]
    assert got["expected_active"] == pytest.approx(gates["expected_active"])
    assert got["reference_images"] == 12
    assert sorted(r["dimension"] for r in got["active"]) == gates["active"]
    values = [r["value"] for r in got["active"]]
    assert values == sorted(values, reverse=True)
    files = [p for c in sorted(p for p in drawn.iterdir())
             for p in sorted(c.iterdir())]
    codes = [code(embed(pictures, uri(p))) for p in files]
    for r in got["active"]:
        d = r["dimension"]
        assert r["value"] == z[d]
        assert r["probability"] == gates["probabilities"][d]
        column = np.array([c[d] for c in codes])
        order = np.argsort(-column, kind="stable")
        best = [int(i) for i in order if column[i] > 0][:5]
        assert [x["index"] for x in r["images"]] == best
        assert [x["class"] for x in r["images"]] == [
            files[i].parent.name for i in best]
        assert [np.float32(x["value"]) for x in r["images"]] == [
            column[i] for i in best]
        assert r["support"] == (column > 0).sum()
        names = [files[i].parent.name for i in np.flatnonzero(column > 0)]
        assert r["consistency"] == pytest.approx(
            max(map(names.count, names)) / len(names))
        assert names.count(r["class"]) == max(map(names.count, names))
    text = latent(*ask)
    assert f"{got['active_count']} of 12 dimensions" in text
    (tmp_path / "toy.safetensors").write_bytes(
        (pictures.models / "toy.safetensors").read_bytes())
    (tmp_path / "gated.safetensors").write_bytes(model.read_bytes())
    assert latent("explain", ship, "--models", tmp_path, "-r", drawn) == text
    assert "most of them" in text


def test_explain_draws_a_contact_sheet(pictures, drawn, tmp_path):
    model = pictures.models / "gated.safetensors"
    page, sheet = tmp_path / "a.html", tmp_path / "a.png"
    odd = tmp_path / "a<b>&.png"
    odd.write_bytes((drawn / "ship" / "1.png").read_bytes())
    latent("explain", odd, "-m", model, "--reference", drawn, "--html", page,
           "--png", sheet, "--per", 3, "--dims", 2)
    got = json.loads(latent("explain", odd, "-m", model, "-r", drawn, "--json",
                            "--per", 3))
    shown = got["active"][:2]
    doc = Page(page.read_text())
    assert len(doc.images) == 1 + sum(len(r["images"]) for r in shown)
    for data in doc.images:
        assert 40 <= min(size_of(data)) <= 42
    assert odd.name in doc.text and "gated@1" in doc.text
    width, height = size_of(sheet.read_bytes())
    assert width > 400 and height == 150 + 88 * len(shown) + 20
    alone = tmp_path / "b.html"
    latent("explain", odd, "-m", model, "--html", alone)
    assert len(Page(alone.read_text()).images) == 1


def test_explain_shows_the_parts_of_a_recording(pictures, tmp_path):
    model = pictures.models / "toy.safetensors"
    csv, page = tmp_path / "a.csv", tmp_path / "a.html"
    latent("synth", "ecg", "--rate", 250, "-t", 5, "-o", csv)
    got = json.loads(latent("explain", csv, "-m", model, "--json", "--html",
                            page))
    want = json.loads(latent("embed", csv, "-m", model, "-w", "center", "-f",
                             "json"))["data"][0]
    for name, part in got["partitions"].items():
        assert part["values"] == want["partitions"][name]["values"]
        assert part["norm"] == want["partitions"][name]["norm"]
    assert got["window"] == want["window"]
    doc = Page(page.read_text())
    assert "invariant" in doc.text and not doc.images
    assert "invariant" in latent("explain", csv, "-m", model)


@pytest.mark.parametrize("args", [
    (), ("a.png", "b.png"), ("a.png", "--per", "25"), ("a.png", "--limit", 0),
    ("a.png", "--rate", 3), ("a.png", "--gates", "open"),
    ("a.csv", "--reference", "."), ("a.csv", "--png", "x"),
    ("a.csv", "--windowing", "tile")])
def test_explain_is_not_asked_what_it_cannot_tell(args):
    latent("explain", *args, status=2)


def test_explain_refuses_by_name(pictures, drawn, tmp_path):
    model = pictures.models / "gated.safetensors"
    ship = drawn / "ship" / "0.png"
    for args, words in (
            ((ship, "-m", pictures.models / "toy.safetensors"),
             "reads signals"),
            ((ship, "-m", model, "-r", tmp_path), "no folders in it"),
            ((tmp_path / "none.png", "-m", model), "none.png"),
            ((ship, "-m", model, "--html", tmp_path / "no" / "x"), "no/x")):
        assert words in latent("explain", *args, status=1)


CIFAR = pathlib.Path(os.environ.get(
    "LATENTD_DATA", pathlib.Path(__file__).parents[3] / "shared" / "data")
) / "images" / "cifar10" / "test.jpgs"


@pytest.mark.skipif(not CIFAR.exists(), reason="no CIFAR-10 in LATENTD_DATA")
def test_explain_reads_indexed_photographs(pictures, drawn, tmp_path):
    got = json.loads(latent(
        "explain", drawn / "ship" / "0.png", "-m",
        pictures.models / "gated.safetensors", "-r", CIFAR, "--limit", 50,
        "--json", "--html", tmp_path / "a.html"))
    assert got["reference_images"] == 50
    assert all(r["class"] for r in got["active"] if r["support"])
    assert Page((tmp_path / "a.html").read_text()).images
