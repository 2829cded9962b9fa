"""A server that stands still for half a second in a run of ten: who tells?

1,000 calls/s with 10 in flight on hello, which SIGSTOP freezes four seconds after the start and SIGCONT wakes 500 ms
later. 500 calls of 10,000 were due meanwhile. Only ten of them were on their way, so that the p99 of the service time,
which is ghz's latency, does not tell of it. That of the response time, from the intended instant, does.
"""

import os
import signal
import statistics
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.hello import HOST, Server
from bench.instrument_runs import Instrument, Load, gatelab, ghz, peer_versions, present
from bench.instruments import Values, added

RATE, SECONDS, IN_FLIGHT = 1000, 10.0, 10
FREEZE_AFTER_S, FROZEN_S = 4.0, 0.5
SHOWS_IT_MS = 250.0
"""A p99 above this tells of the freeze: 5 % of the calls were due in it, so that of 1 % it took 400 ms and more."""


def measure(runs: int) -> dict[str, Any]:
    _, missing = present()
    instruments: dict[str, Instrument] = {"gatelab": gatelab}
    if "ghz" not in missing:
        instruments["ghz"] = ghz
    values: Values = {}
    with tempfile.TemporaryDirectory(prefix="gl-") as folder:
        for _ in range(runs):
            for name, instrument in instruments.items():
                added(values, name, _one(instrument, Path(folder)))
    medians = {name: {key: round(statistics.median(each), 3) for key, each in v.items()} for name, v in values.items()}
    shows = {
        name: {key: ms > SHOWS_IT_MS for key, ms in each.items() if "p99" in key} for name, each in medians.items()
    }
    _print(medians)
    return {
        "rate": RATE,
        "seconds": SECONDS,
        "frozen_ms": FROZEN_S * 1e3,
        "peers": {name: each for name, each in peer_versions().items() if name == "ghz"},
        "medians": medians,
        "shows_the_freeze": shows,
        "values": values,
    }


def _one(instrument: Instrument, folder: Path) -> dict[str, float]:
    server = Server()
    over = threading.Event()
    freezer = threading.Thread(target=_freeze, args=(server.process.pid, over))
    freezer.start()
    try:
        load = Load(server.port, HOST, folder, rate=RATE, seconds=SECONDS, in_flight=IN_FLIGHT, exact=True)
        return dict(instrument(load).percentiles_ms)
    finally:
        over.set()
        freezer.join()
        server.stop()


def _freeze(pid: int, over: threading.Event) -> None:
    if over.wait(FREEZE_AFTER_S):
        return
    os.kill(pid, signal.SIGSTOP)
    try:
        over.wait(FROZEN_S)
    finally:
        os.kill(pid, signal.SIGCONT)


def _print(medians: Mapping[str, Mapping[str, float]]) -> None:
    names = {"p50": "service p50", "p99": "service p99", "response_p50": "response p50", "response_p99": "response p99"}
    print(f"{'ms':14}" + "".join(f"{name:>12}" for name in medians))
    for key, title in names.items():
        print(
            f"{title:14}" + "".join(f"{each[key]:12.2f}" if key in each else f"{'-':>12}" for each in medians.values())
        )
