"""The coredns image, asked by dnspython."""

import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import pytest

from gatelab.backends.coredns.answering import Client, Zones
from gatelab.backends.coredns.corefile import CorefileError, ServerBlock, server_blocks

HOST = "127.27.0.3"
COREFILE = """
.:{port} {{   # everything else
    forward . 192.0.2.1
    log
}}
foo.bar.com:{port} other.test:{port} {{
  whoami
}}
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    with socket.create_server((HOST, 0)) as free:
        port = int(free.getsockname()[1])
    file = tmp_path / "Corefile"
    file.write_text(COREFILE.format(port=port))
    process = subprocess.Popen(
        [sys.executable, "-m", "gatelab.backends.coredns", "-conf", str(file)],
        env={**os.environ, "GATELAB_POD_IP": HOST},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == f"Serving on {HOST}:{port}\n"
    yield process, port
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=10)
    assert (process.returncode, "plugin forward does nothing here" in stderr) == (0, True)


@pytest.fixture
def port(server: tuple["subprocess.Popen[str]", int]) -> int:
    return server[1]


def test_a_client_that_does_not_wait_disturbs_nobody(server: tuple["subprocess.Popen[str]", int]) -> None:
    process, port = server
    query = dns.message.make_query("a.foo.bar.com.", "A")
    wire = query.to_wire()
    process.send_signal(signal.SIGSTOP)
    with socket.create_connection((HOST, port)) as hasty:
        hasty.sendall(len(wire).to_bytes(2, "big") + wire)
        hasty.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    process.send_signal(signal.SIGCONT)
    assert dns.query.tcp(query, HOST, port=port, timeout=5).rcode() == dns.rcode.NOERROR


def test_whoami_answers_over_udp_and_tcp(port: int) -> None:
    query = dns.message.make_query("a.foo.bar.com.", "A")
    for protocol, ask in (("udp", dns.query.udp), ("tcp", dns.query.tcp)):
        answer = ask(query, HOST, port=port, timeout=5)
        assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])
        address, service = answer.additional
        assert address.to_text() == "a.foo.bar.com. 0 IN A 127.0.0.1"
        assert service.to_text().startswith(f"_{protocol}.a.foo.bar.com. 0 IN SRV 0 0 ")
    refused = dns.query.udp(dns.message.make_query("bar.com.", "A"), HOST, port=port, timeout=5)
    assert refused.rcode() == dns.rcode.REFUSED


def test_what_is_no_query() -> None:
    zones = Zones([ServerBlock(((".", 53),), frozenset({"whoami"}))], 53)
    client = Client("::1", 9, "udp")
    query = dns.message.make_query("a.", "AAAA")
    assert dns.message.from_wire(zones.answer(query.to_wire(), client)).additional[0].to_text() == "a. 0 IN AAAA ::1"
    assert zones.answer(dns.message.make_response(query).to_wire(), client) == b""
    assert zones.answer(b"short", client) == b""
    broken = dns.message.from_wire(zones.answer(query.to_wire()[:14], client))
    assert (broken.id, broken.rcode()) == (query.id, dns.rcode.FORMERR)
    query.question.clear()
    assert dns.message.from_wire(zones.answer(query.to_wire(), client)).rcode() == dns.rcode.FORMERR


def test_a_corefile_is_read() -> None:
    text = 'a.test, b.test:54 {\n  hosts {\n    192.0.2.1 a.test\n  }\n  whoami # who\n}\n\ndns://.\n{\n  log "x"\n}\n'
    assert server_blocks(text) == (
        ServerBlock((("a.test", 53), ("b.test", 54)), frozenset({"hosts", "whoami"})),
        ServerBlock(((".", 53),), frozenset({"log"})),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (". {\nwhoami\n", "a } is missing"),
        ("}\n", "line 1: a } without its {"),
        ("tls://. {\n}\n", "line 2: tls://.: only plain DNS"),
        (".:x {\n}\n", "x is not a port number"),
        ('. {\nlog "\n}\n', "line 2: No closing quotation"),
    ],
)
def test_a_corefile_that_cannot_be_served(text: str, words: str) -> None:
    with pytest.raises(CorefileError) as caught:
        server_blocks(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        (None, "Corefile: No such file or directory", 2),
        (". {", "a } is missing", 2),
        ("a..b {\n}\n", "empty", 2),
        (".:0 {\n}\n", "cannot serve: 192.0.2.1:0: Cannot assign requested address", 1),
    ],
)
def test_what_it_cannot_do_it_says(tmp_path: Path, text: str | None, words: str, code: int) -> None:
    if text is not None:
        (tmp_path / "Corefile").write_text(text)
    run = subprocess.run(
        [sys.executable, "-m", "gatelab.backends.coredns"],
        env={**os.environ, "GATELAB_POD_IP": "192.0.2.1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert (run.returncode, words in run.stderr) == (code, True), run.stderr
