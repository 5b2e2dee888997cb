"""The keys of the contract: what `parse` calls a place, and what `compare` calls a difference."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.contract.command import CLEAN, DRIFT, INCOMPLETE, run


@dataclass(frozen=True)
class Parsed:
    """A file, and the lines on which the settings of these keys stand."""

    path: str
    text: str
    lines: dict[str, int]
    format: str | None = None
    problems: int = 0


YAML = "/srv/app/config.yml"
INI = "/srv/app/app.ini"
NGINX = "/etc/nginx/nginx.conf"
SSHD = "/etc/ssh/sshd_config"
UNIT = "/etc/systemd/system/app.service"

PARSED = {
    "nested mapping": Parsed(
        YAML,
        "production:\n  database:\n    host: db-1\n    port: 5432\n",
        {"$.production.database.host": 3, "$.production.database.port": 4},
    ),
    "names that need quotes": Parsed(
        YAML,
        'net.ipv4.ip_forward: 1\n"it\'s": 2\n9lives: 3\nunder_score: 4\nmit-strich: 5\n',
        {
            "$['net.ipv4.ip_forward']": 1,
            "$['it\\'s']": 2,
            "$['9lives']": 3,
            "$.under_score": 4,
            "$['mit-strich']": 5,
        },
    ),
    "list member without identity": Parsed(YAML, "hosts:\n  - a\n  - b\n", {"$.hosts[0]": 2, "$.hosts[1]": 3}),
    "list member with identity": Parsed(
        "/etc/prometheus/prometheus.yml",
        "scrape_configs:\n  - job_name: node\n    interval: 15s\n  - job_name: app\n    interval: 30s\n",
        {
            "$.scrape_configs[?@.job_name=='node'].interval": 3,
            "$.scrape_configs[?@.job_name=='app'].interval": 5,
        },
    ),
    "identity of two parts": Parsed(
        "/srv/k8s/all.yml",
        "kind: Service\nmetadata: {name: web}\nport: 80\n---\nkind: Deployment\nmetadata: {name: web}\nport: 81\n",
        {
            "$[?@.metadata.name=='web' && @.kind=='Service'].port": 3,
            "$[?@.metadata.name=='web' && @.kind=='Deployment'].port": 7,
        },
    ),
    "stream of one document": Parsed(YAML, "---\na: 1\n...\n", {"$.a": 2}),
    "stream of several documents": Parsed(YAML, "a: 1\n---\na: 2\n", {"$[0].a": 1, "$[1].a": 3}),
    "json": Parsed(
        "/srv/app/config.json", '{\n "a": {"b.c": [true,\n  null]}}\n', {"$.a['b.c'][0]": 2, "$.a['b.c'][1]": 3}
    ),
    "toml": Parsed(
        "/srv/app/config.toml", 'top = 1\n[server]\nport = 80\n[[user]]\nmail = "a"\n', {"$.top": 1, "$.server.port": 3}
    ),
    "dotenv": Parsed("/srv/app/.env", "# x\nMODE=dark\nexport LEVEL='info'\n", {"$.MODE": 2, "$.LEVEL": 3}),
    "sysctl": Parsed("/etc/sysctl.conf", "net.ipv4.ip_forward = 1\n", {"$['net.ipv4.ip_forward']": 1}),
    "ini sections": Parsed(INI, "[server]\nport = 80\n[log]\nlevel = info\n", {"$.server.port": 2, "$.log.level": 4}),
    "ini subsection": Parsed(INI, '[remote "origin"]\nurl = x\n', {"$.remote.origin.url": 2}, format="ini"),
    "ini keys before a section": Parsed(INI, "root = 1\n[s]\na = 2\n", {"$.root": 1, "$.s.a": 3}, format="ini"),
    "ini root key named like a section": Parsed(INI, "s = 1\n[s]\na = 2\n", {}, format="ini", problems=1),
    "ini second occurrence": Parsed(
        INI, "[s]\na = 1\na = 2\nb = 3\n", {"$.s.a[0]": 2, "$.s.a[1]": 3, "$.s.b": 4}, format="ini"
    ),
    "nginx server and location": Parsed(
        NGINX,
        "http {\n server {\n  server_name a;\n  location /api {\n   proxy_pass http://one;\n  }\n }\n"
        " server {\n  server_name b;\n }\n}\n",
        {"$.http.server[?@.server_name=='a'].location[?@['@']=='/api'].proxy_pass": 5},
    ),
    "nginx repeatable directive": Parsed(NGINX, "http {\n access_log off;\n}\n", {"$.http.access_log[0]": 2}),
    "sshd repeatable and plain": Parsed(
        SSHD,
        "PermitRootLogin no\nPort 22\nAcceptEnv LANG\n",
        {"$.permitrootlogin": 1, "$.port[0]": 2, "$.acceptenv[0]": 3},
    ),
    "sshd match": Parsed(
        SSHD, "Match User bob\n  X11Forwarding no\n", {"$.match[?@['@']=='User bob'].x11forwarding": 2}
    ),
    "systemd section and list": Parsed(
        UNIT, "[Service]\nType=simple\nExecStart=/bin/app\n", {"$.Service[0].Type": 2, "$.Service[0].ExecStart[0]": 3}
    ),
    "text": Parsed("/etc/motd", "hello\nworld\n", {"$[0]": 1, "$[1]": 2}),
}


@pytest.mark.parametrize("case", PARSED.values(), ids=PARSED)
def test_parse_names_every_place(case: Parsed, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text(case.text)
    more = ["--format", case.format] if case.format else []
    told = run("parse", "--json", file, "--as", case.path, *more, status=CLEAN).json("parse")
    found = {key: told["locations"].get(key) for key in case.lines}
    assert found == case.lines, told["locations"]
    assert len(told["problems"]) == case.problems, told["problems"]


def test_both_are_kept_where_a_root_key_has_the_name_of_a_section(tmp_path: Path) -> None:
    file = tmp_path / "app.ini"
    file.write_text("s = first\n[s]\na = second\n")
    told = run("parse", "--json", file, "--format", "ini", status=CLEAN).json("parse")
    assert "first" in str(told["settings"])
    assert "second" in str(told["settings"])
    assert any("s" in problem["message"] for problem in told["problems"])


@dataclass(frozen=True)
class Compared:
    """Two texts, and (kind, key, before, after) of every change between them; a missing side is `...`."""

    path: str
    before: str
    after: str
    changes: list[tuple[str, str, object, object]] = field(default_factory=list)
    format: str | None = None


COMPARED = {
    "changed value": Compared(YAML, "a: {b: 1}\n", "a: {b: 2}\n", [("changed", "$.a.b", 1, 2)]),
    "type change": Compared(YAML, "port: 80\n", "port: '80'\n", [("changed", "$.port", 80, "80")]),
    "one and true": Compared(YAML, "on_: 1\n", "on_: true\n", [("changed", "$.on_", 1, True)]),
    "null is a value": Compared(YAML, "a: null\nb: 1\n", "b: 1\n", [("removed", "$.a", None, ...)]),
    "added": Compared(YAML, "a: 1\n", "a: 1\nb.c: 2\n", [("added", "$['b.c']", ..., 2)]),
    "removed": Compared(YAML, "a: 1\nb: 2\n", "a: 1\n", [("removed", "$.b", 2, ...)]),
    "key order": Compared(YAML, "a: 1\nb: 2\n", "b: 2\na: 1\n"),
    "comments and quotes": Compared(YAML, "a: x # why\n", "# other\na:   'x'\n"),
    "scalar to mapping": Compared(YAML, "a: 1\n", "a: {b: 1}\n", [("changed", "$.a", 1, {"b": 1})]),
    "inserted list member": Compared(
        YAML, "h: [a, b, c, d]\n", "h: [a, new, b, c, d]\n", [("added", "$.h[1]", ..., "new")]
    ),
    "removed list member": Compared(YAML, "h: [a, b, c]\n", "h: [a, c]\n", [("removed", "$.h[1]", "b", ...)]),
    "changed list member": Compared(YAML, "h: [a, b, c]\n", "h: [a, B, c]\n", [("changed", "$.h[1]", "b", "B")]),
    "list order counts": Compared(YAML, "h: [a, b]\n", "h: [b, a]\n", [("moved", "$.h[0]", ..., ...)]),
    "identity shifts nothing": Compared(
        "/etc/prometheus/prometheus.yml",
        "scrape_configs:\n- {job_name: a, t: 1}\n- {job_name: b, t: 2}\n",
        "scrape_configs:\n- {job_name: new, t: 0}\n- {job_name: a, t: 1}\n- {job_name: b, t: 3}\n",
        [
            ("added", "$.scrape_configs[?@.job_name=='new']", ..., {"job_name": "new", "t": 0}),
            ("changed", "$.scrape_configs[?@.job_name=='b'].t", 2, 3),
        ],
    ),
    "ini value": Compared(INI, "[s]\na=1\n", "[s]\na=2\n", [("changed", "$.s.a", "1", "2")], "ini"),
    "ini second occurrence": Compared(INI, "[s]\na=1\n", "[s]\na=1\na=2\n", [("added", "$.s.a[1]", ..., "2")], "ini"),
    "ini dotted subsection": Compared(
        INI,
        '[remote "a.b"]\nurl = 1\n',
        '[remote "a.b"]\nurl = 2\n',
        [("changed", "$.remote['a.b'].url", "1", "2")],
        "ini",
    ),
    "repeatable directive gains one": Compared(
        SSHD, "AcceptEnv LANG\n", "AcceptEnv LANG\nAcceptEnv LC_*\n", [("added", "$.acceptenv[1]", ..., "LC_*")]
    ),
    "sshd match": Compared(
        SSHD,
        "Match User bob\n X11Forwarding no\n",
        "Match User bob\n X11Forwarding yes\n",
        [("changed", "$.match[?@['@']=='User bob'].x11forwarding", "no", "yes")],
    ),
    "nginx location": Compared(
        NGINX,
        "http { server { server_name a; location /api { proxy_pass http://one; } } }\n",
        "http { server { server_name a; location /api { proxy_pass http://two; } } }\n",
        [
            (
                "changed",
                "$.http.server[?@.server_name=='a'].location[?@['@']=='/api'].proxy_pass",
                "http://one",
                "http://two",
            )
        ],
    ),
    "nginx layout": Compared(NGINX, "http { sendfile on; }\n", "http\n{\n\tsendfile  on; # yes\n}\n"),
    "systemd": Compared(
        UNIT,
        "[Service]\nRestart=no\n",
        "[Service]\nRestart=always\n",
        [("changed", "$.Service[0].Restart", "no", "always")],
    ),
    "text line": Compared("/etc/motd", "a\nb\nc\n", "a\nB\nc\n", [("changed", "$[1]", "b", "B")]),
    "text line inserted": Compared("/etc/motd", "a\nb\n", "a\nx\nb\n", [("added", "$[1]", ..., "x")]),
}


@pytest.mark.parametrize("case", COMPARED.values(), ids=COMPARED)
def test_compare_names_every_difference(case: Compared, tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.write_text(case.before)
    after.write_text(case.after)
    more = ["--format", case.format] if case.format else []
    status = DRIFT if case.changes else CLEAN
    told = run("compare", "--json", before, after, "--as", case.path, *more, status=status).json("compare")
    found = [
        (change["kind"], change["key"], change.get("before", ...), change.get("after", ...))
        for change in told["changes"]
    ]
    if case.changes and case.changes[0][0] == "moved":
        assert [change[0] for change in found] == ["moved"]
        assert {"from", "to"} <= told["changes"][0].keys()
        return
    assert found == case.changes
    assert (told["equal"], told["cosmetic"]) == (False, not case.changes)


def test_compare_gives_the_lines_of_both_sides(tmp_path: Path) -> None:
    before, after = tmp_path / "a.yml", tmp_path / "b.yml"
    before.write_text("x: 1\ny: 2\n")
    after.write_text("# comment\n\nx: 1\ny: 3\n")
    told = run("compare", "--json", before, after, status=DRIFT).json("compare")
    assert [(change["before_line"], change["after_line"]) for change in told["changes"]] == [(2, 4)]


def test_equal_bytes_are_equal(tmp_path: Path) -> None:
    before, after = tmp_path / "a.yml", tmp_path / "b.yml"
    for file in (before, after):
        file.write_text("x: 1\n")
    told = run("compare", "--json", before, after, status=CLEAN).json("compare")
    assert (told["equal"], told["cosmetic"], told["changes"]) == (True, False, [])


def test_an_identity_that_occurs_twice_makes_the_list_positional_and_is_a_problem(tmp_path: Path) -> None:
    before, after = tmp_path / "a.yml", tmp_path / "b.yml"
    before.write_text("scrape_configs:\n- {job_name: a, t: 1}\n- {job_name: a, t: 2}\n")
    after.write_text("scrape_configs:\n- {job_name: a, t: 1}\n- {job_name: a, t: 3}\n")
    told = run("compare", "--json", before, after, "--as", "/etc/prometheus/prometheus.yml", status=DRIFT).json(
        "compare"
    )
    assert [change["key"] for change in told["changes"]] == ["$.scrape_configs[1].t"]
    assert told["problems"]


def test_a_side_that_does_not_parse_is_compared_as_text(tmp_path: Path) -> None:
    before, after = tmp_path / "a.yml", tmp_path / "b.yml"
    before.write_text("x: 1\n")
    after.write_text("x: [1\n")
    told = run("compare", "--json", before, after, status=INCOMPLETE).json("compare")
    assert told["problems"]
    assert all(problem["line"] for problem in told["problems"])
    assert [change["kind"] for change in told["changes"] if change["aspect"] == "content"] == ["changed"]


def test_what_does_not_parse_says_where(tmp_path: Path) -> None:
    file = tmp_path / "a.yml"
    file.write_text("x: 1\ny: [1\nz: 2\n")
    told = run("parse", "--json", file, status=INCOMPLETE).json("parse")
    assert told["format"] == "yaml"
    assert any(problem["line"] for problem in told["problems"])


def test_includes_are_listed_and_not_followed(tmp_path: Path) -> None:
    file = tmp_path / "nginx.conf"
    file.write_text("include /nowhere/*.conf;\n")
    told = run("parse", "--json", file, "--as", NGINX, status=CLEAN).json("parse")
    assert told["includes"] == ["/nowhere/*.conf"]


def test_what_is_not_text_is_compared_by_digest(tmp_path: Path) -> None:
    before, after = tmp_path / "a.bin", tmp_path / "b.bin"
    before.write_bytes(bytes(range(256)))
    after.write_bytes(bytes(reversed(range(256))))
    told = run("compare", "--json", before, after, status=DRIFT).json("compare")
    assert told["format"] is None
    assert not told["cosmetic"]
    assert len(told["changes"]) == 1
    assert run("parse", "--json", before).json("parse")["format"] is None
