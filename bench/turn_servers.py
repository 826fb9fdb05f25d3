"""The three proxies in front of a server that does one thing at a time. Each stands there with what it has for such a server, and nginx and
HAProxy also as they come."""
import dataclasses
import json
import socket
import time

from processes import Failed, Program, free_port
from servers import MANY, NGINX_HEAD

NGINX = NGINX_HEAD + """
  access_log off;
  upstream up {{
    zone up 64k;
    server 127.0.0.1:{upstream}{limit};
  }}
  server {{
    listen 127.0.0.1:{port} ssl backlog=4096;
    ssl_certificate {dir}/chain.pem;
    ssl_certificate_key {dir}/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    location / {{
      proxy_pass http://up;
      proxy_http_version 1.1;
      proxy_request_buffering {buffering};
      proxy_read_timeout 1h;
    }}
  }}
}}
"""

HAPROXY = """
global
  nbthread 1
  maxconn 4096
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout queue 1h
  timeout http-keep-alive 1h
  option http-keep-alive
frontend edge
  bind 127.0.0.1:{port} backlog 4096 ssl crt {dir}/both.pem alpn http/1.1
  {priority}
  default_backend up
backend up
  server up 127.0.0.1:{upstream} maxconn 1
"""
HAPROXY_PRIORITY = "http-request set-priority-class int(-10) if {{ hdr(host) till.test }}"

# mserver is one thing at a time by default: nothing is configured for it.
LEDGERGATE = """
workers: {workers}
listen:
  - name: edge
    address: "127.0.0.1:{port}"
    certificates: [{{ chain: {dir}/chain.pem, key: {dir}/key.pem }}]
servers:
  up: {{ profile: mserver, url: "http://127.0.0.1:{upstream}" }}
routes:
{routes}
spool: {{ directory: "{dir}" }}
log: {{ access: off }}
limits: {{ requests_per_connection: 100000000 }}
"""
ONE_ROUTE = "  - { path: /, server: up, access: anonymous }"
BY_CLASS = """  - {{ host: till.test, path: /, server: up, access: anonymous, class: {till} }}
  - {{ host: shop.test, path: /, server: up, access: anonymous, class: {shop} }}"""


@dataclasses.dataclass(frozen=True)
class Proxy:
    title: str
    program: str
    template: str
    values: dict = dataclasses.field(default_factory=dict, hash=False)

    @property
    def ours(self):
        return self.program == "ledgergate"


def nginx(title, limit="", buffering="on"):
    return Proxy(title, "nginx", NGINX, {"limit": limit, "buffering": buffering})


def haproxy(title, priority=""):
    return Proxy(title, "haproxy", HAPROXY, {"priority": priority.format()})


def ledgergate(title, workers, routes=ONE_ROUTE):
    return Proxy(title, "ledgergate", LEDGERGATE, {"workers": workers, "routes": routes})


class OneSlot:
    """The server, and what it counted."""

    def __init__(self, program, core, words):
        self.control = free_port()
        port = free_port()
        self.program = Program("one_slot", [program, str(port), str(self.control)], core, port, words)
        self.port = port

    def counts(self):
        """Since the last time."""
        with socket.create_connection(("127.0.0.1", self.control), timeout=5) as control:
            return json.loads(control.makefile().readline())

    def wait_until_left_alone(self):
        for _ in range(1000):
            if self.counts()["open"] == 0:
                return
            time.sleep(0.02)
        raise Failed("a proxy that was ended still has a connection to the server")

    def end(self):
        self.program.end()


def start(field, proxy, upstream):
    """The proxy has the first core, as in the other scenarios, and both if it has two workers."""
    port = free_port()
    config = field.write(f"turns-{proxy.program}.conf", proxy.template, name="turns-nginx", user=field.user, port=port, upstream=upstream,
                         **proxy.values)
    command = {
        "nginx": ["nginx", "-e", "stderr", "-p", field.directory, "-c", config],
        "haproxy": ["haproxy", "-db", "-f", config],
        "ledgergate": [field.ledgergate, "run", "-c", config],
    }[proxy.program]
    cores = f"{field.core},{field.other_core}" if proxy.values.get("workers", 1) > 1 else field.core
    return Program(proxy.title, command, cores, port, field.path(f"turns-{proxy.program}.err"))
