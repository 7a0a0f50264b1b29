"""The clients' own waits, memories and switches, as tests need them."""

import importlib
import sys
import time

# Where the client waits between retries.
WAITING = ("huggingface_hub.utils._http", "huggingface_hub.file_download")
TIMEOUTS = ("HF_HUB_ETAG_TIMEOUT", "HF_HUB_DOWNLOAD_TIMEOUT")


class FastRetries:
    """Stands in for the module `time` in the client: sleeping only takes notes."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def __getattr__(self, name: str):
        return getattr(time, name)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def install(self, monkeypatch) -> None:
        for name in WAITING:
            module = importlib.import_module(name)
            if hasattr(module, "time"):
                monkeypatch.setattr(module, "time", self)
        constants = importlib.import_module("huggingface_hub.constants")
        for name in TIMEOUTS:
            monkeypatch.setattr(constants, name, 2)


def forget_listings() -> None:
    """Drops the file listings that the client's file system keeps per process."""
    module = sys.modules.get("huggingface_hub.hf_file_system")
    if module is not None:
        module.HfFileSystem.clear_instance_cache()


def set_offline(flag: bool, monkeypatch) -> None:
    """What `HF_HUB_OFFLINE=1` in the environment of a new process would do."""
    constants = importlib.import_module("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", flag)
    # Before 1.0 the switch was built into each thread's session.
    utils = importlib.import_module("huggingface_hub.utils")
    getattr(utils, "reset_sessions", lambda: None)()
