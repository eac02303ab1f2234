"""What a Python service does: threads, children, sockets, files, time; "all" when everything worked."""
import concurrent.futures
import hashlib
import json
import os
import selectors
import socket
import subprocess
import sys
import tempfile
import threading

with concurrent.futures.ThreadPoolExecutor(4) as pool:
    assert sum(pool.map(lambda n: n * n, range(100))) == 328350
if sys.argv[1:] != ["no-children"]:
    assert subprocess.run([sys.executable, "-c", "print(7)"], stdout=subprocess.PIPE, check=True).stdout == b"7\n"
server = socket.create_server(("127.0.0.1", 0))


def answer():
    connection, _ = server.accept()
    with connection:
        connection.sendall(hashlib.sha256(connection.recv(100)).digest())


thread = threading.Thread(target=answer)
thread.start()
with socket.create_connection(server.getsockname(), 10) as client:
    client.sendall(b"x")
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ)
        assert selector.select(10)
    assert client.recv(32) == hashlib.sha256(b"x").digest()
thread.join()
with tempfile.TemporaryDirectory() as directory:
    with open(os.path.join(directory, "a"), "w", encoding="ascii") as file:
        json.dump({"a": os.getpid()}, file)
    os.rename(os.path.join(directory, "a"), os.path.join(directory, "b"))
print("all", flush=True)
