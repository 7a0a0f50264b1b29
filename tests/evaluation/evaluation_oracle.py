"""A model and a judge that know the truth of a toy dataset, and models that cheat."""

from types import SimpleNamespace

import numpy as np

from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.ops.gaussian import DiagonalGaussian

NUM_CHARACTERS, NUM_ACTIONS, NUM_FRAMES = 6, 3, 4
ACTION_NAMES = ["walk/left", "walk/right", "jump"]


def toy_clips(split="test"):
    """Random pictures: each (character, action, frame) has one of its own."""
    rng = np.random.default_rng(7)
    count = NUM_CHARACTERS * NUM_ACTIONS
    character = np.tile(np.arange(NUM_CHARACTERS), NUM_ACTIONS)
    return ClipDataset(
        name="toy",
        split=split,
        frames=rng.integers(0, 256, (count, NUM_FRAMES, 8, 8, 3), dtype="uint8"),
        labels={
            "action": np.repeat(np.arange(NUM_ACTIONS), NUM_CHARACTERS),
            "hat": character % 2,
            "character": character,
        },
        label_names={"action": ACTION_NAMES, "hat": ["none", "big"]},
        license="Apache-2.0",
        attribution="made by this test",
    )


class Oracle:
    """Finds each given clip in the dataset by its first frame, and gives the truth."""

    num_actions = NUM_ACTIONS
    action_names = ACTION_NAMES

    def __init__(self, dataset):
        self.dataset = dataset
        self.seen = []
        self.seeds = []
        self.where = {
            frame.tobytes(): (clip, phase)
            for clip, frames in enumerate(dataset.frames)
            for phase, frame in enumerate(frames)
        }

    def locate(self, frames):
        self.seen.append(len(frames))
        if frames.dtype != np.uint8:  # a clip that this model made
            frames = np.rint(255 * frames).astype("uint8")
        found = [self.where[clip[0].tobytes()] for clip in frames]
        return [np.array(column) for column in zip(*found, strict=True)]

    def clip_of(self, character, action):
        return action * NUM_CHARACTERS + character

    def show(self, clips, phases, times):
        index = (np.asarray(times) + np.asarray(phases)[:, None]) % NUM_FRAMES
        shown = self.dataset.frames[np.asarray(clips)[:, None], index]
        return shown.astype("float32") / 255

    def reconstruct(self, frames, action=None, times=None, reference=None):
        return self.show(*self.locate(frames), np.arange(NUM_FRAMES))

    def forecast(self, frames, times, action=None):
        return self.show(*self.locate(frames), times)

    def infer_action(self, frames):
        return self.dataset.labels["action"][self.locate(frames)[0]]

    def swap_motion(self, content_from, motion_from, action=None, times=None):
        character = self.locate(content_from)[0] % NUM_CHARACTERS
        motion, phase = self.locate(motion_from)
        known = self.dataset.labels["action"][motion]
        assert action is None or np.array_equal(action, known)
        clips = self.clip_of(character, known)
        return self.show(clips, phase, np.arange(NUM_FRAMES))

    def generate(self, image, action, times=None):
        """The action from its first frame on, by whoever is in the pictures."""
        character = self.locate(image[:, None])[0] % NUM_CHARACTERS
        clips = self.clip_of(character, np.asarray(action))
        return self.show(clips, 0 * clips, np.arange(NUM_FRAMES))

    def sample(
        self, num_clips, action=None, content_from=None, motion_from=None, seed=None
    ):
        self.seeds.append(seed)
        rng = np.random.default_rng(seed)
        phase = np.zeros(num_clips, int)
        character = rng.integers(NUM_CHARACTERS, size=num_clips)
        if action is None:
            action = rng.integers(NUM_ACTIONS, size=num_clips)
        if content_from is not None:
            character = self.locate(content_from)[0] % NUM_CHARACTERS
        if motion_from is not None:
            phase = np.resize(self.locate(motion_from)[1], num_clips)
        character = np.resize(character, num_clips)
        action = np.resize(action, num_clips)
        return self.show(self.clip_of(character, action), phase, np.arange(NUM_FRAMES))

    def posterior(self, frames, action):
        clips, _ = self.locate(frames)
        character = clips % NUM_CHARACTERS
        content = np.eye(NUM_CHARACTERS, dtype="float32")[character]
        state = np.ones((len(frames), 4), "float32")
        tight = np.float32(-8)
        return SimpleNamespace(
            content=DiagonalGaussian(content, tight + 0 * content),
            state=DiagonalGaussian(state, 0 * state),
        )


class Coarse(Oracle):
    """Knows of walks and jumps; the direction of a walk is part of its motion."""

    num_actions = 2
    action_names = ("walk", "jump")

    def sample(
        self, num_clips, action=None, content_from=None, motion_from=None, seed=None
    ):
        rng = np.random.default_rng(seed)
        if action is None:
            action = rng.integers(2, size=num_clips)
        action = np.resize(action, num_clips)
        assert np.max(action) < self.num_actions
        finer = np.where(action == 1, 2, rng.integers(2, size=num_clips))
        if motion_from is not None:
            finer = self.dataset.labels["action"][self.locate(motion_from)[0]]
        return super().sample(num_clips, finer, content_from, motion_from, seed)

    def generate(self, image, action):
        return super().generate(image, np.where(np.asarray(action) == 1, 2, 0))


class IgnoresMotion(Oracle):
    """Knows the action that it is told, but not where in it the motion clip is."""

    def swap_motion(self, content_from, motion_from, action=None, times=None):
        character = self.locate(content_from)[0] % NUM_CHARACTERS
        if action is None:
            action = self.dataset.labels["action"][self.locate(motion_from)[0]]
        clips = self.clip_of(character, action)
        return self.show(clips, 0 * clips, np.arange(NUM_FRAMES))


class KeepsItsOwnAction(Oracle):
    """Its content remembers the action: neither swap nor sample can change it."""

    def swap_motion(self, content_from, motion_from, action=None, times=None):
        return self.reconstruct(content_from)

    def sample(
        self, num_clips, action=None, content_from=None, motion_from=None, seed=None
    ):
        return self.reconstruct(motion_from if content_from is None else content_from)


class Frozen(Oracle):
    """Shows the first frame for ever."""

    def forecast(self, frames, times, action=None):
        return super().forecast(frames, np.zeros(len(times), int), action)


class OracleFrameJudge:
    """Names the labels of the clip that holds the nearest frame, four to one."""

    head_names = ("action", "hat")
    head_sizes = (NUM_ACTIONS, 2)
    num_frames = None

    def __init__(self, dataset):
        self.labels = dataset.labels
        self.known = dataset.frames.reshape(-1, *dataset.frame_shape) / 255

    def predict_probabilities(self, frames):
        frames = np.asarray(frames, "float32") / (255 if frames.dtype == "uint8" else 1)
        distance = np.square(self.known - frames[:, :, None]).sum(axis=(3, 4, 5))
        clip = distance.argmin(axis=2) // NUM_FRAMES
        found = {}
        for head, size in zip(self.head_names, self.head_sizes, strict=True):
            truth = np.eye(size)[self.labels[head][clip]]
            found[head] = 0.8 * truth + 0.2 * (1 - truth) / (size - 1)
        return found

    def predict_labels(self, frames):
        found = self.predict_probabilities(frames)
        return {head: values.argmax(-1) for head, values in found.items()}


class OracleJudge:
    """Names the labels of the dataset's clip, begun anywhere, that is nearest."""

    head_names = ("action", "hat")
    head_sizes = (NUM_ACTIONS, 2)
    num_frames = NUM_FRAMES

    def __init__(self, dataset):
        self.labels = dataset.labels
        frames = dataset.frames.astype("float32") / 255
        self.known = np.stack([np.roll(frames, -r, axis=1) for r in range(NUM_FRAMES)])

    def predict_probabilities(self, frames):
        frames = np.asarray(frames, "float32") / (255 if frames.dtype == "uint8" else 1)
        distance = np.square(self.known[:, :, None] - frames).sum(axis=(3, 4, 5, 6))
        nearest = distance.min(axis=0).argmin(axis=0)
        return {
            head: np.eye(self.labels[head].max() + 1)[self.labels[head][nearest]]
            for head in self.head_names
        }
