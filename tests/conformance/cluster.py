"""A lab as the cluster of the upstream suite: fresh, with the suite's GatewayClass."""

import ipaddress
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gatelab.gateway.translate.gateway_class import GATELAB
from gatelab.kinds.addresses import AddressRange
from running_lab import ROOT, Lab, start_lab, stop_lab, wait_until

MODULE = ROOT / "conformance"
GATEWAY_CLASS = "gatelab"
UNUSABLE_ADDRESS = "192.0.2.1"
"""TEST-NET-1 (RFC 5737): of no lab's range, and of no machine."""
_MANIFEST = f"""\
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {{name: {GATEWAY_CLASS}}}
spec: {{controllerName: {GATELAB}}}
"""


@contextmanager
def conformance_lab(kept: Path) -> Iterator[Lab]:
    """A lab with the GatewayClass accepted. Its logs, those of pods too, are in `kept` afterwards."""
    state = Path(tempfile.mkdtemp(prefix="gl-"))  # short: Unix sockets have paths of at most 107 bytes
    try:
        lab = start_lab(state, "conformance")
        try:
            _create_class(lab, state)
            yield lab
        finally:
            stop_lab(lab)
    finally:
        if (logs := state / "gatelab" / "conformance" / "logs").exists():
            shutil.copytree(logs, kept / "logs", dirs_exist_ok=True)
        shutil.rmtree(state, ignore_errors=True)


def usable_address(lab: Lab) -> str:
    """The last address that Gateways of the lab may have: it gives the first ones to those that do not ask."""
    node = ipaddress.IPv4Address(lab.facts["dns"].partition(":")[0])
    network, octet, *_ = node.packed
    return str(AddressRange(octet, network).load_balancers.last)


def _create_class(lab: Lab, folder: Path) -> None:
    """The features are inferred from the status, so they must be there before the suite starts."""
    manifest = folder / "class.yaml"
    manifest.write_text(_MANIFEST)
    lab.kubectl("apply", "-f", str(manifest))
    wait_until(
        lambda: bool(lab.get("gatewayclass", GATEWAY_CLASS).get("status", {}).get("supportedFeatures")),
        f"the GatewayClass {GATEWAY_CLASS} lists its features",
    )
