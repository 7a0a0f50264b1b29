"""Damage at random, the same for the same seed: bytes flipped, JSON rearranged."""

import copy
import json
import random

# What a hostile or confused writer might put in the place of a value.
ODD_VALUES = (
    None,
    True,
    0,
    1,
    2,
    -1,
    0.5,
    -0.0,
    10**9,
    2**31,
    2**63,
    10**400,
    1e308,
    "",
    "x",
    "os.system",
    "/etc/passwd",
    "https://example.org/x",
    "float64",
    "mixture",
    "halo_keras>StatePrior",
    "halo_keras>SymplecticDynamics",
    "x" * 300,
    "\u202e\x00\x1b[2J",
    [],
    [[]],
    [4, 4, 1],
    [1] * 70,
    {},
    {"class_name": "Lambda", "config": {}, "module": "os", "registered_name": "x"},
)


def damage_bytes(rng: random.Random, content: bytes, hot: list[int]) -> bytes:
    """`content` with a few bytes changed, moved or cut away, mostly at `hot` places."""
    data = bytearray(content)
    for _ in range(rng.choice([1, 1, 1, 2, 4, 16])):
        if not data:
            break
        at = (rng.choice(hot) if rng.random() < 0.9 else rng.randrange(2**30)) % len(
            data
        )
        how = rng.random()
        if how < 0.4:
            data[at] ^= 1 << rng.randrange(8)
        elif how < 0.65:
            data[at] = rng.choice([0, 1, 127, 128, 255, rng.randrange(256)])
        elif how < 0.8:
            size = rng.choice([2, 4, 8])
            top = 2 ** (8 * size)
            number = rng.choice([0, top - 1, top // 2, rng.randrange(len(content))])
            data[at : at + size] = (number % top).to_bytes(size, "little")
        elif how < 0.9:
            size, other = rng.choice([8, 32, 128]), rng.choice(hot)
            data[at : at + size] = content[other : other + size]
        elif how < 0.95:
            del data[at : at + rng.randrange(1, 64)]
        else:
            del data[at:]
    return bytes(data)


def damage_json(rng: random.Random, value) -> bytes:
    """JSON text of `value` after a few changes of its structure, or of its bytes."""
    value = copy.deepcopy(value)
    for _ in range(rng.choice([1, 1, 2, 3])):
        _change(rng, value)
    text = json.dumps(value).encode()
    if rng.random() < 0.25:
        text = damage_bytes(rng, text, list(range(len(text))))
    return text


def _change(rng: random.Random, root) -> None:
    """One value of `root` replaced, removed, added, copied or moved elsewhere."""
    places = list(_places(root))
    holder, key = rng.choice(places)
    how = rng.random()
    if how < 0.5:
        holder[key] = copy.deepcopy(rng.choice(ODD_VALUES))
    elif how < 0.6 and isinstance(holder[key], int):
        holder[key] = holder[key] * rng.choice([-1, 2, 3, 10, 1000, 10**6])
    elif how < 0.75:
        del holder[key]
    elif how < 0.85 and isinstance(holder, dict):
        other = rng.choice([place for _, place in places if isinstance(place, str)])
        holder[other] = copy.deepcopy(rng.choice(ODD_VALUES))
    else:
        elsewhere, other = rng.choice(places)
        holder[key] = copy.deepcopy(elsewhere[other])


def _places(value):
    """Every container in `value` with each of its keys or indices."""
    keys = value if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from _places(value[key])
