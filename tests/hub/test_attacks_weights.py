"""Crafted weight files: each is refused, cheaply, and the error names the file."""

import os
import pickle
import zipfile

import h5py
import numpy as np
import pytest
from hub.attack_cost import refuse

from halo_keras import hub
from halo_keras.hub.hdf5_reader import MAX_OBJECTS


def _zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.weights.h5", "x")


def _truncate(path):
    content = path.read_bytes()
    path.write_bytes(content[:-1])


def _rewrite(change):
    def run(path):
        with h5py.File(path, "r+") as file:
            change(file)

    return run


def _replace(file, make):
    values = file["head/vars/0"][()]
    del file["head/vars/0"]
    make(file["head/vars"], values)


def _external(file):
    def make(group, values):
        outside = str(file.filename) + ".secret"
        values.tofile(outside)
        group.create_dataset(
            "0", values.shape, values.dtype, external=[(outside, 0, values.nbytes)]
        )

    _replace(file, make)


def _virtual(file):
    def make(group, values):
        layout = h5py.VirtualLayout(values.shape, values.dtype)
        layout[...] = h5py.VirtualSource("other.h5", "x", shape=values.shape)
        group.create_virtual_dataset("0", layout)

    _replace(file, make)


def _chunked_bomb(file):
    del file["head/vars/0"]
    file["head/vars"].create_dataset(
        "0", (1 << 20, 1 << 20), "float32", chunks=(1024, 1024), compression="gzip"
    )


def _loop(file):
    file["head/again"] = file["/"]


def _alias(file):
    _replace(file, lambda group, values: group.__setitem__("0", file["head/vars/1"]))


def _soft(file):
    _replace(
        file,
        lambda group, values: group.__setitem__("0", h5py.SoftLink("/head/vars/1")),
    )


def _linked(file):
    _replace(
        file,
        lambda group, values: group.__setitem__("0", h5py.ExternalLink("o.h5", "/x")),
    )


def _soft_group(file):
    file.move("head", "real")
    file["head"] = h5py.SoftLink("/real")


def _with(values_of):
    return _rewrite(
        lambda file: _replace(
            file, lambda group, values: group.__setitem__("0", values_of(values))
        )
    )


def _nan(values):
    values = values.copy()
    values[0, 0] = np.nan
    return values


def _create(**arguments):
    """The array `0` of the head made anew by h5py's `create_dataset`."""
    return _rewrite(
        lambda file: _replace(
            file, lambda group, values: group.create_dataset("0", **arguments)
        )
    )


def _compact(file):
    def make(group, values):
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple(values.shape)
        kind = h5py.h5t.py_create(values.dtype)
        h5py.h5d.create(group.id, b"0", kind, space, dcpl=plan)

    _replace(file, make)


def _beyond_the_end(path):
    """An array whose place in the file, by its header, is where the file has ended."""
    with h5py.File(path, "r") as file:
        array = file["head/vars/0"].id
        place = array.get_offset().to_bytes(8, "little")
        size = array.get_storage_size().to_bytes(8, "little")
    content = path.read_bytes()
    assert content.count(place + size) == 1
    far = (len(content) - 4).to_bytes(8, "little")
    path.write_bytes(content.replace(place + size, far + size))


def _many_names(file, count=MAX_OBJECTS + 1):
    group = file["head"].id
    for number in range(count):
        group.links.create_hard(b"n%d" % number, group, b"vars")


def _many_arrays(file):
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    what = h5py.h5t.IEEE_F32LE, h5py.h5s.create(h5py.h5s.SCALAR)
    for number in range(MAX_OBJECTS // 100):
        group = file.create_group(f"g{number}").id
        for inner in range(101):
            h5py.h5d.create(group, b"%d" % inner, *what, dcpl=plan)


def _patched(mark, offset, value, size=8):
    """The number at `offset` from the first `mark` in the file is another."""

    def run(path):
        content = bytearray(path.read_bytes())
        start = content.index(mark) + offset
        content[start : start + size] = value.to_bytes(size, "little")
        path.write_bytes(content)

    return run


def _names_in_circles(path):
    content = bytearray(path.read_bytes())
    place = content.index(b"TREE")
    content[place + 5] = 1
    content[place + 32 : place + 40] = place.to_bytes(8, "little")
    path.write_bytes(content)


def _newest_form(path):
    with h5py.File(path, "r") as file:
        arrays = {}
        file.visititems(lambda name, item: arrays.__setitem__(name, item))
        arrays = {k: v[()] for k, v in arrays.items() if isinstance(v, h5py.Dataset)}
    with h5py.File(path, "w", libver="latest") as file:
        for name, values in arrays.items():
            file[name] = values


def _named(name):
    what = h5py.h5t.IEEE_F32LE, h5py.h5s.create(h5py.h5s.SCALAR)
    return _rewrite(lambda file: h5py.h5d.create(file["head"].id, name, *what))


def _same_names(path):
    """Two arrays of a group that bear one name: HDF5's library writes no such file."""
    with h5py.File(path, "r+") as file:
        file["head/once"], file["head/more"] = [1.0], [2.0]
    path.write_bytes(path.read_bytes().replace(b"more\0", b"once\0"))


def _deep(file):
    group = file
    for _ in range(40):
        group = group.create_group("g")


WEIGHTS = {
    "empty": (lambda p: p.write_bytes(b""), "an empty file"),
    "pickle": (lambda p: p.write_bytes(pickle.dumps({"a": 1})), "pickle"),
    "zip": (_zip, "zip"),
    "html": (lambda p: p.write_bytes(b"<!doctype html><p>no"), "HTML"),
    "pointer": (
        lambda p: p.write_bytes(b"version https://git-lfs.github.com/spec/v1\n"),
        "LFS",
    ),
    "noise": (lambda p: p.write_bytes(b"x" * 4096), "something else"),
    "user block": (lambda p: p.write_bytes(bytes(512) + p.read_bytes()), "not an HDF5"),
    "truncated": (_truncate, "truncated"),
    "header only": (lambda p: p.write_bytes(p.read_bytes()[:16]), "truncated"),
    "folder": (lambda p: (p.unlink(), p.mkdir()), "not a regular file"),
    "absent": (lambda p: p.unlink(), "missing"),
    "dangling": (lambda p: (p.unlink(), p.symlink_to("nowhere")), "missing"),
    "itself": (lambda p: (p.unlink(), p.symlink_to(p.name)), "missing"),
    "device": (lambda p: (p.unlink(), p.symlink_to(os.devnull)), "not a regular file"),
    "json": (lambda p: p.write_bytes(b'{"a": 1}'), "JSON"),
    "safetensors": (
        lambda p: p.write_bytes((64).to_bytes(8, "little") + b'{"a":{}}' + bytes(56)),
        "something else",
    ),
    "signature only": (lambda p: p.write_bytes(p.read_bytes()[:8]), "truncated"),
    "half": (lambda p: os.truncate(p, p.stat().st_size // 2), "truncated"),
    "too large": (lambda p: os.truncate(p, 65 * 1024 * 1024), "at most"),
    "extra": (_rewrite(lambda f: f.__setitem__("head/vars/2", [1.0])), "unexpected"),
    "lacking": (_rewrite(lambda f: f.__delitem__("head/vars/0")), "missing"),
    "misshaped": (_with(lambda v: v.T.copy()), "shape"),
    "wrong dtype": (_with(lambda v: v.astype("float64")), "float64"),
    "integers": (_with(lambda v: v.astype("int32")), "int32"),
    "text": (_with(lambda v: "text"), "not an array of numbers"),
    "compound": (
        _with(lambda v: np.zeros((4, 2), [("a", "f4")])),
        "not an array of numbers",
    ),
    "big-endian": (_with(lambda v: v.astype(">f4")), "not an array of numbers"),
    "complex": (_with(lambda v: v.astype("complex64")), "not an array of numbers"),
    "truth values": (_with(lambda v: v > 0), "not an array of numbers"),
    "fixed strings": (
        _with(lambda v: np.full(v.shape, b"text")),
        "not an array of numbers",
    ),
    "lists in it": (
        _create(shape=(4, 2), dtype=np.dtype(("f4", (3,)))),
        "not an array of numbers",
    ),
    "variable length": (
        _create(shape=(4, 2), dtype=h5py.vlen_dtype("f4")),
        "not an array of numbers",
    ),
    "texts of variable length": (
        _create(shape=(4, 2), dtype=h5py.string_dtype()),
        "not an array of numbers",
    ),
    "objects": (
        _create(shape=(4, 2), dtype=h5py.ref_dtype),
        "not an array of numbers",
    ),
    "regions": (
        _create(shape=(4, 2), dtype=h5py.regionref_dtype),
        "not an array of numbers",
    ),
    "opaque": (_create(data=np.zeros((4, 2), "V4")), "not an array of numbers"),
    "enumeration": (
        _create(shape=(4, 2), dtype=h5py.enum_dtype({"a": 1}, basetype="i4")),
        "not an array of numbers",
    ),
    "nothing in it": (_create(data=h5py.Empty("f4")), "not an array of numbers"),
    "scalar": (_with(lambda v: np.float32(1)), "shape"),
    "no rows": (_with(lambda v: v[:0]), "beyond its end"),
    "another rank": (_with(lambda v: v[None]), "shape"),
    "a named type": (
        _rewrite(
            lambda f: _replace(f, lambda g, v: g.__setitem__("0", np.dtype("f4")))
        ),
        "neither a group nor an array",
    ),
    "not finite": (_with(_nan), "NaN"),
    "infinite": (_with(lambda v: v * np.float32("inf")), "infinite"),
    "external link": (_rewrite(_linked), "link"),
    "soft link": (_rewrite(_soft), "link"),
    "soft group": (_rewrite(_soft_group), "link"),
    "external storage": (_rewrite(_external), "another file"),
    "virtual": (_rewrite(_virtual), "another file"),
    "compressed": (_rewrite(_chunked_bomb), "is compressed"),
    "declared, never written": (
        _create(shape=(1 << 20, 1 << 20), dtype="f4"),
        "declares 4398046511104 bytes and stores 0",
    ),
    "filled, never written": (
        _create(shape=(1 << 20, 1 << 20), dtype="f4", fillvalue=1.0),
        "declares 4398046511104 bytes and stores 0",
    ),
    "chunks": (_create(data=np.zeros((4, 2), "f4"), chunks=(1, 1)), "chunked"),
    "chunks without end": (
        _create(shape=(4, 2), maxshape=(None, None), dtype="f4"),
        "not an array of numbers",
    ),
    "checksummed": (
        _create(data=np.zeros((4, 2), "f4"), fletcher32=True),
        "compressed",
    ),
    "inside of its header": (_rewrite(_compact), "plain array"),
    "beyond the end": (_beyond_the_end, "beyond its end"),
    "many names": (_rewrite(_many_names), "more than 10000 objects"),
    "many arrays": (_rewrite(_many_arrays), "more than 10000 objects"),
    "steering name": (_named(b"\x1b[2J\n"), r"\\x1b\[2J\\n' declares 4 bytes"),
    "names that go in circles": (_names_in_circles, "twice"),
    "names of names": (_patched(b"TREE", 5, 7, 1), "names of / are odd|twice"),
    "names without end": (_patched(b"TREE", 6, 60_000, 2), "names of / are odd"),
    "names far away": (_patched(b"TREE", 32, 2**63), "beyond its end"),
    "leaf without end": (_patched(b"SNOD", 6, 60_000, 2), "names of .* are odd"),
    "names without letters": (_patched(b"HEAP", 8, 0), "is odd"),
    "letters far away": (_patched(b"HEAP", 24, 2**62), "is odd"),
    "no names": (_patched(b"HEAP", 0, 0, 1), "lost its names"),
    "newest form": (_newest_form, "another form"),
    "longer than it says": (
        lambda p: p.write_bytes(p.read_bytes() + b"x"),
        "superblock is odd",
    ),
    "somewhere else in another file": (_patched(b"\x89HDF", 24, 512), "odd"),
    "name in no encoding": (_named(b"\xff\xfe"), "a name in /head is odd"),
    "long name": (_named(b"x" * 60_000), "a name in /head is odd"),
    "same names": (_same_names, "a name in /head is twice"),
    "loop": (_rewrite(_loop), "twice"),
    "alias": (_rewrite(_alias), "twice"),
    "deep": (_rewrite(_deep), "nested"),
    "attribute": (
        _rewrite(lambda f: f["head"].attrs.__setitem__("dtype", "bfloat16")),
        "attributes",
    ),
    "group for array": (
        _rewrite(lambda f: _replace(f, lambda group, values: group.create_group("0"))),
        "missing /head/vars/0",
    ),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_weight_files(preset, resum, name):
    damage, match = WEIGHTS[name]
    damage(preset / "model.weights.h5")
    refuse(preset, resum, match, "model.weights.h5")


@pytest.mark.slow
def test_a_million_groups(preset, resum):
    _rewrite(lambda file: _many_names(file, 1_000_000))(preset / "model.weights.h5")
    refuse(preset, resum, "more than 10000 objects|at most", "model.weights.h5")


def test_half_precision_files_load(preset, resum):
    def halve(file):
        for name in ("encoder/dense/vars/0", "head/vars/0"):
            values = file[name][()].astype("float16")
            del file[name]
            file[name] = values

    _rewrite(halve)(preset / "model.weights.h5")
    resum(preset)
    assert hub.from_pretrained(preset).head.kernel.dtype == "float32"
