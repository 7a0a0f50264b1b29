"""MNIST in the schema of `ylecun/mnist`, as `datasets` itself writes it."""

import datasets
import numpy as np
import pytest
from PIL import Image

from halo_keras.data.mnist_parquet import DIGIT_NAMES, read_mnist
from halo_keras.hub.errors import HubError

pytestmark = pytest.mark.hub_client

FEATURES = datasets.Features(
    {"image": datasets.Image(), "label": datasets.ClassLabel(names=DIGIT_NAMES)}
)


def digits(count=12, size=(28, 28), features=FEATURES):
    rng = np.random.default_rng(count)
    images = rng.integers(0, 256, (count, *size), dtype=np.uint8)
    labels = np.arange(count) % 10
    rows = {
        "image": [Image.fromarray(image) for image in images],
        "label": labels.tolist(),
    }
    return images, labels, datasets.Dataset.from_dict(rows, features=features)


def push(server, rows, **splits):
    both = datasets.DatasetDict(train=rows, **splits)
    both.push_to_hub(
        "ylecun/mnist", config_name="mnist", data_dir="mnist", token=server.token
    )


def test_from_a_repository_and_from_its_files(hub_server, hub_cache, tmp_path):
    images, labels, rows = digits()
    more, more_labels, other = digits(5)
    push(hub_server, rows, test=other)
    stored = hub_server.files("ylecun/mnist", repo_type="dataset")
    assert "mnist/train-00000-of-00001.parquet" in stored
    found, found_labels = read_mnist("train", cache_dir=hub_cache)
    assert found.dtype == np.uint8 and found_labels.dtype == np.int64
    np.testing.assert_array_equal(found, images)
    np.testing.assert_array_equal(found_labels, labels)
    found, found_labels = read_mnist("test", cache_dir=hub_cache)
    np.testing.assert_array_equal(found, more)
    np.testing.assert_array_equal(found_labels, more_labels)
    requests = len(hub_server.requests)
    read_mnist("test", cache_dir=hub_cache, local_files_only=True)
    assert len(hub_server.requests) == requests
    name = "test-00000-of-00001.parquet"
    for folder in (tmp_path / "flat", tmp_path / "deep/mnist"):
        folder.mkdir(parents=True)
        (folder / name).write_bytes(stored[f"mnist/{name}"])
    for folder in ("flat", "deep"):
        np.testing.assert_array_equal(read_mnist("test", tmp_path / folder)[0], more)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": (14, 28)}, "expected pictures of 28 x 28"),
        ({"size": (28, 28, 3)}, "in mode L, received 28 x 28 in RGB"),
        (
            {
                "features": datasets.Features(
                    {"image": datasets.Image(), "label": datasets.Value("int64")}
                )
            },
            "expected the columns .*label",
        ),
    ],
)
def test_other_schemas_are_refused(change, message, tmp_path):
    _, _, rows = digits(**change)
    rows.cast(rows.features).to_parquet(tmp_path / "train-00000-of-00001.parquet")
    with pytest.raises(ValueError, match=message) as raised:
        read_mnist("train", tmp_path)
    assert "train-00000-of-00001.parquet" in str(raised.value)


def test_what_is_not_there(hub_server, hub_cache, tmp_path):
    with pytest.raises(ValueError, match="split must be one of"):
        read_mnist("valid", tmp_path)
    with pytest.raises(FileNotFoundError, match="test-00000-of-00001.parquet"):
        read_mnist("test", tmp_path)
    with pytest.raises(HubError, match="ylecun/mnist does not exist"):
        read_mnist("test", cache_dir=hub_cache)
