"""latent train on manifests of made-up hearts."""
import json
import subprocess
import zipfile

import pytest

from conftest import BUILD

RECIPE = """
objective = scl
leads = II
window = 64
rate = 100
high = 30
encoder = conv1d 4 k5 s2 p2, batchnorm, relu, flatten, linear 12
task = linear 128, unflatten w32 c4, batchnorm, relu, upsample x2,
  conv1d 1 k5 p2
invariant = 6
variant = 3
free = 3
batch = 8
steps = 6
warm_up = 2
max_shift = 100
validate_every = 3
validate_windows = 8
"""


def latent(*args, status=0):
    p = subprocess.run([str(BUILD / "latent"), *map(str, args)],
                       capture_output=True, text=True)
    assert p.returncode == status, p.stdout + p.stderr
    assert "Sanitizer" not in p.stderr, p.stderr
    return p


@pytest.fixture
def hearts(tmp_path):
    """Ten hearts: six packed as CSV, two as records, two as files; a recipe."""
    (tmp_path / "r.recipe").write_text(RECIPE)
    (tmp_path / "one").mkdir()
    with zipfile.ZipFile(tmp_path / "six.zip", "w") as z:
        for i in range(10):
            name = tmp_path / (f"{i}.csv" if i < 8 else f"rec{i}")
            latent("synth", "ecg", "-o", name, "-r", 200, "-t", 15,
                   "--seed", i)
            if i < 6:
                z.write(name, f"csv/{i}.csv")
                name.unlink()
            elif i < 8:
                name.rename(tmp_path / "one" / name.name)
            else:
                for end in (".hea", ".dat"):
                    z.write(f"{name}{end}", f"rec{i}{end}")
                    (tmp_path / f"rec{i}{end}").unlink()
    return tmp_path


def line(i, **more):
    place = ({"file": "six.zip", "entry": f"csv/{i}.csv"} if i < 6 else
             {"file": f"one/{i}.csv"} if i < 8 else
             {"file": "six.zip", "entry": f"rec{i}.hea"})
    return {**place, "subject": f"p{i}", **more}


def write(path, lines):
    path.write_text("".join(json.dumps(l) + "\n" for l in lines))
    return path


def train(folder, *args, status=0):
    return latent("train", folder / "r.recipe", "--out",
                  folder / "m.safetensors", "--threads", 1, *args,
                  status=status)


def test_hearts_of_a_manifest_train_a_model(hearts):
    data = write(hearts / "train.jsonl", [line(i) for i in range(10)])
    said = train(hearts, "--data", data)
    assert "training    8 records of 8 subjects" in said.stdout
    assert "validation  2 records of 2 subjects" in said.stdout
    first = (hearts / "m.safetensors").read_bytes()
    train(hearts, "--data", data)
    assert (hearts / "m.safetensors").read_bytes() == first
    said = train(hearts, "--data", data, "--share", 0.5)
    assert "validation  5 records" in said.stdout


def test_another_manifest_validates(hearts):
    data = write(hearts / "train.jsonl", [line(i) for i in range(2, 10)])
    valid = write(hearts / "valid.jsonl", [line(0), line(1)])
    said = train(hearts, "--data", data, "--valid", valid)
    assert "training    8 records" in said.stdout
    assert "validation  2 records" in said.stdout
    both = write(hearts / "valid.jsonl", [line(0), line(5)])
    said = train(hearts, "--data", data, "--valid", both, status=1)
    assert "subject p5 is on two sides: in train and in valid" in said.stderr


def test_what_cannot_be_used_is_named(hearts):
    lines = [line(i) for i in range(10)] + [
        line(6, segment=[0, 100]),
        line(6, segment=[0, 2000], sampling_rate_hz=360),
        line(6, segment=[0, 2001], channels=["V5"]), line(7, segment=[100, 99999]),
        {"file": "gone.csv", "subject": "x"},
        {"file": "six.zip", "subject": "x"},
        {"file": "six.zip", "entry": "csv/77.csv", "subject": "x"},
        {"file": "../six.zip", "entry": "csv/1.csv", "subject": "x"},
        {"file": "six.zip", "entry": "csv/1.csv"}]
    data = write(hearts / "train.jsonl", lines)
    said = train(hearts, "--data", data)
    for part in ("are needed for a window", "the manifest says 360",
                 "is called V5 in the manifest", "segment [100, 99999]",
                 "gone.csv", "which entry?", "no entry csv/77.csv",
                 "leads out of the manifest's folder",
                 "line 19: subject is not a text"):
        assert part in said.stderr, part
    assert "training    8 records of 8 subjects" in said.stdout


def test_nothing_that_can_be_used_is_an_error(hearts):
    data = write(hearts / "train.jsonl", [line(6, segment=[0, 10]),
                                          line(7, segment=[0, 10])])
    said = train(hearts, "--data", data, status=1)
    assert "none to train on" in said.stderr
    assert "too" in said.stderr or "are needed" in said.stderr
    said = train(hearts, "--data", hearts, "--share", 0.1, status=1)
    assert "are for manifests" in said.stderr


def test_labels_become_classes(hearts):
    text = RECIPE.replace("objective = scl", "objective = supcon\nclasses = *")
    text = "\n".join(l for l in text.split("\n") if not l.startswith("  conv"))
    text = text.replace("task = linear 128, unflatten w32 c4, batchnorm, relu,"
                        " upsample x2,", "task = linear 2")
    (hearts / "r.recipe").write_text(text)
    data = write(hearts / "train.jsonl",
                 [line(i, label="ab"[i % 2]) for i in range(10)])
    said = train(hearts, "--data", data)
    assert "wrote" in said.stdout
    said = train(hearts, "--data", write(
        hearts / "none.jsonl", [line(i) for i in range(10)]), status=1)
    assert "no recording a label" in said.stderr
