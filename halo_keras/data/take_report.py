"""What became of every take: used, or skipped and why. Nothing is lost in silence."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from halo_keras.data.clip_writer import replacing

# Kinds of reasons, in the order in which a report lists them.
KINDS = ("empty", "unreadable", "no face", "too short", "label")
_SHOWN = 5  # lines of the logged summary

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Skipped:
    """A take (or a line of a label file) that is not used."""

    name: str
    kind: str
    reason: str

    def __str__(self):
        return f"{self.name}: {self.reason}"


@dataclass(frozen=True)
class TakeReport:
    """The takes of a source and what became of them.

    Attributes:
        source: the folder that was read.
        used: the number of takes that give clips.
        skipped: those that give none.
        notes: (name, what is wrong with a take that is used nevertheless, or with a
            folder that is no take).
    """

    source: str
    used: int
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()

    def counts(self) -> dict[str, int]:
        """Number of skipped takes by kind, only kinds that occur."""
        found = Counter(item.kind for item in self.skipped)
        return {kind: found[kind] for kind in KINDS if found[kind]}

    def summary(self) -> str:
        """One line: how many takes are used, how many are skipped, by kind."""
        line = f"{self.source}: {self.used} of {self.used + len(self.skipped)} used"
        if self.skipped:
            kinds = ", ".join(f"{n} {kind}" for kind, n in self.counts().items())
            line += f", {len(self.skipped)} skipped ({kinds})"
        if self.notes:
            line += f", {len(self.notes)} notes"
        return line

    def text(self) -> str:
        """Every skipped take with its reason, by kind, then the notes, then counts."""
        lines = []
        for kind in self.counts():
            lines.append(f"skipped, {kind}:")
            lines += [f"  {item}" for item in self.skipped if item.kind == kind]
        if self.notes:
            lines.append("notes:")
            lines += [f"  {name}: {note}" for name, note in self.notes]
        return "\n".join([*lines, self.summary()]) + "\n"

    def publish(self, path: Path) -> None:
        """Writes `text()` to `path` and logs the summary, as a warning if needed."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part:
            part.write_text(self.text(), encoding="utf-8")
        lines = [f"{self.summary()}; report: {path}"]
        lines += [f"  {item}" for item in self.skipped[:_SHOWN]]
        if len(self.skipped) > _SHOWN:
            lines.append(f"  and {len(self.skipped) - _SHOWN} more, see the report")
        level = logging.WARNING if self.skipped else logging.INFO
        _LOGGER.log(level, "%s", "\n".join(lines))
