"""Names of nginx's directives: by which a file without typical blocks is known, and which may stand repeatedly.

See https://nginx.org/en/docs/dirindex.html and the pages of the modules; third-party ones are headers-more, brotli,
GeoIP2, lua, ModSecurity and pagespeed.
"""

from __future__ import annotations

import re

KNOWN = re.compile(
    r"""
    # What starts with the name of a module or of a thing that many directives are about.
      (?:acme|add|aio|ancient|auth|autoindex|brotli|charset|chunked|client|connection_pool|create|dav|directio|etag
      |fastcgi|flv|geoip2?|grpc|gunzip|gzip|health_check|hls|http[23]|if_modified|ignore_invalid|image_filter|imap
      |internal_redirect|js|keepalive|keyval|large_client|limit|lingering|log|log_not|lua|map_hash|memcached
      |merge_slashes|mgmt|mirror|modsecurity|more|mp4|mqtt|msie|open_file_cache|open_log_file|otel|output|override
      |pagespeed|perl|pop3|port_in|post_action|postpone|preread|proxy|quic|random_index|read_ahead|real_ip|recursive
      |referer_hash|request_pool|reset_timedout|resolver|satisfy|scgi|secure_link|send|sendfile|server_name|server_names
      |server_tokens|session_log|slice|smtp|source_charset|spdy|ssi|ssl|state|status|stub|sub_filter|subrequest|tcp
      |thread|timer|tunnel|types_hash|underscores_in|uninitialized|userid|uwsgi|v2|variables_hash|websocket|worker
      |xclient|xml_entities|xslt|zone_sync)(?:_[a-z0-9_]+)?
    # Whole names.
    | absolute_redirect|accept_mutex(?:_delay)?|access_(?:log|by_lua\w*)|addition_types|alias|break|content_by_lua\w*
    | daemon|debug_(?:connection|points)|default_type|disable_symlinks|empty_gif|env|error_(?:log|page)|expires
    | api|f4f|hash|header_filter_by_lua\w*|index|internal|ip_hash|least_(?:conn|time)|load_module|location|lock_file
    | master_process|max_(?:errors|ranges)|min_delete_depth|multi_accept|ntlm|pcre_jit|pid|queue|rewrite
    | rewrite_(?:log|by_lua\w*)|root|set_(?:real_ip_from|by_lua\w*)|sticky\w*|try_files|upstream\w*|use|valid_referers
    | js_\w+|predefined_\w+|return
    """,
    re.VERBOSE,
)

# Directives that other programs' files have too, and what their arguments are in nginx.
SHARED = re.compile(
    r"""
      include\ [^\s"'<]+
    | (?:allow|deny)\ (?:all|unix:|[0-9a-fA-F.:]+(?:/[0-9]{1,3})?)
    | set\ \$\w+\ .*
    | listen\ (?:\S*:)?[0-9]+(?:\ .*)?
    | server\ \S+(?:\ (?:weight|max_fails|fail_timeout|max_conns|slow_start|backup|down|resolve|service|route)(?:=\S+)?)*+
    | user\ \w[\w-]*(?:\ \w[\w-]*)?
    | zone\ \w+(?:\ [0-9]+[kKmM])?
    """,
    re.VERBOSE | re.DOTALL,
)

_OF_A_PROTOCOL = (
    "cache_bypass",
    "cache_path",
    "cache_valid",
    "hide_header",
    "no_cache",
    "param",
    "pass_header",
    "set_header",
    "ssl_conf_command",
)

# Directives that may stand more than once in one block, by the documentation of each module.
REPEATABLE = frozenset(
    {f"{protocol}_{name}" for protocol in ("fastcgi", "grpc", "proxy", "scgi", "uwsgi") for name in _OF_A_PROTOCOL}
) | frozenset(
    {
        "access_log",
        "add_header",
        "add_trailer",
        "allow",
        "auth_http_header",
        "auth_jwt_claim_set",
        "auth_jwt_header_set",
        "auth_jwt_key_file",
        "auth_jwt_key_request",
        "auth_jwt_require",
        "auth_request_set",
        "debug_connection",
        "deny",
        "env",
        "error_log",
        "error_page",
        "geoip_proxy",
        "gzip_disable",
        "image_filter",
        "include",
        "js_import",
        "js_path",
        "js_periodic",
        "js_preload_object",
        "js_set",
        "js_shared_dict_zone",
        "js_var",
        "keyval",
        "keyval_zone",
        "limit_conn",
        "limit_conn_zone",
        "limit_req",
        "limit_req_zone",
        "listen",
        "load_module",
        "log_format",
        "lua_shared_dict",
        "mirror",
        "modsecurity_rules",
        "modsecurity_rules_file",
        "more_clear_headers",
        "more_clear_input_headers",
        "more_set_headers",
        "more_set_input_headers",
        "otel_span_attr",
        "perl_modules",
        "perl_require",
        "perl_set",
        "proxy_cookie_domain",
        "proxy_cookie_flags",
        "proxy_cookie_path",
        "proxy_redirect",
        "rewrite",
        "server",
        "set",
        "set_real_ip_from",
        "ssl_certificate",
        "ssl_certificate_key",
        "ssl_conf_command",
        "status_zone",
        "sub_filter",
        "xslt_param",
        "xslt_string_param",
        "xslt_stylesheet",
    }
)
