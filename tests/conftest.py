"""What holds for every test."""

from hypothesis import settings

# How long an example takes depends on the machine: the first one of a compiled function is slow, and so is a busy core.
settings.register_profile("cellucid", deadline=None)
settings.load_profile("cellucid")
