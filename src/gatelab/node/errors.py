"""What keeps a lab from running: one tree, shown by the commands as it is."""


class LabError(Exception):
    """Something that the user can put right. The message says how."""


class LabIsRunning(LabError):
    """Another agent holds the lab of this name."""


class LabIsNotRunning(LabError):
    """There is no lab of this name to talk to."""
