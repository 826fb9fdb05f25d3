"""The units as they are installed, under a real systemd as the first process of a small machine (machine.py): the service's hardening
is intact, its drop-ins change times and credentials only."""

import datetime
import hashlib
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

from client import Client, Ended
from harness import SOURCE, Story, certificates, poll, scratch
from machine import Machine
from threads import Stopped, workers_of

from web import Web

ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
SETTINGS = "/etc/ledgergate/ledgergate.yaml"
SERVICE, SOCKET = "ledgergate.service", "ledgergate.socket"
NET_BIND = 1 << 10  # CAP_NET_BIND_SERVICE


class UnderSystemd(Story):
    @classmethod
    def setUpClass(cls):
        cls.machine = Machine()
        cls.addClassCleanup(cls.machine.close)
        # As README says: root:ledgergate 0640.
        for name in ("server-ecdsa.pem", "server-ecdsa.key"):
            cls.machine.write(f"/etc/ledgergate/{name}", (certificates() / name).read_bytes(), 0o640, group="ledgergate")

    def setUp(self):
        self.web = self.standin(Web)
        self.addCleanup(self.machine.reset)

    def settings(self, listen=None, route=None, **top):
        return {
            "listen": listen or [self.internet("[::]:443")],
            "servers": {"web": {"url": self.web.url}},
            "routes": [{key: value for key, value in {"server": "web", "access": "anonymous", **(route or {})}.items() if value is not None}],
            "workers": 2,
            **top,
        }

    def internet(self, address, **more):
        pair = {"chain": "/etc/ledgergate/server-ecdsa.pem", "key": "/etc/ledgergate/server-ecdsa.key"}
        return {"name": f"internet-{address[-3:].strip(':')}", "address": address, "certificates": [pair], **more}

    def plain(self, address, name="lan"):
        return {"name": name, "address": address, "tls": "off"}

    def write(self, settings):
        self.machine.write(SETTINGS, settings if isinstance(settings, str) else json.dumps(settings))

    def begin(self, settings=None, **drop_ins):
        self.write(settings or self.settings())
        for unit, text in drop_ins.items():
            self.machine.drop_in(f"ledgergate.{unit}", text)
        self.machine.systemctl("start", SERVICE)
        return int(self.machine.show("MainPID"))

    def connect(self, port=443, **options):
        return Client(port, tls=options.pop("tls", port == 443), ca=certificates() / "ca.pem", **options)

    def ask(self, port=443, request=ASK, **options):
        with self.connect(port, **options) as client:
            client.send(request)
            return client.reply()

    def inside(self, pid):
        """A process's number in the machine (MainPID) is not its number out here."""
        return self.machine.outer(pid)

    def until_restarted(self, before, why):
        poll(why, lambda: self.machine.show("ActiveState") == "active" and int(self.machine.show("MainPID")) not in (0, before))
        return int(self.machine.show("MainPID"))

    def most_descriptors(self):
        """As the unit says, but in a container systemd itself may have fewer."""
        unit = self.machine.path("/usr/lib/systemd/system/ledgergate.service").read_text()
        return min(int(re.search(r"(?m)^LimitNOFILE=(\d+)$", unit)[1]), int(self.machine.bounds_of(1)["Max open files"][1]))

    # start -------------------------------------------------------------------------------------------------------------------

    def test_start_on_port_443_without_root(self):
        pid = self.begin()
        for host in ("127.0.0.1", "::1"):
            self.assertEqual(self.ask(host=host).status, 200)
        about = self.machine.status_of(pid)
        user = self.machine.number("passwd", "ledgergate")
        self.assertEqual(about["Uid"].split(), [str(user)] * 4)
        self.assertEqual(about["Groups"].split(), [str(self.machine.number("group", "ledgergate"))])
        for which in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertEqual(int(about[which], 16), NET_BIND, which)
        self.assertEqual((about["NoNewPrivs"], about["Seccomp"], about["Umask"]), ("1", "2", "0077"))
        bounds = self.machine.bounds_of(pid)
        self.assertEqual(bounds["Max open files"], (str(self.most_descriptors()),) * 2)
        self.assertEqual(bounds["Max core file size"], ("0", "0"))

    def test_no_line_of_the_unit_is_lost(self):
        """What systemd itself makes of the installed units. Some say only what another line implies, and stay for whoever changes that."""
        wanted = {
            "Type": "notify", "NotifyAccess": "main", "Restart": "on-failure", "RestartUSec": "2s", "RestartPreventExitStatus": "2",
            "WatchdogUSec": "30s", "TimeoutStopUSec": "1min 30s", "StartLimitIntervalUSec": "0", "User": "ledgergate", "Group": "ledgergate",
            "LogsDirectory": "ledgergate", "LogsDirectoryMode": "0750", "ReadWritePaths": "-/var/spool/ledgergate",
            "TasksMax": "4096", "LimitCORE": "0", "UMask": "0077", "AmbientCapabilities": "cap_net_bind_service",
            "CapabilityBoundingSet": "cap_net_bind_service", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes",
            "ProtectProc": "invisible", "ProcSubset": "pid", "ProtectClock": "yes", "ProtectControlGroups": "yes", "ProtectHostname": "yes",
            "ProtectKernelLogs": "yes", "ProtectKernelModules": "yes", "ProtectKernelTunables": "yes", "PrivateDevices": "yes",
            "PrivateMounts": "yes", "PrivateTmp": "yes", "RemoveIPC": "yes", "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
            "RestrictNamespaces": "yes", "RestrictRealtime": "yes", "RestrictSUIDSGID": "yes", "LockPersonality": "yes",
            "MemoryDenyWriteExecute": "yes", "SystemCallArchitectures": "native", "SystemCallErrorNumber": "1", "PrivateUsers": "no",
            "LogRateLimitIntervalUSec": "30s", "LogRateLimitBurst": "100000",
        }  # fmt: skip
        self.begin()
        said = dict(line.split("=", 1) for line in self.machine.systemctl("show", SERVICE).stdout.splitlines() if "=" in line)
        self.assertEqual({name: " ".join(sorted(said.get(name, "").split())) if name == "RestrictAddressFamilies" else said.get(name) for name in wanted}, wanted)
        self.assertEqual(said["LimitNOFILE"], "131070")
        calls = set(said["SystemCallFilter"].split())
        self.assertIn("read", calls)
        for forbidden in ("mount", "setuid", "chown", "setpriority", "ptrace", "bpf", "reboot", "init_module"):
            self.assertNotIn(forbidden, calls)
        reloads = [line.split("argv[]=")[1].split(" ;")[0] for line in self.machine.systemctl("show", "-p", "ExecReload", SERVICE).stdout.splitlines()]
        self.assertEqual(reloads, ["/usr/bin/ledgergate check -c /etc/ledgergate/ledgergate.yaml", "/bin/kill -HUP $MAINPID"])
        self.assertEqual(self.machine.systemctl("is-enabled", SERVICE, check=False).stdout.strip(), "disabled")
        for unit, target in ((SERVICE, "multi-user.target"), (SOCKET, "sockets.target")):
            self.machine.systemctl("enable", unit)
            self.assertTrue(os.path.lexists(self.machine.path(f"/etc/systemd/system/{target}.wants/{unit}")))
            self.machine.systemctl("disable", unit)
        socket_said = dict(line.split("=", 1) for line in self.machine.systemctl("show", SOCKET).stdout.splitlines() if "=" in line)
        self.assertEqual([socket_said[name] for name in ("Listen", "BindIPv6Only", "Backlog")], ["[::]:443 (Stream)", "both", "1024"])

    def test_what_the_service_may_write(self):
        """Log and spool; and nothing else, ACME's directory neither."""
        pid = self.begin()
        api = re.compile(r"/(dev|proc|run|sys)\b")
        own = {place for place in self.machine.writable(pid) if not api.match(place)}
        self.assertEqual(own, {"/tmp", "/var/tmp", "/var/log/ledgergate", "/var/spool/ledgergate"})

    def test_log_spool_and_acme(self):
        self.begin(
            self.settings(
                listen=[self.internet("[::]:443"), {"address": "[::]:80", "redirect": "https", "acme_webroot": "/var/lib/ledgergate/acme"}],
                route={"spool": "request"},
                spool={"memory": "64KiB"},
                log={"access": "/var/log/ledgergate/access.log"},
            )
        )
        body = os.urandom(1 << 20)
        reply = self.ask(request=b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        self.assertEqual((reply.status, reply.body), (200, body))
        log = self.machine.path("/var/log/ledgergate/access.log")
        poll("a line in the access log", lambda: log.read_text().endswith("\n"))
        line = json.loads(log.read_text().splitlines()[0])
        self.assertEqual((line["status"], line["bytes_in"]), (200, len(body)))
        self.assertEqual(log.parent.stat().st_mode & 0o7777, 0o750)
        self.assertEqual(log.stat().st_uid, self.machine.number("passwd", "ledgergate"))
        # As logrotate does it.
        log.rename(log.with_suffix(".1"))
        self.machine.systemctl("kill", "-s", "USR1", "--kill-who=main", SERVICE)
        poll("a new access log", log.exists)
        # An ACME client runs as root, and its directory is root's.
        self.machine.write("/var/lib/ledgergate/acme/.well-known/acme-challenge/token", "token.thumb")
        reply = self.ask(80, b"GET /.well-known/acme-challenge/token HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertEqual((reply.status, reply.body), (200, b"token.thumb"))

    def test_wrong_settings_are_not_tried_again(self):
        self.write("listen: [}")
        self.assertNotEqual(self.machine.systemctl("start", SERVICE, check=False).returncode, 0)
        poll("the end", lambda: self.machine.show("ActiveState") == "failed")
        self.assertEqual((self.machine.show("ExecMainStatus"), self.machine.show("NRestarts")), ("2", "0"))
        self.assertRegex(self.machine.journal(), r"ledgergate\.yaml:1:\d+: error")

    def test_a_port_that_is_taken_is_tried_again(self):
        with socket.create_server(("::", 443), family=socket.AF_INET6, dualstack_ipv6=True):
            self.write(self.settings())
            self.machine.drop_in(SERVICE, "[Service]\nRestartSec=100ms\n")
            self.assertNotEqual(self.machine.systemctl("start", SERVICE, check=False).returncode, 0)
            # Beyond systemd's usual five in ten seconds, which StartLimitIntervalSec=0 takes away.
            poll("seven starts", lambda: int(self.machine.show("NRestarts")) >= 7)
            poll("the exit code", lambda: self.machine.show("ExecMainStatus") == "1")
        poll("a start", lambda: self.machine.show("ActiveState") == "active")
        self.assertEqual(self.ask().status, 200)

    def test_the_first_certificate_comes_by_the_deploy_hook(self):
        """And the next one, too; the edge waits for the first with port 80 open."""
        pair = {"chain": "/etc/ledgergate/edge.pem", "key": "/etc/ledgergate/edge.key"}
        self.begin(
            self.settings(
                listen=[self.internet("[::]:443", certificates=[pair]), {"address": "[::]:80", "redirect": "https", "acme_webroot": "/var/lib/ledgergate/acme"}]
            )
        )
        self.assertFalse(self.answers(443))
        subprocess.run([SOURCE / "certs" / "make-test-certs", certificates(), "--server", "next", "localhost"], check=True)
        for name in ("server-ecdsa", "next"):
            live = "/etc/letsencrypt/live/ucto.example.cz"
            self.machine.write(f"{live}/fullchain.pem", (certificates() / f"{name}.pem").read_bytes())
            self.machine.write(f"{live}/privkey.pem", (certificates() / f"{name}.key").read_bytes(), 0o600)
            self.machine.run("env", f"RENEWED_LINEAGE={live}", "/usr/share/ledgergate/deploy-hook")
            wanted = ssl.PEM_cert_to_DER_cert((certificates() / f"{name}.pem").read_text().split("-----END")[0] + "-----END CERTIFICATE-----\n")
            poll("the new certificate", lambda: self.answers(443) and self.shown() == wanted)
        for end in ("pem", "key"):
            about = self.machine.path(f"/etc/ledgergate/edge.{end}").stat()
            self.assertEqual((about.st_uid, about.st_gid, about.st_mode & 0o7777), (0, self.machine.number("group", "ledgergate"), 0o640))
        self.machine.systemctl("stop", SERVICE)
        self.machine.run("env", f"RENEWED_LINEAGE={live}", "/usr/share/ledgergate/deploy-hook", "edge-rsa")
        self.assertTrue(self.machine.path("/etc/ledgergate/edge-rsa.key").exists())

    def shown(self):
        with self.connect() as client:
            return client.sock.getpeercert(binary_form=True)

    # check -------------------------------------------------------------------------------------------------------------------

    def check(self, *arguments):
        done = self.machine.run("ledgergate", "check", *arguments, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_root_judges_as_the_service_reads(self):
        """Each kind of file that settings name, root's alone: `check` says what the start says; and who must be able to read it."""
        secret, ca = (certificates() / "server-ecdsa.key").read_bytes(), (certificates() / "ca.pem").read_bytes()
        hashed = "novakova:$6$abcdefgh$" + "x" * 86 + "\n"
        own = {"name": "l", "address": "[::]:443", "certificates": [{"chain": "/etc/ledgergate/server-ecdsa.pem", "key": "/etc/ledgergate/x"}]}
        kinds = {
            "key": (secret, {"listen": [own]}),
            "credentials": (b"user:secret\n", {"servers": {"web": {"url": self.web.url, "credentials": "/etc/ledgergate/x"}}}),
            "client_ca": (ca, {"listen": [self.internet("[::]:443", client_ca="/etc/ledgergate/x")]}),
            "upstream ca": (ca, {"servers": {"web": {"url": "https://127.0.0.1:1", "tls": {"ca": "/etc/ledgergate/x"}}}}),
            "users": (hashed.encode(), {"users": "/etc/ledgergate/x"}),
            "settings": (b"", {}),
        }
        for kind, (content, settings) in kinds.items():
            with self.subTest(kind=kind):
                file = SETTINGS if kind == "settings" else "/etc/ledgergate/x"
                self.write({**self.settings(), **settings})
                if content:
                    self.machine.write(file, content, 0o600)
                else:
                    self.machine.path(file).chmod(0o600)
                code, said = self.check()
                self.assertEqual(code, 2, said)
                self.assertRegex(said, re.escape(file) + ".*[Pp]ermission denied")
                self.assertRegex(said, "what user ledgergate may read.*root:ledgergate 0640")
                self.assertNotEqual(self.machine.systemctl("start", SERVICE, check=False).returncode, 0)
                self.machine.systemctl("reset-failed", SERVICE)
                os.chown(self.machine.path(file), 0, self.machine.number("group", "ledgergate"))
                self.machine.path(file).chmod(0o640)
                code, said = self.check()
                self.assertNotRegex(said, "[Pp]ermission denied")
                self.machine.path(file).chmod(0o600 if kind != "settings" else 0o644)

    def test_root_judges_where_the_service_writes(self):
        def refused(*words):
            code, said = self.check()
            self.assertEqual(code, 2, said)
            for each in words:
                self.assertRegex(said, each)
            self.assertNotEqual(self.machine.systemctl("start", SERVICE, check=False).returncode, 0)
            self.machine.systemctl("stop", SERVICE)
            self.machine.systemctl("reset-failed", SERVICE)

        def taken():
            self.assertEqual(self.check(), (0, "ok\n"))
            self.machine.systemctl("start", SERVICE)
            self.machine.systemctl("stop", SERVICE)

        user, group = self.machine.number("passwd", "ledgergate"), self.machine.number("group", "ledgergate")
        log, other = "/var/log/ledgergate/access.log", "/var/lib/logs/access.log"
        self.addCleanup(self.machine.run, "rm", "-rf", "/var/lib/logs")
        self.write(self.settings(log={"access": log}))
        taken()
        self.machine.remove(log)
        os.chown(self.machine.write(log, "", 0o640), 0, group)
        rights = (re.escape(log) + ": Permission denied", "what user ledgergate may write.*/var/log/ledgergate")
        refused(*rights)
        os.chown(self.machine.path(log), user, group)
        taken()
        self.write(self.settings(log={"access": other}))
        self.machine.path(other).parent.mkdir()
        refused(re.escape(other) + ": Permission denied", "where the service may write nothing")
        os.chown(self.machine.path(other).parent, user, group)
        refused("error: `log.access` is .*, where the service may write nothing .ProtectSystem=strict of .*ledgergate.service")
        self.machine.drop_in(SERVICE, "[Service]\nReadWritePaths=/var/lib/logs\n")
        taken()

    def test_root_judges_as_the_unit_says(self):
        """Its supplementary groups and its user count; a draft elsewhere is judged as root reads it, and says so."""
        self.write(self.settings())
        self.machine.run("groupadd", "-f", "certs")
        key = self.machine.path("/etc/ledgergate/server-ecdsa.key")
        self.addCleanup(os.chown, key, 0, self.machine.number("group", "ledgergate"))
        os.chown(key, 0, self.machine.number("group", "certs"))
        self.assertEqual(self.check()[0], 2)
        self.machine.drop_in(SERVICE, "[Service]\nSupplementaryGroups=certs\n")
        self.assertEqual(self.check(), (0, "ok\n"))
        self.machine.systemctl("start", SERVICE)
        self.machine.drop_in(SERVICE, "[Service]\nUser=nobody\n")
        self.assertEqual(self.check()[0], 2)
        self.assertIn("user nobody", self.check()[1])
        self.assertEqual(self.check("--user", "root"), (0, "ok\n"))
        self.assertEqual(self.check("--user", "whoever")[0], 2)
        self.machine.write("/root/draft.yaml", json.dumps(self.settings()), 0o600)
        self.machine.path("/root").chmod(0o700)
        code, said = self.check("-c", "/root/draft.yaml")
        self.assertEqual(code, 0)
        self.assertRegex(said, "/root/draft.yaml can't be read by nobody")

    def test_the_installed_settings_are_these_however_they_are_called(self):
        self.write(self.settings())
        settings = self.machine.path(SETTINGS)
        self.addCleanup(settings.chmod, 0o644)
        settings.chmod(0o600)
        self.machine.run("ln", "-sfn", SETTINGS, "/tmp/called")
        for name in (SETTINGS, "/" + SETTINGS, "/usr/.." + SETTINGS, "/etc/./ledgergate/ledgergate.yaml", "/tmp/called"):
            with self.subTest(name=name):
                code, said = self.check("-c", name)
                self.assertEqual(code, 2, said)
                self.assertRegex(said, "[Pp]ermission denied")

    def test_a_user_by_number(self):
        self.write(self.settings())
        key = self.machine.path("/etc/ledgergate/server-ecdsa.key")
        self.addCleanup(os.chown, key, 0, self.machine.number("group", "ledgergate"))
        self.machine.drop_in(SERVICE, "[Service]\nUser=4242\nGroup=4242\n")
        code, said = self.check()
        self.assertEqual(code, 2, said)
        self.assertRegex(said, "[Pp]ermission denied.*\n(.*\n)*.*user 4242")
        os.chown(key, 0, 4242)
        self.assertNotRegex(self.check()[1], "server-ecdsa.key.*[Pp]ermission denied")
        self.machine.drop_in(SERVICE, "[Service]\nUser=who-is-that\nGroup=\n")
        self.assertRegex(self.check()[1], "there is no user who-is-that, which .*ledgergate.service names")

    def test_a_drain_that_systemd_would_cut(self):
        self.write(self.settings(timeouts={"drain": "2min"}))
        self.assertRegex(self.check()[1], r"warning: `timeouts\.drain` is 2min, but systemd kills the service 90s .*/lib/systemd/system/ledgergate\.service")
        self.machine.drop_in(SERVICE, "[Service]\nTimeoutStopSec=3min\n")
        self.assertEqual(self.check(), (0, "ok\n"))

    # reload ------------------------------------------------------------------------------------------------------------------

    def reload(self, settings, check=True):
        self.write(settings)
        return self.machine.systemctl("reload", SERVICE, check=check).returncode

    def status_of(self, prefix):
        return self.ask(request=b"GET " + prefix + b" HTTP/1.1\r\nHost: localhost\r\n\r\n").status

    def test_reload(self):
        pid = self.begin()
        with self.connect() as kept:
            for number in range(3):
                self.reload(self.settings(route={"path": f"/{number}"}))
                poll("new settings", lambda: self.status_of(b"/%d" % number) == 200)
            self.assertEqual(self.status_of(b"/0"), 404)
            kept.send(b"GET /2 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertEqual(kept.reply().status, 200)
        self.assertEqual((self.machine.show("ActiveState"), int(self.machine.show("MainPID"))), ("active", pid))

    def test_a_broken_reload_fails_and_changes_nothing(self):
        pid = self.begin()
        for broken in ("listen: [}", json.dumps(self.settings(listen=[self.internet("[::]:443", certificates=[{"chain": "/no", "key": "/no"}])]))):
            self.assertNotEqual(self.reload(broken, check=False), 0)
            poll("the end of the reload", lambda: self.machine.show("ActiveState") == "active")
            self.assertEqual(self.ask().status, 200)
        self.assertRegex(self.machine.journal(), r"ledgergate\.yaml:1:\d+: error")
        self.assertEqual(int(self.machine.show("MainPID")), pid)
        self.reload(self.settings(route={"path": "/again"}))
        poll("new settings", lambda: self.status_of(b"/again") == 200)

    def test_credentials(self):
        """systemd issue 35227: some versions don't show an ExecReload= the credentials that the service has."""
        self.machine.write("/etc/ledgergate/private/server.key", (certificates() / "server-ecdsa.key").read_bytes(), 0o600)
        pair = {"chain": "/etc/ledgergate/server-ecdsa.pem", "key": "/run/credentials/ledgergate.service/server.key"}
        settings = self.settings(listen=[self.internet("[::]:443", certificates=[pair])])
        pid = self.begin(settings, service="[Service]\nLoadCredential=server.key:/etc/ledgergate/private/server.key\n")
        self.assertEqual(self.ask().status, 200)
        for number in range(2):
            settings["routes"][0]["path"] = f"/{number}"
            self.reload(settings)
            poll("new settings", lambda: self.status_of(b"/%d" % number) == 200)
        self.assertNotEqual(self.reload("listen: [}", check=False), 0)
        self.assertEqual(self.status_of(b"/1"), 200)
        self.assertEqual(int(self.machine.show("MainPID")), pid)
        self.assertNotRegex(self.machine.journal(), "server.key.*(can't|error)")

    # log -------------------------------------------------------------------------------------------------------------------

    def test_a_flood_of_requests_pushes_no_failed_login_out(self):
        """journald throws away what is beyond the unit's bound, by priority. A small bound takes few requests to see it."""
        self.assertEqual((self.machine.show("LogRateLimitIntervalUSec"), self.machine.show("LogRateLimitBurst")), ("30s", "100000"))
        self.begin(
            self.settings(route={"access": None, "clients": ["eshop"]}, clients={"eshop": {"api_key_sha256": hashlib.sha256(b"lg_right").hexdigest()}}),
            service="[Service]\nLogRateLimitIntervalSec=1h\nLogRateLimitBurst=40\n",
        )
        with self.connect() as client:
            for _ in range(200):
                client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Edge-Key: lg_right\r\n\r\n")
                self.assertEqual(client.reply().status, 200)
        self.assertEqual(self.ask(request=b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Edge-Key: lg_wrong\r\n\r\n").status, 401)
        poll("the failed login in the journal", lambda: "login failed: address=127.0.0.1" in self.machine.journal())
        self.assertLess(self.machine.journal().count('"status":200'), 200)

    # revocation list -----------------------------------------------------------------------------------------------------------

    CA, CRL, TIMER = "/var/lib/ledgergate/ca", "ledgergate-crl.service", "ledgergate-crl.timer"

    def authority(self):
        """A CA as the tool makes it, with a branch and another one whose certificate is revoked; their key and certificate out here."""
        self.addCleanup(self.machine.run, "rm", "-rf", self.CA)
        self.addCleanup(self.machine.systemctl, "disable", "--now", self.TIMER)
        self.machine.run("ledgergate", "cert", "init-ca")
        files = {}
        for name in ("till", "stolen"):
            self.machine.run("ledgergate", "cert", "issue", name)
            files[name] = certificates() / f"{name}.pem"
            files[name].write_bytes(self.machine.path(f"{self.CA}/private/{name}.pem").read_bytes())
        self.machine.run("ledgergate", "cert", "revoke", "stolen")
        return files

    def serial(self, file):
        return subprocess.run(["openssl", "x509", "-in", file, "-noout", "-serial"], check=True, capture_output=True, text=True).stdout.split("=")[1].strip()

    def age_list(self, until, revoked):
        """The list as it would be that many days before its end: of the same number, signed by the CA."""
        place = self.scratch_directory()
        day = "250101000000Z"
        (place / "index").write_text(f"R\t490101000000Z\t{day}\t{revoked}\tunknown\t/CN=stolen\n")
        (place / "number").write_text(f"{self.listed()[0]:02X}\n")
        (place / "config").write_text("[ca]\ndefault_ca = x\n[x]\ndatabase = index\ncrlnumber = number\ndefault_md = sha256\n")
        for name in ("ca.pem", "private/ca.key"):
            (place / name.split("/")[-1]).write_bytes(self.machine.path(f"{self.CA}/{name}").read_bytes())
        dates = ["-crl_lastupdate", "20250101000000Z", "-crl_nextupdate", until.strftime("%Y%m%d%H%M%SZ")]
        subprocess.run(["openssl", "ca", "-gencrl", "-config", "config", "-cert", "ca.pem", "-keyfile", "ca.key", *dates, "-out", "list"], cwd=place, check=True, capture_output=True)
        self.machine.write(f"{self.CA}/crl.new", (place / "list").read_bytes())
        self.machine.path(f"{self.CA}/crl.new").rename(self.machine.path(f"{self.CA}/crl.pem"))

    def scratch_directory(self):
        return pathlib.Path(tempfile.mkdtemp(dir=scratch()))

    def listed(self):
        """Number and last day of the list, and how many are on it."""
        text = subprocess.run(["openssl", "crl", "-noout", "-text"], input=self.machine.path(f"{self.CA}/crl.pem").read_bytes(), check=True, capture_output=True).stdout.decode()
        until = datetime.datetime.strptime(re.search(r"Next Update: (.*) GMT", text)[1], "%b %d %H:%M:%S %Y").replace(tzinfo=datetime.timezone.utc)
        return int(re.search(r"CRL Number:\s+(\d+)", text)[1]), until, text.count("Serial Number:")

    def let_in(self, file):
        try:
            with self.connect(certificate=(file,)) as client:
                client.send(ASK)
                return client.reply().status == 200
        except (OSError, Ended):
            return False

    def test_a_list_is_made_anew_before_its_end(self):
        """By the service, in its hardening; and the edge that runs takes it."""
        files = self.authority()
        self.begin(self.settings(listen=[self.internet("[::]:443", client_ca=f"{self.CA}/ca.pem", client_crl=f"{self.CA}/crl.pem", client_certificate="required")]))
        self.assertEqual((self.let_in(files["till"]), self.let_in(files["stolen"])), (True, False))
        now = datetime.datetime.now(datetime.timezone.utc)
        before = self.listed()
        self.machine.systemctl("start", self.CRL)
        self.assertEqual(self.listed(), before)
        self.assertIn("nothing was done", self.machine.journal("-u", self.CRL))
        for days in (300, -1):
            with self.subTest(days=days):
                self.age_list(now + datetime.timedelta(days=days), self.serial(files["stolen"]))
                if days < 0:
                    self.machine.systemctl("restart", SERVICE)
                    self.assertFalse(self.let_in(files["till"]))
                old = self.listed()
                mark = self.machine.journal().count("a changed revocation list is in use")
                self.machine.systemctl("start", self.CRL)
                self.assertEqual(self.machine.show("Result", self.CRL), "success")
                number, until, count = self.listed()
                self.assertGreater(number, old[0])
                self.assertGreater(until, now + datetime.timedelta(days=9 * 365))
                self.assertEqual(count, 1)
                poll("the edge's taking it", lambda: self.machine.journal().count("a changed revocation list is in use") > mark)
                poll("the branch's return", lambda: self.let_in(files["till"]))
                self.assertFalse(self.let_in(files["stolen"]))
        self.assertIn("was put right", self.machine.journal("-u", self.CRL))
        self.assertRegex(self.machine.path(f"{self.CA}/audit.log").read_text(), "made the revocation list anew")

    def test_a_list_that_can_not_be_made_fails_in_words(self):
        self.authority()
        key = self.machine.path(f"{self.CA}/private/ca.key")
        secret, user = key.read_bytes(), self.machine.number("passwd", "ledgergate")
        for what, break_it, words in (
            ("another's", lambda: os.chown(key, user, user), r"ca\.key.*([Pp]ermission denied|owner)"),
            ("damaged", lambda: key.write_bytes(secret[: len(secret) // 2]), r"ca\.key"),
        ):
            with self.subTest(what):
                break_it()
                self.assertNotEqual(self.machine.systemctl("start", self.CRL, check=False).returncode, 0)
                self.assertEqual((self.machine.show("ActiveState", self.CRL), self.machine.show("Result", self.CRL)), ("failed", "exit-code"))
                self.assertRegex(self.machine.journal("-u", self.CRL), words)
                key.write_bytes(secret)
                os.chown(key, 0, 0)
                self.machine.systemctl("start", self.CRL)
        # Where there is no CA there is nothing to do.
        key.unlink()
        self.machine.systemctl("start", self.CRL)
        self.assertEqual((self.machine.show("ConditionResult", self.CRL), self.machine.show("Result", self.CRL)), ("no", "success"))

    def test_the_timer_of_the_list(self):
        self.authority()
        self.machine.systemctl("enable", "--now", self.TIMER)
        self.assertEqual(self.machine.systemctl("is-enabled", self.TIMER).stdout.strip(), "enabled")
        said = dict(line.split("=", 1) for line in self.machine.systemctl("show", self.TIMER).stdout.splitlines() if "=" in line)
        self.assertEqual([said[name] for name in ("ActiveState", "Unit", "Persistent", "RandomizedDelayUSec")], ["active", self.CRL, "yes", "1h"])
        self.assertIn("OnCalendar=*-*-01 00:00:00", said["TimersCalendar"])
        self.assertTrue(said["NextElapseUSecRealtime"])
        self.machine.path(f"{self.CA}/crl.pem").unlink()
        self.machine.drop_in(self.TIMER, "[Timer]\nOnCalendar=*:*:*\nRandomizedDelaySec=0\nAccuracySec=1us\n")
        self.machine.systemctl("restart", self.TIMER)
        poll("a list by the timer", self.machine.path(f"{self.CA}/crl.pem").exists)
        self.machine.systemctl("disable", "--now", self.TIMER)
        self.assertEqual(self.machine.systemctl("is-enabled", self.TIMER, check=False).stdout.strip(), "disabled")

    # stop --------------------------------------------------------------------------------------------------------------------

    def test_a_stop_lets_requests_finish(self):
        pid = self.begin()
        self.web.turn(hold=True)
        with self.connect() as client:
            client.send(ASK)
            self.web.wait_for_requests(1)
            self.machine.systemctl("stop", "--no-block", SERVICE)
            poll("a closed port", lambda: not self.answers(443))
            self.assertEqual(self.machine.show("ActiveState"), "deactivating")
            self.web.release()
            self.assertEqual(client.reply().status, 200)
        poll("the end", lambda: self.machine.show("ActiveState") == "inactive")
        self.assertEqual((self.machine.show("Result"), self.machine.show("ExecMainStatus")), ("success", "0"))
        self.assertFalse(os.path.exists(f"/proc/{self.inside(pid) or 0}"))

    def test_a_stop_ends_what_does_not_finish(self):
        self.begin(self.settings(timeouts={"drain": "500ms"}))
        self.web.turn(hold=True)
        with self.connect() as client:
            client.send(ASK)
            self.web.wait_for_requests(1)
            self.machine.systemctl("stop", SERVICE)
            self.assertEqual((self.machine.show("Result"), self.machine.show("ExecMainStatus")), ("success", "0"))
            self.assertEqual(client.reply().status, 504)  # it may have been done

    def answers(self, port):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return True
        except ConnectionRefusedError:
            return False

    # watchdog ----------------------------------------------------------------------------------------------------------------

    WATCHDOG = "[Service]\nWatchdogSec=2s\nRestartSec=100ms\n"

    def test_the_watchdog_is_fed(self):
        pid = self.begin(service=self.WATCHDOG)
        fed = set()
        poll("ten signs of life", lambda: fed.add(self.machine.show("WatchdogTimestampMonotonic")) or len(fed) >= 6)
        self.assertEqual((int(self.machine.show("MainPID")), self.machine.show("NRestarts")), (pid, "0"))

    def test_a_process_that_hangs_is_started_again(self):
        pid = self.begin(service=self.WATCHDOG)
        os.kill(self.inside(pid), signal.SIGSTOP)
        self.until_restarted(pid, "a new process")
        self.assertRegex(self.machine.journal(), "[Ww]atchdog timeout")
        self.assertEqual(self.ask().status, 200)

    def test_one_worker_that_hangs_is_enough(self):
        for which in range(2):
            with self.subTest(worker=which):
                pid = self.begin(service=self.WATCHDOG)
                threads = workers_of(self.inside(pid))
                self.assertEqual(len(threads), 2, threads)
                with Stopped(threads[which]):
                    self.until_restarted(pid, "a new process")
                self.assertEqual(self.ask().status, 200)
                self.machine.reset()

    # sockets -----------------------------------------------------------------------------------------------------------------

    def test_sockets_of_several_units(self):
        """Two ports in the installed unit, and one, by a name of its own, in another."""
        self.machine.drop_in(SOCKET, "[Socket]\nListenStream=[::]:80\n")
        self.machine.write(
            "/etc/systemd/system/ledgergate-lan.socket",
            "[Socket]\nListenStream=127.0.0.1:8080\nFileDescriptorName=lan\nService=ledgergate.service\n",
        )
        self.addCleanup(self.machine.remove, "/etc/systemd/system/ledgergate-lan.socket")
        self.addCleanup(self.machine.systemctl, "stop", "ledgergate-lan.socket")
        self.machine.systemctl("daemon-reload")
        self.write(self.settings(listen=[self.plain("127.0.0.1:8080"), {"address": "[::]:80", "redirect": "https"}, self.internet("[::]:443"), self.plain("127.0.0.1:8081", "own")]))
        self.machine.systemctl("start", SOCKET, "ledgergate-lan.socket")
        self.assertEqual(self.machine.show("ActiveState"), "inactive")
        self.assertEqual(self.ask().status, 200)  # a caller starts it
        for port, status in ((8080, 200), (80, 308), (443, 200), (8081, 200)):
            self.assertEqual(self.ask(port).status, status, port)
        pid = self.inside(int(self.machine.show("MainPID")))
        environment = dict(entry.split("=", 1) for entry in open(f"/proc/{pid}/environ", encoding="utf-8").read().split("\0") if "=" in entry)
        self.assertEqual((environment["LISTEN_FDS"], sorted(environment["LISTEN_FDNAMES"].split(":"))), ("3", ["lan", SOCKET, SOCKET]))
        journal = self.machine.journal()
        self.assertNotRegex(journal, "no listener has this address")
        # A reload keeps them, and gives one back that it has left out before.
        for listen in ([self.internet("[::]:443")], [self.internet("[::]:443"), self.plain("127.0.0.1:8080")]):
            self.reload(self.settings(listen=listen))
        poll("the socket's return", lambda: self.ask(8080).status == 200)

    def test_an_upgrade_refuses_no_connection(self):
        """`systemctl restart` with the socket unit, while callers come and go."""
        self.write(self.settings())
        self.machine.systemctl("start", SOCKET)
        first = self.begin()
        stop, told = threading.Event(), []

        def call():
            try:
                while not stop.is_set():
                    told.append(self.ask().status)
            except Exception as error:  # pylint: disable=broad-except
                told.append(repr(error))

        callers = [threading.Thread(target=call) for _ in range(4)]
        for each in callers:
            each.start()
        try:
            for _ in range(3):
                at = len(told)
                poll("callers before", lambda: len(told) > at + 20)
                self.machine.systemctl("restart", SERVICE)
        finally:
            stop.set()
            for each in callers:
                each.join()
        self.assertEqual(set(told), {200})
        self.assertNotEqual(int(self.machine.show("MainPID")), first)


if __name__ == "__main__":
    unittest.main()
