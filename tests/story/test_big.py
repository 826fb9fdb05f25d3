"""Big bodies: constant memory both ways, backpressure both ways."""

import shutil
import subprocess
import unittest

from harness import Story, certificates, config, poll, sanitized

from mserver import MServer
from web import Web

GROWTH = 4 << 10  # KiB


class Transfers(Story):
    def size(self):
        return (2 << 30) if not sanitized() else (32 << 20)

    def edge_for(self, listener, **settings):
        server = self.standin(Web)
        edge = self.start(config(server, workers=1, **settings))
        # What one exchange costs once (buffers, the connection, TLS) is no growth.
        edge.ask(b"GET /bytes/4000000 HTTP/1.1\r\nHost: localhost\r\n\r\n", listener)
        edge.ask(b"POST /sink HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000000\r\n\r\n" + bytes(4000000), listener)
        return server, edge

    def assert_flat(self, edge, before):
        if not sanitized():
            self.assertLessEqual(edge.memory("VmHWM") - before, GROWTH, "KiB")

    def download(self, listener):
        if not shutil.which("curl"):
            self.skipTest("curl is not installed")
        _, edge = self.edge_for(listener)
        before = edge.memory()
        scheme = "http" if listener == "lan" else "https"
        url = f"{scheme}://localhost:{edge.ports[listener]}/bytes/{self.size()}"
        command = ["curl", "-sS", "--noproxy", "*", "--cacert", certificates() / "ca.pem", "-o", "/dev/null", "-w", "%{http_code} %{size_download}"]
        done = subprocess.run([*command, url], capture_output=True, timeout=300, check=False)
        self.assertEqual(done.stdout.decode(), f"200 {self.size()}", done.stderr)
        self.assert_flat(edge, before)

    def upload(self, listener):
        server, edge = self.edge_for(listener)
        before = edge.memory()
        block = bytes(1 << 20)
        with edge.connect(listener) as client:
            client.send(b"POST /sink HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % self.size())
            for _ in range(self.size() // len(block)):
                client.send(block)
            reply = client.reply()
        self.assertEqual((reply.status, reply.body.split()[0]), (200, b"%d" % self.size()))
        self.assert_flat(edge, before)

    def test_download_over_tls(self):
        self.download("internet")

    def test_download_over_plain_http(self):
        self.download("lan")

    def test_upload_over_tls(self):
        self.upload("internet")

    def test_upload_over_plain_http(self):
        self.upload("lan")


class Backpressure(Story):
    def test_a_reader_that_pauses_pauses_the_server(self):
        server = self.standin(Web)
        edge = self.start(config(server, workers=1))
        edge.ask(b"GET /bytes/4000000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        before = edge.memory()
        with edge.connect(receive_buffer=65536) as client:
            client.send(b"GET /bytes/%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % (128 << 20))
            client.head()
            # Another caller is served while this one does not read.
            for _ in range(20):
                self.assertEqual(edge.ask(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200)
            server.wait("the end of the others", lambda: server.in_flight <= 1)
            self.assertEqual(server.in_flight, 1, "the server still has bytes to send")
            if not sanitized():
                self.assertLessEqual(edge.memory("VmHWM") - before, GROWTH)
            client.exactly((128 << 20) - len(client.buffer), keep=False)

    def test_a_server_that_does_not_read_pauses_the_caller(self):
        server = self.standin(Web, fault="hang_head")
        edge = self.start(config(server, workers=1))
        before = edge.memory()
        with edge.connect("lan") as client:
            client.send(b"POST /sink HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (1 << 30))
            server.wait_for_heads(1)
            client.sock.settimeout(0.5)
            sent = 0
            with self.assertRaises(TimeoutError):
                while sent < 512 << 20:
                    sent += client.sock.send(bytes(1 << 20))
            # What the kernels on the way hold, and the edge's own buffers: not the body.
            self.assertLess(sent, 64 << 20)
            if not sanitized():
                self.assertLessEqual(edge.memory("VmHWM") - before, GROWTH)


class Spool(Story):
    def test_a_chunked_body_for_mserver_is_kept_on_disk_and_not_in_memory(self):
        server = self.standin(MServer)
        edge = self.start(config(server, "mserver", workers=1))
        head = b"POST /xml HTTP/1.1\r\nHost: localhost\r\nSTW-Authorization: Basic QDo=\r\nTransfer-Encoding: chunked\r\n\r\n"
        block = b"%x\r\n%s\r\n" % (1 << 20, bytes(1 << 20))
        count = 16 if sanitized() else 128
        edge.ask(head + block + b"0\r\n\r\n")
        before = edge.memory()
        with edge.connect() as client:
            client.send(head)
            for _ in range(count):
                client.send(block)
            self.assertEqual(server.heads, 1, "nothing reaches the server before the body is complete")
            client.send(b"0\r\n\r\n")
            self.assertEqual(client.reply().status, 200)
        self.assertEqual(server.requests[1].get("Content-Length"), b"%d" % (count << 20))
        if not sanitized():
            self.assertLessEqual(edge.memory("VmHWM") - before, GROWTH)
        poll("removal of the spool file", lambda: [path for path in edge.directory.iterdir() if path.name != "ledgergate.yaml"] == [])


if __name__ == "__main__":
    unittest.main()
