"""The card says what the two JSON files say, in the form that the Hub reads."""

from halo_keras.hub import read_metadata, read_metrics
from halo_keras.hub.card import model_card


def test_the_hub_reads_the_front_matter(preset):
    from huggingface_hub import ModelCard

    card = ModelCard((preset / "README.md").read_text(encoding="utf-8"))
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
    from huggingface_hub import ModelCard

    metadata = {
        **read_metadata(preset),
        "license": "CC-BY-SA 3.0: and others",
        "dataset": "a: b # c",
        "attribution": "<script>|",
    }
    card = ModelCard(model_card(metadata, {"a|b": 1.0}))
    assert card.data.license == "other"
    assert "a: b # c" in card.data.tags
    assert "a\\|b" in card.content
