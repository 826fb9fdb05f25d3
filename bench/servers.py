"""The upstream and the three proxies, configured to do the same: one worker, TLS with tickets, kept connections on both sides,
the usual X-Forwarded headers and a request id. Where a default would hold nginx or HAProxy back, it is set to their advantage."""
import os
import shutil

from processes import Program, free_port

MANY = 1_000_000_000  # requests a connection
BODY = b"ledgergate bench " * 30 + b"\r\n"  # 512 bytes
BULK_BYTES = 64 * 1024 * 1024

NGINX_HEAD = """
daemon off;
{user}
worker_processes 1;
worker_rlimit_nofile 16384;
pid {dir}/{name}.pid;
error_log stderr warn;
events {{ worker_connections 8192; }}
http {{
  client_body_temp_path {dir}/{name}-body;
  proxy_temp_path {dir}/{name}-proxy;
  fastcgi_temp_path {dir}/{name}-fastcgi;
  uwsgi_temp_path {dir}/{name}-uwsgi;
  scgi_temp_path {dir}/{name}-scgi;
  keepalive_requests {many};
  keepalive_timeout 3600s;
"""

UPSTREAM = NGINX_HEAD + """
  access_log off;
  sendfile on;
  tcp_nopush on;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    client_max_body_size 0;
    location / {{ default_type text/xml; return 200 "{body}"; }}
    location = /upload {{ proxy_pass http://127.0.0.1:{port}/; }}
    location /bulk {{ default_type application/octet-stream; alias {dir}/bulk; }}
  }}
}}
"""

NGINX = NGINX_HEAD + """
  log_format bench escape=json '{{"time":"$time_iso8601","id":"$request_id","client":"$remote_addr","port":$remote_port,"tls":"$ssl_protocol",'
    '"cipher":"$ssl_cipher","sni":"$ssl_server_name","method":"$request_method","host":"$host","path":"$uri","query":"$args",'
    '"http":"$server_protocol","server":"$proxy_host","status":$status,"bytes_in":$request_length,"bytes_out":$body_bytes_sent,'
    '"connect":"$upstream_connect_time","first_byte":"$upstream_header_time","total":$request_time}}';
  access_log {access};
  upstream up {{
    server 127.0.0.1:{upstream};
    keepalive 128;
    keepalive_requests {many};
    keepalive_timeout 3600s;
  }}
  server {{
    listen 127.0.0.1:{port} ssl backlog=4096;
    ssl_certificate {dir}/chain.pem;
    ssl_certificate_key {dir}/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:tls:20m;
    ssl_session_tickets on;
    client_max_body_size 0;
    location / {{
      proxy_pass http://up;
      proxy_http_version 1.1;
      proxy_max_temp_file_size 0;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $host;
      proxy_set_header X-Request-ID $request_id;
    }}
  }}
}}
"""

HAPROXY = """
global
  nbthread 1
  maxconn 8192
  ssl-default-bind-options ssl-min-ver TLSv1.2
  {log_target}
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout http-keep-alive 1h
  option http-keep-alive
  http-reuse always
  {log_lines}
frontend edge
  bind 127.0.0.1:{port} backlog 4096 ssl crt {dir}/both.pem alpn http/1.1
  unique-id-format %[uuid()]
  unique-id-header X-Request-ID
  option forwardfor
  http-request set-header X-Forwarded-Proto https
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  default_backend up
backend up
  server up 127.0.0.1:{upstream} pool-purge-delay 1h
"""
HAPROXY_LOG = """log global
  log-format '{"time":"%Ts.%ms","id":"%ID","client":"%ci","port":%cp,"tls":"%sslv","cipher":"%sslc","request":%{+Q}r,"server":"%s","status":%ST,"bytes_in":%U,"bytes_out":%B,"connect":%Tc,"first_byte":%Tr,"total":%Ta}'"""

LEDGERGATE = """
workers: 1
listen:
  - name: edge
    address: "127.0.0.1:{port}"
    certificates: [{{ chain: {dir}/chain.pem, key: {dir}/key.pem }}]
servers:
  up: {{ profile: http, url: "http://127.0.0.1:{upstream}", keep_idle: 128 }}
routes:
  - {{ path: /, server: up, access: anonymous }}
log: {{ access: {access}, format: json }}
address_limits: off
limits: {{ requests_per_connection: 100000000 }}
"""


class Field:
    """Where everything stands: the directory of this run, the cores, the upstream, the program under test."""

    def __init__(self, directory, ledgergate, core, other_core):
        self.directory, self.ledgergate, self.core, self.other_core = directory, ledgergate, core, other_core
        self.user = "user root;" if os.geteuid() == 0 else ""  # else the workers could not enter the directory
        with open(self.path("bulk"), "wb") as bulk:
            bulk.truncate(BULK_BYTES)
        self.upstream = self._nginx("upstream", UPSTREAM, other_core, body=BODY.decode())

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, file, template, **values):
        with open(self.path(file), "w", encoding="utf-8") as config:
            config.write(template.format(dir=self.directory, many=MANY, **values))
        return self.path(file)

    def _nginx(self, name, template, core, **values):
        port = free_port()
        config = self.write(f"{name}.conf", template, name=name, user=self.user, port=port, **values)
        return Program(name, ["nginx", "-e", "stderr", "-p", self.directory, "-c", config], core, port, self.path(f"{name}.err"))

    def nginx(self, logging):
        # Buffered, or nginx would make a system call for each line and the others would not.
        access = f"{self.path('nginx.log')} bench buffer=64k flush=1s" if logging else "off"
        return self._nginx("nginx", NGINX, self.core, access=access, upstream=self.upstream.port)

    def haproxy(self, logging):
        port = free_port()
        target = "log stdout len 4096 format raw local0" if logging else ""
        config = self.write("haproxy.cfg", HAPROXY, port=port, upstream=self.upstream.port, log_target=target,
                             log_lines=HAPROXY_LOG if logging else "")
        return Program("haproxy", ["haproxy", "-db", "-f", config], self.core, port, self.path("haproxy.err"), self.path("haproxy.log"))

    def edge(self, logging):
        port = free_port()
        config = self.write("ledgergate.yaml", LEDGERGATE, port=port, upstream=self.upstream.port,
                             access=self.path("ledgergate.log") if logging else "off")
        return Program("ledgergate", [self.ledgergate, "run", "-c", config], self.core, port, self.path("ledgergate.err"))

    def start(self, name, logging):
        return {"nginx": self.nginx, "haproxy": self.haproxy, "ledgergate": self.edge}[name](logging)

    def log_size(self, name):
        try:
            return os.path.getsize(self.path(f"{name}.log"))
        except FileNotFoundError:
            return 0

    def end(self):
        self.upstream.end()


def missing_programs():
    return [name for name in ("nginx", "haproxy", "wrk", "openssl", "taskset", "strace") if shutil.which(name) is None]
