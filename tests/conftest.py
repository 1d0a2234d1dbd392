"""Hypothesis runs the same examples every time, so that a clone passes or fails for a reason; `explore` draws new ones.

HYPOTHESIS_PROFILE=explore make test   looks for what nobody has thought of yet.
"""

import os

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "same",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],  # no shrinking: `explore` finds the smallest example of a failure
)
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("explore" if os.environ.get("HYPOTHESIS_PROFILE") == "explore" else "same")
