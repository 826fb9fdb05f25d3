"""What the stories stand on: a port that is told as free is nobody else's, before, between and behind those who listen there."""

import errno
import socket
import unittest

from harness import Story, free_port

from web import Web


class Ports(Story):
    def assert_refused_and_kept(self, port):
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        with socket.socket() as another, self.assertRaises(OSError) as refused:
            another.bind(("127.0.0.1", port))  # what the kernel looks at, too, when somebody asks for any port
        self.assertEqual(refused.exception.errno, errno.EADDRINUSE)

    def test_a_free_port_is_given_once(self):
        ports = [free_port() for _ in range(20)]
        self.assertEqual(len(set(ports)), len(ports))
        for port in ports:
            self.assert_refused_and_kept(port)

    def test_a_stand_in_comes_and_goes(self):
        port = free_port()
        for _ in range(2):
            with Web(port=port) as server:
                socket.create_connection(("127.0.0.1", port)).close()
                server.wait("a connection", lambda server=server: server.connections == 1)
            self.assert_refused_and_kept(port)

    def test_the_port_of_a_stand_in_that_has_stopped(self):
        server = Web()
        server.stop()
        self.assert_refused_and_kept(server.port)


if __name__ == "__main__":
    unittest.main()
