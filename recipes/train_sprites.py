"""HALO on Sprites: content is a character, motion is one of 9 action x direction pairs.

Paper: Khan & Storkey, "Hamiltonian Latent Operators for content and motion
    disentanglement in image sequences", NeurIPS 2022. It reports, after motion swaps,
    attributes .925 (skin), .948 (shirt), .968 (trousers), .992 (hair), action 1.00.
Command: python recipes/train_sprites.py --preset halo-sprites-base, and then
    python recipes/train_sprites.py --preset halo-sprites --output zoo/halo-sprites
    (without labels: halo-sprites-unconditional-base, then halo-sprites-unconditional)
    (--data-dir FOLDER with the 25 sheets; without it they are downloaded)
Presets: halo-sprites-base (normal form, trained on the clip as a loop: what a walk does
    after its 8 frames is data, not extrapolation); halo-sprites (goes on from there,
    with a larger weight of the motion's KL, which takes the character out of the
    motion); halo-symplectic-sprites and
    halo-orthogonal-sprites (the paper's operators, on the paper's 8 frames);
    halo-sprites-unconditional-base and halo-sprites-unconditional (the same two steps
    with one operator for all motion and no labels, on the loop);
    halo-sprites-three-actions (the actions of the paper's figure 6: goes on from the
    unconditional one, with an operator for each of walk, spellcard and slash);
    paper (the layer table and weights of the paper's public code, on 8 frames);
    dsvae-sprites and dsvae-full-sprites (Li & Mandt, "Disentangled Sequential
    Autoencoder", ICML 2018: factorised and full posterior, no labels, 8 frames; each
    goes on from its -base, as above).
Hours, hardware and scores: zoo/<preset>/metrics.json, written by this file at the end
    of the training: "run" holds seed, wall time, steps, commit and hardware.
Judge: judge-sprites scores the swaps; `--set judge=FOLDER` takes another one,
    `--set judge=none` leaves the judged numbers out.

Art: CC-BY-SA 3.0 / GPL 3.0, LPC artists; see zoo/CREDITS.md.
"""

from halo_keras.training import Recipe, command
from halo_keras.training.build_dsvae import build_dsvae
from halo_keras.training.build_halo import build_dynamics, build_halo

WALKS = ("walk/front", "walk/left", "walk/right")  # loops without a seam
# Every clip, so that no label is asked which: for a model without labels.
ALL = (*WALKS, *(f"{a}{w[4:]}" for a in ("spellcard", "slash") for w in WALKS))


def build_paper_model(recipe, dataset):
    """The frame networks and loss weights of the paper's public code.

    The content network is ours, one layer of gated recurrent units where that code
    has two of long short-term memory.
    Sizes: z 256, q and p 12 for each action. KL at the reference frame, and the two
    terms that the code adds with weight 1: each frame decoded from its own position,
    and the distance of rolled-out and inferred states.
    """
    from halo_keras.layers import PaperFrameDecoder, PaperFrameEncoder
    from halo_keras.models import HALO

    size = recipe.model
    shape = dataset.frame_shape
    return HALO(
        frame_shape=shape,
        dynamics=build_dynamics(size, dataset),
        encoder=PaperFrameEncoder(shape, name="encoder"),
        decoder=PaperFrameDecoder(shape, name="decoder"),
        action_names=dataset.action_names,
        num_frames=dataset.num_frames,
        content_dim=size["content_dim"],
        content_hidden=size["content_hidden"],
        motion_features=size["motion_features"],
        prior_at="reference",
        pixel_stddev=size["pixel_stddev"],
        framewise_weight=1.0,
        consistency_weight=1.0,
        one_frame_rate=0.0,
        seed=recipe.seed,
    )


def evaluate(model, recipe, load, judge):
    """Every protocol on all test clips; see `halo_keras.evaluation.sprites`."""
    from halo_keras.evaluation.sprites import SUITE, evaluate_clips

    train, test, seed = (lambda: load("train")), load("test"), recipe.seed
    if judge is None:
        names = ("reconstruction",)
        return {"test": evaluate_clips(model, train, test, seed=seed, names=names)}
    judges = {**SUITE.judges_here(), "judge": judge}
    return {"test": evaluate_clips(model, train, test, seed=seed, **judges)}


SIZES = {
    "dynamics": "normal-form",
    "position_dim": 8,
    "harmonics": [1, 2, 3],
    "content_dim": 32,
    "features": 128,
    "motion_features": 128,
    "content_hidden": 64,
    "prior_kind": "standard",
    "prior_at": "start",
    "num_components": 1,
    "hidden": 192,
    "encoder_channels": [40, 80, 112],
    "decoder_channels": [128, 96, 48],
    "base_channels": 32,
    "outside_slope": 0.1,
    "pixel_stddev": 0.1,
    "content_kl_weight": 20.0,
    "motion_kl_weight": 2.0,
    "motion_kl_start": 2.0,
    "motion_kl_ramp_steps": 0,
    "kl_warmup_steps": 0,
    "decoded_frames": 3,
}
# Without labels a clip's direction and action are as constant as its character, and the
# content, which is learned first, takes them: swaps of a small pilot got the action
# right in 0 of 540 clips. Content from any of the clips of the same colours cannot know
# them: a character has 9, the clip itself and 8 others.
UNLABELLED = {
    **SIZES,
    "position_dim": 16,
    "num_components": 48,
    "motion_kl_weight": 40.0,
    "motion_kl_ramp_steps": 7000,
    "framewise_weight": 1.0,
    "consistency_weight": 1.0,
    "framewise_ramp_steps": 4000,
    "decoded_frames": 2,
}
# What a state tells of the character must cost more than it gives, and a slash begins
# and ends standing, so that its last frame alone tells no phase.
ENDING = {
    "motion_kl_ramp_steps": 0,
    "framewise_ramp_steps": 1,
    "position_from": "history",
}
# Operators without fixed frequencies have no use for the harmonics.
FREE = {key: value for key, value in SIZES.items() if key != "harmonics"}
# f and z_t have the sizes of DSVAE's public code, on our frame networks. A clip's
# direction and action are as constant as its character: f is read from other clips of
# the same colours, as above, and z becomes dear, so that it leaves the character to f.
DSVAE_SIZES = {
    "posterior": "factorised",
    "content_dim": 256,
    "motion_dim": 32,
    "features": 128,
    "content_hidden": 64,
    "motion_hidden": 128,
    "prior_hidden": 128,
    "hidden": 192,
    "encoder_channels": [40, 80, 112],
    "decoder_channels": [128, 96, 48],
    "base_channels": 32,
    "outside_slope": 0.1,
    "pixel_stddev": 0.1,
    "content_kl_weight": 20.0,
    "motion_kl_weight": 40.0,
    "motion_kl_start": 2.0,
    "motion_kl_ramp_steps": 6000,
    "prefix_rate": 0.25,
    "kl_warmup_steps": 0,
    "decoded_frames": 3,
}
DSVAES = {"dsvae-sprites": "factorised", "dsvae-full-sprites": "full"}
PAPER = {
    "dynamics": "symplectic",
    "position_dim": 12,
    "content_dim": 256,
    "content_hidden": 128,
    "motion_features": 108,
    "pixel_stddev": 0.1,
}

COMMON = {
    "dataset": "sprites",
    "build_model": build_halo,
    "evaluate": evaluate,
    "judge": "judge-sprites",
    "batch_size": 32,
    "learning_rate": 1.5e-3,
    "precision": "mixed_bfloat16",
}
# Clips are loops: frames up to 125 periods away are targets too.
LOOP = {**COMMON, "max_loops": 125}

RECIPES = {
    "halo-sprites-base": Recipe(
        preset="halo-sprites-base",
        description="HALO on Sprites, 9 operators (action x direction) in normal form, "
        "trained on the clip as a loop.",
        model=SIZES,
        epochs=32,
        ema_momentum=0.999,
        rolled_actions=WALKS,
        strip_every=5,
        **LOOP,
    ),
    "halo-sprites": Recipe(
        preset="halo-sprites",
        version=4,
        description="HALO on Sprites, 9 operators (action x direction) in normal form, "
        "trained on the clip as a loop; at the end with a dear motion latent.",
        # What a state tells of the character costs now more than it gives; and a slash
        # begins and ends standing, so that its last frame alone tells no phase.
        model={
            **SIZES,
            "motion_kl_weight": 40.0,
            "motion_kl_start": 40.0,
            "position_from": "history",
        },
        init="runs/halo-sprites-base",
        epochs=6,
        ema_momentum=0.99,
        rolled_actions=WALKS,
        strip_every=2,
        **LOOP | {"learning_rate": 7e-4},
    ),
    "halo-symplectic-sprites": Recipe(
        preset="halo-symplectic-sprites",
        description="HALO on Sprites with the paper's symplectic operators, trained on "
        "the paper's 8 frames.",
        # A carried N(0, I) blows up along hyperbolic directions: the paper's choice.
        model={**FREE, "dynamics": "symplectic", "prior_at": "reference"},
        epochs=5,
        ema_momentum=0.995,
        strip_every=5,
        **COMMON,
    ),
    "halo-orthogonal-sprites": Recipe(
        preset="halo-orthogonal-sprites",
        description="HALO on Sprites with the paper's skew operators (symplectic and "
        "orthogonal), trained on the paper's 8 frames.",
        model={**FREE, "dynamics": "orthogonal", "base_channels": 40},
        epochs=5,
        ema_momentum=0.995,
        strip_every=5,
        **COMMON,
    ),
    "halo-sprites-unconditional-base": Recipe(
        preset="halo-sprites-unconditional-base",
        description="HALO on Sprites without labels: one operator in normal form for "
        "all motion, a mixture for its prior, trained on the clip as a loop; content "
        "is read from another clip of the same colours.",
        model=UNLABELLED,
        operators=("motion",),
        content_partners=8,
        epochs=16,
        ema_momentum=0.999,
        rolled_actions=ALL,
        strip_every=4,
        **LOOP | {"batch_size": 16},
    ),
    "halo-sprites-unconditional": Recipe(
        preset="halo-sprites-unconditional",
        version=3,
        description="HALO on Sprites without labels: one operator in normal form for "
        "all motion, a mixture for its prior, trained on the clip as a loop; content "
        "is read from another clip of the same colours; at the end with dear latents.",
        model={
            **UNLABELLED,
            **ENDING,
            "content_kl_weight": 40.0,
            "motion_kl_weight": 300.0,
            "motion_kl_start": 300.0,
        },
        operators=("motion",),
        content_partners=8,
        init="runs/halo-sprites-unconditional-base",
        epochs=8,
        ema_momentum=0.99,
        rolled_actions=ALL,
        strip_every=2,
        **LOOP | {"batch_size": 16, "learning_rate": 7e-4},
    ),
    "halo-sprites-three-actions": Recipe(
        preset="halo-sprites-three-actions",
        description="HALO on Sprites, 3 operators (walk, spellcard, slash) in normal "
        "form: direction is a part of the motion; trained on the clip as a loop.",
        model={
            **UNLABELLED,
            **ENDING,
            "num_components": 16,
            "content_kl_weight": 40.0,
            "motion_kl_weight": 300.0,
            "motion_kl_start": 300.0,
        },
        operators=("walk", "spellcard", "slash"),
        content_partners=8,
        init="halo-sprites-unconditional",
        epochs=4,
        ema_momentum=0.99,
        rolled_actions=WALKS,
        strip_every=2,
        **LOOP | {"batch_size": 16, "learning_rate": 7e-4},
    ),
    **{
        f"{preset}-base": Recipe(
            preset=f"{preset}-base",
            description=f"DSVAE on Sprites with the {posterior} posterior and without "
            "labels, on 8 frames; content is read from another clip of the same "
            "colours, and motion becomes dear.",
            model={**DSVAE_SIZES, "posterior": posterior},
            content_partners=8,
            epochs=14,
            ema_momentum=0.999,
            strip_every=4,
            **COMMON | {"build_model": build_dsvae, "batch_size": 16},
        )
        for preset, posterior in DSVAES.items()
    },
    **{
        preset: Recipe(
            preset=preset,
            description=f"DSVAE on Sprites with the {posterior} posterior and without "
            "labels, on 8 frames; content is read from another clip of the same "
            "colours; at the end with dear latents.",
            model={
                **DSVAE_SIZES,
                "posterior": posterior,
                "content_kl_weight": 40.0,
                "motion_kl_weight": 300.0,
                "motion_kl_start": 300.0,
                "motion_kl_ramp_steps": 0,
            },
            content_partners=8,
            init=f"runs/{preset}-base",
            epochs=4,
            ema_momentum=0.99,
            strip_every=2,
            **COMMON
            | {"build_model": build_dsvae, "batch_size": 16, "learning_rate": 7e-4},
        )
        for preset, posterior in DSVAES.items()
    },
    "paper": Recipe(
        preset="halo-paper-sprites",
        dataset="sprites",
        description="HALO on Sprites with the layer table of the paper's public code, "
        "symplectic operators, 8 frames; about 160 million weights, for a GPU.",
        build_model=build_paper_model,
        evaluate=evaluate,
        judge="judge-sprites",
        model=PAPER,
        epochs=800,
        batch_size=24,
        learning_rate=2e-4,
        warmup_fraction=0.0,
        final_learning_rate_fraction=1.0,
        ema_momentum=0.0,
        strip_every=20,
    ),
}

if __name__ == "__main__":
    command.run(RECIPES, __doc__)
