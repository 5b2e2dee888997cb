"""The formats there are: which parser reads a file, by its path, then by its content.

Adding a format: one module here, one line in FORMATS, one folder of cases, one row in docs/reference/formats.md, which says
what families there are. What only parsing needs is imported late where it is much.
"""

from __future__ import annotations

import codecs
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
from driftd.formats.conf.files import reads as is_configuration
from driftd.formats.path_index import PathIndex
from driftd.model.document import Document, ParseError, Problem


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


@dataclass(slots=True)
class Reading:
    """What became of a file's bytes; `document` is None where only a digest can tell them apart."""

    format: str | None
    reading: str | None
    """The parser that read the document: `text/1` where the format's own could not."""
    document: Document | None
    problem: Problem | None
    """Why the format's parser could not read the file."""


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
FORMATS: tuple[Format, ...] = (
    _declared(systemctl_show),
    _declared(nginx_dump),
    _declared(systemd),
    _declared(shell),
    _declared(envfile),
    _declared(json),
    _declared(xml),
    _declared(yaml),
    _declared(php),
    _declared(git),
    _declared(samba),
    _declared(rsyncd),
    _declared(keyfile),
    _declared(configparser),
    _declared(fail2ban),
    _declared(supervisor),
    _declared(ansible),
    _declared(oslo),
    _declared(asterisk),
    _declared(pacman),
    _declared(pgbouncer),
    _declared(uwsgi),
    _declared(editorconfig),
    _declared(ansible_inventory),
    _declared(openssl),
    _declared(sysctl),
    _declared(xinetd),
    _declared(logwatch),
    _declared(ini),
    _declared(keyvalue),
    _declared(words),
    _declared(dotenv),
    _declared(dovecot),
    _declared(proftpd),
    _declared(properties),
    _declared(nginx),
    _declared(nftables),
    _declared(bind),
    _declared(dns_zone),
    _declared(strongswan),
    _declared(ipsec),
    _declared(ipsec_secrets),
    _declared(keepalived),
    _declared(ferm),
    _declared(vcl),
    _declared(dhcpd),
    _declared(iptables),
    _declared(ipset),
    _declared(apache),
    _declared(haproxy),
    _declared(hcl),
    _declared(redis),
    _declared(mysql),
    _declared(nagios),
    _declared(ssh),
    _declared(sshd),
    _declared(syslog_ng),
    _declared(postgresql),
    _declared(pg_hba),
    _declared(pg_ident),
    _declared(toml),
    _declared(freeradius),
    _declared(freeradius_users),
    _declared(fstab),
    _declared(crypttab),
    _declared(passwd),
    _declared(group),
    _declared(subid),
    _declared(hosts),
    _declared(icinga2),
    _declared(services),
    _declared(protocols),
    _declared(networks),
    _declared(lighttpd),
    _declared(limits),
    _declared(modprobe),
    _declared(tmpfiles),
    _declared(sysusers),
    _declared(pam),
    _declared(pam_conf),
    _declared(crontab),
    _declared(user_crontab),
    _declared(anacrontab),
    _declared(resolv),
    _declared(rsyslog),
    _declared(nsswitch),
    _declared(apt_sources),
    _declared(deb822),
    _declared(ld_so),
    _declared(ucl),
    _declared(udev),
    _declared(apt_conf),
    _declared(logrotate),
    _declared(logstash),
    _declared(sudoers),
    _declared(dnsmasq),
    _declared(chrony),
    _declared(ntp),
    _declared(snmpd),
    _declared(postfix),
    _declared(postfix_master),
    _declared(postfix_table),
    _declared(squid),
    _declared(unbound),
    _declared(nsd),
    _declared(auditd_rules),
    _declared(interfaces),
    _declared(access),
    _declared(hosts_access),
    _declared(exports),
    _declared(aliases),
    _declared(inittab),
    _declared(inetd),
    _declared(upstart),
    _declared(slapd),
    _declared(krb5),
    _declared(wpa_supplicant),
    _declared(exim),
    _declared(tor),
    _declared(mosquitto),
    _declared(dhcpcd),
    _declared(msmtp),
    _declared(preseed),
    _declared(smartd),
    _declared(pam_time),
    _declared(munin),
    _declared(sasl),
    _declared(monit),
    _declared(lvm),
    _declared(corosync),
    _declared(collectd),
    _declared(multipath),
    _declared(radvd),
    _declared(ganglia),
    _declared(conf),
    _declared(text),
)
_BY_NAME = {entry.name: entry for entry in FORMATS}
_CONF = _BY_NAME[conf.NAME]
_TEXT = _BY_NAME[text.NAME]
_KNOWN = PathIndex((pattern, entry) for entry in FORMATS for pattern in entry.patterns)
_HINTED = PathIndex((pattern, entry) for entry in FORMATS for pattern in entry.hints)
_ANYWHERE = tuple(
    (entry, sniff)
    for entry in FORMATS
    if (sniff := entry.typical or (None if entry.hints else entry.sniff)) is not None
)


def by_name(name: str) -> Format:
    """Return the format of a name; UnknownFormat names the nearest known one."""
    try:
        return _BY_NAME[name]
    except KeyError:
        raise UnknownFormat(name) from None


def detect(path: str, data: bytes) -> Format | None:
    """Return the format by path, else by content, else conf or text; None for binary content."""
    known = _KNOWN.first(path)
    if known is not None:
        return known
    if _is_binary(data):
        return None
    data = data.removeprefix(codecs.BOM_UTF8)
    for entry in _HINTED.all(path):
        if entry.sniff is not None and _looks_like(entry.sniff, data):
            return entry
    for entry, sniff in _ANYWHERE:
        if _looks_like(sniff, data):
            return entry
    return _CONF if is_configuration(path, data) else _TEXT


def _looks_like(sniff: Callable[[bytes], bool], data: bytes) -> bool:
    """Whether content looks like a format; a mistake in asking is a no, and not the end of the audit."""
    try:
        return sniff(data)
    except Exception:  # noqa: BLE001 - the same bounds hold as for reading
        return False


def read(data: bytes, path: str, format: str | None = None) -> Reading:
    """Return what a file says. Never raises: what its format cannot read is a problem, and is read as lines."""
    try:
        chosen = by_name(format) if format is not None else detect(path, data)
    except UnknownFormat as error:
        return _as_text(data, path, format, Problem(None, error.message))
    if chosen is None:
        return Reading(None, None, None, None)
    try:
        return Reading(chosen.name, chosen.reading, chosen.parse(data, path), None)
    except ParseError as error:
        problem = Problem(error.line, error.message)
    except RecursionError:
        problem = Problem(None, "nested too deep")
    except Exception as error:  # noqa: BLE001 - a mistake in one parser is a problem of this file, not the end of the audit
        problem = Problem(None, f"the {chosen.name} parser failed ({type(error).__name__}); please report it")
    return _as_text(data, path, chosen.name, problem)


def _as_text(data: bytes, path: str, format: str | None, problem: Problem) -> Reading:
    """The reading of what could not be parsed: lines of text where it is text within the bounds."""
    if _is_binary(data):
        return Reading(format, None, None, problem)
    try:
        document = text.parse(data, path)
    except ParseError:
        return Reading(format, None, None, problem)
    document.format = format or text.NAME
    document.problems.append(problem)
    return Reading(format, _TEXT.reading, document, problem)


def _is_binary(data: bytes) -> bool:
    """Whether content is no text: it holds NUL bytes, and is not UTF-16 without control characters."""
    if b"\x00" not in data:
        return False
    if not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    try:
        decoded = data.decode("utf-16")
    except UnicodeDecodeError:
        return True
    return any(char < " " and char not in "\t\n\r\f" for char in decoded)
