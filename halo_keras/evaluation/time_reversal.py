"""There and back, slower and faster: what a flow can do and a recurrence cannot."""

from __future__ import annotations

import numpy as np
from keras import ops

from halo_keras.data.action_groups import operators_for
from halo_keras.data.physics import frames_at
from halo_keras.evaluation.metrics import as_float, mse
from halo_keras.evaluation.physics_rollouts import finite_frames, shown_frames
from halo_keras.evaluation.progress import chunks

AWAY = 60  # frames
TEMPI = {"slow": 0.5, "fast": 2.0}
FRAMES = 30
CLIPS = 128
CLIPS_A_BATCH = 32


def reversal(model, dataset, away: int = AWAY, verbose: int = 0) -> dict[str, float]:
    """How far a roll-out forward, and the same way back, ends from where it began.

    Returns:
        `reversal_state_error`: |s' - s| / |s| of the states, s' = flow(-T, flow(T, s)),
            mean over clips; of a model with a `dynamics`.
        `reversal_mse`: the frames that are made around time T, read again and rolled
            back, against those made at time 0: encoder and decoder are in it.
        Nothing for a model that only goes forward.
    """
    if getattr(model, "forward_only", False):
        return {}
    few = dataset.subset(slice(0, min(CLIPS, len(dataset))))
    told, shown = operators_for(model, few), shown_frames(model)
    near = np.arange(shown)
    errors, states = [], []
    for rows in chunks(len(few), CLIPS_A_BATCH, "there and back", verbose):
        given, action = few.frames[rows, :shown], told[rows]
        there = model.forecast(given, near + away, action=action)
        there = np.clip(finite_frames(np.asarray(there))[0], 0, 1)
        back = model.forecast(there, near - away, action=action)
        made = model.forecast(given, near, action=action)
        both = (finite_frames(np.asarray(one))[0] for one in (back, made))
        errors.append(mse(*both))
        if hasattr(model, "dynamics"):
            state = np.asarray(model.encode(given, action=action).state, "float32")
            states.append(_there_and_back(model.dynamics, state, away))
    found = {"reversal_mse": float(np.concatenate(errors).mean())}
    if states:
        found["reversal_state_error"] = float(np.concatenate(states).mean())
    return found


def _there_and_back(dynamics, state, away):
    """|s' - s| / |s| of states `(B, K, S)`."""
    moved = ops.convert_to_numpy(dynamics.trajectory(state, [float(away)]))[:, 0]
    again = ops.convert_to_numpy(dynamics.trajectory(moved, [-float(away)]))[:, 0]
    away = np.linalg.norm((again - state).reshape(len(state), -1), axis=1)
    size = np.linalg.norm(state.reshape(len(state), -1), axis=1)
    return away / np.maximum(size, 1e-12)


def tempi(model, dataset, verbose: int = 0) -> dict[str, float]:
    """Slow and fast motion against the truth: frames at half and at double steps.

    30 frames from the first on, at half a frame's and at two frames' distance; the
    truth is simulated at these times, without noise.

    Returns: `slow_mse`, `fast_mse`; a tempo at whose times the model has no frames (one
        that only steps from frame to frame) is left out, which is printed.
    """
    few = dataset.subset(slice(0, min(CLIPS, len(dataset))))
    told, shown = operators_for(model, few), shown_frames(model)
    found = {}
    for name, tempo in TEMPI.items():
        times, errors = tempo * np.arange(FRAMES), []
        truth = frames_at(few, times)
        try:
            for rows in chunks(len(few), CLIPS_A_BATCH, f"{name} motion", verbose):
                made = model.forecast(few.frames[rows, :shown], times, told[rows])
                made = finite_frames(np.asarray(made))[0]
                errors.append(mse(made, as_float(truth[rows])))
        except ValueError as reason:  # its own words on times that it cannot reach
            print(f"{name} motion is left out: {reason}")
            continue
        found[f"{name}_mse"] = float(np.concatenate(errors).mean())
    return found
