"""nginx: directives and blocks. See https://nginx.org/en/docs/beginners_guide.html#conf_structure."""

from __future__ import annotations

import re

from driftd.formats.blocks import BlockSyntax, parse_blocks
from driftd.model.document import Document, ParseError

NAME = "nginx"
VERSION = 1
PATTERNS = (
    "nginx.conf",
    "*.nginx",
    "*.nginx.conf",
    "*/nginx/*.conf",
    "*/nginx/*/*.conf",
    "*/nginx/**/*.conf",
    "*/nginx/sites-available/*",
    "*/nginx/sites-enabled/*",
    "*/nginx/snippets/*",
    "*/nginx/*_params",
    "*/nginx/mime.types",
    "*/nginx/koi-utf",
    "*/nginx/koi-win",
    "*/nginx/win-utf",
)

_SYNTAX = BlockSyntax(
    format=NAME,
    # Directives that may stand more than once in one block, by the documentation of each module.
    repeatable=frozenset(
        {
            "access_log",
            "add_header",
            "add_trailer",
            "allow",
            "auth_jwt_key_file",
            "deny",
            "env",
            "error_log",
            "error_page",
            "fastcgi_cache_path",
            "fastcgi_hide_header",
            "fastcgi_param",
            "grpc_set_header",
            "include",
            "limit_conn",
            "limit_conn_zone",
            "limit_req",
            "limit_req_zone",
            "listen",
            "load_module",
            "log_format",
            "proxy_cache_path",
            "proxy_cookie_domain",
            "proxy_cookie_path",
            "proxy_hide_header",
            "proxy_redirect",
            "proxy_set_header",
            "rewrite",
            "scgi_param",
            "server",
            "set",
            "set_real_ip_from",
            "ssl_certificate",
            "ssl_certificate_key",
            "ssl_conf_command",
            "sub_filter",
            "uwsgi_param",
        }
    ),
    single=frozenset({"events", "http", "mail", "rtmp", "stream", "types"}),
    includes=frozenset({"include"}),
    orders=(("allow", "deny"), ("rewrite", "return")),
    code=re.compile(r"\w+_by_lua_block"),
)

HINTS = ("*.conf", "*.vhost", "*/sites-available/*", "*/sites-enabled/*")
_TYPICAL = re.compile(
    rb"^[ \t]*+(?:http|events|server|location[ \t]++[^\n{;]++|upstream[ \t]++\S++|map[ \t]++\S++[ \t]++\S++)\s*+\{",
    re.MULTILINE,
)


def parse(data: bytes, path: str) -> Document:
    """Read directives and blocks; a directive without arguments has an empty value."""
    return parse_blocks(data, path, _SYNTAX)


def sniff(data: bytes) -> bool:
    """Whether the file is well-formed and has a block that is typical of nginx."""
    if _TYPICAL.search(data) is None:
        return False
    try:
        parse(data, "")
    except ParseError:
        return False
    return True
