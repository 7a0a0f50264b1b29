"""The README's Python runs verbatim, and its table is what was measured."""

import json
import re
import shlex

import numpy as np
import pytest

from halo_keras import cli, data

TABLE = re.compile(r"<!-- presets:.*?-->\n(.*?)<!-- end of presets -->", re.DOTALL)


JUDGE_COLUMNS = tuple(
    (f"judge_real_{head}_accuracy", head + " {:.4f}")
    for head in ("action", "body", "bottomwear", "topwear", "hair")
)


@pytest.fixture(scope="module")
def readme(repository):
    return (repository / "README.md").read_text(encoding="utf-8")


def python_blocks(text):
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


# Keys of metrics.json and how the table shows them.
COLUMNS = (
    ("reconstruction_mse", "reconstruction MSE {:.5f}"),
    ("reconstruction_ssim", "SSIM {:.3f}"),
    ("rollout_57_64_mse", "frames 57-64 MSE {:.5f}"),
    ("swap_action_accuracy", "swap: action {:.3f}"),
    ("swap_body_accuracy", "body {:.3f}"),
    ("swap_bottomwear_accuracy", "bottomwear {:.3f}"),
    ("swap_topwear_accuracy", "topwear {:.3f}"),
    ("swap_hair_accuracy", "hair {:.3f}"),
    ("swap_mse", "swap MSE {:.5f}"),
    ("forward_2x_mse", "2 x the length: MSE {:.6f}"),
    ("forward_8x_mse", "8 x: {:.6f}"),
    ("backward_8x_mse", "8 x backward: {:.6f}"),
)


def test_python_blocks_run_verbatim(readme, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = python_blocks(readme)
    assert len(blocks) == 2
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})
    assert (tmp_path / "my-halo" / "model.weights.h5").is_file()


def test_the_commands_of_the_hub_section_run(readme, tmp_path, monkeypatch, hub_server):
    from hub_server.access import TOKEN

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    section = readme.split("\n## Hub\n", 1)[1].split("\n## ", 1)[0]
    (block,) = re.findall(r"```shell\n(.*?)```", section, re.DOTALL)
    commands = [shlex.split(line, comments=True) for line in block.splitlines()]
    assert len(commands) == 5
    for program, *words in commands:
        assert program == "halo-keras" and cli.main(words) == 0
        if "--dry-run" in words:
            assert not hub_server.requests
    assert hub_server.files("you/halo-tiny")["config.json"]
    weights = (tmp_path / "my-tiny" / "model.weights.h5").read_bytes()
    assert hub_server.files("you/halo-tiny")["model.weights.h5"] == weights
    assert (tmp_path / "swap.gif").is_file()


def test_the_commands_of_the_datasets_section_run(
    readme, tmp_path, monkeypatch, hub_server
):
    """All but the training, which tests/training/test_hub_options.py runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_TOKEN", hub_server.token)
    section = readme.split("\n## Datasets on the Hub\n", 1)[1].split("\n## ", 1)[0]
    (block,) = re.findall(r"```shell\n(.*?)```", section, re.DOTALL)
    commands = [shlex.split(line, comments=True) for line in block.splitlines()]
    build, *others, (python, recipe, *_) = commands
    assert [words[0] for words in commands[:-1]] == 3 * ["halo-keras"]
    assert (python, recipe) == ("python", "recipes/train_balls.py")
    small = ["--set", "num_clips=4"]  # the whole dataset would take a minute
    assert cli.main([*build[1:], *small]) == 0
    for _, *words in others:
        assert cli.main(words) == 0
    sha = hub_server.commits("you/balls", repo_type="dataset")[0]
    handle = f"hf://you/balls@{sha}"
    found = data.load("balls", "train", source=handle)
    expected = data.load("balls", "train", num_clips=4, num_frames=16)
    np.testing.assert_array_equal(found.frames, expected.frames)


def preset_table(repository):
    """The README's table, from the presets' own files."""
    lines = [
        "| preset | data | licence | size | measured on the test clips |",
        "|---|---|---|---|---|",
    ]
    from halo_keras import list_presets

    for info in list_presets():
        path = repository / "zoo" / info.name / "metrics.json"
        test = json.loads(path.read_text(encoding="utf-8")).get("test", {})
        columns = JUDGE_COLUMNS if info.family == "judge" else COLUMNS
        shown = [text.format(test[key]) for key, text in columns if key in test]
        lines.append(
            f"| `{info.name}` | {info.data} | {info.license} | "
            f"{info.size_bytes / 1e6:.1f} MB | {', '.join(shown)} |"
        )
    return "\n".join(lines) + "\n"


def test_table_is_what_the_presets_metrics_say(readme, repository):
    (table,) = TABLE.findall(readme)
    assert table == preset_table(repository), (
        "the README's table of presets differs from zoo/*/metrics.json; it should be:\n"
        + preset_table(repository)
    )
