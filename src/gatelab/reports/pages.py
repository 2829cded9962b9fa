"""Pages from templates. Everything that is put into one is escaped, unless Vega has drawn it."""

import base64
import hashlib
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gatelab import __version__


def rendered(template: str, **values: Any) -> str:
    """The page. Its policy allows the one style sheet that is in it and nothing else: no script, no address."""
    environment = Environment(
        loader=PackageLoader("gatelab.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = files("gatelab.reports").joinpath("templates", "style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    sheet = Markup(style)  # ours
    return environment.get_template(template).render(style=sheet, style_hash=digest, version=__version__, **values)
