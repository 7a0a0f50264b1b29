"""TIMIT's layouts, whole and with parts missing, by synthesised voices."""

import logging
import shutil

import numpy as np
import pytest

from halo_keras import data
from halo_keras.data.formant_corpus import write_corpus
from halo_keras.data.speech_clips import NO_PHONE
from halo_keras.data.timit_layout import CORE_TEST, read_layout
from halo_keras.data.timit_phones import PHONES, read_phones
from halo_keras.data.wav_files import RecordingError

pytest.importorskip("soundfile")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HALO_KERAS_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus") / "TIMIT"
    return write_corpus(folder, {"train": 4, "test": 2})


@pytest.fixture
def corpus(written, tmp_path):
    shutil.copytree(written, tmp_path / "TIMIT")
    return tmp_path / "TIMIT"


def names(dataset, label):
    return {dataset.label_names[label][i] for i in dataset.labels[label]}


def test_what_is_written_is_read_back(corpus):
    """Against the clips that were never written: files round to 16 bits."""
    for split in ("train", "test"):
        read = data.load("timit", split, source=corpus)
        made = data.load(
            "formant_voices", split, num_speakers={"train": 4, "test": 2}[split]
        )
        order = [made.label_names["utterance"][i] for i in made.labels["utterance"]]
        found = [read.label_names["utterance"][i] for i in read.labels["utterance"]]
        assert sorted(order) == sorted(found)
        by_name = np.argsort(order, kind="stable"), np.argsort(found, kind="stable")
        difference = made.frames[by_name[0]] - read.frames[by_name[1]]
        assert np.abs(difference).max() < 0.05
        np.testing.assert_array_equal(
            made.states["phone"][by_name[0]], read.states["phone"][by_name[1]]
        )
        assert names(read, "gender") == {"female", "male"}
        assert names(read, "speaker") == names(made, "speaker")
        assert names(read, "sentence") == names(made, "sentence")


def test_the_published_layout(corpus):
    speaker = next((corpus / "TEST").glob("DR*/*"))
    shutil.copy(speaker / "SX61.WAV", speaker / "SA1.WAV")
    shutil.copy(speaker / "SX61.WAV", speaker / "SX61.WAV.wav")
    utterances = read_layout(corpus).utterances
    assert {u.split for u in utterances} == {"train", "test"}
    assert len(utterances) == 6 * 8
    assert not any(u.sentence.startswith("sa") for u in utterances)
    nested = corpus.parent / "copy"
    (nested / "data").mkdir(parents=True)
    shutil.move(corpus, nested / "data" / "TIMIT")
    assert len(read_layout(nested).utterances) == 48


def test_the_core_test_set(corpus):
    assert len(set(CORE_TEST)) == 24
    assert sum(name.startswith("f") for name in CORE_TEST) == 8
    one, other = sorted((corpus / "TEST").glob("DR*/*"))
    one.rename(one.with_name("FELC0"))
    found = read_layout(corpus)
    assert {u.speaker for u in found.utterances if u.split == "test"} == {"felc0"}
    assert any("mdab0" in text for _, text in found.notes)
    with_all = data.load("timit", "test", source=corpus)
    assert names(with_all, "speaker") == {"felc0"}


def test_nltks_sample(corpus, tmp_path):
    sample = tmp_path / "sample"
    for index, place in enumerate(sorted(corpus.glob("*/DR*/*"))):
        region = (1, 2, 3, 7, 7, 8)[index]
        target = sample / f"dr{region}-{place.name.lower()[:4]}{index}"
        target.mkdir(parents=True)
        for file in place.iterdir():
            shutil.copy(file, target / file.name.lower())
    (sample / "timitdic.txt").write_text("")
    train, test = (data.load("timit", s, source=sample) for s in ("train", "test"))
    assert names(train, "region") == {"dr1", "dr2", "dr3"}
    assert names(test, "region") == {"dr7", "dr8"}
    assert not names(train, "speaker") & names(test, "speaker")


def test_phones_of_frames(corpus):
    train = data.load("timit", "train", source=corpus)
    clips = np.flatnonzero(train.labels["utterance"] == train.labels["utterance"][0])
    found = train.states["phone"][clips].ravel()
    name = train.label_names["utterance"][train.labels["utterance"][0]]
    speaker, sentence = name.split("-")
    (path,) = corpus.glob(f"*/*/{speaker.upper()}/{sentence.upper()}.PHN")
    spans = [line.split() for line in path.read_text().splitlines()]
    for frame, phone in enumerate(found):
        spoken = [p for a, b, p in spans if int(a) <= 160 * frame < int(b)]
        assert ([PHONES[phone]] if phone != NO_PHONE else []) == spoken


def test_missing_parts_are_named_and_the_rest_is_used(corpus, tmp_path, caplog):
    first, second, third, last = sorted((corpus / "TRAIN").glob("DR*/*"))
    (first / "SX1.WAV").unlink()
    (first / "SX2.PHN").unlink()
    (second / "SI1003.WAV").write_bytes(b"NIST_1A\n   1024\n")
    (second / "SX6.PHN").write_text("0 100 h#\n50 200 aa\n")
    for path in third.iterdir():
        path.unlink()
    shutil.rmtree(last)
    shutil.rmtree(corpus / "TEST")
    with caplog.at_level(logging.WARNING):
        train = data.load("timit", "train", source=corpus)
    assert names(train, "speaker") == {first.name.lower(), second.name.lower()}
    assert "SX1" not in {name.upper() for name in names(train, "sentence")}
    assert "SI1003.WAV: no readable recording" in caplog.text
    (report,) = (tmp_path / "cache" / "timit").glob("report-*.txt")
    text = report.read_text()
    assert "sx1: its transcription is there, its recording is missing" in text
    assert f"{first.name}: no .PHN of sx2" in text
    assert f"{first.name}: 7 of 8 recordings" in text
    assert "SX6.PHN: line 2 is '50 200 aa'" in text
    assert f"{third.name}: holds no recording" in text
    assert "holds no folder of a speaker" in text or last.parent.is_dir()
    assert "no recording of the split 'test'" in text
    assert "train has" in text and "of 8 dialect regions" in text
    without = train.label_names["utterance"].index(f"{first.name.lower()}-sx2")
    clips = train.labels["utterance"] == without
    assert clips.any() and (train.states["phone"][clips] == NO_PHONE).all()
    with pytest.raises(ValueError, match="split 'test' of timit has no usable"):
        data.load("timit", "test", source=corpus)


def test_errors_say_what_to_do(tmp_path):
    with pytest.raises(ValueError, match="LDC93S1.*TRAIN and TEST"):
        data.load("timit", "train")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        data.load("timit", "train", source=tmp_path / "nowhere")
    (tmp_path / "music").mkdir()
    with pytest.raises(ValueError, match=r"not laid out like TIMIT.*'music'"):
        data.load("timit", "train", source=tmp_path)


@pytest.mark.parametrize("text", ["", "0 10\n", "0 10 ää\n", "9 3 aa\n", "x 3 aa\n"])
def test_transcriptions_that_are_none(tmp_path, text):
    path = tmp_path / "SX1.PHN"
    path.write_text(text, "utf-8")
    with pytest.raises(RecordingError, match="SX1.PHN"):
        read_phones(path)
    assert len(set(PHONES)) == 61
