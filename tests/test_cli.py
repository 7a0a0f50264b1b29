"""The command line: what it passes on, what it writes, and one line for a mistake.

A small fake model stands for a preset where only the passing on matters.
"""

import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import halo_keras
from halo_keras.cli import main, parse_times
from halo_keras.data.clip_files import read_clip
from halo_keras.data.clip_writer import write_clip

NAMES = ["walk/front", "walk/left", "slash/front"]


class FakeModel:
    """Verbs that answer with frames from which their arguments can be read off.

    The first pixel of each frame is (content, motion, time), all as 8-bit numbers.
    """

    frame_shape = (16, 16, 3)
    num_frames = 5
    action_names = NAMES
    num_actions = 3

    def __init__(self):
        self.calls = []

    def example_clips(self):
        frames = np.zeros((6, 5, 16, 16, 3), np.uint8)
        frames[..., 0] = 10 * (1 + np.arange(6))[:, None, None, None]
        return {"frames": frames, "action": np.arange(6) % 3, "action_names": NAMES}

    def _answer(self, content, motion, times):
        frames = np.zeros((len(times), 16, 16, 3), "float32")
        frames[..., 0], frames[..., 1] = content / 255, motion / 255
        frames[..., 2] = (np.asarray(times) % 256)[:, None, None] / 255
        return frames

    def swap_motion(
        self, content_from, motion_from, action=None, times=None, tempo=1.0
    ):
        assert content_from.shape[1:] == motion_from.shape[1:] == self.frame_shape
        self.calls.append(("swap_motion", action))
        times = np.arange(len(motion_from)) if times is None else times
        looks, moves = (clip[0, 0, 0, 0] for clip in (content_from, motion_from))
        return self._answer(looks, moves, tempo * np.asarray(times))

    def generate(self, image, action, times=None, start="prior", seed=None):
        assert image.shape == self.frame_shape
        self.calls.append(("generate", action, start, seed))
        times = np.arange(self.num_frames) if times is None else times
        return self._answer(image[0, 0, 0], 0, times)

    def forecast(self, frames, times, action=None):
        self.calls.append(("forecast", action))
        return self._answer(frames[0, 0, 0, 0], 0, times)

    def sample(self, num_clips=1, action=None, times=None, seed=None):
        self.calls.append(("sample", action, seed))
        times = np.arange(self.num_frames) if times is None else times
        return np.stack([self._answer(i, seed % 256, times) for i in range(num_clips)])

    def energy(self, frames, action=None, times=None):
        self.calls.append(("energy", action))
        return 2.0 + 1e-6 * np.sin(times)


@pytest.fixture
def model(monkeypatch, tmp_path):
    """The fake under any preset name; commands run in an empty folder."""
    fake = FakeModel()
    monkeypatch.setattr(halo_keras, "from_pretrained", lambda handle: fake)
    monkeypatch.chdir(tmp_path)
    return fake


def clip(value, num_frames=4, size=16):
    frames = np.zeros((num_frames, size, size, 3), np.uint8)
    frames[..., 0] = value
    return frames


def first_pixels(path):
    return read_clip(path)[:, 0, 0].tolist()


def refused(capsys, *words):
    """The one line on standard error of a command that must exit with 2."""
    with_exit = None
    try:
        status = main(list(words))
    except SystemExit as exit_:  # argparse's way
        status, with_exit = exit_.code, True
    out, err = capsys.readouterr()
    assert status == 2, (words, out, err)
    assert err.count("\n") == 1 and err.endswith("\n"), err
    assert "Traceback" not in err and "error: " in err
    assert with_exit or err.startswith(f"halo-keras {words[0]}: error: ")
    return err


# ---- times ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0:64", list(range(64))),
        ("-8,0.5,1,400", [-8, 0.5, 1, 400]),
        ("3", [3]),
        ("0:2:0.5", [0, 0.5, 1, 1.5]),
        ("4:0:-1", [4, 3, 2, 1]),
        ("0:2,7,-3:-1", [0, 1, 7, -3, -2]),
        ("1e2", [100]),
        ("0:1:0.1", [0.1 * i for i in range(10)]),
        ("0:0.35:0.1", [0, 0.1, 0.2, 0.3]),
    ],
)
def test_times(text, expected):
    np.testing.assert_allclose(parse_times(text), expected, atol=1e-12)


@pytest.mark.parametrize(
    "text", ["", "a", "1,,2", "0:", "0:1:2:3", "4:0", "0:4:0", "nan", "inf", "0:inf"]
)
def test_times_that_are_none(text, capsys, model):
    err = refused(capsys, "forecast", "fake", "--times", text)
    assert f"{text!r} is no list of times; expected for instance 0:64" in err


def test_too_many_times(capsys, model):
    err = refused(capsys, "forecast", "fake", "--times", "0:1e12")
    assert "more than 10000 times" in err


@pytest.mark.parametrize("words", [["--times", "-8,0.5"], ["--times=-8,0.5"]])
def test_negative_times_are_no_option(words, model):
    assert main(["forecast", "fake", *words, "-o", "a.npz"]) == 0
    np.testing.assert_allclose(
        np.array(first_pixels("a.npz"))[:, 2], np.round(np.array([248, 0.5]))
    )


# ---- commands ------------------------------------------------------------------------


def test_swap_of_two_files(model, capsys):
    write_clip("a.gif", clip(70))
    write_clip("b.gif", clip(90, num_frames=6))
    assert main(["swap", "fake", "a.gif", "b.gif", "-o", "out.gif"]) == 0
    assert model.calls == [("swap_motion", None)]
    assert first_pixels("out.gif") == [[70, 90, t] for t in range(6)]
    assert read_clip("out.gif").shape == (6, 64, 64, 3)  # 4 times as large, to see it
    out, err = capsys.readouterr()
    assert out == "wrote out.gif: 6 frames of 16 x 16\n"
    assert err == ""


def test_swap_without_files_uses_the_presets_own_clips(model):
    assert main(["swap", "fake"]) == 0
    content, motion, _ = first_pixels("swap.gif")[0]
    assert (content, motion) == (20, 10)  # the first clip's motion, another's content
    assert model.calls == [("swap_motion", "walk/front")]
    drawn = set()
    for seed in range(20):
        words = ["swap", "fake", "--seed", str(seed), "--action", "slash/front"]
        assert main([*words, "-o", "a.npz"]) == 0
        content, motion, _ = first_pixels("a.npz")[0]
        assert motion in (30, 60) and content in (10, 20, 40, 50)
        drawn.add((content, motion))
    assert len(drawn) > 3
    assert model.calls[-1] == ("swap_motion", "slash/front")


def test_swap_with_only_a_content_file(model):
    write_clip("a.png", clip(70))
    assert main(["swap", "fake", "a.png", "--action", "1", "-o", "a.npz"]) == 0
    assert first_pixels("a.npz")[0] == [70, 20, 0]
    assert model.calls == [("swap_motion", "walk/left")]


@pytest.mark.parametrize("words", [["--tempo", "2"], ["--tempo=2", "--times", "0:4"]])
def test_swap_at_another_tempo(model, words, capsys):
    write_clip("a.npz", clip(70))
    write_clip("b.npz", clip(90))
    assert main(["swap", "fake", "a.npz", "b.npz", "-o", "c.npz", *words]) == 0
    assert first_pixels("c.npz") == [[70, 90, t] for t in (0, 2, 4, 6)]
    assert main(["swap", "fake", "a.npz", "-o", "c.npz", "--tempo", "-1"]) == 0
    assert [t for _, _, t in first_pixels("c.npz")] == [0, 255, 254, 253, 252]
    assert "invalid float value: 'fast'" in refused(
        capsys, "swap", "fake", "--tempo", "fast"
    )


def test_swap_side_by_side(model):
    write_clip("a.npz", clip(70))
    write_clip("b.npz", clip(90))
    words = ["swap", "fake", "a.npz", "b.npz", "--side-by-side", "-o", "out.gif"]
    assert main([*words, "--scale", "1"]) == 0
    frames = read_clip("out.gif")
    assert frames.shape == (4, 16, 3 * 16 + 4, 3)
    assert frames[2, 0, [0, 18, 36]].tolist() == [[70, 0, 0], [90, 0, 0], [70, 90, 2]]


def test_input_is_cropped_and_resized_and_says_so(model, capsys):
    wide = np.zeros((4, 24, 40, 3), np.uint8)
    wide[:, :, 8:32, 0] = 70  # the central square
    write_clip("wide.gif", wide)
    assert main(["forecast", "fake", "wide.gif", "--times", "0:3", "-o", "a.npz"]) == 0
    assert first_pixels("a.npz") == [[70, 0, 0], [70, 0, 1], [70, 0, 2]]
    err = capsys.readouterr().err
    assert err.startswith("wide.gif: cropped from 24 x 40 to the central 24 x 24")
    assert "to 16 x 16" in err


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.npz", "a"])
def test_every_kind_goes_in_and_out(model, name):
    write_clip(name, clip(70))
    assert main(["forecast", "fake", name, "--times", "0:3", "-o", f"out{name}"]) == 0
    assert first_pixels(f"out{name}") == [[70, 0, 0], [70, 0, 1], [70, 0, 2]]


def test_generate(model, capsys):
    write_clip("a.gif", clip(70))
    words = ["generate", "fake", "a.gif", "--action", "walk/left", "-o", "out.npz"]
    assert main(words) == 0
    assert main([*words, "--start", "image", "--seed", "3", "--times", "0:9"]) == 0
    assert model.calls == [
        ("generate", "walk/left", "prior", None),
        ("generate", "walk/left", "image", 3),
    ]
    assert first_pixels("out.npz") == [[70, 0, t] for t in range(9)]
    assert "a.gif: the first of its 4 frames is used." in capsys.readouterr().err


def test_generate_needs_an_action_of_several(model, capsys):
    err = refused(capsys, "generate", "fake")
    assert "give --action, one of: walk/front, walk/left, slash/front." in err
    model.num_actions = 1
    assert main(["generate", "fake"]) == 0


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("a.gif", (5, 64, 4 * (3 * 16 + 2 * 2), 3)),
        ("a.png", None),
        ("a.npz", None),
        ("a", (5, 16, 3 * 16 + 2 * 2, 3)),
    ],
)
def test_sample_of_several(model, name, shape):
    assert main(["sample", "fake", "--num-clips", "3", "--seed", "7", "-o", name]) == 0
    assert model.calls == [("sample", None, 7)]
    if name == "a.npz":
        with np.load(name) as arrays:
            assert arrays["frames"].shape == (3, 5, 16, 16, 3)
    elif name == "a.png":
        assert Image.open(name).size == (5 * 16, 3 * 16)
    else:
        assert read_clip(name).shape == shape


def test_sample_names_its_seed(model, capsys):
    assert main(["sample", "fake", "-o", "a.npz"]) == 0
    seed = int(re.fullmatch(r"drawn with --seed (\d+)\n", capsys.readouterr().err)[1])
    assert model.calls == [("sample", None, seed)]


def test_plot_energy(model, capsys):
    write_clip("a.gif", clip(70))
    assert (
        main(["plot-energy", "fake", "a.gif", "--times", "-8:64", "-o", "e.png"]) == 0
    )
    assert Image.open("e.png").info["Comment"] == "synthetic: halo-keras"
    out = capsys.readouterr().out
    drift = 1e-6 * np.abs(np.sin(np.arange(-8, 64))).max()
    assert out == f"wrote e.png: E = 2, changes by at most {drift:.2g}\n"
    err = refused(capsys, "plot-energy", "fake", "-o", "e.gif")
    assert "must end in .png" in err


# ---- mistakes ------------------------------------------------------------------------


def test_unknown_preset(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    err = refused(capsys, "swap", "halo-tinny")
    assert "halo-tinny" in err
    err = refused(capsys, "info", "halo-tinny")
    assert "halo-tinny" in err
    assert list(tmp_path.iterdir()) == []


def test_unknown_action_is_answered_with_the_names(model, capsys, tmp_path):
    for command in ["swap", "generate", "forecast", "sample", "plot-energy"]:
        err = refused(capsys, command, "fake", "--action", "walk/lefft")
        assert "unknown action 'walk/lefft'; did you mean 'walk/left'?" in err
        assert "walk/front, walk/left, slash/front (or 0 to 2)" in err
        assert "unknown action '3'" in refused(capsys, command, "fake", "--action", "3")
    assert list(tmp_path.iterdir()) == [] and model.calls == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.gif", b"GIF89a and then nonsense", "cannot read GIF a.gif"),
        ("a.gif", None, "a.gif does not exist; expected a GIF"),
        ("a.mp4", b"x", "a.mp4 is of an unknown kind"),
        ("a.png", b"\x89PNG\r\n\x1a\n", "cannot read picture a.png"),
    ],
)
def test_unreadable_input(model, capsys, tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    before = sorted(tmp_path.iterdir())
    assert message in refused(capsys, "swap", "fake", name)
    assert sorted(tmp_path.iterdir()) == before


def test_strip_of_a_wrong_size(model, capsys):
    Image.new("RGB", (100, 64)).save("strip.png")
    err = refused(capsys, "forecast", "fake", "strip.png")
    assert "100 x 64" in err and "T square frames" in err


def test_output_is_checked_before_the_model_is_loaded(capsys, tmp_path, monkeypatch):
    def fail(handle):
        raise AssertionError("the model was loaded first")

    monkeypatch.setattr(halo_keras, "from_pretrained", fail)
    monkeypatch.chdir(tmp_path)
    err = refused(capsys, "swap", "fake", "-o", "out.mp4")
    assert "its name must end in .gif or .png" in err
    assert "there is no folder" in refused(capsys, "swap", "fake", "-o", "no/out.gif")


def test_numbers_out_of_range(model, capsys, tmp_path):
    assert "fps must lie" in refused(capsys, "swap", "fake", "--fps", "0")
    assert "scale must be" in refused(capsys, "swap", "fake", "--scale", "0")
    assert "invalid int" in refused(capsys, "swap", "fake", "--seed", "x")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_file(model, capsys, tmp_path, monkeypatch):
    (tmp_path / "out.gif").write_bytes(b"what was there before")

    def fail(source, target):
        raise OSError("No space left on device")

    monkeypatch.setattr("os.replace", fail)
    assert "No space left" in refused(capsys, "swap", "fake", "-o", "out.gif")
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["out.gif"]
    assert (tmp_path / "out.gif").read_bytes() == b"what was there before"


def test_a_preset_without_motion_is_refused(capsys, monkeypatch, tmp_path):
    class ClipJudge:
        frame_shape = (16, 16, 3)

    monkeypatch.setattr(halo_keras, "from_pretrained", lambda handle: ClipJudge())
    monkeypatch.chdir(tmp_path)
    err = refused(capsys, "swap", "judge-sprites")
    assert "judge-sprites is a ClipJudge and cannot do this" in err


def test_debug_raises(model):
    with pytest.raises(ValueError, match="unknown action"):
        main(["--debug", "swap", "fake", "--action", "no"])


def test_a_bug_is_no_users_mistake(model, monkeypatch):
    def fail(*args, **kwargs):
        raise TypeError("a bug")

    model.swap_motion = fail
    with pytest.raises(TypeError, match="a bug"):
        main(["swap", "fake"])


@pytest.mark.parametrize("words", [[], ["swapp"], ["swap"], ["swap", "a", "--tmies=1"]])
def test_command_line_mistakes_are_one_line(capsys, words):
    err = refused(capsys, *words)
    assert "--help" in err


# ---- help and facts ------------------------------------------------------------------


COMMANDS = (
    "list info swap generate forecast sample plot-energy evaluate figures leaderboard "
    "doctor"
).split()


def test_help_teaches(capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["--help"])
    assert exit_.value.code == 0
    text = capsys.readouterr().out
    for command in COMMANDS:
        assert f"\n    {command}" in text
    for line in re.findall(r"\n  halo-keras (\w+) ", text):
        assert line in COMMANDS
    assert text.count("halo-keras swap") >= 2


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command(capsys, command):
    with pytest.raises(SystemExit) as exit_:
        main([command, "--help"])
    assert exit_.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: halo-keras {command}")
    assert max(len(line) for line in text.splitlines()) <= 100


def test_examples_of_the_help_can_be_parsed():
    """Every example line of every help text is a command line that is understood."""
    from halo_keras.cli import _join_negative_times, _parser

    parser = _parser()
    subparsers = next(
        action for action in parser._actions if action.dest == "command"
    ).choices
    texts = [parser.epilog, *(sub.epilog or "" for sub in subparsers.values())]
    lines = re.findall(r"^  halo-keras ((?:\S+ )*\S+)", "\n".join(texts), re.MULTILINE)
    assert len(lines) >= 12
    for line in lines:
        parser.parse_args(_join_negative_times(line.split()))


@pytest.mark.backend
def test_doctor(capsys):
    import platform

    import keras

    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    rows = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert rows["keras"] == keras.__version__
    assert rows["numpy"] == np.__version__
    assert rows["backend"] == keras.backend.backend()
    assert rows["python"].startswith(platform.python_version())
    assert "cpu" in rows["devices"].lower() or "gpu" in rows["devices"].lower()
    assert {"tensorflow", "jax", "torch", "tensorflow-probability"} <= set(rows)
    assert "presets" in rows


def test_as_a_program(repository):
    """Exit status and one line also from outside, by `python -m`."""
    done = subprocess.run(
        [sys.executable, "-m", "halo_keras.cli", "swap", "no-such-preset"],
        capture_output=True,
        text=True,
        cwd=repository,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "no-such-preset" in done.stderr.splitlines()[-1]
    assert done.stdout == ""


# ---- a real preset -------------------------------------------------------------------


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    """A preset folder of a small untrained HALO, and its model."""
    import keras

    from halo_keras.dynamics import NormalFormDynamics
    from halo_keras.layers import FrameDecoder, FrameEncoder

    keras.utils.set_random_seed(7)
    shape = FakeModel.frame_shape
    model = halo_keras.HALO(
        shape,
        NormalFormDynamics(2, 3, num_frames=5),
        action_names=NAMES,
        num_frames=5,
        content_dim=3,
        encoder=FrameEncoder(shape, channels=(8,), features=8),
        decoder=FrameDecoder(shape, (8, 4), base_channels=4, hidden=16),
        content_hidden=4,
        motion_features=4,
    )
    frames = np.random.default_rng(0).integers(0, 256, (12, 5, *shape), np.uint8)
    model.fit_prior({"frames": frames, "action": np.arange(12, dtype="int32") % 3})
    folder = tmp_path_factory.mktemp("zoo") / "halo-test"
    metadata = {"dataset": "noise", "license": "CC0-1.0", "description": "For tests."}
    metrics = {"swap": {"action": 0.987654321}}
    halo_keras.save_preset(
        model, folder, name="halo-test", metadata=metadata, metrics=metrics
    )
    return str(folder), model


def assert_frames(path, expected):
    expected = np.round(255 * np.asarray(expected)).astype(int)
    difference = np.abs(read_clip(path).astype(int) - expected)
    assert difference.max() <= 1  # a rounding boundary may fall either way


def test_swap_of_a_real_preset(preset, monkeypatch, tmp_path):
    folder, model = preset
    monkeypatch.chdir(tmp_path)
    examples = model.example_clips()["frames"]
    write_clip("a.npz", examples[0])
    write_clip("b.gif", examples[1], scale=4)
    words = ["swap", folder, "a.npz", "a.npz", "--times", "-8,0.5,1,400"]
    assert main([*words, "-o", "c.npz"]) == 0
    expected = model.swap_motion(examples[0], examples[0], times=[-8, 0.5, 1, 400])
    assert_frames("c.npz", expected)
    # Enlarged four times and read back, the clip is nearly what it was.
    assert main(["swap", folder, "a.npz", "b.gif", "-o", "c.gif"]) == 0
    assert read_clip("c.gif").shape == (5, 64, 64, 3)


def test_verbs_of_a_real_preset(preset, monkeypatch, tmp_path, capsys):
    folder, model = preset
    monkeypatch.chdir(tmp_path)
    examples = model.example_clips()
    first, action = examples["frames"][0], int(examples["action"][0])
    assert main(["forecast", folder, "--times", "0:9", "-o", "a.npz"]) == 0
    assert_frames("a.npz", model.forecast(first, range(9), action=action))
    words = ["generate", folder, "--action", "walk/left", "--seed", "4"]
    write_clip("one.png", first[:1])
    assert main([*words[:2], "one.png", *words[2:], "-o", "b.npz"]) == 0
    assert_frames("b.npz", model.generate(first[0], "walk/left", seed=4))
    assert main(["sample", folder, "--num-clips", "1", "--seed", "4"]) == 0
    assert (
        main(["sample", folder, "--num-clips", "1", "--seed", "4", "-o", "c.png"]) == 0
    )
    assert_frames("c.png", model.sample(1, seed=4)[0])
    capsys.readouterr()
    assert main(["plot-energy", folder]) == 0
    energy = model.energy(first, action, times=[0])[0]
    drift = re.match(
        rf"wrote energy.png: E = {energy:.4g}, changes by at most (.*)\n",
        capsys.readouterr().out,
    )
    assert float(drift[1]) < 1e-5 * energy


def test_info_of_a_real_preset(preset, capsys):
    folder, model = preset
    assert main(["info", folder]) == 0
    out = capsys.readouterr().out
    for text in ("halo-test, version 1", "noise", "CC0-1.0", "For tests.", *NAMES):
        assert text in out
    assert f"{model.count_params():,}" in out
    assert re.search(r"^  swap.action +0.98765$", out, re.MULTILINE)


def test_list_is_the_bundled_presets(capsys):
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    for info in halo_keras.list_presets():
        assert info.name in out and info.license in out


def test_a_damaged_preset_is_one_line(preset, tmp_path, capsys):
    import shutil

    folder = tmp_path / "halo-test"
    shutil.copytree(preset[0], folder)
    weights = folder / "model.weights.h5"
    weights.write_bytes(weights.read_bytes()[:-100])
    err = refused(capsys, "swap", str(folder), "-o", str(tmp_path / "a.gif"))
    assert "model.weights.h5" in err
    assert not (tmp_path / "a.gif").exists()
