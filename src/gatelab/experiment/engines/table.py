"""The engines by the names that files have for them."""

from gatelab.experiment.axes import EngineName
from gatelab.experiment.engines.engine import Engine
from gatelab.experiment.engines.ghz import Ghz
from gatelab.experiment.engines.in_turns import InTurns
from gatelab.experiment.file import Experiment


def engine_of(name: EngineName) -> Engine:
    return Ghz() if name == "ghz" else InTurns(name)


def engines_of(experiment: Experiment) -> tuple[EngineName, ...]:
    """Those that a run of the experiment uses."""
    return experiment.matrix.engine or (experiment.load.engine,)
