"""Judges: they score what the generative models of this zoo make.

What: classifiers with a head for each label, trained on real clips of the training
    split only, slightly blurred, lightened and noisy in part.
    Sprites, five heads (action 9; body, bottomwear, topwear, hair 6 each), walks
    started at any phase:
    judge-sprites: `ClipJudge`, 0.62 M parameters, the zoo's own.
    judge-sprites-recurrent: `RecurrentJudge`, the field's published architecture with
        narrower layers and another seed: how much does a number depend on its judge?
    judge-sprites-frames: `FrameJudge`, single frames, for DSVAE's own test.
    People, `ClipJudge`s:
    judge-toon-faces, judge-mug: expression (6) and subject. Test subjects are none of
        its classes: its embedding tells them apart (`NearestIdentity`).
    judge-actions: action (4) and person (9), of film strips of real people.
    Frames without an order, `FrameJudge`s:
    judge-mnist: the digit of moving MNIST, wherever it is.
    judge-sprites-poses: row and cell of Sprites' sheets (178 poses), and attributes.
    Speech, `SpeechJudge`s of segments of 200 ms:
    judge-formant-voices, judge-timit: speaker, and the phone of every frame (38 and
    silence, which does not count). Test speakers are others, told by their voices.
    judge-spoken-digits, judge-spoken-digits-unseen: speaker and digit.
Command: python recipes/train_judge.py --preset judge-sprites --output zoo/judge-sprites
    (--data-dir FOLDER with the 25 sheets, with MUG, with the film strips; without it
    the sheets are downloaded, and toon faces are drawn)
Time: 5 minutes each on 2 idle cores, judge-toon-faces 20.
Score on the test clips, on each clip's first frame held still, and circumstances:
    zoo/<preset>/metrics.json, written by this file.

Art: CC-BY-SA 3.0 / GPL 3.0, LPC artists; see zoo/CREDITS.md.
"""

from pathlib import Path

import numpy as np

from halo_keras.training import Recipe, command


def build_clip_judge(recipe, dataset):
    """The zoo's own judge of clips."""
    from halo_keras.evaluation import ClipJudge

    return ClipJudge(
        num_frames=dataset.num_frames,
        reference=recipe.model.get("reference"),
        **heads_of(recipe, dataset),
    )


def build_recurrent_judge(recipe, dataset):
    """The field's published judge of clips, with narrower layers."""
    from halo_keras.evaluation import RecurrentJudge

    return RecurrentJudge(num_frames=dataset.num_frames, **heads_of(recipe, dataset))


def build_frame_judge(recipe, dataset):
    """A judge of single frames."""
    from halo_keras.evaluation import FrameJudge

    return FrameJudge(**heads_of(recipe, dataset))


def build_speech_judge(recipe, dataset):
    """A judge of spectrogram segments; the phone is a head of frames."""
    from halo_keras.evaluation import SpeechJudge
    from halo_keras.evaluation.spoken_content import class_names

    heads = recipe.model["heads"]
    return SpeechJudge(
        frame_shape=dataset.frame_shape,
        value_range=dataset.value_range,
        head_names=heads,
        head_sizes=[len(class_names(dataset, head)) for head in heads],
        frame_heads=[head for head in heads if head not in dataset.labels],
    )


def heads_of(recipe, dataset) -> dict:
    """A head for each label that the recipe names, or that can be learned."""
    heads = recipe.model.get("heads") or learnable_labels(dataset)
    return {
        "frame_shape": dataset.frame_shape,
        "head_names": heads,
        "head_sizes": [len(dataset.label_names[head]) for head in heads],
    }


def learnable_labels(dataset) -> list[str]:
    """Labels of which every class occurs in training; an identity is not one."""
    return [
        label
        for label, names in dataset.label_names.items()
        if len(np.unique(dataset.labels[label])) == len(names)
    ]


def evaluate(judge, recipe, load) -> dict:
    """Accuracies on real test clips, on still ones, and on loops at every phase.

    Of a judge of frames, fractions of frames, and of each frame by its index. People
    whom the judge never saw are named by the nearest embedding, and a quarter of their
    clips, which is not scored, is what they are known by.
    """
    from halo_keras.evaluation.nearest_identity import (
        NearestIdentity,
        scored_and_gallery,
    )
    from halo_keras.evaluation.protocols import judged_real_clips

    test = load("test")
    if test.kind == "spectrogram":
        from halo_keras.evaluation.speech import judged_real_speech

        return {"test": {**judged_real_speech(judge, test), "num_clips": len(test)}}
    if recipe.model.get("unseen"):
        scored, gallery = scored_and_gallery(test, recipe.model["unseen"])
        known = test.subset(gallery)
        test = test.subset(scored)
        judge = NearestIdentity(judge, known, recipe.model["unseen"])
    found = {"test": {**judged_real_clips(test, judge), "num_clips": len(test)}}
    if "action" not in judge.head_names:
        return found
    if judge.num_frames is None:
        right = judge.predict_labels(test.frames)["action"].T == test.labels["action"]
        found["test_by_frame"] = {
            f"action_accuracy_frame_{index + 1}": float(value)
            for index, value in enumerate(right.mean(axis=1))
        }
        return found
    loops = np.isin(test.labels["action"], rolled_ids(recipe, test))
    if loops.any():
        hits = [
            judge.predict_labels(np.roll(test.frames[loops], -start, axis=1))["action"]
            == test.labels["action"][loops]
            for start in range(test.num_frames)
        ]
        found["test_loops_at_every_phase"] = {"action_accuracy": float(np.mean(hits))}
    return found


def rolled_ids(recipe, dataset) -> list[int]:
    return [dataset.action_names.index(name) for name in recipe.rolled_actions]


WALKS = ("walk/front", "walk/left", "walk/right")  # loops without a seam
COMMON = {
    "dataset": "sprites",
    "batch_size": 64,
    "learning_rate": 1e-3,
    "clip_norm": 1.0,
    "final_learning_rate_fraction": 0.0,
    "ema_momentum": 0.0,
    "strip_every": 0,
}
SPEECH = {
    **COMMON,
    "build_model": build_speech_judge,
    "description": "Classifier of speech segments: who speaks and what is said.",
    "epochs": 15,
}
# New people's expressions: read as changes from the first frame, and mirrored too.
FACES = {"reference": "first-frame", "mirror_rate": 0.5}
UNSEEN = {"protocol": "unseen-speakers"}
ACTION_CLIPS = {"num_frames": 8, "stride": 1, "step": 2}
RECIPES = {
    "judge-sprites": Recipe(
        preset="judge-sprites",
        build_model=build_clip_judge,
        description="Classifier of clips that scores generative models of Sprites: "
        "action and four attributes. Trained on training characters only.",
        epochs=8,
        rolled_actions=WALKS,
        **COMMON,
    ),
    "judge-sprites-recurrent": Recipe(
        preset="judge-sprites-recurrent",
        build_model=build_recurrent_judge,
        description="Second classifier of clips for Sprites, of the field's published "
        "architecture (convolutions, bidirectional LSTM) with narrower layers.",
        epochs=5,
        seed=1,
        rolled_actions=WALKS,
        **COMMON,
    ),
    "judge-sprites-frames": Recipe(
        preset="judge-sprites-frames",
        build_model=build_frame_judge,
        description="Classifier of single frames of Sprites, for DSVAE's test: action "
        "and four attributes. One frame does not tell every action.",
        epochs=4,
        seed=2,
        **COMMON,
    ),
    "judge-mnist": Recipe(
        preset="judge-mnist",
        build_model=build_frame_judge,
        description="Classifier of single frames of moving MNIST with one digit: which "
        "digit it is.",
        data={"num_digits": 1, "num_clips": None, "motion": "deterministic"},
        model={"heads": ["digit"]},
        epochs=10,
        **{**COMMON, "dataset": "moving_mnist", "batch_size": 16},
    ),
    "judge-sprites-poses": Recipe(
        preset="judge-sprites-poses",
        build_model=build_frame_judge,
        description="Classifier of single frames of Sprites in all poses: row and cell "
        "of the sheet, and four attributes. Some poses are alike in several cells.",
        data={"form": "frames"},
        model={"heads": ["row", "cell", "body", "bottomwear", "topwear", "hair"]},
        epochs=4,
        **{**COMMON, "dataset": "sprite_poses", "batch_size": 256},
    ),
    "judge-toon-faces": Recipe(
        preset="judge-toon-faces",
        build_model=build_clip_judge,
        description="Classifier of clips of toon_faces, a procedural stand-in for MUG: "
        "expression, and an embedding that tells people apart.",
        data={
            "num_subjects": {"train": 200, "test": 12},
            "clips_per_cell": {"train": 4, "test": 4},
            "seed": 0,
        },
        model={"heads": ["action", "subject"], "unseen": "subject", **FACES},
        epochs=7,
        **{**COMMON, "dataset": "toon_faces", "batch_size": 32},
    ),
    "judge-mug": Recipe(
        preset="judge-mug",
        build_model=build_clip_judge,
        description="Classifier of clips of MUG: expression, and an embedding that "
        "tells people apart.",
        data={"protocol": "halo", "clips_per_take": None},
        model={"heads": ["action", "subject"], "unseen": "subject", **FACES},
        epochs=20,
        **{**COMMON, "dataset": "mug", "batch_size": 32},
    ),
    "judge-actions": Recipe(
        preset="judge-actions",
        build_model=build_clip_judge,
        description="Classifier of film strips of real people in four actions: action "
        "and person.",
        data=ACTION_CLIPS,
        model={"heads": ["action", "person"]},
        epochs=40,
        **{**COMMON, "dataset": "actions", "batch_size": 16},
    ),
    **{
        preset: Recipe(
            preset=preset,
            data=data,
            model={"heads": ["speaker", content]},
            **{**SPEECH, "dataset": dataset},
        )
        for preset, dataset, content, data in (
            ("judge-formant-voices", "formant_voices", "phone", {}),
            ("judge-timit", "timit", "phone", {}),
            ("judge-spoken-digits", "spoken_digits", "digit", {}),
            ("judge-spoken-digits-unseen", "spoken_digits", "digit", UNSEEN),
        )
    },
}


def main(arguments=None) -> Path:
    """Parses the command line, trains, measures and saves; returns the folder."""
    from halo_keras.freed_memory import keep_freed_memory
    from halo_keras.hub.errors import PresetError
    from halo_keras.schema import ConfigError
    from halo_keras.training.hub_options import (
        check_hub_options,
        find_clips,
        push_preset,
    )

    keep_freed_memory()
    parser = command.make_parser(RECIPES, __doc__)
    options = parser.parse_args(arguments)
    try:
        check_hub_options(options)
        find_clips(options)
        recipe = command.choose(RECIPES, options)
    except ConfigError as error:
        parser.error(str(error))
    except OSError as error:
        raise SystemExit(f"error: {error}") from error
    output = Path(options.output or Path("runs") / recipe.preset)
    try:
        source = options.source or options.data_dir
        train(recipe, output, source, options.resume, options.strategy)
        print(f"Preset in {output}: halo_keras.from_pretrained({str(output)!r})")
        push_preset(output, options)
    except (ConfigError, PresetError, OSError) as error:
        raise SystemExit(f"error: {error}") from error
    return output


def train(recipe, output, data_dir=None, resume=False, strategy="auto") -> None:
    """Like `training.trainer.train`, with several labels a clip instead of an ELBO."""
    from halo_keras import data
    from halo_keras.evaluation.judge_training import compile_judge
    from halo_keras.evaluation.spoken_content import class_names
    from halo_keras.hub.saving import save_preset
    from halo_keras.schema import ConfigError
    from halo_keras.training.fitting import build_with_precision, compile_model
    from halo_keras.training.provenance import describe_run
    from halo_keras.training.seeding import seed_everything
    from halo_keras.training.strategies import check_batch_size, scope

    if recipe.augment != "none":
        raise ConfigError("a judge is trained on the clips as they are: augment=none.")
    if recipe.init is not None:
        raise ConfigError("a judge is trained from the start: leave out --init.")

    def load(split):
        return data.load(recipe.dataset, split, source=data_dir, **recipe.data)

    seed_everything(recipe.seed)
    dataset = load("train")
    with scope(strategy) as replicas:
        check_batch_size(recipe.batch_size, replicas)
        judge = build_with_precision(recipe, dataset)
        judge.build(None)
        clips = make_batches(judge, recipe, dataset)
        compile_model(judge, recipe, steps_per_epoch=len(clips))
        compile_judge(judge, judge.optimizer)
        seconds = fit(judge, recipe, clips, output, resume)
    # As in `training.fitting`: float32, and without the optimizer's share of memory.
    weights, judge = judge.get_weights(), recipe.build_model(recipe, dataset)
    judge.build(None)
    judge.set_weights(weights)
    steps = recipe.epochs * len(clips)
    run = describe_run(recipe.seed, steps, seconds, replicas)
    if (dataset.origin or "").startswith("hf://"):
        run["dataset_source"] = dataset.origin
    save_preset(
        judge,
        output,
        name=recipe.preset,
        metadata={
            "version": recipe.version,
            "description": recipe.description,
            "pipeline_tag": {
                "video": "video-classification",
                "spectrogram": "audio-classification",
            }[dataset.kind],
            "recipe": recipe.to_dict(),
            "dataset": recipe.dataset,
            "license": dataset.license,
            "attribution": dataset.attribution,
            "labels": {head: class_names(dataset, head) for head in judge.head_names},
        },
        metrics={**evaluate(judge, recipe, load), "run": run},
    )


def make_batches(judge, recipe, dataset):
    """What the judge learns from: degraded clips, frames or segments of speech."""
    from halo_keras.evaluation import JudgeClips, JudgeFrames, JudgeSegments

    given = (dataset, judge.head_names, recipe.batch_size, recipe.seed)
    if dataset.kind == "spectrogram":
        return JudgeSegments(*given, max_batches=recipe.steps_per_epoch)
    kind = JudgeFrames if judge.num_frames is None else JudgeClips
    return kind(
        *given,
        rolled_actions=rolled_ids(recipe, dataset),
        mirror_rate=recipe.model.get("mirror_rate", 0.0),
        max_batches=recipe.steps_per_epoch,
    )


def fit(judge, recipe, clips, output, resume) -> float:
    """Fits what is left of the epochs. Returns the seconds, over all resumes."""
    from halo_keras.data.fit_batches import for_fit
    from halo_keras.training import callbacks as beside
    from halo_keras.training.checkpoint import CheckpointFolder

    log_dir = output.with_name(output.name + ".training")
    folder = CheckpointFolder(log_dir / "checkpoints", recipe.to_dict())
    if folder.files() and not resume:
        raise FileExistsError(
            f"{log_dir} holds a started training. Continue it with --resume, delete "
            "that folder, or choose another --output."
        )
    log_dir.mkdir(parents=True, exist_ok=True)
    first_epoch, seconds = folder.restore(judge)
    if first_epoch >= recipe.epochs:
        judge.optimizer.finalize_variable_values(judge.trainable_variables)
        return seconds
    checkpoint = beside.Checkpoint(folder, seconds)
    judge.fit(
        for_fit(clips),
        initial_epoch=first_epoch,
        epochs=recipe.epochs,
        shuffle=False,  # the clips order themselves, by seed and epoch
        callbacks=[
            beside.EpochOrder(clips),
            beside.NaNGuard(clips),
            beside.EpochLog(log_dir / "log.csv", first_epoch),
            checkpoint,
        ],
    )
    return checkpoint.seconds


if __name__ == "__main__":
    main()
