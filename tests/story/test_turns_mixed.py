"""One place, and everything that can happen to a request at once: callers who hang up in line, in mid-request and in mid-body, time-outs,
refused bodies, servers that break off, reloads, two workers. The stand-in counts what overlaps. What is asked comes from a seed; the order
is the machine's."""

import random
import threading
import unittest

from harness import PATIENCE, Story, config, sanitized

import faults
from mserver import MServer

LIMIT = 4096  # bytes of a body
BREAKS = ("reset", "close", "half_body", "garbage", "chunked_bad")
# These end the connection themselves; with the others the stand-in waits for the edge.
ENDS = {"reset", "close", "half_body", "garbage"}


class Moody(MServer):
    """mServer whose mood a request names in X-Mood: plain; held (until told to go on); one of BREAKS. It tells the overlaps of
    connections that carried work from those of status calls, which are allowed."""

    def __init__(self, places):
        self.working_connections = {}  # connection -> requests
        self.most = 0
        self.arrived = set()  # X-Number of what came
        self.told = set()  # to go on
        self.again = False  # one came twice
        super().__init__()
        self.turnstile = threading.Semaphore(places)  # as many things at a time

    def go_on(self, number):
        with self.changed:
            self.told.add(number)
            self.changed.notify_all()

    def wait_for_arrival(self, number):
        self.wait(f"arrival of request {number}", lambda: number in self.arrived)

    def ended(self, connection):
        with self.changed:
            self.working_connections.pop(connection, None)

    def serve(self, connection):
        try:
            super().serve(connection)
        finally:
            self.ended(connection)  # before the FIN: whoever waits for that may come at once

    def exchange(self, connection, request):
        if self.aside(request):
            return super().exchange(connection, request)
        number = int(request.get("X-Number"))
        mood = request.get("X-Mood").decode()
        with self.changed:
            self.working_connections[connection] = self.working_connections.get(connection, 0) + 1
            self.most = max(self.most, sum(self.working_connections.values()))
        connection.reader.body(request)
        with self.answering(request):
            with self.changed:
                self.again |= number in self.arrived
                self.arrived.add(number)
                self.changed.notify_all()
                if mood == "held" and not self.changed.wait_for(lambda: number in self.told or self.stopping, PATIENCE):
                    raise AssertionError(f"nobody let request {number} go on")
            reply = self.reply(request)
        if mood in ENDS:
            self.ended(connection)
        if mood in faults.BEFORE_BODY:
            return faults.before_body(mood, connection, request)
        whole = faults.send(mood if mood in BREAKS else None, connection, request, reply, self.knobs)
        with self.changed:
            if connection in self.working_connections:
                self.working_connections[connection] = 1  # it is open still, idle or not: the next one elsewhere would be a second
        return whole


class Caller:
    """One of those who ask at the same time, each on a connection of its own, kept while it can be."""

    def __init__(self, story, tasks):
        self.story, self.tasks = story, tasks
        self.client = None
        self.statuses = []
        self.error = None

    def run(self):
        try:
            for number, task in self.tasks:
                getattr(self, task.partition(" ")[0])(number, task.partition(" ")[2])
        except Exception as error:  # to be raised by the test
            self.error = error
            self.story.server.go_on(number)
        finally:
            self.part()

    def part(self):
        if self.client:
            self.client.close()
        self.client = None

    def send(self, number, mood="plain", body=None, length=None, path=b"/xml"):
        if not self.client:
            self.client = self.story.edge.connect("lan")
        head = b"Host: localhost\r\nSTW-Authorization: Basic QDo=\r\nX-Number: %d\r\nX-Mood: %s\r\n" % (number, mood.encode())
        if body is None:
            self.client.send(b"GET /documents/faktura.pdf HTTP/1.1\r\n" + head + b"\r\n")
        elif length is None:
            self.client.send(b"POST %s HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\n\r\n%s" % (path, head, body))
        else:
            self.client.send(b"POST %s HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n%s" % (path, head, length, body))

    def answer(self, *allowed):
        reply = self.client.reply()
        self.statuses.append(reply.status)
        if reply.status not in allowed:
            raise AssertionError(f"{reply.status}, not one of {allowed}: {reply}")
        if (reply.get("Connection") or "").lower() == "close":
            self.part()
        return reply.status

    # what may happen to a request

    def get(self, number, _):
        self.send(number)
        self.answer(200)

    def post(self, number, _):
        self.send(number, body=b"<x/>", length=4)
        self.answer(200)

    def broken(self, number, fault):
        self.send(number, fault, b"<x/>", 4)
        self.answer(502)

    def hang_up(self, number, how):
        """At once: in line, or wherever the request is by then."""
        self.send(number, body=b"<x/>", length=4)
        if how == "reset":
            self.client.reset()
        self.part()

    def hang_up_at_work(self, number, _):
        self.send(number, "held", b"<x/>", 4)
        self.story.server.wait_for_arrival(number)
        self.client.reset()
        self.part()
        self.story.server.go_on(number)

    def hang_up_in_body(self, number, _):
        self.send(number, body=b"<x", length=4)
        self.part()

    def late(self, number, _):
        self.send(number, "held", b"<x/>", 4)
        self.answer(504)
        self.story.server.go_on(number)  # it was at work all the while

    def too_large(self, number, _):
        self.send(number, body=b"", length=LIMIT + 1)
        self.answer(413)
        self.part()

    def too_large_in_the_end(self, number, _):
        self.send(number, body=b"%x\r\n%s\r\n" % (LIMIT + 1, b"x" * (LIMIT + 1)))
        self.answer(413)
        self.part()

    def malformed(self, number, _):
        self.send(number, body=b"2\r\n<x\r\nno size\r\n")
        self.answer(400)
        self.part()


NEVER_FORWARDED = {"hang_up_in_body", "too_large", "too_large_in_the_end", "malformed"}


class MixedTurns(Story):
    def mix(self, profile, places, breaks, seed, callers=6):
        chosen = random.Random(seed)
        tasks = ["get"] * 60 + ["post"] * 40 + ["hang_up close", "hang_up reset"] * 10 + ["hang_up_at_work"] * 8 + ["late"] * 2
        tasks += sorted(NEVER_FORWARDED) * 6 + [f"broken {fault}" for fault in breaks]
        chosen.shuffle(tasks)
        numbered = list(enumerate(tasks, 1))
        self.server = self.standin(Moody, places)
        settings = config(
            self.server,
            profile,
            # Long enough that nobody else runs out of it on a busy machine. The line is for everybody, whatever it takes.
            server={"concurrency": places, "timeouts": {"reply": "4s" if sanitized() else "2s"}, "queue": {"wait": "10min"}, "body_limit": LIMIT},
        )
        self.edge = self.start(settings)
        self.callers = [Caller(self, numbered[first::callers]) for first in range(callers)]
        threads = [threading.Thread(target=caller.run) for caller in self.callers]
        for thread in threads:
            thread.start()
        for reload in range(1, 7):
            self.server.wait("more requests", lambda due=18 * reload: len(self.server.arrived) >= due or self.failed())
            settings["servers"]["upstream"]["queue"]["depth"] = 64 + reload
            self.edge.reload(settings)
        for thread in threads:
            thread.join(4 * PATIENCE)
        for error in self.failed():
            raise error
        # No place was lost, and none was made: one more is served, and nothing was ever beside it.
        last = Caller(self, [(len(tasks) + 1, "get")])
        last.run()
        self.assertEqual((last.error, last.statuses), (None, [200]))
        arrived = {task for number, task in numbered if number in self.server.arrived}
        self.assertEqual(arrived & NEVER_FORWARDED, set(), "reached the server")
        self.assertEqual({number for number, task in numbered if task in ("get", "post", "late")} - self.server.arrived, set())
        self.assertFalse(self.server.again, "something was sent twice")
        self.assertLessEqual(self.server.most, places)
        self.assertLessEqual(self.server.max_working, places)
        self.assertEqual(self.server.broken, [])

    def failed(self):
        return [caller.error for caller in self.callers if caller.error]

    def test_one_place_of_an_mserver(self):
        # Behind an mServer that broke off the place is kept until it was seen idle twice: a second each.
        self.mix("mserver", 1, ("reset", "garbage"), seed=1)

    def test_one_place_of_any_server(self):
        self.mix("http", 1, BREAKS * 4, seed=2)

    def test_three_places(self):
        self.mix("http", 3, BREAKS * 4, seed=3, callers=10)


if __name__ == "__main__":
    unittest.main()
