"""Installs drivers in a folder, and says how to start a program with one.

Drivers of Debian 13 need its C library, so they are unpacked, with all packages they depend on,
into a root folder, where the program runs by chroot. Nothing is changed outside the folder.
"""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from drivers import DEBIAN_13, PYPI, Driver

# What the program and CLBlast need besides a driver, and a system's basic folders.
_BASE = ["base-files", "ocl-icd-libopencl1", "libclblast1", "libturbojpeg0", "libpng16-16t64",
         "libwebp7", "libgif7", "libstdc++6", "zlib1g"]
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_PROGRAM = "/opt/dvt"
# In a private mount namespace, nothing stays mounted; as root of a user namespace where the user is
# not root.
_ENTER = """for folder in proc sys dev; do mount --rbind "/$folder" "$1/$folder"; done
exec chroot "$@" """


class NotInstalled(Exception):
    """Why a driver cannot be installed here."""


@dataclass(frozen=True)
class Installed:
    """A driver that is ready to run: what stands before a program's arguments."""

    command: list[str]
    environment: dict[str, str]


def install(driver: Driver, program: Path, folder: Path) -> Installed:
    """Installs a driver unless it is installed, and makes the program ready to run with it."""
    folder.mkdir(parents=True, exist_ok=True)
    if driver.source == DEBIAN_13:
        command, environment = _in_debian(driver, program, folder)
    elif driver.source == PYPI:
        library = _from_pypi(driver, folder)
        command = [str(program)]
        environment = {"OCL_ICD_VENDORS": str(library), "LD_LIBRARY_PATH": str(library.parent)}
    else:
        command, environment = [str(program)], {"OCL_ICD_VENDORS": _on_machine(driver)}
    # Compilers are what is checked, so programs come from no cache of ours.
    return Installed(command, environment | {"DVT_CACHE": "off"} | dict(driver.settings))


def _on_machine(driver: Driver) -> str:
    path = Path("/etc/OpenCL/vendors", driver.vendor)  # an absolute vendor stays as it is
    if not path.exists():
        raise NotInstalled(f"{path} does not exist; install {' '.join(driver.packages)}")
    return str(path)


# PyPI

def _from_pypi(driver: Driver, folder: Path) -> Path:
    """The driver's library, unpacked with those that its packages and their requirements hold."""
    target = folder / driver.name
    listed = target / "packages"
    if not listed.exists() or listed.read_text().split() != list(driver.packages):
        shutil.rmtree(target, ignore_errors=True)
        wheels = target / "wheels"
        _run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
              "--only-binary=:all:", "--dest", str(wheels), *driver.packages])
        for wheel in wheels.glob("*.whl"):
            _unpack_libraries(wheel, target / "lib")
        shutil.rmtree(wheels)
        listed.write_text("\n".join(driver.packages) + "\n")
    library = target / "lib" / driver.vendor
    if not library.exists():
        raise NotInstalled(f"{' '.join(driver.packages)} have no {driver.vendor}")
    return library


def _unpack_libraries(wheel: Path, target: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            _, found, inside = name.partition(".data/data/lib/")
            # The loader is this machine's.
            if not found or name.endswith("/") or inside.startswith("libOpenCL."):
                continue
            path = target / inside
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(name) as source, path.open("wb") as file:
                shutil.copyfileobj(source, file)


# Debian 13

def _in_debian(driver: Driver, program: Path, folder: Path) -> tuple[list[str], dict[str, str]]:
    root = folder / "debian13"
    _unpack_packages(list(driver.packages), root, folder / "apt")
    _copy_program(program, root)
    user = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
    enter = ["unshare", *user, "--mount", "bash", "-euc", _ENTER, "-", str(root)]
    _run([*enter, "true"])
    return [*enter, f"{_PROGRAM}/dvt"], {
        "PATH": "/usr/sbin:/usr/bin", "HOME": "/root", "LD_LIBRARY_PATH": f"{_PROGRAM}/lib",
        "OCL_ICD_VENDORS": f"/etc/OpenCL/vendors/{driver.vendor}"}


def _unpack_packages(packages: list[str], root: Path, apt: Path) -> None:
    """Unpacks packages and what they depend on, without running their scripts."""
    requested = root / "var/lib/requested-packages"
    already = requested.read_text().split() if requested.exists() else []
    wanted = sorted({*already, *packages, *_BASE, "coreutils"})
    if wanted == already:
        return
    options = _apt_options(apt)
    _run(["apt-get", *options, "-qq", "update"])
    archives = apt / "cache/archives"
    _run(["apt-get", *options, "-qq", "-y", "--download-only", "--no-install-recommends",
          "install", *wanted])
    unpacked = root / "var/lib/unpacked-packages"
    done = set(unpacked.read_text().split()) if unpacked.exists() else set()
    # base-files has the links from /lib to /usr/lib.
    for archive in sorted(archives.glob("*.deb"),
                          key=lambda path: (not path.name.startswith("base-files_"), path.name)):
        if archive.name not in done:
            _run(["dpkg-deb", "--extract", str(archive), str(root)])
            done.add(archive.name)
            unpacked.write_text("\n".join(sorted(done)) + "\n")
        archive.unlink()
    _run(["ldconfig", "-r", str(root)])
    requested.write_text("\n".join(wanted) + "\n")


def _apt_options(apt: Path) -> list[str]:
    """Options by which apt uses its own lists of Debian 13 and regards nothing as installed."""
    if not shutil.which("apt-get"):
        raise NotInstalled("apt-get is not in PATH; Debian's packages are unpacked on Debian only")
    if not _KEYRING.exists():
        raise NotInstalled(f"{_KEYRING} does not exist; install debian-archive-keyring")
    for name in ["state/lists/partial", "cache/archives/partial", "empty"]:
        (apt / name).mkdir(parents=True, exist_ok=True)
    status, sources = apt / "status", apt / "sources.list"
    status.touch()
    sources.write_text(f"deb [signed-by={_KEYRING}] {_mirror()} trixie main\n")
    settings = {
        "Dir::State": apt / "state", "Dir::State::status": status, "Dir::Cache": apt / "cache",
        "Dir::Etc::sourcelist": sources, "Dir::Etc::sourceparts": apt / "empty",
        "Dir::Etc::preferences": apt / "empty/preferences",
        "Dir::Etc::preferencesparts": apt / "empty",
        # As root, apt downloads as a user who may not enter this folder.
        "APT::Sandbox::User": "root"}
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def _mirror() -> str:
    """The Debian mirror that this machine uses, or the default one."""
    listed = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)"],
                            capture_output=True, text=True, check=False).stdout
    found = re.search(r"^(https?://\S*/debian)/?$", listed, re.MULTILINE)
    return found[1] if found else "http://deb.debian.org/debian"


def _copy_program(program: Path, root: Path) -> None:
    """Copies the program and those of its libraries that Debian does not have: Swift's."""
    target = root / _PROGRAM[1:]
    shutil.rmtree(target, ignore_errors=True)
    (target / "lib").mkdir(parents=True)
    shutil.copy2(program, target / "dvt")
    names = {path.name for path in root.glob("usr/lib/*-linux-gnu/*.so*")}
    for name, path in re.findall(r"(\S+) => (/\S+)", _run(["ldd", str(program)])):
        if name not in names:
            shutil.copy2(path, target / "lib" / name)


def _run(command: list[str]) -> str:
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False,
                                stdin=subprocess.DEVNULL)
    except OSError as error:
        raise NotInstalled(f"{command[0]}: {error.strerror}") from error
    if result.returncode != 0:
        lines = result.stderr.strip().splitlines() or [f"exit code {result.returncode}"]
        raise NotInstalled(f"{' '.join(command[:3])}: {lines[-1]}")
    return result.stdout
