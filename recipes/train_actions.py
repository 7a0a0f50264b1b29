"""HALO on film strips of real people: content is a person, motion one of 4 actions.

Paper: Gorelick, Blank, Shechtman, Irani & Basri, "Actions as Space-Time Shapes", 2007,
    for the recordings; Khan & Storkey 2022 for the model. Nobody reports numbers on
    this small set: 9 people, 4 actions, 30 of the 36 pairs, a few seconds of each.
Command: python recipes/train_actions.py --data-dir FOLDER
    with the 60 strips (person0_bend_original.png, ...). They are for research only and
    may not be redistributed, and nor may what is learned from them: these presets stay
    out of the package.
Presets: halo-actions (one operator an action, normal form).
Hours, hardware and scores: runs/<preset>/metrics.json, written by this file at the end
    of the training: "run" holds seed, wall time, steps, commit and hardware. Beside the
    swaps stands what the judge scores on real clips (`judge_real_*`), and `baseline_*`,
    what a clip that does not move would score.
Judge: --set judge=runs/judge-actions, made by recipes/train_judge.py from the same
    strips. Without it, what needs a judge is left out.

What fills most of a frame is a wall, and a vector cannot hold it: with one of 32
numbers (4,400 steps) the SSIM of test clips was .71, and .63 of the swaps showed the
action. So content is a map, read off one frame. In training that is the first frame of
another clip of the same person, and only half of the time one of the same strip: with
the same strip always, SSIM was .78, but content told the action, and .12 of the swaps
showed the one they should. With half, a pilot of 1,067 steps, still a blur (SSIM .51),
had .68; the whole training has not been run.

Real video is scarce: a window begins at every frame of a strip, mirrored copies are
clips of their own (on the same side of the split), and clips are shifted and zoomed a
little, the frame that content is read from with them. Test clips are the last quarter
of every strip, a clip's span after the last frame of training, so that nothing of a
test moment has been seen.
"""

from halo_keras.training import Recipe, command
from halo_keras.training.build_halo import build_halo


def evaluate(model, recipe, load, judge):
    """Every protocol on the ends of the strips; see `halo_keras.evaluation.actions`."""
    from halo_keras.evaluation.actions import SUITE
    from halo_keras.evaluation.people import evaluate_people

    found = evaluate_people(
        SUITE, model, lambda: load("train"), load("test"), judge, seed=recipe.seed
    )
    return {"test": found}


SIZES = {
    "dynamics": "normal-form",
    "position_dim": 12,
    # A window begins anywhere in a movement, and need not end where it began: of two
    # clips' period, sines and cosines of these make any course.
    "harmonics": [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6],
    "period_in_clips": 2,
    "content_dim": 768,
    "content_map": [8, 8, 12],
    "content_from": "first-frame",
    "features": 128,
    "motion_features": 128,
    "momentum_dilation": 2,
    "content_hidden": 64,
    "hidden": 192,
    "encoder_channels": [40, 80, 112],
    "decoder_channels": [96, 64, 32],
    "base_channels": 12,
    "outside_slope": 0.1,
    "prior_kind": "standard",
    "prior_at": "start",
    "num_components": 4,
    "pixel_stddev": 0.1,
    "content_kl_weight": 1.0,
    "motion_kl_weight": 1.0,
    "motion_kl_start": 0.1,
    "motion_kl_ramp_steps": 1500,
    "one_frame_rate": 0.25,
    "kl_warmup_steps": 0,
    "decoded_frames": 4,
}

RECIPES = {
    "halo-actions": Recipe(
        preset="halo-actions",
        dataset="actions",
        description="HALO on film strips of real people, 4 operators in normal form, "
        "one an action. For research only.",
        build_model=build_halo,
        evaluate=evaluate,
        data={"num_frames": 8, "stride": 1, "step": 2},
        model=SIZES,
        content_partners=8,
        epochs=32,
        batch_size=16,
        learning_rate=1.5e-3,
        ema_momentum=0.998,
        augment="keras",
        precision="float32",
        strip_every=10,
    ),
}

if __name__ == "__main__":
    command.run(RECIPES, __doc__)
