"""Free Spoken Digits from a zip and from a folder, whole and damaged."""

import logging
import zipfile

import numpy as np
import pytest

from halo_keras import data
from halo_keras.data import spectrogram
from halo_keras.evaluation.voices import utterances_of

soundfile = pytest.importorskip("soundfile")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HALO_KERAS_CACHE", str(tmp_path / "cache"))


def tone(digit, speaker, number, seconds=0.45):
    time = np.arange(int(8000 * seconds)) / 8000
    hertz = 200 + 150 * digit + 37 * len(speaker) + number
    return 0.3 * np.sin(2 * np.pi * hertz * time)


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "digits" / "recordings"
    place.mkdir(parents=True)
    for digit in (0, 7):
        for speaker in ("george", "theo", "lucas"):
            for number in (3, 4, 5, 12):
                path = place / f"{digit}_{speaker}_{number}.wav"
                soundfile.write(path, tone(digit, speaker, number), 8000)
    return place.parent


def names(dataset, label):
    return {dataset.label_names[label][i] for i in dataset.labels[label]}


def test_the_published_split(folder):
    train, test = (
        data.load("spoken_digits", split, source=folder) for split in ("train", "test")
    )
    assert len(train) == 12 * 3 and len(test) == 12 * 3  # .45 s are 3 segments
    assert {name[-2:] for name in names(test, "utterance")} == {"_3", "_4"}
    assert {name[-2:] for name in names(train, "utterance")} == {"_5", "12"}
    assert train.label_names == test.label_names
    assert names(test, "speaker") == {"george", "lucas", "theo"}
    assert names(test, "digit") == {"zero", "seven"}
    assert train.kind == "spectrogram" and train.frame_shape == (200,)
    low, high = train.value_range
    assert low - 1e-6 <= train.frames.min() and train.frames.max() <= high
    assert "CC-BY-SA-4.0" in train.describe()


def test_a_clip_is_a_segment_of_its_recording(folder):
    test = data.load("spoken_digits", "test", source=folder)
    clips = utterances_of(test).rows
    assert [len(rows) for rows in clips] == [3] * 12
    rows = clips[5]
    name = test.label_names["utterance"][test.labels["utterance"][rows[0]]]
    samples, rate = soundfile.read(folder / "recordings" / f"{name}.wav")
    assert rate == 8000
    # Twice the rate: the same spectrum below 4 kHz, nothing above.
    expected = np.zeros(3 * 3200)
    expected[::2] = np.pad(samples, (0, 4800 - len(samples)))
    filtered = 2 * np.fft.irfft(np.fft.rfft(expected)[:2401], 9600)
    filtered[2 * len(samples) :] = 0
    expected = spectrogram.segments(filtered / np.abs(filtered).max())
    loud = expected > 1
    assert loud.sum() > 100
    np.testing.assert_allclose(test.frames[rows][loud], expected[loud], atol=0.2)
    assert test.labels["segment"][rows].tolist() == [0, 1, 2]


def test_speakers_left_out(folder):
    options = {"protocol": "unseen-speakers", "test_speakers": ["george", "lucas"]}
    train, test = (
        data.load("spoken_digits", split, source=folder, **options)
        for split in ("train", "test")
    )
    assert names(train, "speaker") == {"theo"}
    assert names(test, "speaker") == {"george", "lucas"}
    assert not names(train, "utterance") & names(test, "utterance")


def test_a_zip_gives_the_same(folder, tmp_path):
    path = tmp_path / "digits.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted((folder / "recordings").iterdir(), reverse=True):
            archive.write(file, f"some/recordings/{file.name}")
        archive.writestr("__MACOSX/recordings/._0_theo_3.wav", b"no sound")
        archive.writestr("README.md", "text")
    from_zip = data.load("spoken_digits", "train", source=path)
    from_folder = data.load("spoken_digits", "train", source=folder)
    np.testing.assert_array_equal(from_zip.frames, from_folder.frames)
    np.testing.assert_array_equal(
        from_zip.labels["utterance"], from_folder.labels["utterance"]
    )


def test_damaged_recordings_are_named_and_the_rest_is_used(folder, tmp_path, caplog):
    place = folder / "recordings"
    (place / "7_theo_5.wav").write_bytes(b"")
    (place / "7_theo_12.wav").write_bytes(b"no recording at all")
    (place / "seven.wav").write_bytes(b"")
    soundfile.write(place / "0_theo_12.wav", tone(0, "theo", 12)[:200], 8000)
    stereo = np.stack([tone(0, "theo", 5)] * 2, axis=1)
    soundfile.write(place / "0_theo_5.wav", stereo, 16_000)
    with caplog.at_level(logging.WARNING):
        train = data.load("spoken_digits", "train", source=folder)
    assert "0_theo_5" in names(train, "utterance")
    assert "0_theo_12" not in names(train, "utterance")
    assert len(names(train, "utterance")) == 9
    for file in ("7_theo_5.wav", "7_theo_12.wav", "seven.wav", "0_theo_12.wav"):
        assert file in caplog.text
    (report,) = (tmp_path / "cache" / "spoken_digits").glob("report-*.txt")
    text = report.read_text()
    assert "0_theo_5: 2 channels were averaged" in text
    assert "0_theo_5: resampled from 16000 Hz" in text


def test_a_copy_without_the_test_recordings(folder):
    for path in (folder / "recordings").glob("*_[34].wav"):
        path.unlink()
    test = data.load("spoken_digits", "test", source=folder)
    assert {name[-2:] for name in names(test, "utterance")} == {"_5"}


def test_a_damaged_zip(tmp_path, folder):
    path = tmp_path / "digits.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted((folder / "recordings").iterdir()):
            archive.write(file, file.name)
    content = bytearray(path.read_bytes())
    at = content.index(b"0_george_12.wav") + 200
    content[at : at + 400] = bytes(400)
    path.write_bytes(content)
    train = data.load("spoken_digits", "train", source=path)
    assert len(names(train, "utterance")) == 11
    path.write_bytes(content[:3000])
    with pytest.raises(ValueError, match="digits.zip is no usable zip"):
        data.load("spoken_digits", "train", source=path)


def test_errors_say_what_to_do(folder, tmp_path):
    with pytest.raises(ValueError, match="pass the zip, or the folder"):
        data.load("spoken_digits", "train")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        data.load("spoken_digits", "train", source=tmp_path / "nowhere")
    with pytest.raises(ValueError, match="did you mean 'closed-set'"):
        data.load("spoken_digits", "train", source=folder, protocol="closed_set")
    with pytest.raises(ValueError, match="no speaker is named 'thea'.*'theo'"):
        data.load(
            "spoken_digits",
            "train",
            source=folder,
            protocol="unseen-speakers",
            test_speakers="thea",
        )
    (tmp_path / "void").mkdir()
    with pytest.raises(ValueError, match="such as 7_jackson_32.wav"):
        data.load("spoken_digits", "train", source=tmp_path / "void")


def test_parquet_and_back(folder, tmp_path):
    from halo_keras.data.clip_folder import build_folder

    splits = [data.load("spoken_digits", s, source=folder) for s in ("train", "test")]
    build_folder(splits, tmp_path / "clips", 1)
    again = data.load("spoken_digits", "test", source=tmp_path / "clips")
    np.testing.assert_array_equal(again.frames, splits[1].frames)
    assert again.frames.dtype == np.float32 and again.kind == "spectrogram"
    assert again.label_names == splits[1].label_names


def test_the_real_recordings(shared_data):
    """Recordings 5 to 49 of each digit and speaker: 5 to 9 are held out."""
    path = shared_data / "speech" / "free_spoken_digits_train.zip"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    test = data.load("spoken_digits", "test", source=path)
    clips = utterances_of(test).rows
    assert len(clips) == 6 * 10 * 5
    assert len(names(test, "speaker")) == 6 and len(names(test, "digit")) == 10
    assert len(test.label_names["utterance"]) == 2700
    # 8 kHz recordings: speech below 4 kHz, next to nothing above.
    assert test.frames[..., :90].mean() > test.frames[..., 110:].mean() + 1
    assert test.frames[..., 110:].max() < test.frames[..., :90].max() - 3
    # Loudest somewhere: each recording is scaled to a peak of 1.
    loudest = [test.frames[rows].max() for rows in clips]
    assert min(loudest) > 1.5
