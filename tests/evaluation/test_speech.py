"""Speech protocols on models whose answers are known: a perfect and a leaky one."""

from types import SimpleNamespace

import numpy as np
import pytest
from toy_speech import NUM_PHONES, Talker, toy_speech

from halo_keras.data.timit_phones import PHONES
from halo_keras.evaluation import voice_conversion as conversion
from halo_keras.evaluation.content_probe import (
    content_from_motion,
    examples,
    with_context,
)
from halo_keras.evaluation.equal_error_rate import speaker_verification
from halo_keras.evaluation.speech import evaluate_speech, judged_real_speech
from halo_keras.evaluation.speech_features import mean_mfcc, segment_features
from halo_keras.evaluation.spoken_content import (
    FOLDED_PHONES,
    class_names,
    content_labels,
)
from halo_keras.evaluation.voices import (
    VoiceGallery,
    scored_and_known,
    utterances_of,
)


class ToyJudge:
    """Knows the toy: the nearest speaker and phones."""

    head_names, head_sizes, frame_heads = ("speaker", "phone"), (40, 3), ("phone",)
    num_frames = None

    def __init__(self):
        self.talker = Talker()

    def predict_probabilities(self, frames):
        speaker, phone = self.talker._read(frames)
        return {"speaker": np.eye(40)[speaker], "phone": np.eye(NUM_PHONES)[phone]}

    def predict_labels(self, frames):
        found = self.predict_probabilities(frames)
        return {head: table.argmax(axis=-1) for head, table in found.items()}

    def embed(self, frames, head):
        assert head == "speaker"
        return np.eye(40)[self.talker._read(frames)[0]]


@pytest.fixture(scope="module")
def clips():
    return toy_speech(num_speakers=6, utterances=4, segments=2)


@pytest.fixture
def no_pitch(monkeypatch):
    """Pitch from the comb itself, not from a sound: which spacing fits best."""

    def read(spectra):
        speaker = Talker()._read(np.asarray(spectra))[0][0]
        return 200.0 if speaker % 2 else 100.0

    monkeypatch.setattr(conversion, "median_f0", read)


def test_utterances_are_grouped_by_speaker_and_number(clips):
    order = np.random.default_rng(0).permutation(len(clips))
    mixed = clips.subset(order)
    found = utterances_of(mixed)
    assert len(found) == 24
    assert sorted(np.concatenate(found.rows).tolist()) == list(range(48))
    for rows, speaker in zip(found.rows, found.speaker, strict=True):
        assert (np.diff(rows) > 0).all() and len(rows) == 2
        assert set(mixed.labels["speaker"][rows]) == {speaker}
        assert len(set(mixed.labels["utterance"][rows])) == 1
    values = np.arange(48.0)[:, None]
    wanted = [np.mean([values[i] for i in rows]) for rows in found.rows]
    np.testing.assert_allclose(found.means(values)[:, 0], wanted)


def test_half_of_the_utterances_are_what_a_voice_is_known_by(clips):
    found = utterances_of(clips)
    scored, known = scored_and_known(found)
    assert len(scored) == len(known) == 12 and not set(scored) & set(known)
    assert np.bincount(found.speaker[known]).tolist() == [2] * 6
    gallery = VoiceGallery(ToyJudge(), clips, found.subset(known))
    named = gallery.names([clips.frames[rows] for rows in found.subset(scored).rows])
    np.testing.assert_array_equal(named, found.speaker[scored])
    with pytest.raises(ValueError, match="has one utterance"):
        scored_and_known(found.subset([0, 1, 4]))


def test_a_perfect_model(clips, no_pitch):
    train = toy_speech(num_speakers=6, seed=3, split="train")
    found = evaluate_speech(Talker(), train, clips, ToyJudge(), verbose=0)
    assert found["eer_static"] == 0 and found["eer_dynamic"] > 0.3
    assert found["eer_gap"] == found["eer_dynamic"] - found["eer_static"]
    assert found["eer_num_pairs"] == 24 * 23 // 2 and found["eer_num_speakers"] == 6
    assert found["conversion_speaker_accuracy"] == 1
    assert found["conversion_source_rate"] == 0
    assert found["conversion_content_kept"] == 1
    assert found["conversion_content_accuracy"] == 1
    assert found["conversion_f0_near"] == 1 and found["conversion_f0_error"] == 0
    assert found["conversion_up_f0_near"] == found["conversion_down_f0_near"] == 1
    assert found["content_ratio"] > 0.98 and found["content_judge"] == 1
    assert found["judge_real_speaker_accuracy"] == 1
    assert found["judge_real_phone_accuracy"] == 1
    error = Talker().reconstruct(clips.frames).astype("float64") - clips.frames
    wanted = np.sqrt(np.mean(error**2)) * 20 / np.log(10)
    assert found["reconstruction_decibels"] == pytest.approx(wanted)


def test_a_model_whose_motion_knows_the_speaker(clips, no_pitch):
    found = evaluate_speech(
        Talker(leaks=True),
        toy_speech(num_speakers=6, seed=3),
        clips,
        ToyJudge(),
        names=["speaker_verification", "voice_conversion", "content_from_motion"],
        verbose=0,
    )
    assert found["eer_dynamic"] == 0
    assert found["conversion_speaker_accuracy"] == 0
    assert found["conversion_source_rate"] == 1
    assert found["conversion_f0_near"] == 0
    assert found["conversion_up_f0_error"] == pytest.approx(0.5)  # 100 in place of 200
    assert found["conversion_down_f0_error"] == pytest.approx(1.0)
    assert found["content_from_motion"] < found["content_chance"] + 0.1


def test_without_a_judge_what_needs_none(clips):
    found = evaluate_speech(Talker(), None, clips, verbose=0)
    assert {key.split("_")[0] for key in found} == {"num", "eer", "reconstruction"}


def test_verification_is_that_of_the_means_of_means(clips):
    content, motion = segment_features(Talker(), clips, batch_size=7)
    vectors = []
    for speaker in range(6):
        for utterance in range(4):
            own = (clips.labels["speaker"] == speaker) & (
                clips.labels["utterance"] == utterance
            )
            vectors.append(
                np.mean([motion[i].mean(axis=0) for i in np.where(own)[0]], 0)
            )
    wanted = speaker_verification(np.array(vectors), np.repeat(np.arange(6), 4))
    found = evaluate_speech(
        Talker(), None, clips, names=["speaker_verification"], verbose=0
    )
    assert found["eer_dynamic"] == wanted
    assert content.shape == (48, 40)


def test_a_model_with_dynamics_is_asked_for_its_states(clips):
    """State 2 t at time t for segment-wise starts, one operator of two."""

    class Model:
        num_actions, action_names = 1, ("speech",)

        class dynamics:  # noqa: N801
            @staticmethod
            def trajectory(state, times):
                return state[:, None] + 2.0 * times[None, :, None, None]

        def encode(self, frames, action):
            state = frames[:, 0, :3][:, None]
            return SimpleNamespace(content=frames[:, 0, :5], state=state)

    content, motion = segment_features(Model(), clips)
    assert content.shape == (48, 5) and motion.shape == (48, 8, 3)
    np.testing.assert_allclose(motion[7, 5], clips.frames[7, 0, :3] + 10, rtol=1e-6)


def test_cepstra_do_not_know_how_loud_it_is(clips, rng):
    pytest.importorskip("librosa")
    found = mean_mfcc(clips.frames[:3])
    assert found.shape == (3, 19)
    np.testing.assert_allclose(mean_mfcc(clips.frames[:3] + 0.7), found, atol=1e-3)
    from librosa.filters import mel
    from scipy.fft import dct

    bands = mel(sr=16_000, n_fft=400, n_mels=40)[:, :200]
    wanted = np.mean(
        [
            dct(np.log(bands @ np.exp(2 * s.astype("float64"))), norm="ortho")
            for s in clips.frames[1]
        ],
        axis=0,
    )
    np.testing.assert_allclose(found[1], wanted[1:20], rtol=1e-4, atol=1e-4)


def test_phones_are_folded_as_by_lee_and_hon(clips):
    assert len(FOLDED_PHONES) == 38  # 39 with silence, which is not said
    said = np.arange(-1, 61)
    given = SimpleNamespace(
        labels={}, states={"phone": said.astype(float)}, label_names={}
    )
    found = dict(zip(said, content_labels(given, "phone"), strict=True))
    names = {
        phone: FOLDED_PHONES[found[index]] if found[index] >= 0 else None
        for index, phone in enumerate(PHONES)
    }
    assert names["ix"] == names["ih"] == "ih" and names["zh"] == names["sh"] == "sh"
    assert names["ao"] == names["aa"] == "aa" and names["en"] == names["nx"] == "n"
    silent = ["h#", "pau", "epi", "bcl", "dcl", "gcl", "pcl", "tcl", "kcl", "q"]
    assert sorted(p for p, name in names.items() if name is None) == sorted(silent)
    assert found[-1] == -1 and class_names(given, "phone") == list(FOLDED_PHONES)


def test_pairs_are_of_other_speakers_and_of_the_other_gender(clips):
    found = utterances_of(clips)
    gender = found.speaker % 2
    pairs = conversion.conversion_pairs(found, gender, seed=0)
    assert (gender[pairs] != gender).all()
    other = conversion.conversion_pairs(found, None, seed=0)
    assert (found.speaker[other] != found.speaker).all()
    assert (gender[other] == gender).any()  # nobody asked for the other one
    same = conversion.conversion_pairs(found, np.zeros(24), seed=0)
    assert (found.speaker[same] != found.speaker).all()
    with pytest.raises(ValueError, match="two speakers"):
        conversion.conversion_pairs(found.subset([0, 1]), None, 0)


def test_context_by_loops(rng):
    motion = rng.normal(size=(2, 5, 3))
    found = with_context(motion, 2)
    for n in range(2):
        for t in range(5):
            near = [motion[n, min(max(t + k, 0), 4)] for k in (-2, -1, 0, 1, 2)]
            np.testing.assert_array_equal(found[n, t], np.concatenate(near))


def test_examples_of_frames_and_of_segments(rng):
    motion = rng.normal(size=(4, 5, 3))
    said = rng.integers(-1, 3, (4, 5))
    features, labels, where = examples(motion, said)
    assert len(labels) == (said >= 0).sum() and features.shape[1] == 15
    np.testing.assert_array_equal(said.ravel()[where], labels)
    features, labels, where = examples(motion, np.array([2, -1, 0, 1]))
    np.testing.assert_array_equal(features, motion.reshape(4, 15)[[0, 2, 3]])
    assert labels.tolist() == [2, 0, 1] and where.tolist() == [0, 2, 3]
    assert len(examples(motion, said, most=3)[1]) == 3
    # One latent for the whole clip is the same at every frame.
    features, _, _ = examples(motion[:, :1], np.zeros((4, 5), int))
    np.testing.assert_array_equal(features[7], np.tile(motion[1, 0], 5))


def test_content_needs_labels_that_the_judge_names(clips):
    judge = ToyJudge()
    judge.head_names, judge.frame_heads = ("speaker", "word"), ()
    with pytest.raises(ValueError, match="names 'word'"):
        content_from_motion(Talker(), clips, clips, judge)
    with pytest.raises(ValueError, match="names 'word'"):
        judge.predict_labels = lambda frames: {"word": np.zeros(len(frames))}
        judged_real_speech(judge, clips)


def test_pitch_of_buzzes():
    """Through spectra, Griffin-Lim and YIN, within two per cent."""
    pytest.importorskip("librosa")
    from halo_keras.data.spectrogram import scaled, segments
    from halo_keras.evaluation.fundamental import median_f0

    time = np.arange(16_000) / 16_000
    for pitch in (95.0, 210.0):
        wave = sum(
            np.cos(2 * np.pi * pitch * k * time + k * k) / k for k in range(1, 20)
        )
        assert median_f0(segments(scaled(wave))) == pytest.approx(pitch, rel=0.02)
