"""latent reproduce: runs are made once, go on, and add up to a page."""
import json
import signal
import subprocess
import time

import pytest

from test_latent import DATA, LATENT, SOURCE, fails, ok

HAPT = DATA / "imu/hapt"
TABLE = ("reproduce", "scl-imu", "--data", HAPT, "--quick", "--threads", 1)

needs_data = pytest.mark.skipif(not HAPT.is_dir(), reason="no data: set LATENTD_DATA")


def reproduce(out, *more):
    return ok(*TABLE, "--out", out, *more, cwd=SOURCE)


def test_rows_are_listed():
    text = ok("reproduce", "scl-ecg", "--list")
    assert "scl-graded" in text and "nt-xent" in text


def test_what_is_not_there_is_said(tmp_path):
    assert "no such table" in fails(2, "reproduce", "scl-eeg", "--data", tmp_path)
    assert "--data must be given" in fails(2, "reproduce", "scl-imu")
    assert "bayesncl" in ok("reproduce", "--help")
    assert "has no row tree (see --list)" in fails(
        1, "reproduce", "scl-imu", "--data", tmp_path, "--out", tmp_path, "--rows", "scl,tree")
    assert "whole numbers" in fails(
        1, "reproduce", "scl-imu", "--data", tmp_path, "--out", tmp_path, "--seeds", "1,x")


@needs_data
def test_runs_are_made_once_and_seeds_are_added(tmp_path):
    out = tmp_path / "found"
    two = ("--steps", 2, "--rows", "plain,scl")
    assert "is there" not in reproduce(out, *two)
    before = (out / "runs/scl-1.json").read_bytes()
    assert reproduce(out, *two).count("is there") == 2
    assert (out / "runs/scl-1.json").read_bytes() == before
    assert reproduce(out, *two, "--seeds", "1,2").count("is there") == 2
    rows = {r["row"]: r for r in json.loads((out / "results.json").read_text())["rows"]}
    assert rows["scl"]["seeds"] == [1, 2] and rows["scl"]["steps"] == 2
    value = rows["scl"]["values"]["accuracy_turned"]
    each = [json.loads((out / f"runs/scl-{s}.json").read_text())["values"]["accuracy_turned"]
            for s in (1, 2)]
    assert value["n"] == 2 and value["mean"] == pytest.approx(sum(each) / 2, rel=1e-5)
    assert value["sd"] == pytest.approx(abs(each[0] - each[1]) / 2 ** 0.5, rel=0.01, abs=1e-9)
    page = (out / "table.md").read_text()
    assert "`latent reproduce scl-imu --quick`: too few steps" in page
    assert " ± " in page and "Not run yet" in page and "paper's, setting unknown" in page
    assert (out / "accuracy.svg").read_text().startswith("<svg")
    # Other steps are another setting: made again.
    assert "is there" not in reproduce(out, "--steps", 3, "--rows", "plain")
    (out / "table.md").unlink()
    ok("reproduce", "scl-imu", "--page", "--out", out)
    assert (out / "table.md").exists()


@needs_data
def test_an_interrupted_run_goes_on_to_the_same_figures(tmp_path):
    long = ("--steps", 25, "--rows", "plain")
    run = subprocess.Popen([LATENT, *map(str, TABLE), "--out", tmp_path / "a", *map(str, long)],
                           cwd=SOURCE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "a/models").is_dir() and run.poll() is None:
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    said = run.communicate(timeout=120)[1]
    assert run.returncode == 1 and "the same command goes on" in said
    assert list((tmp_path / "a/models").glob("*.checkpoint"))
    reproduce(tmp_path / "a", *long)
    reproduce(tmp_path / "b", *long)
    a, b = (json.loads((tmp_path / d / "runs/plain-1.json").read_text()) for d in "ab")
    assert a["values"] == b["values"] and a["setting"] == b["setting"]
    assert not list((tmp_path / "a/models").glob("*.checkpoint"))
