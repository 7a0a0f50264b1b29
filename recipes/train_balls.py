"""HALO on rotating balls: content is colour and radius, motion is an orbit.

Paper: Khan & Storkey, "Hamiltonian Latent Operators for content and motion
    disentanglement in image sequences", NeurIPS 2022, figure 3. The paper gives no
    numbers for this experiment; halo_keras/data/balls.py describes the data made here.
Command: python recipes/train_balls.py --preset halo-balls --output zoo/halo-balls
Presets: halo-tiny (a small twin for tests), halo-balls (three speeds, one operator
    each), halo-balls-speed (continuous speeds, whose period the state itself sets),
    halo-balls-speed-normal-form (the same data with fixed speeds, which cannot fit it).
Hours, hardware and scores: zoo/<preset>/metrics.json, written by this file at the end
    of the training: "run" holds seed, wall time, steps, commit and hardware, "test"
    the errors against the exact frames.

Nothing is downloaded: the balls are computed.
"""

import numpy as np

from halo_keras.training import Recipe, command


def build_model(recipe, dataset):
    """HALO from its parts; the numbers come from `recipe.model`."""
    from halo_keras.layers import FrameDecoder, FrameEncoder
    from halo_keras.models import HALO

    size = recipe.model
    shape = dataset.frame_shape
    return HALO(
        frame_shape=shape,
        dynamics=build_dynamics(recipe, dataset),
        encoder=FrameEncoder(
            shape, size["encoder_channels"], size["features"], name="encoder"
        ),
        decoder=FrameDecoder(
            shape,
            size["decoder_channels"],
            size["base_channels"],
            size["hidden"],
            name="decoder",
        ),
        action_names=dataset.action_names,
        num_frames=dataset.num_frames,
        content_dim=size["content_dim"],
        content_hidden=size["hidden"],
        motion_features=size["features"],
        pixel_stddev=size["pixel_stddev"],
        kl_warmup_steps=size["kl_warmup_steps"],
        decoded_frames=size["decoded_frames"],
        seed=recipe.seed,
    )


def build_dynamics(recipe, dataset):
    """`recipe.model["dynamics"]`, with one operator an action."""
    from halo_keras.dynamics import ActionAngleDynamics, NormalFormDynamics
    from halo_keras.schema import Text

    size = recipe.model["position_dim"]
    kind = recipe.model["dynamics"]
    Text(("normal-form", "action-angle")).check(kind, "model.dynamics")
    if kind == "action-angle":
        return ActionAngleDynamics(size, dataset.num_actions, name="dynamics")
    return NormalFormDynamics(
        size, dataset.num_actions, num_frames=dataset.num_frames, name="dynamics"
    )


def evaluate(model, recipe, load, judge):
    """Errors on the test clips against the exact frames, by kind of task.

    All are mean squared errors on the [0, 1] scale. A clip has T frames, at times 0 to
    T - 1. `forward_8x`: the T frames that end at 8 T; `backward_8x`: the T frames that
    begin at -8 T; `2x`: likewise at 2 T; `half_frames`: times .5 to T - 1.5;
    `centre_error`: distance, in pixels, from the centre of brightness at half-frame
    times to the exact centre. Beside them both leakage probes. Balls need no judge.
    """
    from halo_keras.data import balls
    from halo_keras.evaluation.metrics import mse
    from halo_keras.evaluation.probes import leakage

    test = load("test")
    states, action, length = test.states, test.labels["action"], test.num_frames
    times = {
        "forward_2x": np.arange(length, 2 * length),
        "backward_2x": np.arange(-length, 0),
        "forward_8x": np.arange(7 * length, 8 * length),
        "backward_8x": np.arange(-8 * length, -7 * length),
        "half_frames": np.arange(length - 1) + 0.5,
    }
    found = {
        "reconstruction_mse": mse(
            model.reconstruct(test.frames, action=action), test.frames
        ),
        "reconstruction_from_frame_0_mse": mse(
            model.reconstruct(test.frames, action=action, reference=0), test.frames
        ),
    }
    for name, asked in times.items():
        truth = balls.render(states, asked)
        frames = model.forecast(test.frames, asked, action=action)
        found[f"{name}_mse"] = mse(frames, truth)
        if name == "half_frames":
            distance = centre_of_brightness(frames) - balls.centres(states, asked)
            found["centre_error"] = np.linalg.norm(distance, axis=-1)
    # The next clip's motion with this clip's content; the exact result is known.
    other = np.roll(np.arange(len(test)), -1)
    moved = {key: value[other] for key, value in states.items()}
    swapped = model.swap_motion(test.frames, test.frames[other], action=action[other])
    truth = balls.render_joint(states, [moved], np.arange(length))
    found["swap_mse"] = mse(swapped, truth)
    inferred = model.infer_action(test.frames)
    found["infer_action_accuracy"] = inferred == action
    found.update(leakage(model, load("train"), test))
    return {"test": {name: float(np.mean(value)) for name, value in found.items()}}


def centre_of_brightness(frames):
    """(x, y) in pixels, `(..., 2)`, of frames `(..., height, width, channels)`."""
    light = np.asarray(frames, "float64").sum(axis=-1)
    light = light * (light > 0.1 * light.max(axis=(-2, -1), keepdims=True))
    total = light.sum(axis=(-2, -1))
    x = np.arange(light.shape[-1]) + 0.5
    y = np.arange(light.shape[-2]) + 0.5
    return np.stack(
        [(light.sum(axis=-2) @ x) / total, (light.sum(axis=-1) @ y) / total], axis=-1
    )


SMALL = {
    "dynamics": "normal-form",
    "position_dim": 2,
    "content_dim": 6,
    "features": 32,
    "hidden": 32,
    "encoder_channels": [12, 24],
    "decoder_channels": [24, 16, 8],
    "base_channels": 8,
    "pixel_stddev": 0.1,
    "kl_warmup_steps": 0,
    "decoded_frames": 6,
}
LARGE = {
    **SMALL,
    "position_dim": 4,
    "content_dim": 8,
    "features": 96,
    "hidden": 96,
    "encoder_channels": [32, 64, 96],
    "decoder_channels": [64, 48, 24],
    "base_channels": 24,
    "pixel_stddev": 0.05,
    "decoded_frames": 8,
}

RECIPES = {
    "halo-tiny": Recipe(
        preset="halo-tiny",
        dataset="balls",
        description="A small HALO on rotating balls, trained in under a minute on two "
        "processor cores; for tests and first steps.",
        build_model=build_model,
        evaluate=evaluate,
        data={"num_frames": 16, "orbits": "same"},
        model=SMALL,
        epochs=12,
        batch_size=32,
        learning_rate=3e-3,
        ema_momentum=0.98,
        strip_every=6,
    ),
    "halo-balls": Recipe(
        preset="halo-balls",
        dataset="balls",
        description="HALO on balls that rotate at three speeds, one operator each.",
        build_model=build_model,
        evaluate=evaluate,
        data={"num_frames": 16, "orbits": "same"},
        model=LARGE,
        epochs=100,
        learning_rate=1.5e-3,
        ema_momentum=0.999,
    ),
    "halo-balls-speed": Recipe(
        preset="halo-balls-speed",
        dataset="balls_speed",
        description="HALO on balls of continuous speed, with an operator whose speed "
        "depends on the state (action-angle).",
        build_model=build_model,
        evaluate=evaluate,
        data={"num_frames": 16},
        model={**LARGE, "dynamics": "action-angle"},
        epochs=100,
        learning_rate=1.5e-3,
        ema_momentum=0.999,
    ),
    "halo-balls-speed-normal-form": Recipe(
        preset="halo-balls-speed-normal-form",
        dataset="balls_speed",
        description="The counterpart of halo-balls-speed with fixed speeds, which no "
        "linear operator can make fit.",
        build_model=build_model,
        evaluate=evaluate,
        data={"num_frames": 16},
        model=LARGE,
        epochs=100,
        learning_rate=1.5e-3,
        ema_momentum=0.999,
    ),
}

if __name__ == "__main__":
    command.run(RECIPES, __doc__)
