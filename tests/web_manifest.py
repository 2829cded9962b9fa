"""A Deployment as users write it, for tests with kubectl, and who owns it."""

from running_api import Kubectl

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: web:1
        env: [{name: A, value: "1"}, {name: B, value: "2"}]
        ports: [{name: http, containerPort: 80}]
"""


async def owners(kubectl: Kubectl) -> list[tuple[str, str]]:
    live = (await kubectl("get", "deploy", "web", "-o", "json", "--show-managed-fields")).json
    return [(each["manager"], each["operation"]) for each in live["metadata"]["managedFields"]]
