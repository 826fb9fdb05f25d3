"""The line before a server belongs to the server, whatever the settings call it: names that lead to one place share it, and no reload
makes a second one while somebody stands in the first."""

import json
import pathlib
import subprocess
import tempfile

from harness import Story, config, poll, program
from other_world import FAIL, World

from apicomprem import ApiComPrem
from mserver import MServer
from web import Web

H = b"Host: localhost\r\n"
AUTH = b"STW-Authorization: Basic QDo=\r\n"
UNITS = ["c8175fe2-5aba-460e-a492-5da487105394", "3ce17312-8dbd-49a0-94d3-2e01b65e4173"]
DOWN = {"interval": "50ms", "timeout": "30s", "fall": 2, "rise": 2}


def document(path=b"/documents/faktura.pdf"):
    return b"GET " + path + b" HTTP/1.1\r\n" + H + AUTH + b"\r\n"


def command(unit, path=b"/api/comm"):
    body = b'{"command":{"inComm":"INFO","inParam":{"parameters":{}}}}'
    head = b"POST " + path + b" HTTP/1.1\r\n" + H + b"ID-UJ: " + unit.encode() + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
    return head + body


def work(server):
    """The requests that a server got, without the questions that it answers at any time."""
    return [r for r in server.requests if r.path != b"/status" or r.query]


class Helpers(Story):
    ADMIN = {"admin": {"address": "127.0.0.1:0"}}

    def edge(self, servers, routes=None, **top):
        """Settings with servers of one's own; the second and later ones are found under /NAME."""
        made = config("http://127.0.0.1:1", **top)
        made["servers"] = servers
        names = list(servers)
        made["routes"] = [{"path": "/", "server": names[0], "access": "anonymous"}]
        for name in names[1:]:
            made["routes"].append({"path": f"/{name}", "server": name, "access": "anonymous", "strip_prefix": True})
        made["routes"] += routes or []
        return made

    def stands_in_line(self, edge, request, server, requests):
        """Sends a request that must not get to the server yet. The line is told by the metrics; it is the only proof that the request
        has come so far, and no time has to go by."""
        client = edge.connect("lan")
        self.addCleanup(client.close)
        before = self.waiting(edge)
        client.send(request)
        poll("a request in line, or one too many at the server", lambda: self.waiting(edge) > before or len(work(server)) > requests)
        self.assertEqual(len(work(server)), requests, "a second request is at a server that does one thing at a time")
        return client

    @staticmethod
    def waiting(edge):
        text = edge.ask(b"GET /metrics HTTP/1.1\r\n" + H + b"\r\n", "admin", tls=False).body.decode()
        lines = [line for line in text.splitlines() if line.startswith("ledgergate_turns_waiting{")]
        return max([float(line.split()[-1]) for line in lines], default=0)

    def assert_never_two(self, server):
        self.assertEqual(server.counters()["overlapping_exchanges"], 0)

    def one_behind_the_other(self, server, edge, second, reloads=()):
        """A request is at the server, held there; then come the reloads, and then `second`."""
        server.turn(hold=True)
        first = edge.connect("lan")
        self.addCleanup(first.close)
        requests = len(server.requests) + 1
        first.send(document())
        server.wait_for_requests(requests)
        for settings in reloads:
            self.assertIn("reloaded", edge.reload(settings))
        behind = self.stands_in_line(edge, second, server, requests)
        server.release()
        self.assertEqual(first.reply().status, 200)
        self.assertEqual(behind.reply().status, 200)
        self.assert_never_two(server)

    @staticmethod
    def wait_for_work(server, count):
        server.wait(f"request {count}", lambda: len(work(server)) >= count)

    def one_behind_the_other_unit(self, server, edge, reloads=(), second=command(UNITS[0], b"/b/api/comm")):
        server.turn(hold=True)
        with edge.connect("lan") as first:
            requests = len(server.requests) + 1
            first.send(command(UNITS[0]))
            server.wait_for_requests(requests)
            for settings in reloads:
                self.assertIn("reloaded", edge.reload(settings))
            behind = self.stands_in_line(edge, second, server, requests)
            server.release()
            self.assertEqual((first.reply().status, behind.reply().status), (200, 200))
        self.assertEqual((server.killed, server.unit_overlaps), (0, 0))


class Lines(Helpers):
    # the edge's own question --------------------------------------------------------------------------------------------------------

    def test_a_reload_keeps_the_place_of_the_question_about_the_company(self):
        server = self.standin(MServer, hold=True)
        health = {**DOWN, "year": "2021"}
        settings = config(server, "mserver", server={"health": health, "credentials": self.credentials("@:")}, **self.ADMIN)
        edge = self.start(settings)
        self.wait_for_work(server, 1)
        settings["servers"]["upstream"]["health"] = DOWN  # from here on nothing keeps requests away but the line
        edge.reload(settings)
        self.stands_in_line(edge, document(), server, 1)
        edge.reload(settings)
        behind = self.stands_in_line(edge, document(), server, 1)
        server.release()
        self.assertEqual(behind.reply().status, 200)
        self.assert_never_two(server)

    def test_a_question_about_the_company_that_waits_leaves_the_line_at_a_reload(self):
        server = self.standin(MServer)
        settings = config(server, "mserver", server={"health": "off", "credentials": self.credentials("@:")}, **self.ADMIN)
        edge = self.start(settings)
        server.turn(hold=True)
        with edge.connect("lan") as first:
            first.send(document())
            server.wait_for_requests(1)
            settings["servers"]["upstream"]["health"] = {**DOWN, "year": "2021"}
            for _ in range(3):
                edge.reload(settings)
                poll("the edge's question in line", lambda: self.waiting(edge) == 1)
            server.release()
            self.assertEqual(first.reply().status, 200)
        edge.said.wait("is open on the right company")
        self.assertEqual([r.path for r in work(server)], [b"/documents/faktura.pdf", b"/status"])
        self.assert_never_two(server)

    def test_an_answer_that_comes_behind_a_reload_does_not_judge_by_the_rules_of_before(self):
        server = self.standin(MServer, hold=True, year=2020)
        health = {**DOWN, "year": "2021"}
        settings = config(server, "mserver", server={"health": health, "credentials": self.credentials("@:")})
        edge = self.start(settings)
        self.wait_for_work(server, 1)
        settings["servers"]["upstream"]["health"] = {**DOWN, "year": "2020"}
        edge.reload(settings)
        server.release()
        edge.said.wait("is open on the right company.*2020")
        self.assertEqual(edge.ask(document(), "lan").status, 200)
        self.assertNotIn("taken for down", edge.said.text)
        self.assert_never_two(server)

    def test_a_reload_keeps_the_places_of_the_question_about_the_version(self):
        server = self.standin(ApiComPrem, hold=True)
        own = {"health": DOWN, "credentials": self.credentials("gras:gr17"), "units": UNITS[:1]}
        settings = config(server, "apicomprem", server=own, **self.ADMIN)
        edge = self.start(settings)
        server.wait_for_requests(1)
        for _ in range(2):
            edge.reload(settings)
        behind = self.stands_in_line(edge, command(UNITS[0]), server, 1)
        server.release()
        self.assertEqual(behind.reply().status, 200)
        self.assertEqual((server.killed, server.unit_overlaps), (0, 0))

    def test_a_question_that_a_reload_left_behind_does_not_keep_a_drain(self):
        server = self.standin(MServer, hold=True)
        own = {"health": {**DOWN, "year": "2021"}, "credentials": self.credentials("@:")}
        settings = config(server, "mserver", server=own, timeouts={"drain": "200ms"})
        edge = self.start(settings)
        self.wait_for_work(server, 1)
        edge.reload(settings)
        edge.stop()
        self.assertNotIn("does not end", edge.said.text)

    # names --------------------------------------------------------------------------------------------------------------------------

    def test_two_names_of_one_url_share_a_line(self):
        server = self.standin(MServer)
        own = {"profile": "mserver", "url": server.url}
        edge = self.start(self.edge({"a": own, "b": own}, **self.ADMIN))
        self.assertNotIn("warning", edge.said.text)
        self.one_behind_the_other(server, edge, document(b"/b/documents/faktura.pdf"))
        self.one_behind_the_other(server, edge, document())

    def test_names_that_are_spelt_differently_share_a_line(self):
        server = self.standin(MServer)
        spelt = ["[::ffff:127.0.0.1]", "LOCALHOST", "127.0.0.1"]
        servers = {f"s{i}": {"profile": "mserver", "url": f"http://{host}:{server.port}"} for i, host in enumerate(spelt)}
        edge = self.start(self.edge(servers, **self.ADMIN))
        self.one_behind_the_other(server, edge, document(b"/s1/documents/faktura.pdf"))
        self.one_behind_the_other(server, edge, document(b"/s2/documents/faktura.pdf"))

    def test_a_name_without_a_bound_stands_in_the_line_of_the_one_that_has_one(self):
        server = self.standin(MServer)
        servers = {"pohoda": {"profile": "mserver", "url": server.url}, "raw": {"url": server.url, "concurrency": "none"}}
        edge = self.start(self.edge(servers, **self.ADMIN))
        edge.said.wait(r"warning: .*`raw` .*`pohoda`.*concurrency")
        self.one_behind_the_other(server, edge, document(b"/raw/documents/faktura.pdf"))

    def test_the_stricter_bound_holds_whichever_name_comes_first(self):
        server = self.standin(MServer)
        for bounds in ((3, 1), (1, 3)):
            with self.subTest(bounds=bounds):
                names = {f"s{i}": {"profile": "mserver", "url": server.url, "concurrency": n} for i, n in enumerate(bounds)}
                edge = self.start(self.edge(names, **self.ADMIN))
                self.one_behind_the_other(server, edge, document(b"/s1/documents/faktura.pdf"))
                self.one_behind_the_other(server, edge, document())

    def test_two_names_share_the_lines_of_units(self):
        server = self.standin(ApiComPrem)
        own = {"profile": "apicomprem", "url": server.url, "units": UNITS[:1]}
        edge = self.start(self.edge({"a": own, "b": {**own, "units": UNITS[1:]}}, **self.ADMIN))
        self.one_behind_the_other_unit(server, edge)
        # Another unit is not kept waiting by it, whichever name lists it.
        server.turn(hold=True)
        with edge.connect("lan") as one, edge.connect("lan") as other:
            asked = len(server.requests)
            one.send(command(UNITS[0], b"/b/api/comm"))
            other.send(command(UNITS[1]))
            server.wait_for_requests(asked + 2)
            server.release()
            self.assertEqual((one.reply().status, other.reply().status), (200, 200))
        self.assertEqual((server.killed, server.unit_overlaps), (0, 0))

    # reloads ------------------------------------------------------------------------------------------------------------------------

    def reloads(self, steps, **extra):
        """A request at the server, the settings of `steps` one after the other, and a second request under the last of them."""
        server = self.standin(MServer)
        made = [self.edge({name: {"profile": "mserver", "url": server.url, **own} for name, own in step.items()}, **self.ADMIN, **extra) for step in steps]
        edge = self.start(made[0])
        self.one_behind_the_other(server, edge, document(), made[1:])

    def test_a_server_that_is_renamed_keeps_its_line(self):
        self.reloads([{"old": {}}, {"new": {}}])

    def test_a_server_that_is_renamed_twice_keeps_its_line(self):
        self.reloads([{"old": {}}, {"new": {}}, {"newer": {}}])

    def test_a_server_without_a_bound_for_a_while_keeps_its_line(self):
        self.reloads([{"a": {}}, {"a": {"concurrency": "none"}}, {"a": {}}])

    def test_a_server_without_a_bound_for_two_reloads_keeps_its_line(self):
        self.reloads([{"a": {}}, {"a": {"concurrency": "none"}}, {"b": {"concurrency": "none"}}, {"c": {"concurrency": 1}}])

    def test_a_server_that_is_away_for_two_reloads_keeps_its_line(self):
        other = {"other": {"url": "http://127.0.0.1:9"}}
        self.reloads([{"a": {}}, other, other, {"a": {}}])

    def test_a_server_of_another_kind_keeps_its_line(self):
        self.reloads([{"a": {}}, {"a": {"profile": "http", "concurrency": 1}}])

    def test_a_first_bound_counts_what_is_at_the_server_already(self):
        self.reloads([{"a": {"concurrency": "none"}}, {"a": {}}])

    def test_a_bound_counts_what_came_while_there_was_none(self):
        server = self.standin(MServer)
        bounded = self.edge({"a": {"profile": "mserver", "url": server.url}}, **self.ADMIN)
        free = self.edge({"a": {"profile": "mserver", "url": server.url, "concurrency": "none"}}, **self.ADMIN)
        edge = self.start(bounded)
        server.turn(hold=True)
        with edge.connect("lan") as first, edge.connect("lan") as second:
            first.send(document())
            server.wait_for_requests(1)
            edge.reload(free)
            second.send(document())
            server.wait_for_requests(2)
            edge.reload(bounded)
            behind = self.stands_in_line(edge, document(), server, 2)
            server.release()
            self.assertEqual([each.reply().status for each in (first, second, behind)], [200, 200, 200])

    def test_a_body_that_began_without_a_bound_takes_its_turn_behind_it(self):
        server = self.standin(MServer)
        own = {"profile": "mserver", "url": server.url, "spool": "request"}
        edge = self.start(self.edge({"a": {**own, "concurrency": "none"}}, **self.ADMIN))
        with edge.connect("lan") as slow, edge.connect("lan") as first:
            slow.send(b"POST /xml HTTP/1.1\r\n" + H + AUTH + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n")
            slow.until(b"100 Continue\r\n\r\n")
            edge.reload(self.edge({"a": own}, **self.ADMIN))
            server.turn(hold=True)
            first.send(document())
            server.wait_for_requests(1)
            before = self.waiting(edge)
            slow.send(b"<x/>")
            poll("the body in line, or one too many", lambda: self.waiting(edge) > before or len(server.requests) > 1)
            self.assertEqual(len(server.requests), 1)
            server.release()
            self.assertEqual((first.reply().status, slow.reply().status), (200, 200))

    def test_units_keep_their_lines_over_names_and_no_bound(self):
        server = self.standin(ApiComPrem)
        own = {"profile": "apicomprem", "url": server.url}
        listed = {**own, "units": UNITS[:1]}
        free = {**own, "concurrency": "none"}
        for steps in ([listed], [listed, free, listed], [listed, own, listed], [free, listed], [own, free, listed], [own, listed]):
            with self.subTest(steps=steps):
                made = [self.edge({f"n{i}": each, "b": each}, **self.ADMIN) for i, each in enumerate(steps)]
                edge = self.start(made[0])
                self.one_behind_the_other_unit(server, edge, made[1:] or made)

    def test_idle_connections_of_before_are_closed_when_a_bound_comes(self):
        server = self.standin(Web)
        edge = self.start(config(server))
        with edge.connect("lan") as client:
            client.send(document(b"/"))
            self.assertEqual(client.reply().status, 200)
            self.assertEqual(server.open, 1)
            edge.reload(config(server, server={"concurrency": 1}))
            server.wait_for_no_connection()
            client.send(document(b"/"))
            self.assertEqual(client.reply().status, 200)
        self.assertEqual(server.counters()["overlapping_connections"], 0)

    # check --------------------------------------------------------------------------------------------------------------------------

    def check(self, settings):
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory) / "edge.yaml"
            file.write_text(json.dumps(settings, indent=1), encoding="utf-8")
            done = subprocess.run([program(), "check", "-c", str(file)], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stderr

    def test_check_tells_which_bound_holds(self):
        one = {"profile": "mserver", "url": "http://10.0.0.9:444"}
        two = {"profile": "mserver", "url": "http://10.0.0.9:444", "concurrency": 2, "queue": {"depth": 9}}
        said = self.check(self.edge({"a": one, "b": two}))
        self.assertRegex(said, r"warning: the server `b` is the one of `a` on line \d+ \(10\.0\.0\.9:444\).*stricter.*concurrency.*1")
        self.assertRegex(said, r"queue\.depth.* 9")
        self.assertNotIn("is the one of", self.check(self.edge({"a": one, "b": one})))
        self.assertNotIn("is the one of", self.check(self.edge({"a": one, "b": {**two, "url": "http://10.0.0.9:445"}})))


class Aliases(World, Helpers):
    """Names that only the name service knows to be one machine: *.world.test is 127.0.0.1."""

    def servers(self, *hosts, **own):
        return {f"s{i}": {"profile": "mserver", "url": f"http://{host}:{self.server.port}", "health": "off", **own} for i, host in enumerate(hosts)}

    def test_a_name_and_its_address_are_one_server(self):
        self.server = self.standin(MServer)
        edge = self.begin(self.edge(self.servers("pohoda.world.test", "127.0.0.1", "ucto.world.test"), **self.ADMIN))
        self.held_back(edge, b"/s1/documents/faktura.pdf")
        self.held_back(edge, b"/s2/documents/faktura.pdf")
        self.held_back(edge, b"/documents/faktura.pdf")

    def held_back(self, edge, path, reloads=()):
        """One is at the server by the first name; what comes by the other has its turn in its own line and waits behind that. What
        comes behind it stands in that line, and so tells that it has come so far."""
        server = self.server
        server.turn(hold=True)
        with edge.connect("lan") as first, edge.connect("lan") as second:
            asked = len(work(server)) + 1
            first.send(document())
            self.wait_for_work(server, asked)
            for settings in reloads:
                self.assertIn("reloaded", edge.reload(settings))
            second.send(document(path))
            third = self.stands_in_line(edge, document(path), server, asked)
            server.release()
            self.assertEqual([each.reply().status for each in (first, second, third)], [200, 200, 200])
        self.assert_never_two(server)

    def test_a_server_whose_name_is_changed_for_its_address(self):
        self.server = self.standin(MServer)
        by_name = self.edge(self.servers("pohoda.world.test"), **self.ADMIN)
        by_address = self.edge(self.servers("127.0.0.1"), **self.ADMIN)
        edge = self.begin(by_name)
        self.held_back(edge, b"/documents/faktura.pdf", [by_address])
        self.held_back(edge, b"/documents/faktura.pdf", [by_name])

    def test_the_edges_own_question_by_another_name(self):
        self.server = self.standin(MServer)
        servers = self.servers("pohoda.world.test", "127.0.0.1")
        quiet = self.edge(servers, **self.ADMIN)
        asking = json.loads(json.dumps(quiet))
        asking["servers"]["s1"] |= {"health": {**DOWN, "year": "2021"}, "credentials": self.credentials("@:")}
        edge = self.begin(quiet)
        self.server.turn(hold=True)
        with edge.connect("lan") as first:
            first.send(document())
            self.wait_for_work(self.server, 1)
            edge.reload(asking)
            # It holds the place of its own line meanwhile.
            poll("the question on its way", lambda: self.taken(edge, "s1") == 1 or len(work(self.server)) > 1)
            self.assertEqual(len(work(self.server)), 1)
            self.server.release()
            self.assertEqual(first.reply().status, 200)
        edge.said.wait("s1 is open on the right company")
        self.assert_never_two(self.server)

    @staticmethod
    def taken(edge, name):
        text = edge.ask(b"GET /metrics HTTP/1.1\r\n" + H + b"\r\n", "admin", tls=False).body.decode()
        return float(next(line for line in text.splitlines() if line.startswith(f'ledgergate_turns_taken{{server="{name}"')).split()[-1])

    def test_units_by_two_names(self):
        server = self.standin(ApiComPrem)
        own = {"profile": "apicomprem", "units": UNITS, "health": "off"}
        hosts = {"a": "premier.world.test", "b": "127.0.0.1"}
        edge = self.begin(self.edge({name: {**own, "url": f"http://{host}:{server.port}"} for name, host in hosts.items()}, **self.ADMIN))
        server.turn(hold=True)
        with edge.connect("lan") as first, edge.connect("lan") as same, edge.connect("lan") as other:
            first.send(command(UNITS[0]))
            server.wait_for_requests(1)
            other.send(command(UNITS[1], b"/b/api/comm"))
            server.wait_for_requests(2)
            same.send(command(UNITS[0], b"/b/api/comm"))
            behind = self.stands_in_line(edge, command(UNITS[0], b"/b/api/comm"), server, 2)
            server.release()
            self.assertEqual([each.reply().status for each in (first, same, other, behind)], [200] * 4)
        self.assertEqual((server.killed, server.unit_overlaps), (0, 0))

    def test_a_name_that_is_not_known_is_told(self):
        self.server = self.standin(MServer)
        edge = self.begin(self.edge(self.servers("pohoda.world.test"), **self.ADMIN))
        self.turn(names=FAIL)
        self.assert_refused(edge.ask(document(), "lan"), 502, "dns_error")
        self.turn()
