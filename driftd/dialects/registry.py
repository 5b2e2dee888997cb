"""Which dialect a document is written in.

Adding one: a data file here, its name in DIALECTS, its row in docs/reference/dialects.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from driftd.compare.meaning import Dialect, PlainDialect
from driftd.dialects.declaration import Declaration, declaration
from driftd.dialects.program import ProgramDialect
from driftd.formats.path_patterns import PathPatterns
from driftd.model.document import Document, Node

DIALECTS: dict[str, tuple[str, ...]] = {
    "apache": ("apache",),
    "apt_conf": ("apt_conf",),
    "apt_sources": ("apt_sources",),
    "bind": ("bind",),
    "chrony": ("chrony",),
    "corosync": ("corosync",),
    "crontab": ("crontab",),
    "crypttab": ("crypttab",),
    "deb822": ("deb822",),
    "dhcpd": ("dhcpd",),
    "dns_zone": ("dns_zone",),
    "dnsmasq": ("dnsmasq",),
    "dovecot": ("dovecot",),
    "envfile": ("envfile",),
    "exports": ("exports",),
    "fail2ban": ("fail2ban",),
    "fstab": ("fstab",),
    "git": ("git",),
    "group": ("group",),
    "haproxy": ("haproxy",),
    "hcl": ("hcl",),
    "hosts": ("hosts",),
    "icinga2": ("icinga2",),
    "interfaces": ("interfaces",),
    "ipsec": ("ipsec",),
    "ipsec_secrets": ("ipsec_secrets",),
    "iptables": ("iptables",),
    "json": ("docker",),
    "keepalived": ("keepalived",),
    "keyfile": ("keyfile",),
    "keyvalue": ("auditd", "vsftpd"),
    "krb5": ("krb5",),
    "limits": ("limits",),
    "logrotate": ("logrotate",),
    "modprobe": ("modprobe",),
    "mosquitto": ("mosquitto",),
    "multipath": ("multipath",),
    "mysql": ("mysql",),
    "nagios": ("nagios",),
    "nftables": ("nftables",),
    "nginx": ("nginx",),
    "nsd": ("nsd",),
    "ntp": ("ntp",),
    "pam": ("pam",),
    "pam_conf": ("pam_conf",),
    "passwd": ("passwd",),
    "pg_hba": ("pg_hba",),
    "pgbouncer": ("pgbouncer",),
    "php": ("php",),
    "postfix": ("postfix",),
    "postfix_master": ("postfix_master",),
    "postgresql": ("postgresql",),
    "proftpd": ("proftpd",),
    "properties": ("kafka", "properties"),
    "redis": ("redis",),
    "resolv": ("resolv",),
    "rsyncd": ("rsyncd",),
    "rsyslog": ("rsyslog",),
    "samba": ("samba",),
    "services": ("services",),
    "shell": ("shell",),
    "slapd": ("slapd",),
    "smartd": ("smartd",),
    "squid": ("squid",),
    "ssh": ("ssh",),
    "sshd": ("sshd",),
    "strongswan": ("strongswan",),
    "subid": ("subid",),
    "sudoers": ("sudoers",),
    "supervisor": ("supervisor",),
    "sysctl": ("sysctl",),
    "syslog_ng": ("syslog_ng",),
    "systemctl_show": ("systemctl_show",),
    "systemd": ("systemd",),
    "sysusers": ("sysusers",),
    "tmpfiles": ("tmpfiles",),
    "tor": ("tor",),
    "unbound": ("unbound",),
    "user_crontab": ("user_crontab",),
    "vcl": ("vcl",),
    "words": ("login_defs",),
    "wpa_supplicant": ("wpa_supplicant",),
    "xinetd": ("xinetd",),
    "xml": ("hadoop", "xml"),
    "yaml": (
        "alertmanager",
        "ansible",
        "beats",
        "cloud_init",
        "compose",
        "elasticsearch",
        "github_workflow",
        "gitlab_ci",
        "grafana_provisioning",
        "kubernetes",
        "mongod",
        "netplan",
        "pipelines",
        "prometheus",
        "salt",
        "spring",
        "traefik",
    ),
}
"""Format -> the data files beside this module that are about it; those that want a path or members first."""
SAME_AS = {"nginx_dump": "nginx"}
"""Formats whose documents say what those of another format do, in other bytes."""
_PLAIN = PlainDialect()


@dataclass(frozen=True, slots=True)
class _Known:
    """A dialect, and the documents that are written in it."""

    declared: Declaration
    paths: PathPatterns
    defaults_in: PathPatterns
    with_defaults: ProgramDialect
    without_defaults: ProgramDialect

    def speaks(self, document: Document) -> bool:
        if self.declared.paths and not self.paths.match(document.path):
            return False
        return not self.declared.has or _has(document.root, self.declared.has)

    def of(self, document: Document) -> Dialect:
        """What a file leaves out has its default only where no other file can say it."""
        whole = not document.includes and self.defaults_in.match(document.path)
        return self.with_defaults if whole else self.without_defaults


def dialect_of(document: Document) -> Dialect:
    """Return what the program that reads a document means by it; the plain dialect where none is known."""
    for known in _about(SAME_AS.get(document.format, document.format)):
        if known.speaks(document):
            return known.of(document)
    return _PLAIN


def declared(name: str) -> Declaration:
    """Return what a data file says."""
    return declaration((files(__package__) / f"{name}.toml").read_text(encoding="utf-8"), f"{name}.toml")


@cache
def _about(format: str) -> tuple[_Known, ...]:
    return tuple(_known(name, declared(name)) for name in DIALECTS.get(format, ()))


def _known(name: str, declared: Declaration) -> _Known:
    return _Known(
        declared,
        PathPatterns(declared.paths),
        PathPatterns(declared.defaults_in),
        ProgramDialect(name, declared, defaults=True),
        ProgramDialect(name, declared, defaults=False),
    )


def _has(root: Node, names: tuple[str, ...]) -> bool:
    """Whether the document, or the first of a stream of documents, has all these members."""
    if isinstance(root.value, list) and root.value:
        root = root.value[0]
    return isinstance(root.value, dict) and all(name in root.value for name in names)
