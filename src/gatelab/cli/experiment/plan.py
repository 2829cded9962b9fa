"""`gatelab experiment validate`: what a file would do, in words."""

from gatelab.experiment.axes import cells
from gatelab.experiment.file import Experiment
from gatelab.experiment.matrix.cell import expected_of
from gatelab.experiment.matrix.run import cell_experiment
from gatelab.experiment.rounds import ORDER, Turns
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
        total_s += Turns.for_duration(its.load.duration_s, paths).total_s
        over = f"{its.load.connections} connection{'' if its.load.connections == 1 else 's'}"
        load = f"{its.load.rps:g} calls/s for {its.load.duration} over {over}"
        lines.append(f"{cell.name}: {load}, {', '.join(_WHAT[path] for path in paths)}")
        expected = expected_of(cell, its.expect)
        lines += [f"    expects {', '.join(expected)}"] if expected else []
        if "l7" in paths and its.expect.pods:
            needed = needed_sample(its.expect.pods, bound=its.expect.bound, confidence=its.expect.confidence_level)
            if its.load.requests < needed:
                lines.append(f"    {its.load.requests} calls are too few for expect.spread: it takes {needed}")
    runs = len(found) * experiment.repetitions
    plural = "" if runs == 1 else "s"
    lines.append(f"{runs} measurement{plural}, about {total_s * experiment.repetitions:.0f} s of load")
    return "\n".join(lines)
