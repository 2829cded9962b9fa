"""How much is generated: `--hypothesis-profile=fuzz` (`make fuzz`) makes 10,000 of everything; otherwise each test says
how many it needs. No example has a deadline, in neither: the time of one says more of the machine than of the code.
"""

from hypothesis import settings

PROFILE = "fuzz"
settings.register_profile(PROFILE, max_examples=10_000, deadline=None)
settings.register_profile("usual", deadline=None)
settings.load_profile("usual")


def count(usual: int) -> int:
    """So many, or as many as the profile says."""
    chosen = settings.get_current_profile_name() == PROFILE
    return settings.default.max_examples if chosen and settings.default else usual
