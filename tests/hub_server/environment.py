"""The environment that keeps the clients away from the real Hub."""

import atexit
import os
import shutil
import sys
import tempfile

# Set by a developer or by CI, these would lead elsewhere or change what is tested.
UNWANTED = (
    "DATASETS_OFFLINE",
    "HF_DATASETS_CACHE",
    "HF_DATASETS_OFFLINE",
    "HF_ASSETS_CACHE",
    "HF_HUB_CACHE",
    "HF_HUB_OFFLINE",
    "HF_TOKEN",
    "HF_TOKEN_PATH",
    "HF_XET_CACHE",
    "HUGGINGFACE_ASSETS_CACHE",
    "HUGGINGFACE_CO_STAGING",
    "HUGGINGFACE_HUB_CACHE",
    "HUGGING_FACE_HUB_TOKEN",
    "TRANSFORMERS_OFFLINE",
)
CLIENTS = ("huggingface_hub", "datasets")


def point_clients_at(url: str) -> None:
    """Sets the environment for this process and those it starts.

    Raises:
        RuntimeError: a client was imported before and has read the old values.
    """
    early = [name for name in CLIENTS if name in sys.modules]
    if early:
        raise RuntimeError(f"{early} imported before the test server was started")
    home = tempfile.mkdtemp(prefix="halo-keras-tests-hub-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    for name in UNWANTED:
        os.environ.pop(name, None)
    os.environ.update(
        HF_ENDPOINT=url,
        HF_HOME=home,
        HF_HUB_DISABLE_XET="1",
        HF_HUB_DISABLE_TELEMETRY="1",
        HF_HUB_DISABLE_PROGRESS_BARS="1",
        HF_HUB_DISABLE_UPDATE_CHECK="1",
        # Seconds. A busy machine needs some; `fast_retries` sets fewer.
        HF_HUB_ETAG_TIMEOUT="9",
        HF_HUB_DOWNLOAD_TIMEOUT="9",
        NO_PROXY="127.0.0.1,localhost",
        no_proxy="127.0.0.1,localhost",
    )
