"""Revocation lists of more than one CA: which of them are asked for, and what falls with a CA that is revoked."""

import ssl
import unittest

from authority import Authority
from test_certificates import ASK, HOUR, Guarded, now

KEY = "authorityKeyIdentifier = keyid:always"


def only(what):
    """The extension of a list that is of these certificates, or reasons, only."""
    return f"issuingDistributionPoint = critical, @scope\n[scope]\n{what}"


USERS, SOME_REASONS = only("onlyuser = TRUE"), only("onlysomereasons = keyCompromise")


class RevokedAuthorities(Guarded):
    """root -> middle -> far, and root -> near. Who gives no list of the root is asked for none."""

    def setUp(self):
        self.root = Authority("Root")
        self.middle = Authority("Middle", self.root)
        self.near, self.far = self.root.issue("near"), self.middle.issue("far")
        self.lists = self.root.directory / "lists.pem"
        self.ca = self.root.directory / "named.pem"

    def begin(self, named, lists):
        """Settings that name these CAs and have these lists."""
        self.ca.write_text("".join(each.file.read_text() for each in named))
        self.publish(lists)
        clients = {name: {"certificate": {"san": f"{name}.branch.test"}} for name in ("near", "far")}
        return self.open(clients, listen=[self.listener(client_ca=str(self.ca), client_crl=str(self.lists))], workers=1)[1]

    def publish(self, lists):
        new = self.lists.with_suffix(".new")
        new.write_text("".join(each.read_text() for each in lists))
        new.rename(self.lists)

    def is_let_in(self, edge, certificate):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            reply = edge.ask(ASK, certificate=certificate, minimum=version, maximum=version)
            self.assertEqual(reply.status, 200)

    def is_shut_out(self, edge, certificate, said):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.fails(edge, certificate, said, minimum=version, maximum=version)

    def test_the_list_of_the_issuer_alone_is_enough(self):
        edge = self.begin([self.root], [self.middle.revoke()])
        self.is_let_in(edge, self.far)
        self.is_shut_out(edge, self.near, "has no list of the CA")
        edge = self.begin([self.middle], [self.middle.revoke()])
        self.is_let_in(edge, self.far)

    def test_a_list_of_the_root_does_not_stand_for_the_issuers_own(self):
        edge = self.begin([self.root], [self.root.revoke()])
        self.is_let_in(edge, self.near)
        self.is_shut_out(edge, self.far, "has no list of the CA")

    def test_a_ca_that_callers_send_is_looked_for_in_its_issuers_list(self):
        edge = self.begin([self.root], [self.root.revoke(), self.middle.revoke()])
        self.is_let_in(edge, self.far)
        with edge.connect(certificate=self.far) as idle:
            idle.send(ASK)
            self.assertEqual(idle.reply().status, 200)
            self.publish([self.root.revoke(self.middle), self.middle.revoke()])
            self.assertIn(idle.more(), ("closed", "cut"), "its open connection ends")
        self.is_shut_out(edge, self.far, "is revoked")
        self.is_let_in(edge, self.near)

    def test_a_ca_that_is_named_is_looked_for_there_too(self):
        edge = self.begin([self.root, self.middle], [self.root.revoke(), self.middle.revoke()])
        self.is_let_in(edge, self.far)
        self.publish([self.root.revoke(self.middle), self.middle.revoke()])
        edge.said.wait("a CA of client_ca is revoked, and nobody is let in by it: .*CN=Middle")
        edge.said.wait("a changed revocation list is in use")
        self.is_shut_out(edge, self.far, "is revoked")
        self.is_let_in(edge, self.near)

    def test_what_is_below_a_revoked_ca_falls_with_it(self):
        low = Authority("Low", self.middle)
        deep = low.issue("far")
        edge = self.begin([low, self.middle, self.root], [self.root.revoke(self.middle), self.middle.revoke(), low.revoke()])
        edge.said.wait("nobody is let in by it: .*CN=Low")
        self.is_shut_out(edge, deep, "is revoked|not in client_ca")
        self.is_let_in(edge, self.near)

    def test_a_ca_that_alone_is_named_is_believed_by_itself(self):
        for lists in ([self.root.revoke(), self.middle.revoke()], [self.middle.revoke(), self.root.revoke(self.middle)]):
            edge = self.begin([self.middle], lists)
            self.is_let_in(edge, self.far)

    def test_a_list_that_is_out_of_date_shuts_out_what_its_ca_issued(self):
        edge = self.begin([self.root], [self.root.revoke(until=now() - HOUR), self.middle.revoke()])
        for certificate in (self.near, self.far):
            self.is_shut_out(edge, certificate, "out of date")
        edge = self.begin([self.root, self.middle], [self.root.revoke(until=now() - HOUR), self.middle.revoke()])
        self.is_let_in(edge, self.far)  # of a CA that is believed by itself
        self.is_shut_out(edge, self.near, "out of date")

    def test_a_list_that_is_not_of_cas_is_asked_for_none(self):
        for scope in (USERS, SOME_REASONS, only("onlyAA = TRUE")):
            with self.subTest(scope):
                edge = self.begin([self.root], [self.root.revoke(extensions=scope), self.middle.revoke()])
                self.is_let_in(edge, self.far)

    def test_a_ca_on_a_list_of_any_scope_is_revoked(self):
        for scope in (USERS, SOME_REASONS, only("onlyCA = TRUE")):
            with self.subTest(scope):
                edge = self.begin([self.root], [self.root.revoke(self.middle, extensions=scope), self.middle.revoke()])
                self.is_shut_out(edge, self.far, "is revoked|has no list of the CA")
                self.setUp()

    def test_of_the_callers_own_certificate_there_must_be_a_list_of_its_kind(self):
        edge = self.begin([self.root], [self.root.revoke(extensions=USERS)])
        self.is_let_in(edge, self.near)
        for scope in (SOME_REASONS, only("onlyCA = TRUE"), only("onlyAA = TRUE")):
            with self.subTest(scope):
                edge = self.begin([self.root], [self.root.revoke(extensions=scope)])
                self.is_shut_out(edge, self.near, "has no list of the CA|[Dd]ifferent CRL scope")
        edge = self.begin([self.root], [self.root.revoke("near", extensions=USERS)])
        self.is_shut_out(edge, self.near, "is revoked")

    def test_a_list_of_a_cas_other_key_is_not_asked_for_the_first_ones(self):
        """The root has a new key under its old name."""
        renewed = Authority("Root")
        edge = self.begin([self.root, renewed], [renewed.revoke(extensions=KEY), self.middle.revoke()])
        self.is_let_in(edge, self.far)
        self.is_let_in(edge, renewed.issue("near"))
        self.is_shut_out(edge, self.near, "has no list of the CA")
        self.publish([renewed.revoke(extensions=KEY), self.root.revoke(self.middle, extensions=KEY), self.middle.revoke()])
        edge.said.wait("a changed revocation list is in use")
        self.is_shut_out(edge, self.far, "is revoked")

    def test_a_list_of_the_same_key_by_another_identifier_counts(self):
        """The middle CA has two certificates for one key; its list names the one that the caller doesn't send."""
        first = self.middle.file.read_text()
        self.root.sign(self.middle.directory / "request", self.middle.file,
                       "basicConstraints = critical, CA:true\nkeyUsage = critical, keyCertSign, cRLSign\nsubjectKeyIdentifier = 01020304")
        second = self.middle.file.read_text()
        self.middle.chain = second + self.root.chain
        low = Authority("Low", self.middle)
        certificate, key = low.issue("far")
        certificate.write_text((low.directory / "far.leaf").read_text() + low.chain)
        self.middle.file.write_text(first)
        edge = self.begin([self.root], [self.middle.revoke(low, extensions=KEY), low.revoke()])
        self.is_shut_out(edge, (certificate, key), "has no list of the CA")


if __name__ == "__main__":
    unittest.main()
