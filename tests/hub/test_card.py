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
    ],
)
def test_the_command_that_reproduces_it_is_there(preset, run, lines):
    metadata = {**read_metadata(preset), "recipe": {"preset": "p"}}
    text = model_card(metadata, {"run": run})
    (block,) = re.findall(r"```shell\n(.*?)```", text, re.DOTALL)
    assert block.splitlines() == lines
    assert ("not committed" in text) == ("+changes" in run.get("commit", ""))
    by_hand = model_card({**metadata, "recipe": {}}, {"run": {"commit": "abc"}})
    assert "## Reproduce" not in by_hand


def test_the_zoo_was_made_by_recipes_that_are_here(repository):
    for info in list_presets():
        card = model_card(read_metadata(info.name), read_metrics(info.name))
        (command,) = re.findall(r"^python (recipes/\S+) --preset (\S+)", card, re.M)
        assert f'"{command[1]}"' in (repository / command[0]).read_text("utf-8")


def test_the_zoo_has_the_cards_that_its_files_give():
    """If a card differs: `halo-keras cards` writes all of them anew."""
    from halo_keras.hub import preset_folder

    for info in list_presets():
        text = (preset_folder(info.name) / "README.md").read_text(encoding="utf-8")
        card = model_card(read_metadata(info.name), read_metrics(info.name))
        assert text == card, info.name
