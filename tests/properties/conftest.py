"""Makes the profile `fuzz` known before `--hypothesis-profile` asks for it."""

import fuzzing

assert fuzzing.PROFILE
