"""The command line on movements: a model of activities, trained, measured, asked."""
import json

import numpy
import pytest

from test_latent import DATA, SOURCE, fails, ok

HAPT = DATA / "imu/hapt"
RECIPE = SOURCE / "deploy/recipes/imu-scl.recipe"
SHORT = ("--set", "steps=8", "--set", "batch=8", "--set",
         "encoder=conv1d 8 k5 p2, relu, maxpool k4, flatten, linear 64")

pytestmark = pytest.mark.skipif(not HAPT.is_dir(), reason="no data: set LATENTD_DATA")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("trained") / "moves.safetensors"
    text = ok("train", RECIPE, "--data", HAPT, "--out", out, *SHORT)
    assert "12 subjects" in text and "step 8/8" in text
    return out


def test_the_card_says_what_was_measured(trained):
    card = json.loads(ok("inspect", trained, "--card"))
    assert {"valid", "test"} <= set(card["results"])
    assert 0 <= card["results"]["test"]["consistency"] <= 1
    assert card["training"]["split"]["valid"] == ["8", "21"]


def test_eval_prints_and_writes(trained, tmp_path):
    text = ok("eval", trained, "--data", HAPT, "--recipe", RECIPE, "--windows", 4,
              "--json", tmp_path / "e.json")
    assert "consistency" in text and "macro F1" in text
    e = json.loads((tmp_path / "e.json").read_text())["evaluation"]
    assert e["users"] == 6 and e["windows"] == 24
    assert len(e["degrees"]) == len(e["consistency_by_angle"]) == 13
    assert e["consistency_by_angle"][0] == 1
    assert {"invariant", "variant", "free", "all", "raw", "norm", "spectrum"} == set(e["rows"])
    assert "no picture" in fails(1, "eval", trained, "--data", HAPT, "--recipe", RECIPE,
                                 "--windows", 4, "--svg", tmp_path / "e.svg")


def test_a_user_on_both_sides_is_refused_by_name(tmp_path):
    assert "5 stands in train and in test" in fails(
        1, "train", RECIPE, "--data", HAPT, "--out", tmp_path / "x", "--set", "train=1 5")


def test_a_phones_table_is_embedded(trained, tmp_path):
    ok("embed", HAPT / "sample_exp01_user01.csv", "-m", trained, "-w", "tile",
       "-f", "npy", "-o", tmp_path / "z.npy")
    z = numpy.load(tmp_path / "z.npy")
    assert z.shape == (20598 // 128, 64) and numpy.isfinite(z).all()


# ---- both sensors, served: mixed units, what the head says

SIX = ("--set", "leads=acc_x acc_y acc_z gyro_x gyro_y gyro_z",
       "--set", "unit=g g g rad/s rad/s rad/s", "--set", "name=six")


@pytest.fixture(scope="module")
def six(tmp_path_factory):
    """A folder with the model of accelerometer and gyroscope."""
    folder = tmp_path_factory.mktemp("six")
    ok("train", RECIPE, "--data", HAPT, "--out", folder / "six.safetensors", *SHORT, *SIX)
    return folder


def phone(seed=3, rate=50, n=128):
    """One window, channels first, as a phone has it: m/s2 and deg/s."""
    x = numpy.random.default_rng(seed).normal(0, 1, (6, n))
    x[:3] = 9.80665 * (x[:3] * 0.1 + [[0.3], [0.2], [0.9]])
    x[3:] *= 40
    names = ["accelX", "accelY", "accelZ", "gx", "gy", "gz"]
    units = ["m/s2"] * 3 + ["deg/s"] * 3
    return x, [{"name": a, "unit": u} for a, u in zip(names, units)], rate


def test_a_card_has_the_units_of_both_sensors(six):
    card = json.loads(ok("inspect", six / "six.safetensors", "--card"))
    assert card["input"]["unit"] == ["g", "g", "g", "rad/s", "rad/s", "rad/s"]
    assert "in g, g, g, rad/s, rad/s, rad/s, 50 Hz" in ok("inspect", six / "six.safetensors")


def test_served_with_mixed_units_and_its_head(six, start, tmp_path):
    daemon = start(models=six)
    x, channels, rate = phone()
    body = {"model": "six", "include": ["task", "partitions"],
            "input": {"type": "signal", "sampling_rate_hz": rate, "channels": channels,
                      "data": x.tolist()}}
    reply = daemon.client.post("/v1/embeddings", json=body)
    assert reply.status_code == 200, reply.text
    item = reply.json()["data"][0]
    assert item["task"]["kind"] == "classes"
    assert item["task"]["labels"] == ["WALKING", "WALKING_UPSTAIRS", "WALKING_DOWNSTAIRS",
                                      "STILL"]
    likely = item["task"]["probabilities"]
    assert sum(likely) == pytest.approx(1, abs=1e-6) and min(likely) > 0
    # The same in the model's own units is the same window.
    own = {"g": 9.80665, "rad/s": 180 / numpy.pi}
    body["input"]["channels"] = [{"name": c["name"], "unit": u} for c, u in
                                 zip(channels, ["g"] * 3 + ["rad/s"] * 3)]
    body["input"]["data"] = (x / [[own[c["unit"]]] for c in body["input"]["channels"]]).tolist()
    again = daemon.client.post("/v1/embeddings", json=body).json()["data"][0]
    assert numpy.allclose(again["embedding"], item["embedding"], atol=1e-4)
    # From the cache, by its digest, and as base64 it says the same.
    cached = daemon.client.get(f"/v1/embeddings/{item['digest']}?model=six&include=task")
    assert cached.json()["task"] == item["task"]
    body["input"]["channels"][5]["unit"] = "g"
    wrong = daemon.client.post("/v1/embeddings", json=body)
    assert wrong.status_code == 422
    assert wrong.json()["error"]["param"] == "input.channels[5].unit"
    models = daemon.client.get("/v1/models").json()["data"][0]["capabilities"]
    assert models["signal"]["unit"] == ["g", "g", "g", "rad/s", "rad/s", "rad/s"]


def test_the_head_is_heard_at_the_command_line(six, start, tmp_path):
    daemon = start(models=six)
    x, channels, rate = phone()
    with (tmp_path / "p.csv").open("w") as f:
        f.write(",".join(f"{c['name']} ({c['unit']})" for c in channels) + "\n")
        for row in x.T:
            f.write(",".join(f"{v:.7g}" for v in row) + "\n")
    here = ("embed", tmp_path / "p.csv", "--rate", rate, "--include", "task")
    local = json.loads(ok(*here, "-m", six / "six.safetensors", "-f", "json"))["data"][0]["task"]
    far = json.loads(ok(*here, "-m", "six", "-s", daemon.url, "-f", "json"))["data"][0]["task"]
    assert local["labels"] == far["labels"]
    assert numpy.allclose(local["probabilities"], far["probabilities"], atol=1e-6)
    best = local["labels"][int(numpy.argmax(local["probabilities"]))]
    assert best in ok(*here, "-m", six / "six.safetensors")
    csv = ok(*here, "-m", six / "six.safetensors", "-f", "csv").splitlines()
    assert csv[0].endswith(",STILL") and len(csv[1].split(",")) == len(csv[0].split(","))
    assert "must be task" in fails(2, *here[:-1], "gates", "-m", six / "six.safetensors")
    assert "embeddings alone" in fails(2, *here, "-f", "npy", "-m", six / "six.safetensors")


def test_the_model_that_reads_the_channels_is_taken(six, made, start, tmp_path):
    folder = tmp_path / "both"
    folder.mkdir()
    for f in (six / "six.safetensors", made / "toy.safetensors"):
        (folder / f.name).write_bytes(f.read_bytes())
    x, channels, rate = phone()
    numpy.savetxt(tmp_path / "p.csv", x.T, delimiter=",", comments="",
                  header=",".join(f"{c['name']} ({c['unit']})" for c in channels))
    ok("synth", "ecg", "-o", tmp_path / "heart", "--rate", 250, "--seconds", 1)
    (tmp_path / "other.csv").write_text("temperature (mV)\n" + "1\n2\n" * 200)
    daemon = start(models=folder)
    for where in (("--models", folder), ("-s", daemon.url)):
        assert ok("embed", tmp_path / "p.csv", "-r", rate, *where).startswith("six@1")
        assert ok("embed", tmp_path / "heart", *where).startswith("toy@1")
        assert "six@1" in ok("validate", tmp_path / "p.csv", "-r", rate, *where)
        said = fails(1, "embed", tmp_path / "other.csv", "-r", 250, *where)
        assert "choose a model by --model" in said and "six@1, toy@1" in said
