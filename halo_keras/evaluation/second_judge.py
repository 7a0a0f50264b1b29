"""A second opinion on the same clips, without making them twice.

Numbers of a judge depend on the judge. Making clips takes ten times as long as judging
them, so the clips of a pass are kept (rounded to 8 bits, as real clips are stored) and
the protocol is run again on them with the other judge.
"""

from __future__ import annotations

import numpy as np

PREFIX = "second_judge_"
# What a protocol measures without its judge: the same in both runs.
_NOT_JUDGED = ("mse", "psnr", "ssim", "num_clips", "speed_ratio")


class Remembering:
    """A model that keeps what its generating verbs return, and can return it again.

    Args:
        model: whose verbs are called. All its other attributes are passed on.
    """

    VERBS = ("generate", "sample", "swap_motion")

    def __init__(self, model):
        self._model = model
        self._kept = []
        self._rest = None

    def rewind(self) -> None:
        """From here on the kept clips are returned, in the order they were made."""
        self._rest = iter(self._kept)

    def __getattr__(self, name):
        attribute = getattr(self._model, name)
        return self._remember(attribute) if name in self.VERBS else attribute

    def _remember(self, verb):
        def call(*args, **options):
            if self._rest is not None:
                return next(self._rest).astype("float32") / np.float32(255)
            made = verb(*args, **options)
            self._kept.append(np.round(np.asarray(made) * 255).astype("uint8"))
            return made

        return call


def of_second_judge(found: dict[str, float]) -> dict[str, float]:
    """What the judge said, under `second_judge_<key>`; other numbers are left out."""
    return {
        PREFIX + key: value
        for key, value in found.items()
        if not key.endswith(_NOT_JUDGED)
    }
