"""Tables: what a row looks like, and by which columns its program tells rows apart."""

from __future__ import annotations

from dataclasses import dataclass

from driftd.model.keys import Identity, KeyStep, render_key

Row = tuple[str, str]
"""What tells the row apart, and the value in one of its columns."""


@dataclass(frozen=True)
class Rows:
    """A format of the family; `k` and `v` stand in a row for what tells it apart and for a value."""

    format: str
    row: str
    column: str
    """The column that holds `v`."""
    identity: tuple[tuple[str, str], ...] = ()
    """Columns that tell rows apart, each with what stands in it; without any, rows are numbered."""
    ordered: bool = True
    comment: str = "#"
    separated: bool = False
    """One character stands between columns, and white space is no matter of looks."""

    def key(self, index: int, row: Row, *below: str) -> str:
        """The key of a row, or of one of its columns."""
        parts = tuple(((name,), value.format(k=row[0])) for name, value in self.identity)
        step: KeyStep = Identity(parts) if parts else index
        return render_key((step, *below))


FORMATS = (
    Rows("fstab", "/dev/{k} /mnt/{k} {v} defaults 0 2", "fs_vfstype", (("fs_file", "/mnt/{k}"),)),
    Rows("crypttab", "{k} /dev/{v} none luks", "encrypted-device", (("volume-name", "{k}"),)),
    Rows("passwd", "{k}:x:1000:1000:{v}:/home/{k}:/bin/sh", "GECOS", (("name", "{k}"),), separated=True),
    Rows("group", "{k}:{v}:100:", "password", (("group_name", "{k}"),), separated=True),
    Rows("subid", "{k}:100000:6553{v}", "count", (("name", "{k}"),), separated=True),
    Rows("hosts", "192.0.2.1 {k} {v}", "aliases", (("IP_address", "192.0.2.1"), ("canonical_hostname", "{k}"))),
    Rows("networks", "{k} {v}", "number", (("name", "{k}"),)),
    Rows("protocols", "{k} {v} ALIAS", "number"),
    Rows("limits", "{k} soft nofile {v}", "value", (("domain", "{k}"), ("type", "soft"), ("item", "nofile"))),
    Rows("modprobe", "options {k} debug={v}", "arguments", (("command", "options"), ("modulename", "{k}"))),
    Rows("tmpfiles", "d /run/{k} 0755 {v} root - -", "User", (("Path", "/run/{k}"),)),
    Rows("sysusers", 'u {k} - "{v}" /', "GECOS", (("Name", "{k}"), ("Type", "u"))),
    Rows("pam", "auth required pam_{k}.so {v}", "module-arguments", (("type", "auth"), ("module-path", "pam_{k}.so"))),
    Rows(
        "pam_conf",
        "login auth required pam_{k}.so {v}",
        "module-arguments",
        (("service", "login"), ("type", "auth"), ("module-path", "pam_{k}.so")),
    ),
    Rows("crontab", "5 4 * * * root /bin/{k}/{v}", "command"),
    Rows("user_crontab", "5 4 * * * /bin/{k}/{v}", "command"),
    Rows("anacrontab", "1 5 {k} {v}", "command"),
    Rows("apt_sources", "deb https://{v}.example/{k} stable main", "uri"),
    Rows("pg_hba", "host {k} {v} 192.0.2.0/24 md5", "user"),
    Rows("pg_ident", "{k} {v} postgres", "system-username"),
    Rows("postfix_table", "{k} {v}", "result"),
    Rows("sudoers", "{k} ALL=(ALL) /bin/{v}", "commands", (("user", "{k}"), ("host", "ALL"))),
    Rows("udev", 'KERNEL=="{k}", SYMLINK+="{v}"', "SYMLINK+="),
)
