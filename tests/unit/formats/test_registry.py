"""Which format reads a file, and what becomes of files that their format cannot read."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftd.formats.detection import detect
from driftd.formats.reading import read
from driftd.formats.registry import FORMATS, Format, UnknownFormat, by_name

CASES = Path(__file__).parents[2] / "cases" / "formats"

INI = b"[section]\nkey = value\n"
ASSIGNMENTS = b"key = value\nother = 1\n"


@pytest.mark.parametrize(
    ("path", "data", "name"),
    [
        ("/srv/app/config/database.yml", b"", "yaml"),
        ("values.yaml", b"", "yaml"),
        ("/etc/docker/daemon.json", b"", "json"),
        ("/etc/zookeeper/conf/zoo.cfg", b"", "properties"),
        ("/srv/app/web.config", b"", "xml"),
        ("/srv/x/pyproject.toml", b"", "toml"),
        ("/etc/php/8.2/cli/php.ini", b"", "php"),
        ("/etc/fail2ban/jail.d/defaults-debian.conf", b"", "fail2ban"),
        ("/etc/php/8.2/fpm/pool.d/www.conf", b"", "php"),
        ("/usr/share/php8.2-common/common/ctype.ini", b"", "php"),
        ("/etc/samba/smb.conf", b"", "samba"),
        ("/root/.gitconfig", b"", "git"),
        ("/srv/app/.git/config", b"", "git"),
        ("/usr/share/applications/app.desktop", b"", "keyfile"),
        ("/etc/NetworkManager/system-connections/lan.nmconnection", b"", "keyfile"),
        ("/etc/supervisor/conf.d/app.conf", b"", "supervisor"),
        ("/etc/ansible/ansible.cfg", b"", "ansible"),
        ("/etc/ansible/hosts", b"", "ansible_inventory"),
        ("/srv/play/inventory", b"a ansible_host=192.0.2.1\n", "ansible_inventory"),
        ("/etc/neutron/plugins/ml2/ml2_conf.ini", b"", "oslo"),
        ("/etc/asterisk/pjsip.conf", b"", "asterisk"),
        ("/srv/app/setup.cfg", b"", "configparser"),
        ("/etc/odbc.ini", b"", "ini"),
        ("/srv/app/.env", b"", "dotenv"),
        ("/srv/app/.env.production", b"", "dotenv"),
        ("/srv/app/web.env", b"", "dotenv"),
        ("/etc/default/grub", b"GRUB_TIMEOUT=5\n", "shell"),
        ("/etc/default/nothing-set", b"# OPTIONS=\n", "shell"),
        ("/etc/default/script", b"if true; then A=1; fi\n", "conf"),
        ("/etc/os-release", b"", "shell"),
        ("/etc/devscripts.conf", b'# one\nDEBUILD_OPTS="-i -I"\n', "shell"),
        ("/etc/app.conf", b"A_B=1\n", "shell"),
        ("/etc/app.conf", b"a_b=1\nc=d\n", "keyvalue"),
        ("/etc/default/daemon", b"OPTS=-a -b\n", "envfile"),
        ("/srv/files/override.conf", b"[Service]\nExecStart=\n", "systemd"),
        ("/srv/files/app.conf", b"[Service]\nport = 80\n", "ini"),
        ("/etc/systemd/system/app.service", b"", "systemd"),
        ("/etc/systemd/system/app.service.d/override.conf", b"", "systemd"),
        ("/lib/systemd/system/app.timer", b"", "systemd"),
        ("/srv/units/app.socket", b"[Socket]\n", "systemd"),
        ("/etc/avahi/services/ssh.service", b"<?xml version='1.0'?>\n", "xml"),
        ("/etc/systemd/journald.conf", b"", "systemd"),
        ("/etc/systemd/resolved.conf.d/dns.conf", b"", "systemd"),
        ("/etc/systemd/network/10-eth0.network", b"", "systemd"),
        ("/etc/sysctl.conf", b"", "sysctl"),
        ("/etc/sysctl.d/99-local.conf", b"", "sysctl"),
        ("/etc/ssh/sshd_config", b"", "sshd"),
        ("/etc/ssh/sshd_config.d/10-local.conf", b"", "sshd"),
        ("sshd_config", b"", "sshd"),
        ("/etc/ssh/ssh_config", b"", "ssh"),
        ("/home/bob/.ssh/config", b"", "ssh"),
        ("/etc/nginx/nginx.conf", b"", "nginx"),
        ("/etc/nginx/sites-enabled/default", b"", "nginx"),
        ("/etc/nginx/conf.d/app.conf", b"", "nginx"),
        ("/etc/nginx/fastcgi_params", b"", "nginx"),
        ("/srv/proxy.conf", b"server {\n  listen 80;\n}\n", "nginx"),
        ("/srv/snippets/tls.conf", b"ssl_protocols TLSv1.2;\nresolver\n  1.1.1.1;\n", "nginx"),
        ("/srv/basic.conf", b"include snippets/a.conf;\ninclude snippets/b.conf;\n", "nginx"),
        ("/srv/blocked.conf", b"deny 192.0.2.1;\ndeny 2001:db8::/32;\n", "nginx"),
        ("/srv/leases.conf", b"default-lease-time 600;\nallow bootp;\n", "dhcpd"),
        ("/srv/options.conf", b'recursion no;\ninclude "/etc/x.conf";\n', "conf"),
        ("/etc/nftables.conf", b"", "nftables"),
        ("/srv/firewall.rules", b"#!/usr/sbin/nft -f\nflush ruleset\n", "nftables"),
        ("/srv/mail-nft.conf", b"table inet filter {\n}\n", "nftables"),
        ("/etc/iptables/rules.v6", b"", "iptables"),
        ("/etc/ufw/user.rules", b"", "iptables"),
        ("/srv/firewall.save", b"# saved\n*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n", "iptables"),
        ("/srv/blocked.save", b"create blocked hash:ip\nadd blocked 192.0.2.1\n", "ipset"),
        ("/etc/bind/named.conf.local", b"", "bind"),
        ("/srv/dns.conf", b'zone "example.com" {\n  type master;\n};\n', "bind"),
        ("/srv/acl.conf", b"acl office {\n  10.0.0.0/8;\n};\n", "bind"),
        ("/srv/db.conf", b"options {\n  a = b;\n};\n", "conf"),
        ("/etc/dhcp/dhclient.conf", b"", "dhcpd"),
        ("/etc/keepalived/keepalived.conf", b"", "keepalived"),
        ("/srv/vrrp.conf", b"vrrp_instance VI_1 {\n  state MASTER\n}\n", "keepalived"),
        ("/etc/ferm/ferm.conf", b"", "ferm"),
        ("/srv/10_ssh.conf", b"table filter {\n  chain INPUT proto tcp dport ssh ACCEPT;\n}\n", "ferm"),
        ("/etc/varnish/default.vcl", b"", "vcl"),
        ("/etc/kea/kea-dhcp4.conf", b"", "json"),
        ("/etc/swanctl/conf.d/home.conf", b"", "strongswan"),
        ("/etc/strongswan.d/charon/eap.conf", b"", "strongswan"),
        ("/etc/ipsec.conf", b"", "ipsec"),
        ("/etc/ipsec.secrets", b"", "ipsec_secrets"),
        ("/etc/bind/db.example.com", b"", "dns_zone"),
        ("/srv/dns/example.com", b"@ IN SOA ns1 host 1 2 3 4 5\n IN NS ns1\n", "dns_zone"),
        ("/etc/redis/redis.conf", b"", "redis"),
        ("/srv/redis.conf", b"port 6379\nbind 127.0.0.1\n", "redis"),
        ("/etc/rspamd/local.d/redis.conf", b'servers = "127.0.0.1";\n', "ucl"),
        ("/etc/haproxy/haproxy.cfg", b"", "haproxy"),
        ("/srv/lb.cfg", b"global\n  daemon\ndefaults\n  mode http\n", "haproxy"),
        ("/srv/app/application.properties", b"", "properties"),
        ("/etc/postgresql/15/main/postgresql.conf", b"", "postgresql"),
        ("/etc/postgresql/15/main/pg_hba.conf", b"", "pg_hba"),
        ("/var/lib/pgsql/data/pg_ident.conf", b"", "pg_ident"),
        ("/etc/mysql/mariadb.conf.d/50-server.cnf", b"", "mysql"),
        ("/srv/db.cnf", b"[mysqld]\nskip-networking\n", "mysql"),
        ("/etc/apache2/sites-enabled/000-default", b"", "apache"),
        ("/srv/web/.htaccess", b"", "apache"),
        ("/srv/site.conf", b"<VirtualHost *:80>\nServerName a\n</VirtualHost>\n", "apache"),
        ("/etc/hadoop/conf/core-site.xml", b"", "xml"),
        ("/etc/app.policy", b'<?xml version="1.0"?>\n<policy/>\n', "xml"),
        ("/etc/login.defs", b"", "words"),
        ("/srv/app.cfg", INI, "ini"),
        ("/srv/app.conf", INI, "ini"),
        ("/srv/app.conf", ASSIGNMENTS, "keyvalue"),
        ("/srv/app.conf", b"key = value\n", "keyvalue"),
        ("/srv/app.conf", b"a = 1\nb = 2\nc = 3\nno-check\n", "keyvalue"),
        ("/srv/app.conf", b"[one]\n# a = 1\n[two]\n", "ini"),
        ("/srv/app.conf", b"a = 1\n[two]\nb = 2\n", "ini"),
        ("/srv/50-harden.conf", b"net.core.bpf_jit_harden = 2\n", "sysctl"),
        ("/srv/xinetd-a", b"service a\n{\n  disable = no\n}\n", "xinetd"),
        ("/srv/app.conf", b'{"a": 1}\n', "json"),
        ("/srv/app.conf", b"---\n# comment\na: 1\n", "yaml"),
        ("/srv/app.conf", b"some words that are prose\n", "conf"),
        ("/srv/app.conf", b"only = one\nbut then something else\n", "conf"),
        ("/srv/notes", b"some words that are prose, which no program reads\n", "text"),
        ("/etc/app/hook.conf", b"#!/bin/sh\nexit 0\n", "text"),
        ("/srv/README", b"---\nA title\n", "text"),
        ("/etc/shells", b"/bin/sh\n", "conf"),
        ("/etc/fstab", b"", "fstab"),
        ("/etc/crypttab", b"", "crypttab"),
        ("/etc/passwd", b"", "passwd"),
        ("/etc/group-", b"", "group"),
        ("/etc/subgid", b"", "subid"),
        ("/etc/hosts", b"", "hosts"),
        ("/etc/services", b"", "services"),
        ("/etc/protocols", b"", "protocols"),
        ("/etc/networks", b"", "networks"),
        ("/etc/security/limits.d/app.conf", b"", "limits"),
        ("/etc/modprobe.d/blacklist.conf", b"", "modprobe"),
        ("/usr/lib/tmpfiles.d/tmp.conf", b"", "tmpfiles"),
        ("/usr/lib/sysusers.d/basic.conf", b"", "sysusers"),
        ("/etc/pam.d/sshd", b"", "pam"),
        ("/etc/pam.conf", b"", "pam_conf"),
        ("/etc/crontab", b"", "crontab"),
        ("/etc/cron.d/php", b"", "crontab"),
        ("/var/spool/cron/crontabs/root", b"", "user_crontab"),
        ("/etc/anacrontab", b"", "anacrontab"),
        ("/etc/resolv.conf", b"", "resolv"),
        ("/etc/nsswitch.conf", b"", "nsswitch"),
        ("/etc/apt/sources.list.d/app.list", b"", "apt_sources"),
        ("/etc/apt/sources.list.d/app.sources", b"", "deb822"),
        ("/etc/apt/preferences.d/pin", b"", "deb822"),
        ("/etc/ld.so.conf.d/libc.conf", b"", "ld_so"),
        ("/etc/udev/rules.d/70-net.rules", b"", "udev"),
        ("/srv/net.rules", b'SUBSYSTEM=="net", NAME="lan0"\n', "udev"),
        ("/etc/audit/rules.d/audit.rules", b"-w /etc/passwd -p wa\n", "auditd_rules"),
        ("/etc/apt/apt.conf.d/01autoremove", b"", "apt_conf"),
        ("/etc/logrotate.d/nginx", b"", "logrotate"),
        ("/srv/files/logrotate/app", b"/var/log/app {\n  daily\n}\n", "logrotate"),
        ("/var/lib/logrotate/status", b'logrotate state -- version 2\n"/var/log/a" 2024-1-1-0:0:0\n', "conf"),
        ("/etc/sudoers.d/ops", b"", "sudoers"),
        ("/etc/nginx/nginx.conf.dpkg-dist", b"", "nginx"),
        ("/etc/app.yml.bak", b"", "yaml"),
        ("/etc/ssh/sshd_config~", b"", "sshd"),
        ("/etc/systemd/system/app.yaml", b"", "yaml"),
    ],
)
def test_a_format_is_found_by_path_then_by_content(path: str, data: bytes, name: str) -> None:
    found = detect(path, data)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("entry", [entry for entry in FORMATS if entry.sniff], ids=lambda entry: entry.name)
def test_a_byte_order_mark_does_not_hide_what_content_looks_like(entry: Format) -> None:
    for case in sorted((CASES / entry.name).glob("*.input")):
        data, path = case.read_bytes(), "/x" + (entry.hints[0].lstrip("*") if entry.hints else "")
        assert detect(path, b"\xef\xbb\xbf" + data) is detect(path, data.removeprefix(b"\xef\xbb\xbf"))


def test_binary_content_has_no_format_unless_its_path_says_otherwise() -> None:
    assert detect("/usr/bin/app", b"\x7fELF\x00\x01") is None
    reading = read(b"\x7fELF\x00\x01", "/usr/bin/app")
    assert (reading.format, reading.document, reading.problem) == (None, None, None)


def test_binary_content_in_a_file_of_a_known_format_is_a_problem_and_not_compared_as_text() -> None:
    reading = read(b'{"a": "\x00"}', "/srv/app.json")
    assert reading.format == "json"
    assert reading.document is None
    assert reading.problem is not None


def test_utf_16_is_text() -> None:
    reading = read("[a]\nb = 1\n".encode("utf-16"), "/srv/app.conf")
    assert reading.format == "ini"
    assert reading.document is not None
    assert reading.document.root.to_json() == {"a": {"b": "1"}}


def test_a_file_that_does_not_parse_is_read_as_lines_with_the_problem_and_its_line() -> None:
    reading = read(b"server {\n  listen 80;\n", "/etc/nginx/nginx.conf")
    assert reading.format == "nginx"
    assert reading.reading == "text/1"
    assert reading.problem is not None
    assert (reading.problem.line, reading.problem.message) == (1, "block 'server' is not closed")
    assert reading.document is not None
    assert reading.document.format == "nginx"
    assert reading.document.root.to_json() == ["server {", "  listen 80;"]
    assert reading.document.problems == [reading.problem]


def test_a_format_that_was_asked_for_wins_over_the_path() -> None:
    reading = read(b"a: 1\n", "/etc/nginx/nginx.conf", "yaml")
    assert reading.reading == "yaml/2"
    assert reading.problem is None


def test_an_unknown_format_names_the_nearest() -> None:
    with pytest.raises(UnknownFormat, match=r"unknown format 'yml' \(did you mean 'yaml'\?\)"):
        by_name("yml")
    with pytest.raises(UnknownFormat, match=r"one of \w+, .*dotenv, .*json"):
        by_name("whatever")


def test_reading_with_an_unknown_format_is_a_problem_and_text() -> None:
    reading = read(b"a\n", "/x", "yml")
    assert reading.problem is not None
    assert "did you mean 'yaml'" in reading.problem.message
    assert reading.document is not None
    assert reading.document.root.to_json() == ["a"]


def test_a_parser_that_breaks_is_a_problem_of_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    from driftd.formats import registry

    def broken(data: bytes, path: str) -> None:
        raise ZeroDivisionError(data, path)

    entry = registry.Format("broken", (), broken, 1)  # type: ignore[arg-type]
    monkeypatch.setitem(registry._BY_NAME, "broken", entry)
    reading = read(b"secret\n", "/x", "broken")
    assert reading.problem is not None
    assert reading.problem.message == "the broken parser failed (ZeroDivisionError); please report it"


def test_every_format_has_a_name_a_version_and_a_way_to_be_found() -> None:
    assert len({entry.name for entry in FORMATS}) == len(FORMATS)
    for entry in FORMATS:
        assert entry.version >= 1
        assert entry.reading == f"{entry.name}/{entry.version}"
        assert entry.patterns or entry.sniff, entry.name
        assert not entry.hints or entry.sniff, entry.name


def test_a_mistake_in_asking_for_a_format_is_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: bytes) -> bool:
        raise RecursionError

    monkeypatch.setattr("driftd.formats.detection._ANYWHERE", ((by_name("yaml"), fails),))
    assert read(b"some words\n", "/srv/notes").format == "conf"
