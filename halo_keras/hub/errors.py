"""The two errors of this package: a bad preset, and a Hub that cannot be asked."""


class PresetError(ValueError):
    """A preset is unknown, damaged or not of our making; the message names the file
    and what to do."""


class HubError(OSError):
    """Something on the Hub could not be read or written, whatever the reason.

    Attributes:
        repository: `"owner/name"`, or None if no repository was asked.
        revision: the branch, tag or commit that was asked for; None for the default.
        file: the name of the file in the repository, or None.
        hint: what to do about it, a sentence; part of the message too.
    """

    def __init__(
        self,
        reason: str,
        *,
        repository: str | None = None,
        revision: str | None = None,
        file: str | None = None,
        hint: str = "",
    ):
        super().__init__(f"{reason} {hint}".rstrip())
        self.repository = repository
        self.revision = revision
        self.file = file
        self.hint = hint
