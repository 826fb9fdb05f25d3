"""Ports that stay free: nobody else gets one, whatever else is started on this machine meanwhile."""

import socket

_held = {}  # by address: bound and never listening, until the process ends


def hold(host="127.0.0.1", port=0):
    """A port at which a connection is refused, as long as nobody listens there who was told of it. A port that is just free is soon
    another program's that asks for one from zero, or the near end of somebody's connection. Whoever binds it with SO_REUSEADDR may
    listen there, stop and begin again."""
    if (host, port) in _held:
        return port
    holder = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        holder.bind((host, port))
    except OSError:
        holder.close()
        raise
    port = holder.getsockname()[1]
    _held[host, port] = holder
    return port
