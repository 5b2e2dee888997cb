"""Names of XML elements and attributes, and the namespaces that their prefixes stand for. See Namespaces in XML 1.0."""

from __future__ import annotations

import re

XMLNS = "xmlns"
_CUSTOMARY = {
    "http://www.w3.org/XML/1998/namespace": "xml",
    "http://www.w3.org/1999/XSL/Transform": "xsl",
    "http://www.w3.org/1999/xlink": "xlink",
    "http://www.w3.org/2001/XInclude": "xi",
    "http://www.w3.org/2001/XMLSchema": "xsd",
    "http://www.w3.org/2001/XMLSchema-instance": "xsi",
    "http://schemas.microsoft.com/XML-Document-Transform": "xdt",
    "http://schemas.xmlsoap.org/soap/envelope/": "soap",
    "http://schemas.xmlsoap.org/wsdl/": "wsdl",
}
"""Prefixes that everybody gives to these namespaces."""
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_PARTS = re.compile(r"[^/:#?]+")
_VERSION = re.compile(r"v?[0-9][0-9.\-]*\Z")


class Namespaces:
    """The namespaces in scope while a document is read from its start to its end."""

    def __init__(self) -> None:
        self._scopes: list[dict[str, str]] = [{"xml": "http://www.w3.org/XML/1998/namespace", "": ""}]
        self._spelled: dict[str, str] = {}
        """Namespaces of elements -> the first prefix that stands for each in the document."""
        self.prefixes: dict[str, str] = {}
        """Namespaces of attributes -> the prefix that stands for each in this document's settings."""

    def enter(self, attributes: list[tuple[str, str]]) -> None:
        """Take an element's declarations."""
        declared = {
            name[len(XMLNS) + 1 :]: uri for name, uri in attributes if name == XMLNS or name.startswith(f"{XMLNS}:")
        }
        self._scopes.append({**self._scopes[-1], **declared} if declared else self._scopes[-1])

    def leave(self) -> None:
        """Forget what the last element declared."""
        self._scopes.pop()

    def element(self, name: str) -> tuple[str, str | None]:
        """Return an element's name and namespace; None where the prefix is not declared.

        Its prefix is the first that the document has for the namespace.
        """
        prefix, _, local = name.rpartition(":")
        uri = self._scopes[-1].get(prefix)
        if uri is None:
            return name, None
        first = self._spelled.setdefault(uri, prefix)
        return f"{first}:{local}" if first else local, uri

    def attribute(self, name: str, value: str) -> tuple[str, str]:
        """Return an attribute as it is named and valued whatever the prefixes; one without prefix has no namespace."""
        prefix, _, local = name.rpartition(":")
        uri = self._scopes[-1].get(prefix) if prefix else None
        if not uri:
            return name, value
        if uri == _XSI and local == "type":
            value = self._type(value)
        return f"{self._prefix(uri)}:{local}", value

    def _type(self, value: str) -> str:
        """The type that an `xsi:type` names."""
        prefix, _, local = value.strip().rpartition(":")
        uri = self._scopes[-1].get(prefix) if prefix else None
        return f"{customary_prefix(uri)}:{local}" if uri else value

    def _prefix(self, uri: str) -> str:
        known = self.prefixes.get(uri)
        if known is None:
            prefix = customary_prefix(uri)
            number = sum(other.partition("_")[0] == prefix for other in self.prefixes.values())
            known = self.prefixes[uri] = f"{prefix}_{number + 1}" if number else prefix
        return known


def customary_prefix(uri: str) -> str:
    """Return the prefix by which a namespace goes: the last part of its name that is no version."""
    if uri in _CUSTOMARY:
        return _CUSTOMARY[uri]
    parts = [part for part in _PARTS.findall(uri) if not _VERSION.match(part)]
    return parts[-1].replace("_", "-") if parts else uri


def is_customary(uri: str) -> bool:
    """Whether a prefix alone tells which namespace is meant."""
    return uri in _CUSTOMARY
