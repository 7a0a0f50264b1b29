"""From what a user calls a preset to a folder with its files.

In this order: a folder that exists; the name of a preset that comes with the package;
a version of it that the package's index pins on the Hub; `hf://owner/name[@revision]`.
"""

from dataclasses import dataclass
from pathlib import Path

from halo_keras.hub import handles
from halo_keras.hub.client import fetch
from halo_keras.hub.errors import HubError, PresetError
from halo_keras.hub.index import Pinned, bundled_folder, known_names, pinned
from halo_keras.hub.metadata import is_preset_name
from halo_keras.hub.preset_files import PRESET_FILES, file_names, load_metadata
from halo_keras.hub.swapping import restore
from halo_keras.schema import nearest


@dataclass(frozen=True)
class HubOptions:
    """How a preset on the Hub is asked for; see `client.fetch`."""

    revision: str | None = None
    cache_dir: str | Path | None = None
    force_download: bool = False
    token: str | bool | None = None
    local_files_only: bool = False


@dataclass(frozen=True)
class Resolved:
    """A preset's folder, the sums that the package's index has for it, and, for one
    from the Hub, `hf://owner/name@commit`."""

    folder: Path
    sums: dict[str, str] | None = None
    handle: handles.HubHandle | None = None


def resolve(
    handle,
    options: HubOptions | None = None,
    *,
    complete: bool = False,
    from_hub: bool = False,
) -> Resolved:
    """The folder of a preset.

    Args:
        handle: a folder, a name or `hf://owner/name[@revision]`.
        options: for presets on the Hub.
        complete: also the files that a model does not need, such as its picture.
        from_hub: not a folder, and not the bundled files.

    Raises:
        PresetError: there is no such preset, or the handle is none.
        HubError: a preset on the Hub cannot be had.
    """
    options = options or HubOptions()
    if handles.is_handle(handle):
        return _from_hub(handles.parse(handle), options, complete)
    text = str(handle)
    if not text or "\x00" in text:
        raise PresetError(f"Expected a preset or a folder, received {text!r}.")
    try:
        path = Path(handle).expanduser()
        restore(path)
        is_folder = path.is_dir()
    except (OSError, RuntimeError) as error:
        raise PresetError(f"{text!r} is not usable as a folder: {error}.") from error
    if is_folder and not from_hub:
        _refuse_revision(text, options)
        return Resolved(path)
    if isinstance(handle, str) and handle in known_names():
        return _by_name(handle, options, complete, from_hub)
    if isinstance(handle, str) and is_preset_name(handle):
        raise PresetError(
            f"There is no preset {text!r}{nearest(text, known_names())}. "
            f"Known: {_known()}; the path of a preset folder and "
            "hf://owner/name[@revision] are accepted too."
        )
    raise PresetError(
        f"{text!r} is neither a folder, nor the name of a preset, nor of the form "
        f"hf://owner/name[@revision]. Known: {_known()}."
    )


def _by_name(
    name: str, options: HubOptions, complete: bool, from_hub: bool
) -> Resolved:
    """A preset of the package: bundled, or pinned on the Hub by the index."""
    wanted = pinned(name, options.revision)
    folder = bundled_folder(name) if wanted.is_current else None
    if folder is not None and not (options.force_download or from_hub):
        return Resolved(folder, wanted.sha256)
    if wanted.handle is None:
        hint = "Pass hf://owner/name of a repository that you know."
        if folder is not None:
            hint = f"Its files come with the package: from_pretrained({name!r})."
        raise HubError(
            f"{name}, version {wanted.version}, is in no repository on the Hub that "
            "this package knows of.",
            hint=hint,
        )
    return _from_hub(wanted.handle, options, complete, wanted)


def _from_hub(
    handle: handles.HubHandle,
    options: HubOptions,
    complete: bool,
    wanted: Pinned | None = None,
) -> Resolved:
    revision = handle.revision
    if wanted is None and options.revision is not None:
        if revision not in (None, options.revision):
            raise PresetError(
                f"{handle} names one revision, and revision={options.revision!r} "
                "another: pass one of them."
            )
        revision = options.revision
    sums = None if wanted is None else wanted.sha256
    how = {
        "cache_dir": options.cache_dir,
        "token": options.token,
        "local_files_only": options.local_files_only,
        "sums": sums,
    }
    fetched = fetch(
        handle.repo_id,
        files=PRESET_FILES,
        revision=revision,
        force_download=options.force_download,
        **how,
    )
    if complete:
        names = file_names(load_metadata(fetched.folder, sums))
        fetched = fetch(handle.repo_id, files=names, revision=fetched.commit, **how)
    commit = handles.HubHandle(handle.repo_id, fetched.commit)
    return Resolved(fetched.folder, sums, commit)


def _refuse_revision(text: str, options: HubOptions) -> None:
    if options.revision is not None:
        raise PresetError(
            f"revision={options.revision!r} was given, but {text!r} is a folder and "
            "not on the Hub: leave it out, or pass another folder."
        )


def _known() -> str:
    return ", ".join(known_names()) or "none in this installation"
