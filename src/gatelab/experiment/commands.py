"""Commands that do by hand what an experiment does, for whoever wants to see a figure with their own eyes. Pure."""

import json
import os
import shlex
from collections.abc import Sequence

from gatelab.experiment.backends import Backends
from gatelab.experiment.file import Experiment

_TLS = {"verify": (), "skip-verify": ("--skipTLS",), "off": ("--insecure",)}
_CALL_TLS = {"verify": (), "skip-verify": ("--insecure",), "off": ("--plaintext",)}


def commands(experiment: Experiment, backends: Backends) -> tuple[str, ...]:
    """One call, and the load of each path alone, without turns: through the Gateway, the Service, to one pod."""
    address, port = backends.service
    # ghz finds the target's name by `gatelab ghz`, and needs nobody for an address.
    wrapped, alone = (["gatelab", "ghz"], ["ghz"]) if experiment.load.engine == "ghz" else (["gatelab", "load"],) * 2
    found = [shell_line(_call(experiment)), _load(wrapped, experiment, _TLS[experiment.tls], experiment.target)]
    straight = ("--insecure", "--authority", experiment.target)
    found.append(_load(alone, experiment, straight, f"{address}:{port}"))
    found += [_load(alone, experiment, straight, f"{pod.address}:{pod.port}") for pod in backends.pods[:1]]
    return tuple(found)


def _call(experiment: Experiment) -> list[str]:
    imports = [part for each in _imports(experiment) for part in ("-import-path", each)]
    data = ("-d", json.dumps(experiment.data))
    proto = str(experiment.path(experiment.proto))
    tls = _CALL_TLS[experiment.tls]
    return ["gatelab", "call", *tls, *imports, "-proto", proto, *data, experiment.target, experiment.call]


def _load(program: Sequence[str], experiment: Experiment, tls: Sequence[str], target: str) -> str:
    imports = _imports(experiment)
    load = experiment.load
    return shell_line(
        [
            *(*program, *tls),
            *(("--import-paths", ",".join(imports)) if imports else ()),
            *("--proto", str(experiment.path(experiment.proto)), "--call", experiment.call),
            *("-d", json.dumps(experiment.data), "--disable-template-data"),
            *(("--engine", load.engine) if load.engine == "grpcio" else ()),
            *("--rps", f"{load.rps:g}"),
            # At the end of its --duration ghz cuts off what is out, and counts it as failed.
            *(("--total", str(load.requests)) if load.engine == "ghz" else ("--duration", load.duration)),
            *("--connections", str(load.connections), "-c", str(load.concurrency), target),
        ]
    )


def _imports(experiment: Experiment) -> list[str]:
    return [str(experiment.path(each)) for each in experiment.import_paths]


def shell_line(arguments: Sequence[str]) -> str:
    """The arguments for a shell. Names of files that are not UTF-8 are as bash writes them: a report is UTF-8."""
    return " ".join(_quoted(each) for each in arguments)


def _quoted(argument: str) -> str:
    try:
        argument.encode()
    except UnicodeEncodeError:
        escaped = argument.replace("\\", r"\\").replace("'", r"\'")
        return f"$'{os.fsencode(escaped).decode(errors='backslashreplace')}'"
    return shlex.quote(argument)
