"""The card says what the two JSON files say, in the form that the Hub reads."""

import re

import pytest

from halo_keras.hub import list_presets, read_metadata, read_metrics
from halo_keras.hub.card import model_card


def read_card(text):
    from huggingface_hub import ModelCard

    return ModelCard(text)


def test_the_hub_reads_the_front_matter(preset):
    card = read_card((preset / "README.md").read_text(encoding="utf-8"))
    assert card.data.library_name == "keras"
    assert card.data.license == "apache-2.0"
    assert card.data.pipeline_tag == "image-to-video"
    assert {"keras", "stand-in", "balls"} <= set(card.data.tags)
    measured = {r.metric_type: r.metric_value for r in card.data.eval_results}
    assert measured == {"test.mse": 0.25}  # a seed is no result


def test_the_card_is_made_of_the_files(preset):
    metadata, metrics = read_metadata(preset), read_metrics(preset)
    text = (preset / "README.md").read_text(encoding="utf-8")
    assert text == model_card(metadata, metrics)
    for fact in ("| test.mse | 0.25 |", "| seed | 7 |", "27 parameters", "left, right"):
        assert fact in text
    changed = model_card(metadata, {"test": {"mse": 0.125}})
    assert "| test.mse | 0.125 |" in changed


def test_odd_text_stays_text(preset):
    metadata = {
        **read_metadata(preset),
        "license": "CC-BY-SA 3.0: and others",
        "dataset": "a: b # c",
        "attribution": "<script>|",
    }
    card = read_card(model_card(metadata, {"a|b": 1.0}))
    assert card.data.license == "other"
    assert card.data.to_dict()["license_name"] == "cc-by-sa-3.0-and-others"
    assert "a: b # c" in card.data.tags
    assert "a\\|b" in card.content


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("Apache-2.0", "apache-2.0"),
        ("CC-BY-SA-3.0 or GPL-3.0", ["cc-by-sa-3.0", "gpl-3.0"]),
        ("MUG: its own or none", "other"),
    ],
)
def test_licences_are_those_that_the_hub_knows(preset, licence, expected):
    card = read_card(model_card({**read_metadata(preset), "license": licence}, {}))
    assert card.data.license == expected


def test_the_picture_is_shown_if_there_is_one(preset):
    metadata = read_metadata(preset)
    assert "swap.gif" not in model_card(metadata, {})
    sums = {**metadata["sha256"], "swap.gif": "0" * 64}
    text = model_card({**metadata, "sha256": sums}, {}, "you/stand-in")
    assert re.search(r"^!\[.+\]\(swap\.gif\)$", text, re.M)


def test_the_credits_are_linked_where_they_lie_beside_the_card(preset):
    metadata = {**read_metadata(preset), "attribution": "by A; zoo/CREDITS.md lists B"}
    assert "by A; zoo/CREDITS.md lists B." in model_card(metadata, {})
    there = model_card(metadata, {}, "you/stand-in")
    assert "by A; [CREDITS.md](CREDITS.md) lists B." in there


def test_of_many_numbers_some_come_first_and_all_are_there(preset):
    metadata = read_metadata(preset)
    few = {"reconstruction_mse": 0.25, "swap_mse": 0.5, "num_clips": 9}
    many = {**few, **{f"reconstruction_mse_frame_{k}": k / 100 for k in range(64)}}
    assert "<details>" not in model_card(metadata, {"test": few})
    text = model_card(metadata, {"test": many})
    first, folded = text.split("<details>")
    assert all(f"| test.{name} |" in first for name in few)
    assert "<summary>64 more numbers</summary>\n\n| metric" in folded
    assert folded.count("| test.reconstruction_mse_frame_") == 64
    assert "- `reconstruction`:" in folded and "- `swap`:" in folded
    assert "- `leakage`:" not in folded
    numbers = {r.metric_type for r in read_card(text).data.eval_results}
    assert numbers == {f"test.{name}" for name in many} - {"test.num_clips"}


def test_a_newcomer_is_told_what_it_is_and_what_to_type(preset):
    metadata = {**read_metadata(preset), "family": "halo"}
    text = model_card(metadata, {}, "you/stand-in")
    assert "**content**, what stays, and **motion**, what moves" in text
    assert "model.swap_motion(content_from=a, motion_from=b)" in text
    judge = model_card({**metadata, "family": "judge"}, {}, "you/stand-in")
    assert "A classifier" in judge and "swap_motion" not in judge


def test_the_steps_of_a_card_run_as_they_stand(repository):
    """The bundled preset stands in for the one on the Hub."""
    text = model_card(read_metadata("halo-tiny"), {})
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names = {}
    exec(compile(block, "README.md", "exec"), names)
    assert names["a"].shape == names["b"].shape


def test_every_card_names_use_misuse_and_consent(preset):
    metadata = read_metadata(preset)
    for dataset, family, said in (
        ("balls", "halo", "computed"),
        ("sprites", "halo", "drawn characters"),
        ("mug", "halo", "hold the database's licence"),
        ("sprites", "judge", "Scoring models"),
        ("elsewhere", "halo", "is not recorded here"),
    ):
        text = model_card({**metadata, "dataset": dataset, "family": family}, {})
        assert said in text
        for head in ("## Intended use", "## Misuse", "## Data, licence and consent"):
            assert text.count(head) == 1


def test_the_card_of_a_repository_says_how_to_load_it(preset):
    metadata = read_metadata(preset)
    here, there = model_card(metadata, {}), model_card(metadata, {}, "you/stand-in")
    assert 'from_pretrained("stand-in-balls")' in here and "hf://" not in here
    assert 'from_pretrained("hf://you/stand-in")' in there
    assert 'keras.saving.load_model("hf://you/stand-in")' in there


def test_data_from_the_hub_is_named_with_its_revision(preset):
    metadata = read_metadata(preset)
    run = {"dataset_source": "hf://you/clips@0123456"}
    card = read_card(model_card(metadata, {"test": {"mse": 1.0}, "run": run}))
    assert card.data.datasets == ["you/clips"]
    (result,) = card.data.eval_results
    assert (result.dataset_type, result.dataset_revision) == ("you/clips", "0123456")
    assert (
        read_card(
            model_card(metadata, {"run": {"dataset_source": "/raw"}})
        ).data.datasets
        is None
    )


@pytest.mark.parametrize(
    ("run", "lines"),
    [
        ({}, ["python recipes/train_balls.py --preset p"]),
        (
            {"commit": "abc"},
            ["git checkout abc", "python recipes/train_balls.py --preset p"],
        ),
        (
            {"commit": "abc+changes", "command": "python recipes/train_balls.py"},
            ["git checkout abc", "python recipes/train_balls.py"],
        ),
        (
            {
                "command": "python recipes/train_balls.py --source hf://you/c@main",
                "dataset_source": "hf://you/c@0123456",
            },
            ["python recipes/train_balls.py --source hf://you/c@0123456"],
        ),
    ],
)
def test_the_command_that_reproduces_it_is_there(preset, run, lines):
    metadata = {**read_metadata(preset), "recipe": {"preset": "p"}}
    text = model_card(metadata, {"run": run})
    (block,) = re.findall(r"```shell\n(.*?)```", text, re.DOTALL)
    assert block.splitlines() == lines
    assert ("not committed" in text) == ("+changes" in run.get("commit", ""))
    first = {**metadata, "recipe": {"preset": "p", "init": "runs/base"}}
    assert "before, with `--preset base`" in model_card(first, {"run": run})
    tuned = {**metadata, "recipe": {"preset": "p", "init": "halo-balls"}}
    assert "from the weights of `halo-balls`." in model_card(tuned, {"run": run})
    by_hand = model_card({**metadata, "recipe": {}}, {"run": {"commit": "abc"}})
    assert "## Reproduce" not in by_hand


def test_the_zoo_was_made_by_recipes_that_are_here(repository):
    for info in list_presets():
        card = model_card(read_metadata(info.name), read_metrics(info.name))
        pattern = r"^python (recipes/\S+)(?: --preset (\S+))?"
        ((recipe, name),) = re.findall(pattern, card, re.M)
        text = (repository / recipe).read_text("utf-8")
        # Without a name it is the first one.
        first = f'RECIPES = {{\n    "{info.name}": Recipe('
        assert f'"{name}"' in text if name else first in text, info.name


def test_the_zoo_has_the_cards_that_its_files_give():
    """If a card differs: `halo-keras cards` writes all of them anew."""
    from halo_keras.hub import preset_folder

    for info in list_presets():
        text = (preset_folder(info.name) / "README.md").read_text(encoding="utf-8")
        card = model_card(read_metadata(info.name), read_metrics(info.name))
        assert text == card, info.name
