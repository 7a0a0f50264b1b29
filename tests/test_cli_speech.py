"""`halo-keras convert-voice`: what is said from one recording, the voice from another.

The model is a fake whose content is the mean spectrum of a clip and whose motion is
what is left: what it must give can be computed by hand.
"""

from types import SimpleNamespace

import numpy as np
import pytest

import halo_keras
from halo_keras.cli import main
from halo_keras.data import spectrogram
from halo_keras.data.griffin_lim import to_wave
from halo_keras.data.wav_files import read_wave, write_wave

soundfile = pytest.importorskip("soundfile")
pytest.importorskip("librosa")


class MeanAndRest:
    frame_shape = (spectrogram.NUM_BINS,)
    value_range = spectrogram.VALUE_RANGE

    def encode_content(self, frames):
        assert frames.shape[1:] == (20, 200) and frames.dtype == np.float32
        return frames.mean(axis=1)

    def encode(self, frames):
        return SimpleNamespace(state=frames - frames.mean(axis=1, keepdims=True))

    def decode(self, content, state, times):
        assert times.tolist() == list(range(20))
        return np.clip(content[:, None] + state, *self.value_range)


def buzz(f0, seconds, formant):
    """A vowel, more or less: harmonics around one formant, swelling three times."""
    time = np.arange(int(16_000 * seconds)) / 16_000
    harmonics = np.arange(1, int(7000 / f0))
    level = 1 / (1 + ((f0 * harmonics - formant) / 300) ** 2)
    wave = (level[:, None] * np.sin(2 * np.pi * f0 * harmonics[:, None] * time)).sum(0)
    return 0.3 * spectrogram.scaled(wave * np.sin(3 * np.pi * time / seconds) ** 2)


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(halo_keras, "from_pretrained", lambda handle: MeanAndRest())
    write_wave("a.wav", buzz(110, 1.1, 600))
    write_wave("b.wav", buzz(220, 0.7, 2400))
    return tmp_path


def convert(*words):
    return main(["convert-voice", *words, "--preset", "any"])


def test_a_says_it_in_the_voice_of_b(files, capsys):
    assert convert("a.wav", "b.wav", "-o", "out.wav") == 0
    assert "wrote out.wav: 1.10 s" in capsys.readouterr().out
    found, rate = soundfile.read("out.wav")
    assert rate == 16_000 and found.shape == (17_600,)
    a, b = (
        spectrogram.segments(spectrogram.scaled(read_wave(f"{x}.wav").samples))
        for x in "ab"
    )
    voice = b.mean(axis=(0, 1))  # of all its segments: one speaker
    expected = np.clip(
        voice + a - a.mean(axis=1, keepdims=True), *spectrogram.VALUE_RANGE
    )
    wave = to_wave(expected, 17_600)
    # As loud as what is said.
    wave *= np.sqrt(np.mean(read_wave("a.wav").samples ** 2) / np.mean(wave**2))
    np.testing.assert_allclose(found, np.clip(wave, -1, 1), atol=1e-3)
    # And in b's voice: its formant, not a's.
    power = np.abs(np.fft.rfft(found)) ** 2
    hertz = np.fft.rfftfreq(len(found), 1 / 16_000)
    assert power[np.abs(hertz - 2400) < 400].sum() > power[hertz < 1000].sum()


def test_stereo_and_other_rates_are_said_and_used(files, capsys):
    wave = buzz(110, 0.5, 600)
    soundfile.write("a.wav", np.stack([wave[::2], wave[::2]], axis=1), 8000)
    assert convert("a.wav", "b.wav") == 0
    shown = capsys.readouterr()
    assert "a.wav: 2 channels were averaged" in shown.err
    assert "a.wav: resampled from 8000 Hz to 16000 Hz" in shown.err
    assert len(soundfile.read("converted.wav")[0]) == 8000


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.write_bytes(b""), "b.wav: the file is empty"),
        (lambda path: path.write_bytes(b"RIFF1234WAVE"), "b.wav: no readable"),
        (lambda path: path.unlink(), "b.wav does not exist"),
        (lambda path: write_wave(path, buzz(200, 0.06, 600)), "b.wav: 60 ms long"),
        (lambda path: write_wave(path, np.zeros(9000)), "b.wav: silent"),
    ],
)
def test_recordings_that_cannot_be_used(files, capsys, make, says):
    make(files / "b.wav")
    assert convert("a.wav", "b.wav", "-o", "out.wav") == 2
    shown = capsys.readouterr().err
    assert says in shown and len(shown.splitlines()) == 1
    assert not (files / "out.wav").exists()


def test_mistakes_are_known_before_the_work(files, capsys):
    assert convert("a.wav", "b.wav", "-o", "out.mp3") == 2
    assert "must end in .wav" in capsys.readouterr().err
    assert convert("a.wav", "b.wav", "-o", "no/out.wav") == 2
    assert "in a folder that is" in capsys.readouterr().err
    assert convert("a.wav", "b.wav", "--iterations", "-1") == 2
    assert "--iterations" in capsys.readouterr().err


def test_a_model_of_pictures_is_refused(files, monkeypatch, capsys):
    pictures = SimpleNamespace(frame_shape=(64, 64, 3), value_range=None)
    monkeypatch.setattr(halo_keras, "from_pretrained", lambda handle: pictures)
    assert convert("a.wav", "b.wav") == 2
    assert "any is a model of frames of shape (64, 64, 3)" in capsys.readouterr().err


def test_without_preset_the_one_of_speech_is_taken(files, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(
        halo_keras,
        "from_pretrained",
        lambda handle: asked.append(handle) or MeanAndRest(),
    )

    def here(*presets):
        rows = [SimpleNamespace(name=name, data=about) for name, about in presets]
        monkeypatch.setattr(halo_keras, "list_presets", lambda: rows)
        return main(["convert-voice", "a.wav", "b.wav", "--iterations", "1"])

    pictures, judge = ("halo-sprites", "sprites"), ("judge-voices", "formant_voices")
    assert here(pictures, judge) == 2
    assert "holds no preset of speech" in capsys.readouterr().err
    assert here(pictures, judge, ("dsvae-voices", "formant_voices")) == 0
    assert asked == ["dsvae-voices"]
    assert here(("dsvae-64-speech", "timit"), ("dsvae-speech", "timit")) == 0
    assert asked[1:] == ["dsvae-speech"]
    assert "with dsvae-speech, one of: dsvae-64-" in capsys.readouterr().err


def test_a_preset_of_a_real_model(files, monkeypatch, capsys):
    from halo_keras import models
    from halo_keras.data import load

    monkeypatch.undo()
    monkeypatch.chdir(files)
    model = models.DSVAE(
        (spectrogram.NUM_BINS,),
        value_range=spectrogram.VALUE_RANGE,
        num_frames=20,
        content_dim=3,
        motion_dim=2,
        content_hidden=4,
        motion_hidden=4,
        prior_hidden=4,
    )
    clips = load("formant_voices", "test", num_speakers=1)
    model.reconstruct(clips.frames[:2])  # builds it
    model.save_preset(files / "preset", name="dsvae-voices", dataset=clips)
    words = ["a.wav", "b.wav", "--preset", "preset", "--iterations", "2"]
    assert main(["convert-voice", *words]) == 0
    again = halo_keras.from_pretrained(files / "preset")
    np.testing.assert_allclose(
        again.encode_content(clips.frames[:2]),
        model.encode_content(clips.frames[:2]),
        atol=1e-5,
    )
    assert len(soundfile.read("converted.wav")[0]) == 17_600
