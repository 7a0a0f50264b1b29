"""Frame networks from the numbers of a recipe, for pictures or for spectra."""

from __future__ import annotations

from halo_keras.schema import ConfigError, nearest

ENCODER = ("encoder_channels", "features")
DECODER = ("decoder_channels", "base_channels", "hidden")
SPECTRUM = ("spectrum_hidden", "spectrum_depth", "features")


def is_spectrogram(dataset) -> bool:
    """Whether a dataset's frames are spectra, `(bins,)`."""
    return len(dataset.frame_shape) == 1


def network_sizes(dataset) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the sizes that `build_networks` needs, and of those it may be given."""
    if is_spectrogram(dataset):
        return SPECTRUM, ()
    return (*ENCODER, *DECODER), ("outside_slope",)


def check_sizes(sizes, needed, known, what: str) -> None:
    """Raises a `ConfigError` for a size that is not known, or one that is missing."""
    for key in sizes:
        if key not in known:
            raise ConfigError(
                f"model.{key}: {what} has no such size{nearest(key, known)}. Known: "
                f"{', '.join(sorted(known))}."
            )
    if missing := [key for key in needed if key not in sizes]:
        raise ConfigError(f"model: {what} needs {', '.join(missing)} too.")


def build_networks(sizes, dataset) -> dict:
    """Arguments of a model: its frames' shape and range, encoder and decoder.

    Of pictures: `encoder_channels`, `features` of the `FrameEncoder`;
    `decoder_channels`, `base_channels`, `hidden` and, if wanted, `outside_slope` of the
    `FrameDecoder`, whose `content_channels` are those of `content_map`. Of spectra:
    `spectrum_hidden`, `spectrum_depth` of both networks, and `features` of the
    `SpectrumEncoder`.
    """
    from halo_keras import layers

    shape = dataset.frame_shape
    if is_spectrogram(dataset):
        width, depth, features = (sizes[key] for key in SPECTRUM)
        parts = {
            "encoder": layers.SpectrumEncoder(
                shape, width, depth, features, name="encoder"
            ),
            "decoder": layers.SpectrumDecoder(shape, width, depth, name="decoder"),
            "value_range": [float(value) for value in dataset.value_range],
        }
    else:
        parts = {
            "encoder": layers.FrameEncoder(
                shape, *(sizes[key] for key in ENCODER), name="encoder"
            ),
            "decoder": layers.FrameDecoder(
                shape,
                *(sizes[key] for key in DECODER),
                outside_slope=sizes.get("outside_slope"),
                content_channels=(sizes.get("content_map") or [None])[-1],
                name="decoder",
            ),
        }
    return {"frame_shape": shape, **parts}
