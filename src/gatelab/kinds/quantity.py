"""Quantities of resources: `100m` CPU, `64Mi` memory (`k8s.io/apimachinery/pkg/api/resource`)."""

import re
from decimal import ROUND_CEILING, Decimal

_SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "P": Decimal(10**15),
    "E": Decimal(10**18),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
    "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}

_FORM = re.compile(
    r"^(?P<number>[+-]?(?:\d+\.?\d*|\.\d+))(?:[eE](?P<exponent>[+-]?\d{1,3})|(?P<suffix>[numkMGTPE]|[KMGTPE]i)?)$"
)


def parse_quantity(text: str | float) -> Decimal:
    """The value in base units (cores, bytes). Raises ValueError naming what cannot be read."""
    found = _FORM.match(str(text).strip())
    if found is None:
        raise ValueError(f"quantity {text!r} is not a number with an optional suffix such as m, k, M, G, Ki, Mi, Gi")
    number = Decimal(found["number"])
    if found["exponent"]:
        return number.scaleb(int(found["exponent"]))
    return number * _SUFFIXES[found["suffix"] or ""]


def format_cpu(cores: float) -> str:
    """Nanocores, as the metrics API writes CPU: `1234567n`."""
    return f"{round(cores * 1e9)}n"


def format_memory(size_bytes: int) -> str:
    """Kibibytes rounded up, as the metrics API writes memory: `1234Ki`."""
    return f"{(Decimal(size_bytes) / 1024).to_integral_value(ROUND_CEILING)}Ki"
