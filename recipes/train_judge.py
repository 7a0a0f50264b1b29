"""Judge of clips: Sprites' action and four attributes.

What: `ClipJudge`, 0.62 M parameters, five heads (action 9; body, bottomwear, topwear,
hair 6 each), trained on the 9,000 clips of the training characters only, slightly
blurred, lightened and noisy in part, walks started at any phase. It scores what the
generative models of this zoo make.

Command: python recipes/train_judge.py --output zoo/judge-sprites
    (--data-dir FOLDER with the 25 sheets; without it they are downloaded)
Time: MINUTES
Score: SCORE
"""

import argparse
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from halo_keras import data
from halo_keras.evaluation import ClipJudge, JudgeClips
from halo_keras.evaluation.judge_training import compile_judge
from halo_keras.hub.saving import save_preset
from halo_keras.training import callbacks as beside
from halo_keras.training.checkpoint import CheckpointFolder
from halo_keras.training.provenance import describe_run
from halo_keras.training.seeding import seed_everything
from halo_keras.training.strategies import NAMES, check_batch_size, scope

LOOPING = "walk"  # the only motion of Sprites whose last frame leads to its first


@dataclass(frozen=True)
class Settings:
    """Everything that decides what the training gives."""

    preset: str = "judge-sprites"
    dataset: str = "sprites"
    epochs: int = 8
    batch_size: int = 64
    learning_rate: float = 1e-3
    seed: int = 0
    version: int = 1


def parse(arguments=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", "--source", help="folder with the raw files")
    parser.add_argument("--output", help="preset folder; zoo/<preset> by default")
    parser.add_argument("--resume", action="store_true", help="from the checkpoint")
    parser.add_argument("--strategy", choices=NAMES, default="auto")
    parser.add_argument(
        "--limit-clips", type=int, help="train and test on this many clips: a trial"
    )
    for field in fields(Settings):
        option = "--" + field.name.replace("_", "-")
        parser.add_argument(option, type=type(field.default), default=field.default)
    return parser.parse_args(arguments)


def main(arguments=None) -> Path:
    options = parse(arguments)
    settings = Settings(
        **{field.name: getattr(options, field.name) for field in fields(Settings)}
    )
    output = Path(options.output or Path("zoo") / settings.preset)
    seed_everything(settings.seed)
    training, test = (
        load(settings.dataset, split, options.data_dir, options.limit_clips)
        for split in ("train", "test")
    )
    heads = learnable_labels(training)
    clips = JudgeClips(
        training,
        heads,
        settings.batch_size,
        settings.seed,
        rolled_actions=looping_actions(training),
    )
    with scope(options.strategy) as replicas:
        check_batch_size(settings.batch_size, replicas)
        judge = ClipJudge(
            frame_shape=training.frame_shape,
            num_frames=training.num_frames,
            head_names=heads,
            head_sizes=[len(training.label_names[head]) for head in heads],
            name="clip_judge",
        )
        judge.build(None)
        compile_judge(judge, settings.epochs * len(clips), settings.learning_rate)
    seconds = fit(judge, clips, settings, output, options.resume)
    steps = settings.epochs * len(clips)
    save_preset(
        judge,
        output,
        name=settings.preset,
        metadata={
            "dataset": settings.dataset,
            "family": "judge",
            "version": settings.version,
            "license": training.license,
            "attribution": training.attribution,
            "labels": {head: training.label_names[head] for head in heads},
            "description": "Classifier of clips that scores generative models; "
            f"heads {', '.join(heads)}; trained on training identities only.",
            "pipeline_tag": "video-classification",
            "recipe": {
                field.name: getattr(settings, field.name) for field in fields(settings)
            },
        },
        metrics={
            **measure(judge, test),
            "run": {
                **describe_run(settings.seed, steps, seconds, replicas),
                "num_training_clips": len(training),
            },
        },
    )
    return output


def load(dataset, split, data_dir, limit):
    clips = data.load(dataset, split, source=data_dir)
    if limit is None:
        return clips
    return clips.subset(np.linspace(0, len(clips) - 1, limit).astype(int))


def learnable_labels(dataset) -> list[str]:
    """Labels of which every class occurs in training; an identity is not one."""
    return [
        label
        for label, names in dataset.label_names.items()
        if len(np.unique(dataset.labels[label])) == len(names)
    ]


def looping_actions(dataset) -> list[int]:
    names = enumerate(dataset.action_names)
    return [index for index, name in names if name.startswith(LOOPING)]


def fit(judge, clips, settings, output, resume) -> float:
    """Fits what is left of the epochs. Returns the seconds, over all resumes."""
    log_dir = output.with_name(output.name + ".training")
    recipe = {field.name: getattr(settings, field.name) for field in fields(settings)}
    folder = CheckpointFolder(log_dir / "checkpoints", recipe)
    if folder.files() and not resume:
        raise FileExistsError(
            f"{log_dir} holds a started training. Continue it with --resume, delete "
            "that folder, or choose another --output."
        )
    first_epoch, seconds = folder.restore(judge)
    if first_epoch >= settings.epochs:
        return seconds
    log_dir.mkdir(parents=True, exist_ok=True)
    checkpoint = beside.Checkpoint(folder, seconds)
    judge.fit(
        clips,
        initial_epoch=first_epoch,
        epochs=settings.epochs,
        shuffle=False,  # the clips order themselves, by seed and epoch
        callbacks=[
            beside.EpochOrder(clips),
            beside.NaNGuard(clips),
            beside.EpochLog(log_dir / "log.csv", first_epoch),
            checkpoint,
        ],
    )
    return checkpoint.seconds


def measure(judge, test) -> dict:
    """Accuracies of every head on real clips and on what should baffle the judge."""
    still = np.repeat(test.frames[:, :1], test.num_frames, axis=1)
    loops = np.isin(test.labels["action"], looping_actions(test))
    rolled = [
        judge.predict_labels(np.roll(test.frames[loops], -start, axis=1))["action"]
        for start in range(test.num_frames)
        if loops.any()
    ]
    found = {
        "test": {"num_clips": len(test), **judge.accuracy(test)},
        # What one frame tells: the static baseline of every number made with it.
        "test_still_first_frame": accuracies(judge, still, test.labels),
    }
    if rolled:
        hits = np.stack(rolled) == test.labels["action"][loops]
        found["test_loops_at_every_phase"] = {"action": float(hits.mean())}
    return found


def accuracies(judge, frames, labels) -> dict[str, float]:
    predicted = judge.predict_labels(frames)
    return {
        head: float(np.mean(predicted[head] == labels[head]))
        for head in judge.head_names
    }


if __name__ == "__main__":
    print(f"wrote {main()}")
