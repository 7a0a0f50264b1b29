"""Synthesised voices against what they claim: pitch, formants, labels, independence."""

from dataclasses import replace

import numpy as np
import pytest

from halo_keras import data
from halo_keras.data import spectrogram
from halo_keras.data.formant_phones import SECONDS, STEPS
from halo_keras.data.formant_sentences import Sentence, sentence
from halo_keras.data.formant_speakers import F0_RANGES, voices
from halo_keras.data.formant_synthesis import say
from halo_keras.data.formant_voices import NUM_SPEAKERS, OWN, SHARED
from halo_keras.data.timit_layout import CORE_TEST
from halo_keras.data.timit_phones import PHONES


@pytest.fixture(scope="module")
def everyone():
    return {split: voices(split, n, 0) for split, n in NUM_SPEAKERS.items()}


def vowel(phone, seconds=0.6):
    return Sentence("sx1", (phone,), (seconds,), (0.0,))


def test_sixty_voices_and_more_half_high_half_low(everyone):
    both = everyone["train"] + everyone["test"]
    assert len(both) >= 60 and len({v.name for v in both}) == len(both)
    assert not {v.name for v in both} & set(CORE_TEST)
    for gender, (low, high) in F0_RANGES.items():
        some = [v for v in both if v.gender == gender]
        assert len(some) == len(both) // 2
        assert all(v.name.startswith(gender[0]) for v in some)
        assert all(low < v.f0 < high for v in some)
    scales = {g: [v.scale for v in both if v.gender == g] for g in F0_RANGES}
    assert min(scales["female"]) > max(scales["male"])
    assert len({v.formants for v in both}) == len(both)


def comb(piece, candidates):
    """Log power at the first harmonics of each candidate less that between them."""
    power = np.abs(np.fft.rfft(piece * np.hanning(len(piece)), 2**15)) ** 2
    log, step = np.log(power + 1e-8), 16_000 / 2**15
    number = np.arange(1, 9)
    at = np.rint(np.outer(candidates, number) / step).astype(int)
    between = np.rint(np.outer(candidates, number - 0.5) / step).astype(int)
    return (log[at] - log[between]).mean(axis=1)


def test_the_fundamental_is_what_is_heard(everyone):
    """By the harmonics in the sound, which know nothing of how it was made."""
    for voice in everyone["test"][:6]:
        said = say(voice, sentence("si5000", 0))
        low, high = F0_RANGES[voice.gender]
        sounding = said.f0[said.f0 > 0]
        assert low <= sounding.min() and sounding.max() <= high
        candidates, errors = np.arange(low, high, 0.5), []
        for start in range(0, len(said.f0) - 960, 320):
            f0, piece = (x[start : start + 960] for x in (said.f0, said.samples))
            if f0.min() > 0 and np.ptp(f0) < 0.02 * f0.mean() and piece.std() > 0.03:
                heard = candidates[np.argmax(comb(piece, candidates))]
                errors.append(abs(heard / f0.mean() - 1))
        assert len(errors) >= 5 and np.median(errors) < 0.01
        assert np.mean(np.array(errors) < 0.03) > 0.9


@pytest.mark.parametrize("phone", ["iy", "aa", "uw"])
def test_formants_stand_where_the_table_has_them(everyone, phone):
    """Whispered, so that no harmonics hide the resonances; smoothed over time."""
    voice = replace(everyone["test"][1], breathiness=60.0, bandwidth=0.8)
    said = say(voice, vowel(phone, 3.0))
    spectra = np.exp(2 * spectrogram.log_spectra(said.samples)[20:-20]).mean(axis=0)
    wanted = voice.tract(np.array([STEPS[phone][0].formants]))[0, :3]
    hertz = spectrogram.BIN_HZ * np.arange(spectrogram.NUM_BINS)
    for formant in wanted:
        near = np.abs(hertz - formant) < 160
        peak = hertz[near][np.argmax(spectra[near])]
        assert abs(peak - formant) <= 80, (phone, formant, peak)


def test_the_filter_is_the_recursion_that_is_written_down(everyone):
    """A held vowel's filter against resonators run sample by sample."""
    from halo_keras.data import formant_synthesis as synthesis

    voice = everyone["test"][0]
    targets = np.repeat([STEPS["eh"][0].formants], 30, axis=0).astype(float)
    signal = np.random.default_rng(0).standard_normal(30 * synthesis.BLOCK)
    signal[:80] = signal[-80:] = 0
    found = synthesis._filtered(signal, synthesis._formants(voice, targets))
    expected, fs = signal.copy(), 16_000
    widths = voice.bandwidth * np.array([70, 90, 130, 200, 250, 300, 350])
    for f, w in zip(voice.tract(targets)[0], widths, strict=True):
        if f > 7600:
            f, w = 7600, 2000
        c = -np.exp(-2 * np.pi * w / fs)
        b = 2 * np.exp(-np.pi * w / fs) * np.cos(2 * np.pi * f / fs)
        y, y1, y2 = np.empty_like(expected), 0.0, 0.0
        for n, x in enumerate(expected):
            y[n] = (1 - b - c) * x + b * y1 + c * y2
            y1, y2 = y[n], y1
        expected = y
    # A block's response is cut off after 70 ms; nothing else differs.
    error = np.abs(found - expected).max() / np.abs(expected).max()
    assert error < 1e-3


def test_phones_sound_as_their_kind(everyone):
    level = {}
    for index, voice in enumerate(everyone["train"][:8]):
        said = say(voice, sentence(f"si{1000 + 3 * index}", 0))
        for start, stop, phone in said.phones:
            inner = said.samples[start + 160 : stop - 160]
            if len(inner):
                level.setdefault(PHONES[phone], []).append(np.mean(inner**2))
    power = {phone: np.mean(found) for phone, found in level.items()}

    def mean_of(phones):
        return np.mean([power[p] for p in phones if p in power])

    vowels = mean_of(["iy", "ih", "eh", "ae", "ah", "aa", "ao", "uh", "uw"])
    assert mean_of(["s", "sh"]) < 0.3 * vowels
    assert mean_of(["pcl", "tcl", "kcl"]) < 0.02 * vowels
    assert mean_of(["h#"]) < 0.01 * vowels
    assert set(SECONDS) == set(STEPS) <= set(PHONES)


def test_a_hiss_is_high_and_a_vowel_low(everyone):
    for voice in everyone["test"][:2]:
        centres = {}
        for phone in ("s", "sh", "aa"):
            power = np.exp(
                2 * spectrogram.log_spectra(say(voice, vowel(phone)).samples)
            )
            power = power[5:-10].mean(axis=0)
            centres[phone] = (power @ np.arange(200)) / power.sum() * 40
        assert centres["aa"] < 1500 < 2500 < centres["sh"] < 4500 < centres["s"]


def test_equal_rates_say_a_sentence_at_the_same_times(everyone):
    one, other = everyone["train"][:2]
    text = sentence("sx3", 0)
    first, second = say(one, text), say(replace(other, rate=one.rate), text)
    assert first.phones == second.phones
    assert len(first.samples) == len(second.samples) == first.phones[-1][1]
    spans = np.array([span[:2] for span in first.phones])
    assert (spans[1:, 0] == spans[:-1, 1]).all() and (np.diff(spans) > 0).all()
    np.testing.assert_array_equal(first.samples, say(one, text).samples)


@pytest.fixture(scope="module")
def clips():
    return {s: data.load("formant_voices", s, num_speakers=4) for s in NUM_SPEAKERS}


def test_clips_and_splits(clips):
    train, test = clips["train"], clips["test"]
    assert train.frames.shape[1:] == (20, 200) and train.kind == "spectrogram"
    for label in ("speaker", "sentence", "utterance"):
        names = [
            {d.label_names[label][i] for i in d.labels[label]} for d in (train, test)
        ]
        assert not names[0] & names[1] and train.label_names == test.label_names
        if label == "utterance":
            assert len(names[1]) == 4 * (SHARED + OWN)
    assert train.states["f0"].shape == train.states["phone"].shape == (len(train), 20)
    sounding = train.states["f0"][train.states["phone"] == PHONES.index("aa")]
    assert (sounding[1:-1] > 0).mean() > 0.9


def test_the_test_split_has_the_papers_pairs():
    from halo_keras.data.formant_voices import sentence_names

    names = [sentence_names("test", i) for i in range(NUM_SPEAKERS["test"])]
    count = sum(map(len, names))
    assert count == 192 and count * (count - 1) // 2 == 18_336
    assert all(len(set(own)) == 8 for own in names)


def test_a_speaker_depends_on_its_own_number_only(clips):
    fewer = data.load("formant_voices", "test", num_speakers=2)
    np.testing.assert_array_equal(fewer.frames, clips["test"].frames[: len(fewer)])
    other = data.load("formant_voices", "test", num_speakers=2, seed=1)
    assert other.frames.shape != fewer.frames.shape or not np.array_equal(
        other.frames, fewer.frames
    )
    with pytest.raises(ValueError, match="num_speakers must be a whole number"):
        data.load("formant_voices", "test", num_speakers=0)


def test_speakers_can_be_told_apart(clips):
    """Nearest mean spectrum among the speakers' other utterances: well above chance."""
    test = clips["test"]
    ids = test.labels["utterance"]
    utterances = list(dict.fromkeys(ids.tolist()))
    means, speaker = [], []
    for one in utterances:
        rows = ids == one
        frames, f0 = test.frames[rows], test.states["f0"][rows]
        means.append(frames[f0 > 0].mean(axis=0))
        speaker.append(test.labels["speaker"][rows][0])
    distance = np.linalg.norm(np.array(means)[:, None] - np.array(means), axis=-1)
    np.fill_diagonal(distance, np.inf)
    nearest = np.array(speaker)[distance.argmin(axis=1)]
    assert (nearest == speaker).mean() > 0.9
