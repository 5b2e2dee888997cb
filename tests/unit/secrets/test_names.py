"""Names of settings: which say that their value is a secret."""

from __future__ import annotations

import pytest

from driftd.secrets.assignments import HINTS
from driftd.secrets.detectors import detectors
from driftd.secrets.names import Secrecy, name_words, secrecy

SECRET = [
    "password",
    "db_password",
    "DB_PASSWORD",
    "PGPASSWORD",
    "passwd",
    "mysql-passwd",
    "passphrase",
    "wpa_passphrase",
    "api-key",
    "apiKey",
    "API_KEY",
    "apikey",
    "secret",
    "secret_key",
    "secretKey",
    "SECRET_KEY_BASE",
    "client_secret",
    "clientSecret",
    "token",
    "accessToken",
    "auth_token",
    "_authToken",
    "private_key",
    "privateKey",
    "PrivateKey",
    "PresharedKey",
    "preshared-key",
    "psk",
    "requirepass",
    "masterauth",
    "bindpw",
    "rootpw",
    "_auth",
    "spring.datasource.password",
    "javax.net.ssl.keyStorePassword",
    "password2",
    "password_hash",
    "aws_secret_access_key",
    "AccountKey",
    "SharedAccessKey",
    "encryption_key",
    "signing-key",
    "auth_pass",
    "smtp_pass",
    "MYSQL_ROOT_PASSWORD",
    "insecure-password",
    "bind_password",
    "credential",
    "github_token",
    "rocommunity",
    "dbpass",
]

ORDINARY = [
    "password_file",
    "passwordFile",
    "password-policy",
    "PasswordAuthentication",
    "passwordauthentication",
    "permitemptypasswords_file",
    "token_ttl",
    "tokenExpiry",
    "tokens_valid",
    "secretName",
    "secret_name",
    "secretKeyRef",
    "existingSecret",
    "imagePullSecrets",
    "server_tokens",
    "proxy_pass",
    "fastcgi_pass",
    "PASS_MAX_DAYS",
    "password_encryption",
    "public_key",
    "publicKey",
    "authorized_keys",
    "smtp_sasl_password_maps",
    "compass",
    "bypass_hosts",
    "passenger",
    "secretary",
    "tokenizer",
    "secrets_dir",
    "private_key_file",
    "ssl_certificate_key_path",
    "LoadCredential",
    "token_endpoint",
    "max_tokens",
    "user",
    "name",
    "host",
]


@pytest.mark.parametrize("name", SECRET)
def test_a_name_of_secrets_is_known(name: str) -> None:
    assert secrecy(name) >= Secrecy.STRONG


@pytest.mark.parametrize("name", ORDINARY)
def test_a_name_that_only_contains_such_a_word_is_left_alone(name: str) -> None:
    assert secrecy(name) is Secrecy.NONE


@pytest.mark.parametrize("name", ["key", "ssl_key", "auth", "salt", "cookie"])
def test_an_ambiguous_name_needs_a_value_that_looks_random(name: str) -> None:
    assert secrecy(name) is Secrecy.WEAK


def test_words_are_told_apart_by_case_and_separators() -> None:
    assert name_words("spring.dataSource.APIKey_2") == ("spring", "data", "source", "api", "key", "2")


def test_every_secret_name_is_looked_for_in_lines() -> None:
    """Lines in which none of the hints stands are not searched for names."""
    names = detectors().names
    known = {" ".join(words) for words in names.words} | names.exact | set(names.glued) | names.weak
    assert [name for name in sorted(known) if not any(hint in name for hint in HINTS)] == []
