"""`gatelab experiment validate`: what a file would do, in words."""

from gatelab.experiment.axes import cells
from gatelab.experiment.engines.programs import find_program
from gatelab.experiment.engines.table import engine_of, engines_of
from gatelab.experiment.file import Experiment
from gatelab.experiment.matrix.cell import expected_of
from gatelab.experiment.matrix.run import cell_experiment
from gatelab.experiment.turns import ORDER
from gatelab.spread import needed_sample

_WHAT = {"l7": "through the Gateway", "l4": "through the Service", "direct": "straight to the pods"}


def plan_text(experiment: Experiment) -> str:
    """Who is called, how much load each cell is, how long it takes, and what is expected."""
    found = cells(experiment.matrix)
    lines = [
        f"{experiment.experiment}: {experiment.call} of {experiment.target}, Service {experiment.service}",
        f"manifests: {', '.join(experiment.manifests) or 'none'}",
    ]
    total_s = 0.0
    for cell in found:
        its = cell_experiment(experiment, cell)
        paths = (cell.path,) if cell.path is not None else ORDER
        total_s += engine_of(its.load.engine).turns(its.load.duration_s, paths).total_s
        over = f"{its.load.connections} connection{'' if its.load.connections == 1 else 's'}"
        load = f"{its.load.rps:g} calls/s for {its.load.duration} over {over}"
        lines.append(f"{cell.name}: {load}, {', '.join(_WHAT[path] for path in paths)}")
        expected = expected_of(cell, its.expect)
        lines += [f"    expects {', '.join(expected)}"] if expected else []
        if "l7" in paths and its.expect.pods:
            needed = needed_sample(its.expect.pods, bound=its.expect.bound, confidence=its.expect.confidence_level)
            if its.load.requests < needed:
                lines.append(f"    {its.load.requests} calls are too few for expect.spread: it takes {needed}")
        if its.load.engine == "ghz" and "l4" in paths and its.expect.l4_pinned:
            lines.append("    ghz does not tell which pods answer: only with expect.l4_pinned: false can this pass")
    runs = len(found) * experiment.repetitions
    plural = "" if runs == 1 else "s"
    lines.append(f"{runs} measurement{plural}, about {total_s * experiment.repetitions:.0f} s of load")
    if "ghz" in engines_of(experiment) and find_program("ghz") is None:
        lines.append("to run this, ghz must be on the PATH: there is none here")
    return "\n".join(lines)
