"""Presets to the Hub and from it: a checked list of files, one commit, one card."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from halo_keras.hub import client, handles
from halo_keras.hub.card import model_card
from halo_keras.hub.errors import PresetError
from halo_keras.hub.index import zoo_folder
from halo_keras.hub.licences import why_no_model
from halo_keras.hub.preset_files import CARD, file_names, load_metadata, load_metrics
from halo_keras.hub.presets import verify_folder
from halo_keras.hub.resolving import HubOptions, resolve
from halo_keras.hub.swapping import draft_of, put_in_place

CREDITS = "CREDITS.md"


@dataclass(frozen=True)
class Publication:
    """What goes, or went, to a repository. Prints as a report.

    Attributes:
        repo_id: `"owner/name"`.
        files: name -> size in bytes.
        left_out: names in the folder that do not belong to the preset.
        card: the text of README.md.
        url: of the commit or pull request; None for a dry run.
        commit: its 40 digits; None for a dry run.
    """

    repo_id: str
    files: dict[str, int]
    left_out: list[str]
    card: str
    url: str | None = None
    commit: str | None = None

    def __str__(self) -> str:
        width = max(map(len, self.files))
        done = "Would upload" if self.url is None else "Uploaded"
        lines = [f"{done} to {self.repo_id}, in one commit:"]
        lines += [f"  {name:{width}}  {n:>10,} B" for name, n in self.files.items()]
        if self.left_out:
            lines.append(f"Not part of the preset: {', '.join(self.left_out)}")
        if self.url is not None:
            lines.append(f"See {self.url}")
            handle = f"hf://{self.repo_id}@{self.commit}"
            lines.append(f"Load it: halo_keras.from_pretrained({handle!r})")
        return "\n".join(lines)


def publish(
    preset,
    repo_id: str,
    *,
    private: bool | None = None,
    revision: str | None = None,
    create_pr: bool = False,
    dry_run: bool = False,
    token: str | bool | None = None,
) -> Publication:
    """Uploads a preset to a repository on the Hugging Face Hub, in one commit.

    The preset is verified first. Exactly its own files go, with a card made anew for
    this repository; whatever else lies in the folder stays where it is. The endpoint
    is the Hub client's own (`HF_ENDPOINT`).

    Args:
        preset: a folder, or the name of a bundled preset.
        repo_id: `"owner/name"`; created if it is not there.
        private: True or False for a new repository; an old one must be so already.
            Must be given if the licence of the data forbids to pass the data on,
            because a model can give its training clips back.
        revision: a branch; None for the default one.
        create_pr: propose the commit to a repository of somebody else.
        dry_run: ask nothing, upload nothing, only say what would be.
        token: with the right to write; None for the one of the client's login.

    Raises:
        PresetError: the preset is damaged, or this may not be uploaded so.
        HubError: the Hub refused, or cannot be reached.
    """
    if handles.is_handle(preset):
        raise PresetError(
            f"{preset} is on the Hub already: pull it to a folder, and publish that."
        )
    handles.check_repo_id(repo_id)
    found = resolve(preset)
    verify_folder(found.folder, found.sums)
    metadata = load_metadata(found.folder, found.sums)
    check_licence(metadata, private)
    names = file_names(metadata)
    card = model_card(metadata, load_metrics(found.folder), repo_id)
    files = {name: _own_file(found.folder, name) for name in names}
    files[CARD] = card.encode("utf-8")
    if f"zoo/{CREDITS}" in metadata["attribution"]:
        # What the attribution refers to has to come along.
        files[CREDITS] = _own_file(zoo_folder(), CREDITS)
    sizes = {
        name: len(file) if isinstance(file, bytes) else file.stat().st_size
        for name, file in files.items()
    }
    there = {path.name for path in found.folder.iterdir()}
    plan = Publication(repo_id, sizes, sorted(there - set(files)), card)
    if dry_run:
        return plan
    done = client.upload(
        repo_id,
        files,
        message=f"{metadata['name']}, version {metadata['version']}",
        private=private,
        revision=revision,
        create_pr=create_pr,
        token=token,
    )
    return Publication(repo_id, sizes, plan.left_out, card, done.url, done.commit)


def pull(
    preset,
    folder=None,
    *,
    revision: str | None = None,
    cache_dir=None,
    force_download: bool = False,
    token: str | bool | None = None,
    local_files_only: bool = False,
) -> Path:
    """Fetches all files of a preset from the Hub, and verifies them.

    Args:
        preset: `"hf://owner/name[@revision]"`, or the name of a preset that the
            package's index pins on the Hub.
        folder: where to put a copy; absent, empty, or an older version of the same
            preset. None keeps the files in the cache only.
        revision, cache_dir, force_download, token, local_files_only: see
            `halo_keras.from_pretrained`.

    Returns: the folder, or the one in the cache.

    Raises:
        PresetError: the files are no preset of this package, or damaged.
        HubError: they cannot be had.
    """
    from halo_keras.hub.saving import check_target

    options = HubOptions(revision, cache_dir, force_download, token, local_files_only)
    found = resolve(preset, options, complete=True, from_hub=True)
    verify_folder(found.folder, found.sums)
    if folder is None:
        return found.folder
    folder = Path(folder)
    metadata = load_metadata(found.folder, found.sums)
    wanted = folder, metadata["name"], metadata["version"]
    check_target(*wanted)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with draft_of(folder) as draft:
        for name in file_names(metadata):
            shutil.copyfile(found.folder / name, draft / name)
        verify_folder(draft, found.sums)
        put_in_place(draft, folder, lambda: check_target(*wanted))
    return folder


def _own_file(folder: Path, name: str) -> Path:
    path = folder / name
    if path.is_symlink() or not path.is_file():
        raise PresetError(
            f"{path} is a link or no file: only what lies in the folder is uploaded. "
            "Put a copy of the file in its place."
        )
    return path


def check_licence(metadata: dict, private: bool | None) -> None:
    """Raises PresetError if nobody said who may see a preset of closed data."""
    reason = why_no_model(metadata["dataset"], metadata["license"])
    if reason is not None and private is None:
        raise PresetError(
            f"{metadata['name']} may not be for everybody: {reason}. Pass private=True "
            "(--private), or private=False (--public) if you have the right to publish "
            "it."
        )
