"""OpenStack's services: an option may come again and adds to a list. See oslo.config, "cfg: The Configuration Module"."""

from __future__ import annotations

from driftd.formats.families.sections import SectionSyntax, parse_sections
from driftd.formats.parts.values import ValueSyntax
from driftd.model.document import Document

NAME = "oslo"
VERSION = 2

_SERVICES = (
    *("aodh", "barbican", "ceilometer", "cinder", "cloudkitty", "cyborg", "designate", "glance", "gnocchi", "heat"),
    *("ironic", "ironic-inspector", "keystone", "magnum", "manila", "masakari", "mistral", "murano", "neutron", "nova"),
    *("octavia", "placement", "senlin", "swift", "trove", "watcher", "zaqar"),
)
PATTERNS = (
    *(f"{service}.conf" for service in _SERVICES),
    *(f"*/{service}/{service}-*.conf" for service in _SERVICES),
    *(f"*/{service}/{service}.conf.d/*.conf" for service in _SERVICES),
    *(f"*/{service}/api-paste.ini" for service in _SERVICES),
    "*/neutron/plugins/**/*.ini",
    "*/neutron/*_agent.ini",
    "*/swift/*-server.conf",
)

_SYNTAX = SectionSyntax(format=NAME, values=ValueSyntax(enclosing="\"'"), indented=True)


def parse(data: bytes, path: str) -> Document:
    """Read groups and options; quotes around a value are taken away."""
    return parse_sections(data, path, _SYNTAX)
