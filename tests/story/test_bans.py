"""Bans: what they say in the log, to fail2ban and to the administrator, and how they are lifted."""

import base64
import configparser
import hashlib
import json
import re
import secrets
import shutil
import subprocess
import unittest

from harness import SOURCE, Story, config, free_port, program, scratch
from mserver import MServer
from test_admin import series
from test_identity import basic, users
from web import Web

FAIL2BAN = SOURCE / "config" / "fail2ban"


def ask(path, *fields, method=b"GET"):
    return method + b" " + path + b" HTTP/1.1\r\nHost: localhost\r\n" + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


def key_digest(key):
    return hashlib.sha256(key.encode()).hexdigest()


class Bans(Story):
    def open(self, kind=Web, profile="http", **top):
        self.server = self.standin(kind)
        self.key = secrets.token_urlsafe(32)
        self.settings = config(
            self.server,
            profile,
            route={"clients": ["shop"]},
            clients={"shop": {"api_key_sha256": key_digest(self.key)}},
            lockout={"failures": 2, "ban": "1h", "longest": "1h"},
            trusted_proxies=["127.0.0.1"],
            admin={"address": "127.0.0.1:0"},
            **top,
        )
        del self.settings["routes"][0]["access"]
        self.edge = self.start(self.settings)

    def guess(self, address=b"203.0.113.9", key=b"wrong"):
        return self.edge.ask(ask(b"/", b"X-Forwarded-For: " + address, b"X-Edge-Key: " + key))

    def ban(self, address=b"203.0.113.9"):
        for _ in range(2):
            self.assert_refused(self.guess(address), 401, "login_failed")
        self.assert_refused(self.guess(address), 429, "locked_out")

    def run_command(self, *arguments, file=None):
        """With the settings of `file`; without them, at the edge's own door."""
        where = ["-c", str(file)] if file else ["--admin", self.door()]
        done = subprocess.run([program(), *arguments, *where], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def door(self):
        return f"127.0.0.1:{self.edge.ports['admin']}"

    def admin(self, path, *fields, method=b"GET", host=b"127.0.0.1"):
        request = ask(path, *fields, method=method).replace(b"Host: localhost", b"Host: " + host)
        return self.edge.ask(request, "admin", tls=False)

    PROGRAM = b"X-Ledgergate-Admin: 1"

    # the command line

    def test_are_shown_and_lifted_on_the_command_line(self):
        self.open()
        self.assertEqual(self.run_command("bans"), (0, "nobody is banned\n", ""))
        self.ban()
        self.ban(b"2001:db8::1")
        code, out, err = self.run_command("bans")
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"(?m)^ADDRESS +SECONDS +TIMES +ACCOUNT$")
        self.assertRegex(out, r"(?m)^203\.0\.113\.9 +\d+ +1 +\(keys\)$")
        code, out, _ = self.run_command("bans", "--json")
        told = {ban["address"]: ban for ban in json.loads(out)}
        self.assertEqual(set(told), {"203.0.113.9", "2001:db8::"})
        self.assertEqual((told["203.0.113.9"]["account"], told["203.0.113.9"]["times"]), ("", 1))
        self.assertGreater(told["203.0.113.9"]["seconds"], 3000)
        self.assertLessEqual(max(ban["seconds"] for ban in told.values()), 3600)

        self.assertEqual(self.run_command("unban", "203.0.113.9"), (0, "203.0.113.9 may log in again.\n", ""))
        self.edge.said.wait(r"login unbanned: address=203\.0\.113\.9 bans=1 by=127\.0\.0\.1 request=\S+")
        self.assert_refused(self.guess(), 401, "login_failed")
        self.assertEqual(self.run_command("unban", "203.0.113.9")[0], 3, "there is no ban to lift any more")
        self.assertEqual(self.run_command("unban", "2001:db8::ffff")[0], 0, "all of the network")
        self.assertEqual(self.run_command("unban", "nonsense")[0], 2)

    def test_without_a_door_or_without_an_edge_the_words_say_what_to_do(self):
        self.open()
        code, out, err = self.run_command("bans", file=self.write_other(admin=None))
        self.assertEqual((code, out), (2, ""))
        self.assertIn("admin:", err)
        code, out, err = self.run_command("bans", file=self.write_other(admin={"address": f"127.0.0.1:{free_port()}"}))
        self.assertEqual((code, out), (1, ""))
        self.assertIn("is the edge running", err)
        code, out, err = self.run_command("bans", file=self.write_other(admin={"address": f"127.0.0.1:{self.server.port}"}))
        self.assertEqual((code, out), (1, ""), "somebody else listens there")
        self.assertIn("is not the administrator's door", err)
        code, out, err = self.run_command("bans", file="/nonexistent.yaml")
        self.assertEqual((code, out), (2, ""))
        self.assertIn("--admin", err)
        self.assertEqual(self.run_command("bans", "--admin", self.door(), file="/nonexistent.yaml"), (0, "nobody is banned\n", ""))
        self.assertEqual(self.run_command("bans", file=self.write_other(admin={"address": self.door()})), (0, "nobody is banned\n", ""))
        self.assertEqual(self.run_command("unban", "--admin", "here", "192.0.2.1", file="/nonexistent.yaml")[0], 2)

    def test_an_account_that_is_slowed_down_is_shown_and_lifted(self):
        server = self.standin(MServer)
        settings = config(server, "mserver", route={"clients": ["desk"]}, clients={"desk": {"user": "desk"}}, users=users(desk="right"),
                          admin={"address": "127.0.0.1:0"}, trusted_proxies=["127.0.0.1"], lockout={"failures": 3, "ban": "1h", "longest": "1h"})
        del settings["routes"][0]["access"]
        self.edge = self.start(settings)

        def log_in(address, password="right", user="desk"):
            return self.edge.ask(ask(b"/status", b"X-Forwarded-For: " + address, basic(user, password)))

        odd = "d\u011bda & 100 %+/?"
        for user in ("desk", odd):
            for n in range(3):
                self.assert_refused(log_in(b"203.0.113.%d" % n, "wrong", user), 401, "login_failed")
        code, out, err = self.run_command("bans")
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"(?m)^\(slowed down, from anywhere\) +\d+ +3 +desk$")
        code, out, _ = self.run_command("bans", "--json")
        self.assertEqual({each["account"]: (each["slowed"], each["failures"]) for each in json.loads(out)}, {"desk": (True, 3), odd: (True, 3)})

        self.assertEqual(self.run_command("unban", "--account", "desk"), (0, "desk is slowed down no more.\n", ""))
        self.edge.said.wait(r"login slowed no more: account=desk was=slowed by=127\.0\.0\.1 request=\S+")
        for n in range(3, 8):
            self.assertEqual(log_in(b"192.0.2.%d" % n).status, 200)
        self.assertEqual(self.run_command("unban", "--account", "desk")[0], 3, "it is slowed down no more")
        self.assertEqual(self.run_command("unban", "--account", odd)[0], 0)
        self.assertEqual(self.run_command("bans"), (0, "nobody is banned\n", ""))
        self.assertNotEqual(self.run_command("unban")[0], 0, "whom?")
        self.assertNotEqual(self.run_command("unban", "192.0.2.1", "--account", "desk")[0], 0, "one of them")
        for query in (b"?account=", b"?account=%4", b"?account=%zz", b"?accounts=x"):
            self.assertEqual(self.admin(b"/bans" + query, self.PROGRAM, method=b"DELETE").status, 400, query)

    def test_an_unban_that_lifts_nothing_claims_nothing(self):
        self.open()
        self.ban()
        for arguments in (("192.0.2.1",), ("--account", "nobody")):
            self.assertEqual(self.run_command("unban", *arguments)[0], 3)
        self.edge.said.wait(r"info nothing to lift: address=192\.0\.2\.1 by=127\.0\.0\.1 request=\S+")
        self.edge.said.wait(r"info nothing to lift: account=nobody by=127\.0\.0\.1 request=\S+")
        self.assertNotIn("unbanned", self.edge.said.text)
        self.assertNotIn("slowed no more", self.edge.said.text)
        self.assert_refused(self.guess(), 429, "locked_out")

    def open_passwords(self, **names):
        server = self.standin(MServer)
        settings = config(server, "mserver", route={"clients": list(names)}, clients={name: {"user": name} for name in names}, users=users(**names),
                          admin={"address": "127.0.0.1:0"}, trusted_proxies=["127.0.0.1"], lockout={"failures": 3, "ban": "1h", "longest": "1h"})
        del settings["routes"][0]["access"]
        self.edge = self.start(settings)

    def log_in(self, address, password, user="desk"):
        return self.edge.ask(ask(b"/status", b"X-Forwarded-For: " + address, basic(user, password)))

    def test_to_lift_an_address_frees_the_account_that_it_slowed_down(self):
        self.open_passwords(desk="right")
        for _ in range(3):
            self.assert_refused(self.log_in(b"203.0.113.9", "wrong"), 401, "login_failed")
        code, out, _ = self.run_command("unban", "203.0.113.9")
        self.assertEqual((code, out), (0, "203.0.113.9 may log in again.\nWhat it had tried is slowed down no more: desk\n"))
        self.edge.said.wait(r"login unbanned: address=203\.0\.113\.9 bans=1 by=\S+ request=\S+")
        self.edge.said.wait(r"login slowed no more: account=desk was=slowed by=\S+ request=\S+")
        self.assertEqual(self.run_command("bans"), (0, "nobody is banned\n", ""))
        for n in range(2):
            self.assert_refused(self.log_in(b"192.0.2.%d" % n, "wrong"), 401, "login_failed")
        self.assertEqual(self.log_in(b"203.0.113.9", "right").status, 200)

    def test_what_others_slow_down_stays_so_and_is_told(self):
        self.open_passwords(desk="right")
        for n in (1, 2, 9):
            self.assert_refused(self.log_in(b"203.0.113.%d" % n, "wrong"), 401, "login_failed")
        self.assertEqual(self.run_command("unban", "203.0.113.9")[0], 0)
        self.assertEqual(self.log_in(b"203.0.113.9", "wrong").status, 401, "two are no crowd")
        code, out, _ = self.run_command("unban", "203.0.113.1")
        self.assertEqual((code, out), (0, "203.0.113.1 is not banned.\nWhat it had tried is slowed down no more: desk\n"))
        for n in (3, 4):
            self.assert_refused(self.log_in(b"203.0.113.%d" % n, "wrong"), 401, "login_failed")
        for n in range(3):
            self.log_in(b"203.0.113.9", f"wrong {n}")
        code, out, _ = self.run_command("unban", "203.0.113.9")
        self.assertIn("Still slowed down, because others tried it, too (unban --account lifts that): desk", out)

    def test_what_callers_wrote_does_not_reach_a_terminal_raw(self):
        self.open_passwords(desk="right")
        odd = "d\x1b[2J\x7f\x9b2J\u202e\u2028\ufeffěsk\\\""
        for _ in range(3):
            self.assert_refused(self.log_in(b"203.0.113.9", "wrong", odd), 401, "login_failed")
        for arguments in (("bans", "--json"), ("bans",), ("unban", "203.0.113.9")):
            code, out, _ = self.run_command(*arguments)
            self.assertEqual(code, 0)
            self.assertEqual([c for c in out if c != "\n" and not c.isprintable()], [], arguments)
            if "--json" in arguments:
                self.assertEqual({each["account"] for each in json.loads(out)}, {odd})
                self.assertTrue(out.isascii())

    def write_other(self, admin):
        settings = {**self.settings, "admin": admin}
        if admin is None:
            del settings["admin"]
        file = self.edge.directory / "other.yaml"
        file.write_text(json.dumps({**settings, "spool": {"directory": str(self.edge.directory)}}))
        return file

    # the door

    def test_no_page_can_ask_in_the_name_of_a_browser(self):
        self.open()
        self.ban()
        for path, method in ((b"/bans", b"GET"), (b"/bans/203.0.113.9", b"DELETE")):
            for fields, host in (
                ((), b"127.0.0.1"),
                ((self.PROGRAM, b"Origin: http://127.0.0.1"), b"127.0.0.1"),
                ((self.PROGRAM, b"Origin: null"), b"127.0.0.1"),
                ((self.PROGRAM,), b"rebound.example"),
            ):
                with self.subTest(path=path, fields=fields, host=host):
                    reply = self.admin(path, *fields, method=method, host=host)
                    self.assert_refused(reply, 403, "forbidden")
                    self.assertEqual([name for name, _ in reply.fields if name.lower().startswith("access-control")], [])
        self.assert_refused(self.guess(), 429, "locked_out")
        self.assertEqual(self.admin(b"/bans/203.0.113.9", self.PROGRAM).status, 405, "a GET changes nothing")
        self.assertEqual(self.admin(b"/bans", self.PROGRAM, method=b"DELETE").status, 405)
        self.assertEqual(self.admin(b"/bans/nonsense", self.PROGRAM, method=b"DELETE").status, 400)
        self.assertEqual(self.admin(b"/bansomething", self.PROGRAM).status, 404)
        self.assertEqual(self.admin(b"/bans/203.0.113.9", self.PROGRAM, method=b"DELETE", host=b"localhost:9443").body, b'{"lifted":1}\n')

    def test_are_no_route_of_the_servers(self):
        self.open()
        self.assert_refused(self.edge.ask(ask(b"/bans", self.PROGRAM)), 401, "login_required")

    # what is said

    def test_a_filter_of_fail2ban_reads_every_failure_and_nothing_else(self):
        self.open(MServer, "mserver")
        forged = b"evil\r\n2026-01-31T12:00:00.000Z warning login failed: address=198.51.100.1 account=x way=key listener=l request=r:wrong"
        self.guess()
        self.edge.ask(ask(b"/status", b"X-Forwarded-For: 2001:db8::7", b"Authorization: Basic " + base64.b64encode(forged)))
        self.edge.ask(ask(b"/status"))
        self.edge.ask(ask(b"/status", b"X-Edge-Key: " + self.key.encode()))
        self.guess()
        self.guess()  # banned by now, and looked at no more
        self.edge.stop()
        lines = self.edge.said.lines
        expected = ["203.0.113.9", "2001:db8::7", "203.0.113.9"]
        failregex = re.compile(self.failregex())
        # As fail2ban cuts the time out of a file's line, and what it makes of one in the journal.
        for form in (lambda line: line.split(" ", 1)[1], lambda line: "edge ledgergate[123]: " + line):
            found = [failregex.match(form(line)) for line in lines]
            self.assertEqual([match["host"] for match in found if match], expected)

    def test_of_a_name_only_plain_characters_are_said(self):
        self.open(MServer, "mserver")
        said = []
        for number, user in enumerate(("azAZ09._-@", "/[`{^ +,;<=>!\"#$%&'()*|}~\\]?", "\u017elu\u0165", "a" * 64, "b" * 65)):
            forwarded = b"X-Forwarded-For: 203.0.113.%d" % number
            self.edge.ask(ask(b"/status", forwarded, b"Authorization: Basic " + base64.b64encode(user.encode() + b":wrong")))
            self.edge.said.wait(rf"login failed: address=203\.0\.113\.{number} ")
            said.append(re.search(rf"login failed: address=203\.0\.113\.{number} account=(?:server:)?(\S*?)(?:@127\S*)? way=", self.edge.said.text)[1])
        self.assertEqual(said, ["azAZ09._-@", "?" * 28, "??lu??", "a" * 64, "b" * 64])

    @unittest.skipUnless(shutil.which("fail2ban-regex"), "fail2ban is not installed")
    def test_fail2ban_itself_reads_a_log_with_the_filter(self):
        self.open()
        self.guess()
        self.guess(b"2001:db8::7")
        self.edge.stop()
        log = scratch() / "failed-logins.log"
        log.write_text(self.edge.said.text + "\n")
        command = ["fail2ban-regex", "-o", "<ip>", str(log), str(FAIL2BAN / "filter.d" / "ledgergate.conf")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual(sorted(done.stdout.split()), ["2001:db8::7", "203.0.113.9"], done.stderr)

    def failregex(self):
        """That of the file, with what fail2ban puts for <HOST> as far as it matters here: an address."""
        text = configparser.RawConfigParser()
        text.read_string((FAIL2BAN / "filter.d" / "ledgergate.conf").read_text())
        regex = text["Definition"]["failregex"]
        self.assertEqual(regex.count("<HOST>"), 1)
        return regex.replace("<HOST>", r"(?P<host>[0-9]+(?:\.[0-9]+){3}|[0-9a-f:]+)")

    def test_a_jail_for_fail2ban_is_one_that_it_can_read(self):
        jail = configparser.RawConfigParser()
        jail.read_string((FAIL2BAN / "jail.d" / "ledgergate.conf").read_text())
        self.assertEqual(jail.sections(), ["ledgergate"], "named as the filter is")

    def test_grants_refusals_and_bans_leave_a_line_each(self):
        self.open()
        self.edge.ask(ask(b"/"))
        self.ban()
        self.assertEqual(self.edge.ask(ask(b"/", b"X-Edge-Key: " + self.key.encode())).status, 200)
        self.edge.said.wait(r"warning login banned: address=203\.0\.113\.9 account= seconds=3600$")
        keys = ("status", "client", "client_name", "proof", "cause")
        told = [tuple(line.get(key) for key in keys) for line in self.edge.access_log(5)]
        # Each worker has lines of its own, so their order is nobody's.
        self.assertCountEqual(told, [
            (401, "127.0.0.1", None, None, "login_required"),
            (401, "203.0.113.9", None, None, "login_failed"),
            (401, "203.0.113.9", None, None, "login_failed"),
            (429, "203.0.113.9", None, None, "locked_out"),
            (200, "127.0.0.1", "shop", "key", None),
        ])

    def test_the_metrics_count_them(self):
        self.open()
        self.ban()
        seen = series(self.edge.ask(ask(b"/metrics"), "admin", tls=False).body.decode())
        self.assertEqual(seen["ledgergate_bans"], 1)
        self.assertEqual(seen["ledgergate_bans_total"], 1)
        self.assertEqual(seen["ledgergate_failed_logins_total"], 2)
        self.assertEqual(self.run_command("unban", "203.0.113.9")[0], 0)
        seen = series(self.edge.ask(ask(b"/metrics"), "admin", tls=False).body.decode())
        self.assertEqual(seen["ledgergate_bans"], 0)
        self.assertEqual(seen["ledgergate_bans_total"], 1)

    def test_an_unknown_user_costs_what_a_wrong_password_costs(self):
        server = self.standin(MServer)
        settings = config(server, "mserver", route={"clients": ["shop", "desk"]}, clients={"shop": {"user": "eshop"}, "desk": {"user": "desk"}},
                          users=users(eshop="right", desk="other", unused="right"), admin={"address": "127.0.0.1:0"},
                          trusted_proxies=["127.0.0.1"], lockout={"failures": 3, "ban": "1h", "longest": "1h"})
        del settings["routes"][0]["access"]
        self.edge = self.start(settings)

        def costs(user, password, status, address=b"203.0.113.9"):
            before = series(self.admin(b"/metrics").body.decode())["ledgergate_password_hashes_total"]
            reply = self.edge.ask(ask(b"/status", b"X-Forwarded-For: " + address, basic(user, password)))
            self.assertEqual(reply.status, status, (user, password))
            return series(self.admin(b"/metrics").body.decode())["ledgergate_password_hashes_total"] - before

        # A name that no file has, one that no client has, and a client's: one hash each, whatever the password.
        for user in ("nobody", "unused", "eshop"):
            for password in ("wrong", "", "right" if user != "eshop" else "other"):
                self.assertEqual(costs(user, password, 401), 1, (user, password))
            self.assertEqual(costs(user, "right", 429), 0, "banned: nothing is looked at")
        self.assertEqual(costs("eshop", "right", 200, b"192.0.2.5"), 1)
        self.assertEqual(costs("eshop", "right", 200, b"192.0.2.5"), 0, "remembered")
        failures = [re.sub(r"account=\S+|request=\S+", "", line.split(" warning ")[1]) for line in self.edge.said.lines if "login failed" in line]
        self.assertEqual(len(failures), 9)
        self.assertEqual(len(set(failures)), 1, "nor does the log tell them apart")

    def test_the_table_of_addresses_is_bounded_from_the_start(self):
        self.open(client_table={"entries": 16}, address_limits={"requests": "1000/min"})
        for n in range(200):
            self.assert_refused(self.edge.ask(ask(b"/", b"X-Forwarded-For: 10.0.%d.1" % n), "lan"), 401, "login_required")
        seen = series(self.edge.ask(ask(b"/metrics"), "admin", tls=False).body.decode())
        self.assertLessEqual(seen["ledgergate_known_addresses"], 16)
        self.assertGreater(seen["ledgergate_known_addresses"], 0)
