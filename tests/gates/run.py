#!/usr/bin/env python3
"""The steady state's gates, by count and never by time: tests/gates/run.py [PATTERN ...]

A warm kept-alive HTTPS request over a kept-alive connection to its server costs at most 4.3 system calls that read or write, no
epoll_ctl, and no call of the allocator. LEDGERGATE_BIN names the program (not a sanitizer's build: those count their own).
Ends with the line "N passed, N failed, N skipped".
"""

import gzip
import mmap
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "story"))

import harness  # noqa: E402

CONNECTIONS = 8
REQUESTS = 2000  # of a counted phase, over all connections
READS_AND_WRITES = {"read", "readv", "write", "writev", "recvfrom", "recvmsg", "sendto", "sendmsg", "pread64", "pwrite64"}
ALLOWED = 4.3
# What goes on beside the requests: the main thread's tick, each worker's answer to it, a trickle of log lines.
BESIDE = 60

REQUEST = b"GET /documents/stock.xml HTTP/1.1\r\nHost: localhost\r\nAccept: text/xml\r\nSTW-Authorization: Basic YTpi\r\n\r\n"
# The server answers it only once all connections have asked: so each of them gets a connection to the server.
TOGETHER = REQUEST.replace(b"/documents/stock.xml", b"/documents/together")
CHUNKED = REQUEST.replace(b"/documents/stock.xml", b"/documents/chunked")
BODY = b"x" * 1000
CHUNKS = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


class Upstream:
    """Answers heads without a body, and closes nothing."""

    def __init__(self):
        self.together = threading.Barrier(CONNECTIONS)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            head = b""
            while True:
                head += connection.recv(65536)
                if not head:
                    return
                if b"\r\n\r\n" in head:
                    if b"/together " in head:
                        self.together.wait(harness.PATIENCE)
                    connection.sendall(CHUNKS if b"/chunked " in head else REPLY)
                    head = b""

    def stop(self):
        self.listener.close()


class Callers:
    """Connections that are open before anything is counted, and stay open. `fields` go with each request."""

    def __init__(self, edge, fields=b""):
        self.clients = [edge.connect() for _ in range(CONNECTIONS)]
        self.fields = fields

    def ask(self, each, request=REQUEST):
        """`each` requests on every connection, all connections at once."""
        wrong = []
        request = request.replace(b"Accept:", self.fields + b"Accept:", 1)

        def one(client):
            try:
                for _ in range(each):
                    client.send(request)
                    reply = client.reply("GET")
                    coded = reply.get("Content-Encoding") == "gzip"
                    body = gzip.decompress(reply.body) if coded else reply.body
                    if reply.status != 200 or coded != (b"gzip" in self.fields) or body != BODY:
                        wrong.append(f"{reply}")
            except Exception as error:  # pylint: disable=broad-except
                wrong.append(repr(error))

        threads = [threading.Thread(target=one, args=(client,)) for client in self.clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if wrong:
            raise AssertionError(f"{len(wrong)} requests went wrong, the first: {wrong[0]}")

    def warm_up(self):
        self.ask(1, TOGETHER)
        self.ask(REQUESTS // 2 // CONNECTIONS)

    def close(self):
        for client in self.clients:
            client.close()


class Gate(harness.Story):
    def setUp(self):
        if harness.sanitized():
            self.skipTest("a sanitizer's build counts its own calls")

    def begin(self, log, environment=None, route=None, fields=b""):
        upstream = Upstream()
        self.addCleanup(upstream.stop)
        access = {"off": "off", "on": "access.log"}[log]
        directory = pathlib.Path(tempfile.mkdtemp(dir=harness.scratch()))
        settings = harness.config(upstream.url, "http", route, workers=1, log={"access": str(directory / access) if log == "on" else "off"})
        edge = self.start(settings, environment=environment)
        callers = Callers(edge, fields)
        self.addCleanup(callers.close)
        callers.warm_up()
        return edge, callers


class SystemCalls(Gate):
    def count(self, edge, callers):
        """Calls by name while REQUESTS requests run."""
        table = pathlib.Path(tempfile.mkdtemp(dir=harness.scratch())) / "calls"
        try:
            strace = subprocess.Popen(
                ["strace", "-f", "-c", "-U", "calls,name", "-o", table, "-p", str(edge.process.pid)],
                stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=os.environ | {"LC_ALL": "C"},
            )  # fmt: skip
        except FileNotFoundError:
            self.skipTest("strace is not installed")
        said = strace.stderr.readline()
        if "attached" not in said:
            strace.wait()
            strace.stderr.close()
            self.skipTest(f"strace can't attach: {said.strip()}")
        callers.ask(REQUESTS // CONNECTIONS)
        strace.send_signal(signal.SIGINT)
        strace.communicate()
        found = re.findall(r"^\s*(\d+)\s+(\w+)\s*$", table.read_text(encoding="ascii"), re.MULTILINE)
        return {name: int(calls) for calls, name in found if name != "total"}

    def check(self, log):
        edge, callers = self.begin(log)
        calls = self.count(edge, callers)
        moved = sum(number for name, number in calls.items() if name in READS_AND_WRITES)
        told = ", ".join(f"{name} {number / REQUESTS:.3f}" for name, number in sorted(calls.items(), key=lambda item: -item[1]))
        print(f"system calls a request, log {log}: {told}", flush=True)
        self.assertGreaterEqual(moved, 4 * REQUESTS * 0.9, "fewer than a proxy can do with: the count is wrong")
        self.assertLessEqual(moved, ALLOWED * REQUESTS, told)
        self.assertLessEqual(calls.get("epoll_ctl", 0), BESIDE, told)

    def test_four_reads_and_writes_a_request(self):
        self.check("off")

    def test_the_log_costs_the_worker_none(self):
        self.check("on")


class Allocations(Gate):
    def check(self, log, request=REQUEST, **more):
        counter = pathlib.Path(harness.program()).parent / "tests" / "liballocation_counter.so"
        self.assertTrue(counter.exists(), f"{counter} is not built")
        file = harness.scratch() / f"counter-{log}"
        file.write_bytes(bytes(16))
        edge, callers = self.begin(log, {"LD_PRELOAD": str(counter), "LEDGERGATE_COUNTER": str(file)}, **more)
        callers.ask(REQUESTS // 2 // CONNECTIONS, request)
        with open(file, "r+b") as opened, mmap.mmap(opened.fileno(), 16) as numbers:
            before = struct.unpack_from("q", numbers)[0]
            self.assertGreater(before, 100, "the counter counts nothing")
            callers.ask(REQUESTS // CONNECTIONS, request)
            made = struct.unpack_from("q", numbers)[0] - before
            print(f"calls of the allocator in {REQUESTS} requests, log {log}: {made}", flush=True)
            if made > BESIDE:
                # Says where: the next few calls print their stacks on the program's stderr.
                mark = len(edge.said.lines)
                struct.pack_into("q", numbers, 8, 12)
                callers.ask(20, request)
                self.fail(f"{made} calls in {REQUESTS} requests; the next ones came from\n" + "\n".join(edge.said.lines[mark:]))

    def test_none_without_a_log(self):
        self.check("off")

    def test_none_with_a_log(self):
        self.check("on")

    def compressing(self, request):
        self.check("off", request, route={"compress": {"min": "100B"}}, fields=b"Accept-Encoding: gzip\r\n")

    def test_none_for_a_reply_that_is_compressed_whole(self):
        self.compressing(REQUEST)

    def test_none_for_a_reply_that_is_compressed_as_it_comes(self):
        self.compressing(CHUNKED)


def main():
    if not os.environ.get("LEDGERGATE_BIN"):
        sys.exit("LEDGERGATE_BIN names no program")
    names = [f"{group.__name__}.{name}" for group in (SystemCalls, Allocations) for name in unittest.defaultTestLoader.getTestCaseNames(group)]
    patterns = [word for word in sys.argv[1:] if not word.startswith("-")]
    passed = failed = skipped = 0
    for name in names:
        if patterns and not any(re.search(pattern, name) for pattern in patterns):
            continue
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromName(name, sys.modules[__name__]).run(result)
        for _, reason in result.skipped:
            print(f"SKIP {name}: {reason}")
            skipped += 1
        problems = result.failures + result.errors
        if problems:
            print(f"FAIL {name}\n    " + "\n".join(text for _, text in problems).strip().replace("\n", "\n    "))
        failed += bool(problems)
        passed += not problems and not result.skipped
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
