"""A model that knows the clips of a physical system, and one that is late."""

import numpy as np

from halo_keras.data.physics import frames_at, states_at


class Truth:
    """Recognises a clip by its first or its last frames, and tells the truth.

    What follows on frames of its own making it shows in black.

    Args:
        clips: those that it knows.
        late: frames that its roll-outs are behind, away from what it is shown.
        slower: times are multiplied by this.
    """

    num_actions, action_names = 1, ("motion",)

    def __init__(self, clips, late=0.0, slower=1.0, num_frames=30):
        self.clips, self.late, self.slower = clips, late, slower
        self.num_frames = num_frames

    def where(self, given):
        """(clip, time of the first shown frame) of each clip that is shown."""
        length, shown = self.clips.num_frames, given.shape[1]
        ends = {0: self.clips.frames[:, :shown]}
        ends[length - shown] = self.clips.frames[:, length - shown :]
        for one in given:
            for start, known in ends.items():
                same = (known == one).all(axis=(1, 2, 3, 4))
                if same.any():
                    yield int(same.argmax()), start
                    break
            else:
                raise AssertionError("the model is shown frames that are not an end")

    def forecast(self, frames, times, action=None):
        times, made = np.asarray(times, float), []
        if np.asarray(frames).dtype != np.uint8:
            return np.zeros((len(frames), len(times), 32, 32, 3), "float32")
        for clip, start in self.where(frames):
            asked = start + self.slower * (times - np.sign(times) * self.late)
            made.append(frames_at(self.clips.subset([clip]), asked))
        return np.concatenate(made) / np.float32(255)

    def reconstruct(self, frames, action=None):
        return np.asarray(frames) / np.float32(255)

    def energy(self, frames, action=None, times=None):
        clips = [clip for clip, _ in self.where(frames)]
        energy = -(self.clips.states["energy"][clips, :1] ** 3)
        return energy * (1 + 1e-3 * np.asarray(times, float))

    def sample(self, num_clips, times=None, seed=None):
        chosen = np.random.default_rng(seed).integers(len(self.clips), size=num_clips)
        return frames_at(self.clips.subset(chosen), times) / np.float32(255)


class Flow:
    """States of a system for latents: `encode` looks them up, the flow is the true one.

    The dynamics are exact in both directions, or lose a part `loss` of each state.
    """

    def __init__(self, truth, loss=0.0):
        self.truth, self.loss = truth, loss
        self.num_actions, self.action_names = 1, ("motion",)
        self.num_frames, self.dynamics = truth.num_frames, self

    def encode(self, frames, action=None):
        clips = [clip for clip, _ in self.truth.where(frames)]
        self.state = self.truth.clips.states["state"][clips, :1].astype("float32")
        return self

    def trajectory(self, state, times):
        clips = self.truth.clips.subset(np.arange(len(state)))
        clips.states["state"] = np.array(state, "float64")  # a copy of its own
        moved = states_at(clips, np.asarray(times, float))
        return (1 - self.loss) * moved[:, :, None].astype("float32")

    def forecast(self, frames, times, action=None):
        return np.zeros((len(frames), len(times), 32, 32, 3), "float32")
