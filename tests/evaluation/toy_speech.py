"""Toy speech: a speaker is a comb of harmonics, a phone is a place of the formant."""

import numpy as np

from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.spectrogram import VALUE_RANGE

NUM_PHONES, TIME, BINS = 3, 8, 200


def spectrum(spacing, phone):
    """A log-magnitude spectrum: harmonics every `spacing` bins under one formant."""
    bins = np.arange(BINS)
    harmonics = 1.5 * np.cos(2 * np.pi * bins / spacing)
    formant = -(((bins - 30 - 50 * phone) / 25) ** 2)
    return np.clip(harmonics + np.maximum(formant, -4) + 2, *VALUE_RANGE)


def spacing_of(speaker):
    """Bins between harmonics: even speakers have low voices, odd ones high."""
    return 4.0 + 2.2 * (speaker % 2) + 0.22 * speaker


def toy_speech(num_speakers=4, utterances=4, segments=2, seed=0, split="test"):
    """Labels `speaker`, `utterance`, `gender`; states `phone`, -1 at some frames.

    The phones are TIMIT's first three, which folding leaves as they are.
    """
    rng = np.random.default_rng(seed)
    frames, speakers, spoken, phones = [], [], [], []
    for speaker in range(num_speakers):
        for utterance in range(utterances):
            for _ in range(segments):
                said = rng.integers(0, NUM_PHONES, TIME // 2).repeat(2)
                clip = [spectrum(spacing_of(speaker), phone) for phone in said]
                frames.append(np.array(clip) + rng.normal(0, 0.05, (TIME, BINS)))
                speakers.append(speaker)
                spoken.append(utterance)
                phones.append(np.where(rng.random(TIME) < 0.1, -1, said))
    speakers = np.array(speakers)
    return ClipDataset(
        name="toy_speech",
        split=split,
        frames=np.clip(frames, *VALUE_RANGE).astype("float32"),
        labels={
            "action": np.zeros(len(frames), int),
            "speaker": speakers,
            "utterance": np.array(spoken),
            "gender": speakers % 2,
        },
        label_names={"action": ["speech"]},
        states={"phone": np.array(phones, "float32")},
        kind="spectrogram",
        value_range=VALUE_RANGE,
        license="Apache-2.0",
        attribution="made by this test",
    )


class Talker:
    """Knows the toy exactly: content is a speaker, motion the phone of each frame.

    `leaks`: the motion carries the speaker too, and the voice stays.
    """

    num_actions = 1
    action_names = ("speech",)

    def __init__(self, leaks=False):
        self.leaks = leaks
        self.table = np.array(
            [
                [spectrum(spacing_of(speaker), phone) for phone in range(NUM_PHONES)]
                for speaker in range(40)
            ]
        )

    def _read(self, frames):
        """Nearest speaker of each segment and phone of each frame."""
        frames = np.asarray(frames)
        distance = np.square(frames[:, :, None, None] - self.table).sum(axis=-1)
        best = distance.min(axis=-1).sum(axis=1).argmin(axis=-1)
        phone = distance[np.arange(len(frames)), :, best].argmin(axis=-1)
        return best, phone

    def features(self, frames):
        speaker, phone = self._read(frames)
        motion = np.eye(NUM_PHONES)[phone]
        if self.leaks:
            motion = np.eye(40)[speaker][:, None].repeat(frames.shape[1], axis=1)
        return {"content": np.eye(40)[speaker], "motion": motion}

    def encode_content(self, frames):
        return np.eye(40)[self._read(frames)[0]]

    def encode(self, frames, action=None):
        speaker, phone = self._read(frames)

        class Encoding:
            content = np.eye(40)[speaker]
            state = np.stack([np.broadcast_to(speaker[:, None], phone.shape), phone])
            state = state.transpose(1, 2, 0)

        return Encoding

    def decode(self, content, state, times):
        speaker = content.argmax(axis=1)[:, None].repeat(len(times), axis=1)
        if self.leaks:
            speaker = state[:, times, 0]
        return self.table[speaker, state[:, times, 1]].astype("float32")

    def reconstruct(self, frames, action=None):
        encoding = self.encode(frames)
        return self.decode(encoding.content, encoding.state, np.arange(frames.shape[1]))
