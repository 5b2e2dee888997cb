"""HCL: attributes and blocks of Terraform, Packer, Nomad, Consul, Vault. See the HCL native syntax specification.

A block is an object in the list under its type, its labels the member `@`. An expression that is no literal is text
in `${}`, as HCL's own JSON syntax has it, so that `x` and `"${x}"` are one.
"""

from __future__ import annotations

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import decode
from driftd.model.document import Document

NAME = "hcl"
VERSION = 1
PATTERNS = (
    "*.tf",
    "*.tofu",
    "*.tfvars",
    "*.tfbackend",
    "*.hcl",
    "*.nomad",
    ".terraformrc",
    "terraform.rc",
)


def parse(data: bytes, path: str) -> Document:
    """Read attributes and blocks; ParseError names the line of what is not HCL."""
    from driftd.formats.hcl.reader import read  # late: few hosts have such files

    return read(decode(data), DocumentBuilder(path, NAME, untyped=False))
