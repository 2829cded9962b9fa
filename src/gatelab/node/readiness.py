"""Waiting for the API server: GET /readyz until it answers 200."""

import asyncio
import ssl

from gatelab.node.errors import LabError
from gatelab.node.place import LabPlace
from gatelab.node.residents import Resident

_EVERY_S = 0.01


async def api_ready(place: LabPlace, port: int, controlplane: Resident, *, timeout_s: float) -> None:
    """Returns when the API is ready.

    Raises LabError with the control plane's last words when it ended meanwhile, or is not ready in time.
    """
    context = ssl.create_default_context(cafile=str(place.ca_certificate))
    token = place.token.read_text()
    try:
        async with asyncio.timeout(timeout_s):
            while not await is_ready(port, context, token):
                if controlplane.starts > 1:
                    raise LabError(
                        f"the control plane ended; the end of {controlplane.log}:\n{controlplane.last_words()}"
                    )
                await asyncio.sleep(_EVERY_S)
    except TimeoutError:
        raise LabError(
            f"the API is not ready after {timeout_s:.0f} s; the end of {controlplane.log}:\n{controlplane.last_words()}"
        ) from None


async def is_ready(port: int, context: ssl.SSLContext, token: str) -> bool:
    """Whether /readyz answers 200 now."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    except OSError:
        return False
    try:
        writer.write(
            f"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        status = await reader.readline()
    except OSError:
        return False
    finally:
        writer.close()
    return status.split()[1:2] == [b"200"]
