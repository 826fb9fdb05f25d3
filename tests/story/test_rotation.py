"""Keys and certificates that change under load: callers who connect, resume and stay connected notice nothing."""

import hashlib
import os
import secrets
import shutil
import ssl
import subprocess
import threading

from authority import Authority
from client import Ended, context
from harness import PATIENCE, Story, certificates, config, program, scratch
from web import Web


class Load:
    """Callers that ask again and again, each in its own way, until the end; what went wrong is kept."""

    def __init__(self):
        self.ended = threading.Event()
        self.changed = threading.Condition()
        self.failures = []
        self.answers = {}
        self.threads = []

    def add(self, name, ask):
        self.answers[name] = 0
        self.threads.append(threading.Thread(target=self._run, args=(name, ask), daemon=True))
        self.threads[-1].start()

    def _run(self, name, ask):
        while not self.ended.is_set():
            try:
                status = ask()
                if status != 200:
                    self.failures.append((name, status))
            except Exception as error:  # noqa: BLE001: whatever it is, the test must hear of it
                self.failures.append((name, repr(error)))
            with self.changed:
                self.answers[name] += 1
                self.changed.notify_all()

    def more(self, each=3):
        """Waits until every caller has been answered so many times more."""
        with self.changed:
            want = {name: count + each for name, count in self.answers.items()}
            if not self.changed.wait_for(lambda: all(self.answers[name] >= count for name, count in want.items()), PATIENCE):
                raise AssertionError(f"{self.answers}, not {want}")

    def end(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(PATIENCE)


class Rotation(Story):
    @classmethod
    def setUpClass(cls):
        certificates()  # made once, and not by several callers at once

    def load(self):
        load = Load()
        self.addCleanup(load.end)
        return load

    def connected(self, edge, **options):
        """Keeps its connection."""
        kept = []

        def ask(request):
            if not kept:
                kept.append(edge.connect(**options))
                self.addCleanup(kept[0].close)
            kept[0].send(request)
            return kept[0].reply().status

        return ask

    def test_certificates_and_revocation_lists(self):
        authority = Authority()
        pairs = [authority.issue(f"edge-{number}", san="DNS:localhost", usage="serverAuth") for number in range(4)]
        till, others = authority.issue("till"), [authority.issue(f"other-{number}") for number in range(6)]
        place = scratch() / f"rotation-{secrets.token_hex(4)}"
        place.mkdir()

        def install(pair):
            for file, name in zip(pair, ("edge.pem", "edge.key")):
                shutil.copy(file, place / f"{name}.new")
                os.rename(place / f"{name}.new", place / name)

        install(pairs[0])
        listen = [{"name": "internet", "address": "127.0.0.1:0", "certificates": [{"chain": str(place / "edge.pem"), "key": str(place / "edge.key")}],
                   "client_ca": str(authority.file), "client_crl": str(authority.revoke()), "client_certificate": "required"}]
        clients = {"till": {"certificate": {"san": "till.branch.test"}}} | {f"other-{n}": {"certificate": {"san": f"other-{n}.branch.test"}} for n in range(6)}
        settings = config(self.standin(Web), listen=listen, clients=clients, route={"clients": "any"})
        del settings["routes"][0]["access"]
        edge = self.start(settings)
        request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        versions = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
        resumed, seen = dict.fromkeys(versions, 0), set()
        load = self.load()

        def resuming(version):
            made, sessions = context(authority.file, versions[version], versions[version], certificate=till), [None]

            def ask():
                with edge.connect(context=made, session=sessions[-1]) as client:
                    client.send(request)
                    status = client.reply().status
                    resumed[version] += bool(client.sock.session_reused)
                    if not client.sock.session_reused:
                        seen.add(hashlib.sha256(client.sock.getpeercert(binary_form=True)).hexdigest())
                    sessions[:] = [client.sock.session]
                    return status

            return ask

        for version in versions:
            load.add(f"resuming {version}", resuming(version))
        made = context(authority.file, certificate=till)
        load.add("fresh", lambda: edge.ask(request, context=made).status)
        connected = self.connected(edge, context=context(authority.file, certificate=till))
        load.add("connected", lambda: connected(request))
        load.more()
        for number, pair in enumerate(pairs[1:]):
            install(pair)
            authority.revoke(f"other-{number}")
            self.assertIn("reloaded", edge.reload())
            load.more()
        for number in (3, 4):  # by itself
            mark = len(edge.said.lines)
            authority.revoke(f"other-{number}")
            edge.said.wait("a changed revocation list is in use", mark)
            load.more()
        load.end()
        self.assertEqual(load.failures, [])
        for version, times in resumed.items():
            self.assertGreater(times, 0, version)
        self.assertEqual(len(seen), len(pairs), "each of them was shown")
        for number, lost in enumerate(others):
            lost_context = context(authority.file, certificate=lost)
            if number == 5:
                self.assertEqual(edge.ask(request, context=lost_context).status, 200)
                continue
            with self.assertRaises((ssl.SSLError, ConnectionError, Ended)):
                edge.ask(request, context=lost_context)

    def test_an_api_key(self):
        place = scratch() / f"clients-{secrets.token_hex(4)}"

        def command(*arguments):
            done = subprocess.run([program(), "client", *arguments, "--dir", place], capture_output=True, text=True, check=True, timeout=60)
            return next((line.strip() for line in done.stdout.splitlines() if line.startswith("  lg_")), "")

        def request(key):
            return f"GET / HTTP/1.1\r\nHost: localhost\r\nX-Edge-Key: {key}\r\n\r\n".encode()

        first, other = command("add", "eshop"), command("add", "other")
        settings = config(self.standin(Web), route={"clients": "any"}, clients_dir=str(place))
        del settings["routes"][0]["access"]
        edge = self.start(settings)
        load = self.load()
        connected = self.connected(edge)
        load.add("other, connected", lambda: connected(request(other)))
        load.add("other, fresh", lambda: edge.ask(request(other)).status)
        using = [first]
        mine = self.connected(edge)
        load.add("eshop", lambda: mine(request(using[0])))
        load.more()
        second = command("rotate", "eshop")
        edge.reload()
        load.more()
        using[0] = second
        load.more()
        command("rotate", "eshop", "--finish")
        edge.reload()
        load.more()
        load.end()
        self.assertEqual(load.failures, [])
        self.assert_refused(edge.ask(request(first)), 401, "login_failed")
        self.assertEqual(edge.ask(request(second)).status, 200)
