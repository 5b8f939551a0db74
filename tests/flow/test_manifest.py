"""latent train on manifests of made-up hearts."""
import json
import subprocess
import zipfile

import pytest

from conftest import BUILD
from test_latent import SOURCE

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


# ---- images

IMAGES = """
dataset = images
size = 12
width = 3
blocks = 1
hidden = 9
dims = 10
nonnegativity = rep_relu
gate = ste
batch = 6
steps = 6
warm_up = 2
validate_every = 3
"""


@pytest.fixture
def scenes(tmp_path):
    """Twelve pictures of two scenes, as files and packed by folder; a recipe."""
    (tmp_path / "r.recipe").write_text(IMAGES)
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as z:
        for scene in ("ship", "truck"):
            (tmp_path / scene).mkdir()
            for i in range(6):
                png = tmp_path / scene / f"{i}.png"
                latent("synth", "image", "--scene", scene, "--seed", i,
                       "--size", 20, "-o", png)
                z.write(png, f"all/{scene}/{i}.png")
        z.writestr("all/notes.txt", "of no use")
        z.writestr("all/ship/cut.png", png.read_bytes()[:80])
    return tmp_path


def shown(scene, i, **more):
    return {"file": f"{scene}/{i}.png", "label": scene, **more}


def card(folder):
    return json.loads(latent("inspect", folder / "m.safetensors",
                             "--card").stdout)


def test_images_of_a_manifest_train_a_model(scenes):
    data = write(scenes / "train.jsonl",
                 [shown(s, i, subject=f"{s}{i // 2}")
                  for s in ("ship", "truck") for i in range(6)] +
                 [{"file": "two.zip", "entry": "all/ship/cut.png"},
                  {"file": "none.png"}, {"file": "two.zip"},
                  shown("ship", 1, channels=["II"])])
    said = train(scenes, "--data", data)
    assert "10 images of 2 classes" in said.stdout
    assert "2 images of 2 classes" in said.stdout and "% right" in said.stdout
    assert "all/ship/cut.png: " in said.stderr
    assert "none.png: cannot open" in said.stderr
    assert "an archive: which entry?" in said.stderr
    assert "line 16: an image has no channels" in said.stderr
    assert card(scenes)["training"]["images"] == {"train": 10, "valid": 2,
                                                  "test": 0}


def test_an_archive_is_a_folder_for_each_class(scenes):
    said = train(scenes, "--data", scenes / "two.zip", "--share", 0.25)
    assert "9 images of 2 classes" in said.stdout
    assert "all/notes.txt: it is no image" in said.stderr
    assert "all/ship/cut.png: not a readable PNG" in said.stderr
    valid = scenes / "valid.zip"
    with zipfile.ZipFile(valid, "w") as z:
        z.write(scenes / "ship" / "0.png", "0.png")
        z.write(scenes / "ship" / "1.png", "1.png")
    said = train(scenes, "--data", scenes / "two.zip", "--valid", valid)
    assert "12 images of 2 classes" in said.stdout


def test_training_of_images_goes_on_from_a_model(scenes):
    data = scenes / "two.zip"
    train(scenes, "--data", data)
    parent = scenes / "parent.safetensors"
    (scenes / "m.safetensors").rename(parent)
    (scenes / "r.recipe").write_text(
        IMAGES.replace("size = 12", "size = 16").replace("dims = 10", "dims = 5"))
    train(scenes, "--data", data, "--from", parent, "--freeze", 3,
          "--early-lr", 0.1)
    made = card(scenes)
    assert made["latent"]["dimensions"] == 10 and made["input"]["height"] == 12
    assert made["training"]["parent"]["digest"].startswith("sha256:")
    assert "freeze = 3\nearly_lr = 0.1\n" in made["training"]["recipe"]


@pytest.mark.parametrize("recipe, data, says", [
    (RECIPE, "ships.jsonl", "line 1: ship/0.png is an image, and what is "
                            "trained reads signals"),
    (RECIPE, "two.zip", "an archive alone is for images"),
    (IMAGES, "hearts.jsonl", "line 1: a.csv is a signal, and what is trained "
                             "reads images"),
    (IMAGES, "notes.jsonl", "its name must end in .png, .jpg or .jpeg"),
])
def test_signals_and_images_are_told_apart(scenes, recipe, data, says):
    (scenes / "r.recipe").write_text(recipe)
    (scenes / "a.csv").write_text("II\n1\n2\n")
    write(scenes / "ships.jsonl", [shown("ship", 0, subject="a")])
    write(scenes / "hearts.jsonl", [{"file": "a.csv", "subject": "a"}])
    write(scenes / "notes.jsonl", [{"file": "two.zip", "subject": "a",
                                    "entry": "all/notes.txt"}])
    assert says in train(scenes, "--data", scenes / data, status=1).stderr


def test_a_model_of_signals_is_no_parent_of_one_of_images(scenes):
    ecg = SOURCE / "deploy/models/ecg-scl.safetensors"
    assert "reads signals, the recipe is of images" in train(
        scenes, "--data", scenes / "two.zip", "--from", ecg, status=1).stderr
    (scenes / "r.recipe").write_text(RECIPE)
    ncl = SOURCE / "deploy/models/image-ncl.safetensors"
    assert "reads images, the recipe is of signals" in train(
        scenes, "--data", scenes / "two.zip", "--from", ncl, status=1).stderr
