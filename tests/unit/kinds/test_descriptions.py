"""Descriptions are of fields that there are, and are published."""

import pytest

from gatelab.kinds.schemas import catalogue
from gatelab.kinds.schemas.descriptions import DESCRIPTIONS, described


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_every_described_field_exists(name: str) -> None:
    schema = catalogue.kubernetes()[name]
    assert set(DESCRIPTIONS[name]) - {""} <= set(schema["properties"])
    published = described(name, schema)
    for field, text in DESCRIPTIONS[name].items():
        found = published["properties"][field] if field else published
        assert found["description"] == text


def test_what_every_object_has_is_described_in_whole_objects_only() -> None:
    lease = described("coordination_v1.Lease", catalogue.kubernetes()["coordination_v1.Lease"])
    assert lease["properties"]["spec"]["description"] == "What is wanted."
    group = described("rbac_v1.RoleRef", catalogue.kubernetes()["rbac_v1.RoleRef"])
    assert "description" not in group["properties"]["kind"]
