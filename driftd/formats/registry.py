"""The formats there are.

Adding one: its module, an import and a line here, a folder of cases, a row in docs/reference/formats.md, which says what
families there are. What only parsing needs is imported late where it is much.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

from driftd.formats import (
    access,
    aliases,
    anacrontab,
    ansible,
    ansible_inventory,
    apache,
    apt_conf,
    apt_sources,
    asterisk,
    auditd_rules,
    bind,
    chrony,
    collectd,
    conf,
    configparser,
    corosync,
    crontab,
    crypttab,
    deb822,
    dhcpcd,
    dhcpd,
    dns_zone,
    dnsmasq,
    dotenv,
    dovecot,
    editorconfig,
    envfile,
    exim,
    exports,
    fail2ban,
    ferm,
    freeradius,
    freeradius_users,
    fstab,
    ganglia,
    git,
    group,
    haproxy,
    hcl,
    hosts,
    hosts_access,
    icinga2,
    inetd,
    ini,
    inittab,
    interfaces,
    ipsec,
    ipsec_secrets,
    ipset,
    iptables,
    json,
    keepalived,
    keyfile,
    keyvalue,
    krb5,
    ld_so,
    lighttpd,
    limits,
    logrotate,
    logstash,
    logwatch,
    lvm,
    modprobe,
    monit,
    mosquitto,
    msmtp,
    multipath,
    munin,
    mysql,
    nagios,
    networks,
    nftables,
    nginx,
    nginx_dump,
    nsd,
    nsswitch,
    ntp,
    openssl,
    oslo,
    pacman,
    pam,
    pam_conf,
    pam_time,
    passwd,
    pg_hba,
    pg_ident,
    pgbouncer,
    php,
    postfix,
    postfix_master,
    postfix_table,
    postgresql,
    preseed,
    proftpd,
    properties,
    protocols,
    radvd,
    redis,
    resolv,
    rsyncd,
    rsyslog,
    samba,
    sasl,
    services,
    shell,
    slapd,
    smartd,
    snmpd,
    squid,
    ssh,
    sshd,
    strongswan,
    subid,
    sudoers,
    supervisor,
    sysctl,
    syslog_ng,
    systemctl_show,
    systemd,
    sysusers,
    text,
    tmpfiles,
    toml,
    tor,
    ucl,
    udev,
    unbound,
    upstart,
    user_crontab,
    uwsgi,
    vcl,
    words,
    wpa_supplicant,
    xinetd,
    xml,
    yaml,
)
from driftd.model.document import Document


@dataclass(frozen=True, slots=True)
class Format:
    """One syntax that driftd reads."""

    name: str
    patterns: tuple[str, ...]
    """Paths that are of this format, whatever they hold."""
    parse: Callable[[bytes, str], Document]
    version: int
    """Raised when the same bytes are read as other settings than before."""
    sniff: Callable[[bytes], bool] | None = None
    """Whether content looks like it; asked for paths that no pattern knows."""
    hints: tuple[str, ...] = ()
    """Where `sniff` is asked; without any, everywhere."""
    typical: Callable[[bytes], bool] | None = None
    """Whether content is surely of it; asked everywhere, for formats with hints."""

    @property
    def reading(self) -> str:
        """Name and version: `yaml/1`."""
        return f"{self.name}/{self.version}"


class UnknownFormat(KeyError):
    """No format has this name."""

    def __init__(self, name: str) -> None:
        nearest = difflib.get_close_matches(name, _BY_NAME, 1)
        hint = f" (did you mean {nearest[0]!r}?)" if nearest else f": one of {', '.join(sorted(_BY_NAME))}"
        self.message = f"unknown format {name!r}{hint}"
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message


def _declared(module: ModuleType) -> Format:
    return Format(
        module.NAME,
        module.PATTERNS,
        module.parse,
        module.VERSION,
        getattr(module, "sniff", None),
        getattr(module, "HINTS", ()),
        getattr(module, "typical", None),
    )


# Content is asked in this order.
_MODULES: tuple[ModuleType, ...] = (
    systemctl_show,
    nginx_dump,
    systemd,
    shell,
    envfile,
    json,
    xml,
    yaml,
    php,
    git,
    samba,
    rsyncd,
    keyfile,
    configparser,
    fail2ban,
    supervisor,
    ansible,
    oslo,
    asterisk,
    pacman,
    pgbouncer,
    uwsgi,
    editorconfig,
    ansible_inventory,
    openssl,
    sysctl,
    xinetd,
    logwatch,
    ini,
    keyvalue,
    words,
    dotenv,
    dovecot,
    proftpd,
    properties,
    nginx,
    nftables,
    bind,
    dns_zone,
    strongswan,
    ipsec,
    ipsec_secrets,
    keepalived,
    ferm,
    vcl,
    dhcpd,
    iptables,
    ipset,
    apache,
    haproxy,
    hcl,
    redis,
    mysql,
    nagios,
    ssh,
    sshd,
    syslog_ng,
    postgresql,
    pg_hba,
    pg_ident,
    toml,
    freeradius,
    freeradius_users,
    fstab,
    crypttab,
    passwd,
    group,
    subid,
    hosts,
    icinga2,
    services,
    protocols,
    networks,
    lighttpd,
    limits,
    modprobe,
    tmpfiles,
    sysusers,
    pam,
    pam_conf,
    crontab,
    user_crontab,
    anacrontab,
    resolv,
    rsyslog,
    nsswitch,
    apt_sources,
    deb822,
    ld_so,
    ucl,
    udev,
    apt_conf,
    logrotate,
    logstash,
    sudoers,
    dnsmasq,
    chrony,
    ntp,
    snmpd,
    postfix,
    postfix_master,
    postfix_table,
    squid,
    unbound,
    nsd,
    auditd_rules,
    interfaces,
    access,
    hosts_access,
    exports,
    aliases,
    inittab,
    inetd,
    upstart,
    slapd,
    krb5,
    wpa_supplicant,
    exim,
    tor,
    mosquitto,
    dhcpcd,
    msmtp,
    preseed,
    smartd,
    pam_time,
    munin,
    sasl,
    monit,
    lvm,
    corosync,
    collectd,
    multipath,
    radvd,
    ganglia,
    conf,
    text,
)
FORMATS: tuple[Format, ...] = tuple(map(_declared, _MODULES))
_BY_NAME = {entry.name: entry for entry in FORMATS}


def by_name(name: str) -> Format:
    """Return the format of a name; UnknownFormat names the nearest known one."""
    try:
        return _BY_NAME[name]
    except KeyError:
        raise UnknownFormat(name) from None
