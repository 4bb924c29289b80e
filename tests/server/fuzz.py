"""How hard the fuzzing tests look: at the same requests each time; by CELLUCID_FUZZ=10 at ten times as many new."""

import os

from hypothesis import HealthCheck, Phase, settings

_TIMES = os.environ.get("CELLUCID_FUZZ")


def looking(examples):
    """Settings for so many examples of a usual run."""
    return settings(
        max_examples=examples * int(_TIMES or 1),
        deadline=None,
        database=None,
        derandomize=_TIMES is None,
        suppress_health_check=list(HealthCheck),
        # Requests change what the server has open; a failure is shown as it was met.
        phases=[Phase.explicit, Phase.generate],
    )
