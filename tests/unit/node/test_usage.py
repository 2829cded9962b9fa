"""CPU and memory of real processes, and the objects of the metrics API."""

import os
import subprocess
import sys
import time
from pathlib import Path

from gatelab.kinds.builtin import NODE_METRICS, POD_METRICS
from gatelab.kinds.objects import Key
from gatelab.node.metrics import metrics_object
from gatelab.node.usage import Usage, UsageMeter, cpu_seconds, pss_bytes, tree_of


def test_a_busy_child_counts_for_the_tree_and_not_for_its_parent_alone() -> None:
    busy = "import os, time\nif os.fork(): os.wait()\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", busy]) as process:
        try:
            meter = UsageMeter()
            names = {"tree": process.pid}, {"alone": process.pid}
            while len(tree_of(process.pid)) < 2 or not any(cpu_seconds(each) for each in tree_of(process.pid)[1:]):
                time.sleep(0.01)
            start = time.monotonic()
            meter.measure(*names, start)
            time.sleep(0.3)
            usage = meter.measure(*names, time.monotonic())
        finally:
            for pid in reversed(tree_of(process.pid)):
                os.kill(pid, 9)
    assert usage["tree"].cores > 0.1
    assert usage["alone"].cores < usage["tree"].cores
    assert 1_000_000 < usage["alone"].memory_bytes < usage["tree"].memory_bytes


def test_memory_is_read_rarely_and_what_is_gone_is_left_out() -> None:
    meter = UsageMeter(memory_every_s=15)
    me = {"me": os.getpid()}
    first = meter.measure(me, {}, 100.0)["me"]
    assert first.cores == 0.0
    assert abs(first.memory_bytes - pss_bytes(os.getpid())) < 10_000_000
    ballast = bytearray(os.urandom(30_000_000))
    assert meter.measure(me, {}, 105.0)["me"].memory_bytes == first.memory_bytes
    assert meter.measure(me, {}, 115.0)["me"].memory_bytes > first.memory_bytes + 20_000_000
    assert meter.measure({"gone": 2**22 + 1}, {}, 120.0) == {}
    del ballast


def test_a_process_name_with_brackets_does_not_confuse(tmp_path: Path) -> None:
    program = tmp_path / "a) b c d e (f"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([str(program), "60"]) as process:
        assert cpu_seconds(process.pid) < 1
        process.kill()


def test_the_objects_of_the_metrics_api() -> None:
    usage = {"main": Usage(0.25, 3 * 1024, 5.0)}
    pod = metrics_object(POD_METRICS, Key("default", "hello"), usage, timestamp="2026-01-02T03:04:05Z")
    assert pod == {
        "apiVersion": "metrics.k8s.io/v1beta1",
        "kind": "PodMetrics",
        "metadata": {"name": "hello", "namespace": "default"},
        "timestamp": "2026-01-02T03:04:05Z",
        "window": "5.000s",
        "containers": [{"name": "main", "usage": {"cpu": "250000000n", "memory": "3Ki"}}],
    }
    node = metrics_object(NODE_METRICS, Key("", "gatelab"), usage, timestamp="x")
    assert node["usage"] == {"cpu": "250000000n", "memory": "3Ki"}
    assert node["metadata"] == {"name": "gatelab"}
