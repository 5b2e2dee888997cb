"""dnsmasq.conf: `option` or `option=value`, as the long options of the command line. See dnsmasq(8)."""

from __future__ import annotations

import re

from driftd.formats.families.directives import DirectiveReader, Directives
from driftd.formats.parts.lines import lines, significant
from driftd.model.document import Document

NAME = "dnsmasq"
VERSION = 1
PATTERNS = (
    "dnsmasq.conf",
    "dnsmasq*.conf",
    "*/dnsmasq.d/*",
    "*/dnsmasq.d-available/*",
    "*/dnsmasq.conf.d/*",
    "*/NetworkManager/dnsmasq.d/*.conf",
    "*/NetworkManager/dnsmasq-shared.d/*.conf",
    "*/dnsmasq-base/*.conf",
)
HINTS = ("*dnsmasq*", "*/*dnsmasq*/*")

_SYNTAX = Directives(
    format=NAME,
    separator="=",
    trailing=True,
    quotes=True,
    one_argument=True,
    # Options that may be given more than once.
    repeatable=frozenset(
        {
            *("add-mac", "addn-hosts", "address", "alias", "auth-peer", "auth-sec-servers", "auth-zone"),
            *("bogus-nxdomain", "bridge-interface", "caa-record", "cname", "conf-dir", "conf-file"),
            *("connmark-allowlist", "dhcp-boot", "dhcp-broadcast", "dhcp-circuitid", "dhcp-generate-names"),
            *("dhcp-host", "dhcp-hostsdir", "dhcp-hostsfile", "dhcp-ignore", "dhcp-ignore-names", "dhcp-mac"),
            *("dhcp-match", "dhcp-name-match", "dhcp-option", "dhcp-option-force", "dhcp-option-pxe"),
            *("dhcp-optsdir", "dhcp-optsfile", "dhcp-proxy", "dhcp-pxe-vendor", "dhcp-range", "dhcp-relay"),
            *("dhcp-remoteid", "dhcp-reply-delay", "dhcp-sequential-ip", "dhcp-subscrid", "dhcp-userclass"),
            *("dhcp-vendorclass", "dns-rr", "domain", "dynamic-host", "except-interface", "filter-rr"),
            *("host-record", "hostsdir", "ignore-address", "interface", "interface-name", "ipset"),
            *("listen-address", "local", "localise-queries", "mx-host", "naptr-record", "nftset"),
            *("no-dhcp-interface", "no-dhcpv4-interface", "no-dhcpv6-interface", "ptr-record", "pxe-prompt"),
            *("pxe-service", "ra-param", "rebind-domain-ok", "resolv-file", "rev-server", "server"),
            *("shared-network", "srv-host", "synth-domain", "tag-if", "tftp-root", "trust-anchor", "txt-record"),
        }
    ),
)
_OPTION = re.compile(r"[a-z][a-z0-9-]*+(?:\s*+=.*+|\s++\#.*+)?", re.DOTALL)
_INCLUDES = frozenset({"conf-dir", "conf-file", "servers-file"})


def parse(data: bytes, path: str) -> Document:
    """Read options; one without a value has an empty one."""
    reader = DirectiveReader(data, path, _SYNTAX)
    for setting in reader.settings():
        reader.add(setting)
        if setting.name in _INCLUDES:
            reader.builder.include(setting.value.partition(",")[0])
    return reader.builder.done()


def sniff(data: bytes) -> bool:
    """Whether there are options and nothing else, one of them known."""
    known = False
    for line in significant(lines(data)):
        if _OPTION.fullmatch(line.text) is None:
            return False
        known = known or line.text.partition("=")[0].strip() in _SYNTAX.repeatable
    return known
