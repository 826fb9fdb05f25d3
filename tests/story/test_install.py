"""What `cmake --install` puts where, and that what the documents say to do works."""

import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile
import unittest

from harness import SOURCE, certificates, program, sanitized, scratch

FILES = """
etc/ledgergate/ledgergate.yaml
usr/bin/ledgergate
usr/lib/systemd/system/ledgergate-crl.service
usr/lib/systemd/system/ledgergate-crl.timer
usr/lib/systemd/system/ledgergate.service
usr/lib/systemd/system/ledgergate.socket
usr/lib/sysusers.d/ledgergate.conf
usr/lib/tmpfiles.d/ledgergate.conf
usr/share/doc/ledgergate/CHANGELOG.md
usr/share/doc/ledgergate/LICENSE
usr/share/doc/ledgergate/README.md
usr/share/doc/ledgergate/SECURITY.md
usr/share/doc/ledgergate/certificates.md
usr/share/doc/ledgergate/docs/architecture.md
usr/share/doc/ledgergate/docs/config.md
usr/share/doc/ledgergate/docs/errors.md
usr/share/doc/ledgergate/docs/invariants.md
usr/share/doc/ledgergate/docs/lockout.md
usr/share/doc/ledgergate/docs/log.md
usr/share/doc/ledgergate/docs/metrics.md
usr/share/doc/ledgergate/docs/operations.md
usr/share/doc/ledgergate/docs/paths.md
usr/share/doc/ledgergate/docs/performance.md
usr/share/doc/ledgergate/docs/reload.md
usr/share/doc/ledgergate/docs/vendors.md
usr/share/doc/ledgergate/examples/1c.yaml
usr/share/doc/ledgergate/examples/branch.yaml
usr/share/doc/ledgergate/examples/eshop.yaml
usr/share/doc/ledgergate/examples/ledgergate.yaml
usr/share/doc/ledgergate/examples/minimal.yaml
usr/share/doc/ledgergate/examples/mobile-smarts.yaml
usr/share/doc/ledgergate/examples/pohoda.yaml
usr/share/doc/ledgergate/examples/premier.yaml
usr/share/doc/ledgergate/examples/redirect.yaml
usr/share/ledgergate/deploy-hook
usr/share/ledgergate/fail2ban/filter.d/ledgergate.conf
usr/share/ledgergate/fail2ban/jail.d/ledgergate.conf
usr/share/ledgergate/ledgergate.schema.json
usr/share/man/man1/ledgergate-cert.1
usr/share/man/man1/ledgergate-client.1
usr/share/man/man1/ledgergate.1
usr/share/man/man5/ledgergate.yaml.5
""".split()


def install(root, prefix="/usr"):
    """Installs the build that the program comes from. (Named, because a build directory remembers the prefix it began with.)"""
    build = pathlib.Path(program()).resolve().parent
    if not (build / "cmake_install.cmake").exists() or not shutil.which("cmake"):
        raise unittest.SkipTest("the program is not in its build directory")
    command = ["cmake", "--install", build, "--prefix", prefix]
    done = subprocess.run(command, env=os.environ | {"DESTDIR": str(root)}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(done.stdout + done.stderr)


def directory():
    return pathlib.Path(tempfile.mkdtemp(dir=scratch(), prefix="install-"))


def machine():
    """Certificates and directories as an installed machine has them, and a function that puts their places into a config."""
    root = directory()
    subprocess.run([SOURCE / "certs" / "make-test-certs", certificates(), "--server", "examples", "localhost", "*.example.cz"], check=True)
    for name in ("edge", "edge-ecdsa", "edge-rsa"):
        for end in ("pem", "key"):
            shutil.copy(certificates() / f"{'server-rsa' if 'rsa' in name else 'examples'}.{end}", root / f"{name}.{end}")
    for end in ("pem", "key"):
        shutil.copy(certificates() / f"client.{end}", root)
    shutil.copy(certificates() / "ca.pem", root / "shop-ca.pem")
    # As certs/README.md says: a CA of one's own, and a branch of it.
    for command in (["init-ca"], ["issue", "till-brno"]):
        subprocess.run([program(), "cert", *command, "--dir", root / "ca"], check=True, capture_output=True)
    shutil.copy(root / "ca/private/till-brno.pem", root)
    for name in ("ca", "crl"):
        shutil.copy(root / f"ca/{name}.pem", root / f"tills-{name}.pem")
    hashed = subprocess.run(["openssl", "passwd", "-6", "heslo"], check=True, capture_output=True, text=True).stdout
    (root / "users").write_text("novakova:" + hashed)
    (root / "users").chmod(0o640)
    (root / "clients.d").mkdir()
    (root / "acme").mkdir()

    def placed(text):
        for place in ("/etc/ledgergate", "/var/lib/ledgergate", "/var/spool/ledgergate"):
            text = text.replace(place, str(root))
        # The default spool directory need not exist here, and would be warned of.
        return text + ("" if "\nspool:" in text else f"\nspool: {{ directory: {root} }}\n")

    return root, placed


def check(binary, file):
    return subprocess.run([binary, "check", "-c", file], capture_output=True, text=True, check=False)


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if sanitized():
            raise unittest.SkipTest("installing a sanitizer's build tells nothing new")
        cls.root = directory()
        install(cls.root)

    def test_every_file_is_in_its_place(self):
        found = sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if not path.is_dir())
        self.assertEqual(found, sorted(FILES))
        mode = stat.S_IMODE((self.root / "usr/bin/ledgergate").stat().st_mode)
        self.assertEqual(mode, 0o755)

    def test_the_first_settings_start_nothing(self):
        done = check(self.root / "usr/bin/ledgergate", self.root / "etc/ledgergate/ledgergate.yaml")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("needs at least", done.stderr)

    def test_the_first_settings_work_once_their_comment_sign_is_gone(self):
        text = (self.root / "etc/ledgergate/ledgergate.yaml").read_text()
        wanted = text[text.index("# listen:") :]
        place, placed = machine()
        (place / "edge.yaml").write_text(placed(re.sub("^# ?", "", wanted, flags=re.M)))
        done = check(self.root / "usr/bin/ledgergate", place / "edge.yaml")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "ok\n", ""))

    def test_the_installed_program_takes_the_installed_examples(self):
        examples = sorted((self.root / "usr/share/doc/ledgergate/examples").glob("*.yaml"))
        self.assertGreater(len(examples), 4)
        for example in examples:
            with self.subTest(example=example.name):
                place, placed = machine()
                (place / "edge.yaml").write_text(placed(example.read_text()))
                done = check(self.root / "usr/bin/ledgergate", place / "edge.yaml")
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "ok\n", ""))

    def test_settings_that_are_there_stay(self):
        root = directory()
        (root / "etc/ledgergate").mkdir(parents=True)
        mine = root / "etc/ledgergate/ledgergate.yaml"
        mine.write_text("mine")
        install(root)
        self.assertEqual(mine.read_text(), "mine")

    def test_another_prefix(self):
        root = directory()
        install(root, "/usr/local")
        unit = (root / "usr/local/lib/systemd/system/ledgergate.service").read_text()
        self.assertIn("ExecStart=/usr/local/bin/ledgergate run", unit)
        self.assertNotIn("/usr/bin/", unit)
        self.assertTrue((root / "etc/ledgergate/ledgergate.yaml").exists())


class Units(unittest.TestCase):
    def analyze(self, *arguments):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not installed")
        return subprocess.run(["systemd-analyze", *map(str, arguments)], capture_output=True, text=True, check=False)

    def test_systemd_understands_them(self):
        """In a tree where the program they start exists."""
        root = directory()
        (root / "program").touch(0o755)
        names = ("ledgergate.service", "ledgergate.socket", "ledgergate-crl.service", "ledgergate-crl.timer")
        for name in names:
            unit = (SOURCE / "systemd" / name).read_text()
            # The user is made by sysusers, which this machine has not run.
            unit = unit.replace("/usr/bin/ledgergate", str(root / "program")).replace("User=ledgergate", "User=root").replace("Group=ledgergate", "Group=root")
            (root / name).write_text(unit)
        done = self.analyze("verify", "--man=no", "--recursive-errors=no", *(root / name for name in names))
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_exposure(self):
        done = self.analyze("security", "--offline=true", "--no-pager", "--json=short", SOURCE / "systemd" / "ledgergate.service")
        if "unrecognized option" in done.stderr:
            self.skipTest("this systemd can't look at a unit that is not installed")
        total = self.analyze("security", "--offline=true", "--threshold=15", SOURCE / "systemd" / "ledgergate.service")
        self.assertEqual(total.returncode, 0, total.stdout[-300:] + total.stderr)
        open_ones = {row["name"] for row in json.loads(done.stdout) if row.get("exposure")}
        self.assertNotIn("NoNewPrivileges=", open_ones)

    def test_no_user_namespace(self):
        """In one the capability for port 443 is worth nothing."""
        unit = (SOURCE / "systemd" / "ledgergate.service").read_text()
        self.assertNotRegex(unit, r"(?m)^PrivateUsers=(yes|true|on|1)")


class Readme(unittest.TestCase):
    def test_its_links_lead_somewhere_where_it_is_installed(self):
        root = directory()
        install(root)
        place = root / "usr/share/doc/ledgergate"
        documents = sorted(place.rglob("*.md"))
        self.assertEqual(len(documents), sum(line.endswith(".md") for line in FILES))
        for document in documents:
            text = document.read_text(encoding="utf-8")
            self.assertIn("# ", text)
            for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
                self.assertTrue(document.parent.joinpath(link).exists(), f"{document.relative_to(place)}: {link}")

    def test_the_ten_lines_load(self):
        found = re.findall(r"^```yaml\n(listen:.*?)^```", (SOURCE / "README.md").read_text(encoding="utf-8"), re.M | re.S)
        self.assertEqual(found[0].count("\n"), 10)
        place, placed = machine()
        (place / "edge.yaml").write_text(placed(found[0]))
        done = check(program(), place / "edge.yaml")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "ok\n", ""))

    def test_every_block_of_settings_can_be_pasted(self):
        """As it stands: a whole file, with the certificates and files that the lines around it make."""
        blocks = re.findall(r"^```yaml\n(.*?)^```", (SOURCE / "README.md").read_text(encoding="utf-8"), re.M | re.S)
        self.assertGreater(len(blocks), 1)
        place, placed = machine()
        (place / "pohoda.cred").write_text("user:password\n")
        (place / "pohoda.cred").chmod(0o640)
        for block in blocks:
            with self.subTest(block=block):
                (place / "edge.yaml").write_text(placed(block))
                done = check(program(), place / "edge.yaml")
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "ok\n", ""))

    def test_every_line_that_asks_for_a_certificate_names_the_hook(self):
        """What lies in certbot's renewal-hooks runs for renewals only."""
        lines = [line for document in ("README.md", "certs/README.md") for line in (SOURCE / document).read_text(encoding="utf-8").splitlines()]
        asking = [line for line in lines if re.search(r"certbot certonly|^lego .* run\b", line)]
        self.assertGreater(len(asking), 3)
        for line in asking:
            self.assertRegex(line, r"--(deploy|run)-hook /usr/share/ledgergate/deploy-hook")

    def test_its_links_lead_somewhere(self):
        for document in ("README.md", "SECURITY.md", "CHANGELOG.md", *(f"docs/{path.name}" for path in (SOURCE / "docs").glob("*.md"))):
            text = (SOURCE / document).read_text(encoding="utf-8")
            for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
                self.assertTrue((SOURCE / document).parent.joinpath(link).exists(), f"{document}: {link}")


if __name__ == "__main__":
    unittest.main()
