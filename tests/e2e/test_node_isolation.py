"""`gatelab up --isolation netns`, in a network that the test makes for itself: the machine's own is not touched."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from running_lab import GATELAB, Lab, print_logs, start_lab, stop_lab, wait_until

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(
        subprocess.run(["unshare", "--net", "ip", "link"], check=False, capture_output=True).returncode != 0,
        reason="network namespaces need CAP_SYS_ADMIN, and the test needs `ip`",
    ),
]

OWN_NETWORK = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
SERVER = """
import http.server, os

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["HOSTNAME"].encode())

http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
"""
READ = """
import sys, urllib.request
for _ in range(int(sys.argv[2])):
    print(urllib.request.urlopen(sys.argv[1], timeout=30).read().decode())
"""
NAME_OF = """
import socket, sys
print(socket.gethostbyname(sys.argv[1]))
"""
POINTER = """
import sys
from dns import message, query, reversename
asked = message.make_query(reversename.from_address(sys.argv[1]), "PTR")
print(query.udp(asked, sys.argv[2], port=int(sys.argv[3]), timeout=30).answer[0][0].target)
"""
OBJECTS = f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 5
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - {{name: web, image: test/web, readinessProbe: {{httpGet: {{port: 8080}}}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec: {{selector: {{app: web}}, ports: [{{port: 80, targetPort: 8080}}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: web}}
spec: {{gatewayClassName: gatelab, listeners: [{{name: http, port: 80, protocol: HTTP}}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: web}}
spec: {{parentRefs: [{{name: web}}], rules: [{{backendRefs: [{{name: web, port: 80}}]}}]}}
---
apiVersion: v1
kind: Pod
metadata: {{name: client}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {{name: server, image: test/python, args: [-m, http.server, --bind, 127.0.0.1, "9000"]}}
  - name: client
    image: test/python
    args: [-c, "import time; time.sleep(600)"]
    readinessProbe:
      timeoutSeconds: 5
      exec: {{command: [{sys.executable}, -c, "from urllib.request import urlopen as read;
        read('http://localhost:9000'); read('http://web'); read('http://web.default.svc.cluster.local')"]}}
"""


@pytest.fixture
def isolated(state_folder: Path) -> Iterator[Lab]:
    images = state_folder / "config" / "gatelab" / "images.yaml"
    images.parent.mkdir(parents=True)
    (images.parent / "server.py").write_text(SERVER)
    web, python = f"[{sys.executable}, server.py]", f"[{sys.executable}]"
    images.write_text(f'images: {{"test/web": {{command: {web}}}, "test/python": {{command: {python}}}}}\n')
    running = start_lab(state_folder, options=["--isolation", "netns"], wrapper=OWN_NETWORK)
    network = os.open(f"/proc/{running.process.pid}/ns/net", os.O_RDONLY)
    running.prefix = ("nsenter", f"--net=/proc/{os.getpid()}/fd/{network}")
    try:
        yield running
    finally:
        stop_lab(running)
        print_logs(state_folder)
        os.close(network)


def test_programs_of_others_know_the_names(isolated: Lab, state_folder: Path) -> None:
    (state_folder / "web.yaml").write_text(OBJECTS)
    isolated.kubectl("apply", "-f", str(state_folder / "web.yaml"))
    isolated.kubectl("rollout", "status", "deployment/web", "--timeout=20s")
    name = "web.default.svc.cluster.local"
    read = isolated.gatelab("exec", "--", sys.executable, "-c", READ, f"http://{name}", "3").stdout.split()
    assert set(read) <= {each["metadata"]["name"] for each in isolated.get("pods", "-l", "app=web")["items"]}
    address = isolated.get("service", "web")["spec"]["clusterIP"]
    assert isolated.gatelab("exec", "--", sys.executable, "-c", NAME_OF, name).stdout == f"{address}\n"
    shown = isolated.gatelab("dns", "systemd-resolved").stdout
    zone = "{1}.{0}.in-addr.arpa".format(*address.split("."))
    assert f"Domains=~test ~cluster.local ~{zone}\n" in shown
    server, _, port = shown.partition("\nDNS=")[2].partition("\n")[0].rpartition(":")
    asked = isolated.run(sys.executable, "-c", POINTER, address, server, port).stdout
    assert asked == f"{name}.\n"


def test_five_servers_bind_one_port_and_are_reached_by_every_path(isolated: Lab, state_folder: Path) -> None:
    (state_folder / "web.yaml").write_text(OBJECTS)
    isolated.kubectl("apply", "-f", str(state_folder / "web.yaml"))
    isolated.kubectl("rollout", "status", "deployment/web", "--timeout=20s")
    isolated.kubectl("wait", "gateway/web", "--for=condition=Programmed", "--timeout=20s")
    pods = isolated.get("pods", "-l", "app=web")["items"]
    assert all(each["status"]["podIP"].startswith("10.") for each in pods)
    names = {each["metadata"]["name"] for each in pods}
    service = isolated.get("service", "web")["spec"]["clusterIP"]
    gateway = isolated.get("gateway", "web")["status"]["addresses"][0]["value"]
    for address in (service, gateway):
        answers = isolated.run(sys.executable, "-c", READ, f"http://{address}", "60").stdout.split()
        assert Counter(answers).keys() == names
    # Its probe reads a server on the pod's localhost, started by the other container, and two of the lab's names.
    isolated.kubectl("wait", "pod/client", "--for=condition=Ready", "--timeout=20s")
    refused = isolated.run(sys.executable, "-c", READ, "http://127.0.0.1:9000", "1", check=False)
    assert "Connection refused" in refused.stderr, "localhost is the pod's own"


def test_a_lab_that_is_started_again_at_once_keeps_its_addresses(isolated: Lab, state_folder: Path) -> None:
    stop_lab(isolated)
    again = start_lab(state_folder, options=["--isolation", "netns"], wrapper=isolated.prefix)
    try:
        assert (again.facts["dns"], again.facts["isolation"]) == (isolated.facts["dns"], "netns")
    finally:
        stop_lab(again)


def test_nothing_is_left_of_the_network_when_the_agent_is_killed(isolated: Lab) -> None:
    assert "gatelab" in isolated.run("ip", "-brief", "link").stdout
    isolated.process.send_signal(signal.SIGKILL)

    def left() -> list[str]:
        links = isolated.run("ip", "-brief", "link").stdout.splitlines()
        routes = isolated.run("ip", "route", "show", "table", "all").stdout.splitlines()
        return [*(each for each in links if not each.startswith("lo ")), *(each for each in routes if "10." in each)]

    wait_until(lambda: not left(), "only the loopback interface is left", timeout_s=20)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give its privileges up")
def test_without_privileges_it_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    command = ["setpriv", "--bounding-set=-sys_admin", *GATELAB, "up", "--isolation", "netns", "--name", "refused"]
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(command, env=environment, text=True, capture_output=True, timeout=30, check=False)
    assert done.returncode == 3
    assert "--isolation netns needs root, or CAP_NET_ADMIN and CAP_SYS_ADMIN" in done.stderr
