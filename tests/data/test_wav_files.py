"""Recordings of all kinds, good and bad."""

import io
import struct

import numpy as np
import pytest

from halo_keras.data.wav_files import RecordingError, read_wave, resample, write_wave

soundfile = pytest.importorskip("soundfile")


@pytest.fixture
def tone():
    time = np.arange(8000) / 16_000
    return (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)


def test_written_and_read(tmp_path, tone):
    for kind in ("WAV", "NIST"):
        path = write_wave(tmp_path / "SA1.WAV", tone, kind)
        wave = read_wave(path)
        np.testing.assert_allclose(wave.samples, tone, atol=1 / 32_000)
        assert abs(np.mean(wave.samples - tone)) < 2e-6  # rounded, not cut off
        assert wave.notes == () and wave.samples.dtype == np.float32
    assert sorted(p.name for p in tmp_path.iterdir()) == ["SA1.WAV"]


def test_sphere_as_timit_has_it(tone):
    values = np.rint(tone * 32_767).astype("<i2")
    header = (
        "NIST_1A\n   1024\ndatabase_id -s5 TIMIT\ndatabase_version -s3 1.0\n"
        "utterance_id -s8 cjf0_sa1\nchannel_count -i 1\n"
        f"sample_count -i {len(values)}\nsample_rate -i 16000\nsample_min -i -2191\n"
        "sample_max -i 2790\nsample_n_bytes -i 2\nsample_byte_format -s2 01\n"
        "sample_sig_bits -i 16\nend_head\n"
    )
    file = io.BytesIO(header.encode().ljust(1024) + values.tobytes())
    wave = read_wave(file, "cjf0_sa1.wav")
    np.testing.assert_allclose(wave.samples, values / 32_768, atol=1e-6)


def test_riff_decoded_by_hand(tmp_path, tone):
    content = write_wave(tmp_path / "a.wav", tone).read_bytes()
    (rate,) = struct.unpack("<I", content[24:28])
    start = content.index(b"data") + 8
    values = np.frombuffer(content[start:], "<i2") / 32_768
    assert rate == 16_000
    np.testing.assert_allclose(read_wave(tmp_path / "a.wav").samples, values)


def test_stereo_is_averaged_and_rates_are_changed(tmp_path):
    path = tmp_path / "stereo.wav"
    time = np.arange(22_050) / 44_100
    left, right = np.sin(2 * np.pi * 300 * time), np.zeros_like(time)
    soundfile.write(path, np.stack([left, right], axis=1), 44_100)
    wave = read_wave(path)
    assert len(wave.samples) == 8000
    assert wave.notes == (
        "2 channels were averaged",
        "resampled from 44100 Hz to 16000 Hz",
    )
    expected = 0.5 * np.sin(2 * np.pi * 300 * np.arange(8000) / 16_000)
    inner = slice(200, -200)
    np.testing.assert_allclose(wave.samples[inner], expected[inner], atol=0.01)


def test_resampling_keeps_a_tone():
    time8 = np.arange(4000) / 8000
    found = resample(np.sin(2 * np.pi * 500 * time8), 8000)
    expected = np.sin(2 * np.pi * 500 * np.arange(8000) / 16_000)
    np.testing.assert_allclose(found[100:-100], expected[100:-100], atol=0.01)


def bad_files(folder, tone):
    (folder / "empty.wav").write_bytes(b"")
    whole = write_wave(folder / "whole.wav", tone).read_bytes()
    (folder / "header.wav").write_bytes(whole[:30])
    (folder / "text.wav").write_text("this is no recording\n" * 40)
    (folder / "none.wav").write_bytes(whole[:40] + struct.pack("<I", 0))
    soundfile.write(folder / "short.wav", tone[:1000], 16_000)
    soundfile.write(folder / "silent.wav", np.zeros(8000), 16_000)
    soundfile.write(folder / "slow.wav", tone, 50)
    odd = tone.copy()
    odd[7] = np.nan
    soundfile.write(folder / "nan.wav", odd, 16_000, subtype="FLOAT")


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("empty", "empty", "the file is empty"),
        ("header", "unreadable", "no readable recording"),
        ("text", "unreadable", "no readable recording"),
        ("none", "empty", "holds no sample"),
        ("short", "too short", "62 ms long, expected at least 100 ms"),
        ("silent", "empty", "silent"),
        ("slow", "unreadable", "50 samples a second cannot be true"),
        ("nan", "unreadable", "NaN"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path, tone, name, kind, says):
    bad_files(tmp_path, tone)
    path = tmp_path / f"{name}.wav"
    with pytest.raises(RecordingError, match=says) as raised:
        read_wave(path)
    assert raised.value.kind == kind and str(raised.value).startswith(str(path))


def test_a_file_that_ends_early_is_used_with_a_note(tmp_path, tone):
    whole = write_wave(tmp_path / "whole.wav", tone).read_bytes()
    (tmp_path / "cut.wav").write_bytes(whole[:-6000])
    wave = read_wave(tmp_path / "cut.wav")
    assert len(wave.samples) == 5000
    np.testing.assert_allclose(wave.samples, tone[:5000], atol=1 / 32_000)
    assert wave.notes == ("cut short: its header announces more samples",)


def test_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match="nobody.wav"):
        read_wave(tmp_path / "nobody.wav")


def test_loud_sounds_are_scaled_down(tmp_path, tone):
    path = write_wave(tmp_path / "loud.wav", 4 * tone)
    np.testing.assert_allclose(read_wave(path).samples, 2 * tone, atol=1e-4)
    with pytest.raises(ValueError, match="finite"):
        write_wave(path, np.array([np.inf]))
