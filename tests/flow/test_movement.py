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
    assert {"invariant", "variant", "free", "all", "raw", "norm"} == set(e["rows"])
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
