"""Files of which nothing may be shown."""

from __future__ import annotations

import pytest

from driftd.secrets.mask import by_digest_alone, looks_like_private_key

ALONE = [
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/gshadow",
    "/etc/security/opasswd",
    "/etc/ssh/ssh_host_ed25519_key",
    "/root/.ssh/id_rsa",
    "/root/.ssh/id_ed25519",
    "/etc/ssl/private/server.pem",
    "/etc/nginx/server.key",
    "/etc/letsencrypt/archive/example.org/privkey1.pem",
    "/srv/app/keystore.jks",
    "/srv/app/STORE.P12",
    "/etc/krb5.keytab",
    "/root/.pgpass",
    "/etc/postfix/sasl_passwd",
    "/etc/ppp/chap-secrets",
    "/etc/openvpn/client.key",
    "/etc/chrony/chrony.keys",
    "/etc/rsyncd.secrets",
    "/etc/nginx/.htpasswd",
    "/etc/mosquitto/passwd",
    "/root/.vnc/passwd",
    "/srv/infra/terraform.tfstate",
]
PARSED = [
    "/etc/passwd",
    "/etc/group",
    "/etc/ssh/sshd_config",
    "/etc/ssh/ssh_host_ed25519_key.pub",
    "/root/.ssh/id_rsa.pub",
    "/etc/ssl/certs/ca.pem",
    "/etc/apt/trusted.gpg.d/vendor.key",
    "/etc/apt/keyrings/vendor.key",
    "/etc/pam.d/passwd",
    "/etc/login.defs",
    "/srv/app/keys.yml",
    "/etc/squid/squid.conf",
    "/etc/chrony/chrony.conf",
    "/srv/infra/main.tf",
]


@pytest.mark.parametrize("path", ALONE)
def test_a_file_of_secrets_is_compared_by_digest_alone(path: str) -> None:
    assert by_digest_alone(path)


@pytest.mark.parametrize("path", PARSED)
def test_other_files_are_parsed(path: str) -> None:
    assert not by_digest_alone(path)


@pytest.mark.parametrize(
    "content",
    [
        b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n",
        b"\xef\xbb\xbf-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
        b"# made by hand\n\n-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n",
        b"Bag Attributes\n  x: y\n-----BEGIN PRIVATE KEY-----\n",
        b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n",
        b"#\n# 2048 bit OpenVPN static key\n#\n-----BEGIN OpenVPN Static key V1-----\n",
        b"PuTTY-User-Key-File-3: ssh-ed25519\n",
        b"\xfe\xed\xfe\xed\x00\x00\x00\x02",
        b"\x05\x02\x00\x00\x00\x4a",
        b"$ANSIBLE_VAULT;1.1;AES256\n6162\n",
    ],
)
def test_a_private_key_is_known_by_its_content(content: bytes) -> None:
    assert looks_like_private_key(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n",
        b"-----BEGIN PUBLIC KEY-----\n",
        b"server:\n  key: |\n    -----BEGIN PRIVATE KEY-----\n",
        b"# how to make one: -----BEGIN PRIVATE KEY-----\nhost = a\n",
    ],
)
def test_settings_certificates_and_settings_with_a_key_inside_are_none(content: bytes) -> None:
    assert not looks_like_private_key(content)
