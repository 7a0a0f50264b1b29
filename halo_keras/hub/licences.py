"""What the licence of data says about passing on the data, or a model of them."""

from __future__ import annotations

# Words of a licence that forbids to give the data to others.
_CLOSED = ("no redistribution", "research only")


def is_closed(licence: str) -> bool:
    """Whether a licence forbids to give the data to others."""
    return any(words in licence.lower() for words in _CLOSED)


def why_no_data(licence: str, private: bool | None) -> str | None:
    """Why clips of this licence may not be pushed so; None if they may.

    Args:
        private: whether only their owner will see them; None is no.
    """
    if private is True:
        return None
    if licence.lower().startswith("unknown"):
        return (
            f"nobody may use clips of an unknown licence ({licence}): state it when "
            "the dataset is loaded or built (--set license=...), or pass private=True "
            "(--private)."
        )
    if is_closed(licence):
        return (
            f"the licence of these clips ({licence}) does not let others have them: "
            "they are not pushed to a public repository. Pass private=True (--private) "
            "if it allows you to keep them there."
        )
    return None


def why_no_model(dataset: str, licence: str) -> str | None:
    """Why a model of data with this licence is not for everybody; None if it is."""
    if not is_closed(licence):
        return None
    return (
        f"{dataset} has a licence that says {licence!r}, and a model can give its "
        "training clips back"
    )
