"""HALO on your own videos: content is who or what is seen, motion is what it does.

Paper: Khan & Storkey, "Hamiltonian Latent Operators for content and motion
    disentanglement in image sequences", NeurIPS 2022.
Command: python recipes/train_folder.py --data-dir FOLDER
    FOLDER/ACTION/VIDEO, FOLDER/PERSON/ACTION/VIDEO, or videos without labels, which
    get one operator for all motion; a VIDEO is an mp4, avi or gif file (extra `faces`)
    or a folder of PNG or JPEG frames. Size, channels, length and pace of the clips, the
    split, the augmentation and the number of steps are chosen from what is there, and
    printed; `--set data.num_frames=8` and the like change them. What cannot be used is
    reported by name, and the rest is used.
    --source hf://OWNER/NAME (or a folder that `halo-keras data build` wrote) takes
    clips that are cut already, of any dataset.
    --set data.labels=labels.csv for labels from a table, --set data.crop=face for faces
    cut out (then also `data.margin`).
Fine-tuning: --init PRESET starts from the weights of a preset (a name or a folder),
    whose sizes are then taken; the actions may be others. --freeze-decoder keeps what
    its frames look like.
Presets: halo-folder; --output names its folder, --set preset=halo-NAME the preset.
Hours, hardware and scores: metrics.json of the preset: reconstruction, long
    generation and what content and motion give away, on test clips. There is no judge
    of your videos; `--set judge=FOLDER` takes one that you have trained.

The licence of the videos is yours to state: --set data.license=... goes to the card.
"""

from dataclasses import replace

from halo_keras.training import Recipe, command
from halo_keras.training.build_halo import build_halo
from halo_keras.training.recipe import parse_settings

STEPS = 8000  # of the optimizer, about half an hour on two cores at 64 x 64 pixels
BATCH = 16


def evaluate(model, recipe, load, judge):
    """What can be measured without knowing the videos; see `evaluation.people`."""
    from halo_keras.evaluation.actions import FOLDER
    from halo_keras.evaluation.people import evaluate_people
    from halo_keras.evaluation.suite import check_enough

    test = load("test")
    try:
        check_enough(test)
    except ValueError as error:
        print(f"Nothing is measured: {error}")
        return {}
    train, seed = (lambda: load("train")), recipe.seed
    return {"test": evaluate_people(FOLDER, model, train, test, judge, seed=seed)}


def adapt(recipe, options):
    """The recipe for what is in the folder; printed before anything is trained."""
    from halo_keras.data.folder_survey import survey

    given = {
        key.removeprefix("data."): value
        for key, value in parse_settings(options.set).items()
    }
    start = {} if options.init is None else sizes_of(options.init)
    shape = start.pop("frame_shape", (None, None, None))
    if options.clips is not None:
        return for_clips(recipe, start, options.clips.description)
    size = int(given["size"]) if "size" in given else shape[0]
    channels = int(given["channels"]) if "channels" in given else shape[2]
    labels = given.get("labels", recipe.data["labels"])
    seen = survey(options.data_dir, labels, size, channels)
    print(seen.text())
    recipe = replace(recipe, data={**recipe.data, **seen.options})
    num_frames = seen.options["num_frames"]
    return sized(recipe, start, seen.num_clips, num_frames, seen.action_names)


def for_clips(recipe, start, clips):
    """The recipe for clips that are cut already, of whatever dataset (--source)."""
    train = clips.split("train", "--source")
    recipe = replace(recipe, dataset=clips.name)
    names = clips.labels["action"]
    return sized(recipe, start, train.num_clips, train.clip_shape[0], names)


def sized(recipe, start, num_clips, num_frames, action_names):
    """The recipe with batches, epochs and augmentation for so many clips."""
    batch = max(1, min(BATCH, num_clips // 4))
    epochs = max(1, min(1000, round(STEPS * batch / num_clips)))
    sides = ("left", "right")
    named = " ".join(action_names).lower()
    few = num_clips < 2000 and not any(side in named for side in sides)
    print(
        f"Training: batches of {batch}, {epochs} epochs; augmentation "
        f"{'keras' if few else 'none'}."
    )
    model = {**recipe.model, **start}
    model["harmonics"] = harmonics(num_frames, model["position_dim"])
    return replace(
        recipe,
        model=model,
        operators=() if len(action_names) > 1 else ("motion",),
        epochs=epochs,
        batch_size=batch,
        augment="keras" if few else "none",
        strip_every=max(1, epochs // 10),
    )


def sizes_of(preset) -> dict:
    """The sizes of a preset's networks, as a recipe states them, and `frame_shape`."""
    from halo_keras.hub.presets import from_pretrained
    from halo_keras.schema import ConfigError

    model = from_pretrained(preset, load_weights=False)
    told = ("content_from", "content_map", "position_from")
    try:
        return {
            **{key: value for key in told if (value := getattr(model, key))},
            "frame_shape": tuple(model.frame_shape),
            "encoder_channels": model.encoder.channels,
            "features": model.encoder.features,
            "decoder_channels": model.decoder.channels,
            "base_channels": model.decoder.base_channels,
            "hidden": model.decoder.hidden,
            "outside_slope": model.decoder.outside_slope,
            "content_dim": model.content_dim,
            "content_hidden": model.content_hidden,
            "motion_features": model.motion_features,
            "momentum_dilation": model.momentum_dilation,
            "position_dim": model.dynamics.position_dim,
        }
    except AttributeError as error:
        raise ConfigError(
            f"--init {preset}: {error}. Choose a HALO with the usual frame networks."
        ) from error


def harmonics(num_frames: int, position_dim: int) -> list[int]:
    """1, 2, ... in turn, up to the fastest whose momentum can be seen."""
    fastest = max(1, min(8, num_frames - 1))
    return [index % fastest + 1 for index in range(position_dim)]


SIZES = {
    "dynamics": "normal-form",
    "position_dim": 12,
    "harmonics": [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4],
    "period_in_clips": 2,
    "content_dim": 32,
    "features": 128,
    "motion_features": 128,
    "momentum_dilation": 4,
    "content_hidden": 64,
    "hidden": 192,
    "encoder_channels": [40, 80, 112],
    "decoder_channels": [128, 96, 48],
    "base_channels": 32,
    "outside_slope": 0.1,
    "prior_kind": "standard",
    "prior_at": "start",
    "num_components": 4,
    "pixel_stddev": 0.1,
    "content_kl_weight": 10.0,
    "motion_kl_weight": 2.0,
    "motion_kl_start": 2.0,
    "motion_kl_ramp_steps": 0,
    "one_frame_rate": 0.25,
    "kl_warmup_steps": 0,
    "decoded_frames": 4,
}

RECIPES = {
    "halo-folder": Recipe(
        preset="halo-folder",
        dataset="folder",
        description="HALO on a user's own videos.",
        build_model=build_halo,
        evaluate=evaluate,
        data={
            "labels": "auto",
            "crop": "centre",
            "margin": 0.1,
            "size": 64,
            "channels": 3,
            "num_frames": 16,
            "step": 1,
            "stride": 4,
            "split_by": "video",
            "test_fraction": 0.2,
            "license": "unknown: videos of the user",
            "attribution": "videos of the user",
        },
        model=SIZES,
        epochs=100,
        batch_size=BATCH,
        learning_rate=1.5e-3,
        ema_momentum=0.999,
        precision="float32",
    ),
}

if __name__ == "__main__":
    command.run(RECIPES, __doc__, adapt=adapt)
