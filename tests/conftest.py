"""Shared fixtures. Real data lies beside the project, or the test is skipped.

No test can reach the real Hub: a stand-in is started here, and the clients read its
address from the environment when they are imported; subprocesses inherit it.
"""

import os
from pathlib import Path

from hub_server import HubServer
from hub_server.environment import point_clients_at

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")
HUB_SERVER = HubServer()
point_clients_at(HUB_SERVER.url)

from halo_keras.freed_memory import keep_freed_memory  # noqa: E402

if os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow":
    keep_freed_memory()  # as recipes and commands do; it is TensorFlow that it helps

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from hub_server import clocks  # noqa: E402

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real raw material; tests that need it skip where it is absent."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(
            f"real data is not here: {folder.name}/ beside the project is absent"
        )
    return folder


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20221)


@pytest.fixture
def hub_server() -> HubServer:
    """The stand-in for the Hub: no repositories, no faults, an empty record."""
    HUB_SERVER.reset()
    clocks.forget_listings()
    yield HUB_SERVER
    HUB_SERVER.reset()


@pytest.fixture
def hub_cache(tmp_path) -> Path:
    """A fresh folder for `cache_dir`; does not exist yet."""
    return tmp_path / "hub-cache"


@pytest.fixture
def fast_retries(monkeypatch) -> clocks.FastRetries:
    """The client's waits between retries cost nothing; its timeouts are two seconds.
    `fast_retries.slept` lists the waits, in seconds."""
    retries = clocks.FastRetries()
    retries.install(monkeypatch)
    return retries


@pytest.fixture
def set_offline(monkeypatch):
    """`set_offline(True)` acts as `HF_HUB_OFFLINE=1` does in a new process."""

    def run(flag: bool) -> None:
        clocks.set_offline(flag, monkeypatch)

    yield run
    run(False)
