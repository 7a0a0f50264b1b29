"""What the commands of `halo-keras` do; `cli.py` holds their arguments.

Each takes the parsed arguments and imports what it needs, so that help is quick.
"""

from __future__ import annotations

import secrets
import sys

import numpy as np


class UsageError(ValueError):
    """Something on the command line cannot be done; the text says what to change."""


def list_presets(args):
    import halo_keras

    presets = halo_keras.list_presets()
    print(presets if presets else "This installation holds no preset.")


def info(args):
    from halo_keras import hub

    facts = hub.preset_info(args.preset)
    metadata, metrics = hub.read_metadata(args.preset), hub.read_metrics(args.preset)
    versions = metadata["versions"].items()
    _print_rows(
        {
            "preset": f"{facts.name}, version {facts.version}",
            "about": facts.description,
            "family": facts.family,
            "data": facts.data,
            "licence": facts.license,
            "attribution": metadata["attribution"],
            "parameters": f"{facts.parameters:,}",
            "size": f"{facts.size_bytes / 1e6:.1f} MB",
            "made with": ", ".join(f"{name} {version}" for name, version in versions),
            "folder": hub.preset_folder(args.preset),
            **{name: ", ".join(labels) for name, labels in metadata["labels"].items()},
        }
    )
    print("metrics, as measured:")
    _print_rows(_flatten(metrics), indent="  ")


def swap(args):
    model = _model(args, "swap_motion")
    content = _clip(args.content, model)
    motion, action = _clip(args.motion, model), args.action
    if motion is None:
        motion, action = _example(args, model, action)
    if content is None:
        content, _ = _example(args, model, unlike=action)
    result = model.swap_motion(
        content, motion, action=action, times=args.times, tempo=args.tempo
    )
    if args.side_by_side:
        from halo_keras.visualize import beside

        result = beside(content, motion, result)
    _write(args, result)


def generate(args):
    model = _model(args, "generate")
    action = args.action
    if action is None:
        if model.num_actions > 1:
            raise UsageError(f"give --action, one of: {', '.join(model.action_names)}.")
        action = 0
    image = _clip(args.image, model)
    if image is None:
        image, _ = _example(args, model, action if args.start == "image" else None)
    elif len(image) > 1:
        _say(f"{args.image}: the first of its {len(image)} frames is used.")
    result = model.generate(
        image[0], action, times=args.times, start=args.start, seed=args.seed
    )
    _write(args, result)


def forecast(args):
    model = _model(args, "forecast")
    frames, action = _given_or_example(args, model)
    times = np.arange(64.0) if args.times is None else args.times
    _write(args, model.forecast(frames, times, action=action))


def sample(args):
    model = _model(args, "sample")
    if args.seed is None:
        args.seed = secrets.randbelow(2**31 - 2)
        _say(f"drawn with --seed {args.seed}")
    result = model.sample(
        args.num_clips, action=args.action, times=args.times, seed=args.seed
    )
    _write(args, result)


def plot_energy(args):
    from halo_keras.visualize import energy_plot

    model = _model(args, "energy", suffixes=(".png",))
    frames, action = _given_or_example(args, model)
    times = np.arange(8.0 * model.num_frames) if args.times is None else args.times
    energy = np.ravel(model.energy(frames, action=action, times=times))
    energy_plot(energy, times, args.output, labels=None if action is None else [action])
    start = energy[np.argmin(np.abs(times))]
    drift = np.abs(energy - start).max()
    print(f"wrote {args.output}: E = {start:.4g}, changes by at most {drift:.2g}")


def doctor(args):
    import platform
    from importlib import metadata

    def version(name):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            return "not installed"

    packages = "halo-keras keras numpy tensorflow tensorflow-probability jax torch"
    rows = {"python": f"{platform.python_version()} on {platform.platform()}"}
    _print_rows({**rows, **{name: version(name) for name in packages.split()}})
    import halo_keras

    presets = [preset.name for preset in halo_keras.list_presets()]
    _print_rows(
        {
            "backend": _backend(),
            "devices": ", ".join(_devices()),
            "presets": ", ".join(presets) or "none",
        },
        width=len("tensorflow-probability"),
    )


# ---- from the command line to the library -------------------------------------------


def _model(args, verb, suffixes=None):
    """The preset, after what can be checked without it: the output's name."""
    from halo_keras.data.clip_writer import WRITABLE, check_output

    check_output(args.output, suffixes or WRITABLE)
    import halo_keras

    model = halo_keras.from_pretrained(args.preset)
    if not hasattr(model, verb):
        raise UsageError(
            f"{args.preset} is a {type(model).__name__} and cannot do this; choose a "
            "preset of another family, see: halo-keras list"
        )
    if args.action is not None:
        args.action = _action_name(args.action, list(model.action_names))
    return model


def _action_name(text, names):
    from halo_keras.schema import nearest

    if text in names:
        return text
    if text.isdecimal() and int(text) < len(names):
        return names[int(text)]
    raise UsageError(
        f"unknown action {text!r}{nearest(text, names)}; the preset knows "
        f"{', '.join(names)} (or 0 to {len(names) - 1})."
    )


def _clip(path, model):
    """The frames of a file, cropped and resized to the model's; None without a file."""
    if path is None:
        return None
    from halo_keras.data.clip_files import read_clip
    from halo_keras.data.fit_frames import fit_frames, fit_note

    frames = read_clip(path)
    note = fit_note(frames, model)
    if note:
        _say(f"{path}: {note}.")
    return fit_frames(frames, model)


def _example(args, model, action=None, unlike=None):
    """One of the preset's own clips and its action: the first, or drawn by --seed.

    Args:
        action: name of the action that it must do, if any.
        unlike: name of an action that it should rather not do.
    """
    examples = model.example_clips()
    actions = [examples["action_names"][index] for index in examples["action"]]
    chosen = [i for i, name in enumerate(actions) if action in (None, name)]
    if not chosen:
        raise UsageError(
            f"no clip of the preset's own does {action!r}, only "
            f"{', '.join(sorted(set(actions)))}; give a clip of yours."
        )
    chosen = [i for i in chosen if actions[i] != unlike] or chosen
    if args.seed is None:
        index = chosen[0]
    else:
        index = int(np.random.default_rng(args.seed).choice(chosen))
    return examples["frames"][index], actions[index]


def _given_or_example(args, model):
    frames = _clip(args.clip, model)
    if frames is not None:
        return frames, args.action
    return _example(args, model, args.action)


def _write(args, result):
    """One clip, or several side by side (rows of a strip, a batch in an .npz)."""
    from halo_keras import visualize
    from halo_keras.data.clip_files import to_uint8
    from halo_keras.data.clip_writer import save_npz, write_clip

    clips = np.asarray(result)
    clips = to_uint8(clips if clips.ndim == 5 else clips[None], ndim=5)
    suffix = args.output.suffix.lower()
    scale = args.scale
    if scale is None:
        scale = 4 if suffix == ".gif" else 1
    if len(clips) == 1:
        write_clip(args.output, clips[0], fps=args.fps, scale=scale)
    elif suffix == ".npz":
        save_npz(args.output, clips)
    elif suffix == ".png":
        visualize.film_strip(clips, args.output, scale=scale)
    else:
        write_clip(args.output, visualize.beside(*clips), fps=args.fps, scale=scale)
    count, length, height, width = clips.shape[:4]
    many = f"{count} clips of " if count > 1 else ""
    print(f"wrote {args.output}: {many}{length} frames of {height} x {width}")


def _backend():
    import keras

    return keras.backend.backend()


def _devices():
    if _backend() == "torch":  # keras.distribution does not know torch's devices
        import torch

        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        return [f"cuda:{index}" for index in range(count)] or ["cpu"]
    import keras

    return keras.distribution.list_devices()


def _print_rows(rows, indent="", width=0):
    width = max(width, *(len(name) for name in rows), 0)
    for name, value in rows.items():
        # A stranger's preset must not send control codes to the terminal.
        text = "".join(c if c.isprintable() else "?" for c in str(value))
        if text:
            print(f"{indent}{name:<{width}}  {text}")


def _flatten(value, prefix=""):
    """Nested results as one row a number, keys joined by dots."""
    if not isinstance(value, dict):
        return {prefix: f"{value:.5g}" if isinstance(value, float) else str(value)}
    rows = {}
    for key, entry in value.items():
        rows.update(_flatten(entry, f"{prefix}.{key}" if prefix else str(key)))
    return rows


def _say(text):
    print(text, file=sys.stderr)
