"""A folder of clips: parquet files, their description and the card, all or nothing.

It is what is pushed to the Hub, and can be loaded from where it lies.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.clip_description import DESCRIPTION, Description, merged
from halo_keras.data.clip_parquet import write_split
from halo_keras.data.clip_writer import replacing
from halo_keras.data.dataset_card import dataset_card
from halo_keras.data.description_file import read_description

CARD, CREDITS = "README.md", "CREDITS.md"


def build_folder(
    datasets: Iterable[ClipDataset], folder: Path, num_shards: int | None = None
) -> Description:
    """Writes splits of one dataset as a folder: parquet, `clips.json` and the card.

    Args:
        datasets: the splits, each taken only when the one before it is written.
        folder: absent, empty, or with other splits of the same dataset.
        num_shards: see `write_split`; of each split.

    Raises: ValueError if the splits do not fit together; FileExistsError if `folder`
        holds something else or one of the splits. Nothing is changed then.
    """
    folder = Path(folder)
    whole = None
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        if not (folder / DESCRIPTION).is_file():
            raise FileExistsError(f"{folder} is not empty: choose another folder.")
        whole = read_description(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{folder.name}.partial-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=folder.parent) as draft:
        draft, written = Path(draft), None
        for dataset in datasets:
            if whole is not None and dataset.split in whole.splits:
                raise FileExistsError(
                    f"{folder} holds a split {dataset.split!r} already: choose another "
                    "folder."
                )
            written = write_split(dataset, draft, num_shards)
            where = f"the folder {folder}"
            whole = written if whole is None else merged(whole, written, where)
        if written is None:
            raise ValueError("there is no split to write.")
        write_description(whole, draft)
        (folder / "data").mkdir(parents=True, exist_ok=True)
        # The description comes last: until then the folder is what it was.
        names = sorted(str(path.relative_to(draft)) for path in draft.glob("data/*"))
        for name in (*names, *_credits(whole, draft), CARD, DESCRIPTION):
            os.replace(draft / name, folder / name)
    return whole


def write_description(
    description: Description, folder: Path, repo_id: str | None = None
) -> None:
    """Writes `clips.json` and `README.md`, whose commands name `repo_id` if given."""
    from halo_keras.hub.strict_json import to_json, write_text

    texts = {
        DESCRIPTION: to_json(description.to_dict()),
        CARD: dataset_card(description, repo_id),
    }
    for name, text in texts.items():
        with replacing(folder / name) as part:
            write_text(part, text)


def _credits(description: Description, folder: Path) -> list[str]:
    """Copies the package's credits beside the clips if the attribution names them."""
    from halo_keras.hub.index import zoo_folder

    if f"zoo/{CREDITS}" not in description.attribution:
        return []
    shutil.copyfile(zoo_folder() / CREDITS, folder / CREDITS)
    return [CREDITS]
