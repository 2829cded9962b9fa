"""JSON merge patch (RFC 7396)."""

from typing import Any


def merge_patched(target: Any, patch: Any) -> Any:
    """`target` with `patch` applied: null removes, objects merge, everything else replaces. Changes neither."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge_patched(result.get(name), value)
    return result
