"""Server-side apply by lightkube."""

from pathlib import Path

import pytest
from lightkube import AsyncClient, KubeConfig
from lightkube.core.exceptions import ApiError
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap

from running_api import kubectl_binaries, running_api


async def test_it_applies_and_meets_conflicts(tmp_path: Path) -> None:
    async with running_api(tmp_path, kubectl_binaries()["1.37"]):
        client = AsyncClient(config=KubeConfig.from_file(tmp_path / "kubeconfig"), namespace="default")
        made = await client.apply(_config(k="v"), field_manager="a")
        assert made.data == {"k": "v"}
        assert made.metadata is not None
        assert made.metadata.managedFields is not None
        assert made.metadata.managedFields[0].manager == "a"
        shared = await client.apply(_config(l="w"), field_manager="b")
        assert shared.data == {"k": "v", "l": "w"}
        with pytest.raises(ApiError) as refused:
            await client.apply(_config(k="x"), field_manager="b")
        assert refused.value.status.code == 409
        assert refused.value.status.message == 'Apply failed with 1 conflict: conflict with "a": .data.k'
        forced = await client.apply(_config(k="x"), field_manager="b", force=True)
        assert forced.data == {"k": "x"}
        await client.close()


def _config(**data: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name="c"), data=data)
