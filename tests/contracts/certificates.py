"""Certificates for receivers of the tests, made once a run with openssl."""

from __future__ import annotations

import subprocess
from pathlib import Path


class Authority:
    """A certificate authority in a directory, and what it has signed there."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.ca = directory / "ca.pem"
        self._key = directory / "ca.key"
        self._run(
            "req", "-x509", *self._new_key(self._key), "-out", str(self.ca), "-days", "30", "-subj", "/CN=authority",
            "-addext", "basicConstraints=critical,CA:TRUE",
        )  # fmt: skip

    def issue(self, name: str, *names: str, days: int = 30) -> Path:
        """Return a file with a certificate for these names (`IP:127.0.0.1`, `DNS:localhost`) and its key; negative: it has expired."""
        key, request, made = (self.directory / f"{name}.{end}" for end in ("key", "csr", "pem"))
        self._run("req", *self._new_key(key), "-out", str(request), "-subj", f"/CN={name}")
        extensions = self.directory / f"{name}.ext"
        extensions.write_text(f"subjectAltName={','.join(names)}\n" if names else "basicConstraints=CA:FALSE\n")
        self._run(
            "x509", "-req", "-in", str(request), "-CA", str(self.ca), "-CAkey", str(self._key), "-CAcreateserial",
            "-out", str(made), "-days", str(days), "-extfile", str(extensions),
        )  # fmt: skip
        whole = self.directory / f"{name}.both.pem"
        whole.touch(0o600)
        whole.write_bytes(made.read_bytes() + key.read_bytes())
        return whole

    def _new_key(self, path: Path) -> list[str]:
        path.touch(0o600)
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(path)]

    def _run(self, *words: str) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True)
