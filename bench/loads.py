"""The scenarios: what is asked of a proxy, and with which generator."""
import dataclasses
import json
import os
import subprocess

from processes import Failed

CONNECTIONS = 32
HANDSHAKE_THREADS = 16
BULK_THREADS = 2
POST_BYTES = 2048


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    mode: str  # a method for wrk, or a mode of bench/client
    logging: bool = False

    @property
    def bulk(self):
        return self.mode == "bulk"


SCENARIOS = [
    Scenario("get", "GET, kept connection, 512 bytes back", "GET"),
    Scenario("post", f"POST of {POST_BYTES} bytes, kept connection", "POST"),
    Scenario("log", "GET, kept connection, with an access log", "GET", logging=True),
    Scenario("handshake", "a full handshake for each request", "handshake"),
    Scenario("resume", "a resumed session for each request", "resume"),
    Scenario("bulk", "downloads of 64 MiB", "bulk"),
]

OPENSSL_CONF = """openssl_conf = main
[main]
ssl_conf = ssl
[ssl]
system_default = tls
[tls]
MinProtocol = {protocol}
MaxProtocol = {protocol}
Ciphersuites = TLS_AES_128_GCM_SHA256
CipherString = ECDHE-ECDSA-AES128-GCM-SHA256
Groups = X25519:P-256
"""
CIPHERS = {"1.3": "TLS_AES_128_GCM_SHA256", "1.2": "ECDHE-ECDSA-AES128-GCM-SHA256"}


class Generator:
    """Runs on the other core. The clients' OpenSSL is held to one protocol, cipher and group, so that all proxies do the same work."""

    def __init__(self, field, client, tls):
        self.field, self.client, self.tls = field, client, tls
        config = field.path("client-openssl.cnf")
        with open(config, "w", encoding="ascii") as out:
            out.write(OPENSSL_CONF.format(protocol=f"TLSv{tls}"))
        self.environment = {**os.environ, "OPENSSL_CONF": config}
        self.lua = os.path.join(os.path.dirname(os.path.abspath(__file__)), "load.lua")

    def command(self, *words):
        return ["taskset", "-c", str(self.field.other_core), *map(str, words)]

    def start(self, command):
        return subprocess.Popen(command, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                start_new_session=True)

    def run(self, scenario, port, seconds):
        """The generator's counts: requests, errors, seconds, p50 and p99 in µs, and what the mode adds."""
        if scenario.mode in ("GET", "POST"):
            command = self.command("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", self.lua, f"https://127.0.0.1:{port}/", "--",
                                   scenario.mode, POST_BYTES if scenario.mode == "POST" else 0)
        elif scenario.bulk:
            command = self.command(self.client, "bulk", port, seconds, BULK_THREADS, "/bulk")
        else:
            command = self.command(self.client, scenario.mode, port, seconds, HANDSHAKE_THREADS)
        process = self.start(command)
        try:
            out, err = process.communicate()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        if process.returncode != 0:
            raise Failed(f"{' '.join(command[3:5])} failed: {err.strip() or out.strip()}")
        counts = json.loads(out.strip().splitlines()[-1])
        if counts["requests"] == 0:
            raise Failed(f"not one request of scenario {scenario.name} succeeded ({counts['errors']} errors)")
        counts["resumed_share"] = counts.get("resumed", 0) / counts["requests"]
        if scenario.mode == "resume" and counts["resumed"] < 0.9 * counts["requests"] - 2 * HANDSHAKE_THREADS:
            raise Failed(f"only {counts['resumed']} of {counts['requests']} sessions were resumed")
        if scenario.mode == "handshake" and counts["resumed"] > 0:
            raise Failed("sessions were resumed where full handshakes were asked for")
        return counts

    def check_cipher(self, program):
        """The proxies must speak the same cipher, or the comparison says nothing."""
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{program.port}", "-servername", "localhost"]
        result = subprocess.run(command, env=self.environment, input="", capture_output=True, text=True, check=False)
        if f"Cipher is {CIPHERS[self.tls]}" not in result.stdout or "Server Temp Key: X25519" not in result.stdout:
            raise Failed(f"{program.name} does not speak {CIPHERS[self.tls]} with X25519 over TLS {self.tls}:\n{result.stderr.strip()}")
