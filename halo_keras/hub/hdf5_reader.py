"""Arrays out of HDF5 files as `write_weights` lays them out, read in Python alone.

HDF5's own library reads far more than these files need: links to other files, filters,
types that nest. And it trusts what it reads: damaged at random, one file in some ten
thousands makes it take all memory there is. So it never sees a file from elsewhere.
What is read here is the small part of the HDF5 File Format Specification (version 3.0)
that the oldest form of a file with groups and plain arrays consists of: superblock 0,
version 1 B-trees, symbol tables, local heaps, version 1 object headers, contiguous
layouts. Everything else is refused, and the work for a file of any content is bounded.
"""

import math
import struct

import numpy as np

from halo_keras.hub.errors import PresetError

MAX_OBJECTS = 10_000
MAX_DEPTH = 32

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_UNDEFINED = 2**64 - 1
# Versions 0, addresses and lengths of 8 bytes, 2 * 4 names a node, 2 * 16 nodes above.
_SUPERBLOCK = bytes([0, 0, 0, 0, 0, 8, 8, 0, 4, 0, 16, 0, 0, 0, 0, 0])
_NAMES_A_NODE, _CHILDREN_A_NODE, _MAX_MESSAGES = 8, 32, 32
_MAX_NAME, _MAX_MESSAGE = 255, 1024  # bytes

_SPACE, _TYPE, _LAYOUT, _CONTINUATION, _GROUP = 0x01, 0x03, 0x08, 0x10, 0x11
_IGNORED = (0x00, 0x04, 0x05, 0x12, _CONTINUATION)  # nothing, fill values, time
_REFUSED = {
    0x02: "has links that are not of the plain kind",
    0x06: "has links that are not of the plain kind",
    0x07: "takes its values from another file",
    0x0B: "is compressed",
    0x0C: "has unexpected attributes",
    0x15: "has unexpected attributes",
}


def _encoded(dtype: np.dtype) -> bytes:
    """How a header names a type: class, bit fields, size, places of the bits."""
    bits = 8 * dtype.itemsize
    if dtype.kind == "f":
        exponent, mantissa = {16: (5, 10), 32: (8, 23), 64: (11, 52)}[bits]
        head = struct.pack("<4BIHH", 0x11, 0x20, bits - 1, 0, dtype.itemsize, 0, bits)
        bias = 2 ** (exponent - 1) - 1
        return head + struct.pack("<4BI", mantissa, exponent, 0, mantissa, bias)
    signed = 0x08 if dtype.kind == "i" else 0
    return struct.pack("<4BIHH", 0x10, signed, 0, 0, dtype.itemsize, 0, bits)


_TYPES = {
    _encoded(t): t for t in map(np.dtype, "f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8".split())
}


def arrays_in(content: bytes) -> dict[str, np.ndarray]:
    """Name, such as `/decoder/vars/0`, to a read-only view of its values.

    Raises:
        PresetError: `content` is anything else than such a file; says in what.
    """
    reader = _Reader(content)
    reader.walk(reader.root(), "", depth=0)
    declared = sum(array.nbytes for array in reader.arrays.values())
    if declared > len(content):
        raise PresetError(f"the arrays declare {declared} bytes, more than it has.")
    return reader.arrays


def shown(text: str) -> str:
    """Text out of a file, short, and without characters that steer a terminal."""
    text = text if len(text) <= 160 else f"{text[:80]}...{text[-60:]}"
    return text if text.isprintable() else ascii(text)


class _Reader:
    def __init__(self, content: bytes):
        self.content = content
        self.arrays: dict[str, np.ndarray] = {}
        self.seen: set[int] = set()  # addresses of objects and nodes: no cycles
        self.names = 0

    def part(self, start: int, size: int) -> bytes:
        if start + size > len(self.content):
            raise PresetError("damaged or truncated: it points beyond its end.")
        return self.content[start : start + size]

    def numbers(self, form: str, start: int) -> tuple[int, ...]:
        return struct.unpack(form, self.part(start, struct.calcsize(form)))

    def first_visit(self, address: int, name: str) -> None:
        if address in self.seen:
            raise PresetError(f"{shown(name) or '/'} appears twice in the file.")
        self.seen.add(address)
        # An array is one, a group three: itself, a tree and a list of names.
        if len(self.seen) > 3 * MAX_OBJECTS:
            raise PresetError(f"the file has more than {MAX_OBJECTS} objects.")

    def root(self) -> int:
        """The address of the root group, from a superblock that is checked."""
        if self.part(8, 16) != _SUPERBLOCK:
            raise PresetError("another form of HDF5 than save_preset writes.")
        base, free, end, driver = self.numbers("<4Q", 24)
        if end > len(self.content):
            raise PresetError(f"truncated: it has {len(self.content)} bytes of {end}.")
        if (base, free, end, driver) != (0, _UNDEFINED, len(self.content), _UNDEFINED):
            raise PresetError("damaged: its superblock is odd.")
        return self.numbers("<Q", 64)[0]

    def walk(self, address: int, name: str, depth: int) -> None:
        """Adds the arrays in and below the object whose header is at `address`."""
        if depth > MAX_DEPTH:
            raise PresetError(f"groups are nested more than {MAX_DEPTH} deep.")
        self.first_visit(address, name)
        messages = self.messages(address, name)
        if _GROUP not in messages:
            self.arrays[name] = self.array(messages, name)
            return
        if len(messages) > 1:
            raise PresetError(f"{shown(name)} is both a group and an array.")
        tree, heap = struct.unpack("<2Q", messages[_GROUP][:16].ljust(16))
        for key, child in self.members(tree, heap, name):
            self.walk(child, f"{name}/{key}", depth + 1)

    def messages(self, address: int, name: str) -> dict[int, bytes]:
        """The messages of an object header that say something, by their type."""
        version, _, count, _, size = self.numbers("<BBHII", address)
        if version != 1 or count > _MAX_MESSAGES:
            raise PresetError(f"{shown(name) or '/'} has a header of another form.")
        found: dict[int, bytes] = {}
        blocks = [(address + 16, size)]
        while blocks and count:
            start, size = blocks.pop(0)
            end = start + size
            while start + 8 <= end and count:
                kind, length, flags = self.numbers("<HHB", start)
                at = start + 8
                start, count = start + 8 + length, count - 1
                if kind == _CONTINUATION:
                    blocks.append(self.numbers("<2Q", at))
                if kind in _IGNORED:
                    continue
                known = kind in (_SPACE, _TYPE, _LAYOUT, _GROUP)
                # Flag 2: what it says is kept elsewhere.
                if not known or kind in found or flags & 2 or length > _MAX_MESSAGE:
                    reason = _REFUSED.get(kind, "has a header of another form")
                    raise PresetError(f"{shown(name) or '/'} {reason}.")
                found[kind] = self.part(at, length)
        return found

    def members(self, tree: int, heap: int, name: str) -> list[tuple[str, int]]:
        """Names in a group and the addresses of their headers."""
        signature, _, size, _, start = self.numbers("<4s4s3Q", heap)
        if signature != b"HEAP":
            raise PresetError(f"damaged: {shown(name) or '/'} has lost its names.")
        members = []
        for offset, child, cache in self.entries(tree, name, None):
            text = self.content[start + offset : start + min(size, offset + _MAX_NAME)]
            try:
                key = text[: text.find(b"\0")].decode("utf-8")
            except UnicodeDecodeError:
                key = ""
            if not key or "/" in key or b"\0" not in text:
                raise PresetError(f"damaged: a name in {shown(name) or '/'} is odd.")
            if cache not in (0, 1):
                raise PresetError(f"{shown(f'{name}/{key}')} is a soft or other link.")
            members.append((key, child))
        if len({key for key, _ in members}) != len(members):
            raise PresetError(f"damaged: a name in {shown(name) or '/'} is twice.")
        return members

    def entries(self, node: int, name: str, level: int | None):
        """Offset of the name, address and kind of each entry below a B-tree's node."""
        self.first_visit(node, f"{name}, its list of names,")
        signature, kind, own_level, count = self.numbers("<4sBBH", node)
        fits = level is None or own_level == level
        if signature != b"TREE" or kind or not fits or count > _CHILDREN_A_NODE:
            raise PresetError(f"damaged: the names of {shown(name) or '/'} are odd.")
        for index in range(count):
            (child,) = self.numbers("<Q", node + 24 + 16 * index + 8)
            if own_level:
                yield from self.entries(child, name, own_level - 1)
            else:
                yield from self.leaf(child, name)

    def leaf(self, node: int, name: str):
        self.first_visit(node, f"{name}, its list of names,")
        signature, _, count = self.numbers("<4s2sH", node)
        if signature != b"SNOD" or count > _NAMES_A_NODE:
            raise PresetError(f"damaged: the names of {shown(name) or '/'} are odd.")
        self.names += count
        if self.names > MAX_OBJECTS:
            raise PresetError(f"the file has more than {MAX_OBJECTS} objects.")
        for index in range(count):
            yield self.numbers("<2QI", node + 8 + 40 * index)

    def array(self, messages: dict[int, bytes], name: str) -> np.ndarray:
        where = shown(name) or "/"
        if set(messages) != {_SPACE, _TYPE, _LAYOUT}:
            raise PresetError(f"{where} is neither a group nor an array.")
        dtype, shape = _type(messages[_TYPE]), _shape(messages[_SPACE])
        if dtype is None or shape is None:
            raise PresetError(f"{where} is not an array of numbers.")
        version, layout, start, size = struct.unpack(
            "<BBQQ", messages[_LAYOUT][:18].ljust(18)
        )
        if version == 4 and layout == 3:
            raise PresetError(f"{where} takes its values from another file.")
        if version != 3 or layout != 1:
            raise PresetError(f"{where} is chunked or compact; expected a plain array.")
        declared = math.prod(shape) * dtype.itemsize
        stored = 0 if start == _UNDEFINED else size
        if declared != stored:
            raise PresetError(f"{where} declares {declared} bytes and stores {stored}.")
        return np.frombuffer(self.part(start, size), dtype).reshape(shape)


def _type(message: bytes) -> np.dtype | None:
    for code, dtype in _TYPES.items():
        if message.startswith(code) and not any(message[len(code) :]):
            return dtype
    return None


def _shape(message: bytes) -> tuple[int, ...] | None:
    """Sizes of a dataspace that cannot grow; None for another."""
    version, rank, flags = message[:3].ljust(3, b"\xff")
    sizes = message[8:]
    if version != 1 or flags > 1 or rank > 32 or len(sizes) < 8 * rank * (1 + flags):
        return None
    shape = struct.unpack(f"<{rank}Q", sizes[: 8 * rank])
    limits = struct.unpack(f"<{rank}Q", sizes[8 * rank : 16 * rank]) if flags else shape
    return shape if limits == shape else None
