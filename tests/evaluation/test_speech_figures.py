"""Pictures and sounds of changed voices, of a model that knows the toy exactly."""

import numpy as np
import pytest
from PIL import Image
from toy_speech import Talker, toy_speech

from halo_keras.evaluation import speech_figures


def test_both_voices_and_both_ways(tmp_path, monkeypatch):
    soundfile = pytest.importorskip("soundfile")
    clips = toy_speech(num_speakers=4, utterances=2, segments=3)
    shown = []
    monkeypatch.setattr(
        speech_figures,
        "to_wave",
        lambda spectra: shown.append(spectra) or np.zeros(160 * spectra.shape[0]),
    )
    paths = speech_figures.draw_speech(Talker(), clips, tmp_path, seed=1)
    assert sorted(paths) == sorted(tmp_path.iterdir()) and len(paths) == 10
    for first, in_second, second, in_first in (shown[:4], shown[4:]):
        one, other = (Talker()._read(x)[0][0] for x in (first, second))
        assert one % 2 != other % 2  # the other gender
        assert (Talker()._read(in_second)[0] == other).all()
        assert (Talker()._read(in_first)[0] == one).all()
        np.testing.assert_array_equal(
            Talker()._read(in_second)[1], Talker()._read(first)[1]
        )
    samples, rate = soundfile.read(tmp_path / "conversion-2-b-in-the-voice-of-a.wav")
    assert rate == 16_000 and len(samples) == 480
    with Image.open(tmp_path / "conversion-1.png") as picture:
        assert picture.info["Comment"] == "synthetic: halo-keras"
        assert picture.size == (1100, 600)


def test_two_seconds_below_four_kilohertz_are_drawn(tmp_path, monkeypatch):
    from matplotlib.axes import Axes

    drawn = []
    monkeypatch.setattr(
        Axes,
        "imshow",
        lambda self, picture, **options: drawn.append((picture, options)),
    )
    spectra = np.arange(11 * 20 * 200.0).reshape(11, 20, 200)
    speech_figures.spectrogram_figure({"a": spectra}, tmp_path / "s.png", (0, 9))
    picture, options = drawn[0]
    np.testing.assert_array_equal(picture, spectra.reshape(220, 200)[:200, :100].T)
    assert options["extent"] == (0, 2.0, 0, 4000.0) and options["origin"] == "lower"
