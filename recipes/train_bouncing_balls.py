"""Bouncing balls: does a stochastic transition see further than a deterministic one?

Paper: Li & Mandt, "Disentangled Sequential Autoencoder", ICML 2018, section 4.3,
    figures 7 and 8: a ball or a square in an irregular polygon, 30 frames of 32 x 32,
    4,000 clips for training and 1,000 for test. The paper prints curves and no numbers.
Command: python recipes/train_bouncing_balls.py --preset dsvae-bouncing-balls
    with other seeds: --set seed=1 --output runs/dsvae-bouncing-balls-1
    and then: python recipes/compare_bouncing_balls.py runs/*bouncing-balls*
Presets: dsvae-bouncing-balls (the stochastic model, z_t 16); lstm-f-bouncing-balls and
    lstm-c-bouncing-balls (its deterministic rivals, z 64, LSTM 512); and, beyond the
    paper, halo-bouncing-balls (normal form: whatever it sees is a sum of oscillations,
    which bounces are not).
Hours, hardware and scores: runs/<preset>/metrics.json, written by this file at the end
    of the training: "run" holds seed, wall time, steps, commit and hardware, "test" the
    share of wrong pixels by horizon and by the number of missing frames.

Nothing is downloaded: the clips are simulated (pip install 'halo-keras[physics]').
"""

from halo_keras.training import Recipe, command
from halo_keras.training.build_dsvae import build_dsvae, build_sequence_rnn
from halo_keras.training.build_halo import build_halo


def evaluate(model, recipe, load, judge):
    """Wrong pixels ahead; see `halo_keras.evaluation.bouncing_balls`."""
    from halo_keras.evaluation.bouncing_balls import evaluate_bouncing_balls

    return {"test": evaluate_bouncing_balls(model, load("test"), recipe.seed)}


NETWORKS = {
    "features": 64,
    "content_hidden": 64,
    "hidden": 64,
    "encoder_channels": [16, 32, 48],
    "decoder_channels": [48, 32, 16],
    "base_channels": 24,
}
# Pixels are black or white: the likelihood is Bernoulli. What a clip's first frames
# tell is asked in the test, so half of the posteriors see only those in training.
FRAMEWISE = {
    **NETWORKS,
    "content_dim": 8,
    "likelihood": "bernoulli",
    "prefix_rate": 0.5,
    "decoded_frames": 10,
    "kl_warmup_steps": 600,
}
STOCHASTIC = {
    **FRAMEWISE,
    "posterior": "full",
    "motion_dim": 16,
    "motion_hidden": 128,
    "prior_hidden": 256,
}
DETERMINISTIC = {
    **FRAMEWISE,
    "motion_dim": 64,
    "motion_hidden": 128,
    "lstm_hidden": 512,
}
# Two lengths of a clip as the period: with its overtones, any motion within a clip. The
# momentum is read from 10 frames, as many as the test shows.
HALO = {
    **NETWORKS,
    "dynamics": "normal-form",
    "position_dim": 16,
    "harmonics": [1, 2, 3, 4, 5, 6, 7, 8],
    "period_in_clips": 2,
    "content_dim": 8,
    "motion_features": 64,
    "momentum_dilation": 2,
    "position_from": "history",
    "num_components": 16,
    "pixel_stddev": 0.1,
    "framewise_weight": 1.0,
    "consistency_weight": 1.0,
    "one_frame_rate": 0.0,
    "decoded_frames": 6,
    "kl_warmup_steps": 600,
}
COMMON = {
    "dataset": "bouncing_balls",
    "evaluate": evaluate,
    "epochs": 30,
    "batch_size": 32,
    "learning_rate": 1.5e-3,
    "ema_momentum": 0.995,
    "strip_every": 10,
}

RECIPES = {
    "dsvae-bouncing-balls": Recipe(
        preset="dsvae-bouncing-balls",
        description="DSVAE on bouncing balls: a stochastic latent in every frame, full "
        "posterior.",
        build_model=build_dsvae,
        model=STOCHASTIC,
        **COMMON,
    ),
    "lstm-f-bouncing-balls": Recipe(
        preset="lstm-f-bouncing-balls",
        description="DSVAE's deterministic baseline LSTM-f on bouncing balls: one "
        "latent, which starts an LSTM.",
        build_model=build_sequence_rnn,
        model={**DETERMINISTIC, "recurrence": "lstm-f"},
        **COMMON,
    ),
    "lstm-c-bouncing-balls": Recipe(
        preset="lstm-c-bouncing-balls",
        description="DSVAE's deterministic baseline LSTM-c on bouncing balls: one "
        "latent, the input of an LSTM at every step.",
        build_model=build_sequence_rnn,
        model={**DETERMINISTIC, "recurrence": "lstm-c"},
        **COMMON,
    ),
    "halo-bouncing-balls": Recipe(
        preset="halo-bouncing-balls",
        description="HALO on bouncing balls with one operator in normal form, a sum of "
        "oscillations.",
        build_model=build_halo,
        model=HALO,
        **COMMON,
    ),
}

if __name__ == "__main__":
    command.run(RECIPES, __doc__)
