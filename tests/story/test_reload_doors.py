"""What a reload must not do to those who are on their way in, or in the middle of something."""

import signal
import unittest

from client import Ended
from harness import Story, config, free_port, poll, scratch
from threads import Stopped, workers_of

from mserver import MServer
from web import Web

ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Doors(Story):
    """A listener is taken away while callers wait in its queue: they are let in, as callers of that listener and no other."""

    WAITING = 200  # more than a worker takes in at once

    def story(self, kept, removed):
        server = self.standin(Web)
        doors = {name: {"name": name, "address": f"127.0.0.1:{free_port()}", "tls": "off"} for name in ("a", "b")}
        both = config(server, listen=list(doors.values()), route={"listeners": [kept]}, workers=1)
        edge = self.start(both)
        for _ in range(5):
            edge.write({**both, "listen": [doors[kept]]})
            mark = len(edge.said.lines)
            # Whoever connects while the program stands still waits in the kernel's queue.
            edge.process.send_signal(signal.SIGSTOP)
            waiting = [edge.connect(removed, tls=False) for _ in range(self.WAITING)]
            for client in waiting:
                client.send(ASK)
            edge.process.send_signal(signal.SIGHUP)
            edge.process.send_signal(signal.SIGCONT)
            edge.said.wait(r"\breloaded\b", mark)
            statuses = {client.reply().status for client in waiting}
            for client in waiting:
                client.close()
            self.assertEqual(statuses, {404}, f"listener {removed} has no route")
            self.assertEqual(edge.ask(ASK, kept, tls=False).body, b"hello")
            edge.reload(both)
        self.assertEqual(len(server.requests), 5)

    def test_the_second_of_two(self):
        self.story("a", "b")

    def test_the_first_of_two(self):
        self.story("b", "a")

    def test_a_listener_that_comes_back_answers(self):
        server = self.standin(Web)
        doors = [{"name": name, "address": f"127.0.0.1:{free_port()}", "tls": "off"} for name in ("a", "b")]
        edge = self.start(config(server, listen=doors))
        for listen in (doors[:1], doors[1:], doors, doors[1:], doors[:1]):
            edge.reload(config(server, listen=listen))
            for door in listen:
                self.assertEqual(edge.ask(ASK, door["name"], tls=False).status, 200)


class Everywhere(Story):
    """What is said of a reload is true of every worker."""

    def doors(self):
        server = self.standin(Web)
        doors = [{"name": name, "address": f"127.0.0.1:{free_port()}", "tls": "off"} for name in ("a", "b")]
        return config(server, listen=doors), config(server, listen=doors[:1])

    def test_not_said_before_the_last_worker_has_done_it(self):
        both, one = self.doors()
        edge = self.start(both)
        workers = workers_of(edge.process.pid)
        self.assertEqual(len(workers), 2)
        for worker in workers:
            edge.write(one)
            mark = len(edge.said.lines)
            with Stopped(worker):
                edge.process.send_signal(signal.SIGHUP)
                edge.process.send_signal(signal.SIGUSR1)  # the main thread comes to it behind the reload
                edge.said.wait("access log opened again", mark)
                self.assertIsNone(edge.said.find(r"\breloaded\b", mark), edge.said.text)
            edge.said.wait(r"\breloaded\b", mark)
            self.assertRegex(edge.reload(both), r"\breloaded\b")
            self.assertEqual(edge.ask(ASK, "b", tls=False).status, 200)

    def test_a_port_that_was_given_back_can_be_opened_at_once(self):
        both, one = self.doors()
        edge = self.start(both)
        for _ in range(60):
            self.assertRegex(edge.reload(one), r"\breloaded\b", edge.said.text)
            self.assertRegex(edge.reload(both), r"\breloaded\b", edge.said.text)

    def test_a_reload_that_comes_meanwhile_is_done_behind_it(self):
        both, one = self.doors()
        edge = self.start(both)
        edge.write(one)
        mark = len(edge.said.lines)
        with Stopped(workers_of(edge.process.pid)[0]):
            edge.process.send_signal(signal.SIGHUP)
            edge.process.send_signal(signal.SIGUSR1)
            edge.said.wait("access log opened again", mark)
            edge.write(both)
            edge.process.send_signal(signal.SIGHUP)
            edge.process.send_signal(signal.SIGUSR1)
            poll("the second answer", lambda: sum("opened again" in line for line in edge.said.lines[mark:]) == 2)
        edge.said.wait(r"\breloaded\b", mark)

        def answers():
            try:
                return edge.ask(ASK, "b", tls=False).status == 200
            except (OSError, Ended):
                return False  # between the two; signals that wait together are one

        poll("the second reload's door", answers)
        self.assertIsNone(edge.said.find("refused"), edge.said.text)


class Generations(Story):
    """A request keeps the settings it began with, even where they are two reloads old."""

    def test_a_body_that_is_kept_first_while_the_settings_change_twice(self):
        server = self.standin(MServer)
        settings = config(server, "mserver", workers=1, spool={"memory": "4KiB", "directory": str(scratch())})
        edge = self.start(settings)
        block = b"%x\r\n%s\r\n" % (50_000, bytes(50_000))
        status = b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n"
        with edge.connect("lan") as client, edge.connect("lan") as other:

            def seen_by_the_worker():
                # There is one worker: what was sent before another caller was served has been read.
                other.send(status)
                self.assertEqual(other.reply().status, 200)

            client.send(b"POST /xml HTTP/1.1\r\nHost: localhost\r\nSTW-Authorization: Basic QDo=\r\n")
            seen_by_the_worker()
            edge.reload(settings)
            seen_by_the_worker()
            client.send(b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            seen_by_the_worker()
            edge.reload(settings)
            seen_by_the_worker()
            for _ in range(12):
                client.send(block)
            client.send(b"0\r\n\r\n")
            self.assertEqual(client.reply().status, 200)
        posted = [request for request in server.requests if request.method == "POST"]
        self.assertEqual([request.get("Content-Length") for request in posted], [b"600003"])


if __name__ == "__main__":
    unittest.main()
