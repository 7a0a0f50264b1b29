"""The two errors of this package: a bad preset, and a Hub that cannot be asked."""


class PresetError(ValueError):
    """A preset is unknown, damaged or not of our making; the message names the file
    and what to do."""


class HubError(OSError):
    """A preset on the Hub cannot be reached."""
