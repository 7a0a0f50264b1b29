"""Hamiltonian systems from pixels: HGN, its rivals in closed form, and baselines.

Papers: Toth et al., "Hamiltonian Generative Networks", ICLR 2020; the authors' later
    code and Botev et al., "Which priors matter?", NeurIPS 2021 (valid prediction time,
    baselines); the re-evaluation report, zenodo 4835278 (its table on noisy pictures).
Command: python recipes/train_physics.py --preset hgn-mass-spring
    with other seeds: --set seed=1 --output runs/hgn-mass-spring-1
Presets, for each of mass-spring, pendulum, two-body, three-body, double-pendulum:
    hgn-<system>           learned H = V(q) + K(p), leapfrog
    action-angle-<system>  the same model with H(I_1, ..., I_d): no integrator
    normal-form-<system>   the same model with d learned speeds
    node-<system>          neural ODE; gru-<system>  recurrent; pixel-hnn-<system>
    trained on clips of 64 frames, of which 5 in a row are seen, and asked for 192 more,
    forward and backward. And of the report's pictures, with its noise:
    hgn-report-<system>    5 frames are seen, 30 predicted
    hgn-autoencode-report-<system>  30 frames are seen, and rolled back over
    action-angle-report-<system>, action-angle-autoencode-report-<system>
Hours, hardware and scores: runs/<preset>/metrics.json, written by this file at the end
    of the training: "run" holds seed, wall time, steps, commit and hardware, "test"
    errors by frame, valid prediction times, energies and frequencies.
Ablation of f_psi, integrator and posterior: python recipes/study_physics.py

Nothing is downloaded: the clips are simulated.
"""

from halo_keras.training import Recipe, command
from halo_keras.training.build_hgn import build_hgn
from halo_keras.training.build_pixel_hnn import build_pixel_hnn

SYSTEMS = ("mass_spring", "pendulum", "two_body", "three_body", "double_pendulum")


def evaluate(model, recipe, load, judge):
    """What the model predicts; see `halo_keras.evaluation.physics`."""
    from halo_keras import data
    from halo_keras.evaluation.physics import beyond_training, evaluate_physics

    test = data.load(recipe.dataset, "test", **beyond_training(recipe.data))
    return {"test": evaluate_physics(model, load, test, recipe.seed)}


NETWORKS = {
    "encoder_channels": [32, 64, 96],
    "features": 96,
    "decoder_channels": [64, 48, 32],
    "base_channels": 32,
    "hidden": 128,
}
MODEL = {
    **NETWORKS,
    "inference_frames": 5,
    "posterior": "deterministic",
    "transform_hidden": None,
    "objective": "elbo",
    "motion_kl_weight": 1.0,
    "pixel_stddev": 0.1,  # without a KL it only scales the loss
    "direction": "both",
    "decoded_frames": 6,
    "num_components": 8,
}
# Slow to fast, radians a frame: a generic start, of no system's own speed.
SPEEDS = [0.02, 0.03, 0.05, 0.08, 0.12, 0.19, 0.3, 0.45]
DYNAMICS = {
    "hgn": {
        "dynamics": "neural-hamiltonian",
        "position_dim": 16,
        "dynamics_hidden": [128, 128],
        "dynamics_activation": "softplus",
        "dynamics_frequencies": SPEEDS,
        "dynamics_integrator": "leapfrog",
        "dynamics_damping": None,
    },
    "action-angle": {
        "dynamics": "action-angle",
        "position_dim": 16,
        "dynamics_hidden_dim": 64,
        "dynamics_frequencies": SPEEDS,
    },
    "normal-form": {
        "dynamics": "normal-form",
        "position_dim": 16,
        "dynamics_frequencies": SPEEDS,
    },
    "node": {
        "dynamics": "neural-ode",
        "position_dim": 16,
        "dynamics_hidden": [128, 128],
        "dynamics_activation": "silu",
    },
    "gru": {"dynamics": "recurrent", "position_dim": 16, "direction": "forward"},
}
NAMES = {
    "hgn": "Hamiltonian Generative Network, leapfrog",
    "action-angle": "HGN's closed-form rival, a learned integrable H(I)",
    "normal-form": "HGN's closed-form rival, learned speeds",
    "node": "neural ODE, HGN's baseline without structure",
    "gru": "recurrent network, HGN's baseline without structure or way back",
}
PIXEL_HNN = {
    "position_dim": 4,
    "hidden": 200,
    "dynamics_hidden": [200, 200],
    "dynamics_weight": 0.1,
}
COMMON = {
    "evaluate": evaluate,
    "epochs": 120,
    "batch_size": 32,
    "learning_rate": 1e-3,
    "ema_momentum": 0.998,
    "strip_every": 40,
}
DATA = {"num_clips": 4096, "num_frames": 64, "rendering": "suite", "friction": 0.0}
# The report's own: .125 between frames, its noise; 5 frames, and 29 after them.
REPORT_DATA = {"num_clips": 16384, "num_frames": 34, "rendering": "report"}


def _recipes():
    for system in SYSTEMS:
        plain = system.replace("_", "-")
        shown = system.replace("_", " ")
        for family, dynamics in DYNAMICS.items():
            yield Recipe(
                preset=f"{family}-{plain}",
                dataset=system,
                description=f"{NAMES[family]}: {shown} from pixels, 5 frames seen.",
                build_model=build_hgn,
                data=DATA,
                model={**MODEL, **dynamics},
                **COMMON,
            )
        yield Recipe(
            preset=f"pixel-hnn-{plain}",
            dataset=system,
            description=f"PixelHNN, a Hamiltonian of pairs of frames: {shown}.",
            build_model=build_pixel_hnn,
            data=DATA,
            model=PIXEL_HNN,
            **COMMON,
        )
    for system in SYSTEMS:
        plain = system.replace("_", "-")
        shown = system.replace("_", " ")
        for family in ("hgn", "action-angle"):
            settings = {**MODEL, **DYNAMICS[family]}
            report = {**COMMON, "epochs": 40}
            yield Recipe(
                preset=f"{family}-report-{plain}",
                dataset=system,
                description=f"{NAMES[family]}: {shown} on the report's noisy pictures, "
                "5 frames seen.",
                build_model=build_hgn,
                data=REPORT_DATA,
                model=settings,
                **report,
            )
            yield Recipe(
                preset=f"{family}-autoencode-report-{plain}",
                dataset=system,
                description=f"{NAMES[family]}: {shown} on the report's noisy pictures, "
                "all frames seen.",
                build_model=build_hgn,
                data=REPORT_DATA,
                model={**settings, "inference_frames": 30, "direction": "backward"},
                **report,
            )


RECIPES = {recipe.preset: recipe for recipe in _recipes()}

if __name__ == "__main__":
    command.run(RECIPES, __doc__)
