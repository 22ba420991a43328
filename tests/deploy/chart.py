"""Renders the chart with helm, and runs a rendered pod in a container as a node would, with its variables and files."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
import yaml

from tests.deploy.conftest import running
from tests.distributions.clean_install import ROOT
from tests.toolchains.paths import built_program

if TYPE_CHECKING:
    from docker.models.containers import Container

CHART: Final = ROOT / "deploy/chart"
KUBERNETES: Final = ("1.31.0", "1.34.0", "1.37.0")
"""The oldest, the newest and a middle one of those that kubernetes-validate has schemas of."""

Objects = dict[str, Mapping[str, str]]
"""Secrets and config maps by name: what the cluster has."""


class RenderingFailed(Exception):
    """Helm refuses the values; the message is Helm's."""


def render(values: Mapping[str, Any], kubernetes: str = KUBERNETES[-1]) -> list[dict[str, Any]]:
    """Returns the objects that an install makes."""
    command = [built_program("helm"), "template", "storage", str(CHART), "--namespace", "team"]
    command += ["--kube-version", kubernetes, "--values", "-"]
    done = subprocess.run(command, input=json.dumps(values), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RenderingFailed(done.stderr)
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def only(objects: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """Returns the one object of a kind."""
    (found,) = (each for each in objects if each["kind"] == kind)
    return found


def variables(container: Mapping[str, Any], cluster: Objects) -> dict[str, str]:
    """Returns the variables of a container, with those that come from secrets."""
    found = {}
    for entry in container["env"]:
        reference = entry.get("valueFrom", {}).get("secretKeyRef")
        found[entry["name"]] = cluster[reference["name"]][reference["key"]] if reference else entry["value"]
    return found


def files(volume: Mapping[str, Any], cluster: Objects) -> dict[str, str]:
    """Returns the files of a volume."""
    sources = volume.get("projected", {}).get("sources") or [
        {kind: {"name": volume[kind].get("secretName"), "items": volume[kind].get("items")}}
        for kind in ("secret", "configMap")
        if kind in volume
    ]
    found: dict[str, str] = {}
    for source in sources:
        ((_, reference),) = source.items()
        content = cluster[reference["name"]]
        items = reference.get("items") or [{"key": key, "path": key} for key in content]
        found |= {item["path"]: content[item["key"]] for item in items}
    return found


@contextmanager
def running_pod(image: str, deployment: Mapping[str, Any], cluster: Objects, folder: Path) -> Iterator[Container]:
    """Runs the pod of a rendered Deployment. The image is the one that was built here."""
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    binds, tmpfs = {}, {}
    for mount in container["volumeMounts"]:
        volume = volumes[mount["name"]]
        if "emptyDir" in volume:
            tmpfs[mount["mountPath"]] = "mode=1777"
            continue
        place = folder / mount["name"]
        place.mkdir()
        if "persistentVolumeClaim" in volume:
            place.chmod(0o2770)  # as a node does it for fsGroup
            binds[str(place)] = {"bind": mount["mountPath"], "mode": "rw"}
            _give_to_group(place, pod["securityContext"]["fsGroup"])
            continue
        for name, content in files(volume, cluster).items():
            (place / name).write_text(content)
            # As a node does it: root's, and readable for the pod's group.
            (place / name).chmod(0o440)
        place.chmod(0o750)
        binds[str(place)] = {"bind": mount["mountPath"], "mode": "ro"}
        _give_to_group(place, pod["securityContext"]["fsGroup"])
    security = pod["securityContext"]
    with running(
        image,
        environment=variables(container, cluster),
        volumes=binds,
        tmpfs=tmpfs,
        user=f"{security['runAsUser']}:{security['runAsGroup']}",
        ports={f"{port['containerPort']}/tcp": ("127.0.0.1", None) for port in container["ports"]},
    ) as started:
        yield started


def _give_to_group(folder: Path, group: int) -> None:
    for path in (folder, *folder.iterdir()):
        os.chown(path, -1, group)


def published_port(container: Container, port: int) -> str:
    """Returns the port of this machine that leads to one of the container's."""
    container.reload()
    found = container.ports.get(f"{port}/tcp")
    return found[0]["HostPort"] if found else "1"


def probe(container: Container, deployment: Mapping[str, Any], kind: str) -> int:
    """Sends a probe as the kubelet does, and returns the status; 0 if nothing answers."""
    (described,) = deployment["spec"]["template"]["spec"]["containers"]
    asked = described[kind]["httpGet"]
    (port,) = (each["containerPort"] for each in described["ports"] if each["name"] == asked["port"])
    headers = {header["name"]: header["value"] for header in asked.get("httpHeaders", ())}
    try:
        url = f"http://127.0.0.1:{published_port(container, port)}{asked['path']}"
        return httpx.get(url, headers=headers, timeout=5, trust_env=False).status_code
    except httpx.TransportError:
        return 0
