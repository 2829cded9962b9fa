"""The Gateway API controller: snapshot -> translate -> model, statuses, and the objects of a data plane.

In: the cluster port. Out: a `ProxyConfig` and endpoints per Gateway for whoever serves xDS, the ServiceAccount,
Deployment and Service of each data plane, and the status of every GatewayClass, Gateway and route of ours. It never
speaks protobuf, never touches a process or a socket, and writes no status before the proxy has acknowledged what the
status says.
"""

from gatelab.gateway.controller import GatewayController
from gatelab.gateway.ports import XdsPort
from gatelab.gateway.settings import ENVOY_IMAGE, DataPlaneSettings, naming

__all__ = ["ENVOY_IMAGE", "DataPlaneSettings", "GatewayController", "XdsPort", "naming"]
