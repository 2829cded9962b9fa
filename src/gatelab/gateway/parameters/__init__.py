"""Parameters of data planes: the ConfigMap behind a `parametersRef`, read strictly (GEP-1867).

In: the data of a ConfigMap. Out: `Parameters`, or what is wrong with which key. What they do is said elsewhere: to a
Gateway's model by `translate.parameters`, to its pods by `data_plane`.
"""

from gatelab.gateway.parameters.parameters import NO_PARAMETERS, InvalidParameters, Parameters, Source, read

__all__ = ["NO_PARAMETERS", "InvalidParameters", "Parameters", "Source", "read"]
