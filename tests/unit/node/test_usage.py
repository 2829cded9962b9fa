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
            meter.measure(*names, 100.0)
            before = sum(cpu_seconds(each) for each in tree_of(process.pid))
            while sum(cpu_seconds(each) for each in tree_of(process.pid)) < before + 0.2:
                time.sleep(0.01)
            usage = meter.measure(*names, 101.0)
        finally:
            for pid in reversed(tree_of(process.pid)):
                os.kill(pid, 9)
    assert usage["tree"].cores >= 0.2
    assert usage["alone"].cores < usage["tree"].cores
    assert 1_000_000 < usage["alone"].memory_bytes < usage["tree"].memory_bytes


GROWS_WHEN_TOLD = """
import sys
print("ready", flush=True)
sys.stdin.readline()
ballast = bytes(bytearray(b"x" * 30_000_000))
print("grown", flush=True)
sys.stdin.readline()
"""


def test_memory_is_read_rarely_and_what_is_gone_is_left_out() -> None:
    """Of a process of its own: what else this one does to its memory is not the meter's business."""
    meter = UsageMeter(memory_every_s=15)
    command = [sys.executable, "-I", "-S", "-c", GROWS_WHEN_TOLD]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        watched = {"it": process.pid}
        first = meter.measure(watched, {}, 100.0)["it"]
        assert first.cores == 0.0
        assert abs(first.memory_bytes - pss_bytes(process.pid)) < 1_000_000
        process.stdin.write("grow\n")
        process.stdin.flush()
        assert process.stdout.readline() == "grown\n"
        assert meter.measure(watched, {}, 105.0)["it"].memory_bytes == first.memory_bytes
        assert meter.measure(watched, {}, 115.0)["it"].memory_bytes > first.memory_bytes + 20_000_000
    assert meter.measure(watched, {}, 120.0) == {}


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
