"""Reload, drain, and an access log that never stands in the way."""

import json
import os
import signal
import subprocess
import threading
import unittest

from client import context
from harness import SOURCE, Story, certificates, config, pair, poll, sanitized, scratch

from mserver import MServer
from web import Web

ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def own_certificates():
    """A directory of certificates that a story may change."""
    directory = scratch() / f"own-{os.getpid()}"
    subprocess.run([SOURCE / "certs" / "make-test-certs", directory], check=True)
    return directory


class Reload(Story):
    def test_open_connections_live_on(self):
        server = self.standin(Web)
        settings = config(server)
        edge = self.start(settings)
        with edge.connect() as idle, edge.connect() as busy:
            for client in (idle, busy):
                client.send(ASK)
                client.reply()
            server.turn(hold=True)
            busy.send(ASK)
            server.wait_for_requests(3)
            edge.reload(settings)
            server.release()
            self.assertEqual(busy.reply().body, b"hello", "a request in flight finishes")
            idle.send(ASK)
            self.assertEqual(idle.reply().body, b"hello", "an idle connection is still good")

    def test_traffic_does_not_notice(self):
        server = self.standin(Web)
        settings = config(server)
        edge = self.start(settings)
        stop = threading.Event()
        failures = []
        served = [0]

        def visit():
            while not stop.is_set():
                try:
                    reply = edge.ask(ASK)
                    served[0] += 1
                    if reply.status != 200:
                        failures.append(reply)
                except Exception as error:
                    failures.append(error)

        threads = [threading.Thread(target=visit) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(5):
            edge.reload(settings)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertGreater(served[0], 0)

    def test_new_routes_count_for_the_next_request_of_an_open_connection(self):
        server = self.standin(Web)
        edge = self.start(config(server))
        with edge.connect() as client:
            client.send(ASK)
            self.assertEqual(client.reply().status, 200)
            edge.reload(config(server, route={"path": "/app"}))
            client.send(ASK)
            self.assertEqual(client.reply().status, 404)
            client.send(ASK.replace(b"/ ", b"/app "))
            self.assertEqual(client.reply().status, 200)

    def test_broken_settings_are_refused_and_the_old_ones_stay(self):
        server = self.standin(Web)
        settings = config(server)
        edge = self.start(settings)
        broken = config(server)
        broken["routes"][0]["sever"] = "upstream"
        edge.reload(broken)
        edge.said.wait("did you mean")
        self.assertEqual(edge.ask(ASK).status, 200)
        edge.write("listen: [}")
        edge.reload()
        self.assertEqual(edge.ask(ASK).status, 200)

    def test_a_renewed_certificate_is_picked_up(self):
        server = self.standin(Web)
        directory = own_certificates()
        own = {"chain": str(directory / "server-ecdsa.pem"), "key": str(directory / "server-ecdsa.key")}
        settings = config(server, listen=[{"name": "internet", "address": "127.0.0.1:0", "certificates": [own]}])
        edge = self.start(settings)

        def serial():
            with edge.connect(context=context(directory / "ca.pem")) as client:
                return client.sock.getpeercert()["serialNumber"]

        first = serial()
        with edge.connect(context=context(directory / "ca.pem")) as open_one:
            open_one.send(ASK)
            open_one.reply()
            subprocess.run([SOURCE / "certs" / "make-test-certs", directory, "--renew"], check=True)
            self.assertEqual(serial(), first, "nothing changes before the reload")
            edge.reload(settings)
            self.assertNotEqual(serial(), first)
            open_one.send(ASK)
            self.assertEqual(open_one.reply().status, 200)

    def test_a_certificate_that_does_not_fit_its_key_is_refused(self):
        server = self.standin(Web)
        edge = self.start(config(server))
        bad = {"chain": pair("server-ecdsa")["chain"], "key": str(certificates() / "mismatch.key")}
        edge.reload(config(server, listen=[{"name": "internet", "address": "127.0.0.1:0", "certificates": [bad]}]))
        self.assertEqual(edge.ask(ASK).status, 200)

    def test_a_server_that_moved(self):
        one, two = self.standin(Web), self.standin(Web)
        edge = self.start(config(one))
        with edge.connect() as client:
            client.send(ASK)
            client.reply()
            edge.reload(config(two))
            client.send(ASK)
            client.reply()
        self.assertEqual((len(one.requests), len(two.requests)), (1, 1))
        one.wait_for_no_connection()


class Drain(Story):
    def test_a_request_in_flight_finishes_and_then_the_edge_ends(self):
        server, edge = self.front(Web, knobs={"hold": True})
        with edge.connect() as client:
            client.send(ASK)
            server.wait_for_requests(1)
            edge.terminate()
            edge.said.wait("drain")
            poll("closing of the listeners", lambda: self.closed(edge))
            server.release()
            reply = client.reply()
            self.assertEqual((reply.body, reply.get("Connection")), (b"hello", "close"))
            self.assertEqual(client.end(), "closed")
        self.assertEqual(edge.wait_for_exit(), 0)

    def closed(self, edge):
        try:
            edge.connect("lan").close()
            return False
        except OSError:
            return True

    def test_idle_connections_do_not_hold_the_exit(self):
        _, edge = self.front(Web)
        with edge.connect() as client:
            client.send(ASK)
            client.reply()
            edge.terminate()
            self.assertIn(client.end(), ("closed", "reset"))
        self.assertEqual(edge.wait_for_exit(), 0)

    def test_a_reply_without_end_does_not_hold_the_exit(self):
        server = self.standin(Web)
        edge = self.start(config(server, timeouts={"drain": "500ms"}))
        with edge.connect() as client:
            client.send(b"GET /bytes/%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % (1 << 40))
            client.head()
            edge.terminate()
            client.end(keep=False)
            self.assertEqual(edge.wait_for_exit(), 0)

    def test_a_server_that_never_answers_does_not_hold_the_exit(self):
        server = self.standin(Web, fault="hang")
        edge = self.start(config(server, timeouts={"drain": "500ms"}))
        with edge.connect() as client:
            client.send(ASK)
            server.wait_for_requests(1)
            edge.terminate()
            self.assertEqual(edge.wait_for_exit(), 0)

    def test_sigint_ends_it_too(self):
        _, edge = self.front(Web)
        edge.process.send_signal(signal.SIGINT)
        self.assertEqual(edge.wait_for_exit(), 0)


class AccessLog(Story):
    def test_a_line_says_what_happened(self):
        server, edge = self.front(MServer, "mserver")
        body = b'<dat:dataPack id="1"/>'
        edge.ask(
            b"POST /xml?token=geheim&a=b HTTP/1.1\r\nHost: Ucto.Ledger.Test\r\nSTW-Authorization: Basic QDo=\r\nAuthorization: Basic Z3JhczpncjE3\r\n"
            b"Cookie: sid=123456789\r\nContent-Length: %d\r\n\r\n" % len(body) + body,
            name="ucto.ledger.test",
        )
        line = edge.access_log(1)[0]
        text = json.dumps(line)
        for secret in ("QDo=", "Z3JhczpncjE3", "123456789", "geheim"):
            self.assertNotIn(secret, text)
        values = set(map(str, self.flat(line)))
        for expected in ("POST", "ucto.ledger.test", "200", "127.0.0.1", "TLSv1.3", "internet", "upstream", str(len(body))):
            self.assertIn(expected, values, line)
        self.assertTrue(any(value.startswith("/xml") for value in values), line)

    def flat(self, value):
        if isinstance(value, dict):
            for part in value.values():
                yield from self.flat(part)
        elif isinstance(value, list):
            for part in value:
                yield from self.flat(part)
        else:
            yield value

    def test_the_request_id_is_the_same_everywhere(self):
        server, edge = self.front(Web)
        reply = edge.ask(ASK)
        identity = reply.get("X-Request-ID")
        self.assertIn(identity, json.dumps(edge.access_log(1)[0]))
        self.assertEqual(server.requests[0].get("X-Request-ID"), identity.encode())

    def test_the_plain_request_id_of_a_trusted_proxy_goes_on(self):
        server = self.standin(Web)
        edge = self.start(config(server, trusted_proxies=["127.0.0.1"]))
        plain = ["azAZ09-_.", "0", "9", "a" * 128]
        odd = ["a" * 129, *(f"a{c}b" for c in "/:@[`{,^ \xe9\t\"<"), ""]
        with edge.connect() as client:
            for said in plain + odd:
                client.send(ASK.replace(b"\r\n\r\n", f"\r\nX-Request-ID: {said}\r\nX-Request-ID: second\r\n\r\n".encode("latin-1")))
                identity = client.reply().get("X-Request-ID")
                self.assertEqual(server.requests[-1].get("X-Request-ID"), identity.encode())
                if said in plain:
                    self.assertEqual(identity, said)
                else:
                    self.assertNotIn(identity, (said, "second", ""))

    def test_a_refusal_names_side_and_cause(self):
        _, edge = self.front(Web)
        edge.ask(b"GET / HTTP/1.1\r\nBad Header: x\r\n\r\n", "lan")
        text = json.dumps(edge.access_log(1)[0])
        self.assertIn("bad_request", text)
        self.assertIn("client", text)

    def test_a_file(self):
        server = self.standin(Web)
        path = scratch() / f"access-{os.getpid()}.log"
        path.unlink(missing_ok=True)
        settings = config(server, log={"access": str(path)})
        edge = self.start(settings)
        edge.ask(ASK)
        poll("a line in the file", lambda: path.exists() and path.read_text().count("\n") == 1)
        path.rename(path.with_suffix(".1"))
        edge.reload(settings)
        edge.ask(ASK)
        poll("a line in the new file, as logrotate needs it", lambda: path.exists() and path.read_text().count("\n") == 1)

    def test_a_file_is_opened_again_while_the_settings_are_broken(self):
        server = self.standin(Web)
        path = scratch() / f"access-again-{os.getpid()}.log"
        path.unlink(missing_ok=True)
        edge = self.start(config(server, log={"access": str(path)}))
        path.rename(path.with_suffix(".1"))
        self.assertIn("refused", edge.reload("listen: ["))
        edge.process.send_signal(signal.SIGUSR1)
        edge.said.wait("access log opened again")
        edge.ask(ASK)
        poll("a line in the new file", lambda: path.exists() and path.read_text().count("\n") == 1)

    def test_text_instead_of_json(self):
        server = self.standin(Web)
        edge = self.start(config(server, log={"format": "text"}))
        edge.ask(ASK)
        self.assertRegex(edge.log.wait_count(1)[0], r"(?i)\bGET\b.*\b200\b|\b200\b.*\bGET\b|status=200")

    def test_a_closed_pipe_does_not_stop_traffic(self):
        server = self.standin(Web)
        reading, writing = os.pipe()
        edge = self.start(config(server), stdout=writing)
        os.close(writing)
        edge.ask(ASK)
        os.close(reading)
        for _ in range(200):
            self.assertEqual(edge.ask(ASK, "lan").status, 200)

    def test_a_pipe_that_nobody_reads_does_not_stop_traffic(self):
        server = self.standin(Web)
        reading, writing = os.pipe()
        edge = self.start(config(server), stdout=writing)
        os.close(writing)
        with edge.connect("lan") as client:
            for _ in range(300 if sanitized() else 3000):
                client.send(ASK)
                self.assertEqual(client.reply().status, 200)
        edge.stop()
        os.close(reading)

    def test_a_full_disk_does_not_stop_traffic(self):
        server = self.standin(Web)
        edge = self.start(config(server, log={"access": "/dev/full"}))
        for _ in range(50):
            self.assertEqual(edge.ask(ASK, "lan").status, 200)

    def test_every_line_is_json_whatever_the_request(self):
        _, edge = self.front(Web)
        nasty = [b'/"quoted"', b"/%0a%0d", b"/\xc3\xa1", b"/?a=\xe1", b"/?<script>", b"/'"]
        with edge.connect("lan") as client:
            for path in nasty:
                with edge.connect("lan") as client:
                    client.send(b"GET " + path + b' HTTP/1.1\r\nHost: localhost\r\nUser-Agent: "\x01\xff\r\n\r\n')
                    client.end()
        edge.access_log(len(nasty))


if __name__ == "__main__":
    unittest.main()
