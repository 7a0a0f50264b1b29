"""Cards of datasets: YAML that parses, from `clips.json` and nothing else."""

import pytest
import yaml
from data import parquet_cases as cases

from halo_keras import data
from halo_keras.data.clip_folder import build_folder
from halo_keras.data.dataset_card import dataset_card


def parts(dataset, tmp_path, repo_id=None):
    """Front matter and text of the card."""
    card = dataset_card(build_folder([dataset], tmp_path / "clips", 2), repo_id)
    _, head, text = card.split("---\n", 2)
    return yaml.safe_load(head), text


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("CC0-1.0", {"license": "cc0-1.0"}),
        ("CC-BY-SA-3.0 or GPL-3.0", {"license": ["cc-by-sa-3.0", "gpl-3.0"]}),
        (
            'X: "mine", no\\yours',
            {"license": "other", "license_name": "x-mine-no-yours"},
        ),
    ],
)
def test_licences(licence, expected, tmp_path):
    head, text = parts(cases.video(license=licence), tmp_path)
    assert {k: v for k, v in head.items() if k.startswith("license")} == expected
    assert f"{licence}.\n\nSource: made of random numbers" in text


def test_the_front_matter_names_every_file(tmp_path):
    head, _ = parts(cases.video(), tmp_path)
    (config,) = head["configs"]
    ((split),) = config["data_files"]
    files = sorted(f"data/{path.name}" for path in (tmp_path / "clips/data").iterdir())
    assert split == {"split": "train", "path": files} and len(files) == 2
    assert head["size_categories"] == ["n<1K"]
    assert "image-to-video" in head["task_categories"]


def test_no_repository_is_claimed(tmp_path):
    _, text = parts(cases.video(), tmp_path)
    assert "hf://OWNER/NAME" in text
    _, text = parts(cases.full(), tmp_path / "more", "me/noise")
    assert 'source="hf://me/noise"' in text and "OWNER" not in text


def test_what_strangers_call_their_labels_stays_in_its_cell(tmp_path):
    odd = cases.video(label_names={"action": ["a | b", "<script>"]})
    _, text = parts(odd, tmp_path)
    assert "- action: a \\| b, &lt;script>" in text


def test_a_dataset_of_this_package_is_described(tmp_path):
    _, text = parts(data.load("balls", "test", num_clips=4, num_frames=2), tmp_path)
    assert "\n# balls\n\nRotating balls: content is a ball's colour and" in text
    assert all(data.registry.summary(name).endswith(".") for name in data.names())
    assert data.registry.summary("elsewhere") is None
