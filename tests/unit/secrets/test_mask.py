"""Masking: after it, nothing that was secret can be found in a document."""

from __future__ import annotations

import json

import pytest

from driftd.model.document import Document, Json, Node, Problem, Steps, node_from_json
from driftd.model.secret import parse_token
from driftd.secrets.fingerprint import SecretKeeper
from driftd.secrets.mask import MAX_SEARCHED, mask, masked_problem, masked_text

KEEPER = SecretKeeper(b"k" * 32)
TOKEN = KEEPER.token("hunter2")


def masked(value: Json, secrets: set[Steps] | None = None) -> Document:
    """Return a masked document made of a plain value."""
    document = Document("/etc/app.yml", "yaml", node_from_json(value))
    mask(document, KEEPER, (lambda _root: secrets) if secrets is not None else None)
    return document


def test_a_secret_becomes_its_fingerprint_and_the_document_says_so() -> None:
    document = masked({"db": {"host": "db-1", "password": "hunter2"}})
    assert document.root.to_json() == {"db": {"host": "db-1", "password": TOKEN}}
    assert document.secret


def test_a_document_without_secrets_is_untouched() -> None:
    value: Json = {"db": {"host": "db-1", "port": 5432, "password_file": "/run/secrets/db"}, "tokens_valid": True}
    document = masked(value)
    assert document.root.to_json() == value
    assert not document.secret


def test_lines_stay_and_the_own_spelling_of_a_secret_goes() -> None:
    node = Node(31337, line=3, raw="0x7A69")
    document = Document("/x", "toml", Node({"password": node}))
    mask(document, KEEPER)
    assert (node.line, node.raw) == (3, None)
    assert parse_token(str(node.value))


def test_a_number_and_the_text_that_spells_it_are_different_secrets() -> None:
    number = masked({"password": 12345678}).root.to_json()
    text = masked({"password": "12345678"}).root.to_json()
    assert number != text


@pytest.mark.parametrize("value", [True, False, None, "", "yes", "${SECRET}", "{{ vault.db }}", "/run/secrets/x", "*"])
def test_switches_references_and_paths_are_no_secrets(value: Json) -> None:
    assert masked({"password": value}).root.to_json() == {"password": value}


@pytest.mark.parametrize(("name", "value"), [("token", 8080), ("token", "30s"), ("password", "x"), ("token", "3600")])
def test_short_numbers_are_no_secrets(name: str, value: Json) -> None:
    assert masked({name: value}).root.to_json() == {name: value}


def test_a_list_under_a_secret_name_hides_each_member() -> None:
    assert masked({"api_keys": ["hunter2", "other-1"]}).root.to_json() == {"api_keys": [TOKEN, KEEPER.token("other-1")]}


def test_a_mapping_of_passwords_hides_each_value() -> None:
    assert masked({"passwords": {"alice": "hunter2"}}).root.to_json() == {"passwords": {"alice": TOKEN}}


def test_a_mapping_of_secrets_keeps_what_only_names_them() -> None:
    value: Json = {"secrets": {"name": "docker", "file": "./x", "db": "hunter2"}}
    assert masked(value).root.to_json() == {"secrets": {"name": "docker", "file": "./x", "db": TOKEN}}


def test_a_mapping_under_a_secret_name_is_judged_by_its_members() -> None:
    value: Json = {"secret": {"secretName": "tls", "defaultMode": 420, "value": "hunter2"}}
    assert masked(value).root.to_json() == {"secret": {"secretName": "tls", "defaultMode": 420, "value": TOKEN}}


def test_pairs_of_name_and_value_are_understood() -> None:
    value: Json = {"env": [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "DB_HOST", "value": "db-1"}]}
    assert masked(value).root.to_json() == {
        "env": [{"name": "DB_PASSWORD", "value": TOKEN}, {"name": "DB_HOST", "value": "db-1"}]
    }


def test_the_data_of_a_kubernetes_secret_is_hidden() -> None:
    value: dict[str, Json] = {"kind": "Secret", "metadata": {"name": "db"}, "data": {"a.txt": "aHVudGVyMg=="}}
    shown = masked(value).root.to_json()
    assert shown == value | {"data": {"a.txt": KEEPER.token("aHVudGVyMg==")}}
    assert masked(value | {"kind": "ConfigMap"}).root.to_json() == value | {"kind": "ConfigMap"}


def test_an_argument_list_hides_what_follows_a_secret_option() -> None:
    assert masked({"command": ["app", "--password", "hunter2", "--port", "80"]}).root.to_json() == {
        "command": ["app", "--password", TOKEN, "--port", "80"]
    }


def test_a_command_in_pieces_hides_what_its_program_takes_for_a_password() -> None:
    assert masked({"command": ["mysqldump", "-uroot", "-phunter2", "shop"]}).root.to_json() == {
        "command": ["mysqldump", "-uroot", f"-p{TOKEN}", "shop"]
    }


def test_the_private_parts_of_a_json_web_key_are_hidden() -> None:
    value: Json = {"kty": "EC", "crv": "P-256", "x": "public", "d": "hunter2"}
    assert masked(value).root.to_json() == {"kty": "EC", "crv": "P-256", "x": "public", "d": TOKEN}


def test_a_file_called_secrets_hides_each_value() -> None:
    document = Document("/srv/secrets.yaml", "yaml", node_from_json({"wifi": "hunter2", "more": {"port": 80}}))
    mask(document, KEEPER)
    assert document.root.to_json() == {"wifi": TOKEN, "more": {"port": 80}}


def test_a_random_value_is_a_key_whatever_it_is_called() -> None:
    key = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="
    value: dict[str, Json] = {"seal": key, "PublicKey": key, "digest": key, "integrity": f"sha256-{key}"}
    assert masked(value).root.to_json() == value | {"seal": KEEPER.token(key)}


@pytest.mark.parametrize(
    "value",
    [
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "123e4567-e89b-12d3-a456-426614174000",
        "NetworkManagerWaitOnlineService2Config1",
        "org/freedesktop/NetworkManager1/Settings2Connection",
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvNb3yJ2k",
        "AAAAC3NzaC1lZDI1NTE5AAAAIJ8Yxc0mD2uQ5wE7rT9yU1iO3pA5",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
    ],
)
def test_digests_identifiers_certificates_and_alphabets_are_no_keys(value: str) -> None:
    assert masked({"setting": value}).root.to_json() == {"setting": value}


def test_a_cookie_and_an_authorization_are_known_by_the_header_they_stand_under() -> None:
    value: Json = {"headers": {"Cookie": "session=hunter2hunter2", "Authorization": "Splunk hunter2"}}
    assert "hunter2" not in json.dumps(masked(value).root.to_json())


def test_a_manifest_inside_a_value_is_hidden_whole_where_it_is_a_secret() -> None:
    applied = '{"kind":"Secret","data":{"a":"czNjcjN0"}}'
    assert masked({"last-applied": applied}).root.to_json() == {"last-applied": KEEPER.token(applied)}


def test_a_url_keeps_its_host() -> None:
    assert masked({"url": "postgres://app:hunter2@db-1/app"}).root.to_json() == {
        "url": f"postgres://app:{TOKEN}@db-1/app"
    }


def test_names_of_members_that_hold_secrets_are_hidden_and_keep_their_order() -> None:
    document = masked({"first": 1, "http://u:hunter2@h/": 2, "last": 3})
    assert document.root.to_json() == {"first": 1, f"http://u:{TOKEN}@h/": 2, "last": 3}
    assert isinstance(document.root.value, dict)
    assert list(document.root.value)[1] == f"http://u:{TOKEN}@h/"


def test_names_of_several_words_are_names() -> None:
    value: Json = {"passwd program": "/usr/bin/passwd %u", "passwd chat": "*new*"}
    document = Document("/etc/samba/smb.conf", "ini", node_from_json(value), untyped=True)
    mask(document, KEEPER)
    assert document.root.to_json() == value


def test_a_line_that_a_parser_could_not_split_is_searched_as_a_line() -> None:
    document = Document("/x", "ini", Node({"requirepass hunter2": Node(None)}), untyped=True)
    mask(document, KEEPER)
    assert document.root.to_json() == {f"requirepass {TOKEN}": None}


def test_a_directive_and_its_words_are_one_line() -> None:
    value: Json = {"user": "alice on >hunter2 ~*", "set": "$db_password hunter2", "stats": "auth admin:hunter2"}
    document = Document("/x", "redis", node_from_json(value), untyped=True)
    mask(document, KEEPER)
    assert document.root.to_json() == {
        "user": f"alice on {KEEPER.token('>hunter2')} ~*",
        "set": f"$db_password {TOKEN}",
        "stats": f"auth admin:{TOKEN}",
    }


def test_a_value_that_passes_for_a_fingerprint_is_hidden_like_any_secret() -> None:
    shown = masked({"note": TOKEN, "url": f"http://u:{TOKEN}@h"}).root.to_json()
    assert shown == {"note": KEEPER.token(TOKEN), "url": KEEPER.token(f"http://u:{TOKEN}@h")}


def test_a_document_that_was_masked_before_keeps_its_fingerprints_and_hides_what_is_a_secret_by_now() -> None:
    value: Json = {"password": TOKEN, "url": f"http://u:{TOKEN}@h", "token": "hunter2", "port": 80}
    document = Document("/etc/app.yml", "yaml", node_from_json(value))
    mask(document, KEEPER, masked_before=True)
    assert document.root.to_json() == {"password": TOKEN, "url": f"http://u:{TOKEN}@h", "token": TOKEN, "port": 80}


def test_everything_at_and_below_a_place_the_user_names_is_hidden() -> None:
    document = masked({"plain": {"a": "x", "b": [1, True, None]}, "other": "x"}, {("plain",)})
    shown = json.dumps(document.root.to_json())
    assert document.root.at(("other",)) is not None
    assert shown.count("driftd-secret:") == 3
    assert '"other": "x"' in shown
    assert "null" in shown


def test_an_alias_is_masked_once_for_all_the_places_it_stands_at() -> None:
    shared = Node("hunter2", 1)
    document = Document("/x", "yaml", Node({"ordinary": shared, "password": shared, "token": shared}))
    mask(document, KEEPER)
    assert document.root.to_json() == {"ordinary": TOKEN, "password": TOKEN, "token": TOKEN}


def test_an_alias_bomb_takes_no_time() -> None:
    node = Node("x")
    for _ in range(60):
        node = Node([node] * 10)
    mask(Document("/x", "toml", Node({"a": node})), KEEPER)


def text(*lines: str) -> Document:
    """Return a document of text by lines."""
    return Document("/x", "text", Node([Node(line, number) for number, line in enumerate(lines, 1)]))


def test_a_private_key_over_several_lines_of_text_is_hidden_line_by_line() -> None:
    document = text(
        "before", "  -----BEGIN RSA PRIVATE KEY-----", "short", "MIIEow", "", "-----END RSA PRIVATE KEY-----", "after"
    )
    mask(document, KEEPER)
    shown = document.root.to_json()
    assert isinstance(shown, list)
    assert (shown[0], shown[-1]) == ("before", "after")
    assert all(parse_token(str(line)) for line in shown[1:-1])


def test_a_private_key_without_an_end_hides_the_rest() -> None:
    document = text("before", "-----BEGIN PRIVATE KEY-----", "one", "two")
    mask(document, KEEPER)
    assert "two" not in json.dumps(document.root.to_json())
    assert document.root.at((0,)) is not None


@pytest.mark.parametrize(
    ("before", "hidden", "after"),
    [
        ("password: |", ["  hunter2", "", "  hunter3"], "host: x"),
        ("secret = <<EOT", ["hunter2"], "EOT"),
        ('password = """', ["hunter2", 'hunter3"""'], "host: x"),
        ("password = \\", ["  hunter2 \\", "  hunter3"], "host: x"),
        ("<auth-user-pass>", ["user", "hunter2"], "</auth-user-pass>"),
        ("chpasswd:", ["  root:hunter2"], "host: x"),
        ("$ANSIBLE_VAULT;1.1;AES256", ["6162636465", "6667"], "host: x"),
    ],
)
def test_what_belongs_to_a_secret_by_the_line_above_is_hidden(before: str, hidden: list[str], after: str) -> None:
    document = text("first: line", before, *hidden, after)
    mask(document, KEEPER)
    shown = document.root.to_json()
    assert isinstance(shown, list)
    assert (shown[0], shown[-1]) == ("first: line", after)
    assert all(parse_token(str(line)) for line, plain in zip(shown[2:-1], hidden, strict=True) if plain)


def test_a_kubernetes_secret_that_does_not_parse_hides_its_data() -> None:
    document = text("kind: Secret", "metadata:", "  name: db", "data:", "  {{- if x }}", "  a.txt: czNjcjN0", "type: x")
    mask(document, KEEPER)
    shown = document.root.to_json()
    assert isinstance(shown, list)
    assert shown[2] == "  name: db"
    assert shown[5] == f"  a.txt: {KEEPER.token('czNjcjN0')}"
    assert shown[6] == "type: x"


def test_a_certificate_in_text_is_left_alone() -> None:
    document = text("-----BEGIN CERTIFICATE-----", "MIIEow", "-----END CERTIFICATE-----", "after")
    mask(document, KEEPER)
    assert not document.secret


def test_a_private_key_that_a_parser_took_for_settings_is_hidden() -> None:
    material = "MIIEowIBAAKCAQEA0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKL"
    value: Json = {"a": 1, "-----BEGIN": "RSA PRIVATE KEY-----", material: "", "b": material + "=="}
    assert material not in json.dumps(masked(value).root.to_json())


def test_lines_of_text_hide_the_value_alone() -> None:
    document = text("host = db-1", "password = hunter2", "requirepass hunter2", "passwd: files systemd")
    mask(document, KEEPER)
    assert document.root.to_json() == [
        "host = db-1",
        f"password = {TOKEN}",
        f"requirepass {TOKEN}",
        "passwd: files systemd",
    ]


def test_settings_inside_a_text_value_are_masked_line_by_line() -> None:
    shown = masked({"app.properties": "host=db-1\npassword=hunter2\n"}).root.to_json()
    assert shown == {"app.properties": f"host=db-1\npassword={TOKEN}\n"}


def test_problems_quote_no_secret() -> None:
    document = Document("/x", "ini", node_from_json({"password": "hunter2"}))
    document.problems += [
        Problem(1, "duplicate key 'password' with value 'hunter2'"),
        Problem(2, "cannot read 'token = abcdefgh'"),
        Problem(3, "directive 'password' has no value"),
    ]
    mask(document, KEEPER)
    assert document.problems == [
        Problem(1, f"duplicate key 'password' with value '{TOKEN}'"),
        Problem(2, f"cannot read 'token = {KEEPER.token('abcdefgh')}'"),
        Problem(3, "directive 'password' has no value"),
    ]


def test_a_problem_is_searched_for_what_stands_nowhere_else() -> None:
    document = Document("/x", "ini", node_from_json({"a": "b"}), includes=["ghp_" + "aB3" * 12])
    document.problems.append(Problem(1, "cannot read 'rocommunity hunter2'"))
    document.problems.append(Problem(2, "cannot read 'mysql -phunter2 x'"))
    mask(document, KEEPER)
    assert "hunter2" not in document.problems[0].message + document.problems[1].message
    assert "ghp_" not in document.includes[0]


def test_problems_of_a_file_full_of_secrets_are_withheld() -> None:
    document = Document("/x", "ini", node_from_json({"passwords": [f"hunter{n}" for n in range(500)]}))
    document.problems.append(Problem(1, "what about hunter499?"))
    mask(document, KEEPER)
    assert "hunter499" not in document.problems[0].message
    assert document.problems[0].line == 1


def test_includes_hide_passwords_in_urls() -> None:
    document = Document("/x", "yaml", Node({}), includes=["http://u:hunter2@h/x", "/etc/other"])
    mask(document, KEEPER)
    assert document.includes == [f"http://u:{TOKEN}@h/x", "/etc/other"]
    assert document.secret


def test_a_huge_value_is_hidden_whole() -> None:
    node = masked({"blob": "x" * (MAX_SEARCHED + 1)}).root.at(("blob",))
    assert node is not None
    assert parse_token(str(node.value))


def test_a_message_from_elsewhere_is_masked_too() -> None:
    assert masked_text("found 'password: hunter2' here", KEEPER) == f"found 'password: {TOKEN}' here"
    assert masked_problem(Problem(7, "at postgres://u:hunter2@h"), KEEPER) == Problem(7, f"at postgres://u:{TOKEN}@h")
