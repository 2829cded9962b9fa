"""What keeps an experiment from giving a verdict.

ExperimentError
├── ExperimentFileError    the file is wrong: usage
└── CouldNotRun            the file is right, the world is not: nothing applied, no answer, no pods, no way there
"""


class ExperimentError(Exception):
    """Root of this package's errors. The text is for users."""


class ExperimentFileError(ExperimentError):
    pass


class CouldNotRun(ExperimentError):
    pass
