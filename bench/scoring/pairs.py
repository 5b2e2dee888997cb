"""Pairs of texts whose meaning the authors of other parsers stated: by their suites, or by what their tests change."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

from scoring.corpus import records
from scoring.judgement import judge
from scoring.tables import table

PATHS = {
    "access": "/etc/security/access.conf",
    "activemq_conf": "/etc/activemq.conf",
    "aliases": "/etc/aliases",
    "aptconf": "/etc/apt/apt.conf",
    "aptpreferences": "/etc/apt/preferences",
    "avahi": "/etc/avahi/avahi-daemon.conf",
    "cobblermodules": "/etc/cobbler/modules.conf",
    "cockpit": "/etc/cockpit/cockpit.conf",
    "dhclient": "/etc/dhcp/dhclient.conf",
    "dhcpd": "/etc/dhcp/dhcpd.conf",
    "grub": "/boot/grub/menu.lst",
    "httpd": "/etc/apache2/apache2.conf",
    "inifile": "/etc/test.ini",
    "jettyrealm": "/etc/jetty/realm.properties",
    "limits": "/etc/security/limits.conf",
    "masterpasswd": "/etc/master.passwd",
    "nginx": "/etc/nginx/nginx.conf",
    "odbc": "/etc/odbc.ini",
    "openshift_http": "/etc/httpd/conf.d/openshift.conf",
    "oz": "/etc/oz/oz.cfg",
    "pam": "/etc/pam.d/test",
    "resolv": "/etc/resolv.conf",
    "rsyslog": "/etc/rsyslog.conf",
    "services": "/etc/services",
    "shellvars": "/etc/default/test",
    "shellvars_list": "/etc/default/test",
    "sshd": "/etc/ssh/sshd_config",
    "syslog": "/etc/syslog.conf",
    "toml": "/etc/test.toml",
    "xinetd": "/etc/xinetd.conf",
    "xml": "/etc/test.xml",
    "yaml": "/etc/test.yaml",
}
"""Where a file of that syntax stands; the others are fragments that no path knows."""


def print_pairs(corpus: Path, *, verbose: bool) -> None:
    """Print per format whether driftd agrees about which pairs mean the same."""
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    for record in records(corpus / "conformance" / "semantic-pairs.jsonl"):
        kind = str(record["format"])
        before, after = (str(record[side]).encode("utf-8", "surrogatepass") for side in ("before", "after"))
        judged = judge(PATHS.get(kind, "/etc/fragment"), before, after)
        right = judged.drift == (record["expected"] == "meaningful")
        outcomes[kind]["right" if right else "wrong"] += 1
        outcomes[kind][f"as {judged.reading}"] += 1
        if verbose and not right:
            print(f"{record['id']} {kind} as {judged.reading}: expected {record['expected']}: {record['why']}")
    print("## Pairs of other parsers' tests\n")
    total: Counter[str] = sum(outcomes.values(), Counter())
    rows = [(kind, *_cells(counts)) for kind, counts in [("all", total), *sorted(outcomes.items())]]
    table(("", "pairs", "right", "wrong"), rows)


def _cells(counts: Counter[str]) -> tuple[int, int, int]:
    return counts["right"] + counts["wrong"], counts["right"], counts["wrong"]
