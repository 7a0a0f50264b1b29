"""A recipe that would imitate bfloat16 says so, and only then."""

import warnings

import pytest

from halo_keras.training.bfloat16 import warn_of_imitated_bfloat16


@pytest.fixture
def processor(tmp_path):
    def of(line):
        path = tmp_path / "cpuinfo"
        path.write_text(f"processor\t: 0\n{line}\n", encoding="utf-8")
        return path

    return of


def test_it_names_the_setting_that_helps(processor):
    plain = processor("flags\t\t: fpu avx avx2 fma")
    with pytest.warns(UserWarning, match="--set precision=float32"):
        warn_of_imitated_bfloat16("mixed_bfloat16", ["cpu"], plain)


@pytest.mark.parametrize(
    ("precision", "devices", "line"),
    [
        ("float32", ["cpu"], "flags\t\t: fpu avx2"),
        ("mixed_bfloat16", ["gpu"], "flags\t\t: fpu avx2"),
        ("mixed_bfloat16", ["cpu"], "flags\t\t: fpu avx2 avx512_bf16"),
        ("mixed_bfloat16", ["cpu"], "flags\t\t: fpu avx2 amx_bf16 amx_tile"),
        ("mixed_bfloat16", ["cpu"], "Features\t: fp asimd bf16"),
        ("mixed_bfloat16", ["cpu"], "model name\t: unknown"),
    ],
)
def test_otherwise_nothing_is_said(processor, precision, devices, line):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_imitated_bfloat16(precision, devices, processor(line))


def test_nothing_is_said_where_nothing_is_known(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_imitated_bfloat16("mixed_bfloat16", ["cpu"], tmp_path / "none")
