"""cert-manager's Issuer, ClusterIssuer and Certificate, as far as the lab needs them: selfSigned and ca.

In: those objects, and the Secrets of CAs. Out: key pairs in Secrets, with cert-manager's keys and annotations, and the
conditions and times of Certificates. Reading a spec, deciding whether to issue, and making X.509 are pure; keys are
made in a thread. It must not log or show a key.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from gatelab.certs.certificate_controller import CertificateController
from gatelab.certs.issuer_controller import IssuerController
from gatelab.cluster.port import Cluster
from gatelab.kinds.builtin import CLUSTER_ISSUER, ISSUER
from gatelab.kinds.timestamps import utc_now
from gatelab.reconcile import Controller

__all__ = ["controllers"]


def controllers(cluster: Cluster, *, clock: Callable[[], datetime] = utc_now) -> Sequence[Controller]:
    """The controllers of this package, for a `reconcile.Runtime`."""
    return (
        IssuerController(cluster, ISSUER, clock),
        IssuerController(cluster, CLUSTER_ISSUER, clock),
        CertificateController(cluster, clock),
    )
