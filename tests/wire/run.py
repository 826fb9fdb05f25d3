#!/usr/bin/env python3
"""Runs the byte-exact cases against the built program: tests/wire/run.py [PATTERN ...]

LEDGERGATE_BIN names the program. Prints ok or FAIL for each case and listener, the difference where there is one, and a last line
"N passed, N failed"; exits 1 when anything failed.
"""

import argparse
import concurrent.futures
import difflib
import os
import pathlib
import re
import select
import socket
import struct
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "story")]

import cases  # noqa: E402
import expected  # noqa: E402
from client import Client  # noqa: E402
from harness import Edge, certificates, pair  # noqa: E402

PATIENCE = 10.0


class Mismatch(Exception):
    pass


class Server:
    """The far side: takes connections, keeps what comes, sends what it is told."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.connections = []  # [socket, unread bytes, ended]
        self.current = None

    def pump(self, timeout):
        """Waits for something and takes it; False when nothing came."""
        live = [entry for entry in self.connections if not entry[2]]
        ready, _, _ = select.select([self.listener] + [entry[0] for entry in live], [], [], timeout)
        for sock in ready:
            if sock is self.listener:
                self.connections.append([sock.accept()[0], b"", False])
                continue
            entry = next(entry for entry in live if entry[0] is sock)
            try:
                data = sock.recv(65536)
            except OSError:
                data = b""
            entry[1] += data
            entry[2] = not data
        return bool(ready)

    def receive(self, pattern):
        end = time.monotonic() + PATIENCE
        while True:
            for entry in self.connections:
                if entry[1]:
                    self.current = entry
                    if pattern.fullmatch(entry[1]):
                        break
            else:
                left = end - time.monotonic()
                if left <= 0 or not self.pump(left):
                    return self.current[1] if self.current else b""
                continue
            found, self.current[1] = self.current[1], b""
            return found

    def send(self, data):
        self.current[0].sendall(data)

    def close(self):
        self.current[0].shutdown(socket.SHUT_WR)

    def reset(self):
        self.current[0].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.current[0].close()
        self.current[2] = True

    def sees_close(self):
        end = time.monotonic() + PATIENCE
        while not self.current[2]:
            left = end - time.monotonic()
            if left <= 0 or not self.pump(left):
                raise Mismatch("the connection to the server stays open")

    def leftovers(self):
        """What came and no step spoke of."""
        while self.pump(0):
            pass
        return [entry[1] for entry in self.connections if entry[1]]

    def stop(self):
        self.listener.close()
        for entry in self.connections:
            entry[0].close()


def settings_of(case, ports):
    keys = case.keys
    tls = f'certificates: [{{ chain: "{pair("server-ecdsa")["chain"]}", key: "{pair("server-ecdsa")["key"]}" }}]'
    lines = ["listen:"]
    for name, kind in (("tls", tls), ("plain", "tls: off")):
        extra = f", {keys['listener']}" if "listener" in keys else ""
        lines.append(f'  - {{ name: {name}, address: "127.0.0.1:0", {kind}{extra} }}')
    lines.append("servers:")
    for name, port in ports.items():
        extra = f", {keys['server']}" if "server" in keys else ""
        lines.append(f'  {name}: {{ profile: {keys.get("profile", "http")}, url: "http://127.0.0.1:{port}"{extra} }}')
    lines.append("routes:")
    for name in ports:
        extra = f", {keys['route']}" if "route" in keys else ""
        path = f"name: {name}, " + ("" if "path:" in keys.get("route", "") else "path: /, ")
        lines.append(f"  - {{ {path}server: {name}, listeners: [{name}], access: anonymous{extra} }}")
    lines.append("workers: 1")
    if "settings" in keys:
        lines.append(keys["settings"])
    return "\n".join(lines) + "\n"


def whole(message):
    """Whether a reply with a Content-Length is all there: for patterns that end in anything."""
    head, found, body = message.partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.I)
    return bool(found) and (not length or len(body) >= int(length[1]))


def client_receives(client, pattern, loose):
    end = time.monotonic() + PATIENCE
    while not (pattern.fullmatch(bytes(client.buffer)) and (not loose or whole(bytes(client.buffer)))):
        client.sock.settimeout(max(0.01, end - time.monotonic()))
        try:
            if client.more():
                break
        except TimeoutError:
            break
    client.sock.settimeout(PATIENCE)
    found = bytes(client.buffer)
    client.buffer.clear()
    return found


def compare(step, pattern, parts, found):
    if pattern.fullmatch(found):
        return
    want = expected.show(parts).splitlines()
    have = expected.show([found]).splitlines()
    difference = "\n".join(difflib.unified_diff(want, have, "expected", "received", lineterm="", n=2))
    raise Mismatch(f"line {step.line}, {step.what}:\n{difference}")


def ending(client, want, server):
    if want == "open":
        client.sock.settimeout(0.1)
        try:
            ended = client.more()
        except TimeoutError:
            return
        raise Mismatch(f"the connection is not left open: {ended or bytes(client.buffer)!r}")
    how = client.end()
    if client.buffer:
        raise Mismatch(f"more bytes before the end: {bytes(client.buffer)!r}")
    # On a plain connection a break is told by the missing bytes; FIN and RST both do.
    allowed = {"close": {"closed"}, "break": {"cut", "reset"} | (set() if server else {"closed"})}[want]
    if how not in allowed:
        raise Mismatch(f"the connection was {how}, expected: {want}")


def play(case, listener, edge, server):
    facts = expected.Facts(
        scheme="https" if listener == "tls" else "http",
        port=edge.ports[listener],
        upstream=f"127.0.0.1:{server.port}",
        profile=case.keys.get("profile", "http"),
    )
    with Client(edge.ports[listener], tls=listener == "tls", ca=certificates() / "ca.pem") as client:
        client.sock.settimeout(PATIENCE)
        facts.client_port = client.sock.getsockname()[1]
        waiting = b""
        for index, step in enumerate(case.steps):
            if step.what == "client sends":
                waiting += expected.literal(step.parts, facts)
                if index + 1 == len(case.steps) or case.steps[index + 1].what != "client sends":
                    client.send(waiting)
                    waiting = b""
            elif step.what == "server sends":
                server.send(expected.literal(step.parts, facts))
            elif step.what in ("server receives", "client receives"):
                pattern, parts = expected.compile_parts(step.parts, facts)
                if step.what == "server receives":
                    found = server.receive(pattern)
                else:
                    found = client_receives(client, pattern, ("anything", []) in parts)
                compare(step, pattern, parts, found)
                facts.learn(pattern.fullmatch(found))
            elif step.what.startswith("client sees "):
                ending(client, step.what[12:], server=listener == "tls")
            elif step.what == "client closes":
                client.close()
            elif step.what == "client half-closes":
                client.half_close()
            elif step.what == "server closes":
                server.close()
            elif step.what == "server resets":
                server.reset()
            elif step.what == "server sees close":
                server.sees_close()


def run(case):
    """Plays one case on each of its listeners; a list of (label, problem or None)."""
    servers = {"tls": Server(), "plain": Server()}
    results = []
    edge = None
    label = f"{case.file}:{case.line} {case.name}"
    wanted = case.keys.get("over", "tls plain").split()
    try:
        edge = Edge(settings_of(case, {name: server.port for name, server in servers.items()}))
        for listener in wanted:
            try:
                play(case, listener, edge, servers[listener])
                results.append((f"{label} [{listener}]", None))
            except (Mismatch, OSError) as problem:
                results.append((f"{label} [{listener}]", str(problem) or repr(problem)))
        edge.stop()
        edge = None
        for listener in wanted:
            # The program has ended: whatever it wrote has arrived.
            left = servers[listener].leftovers()
            if left and not results[wanted.index(listener)][1]:
                results[wanted.index(listener)] = (f"{label} [{listener}]", f"the server got more than the case says: {left!r}")
    except Exception as problem:  # an edge that does not start or end well fails the case, not the run
        text = str(problem) if isinstance(problem, AssertionError) else traceback.format_exc()
        results = [(f"{label} [{listener}]", text) for listener in wanted]
    finally:
        if edge:
            edge.process.kill()
            edge.process.wait()
        for server in servers.values():
            server.stop()
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("patterns", nargs="*", help="only cases whose file:line name matches one of these")
    parser.add_argument("-j", "--jobs", type=int, default=2 * (os.cpu_count() or 1))
    parser.add_argument("-q", "--quiet", action="store_true", help="only failures and the count")
    parser.add_argument("--first", action="store_true", help="end behind the first case with a failure")
    options = parser.parse_args()
    if not os.environ.get("LEDGERGATE_BIN"):
        parser.error("LEDGERGATE_BIN names no program")
    chosen = [case for path in sorted(HERE.glob("*.wire")) for case in cases.read(path)]
    if options.patterns:
        chosen = [case for case in chosen if any(re.search(p, f"{case.file}:{case.line} {case.name}") for p in options.patterns)]
    certificates()
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for results in pool.map(run, chosen):
            for label, problem in results:
                passed += problem is None
                failed += problem is not None
                if problem:
                    print(f"FAIL {label}\n    " + problem.replace("\n", "\n    "), flush=True)
                elif not options.quiet:
                    print(f"ok   {label}", flush=True)
            if options.first and failed:
                pool.shutdown(cancel_futures=True)
                break
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
