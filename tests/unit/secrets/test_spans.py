"""Secrets inside texts: what is hidden and what stays readable."""

from __future__ import annotations

import pytest

from driftd.secrets.spans import Likely, secret_spans
from tests.unit.secrets.test_planted import FILES, PLANTED


def hidden(text: str, *, lines: bool = True) -> str:
    """Return a text with `##` for everything that is hidden."""
    for start, end in reversed(secret_spans(text, lines=lines)):
        text = f"{text[:start]}##{text[end:]}"
    return text


SHA512 = "$6$rounds=5000$saltsalt$" + "a" * 86
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n"
HIDDEN = [
    ("postgres://app:hunter2@db-1:5432/app?x=1", "postgres://app:##@db-1:5432/app?x=1"),
    ("amqp://u:p@ss@host/", "amqp://u:##@host/"),
    ("redis://:hunter2@cache:6379/0", "redis://:##@cache:6379/0"),
    ("a http://u:one@h b https://u:two@h", "a http://u:##@h b https://u:##@h"),
    ("Server=db;Database=x;User Id=u;Password=hunter2;Encrypt=yes", None),
    ("host=db user=app password=hunter2 sslmode=require", "host=db user=app password=## sslmode=require"),
    ("user=app,password=a,b,uid=0", "user=app,password=##,uid=0"),
    ("/usr/bin/tool --user app --password hunter2 --port 80", "/usr/bin/tool --user app --password ## --port 80"),
    ("/usr/bin/tool --api-key=hunter22 -v", "/usr/bin/tool --api-key=## -v"),
    ("PGPASSWORD=hunter2 psql -h db", "PGPASSWORD=##"),
    ('password = "two words" # why', 'password = "##" # why'),
    ("password = two words", "password = ##"),
    ("db_password: 'it''s'", "db_password: '##'"),
    ("requirepass foobared", "requirepass ##"),
    ("#requirepass foobared", "#requirepass ##"),
    ("$dbpass = 'x1y2z3';", "$dbpass = '##';"),
    ("$cfg['password'] = 'x1y2z3';", "$cfg['password'] = '##';"),
    ("define('DB_PASSWORD', 'x1y2z3');", "define('DB_PASSWORD', '##');"),
    ("'password' => 'x1y2z3',", "'password' => '##',"),
    ("<password>hunter2</password>", "<password>##</password>"),
    ('<property name="db.password" value="hunter2"/>', '<property name="db.password" value="##"/>'),
    ("//registry.example.org/:_authToken=abcdef123", "//registry.example.org/:_authToken=##"),
    (f"root:{SHA512}:19000:0:99999:7:::", "root:##:19000:0:99999:7:::"),
    ("admin:$apr1$abcdefgh$0123456789012345678901", "admin:##"),
    ("user admin password $5$saltsalt$" + "b" * 43, "user admin password ##"),
    ("hash $y$j9T$saltsalt$" + "c" * 43, "hash ##"),
    ("pw $2y$10$" + "d" * 53, "pw ##"),
    ("userPassword: {SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "userPassword: ##"),
    ("root:aBcDeFgHiJkLm:0:0:root:/root:/bin/sh", "root:##:0:0:root:/root:/bin/sh"),
    ("Authorization: Bearer abcdef", "Authorization: ##"),
    ('proxy_set_header Authorization "Basic dXNlcjpwYXNz";', 'proxy_set_header Authorization "Basic ##";'),
    ("curl -H 'X-Api-Key: abcdef12' x", "curl -H 'X-Api-Key: ##' x"),
    ("curl -u admin:hunter2 https://x", "curl -u admin:## https://x"),
    ("key AKIAIOSFODNN7EXAMPLE here", "key ## here"),
    ("x ghp_" + "a1B2" * 9, "x ##"),
    ("https://hooks.slack.com/services/T000/B000/XXXXXXXX", "https://hooks.slack.com/##"),
    ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "jwt ##"),
    ("app:hunter2@tcp(db:3306)/app", "app:##@tcp(db:3306)/app"),
    ("user bob insecure-password hunter2", "user bob insecure-password ##"),
    ("username admin privilege 15 secret 0 hunter2", "username admin privilege 15 secret 0 ##"),
    ("rocommunity s3cr3t 10.0.0.0/8", "rocommunity ## 10.0.0.0/8"),
    ('vars.snmp_community = "s3cr3t"', 'vars.snmp_community = "##"'),
    ("SNMPCommunity s3cr3t", "SNMPCommunity ##"),
    ("sentinel auth-pass mymaster hunter2", "sentinel auth-pass mymaster ##"),
    (': PSK "hunter2"', ": PSK ##"),
    ("user alice on >hunter2 ~* +@all", "user alice on ## ~* +@all"),
    ("jdbc:sqlserver://h:1433;user=u;password=hunter2;encrypt=true", None),
    ("jdbc:oracle:thin:u/hunter2@//h:1521/x", None),
    ("Driver={x};Uid=u;Pwd=hunter2;", None),
    ("https://0123456789abcdefABCD0123@github.com/x.git", "https://##@github.com/x.git"),
    ("https://h/c?sv=1&sig=abcDEF123%2Babc456%3D&se=2", "https://h/c?sv=1&sig=##&se=2"),
    ("snmp://hunter2@switch-1", "snmp://##@switch-1"),
    ("Cookie: session=hunter2hunter2; theme=dark", "Cookie: ##"),
    ("Authorization: Splunk hunter2", "Authorization: ##"),
    ("RequestHeader set Api-Key hunter2", "RequestHeader set Api-Key ##"),
    ('key "k" { algorithm hmac-sha256; secret "hunter2"; };', 'key "k" { algorithm hmac-sha256; secret "##"; };'),
    ('sql(username("u") password("hunter2"))', 'sql(username("u") password("##"))'),
    ('{default_pass, <<"hunter2">>}', '{default_pass, <<"##">>}'),
    ('["--token", "hunter2"]', '["--token", "##"]'),
    ("password=$(echo hunter2)", "password=##"),
    ("crypto pw hunter2", "crypto pw ##"),
    ("alice:rl0uE5pFaXqA2", "alice:##"),
    ("alice:realm:5f4dcc3b5aa765d61d8327deb882cf99", "alice:realm:##"),
    ("db-1:5432:shop:app:hunter2", "db-1:5432:shop:app:##"),
    ("mysqldump -uroot -phunter2 shop", "mysqldump -uroot -p## shop"),
    ("mysqldump -uroot -p'hunter2' shop", "mysqldump -uroot -p'##' shop"),
    ("sshpass -p hunter2 ssh h", "sshpass -p ## ssh h"),
    ("echo hunter2 | sudo passwd --stdin u", "echo ## | sudo passwd --stdin u"),
    ("neighbor 10.0.0.1 password hunter2", "neighbor 10.0.0.1 password ##"),
    (
        CERTIFICATE + "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nmore",
        CERTIFICATE + "##\nmore",
    ),
    ("-----BEGIN PRIVATE KEY-----\nabc without an end", "##"),
]


@pytest.mark.parametrize(("text", "shown"), HIDDEN)
def test_the_secret_is_hidden_and_the_rest_is_readable(text: str, shown: str | None) -> None:
    found = hidden(text)
    assert found == (shown if shown is not None else text.replace("hunter2", "##"))


ORDINARY = [
    "http://host:8080/path@version",
    "https://user@host/path",
    "https://user:${PASSWORD}@host/",
    "git@github.com:owner/name.git",
    "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8Yxc0 me@host",
    "passwd:         files systemd",
    "password        [success=1 default=ignore]      pam_unix.so obscure yescrypt",
    "password requisite pam_pwquality.so retry=3",
    "password = ${DB_PASSWORD}",
    "password: /run/secrets/db_password",
    "password_file=/etc/app/password",
    "password = ",
    'password = ""',
    "password_encryption = scram-sha-256",
    "PasswordAuthentication no",
    "token_ttl = 3600",
    "tokens_valid: true",
    "use_token: yes",
    "server_tokens off;",
    "proxy_pass http://backend;",
    "secretName: tls-certificate",
    "rewrite ^/(.*)$ /$1$2$is_args$args last;",
    "root:x:0:0:root:/root:/bin/bash",
    "sync:*:4:65534:sync:/bin:/bin/sync",
    "Password must be changed by the user.",
    "# The password is read from a file",
    "SECRET_PATH=/var/lib/secret/data",
    "--password-file /etc/x --token-ttl 30",
    "PASS_MAX_DAYS   99999",
    "ssl_certificate_key /etc/ssl/private/key.pem;",
    "Authorization: ${HEADER}",
    "bearer of good news and nothing else",
    "machine-id 0123456789abcdef0123456789abcdef",
    "-a always,exit -F path=/etc/sudoers -F perm=wa -F key=10.2.2-priv-config-changes",
    "# To set a CHAP username and password for initiator",
    "# Passphrase expiration",
    "# password incorrectly.",
    "# Declare your Authorization Bearer Token in the section",
    "# api-key\tStatic pre-shared authentication key for access",
    "# will use 'default' user with sentinel-pass to authenticate.",
    "# SetDBPassword = (default: none)",
    "NONE:+VERS-TLS1.2:+ECDHE-PSK:+PSK:+AES-128-GCM",
    "private_key = $dir/private/cakey.pem # The private key",
    '"identity:change_password": "rule:admin_or_owner",',
    "krb5_kpasswd = kdc.example.org",
    "value %{passwords::cassandra::restbase}",
    "password = '%{passwords::cassandra::restbase}'",
    "suggested-size passwd 211",
    "Pwd=`basename %d /`",
    "secret = # none",
    'passwd=$(getent passwd "$user")',
    "ConditionCredential=|sysusers.extra",
    "# password: the password of the user",
    "# if passing --private-key to ansible or ansible-playbook",
    "token = data.external.vault.result.api_key",
    "api_key = var.fastly_api_key",
    'master-key = { mx = "mail" }',
    "check_http -S -u 'https://host/path'",
    'program = ["get_key.py", "api_key", "--format", "json"]',
    "paste.filter_factory = keystonemiddleware.auth_token:filter_factory",
    "cache_credentials = bool, None, false",
    "mkdir -p /srv/mysql",
    "mysql -p shop",
    "result relay:mail.example.org",
    "result alice@example.org",
    "host:configuration",
    "a:b:c:d:e",
    "2001:db8:0:1:2:3:4:5",
    "docker run -p 8080:80 nginx",
    "ssh -p 2222 host",
    "ps -p 1",
    "zip -r a.zip b",
    "set community 65000:100",
    "cookie SRV insert indirect nocache",
    "tls-session-ticket-keys: path/to/key",
    "password = $mysql_health_password$",
    "master-key = mta-sts.example.org.",
    "challengePassword = A challenge password",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert hidden(text) == text


HOSTILE = [
    "password=" * 60_000,
    'password="' * 50_000,
    "password='\\" * 50_000,
    "://a:" + "b@" * 200_000,
    "://:" * 120_000,
    "-----BEGIN PRIVATE KEY-----" * 20_000,
    "$6$" * 150_000,
    "<password>" * 50_000,
    "user a " + "b " * 250_000,
    "eyJ" + "a." * 200_000,
    "a" * 500_000 + "=secret",
    "secret" + " " * 500_000,
    "authorization " * 35_000,
    "{ secret " * 50_000,
    'password("' * 50_000,
    "password: |\n" * 40_000,
    "$ANSIBLE_VAULT;1.1;AES256\n61 " * 15_000,
    "mysql -p" * 50_000,
    "a=b\n" * 100_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:16])
def test_a_hostile_text_is_searched_to_its_end(text: str) -> None:
    """An expression that is not linear would take hours over these."""
    spans = secret_spans(text + "\npassword = hunter2", lines=True)
    assert spans[-1][1] == len(text) + len("\npassword = hunter2")


def test_a_text_that_is_plain_at_a_glance_hides_nothing() -> None:
    texts = [text for text, _ in HIDDEN]
    texts += [line for file in FILES.values() for line in file.replace("{0}", PLANTED).splitlines()]
    texts += [word for text in texts for word in text.split()]
    plain = 0
    for text in texts:
        for lines in (False, True):
            if Likely.of("x " + text).is_plain(text, lines=lines):
                plain += 1
                assert secret_spans(text, lines=lines) == [], text
    assert plain > 500  # else nothing is gained
