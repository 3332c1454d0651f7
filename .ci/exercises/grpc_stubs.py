"""What gRPC programs in other languages need: code from proto/, and their libraries.

All of it lies in the target folder. protoc is the one in grpcio-tools.
"""

import shutil
import subprocess
from pathlib import Path

PROTOS = ["orders/v1/orders.proto", "warehouse/v1/warehouse.proto"]
PLUGINS = ["google.golang.org/protobuf/cmd/protoc-gen-go", "google.golang.org/grpc/cmd/protoc-gen-go-grpc"]


def for_python(root, folder, python):
    """Messages and services, to be imported from `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    protoc(root, python, f"--python_out={folder}", f"--grpc_python_out={folder}")
    return folder


def for_go(root, folder, python):
    """A module with `exercises/orders/v1` in it, in which programs are built."""
    shutil.copytree(Path(__file__).parent / "go", folder, dirs_exist_ok=True)
    # All of it: what the plugins alone need is less than the programs do.
    subprocess.run(["go", "mod", "download"], cwd=folder, check=True)
    subprocess.run(["go", "build", "-o", f"{folder / 'bin'}/", *PLUGINS], cwd=folder, check=True)
    plugins = [f"--plugin={Path(name).name}={folder / 'bin' / Path(name).name}" for name in PLUGINS]
    packages = [f"M{proto}=exercises/{Path(proto).parent}" for proto in PROTOS]
    outs = [f"--{kind}_{word}" for kind in ("go", "go-grpc") for word in
            (f"out={folder}", "opt=module=exercises", *(f"opt={package}" for package in packages))]
    protoc(root, python, *plugins, *outs)
    return folder


def for_node(folder):
    """Libraries that a program in `folder`, or below it, finds. They read the .proto themselves."""
    wanted, here = folder / "package.json", Path(__file__).parent / "package.json"
    installed = folder / "node_modules" / "installed.json"
    if not installed.exists() or installed.read_text() != here.read_text():
        shutil.copy(here, wanted)
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund"], cwd=folder, check=True)
        shutil.copy(here, installed)


def protoc(root, python, *options):
    line = [python, "-m", "grpc_tools.protoc", "-I", "proto", *options, *PROTOS]
    subprocess.run(line, cwd=root, check=True)
