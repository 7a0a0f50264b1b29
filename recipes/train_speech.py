"""Speech: content is the speaker, motion is what is said.

Paper: Li & Mandt, "Disentangled Sequential Autoencoder", ICML 2018, section 4.2,
    table 2 and figure 6, on TIMIT: equal error rates of speaker verification 4.78 %
    (content) and 17.84 % (motion) with the factorised posterior of 16 dimensions,
    5.64 % and 19.20 % with the full one. TIMIT is licensed and not shipped; by default
    synthesised voices stand in for it (`formant_voices`): other data, other numbers.
Command: first the judge, python recipes/train_judge.py --preset judge-formant-voices
    and then python recipes/train_speech.py --preset dsvae-speech
    (`--set judge=FOLDER` takes another judge, `--set judge=none` leaves out what is
    judged; --data-dir: the zip or folder of Free Spoken Digits, or TIMIT's folder)
Presets, each for the corpora `speech` (synthesised voices), `spoken-digits` (the same
    speakers in test), `spoken-digits-unseen` (two other speakers in test) and `timit`:
    dsvae-<corpus>, dsvae-64-<corpus> (factorised posterior, 16 and 64 dimensions),
    dsvae-full-<corpus>, dsvae-full-64-<corpus> (full posterior),
    halo-<corpus> (motion is an orbit of 200 ms, one operator in normal form).
    As in the paper, nobody tells which segments are of one recording:
    --set content_partners=0.
Hours, hardware and scores: runs/<preset>/metrics.json, written by this file at the end
    of the training: "run" holds seed, wall time, steps, commit and hardware.

Spoken digits: CC-BY-SA 4.0, Zohar Jackson and contributors. pip install
'halo-keras[speech]'.
"""

from halo_keras.training import Recipe, command
from halo_keras.training.build_dsvae import build_dsvae
from halo_keras.training.build_halo import build_halo


def evaluate(model, recipe, load, judge):
    """Who and what, in content and motion; see `halo_keras.evaluation.speech`."""
    from halo_keras.evaluation.speech import evaluate_speech

    train, test = (lambda: load("train")), load("test")
    return {"test": evaluate_speech(model, train, test, judge, recipe.seed)}


NETWORKS = {"spectrum_hidden": 256, "spectrum_depth": 1, "features": 128}
# A latent in every frame can say all, and who speaks is a part of it: what motion says
# costs more than what content says, once it has learned to say something.
DSVAE = {
    **NETWORKS,
    "content_hidden": 128,
    "motion_hidden": 128,
    "prior_hidden": 128,
    "pixel_stddev": 0.1,
    "motion_kl_start": 1.0,
    "motion_kl_weight": 5.0,
    "motion_kl_ramp_steps": 1500,
    "kl_warmup_steps": 300,
}
# A segment as sines of half a period and its overtones: any motion within 200 ms.
HALO = {
    **NETWORKS,
    "dynamics": "normal-form",
    "position_dim": 32,
    "harmonics": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    "period_in_clips": 2,
    "content_dim": 16,
    "content_hidden": 128,
    "motion_features": 128,
    "momentum_dilation": 5,
    "position_from": "history",
    "num_components": 16,
    "pixel_stddev": 0.1,
    "framewise_weight": 1.0,
    "consistency_weight": 1.0,
    "one_frame_rate": 0.0,
    "motion_kl_weight": 5.0,
    "kl_warmup_steps": 300,
}
COMMON = {
    "evaluate": evaluate,
    # A recording has one speaker, whoever that is: content is read from another segment
    # of it, and so cannot tell what is said in this one.
    "content_partners": 3,
    "batch_size": 64,
    "learning_rate": 1.5e-3,
    "ema_momentum": 0.995,
    "strip_every": 10,
}
MODELS = {
    "dsvae": ("factorised", 16),
    "dsvae-64": ("factorised", 64),
    "dsvae-full": ("full", 16),
    "dsvae-full-64": ("full", 64),
}
UNSEEN = {"protocol": "unseen-speakers"}
CORPORA = {
    "speech": (
        "synthesised voices",
        {
            "dataset": "formant_voices",
            "epochs": 40,
            "judge": "runs/judge-formant-voices",
        },
    ),
    "spoken-digits": (
        "Free Spoken Digits, the same speakers in training and test",
        {
            "dataset": "spoken_digits",
            "epochs": 40,
            "judge": "runs/judge-spoken-digits",
        },
    ),
    "spoken-digits-unseen": (
        "Free Spoken Digits, two of the six speakers in test only",
        {
            "dataset": "spoken_digits",
            "data": UNSEEN,
            "epochs": 50,
            "judge": "runs/judge-spoken-digits-unseen",
        },
    ),
    "timit": (
        "TIMIT",
        {"dataset": "timit", "epochs": 20, "judge": "runs/judge-timit"},
    ),
}


def recipes_of(corpus: str) -> dict[str, Recipe]:
    """The five models of one corpus, by preset name."""
    text, options = CORPORA[corpus]
    found = {}
    for model, (posterior, size) in MODELS.items():
        found[f"{model}-{corpus}"] = Recipe(
            preset=f"{model}-{corpus}",
            description=f"DSVAE on speech ({text}) with the {posterior} posterior, "
            f"content and motion of {size} dimensions.",
            build_model=build_dsvae,
            model={
                **DSVAE,
                "posterior": posterior,
                "content_dim": size,
                "motion_dim": size,
            },
            **COMMON,
            **options,
        )
    found[f"halo-{corpus}"] = Recipe(
        preset=f"halo-{corpus}",
        description=f"HALO on speech ({text}), one operator in normal form.",
        build_model=build_halo,
        model=HALO,
        **COMMON,
        **options,
    )
    return found


RECIPES = {
    preset: recipe
    for corpus in CORPORA
    for preset, recipe in recipes_of(corpus).items()
}

if __name__ == "__main__":
    command.run(RECIPES, __doc__)
