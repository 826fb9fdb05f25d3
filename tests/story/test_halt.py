"""The end: who has just come is served, and what does not end by itself is ended."""

import json
import signal
import threading
import unittest

from harness import Story, config, poll

from mserver import MServer
from web import Web

ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


class DrainTimeOver(Story):
    """Requests that would go on for ever, of each kind. None is left behind, and each has its line in the log."""

    def settings(self, web, deaf, pohoda):
        made = config(web, workers=1, timeouts={"drain": "300ms"})
        made["servers"]["deaf"] = {"profile": "http", "url": deaf.url}
        made["servers"]["pohoda"] = {"profile": "mserver", "url": pohoda.url}
        for path, server in (("/deaf", "deaf"), ("/xml", "pohoda")):
            made["routes"].append({"path": path, "server": server, "access": "anonymous"})
        return made

    def press(self, client):
        try:
            while True:
                client.send(bytes(1 << 20))
        except OSError:
            pass  # it ended, as it should

    def story(self, listener):
        web, deaf, pohoda = self.standin(Web), self.standin(Web, fault="hang_head"), self.standin(MServer)
        edge = self.start(self.settings(web, deaf, pohoda))
        clients = [edge.connect(listener, receive_buffer=65536) for _ in range(6)]
        for client in clients:
            self.addCleanup(client.close)
        reader, uploader, presser, spooler, beginner, other = clients
        reader.send(b"GET /bytes/%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % (1 << 40))
        reader.head()
        uploader.send(b"POST /paused HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc")
        presser.send(b"POST /deaf HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (1 << 40))
        pressing = threading.Thread(target=self.press, args=(presser,))
        pressing.start()
        spooler.send(b"POST /xml HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        beginner.send(b"GET /half HTTP/1.1\r\nHost: localhost\r\n")
        web.wait_for_heads(2)
        deaf.wait_for_heads(1)
        # There is one worker: what was sent before another caller was served has been read.
        other.send(ASK)
        self.assertEqual(other.reply().status, 200)
        edge.terminate()
        self.assertEqual(edge.wait_for_exit(), 0)
        pressing.join()
        edge.said.thread.join()
        edge.log.thread.join()
        self.assertIn("drain time is over", edge.said.text)
        self.assertNotIn("leaving it behind", edge.said.text)
        self.assertIn("stopped", edge.said.text)
        lines = [json.loads(line) for line in edge.log.lines]
        paths = sorted(line.get("path", "") for line in lines)
        self.assertEqual(paths, ["", "/", f"/bytes/{1 << 40}", "/deaf", "/paused", "/xml"])
        self.assertEqual([line["path"] for line in lines if "cause" not in line], ["/"])

    def test_ends_all_over_plain_http(self):
        self.story("lan")

    def test_ends_all_over_tls(self):
        self.story("internet")


class LastArrivals(Story):
    def closed(self, edge):
        try:
            edge.connect("lan").close()
            return False
        except OSError:
            return True

    def test_a_request_right_behind_the_signal_is_served(self):
        for listener in ("lan", "internet"):
            _, edge = self.front(Web)
            with edge.connect(listener) as client:
                edge.terminate()
                edge.said.wait("draining")
                poll("closing of the listeners", lambda: self.closed(edge))
                client.send(ASK)
                reply = client.reply()
                self.assertEqual((reply.body, reply.get("Connection")), (b"hello", "close"))
                self.assertEqual(client.end(), "closed")
            self.assertEqual(edge.wait_for_exit(), 0)

    def test_callers_in_the_queue_are_served(self):
        _, edge = self.front(Web)
        edge.process.send_signal(signal.SIGSTOP)
        waiting = [edge.connect("lan") for _ in range(200)]
        for client in waiting:
            client.send(ASK)
        edge.terminate()
        edge.process.send_signal(signal.SIGCONT)
        for client in waiting:
            self.assertEqual(client.reply().body, b"hello")
            client.close()
        self.assertEqual(edge.wait_for_exit(), 0)


if __name__ == "__main__":
    unittest.main()
