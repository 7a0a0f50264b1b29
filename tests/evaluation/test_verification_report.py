"""Table 2 from metrics.json files, and the difference that the posterior makes."""

import json
import math

import pytest

from halo_keras.evaluation import verification_report
from halo_keras.evaluation.verification_report import read_runs, verification_table


@pytest.fixture
def folders(tmp_path, monkeypatch):
    rates = {"factorised": (0.05, 0.2), "full": (0.04, 0.3)}
    runs = [
        (f"dsvae-{posterior}-{size}", "formant_voices", {}, posterior, size, pair)
        for posterior, pair in rates.items()
        for size in (16, 64)
    ]
    unseen = {"protocol": "unseen-speakers"}
    runs.append(("halo", "spoken_digits", unseen, None, None, (0.1, 0.4)))
    runs.append(("halo-balls", "balls", {}, None, None, None))
    for name, dataset, data, posterior, size, pair in runs:
        (tmp_path / name).mkdir()
        model = {} if posterior is None else {"posterior": posterior}
        model |= {} if size is None else {"motion_dim": size}
        metadata = {
            "name": name,
            "dataset": dataset,
            "recipe": {"data": data, "model": model},
        }
        found = {"swap_mse": 1.0}
        if pair is not None:
            found = {
                "eer_static": pair[0],
                "eer_dynamic": pair[1],
                "eer_gap": pair[1] - pair[0],
                "eer_dynamic_standard_error": 0.03,
                "eer_mfcc": 0.11,
                "eer_num_speakers": 24,
                "eer_num_pairs": 18336,
            }
        (tmp_path / name / "metadata.json").write_text(json.dumps(metadata))
        (tmp_path / name / "metrics.json").write_text(json.dumps({"test": found}))

    def read(name):
        return lambda folder: json.loads((folder / name).read_text())

    # Complete presets are no matter of this test.
    monkeypatch.setattr(verification_report, "read_metadata", read("metadata.json"))
    monkeypatch.setattr(verification_report, "read_metrics", read("metrics.json"))
    return tmp_path


def test_a_table_for_each_corpus(folders):
    text = verification_table(read_runs(sorted(folders.iterdir())))
    assert "## formant_voices: 24 speakers, 18,336 pairs" in text
    assert "## spoken_digits, unseen-speakers: 24 speakers" in text
    row = "| `dsvae-full-16` | 0.0400 | 0.3000 ± 0.0300 | 0.2600 | — |"
    assert row in text.splitlines()
    assert "| mean cepstra | 0.1100 |  |  |  |" in text
    published = "| DSVAE full (64) on TIMIT, published | 0.0482 | 0.1889 |  |  |"
    assert text.count(published) == 2
    assert "halo-balls" not in text


def test_what_the_full_posterior_does_to_the_motion(folders):
    lines = [
        line
        for line in verification_table(read_runs(folders.iterdir())).splitlines()
        if line.startswith("- ")
    ]
    error = f"{math.hypot(0.03, 0.03):.4f}"
    for size, line in zip((16, 64), lines, strict=True):
        wanted = f"motion +0.1000 ± {error}; content -0.0100"
        assert line == f"- {size} dimensions, full less factorised: {wanted}"


def test_nothing_to_compare(folders):
    with pytest.raises(ValueError, match="none of the folders"):
        read_runs([folders / "halo-balls", folders / "absent"])
