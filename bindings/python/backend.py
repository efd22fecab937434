# SPDX-License-Identifier: Apache-2.0
"""What pip calls to make a wheel of this folder (PEP 517): the standard library does."""

import base64
import hashlib
import io
import pathlib
import re
import tarfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
TIME = (2020, 1, 1, 0, 0, 0)  # the same files make the same wheel


def project(field):
    return re.search(rf'^{field} = "(.*)"$', (HERE / "pyproject.toml").read_text(), re.M)[1]


def version():
    return re.search(r'^__version__ = "(.*)"$', (HERE / "grove" / "__init__.py").read_text(),
                     re.M)[1]


def full_name():
    return f"{project('name').replace('-', '_')}-{version()}"


def metadata():
    return (f"Metadata-Version: 2.1\nName: {project('name')}\nVersion: {version()}\n"
            f"Summary: {project('description')}\nLicense: {project('license')}\n"
            f"Requires-Python: {project('requires-python')}\n"
            "Description-Content-Type: text/markdown\n\n"
            + (HERE / "README.md").read_text()).encode()


def modules():
    return sorted(path for path in (HERE / "grove").iterdir()
                  if path.suffix == ".py" or path.name == "py.typed")


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    info = f"{full_name()}.dist-info"
    files = {f"grove/{path.name}": path.read_bytes() for path in modules()}
    files[f"{info}/METADATA"] = metadata()
    files[f"{info}/WHEEL"] = (b"Wheel-Version: 1.0\nGenerator: grove\nRoot-Is-Purelib: true\n"
                              b"Tag: py3-none-any\n")
    record = ""
    for name, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(data)}\n"
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    wheel = f"{full_name()}-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory, wheel), "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, TIME)
            entry.external_attr = 0o644 << 16
            out.writestr(entry, data)
    return wheel


def build_sdist(sdist_directory, config_settings=None):
    sdist = f"{full_name()}.tar.gz"
    with tarfile.open(pathlib.Path(sdist_directory, sdist), "w:gz") as out:
        for path in (*modules(), *(HERE / name for name in ("pyproject.toml", "backend.py",
                                                            "README.md"))):
            out.add(path, f"{full_name()}/{path.relative_to(HERE)}")
        entry = tarfile.TarInfo(f"{full_name()}/PKG-INFO")
        entry.size = len(metadata())
        out.addfile(entry, io.BytesIO(metadata()))
    return sdist
