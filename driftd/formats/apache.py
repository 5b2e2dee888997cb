"""Apache httpd: directives and `<Section argument>` blocks. See https://httpd.apache.org/docs/2.4/configuring.html.

Names ignore case. A RewriteRule is an object with the RewriteCond lines before it, which belong to it.
"""

from __future__ import annotations

import re

from driftd.formats.families.nested_sections import NestedSyntax, parse_nested_sections
from driftd.formats.parts.content import is_well_formed
from driftd.formats.parts.lines import continued, lines, significant
from driftd.model.document import Document

NAME = "apache"
VERSION = 4
PATTERNS = (
    "apache2.conf",
    "httpd.conf",
    "httpd-*.conf",
    ".htaccess",
    ".htaccess-*",
    "*.htaccess",
    "htaccess",
    "*/apache2/**/*.conf",
    "*/apache2/sites-available/*",
    "*/apache2/sites-enabled/*",
    "*/apache2/mods-available/*.load",
    "*/apache2/mods-enabled/*.load",
    "*/apache/**/*.conf",
    "*/httpd/**/*.conf",
    "*/mods-available/*.load",
    "*/mods-enabled/*.load",
    "*/modsecurity/*.conf",
)
HINTS = ("*.conf", "*.vhost", "*/sites-available/*", "*/sites-enabled/*", "*/htaccess*")

# Directives that add to what was said before, by the documentation of each module.
REPEATABLE = frozenset(
    {
        # core, mod_so, mod_macro, mod_unixd
        *("acceptfilter", "define", "errordocument", "include", "includeoptional", "listen", "loadfile", "loadmodule"),
        *("mutex", "namevirtualhost", "serveralias", "undefine", "undefmacro", "use"),
        # mod_authz_core, mod_access_compat
        *("allow", "deny", "require"),
        # mod_alias, mod_actions, mod_userdir, mod_dir
        *("action", "alias", "aliasmatch", "directoryindex", "redirect", "redirectmatch", "redirectpermanent"),
        *("redirecttemp", "script", "scriptalias", "scriptaliasmatch", "userdir"),
        # mod_autoindex
        *("addalt", "addaltbyencoding", "addaltbytype", "adddescription", "addicon", "addiconbyencoding"),
        *("addiconbytype", "indexignore", "indexoptions"),
        # mod_mime, mod_filter, mod_ext_filter, mod_substitute, mod_sed
        *("addcharset", "addencoding", "addhandler", "addinputfilter", "addlanguage", "addoutputfilter"),
        *("addoutputfilterbytype", "addtype", "extfilterdefine", "filterchain", "filterdeclare", "filterprotocol"),
        *("filterprovider", "inputsed", "outputsed", "removecharset", "removeencoding", "removehandler"),
        *("removeinputfilter", "removelanguage", "removeoutputfilter", "removetype", "substitute"),
        # mod_env, mod_setenvif, mod_headers, mod_expires, mod_cache
        *("browsermatch", "browsermatchnocase", "cachedisable", "cacheenable", "expiresbytype", "header", "passenv"),
        *("requestheader", "setenv", "setenvif", "setenvifexpr", "setenvifnocase", "unsetenv"),
        # mod_log_config
        *("customlog", "globallog", "logformat"),
        # mod_proxy and its kin, mod_remoteip
        *("balancermember", "noproxy", "proxyblock", "proxyfcgisetenvif", "proxyhtmllinks", "proxyhtmlurlmap"),
        *("proxypass", "proxypassmatch", "proxypassreverse", "proxypassreversecookiedomain"),
        *("proxypassreversecookiepath", "proxyremote", "proxyremotematch", "proxyset", "remoteipinternalproxy"),
        *("remoteiptrustedproxy",),
        # mod_rewrite
        *("rewritecond", "rewritemap"),
        # mod_ssl, mod_md
        *("mdomain", "sslcertificatefile", "sslcertificatekeyfile", "sslopensslconfcmd", "sslrandomseed", "sslrequire"),
        # mod_lua, mod_perl, mod_php, mod_wsgi, mod_fcgid, mod_fastcgi, mod_passenger
        *("fastcgiexternalserver", "fastcgiserver", "fcgidinitialenv", "fcgidwrapper", "luamaphandler"),
        *("luapackagepath", "passengerenvvar", "perladdvar", "perlmodule", "perlpassenv", "perlrequire", "perlsetenv"),
        *("perlsetvar", "php_admin_flag", "php_admin_value", "php_flag", "php_value", "wsgidaemonprocess"),
        *("wsgiimportscript", "wsgiscriptalias", "wsgiscriptaliasmatch"),
        # ModSecurity
        *("secaction", "secmarker", "secrule", "secruleremovebyid", "secruleremovebymsg", "secruleremovebytag"),
        *("secrulescript", "secruleupdateactionbyid", "secruleupdatetargetbyid", "secruleupdatetargetbymsg"),
        *("secruleupdatetargetbytag",),
    }
)

_SYNTAX = NestedSyntax(
    format=NAME,
    repeatable=REPEATABLE,
    includes=frozenset({"include", "includeoptional"}),
    # Where the first that matches wins, or the last one said, whatever its name: mod_alias keeps all redirects in one
    # list and all aliases in another, mod_proxy all mappings, mod_setenvif all variables; sections of one level are
    # merged as they come (https://httpd.apache.org/docs/2.4/sections.html#merging).
    orders=(
        ("redirect", "redirectpermanent", "redirecttemp", "redirectmatch"),
        ("scriptalias", "scriptaliasmatch", "alias", "aliasmatch"),
        ("proxypass", "proxypassmatch"),
        ("setenvif", "setenvifnocase", "setenvifexpr", "browsermatch", "browsermatchnocase"),
        ("setenv", "passenv", "unsetenv"),
        ("location", "locationmatch"),
        ("files", "filesmatch"),
        ("if", "elseif", "else"),
        ("secaction", "secrule", "secmarker"),
        ("include", "includeoptional", "*"),
    ),
    code=frozenset({"perl"}),
    # httpd's start_ifmod and start_ifdefine take the argument as it is written.
    unquoted=frozenset({"ifdefine", "ifmodule"}),
    conditions=("rewritecond", "rewriterule", "rule"),
)


def parse(data: bytes, path: str) -> Document:
    """Read directives and sections; a directive without arguments has an empty value."""
    return parse_nested_sections(data, path, _SYNTAX)


_TYPICAL = re.compile(
    rb"^[ \t]*+<(?:Directory|DirectoryMatch|Files|FilesMatch|IfDefine|IfModule|IfVersion|Location|LocationMatch|Proxy"
    rb"|VirtualHost)\b[^\n>]*>",
    re.MULTILINE | re.IGNORECASE,
)
# Directives that other programs have, too: a file of nothing else is not taken for one of httpd.
_COMMON = frozenset(
    {"action", "alias", "allow", "define", "deny", "header", "include", "listen", "mutex", "options", "passenv"}
    | {"redirect", "require", "script", "setenv", "substitute", "undefine", "unsetenv", "use", "userdir"}
)
_USUAL = REPEATABLE - _COMMON | frozenset(
    {"accessfilename", "adddefaultcharset", "allowoverride", "authname", "authtype", "authuserfile", "documentroot"}
    | {"expiresactive", "fileetag", "rewritebase", "rewriteengine", "rewriterule", "serveradmin", "servername"}
    | {"serversignature", "servertokens", "sethandler", "setoutputfilter", "sslengine", "traceenable"}
)


def sniff(data: bytes) -> bool:
    """Whether the file has a section that is typical of httpd and is well-formed, or nothing but its usual directives."""
    if _TYPICAL.search(data) is not None:
        return is_well_formed(data, parse)
    names = {line.text.split(None, 1)[0].lower() for line in significant(continued(lines(data), " "))}
    return not _USUAL.isdisjoint(names) and names <= _USUAL | _COMMON
