"""`python save_often.py HANDLE CACHE FOLDER TIMES`, for `test_atomic_saves.py`.

Pulls a preset into a cache that others use too, then saves it so many times to a folder
to which others save too. Says when.
"""

import sys

from halo_keras import hub


def main(handle: str, cache: str, folder: str, times: str) -> None:
    model = hub.from_pretrained(handle, cache_dir=cache)
    print("pulled", flush=True)
    for _ in range(int(times)):
        hub.save_preset(
            model,
            folder,
            name="halo-fixture",
            metadata={"dataset": "noise", "license": "Apache-2.0"},
            metrics={},
        )
        print("saved", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
