"""The command line: every subcommand, in process and against a daemon."""
import json
import os
import pathlib
import re
import signal
import subprocess
import xml.etree.ElementTree

import numpy
import pytest

from conftest import BUILD, Daemon, make_model

SOURCE = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("LATENTD_DATA", SOURCE / "../shared/data"))
MITDB = DATA / "ecg/mitdb"
LATENT = BUILD / "latent"


def latent(*args, cwd=None, **env):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("LATENT_")}
    return subprocess.run([str(LATENT), *map(str, args)], cwd=cwd, text=True,
                          capture_output=True, timeout=300, env=clean | env)


def ok(*args, **more):
    p = latent(*args, **more)
    assert p.returncode == 0, p.stderr
    assert p.stderr == ""
    return p.stdout


def fails(status, *args, **more):
    """The one line that it says."""
    p = latent(*args, **more)
    assert p.returncode == status, (p.stdout, p.stderr)
    assert p.stderr.startswith("latent: ") and p.stderr.count("\n") == 1
    return p.stderr


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    make_model(folder / "toy.safetensors", 1)
    make_model(folder / "toy@2.safetensors", 2)
    return folder


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Two seconds at 250 Hz, the toy model's window being one."""
    folder = tmp_path_factory.mktemp("recordings")
    for name, more in (("a", ()), ("b", ("--shift-ms", 100)), ("c.csv", ())):
        ok("synth", "ecg", "-o", folder / name, "--rate", 250, "--seconds", 2,
           "--seed", 3, *more)
    return folder


@pytest.fixture(scope="module")
def server(models, tmp_path_factory):
    d = Daemon(["--listen", "127.0.0.1:0", "--models", str(models),
                "--data-dir", str(tmp_path_factory.mktemp("data"))])
    yield d.url
    d.stop()


# ---- how it is called

COMMANDS = ("embed", "models", "validate", "train", "eval", "explain",
            "inspect", "synth", "recordings", "help")


def test_help_names_every_command():
    text = ok("help")
    assert ok("--help") == text
    for c in COMMANDS:
        assert f"\n  {c} " in text


def test_help_and_the_manual_have_one_order():
    manual = (SOURCE / "clients/latent/latent.1.scd").read_text()
    listed = re.findall(r"^  ([a-z]+) ", ok("help"), re.M)
    called = re.findall(r"^\*latent ([a-z]+)", manual.partition("# DESCRIPTION")[0], re.M)
    assert called == listed
    told = re.findall(r"^## ([a-z]+)", manual, re.M)
    assert told == listed[:-1] and listed[-1] == "help"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command):
    text = ok(command, "--help")
    assert text.startswith(f"Usage: latent {command} ")
    assert ok("help", command) == text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_in_the_manual(command):
    with open(SOURCE / "clients/latent/latent.1.scd") as f:
        manual = f.read()
    options = re.findall(r"^ .{2,4} --([a-z-]+)", ok(command, "--help"), re.M)
    assert options
    for o in options:
        assert f"--{o}" in manual or o == "help"


def test_version():
    assert re.fullmatch(r"latent \d+\.\d+\.\d+\n", ok("--version"))


@pytest.mark.parametrize("args", [
    (), ("nonsense",), ("embed",), ("embed", "--nonsense", "x"),
    ("embed", "--rate"), ("embed", "--rate", "fast", "x"),
    ("embed", "--format", "xml", "x"), ("embed", "--windowing", "tile:0", "x"),
    ("embed", "--partition", "best", "x"),
    ("eval", "x", "--data", ".", "--windows", "1000000"),
    ("inspect",), ("train",), ("train", "x"), ("eval", "x"), ("synth", "eeg"),
    ("synth", "ecg"), ("models", "x")])
def test_a_wrong_line_is_answered_with_status_2(args):
    fails(2, *args)


# ---- synth

def test_synth_repeats_itself(tmp_path, recordings):
    ok("synth", "ecg", "-o", tmp_path / "a", "--rate", 250, "--seconds", 2, "--seed", 3)
    for ending in ("hea", "dat"):
        assert ((tmp_path / f"a.{ending}").read_bytes()
                == (recordings / f"a.{ending}").read_bytes())
    ok("synth", "ecg", "-o", tmp_path / "a", "--rate", 250, "--seconds", 2, "--seed", 4)
    assert (tmp_path / "a.dat").read_bytes() != (recordings / "a.dat").read_bytes()


def test_synth_shifts_by_whole_samples(recordings):
    a = numpy.fromfile(recordings / "a.dat", "<i2")
    b = numpy.fromfile(recordings / "b.dat", "<i2")
    assert len(a) == len(b) == 500
    assert (a[25:] == b[:-25]).all()
    assert a.std() > 50


def test_synth_refuses_what_is_impossible(tmp_path):
    fails(1, "synth", "ecg", "-o", tmp_path / "x", "--rate", -1)
    fails(1, "synth", "ecg", "-o", tmp_path / "x", "--leads", "nose")
    fails(1, "synth", "ecg", "-o", "/nonexistent/x")
    assert not list(tmp_path.iterdir())


# ---- embed

def embed(models, *args, **more):
    return ok("embed", "--models", models, "--windowing", "tile", *args, **more)


def test_formats_agree(models, recordings, tmp_path):
    files = [recordings / "a", recordings / "b.hea"]
    reply = json.loads(embed(models, "-f", "json", *files))
    assert reply["model"] == "toy@2" and len(reply["data"]) == 4
    assert [d["window"]["start"] for d in reply["data"]] == [0, 250, 0, 250]
    vectors = numpy.array([d["embedding"] for d in reply["data"]], "f4")
    embed(models, "-f", "npy", "-o", tmp_path / "v.npy", *files)
    array = numpy.load(tmp_path / "v.npy")
    assert array.dtype == numpy.float32 and (array == vectors).all()
    rows = embed(models, "-f", "csv", *files).splitlines()
    assert rows[0] == "recording,begin,end," + ",".join(f"z{i}" for i in range(8))
    assert (numpy.array([r.split(",")[3:] for r in rows[1:]], "f4") == vectors).all()
    first = reply["data"][0]["partitions"]
    assert first["invariant"]["range"] == [0, 4] and first["free"]["range"] == [7, 8]
    assert first["variant"]["values"] == reply["data"][0]["embedding"][4:7]
    assert first["variant"]["norm"] == pytest.approx(
        numpy.linalg.norm(vectors[0, 4:7]), rel=1e-6)


def test_a_partition_alone(models, recordings):
    reply = json.loads(embed(models, "-f", "json", "-p", "variant", recordings / "a"))
    d = reply["data"][0]
    assert d["embedding"] == d["partitions"]["variant"]["values"]
    assert "must be invariant" in fails(
        2, "embed", "--models", models, "-w", "center", "-p", "other", recordings / "a")


def test_gates_are_refused_of_a_model_that_has_none(models, recordings):
    assert "model toy has no gates" in fails(
        1, "embed", "--models", models, "-w", "center", "--gates", "hard", recordings / "a")
    embed(models, "--gates", "none", recordings / "a")


def test_table_shows_norms_and_cosines(models, recordings):
    table = embed(models, recordings / "a", recordings / "b")
    assert "toy@2, 8 dimensions" in table and "cosine with the first window" in table
    rows = [line.split() for line in table.splitlines() if "recordings" in line]
    assert len(rows) == 4
    assert rows[0][-3:] == ["1.0000"] * 3


def test_a_model_is_chosen_by_name_version_or_path(models, recordings):
    def name(*args):
        return json.loads(embed(models, "-f", "json", *args, recordings / "a"))["model"]
    assert name("-m", "toy") == "toy@2"
    assert name("-m", "toy@1") == "toy@1"
    assert name("-m", models / "toy.safetensors") == "toy@1"
    assert "has toy@1, toy@2" in fails(
        1, "embed", "--models", models, "-m", "none", recordings / "a")
    assert ok("embed", "-w", "center", recordings / "a", LATENT_MODELS=str(models))


def test_a_csv_that_says_it_all_needs_no_more(models, recordings):
    a = json.loads(embed(models, "-f", "json", recordings / "a"))["data"]
    c = json.loads(embed(models, "-f", "json", recordings / "c.csv"))["data"]
    assert numpy.allclose([d["embedding"] for d in a], [d["embedding"] for d in c],
                          atol=0.05)


def test_a_bare_csv_wants_a_rate_and_a_unit(models, recordings, tmp_path):
    bare = tmp_path / "bare.csv"
    lines = (recordings / "c.csv").read_text().splitlines()[1:]
    bare.write_text("II\n" + "".join(x.split(",")[1] + "\n" for x in lines))
    line = ("embed", "--models", models, "-w", "tile", "-f", "csv", bare)
    fails(1, *line)
    fails(1, *line, "--rate", 250)
    fails(1, *line, "--unit", "mV")
    told = ok(*line, "--rate", 250, "--unit", "mV").splitlines()
    said = embed(models, "-f", "csv", recordings / "c.csv").splitlines()
    assert [x.split(",")[1:] for x in told] == [x.split(",")[1:] for x in said]


def test_one_bad_recording_does_not_stop_the_others(models, recordings, tmp_path):
    p = latent("embed", "--models", models, "-w", "tile", "-f", "csv",
               recordings / "a", tmp_path / "none.csv", recordings / "b")
    assert p.returncode == 1
    assert p.stderr.count("\n") == 1 and "none.csv" in p.stderr
    assert len(p.stdout.splitlines()) == 5


def test_a_truncated_record_is_refused(models, recordings, tmp_path):
    for end in ("hea", "dat"):
        (tmp_path / f"a.{end}").write_bytes((recordings / f"a.{end}").read_bytes())
    with open(tmp_path / "a.dat", "r+b") as f:
        f.truncate(101)
    said = fails(1, "embed", "--models", models, "-w", "tile", tmp_path / "a")
    assert "a.hea: a.dat is truncated" in said


def test_what_is_wrong_with_a_header_names_its_file(models, recordings, tmp_path):
    head = (recordings / "a.hea").read_text().splitlines()
    (tmp_path / "a.dat").write_bytes((recordings / "a.dat").read_bytes())
    (tmp_path / "a.hea").write_text("\n".join(["a 1", *head[1:]]) + "\n")
    said = fails(1, "embed", "--models", models, "-w", "tile", tmp_path / "a")
    assert f"{tmp_path}/a.hea: the header does not say the sampling rate" in said


def test_windowing_reject_is_the_default(models, recordings):
    assert "500" in fails(1, "embed", "--models", models, recordings / "a")


# ---- by a server

def test_a_server_answers_the_same_bytes(models, recordings, server):
    files = [recordings / "a", recordings / "b"]
    here = json.loads(embed(models, "-f", "json", *files))
    there = json.loads(embed(models, "-f", "json", "-m", "toy", "-s", server, *files))
    again = json.loads(embed(models, "-f", "json", "-m", "toy@2", *files,
                             LATENT_SERVER=server))
    assert there["model"] == "toy@2"
    for h, t, g in zip(here["data"], there["data"], again["data"]):
        assert h["embedding"] == t["embedding"] == g["embedding"]
        assert h["partitions"] == t["partitions"]
        assert h["window"] == t["window"]
        assert g["cache"] == "hit"


@pytest.mark.parametrize("mode", ["reject", "center", "tile"])
@pytest.mark.parametrize("form", ["csv", "npy"])
def test_a_server_answers_the_same_file(models, recordings, server, tmp_path,
                                        mode, form):
    ok("synth", "ecg", "--rate", 250, "--seconds", 1, "-o", tmp_path / "one")
    files = [tmp_path / "one"] + ([recordings / "b"] if mode != "reject" else [])
    for name, where in (("here", ("--models", models)), ("there", ("-s", server))):
        ok("embed", *where, "-m", "toy", "-w", mode, "-f", form,
           "-o", tmp_path / name, *files)
    assert (tmp_path / "here").read_bytes() == (tmp_path / "there").read_bytes()


def test_a_server_takes_other_formats_as_arrays(models, recordings, server):
    args = ("-f", "json", "-m", "toy", recordings / "c.csv")
    here = json.loads(embed(models, *args))
    there = json.loads(embed(models, "-s", server, *args))
    assert [d["embedding"] for d in here["data"]] == [d["embedding"] for d in there["data"]]


def test_what_a_server_refuses_is_one_line(recordings, server):
    assert "none" in fails(1, "embed", "-s", server, "-m", "none", recordings / "a")
    assert "500" in fails(1, "embed", "-s", server, "-m", "toy", recordings / "a")
    fails(1, "embed", "-s", "http://127.0.0.1:9", "-m", "toy", recordings / "a")
    fails(1, "models", "-s", "http://127.0.0.1:9")


# ---- validate, models, inspect

def test_validate_says_what_would_be_done(models, recordings, server):
    args = ("validate", "-m", "toy", "-w", "tile")
    for more in (("--models", models), ("-s", server)):
        said = ok(*args, *more, recordings / "a")
        assert "2 windows for toy@2, channels II, 250 Hz" in said
        assert "500" in fails(1, "validate", "-m", "toy", *more, recordings / "a")


def test_models_are_listed(models, server):
    for args in (("--models", models), ("-s", server)):
        text = ok("models", *args)
        assert "toy@1" in text and "toy@2" in text and "250" in text
    assert len(json.loads(ok("models", "-s", server, "--json"))["data"]) == 2
    fails(1, "models", "--models", "/nonexistent")


def test_inspect_shows_card_and_tensors(models):
    text = ok("inspect", models / "toy.safetensors")
    assert re.search(r"digest +sha256:[0-9a-f]{64}\n", text)
    assert "invariant [0, 4), variant [4, 7), free [7, 8)" in text
    assert re.search(r"\.weight +F32 ", text)
    card = json.loads(ok("inspect", "--card", "--models", models, "toy"))
    assert card["latent"]["dimensions"] == 8
    assert "model        toy@2\n" in ok("inspect", "--models", models, "toy")


def test_inspect_leaves_out_what_does_nothing():
    text = ok("inspect", SOURCE / "deploy/models/imu-scl.safetensors")
    assert "preparation " in text and "divided by" not in text


def test_a_recipe_that_is_nowhere_says_where_it_was_looked_for(tmp_path):
    out = tmp_path / "m.safetensors"
    said = fails(1, "train", "nothing", "--data", tmp_path, "--out", out, cwd=tmp_path)
    assert "no nothing.recipe in ./deploy/recipes or /" in said
    # a file's name is a path, whatever it ends in
    (tmp_path / "mine").write_text("nonsense = 1\n")
    for name in ("mine", "./mine", tmp_path / "mine"):
        assert "nonsense" in fails(1, "train", name, "--data", tmp_path, "--out",
                                   out, cwd=tmp_path)


def test_a_broken_model_is_refused(tmp_path, models):
    file = tmp_path / "x.safetensors"
    file.write_bytes((models / "toy.safetensors").read_bytes()[:-4])
    assert "x.safetensors" in fails(1, "inspect", file)


# ---- train, eval

needs_data = pytest.mark.skipif(not MITDB.is_dir(),
                                reason="no records: set LATENTD_DATA")
RECIPE = SOURCE / "deploy/recipes/ecg-scl.recipe"
SHORT = ("--set", "steps=8", "--set", "batch=8")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("trained") / "tiny.safetensors"
    text = ok("train", RECIPE, "--data", MITDB, "--out", out, *SHORT)
    assert "step 8/8" in text and "steps/s" in text
    assert not os.path.exists(str(out) + ".checkpoint")
    return out


@needs_data
def test_training_that_was_interrupted_ends_in_the_same_bytes(trained, tmp_path):
    out = tmp_path / "tiny.safetensors"
    args = [str(LATENT), "train", str(RECIPE), "--data", str(MITDB), "--out", str(out),
            *SHORT]
    p = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(3):
        p.stdout.readline()  # the data are read
    p.send_signal(signal.SIGINT)
    _, said = p.communicate(timeout=120)
    if p.returncode == 1:  # else it was done before the signal came
        assert "--resume" in said and not out.exists()
        ok(*args[1:], "--resume")
    assert out.read_bytes() == trained.read_bytes()


@needs_data
def test_resume_without_a_checkpoint_is_an_error(tmp_path):
    fails(1, "train", RECIPE, "--data", MITDB, "--out", tmp_path / "x", "--resume")


def test_a_folder_that_is_not_there_is_told_before_training(tmp_path):
    assert "cannot write into" in fails(1, "train", RECIPE, "--data", tmp_path, "--out",
                                        tmp_path / "nowhere" / "x")


@needs_data
def test_a_recipes_line_can_be_overridden_or_not_at_all(tmp_path):
    assert "nonsense" in fails(1, "train", RECIPE, "--data", MITDB, "--out",
                               tmp_path / "x", "--set", "nonsense=1")
    assert "KEY=VALUE" in fails(1, "train", RECIPE, "--data", MITDB, "--out",
                                tmp_path / "x", "--set", "nonsense")


@needs_data
def test_eval_prints_writes_and_draws(trained, tmp_path):
    text = ok("eval", trained, "--data", MITDB, "--recipe", RECIPE, "--windows", 4,
              "--json", tmp_path / "e.json", "--svg", tmp_path / "e.svg")
    assert "Reconstruction" in text
    e = json.loads((tmp_path / "e.json").read_text())["evaluation"]
    assert e["patients"] >= 3 and {"invariant", "variant", "free"} <= set(e["rows"])
    for row in e["rows"].values():
        assert len(row["similarity"]) == len(e["shift_ms"])
        assert row["similarity"][0] == pytest.approx(1.0, abs=1e-4)
        assert min(row["similarity"]) >= -1.0001
        assert 0 <= row["recall_1"] <= row["recall_5"] <= 1
    svg = xml.etree.ElementTree.parse(tmp_path / "e.svg").getroot()
    assert svg.tag.endswith("svg") and len(svg.findall(".//{*}path")) > 12
