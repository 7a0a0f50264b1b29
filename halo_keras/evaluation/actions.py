"""Real people in actions: the film strips, and a user's own folder.

Train and test share the people, so that a judge names them itself.
"""

from __future__ import annotations

from halo_keras.evaluation.people import people_protocols
from halo_keras.evaluation.suite import Suite

SUITE = Suite(
    ("actions",),
    people_protocols("person", unseen=False),
    judges={"judge": "judge-actions"},
    reference=None,
)
# Nobody has a judge of a user's folder; what needs none is measured.
FOLDER = Suite(("folder",), people_protocols("person", unseen=False), reference=None)
