"""`ledgergate cert` and `ledgergate client`: what they write, who may read it, and that a running edge goes by it."""

import json
import os
import pathlib
import pty
import re
import shutil
import ssl
import stat
import subprocess
import tempfile
import termios
import unittest

from client import Ended
from harness import SANITIZER, Story, config, pair, poll, program, sanitized, scratch
from web import Web

ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def run(*arguments, before=(), environment=None):
    return subprocess.run([*before, program(), *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False,
                          stdin=subprocess.DEVNULL, env=os.environ | (environment or {}))


def openssl(*arguments, check=True):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    if check and done.returncode:
        raise AssertionError(f"openssl {arguments}: {done.stderr}")
    return done


class Cli(Story):
    def good(self, *arguments):
        done = run(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIsNone(SANITIZER.search(done.stderr), done.stderr)
        self.assertNotIn("PRIVATE KEY", done.stdout + done.stderr)
        return done.stdout

    def bad(self, words, *arguments, code=1):
        done = run(*arguments)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertRegex(done.stderr, words)
        self.assertIsNone(SANITIZER.search(done.stderr), done.stderr)

    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(dir=scratch(), prefix="ca-"))
        self.ca = self.place / "ca"

    def cert(self, command, *arguments):
        return self.good("cert", command, "--dir", self.ca, *arguments)

    def records(self):
        """serial -> (name, state)"""
        rows = [line.split() for line in self.cert("list").splitlines()[1:]]
        return {row[-1]: (row[0], " ".join(row[3:-1])) for row in rows}

    def serial(self, name):
        found = openssl("x509", "-in", self.ca / "private" / f"{name}.pem", "-noout", "-serial").stdout
        return found.strip().split("=")[1]


class Certificates(Cli):
    def test_who_may_read_what(self):
        self.cert("init-ca")
        self.cert("issue", "till-brno", "--p12")
        modes = {str(path.relative_to(self.ca)): oct(stat.S_IMODE(path.stat().st_mode)) for path in [self.ca, *self.ca.rglob("*")]}
        self.assertEqual(modes, {
            ".": "0o755", "ca.pem": "0o644", "crl.pem": "0o644", "audit.log": "0o600", "private": "0o700", "private/ca.key": "0o600",
            "private/index": "0o600", "private/lock": "0o600", "private/till-brno.pem": "0o600", "private/till-brno.p12": "0o600"})
        (self.ca / "private").chmod(0o750)
        self.bad("others can look into it", "cert", "issue", "--dir", self.ca, "kasa")

    def test_a_ca_is_made_once(self):
        self.cert("init-ca", "--name", "Branches of Novák")
        before = (self.ca / "private/ca.key").read_bytes()
        self.bad("there is a CA already", "cert", "init-ca", "--dir", self.ca)
        self.assertEqual((self.ca / "private/ca.key").read_bytes(), before)
        self.assertIn("Branches of Nov", openssl("x509", "-in", self.ca / "ca.pem", "-noout", "-subject").stdout)

    def test_without_a_ca_nothing_is_issued(self):
        self.bad("there is no CA", "cert", "issue", "--dir", self.ca, "kasa")
        self.bad("ca", "cert", "list", "--dir", self.ca)

    def test_names_that_can_not_be(self):
        self.cert("init-ca")
        for name in ("Kasa", "../kasa", "kasa/1", "žižkov", "-kasa", "a..b", "x" * 49, "server-a", ""):
            self.bad(".", "cert", "issue", "--dir", self.ca, "--", name, code=2)
        self.bad("no spaces", "cert", "issue", "--dir", self.ca, "kasa", "--san", "DNS:a,URI:b c", code=2)
        self.assertEqual(self.records(), {})

    def test_what_it_says_to_paste_lets_the_branch_in(self):
        self.cert("init-ca")
        said = self.cert("issue", "till-brno")
        self.assertIn('till-brno: { certificate: { san: "till-brno.branch.internal" } }', said)
        text = openssl("x509", "-in", self.ca / "private/till-brno.pem", "-noout", "-text").stdout
        self.assertIn("DNS:till-brno.branch.internal", text)
        self.assertIn("TLS Web Client Authentication", text)
        self.assertNotIn("TLS Web Server", text)
        openssl("verify", "-CAfile", self.ca / "ca.pem", "-purpose", "sslclient", self.ca / "private/till-brno.pem")

    def test_rsa_for_what_is_old(self):
        self.cert("init-ca", "--rsa")
        self.cert("issue", "old", "--rsa", "--san", "urn:till:7", "--san", "old@example.test")
        text = openssl("x509", "-in", self.ca / "private/old.pem", "-noout", "-text").stdout
        self.assertIn("rsaEncryption", text)
        self.assertIn("URI:urn:till:7, email:old@example.test", text)
        openssl("verify", "-CAfile", self.ca / "ca.pem", self.ca / "private/old.pem")

    def test_renewed_beside_the_old_one(self):
        self.cert("init-ca")
        self.cert("issue", "till", "--san", "kasa.example.test")
        first = self.serial("till")
        self.bad("has a certificate until", "cert", "issue", "--dir", self.ca, "till")
        said = self.cert("renew", "till", "--days", "10")
        second = self.serial("till")
        self.assertIn(f"cert revoke {first}", said)
        self.assertEqual(self.records(), {first: ("till", "valid"), second: ("till", "ends soon")})
        self.assertIn("DNS:kasa.example.test", openssl("x509", "-in", self.ca / "private/till.pem", "-noout", "-text").stdout)
        self.cert("revoke", first.lower())
        self.assertEqual(self.records(), {first: ("till", "revoked"), second: ("till", "ends soon")})
        openssl("verify", "-crl_check", "-CRLfile", self.ca / "crl.pem", "-CAfile", self.ca / "ca.pem", self.ca / "private/till.pem")
        self.bad("was ever issued", "cert", "renew", "--dir", self.ca, "kasa")
        self.bad("no certificate has the name", "cert", "revoke", "--dir", self.ca, "kasa")
        self.assertIn("no valid certificate", self.cert("revoke", first))

    def test_each_change_leaves_a_line(self):
        self.cert("init-ca")
        self.cert("issue", "till")
        self.cert("renew", "till")
        self.cert("revoke", "till")
        lines = (self.ca / "audit.log").read_text().splitlines()
        self.assertEqual([re.sub(r"serial=\w+", "serial=S", line.split(" ", 1)[1].split(" until=")[0].split(" by=")[0]) for line in lines],
                         ["made authority", "issued client=till serial=S", "renewed client=till serial=S", "revoked client=till serial=S", "revoked client=till serial=S"])
        for line in lines:
            self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ .* by=\S+\(\d+\)$")

    def number(self):
        return int(re.search(r"=(?:0x)?(\w+)$", openssl("crl", "-in", self.ca / "crl.pem", "-noout", "-crlnumber").stdout.strip())[1], 16)

    def test_a_password_that_nobody_saw_is_told_of(self):
        self.cert("init-ca")
        for number, redirect in enumerate((">/dev/full", ">&-", ">&- <&-")):
            with self.subTest(redirect=redirect):
                done = subprocess.run(["sh", "-c", f'"$@" {redirect}', "sh", program(), "cert", "issue", "--dir", str(self.ca), f"till{number}", "--p12"],
                                      capture_output=True, text=True)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertRegex(done.stderr, "stdout can't be written.*the password .* was not shown.*ledgergate cert revoke " + self.serial(f"till{number}"))
        for file in self.ca.rglob("*"):
            if file.is_file():
                self.assertNotIn(b"is shown now and never again", file.read_bytes())

    def test_a_restored_copy_takes_over_what_was_revoked_since(self):
        self.cert("init-ca")
        self.cert("issue", "till")
        stolen = self.serial("till")
        shutil.copytree(self.ca / "private", self.place / "copy")
        self.cert("issue", "later")
        later = self.serial("later")
        self.cert("revoke", "till")
        number = self.number()
        shutil.rmtree(self.ca / "private")
        shutil.copytree(self.place / "copy", self.ca / "private")
        (self.ca / "private").chmod(0o700)
        (self.ca / "audit.log").unlink()
        self.bad("the index is older than crl.pem", "cert", "list", "--dir", self.ca)
        done = run("cert", "issue", "--dir", self.ca, "other")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("warning: the index is older than crl.pem", done.stderr)
        self.assertGreaterEqual(self.number(), number)
        self.assertEqual(self.records()[stolen], ("till", "revoked"))
        self.bad("no certificate has the name", "cert", "revoke", "--dir", self.ca, later)
        self.bad("is no serial number of this CA", "cert", "revoke", "--dir", self.ca, "--not-in-index", later[:-1])
        self.cert("revoke", "--not-in-index", later)
        revoked = openssl("crl", "-in", self.ca / "crl.pem", "-noout", "-text").stdout
        for serial in (stolen, later):
            self.assertIn(serial, revoked)
        self.assertGreater(self.number(), number)

    def test_a_restored_copy_takes_over_from_the_audit_what_the_list_can_not_tell(self):
        self.cert("init-ca")
        for name in ("first", "stolen"):
            self.cert("issue", name)
        self.cert("revoke", "first")
        shutil.copytree(self.ca / "private", self.place / "copy")
        stolen = self.serial("stolen")
        self.cert("revoke", "stolen")
        self.cert("issue", "later")
        later, number = self.serial("later"), self.number()
        shutil.rmtree(self.ca / "private")
        shutil.copytree(self.place / "copy", self.ca / "private")
        (self.ca / "private").chmod(0o700)
        (self.ca / "crl.pem").write_text("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n")
        done = run("cert", "issue", "--dir", self.ca, "other")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("warning: crl.pem was damaged", done.stderr)
        self.assertIn("taken over from audit.log", done.stderr)
        self.assertGreater(self.number(), number)
        self.assertEqual(self.records()[stolen], ("stolen", "revoked"))
        self.cert("revoke", "later")
        revoked = openssl("crl", "-in", self.ca / "crl.pem", "-noout", "-text").stdout
        for serial in (stolen, later):
            self.assertIn(serial, revoked)

    def test_the_list_is_made_anew_by_a_timer(self):
        self.cert("init-ca")
        self.assertIn("nothing was done", self.cert("crl"))
        number = self.number()
        (self.ca / "crl.pem").unlink()
        self.bad("crl.pem is missing", "cert", "list", "--dir", self.ca)
        self.assertIn("was put right", self.cert("crl"))
        self.assertGreater(self.number(), number)
        self.cert("list")

    def test_a_client_and_a_server_of_one_name(self):
        self.cert("init-ca")
        self.cert("issue", "edge")
        self.cert("server", "edge", "edge.lan")
        client, server = self.serial("edge"), self.serial("server-edge")
        self.cert("revoke", "edge")
        self.assertEqual((self.records()[client][1], self.records()[server][1]), ("revoked", "valid"))
        self.cert("revoke", "--server", "edge")
        self.assertEqual(self.records()[server][1], "revoked")
        self.cert("server", "kasa.lan")
        self.bad("--server", "cert", "revoke", "--dir", self.ca, "kasa.lan")

    def test_the_list_outlives_openssls_thirty_days(self):
        self.cert("init-ca")
        text = openssl("crl", "-in", self.ca / "crl.pem", "-noout", "-lastupdate", "-nextupdate").stdout
        years = [int(year) for year in re.findall(r"\d\d:\d\d:\d\d (\d{4})", text)]
        self.assertGreaterEqual(years[1] - years[0], 9)


class Bundles(Cli):
    def setUp(self):
        super().setUp()
        self.cert("init-ca")

    def open(self, name, password, *options, check=True):
        return openssl("pkcs12", "-in", self.ca / "private" / f"{name}.p12", "-passin", f"pass:{password}", "-info", "-nodes", *options, check=check)

    def password(self, said):
        return re.search(r"never again: (\S+)$", said, re.M)[1]

    def test_modern_by_itself(self):
        password = self.password(self.cert("issue", "till", "--p12"))
        self.assertGreaterEqual(len(password.replace("-", "")), 28)
        done = self.open("till", password)
        self.assertIn("BEGIN PRIVATE KEY", done.stdout)
        self.assertIn("BEGIN CERTIFICATE", done.stdout)
        self.assertEqual(done.stderr.count("PBES2, PBKDF2, AES-256-CBC"), 2, done.stderr)
        self.assertEqual(done.stderr.count("hmacWithSHA256"), 2, done.stderr)
        self.assertIn("MAC: sha256", done.stderr)
        self.assertNotEqual(self.open("till", password + "x", check=False).returncode, 0)

    def test_legacy_when_asked_for(self):
        password = self.password(self.cert("issue", "till", "--legacy-p12"))
        for options in ((), ("-legacy",)):
            done = self.open("till", password, *options)
            self.assertIn("BEGIN PRIVATE KEY", done.stdout)
            self.assertIn("pbeWithSHA1And3-KeyTripleDES-CBC", done.stderr)
            self.assertIn("MAC: sha1", done.stderr)
            self.assertNotIn("RC2", done.stderr)

    def test_a_password_from_a_file_is_not_shown(self):
        file = self.place / "password"
        file.write_text("správné heslo\n")
        file.chmod(0o600)
        self.bad("without accents", "cert", "issue", "--dir", self.ca, "till", "--password-file", file)
        file.write_text("correct horse\n")
        file.chmod(0o640)
        self.bad("others may read it", "cert", "issue", "--dir", self.ca, "till", "--password-file", file)
        file.chmod(0o600)
        self.assertNotIn("correct", self.cert("issue", "till", "--password-file", file))
        self.assertIn("BEGIN PRIVATE KEY", self.open("till", "correct horse").stdout)
        self.bad("no terminal|not the same", "cert", "renew", "--dir", self.ca, "till", "--ask-password")

    def typed(self, *lines):
        """What the terminal shows while that is typed at it, the exit code, and whether it echoes at the end."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(program(), [program(), "cert", "issue", "--dir", str(self.ca), "till", "--ask-password"])
        shown = b""
        lines = list(lines)
        while True:
            try:
                data = os.read(terminal, 4096)
            except OSError:  # the other end is closed
                break
            shown += data
            if lines and shown.rstrip(b" ").endswith(b":"):
                poll("the end of the echo", lambda: not termios.tcgetattr(terminal)[3] & termios.ECHO)
                os.write(terminal, lines.pop(0))
        echoes = bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.close(terminal)
        return shown.decode(), code, echoes

    def test_a_password_is_asked_for_at_the_terminal(self):
        shown, code, echoes = self.typed(b"correct horse\n", b"correct horse\n")
        self.assertEqual((code, echoes), (0, True), shown)
        self.assertNotIn("correct", shown)
        self.assertIn("BEGIN PRIVATE KEY", self.open("till", "correct horse").stdout)

    def test_an_interrupt_at_the_prompt_leaves_a_terminal_that_echoes(self):
        for lines in ((b"\x03",), (b"corr\x03",), (b"correct horse\n", b"\x03"), (b"\x1c",)):
            with self.subTest(lines=lines):
                shown, code, echoes = self.typed(*lines)
                self.assertNotEqual(code, 0, shown)
                self.assertTrue(echoes, shown)
                self.assertFalse((self.ca / "private/till.p12").exists())

    def test_passwords_that_differ_or_are_too_long_are_refused(self):
        for once, again, words in ((b"correct horse", b"correct house", "not the same"), (b"x" * 200, b"x" * 200, "more than 128"), (b"short", b"short", "fewer than 8")):
            shown, code, echoes = self.typed(once + b"\n", again + b"\n")
            self.assertEqual((code, echoes), (1, True), shown)
            self.assertIn(words, shown)

    def test_an_old_bundle_does_not_stay_beside_a_new_certificate(self):
        self.cert("issue", "till", "--p12")
        self.cert("renew", "till")
        self.assertFalse((self.ca / "private/till.p12").exists())


class AtOnce(Cli):
    def test_two_runs_at_once_lose_nothing(self):
        self.cert("init-ca")
        names = [f"till-{i}" for i in range(6)]
        runs = [subprocess.Popen([program(), "cert", "issue", "--dir", self.ca, name], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for name in names]
        for each in runs:
            said = each.communicate(timeout=120)[1]
            self.assertEqual(each.returncode, 0, said)
        records = self.records()
        self.assertEqual(sorted(name for name, _ in records.values()), names)
        self.assertEqual(set(records), {self.serial(name) for name in names})

    def test_of_two_runs_for_one_name_one_is_refused(self):
        self.cert("init-ca")
        runs = [subprocess.Popen([program(), "cert", "issue", "--dir", self.ca, "till"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(4)]
        for each in runs:
            each.communicate(timeout=120)
        self.assertEqual(sorted(each.returncode for each in runs), [0, 1, 1, 1])
        self.assertEqual(set(self.records()), {self.serial("till")})


class Killed(Cli):
    """strace kills the program as it enters its n-th call of a kind: each place in which a power cut could come."""

    def setUp(self):
        super().setUp()
        if not shutil.which("strace"):
            self.skipTest("strace is not installed")
        if sanitized():
            self.skipTest("sanitizers and strace keep each other from working")

    def killed_everywhere(self, call, begin, command, after):
        for number in range(1, 40):
            shutil.rmtree(self.ca, ignore_errors=True)
            begin()
            done = run(*command, before=("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}"))
            if "ptrace" in done.stderr:
                self.skipTest("strace can't trace here")
            if done.returncode == 0:
                self.assertGreater(number, 1, "it was never killed")
                return
            after(number)
        self.fail("it never came to its end")

    def usable(self, number):
        done = run("cert", "list", "--dir", self.ca)
        if done.returncode:
            self.assertIn("crl.pem is older than the index", done.stderr, f"killed at {number}")
            self.cert("revoke", "till")
        records = self.records()
        # Whatever certificate was written is known, and can be taken back.
        for file in (self.ca / "private").glob("*.pem"):
            self.assertIn(self.serial(file.stem), records, f"killed at {number}")
        self.cert("issue", "other")
        self.assertEqual(list(self.ca.rglob(".new-*")), [], f"killed at {number}")
        return records

    def test_issuing(self):
        for call in ("fsync", "renameat"):
            with self.subTest(call=call):
                self.killed_everywhere(call, lambda: self.cert("init-ca"), ("cert", "issue", "--dir", self.ca, "till", "--p12"), self.usable)

    def test_revoking(self):
        def begin():
            self.cert("init-ca")
            self.cert("issue", "till")

        def after(number):
            records = self.usable(number)
            verified = openssl("verify", "-crl_check", "-CRLfile", self.ca / "crl.pem", "-CAfile", self.ca / "ca.pem", self.ca / "private/till.pem", check=False)
            self.assertEqual(records[self.serial("till")][1] == "revoked", "revoked" in verified.stderr, f"killed at {number}: {verified.stderr}")

        for call in ("fsync", "renameat"):
            with self.subTest(call=call):
                self.killed_everywhere(call, begin, ("cert", "revoke", "--dir", self.ca, "till"), after)

    def test_making_the_ca(self):
        def after(number):
            if not (self.ca / "ca.pem").exists():
                self.cert("init-ca")
            self.usable(number)

        for call in ("fsync", "renameat"):
            with self.subTest(call=call):
                self.killed_everywhere(call, lambda: None, ("cert", "init-ca", "--dir", self.ca), after)

    def test_rotating_a_key(self):
        clients = self.place / "clients.d"

        def begin():
            shutil.rmtree(clients, ignore_errors=True)
            self.good("client", "add", "--dir", clients, "eshop")

        def after(number):
            self.assertRegex(self.good("client", "list", "--dir", clients), r"eshop +active +(one|old\+new)", f"killed at {number}")

        for call in ("fsync", "renameat"):
            with self.subTest(call=call):
                self.killed_everywhere(call, begin, ("client", "rotate", "--dir", clients, "eshop"), after)


class Serving(Cli):
    def edge(self, *names):
        standin = self.standin(Web)
        listen = [{"name": "internet", "address": "127.0.0.1:0", "certificates": [pair("server-ecdsa"), pair("server-rsa")],
                   "client_ca": str(self.ca / "ca.pem"), "client_crl": str(self.ca / "crl.pem")}]
        clients = {name: {"certificate": {"san": f"{name}.branch.internal"}} for name in names}
        settings = config(standin, listen=listen, clients=clients, route={"clients": list(names)})
        del settings["routes"][0]["access"]
        return standin, self.start(settings)

    def shown(self, name):
        return (self.ca / "private" / f"{name}.pem",)

    def test_revoked_while_the_edge_serves(self):
        self.cert("init-ca")
        for name in ("lost", "kept"):
            self.cert("issue", name)
        server, edge = self.edge("lost", "kept")
        with edge.connect(certificate=self.shown("lost")) as idle, edge.connect(certificate=self.shown("kept")) as good:
            for client in (idle, good):
                client.send(ASK)
                self.assertEqual(client.reply().status, 200)
            self.cert("revoke", "lost")
            edge.said.wait("a changed revocation list is in use")
            self.assertIn(idle.more(), ("closed", "cut"), "its open connection ends")
            good.send(ASK)
            self.assertEqual(good.reply().status, 200, "others go on")
        mark = len(edge.said.lines)
        with self.assertRaises((ssl.SSLError, ConnectionError, Ended)):
            edge.ask(ASK, certificate=self.shown("lost"))
        edge.said.wait("is revoked", mark)
        self.assertEqual([request.get("X-Client-Name") for request in server.requests], [b"lost", b"kept", b"kept"])

    def test_a_list_of_more_than_a_mebibyte_is_as_good(self):
        self.cert("init-ca")
        for name in ("lost", "kept"):
            self.cert("issue", name)
        _, edge = self.edge("lost", "kept")
        index = self.ca / "private/index"
        lines = index.read_text().splitlines()
        serial, kind, name, issued, until, revoked, sans = lines[-1].split("\t")
        lines += ["\t".join([f"C0FFEE{i:026d}", kind, f"till-{i}", issued, until, issued, sans]) for i in range(22_000)]
        index.write_text("\n".join(lines) + "\n")
        self.assertEqual(edge.ask(ASK, certificate=self.shown("lost")).status, 200)
        self.cert("revoke", "lost")
        self.assertGreater((self.ca / "crl.pem").stat().st_size, 1 << 20)

        def refused():
            try:
                edge.ask(ASK, certificate=self.shown("lost"))
            except (ssl.SSLError, ConnectionError, Ended):
                return True
            return False

        # The list is written twice: what the index said already, and then the new entry. The edge may take both.
        poll("the revoked certificate to be refused", refused)
        self.assertEqual(edge.ask(ASK, certificate=self.shown("kept")).status, 200)

    def test_whatever_name_it_has_what_is_printed_lets_the_branch_in(self):
        self.cert("init-ca")
        clients = {}
        for name, sans in {"four": ["192.0.2.7"], "six": ["2001:DB8::7", "six.branch.test"], "uri": ["urn:Till:7"], "mail": ["Kasa@example.test"], "dns": ["Kasa.Example.Test"]}.items():
            said = self.cert("issue", name, *(word for san in sans for word in ("--san", san)))
            clients[name] = {"certificate": {"san": re.search(rf'{name}: {{ certificate: {{ san: "(.*)" }} }}', said)[1]}}
        listen = [{"name": "internet", "address": "127.0.0.1:0", "certificates": [pair("server-ecdsa")], "client_ca": str(self.ca / "ca.pem")}]
        server = self.standin(Web)
        settings = config(server, listen=listen, clients=clients, route={"clients": "any"})
        del settings["routes"][0]["access"]
        edge = self.start(settings)
        for name in clients:
            self.assertEqual(edge.ask(ASK, certificate=self.shown(name)).status, 200, name)
        self.assertEqual([request.get("X-Client-Name") for request in server.requests], [name.encode() for name in clients])

    def test_a_renewed_one_and_the_one_before_are_the_same_client(self):
        self.cert("init-ca")
        self.cert("issue", "till")
        before = (self.place / "before.pem",)
        shutil.copy(self.shown("till")[0], before[0])
        server, edge = self.edge("till")
        self.cert("renew", "till")
        for certificate in (before, self.shown("till")):
            self.assertEqual(edge.ask(ASK, certificate=certificate).status, 200)
        self.assertEqual([request.get("X-Client-Name") for request in server.requests], [b"till", b"till"])

    def test_a_servers_certificate_is_none_for_clients(self):
        self.cert("init-ca")
        self.cert("issue", "till")
        self.cert("server", "localhost", "127.0.0.1")
        server, edge = self.edge("till")
        with self.assertRaises((ssl.SSLError, ConnectionError, Ended)):
            edge.ask(ASK, certificate=self.shown("server-localhost"))
        edge.said.wait("not for clients")

    def test_a_key_that_everybody_may_read_is_no_secret(self):
        self.cert("init-ca")
        self.cert("server", "localhost")
        file = self.ca / "private/server-localhost.pem"
        settings = self.place / "edge.yaml"
        settings.write_text(json.dumps(config("http://127.0.0.1:1", listen=[{"name": "internet", "address": "127.0.0.1:0", "certificates": [{"chain": str(file), "key": str(file)}]}])))
        self.good("check", "-c", settings)
        file.chmod(0o644)
        self.bad("everybody on this machine may read this private key", "check", "-c", settings, code=2)

    def test_an_edge_on_a_lan_serves_with_one(self):
        self.cert("init-ca")
        self.cert("server", "localhost", "edge.lan", "127.0.0.1")
        file = str(self.ca / "private/server-localhost.pem")
        standin = self.standin(Web)
        edge = self.start(config(standin, listen=[{"name": "internet", "address": "127.0.0.1:0", "certificates": [{"chain": file, "key": file}]}]))
        from client import context

        for name in ("localhost", "edge.lan", "127.0.0.1"):
            self.assertEqual(edge.ask(ASK, name=name, context=context(self.ca / "ca.pem")).status, 200)


class ApiKeys(Cli):
    def setUp(self):
        super().setUp()
        self.clients = self.place / "clients.d"

    def client(self, command, *arguments):
        return self.good("client", command, "--dir", self.clients, *arguments)

    def key(self, said):
        return re.search(r"^  (lg_[\w-]{43})$", said, re.M)[1]

    def ask(self, edge, key):
        return edge.ask(ASK[:-2] + f"X-Edge-Key: {key}\r\n\r\n".encode())

    def open(self, **client):
        standin = self.standin(Web)
        settings = config(standin, route={"clients": "any"}, clients_dir=str(self.clients))
        del settings["routes"][0]["access"]
        return standin, self.start(settings)

    def test_the_life_of_a_key(self):
        first = self.key(self.client("add", "eshop", "--from", "127.0.0.0/8", "--from", "::1", "--class", "bulk"))
        self.assertNotIn(first, (self.clients / "eshop.yaml").read_text())
        server, edge = self.open()
        self.assertEqual(self.ask(edge, first).status, 200)
        self.assertEqual(server.requests[0].get("X-Client-Name"), b"eshop")
        second = self.key(self.client("rotate", "eshop"))
        self.assert_refused(self.ask(edge, second), 401, "login_failed")
        edge.reload()
        for key in (first, second):
            self.assertEqual(self.ask(edge, key).status, 200)
        self.assertIn("old+new", self.client("list"))
        self.bad("already", "client", "rotate", "--dir", self.clients, "eshop")
        self.client("rotate", "eshop", "--finish")
        edge.reload()
        self.assert_refused(self.ask(edge, first), 401, "login_failed")
        self.assertEqual(self.ask(edge, second).status, 200)
        self.client("disable", "eshop")
        self.assertRegex(self.client("list"), r"eshop +disabled +one +bulk +- +127.0.0.0/8,::1")
        edge.reload()
        self.assert_refused(self.ask(edge, second), 403, "client_disabled")
        self.client("enable", "eshop")
        edge.reload()
        self.assertEqual(self.ask(edge, second).status, 200)

    def test_a_key_that_nobody_saw_is_told_of(self):
        for number, redirect in enumerate((">/dev/full", ">&-", ">&- <&-")):
            with self.subTest(redirect=redirect):
                done = subprocess.run(["sh", "-c", f'"$@" {redirect}', "sh", program(), "client", "add", "--dir", str(self.clients), f"shop{number}"],
                                      capture_output=True, text=True)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertRegex(done.stderr, f"stdout can't be written.*the key was not shown.*ledgergate client rotate shop{number}")
        for file in self.clients.iterdir():
            self.assertNotIn(b"lg_", file.read_bytes(), file)

    def test_a_rotation_can_be_taken_back(self):
        first = self.key(self.client("add", "eshop"))
        second = self.key(self.client("rotate", "eshop"))
        self.client("rotate", "eshop", "--undo")
        server, edge = self.open()
        self.assertEqual(self.ask(edge, first).status, 200)
        self.assert_refused(self.ask(edge, second), 401, "login_failed")
        self.bad("no change of it has begun", "client", "rotate", "--dir", self.clients, "eshop", "--finish")

    def test_what_people_wrote_into_the_file_stays(self):
        self.client("add", "eshop")
        file = self.clients / "eshop.yaml"
        text = file.read_text() + "  # of the shop's host\n  limits: { requests: 60/min }\n  credentials: { pohoda: eshop.cred }\n"
        file.write_text(text)
        self.client("rotate", "eshop")
        self.client("disable", "eshop")
        self.client("rotate", "eshop", "--undo")
        self.client("enable", "eshop")
        self.assertEqual(file.read_text(), text)
        file.write_text(text.replace("api_key_sha256: [", "api_key_sha256:   ["))
        self.bad("by hand", "client", "rotate", "--dir", self.clients, "eshop")
        file.write_text(text + "  disabled: yes\n")
        self.bad("by hand", "client", "enable", "--dir", self.clients, "eshop")

    def test_who_may_read_them(self):
        self.client("add", "eshop")
        self.clients.chmod(0o2750)
        if os.getuid() == 0:
            os.chown(self.clients, -1, 4711)
        self.client("add", "kasa")
        about = (self.clients / "kasa.yaml").stat()
        self.assertEqual(stat.S_IMODE(about.st_mode), 0o640)
        self.assertEqual(about.st_gid, self.clients.stat().st_gid)
        self.assertEqual(stat.S_IMODE((self.clients / "audit.log").stat().st_mode), 0o600)

    def test_what_can_not_be_is_not_written(self):
        self.bad("is not a network", "client", "add", "--dir", self.clients, "eshop", "--from", "10.0.0.1/8")
        self.bad("must be a day", "client", "add", "--dir", self.clients, "eshop", "--valid-until", "soon")
        self.bad("characters", "client", "add", "--dir", self.clients, "eshop", "--from", '"]\n  disabled: false')
        self.bad("small letters", "client", "add", "--dir", self.clients, "../eshop")
        self.bad("low", "client", "add", "--dir", self.clients, "eshop", "--class", "low", code=2)
        self.bad("no client", "client", "rotate", "--dir", self.clients, "eshop")
        self.assertEqual(list(self.clients.glob("*.yaml")), [])
        self.client("add", "eshop")
        self.bad("already", "client", "add", "--dir", self.clients, "eshop")

    def test_a_broken_file_is_told_and_a_reload_keeps_the_old_ones(self):
        first = self.key(self.client("add", "eshop"))
        server, edge = self.open()
        (self.clients / "kasa.yaml").write_text("kasa: { api_key_sha256: short }\n")
        self.assertRegex(edge.reload(), "refused|old|kept|stay")
        self.assertIsNotNone(edge.said.find(r"kasa\.yaml:1:25: error: "))
        self.assertEqual(self.ask(edge, first).status, 200)


if __name__ == "__main__":
    unittest.main()
