"""Starts and stops one private Postgres and one private nats-server, both on loopback only."""

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from binaries import CHECKOUT, Trouble, as_user, unprivileged

START_SECONDS = 30


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_taken(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def last_lines(path, count=15):
    try:
        return "\n".join("    " + line for line in Path(path).read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return "    (it wrote nothing)"


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    # A child that ended but was not waited for still has its number.
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (OSError, IndexError):
        return True


def read_pid(path):
    try:
        return int(Path(path).read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def in_the_way(what, port):
    return Trouble(f"{what} cannot start: something else listens on 127.0.0.1:{port}.\n"
                   "  If it is the world of another checkout, run `make down` there; otherwise stop that program")


class PostgresServer:
    """One database cluster in a folder of its own. It belongs to an unprivileged user when we are root."""

    def __init__(self, binaries, folder, port, durable):
        self.binaries, self.folder, self.port, self.durable = binaries, Path(folder), port, durable
        self.user = unprivileged()
        self.data = self.folder / "data"
        self.log = self.folder / "log"

    def _run(self, tool, *arguments):
        # Both streams go to a file: the server inherits them, and a pipe would never see its end.
        note = self.folder / f"{tool}.log"
        with open(note, "wb") as output:
            done = subprocess.run([self.binaries.tool(tool), *arguments], stdin=subprocess.DEVNULL, stdout=output,
                                  stderr=output, start_new_session=True, check=False,
                                  env={**os.environ, "LC_ALL": "C"}, **as_user(self.user))
        return done.returncode, note

    def is_running(self):
        return self.data.is_dir() and self._run("pg_ctl", "status", "-D", str(self.data))[0] == 0

    def create(self):
        """Makes the cluster if there is none. An unfinished one lacks our mark and is made anew."""
        finished = self.folder / "ready"
        if finished.exists():
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, mode=0o700)
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        sync = [] if self.durable else ["--no-sync"]
        code, note = self._run("initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", *sync)
        if code != 0:
            raise Trouble(f"initdb failed:\n{last_lines(note)}")
        finished.touch()

    def refuse_a_taken_port(self):
        if is_taken(self.port):
            raise in_the_way("Postgres", self.port)

    def start(self):
        self.refuse_a_taken_port()
        settings = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "",
                    "max_connections": 200}
        if not self.durable:
            # These data die with the test run: nothing has to survive a power cut.
            settings.update(fsync="off", full_page_writes="off")
        options = " ".join(f"-c {key}='{value}'" for key, value in settings.items())
        code, _ = self._run("pg_ctl", "start", "-w", "-t", str(START_SECONDS), "-D", str(self.data), "-l", str(self.log), "-o", options)
        if code != 0:
            raise Trouble(f"Postgres did not start:\n{last_lines(self.log)}")

    def stop(self, mode="fast"):
        if self.data.is_dir():
            self._run("pg_ctl", "stop", "-w", "-t", str(START_SECONDS), "-m", mode, "-D", str(self.data))

    def pid(self):
        return read_pid(self.data / "postmaster.pid")

    def url(self):
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"


class NatsServer:
    """One nats-server with JetStream in a folder of its own."""

    def __init__(self, binaries, folder, port):
        self.binaries, self.folder, self.port = binaries, Path(folder), port
        self.config = self.folder / "nats.conf"
        self.log = self.folder / "log"
        self.pid_file = self.folder / "pid"
        self.name = "quittance-" + hashlib.sha256(f"{CHECKOUT} {self.folder}".encode()).hexdigest()[:12]

    def _hello(self):
        """What the server on our port says of itself when a client connects; None when nobody answers."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as line:
                first = line.makefile("rb").readline()
            return json.loads(first.removeprefix(b"INFO ")) if first.startswith(b"INFO ") else {}
        except (OSError, ValueError):
            return None

    def is_running(self):
        hello = self._hello()
        return bool(hello) and hello.get("server_name") == self.name and hello.get("jetstream", False)

    def refuse_a_taken_port(self):
        if is_taken(self.port):
            raise in_the_way("NATS", self.port)

    def start(self):
        self.refuse_a_taken_port()
        self.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        self.config.write_text(
            "# Written by deploy/local/world.py at every start.\n"
            f"server_name: {self.name}\n"
            f"listen: \"127.0.0.1:{self.port}\"\n"
            "max_payload: 1MB\n"
            "jetstream {\n"
            f"  store_dir: {json.dumps(str(self.folder / 'jetstream'))}\n"
            "  # The ledgers can rebuild the broker, so a flush per message would buy nothing.\n"
            "  sync_interval: 1s\n"
            "}\n", encoding="utf-8")
        with open(self.log, "ab") as output:
            child = subprocess.Popen([str(self.binaries.program), "-c", str(self.config)], stdin=subprocess.DEVNULL,
                                     stdout=output, stderr=output, start_new_session=True)
        self.pid_file.write_text(f"{child.pid}\n")
        deadline = time.monotonic() + START_SECONDS
        while not self.is_running():
            if child.poll() is not None or time.monotonic() > deadline:
                child.kill()
                child.wait()
                raise Trouble(f"nats-server did not start:\n{last_lines(self.log)}")
            time.sleep(0.01)

    def stop(self):
        pid = self.pid()
        # A number from a file may meanwhile belong to somebody else; the server's own word decides.
        if pid is None or not self.is_running():
            return
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + START_SECONDS
        while is_alive(pid):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                break
            reap(pid)
            time.sleep(0.01)
        self.pid_file.unlink(missing_ok=True)

    def pid(self):
        return read_pid(self.pid_file)

    def url(self):
        return f"nats://127.0.0.1:{self.port}"


def reap(pid):
    """Collects a child that ended; a server that an earlier process started is nobody's child here."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def start_watchdog(folder):
    """A process that outlives this one only to kill the servers in `folder` and to remove it, should we die without doing so.

    Returns the file descriptor that tells: a byte written to it means that all is stopped, its closing means that we died.
    """
    listen, tell = os.pipe()
    if os.fork() != 0:
        os.close(listen)
        return tell
    try:
        os.setsid()  # what kills our group must not kill the one who cleans up
        os.close(tell)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        if os.read(listen, 1) == b"":
            end_all_in(Path(folder))
    finally:
        os._exit(0)


def end_all_in(folder):
    """Ends a throw-away world as fast as possible."""
    # A server may have been on its way up when its starter died: look until none shows for a second.
    quiet_since = time.monotonic()
    deadline = quiet_since + 10
    while time.monotonic() < min(quiet_since + 1, deadline):
        for pid_file, how in (("postgres/data/postmaster.pid", signal.SIGQUIT), ("nats/pid", signal.SIGKILL)):
            pid = read_pid(folder / pid_file)
            if pid is not None and is_alive(pid):
                quiet_since = time.monotonic()
                os.kill(pid, how)
        time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)
