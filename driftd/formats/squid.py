"""squid.conf: a directive and its arguments on each line. See squid.conf.documented.

Directives under `if` make an object in the list `if`, with the condition in `@`; those under `else` likewise.
"""

from __future__ import annotations

from driftd.formats.families.directives import DirectiveReader, Directives, Setting
from driftd.formats.parts.lines import lines, significant
from driftd.formats.parts.order import Order, by_name
from driftd.model.document import Document, Node

NAME = "squid"
VERSION = 3
PATTERNS = (
    "squid.conf",
    "squid3.conf",
    "*/squid/squid.conf",
    "*/squid*/squid*.conf",
    "*/squid*/conf.d/*.conf",
    "squid.conf.documented",
    "squid.conf.default",
)
HINTS = ("squid*.conf", "*/squid/*.conf", "*/*squid*/*.conf", "*/*proxy*/squid*")

_SYNTAX = Directives(
    format=NAME,
    trailing=True,
    backslash=True,
    repeatable=frozenset(
        {
            *("access_log", "acl", "adaptation_access", "adaptation_meta", "adaptation_service_chain"),
            *("adaptation_service_set", "adapted_http_access", "always_direct", "auth_param", "auth_schemes"),
            *("authenticate_ip_shortcircuit_access", "broken_posts", "cache", "cache_dir", "cache_log_message"),
            *("cache_peer", "cache_peer_access", "cache_peer_domain", "cache_store_log", "cachemgr_passwd"),
            *("clientside_mark", "clientside_tos", "collapsed_forwarding_access", "delay_access", "delay_class"),
            *("delay_parameters", "deny_info", "ecap_service", "error_map", "external_acl_type"),
            *("follow_x_forwarded_for", "ftp_port", "header_access", "header_replace", "hosts_file", "htcp_access"),
            *("htcp_clr_access", "http_access", "http_access2", "http_port", "http_reply_access"),
            *("http_upgrade_request_protocols", "https_port", "icap_service", "icp_access", "ident_lookup_access"),
            *("include", "loadable_modules", "log_access", "log_mime_hdrs_access", "logformat", "mark_client_packet"),
            *("mcast_groups", "miss_access", "neighbor_type_domain", "never_direct", "no_cache", "note"),
            *("on_unsupported_protocol", "range_offset_limit", "refresh_pattern", "reply_body_max_size"),
            *("reply_header_access", "reply_header_add", "reply_header_replace", "request_header_access"),
            *("request_header_add", "request_header_replace", "response_delay_pool_access", "send_hit"),
            *("server_cert_fingerprint", "server_pconn_for_nonretriable", "snmp_access", "spoof_client_ip"),
            *("ssl_bump", "sslproxy_cert_adapt", "sslproxy_cert_error", "sslproxy_cert_sign", "stats_collection"),
            *("store_id_access", "store_miss", "storeurl_access", "tcp_outgoing_address", "tcp_outgoing_mark"),
            *("tcp_outgoing_tos", "url_rewrite_access", "urlgroup", "wccp2_router", "wccp2_service"),
            "wccp2_service_info",
        }
    ),
    includes=frozenset({"include"}),
)
_ORDERS = by_name([("include", "if", "http_access")])
"""Of rules the first that matches counts, so the place of an include, or of rules under a condition, among them does."""
_TYPICAL = frozenset({"cache_dir", "cache_mem", "cache_peer", "http_access", "http_port", "refresh_pattern"})


def parse(data: bytes, path: str) -> Document:
    """Read directives; arguments are joined by one space."""
    reader = DirectiveReader(data, path, _SYNTAX)
    conditions: list[Node] = []
    order = Order(_ORDERS)
    for setting in reader.settings():
        order.note_any(setting.name)
        if setting.name in ("if", "else", "endif"):
            _condition(reader, setting, conditions)
        else:
            reader.add(setting, conditions[-1] if conditions else None)
    for node in conditions:
        reader.builder.problem(node.line, "condition is not closed")
    order.tell(reader.builder, reader.builder.root, 1)
    return reader.builder.done()


def _condition(reader: DirectiveReader, setting: Setting, conditions: list[Node]) -> None:
    """Enter or leave what is read under a condition."""
    if setting.name != "if" and not conditions:
        reader.builder.unread(setting.name, setting.line, f"{setting.name} without if")
        return
    if setting.name != "if":
        conditions.pop()
    if setting.name != "endif":
        at = conditions[-1] if conditions else None
        argument = setting.value if setting.name == "if" else None
        conditions.append(reader.builder.block(setting.name, argument, setting.line, at=at))


def sniff(data: bytes) -> bool:
    """Whether two directives are typical of Squid, and no line looks like another syntax."""
    found: set[str] = set()
    for line in significant(lines(data)):
        name, *rest = line.text.split(None, 1)
        if line.text[-1] in "{};" or (rest and rest[0].startswith("=")) or "=" in name:
            return False
        found.add(name)
    return len(found & _TYPICAL) >= 2
