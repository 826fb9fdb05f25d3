"""Callers who show certificates: which are believed, who they are, what a resumed session and an open connection are worth."""

import datetime
import re
import shutil
import ssl

from authority import Authority
from client import Ended, context
from harness import Edge, Story, certificates, config, pair, poll, scratch
from test_websocket import handshake
from web import Web
from websocket import WebSocket

ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
HOUR = datetime.timedelta(hours=1)


def now():
    return datetime.datetime.now(datetime.timezone.utc)


class Guarded(Story):
    @classmethod
    def setUpClass(cls):
        cls.authority = Authority()
        cls.till = cls.authority.issue("till")

    def listener(self, **keys):
        return {"name": "internet", "address": "127.0.0.1:0", "certificates": [pair("server-ecdsa"), pair("server-rsa")],
                "client_ca": str(self.authority.file), **keys}

    def settings(self, clients, listen=None, route=None, **top):
        standin = self.standin(Web)
        settings = config(standin, listen=listen or [self.listener()], clients=clients, **top)
        del settings["routes"][0]["access"]
        settings["routes"][0] |= {"clients": list(clients), **(route or {})}
        return standin, settings

    def open(self, clients=None, **options):
        standin, settings = self.settings(clients or {"till": {"certificate": {"san": "till.branch.test"}}}, **options)
        return standin, self.start(settings)

    def fails(self, edge, certificate, said, **options):
        """No request is served to this caller, and the log says why."""
        mark = len(edge.said.lines)
        with self.assertRaises((ssl.SSLError, ConnectionError, Ended)):
            reply = edge.ask(ASK, certificate=certificate, **options)
            self.fail(f"it was answered: {reply}")
        edge.said.wait(said, mark)


class Certificates(Guarded):
    def test_a_certificate_names_its_client(self):
        server, edge = self.open()
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            reply = edge.ask(ASK, certificate=self.till, minimum=version, maximum=version)
            self.assertEqual(reply.status, 200)
        self.assertEqual(server.requests[0].get("X-Client-Name"), b"till")
        granted = edge.access_log(1)[0]
        self.assertEqual((granted["client_name"], granted["proof"]), ("till", "certificate"))

    def test_without_one_the_route_refuses(self):
        server, edge = self.open()
        self.assert_refused(edge.ask(ASK), 403, "certificate_required")
        self.assertEqual(server.heads, 0)

    def test_where_it_is_required_there_is_no_handshake_without_one(self):
        server, edge = self.open(listen=[self.listener(client_certificate="required")])
        self.fails(edge, None, "TLS handshake failed")
        self.assertEqual(edge.ask(ASK, certificate=self.till).status, 200)

    def test_one_of_the_same_ca_that_no_client_has(self):
        server, edge = self.open()
        self.assert_refused(edge.ask(ASK, certificate=self.authority.issue("stranger")), 403, "forbidden")

    def test_expired_early_for_servers_or_of_another_ca(self):
        server, edge = self.open()
        mine = self.authority
        self.fails(edge, mine.issue("old", end=now() - HOUR, start=now() - 2 * HOUR), "has expired")
        self.fails(edge, mine.issue("early", start=now() + 24 * HOUR, end=now() + 48 * HOUR), "not valid yet")
        self.fails(edge, mine.issue("server", usage="serverAuth"), "not for clients")
        self.fails(edge, Authority("Others").issue("till"), "not in client_ca")
        self.assertEqual(server.heads, 0)

    def test_a_chain_is_followed_as_far_as_the_listener_says(self):
        middle = Authority("Middle", self.authority)
        low = Authority("Low", middle)
        clients = {"near": {"certificate": {"san": "near.branch.test"}}, "far": {"certificate": {"san": "far.branch.test"}}}
        server, edge = self.open(clients, listen=[self.listener(client_depth=1)])
        self.assertEqual(edge.ask(ASK, certificate=middle.issue("near")).status, 200)
        certificate, key = low.issue("far")
        certificate.write_text((low.directory / "far.leaf").read_text() + low.chain)
        self.fails(edge, (certificate, key), "is too long")

    def test_one_that_calls_itself_the_ca(self):
        """Self-signed under the CA's own name, with and without key identifiers that give it away at once."""
        server, edge = self.open()
        mine = Authority()
        for ids in ("hash", "none"):
            mine.key(f"twin-{ids}")
            mine.write("[req]\ndistinguished_name = dn\n[dn]\n[x]\nbasicConstraints = CA:true\nextendedKeyUsage = clientAuth\nsubjectAltName = DNS:till.branch.test\n"
                       f"subjectKeyIdentifier = {ids}\nauthorityKeyIdentifier = none\n")
            mine.run("req", "-x509", "-new", "-key", f"twin-{ids}.key", "-days", "30", "-subj", "/CN=Branches", "-extensions", "x", "-out", f"twin-{ids}.pem")
            self.fails(edge, (mine.directory / f"twin-{ids}.pem", mine.directory / f"twin-{ids}.key"), "not in client_ca")
        self.fails(edge, mine.issue("till"), "not in client_ca")
        self.assertEqual(server.heads, 0)

    def test_what_is_too_large_to_look_at(self):
        server, edge = self.open()
        names = ", ".join(f"DNS:name-{number}.branch.test" for number in range(1500))
        large = self.authority.issue("large", san=names)
        long = self.authority.directory / "long.pem"
        long.write_text(self.till[0].read_text() + self.authority.file.read_text() * 100)
        with edge.connect(certificate=self.till) as good:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                for certificate in (large, (long, self.till[1])):
                    self.fails(edge, certificate, "certificates are larger than 24 KiB together", minimum=version, maximum=version)
                    good.send(ASK)
                    self.assertEqual(good.reply().status, 200)
        self.assertEqual(server.heads, 4)

    def test_by_subject_and_by_fingerprint(self):
        certificate, key = self.authority.issue("pinned")
        import hashlib

        der = ssl.PEM_cert_to_DER_cert((self.authority.directory / "pinned.leaf").read_text())
        clients = {"named": {"certificate": {"subject": "CN=till"}}, "pinned": {"certificate": {"sha256": hashlib.sha256(der).hexdigest()}}}
        server, edge = self.open(clients)
        self.assertEqual(edge.ask(ASK, certificate=self.till).status, 200)
        self.assertEqual(edge.ask(ASK, certificate=(certificate, key)).status, 200)
        self.assertEqual([request.get("X-Client-Name") for request in server.requests], [b"named", b"pinned"])

    def test_a_wrong_password_beside_a_good_certificate_is_refused_and_not_counted(self):
        listen = [self.listener()]
        clients = {"till": {"certificate": {"san": "till.branch.test"}}, "shop": {"api_key_sha256": "0" * 64}}
        server, edge = self.open(clients, listen=listen, lockout={"failures": 1, "ban": "1h"})
        wrong = ASK[:-2] + b"X-Edge-Key: wrong\r\n\r\n"
        for _ in range(3):
            self.assert_refused(edge.ask(wrong, certificate=self.till), 401, "login_failed")
        self.assert_refused(edge.ask(wrong), 401, "login_failed")
        self.assert_refused(edge.ask(wrong), 429, "locked_out")
        self.assertEqual(len(re.findall("login failed:", edge.said.text)), 1, "fail2ban must not ban a branch")

    def test_401s_of_the_server_do_not_lock_out_who_has_a_certificate(self):
        server, edge = self.open(lockout={"failures": 1, "ban": "1h"})
        guess = ASK.replace(b"GET / ", b"GET /status/401 ")[:-2] + b"Authorization: Basic YTpi\r\n\r\n"
        for _ in range(3):
            self.assertEqual(edge.ask(guess, certificate=self.till).status, 401)
        self.assertNotIn("login failed", edge.said.text)

    def test_required_besides_a_key(self):
        import hashlib
        import secrets

        key = secrets.token_urlsafe(32)
        clients = {"till": {"certificate": {"san": "till.branch.test"}, "api_key_sha256": hashlib.sha256(key.encode()).hexdigest()}}
        server, edge = self.open(clients, route={"require": ["certificate", "api_key"]})
        with_key = ASK[:-2] + b"X-Edge-Key: " + key.encode() + b"\r\n\r\n"
        self.assert_refused(edge.ask(ASK, certificate=self.till), 401, "login_required")
        self.assert_refused(edge.ask(with_key), 403, "certificate_required")
        self.assertEqual(edge.ask(with_key, certificate=self.till).status, 200)


class Sessions(Guarded):
    def resumed(self, edge, listener, session, context, version_wanted=None):
        with edge.connect(listener, context=context, session=session) as client:
            client.send(ASK)
            reply = client.reply()
            return client.sock.session_reused, reply, client.sock.session

    def contexts(self, certificate):
        from client import context
        from harness import certificates

        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            yield context(certificates() / "ca.pem", version, version, certificate=certificate)

    def test_a_resumed_session_is_the_same_client(self):
        server, edge = self.open()
        for context in self.contexts(self.till):
            reused, reply, session = self.resumed(edge, "internet", None, context)
            self.assertEqual((reused, reply.status), (False, 200))
            reused, reply, session = self.resumed(edge, "internet", session, context)
            self.assertEqual((reused, reply.status), (True, 200))

    def test_an_intermediate_that_the_caller_sends_counts_in_its_sessions_too(self):
        authority = Authority()
        middle = Authority("Middle", authority)
        clients = {"near": {"certificate": {"san": "near.branch.test"}}}
        crl, mark = authority.directory / "lists.pem", 0
        crl.write_text(authority.revoke().read_text() + middle.revoke().read_text())
        server, edge = self.open(clients, listen=[self.listener(client_ca=str(authority.file), client_crl=str(crl))])
        near, far = middle.issue("near"), middle.issue("far")
        for context in self.contexts(near):
            session = None
            for visit in range(3):
                reused, reply, session = self.resumed(edge, "internet", session, context)
                self.assertEqual((reused, reply.status), (visit > 0, 200))
            # An open connection of a resumed session outlives a list that does not name it.
            with edge.connect(context=context, session=session) as client:
                client.send(ASK)
                self.assertEqual((client.reply().status, client.sock.session_reused), (200, True))
                new = authority.directory / "lists.new"
                new.write_text(authority.revoke().read_text() + middle.revoke(*(["far"] if mark == 0 else [])).read_text())
                new.rename(crl)
                edge.said.wait("a changed revocation list is in use", mark)
                mark = len(edge.said.lines)
                client.send(ASK)
                self.assertEqual(client.reply().status, 200)
            reused, reply, session = self.resumed(edge, "internet", session, context)
            self.assertEqual((reused, reply.status), (False, 200), "under another list it is a full handshake")
        self.fails(edge, far, "is revoked")

    def test_a_session_without_a_certificate_opens_no_listener_that_requires_one(self):
        listen = [self.listener(client_certificate="required", name="guarded"),
                  {"name": "internet", "address": "127.0.0.1:0", "certificates": [pair("server-ecdsa"), pair("server-rsa")]}]
        server, edge = self.open({"all": {"from": ["127.0.0.1"]}}, listen=listen)
        for context in self.contexts(None):
            reused, reply, session = self.resumed(edge, "internet", None, context)
            self.assertEqual(reply.status, 200)
            with self.assertRaises((ssl.SSLError, ConnectionError, Ended)):
                self.resumed(edge, "guarded", session, context)

    def test_a_session_is_worth_nothing_after_its_certificate_is_revoked(self):
        authority = Authority()
        lost, kept = authority.issue("lost"), authority.issue("kept")
        crl = authority.revoke()
        clients = {name: {"certificate": {"san": f"{name}.branch.test"}} for name in ("lost", "kept")}
        server, edge = self.open(clients, listen=[self.listener(client_ca=str(authority.file), client_crl=str(crl))])
        sessions = []
        for context in self.contexts(lost):
            reused, reply, session = self.resumed(edge, "internet", None, context)
            self.assertEqual(reply.status, 200)
            sessions.append((context, session))
        with edge.connect(certificate=lost) as idle, edge.connect(certificate=kept) as good:
            for client in (idle, good):
                client.send(ASK)
                self.assertEqual(client.reply().status, 200)
            authority.revoke("lost")
            edge.said.wait("a changed revocation list is in use")
            self.assertIn(idle.more(), ("closed", "cut"), "its open connection ends")
            good.send(ASK)
            self.assertEqual(good.reply().status, 200, "others go on")
        for context, session in sessions:
            with self.assertRaises((ssl.SSLError, ConnectionError, Ended)):
                self.resumed(edge, "internet", session, context)
        self.fails(edge, lost, "is revoked")
        self.assertEqual(edge.ask(ASK, certificate=kept).status, 200)

    def test_a_tunnel_ends_with_what_it_was_opened_with(self):
        authority = Authority()
        names = ("lost", "kept", "off", "gone")
        shown = {name: authority.issue(name) for name in names}
        clients = {name: {"certificate": {"san": f"{name}.branch.test"}} for name in names}
        listen = [self.listener(client_ca=str(authority.file), client_crl=str(authority.revoke()))]
        server = self.standin(WebSocket)
        settings = config(server, listen=listen, clients=clients, route={"websocket": True, "clients": "any"})
        del settings["routes"][0]["access"]
        edge = self.start(settings)
        tunnels = {}
        for name in names:
            tunnels[name] = edge.connect(certificate=shown[name])
            self.addCleanup(tunnels[name].close)
            tunnels[name].send(handshake())
            self.assertEqual(tunnels[name].reply().status, 101)

        def lives(name):
            tunnels[name].send(b"\x81\x85hello")
            self.assertEqual(tunnels[name].exactly(7), b"\x81\x85hello")

        authority.revoke("lost")
        edge.said.wait("a changed revocation list is in use")
        self.assertIn(tunnels["lost"].end(), ("cut", "reset"))
        for name in names[1:]:
            lives(name)
        clients["off"]["disabled"] = True
        del clients["gone"]
        self.assertIn("reloaded", edge.reload(settings))
        for name in ("off", "gone"):
            self.assertIn(tunnels[name].end(), ("cut", "reset"))
        lives("kept")
        causes = {line["client_name"]: line["cause"] for line in edge.access_log(3)}
        self.assertEqual(causes, {"lost": "certificate_required", "off": "client_disabled", "gone": "client_disabled"})

    def test_another_file_that_is_just_being_edited_keeps_no_revoked_certificate_alive(self):
        authority = Authority()
        lost = authority.issue("lost")
        crl = authority.revoke()
        listen = [self.listener(client_ca=str(authority.file), client_crl=str(crl))]
        file = scratch() / "users-half"
        file.write_text("")
        file.chmod(0o600)
        server, edge = self.open({"lost": {"certificate": {"san": "lost.branch.test"}}}, listen=listen, users=str(file))
        self.assertEqual(edge.ask(ASK, certificate=lost).status, 200)
        file.write_text("half a line")
        authority.revoke("lost")
        edge.said.wait("a changed revocation list is in use")
        self.fails(edge, lost, "is revoked")

    def test_what_counts_is_told_at_the_start_and_when_it_changes(self):
        authority = Authority()
        authority.issue("lost")
        crl = authority.revoke()
        server, settings = self.settings({"lost": {"certificate": {"san": "lost.branch.test"}}},
                                         listen=[self.listener(client_ca=str(authority.file), client_crl=str(crl))])
        edge = self.start(settings)

        def told(after=0):
            """Without digests, serials and days."""
            return sorted(re.sub(r" (sha256|serial|until)=\S+", "", line.split(" info ", 1)[1])
                          for line in edge.said.lines[after:] if "in use: " in line)

        leaf = "in use: listener=internet certificate subject=CN=localhost"
        ca = "in use: listener=internet callers' CA subject=CN=Branches"
        self.assertEqual(told(), sorted([
            ca,
            leaf,
            leaf,
            "in use: listener=internet revocation list number=1 revoked=0 issuer=CN=Branches",
        ]))
        mark = len(edge.said.lines)
        self.assertIn("reloaded", edge.reload())
        self.assertEqual(told(mark), [], "nothing has changed")
        mark = len(edge.said.lines)
        authority.revoke("lost")
        edge.said.wait("a changed revocation list is in use")
        self.assertEqual(told(mark), [
            "in use: listener=internet revocation list number=2 revoked=1 issuer=CN=Branches",
            "no longer in use: listener=internet revocation list number=1 revoked=0 issuer=CN=Branches",
        ])
        mark = len(edge.said.lines)
        settings["listen"][0]["client_ca"] = [str(authority.file), str(Authority("More").file)]
        settings["listen"][0]["certificates"] = [pair("server-ecdsa")]
        self.assertIn("reloaded", edge.reload(settings))
        self.assertEqual(told(mark), ["in use: listener=internet callers' CA subject=CN=More", f"no longer {leaf}"])

    def test_no_other_file_holds_up_a_revocation_or_comes_into_use_by_it(self):
        """A new chain lies there whose key is still on its way, and a CA that is just being written."""
        authority, place = Authority(), scratch() / "being-copied"
        lost, kept = authority.issue("lost"), authority.issue("kept")
        crl = authority.revoke()
        place.mkdir()
        for name in ("server-ecdsa.pem", "server-ecdsa.key"):
            shutil.copy(certificates() / name, place)
        (place / "ca.pem").write_text(authority.file.read_text())
        listen = [self.listener(client_ca=str(place / "ca.pem"), client_crl=str(crl),
                                certificates=[{"chain": str(place / "server-ecdsa.pem"), "key": str(place / "server-ecdsa.key")}])]
        clients = {name: {"certificate": {"san": f"{name}.branch.test"}} for name in ("lost", "kept")}
        server, edge = self.open(clients, listen=listen)
        self.assertEqual(edge.ask(ASK, certificate=lost).status, 200)
        for name, text in (("server-ecdsa.pem", (certificates() / "server-rsa.pem").read_text()), ("ca.pem", "just being written")):
            with self.subTest(name):
                (place / name).write_text(text)
                mark = len(edge.said.lines)
                authority.revoke(*(["lost"] if name != "ca.pem" else []))
                edge.said.wait("a changed revocation list is in use", mark)
                self.assertIsNone(edge.said.find(" error ", mark))
                self.fails(edge, lost, "is revoked")
                made = context(certificates() / "ca.pem", maximum=ssl.TLSVersion.TLSv1_2, certificate=kept)
                made.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")  # of the pair that was read
                self.assertEqual(edge.ask(ASK, context=made).status, 200)
                told = [line for line in edge.said.lines[mark:] if "in use: " in line]
                self.assertTrue(told)
                self.assertTrue(all("revocation list" in line for line in told), told)

    def test_a_broken_list_holds_up_no_other(self):
        first, second = Authority(), Authority("Others")
        lost = first.issue("lost")
        listen = [self.listener(name="broken", client_ca=str(second.file), client_crl=str(second.revoke())),
                  self.listener(client_ca=str(first.file), client_crl=str(first.revoke()))]
        server, edge = self.open({"lost": {"certificate": {"san": "lost.branch.test"}}}, listen=listen)
        self.assertEqual(edge.ask(ASK, certificate=lost).status, 200)
        (second.directory / "crl.pem").write_text("no list\n")
        edge.said.wait("can't be used")
        mark = len(edge.said.lines)
        first.revoke("lost")
        edge.said.wait("a changed revocation list is in use", mark)
        self.fails(edge, lost, "is revoked")

    def test_an_older_list_is_refused(self):
        authority = Authority()
        lost, kept = authority.issue("lost"), authority.issue("kept")
        crl = authority.revoke()
        old = crl.read_text()
        clients = {name: {"certificate": {"san": f"{name}.branch.test"}} for name in ("lost", "kept")}
        listen = [self.listener(client_ca=str(authority.file), client_crl=str(crl))]
        server, settings = self.settings(clients, listen=listen)
        edge = self.start(settings)
        authority.revoke("lost")
        edge.said.wait("a changed revocation list is in use")
        mark = len(edge.said.lines)
        other = authority.directory / "other.pem"
        other.write_text(old)
        (authority.directory / "crl.new").write_text(old)
        (authority.directory / "crl.new").rename(crl)
        edge.said.wait(r"this revocation list \(number 1 of .*\) is older than the one in use \(number 2 of ", mark)
        edge.said.wait("can't be used; the one before stays", mark)
        for change in ({}, {"client_crl": str(other)}):
            self.fails(edge, lost, "is revoked")
            mark = len(edge.said.lines)
            settings["listen"][0] |= change
            self.assertIn("refused", edge.reload(settings))
            edge.said.wait("is older than the one in use", mark)
            self.assertEqual(edge.ask(ASK, certificate=kept).status, 200)
        settings["listen"][0]["client_crl"] = str(crl)
        mark = len(edge.said.lines)
        authority.revoke("kept")
        edge.said.wait("a changed revocation list is in use", mark)
        self.fails(edge, kept, "is revoked")
        self.assertIn("reloaded", edge.reload(settings))

    def watched(self):
        """(authority, edge, settings): it knows the third list, by which `first` and `stolen` are revoked."""
        authority = Authority()
        clients = {}
        for name in ("first", "stolen", "kept"):
            authority.issue(name)
            clients[name] = {"certificate": {"san": f"{name}.branch.test"}}
        settings = self.settings(clients, listen=[self.listener(client_ca=str(authority.file), client_crl=str(authority.revoke()))])[1]
        edge = self.start(settings)
        for name in ("first", "stolen"):
            mark = len(edge.said.lines)
            authority.revoke(name)
            edge.said.wait("a changed revocation list is in use", mark)
        return authority, edge, settings

    @staticmethod
    def pair(authority, name):
        return authority.directory / f"{name}.pem", authority.directory / f"{name}.key"

    def test_a_restored_ca_that_counts_on_undoes_no_revocation(self):
        authority, edge, _ = self.watched()
        for file, old in (("index", "\n".join(line for line in (authority.directory / "index").read_text().splitlines() if "stolen" not in line) + "\n"),
                          ("crlnumber", "03\n")):
            (authority.directory / file).write_text(old)
        mark = len(edge.said.lines)
        authority.revoke("kept")
        edge.said.wait("counts as the one in use .number 3 .* 1 revocation of that one are not in it", mark)
        self.fails(edge, self.pair(authority, "stolen"), "is revoked")
        self.assertEqual(edge.ask(ASK, certificate=self.pair(authority, "kept")).status, 200)

    def test_the_newest_list_is_remembered_when_the_settings_have_none_for_a_while(self):
        authority, edge, settings = self.watched()
        crl = authority.directory / "crl.pem"
        (authority.directory / "crlnumber").write_text("02\n")
        without = {**settings, "listen": [{key: value for key, value in settings["listen"][0].items() if key != "client_crl"}]}
        self.assertIn("reloaded", edge.reload(without))
        authority.revoke()
        self.assertIn("refused", edge.reload(settings))
        edge.said.wait(r"\(number 2 of .*\) is older than the one in use \(number 3")
        self.assertTrue(crl.exists())

    def test_a_list_that_goes_is_told_once_and_taken_when_it_comes_back(self):
        authority, edge, _ = self.watched()
        crl = authority.directory / "crl.pem"
        mark = len(edge.said.lines)
        crl.rename(authority.directory / "away")
        edge.said.wait(r"crl\.pem.*No such file", mark)
        edge.said.wait("can't be used; the one before stays", mark)
        mark = len(edge.said.lines)
        authority.revoke("kept")
        edge.said.wait("a changed revocation list is in use", mark)
        self.fails(edge, self.pair(authority, "kept"), "is revoked")
        self.assertEqual(sum("can't be used; the one before stays" in line for line in edge.said.lines), 1)

    def test_a_certificate_that_expires_on_an_open_connection_opens_nothing_more(self):
        short = self.authority.issue("short", end=now() + datetime.timedelta(seconds=6))
        server, edge = self.open({"short": {"certificate": {"san": "short.branch.test"}}})
        with edge.connect(certificate=short) as client:
            replies = []

            def refused():
                client.send(ASK)
                replies.append(client.reply())
                return replies[-1].status != 200

            poll("the end of the certificate", refused)
            self.assert_refused(replies[-1], 403, "certificate_required")
            self.assertEqual(client.end(), "closed")

    def test_a_broken_revocation_list_changes_nothing(self):
        authority = Authority()
        till = authority.issue("till")
        crl = authority.revoke()
        server, edge = self.open(listen=[self.listener(client_ca=str(authority.file), client_crl=str(crl))])
        crl.write_text("no list\n")
        edge.said.wait("can't be used")
        self.assertEqual(edge.ask(ASK, certificate=till).status, 200)


class Mistakes(Guarded):
    def refused(self, **listener):
        standin, settings = self.settings({"till": {"certificate": {"san": "x"}}}, listen=[self.listener(**listener)])
        edge = Edge(settings, wait=False)
        edge.told = True
        edge.stop(expect=2)
        return edge.said.text

    def test_a_ca_that_is_none(self):
        self.assertIn("is not a CA's", self.refused(client_ca=str(self.till[0])))
        self.assertIn("no PEM certificate", self.refused(client_ca=str(self.till[1])))

    def test_a_list_that_is_none(self):
        self.assertIn("no PEM revocation list", self.refused(client_crl=str(self.till[0])))
