"""The command line on images: a model trained, measured, or brought from elsewhere."""
import json

import pytest

from test_latent import DATA, SOURCE, fails, ok

CIFAR = DATA / "images/cifar10"
RECIPE = SOURCE / "deploy/recipes/image-bayesncl.recipe"
GOLDEN = SOURCE / "tests/golden/solo.safetensors"
SHORT = ("--set", "train=lossless_batch.bin", "--set", "hold_out=2", "--set",
         "test=lossless_batch.bin", "--set", "steps=4", "--set", "warm_up=1",
         "--set", "batch=16", "--set", "validate_every=2", "--set",
         "validate_images=32", "--set", "size=16", "--set", "width=4",
         "--set", "hidden=16", "--set", "dims=20")

needs_data = pytest.mark.skipif(not CIFAR.is_dir(), reason="no data: set LATENTD_DATA")


@needs_data
def test_a_model_is_trained_and_measured(tmp_path):
    out = tmp_path / "pictures.safetensors"
    text = ok("train", RECIPE, "--data", CIFAR, "--out", out, *SHORT)
    assert "images of 10 classes" in text and "step 4/4" in text and "kl " in text
    card = json.loads(ok("inspect", out, "--card"))
    assert card["modality"] == "image" and card["gate"]["mode"] == "hard"
    found = card["results"]["test"]
    assert found["test_images"] == 2995 and found["dimensions"] == 20
    assert 0 < found["running_statistics"]["consistency"] <= 1
    assert len(found["running_statistics"]["consistency_by_dimension"]) == 20
    assert "RGB images of 16 x 16" in ok("inspect", out)
    assert "--svg, --probe and --windows are not for image-bayesncl" in fails(
        1, "eval", out, "--data", CIFAR, "--recipe", RECIPE, "--probe", *SHORT)


@needs_data
def test_a_model_of_hearts_is_not_measured_on_images():
    assert "model ecg-scl reads signals, the data are images" in fails(
        1, "eval", SOURCE / "deploy/models/ecg-scl.safetensors", "--data", CIFAR,
          "--recipe", RECIPE)


def test_a_checkpoint_becomes_a_model(tmp_path):
    out = tmp_path / "golden.safetensors"
    ok("import", "solo-learn", GOLDEN, "--out", out, "--size", 12, "--name", "gold")
    card = json.loads(ok("inspect", out, "--card"))
    assert card["name"] == "gold" and card["input"]["height"] == 12
    assert card["latent"] == {"dimensions": 6, "partitions": None,
                              "nonnegativity": "rep_relu", "top_k": 0}
    assert "hard, temperature 1, prior 0.8" in ok("inspect", out)


@pytest.mark.parametrize("options, says", [
    (("--mean", "0.5,0.5"), "--mean is \"0.5,0.5\", must be three numbers"),
    (("--filter", "nearest"), "--filter is nearest, must be bilinear or bicubic"),
    (("--nonnegativity", "square"), "--nonnegativity square is unknown"),
    (("--top-k", 7), "the largest 7 of 6 dimensions"),
    (("--name", "a/b"), "name is not made of letters"),
])
def test_import_says_what_does_not_fit(tmp_path, options, says):
    out = tmp_path / "m.safetensors"
    assert says in fails(1, "import", "solo-learn", GOLDEN, "--out", out, *options)
    assert not out.exists()


def without_gates(path):
    """The golden checkpoint, its gating head taken out."""
    data = GOLDEN.read_bytes()
    size = int.from_bytes(data[:8], "little")
    head = json.loads(data[8:8 + size])
    tensors, at = {}, 0
    body = b""
    for name, t in head.items():
        if name == "__metadata__" or name.startswith("gating_head."):
            continue
        begin, end = t["data_offsets"]
        body += data[8 + size + begin:8 + size + end]
        tensors[name] = {**t, "data_offsets": [at, at + end - begin]}
        at += end - begin
    text = json.dumps(tensors).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)
    return path


def test_import_refuses_what_is_said_of_gates_that_are_not_there(tmp_path):
    plain, out = without_gates(tmp_path / "plain.safetensors"), tmp_path / "m.safetensors"
    for option in ("--prior", "--temperature"):
        assert "of gates, and it has none" in fails(
            1, "import", "solo-learn", plain, "--out", out, "--size", 12, option, 0.5)
        assert not out.exists()
    ok("import", "solo-learn", plain, "--out", out, "--size", 12)
    assert "gates        none" in ok("inspect", out)
    ok("import", "solo-learn", GOLDEN, "--out", out, "--size", 12, "--prior", 0.5)
    assert "prior 0.5" in ok("inspect", out)


def test_import_wants_a_checkpoint(tmp_path):
    assert "checkpoint " in fails(
        1, "import", "solo-learn", SOURCE / "README.md", "--out", tmp_path / "m")


@needs_data
def test_the_table_of_gated_latents_is_made(tmp_path):
    out = tmp_path / "found"
    text = ok("reproduce", "bayesncl", "--data", CIFAR, "--out", out, "--rows",
              "bayesncl", "--steps", 2, "--seeds", 1, "--threads", 1, cwd=SOURCE)
    found = json.loads((out / "runs/bayesncl-1.json").read_text())["values"]
    assert 0 < found["consistency"] <= 1 and 0 < found["open"] <= 1
    assert {"batch.consistency", "valid.consistency", "probe", "probe_latent",
            "p_at_1", "sepin_10"} <= set(found)
    page = (out / "table.md").read_text()
    assert "56.50" in page and "**BayesNCL (STE)**" in page
    for name in "consistency", "gates", "precision":
        assert (out / f"{name}.svg").read_text().startswith("<svg")
