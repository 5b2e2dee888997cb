"""A secret planted in real syntax of every format is found by nobody after masking."""

from __future__ import annotations

import json

import pytest

from driftd.formats import registry
from driftd.formats.detection import detect
from driftd.formats.reading import read
from driftd.secrets.fingerprint import SecretKeeper
from driftd.secrets.mask import mask

PLANTED = "S3cr3t-Value-99"
KEEPER = SecretKeeper(b"k" * 32)

FILES = {
    "/etc/app.yml": "db:\n  password: {0}\n  url: postgres://u:{0}@h/x\nenv:\n- name: API_TOKEN\n  value: {0}\n- X_SECRET={0}\n",
    "/etc/broken.yml": "db:\n  password: {0}\n bad: [\n",
    "/etc/app.json": '{{"client_secret": "{0}", "args": ["--token", "{0}"], "list": {{"tokens": ["{0}"]}}}}',
    "/etc/app.toml": '[db]\npassword = "{0}"\ndsn = "u:{0}@tcp(db:3306)/x"\n',
    "/etc/app.ini": "password = {0}\n[db]\nsmtp_pass={0}\n[snmp]\ncommunity_string = {0}\n",
    "/etc/php/8.2/fpm/pool.d/www.conf": '[www]\nenv[DB_PASSWORD] = "{0}"\nphp_admin_value[mysqli.default_pw] = {0}\n',
    "/root/.gitconfig": (
        '[http]\n\textraHeader = "Authorization: Bearer {0}"\n[remote "o"]\n\turl = https://u:{0}@h/r.git\n'
        "[sendemail]\n\tsmtpPass = {0}\n"
    ),
    "/etc/samba/smb.conf": "[global]\n   ldap password = {0}\n   dns update command = x --password={0}\n",
    "/etc/rsyncd.conf": "[a]\n pre-xfer exec = curl -u admin:{0} https://h\n",
    "/etc/NetworkManager/system-connections/a.nmconnection": (
        "[wifi-security]\npsk={0}\n[802-1x]\npassword={0}\n[vpn-secrets]\nXauth password={0}\n"
    ),
    "/etc/pip.conf": "[global]\nindex-url = https://u:{0}@h/simple\n    https://u:{0}@h/other\n",
    "/etc/fail2ban/action.d/a.local": "[Init]\ncftoken = {0} ; mine\n[Definition]\nactionban = curl -u a:{0} https://h\n",
    "/etc/supervisor/conf.d/a.conf": '[program:a]\nenvironment=DB_PASSWORD="{0}",A="b"\n[inet_http_server]\npassword={0}\n',
    "/etc/ansible/ansible.cfg": '[galaxy]\ntoken = "{0}"\n[galaxy_server.a]\npassword={0} ; mine\n',
    "/etc/ansible/hosts": "a ansible_password={0}\n[w:vars]\nansible_become_pass = '{0}'\ndb_password={0}\n",
    "/etc/nova/nova.conf": "[database]\nconnection = mysql+pymysql://n:{0}@h/n\n[keystone_authtoken]\npassword = {0}\n",
    "/etc/asterisk/pjsip.conf": "[a](t)\ntype=auth\npassword={0}\n[b]\nsecret => {0}\n",
    "/etc/pacman.conf": "[a]\nServer = https://u:{0}@h/a\n",
    "/etc/pgbouncer/pgbouncer.ini": "[databases]\na = host=h user=u password={0}\n",
    "/etc/uwsgi/apps-enabled/a.ini": "[uwsgi]\nenv = DB_PASSWORD={0}\nset-placeholder = api_key={0}\n",
    "/etc/default/daemon": "DB_PASSWORD={0}\nOPTS=-a --password {0}\n",
    "/etc/xinetd.d/a": "service a\n{{\n  env = DB_PASSWORD={0}\n  server_args = --password {0}\n}}\n",
    "/etc/logwatch/conf/services/a.conf": '$db_password = "{0}"\n',
    "/etc/ssl/openssl.cnf": '[ req ]\noutput_password = "{0}" # mine\nchallengePassword={0}\n',
    "/etc/app/.env": 'DB_PASSWORD="{0}"\nexport API_KEY={0}\nURL=https://u:{0}@h/\n',
    "/etc/app.properties": "spring.datasource.password={0}\n",
    "/etc/systemd/system/app.service": (
        '[Service]\nEnvironment="DB_PASSWORD={0}" A=b\nEnvironment=PGPASSWORD={0}\nExecStart=/bin/app --password {0} -v\n'
        "ExecStartPre=/bin/curl -u admin:{0} https://h\nSetCredential=x:{0}\n"
    ),
    "/etc/nginx/nginx.conf": (
        'http {{ server {{ location / {{ proxy_set_header Authorization "Bearer {0}"; '
        "proxy_pass http://u:{0}@h; proxy_set_header X-Api-Key {0}; set $db_password {0}; }} }} }}\n"
    ),
    "command:effective": (
        "# configuration file /etc/nginx/nginx.conf:\nhttp {{\n  include /etc/nginx/conf.d/*.conf;\n}}\n\n"
        '# configuration file /etc/nginx/conf.d/a.conf:\nproxy_set_header Authorization "Bearer {0}";\n'
        "proxy_pass http://u:{0}@h;\n\n"
    ),
    "command:systemd-effective": (
        "Id=a.service\nEnvironment=DB_PASSWORD={0} A=b\n"
        "ExecStart={{ path=/bin/app ; argv[]=/bin/app --password {0} ; ignore_errors=no ; start_time=[n/a] ;"
        " stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }}\n"
    ),
    "/etc/redis/redis.conf": "requirepass {0}\nmasterauth {0}\nuser alice on >{0} ~* +@all\n",
    "/etc/ssh/sshd_config": "SetEnv DB_PASSWORD={0}\n",
    "/etc/sysctl.d/x.conf": "kernel.password = {0}\n",
    "/etc/passwd": "root:{0}:0:0:root:/root:/bin/sh\n",
    "/etc/group": "wheel:{0}:10:\n",
    "/etc/fstab": "//h/s /mnt cifs username=u,password={0} 0 0\n",
    "/etc/crontab": "DB_PASSWORD={0}\n0 4 * * * root PGPASSWORD={0} pg_dump -h h x\n@daily root mysqldump --password={0}\n",
    "/var/spool/cron/crontabs/root": "0 4 * * * curl -u admin:{0} https://h\n",
    "/etc/pam.d/db": "auth required pam_mysql.so user=u passwd={0}\n",
    "/etc/modprobe.d/w.conf": "options w password={0}\n",
    "/etc/apt/sources.list": "deb https://u:{0}@h/debian stable main\n",
    "/etc/apt/sources.list.d/h.sources": "Types: deb\nURIs: https://u:{0}@h/debian\nSuites: stable\n",
    "/etc/udev/rules.d/a.rules": 'ACTION=="add", ENV{{DB_PASSWORD}}="{0}", RUN+="/bin/mount -o password={0} x"\n',
    "/etc/apt/apt.conf": 'Acquire::http::Proxy "http://u:{0}@h:3128/";\nAcquire {{ Proxy-Password "{0}"; }};\n',
    "/etc/logrotate.d/db": "/var/log/db {{\n  postrotate\n    mysqladmin --password={0} flush-logs\n  endscript\n}}\n",
    "/etc/sudoers": "a ALL=(b) NOPASSWD: /bin/mysqldump --password={0} x\n",
    "/etc/apache2/sites-enabled/app.conf": (
        '<VirtualHost *:80>\nSetEnv DB_PASSWORD {0}\nRequestHeader set Authorization "Bearer {0}"\n'
        "ProxyPass / http://u:{0}@h/\n</VirtualHost>\n"
    ),
    "/etc/hadoop/core-site.xml": (
        "<configuration><property><name>db.password</name><value>{0}</value></property>"
        '<user name="u" password="{0}"/><password>{0}</password><url>http://u:{0}@h/</url></configuration>\n'
    ),
    "/etc/mysql/my.cnf": "[client]\npassword = {0}\n[mysqld]\nmaster-password='{0}'\n",
    "/etc/postgresql/15/main/postgresql.conf": "primary_conninfo = 'host=h user=u password={0}'\nssl_passphrase = '{0}'\n",
    "/etc/postgresql/15/main/pg_hba.conf": 'host all all 10.0.0.0/8 ldap ldapserver=h ldapbindpasswd="{0}"\n',
    "/etc/dnsmasq.d/a.conf": "txt-record=a,password={0}\ndhcp-option=option:x,token={0}\n",
    "/etc/snmp/snmpd.conf": (
        "rocommunity {0} default\nrwcommunity6  {0}\ncom2sec local localhost {0}\ncreateUser u SHA {0} AES {0}\n"
        "trapsink h {0}\ntrapcommunity {0}\nauthCommunity log {0}\n[snmp] defCommunity {0}\n"
    ),
    "/etc/postfix/mysql-virtual.cf": "user = u\npassword = {0}\nresult_format = x\n",
    "/etc/postfix/master.cf": "x unix - n n - - pipe\n  user=u argv=/bin/x --password={0}\n  -o smtp_sasl_password={0}\n",
    "/etc/squid/squid.conf": (
        "cache_peer h parent 3128 0 login=user:{0}\ncachemgr_passwd {0} all\n"
        "url_rewrite_program /bin/x --password {0}\n"
    ),
    "/etc/unbound/unbound.conf": 'server:\n  local-data: "a. TXT password={0}"\ncachedb:\n  redis-server-password: {0}\n',
    "/etc/nsd/nsd.conf": 'key:\n  name: k\n  algorithm: hmac-sha256\n  secret: "{0}"\n',
    "/etc/xinetd.d/x": "service x\n{{\n  server_args = --password {0}\n  env = DB_PASSWORD={0}\n}}\n",
    "/etc/network/interfaces": "iface wlan0 inet dhcp\n  wpa-psk {0}\n  wireless-key {0}\n  up mount -o password={0} x\n",
    "/etc/hosts.deny": "sshd : ALL : spawn /bin/notify --token {0}\n",
    "/etc/aliases": 'x: "|/bin/y --password {0}"\n',
    "/etc/inittab": "x:5:respawn:/bin/y --password {0}\n",
    "/etc/inetd.conf": "x stream tcp nowait root /bin/y y --password {0}\n",
    "/etc/exim4/exim4.conf": (
        "hide mysql_servers = h/db/u/{0}\nbegin acl\na:\n  deny condition = ${{run{{/bin/x --password {0}}}}}\nbegin authenticators\n"
        "p:\n  client_send = ^user^{0}\n  server_secret = {0}\n"
    ),
    "/etc/init/job.conf": "env DB_PASSWORD={0}\nexec app --password {0}\nscript\n  export TOKEN={0}\n  mysql --password={0}\nend script\n",
    "/etc/ldap/slapd.conf": "database mdb\nrootpw {0}\nsyncrepl rid=1 provider=ldap://h bindmethod=simple credentials={0}\n",
    "/etc/krb5.conf": "[realms]\n  A = {{\n    password = {0}\n  }}\n",
    "/etc/tor/torrc": "HashedControlPassword {0}\nHTTPProxyAuthenticator user:{0}\n",
    "/etc/mosquitto/mosquitto.conf": "connection b\nremote_password {0}\nbridge_psk {0}\n",
    "/etc/msmtprc": 'account a\npassword "{0}"\n',
    "/srv/preseed.cfg": "d-i passwd/root-password password {0}\nd-i passwd/user-password-crypted password {0}\nd-i x/y string mount -o password={0}\n",
    "/etc/munin/plugin-conf.d/db": "[mysql*]\nenv.mysqlpassword {0}\nenv.password {0}\n",
    "/etc/imapd.conf": "sasl_sql_passwd: {0}\nldap_password: {0}\n",
    "/etc/monit/monitrc": 'set mailserver h username "u" password "{0}"\nset httpd port 1\n  allow admin:"{0}"\ncheck host h with address h\n  start program = "/bin/x --password {0}"\n',
    "/etc/corosync/corosync.conf": "totem {{\n  password: {0}\n}}\n",
    "/etc/lvm/lvm.conf": 'global {{\n  password = "{0}"\n}}\n',
    "/etc/dhcpcd.conf": "authtoken 1 realm forever {0}\n",
    "/etc/collectd/collectd.conf": '<Plugin x>\n  Password "{0}"\n  URL "http://u:{0}@h/"\n</Plugin>\n',
    "/etc/multipath.conf": "defaults {{\n  auth_password {0}\n}}\n",
    "/etc/ganglia/gmond.conf": 'host {{\n  password = "{0}"\n}}\n',
    "/etc/nut/upsmon.conf": "MONITOR ups@h 1 user {0} primary\n",
    "/etc/unknown.conf": 'auth  user u  password {0}\nremote {{\n  token  {0}\n  url  http://u:{0}@h/\n}}\nsecret "{0}"\nrun \\\n  --password  {0}\n',
    "/etc/notes.txt": "here\npassword: {0}\nuser u password {0}\nmysql --password={0} x\n<password>{0}</password>\n# db_password = {0}\n",
    "/etc/default/app": "APP_SECRET='{0}'\nAPP_OPTS=\"--token {0} --port 80\"\n",
    "/etc/haproxy/haproxy.cfg": "userlist u\n  user admin insecure-password {0}\nlisten s\n  stats auth admin:{0}\n",
    "/etc/wpa_supplicant/wpa_supplicant.conf": 'network={{\n  ssid="x"\n  psk="{0}"\n  wep_key0="{0}"\n}}\n',
    "/etc/ipsec.secrets": 'h1 h2 : PSK "{0}"\nuser : EAP "{0}"\n',
    "/etc/keepalived/keepalived.conf": "vrrp_instance v {{\n  authentication {{\n    auth_type PASS\n    auth_pass {0}\n  }}\n}}\n",
    "/srv/infra/main.tf": (
        'provider "x" {{\n  token = "{0}"\n  auth = {{ client_secret = "{0}" }}\n  args = ["--token", "{0}"]\n}}\n'
        'db_password = "{0}"\nuser_data = <<-EOT\n  export DB_PASSWORD={0}\nEOT\nurl = "https://u:{0}@h/${{var.x}}"\n'
        'env = merge(local.env, {{ db_password = "{0}" }})\n'
    ),
    "/etc/rsyslog.d/db.conf": (
        'action(type="omelasticsearch" uid="u" pwd="{0}")\nmodule(load="ommysql")\n$ActionLibdbiPassword {0}\n'
        '*.* action(type="ommysql" server="h" db="d" uid="u" pwd="{0}")\n*.* :ommysql:h,d,u,{0}\n'
        'if $msg contains "x" then {{ action(type="omhttp" httpheaders=["Authorization: Bearer {0}"]) }}\n'
    ),
    "/etc/syslog-ng/syslog-ng.conf": (
        'destination d_sql {{ sql(type(mysql) username("u") password("{0}")); }};\n'
        'destination d_http {{ http(url("https://u:{0}@h/") headers("Authorization: Bearer {0}")); }};\n@define db-password "{0}"\n'
    ),
    "/etc/logstash/conf.d/out.conf": (
        'output {{ elasticsearch {{ password => "{0}" api_key => "{0}" hosts => ["https://u:{0}@h:9200"] '
        'custom_headers => {{ "Authorization" => "Bearer {0}" }} }} }}\n'
    ),
    "/etc/varnish/default.vcl": (
        'sub vcl_recv {{\n  set req.http.Authorization = "Basic {0}";\n'
        '  if (req.http.X-Token != "{0}") {{ return (pass); }}\n  set req.http.X-Api-Key = "{0}";\n}}\n'
    ),
    "/etc/swanctl/swanctl.conf": 'secrets {{\n  ike-1 {{\n    id = a\n    secret = "{0}"\n  }}\n  eap-1 {{ secret = {0} }}\n}}\n',
    "/etc/dhcp/dhcpd.conf": 'key k {{\n  algorithm hmac-sha256;\n  secret "{0}";\n}}\n',
    "/etc/icinga2/conf.d/api.conf": (
        'object ApiUser "root" {{ password = "{0}" }}\nobject Host "h" {{ vars.mysql_password = "{0}"\n'
        ' vars.http["x"] = {{ http_auth_pair = "u:p" , password = "{0}" }}\n vars.cmd = [ "--password", "{0}" ] }}\n'
    ),
    "/etc/nagios/nrpe.cfg": "command[check_db]=check_mysql -u n --password={0}\npassword={0}\n",
    "/etc/nagios/objects/h.cfg": "define command {{\n command_name x\n command_line check_db --password {0} -v\n}}\n",
    "/etc/dovecot/dovecot-ldap.conf.ext": "dn = cn=a\ndnpass = {0}\nplugin {{\n  x_password = {0}\n}}\n",
    "/etc/dovecot/dovecot-sql.conf.ext": "connect = host=h dbname=d user=u password={0}\n",
    "/etc/rspamd/local.d/redis.conf": 'password = "{0}";\nworker "controller" {{ enable_password = {0}; }}\n',
    "/etc/lighttpd/lighttpd.conf": 'setenv.add-environment = ( "DB_PASSWORD" => "{0}" )\nssl.pass-phrase = "{0}"\n',
    "/etc/freeradius/3.0/clients.conf": 'client h {{\n secret = "{0}"\n}}\nsql {{\n  password = "{0}"\n}}\n',
    "/etc/freeradius/3.0/users": 'bob Cleartext-Password := "{0}"\n\tReply-Message = "x"\nDEFAULT User-Password == {0}\n',
    "/etc/proftpd/sql.conf": "<IfModule mod_sql.c>\n SQLConnectInfo db@h user {0}\n LDAPBindDN cn=a {0}\n</IfModule>\n",
    "/etc/bind/keys.conf": 'key "k" {{\n  algorithm hmac-sha256;\n  secret "{0}";\n}};\n',
    "/etc/audit/plugins.d/syslog.conf": "active = yes\ndb_password = {0}\n",
    "/etc/nslcd.conf": "bindpw {0}\nrootpwmodpw {0}\n",
    "/etc/nftables.conf": 'define db_password = "{0}"\ntable inet f {{\n  chain c {{ accept comment "token={0}" }}\n}}\n',
    "/etc/bind/db.example": '@ 3600 IN SOA ns. a. 1 1 1 1 1\nx 60 IN TXT "password={0}"\n',
    "/etc/ipsec.conf": "conn a\n  xauth_password={0}\n  leftauth=psk\n",
    "/etc/ferm/ferm.conf": '@def $DB_PASSWORD = "{0}";\ntable filter chain INPUT {{ mod comment comment "token={0}" ACCEPT; }}\n',
    "/etc/iptables/rules.v4": '*filter\n-A INPUT -m comment --comment "password={0}" -j ACCEPT\n-A INPUT -m string --string "token={0}" -j DROP\nCOMMIT\n',
    "/etc/ipset.conf": 'create a hash:ip comment\nadd a 10.0.0.1 comment "password={0}"\n',
    "/root/.ssh/config": "Host a\n  ProxyCommand sshpass -p {0} ssh b\n  SetEnv DB_PASSWORD={0}\n",
    "/etc/tmpfiles.d/a.conf": "f /run/a 0600 root root - password={0}\n",
    "/etc/pam.conf": "login auth required pam_mysql.so user=u passwd={0}\n",
    "/etc/anacrontab": "DB_PASSWORD={0}\n1 5 dump mysqldump -p{0} x\n",
    "/etc/ntp.conf": "crypto pw {0}\n",
    "/etc/postfix/generic": "[h]:587 u:{0}\n",
    "/etc/smartd.conf": '/dev/sda -m a@b -M exec "/bin/curl -u u:{0} https://h"\n',
}

WITHOUT = {
    "access": "who may log in from where",
    "auditd_rules": "rules about system calls and paths; what it calls a key is a label",
    "chrony": "keys stand in a file of their own (chrony.keys), compared by digest alone",
    "crypttab": "names the files of keys",
    "editorconfig": "how text is indented",
    "exports": "directories and who may mount them",
    "hosts": "addresses and names",
    "ld_so": "directories",
    "limits": "numbers",
    "networks": "addresses and names",
    "nsswitch": "names of services",
    "pam_time": "times, users and terminals",
    "pg_ident": "names of users",
    "radvd": "announcements to a network",
    "protocols": "numbers and names",
    "resolv": "addresses and names",
    "services": "ports and names",
    "subid": "ranges of numbers",
    "sysusers": "users, groups and directories",
}
"""Formats with no place for a secret, and what stands in them instead."""


def formats_of(files: dict[str, str]) -> set[str]:
    """Return the formats that the planted files are read as."""
    read = (detect(path, text.format(PLANTED).encode()) for path, text in files.items())
    return {found.name for found in read if found is not None}


def test_a_secret_is_planted_in_every_format_that_can_hold_one() -> None:
    planted, known = formats_of(FILES), {entry.name for entry in registry.FORMATS}
    assert known - planted - WITHOUT.keys() == set(), (
        "plant a secret in a file of the format, or say why there can be none"
    )
    assert WITHOUT.keys() & planted == set()
    assert WITHOUT.keys() <= known


@pytest.mark.parametrize("path", FILES)
def test_a_planted_secret_is_found_by_nobody(path: str) -> None:
    content = FILES[path].format(PLANTED).encode()
    reading = read(content, path)
    assert reading.document is not None
    assert PLANTED in json.dumps(reading.document.root.to_json())
    mask(reading.document, KEEPER)
    shown = [json.dumps(reading.document.root.to_json()), *(problem.message for problem in reading.document.problems)]
    assert PLANTED not in "\n".join(shown)
    assert all(PLANTED not in (node.raw or "") for _, node in reading.document.root.walk())
    assert reading.document.secret
